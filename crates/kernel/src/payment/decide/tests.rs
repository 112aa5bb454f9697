//! The whole table: every state against every command, as text. A change of any cell shows in the snapshot.

use jiff::{SignedDuration, Timestamp};

use super::{Amendment, Attempt, Command, Decision, Effect, Portion, Refusal, decide};
use crate::payment::{
    AmountChoice, Approval, CaptureMode, Circumstances, Decline, Details, Dialect, Doubt, LateMoney, Means, Mode,
    Outcome, PayerStep, Payment, Report, Retry, Route, Seq, State, StepKind, Times,
};
use crate::routing::{Method, ProviderId};
use crate::{Asset, MerchantId, Money, PaymentId};

mod facts;
mod giving;
mod resolved;
mod session;

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
    use Command::{Capture, CaptureFinal, Void};
    let refund = |amount| Command::refund(eur(amount));
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
        ("authorised, final capture open", authorisation([ok(1), CaptureFinal(eur("7.00"))])),
        ("authorised, void unknown", authorisation([ok(1), Void, answered(2, Outcome::Unknown(Doubt::TimedOut))])),
        ("partially_captured", authorisation([ok(1), Capture(eur("7.00")), ok(2)])),
        ("captured", sale([ok(1)])),
        ("captured, refund open", sale([ok(1), refund("6.00")])),
        ("partially_refunded", sale([ok(1), refund("6.00"), ok(2)])),
        ("refunded", sale([ok(1), refund("10.00"), ok(2)])),
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
        ("final capture 3.00".to_owned(), Command::CaptureFinal(eur("3.00")), soon),
        ("void".to_owned(), Command::Void, soon),
        ("reverse".to_owned(), Command::Reverse, soon),
        ("refund 4.00".to_owned(), Command::refund(eur("4.00")), soon),
        ("refund all".to_owned(), Command::Refund { amount: Portion::AllLeft, on: None }, soon),
        ("refund all of 2".to_owned(), Command::Refund { amount: Portion::AllLeft, on: Some(Seq::new(2)) }, soon),
        ("refund 10.01".to_owned(), Command::refund(eur("10.01")), soon),
        (
            "refund in another currency".to_owned(),
            Command::refund(Money::new(1, Asset::from_code("GBP").expect("known"))),
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
        payment = run(last.payment, [Command::refund(eur("0.02")), Command::refund(eur("0.03"))]);
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
        payment = run(payment, [Command::refund(eur("0.01")), answered(next, declined("05"))]);
    }
    assert_eq!(decide(&payment, Command::refund(eur("0.01")), after(2)).err(), Some(Refusal::TooManyOperations));
}

fn refund_on(seq: u16, amount: &str) -> Command {
    Command::Refund { amount: Portion::Exactly(eur(amount)), on: Some(Seq::new(seq)) }
}

/// Told as a story: what is refused stays without effect.
fn story(payment: Payment, steps: &[(Command, &str)]) -> Payment {
    let mut payment = payment;
    for (command, expected) in steps {
        let decision = decide(&payment, command.clone(), after(2));
        assert_eq!(show(&payment, decision.clone(), after(2)), *expected, "{command:?}");
        payment = decision.map_or(payment, |decision| decision.payment);
    }
    payment
}

#[test]
fn a_refund_of_one_capture_stays_within_it() {
    let ok = |seq| answered(seq, approved());
    let captures = [ok(1), Command::Capture(eur("4.00")), ok(2), Command::Capture(eur("6.00")), ok(3)];
    story(
        authorisation(captures),
        &[
            (refund_on(2, "4.01"), "refused: refund of 4.01 EUR exceeds the 4.00 EUR that can be refunded"),
            (refund_on(1, "1.00"), "refused: the payment has no such operation"),
            (refund_on(2, "1.50"), "captured; call Refund 4 of 1.50 EUR; wake +30 s"),
            // Of the whole: what the oldest has left, then the next.
            (Command::refund(eur("3.00")), "captured; call Refund 5 of 3.00 EUR; wake +30 s"),
            (refund_on(2, "0.01"), "refused: refund of 0.01 EUR exceeds the 0.00 EUR that can be refunded"),
            (refund_on(3, "5.51"), "refused: refund of 5.51 EUR exceeds the 5.50 EUR that can be refunded"),
            (answered(5, declined("05")), "captured; wake +30 s"),
            (
                Command::Refund { amount: Portion::AllLeft, on: Some(Seq::new(2)) },
                "captured; call Refund 6 of 2.50 EUR; wake +30 s",
            ),
            (Command::Refund { amount: Portion::AllLeft, on: None }, "captured; call Refund 7 of 6.00 EUR; wake +30 s"),
            (
                Command::Refund { amount: Portion::AllLeft, on: None },
                "refused: refund of 0.00 EUR exceeds the 0.00 EUR that can be refunded",
            ),
        ],
    );
}

#[test]
fn a_final_capture_releases_the_rest() {
    let held = || authorisation([answered(1, approved())]);
    let taken = "partially_captured; post captured_from_hold 7.00 EUR; call Void 3 of 3.00 EUR; notify authorised to partially_captured; wake +30 s";
    let closing = (Command::CaptureFinal(eur("7.00")), "authorised; call Capture 2 of 7.00 EUR; wake +30 s");
    // Known at once, or only after it was unknown.
    let known = story(held(), &[closing.clone(), (answered(2, approved()), taken)]);
    let unknown = (answered(2, Outcome::Unknown(Doubt::TimedOut)), "authorised; wake +2 s");
    story(held(), &[closing.clone(), unknown, (answered(2, approved()), taken)]);
    let released = "captured; post hold_released 3.00 EUR; notify partially_captured to captured";
    story(known.clone(), &[(answered(3, approved()), released), (answered(2, approved()), "nothing")]);
    // A release that is refused is not tried again by itself, and the hold may be used again.
    let refused = (answered(3, declined("05")), "partially_captured; wake +604799 s");
    let again = (Command::Capture(eur("3.00")), "partially_captured; call Capture 4 of 3.00 EUR; wake +30 s");
    story(known, &[refused, (answered(2, approved()), "nothing"), again]);
    // A capture under way is waited for; none is begun any more.
    let busy = "refused: an operation on the same hold is still open";
    story(
        held(),
        &[
            (Command::Capture(eur("1.00")), "authorised; call Capture 2 of 1.00 EUR; wake +30 s"),
            (Command::CaptureFinal(eur("7.00")), "authorised; call Capture 3 of 7.00 EUR; wake +30 s"),
            (Command::Capture(eur("1.00")), busy),
            (
                answered(3, approved()),
                "partially_captured; post captured_from_hold 7.00 EUR; notify authorised to partially_captured; wake +30 s",
            ),
            (answered(2, declined("05")), "partially_captured; call Void 4 of 3.00 EUR; wake +30 s"),
        ],
    );
}

#[test]
fn only_a_whole_hold_is_reversed() {
    let ok = |seq| answered(seq, approved());
    let part = authorisation([ok(1), Command::Capture(eur("7.00")), ok(2)]);
    story(part, &[(Command::Reverse, "refused: some of the hold was captured")]);
    let whole = authorisation([ok(1)]);
    story(whole, &[(Command::Reverse, "authorised; call Void 2 of 10.00 EUR; wake +30 s")]);
}

#[test]
fn late_money_is_accepted_where_the_payment_says_so() {
    let ended = |method, late| {
        let mut payment = created(CaptureMode::Now, Retry::Never);
        payment.times.late = late;
        let means = Means::of(method);
        let begun = run(payment, [Command::Attempt(Attempt { means, ..attempt(210) })]);
        let step = answered(1, needs_payer(StepKind::Redirect));
        decide(&begun, step, after(1900)).expect("the payer's time is over").payment
    };
    let suspense = "expired; post late_money 10.00 EUR";
    for (method, late, expected) in [
        (Method::BankTransfer, LateMoney::Accepted, "captured; post captured 10.00 EUR; notify expired to captured"),
        (Method::Card, LateMoney::Accepted, suspense),
        (Method::BankTransfer, LateMoney::Suspense, suspense),
    ] {
        let payment = ended(method, late);
        let heard = decide(&payment, answered(1, approved()), after(2000));
        let came_late = heard.as_ref().is_ok_and(|heard| heard.payment.operations[0].came_late);
        assert_eq!(came_late, expected.starts_with("captured"), "it is known of what was accepted");
        assert_eq!(show(&payment, heard, after(2000)), expected);
    }
}

/// An operation knows when it became what it is, to the second; nothing is kept of one that was decided in the second it began.
#[test]
fn operations_know_when_they_changed() {
    let begun = run(created(CaptureMode::Now, Retry::Never), [Command::Attempt(attempt(210))]);
    let heard = |payment: &Payment, outcome, at| decide(payment, answered(1, outcome), at).expect("heard").payment;
    let changed = |payment: &Payment| payment.operations[0].changed_at();
    assert_eq!(changed(&begun), begun.operations[0].started_at);
    let at_once = heard(&begun, approved(), begun.operations[0].started_at);
    assert_eq!(changed(&at_once), begun.operations[0].started_at);
    assert!(!serde_json::to_string(&at_once).expect("JSON").contains("changed"));
    let unknown = heard(&begun, Outcome::Unknown(Doubt::TimedOut), after(20));
    assert_eq!(changed(&unknown), after(20));
    // The same again is no change.
    assert_eq!(changed(&heard(&unknown, Outcome::Unknown(Doubt::TimedOut), after(30))), after(20));
    assert_eq!(changed(&heard(&unknown, approved(), after(40))), after(40));
}
