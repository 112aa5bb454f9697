//! Payments as the engine writes them, for driving the store directly.

use florin_kernel::card::{Brand, CardSummary, Expiry};
use florin_kernel::payment::{
    Approval, Attempt, CaptureMode, Circumstances, Command, Decision, Details, Dialect, Effect, Means, Mode, Outcome,
    Payer, Payment, Retry, Route, Seq, State, Times, decide,
};
use florin_kernel::routing::{Method, ProviderId};
use florin_kernel::{Asset, CredentialId, MerchantId, Money, PaymentId, Timestamp};
use florin_store::{Answer, Changeset, Claim, EntryWrite, PaymentWrite};

/// A card payment of a demo merchant, numbered `number`, made at `now`, before anything was tried.
pub fn fresh(number: u64, now: Timestamp) -> Payment {
    let details = Details {
        credential: Some(CredentialId::from_number(1)),
        reference: format!("bench-{number:012}"),
        payer: Payer { user_id: "U123".to_owned(), ip: "127.34.125.54".parse().ok(), ..Payer::default() },
        ..Details::default()
    };
    let euro = Asset::from_code("EUR").expect("the euro is known");
    Payment {
        id: PaymentId::at(now.as_millisecond(), number as u32),
        merchant: MerchantId::from_number(1),
        mode: Mode::Dev,
        dialect: Dialect::Cashier,
        created_at: now,
        asked: Money::new(1005, euro),
        capture: CaptureMode::Now,
        retry: Retry::Never,
        times: Times::default(),
        state: State::Created,
        operations: Vec::new(),
        chargebacks: Vec::new(),
        announced: None,
        details,
    }
}

/// The payment sent to a provider: the first of its two commits.
pub fn attempted(payment: &Payment, now: Timestamp) -> Decision {
    let route = Route {
        provider: ProviderId::new(210),
        code: "simulator".to_owned(),
        name: "Card Simulator".to_owned(),
        conversion: None,
        trail: None,
    };
    let card = CardSummary {
        bin: "411111".to_owned(),
        last4: "1111".to_owned(),
        brand: Brand::Visa,
        expiry: Expiry { month: 5, year: 2025 },
    };
    let means = Means { card: Some(card), ..Means::of(Method::Card) };
    decided(
        payment,
        Command::Attempt(Attempt { route, means, circumstances: Circumstances::default(), amount: None }),
        now,
    )
}

/// The provider's yes: the second commit.
pub fn approved(payment: &Payment, now: Timestamp) -> Decision {
    let outcome = Outcome::Approved(Approval {
        provider_id: "9474883d-6c07-4205-8d89-d7ee0a6f3d7a".to_owned(),
        response: "00".to_owned(),
        auth_code: "831000".to_owned(),
        network_id: "481234567890123".to_owned(),
    });
    decided(payment, Command::Answered { seq: Seq::new(1), report: outcome.into(), fallback: None }, now)
}

/// What the first commit writes.
pub fn insertion(decision: &Decision, number: u64) -> Changeset {
    let payment = &decision.payment;
    Changeset {
        claims: vec![claim(payment, number)],
        payments: vec![PaymentWrite::insert(payment)],
        entries: entries(decision),
        ..Changeset::default()
    }
}

/// What the second commit writes.
pub fn completion(decision: &Decision) -> Changeset {
    let body = r#"{"url":"","transaction_status":"successful"}"#.to_owned();
    let write = PaymentWrite::update(&decision.payment, 1).answered(Some(Answer { status: 200, body }));
    Changeset { payments: vec![write], entries: entries(decision), ..Changeset::default() }
}

fn decided(payment: &Payment, command: Command, now: Timestamp) -> Decision {
    decide(payment, command, now).expect("a fresh payment may be tried and approved")
}

fn claim(payment: &Payment, number: u64) -> Claim {
    Claim {
        key: scattered(number),
        digest: scattered(!number),
        payment: payment.id,
        sequence: 0,
        at: payment.created_at,
        expires: false,
    }
}

fn entries(decision: &Decision) -> Vec<EntryWrite> {
    let (payment, at) = (decision.payment.id, decision.payment.created_at);
    let post = |effect: &Effect| match effect {
        Effect::Post(entry) => Some(EntryWrite { payment, at, entry: entry.clone() }),
        Effect::Call(_) | Effect::LookUp(_) | Effect::Floor { .. } | Effect::Notify { .. } => None,
    };
    decision.effects.iter().filter_map(post).collect()
}

/// A key that falls anywhere in its index, as keyed digests do (the finaliser of SplitMix64, twice).
fn scattered(number: u64) -> [u8; 16] {
    let mix = |number: u64| {
        let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let mut key = [0; 16];
    key[..8].copy_from_slice(&mix(number).to_be_bytes());
    key[8..].copy_from_slice(&mix(number ^ 0x5555_5555_5555_5555).to_be_bytes());
    key
}
