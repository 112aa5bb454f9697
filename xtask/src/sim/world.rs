//! One history: the world of a seed is set up, troubled for a few minutes, left in peace until every timer has run out, and
//! judged.

use std::sync::Arc;
use std::time::Duration;

use florin_engine::clock::Clocks;
use florin_engine::keys::{Keyring, MasterKey};
use florin_engine::mail::Mailers;
use florin_engine::outgoing::Guard;
use florin_engine::vault::Vault;
use florin_engine::vault::keys::VaultKeys;
use florin_engine::{Engine, Owner, Parts};
use florin_kernel::payment::{CaptureMode, Dialect, Mode};
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Codec;
use florin_kernel::routing::ProviderId;
use florin_kernel::secret::Secret;
use florin_kernel::{Asset, MerchantId, Money};
use florin_store::Store;
use florin_store::memory::MemoryStore;
use florin_store::sqlite::{SqliteSettings, SqliteStore};
use jiff::SignedDuration;

use super::acquirer::{Acquirer, Line};
use super::chain::{Chains, NETWORK, Node};
use super::chance::Chance;
use super::coins::Till;
use super::life::{Gateway, Life};
use super::merchant::{Client, Order, Tries};
use super::oracles;
use super::orders::{Ask, Asker, Kind};
use super::receiver::{Post, Receiver};
use super::stage::{Corners, Stage, say};
use super::store::{TroubledStore, at_once};
use super::weather::{Strikes, Trouble};
use super::withdrawals::{Payer, Wish};

mod coins;
mod setup;

pub use setup::{MERCHANTS, WEBHOOK, credential_of};

/// Which store a history runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum StoreKind {
    /// In memory, quick.
    Memory,
    /// The product's SQLite driver on a file.
    Sqlite,
}

/// What came of a history.
pub struct History {
    pub seed: u64,
    pub faults: Vec<String>,
    pub lines: Vec<String>,
    pub hash: u64,
    pub strikes: Strikes,
    pub corners: Corners,
    pub payments: u64,
    pub coin_payments: u64,
    pub movements: u64,
}

/// Everything in one history.
pub struct World {
    pub stage: Arc<Stage>,
    pub store: Arc<dyn Store>,
    pub acquirer: Arc<Acquirer>,
    pub receiver: Arc<Receiver>,
    pub clients: Vec<Arc<Client>>,
    payers: Vec<Arc<Payer>>,
    askers: Vec<Arc<Asker>>,
    /// The chains that coins are paid on, where any are.
    pub chains: Option<Arc<Chains>>,
    pub tills: Vec<Arc<Till>>,
    coin_lanes: Vec<Lane>,
    chance: Chance,
    attempts_max: u32,
}

const MASTER_KEY: &str = "5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed";
/// How long it is stormy.
const STORM: Duration = Duration::from_secs(180);
/// After this no request is on its way any more.
const QUIET: Duration = Duration::from_secs(65);
/// Longer than any page waits for its payer, and than any payer who is late.
const LATE_PAYERS_MINUTES: u32 = 48;
/// How often plans may find that they are behind.
const ROUNDS_MAX: u32 = 40;

/// Plays the history of a seed.
pub fn play(seed: u64, kind: StoreKind) -> History {
    let folder = (kind == StoreKind::Sqlite).then(|| tempfile::tempdir().expect("a folder for the database"));
    let store: Arc<dyn Store> = match &folder {
        None => Arc::new(MemoryStore::new()),
        Some(folder) => {
            let file = folder.path().join("florin.db");
            Arc::new(SqliteStore::open(&file, SqliteSettings::default()).expect("a new database"))
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without threads and files");
    let history = runtime.block_on(async {
        let world = Arc::new(World::of(seed, store.clone()));
        world.clone().run().await;
        // The stage knows the gateway and the gateway's store knows the stage: neither would ever be dropped.
        world.stage.set_gateway(None);
        world.history()
    });
    drop(runtime);
    at_once(store.close());
    history
}

impl World {
    fn of(seed: u64, store: Arc<dyn Store>) -> World {
        let stage = Stage::of(seed);
        let key = master_key();
        let acquirer = Arc::new(Acquirer::new(stage.clone(), key.codec()));
        let secret = Secret::new("whsec_c2ltdWxhdGVk".to_owned());
        let rows = setup::rows(&Keyring::new(&key), &secret);
        at_once(store.put_config(rows)).expect("a new store takes its configuration");
        let receiver = Arc::new(Receiver::new(stage.clone(), secret));
        let chance = Chance::of(seed, "world");
        let (coin_orders, coin_lanes) = coins::orders(seed);
        let most = if coin_orders.is_empty() { usize::MAX } else { coins::OTHERS_MAX };
        let mut orders = (0..chance.between(4..=24)).map(|number| order(&chance, number)).collect::<Vec<_>>();
        orders.truncate(most);
        let clients = orders.into_iter().map(|order| Arc::new(Client::new(stage.clone(), order))).collect();
        let attempts_max = chance.pick(&[3, 20, 20]);
        let mut wishes = (0..chance.between(0..=6)).map(|number| wish(&chance, number)).collect::<Vec<_>>();
        wishes.truncate(most);
        let payers = wishes.into_iter().map(|wish| Arc::new(Payer::new(stage.clone(), wish))).collect();
        let asking = Chance::of(seed, "asking");
        let asks = (0..asking.between(0..=2)).map(|number| ask(&asking, number)).collect::<Vec<_>>();
        let askers = asks.into_iter().map(|ask| Arc::new(Asker::new(stage.clone(), ask))).collect();
        let chains =
            (!coin_orders.is_empty()).then(|| Arc::new(Chains::new(stage.clone(), master_key().codec(), &coin_lanes)));
        let till = |(order, chains): (_, &Arc<Chains>)| Arc::new(Till::new(stage.clone(), chains.clone(), order));
        let tills = coin_orders.into_iter().zip(chains.iter().cycle()).map(till).collect();
        World {
            stage,
            store,
            acquirer,
            receiver,
            clients,
            payers,
            askers,
            chains,
            tills,
            coin_lanes,
            chance,
            attempts_max,
        }
    }

    async fn run(self: Arc<Self>) {
        let reign = tokio::spawn(self.clone().reign());
        let mut lives = Vec::new();
        for client in &self.clients {
            let stranger = stranger_to(&self.chance, client.order().owner);
            lives.push(tokio::spawn(client.clone().live(stranger)));
        }
        lives.extend(self.payers.iter().map(|payer| tokio::spawn(payer.clone().live())));
        lives.extend(self.askers.iter().map(|asker| tokio::spawn(asker.clone().live())));
        let strangers = Chance::of(self.stage.seed, "strangers to coins");
        for till in &self.tills {
            lives.push(tokio::spawn(till.clone().live(stranger_to(&strangers, till.order().owner))));
        }
        if let Some(chains) = &self.chains {
            tokio::spawn(chains.clone().live());
        }
        tokio::time::sleep(STORM).await;
        say!(self.stage, "the weather is calm");
        self.stage.weather.calm_down();
        self.join("the gateway", reign).await;
        for life in lives {
            self.join("a merchant", life).await;
        }
        let mut repeats: Vec<_> = self.clients.iter().map(|client| tokio::spawn(client.clone().repeat())).collect();
        repeats.extend(self.tills.iter().map(|till| tokio::spawn(till.clone().repeat())));
        for repeat in repeats {
            self.join("a merchant", repeat).await;
        }
        self.grow_old().await;
        self.let_chains_rest().await;
        oracles::judge(&self).await;
        let Some(gateway) = self.stage.gateway() else { return };
        if tokio::time::timeout(Duration::from_secs(120), gateway.engine.shutdown()).await.is_err() {
            self.stage.fault("the gateway does not come to an end".to_owned());
        }
    }

    /// A panic in an actor is a fault of the history.
    async fn join(&self, who: &str, task: tokio::task::JoinHandle<()>) {
        if let Err(panic) = task.await {
            self.stage.fault(format!("{who} panicked: {panic}"));
        }
    }

    /// Time passes until every timer has run out: by the minute for payers that are late, then by the test clocks alone,
    /// then by the wall clock.
    async fn grow_old(&self) {
        tokio::time::sleep(QUIET).await;
        self.wait_for_late_answers().await;
        let steps = [1, 1, 1, 24, 24, 24, 24, 24, 24, 24, 24, 2, 2];
        for hours in steps {
            self.advance_test_clocks(hours).await;
        }
        // What plans charged meanwhile is answered by the acquirer's own time, and then they charge what they had missed.
        for _ in 0..ROUNDS_MAX {
            if !oracles::is_open(self, Mode::Dev) {
                break;
            }
            self.wait_for_late_answers().await;
            self.advance_test_clocks(1).await;
            self.advance_test_clocks(1).await;
        }
        say!(self.stage, "the test clocks are nine days on");
        oracles::judge_ends(self, Mode::Dev).await;
        for hours in steps {
            self.jump(Duration::from_secs(hours.unsigned_abs() * 3_600)).await;
        }
        for _ in 0..ROUNDS_MAX {
            if !oracles::is_open(self, Mode::Live) && !oracles::is_open(self, Mode::Dev) {
                break;
            }
            self.wait_for_late_answers().await;
            self.jump(Duration::from_secs(3_600)).await;
            self.jump(Duration::from_secs(3_600)).await;
        }
        oracles::judge_ends(self, Mode::Live).await;
    }

    async fn wait_for_late_answers(&self) {
        for _ in 0..LATE_PAYERS_MINUTES {
            self.jump(Duration::from_secs(60)).await;
        }
    }

    async fn advance_test_clocks(&self, hours: i64) {
        let Some(gateway) = self.stage.gateway() else { return };
        for merchant in setup::MERCHANTS {
            let by = SignedDuration::from_hours(hours);
            if let Err(error) = gateway.engine.advance_clock(MerchantId::from_number(merchant), by).await {
                self.stage.fault(format!("a test clock could not be advanced: {error}"));
            }
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        self.look_at_chains().await;
    }

    /// A merchant polls: chains of test mode are followed while something is awaited, and when somebody looks.
    async fn look_at_chains(&self) {
        let Some(gateway) = self.stage.gateway() else { return };
        for lane in &self.coin_lanes {
            if let Err(error) = gateway.engine.follow_chain(NETWORK, *lane).await {
                self.stage.fault(format!("the chain {} is not followed: {error}", lane.number()));
            }
        }
    }

    /// What was told last is all there is.
    async fn let_chains_rest(&self) {
        let Some(chains) = &self.chains else { return };
        chains.rest();
        self.look_at_chains().await;
        tokio::time::sleep(Duration::from_secs(30)).await;
    }

    /// The lanes in which coins are paid.
    pub fn coin_lanes(&self) -> Vec<Lane> {
        self.coin_lanes.clone()
    }

    /// Time that nobody watches passes; then the workers look.
    async fn jump(&self, by: Duration) {
        tokio::time::advance(by).await;
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        self.look_at_chains().await;
    }

    /// The gateway's lives, one after the other, until it is calm.
    async fn reign(self: Arc<Self>) {
        let lives_max = if self.chance.percent(75) { self.chance.between(2..=5) } else { 1 };
        for number in 1.. {
            let last = u64::from(number) >= lives_max || self.stage.weather.is_calm();
            let gateway = self.begin_life(number, if last { i64::MAX } else { self.steps() }).await;
            if last {
                return;
            }
            let long = self.chance.seconds(1..=80);
            tokio::select! {
                biased;
                () = self.stage.weather.calm() => {
                    gateway.life.spare();
                    if !gateway.life.is_dead() {
                        return;
                    }
                }
                () = gateway.life.death() => {}
                () = tokio::time::sleep(long) => self.end_life(&gateway).await,
            }
            self.stage.set_gateway(None);
            self.stage.weather.count(Trouble::Crash);
            say!(self.stage, "the gateway is down");
            tokio::time::sleep(self.chance.ms(20..=20_000)).await;
        }
    }

    /// Steps until a crash; often soon, sometimes never.
    fn steps(&self) -> i64 {
        match self.chance.between(0..=3) {
            0 => self.chance.between(1..=40) as i64,
            1 | 2 => self.chance.between(1..=400) as i64,
            _ => i64::MAX,
        }
    }

    async fn begin_life(&self, number: u32, steps: i64) -> Gateway {
        let stage = &self.stage;
        let life = Arc::new(Life::new(number, steps));
        let clocks = Arc::new(Clocks::on(stage.wall()));
        let node = self.chains.clone().map(|chains| Node::new(life.clone(), clocks.clone(), chains));
        let store = TroubledStore::new(stage.clone(), life.clone(), self.store.clone(), self.chains.clone());
        let announcements = Arc::new(setup::Announcements { attempts_max: self.attempts_max });
        let parts = Parts {
            store: Arc::new(store),
            master_key: master_key(),
            vault: Vault::fixed(VaultKeys::parse(&format!("1:{MASTER_KEY}")).expect("a version and 64 digits")),
            clocks,
            providers: vec![Arc::new(Line { life: life.clone(), acquirer: self.acquirer.clone() })],
            coins: coins::ports(node),
            announcers: vec![(Dialect::Cashier, announcements.clone()), (Dialect::Crypto, announcements)],
            correspondents: Vec::new(),
            mailers: Mailers::default(),
            courier: Arc::new(Post { life: life.clone(), receiver: self.receiver.clone() }),
            guard: Guard::default(),
            node: number as u16,
            public_url: "http://gateway".to_owned(),
        };
        let engine = Engine::new(parts).await.expect("the configuration can be read");
        say!(stage, "the gateway begins its life {number}");
        let gateway = Gateway { engine, life };
        tokio::spawn(gateway.engine.clone().run());
        stage.set_gateway(Some(gateway.clone()));
        gateway
    }

    /// By a kill, or by an orderly stop that may be cut short.
    async fn end_life(&self, gateway: &Gateway) {
        if self.chance.percent(50) {
            say!(self.stage, "the gateway drains");
            self.stage.weather.count(Trouble::Restart);
            let drained = gateway.hear(gateway.engine.shutdown());
            if let Ok(Some(())) = tokio::time::timeout(Duration::from_secs(30), drained).await {
                self.stage.met("drained");
            }
        }
        gateway.life.die();
    }

    /// The mapping of printed ids, the same in every history.
    pub fn codec(&self) -> Codec {
        master_key().codec()
    }

    fn history(&self) -> History {
        let moved = self.acquirer.book().values().filter(|record| record.is_approved()).count();
        History {
            seed: self.stage.seed,
            faults: self.stage.faults(),
            lines: self.stage.trace.lines(),
            hash: self.stage.trace.hash(),
            strikes: self.stage.weather.counted(),
            corners: self.stage.corners(),
            payments: self.stage.witness.payments().len() as u64,
            coin_payments: self.stage.coins.all().len() as u64,
            movements: moved as u64,
        }
    }
}

fn master_key() -> MasterKey {
    MasterKey::from_hex(MASTER_KEY).expect("64 hexadecimal digits")
}

fn order(chance: &Chance, number: u64) -> Order {
    let owner = Owner {
        merchant: MerchantId::from_number(chance.pick(&setup::MERCHANTS)),
        mode: chance.pick(&[Mode::Dev, Mode::Live]),
    };
    let asset = Asset::from_code(chance.pick(&["EUR", "EUR", "JPY", "USD"])).expect("a known currency");
    Order {
        owner,
        reference: format!("order-{number}"),
        idempotency_key: chance.percent(40).then(|| format!("key-{number}")),
        amount: Money::new(chance.between(1..=50_000) as i64, asset),
        capture: chance.pick(&[CaptureMode::Now, CaptureMode::Later]),
        retry: chance.pick(&[Tries::Once, Tries::Once, Tries::Once, Tries::Twice]),
        route: ProviderId::new(chance.pick(&setup::ROUTES)),
        has_webhook: chance.percent(85),
    }
}

fn wish(chance: &Chance, number: u64) -> Wish {
    let owner = Owner {
        merchant: MerchantId::from_number(chance.pick(&setup::MERCHANTS)),
        mode: chance.pick(&[Mode::Dev, Mode::Live]),
    };
    let asset = Asset::from_code(chance.pick(&["EUR", "EUR", "JPY", "USD"])).expect("a known currency");
    Wish {
        owner,
        reference: format!("withdrawal-{number}"),
        amount: Money::new(chance.between(100..=12_000) as i64, asset),
        provider: ProviderId::new(setup::PAYS_OUT),
    }
}

fn ask(chance: &Chance, number: u64) -> Ask {
    let owner = Owner {
        merchant: MerchantId::from_number(chance.pick(&setup::MERCHANTS)),
        mode: chance.pick(&[Mode::Dev, Mode::Live]),
    };
    let asset = Asset::from_code(chance.pick(&["EUR", "JPY", "USD"])).expect("a known currency");
    let kind = match chance.percent(50) {
        true => Kind::Invoice { payers: chance.between(1..=4) },
        false => Kind::Plan { charges: chance.between(1..=5) as u32 },
    };
    Ask {
        owner,
        reference: format!("ask-{number}"),
        amount: Money::new(chance.between(1..=50_000) as i64, asset),
        route: ProviderId::new(chance.pick(&setup::ROUTES)),
        kind,
    }
}

/// Another merchant, or the same one in the other mode.
fn stranger_to(chance: &Chance, owner: Owner) -> Owner {
    let other = setup::MERCHANTS.iter().map(|number| MerchantId::from_number(*number));
    let others: Vec<MerchantId> = other.filter(|merchant| *merchant != owner.merchant).collect();
    let mode = match owner.mode {
        Mode::Dev => Mode::Live,
        Mode::Live => Mode::Dev,
    };
    match chance.percent(50) {
        true => Owner { merchant: chance.pick(&others), ..owner },
        false => Owner { mode, ..owner },
    }
}
