//! Look-ups whose answers are old news when they come, and answers that must not change when they are given again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use florin_engine::announce::Announcer;
use florin_engine::clock::Clocks;
use florin_engine::keys::MasterKey;
use florin_engine::mail::Mailers;
use florin_engine::outgoing::{Guard, Outgoing};
use florin_engine::vault::keys::VaultKeys;
use florin_engine::vault::{OnFile, Vault};
use florin_engine::{ClaimRequest, Engine, NewPayment, Parts, Render, setup};
use florin_kernel::PaymentId;
use florin_kernel::payment::{
    CaptureMode, Circumstances, Decline, Details, Dialect, Doubt, OperationKind, Outcome, PayerStep, Payment, Report,
    Retry, State, StepKind, Times,
};
use florin_kernel::ports::{AccountSetting, Call, CallbackError, Lane, Notice, Provider, RawCallback, Secrecy};
use florin_kernel::routing::{Candidate, Capabilities, Method, ProviderAccount, Trail};
use florin_store::memory::MemoryStore;
use florin_store::{Answer, Store};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;

use crate::world::{OWNER, account, eur};

/// An answer that says nothing.
pub const UNCLEAR: Outcome = Outcome::Unknown(Doubt::Garbled);

/// A provider that says what it is told to, each answer when a permit is given.
pub struct Scripted {
    says: Mutex<VecDeque<Outcome>>,
    pub permits: Semaphore,
    asked: Semaphore,
}

impl Scripted {
    async fn next(&self) -> Report {
        self.asked.add_permits(1);
        self.permits.acquire().await.expect("never closed").forget();
        self.says.lock().expect("no panic").pop_front().unwrap_or(UNCLEAR).into()
    }

    /// Waits until somebody asks.
    pub async fn is_asked(&self) {
        self.asked.acquire().await.expect("never closed").forget();
    }
}

#[async_trait]
impl Provider for Scripted {
    fn name(&self) -> &'static str {
        "simulator"
    }

    fn capabilities(&self, _account: &ProviderAccount) -> Capabilities {
        let operations = vec![OperationKind::Sale, OperationKind::Payout];
        Capabilities { operations, takes_cards: true, takes_vouchers: false, has_page: true }
    }

    fn account_settings(&self) -> &'static [AccountSetting] {
        &[
            AccountSetting { name: "site", label: "Site", hint: "Whose.", secrecy: Secrecy::Open },
            AccountSetting { name: "api_key", label: "API key", hint: "Theirs.", secrecy: Secrecy::Sealed },
        ]
    }

    async fn execute(&self, _call: &Call) -> Report {
        self.next().await
    }

    async fn look_up(&self, _call: &Call) -> Report {
        self.next().await
    }

    fn parse_callback(&self, _raw: &RawCallback) -> Result<Vec<Notice>, CallbackError> {
        Err(CallbackError::Malformed)
    }
}

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

pub async fn engine_with(
    store: Arc<MemoryStore>,
    says: impl IntoIterator<Item = Outcome>,
) -> (Arc<Engine>, Arc<Scripted>) {
    announcing(store, says, Vec::new(), Clocks::default()).await
}

/// As [`engine_with`], with somebody who tells merchants what happens, on clocks of its own.
pub async fn announcing(
    store: Arc<MemoryStore>,
    says: impl IntoIterator<Item = Outcome>,
    announcers: Vec<(Dialect, Arc<dyn Announcer>)>,
    clocks: Clocks,
) -> (Arc<Engine>, Arc<Scripted>) {
    let says = Mutex::new(says.into_iter().collect());
    let provider = Arc::new(Scripted { says, permits: Semaphore::new(0), asked: Semaphore::new(0) });
    let rows = [account(210, &[]), account(215, &[])].iter().map(setup::provider_row).collect();
    store.put_config(rows).await.expect("configured");
    let parts = Parts {
        store,
        master_key: MasterKey::from_hex(KEY).expect("a key"),
        vault: Vault::fixed(VaultKeys::generate()),
        clocks: Arc::new(clocks),
        providers: vec![provider.clone()],
        coins: florin_engine::CoinPorts::default(),
        announcers,
        correspondents: Vec::new(),
        mailers: Mailers::default(),
        courier: Arc::new(Outgoing::new(Guard::default())),
        guard: Guard::default(),
        node: 1,
        public_url: "http://127.0.0.1".into(),
    };
    (Engine::new(parts).await.expect("an engine"), provider)
}

pub fn request(engine: &Engine, render: Render) -> NewPayment {
    let payment = Payment {
        id: engine.new_payment_id(),
        merchant: OWNER.merchant,
        mode: OWNER.mode,
        dialect: Dialect::Cashier,
        created_at: engine.now(Lane::of(OWNER.merchant, OWNER.mode)),
        asked: eur("10.00"),
        capture: CaptureMode::Now,
        retry: Retry::Never,
        times: Times::default(),
        state: State::Created,
        operations: Vec::new(),
        chargebacks: Vec::new(),
        announced: None,
        details: Details::default(),
    };
    let accounts = [account(210, &[]), account(215, &[])].map(Arc::new).to_vec();
    NewPayment {
        payment: Box::new(payment),
        claims: vec![ClaimRequest::reference("order")],
        digest: [1; 16],
        candidate: Candidate { accounts, cascade: true, auto_approval: None, trail: Trail::default() },
        method: Method::Card,
        brand: String::new(),
        circumstances: Circumstances::default(),
        card: None,
        on_file: OnFile::Not,
        render,
    }
}

pub async fn word(engine: &Engine, id: PaymentId) -> &'static str {
    engine.find(OWNER, id).await.expect("the store answers").expect("a payment").word().text()
}

pub async fn pass(engine: &Engine, seconds: i64) {
    engine.advance_clock(OWNER.merchant, SignedDuration::from_secs(seconds)).await.expect("the clock moves");
}

#[tokio::test]
async fn a_test_clock_ends_with_the_century() {
    let (engine, _) = engine_with(Arc::new(MemoryStore::new()), [UNCLEAR]).await;
    let lane = Lane::Dev(OWNER.merchant);
    for _ in 0..12 {
        pass(&engine, 10 * 365 * 24 * 3_600).await;
    }
    let last: Timestamp = "2100-01-01T00:00:00Z".parse().expect("a time");
    let now = engine.now(lane);
    assert!(now >= last && now.duration_since(last) < SignedDuration::from_mins(1), "{now}");
}

/// The request was still under way when the provider was asked, and the answer took long: it proves nothing.
#[tokio::test]
async fn not_found_is_believed_only_of_what_was_asked_late_enough() {
    let unknown_twice = [UNCLEAR, Outcome::NotFound, Outcome::NotFound];
    let (engine, provider) = engine_with(Arc::new(MemoryStore::new()), unknown_twice).await;
    provider.permits.add_permits(1);
    let new = request(&engine, crate::world::render());
    let id = engine.start(new).await.expect("begun").payment;
    provider.is_asked().await;
    pass(&engine, 50).await;
    let look_up = tokio::spawn({
        let engine = engine.clone();
        async move { engine.settle().await }
    });
    provider.is_asked().await;
    pass(&engine, 15).await;
    provider.permits.add_permits(1);
    look_up.await.expect("no panic").expect("the store answers");
    assert_eq!(word(&engine, id).await, "unknown", "asked at 50 s, answered at 65 s");

    pass(&engine, 60).await;
    provider.permits.add_permits(1);
    engine.settle().await.expect("the store answers");
    assert_eq!(word(&engine, id).await, "failed", "asked at 125 s");
}

/// A process that dies after it went on to a second provider has told nobody so; what the next one tells in its place is
/// what the merchant is told when an answer cannot be stored: pending, at the first provider, now and in every repeat.
#[tokio::test]
async fn a_lost_answer_is_given_alike_for_ever() {
    let render: Render = Arc::new(|payment: &Payment| {
        let attempt = payment.last_attempt().expect("an attempt");
        let (provider, status) = (attempt.route.provider, &attempt.status);
        Answer { status: 200, body: format!("{} {provider} {status:?}", payment.word().text()) }
    });
    let page = Outcome::NeedsPayer(PayerStep::page(StepKind::Redirect, "/page"));
    let store = Arc::new(MemoryStore::new());
    let (dying, first) = engine_with(store.clone(), [Outcome::Declined(Decline::Response("05".into()))]).await;
    first.permits.add_permits(1);
    let new = request(&dying, render.clone());
    let id = new.payment.id;
    tokio::spawn(async move { dying.start(new).await });
    first.is_asked().await;
    first.is_asked().await;

    let (next, provider) = engine_with(store, [page]).await;
    let repeat = async || next.start(request(&next, render.clone())).await.expect("answered").answer.body;
    assert_eq!(repeat().await, "pending 210 Pending");
    pass(&next, 35).await;
    provider.permits.add_permits(1);
    next.settle().await.expect("the store answers");
    assert_eq!(word(&next, id).await, "pending_payer");
    assert_eq!(repeat().await, "pending 210 Pending");
}
