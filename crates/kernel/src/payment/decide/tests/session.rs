//! What may be done in a session.

use super::{after, amend, answered, approved, attempt, cascading, created, declined, eur, run};
use crate::payment::decide::{Amendment, Attempt, Command, Refusal, decide};
use crate::payment::{AmountChoice, CaptureMode, LateMoney, Means, OperationStatus, Payment, Retry, Seq, State};
use crate::routing::Method;
use crate::{Asset, Money};

fn in_session(attempts_max: u16, amount: AmountChoice) -> Payment {
    created(CaptureMode::Now, Retry::Session { attempts_max, until: after(1800), amount })
}

fn attempt_of(amount: &str) -> Command {
    Command::Attempt(Attempt { amount: Some(eur(amount)), ..attempt(210) })
}

#[test]
fn only_an_open_amount_is_the_payers_choice() {
    let paid = run(in_session(2, AmountChoice::Open), [attempt_of("7.00"), answered(1, approved())]);
    assert_eq!((paid.asked, paid.operations[0].amount), (eur("7.00"), eur("7.00")));
    // What was chosen last is what the payment is about, also when it was declined.
    let again = run(in_session(2, AmountChoice::Open), [attempt_of("7.00"), answered(1, declined("51"))]);
    assert_eq!((again.asked, again.state.clone()), (eur("7.00"), State::Created));
    let same =
        decide(&in_session(2, AmountChoice::Fixed), attempt_of("10.00"), after(1)).expect("the amount asked for");
    assert_eq!(same.payment.asked, eur("10.00"));
    for payment in [in_session(2, AmountChoice::Fixed), created(CaptureMode::Now, Retry::Never)] {
        assert_eq!(decide(&payment, attempt_of("7.00"), after(1)).err(), Some(Refusal::BadAmount));
    }
    let none = Command::Attempt(Attempt { amount: Some(Money::zero(eur("1").asset())), ..attempt(210) });
    assert_eq!(decide(&in_session(2, AmountChoice::Open), none, after(1)).err(), Some(Refusal::BadAmount));
}

#[test]
fn a_session_becomes_another_before_it_is_paid() {
    let changed = run(in_session(2, AmountChoice::Fixed), [amend("12.00")]);
    assert_eq!((changed.asked, changed.details.reference.as_str()), (eur("12.00"), "order-2"));
    let paid = run(changed, [Command::Attempt(attempt(210)), answered(1, approved())]);
    assert_eq!(paid.operations[0].amount, eur("12.00"));
    // What was tried already was tried in a currency.
    let pounds = Money::new(1, Asset::from_code("GBP").expect("known"));
    let in_pounds = || Command::Amend(Amendment { asked: pounds, capture: CaptureMode::Now, details: Box::default() });
    assert_eq!(run(in_session(2, AmountChoice::Fixed), [in_pounds()]).asked, pounds);
    let tried = run(in_session(2, AmountChoice::Fixed), [Command::Attempt(attempt(210)), answered(1, declined("05"))]);
    assert_eq!(decide(&tried, in_pounds(), after(1)).err(), Some(Refusal::BadAmount));
    assert_eq!(decide(&tried, amend("0.00"), after(1)).err(), Some(Refusal::BadAmount));
}

/// The money of an attempt that asked for another amount than the session does by now is not the payment's.
#[test]
fn late_money_of_another_amount_is_in_suspense() {
    let mut payment = in_session(2, AmountChoice::Fixed);
    payment.times.late = LateMoney::Accepted;
    let by_bank = Attempt { means: Means::of(Method::BankTransfer), ..attempt(210) };
    let amended = run(payment, [Command::Attempt(by_bank), answered(1, declined("05")), amend("7.00")]);
    let late = decide(&amended, answered(1, approved()), after(5)).expect("money is money").payment;
    assert_eq!((late.state.clone(), late.operations[0].status.clone()), (State::Created, OperationStatus::Late));
}

/// Going on to another provider is the same try of the payer's.
#[test]
fn a_cascade_is_one_try() {
    let cascades = |seq| cascading(seq, "05");
    let first = run(
        in_session(2, AmountChoice::Fixed),
        [Command::Attempt(attempt(210)), cascades(1), answered(2, declined("05"))],
    );
    assert_eq!((first.operations[1].cascaded_from, first.state.clone()), (Some(Seq::new(1)), State::Created));
    let second = run(first, [Command::Attempt(attempt(210)), cascades(3), answered(4, declined("51"))]);
    assert_eq!(second.word().text(), "declined");
}
