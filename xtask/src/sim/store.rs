//! A store as a process meets it on a bad day: it is slow, refuses, goes away for a while; and the process may die before a
//! commit reaches it, or after the commit and before the process hears of it.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use async_trait::async_trait;
use florin_kernel::ports::Lane;
use florin_kernel::{EventId, MerchantId, PaymentId, RecordId, RecordKind, RegistrationId, Timestamp, Transaction};
use florin_store::{
    Answer, AuditQuery, AuditRow, Backlog, Balance, ChainRow, Changeset, Claim, ConfigKind, ConfigRow, DeliveryRow,
    DueOf, EntryRow, EventRow, Floor, KeyUse, LedgerReport, NewestQuery, PayerQuery, PaymentQuery, RecordQuery,
    RegistrationQuery, Store, StoreError, Stored, StoredRecord, StoredRegistration, Verdict, WatchQuery, WatchRow,
};
use tokio::time::Instant;

use super::chain::{Chains, NETWORK};
use super::chance::Chance;
use super::coins::seen;
use super::life::Life;
use super::oracles;
use super::stage::{Stage, describe, say};
use super::weather::Trouble;

/// A store on one life of the process.
pub struct TroubledStore {
    stage: Arc<Stage>,
    life: Arc<Life>,
    inner: Arc<dyn Store>,
    chains: Option<Arc<Chains>>,
    chance: Chance,
    down_until: Mutex<Option<Instant>>,
}

impl TroubledStore {
    /// The store as a life of the process meets it.
    pub fn new(
        stage: Arc<Stage>,
        life: Arc<Life>,
        inner: Arc<dyn Store>,
        chains: Option<Arc<Chains>>,
    ) -> TroubledStore {
        let chance = Chance::of(stage.seed, &format!("store {}", life.number));
        TroubledStore { stage, life, inner, chains, chance, down_until: Mutex::new(None) }
    }

    /// The store itself, and whether the process still lives to ask it.
    pub(super) async fn calmly(&self) -> &Arc<dyn Store> {
        self.life.go_on().await;
        &self.inner
    }

    fn strikes(&self, trouble: Trouble) -> bool {
        self.stage.weather.strikes(&self.chance, trouble)
    }

    /// Whether the database is away; every now and then it goes.
    fn is_down(&self) -> bool {
        let mut until = self.down_until.lock().expect("no holder of the lock panics");
        if self.stage.weather.is_calm() {
            return false;
        }
        if until.is_none_or(|until| until <= Instant::now()) {
            // Seldom, because it then fails everybody for seconds.
            if !self.chance.percent(4) || !self.strikes(Trouble::StoreDown) {
                return false;
            }
            // Now and then for longer than a merchant waits for its answer.
            let lasts = self.chance.seconds(1..=16);
            say!(self.stage, "store: away for {lasts:?}");
            *until = Some(Instant::now() + lasts);
        }
        true
    }

    /// The way to a row.
    async fn reach(&self) -> Result<(), StoreError> {
        self.life.step().await;
        if self.is_down() {
            return Err(StoreError::Unavailable("simulated".to_owned()));
        }
        if self.chance.percent(20) {
            tokio::time::sleep(self.chance.ms(1..=8)).await;
            self.life.go_on().await;
        }
        Ok(())
    }

    /// What a worker asks for at every tick; a step only when something is found.
    fn look(&self) -> Result<(), StoreError> {
        match self.is_down() {
            true => Err(StoreError::Unavailable("simulated".to_owned())),
            false => Ok(()),
        }
    }

    /// What a commit promised of balances holds after it; nobody else can commit in between.
    fn check_floors(&self, floors: &[Floor]) {
        for Floor { book, account, minimum } in floors {
            let balances = at_once(self.inner.balances()).unwrap_or_default();
            let (book, name, asset) = (book.to_string(), account.to_string(), minimum.asset());
            let own =
                |balance: &&Balance| balance.book == book && balance.account == name && balance.asset == asset.code();
            let posted = balances.iter().find(own).map_or(0, |balance| balance.posted_minor);
            if posted < minimum.minor() {
                self.stage.fault(format!("{name} in the {book} book is at {posted} {asset}, below {minimum}"));
            }
        }
    }

    /// Everybody who asks later sees these versions.
    async fn bear_witness(&self, written: Vec<PaymentId>, mut lanes: Vec<Lane>) {
        for id in written {
            let Ok(Some(stored)) = at_once(self.inner.transaction(id)) else {
                self.stage.fault(format!("{id} was committed and is not there"));
                continue;
            };
            let faults = match stored.transaction {
                Transaction::Payment(payment) => {
                    say!(self.stage, "store: committed {} v{}", describe(&payment), stored.version);
                    self.stage.witness.see(payment)
                }
                Transaction::Withdrawal(withdrawal) => {
                    say!(self.stage, "store: committed {id} {} v{}", withdrawal.word().text(), stored.version);
                    self.stage.withdrawals.see(*withdrawal)
                }
                Transaction::Coin(coin) => {
                    say!(self.stage, "store: committed {} v{}", seen::describe(&coin), stored.version);
                    lanes.push(Lane::of(coin.merchant, coin.mode));
                    self.stage.coins.see(*coin)
                }
            };
            faults.into_iter().for_each(|fault| self.stage.fault(fault));
        }
        lanes.sort_unstable_by_key(|lane| lane.number());
        lanes.dedup();
        for (chains, lane) in self.chains.iter().flat_map(|chains| lanes.iter().map(move |lane| (chains, *lane))) {
            oracles::coins::judge_commit(&self.stage, chains, self.inner.as_ref(), lane);
        }
    }
}

/// Waits for a future without giving way, so that simulated time stands still while a real thread works for it.
pub fn at_once<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park_timeout(Duration::from_millis(50)),
        }
    }
}

#[async_trait]
impl Store for TroubledStore {
    async fn commit(&self, changeset: Changeset) -> Result<Verdict, StoreError> {
        self.reach().await?;
        if self.strikes(Trouble::StoreOverloaded) {
            say!(self.stage, "store: overloaded");
            return Err(StoreError::Overloaded);
        }
        if self.strikes(Trouble::StoreSlow) {
            tokio::time::sleep(self.chance.ms(50..=3_000)).await;
            self.life.go_on().await;
        }
        let written = changeset.payments.iter().map(|write| write.payment()).collect();
        let floors = changeset.floors.clone();
        let lanes = changeset.chains.iter().filter(|write| write.name == NETWORK).map(|write| write.lane).collect();
        let verdict = at_once(self.inner.commit(changeset))?;
        match &verdict {
            Verdict::Committed => {
                self.check_floors(&floors);
                self.bear_witness(written, lanes).await;
            }
            Verdict::Conflict => {
                self.stage.met("version conflict");
                say!(self.stage, "store: conflict");
            }
            Verdict::Duplicate(_) | Verdict::BelowFloor { .. } => {
                say!(self.stage, "store: {verdict:?}");
            }
        }
        if self.chance.percent(20) {
            tokio::time::sleep(self.chance.ms(1..=8)).await;
        }
        self.life.step().await;
        // A database over a network can commit and lose the connection before it says so.
        if self.strikes(Trouble::StoreAnswerLost) {
            say!(self.stage, "store: the answer to a commit is lost");
            return Err(StoreError::Unavailable("simulated, after the commit".to_owned()));
        }
        Ok(verdict)
    }

    fn version(&self) -> String {
        self.inner.version()
    }

    fn is_exclusive(&self) -> bool {
        self.inner.is_exclusive()
    }

    async fn transaction(&self, id: PaymentId) -> Result<Option<Stored>, StoreError> {
        self.reach().await?;
        at_once(self.inner.transaction(id))
    }

    async fn answer(&self, payment: PaymentId, sequence: u16) -> Result<Option<Answer>, StoreError> {
        self.reach().await?;
        at_once(self.inner.answer(payment, sequence))
    }

    async fn claim(&self, key: [u8; 16]) -> Result<Option<Claim>, StoreError> {
        self.reach().await?;
        at_once(self.inner.claim(key))
    }

    async fn transactions(&self, query: PaymentQuery) -> Result<Vec<Stored>, StoreError> {
        self.reach().await?;
        at_once(self.inner.transactions(query))
    }

    async fn newest_transactions(&self, query: NewestQuery) -> Result<Vec<Stored>, StoreError> {
        self.reach().await?;
        at_once(self.inner.newest_transactions(query))
    }

    async fn count_transactions(&self, query: NewestQuery) -> Result<u64, StoreError> {
        self.reach().await?;
        at_once(self.inner.count_transactions(query))
    }

    async fn of_payer(&self, query: PayerQuery) -> Result<Vec<Stored>, StoreError> {
        self.reach().await?;
        at_once(self.inner.of_payer(query))
    }

    async fn due_payments(&self, wall: Timestamp, limit: u32) -> Result<Vec<PaymentId>, StoreError> {
        self.life.go_on().await;
        self.look()?;
        at_once(self.inner.due_payments(wall, limit))
    }

    async fn record(&self, id: RecordId) -> Result<Option<StoredRecord>, StoreError> {
        self.reach().await?;
        at_once(self.inner.record(id))
    }

    async fn records(&self, query: RecordQuery) -> Result<Vec<StoredRecord>, StoreError> {
        self.reach().await?;
        at_once(self.inner.records(query))
    }

    async fn count_records(&self, query: RecordQuery) -> Result<u64, StoreError> {
        self.reach().await?;
        at_once(self.inner.count_records(query))
    }

    async fn due_records(
        &self,
        wall: Timestamp,
        of: DueOf,
        limit: u32,
    ) -> Result<Vec<(RecordKind, RecordId)>, StoreError> {
        self.look()?;
        at_once(self.inner.due_records(wall, of, limit))
    }

    async fn registration(&self, id: RegistrationId) -> Result<Option<StoredRegistration>, StoreError> {
        self.reach().await?;
        at_once(self.inner.registration(id))
    }

    async fn registrations(&self, query: RegistrationQuery) -> Result<Vec<StoredRegistration>, StoreError> {
        self.reach().await?;
        at_once(self.inner.registrations(query))
    }

    async fn due_registrations(
        &self,
        wall: Timestamp,
        limit: u32,
    ) -> Result<Vec<(RegistrationId, Timestamp)>, StoreError> {
        self.life.go_on().await;
        at_once(self.inner.due_registrations(wall, limit))
    }

    async fn registrations_under(
        &self,
        version: u32,
        after: Option<RegistrationId>,
        limit: u32,
    ) -> Result<Vec<StoredRegistration>, StoreError> {
        self.reach().await?;
        at_once(self.inner.registrations_under(version, after, limit))
    }

    async fn chain(&self, name: &str, lane: Lane) -> Result<Option<ChainRow>, StoreError> {
        self.life.go_on().await;
        at_once(self.inner.chain(name, lane))
    }

    async fn watched(&self, query: WatchQuery) -> Result<Vec<WatchRow>, StoreError> {
        self.life.go_on().await;
        at_once(self.inner.watched(query))
    }

    async fn watched_lanes(&self) -> Result<Vec<(String, Lane)>, StoreError> {
        self.life.go_on().await;
        at_once(self.inner.watched_lanes())
    }

    async fn next_address(&self, network: &str, account: &str) -> Result<u32, StoreError> {
        self.life.go_on().await;
        at_once(self.inner.next_address(network, account))
    }

    async fn key_use(&self) -> Result<Vec<KeyUse>, StoreError> {
        self.life.go_on().await;
        at_once(self.inner.key_use())
    }

    async fn backlog(&self, wall: Timestamp) -> Result<Backlog, StoreError> {
        self.life.go_on().await;
        at_once(self.inner.backlog(wall))
    }

    async fn due_events(
        &self,
        wall: Timestamp,
        limit: u32,
        busy_endpoints: &[String],
        in_flight: &[EventId],
    ) -> Result<Vec<EventRow>, StoreError> {
        self.life.go_on().await;
        self.look()?;
        at_once(self.inner.due_events(wall, limit, busy_endpoints, in_flight))
    }

    async fn events(&self, payment: PaymentId) -> Result<Vec<(EventRow, Vec<DeliveryRow>)>, StoreError> {
        self.reach().await?;
        at_once(self.inner.events(payment))
    }

    async fn entries(&self, payment: PaymentId) -> Result<Vec<EntryRow>, StoreError> {
        self.reach().await?;
        at_once(self.inner.entries(payment))
    }

    async fn balances(&self) -> Result<Vec<Balance>, StoreError> {
        self.reach().await?;
        at_once(self.inner.balances())
    }

    async fn verify_ledger(&self) -> Result<LedgerReport, StoreError> {
        self.reach().await?;
        at_once(self.inner.verify_ledger())
    }

    async fn audit(&self, query: AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        self.reach().await?;
        at_once(self.inner.audit(query))
    }

    async fn config(&self, kind: ConfigKind) -> Result<Vec<ConfigRow>, StoreError> {
        self.life.go_on().await;
        at_once(self.inner.config(kind))
    }

    async fn put_config(&self, rows: Vec<ConfigRow>) -> Result<(), StoreError> {
        self.life.go_on().await;
        at_once(self.inner.put_config(rows))
    }

    async fn add_config(&self, rows: Vec<ConfigRow>) -> Result<(), StoreError> {
        self.life.go_on().await;
        at_once(self.inner.add_config(rows))
    }

    async fn revision(&self) -> Result<i64, StoreError> {
        self.look()?;
        at_once(self.inner.revision())
    }

    async fn clocks(&self) -> Result<Vec<(Lane, i64)>, StoreError> {
        self.life.go_on().await;
        at_once(self.inner.clocks())
    }

    async fn advance_clock(&self, merchant: MerchantId, by_ms: i64) -> Result<i64, StoreError> {
        self.reach().await?;
        at_once(self.inner.advance_clock(merchant, by_ms))
    }

    async fn purge(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.reach().await?;
        at_once(self.inner.purge(before, limit))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.reach().await?;
        at_once(self.inner.ping())
    }

    fn office(&self) -> &dyn florin_store::office::Office {
        self
    }

    /// The database outlives the process; the history closes it.
    async fn close(&self) {}
}
