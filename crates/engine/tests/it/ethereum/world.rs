//! A real engine on a real database beside a chain of its own, in live mode; time is moved by hand, for both.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use florin_engine::clock::Clocks;
use florin_engine::keys::MasterKey;
use florin_engine::vault::known::make_known;
use florin_engine::vault::{KeySource, Vault};
use florin_engine::{Answer, ClaimRequest, CoinError, CoinRequest, Engine, FollowError, NewCoinPayment, Owner};
use florin_kernel::coin::{
    CoinPayment, Command, Derivation, Late, Over, Price, RefundStatus, Repeat, Requirement, ScreeningRule, State,
    Terms, Under, Units, Why,
};
use florin_kernel::fx::Rate;
use florin_kernel::payment::{Details, Dialect, Mode};
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::{AddressStyle, Chain, Place, Signer};
use florin_kernel::{Coin, MerchantId, PaymentId, Timestamp};
use florin_providers::coins::ethereum::anvil::{ACCOUNT_KEY, ACCOUNTS, Anvil, CHAIN_ID, Contract};
use florin_providers::coins::ethereum::wallet::KeyHolder;
use florin_providers::coins::ethereum::{EthereumChain, Settings};
use florin_providers::coins::rates::StaticRates;
use florin_providers::coins::simulated::Shelf;
use florin_store::{ChainWrite, Changeset, Store, Verdict};
use jiff::SignedDuration;

use super::gate::Gate;
use crate::world::{Home, eur, parts};

pub const OWNER: Owner = Owner { merchant: MerchantId::from_number(1), mode: Mode::Live };
pub const NETWORK: &str = "ethereum";
/// The payer, who has ten thousand coins.
pub const PAYER: &str = ACCOUNTS[0];
/// The wallet that refunds are paid from, which has as many.
pub const WALLET: &str = ACCOUNTS[1];
/// Where refunds go.
pub const HOME: &str = ACCOUNTS[2];
/// Confirmations that the payments of these tests ask for.
pub const DEPTH: u64 = 3;
/// Wei of one coin.
pub const ETHER: u128 = 1_000_000_000_000_000_000;

pub struct World {
    pub engine: Arc<Engine>,
    pub node: Anvil,
    pub gate: Gate,
    pub usdt: Contract,
    pub usdc: Contract,
    store: Arc<dyn Store>,
    home: Arc<Home>,
    key: String,
    ahead_s: Arc<AtomicI64>,
    holder: Arc<Holder>,
    begun: AtomicU32,
}

/// Makes whoever holds the wallet's key, anew after each restart.
type Holder = dyn Fn(Arc<dyn florin_kernel::ports::Clock>) -> KeyHolder + Send + Sync;

/// What a payment stands at, in a line.
pub fn line(payment: &CoinPayment) -> String {
    let state = match &payment.state {
        State::Waiting => "waiting".to_owned(),
        State::Underpaid => "underpaid".to_owned(),
        State::Processing { reason: None } => "processing".to_owned(),
        State::Processing { reason: Some(reason) } => format!("processing after {reason:?}"),
        State::Blocked => "blocked".to_owned(),
        State::ZeroConfirmed => "confirmed without confirmations".to_owned(),
        State::Confirmed => "confirmed".to_owned(),
        State::Cancelled(cancelled) => format!(
            "cancelled: {}",
            match cancelled.why {
                Why::Timeout => "timeout",
                Why::Underpaid => "underpaid",
                Why::DoubleSpend => "double spend",
                Why::Dropped | Why::ScreeningRejected { .. } | Why::Caller { .. } | Why::Simulated(_) => "otherwise",
            }
        ),
    };
    let place = |place: &Place| match place {
        Place::Mempool => "pool",
        Place::Block(_) => "block",
        Place::Missing => "missing",
        Place::Replaced { .. } => "replaced",
        Place::Conflicted { .. } => "conflicted",
    };
    let deposits =
        payment.deposits.iter().map(|deposit| format!(" {} {}", place(&deposit.place), deposit.units.number()));
    format!("{state};{}", deposits.collect::<String>())
}

impl World {
    /// Nothing, where there is no program for the chain.
    pub async fn start() -> Option<World> {
        World::with_holder(Arc::new(|_| KeyHolder::Node)).await
    }

    pub async fn with_holder(holder: Arc<Holder>) -> Option<World> {
        let home = Home::new().await;
        let node = Anvil::start(home.folder()).await?;
        let (usdt, usdc) = (node.deploy("Silent").await, node.deploy("Ordinary").await);
        let gate = Gate::before(node.port()).await;
        let key = MasterKey::generate().to_hex().expose().to_owned();
        let ahead_s = Arc::new(AtomicI64::new(0));
        let (engine, store) = open(&home, &key, &ahead_s, settings(&gate, &usdt, &usdc), holder.as_ref()).await;
        let world =
            World { engine, node, gate, usdt, usdc, store, home, key, ahead_s, holder, begun: AtomicU32::new(0) };
        world.follow().await.expect("the chain answers");
        Some(world)
    }

    /// Everything of ours dropped where it stands, and opened again from what is on disk; the chain goes on.
    pub async fn restart(self) -> World {
        let World { engine, node, gate, usdt, usdc, store, home, key, ahead_s, holder, begun } = self;
        store.close().await;
        drop((engine, store));
        let (engine, store) = open(&home, &key, &ahead_s, settings(&gate, &usdt, &usdc), holder.as_ref()).await;
        World { engine, node, gate, usdt, usdc, store, home, key, ahead_s, holder, begun }
    }

    pub fn now(&self) -> Timestamp {
        self.engine.now(Lane::Live)
    }

    pub async fn follow(&self) -> Result<(), FollowError> {
        self.engine.follow_chain(NETWORK, Lane::Live).await.map(drop)
    }

    /// New blocks, and what they tell.
    pub async fn mine(&self, blocks: u64) {
        self.node.mine(blocks).await;
        self.follow().await.expect("the chain answers");
    }

    /// Time passes, on the chain as well, and everything that was due by then happens.
    pub async fn pass(&self, seconds: i64) {
        self.ahead_s.fetch_add(seconds, Ordering::Relaxed);
        let _: serde_json::Value = self.node.call("evm_increaseTime", serde_json::json!([seconds])).await;
        self.follow().await.expect("the chain answers");
        self.engine.settle().await.expect("the store answers");
    }

    /// Time passes, and what is due is done without the chain, which does not answer.
    pub async fn moved(&self, seconds: i64) {
        self.ahead_s.fetch_add(seconds, Ordering::Relaxed);
        self.engine.settle().await.expect("the store answers");
    }

    /// A payment over 48.25 EUR at 3000 EUR a coin, or 0.965 a token: 0.01608334 ETH, or exactly 50 tokens.
    pub async fn begin(&self, coin: Coin) -> PaymentId {
        let payment = self.new_payment(coin);
        let claims = vec![ClaimRequest::reference(&payment.public_id)];
        let new = NewCoinPayment {
            payment: Box::new(payment),
            account_key: ACCOUNT_KEY.to_owned(),
            style: AddressStyle::Native,
            claims,
            digest: [0; 16],
            render: Arc::new(|payment| Answer { status: 200, body: payment.address.clone() }),
        };
        self.engine.begin_coin_payment(new).await.expect("begun").payment
    }

    fn new_payment(&self, coin: Coin) -> CoinPayment {
        let mid = Rate::parse(if coin == Coin::Eth { "3000" } else { "0.965" }).expect("a rate");
        let price = Price::quote(eur("48.25"), coin, mid, 0, Units::ZERO, 0).expect("a price");
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        CoinPayment {
            id: self.engine.new_payment_id(),
            merchant: OWNER.merchant,
            mode: OWNER.mode,
            dialect: Dialect::Crypto,
            created_at: self.now(),
            public_id: format!("123e4567-e89b-12d3-a456-{number:012}"),
            order: None,
            price,
            network: NETWORK.to_owned(),
            address: String::new(),
            derived: Derivation { account: String::new(), index: 0 },
            terms: Terms {
                grace_s: 30,
                top_up_s: 900,
                tolerance_bps: 0,
                under: Under::Opened,
                over: Over::Opened,
                late: Late::Opened,
                screening: ScreeningRule::Heeded,
                requirements: vec![Requirement { up_to: None, confirmations: DEPTH as u32, finalised: false }],
                zero_confirmation: None,
                refund_minimum: Units::new(if coin == Coin::Eth { ETHER / 10_000 } else { 1_000_000 }),
                refund_confirmations: DEPTH as u32,
                simulated_refusal: None,
            },
            deadline: self.now() + SignedDuration::from_secs(900),
            topped_up: false,
            deadline_over: false,
            state: State::Waiting,
            acceptance: None,
            deposits: Vec::new(),
            refunds: Vec::new(),
            alert: None,
            tip: None,
            final_height: None,
            confirmed_at: None,
            recheck_at: None,
            announced: None,
            details: Details::default(),
        }
    }

    pub async fn payment(&self, id: PaymentId) -> CoinPayment {
        self.engine.find_coins(OWNER, id).await.expect("the store answers").expect("a payment")
    }

    pub async fn line(&self, id: PaymentId) -> String {
        line(&self.payment(id).await)
    }

    pub async fn address(&self, id: PaymentId) -> String {
        self.payment(id).await.address
    }

    /// The payer's coins, into the pool.
    pub async fn pay(&self, id: PaymentId, wei: u128) -> String {
        self.node.pay(PAYER, &self.address(id).await, wei).await
    }

    /// A refund is ordered; what follows runs on.
    pub async fn refund(&self, id: PaymentId, units: u128) -> Result<(), CoinError> {
        let tip = self.engine.followed(NETWORK, Lane::Live).map(|followed| followed.tip);
        let command = Command::Refund { to: HOME.to_owned(), units: Units::new(units), repeat: Repeat::Same, tip };
        let request = CoinRequest { command, claims: Vec::new(), digest: [0; 16] };
        self.engine.order_coins(OWNER, id, request).await.map(drop)
    }

    /// Waits until a payment's refund stands at something.
    pub async fn refund_stands(&self, id: PaymentId, wanted: impl Fn(&RefundStatus) -> bool) -> CoinPayment {
        let waiting = async {
            loop {
                let payment = self.payment(id).await;
                if payment.refunds.last().is_some_and(|refund| wanted(&refund.status)) {
                    return payment;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
        match waited {
            Ok(payment) => payment,
            Err(_) => panic!("{:?}", self.payment(id).await.refunds),
        }
    }

    /// The book of the store is right, and agrees with the payments.
    pub async fn verify(&self) {
        let report = self.engine.store().verify_ledger().await.expect("the store answers");
        assert!(report.faults.is_empty(), "{:#?}", report.faults);
    }

    /// What accounts of the book whose names hold a text have together, in minor units.
    pub async fn booked(&self, text: &str) -> i64 {
        let balances = self.engine.store().balances().await.expect("the store answers");
        balances.iter().filter(|balance| balance.account.contains(text)).map(|balance| balance.posted_minor).sum()
    }
}

fn settings(gate: &Gate, usdt: &Contract, usdc: &Contract) -> Settings {
    let mut settings = Settings::new(NETWORK, CHAIN_ID, &gate.url());
    settings.tokens = vec![(Coin::Usdt, usdt.address.clone()), (Coin::Usdc, usdc.address.clone())];
    settings
}

async fn open(
    home: &Arc<Home>,
    key: &str,
    ahead_s: &Arc<AtomicI64>,
    settings: Settings,
    holder: &Holder,
) -> (Arc<Engine>, Arc<dyn Store>) {
    let store = home.store().await;
    let ahead_s = ahead_s.clone();
    let wall = move || Timestamp::now() + SignedDuration::from_secs(ahead_s.load(Ordering::Relaxed));
    let clocks = Arc::new(Clocks::on(Arc::new(wall)));
    let simulator = home.simulator(&clocks);
    let keys = home.read().expect("a key");
    make_known(store.as_ref(), &keys).await.expect("the database's key");
    let mut chain = EthereumChain::new(settings, clocks.clone()).expect("a chain");
    let wallet =
        chain.open_wallet(WALLET, holder(clocks.clone()), Arc::new(Documents(store.clone()))).expect("a wallet");
    let mut parts = parts(&store, key, Vault::of(keys, home.clone()), &clocks, &simulator);
    parts.coins.chains = vec![Arc::new(chain) as Arc<dyn Chain>];
    parts.coins.signers = vec![Arc::new(wallet) as Arc<dyn Signer>];
    parts.coins.rates = Some(Arc::<StaticRates>::default());
    (Engine::new(parts).await.expect("an engine"), store)
}

/// What the wallet keeps, as documents of the store.
struct Documents(Arc<dyn Store>);

#[async_trait]
impl Shelf for Documents {
    async fn load(&self, name: &str, lane: Lane) -> Result<Option<(i64, String)>, String> {
        let row = self.0.chain(name, lane).await.map_err(|error| error.to_string())?;
        Ok(row.map(|row| (row.version, row.document)))
    }

    async fn save(&self, name: &str, lane: Lane, version: Option<i64>, document: String) -> Result<bool, String> {
        let write = ChainWrite { name: name.to_owned(), lane, expected_version: version, document };
        let changeset = Changeset { chains: vec![write], ..Changeset::default() };
        Ok(self.0.commit(changeset).await.map_err(|error| error.to_string())? == Verdict::Committed)
    }
}

/// What a test noted down while it ran.
pub type Notes<T> = Arc<Mutex<Vec<T>>>;
