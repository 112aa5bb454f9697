//! Small payments, claims and changesets that the cases are told with.

use crate::{
    Changeset, Claim, Delivery, DeliveryResult, EntryWrite, EventWrite, Floor, Form, PaymentWrite, Store, Verdict,
};
use florin_kernel::coin::{
    self, ChainNews, CoinPayment, Derivation, Late, LateFacts, Over, Price, Requirement, ScreeningRule, Terms, Under,
    Units,
};
use florin_kernel::ledger::chart::{self, Movement};
use florin_kernel::ledger::{Account, Entry};
use florin_kernel::payment::{
    AmountChoice, CaptureMode, Details, Dialect, Effect, Funds, Mode, Payment, Retry, Route, State, Times,
};
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::{Block, Outpoint, Place, Sighting};
use florin_kernel::routing::{Method, ProviderId};
use florin_kernel::withdrawal::{self, Command, Confirmation, Destination, Overdraft, Withdrawal};
use florin_kernel::{Aggregate, Asset, Coin, CredentialId, EventId, MerchantId, Money, PaymentId, Timestamp};
use std::sync::Arc;
use tokio::task::JoinSet;

/// A moment, in milliseconds after the suite's beginning of time.
pub fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + ms).expect("the year 2027")
}

/// An amount in euro cents.
pub fn cents(minor: i64) -> Money {
    Money::new(minor, Asset::currency("EUR").expect("the euro is a currency"))
}

/// A payment of merchant 1, made at its number's millisecond; it asks for 10.00 EUR and nothing was tried.
pub fn payment(number: i64) -> Payment {
    Payment {
        id: PaymentId::from_number(number),
        merchant: MerchantId::from_number(1),
        mode: Mode::Live,
        dialect: Dialect::V3,
        created_at: at(number),
        asked: cents(1_000),
        capture: CaptureMode::Now,
        retry: Retry::Never,
        times: Times::default(),
        state: State::Created,
        operations: Vec::new(),
        chargebacks: Vec::new(),
        announced: None,
        details: Details { reference: format!("order-{number}"), ..Details::default() },
    }
}

/// A payment that wakes then.
pub fn sleeping(number: i64, until: Timestamp) -> Payment {
    Payment { retry: Retry::Session { attempts_max: 3, until, amount: AmountChoice::Fixed }, ..payment(number) }
}

/// A withdrawal of 10.00 EUR of merchant 1, made at its number's millisecond; its payer has half an hour.
pub(crate) fn withdrawal(number: i64) -> Withdrawal {
    Withdrawal {
        id: PaymentId::from_number(number),
        merchant: MerchantId::from_number(1),
        mode: Mode::Live,
        dialect: Dialect::Cashier,
        created_at: at(number),
        asked: cents(1_000),
        funding: withdrawal::Funding::Balance,
        state: withdrawal::State::Created { until: at(1_800_000) },
        plan: None,
        approvals: Vec::new(),
        payout: None,
        returns: Vec::new(),
        announced: None,
        details: Details { reference: format!("withdrawal-{number}"), ..Details::default() },
    }
}

/// A payment of 48.25 EUR in bitcoin, of merchant 1, made at its number's millisecond, with an address of its own.
pub(crate) fn coin_payment(number: i64) -> CoinPayment {
    let index = u32::try_from(number).expect("a small number");
    let mid = florin_kernel::fx::Rate::parse("61234.5678").expect("a rate");
    let price = Price::quote(cents(4_825), Coin::Btc, mid, 100, Units::new(152), 0).expect("a price");
    let requirements = vec![Requirement { up_to: None, confirmations: 1, finalised: false }];
    CoinPayment {
        id: PaymentId::from_number(number),
        merchant: MerchantId::from_number(1),
        mode: Mode::Live,
        dialect: Dialect::Crypto,
        created_at: at(number),
        public_id: format!("public-{number}"),
        order: None,
        price,
        network: "bitcoin".to_owned(),
        address: format!("address-{number}"),
        derived: Derivation { account: "account".to_owned(), index },
        terms: Terms {
            grace_s: 30,
            top_up_s: 900,
            tolerance_bps: 0,
            under: Under::default(),
            over: Over::default(),
            late: Late::default(),
            screening: ScreeningRule::default(),
            requirements,
            zero_confirmation: None,
            refund_minimum: Units::new(1_000),
            refund_confirmations: 2,
            simulated_refusal: None,
        },
        deadline: at(900_000),
        topped_up: false,
        deadline_over: false,
        state: coin::State::Waiting,
        acceptance: None,
        deposits: Vec::new(),
        refunds: Vec::new(),
        alert: None,
        tip: None,
        final_height: None,
        confirmed_at: None,
        recheck_at: None,
        announced: None,
        details: Details { reference: format!("order-{number}"), ..Details::default() },
    }
}

/// The coin payment with exactly what it asks for in a block, and the changeset that says so from a version on.
pub(crate) fn coins_confirmed(made: &CoinPayment, version: i64, height: u64) -> (CoinPayment, Changeset) {
    let block = Block { height, hash: format!("block-{height}"), time: at(1_000) };
    let sighting = Sighting {
        address: made.address.clone(),
        coin: Coin::Btc,
        outpoint: Outpoint { txid: format!("tx-{}", made.id.number()), index: 0 },
        units: made.price.amount(),
        place: Place::Block(block.clone()),
        frailty: None,
        seen_at: at(1_000),
    };
    let news = ChainNews {
        tip: block,
        final_height: None,
        synced_at: at(1_000),
        replaced_from: None,
        sightings: vec![sighting],
        screened: false,
        late: LateFacts { rate: None, order: coin::Order::Open },
    };
    let decision = coin::decide(made, coin::Command::Chain(news), at(1_000)).expect("coins may always come");
    let entries = decision.effects.iter().filter_map(|effect| match effect {
        Effect::Post(entry) => Some(EntryWrite { payment: made.id, at: at(1_000), entry: entry.clone() }),
        Effect::Call(_) | Effect::LookUp(_) | Effect::Floor { .. } | Effect::Notify { .. } => None,
    });
    let changeset = Changeset {
        entries: entries.collect(),
        payments: vec![PaymentWrite::update(&decision.payment, version)],
        ..Changeset::default()
    };
    (decision.payment, changeset)
}

/// The withdrawal confirmed by its payer, and the changeset that says so from version 1 on, if the merchant then still has at
/// least `minimum` cents.
pub(crate) fn confirming(made: &Withdrawal, minimum: i64) -> (Withdrawal, Changeset) {
    let route =
        Route { provider: ProviderId::new(3), code: "bank".into(), name: "Bank".into(), conversion: None, trail: None };
    let destination =
        Destination { method: Method::BankTransfer, shown: "…5555".into(), card: None, sealed: String::new() };
    let overdraft = Overdraft::UpTo(cents(-minimum));
    let confirmation = Confirmation { route, destination, required: 1, approval_days: None, overdraft };
    let decision = withdrawal::decide(made, Command::Confirm(confirmation), at(1_000)).expect("it is in time");
    let mut changeset =
        Changeset { payments: vec![PaymentWrite::update(&decision.withdrawal, 1)], ..Changeset::default() };
    for effect in decision.effects {
        match effect {
            Effect::Post(entry) => changeset.entries.push(EntryWrite { payment: made.id, at: at(1_000), entry }),
            Effect::Floor { account, minimum } => changeset.floors.push(Floor { book: made.mode, account, minimum }),
            Effect::Call(_) | Effect::LookUp(_) | Effect::Notify { .. } => {}
        }
    }
    (decision.withdrawal, changeset)
}

/// A claim for payment `payment` whose key and digest are filled with a byte each.
pub fn claim(key: u8, digest: u8, payment: i64) -> Claim {
    Claim {
        key: [key; 16],
        digest: [digest; 16],
        payment: PaymentId::from_number(payment),
        sequence: 0,
        at: at(0),
        expires: false,
    }
}

/// A changeset that inserts a payment or withdrawal.
pub fn inserting(payment: &impl Aggregate) -> Changeset {
    Changeset { payments: vec![PaymentWrite::insert(payment)], ..Changeset::default() }
}

/// The payment taken whole, and the changeset that says so from version 1 on.
pub fn capturing(payment: &Payment) -> (Payment, Changeset) {
    let funds =
        Funds { held: cents(0), hold_until: None, captured: payment.asked, refunded: cents(0), charged_back: cents(0) };
    let captured = Payment { state: State::Funded(funds), ..payment.clone() };
    let changeset = Changeset {
        payments: vec![PaymentWrite::update(&captured, 1)],
        entries: vec![posting(payment, chart::captured)],
        ..Changeset::default()
    };
    (captured, changeset)
}

/// An entry of the whole payment.
pub fn posting(payment: &Payment, event: fn(&Movement) -> Entry) -> EntryWrite {
    let movement = Movement {
        book: payment.mode,
        merchant: payment.merchant,
        provider: ProviderId::new(3),
        credited: payment.asked,
        moved: payment.asked,
    };
    EntryWrite { payment: payment.id, at: payment.created_at, entry: event(&movement) }
}

/// Takes the whole payment's money back, if the merchant then still has at least `minimum` cents.
pub(crate) fn refunding_above(payment: &Payment, minimum: i64) -> Changeset {
    let floor =
        Floor { book: payment.mode, account: Account::MerchantAvailable(payment.merchant), minimum: cents(minimum) };
    Changeset { entries: vec![posting(payment, chart::refunded)], floors: vec![floor], ..Changeset::default() }
}

pub(crate) fn event(number: i64, payment: i64, endpoint: &str, due_at: Timestamp) -> EventWrite {
    EventWrite {
        id: EventId::from_number(number),
        payment: PaymentId::from_number(payment),
        lane: Lane::Live,
        credential: CredentialId::from_number(7),
        url: format!("https://{endpoint}/hook"),
        endpoint: endpoint.to_owned(),
        form: Form::default(),
        body: format!("{{\"event\":{number}}}"),
        due_at,
    }
}

pub(crate) fn announcing(events: Vec<EventWrite>) -> Changeset {
    Changeset { events, ..Changeset::default() }
}

/// A retry that no newer event hurries.
pub(crate) fn later(ms: i64) -> DeliveryResult {
    DeliveryResult::Retry { at: at(ms), hurried_after: None }
}

pub(crate) fn delivering(event: i64, at: Timestamp, result: DeliveryResult) -> Changeset {
    let delivery = Delivery {
        event: EventId::from_number(event),
        at,
        latency_ms: 12,
        status: Some(503),
        note: "busy".into(),
        result,
    };
    Changeset { deliveries: vec![delivery], ..Changeset::default() }
}

pub(crate) async fn commit(store: &Arc<dyn Store>, changeset: Changeset) -> Verdict {
    store.commit(changeset).await.expect("the store is available")
}

pub(crate) async fn committed(store: &Arc<dyn Store>, changeset: Changeset) {
    assert_eq!(commit(store, changeset).await, Verdict::Committed);
}

/// Commits all at the same time, so that a driver puts them into few batches; verdicts in the order given.
pub(crate) async fn commit_together(store: &Arc<dyn Store>, changesets: Vec<Changeset>) -> Vec<Verdict> {
    let mut tasks = JoinSet::new();
    let count = changesets.len();
    for (place, changeset) in changesets.into_iter().enumerate() {
        let store = Arc::clone(store);
        tasks.spawn(async move { (place, commit(&store, changeset).await) });
    }
    let mut verdicts = vec![None; count];
    while let Some(done) = tasks.join_next().await {
        let (place, verdict) = done.expect("a commit does not panic");
        verdicts[place] = Some(verdict);
    }
    verdicts.into_iter().flatten().collect()
}

pub(crate) async fn due_events(store: &Arc<dyn Store>, wall: Timestamp, busy: &[&str], in_flight: &[i64]) -> Vec<i64> {
    let busy: Vec<String> = busy.iter().map(|endpoint| (*endpoint).to_owned()).collect();
    let in_flight: Vec<EventId> = in_flight.iter().map(|number| EventId::from_number(*number)).collect();
    let due = store.due_events(wall, 10, &busy, &in_flight).await.expect("the store is available");
    due.iter().map(|event| event.id.number()).collect()
}

pub(crate) async fn due_payments(store: &Arc<dyn Store>, wall: Timestamp, limit: u32) -> Vec<i64> {
    let due = store.due_payments(wall, limit).await.expect("the store is available");
    due.iter().map(|id| id.number()).collect()
}
