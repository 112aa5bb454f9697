use crate::coin::decide::tests::{after, waiting};
use crate::coin::{Cancellation, State, Why};
use crate::payment::Word;

#[test]
fn other_dialects_see_a_payment_in_the_invoices_currency() {
    let mut payment = waiting();
    let shown = payment.as_payment();
    assert_eq!((shown.word(), shown.asked.to_string()), (Word::PendingPayer, "48.25 EUR".to_owned()));
    assert_eq!(shown.details.reference, payment.public_id, "without a reference of the shop's it is known by its id");
    let means = shown.operations[0].means.as_ref().expect("an attempt has means");
    assert_eq!(means.brand, "BTC");
    assert_eq!(shown.wake_at(), None, "nothing is ever done about it");
    payment.details.reference = "12-23-456".into();
    assert_eq!(payment.as_payment().details.reference, "12-23-456");
    for (state, word) in [
        (State::Processing { reason: None }, Word::Pending),
        (State::Blocked, Word::Pending),
        (State::Confirmed, Word::Captured),
        (State::Cancelled(Cancellation { why: Why::Timeout, at: after(1) }), Word::Expired),
        (State::Cancelled(Cancellation { why: Why::DoubleSpend, at: after(1) }), Word::Failed),
        (State::Cancelled(Cancellation { why: Why::Simulated("51".into()), at: after(1) }), Word::Declined),
    ] {
        payment.state = state;
        assert_eq!(payment.as_payment().word(), word);
    }
}
