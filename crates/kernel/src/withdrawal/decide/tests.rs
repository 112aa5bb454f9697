//! The whole table: every state against every command, as text. A change of any cell shows in the snapshot.

use jiff::{SignedDuration, Timestamp};

use super::{Command, Confirmation, Decision, Overdraft, Refusal, decide};
use crate::payment::{
    Approval, Decline, Details, Dialect, Doubt, Effect, Mode, OperationStatus, Outcome, PayerStep, Resolution, Route,
    Seq, StepKind,
};
use crate::routing::{Method, ProviderId};
use crate::withdrawal::{Approver, Destination, Funding, State, Withdrawal};
use crate::{Asset, MerchantId, Money, PaymentId};

pub(super) fn eur(text: &str) -> Money {
    Money::parse(text, Asset::from_code("EUR").expect("a known asset")).expect("an amount")
}

pub(super) fn after(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
}

pub(in crate::withdrawal) fn created() -> Withdrawal {
    Withdrawal {
        id: PaymentId::from_number(1),
        merchant: MerchantId::from_number(1),
        mode: Mode::Live,
        dialect: Dialect::Cashier,
        created_at: after(0),
        asked: eur("10.00"),
        funding: Funding::Balance,
        state: State::Created { until: after(1800) },
        plan: None,
        approvals: Vec::new(),
        payout: None,
        returns: Vec::new(),
        announced: None,
        details: Details::default(),
    }
}

pub(super) fn confirmation(required: u8) -> Confirmation {
    Confirmation {
        route: Route {
            provider: ProviderId::new(211),
            code: "bank".into(),
            name: "Bank".into(),
            conversion: None,
            trail: None,
        },
        destination: Destination {
            method: Method::BankTransfer,
            shown: "GB33…5555".into(),
            card: None,
            sealed: "sealed".into(),
        },
        required,
        approval_days: None,
        overdraft: Overdraft::UpTo(Money::zero(eur("1").asset())),
    }
}

pub(super) fn answered(outcome: Outcome) -> Command {
    Command::Answered { seq: Seq::new(1), outcome, resolution: None }
}

fn approved() -> Outcome {
    Outcome::Approved(Approval { provider_id: "p".into(), ..Approval::default() })
}

fn declined() -> Outcome {
    Outcome::Declined(Decline::Response("05".into()))
}

fn reject(by: Approver) -> Command {
    Command::Reject { by, reason: "no".into() }
}

pub(super) fn returned(amount: &str, reference: &str) -> Command {
    Command::Returned { seq: Seq::new(1), moved: eur(amount), reference: reference.into() }
}

/// An operator's word ends an unknown payout, as a yes or a no, and nothing else.
#[test]
fn an_operators_word_ends_what_is_unknown() {
    let resolved = |outcome| {
        let said = Resolution { by: "ann".into(), reason: "seen at the bank's".into(), at: after(2) };
        Command::Answered { seq: Seq::new(1), outcome, resolution: Some(Box::new(said)) }
    };
    let unknown = || sent([answered(Outcome::Unknown(Doubt::TimedOut))]);
    for (withdrawal, outcome, expected) in [
        (unknown(), approved(), "paid withdrawal_paid"),
        (unknown(), Outcome::NotSent, "failed withdrawal_released"),
        (unknown(), declined(), "declined withdrawal_released"),
        (unknown(), Outcome::Pending, "NotUnknown"),
        (sent([]), approved(), "NotUnknown"),
        (sent([answered(approved())]), Outcome::NotSent, "NotUnknown"),
        (run([Command::Confirm(confirmation(1))]), approved(), "NoSuchOperation"),
    ] {
        let told = match decide(&withdrawal, resolved(outcome.clone()), after(3)) {
            Err(refusal) => format!("{refusal:?}"),
            Ok(decision) => {
                let payout = decision.withdrawal.payout.as_ref().expect("it was sent");
                assert_eq!(payout.resolution.as_ref().map(|said| said.by.as_str()), Some("ann"));
                let booked = decision.effects.iter().find_map(|effect| match effect {
                    Effect::Post(entry) => Some(entry.event),
                    Effect::Call(_) | Effect::LookUp(_) | Effect::Floor { .. } | Effect::Notify { .. } => None,
                });
                format!("{} {}", decision.withdrawal.word().text(), booked.unwrap_or_default())
            }
        };
        assert_eq!(told, expected, "{outcome:?}");
    }
}

fn run(commands: impl IntoIterator<Item = Command>) -> Withdrawal {
    let step =
        |withdrawal, command| decide(&withdrawal, command, after(1)).expect("a story that can happen").withdrawal;
    commands.into_iter().fold(created(), step)
}

fn sent(commands: impl IntoIterator<Item = Command>) -> Withdrawal {
    run([Command::Confirm(confirmation(1)), Command::Approve(Approver::Api)].into_iter().chain(commands))
}

fn states() -> Vec<(&'static str, Withdrawal)> {
    use Command::{Approve, Cancel, Confirm};
    let in_two_days = Confirmation { approval_days: Some(2), ..confirmation(1) };
    vec![
        ("created", created()),
        ("awaiting_approval", run([Confirm(confirmation(1))])),
        ("awaiting_approval, two days", run([Confirm(in_two_days)])),
        ("awaiting_approval, four eyes", run([Confirm(confirmation(2))])),
        ("awaiting_approval, one of four eyes", run([Confirm(confirmation(2)), Approve(Approver::Api)])),
        ("approved by itself", run([Confirm(confirmation(0))])),
        ("approved by the API", sent([])),
        ("approved in the portal", run([Confirm(confirmation(1)), Approve(Approver::User(7))])),
        ("sent", sent([answered(Outcome::Pending)])),
        ("unknown", sent([answered(Outcome::Unknown(Doubt::TimedOut))])),
        ("paid", sent([answered(approved())])),
        ("returned in part", sent([answered(approved()), returned("4.00", "a")])),
        ("returned", sent([answered(approved()), returned("10.00", "a")])),
        ("declined", sent([answered(declined())])),
        ("failed", sent([answered(Outcome::NotSent)])),
        ("failed, and paid after all", sent([answered(Outcome::NotSent), answered(approved())])),
        ("rejected by the API", run([Confirm(confirmation(1)), reject(Approver::Api)])),
        ("rejected in the portal", run([Confirm(confirmation(1)), reject(Approver::User(7))])),
        ("cancelled", run([Cancel])),
    ]
}

fn commands() -> Vec<(&'static str, Command, Timestamp)> {
    let soon = after(2);
    let challenge = Outcome::NeedsPayer(PayerStep::page(StepKind::Challenge, "/sim"));
    let other_operation = Command::Answered { seq: Seq::new(2), outcome: approved(), resolution: None };
    let unlimited = Confirmation { overdraft: Overdraft::Unlimited, ..confirmation(1) };
    vec![
        ("confirm", Command::Confirm(confirmation(1)), soon),
        ("confirm, nobody has to approve", Command::Confirm(confirmation(0)), soon),
        ("confirm, no bound", Command::Confirm(unlimited), soon),
        ("confirm too late", Command::Confirm(confirmation(1)), after(1800)),
        ("approve by API", Command::Approve(Approver::Api), soon),
        ("approve by user 7", Command::Approve(Approver::User(7)), soon),
        ("reject by API", reject(Approver::Api), soon),
        ("reject by user 7", reject(Approver::User(7)), soon),
        ("cancel", Command::Cancel, soon),
        ("answer: approved", answered(approved()), soon),
        ("answer: declined", answered(declined()), soon),
        ("answer: cancelled", answered(Outcome::Cancelled), soon),
        ("answer: challenge", answered(challenge), soon),
        ("answer: pending", answered(Outcome::Pending), soon),
        ("answer: not sent", answered(Outcome::NotSent), soon),
        ("answer: not found", answered(Outcome::NotFound), soon),
        ("answer: not found after 2 min", answered(Outcome::NotFound), after(120)),
        ("answer: unknown", answered(Outcome::Unknown(Doubt::TimedOut)), soon),
        ("answer about another operation", other_operation, soon),
        ("returned 4.00", returned("4.00", "b"), soon),
        ("returned 10.00", returned("10.00", "b"), soon),
        ("returned 11.00", returned("11.00", "b"), soon),
        ("returned 10.00 again", returned("10.00", "a"), soon),
        ("wake after 31 s", Command::Wake, after(32)),
        ("wake after 31 min", Command::Wake, after(1861)),
        ("wake after 3 days", Command::Wake, after(3 * 86_400)),
    ]
}

fn show(before: &Withdrawal, decision: Result<Decision, Refusal>, now: Timestamp) -> String {
    let Decision { withdrawal, effects } = match decision {
        Ok(decision) => decision,
        Err(refusal) => return format!("refused: {refusal}"),
    };
    if &withdrawal == before && effects.is_empty() {
        return "nothing".to_owned();
    }
    let mut parts = vec![withdrawal.word().text().to_owned()];
    for effect in effects {
        parts.push(match effect {
            Effect::Call(seq) => {
                let operation = withdrawal.operation(seq).expect("it was just stored");
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
    if let Some(at) = withdrawal.wake_at() {
        parts.push(format!("wake +{} s", at.duration_since(now).as_secs()));
    }
    parts.join("; ")
}

#[test]
fn every_state_against_every_command() {
    let mut table = String::new();
    for (name, withdrawal) in states() {
        table.push_str(&format!("\n{name}\n"));
        for (command, what, now) in commands() {
            let decision = decide(&withdrawal, what, now);
            table.push_str(&format!("  {command} => {}\n", show(&withdrawal, decision, now)));
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn the_account_is_forgotten_when_the_payout_is_decided() {
    let sealed = |withdrawal: &Withdrawal| withdrawal.plan.as_ref().map(|plan| plan.destination.sealed.clone());
    assert_eq!(sealed(&sent([answered(Outcome::Unknown(Doubt::TimedOut))])).as_deref(), Some("sealed"));
    for end in [sent([answered(approved())]), sent([answered(declined())]), sent([answered(Outcome::NotSent)])] {
        assert_eq!(sealed(&end).as_deref(), Some(""));
    }
}

#[test]
fn a_conversion_is_rounded_down_for_the_payer() {
    let gbp = Asset::from_code("GBP").expect("a known asset");
    let mut converting = confirmation(0);
    converting.route.conversion = Some((gbp, crate::fx::Rate::parse("0.856").expect("a rate")));
    let mut withdrawal = created();
    withdrawal.asked = eur("10.05");
    let begun = decide(&withdrawal, Command::Confirm(converting.clone()), after(1)).expect("confirmed").withdrawal;
    let payout = begun.payout.expect("nobody has to approve");
    assert_eq!((payout.moved, payout.status), (Money::new(860, gbp), OperationStatus::Pending));
    withdrawal.asked = eur("0.01");
    let nothing = decide(&withdrawal, Command::Confirm(converting), after(1));
    assert_eq!(nothing.err(), Some(Refusal::BadAmount), "a payout of nothing");
}
