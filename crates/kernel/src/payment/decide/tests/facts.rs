//! What providers tell beside yes and no, and what attempts are asked for beside money.

use super::*;
use crate::payment::{
    Authenticate, Authentication, AuthenticationFailure, AuthenticationStatus, Operation, OperationStatus, Presence,
};

fn yes(response: &str) -> Outcome {
    Outcome::Approved(Approval {
        provider_id: "p".into(),
        response: response.into(),
        auth_code: "831000".into(),
        network_id: "481234567890123".into(),
    })
}

fn frictionless() -> Authentication {
    Authentication {
        status: Some(AuthenticationStatus::Authenticated),
        eci: "05".into(),
        version: "2.2.0".into(),
        ..Authentication::default()
    }
}

fn authenticated(outcome: Outcome) -> Report {
    Report { outcome, authentication: Some(Box::new(frictionless())), resolution: None }
}

fn first(payment: &Payment) -> &Operation {
    payment.operations.first().expect("an attempt")
}

#[test]
fn an_operation_keeps_what_came_with_its_answer() {
    for (outcome, response, auth_code) in [
        (yes("00"), Some("00"), "831000"),
        (yes(""), Some("00"), "831000"),
        (yes("10"), Some("10"), "831000"),
        (approved(), Some("00"), ""),
        (declined("N7"), Some("N7"), ""),
        (Outcome::Declined(Decline::Authentication(AuthenticationFailure::Technical)), None, ""),
        (Outcome::Pending, None, ""),
        (Outcome::Unknown(Doubt::TimedOut), None, ""),
        (Outcome::Cancelled, None, ""),
    ] {
        let payment = sale([told(1, authenticated(outcome.clone()))]);
        let operation = first(&payment);
        assert_eq!((operation.response(), operation.auth_code.as_str()), (response, auth_code), "{outcome:?}");
        assert_eq!(operation.authenticated(), Some(&frictionless()), "{outcome:?}");
    }
}

#[test]
fn a_later_answer_without_an_authentication_leaves_the_known_one() {
    let payment = sale([told(1, authenticated(Outcome::Pending)), answered(1, yes("00"))]);
    assert_eq!(first(&payment).authenticated(), Some(&frictionless()));
}

#[test]
fn a_result_from_elsewhere_stands_where_ours_would() {
    let mut attempt = attempt(210);
    attempt.circumstances.authenticate = Authenticate::Elsewhere(Box::new(frictionless()));
    let payment = run(created(CaptureMode::Now, Retry::Never), [Command::Attempt(attempt), answered(1, yes("00"))]);
    assert_eq!(first(&payment).authenticated(), Some(&frictionless()));
}

#[test]
fn what_was_unclear_first_stays_the_reason() {
    let (timed_out, garbled) = (Outcome::Unknown(Doubt::TimedOut), Outcome::Unknown(Doubt::Garbled));
    for (answers, doubt) in [
        (vec![timed_out.clone(), garbled.clone()], Doubt::TimedOut),
        (vec![garbled.clone(), Outcome::NotFound], Doubt::Garbled),
        (vec![Outcome::Pending, Outcome::NotFound], Doubt::Lost),
        (vec![timed_out, Outcome::Pending, garbled], Doubt::Garbled),
    ] {
        let payment = sale(answers.iter().map(|answer| answered(1, answer.clone())));
        assert_eq!(first(&payment).status, OperationStatus::Unknown(doubt), "{answers:?}");
    }
}

#[test]
fn nobody_is_asked_where_no_payer_takes_part() {
    let mut attempt = attempt(210);
    attempt.circumstances.presence = Presence::Merchant { network_id: "481234567890123".into() };
    let challenged = answered(1, needs_payer(StepKind::Challenge));
    let payment = run(created(CaptureMode::Now, Retry::Never), [Command::Attempt(attempt), challenged]);
    assert_eq!((payment.word().text(), first(&payment).response()), ("declined", Some("1A")));
}

#[test]
fn only_a_verification_may_be_about_nothing() {
    for (capture, amount, begins) in [
        (CaptureMode::Now, "0", false),
        (CaptureMode::Later, "0", false),
        (CaptureMode::Never, "0", true),
        (CaptureMode::Never, "9.20", true),
    ] {
        let mut payment = created(capture, Retry::Never);
        payment.asked = Money::parse_or_zero(amount, eur("1").asset()).expect("an amount");
        let decision = decide(&payment, Command::Attempt(attempt(210)), after(1));
        match decision {
            Ok(decision) => {
                let operation = first(&decision.payment);
                assert!(
                    begins && operation.moved.is_zero() && operation.amount == payment.asked,
                    "{capture:?} {amount}"
                );
            }
            Err(refusal) => assert!(!begins && refusal == Refusal::BadAmount, "{capture:?} {amount}: {refusal}"),
        }
    }
}

#[test]
fn a_merchant_may_set_its_own_times() {
    let mut payment = created(CaptureMode::Later, Retry::Never);
    payment.times = Times { hold_days: Some(1), step_minutes: Some(20), ..Times::default() };
    let payment = run(payment, [Command::Attempt(attempt(210))]);
    for kind in [StepKind::Challenge, StepKind::Redirect] {
        let open = run(payment.clone(), [answered(1, needs_payer(kind))]);
        assert_eq!(open.wake_at(), Some(after(1 + 20 * 60)), "{kind:?}");
    }
    let held = run(payment, [answered(1, approved())]);
    assert_eq!(held.wake_at(), Some(after(1 + 86_400)));
}

/// What the ordinary row holds more than before: about 45 bytes, and nothing at all until the answer.
#[test]
fn an_ordinary_row_stays_small() {
    let json = |payment: &Payment| serde_json::to_string(payment).expect("serialisable");
    let (plain, told) = (sale([answered(1, approved())]), sale([answered(1, yes("00"))]));
    assert_eq!(json(&told).len() - json(&plain).len(), r#","auth":"831000","network":"481234567890123""#.len());
    assert!(!json(&sale([])).contains("null"), "{}", json(&sale([])));
}
