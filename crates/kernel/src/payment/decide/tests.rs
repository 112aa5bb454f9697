//! The whole table: every state against every command, as text. A change of any cell shows in the snapshot.

use jiff::{SignedDuration, Timestamp};

use super::{Amendment, Attempt, Command, Decision, Effect, Refusal, decide};
use crate::payment::{
    AmountChoice, Approval, CaptureMode, Circumstances, Decline, Details, Dialect, Doubt, Means, Mode, Outcome,
    PayerStep, Payment, Report, Retry, Route, Seq, State, StepKind, Times,
};
use crate::routing::{Method, ProviderId};
use crate::{Asset, MerchantId, Money, PaymentId};

mod facts;

pub(super) const START: Timestamp = Timestamp::UNIX_EPOCH;

pub(super) fn eur(text: &str) -> Money {
    Money::parse(text, Asset::from_code("EUR").expect("a known asset")).expect("an amount")
}

pub(super) fn after(seconds: i64) -> Timestamp {
    START + SignedDuration::from_secs(seconds)
}

pub(super) fn created(capture: CaptureMode, retry: Retry) -> Payment {
    Payment {
        id: PaymentId::from_number(1),
        merchant: MerchantId::from_number(1),
        mode: Mode::Dev,
        dialect: Dialect::Cashier,
        created_at: START,
        asked: eur("10.00"),
        capture,
        retry,
        times: Times::default(),
        state: State::Created,
        operations: Vec::new(),
        chargebacks: Vec::new(),
        announced: None,
        details: Details::default(),
    }
}

pub(super) fn attempt(provider: i64) -> Attempt {
    let provider = ProviderId::new(provider);
    Attempt {
        route: Route { provider, code: "simulator".into(), name: "Simulator".into(), conversion: None, trail: None },
        means: Means::of(Method::Card),
        circumstances: Circumstances::default(),
        amount: None,
    }
}

pub(super) fn answered(seq: u16, outcome: Outcome) -> Command {
    told(seq, outcome.into())
}

fn told(seq: u16, report: Report) -> Command {
    Command::Answered { seq: Seq::new(seq), report, fallback: None }
}

fn cascading(seq: u16, code: &str) -> Command {
    Command::Answered { seq: Seq::new(seq), report: declined(code).into(), fallback: Some(attempt(215)) }
}

fn amend(amount: &str) -> Command {
    let details = Box::new(Details { reference: "order-2".into(), ..Details::default() });
    let asked = Money::parse_or_zero(amount, eur("1").asset()).expect("an amount or nothing");
    Command::Amend(Amendment { asked, capture: CaptureMode::Now, details })
}

fn approved() -> Outcome {
    Outcome::Approved(Approval { provider_id: "p".into(), ..Approval::default() })
}

fn declined(code: &str) -> Outcome {
    Outcome::Declined(Decline::Response(code.into()))
}

fn needs_payer(kind: StepKind) -> Outcome {
    Outcome::NeedsPayer(PayerStep::page(kind, "/sim"))
}

fn run(mut payment: Payment, commands: impl IntoIterator<Item = Command>) -> Payment {
    for command in commands {
        payment = decide(&payment, command, after(1)).expect("a story that can happen").payment;
    }
    payment
}

fn begun(capture: CaptureMode) -> Payment {
    run(created(capture, Retry::Never), [Command::Attempt(attempt(210))])
}

fn sale(commands: impl IntoIterator<Item = Command>) -> Payment {
    run(begun(CaptureMode::Now), commands)
}

fn authorisation(commands: impl IntoIterator<Item = Command>) -> Payment {
    run(begun(CaptureMode::Later), commands)
}

fn session() -> Retry {
    Retry::Session { attempts_max: 2, until: after(1800), amount: AmountChoice::Fixed }
}

fn states() -> Vec<(&'static str, Payment)> {
    use Command::{Capture, Refund, Void};
    let ok = |seq| answered(seq, approved());
    let charge_back = Command::ChargedBack { seq: Seq::new(1), moved: eur("10.00"), reference: "cb".into() };
    vec![
        ("created", created(CaptureMode::Now, Retry::Never)),
        ("created in a session", created(CaptureMode::Now, session())),
        (
            "created in a session, attempts used up but one",
            run(created(CaptureMode::Now, session()), [Command::Attempt(attempt(210)), answered(1, declined("05"))]),
        ),
        ("pending", sale([])),
        ("pending, answer to come", sale([answered(1, Outcome::Pending)])),
        ("unknown", sale([answered(1, Outcome::Unknown(Doubt::TimedOut))])),
        ("pending_payer", sale([answered(1, needs_payer(StepKind::Challenge))])),
        ("authorised", authorisation([ok(1)])),
        ("authorised, capture open", authorisation([ok(1), Capture(eur("7.00"))])),
        ("authorised, void unknown", authorisation([ok(1), Void, answered(2, Outcome::Unknown(Doubt::TimedOut))])),
        ("partially_captured", authorisation([ok(1), Capture(eur("7.00")), ok(2)])),
        ("captured", sale([ok(1)])),
        ("captured, refund open", sale([ok(1), Refund(eur("6.00"))])),
        ("partially_refunded", sale([ok(1), Refund(eur("6.00")), ok(2)])),
        ("refunded", sale([ok(1), Refund(eur("10.00")), ok(2)])),
        ("charged_back", sale([ok(1), charge_back])),
        ("declined", sale([answered(1, declined("51"))])),
        ("failed", sale([answered(1, Outcome::NotSent)])),
        ("cancelled", sale([answered(1, Outcome::Cancelled)])),
        ("voided", authorisation([ok(1), Void, ok(2)])),
        ("verified", run(begun(CaptureMode::Never), [ok(1)])),
        (
            "verification, challenge open",
            run(begun(CaptureMode::Never), [answered(1, needs_payer(StepKind::Challenge))]),
        ),
        ("declined authorisation", authorisation([answered(1, declined("51"))])),
    ]
}

fn commands(payment: &Payment) -> Vec<(String, Command, Timestamp)> {
    let soon = after(2);
    let mut commands = vec![
        ("attempt".to_owned(), Command::Attempt(attempt(210)), soon),
        ("attempt after the session".to_owned(), Command::Attempt(attempt(210)), after(1800)),
        ("capture 3.00".to_owned(), Command::Capture(eur("3.00")), soon),
        ("capture 10.00".to_owned(), Command::Capture(eur("10.00")), soon),
        ("void".to_owned(), Command::Void, soon),
        ("refund 4.00".to_owned(), Command::Refund(eur("4.00")), soon),
        ("refund 10.01".to_owned(), Command::Refund(eur("10.01")), soon),
        (
            "refund in another currency".to_owned(),
            Command::Refund(Money::new(1, Asset::from_code("GBP").expect("known"))),
            soon,
        ),
        ("amend".to_owned(), amend("12.00"), soon),
        ("amend after the session".to_owned(), amend("12.00"), after(1800)),
        ("cancel".to_owned(), Command::Cancel, soon),
        ("wake after 31 s".to_owned(), Command::Wake, after(32)),
        ("wake after 31 min".to_owned(), Command::Wake, after(1861)),
        ("wake after 8 days".to_owned(), Command::Wake, after(8 * 86_400)),
    ];
    let charge_back = |moved| Command::ChargedBack { seq: Seq::new(1), moved, reference: "new".into() };
    commands.push(("charged back 2.00".to_owned(), charge_back(eur("2.00")), soon));
    commands.push(("charged back 11.00".to_owned(), charge_back(eur("11.00")), soon));
    let last = payment.operations.len() as u16;
    for seq in [1, last].into_iter().filter(|seq| *seq > 0).collect::<std::collections::BTreeSet<_>>() {
        for (name, outcome) in [
            ("approved", approved()),
            ("declined 05", declined("05")),
            ("cancelled", Outcome::Cancelled),
            ("challenge", needs_payer(StepKind::Challenge)),
            ("pending", Outcome::Pending),
            ("not sent", Outcome::NotSent),
            ("not found", Outcome::NotFound),
            ("unknown", Outcome::Unknown(Doubt::TimedOut)),
        ] {
            commands.push((format!("answer {seq}: {name}"), answered(seq, outcome), soon));
        }
        commands.push((format!("answer {seq}: declined 05, with a fallback"), cascading(seq, "05"), soon));
        commands.push((format!("answer {seq}: declined 51, with a fallback"), cascading(seq, "51"), soon));
        commands.push((format!("answer {seq}: not found after 2 min"), answered(seq, Outcome::NotFound), after(120)));
        let late = answered(seq, needs_payer(StepKind::Challenge));
        commands.push((format!("answer {seq}: challenge after its time"), late, after(901)));
    }
    commands.push(("answer 9: approved".to_owned(), answered(9, approved()), soon));
    commands
}

fn show(before: &Payment, decision: Result<Decision, Refusal>, now: Timestamp) -> String {
    let Decision { payment, effects } = match decision {
        Ok(decision) => decision,
        Err(refusal) => return format!("refused: {refusal}"),
    };
    let mut parts = Vec::new();
    if &payment == before && effects.is_empty() {
        return "nothing".to_owned();
    }
    parts.push(payment.word().text().to_owned());
    for effect in effects {
        parts.push(match effect {
            Effect::Call(seq) => {
                let operation = payment.operation(seq).expect("it was just stored");
                format!("call {:?} {} of {}", operation.kind, seq.number(), operation.amount)
            }
            Effect::LookUp(seq) => format!("look up {}", seq.number()),
            Effect::Post(entry) => {
                format!("post {} {}", entry.event, entry.transfers.last().expect("never empty").amount)
            }
            Effect::Floor { account, minimum } => format!("{account} at least {minimum}"),
            Effect::Notify { from, to } => format!("notify {} to {}", from.text(), to.text()),
        });
    }
    if let Some(at) = payment.wake_at() {
        parts.push(format!("wake +{} s", at.duration_since(now).as_secs()));
    }
    parts.join("; ")
}

#[test]
fn every_state_against_every_command() {
    let mut table = String::new();
    for (name, payment) in states() {
        table.push_str(&format!("\n{name}\n"));
        for (command, what, now) in commands(&payment) {
            let decision = decide(&payment, what, now);
            table.push_str(&format!("  {command} => {}\n", show(&payment, decision, now)));
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn money_after_the_end_goes_to_suspense() {
    let expired = decide(
        &sale([answered(1, needs_payer(StepKind::Challenge))]),
        answered(1, needs_payer(StepKind::Challenge)),
        after(901),
    );
    let expired = expired.expect("the payer's time is over").payment;
    assert_eq!(expired.word().text(), "expired");
    let late = decide(&expired, answered(1, approved()), after(1000)).expect("money is money");
    assert_eq!(show(&expired, Ok(late.clone()), after(1000)), "expired; post late_money 10.00 EUR");
    let again = decide(&late.payment, answered(1, approved()), after(1001)).expect("a repeat");
    assert_eq!(show(&late.payment, Ok(again), after(1001)), "nothing");
}

#[test]
fn late_money_is_charged_back_out_of_suspense() {
    let charge_back = |moved| Command::ChargedBack { seq: Seq::new(1), moved, reference: "cb".into() };
    let expired = sale([answered(1, Outcome::Cancelled)]);
    let early = decide(&expired, charge_back(eur("10.00")), after(2)).err();
    assert_eq!(early, Some(Refusal::NotFunded), "it is sent again until the late yes has come");
    let late = run(expired, [answered(1, approved())]);
    let struck = decide(&late, charge_back(eur("4.00")), after(3)).expect("the bank has taken it");
    assert_eq!(show(&late, Ok(struck.clone()), after(3)), "cancelled; post late_money_charged_back 4.00 EUR");
    let again = decide(&struck.payment, charge_back(eur("4.00")), after(4)).expect("a repeat");
    assert_eq!(show(&struck.payment, Ok(again), after(4)), "nothing");
    assert!(matches!(
        decide(&late, charge_back(eur("11.00")), after(3)),
        Err(Refusal::ChargebackExceedsCapture { .. })
    ));
}

#[test]
fn an_account_that_moves_the_currency_asked_for_converts_nothing() {
    let mut attempt = attempt(216);
    attempt.route.conversion = Some((eur("1").asset(), crate::fx::Rate::parse("0.856").expect("a rate")));
    let begun = run(created(CaptureMode::Now, Retry::Never), [Command::Attempt(attempt)]);
    assert_eq!((begun.operations[0].moved, begun.operations[0].route.conversion), (eur("10.00"), None));
}

#[test]
fn a_late_authorisation_is_given_back() {
    let ended = authorisation([answered(1, Outcome::Cancelled)]);
    let late = decide(&ended, answered(1, approved()), after(5)).expect("a late hold");
    assert_eq!(show(&ended, Ok(late.clone()), after(5)), "cancelled; call Void 2 of 10.00 EUR; wake +30 s");
    let voided = decide(&late.payment, answered(2, approved()), after(6)).expect("the hold is gone");
    assert_eq!(show(&late.payment, Ok(voided), after(6)), "cancelled");
}

#[test]
fn parts_of_a_conversion_add_up_to_the_whole() {
    let gbp = Asset::from_code("GBP").expect("a known asset");
    let mut attempt = attempt(216);
    attempt.route.conversion = Some((gbp, crate::fx::Rate::parse("0.856").expect("a rate")));
    let mut payment = created(CaptureMode::Later, Retry::Never);
    payment.asked = eur("10.05");
    let payment = run(payment, [Command::Attempt(attempt), answered(1, approved())]);
    assert_eq!(payment.operations[0].moved, Money::new(861, gbp));
    let payment = run(
        payment,
        [
            Command::Capture(eur("3.35")),
            answered(2, approved()),
            Command::Capture(eur("3.35")),
            answered(3, approved()),
            Command::Capture(eur("3.35")),
            answered(4, approved()),
        ],
    );
    let moved: i64 = payment.operations[1..].iter().map(|operation| operation.moved.minor()).sum();
    assert_eq!((moved, payment.word().text()), (861, "captured"));
}

/// Captures in a currency whose parts are rounded; some fail. Whoever takes the last of the hold takes the last of what
/// the provider holds, and nothing of the hold stays in the book.
#[test]
fn failed_parts_of_a_conversion_leave_nothing_of_the_hold() {
    let gbp = Asset::from_code("GBP").expect("a known asset");
    let mut attempt = attempt(216);
    attempt.route.conversion = Some((gbp, crate::fx::Rate::parse("0.856").expect("a rate")));
    for parts in [["0.01", "0.02", "0.02"], ["0.02", "0.01", "0.02"], ["0.03", "0.01", "0.01"]] {
        let mut payment = created(CaptureMode::Later, Retry::Never);
        payment.asked = eur("0.05");
        let mut payment = run(payment, [Command::Attempt(attempt.clone()), answered(1, approved())]);
        assert_eq!(payment.operations[0].moved, Money::new(5, gbp));
        // All but the first under way at once; the first fails, and its amount is captured again.
        let captures = parts.map(|part| Command::Capture(eur(part)));
        payment = run(payment, captures);
        payment = run(payment, [answered(2, declined("05")), answered(3, approved()), answered(4, approved())]);
        payment = run(payment, [Command::Capture(eur(parts[0]))]);
        let last = decide(&payment, answered(5, approved()), after(2)).expect("the rest of the hold");
        let moved: i64 = last.payment.operations[2..].iter().map(|operation| operation.moved.minor()).sum();
        assert_eq!((moved, last.payment.word().text()), (5, "captured"), "{parts:?}");
        payment = run(last.payment, [Command::Refund(eur("0.02")), Command::Refund(eur("0.03"))]);
        let refunds: i64 = payment.operations[5..].iter().map(|operation| operation.moved.minor()).sum();
        assert_eq!(refunds, 5, "{parts:?}");
    }
}

#[test]
fn a_payments_operations_are_limited() {
    let mut payment = sale([answered(1, approved())]);
    payment.asked = eur("100.00");
    while payment.operations.len() < usize::from(Seq::MAX) {
        let next = payment.operations.len() as u16 + 1;
        payment = run(payment, [Command::Refund(eur("0.01")), answered(next, declined("05"))]);
    }
    assert_eq!(decide(&payment, Command::Refund(eur("0.01")), after(2)).err(), Some(Refusal::TooManyOperations));
}

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
