//! A thousand cards charged every month for two years, by a process that is killed now and then and an acquirer whose answers
//! are lost now and then: 24,000 charges, not one more and not one less.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use florin_engine::clock::Clocks;
use florin_engine::keys::MasterKey;
use florin_engine::mail::Mailers;
use florin_engine::outgoing::{Guard, Outgoing};
use florin_engine::plans::NewPlan;
use florin_engine::vault::keys::VaultKeys;
use florin_engine::vault::{NewRegistration, Vault};
use florin_engine::{ClaimRequest, Engine, Owner, Parts, PaymentQuery, setup};
use florin_kernel::card::{Card, Expiry, Pan};
use florin_kernel::payment::{Approval, Dialect, Doubt, Mode, OperationKind, Outcome, Report};
use florin_kernel::plan::{Plan, Schedule, Unit, Word};
use florin_kernel::ports::{Call, CallbackError, Notice, Provider, RawCallback};
use florin_kernel::record::OrderedBy;
use florin_kernel::routing::{Capabilities, ProviderAccount};
use florin_kernel::{RegistrationId, Timestamp, Transaction};
use florin_store::memory::MemoryStore;
use florin_store::{Answer, Store};
use tokio::runtime::Runtime;
use tokio::sync::Notify;

use crate::plans::{credential, rule};
use crate::world::{OWNER as DEV, VISA, account, eur};

const OWNER: Owner = Owner { merchant: DEV.merchant, mode: Mode::Live };
const CARDS: u32 = 1_000;
const MONTHS: u32 = 24;
const BEGIN: &str = "2026-01-31T06:00:00Z";

/// An acquirer that remembers what it took. Every 40th answer is lost on its way, after the money was taken or before; every
/// 700th call kills the process that made it.
#[derive(Default)]
struct Acquirer {
    taken: Mutex<BTreeMap<String, i64>>,
    calls: AtomicU64,
    kill: Notify,
}

fn approved() -> Report {
    Outcome::Approved(Approval { provider_id: "1".into(), ..Approval::default() }).into()
}

#[async_trait]
impl Provider for Acquirer {
    fn name(&self) -> &'static str {
        "simulator"
    }

    fn capabilities(&self, _account: &ProviderAccount) -> Capabilities {
        let operations = vec![OperationKind::Sale];
        Capabilities { operations, takes_cards: true, takes_vouchers: false, has_page: false }
    }

    async fn execute(&self, call: &Call) -> Report {
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        // The request itself may be lost, or only the answer.
        if !number.is_multiple_of(80) && !number.is_multiple_of(1_400) {
            let known = self
                .taken
                .lock()
                .expect("no holder of the lock panics")
                .insert(call.reference.clone(), call.amount.minor());
            assert_eq!(known, None, "{} was asked for twice", call.reference);
        }
        if number.is_multiple_of(700) {
            self.kill.notify_one();
            std::future::pending::<()>().await;
        }
        if number.is_multiple_of(40) { Outcome::Unknown(Doubt::TimedOut).into() } else { approved() }
    }

    async fn look_up(&self, call: &Call) -> Report {
        match self.taken.lock().expect("no holder of the lock panics").contains_key(&call.reference) {
            true => approved(),
            false => Outcome::NotFound.into(),
        }
    }

    fn parse_callback(&self, _raw: &RawCallback) -> Result<Vec<Notice>, CallbackError> {
        Err(CallbackError::Malformed)
    }
}

/// What outlives a process.
struct Ground {
    store: Arc<MemoryStore>,
    acquirer: Arc<Acquirer>,
    vault_key: String,
    /// Milliseconds since the Unix epoch.
    wall: Arc<AtomicI64>,
    lives: AtomicU64,
}

impl Ground {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.wall.load(Ordering::Relaxed)).expect("a time")
    }

    async fn engine(&self) -> Arc<Engine> {
        let wall = self.wall.clone();
        let now = move || Timestamp::from_millisecond(wall.load(Ordering::Relaxed)).expect("a time");
        let parts = Parts {
            store: self.store.clone(),
            master_key: MasterKey::from_hex(&"17".repeat(32)).expect("a key"),
            vault: Vault::fixed(VaultKeys::parse(&self.vault_key).expect("a key")),
            clocks: Arc::new(Clocks::on(Arc::new(now))),
            providers: vec![self.acquirer.clone()],
            coins: florin_engine::CoinPorts::default(),
            announcers: Vec::new(),
            correspondents: Vec::new(),
            mailers: Mailers::default(),
            courier: Arc::new(Outgoing::new(Guard::default())),
            guard: Guard::default(),
            node: self.lives.fetch_add(1, Ordering::Relaxed) as u16,
            public_url: "http://127.0.0.1".into(),
        };
        Engine::new(parts).await.expect("an engine")
    }

    /// One life of the process: everything that is due is done, or the process is killed on the way.
    fn live(&self) -> Ended {
        let runtime = runtime();
        let ended = runtime.block_on(async {
            let engine = self.engine().await;
            tokio::select! {
                settled = engine.settle() => {
                    settled.expect("the store answers");
                    Ended::Settled
                }
                () = self.acquirer.kill.notified() => Ended::Killed,
            }
        });
        // Nothing of it goes on.
        runtime.shutdown_background();
        ended
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Settled,
    Killed,
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
}

async fn prepare(ground: &Ground, engine: &Engine) {
    let live = account(210, &[]);
    let live = ProviderAccount { modes: vec![Mode::Live], ..live };
    let credential = setup::NewCredential { mode: Mode::Live, ..credential() };
    let rows = vec![
        setup::provider_row(&live),
        setup::rule_row(&rule()),
        setup::credential_row(&credential, engine.keyring()),
    ];
    ground.store.put_config(rows).await.expect("configured");
    engine.reload_directory().await.expect("read");
    let schedule = Schedule { unit: Unit::Month, every: 1, first_at: BEGIN.parse().expect("a time") };
    for number in 0..CARDS {
        let pan = Pan::parse(VISA).expect("a card number");
        let expiry = Expiry { month: 5, year: 2034 };
        let card = Card { holder: "Jane Jones".into(), pan, cvc: None, expiry, cryptogram: None };
        let new = NewRegistration {
            owner: OWNER,
            dialect: Dialect::Cashier,
            customer: None,
            card,
            claims: vec![ClaimRequest::reference(number.to_string())],
            digest: [0; 16],
            announce: None,
            render: Arc::new(|_| Answer { status: 200, body: String::new() }),
        };
        let stored = engine.register(new).await.expect("stored");
        let plan = NewPlan {
            owner: OWNER,
            registration: RegistrationId::from_number(stored.payment.number()),
            asked: eur("10.00"),
            schedule,
            charges_max: None,
            reference: String::new(),
            webhook: None,
            key: None,
        };
        engine.make_plan(plan).await.expect("made");
    }
}

#[test]
fn a_thousand_mandates_over_two_years_give_24_000_charges() {
    let begin: Timestamp = BEGIN.parse().expect("a time");
    let ground = Ground {
        store: Arc::new(MemoryStore::new()),
        acquirer: Arc::default(),
        vault_key: VaultKeys::generate().to_text().expose().to_owned(),
        wall: Arc::new(AtomicI64::new(begin.as_millisecond() - 60_000)),
        lives: AtomicU64::new(0),
    };
    runtime().block_on(async { prepare(&ground, ground.engine().await.as_ref()).await });

    let schedule = Schedule { unit: Unit::Month, every: 1, first_at: begin };
    let mut kills = 0;
    for month in 0..MONTHS {
        ground.wall.store(schedule.due(month).as_millisecond(), Ordering::Relaxed);
        // What is unknown is asked after later, and what never arrived is tried again; a killed process starts again.
        for _ in 0..16 {
            if ground.live() == Ended::Killed {
                kills += 1;
            }
            ground.wall.fetch_add(40 * 60 * 1_000, Ordering::Relaxed);
        }
    }

    assert!(kills >= 30, "the process was killed {kills} times");
    runtime().block_on(check(&ground));
}

async fn check(ground: &Ground) {
    let engine = ground.engine().await;
    let taken = ground.acquirer.taken.lock().expect("no holder of the lock panics").clone();
    assert_eq!(taken.len(), (CARDS * MONTHS) as usize, "what the acquirer took");
    assert!(taken.values().all(|minor| *minor == 1_000));

    let (plans, total) = engine.plans(OWNER, Some(Word::Active), 0, CARDS).await.expect("listed");
    assert_eq!((total, plans.len()), (u64::from(CARDS), CARDS as usize));
    let whole = |plan: &Plan| (plan.charged, plan.period, plan.charging, plan.skipped) == (MONTHS, MONTHS, None, 0);
    assert!(plans.iter().all(whole), "{:#?}", plans.iter().find(|plan| !whole(plan)));

    let query = PaymentQuery {
        merchant: OWNER.merchant,
        mode: OWNER.mode,
        from: Timestamp::MIN,
        until: ground.now() + Duration::from_secs(1),
        after: None,
        limit: u32::MAX,
    };
    let mut charged = BTreeSet::new();
    for stored in ground.store.transactions(query).await.expect("the store answers") {
        let Transaction::Payment(payment) = stored.transaction else { continue };
        assert!(matches!(payment.details.ordered_by, Some(OrderedBy::Plan(_))));
        if payment.word().text() == "captured" {
            let period = payment.details.reference.clone();
            assert!(charged.insert(period.clone()), "{period} was charged twice");
        }
    }
    assert_eq!(charged.len(), (CARDS * MONTHS) as usize, "periods charged");
    let report = ground.store.verify_ledger().await.expect("the store answers");
    assert!(report.faults.is_empty(), "{:#?}", report.faults);
}
