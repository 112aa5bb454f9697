//! Totals and linked operations of payments with a history.

use jiff::{SignedDuration, Timestamp};

use super::{Linked, Totals};
use crate::payment::{
    Approval, Attempt, CaptureMode, Circumstances, Command, Decline, Details, Dialect, Means, Mode, Outcome, Payment,
    Retry, Route, Seq, State, Times, decide,
};
use crate::routing::{Method, ProviderId};
use crate::{Asset, MerchantId, Money, PaymentId};

fn eur(text: &str) -> Money {
    Money::parse(text, Asset::from_code("EUR").expect("a known asset")).expect("an amount")
}

/// An authorisation of 10.00 EUR with this history, a second a step.
fn payment(history: impl IntoIterator<Item = Command>) -> Payment {
    let route =
        Route { provider: ProviderId::new(210), code: "s".into(), name: "S".into(), conversion: None, trail: None };
    let means = Means::of(Method::Card);
    let created = Payment {
        id: PaymentId::from_number(1),
        merchant: MerchantId::from_number(1),
        mode: Mode::Dev,
        dialect: Dialect::V3,
        created_at: Timestamp::UNIX_EPOCH,
        asked: eur("10.00"),
        capture: CaptureMode::Later,
        retry: Retry::Never,
        times: Times::default(),
        state: State::Created,
        operations: Vec::new(),
        chargebacks: Vec::new(),
        announced: None,
        details: Details::default(),
    };
    let attempt = Command::Attempt(Attempt { route, means, circumstances: Circumstances::default(), amount: None });
    let mut now = Timestamp::UNIX_EPOCH;
    std::iter::once(attempt).chain(history).fold(created, |payment, command| {
        now += SignedDuration::from_secs(1);
        decide(&payment, command, now).expect("a story that can happen").payment
    })
}

fn ok(seq: u16) -> Command {
    let report = Outcome::Approved(Approval::default()).into();
    Command::Answered { seq: Seq::new(seq), report, fallback: None }
}

fn no(seq: u16) -> Command {
    let report = Outcome::Declined(Decline::Response("05".into())).into();
    Command::Answered { seq: Seq::new(seq), report, fallback: None }
}

fn struck(seq: u16, amount: &str, reference: &str) -> Command {
    Command::ChargedBack { seq: Seq::new(seq), moved: eur(amount), reference: reference.into() }
}

#[test]
fn totals_tell_what_is_done() {
    let capture = |amount| Command::Capture(eur(amount));
    let refund = |amount| Command::refund(eur(amount));
    let cases: Vec<(Vec<Command>, [&str; 5])> = vec![
        (vec![], ["0.00", "0.00", "0.00", "0.00", "0.00"]),
        (vec![no(1)], ["0.00", "0.00", "0.00", "0.00", "0.00"]),
        (vec![ok(1), capture("4.00")], ["10.00", "0.00", "0.00", "0.00", "0.00"]),
        (vec![ok(1), capture("4.00"), ok(2), refund("1.00")], ["10.00", "4.00", "0.00", "0.00", "0.00"]),
        (vec![ok(1), Command::Reverse, ok(2)], ["10.00", "0.00", "0.00", "10.00", "0.00"]),
        (
            vec![
                ok(1),
                Command::CaptureFinal(eur("7.00")),
                ok(2),
                ok(3),
                refund("2.00"),
                ok(4),
                struck(2, "1.00", "a"),
            ],
            ["10.00", "7.00", "2.00", "3.00", "1.00"],
        ),
    ];
    for (history, expected) in cases {
        let what = format!("{history:?}");
        let Totals { authorised, captured, refunded, reversed, charged_back } = payment(history).totals();
        let told = [authorised, captured, refunded, reversed, charged_back].map(|money| money.decimal());
        assert_eq!(told, expected.map(str::to_owned), "{what}");
    }
}

#[test]
fn linked_operations_are_listed_oldest_first() {
    let payment = payment([
        ok(1),
        Command::Capture(eur("4.00")),
        no(2),
        Command::Capture(eur("4.00")),
        ok(3),
        struck(3, "1.00", "a"),
        Command::refund(eur("1.00")),
        struck(3, "0.50", "b"),
    ]);
    let linked = payment.linked();
    let told = linked.iter().map(|linked| match linked {
        Linked::Operation(operation) => format!("{:?} {}", operation.kind, operation.seq.number()),
        Linked::Chargeback { seq, chargeback } => format!("chargeback {} {}", seq.number(), chargeback.reference),
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        ["Capture 2", "Capture 3", "chargeback 960 a", "Refund 4", "chargeback 961 b"]
    );
    let found = payment.chargeback(Seq::new(961)).map(|chargeback| chargeback.reference.as_str());
    assert_eq!((found, payment.chargeback(Seq::new(962)), payment.chargeback(Seq::new(3))), (Some("b"), None, None));
}

/// What a merchant is told whose answer was lost does not depend on when it asks again.
#[test]
fn as_sent_is_the_same_whatever_came_after() {
    let sent = payment([ok(1), Command::Capture(eur("4.00")), ok(2), Command::refund(eur("1.00"))]);
    let mut later = sent.clone();
    for command in [ok(3), Command::refund(eur("2.00")), ok(4), struck(2, "1.00", "a"), Command::Capture(eur("6.00"))] {
        later =
            decide(&later, command, Timestamp::UNIX_EPOCH + SignedDuration::from_secs(60)).expect("it fits").payment;
        assert_eq!(later.as_sent(Seq::new(3)), sent.as_sent(Seq::new(3)));
    }
    assert_eq!(sent.as_sent(Seq::new(3)).totals(), sent.totals());
}
