//! What a registration is after what its first payment went through, as a table.

use jiff::{SignedDuration, Timestamp};

use super::{Registration, Word, retained_from};
use crate::card::{Brand, CardSummary, Expiry};
use crate::payment::{
    AmountChoice, Approval, Attempt, CaptureMode, Circumstances, Command, Decline, Details, Dialect, Doubt, Means,
    Mode, Outcome, PayerStep, Payment, Retry, Route, Seq, State, StepKind, Times, decide,
};
use crate::routing::{Method, ProviderId};
use crate::{Asset, MerchantId, Money, PaymentId, RegistrationId};

const START: Timestamp = Timestamp::UNIX_EPOCH;
const OURS: RegistrationId = RegistrationId::from_number(2);
const OTHER: RegistrationId = RegistrationId::from_number(3);

fn ours() -> Registration {
    Registration {
        id: OURS,
        merchant: MerchantId::from_number(1),
        mode: Mode::Dev,
        dialect: Dialect::V3,
        created_at: START,
        first_payment: Some(PaymentId::from_number(1)),
        customer: None,
        card: CardSummary {
            bin: "411111".into(),
            last4: "1111".into(),
            brand: Brand::Visa,
            expiry: Expiry { month: 5, year: 2034 },
        },
        fingerprint: Some([1; 16]),
        retained_until: retained_from(START),
        deleted_at: None,
    }
}

/// A session of three attempts, in which the payer may choose another card each time.
fn session() -> Payment {
    let until = START + SignedDuration::from_secs(1_800);
    Payment {
        id: PaymentId::from_number(1),
        merchant: MerchantId::from_number(1),
        mode: Mode::Dev,
        dialect: Dialect::V3,
        created_at: START,
        asked: eur("10.00"),
        capture: CaptureMode::Now,
        retry: Retry::Session { attempts_max: 3, until, amount: AmountChoice::Fixed },
        times: Times::default(),
        state: State::Created,
        operations: Vec::new(),
        chargebacks: Vec::new(),
        announced: None,
        details: Details::default(),
    }
}

fn eur(text: &str) -> Money {
    Money::parse(text, Asset::from_code("EUR").expect("a known asset")).expect("an amount")
}

fn with(registration: RegistrationId) -> Attempt {
    Attempt {
        route: Route {
            provider: ProviderId::new(210),
            code: "sim".into(),
            name: "Sim".into(),
            conversion: None,
            trail: None,
        },
        means: Means { registration: Some(registration), ..Means::of(Method::Card) },
        circumstances: Circumstances::default(),
        amount: None,
    }
}

fn answered(seq: u16, outcome: Outcome, fallback: Option<Attempt>) -> Command {
    Command::Answered { seq: Seq::new(seq), report: outcome.into(), fallback }
}

#[test]
fn its_word_follows_from_the_attempts_with_its_card() {
    let tried = || Command::Attempt(with(OURS));
    let yes = |seq| answered(seq, Outcome::Approved(Approval::default()), None);
    let no = |seq| answered(seq, Outcome::Declined(Decline::Response("05".into())), None);
    let challenge = PayerStep::page(StepKind::Challenge, "/sim");
    let cascade = answered(1, Outcome::Declined(Decline::Response("05".into())), Some(with(OURS)));
    let refund = Command::refund(eur("10.00"));
    for (story, commands, expected) in [
        ("just sent", vec![tried()], Word::Pending),
        ("unknown", vec![tried(), answered(1, Outcome::Unknown(Doubt::TimedOut), None)], Word::Pending),
        ("challenged", vec![tried(), answered(1, Outcome::NeedsPayer(challenge), None)], Word::Pending),
        ("approved", vec![tried(), yes(1)], Word::Active),
        ("approved and given back", vec![tried(), yes(1), refund, yes(2)], Word::Active),
        ("declined", vec![tried(), no(1)], Word::Declined),
        ("declined, another provider is asked", vec![tried(), cascade.clone()], Word::Pending),
        ("declined, another provider says yes", vec![tried(), cascade, yes(2)], Word::Active),
        ("not sent", vec![tried(), answered(1, Outcome::NotSent, None)], Word::Declined),
        ("given up", vec![tried(), answered(1, Outcome::Cancelled, None)], Word::Declined),
        (
            "declined, then paid with another card",
            vec![tried(), no(1), Command::Attempt(with(OTHER)), yes(2)],
            Word::Declined,
        ),
        (
            "paid after another card was declined",
            vec![Command::Attempt(with(OTHER)), no(1), tried(), yes(2)],
            Word::Active,
        ),
    ] {
        let mut payment = session();
        for command in commands {
            payment = decide(&payment, command, START).unwrap_or_else(|refusal| panic!("{story}: {refusal}")).payment;
        }
        let registration = ours();
        assert_eq!(registration.word(Some(&payment)), expected, "{story}");
        let initial = registration.initial(Some(&payment)).is_some();
        assert_eq!(initial, expected == Word::Active, "{story}: a mandate has its initial transaction");
        let deleted = Registration { deleted_at: Some(START), ..registration };
        assert_eq!(deleted.word(Some(&payment)), Word::Deleted, "{story}");
    }
}

#[test]
fn one_made_without_a_payment_is_active() {
    let alone = Registration { first_payment: None, ..ours() };
    assert_eq!((alone.word(None), alone.initial(None)), (Word::Active, None));
}

#[test]
fn it_is_kept_for_24_months_of_the_calendar() {
    for (from, until) in
        [("2026-01-31T12:00:00Z", "2028-01-31T12:00:00Z"), ("2028-02-29T00:00:00Z", "2030-02-28T00:00:00Z")]
    {
        assert_eq!(retained_from(from.parse().expect("a time")).to_string(), until);
    }
    assert_eq!(retained_from(Timestamp::MAX), Timestamp::MAX, "the end of time is not passed");
}

#[test]
fn its_number_is_printed_as_a_payments_is() {
    assert_eq!(RegistrationId::of_reference(OURS.reference()), Some(OURS));
    let operation = crate::public_id::Reference { sequence: 1, ..OURS.reference() };
    assert_eq!(RegistrationId::of_reference(operation), None, "an operation's id names no card");
}
