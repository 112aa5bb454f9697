//! The SQLite driver: one writer thread that commits in groups, a few readers, checkpoints off the request path.
//!
//! It must not know what a payment's states mean; only [`verify`] reads the documents it keeps.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use async_trait::async_trait;
use florin_kernel::ports::Lane;
use florin_kernel::sabotage::{Defect, is_planted};
use florin_kernel::{EventId, MerchantId, PaymentId, RecordId, RecordKind, RegistrationId, Timestamp};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::registration::RawRegistration;
use crate::{
    Answer, AuditQuery, AuditRow, Backlog, Balance, ChainRow, Changeset, Claim, ConfigKind, ConfigRow, DeliveryRow,
    DueOf, EntryRow, EventRow, KeyUse, LedgerReport, NewestQuery, PayerQuery, PaymentQuery, RecordQuery,
    RegistrationQuery, Store, StoreError, Stored, StoredRecord, StoredRegistration, Verdict, WatchQuery, WatchRow,
};
use claims::fresh::FreshClaims;
use connection::Purpose;
use read::{Readers, at_one_moment};
use writer::{Commit, Order, Queue};

mod answers;
mod apply;
mod audit;
mod backlog;
mod backup;
mod chains;
mod checkpoint;
mod claims;
mod clocks;
mod config;
mod connection;
mod ledger;
mod office;
mod outbox;
mod payments;
mod purge;
mod read;
mod records;
mod registrations;
mod rows;
mod schema;
mod seals;
#[cfg(test)]
mod tests;
mod verify;
mod writer;

pub use crate::OpenError;
pub use backup::{BackupError, BackupProgress, backup};

/// How the driver works; the defaults suit a machine of two cores and more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqliteSettings {
    /// Changesets that may wait; more are refused with [`StoreError::Overloaded`].
    pub queue_max: usize,
    /// Changesets in one transaction.
    pub batch_max: usize,
    /// Reader threads.
    pub readers: usize,
    /// Claims that are kept in memory until they are moved to their places in the file, some 150 bytes each.
    pub fresh_claims_max: usize,
    /// The database's largest size in pages of 4 KiB; commits that need more answer [`StoreError::Unavailable`].
    pub pages_max: Option<u32>,
}

impl Default for SqliteSettings {
    fn default() -> SqliteSettings {
        SqliteSettings { queue_max: 4_096, batch_max: 512, readers: 2, fresh_claims_max: 65_536, pages_max: None }
    }
}

/// A store in one SQLite file.
pub struct SqliteStore {
    path: PathBuf,
    /// Taken away at close; a store opened for reading only never has it.
    orders: RwLock<Option<SyncSender<Order>>>,
    /// Commits in the queue.
    waiting: Arc<AtomicU64>,
    readers: RwLock<Option<std::sync::Arc<Readers>>>,
    /// Claims in memory; a store opened for reading only has none.
    fresh_claims: Option<Arc<FreshClaims>>,
    threads: Mutex<Option<Threads>>,
    is_exclusive: bool,
}

/// What runs, and the lock that keeps other processes away while it does.
struct Threads {
    writer: Option<JoinHandle<Connection>>,
    others: Vec<JoinHandle<()>>,
    lock: Option<File>,
}

impl SqliteStore {
    /// Opens the database at `path` for reading and writing, makes it if there is none and brings it up to date.
    ///
    /// # Errors
    /// [`OpenError`]: in use by another process, of a newer release, or the settings that durability needs do not take.
    pub fn open(path: &Path, settings: SqliteSettings) -> Result<SqliteStore, OpenError> {
        connection::check_library(rusqlite::version_number())?;
        let lock = lock(path)?;
        let connection = connection::open(path, Purpose::Write)?;
        schema::migrate(&connection)?;
        if let Some(pages_max) = settings.pages_max {
            connection::limit_pages(&connection, pages_max)?;
        }
        let queue_max = if is_planted(Defect::UnboundedQueue) { 1 << 16 } else { settings.queue_max };
        let (orders, queue) = sync_channel(queue_max);
        let (wake_up, wake_ups) = sync_channel(1);
        let (ready, is_ready) = std::sync::mpsc::channel();
        let (batch_max, waiting) = (settings.batch_max, Arc::<AtomicU64>::default());
        let queue = Queue { orders: queue, waiting: Arc::clone(&waiting) };
        let fresh_claims = Arc::new(FreshClaims::load(&connection, settings.fresh_claims_max)?);
        let fresh = Arc::clone(&fresh_claims);
        let write = move || writer::run(connection, fresh, &queue, batch_max, wake_up, &ready);
        let writer = spawn("store-writer", path, write)?;
        is_ready.recv().map_err(|_| OpenError::Database(rusqlite::Error::InvalidQuery))??;
        let copier = connection::open(path, Purpose::Checkpoint)?;
        let copier = spawn("store-checkpoint", path, move || checkpoint::run(&copier, &wake_ups))?;
        let (readers, mut others) = Readers::start(path, settings.readers)?;
        others.push(copier);
        let sqlite = rusqlite::version();
        tracing::info!(path = %path.display(), sqlite, "database open");
        Ok(SqliteStore {
            path: path.to_owned(),
            orders: RwLock::new(Some(orders)),
            waiting,
            readers: RwLock::new(Some(std::sync::Arc::new(readers))),
            fresh_claims: Some(fresh_claims),
            threads: Mutex::new(Some(Threads { writer: Some(writer), others, lock: Some(lock) })),
            is_exclusive: true,
        })
    }

    /// Opens the database at `path` for reading, beside a server that may be running.
    ///
    /// # Errors
    /// [`OpenError`]: there is none, or it is not of this release's schema version.
    pub fn open_read_only(path: &Path) -> Result<SqliteStore, OpenError> {
        connection::check_library(rusqlite::version_number())?;
        schema::check(&connection::open(path, Purpose::Read)?)?;
        let (readers, others) = Readers::start(path, SqliteSettings::default().readers)?;
        Ok(SqliteStore {
            path: path.to_owned(),
            orders: RwLock::new(None),
            waiting: Arc::default(),
            readers: RwLock::new(Some(std::sync::Arc::new(readers))),
            fresh_claims: None,
            threads: Mutex::new(Some(Threads { writer: None, others, lock: None })),
            is_exclusive: false,
        })
    }

    /// Puts an order into the writer's queue; never waits.
    fn order(&self, order: Order) -> Result<(), StoreError> {
        let orders = self.orders.read().unwrap_or_else(PoisonError::into_inner);
        let Some(orders) = orders.as_ref() else {
            return Err(StoreError::Unavailable("it is closed or open for reading only".to_owned()));
        };
        orders.try_send(order).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Overloaded,
            TrySendError::Disconnected(_) => StoreError::Unavailable("its writer is gone".to_owned()),
        })
    }

    /// Writes something rare in a transaction of its own.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Alone(Box::new(move |connection| {
            let _ = reply.send(writer::in_transaction(connection, work));
        })))?;
        Ok(answer.await.map_err(|_| gone())??)
    }

    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = self.readers.read().unwrap_or_else(PoisonError::into_inner).clone();
        match readers {
            Some(readers) => readers.ask(query).await,
            None => Err(StoreError::Unavailable("it is closed".to_owned())),
        }
    }

    /// Takes the ways to the threads away, so that they end when they have done what is queued.
    fn take_threads(&self) -> Option<Threads> {
        self.orders.write().unwrap_or_else(PoisonError::into_inner).take();
        self.readers.write().unwrap_or_else(PoisonError::into_inner).take();
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, changeset: Changeset) -> Result<Verdict, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if let Err(refused) = self.order(Order::Commit(Commit { changeset, reply })) {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(refused);
        }
        answer.await.map_err(|_| gone())?
    }

    fn version(&self) -> String {
        format!("SQLite {}", rusqlite::version())
    }

    fn is_exclusive(&self) -> bool {
        self.is_exclusive
    }

    async fn transaction(&self, id: PaymentId) -> Result<Option<Stored>, StoreError> {
        let row = self.read(move |connection| payments::payment(connection, id)).await?;
        row.map(payments::RawPayment::read).transpose()
    }

    async fn answer(&self, payment: PaymentId, sequence: u16) -> Result<Option<Answer>, StoreError> {
        self.read(move |connection| answers::answer(connection, payment, sequence)).await
    }

    async fn claim(&self, key: [u8; 16]) -> Result<Option<Claim>, StoreError> {
        let Some(fresh) = &self.fresh_claims else {
            return self.read(move |connection| claims::claim(connection, key)).await;
        };
        match fresh.find(&key) {
            Some(claim) => Ok(Some(claim)),
            None => self.read(move |connection| claims::settled(connection, key)).await,
        }
    }

    async fn transactions(&self, query: PaymentQuery) -> Result<Vec<Stored>, StoreError> {
        let rows = self.read(move |connection| at_one_moment(connection, |c| payments::list(c, query))).await?;
        rows.into_iter().map(payments::RawPayment::read).collect()
    }

    async fn newest_transactions(&self, query: NewestQuery) -> Result<Vec<Stored>, StoreError> {
        let rows = self.read(move |connection| payments::newest(connection, query)).await?;
        rows.into_iter().map(payments::RawPayment::read).collect()
    }

    async fn count_transactions(&self, query: NewestQuery) -> Result<u64, StoreError> {
        self.read(move |connection| payments::count(connection, query)).await
    }

    async fn of_payer(&self, query: PayerQuery) -> Result<Vec<Stored>, StoreError> {
        let rows = self.read(move |connection| at_one_moment(connection, |c| payments::of_payer(c, &query))).await?;
        rows.into_iter().map(payments::RawPayment::read).collect()
    }

    async fn due_payments(&self, wall: Timestamp, limit: u32) -> Result<Vec<PaymentId>, StoreError> {
        self.read(move |connection| at_one_moment(connection, |c| clocks::due_payments(c, wall, limit))).await
    }

    async fn record(&self, id: RecordId) -> Result<Option<StoredRecord>, StoreError> {
        self.read(move |connection| records::record(connection, id)).await
    }

    async fn records(&self, query: RecordQuery) -> Result<Vec<StoredRecord>, StoreError> {
        self.read(move |connection| records::list(connection, &query)).await
    }

    async fn count_records(&self, query: RecordQuery) -> Result<u64, StoreError> {
        self.read(move |connection| records::count(connection, &query)).await
    }

    async fn due_records(
        &self,
        wall: Timestamp,
        of: DueOf,
        limit: u32,
    ) -> Result<Vec<(RecordKind, RecordId)>, StoreError> {
        self.read(move |connection| at_one_moment(connection, |c| records::due(c, wall, of, limit))).await
    }

    async fn registration(&self, id: RegistrationId) -> Result<Option<StoredRegistration>, StoreError> {
        let row = self.read(move |connection| registrations::registration(connection, id)).await?;
        row.map(RawRegistration::read).transpose()
    }

    async fn registrations(&self, query: RegistrationQuery) -> Result<Vec<StoredRegistration>, StoreError> {
        let rows = self.read(move |connection| registrations::list(connection, &query)).await?;
        rows.into_iter().map(RawRegistration::read).collect()
    }

    async fn due_registrations(
        &self,
        wall: Timestamp,
        limit: u32,
    ) -> Result<Vec<(RegistrationId, Timestamp)>, StoreError> {
        self.read(move |connection| at_one_moment(connection, |c| registrations::due(c, wall, limit))).await
    }

    async fn registrations_under(
        &self,
        version: u32,
        after: Option<RegistrationId>,
        limit: u32,
    ) -> Result<Vec<StoredRegistration>, StoreError> {
        let rows = self.read(move |connection| registrations::under_key(connection, version, after, limit)).await?;
        rows.into_iter().map(RawRegistration::read).collect()
    }

    async fn chain(&self, name: &str, lane: Lane) -> Result<Option<ChainRow>, StoreError> {
        let name = name.to_owned();
        self.read(move |connection| chains::chain(connection, &name, lane)).await
    }

    async fn watched(&self, query: WatchQuery) -> Result<Vec<WatchRow>, StoreError> {
        self.read(move |connection| at_one_moment(connection, |c| chains::watched(c, &query))).await
    }

    async fn watched_lanes(&self) -> Result<Vec<(String, Lane)>, StoreError> {
        self.read(chains::lanes).await
    }

    async fn next_address(&self, network: &str, account: &str) -> Result<u32, StoreError> {
        let (network, account) = (network.to_owned(), account.to_owned());
        self.read(move |connection| chains::next_address(connection, &network, &account)).await
    }

    async fn key_use(&self) -> Result<Vec<KeyUse>, StoreError> {
        self.read(registrations::key_use).await
    }

    async fn due_events(
        &self,
        wall: Timestamp,
        limit: u32,
        busy_endpoints: &[String],
        in_flight: &[EventId],
    ) -> Result<Vec<EventRow>, StoreError> {
        let skipped = outbox::Skipped { endpoints: busy_endpoints.to_vec(), events: in_flight.to_vec() };
        self.read(move |connection| at_one_moment(connection, |c| outbox::due(c, wall, limit, &skipped))).await
    }

    async fn backlog(&self, wall: Timestamp) -> Result<Backlog, StoreError> {
        let counted = self.read(move |connection| at_one_moment(connection, |c| backlog::count(c, wall))).await?;
        Ok(Backlog { commits: self.waiting.load(Ordering::Relaxed), ..counted })
    }

    async fn events(&self, payment: PaymentId) -> Result<Vec<(EventRow, Vec<DeliveryRow>)>, StoreError> {
        self.read(move |connection| at_one_moment(connection, |c| outbox::events(c, payment))).await
    }

    async fn entries(&self, payment: PaymentId) -> Result<Vec<EntryRow>, StoreError> {
        self.read(move |connection| ledger::entries(connection, payment)).await
    }

    async fn balances(&self) -> Result<Vec<Balance>, StoreError> {
        self.read(ledger::balances).await
    }

    async fn verify_ledger(&self) -> Result<LedgerReport, StoreError> {
        self.office().verify(Arc::default()).await
    }

    async fn audit(&self, query: AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        self.read(move |connection| audit::list(connection, query)).await
    }

    async fn config(&self, kind: ConfigKind) -> Result<Vec<ConfigRow>, StoreError> {
        self.read(move |connection| config::config(connection, kind)).await
    }

    async fn put_config(&self, rows: Vec<ConfigRow>) -> Result<(), StoreError> {
        self.write(move |connection| config::put(connection, &rows)).await
    }

    async fn add_config(&self, rows: Vec<ConfigRow>) -> Result<(), StoreError> {
        self.write(move |connection| config::add(connection, &rows)).await
    }

    async fn revision(&self) -> Result<i64, StoreError> {
        Ok(0)
    }

    async fn clocks(&self) -> Result<Vec<(Lane, i64)>, StoreError> {
        self.read(clocks::advanced).await
    }

    async fn advance_clock(&self, merchant: MerchantId, by_ms: i64) -> Result<i64, StoreError> {
        self.write(move |connection| clocks::advance(connection, Lane::Dev(merchant), by_ms)).await
    }

    async fn purge(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let fresh = self.fresh_claims.clone();
        self.write(move |connection| purge::purge(connection, fresh.as_deref(), before, limit)).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.write(ledger::touch).await
    }

    fn office(&self) -> &dyn crate::office::Office {
        self
    }

    async fn close(&self) {
        let Some(threads) = self.take_threads() else { return };
        let (done, is_done) = oneshot::channel();
        let path = self.path.clone();
        let closing = std::thread::spawn(move || {
            threads.finish(&path);
            let _ = done.send(());
        });
        let _ = is_done.await;
        drop(closing);
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        if let Some(threads) = self.take_threads() {
            threads.finish(&self.path);
        }
    }
}

impl Threads {
    /// Waits until everything queued is done, empties the log and gives the database free.
    fn finish(self, path: &Path) {
        let connection = self.writer.map(JoinHandle::join);
        for thread in self.others {
            let _ = thread.join();
        }
        match connection {
            None => {}
            Some(Ok(connection)) => {
                checkpoint::finish(&connection);
                drop(connection);
                tracing::info!(path = %path.display(), "database closed");
            }
            Some(Err(_)) => tracing::error!(path = %path.display(), "the database's writer had panicked"),
        }
        drop(self.lock);
    }
}

/// Takes the lock that says which process writes the database.
fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let io = |error| OpenError::Io(name.clone(), error);
    let file = File::options().create(true).truncate(false).write(true).open(&name).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(OpenError::Io(name, error)),
    }
}

fn spawn<T: Send + 'static>(
    name: &str,
    path: &Path,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, OpenError> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread.spawn(work).map_err(|error| OpenError::Io(path.to_owned(), error))
}

fn gone() -> StoreError {
    StoreError::Unavailable("its writer is gone".to_owned())
}
