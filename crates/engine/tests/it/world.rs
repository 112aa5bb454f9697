//! A real engine on a real database with the real simulator; only time is moved by hand.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use florin_engine::clock::{Clocks, random_node};
use florin_engine::keys::MasterKey;
use florin_engine::mail::Mailers;
use florin_engine::outgoing::{Guard, Outgoing};
use florin_engine::vault::keys::VaultKeys;
use florin_engine::vault::known::make_known;
use florin_engine::vault::{KeySource, OnFile, Reading, Vault};
use florin_engine::{Engine, NewPayment, Owner, Parts, Render, Reply, StartError, SubmitError, setup};
use florin_kernel::card::{Card, Cvc, Expiry, Pan};
use florin_kernel::payment::{
    CaptureMode, Circumstances, Command, Details, Dialect, Mode, OperationKind, Payment, Retry, State, Times,
};
use florin_kernel::ports::{Lane, Provider, RawCallback};
use florin_kernel::routing::{Candidate, Method, ProviderAccount, ProviderId, Trail};
use florin_kernel::secret::Secret;
use florin_kernel::{Asset, MerchantId, Money, PaymentId};
use florin_providers::simulator::{Book, CallbackSink, Movement, Simulator, SimulatorSettings, Taken, unordered};
use florin_store::conformance::database::Database;
use florin_store::postgres::{PostgresSettings, PostgresStore};
use florin_store::sqlite::{SqliteSettings, SqliteStore};
use florin_store::{Answer, Store};
use jiff::SignedDuration;
use tempfile::TempDir;

use crate::postbox::{Clerk, Postbox};

pub const VISA: &str = "4111111111111111";
pub const CHALLENGE: &str = "4000000000003220";
const MERCHANT: MerchantId = MerchantId::from_number(1);
pub const OWNER: Owner = Owner { merchant: MERCHANT, mode: Mode::Dev };

pub struct World {
    pub engine: Arc<Engine>,
    pub simulator: Arc<Simulator>,
    clocks: Arc<Clocks>,
    store: Arc<dyn Store>,
    pub home: Arc<Home>,
    key: String,
}

/// What outlives a crash.
pub struct Home {
    folder: TempDir,
    /// The database that `FLORIN_TEST_DATABASE` chooses; a file in the folder without one.
    database: Option<Database>,
    /// Where e-mails arrive.
    pub postbox: Arc<Postbox>,
}

impl Home {
    pub async fn new() -> Arc<Home> {
        let (folder, database) = (TempDir::new().expect("a folder"), Database::chosen().await);
        let home = Home { folder, database, postbox: Arc::default() };
        std::fs::write(home.vault_key(), VaultKeys::generate().to_text().expose()).expect("written");
        Arc::new(home)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub async fn store(&self) -> Arc<dyn Store> {
        match &self.database {
            Some(database) => {
                let opened = PostgresStore::open(database.server(), PostgresSettings::default()).await;
                Arc::new(opened.expect("a database"))
            }
            None => {
                let opened = SqliteStore::open(&self.folder.path().join("florin.db"), SqliteSettings::default());
                Arc::new(opened.expect("a database"))
            }
        }
    }

    /// Where the vault's key is, and where it is read again from.
    pub fn vault_key(&self) -> PathBuf {
        self.folder.path().join("vault.key")
    }

    /// A server that other tests use too may need longer than a file.
    fn silence(&self) -> Duration {
        Duration::from_millis(if self.database.is_some() { 500 } else { 300 })
    }

    pub fn simulator(&self, clocks: &Arc<Clocks>) -> Arc<Simulator> {
        let mut settings = SimulatorSettings::new(Secret::new("callback key".into()));
        settings.silence = self.silence();
        Arc::new(Simulator::new(self.book(), clocks.clone(), settings))
    }

    fn book(&self) -> Book {
        match &self.database {
            Some(database) => {
                let server = database.server();
                Book::shared(Box::new(move || {
                    let server = server.clone();
                    Box::pin(async move { server.session().await.map_err(|error| error.to_string()) })
                }))
            }
            None => Book::open(&self.folder.path().join("simulator.db"), unordered()).expect("a book"),
        }
    }
}

impl KeySource for Home {
    fn read(&self) -> Result<VaultKeys, String> {
        let text = std::fs::read_to_string(self.vault_key()).map_err(|error| error.to_string())?;
        VaultKeys::parse(&text).map_err(|error| error.to_string())
    }

    fn reading(&self) -> Reading {
        Reading::Often
    }
}

struct Door(std::sync::Weak<Engine>);

#[async_trait]
impl CallbackSink for Door {
    async fn take(&self, callback: RawCallback) -> Taken {
        let Some(engine) = self.0.upgrade() else { return Taken::NotNow };
        match engine.callback("simulator", &callback).await {
            Ok(()) => Taken::Yes,
            Err(_) => Taken::NotNow,
        }
    }
}

pub fn eur(text: &str) -> Money {
    Money::parse(text, Asset::from_code("EUR").expect("a known asset")).expect("an amount")
}

pub fn account(id: i64, settings: &[(&str, &str)]) -> ProviderAccount {
    ProviderAccount {
        id: ProviderId::new(id),
        code: format!("simulator_{id}"),
        name: "Simulator".into(),
        driver: "simulator".into(),
        method: Method::Card,
        merchant: None,
        modes: vec![Mode::Dev],
        disabled: false,
        currencies: Vec::new(),
        countries: Vec::new(),
        amounts: None,
        conversion: None,
        settings: settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        secrets: Default::default(),
    }
}

impl World {
    pub async fn start() -> World {
        World::open(Home::new().await, MasterKey::generate().to_hex().expose().to_owned()).await
    }

    /// Everything dropped where it stands, and opened again from what is on disk.
    pub async fn crash(self) -> World {
        let World { engine, simulator, store, home, key, .. } = self;
        store.close().await;
        drop((engine, simulator, store));
        World::open(home, key).await
    }

    async fn open(home: Arc<Home>, key: String) -> World {
        let store = home.store().await;
        let clocks = Arc::new(Clocks::default());
        let simulator = home.simulator(&clocks);
        let accounts = [account(210, &[]), account(215, &[("approves_declined", "true")])];
        store.put_config(accounts.iter().map(setup::provider_row).collect()).await.expect("configured");
        let keys = home.read().expect("a key");
        make_known(store.as_ref(), &keys).await.expect("the database's key");
        let vault = Vault::of(keys, home.clone());
        let mut parts = parts(&store, &key, vault, &clocks, &simulator);
        parts.correspondents = vec![(Dialect::Cashier, Arc::new(Clerk))];
        parts.mailers.dev = Some(home.postbox.clone());
        let engine = Engine::new(parts).await.expect("an engine");
        simulator.connect(Arc::new(Door(Arc::downgrade(&engine))));
        World { engine, simulator, clocks, store, home, key }
    }

    /// Another process's engine on the same database, with a vault key of its own.
    pub async fn beside_with(&self, keys: VaultKeys) -> Arc<Engine> {
        let parts = parts(&self.store, &self.key, Vault::fixed(keys), &self.clocks, &self.simulator);
        Engine::new(parts).await.expect("an engine")
    }

    /// Time passes, and everything that was due by then happens.
    pub async fn pass(&self, seconds: i64) {
        self.engine.advance_clock(MERCHANT, SignedDuration::from_secs(seconds)).await.expect("the clock moves");
        self.simulator.tick().await.expect("a book");
        self.engine.settle().await.expect("the store answers");
    }

    /// The database, for what is written past the engine.
    pub fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    pub fn new_payment(&self, amount: Money, capture: CaptureMode) -> Payment {
        Payment {
            id: self.engine.new_payment_id(),
            merchant: MERCHANT,
            mode: Mode::Dev,
            dialect: Dialect::Cashier,
            created_at: self.engine.now(Lane::Dev(MERCHANT)),
            asked: amount,
            capture,
            retry: Retry::Never,
            times: Times::default(),
            state: State::Created,
            operations: Vec::new(),
            chargebacks: Vec::new(),
            announced: None,
            details: Details::default(),
        }
    }

    pub fn request(&self, payment: Payment, card: &str) -> NewPayment {
        let pan = Pan::parse(card).expect("a card number");
        let cvc = Cvc::parse("123", pan.brand());
        let card =
            Card { holder: "John Doe".into(), pan, cvc, expiry: Expiry { month: 5, year: 2025 }, cryptogram: None };
        let accounts = [account(210, &[]), account(215, &[("approves_declined", "true")])].map(Arc::new).to_vec();
        NewPayment {
            payment: Box::new(payment),
            claims: Vec::new(),
            digest: [0; 16],
            candidate: Candidate { accounts, cascade: false, auto_approval: None, trail: Trail::default() },
            method: Method::Card,
            brand: String::new(),
            circumstances: Circumstances::default(),
            card: Some(card),
            on_file: OnFile::Not,
            render: render(),
        }
    }

    pub async fn pay(&self, amount: &str, capture: CaptureMode, card: &str) -> Result<PaymentId, StartError> {
        self.start_payment(self.request(self.new_payment(eur(amount), capture), card)).await.map(|reply| reply.payment)
    }

    pub async fn start_payment(&self, new: NewPayment) -> Result<Reply, StartError> {
        self.engine.start(new).await
    }

    pub async fn submit(&self, id: PaymentId, command: Command) -> Result<Payment, SubmitError> {
        self.engine.submit(OWNER, id, command).await
    }

    pub async fn payment(&self, id: PaymentId) -> Payment {
        self.engine.find(OWNER, id).await.expect("the store answers").expect("a payment")
    }

    pub async fn word(&self, id: PaymentId) -> &'static str {
        self.payment(id).await.word().text()
    }

    /// What the simulator really moved, of one kind.
    pub async fn moved(&self, kind: OperationKind) -> Vec<Movement> {
        let moved = self.simulator.book().charges(self.clocks.as_ref()).await.expect("a book");
        moved.into_iter().filter(|movement| movement.kind == kind).collect()
    }

    /// The book of the store is right, and agrees with the payments.
    pub async fn verify(&self) {
        let report = self.engine.store().verify_ledger().await.expect("the store answers");
        assert!(report.faults.is_empty(), "{:#?}", report.faults);
    }

    pub async fn balance(&self, account: &str) -> i64 {
        let balances = self.engine.store().balances().await.expect("the store answers");
        balances.iter().find(|balance| balance.account == account).map_or(0, |balance| balance.posted_minor)
    }
}

pub fn parts(
    store: &Arc<dyn Store>,
    key: &str,
    vault: Vault,
    clocks: &Arc<Clocks>,
    simulator: &Arc<Simulator>,
) -> Parts {
    Parts {
        store: store.clone(),
        master_key: MasterKey::from_hex(key).expect("our key"),
        vault,
        clocks: clocks.clone(),
        providers: vec![simulator.clone() as Arc<dyn Provider>],
        coins: florin_engine::CoinPorts::default(),
        announcers: Vec::new(),
        correspondents: Vec::new(),
        mailers: Mailers::default(),
        courier: Arc::new(Outgoing::new(Guard::default())),
        guard: Guard::default(),
        node: random_node(),
        public_url: "http://127.0.0.1".into(),
    }
}

pub fn render() -> Render {
    Arc::new(|payment| Answer { status: 200, body: payment.word().text().to_owned() })
}
