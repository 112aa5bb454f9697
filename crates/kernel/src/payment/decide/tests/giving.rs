//! What a merchant gives up: a part of a hold, a payer who is awaited.

use super::*;
use crate::payment::{Funds, OperationStatus, Word};

fn held() -> Payment {
    run(created(CaptureMode::Later, Retry::Never), [Command::Attempt(attempt(210)), answered(1, approved())])
}

fn funds(payment: &Payment) -> Funds {
    match payment.state {
        State::Funded(funds) => funds,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn a_part_of_a_hold_is_released_and_the_rest_stays() {
    let part = run(held(), [Command::VoidPart(eur("3.00")), answered(2, approved())]);
    assert_eq!((funds(&part).held, part.word()), (eur("7.00"), Word::Authorised));
    assert_eq!(part.totals().reversed, eur("3.00"));
    let refused = |payment: &Payment, command| decide(payment, command, after(1)).err();
    let left = eur("7.00");
    assert_eq!(
        refused(&part, Command::Capture(eur("7.01"))),
        Some(Refusal::CaptureExceedsHold { asked: eur("7.01"), left })
    );
    assert_eq!(
        refused(&part, Command::VoidPart(eur("7.01"))),
        Some(Refusal::CaptureExceedsHold { asked: eur("7.01"), left })
    );
    let captured =
        run(part.clone(), [Command::CaptureFinal(eur("5.00")), answered(3, approved()), answered(4, approved())]);
    assert_eq!((funds(&captured).held, funds(&captured).captured), (Money::zero(eur("1.00").asset()), eur("5.00")));
    let voided = run(part, [Command::Void, answered(3, approved())]);
    assert_eq!(voided.word(), Word::Voided);
    let whole = run(held(), [Command::VoidPart(eur("10.00")), answered(2, approved())]);
    assert_eq!(whole.word(), Word::Voided);
    let busy = run(held(), [Command::VoidPart(eur("3.00"))]);
    assert_eq!(refused(&busy, Command::VoidPart(eur("3.00"))), Some(Refusal::HoldBusy));
    assert_eq!(refused(&busy, Command::Capture(eur("3.00"))), Some(Refusal::HoldBusy));
}

#[test]
fn a_payer_who_is_awaited_is_given_up() {
    let awaited = run(
        created(CaptureMode::Now, Retry::Never),
        [Command::Attempt(attempt(210)), answered(1, needs_payer(StepKind::Challenge))],
    );
    assert_eq!(decide(&awaited, Command::Cancel, after(1)).err(), Some(Refusal::AttemptOpen));
    let given_up = run(awaited, [Command::GiveUp]);
    assert_eq!((given_up.word(), given_up.wake_at()), (Word::Cancelled, None));
    // What comes all the same is in suspense, and the payment stays as it ended.
    let late = decide(&given_up, answered(1, approved()), after(5)).expect("it is booked");
    assert_eq!(late.payment.word(), Word::Cancelled);
    assert_eq!(late.payment.operations[0].status, OperationStatus::Late);
    assert!(late.effects.iter().any(|effect| matches!(effect, Effect::Post(_))), "{:?}", late.effects);
    for (payment, refusal) in [
        (held(), Refusal::AlreadyFunded),
        (run(created(CaptureMode::Now, Retry::Never), [Command::Attempt(attempt(210))]), Refusal::AttemptOpen),
        (given_up, Refusal::Ended(Word::Cancelled)),
    ] {
        assert_eq!(decide(&payment, Command::GiveUp, after(1)).err(), Some(refusal));
    }
}
