//! Webhooks: the contract's bodies and signatures, and when each status is told.

use florin_kernel::payment::{Approval, Command, Decline, Doubt, Outcome, PayerStep, Payment, StepKind};

use super::super::notify::{body, signature, status_to_tell};
use super::super::settings::{Edition, Settings, Statuses};
use super::{asked, card_simulator, eur, money, sent, tell, told, tried};

const PASSWORD: &str = "spg_test_companyxxxxQyGAheyMqcHVmp8ZMQtkYcev27sCu7RF";
const BODY_A: &str = r#"{"transaction_id":"r21nmrtpcmrcava","user_id":"1111222","tracking_id":"b8f04416-116a-11ed-861d-0242ac120002","status":"rejected","currency":"GBP","amount":"200.00","transaction_type":"withdrawal"}"#;
const BODY_B: &str = r#"{"transaction_id":"g7xp8kudinz3tyi","user_id":"U123","tracking_id":"fb832194-34e1-4e6c-8494-d88034cf3e47","status":"rejected","currency":"EUR","amount":"10.05","transaction_type":"deposit","provider":"simulator","rejected_reason":"Insufficient funds"}"#;

fn yes() -> Outcome {
    Outcome::Approved(Approval::default())
}

fn no(code: &str) -> Outcome {
    Outcome::Declined(Decline::Response(code.into()))
}

/// Section 14.3, vectors A and B.
#[test]
fn signatures() {
    assert_eq!(signature(BODY_A, PASSWORD), "5FDDA8F46411C132DCFBEE53C39BA06298CB48BC");
    assert_eq!(signature(BODY_B, PASSWORD), "093FF6D23E31424955014F17140AAE293DD76FEB");
}

#[test]
fn bodies() {
    let mut payment = tried(eur("10.05"), no("51"));
    payment.details.payer.user_id = "U123".into();
    assert_eq!(body("g7xp8kudinz3tyi", &payment, "rejected", Edition::Nested), BODY_B);
    let flat = BODY_B.replace(r#","provider":"simulator","rejected_reason":"Insufficient funds""#, "");
    assert_eq!(body("g7xp8kudinz3tyi", &payment, "rejected", Edition::Flat), flat);
    let expired = body("g7xp8kudinz3tyi", &payment, "expired", Edition::Nested);
    assert!(expired.ends_with(r#""transaction_type":"deposit","provider":"simulator"}"#), "{expired}");
    let untried = body("g7xp8kudinz3tyi", &asked(eur("10")), "pending", Edition::Nested);
    assert!(untried.ends_with(r#""amount":"10.00","transaction_type":"deposit"}"#), "{untried}");
}

#[test]
fn amounts_have_the_currencys_decimals() {
    for (amount, code, expected) in [("200", "EUR", "200.00"), ("200", "JPY", "200"), ("200", "KWD", "200.000")] {
        let text = body("g7xp8kudinz3tyi", &tried(money(amount, code), yes()), "successful", Edition::Flat);
        assert!(text.contains(&format!("\"currency\":\"{code}\",\"amount\":\"{expected}\"")), "{text}");
    }
}

#[test]
fn bodies_are_ascii() {
    let mut payment = asked(eur("10"));
    payment.details.payer.user_id = "a\"b\\c/\u{1}é😀".into();
    let text = body("g7xp8kudinz3tyi", &payment, "pending", Edition::Nested);
    assert!(text.contains(r#""user_id":"a\"b\\c/\u0001\u00e9\ud83d\ude00""#), "{text}");
    let read: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(read["user_id"], "a\"b\\c/\u{1}é😀");
}

/// What a payment's life sends, change by change.
#[derive(Default)]
struct Outbox {
    settings: Settings,
    sent: Vec<&'static str>,
}

impl Outbox {
    fn extended() -> Outbox {
        Outbox { settings: Settings { extended_statuses: Statuses::Extended, ..Settings::default() }, sent: Vec::new() }
    }

    fn change(&mut self, before: &Payment, after: Payment) -> Payment {
        let status = status_to_tell(before, &after, &self.settings);
        self.sent.extend(status);
        Payment { announced: status.map(str::to_owned).or(after.announced.clone()), ..after }
    }

    fn live(&mut self, outcomes: impl IntoIterator<Item = Outcome>) -> Payment {
        let new = asked(eur("10.05"));
        let mut payment = self.change(&new, sent(new.clone(), card_simulator()));
        for outcome in outcomes {
            payment = self.change(&payment, told(&payment, outcome));
        }
        payment
    }
}

/// Section 14.1.
#[test]
fn when_it_is_told() {
    let check = |outcomes: &[Outcome], expected: &[&str]| {
        let mut outbox = Outbox::default();
        outbox.live(outcomes.iter().cloned());
        assert_eq!(outbox.sent, expected, "{outcomes:?}");
    };
    let step = |kind| Outcome::NeedsPayer(PayerStep::page(kind, "/sim/x"));
    check(&[], &[]);
    check(&[yes()], &["successful"]);
    check(&[no("51")], &["rejected"]);
    check(&[Outcome::NotSent], &["rejected"]);
    check(&[Outcome::Unknown(Doubt::Garbled), yes()], &["pending", "successful"]);
    check(
        &[Outcome::Unknown(Doubt::Garbled), Outcome::Unknown(Doubt::Garbled), Outcome::Pending, no("05")],
        &["pending", "rejected"],
    );
    check(&[Outcome::Pending, Outcome::Pending, yes(), yes()], &["pending", "successful"]);
    check(&[step(StepKind::Challenge), yes()], &["pending", "successful"]);
    check(&[step(StepKind::Redirect), Outcome::Pending, Outcome::Cancelled], &["pending", "rejected"]);
    check(&[step(StepKind::Redirect), Outcome::Unknown(Doubt::Garbled), yes()], &["pending", "successful"]);
}

#[test]
fn refunds_show_only_with_extended_statuses() {
    let live = |mut outbox: Outbox| {
        let mut payment = outbox.live([yes()]);
        for amount in ["4.00", "1.05", "5.00"] {
            payment = outbox.change(&payment, tell(&payment, Command::refund(eur(amount))));
            payment = outbox.change(&payment, told(&payment, yes()));
        }
        outbox.sent
    };
    assert_eq!(live(Outbox::default()), ["successful"]);
    assert_eq!(live(Outbox::extended()), ["successful", "partially_refunded", "refunded"]);
    let mut outbox = Outbox::extended();
    outbox.live([Outcome::Pending, Outcome::Cancelled]);
    assert_eq!(outbox.sent, ["pending", "cancelled"]);
}
