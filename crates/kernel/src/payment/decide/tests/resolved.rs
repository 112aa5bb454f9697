//! An operator's word: about what is unknown, and about nothing else.

use super::{
    after, answered, approved, attempt, authorisation, created, declined, eur, needs_payer, run, sale, session,
};
use crate::Money;
use crate::payment::{
    CaptureMode, Command, Doubt, Effect, OperationStatus, Outcome, Payment, Refusal, Report, Resolution, Seq, StepKind,
    decide,
};

const UNKNOWN: Outcome = Outcome::Unknown(Doubt::TimedOut);

fn resolved(seq: u16, outcome: Outcome) -> Command {
    let resolution = Resolution { by: "ann".into(), reason: "seen at the acquirer's".into(), at: after(9) };
    let report = Report { outcome, authentication: None, resolution: Some(Box::new(resolution)) };
    Command::Answered { seq: Seq::new(seq), report, fallback: Some(attempt(215)) }
}

/// The word, what is booked, and the operation's status after an operator's word; or the refusal.
fn told(payment: &Payment, command: Command, seq: u16) -> String {
    let decision = match decide(payment, command, after(10)) {
        Ok(decision) => decision,
        Err(refusal) => return format!("{refusal:?}"),
    };
    let operation = decision.payment.operation(Seq::new(seq)).expect("it was asked");
    let booked: Vec<&str> = decision
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Post(entry) => Some(entry.event),
            Effect::Call(_) => Some("call"),
            Effect::LookUp(_) | Effect::Floor { .. } | Effect::Notify { .. } => None,
        })
        .collect();
    let by = operation.resolution.as_ref().map_or("nobody", |resolution| resolution.by.as_str());
    format!("{} {:?} by {by}; {}", decision.payment.word().text(), operation.status, booked.join(", "))
}

#[test]
fn an_operators_word_ends_what_is_unknown() {
    let unknown = || sale([answered(1, UNKNOWN)]);
    let held = |outcome| authorisation([answered(1, approved()), Command::Capture(eur("7.00")), answered(2, outcome)]);
    let refunding = sale([answered(1, approved()), Command::refund(eur("4.00")), answered(2, UNKNOWN)]);
    let again = run(created(CaptureMode::Now, session()), [Command::Attempt(attempt(210)), answered(1, UNKNOWN)]);
    for (payment, seq, outcome, expected) in [
        (unknown(), 1, approved(), "captured Approved by ann; captured"),
        (unknown(), 1, Outcome::NotSent, "failed Failed by ann; "),
        (unknown(), 1, declined("05"), "declined Declined(Response(\"05\")) by ann; "),
        // The payer may try again; no other provider is tried by itself.
        (again, 1, Outcome::NotSent, "created Failed by ann; "),
        (authorisation([answered(1, UNKNOWN)]), 1, approved(), "authorised Approved by ann; authorised"),
        (held(UNKNOWN), 2, approved(), "partially_captured Approved by ann; captured_from_hold"),
        (held(UNKNOWN), 2, Outcome::NotSent, "authorised Failed by ann; "),
        (refunding, 2, approved(), "partially_refunded Approved by ann; refunded"),
        // A word that is no end is none.
        (unknown(), 1, Outcome::Pending, "NotUnknown"),
        (unknown(), 1, UNKNOWN, "NotUnknown"),
        (unknown(), 1, needs_payer(StepKind::Challenge), "NotUnknown"),
        // What is known, or about to be, is not an operator's to say.
        (sale([]), 1, approved(), "NotUnknown"),
        (sale([answered(1, Outcome::Pending)]), 1, approved(), "NotUnknown"),
        (sale([answered(1, needs_payer(StepKind::Challenge))]), 1, approved(), "NotUnknown"),
        (sale([answered(1, approved())]), 1, Outcome::NotSent, "NotUnknown"),
        (sale([answered(1, declined("05"))]), 1, approved(), "NotUnknown"),
        (unknown(), 2, approved(), "NoSuchOperation"),
    ] {
        assert_eq!(told(&payment, resolved(seq, outcome.clone()), seq), expected, "{outcome:?}");
    }
}

/// The provider may know better: its yes after an operator's no is late money, which waits for an operator.
#[test]
fn a_provider_that_knows_better_is_heard_late() {
    let failed = run(sale([answered(1, UNKNOWN)]), [resolved(1, Outcome::NotSent)]);
    let decision = decide(&failed, answered(1, approved()), after(20)).expect("it is heard");
    let operation = decision.payment.operation(Seq::new(1)).expect("it was asked");
    assert_eq!((decision.payment.word().text(), &operation.status), ("failed", &OperationStatus::Late));
    let Some(Effect::Post(entry)) = decision.effects.first() else { panic!("{:?}", decision.effects) };
    assert_eq!(entry.event, "late_money");

    // And its no after an operator's yes changes nothing.
    let paid = run(sale([answered(1, UNKNOWN)]), [resolved(1, approved())]);
    let decision = decide(&paid, answered(1, declined("05")), after(20)).expect("it is heard");
    assert_eq!((decision.payment.totals().captured, decision.effects.len()), (eur("10.00"), 0));
    assert_eq!(decision.payment.totals().refunded, Money::zero(eur("1").asset()));
    assert!(matches!(decide(&paid, resolved(1, Outcome::NotSent), after(30)), Err(Refusal::NotUnknown)));
}
