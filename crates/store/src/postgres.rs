//! The PostgreSQL driver: several writers that commit in groups, a pool of sessions for queries, any number of processes on one
//! database.
//!
//! It must not know what a payment's states mean; only [`verify`] reads the documents it keeps.
//!
//! This file is long because the port asks many questions; each is answered in a few lines here, by statements of its noun's file.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use async_recursion::async_recursion as boxed;
use async_trait::async_trait;
use deadpool_postgres::{Object, Pool};
use florin_kernel::ports::Lane;
use florin_kernel::{EventId, MerchantId, PaymentId, RecordId, RecordKind, RegistrationId, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::words::{kind_text, mode_text, record_text};
use crate::{
    Answer, AuditQuery, AuditRow, Backlog, Balance, ChainRow, Changeset, Claim, ConfigKind, ConfigRow, DeliveryRow,
    DueOf, EntryRow, EventRow, KeyUse, LedgerReport, NewestQuery, OpenError, PayerQuery, PaymentQuery, RecordQuery,
    RegistrationQuery, RegistrationsOf, Store, StoreError, Stored, StoredRecord, StoredRegistration, Verdict,
    WatchQuery, WatchRow,
};
use connection::Purpose;
pub use connection::Server;
use rows::{get, open_error};
use writer::{Commit, Writer};

mod answers;
mod apply;
mod audit;
mod backlog;
mod chains;
mod claims;
mod clocks;
mod config;
mod connection;
mod ledger;
mod office;
mod outbox;
mod payments;
mod purge;
mod records;
mod registrations;
mod rows;
mod schema;
#[cfg(test)]
mod tests;
mod tls;
mod verify;
mod writer;

/// How the driver works; the defaults suit a database of a few cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostgresSettings {
    /// Changesets that may wait; more are refused with [`StoreError::Overloaded`].
    pub queue_max: usize,
    /// Changesets in one transaction.
    pub batch_max: usize,
    /// Writers, each with a session of its own.
    pub writers: usize,
    /// Sessions for queries, at most.
    pub readers_max: usize,
}

impl Default for PostgresSettings {
    fn default() -> PostgresSettings {
        PostgresSettings { queue_max: 4_096, batch_max: 512, writers: 3, readers_max: 8 }
    }
}

/// A store in a PostgreSQL database.
pub struct PostgresStore {
    server: Server,
    /// Taken away at close; a store opened for reading only never has it.
    orders: RwLock<Option<mpsc::Sender<Commit>>>,
    pool: Pool,
    tasks: Mutex<Tasks>,
    /// By which this process is told from others in leases.
    process: i64,
    version: String,
}

#[derive(Default)]
struct Tasks {
    writers: Vec<JoinHandle<()>>,
    roll_up: Option<JoinHandle<()>>,
}

/// How long closing waits for commits whose fate is not known.
const CLOSE_MAX: Duration = Duration::from_secs(15);
/// A query is given up when so many sessions broke under it.
const BROKEN_MAX: usize = 4;
const ROLL_UP_EVERY: Duration = Duration::from_secs(1);
/// Deltas rolled up in one transaction.
const ROLL_UP_BATCH: i64 = 10_000;

impl PostgresStore {
    /// Opens the database and brings it up to date.
    ///
    /// # Errors
    /// [`OpenError`]: it cannot be reached, is of a newer release, or does not keep what it acknowledges. No sentence holds
    /// the password.
    #[boxed]
    pub async fn open(server: Server, settings: PostgresSettings) -> Result<PostgresStore, OpenError> {
        let place = server.place();
        let told = |error| at_place(&place, error);
        let mut client = server.connect(Purpose::Serve).await.map_err(open_error).map_err(told)?;
        let version = connection::check(&client).await.map_err(told)?;
        schema::migrate(&mut client).await.map_err(told)?;
        let drawn = client.query_one("SELECT nextval('writers')", &[]).await.map_err(open_error).map_err(told)?;
        let process = get(&drawn, 0).map_err(|error| OpenError::Server(error.to_string()))?;
        let pool = server.pool(Purpose::Serve, settings.readers_max)?;
        let (orders, queue) = mpsc::channel(settings.queue_max.max(1));
        let queue = Arc::new(tokio::sync::Mutex::new(queue));
        let writer = || Writer::new(server.clone(), Arc::clone(&queue), settings.batch_max);
        let writers = (0..settings.writers.max(1)).map(|_| tokio::spawn(writer().run())).collect();
        let roll_up = Some(tokio::spawn(roll_up_now_and_then(pool.clone())));
        tracing::info!(place, postgres = version, "database open");
        let (orders, tasks) = (RwLock::new(Some(orders)), Mutex::new(Tasks { writers, roll_up }));
        Ok(PostgresStore { server, orders, pool, tasks, process, version })
    }

    /// Opens the database for reading, beside servers that may be running.
    ///
    /// # Errors
    /// [`OpenError`]: it cannot be reached, or is not of this release's schema version.
    #[boxed]
    pub async fn open_read_only(server: Server) -> Result<PostgresStore, OpenError> {
        let place = server.place();
        let told = |error| at_place(&place, error);
        let client = server.connect(Purpose::Read).await.map_err(open_error).map_err(told)?;
        let version = connection::check(&client).await.map_err(told)?;
        schema::check(&client).await.map_err(told)?;
        let pool = server.pool(Purpose::Read, PostgresSettings::default().readers_max)?;
        let (orders, tasks) = (RwLock::new(None), Mutex::default());
        Ok(PostgresStore { server, orders, pool, tasks, process: 0, version })
    }

    /// One statement. It is asked again when the session turns out to be broken, so it must do no harm twice.
    async fn query(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StoreError> {
        for _ in 0..BROKEN_MAX {
            let session = self.pool.get().await?;
            let asked = async {
                let statement = session.prepare_cached(sql).await?;
                session.query(&statement, parameters).await
            };
            match asked.await {
                Ok(rows) => return Ok(rows),
                Err(error) if error.is_closed() || session.is_closed() => {
                    tracing::debug!(error = rows::sentence(&error), "a query's session broke; asking again");
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Unavailable("PostgreSQL closes every session".to_owned()))
    }

    async fn write_config(&self, sql: &str, rows: &[ConfigRow]) -> Result<(), StoreError> {
        // A row named twice is what it was named last.
        let rows: HashMap<(&str, i64), &str> =
            rows.iter().map(|row| ((kind_text(row.kind), row.id), row.document.as_str())).collect();
        let (keys, documents): (Vec<(&str, i64)>, Vec<&str>) = rows.into_iter().unzip();
        let (kinds, ids): (Vec<&str>, Vec<i64>) = keys.into_iter().unzip();
        let mut session = self.session().await?;
        let transaction = session.transaction().await?;
        // The one row of the revision keeps two writers of configuration apart.
        transaction.execute(config::CHANGED, &[]).await?;
        transaction.execute(sql, &[&kinds, &ids, &documents]).await?;
        Ok(transaction.commit().await?)
    }

    /// A session that may write.
    async fn session(&self) -> Result<Object, StoreError> {
        if self.process == 0 {
            return Err(StoreError::Unavailable("it is open for reading only".to_owned()));
        }
        Ok(self.pool.get().await?)
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn commit(&self, changeset: Changeset) -> Result<Verdict, StoreError> {
        if changeset.holds_nul() {
            return Err(StoreError::Unavailable("PostgreSQL keeps no text with a NUL in it".to_owned()));
        }
        let (reply, answer) = oneshot::channel();
        {
            let orders = self.orders.read().unwrap_or_else(PoisonError::into_inner);
            let orders = orders.as_ref();
            let orders =
                orders.ok_or_else(|| StoreError::Unavailable("it is closed or open for reading only".into()))?;
            orders.try_send(Commit { changeset, reply }).map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => gone(),
            })?;
        }
        answer.await.map_err(|_| gone())?
    }

    fn version(&self) -> String {
        format!("PostgreSQL {}", self.version)
    }

    fn is_exclusive(&self) -> bool {
        false
    }

    async fn transaction(&self, id: PaymentId) -> Result<Option<Stored>, StoreError> {
        let rows = self.query(payments::SELECT, &[&id.number()]).await?;
        rows.first().map(payments::read).transpose()
    }

    async fn answer(&self, payment: PaymentId, sequence: u16) -> Result<Option<Answer>, StoreError> {
        let rows = self.query(answers::SELECT, &[&payment.number(), &i32::from(sequence)]).await?;
        rows.first().map(answers::read).transpose()
    }

    async fn claim(&self, key: [u8; 16]) -> Result<Option<Claim>, StoreError> {
        let rows = self.query(claims::SELECT, &[&vec![&key[..]]]).await?;
        rows.first().map(claims::read).transpose()
    }

    async fn transactions(&self, query: PaymentQuery) -> Result<Vec<Stored>, StoreError> {
        let (merchant, mode) = (query.merchant.number(), mode_text(query.mode));
        let (from, until) = (query.from.as_millisecond(), query.until.as_millisecond());
        let limit = i64::from(query.limit);
        let rows = match query.after {
            None => self.query(payments::LIST, &[&merchant, &mode, &from, &until, &limit]).await?,
            Some(after) => {
                let parameters: &[&(dyn ToSql + Sync)] = &[&merchant, &mode, &from, &until, &limit, &after.number()];
                self.query(payments::LIST_AFTER, parameters).await?
            }
        };
        rows.iter().map(payments::read).collect()
    }

    async fn newest_transactions(&self, query: NewestQuery) -> Result<Vec<Stored>, StoreError> {
        let (merchant, mode) = (query.merchant.number(), mode_text(query.mode));
        let (from, until) = (query.from.as_millisecond(), query.until.as_millisecond());
        let (limit, skip) = (i64::from(query.limit), i64::from(query.skip));
        let rows = self.query(payments::NEWEST, &[&merchant, &mode, &from, &until, &limit, &skip]).await?;
        rows.iter().map(payments::read).collect()
    }

    async fn count_transactions(&self, query: NewestQuery) -> Result<u64, StoreError> {
        let (merchant, mode) = (query.merchant.number(), mode_text(query.mode));
        let (from, until) = (query.from.as_millisecond(), query.until.as_millisecond());
        let rows = self.query(payments::COUNT, &[&merchant, &mode, &from, &until]).await?;
        rows.first().map_or(Ok(0), records::read_count)
    }

    async fn of_payer(&self, query: PayerQuery) -> Result<Vec<Stored>, StoreError> {
        let Some(payer) = query.number() else { return Ok(Vec::new()) };
        let rows = self.query(payments::OF_PAYER, &[&payer, &query.beyond(), &i64::from(query.limit)]).await?;
        rows.iter().map(payments::read).collect()
    }

    async fn due_payments(&self, wall: Timestamp, limit: u32) -> Result<Vec<PaymentId>, StoreError> {
        let rows = self.query(clocks::DUE_PAYMENTS, &[&wall.as_millisecond(), &i64::from(limit)]).await?;
        rows.iter().map(|row| get(row, 0).map(PaymentId::from_number)).collect()
    }

    async fn record(&self, id: RecordId) -> Result<Option<StoredRecord>, StoreError> {
        let rows = self.query(records::SELECT, &[&id.number()]).await?;
        rows.first().map(records::read).transpose()
    }

    async fn records(&self, query: RecordQuery) -> Result<Vec<StoredRecord>, StoreError> {
        let (merchant, mode, kind) = (query.merchant.number(), mode_text(query.mode), record_text(query.kind));
        let (from, until) = (query.from.as_millisecond(), query.until.as_millisecond());
        let (limit, skip) = (i64::from(query.limit), i64::from(query.skip));
        let parameters: &[&(dyn ToSql + Sync)] = &[&merchant, &mode, &kind, &from, &until, &query.word, &limit, &skip];
        self.query(records::LIST, parameters).await?.iter().map(records::read).collect()
    }

    async fn count_records(&self, query: RecordQuery) -> Result<u64, StoreError> {
        let (merchant, mode, kind) = (query.merchant.number(), mode_text(query.mode), record_text(query.kind));
        let (from, until) = (query.from.as_millisecond(), query.until.as_millisecond());
        let rows = self.query(records::COUNT, &[&merchant, &mode, &kind, &from, &until, &query.word]).await?;
        rows.first().map_or(Ok(0), records::read_count)
    }

    async fn due_records(
        &self,
        wall: Timestamp,
        of: DueOf,
        limit: u32,
    ) -> Result<Vec<(RecordKind, RecordId)>, StoreError> {
        let rows = self.query(records::DUE, &[&wall.as_millisecond(), &i64::from(limit), &(of == DueOf::Mail)]).await?;
        rows.iter().map(records::read_due).collect()
    }

    async fn registration(&self, id: RegistrationId) -> Result<Option<StoredRegistration>, StoreError> {
        let rows = self.query(registrations::SELECT, &[&id.number()]).await?;
        rows.first().map(registrations::read).transpose()
    }

    async fn registrations(&self, query: RegistrationQuery) -> Result<Vec<StoredRegistration>, StoreError> {
        let (merchant, mode, limit) = (query.merchant.number(), mode_text(query.mode), i64::from(query.limit));
        let after = query.after.map_or(i64::MIN, RegistrationId::number);
        let rows = match &query.of {
            RegistrationsOf::Anybody => self.query(registrations::ALL, &[&merchant, &mode, &after, &limit]).await?,
            RegistrationsOf::Customer(customer) => {
                self.query(registrations::OF_CUSTOMER, &[&merchant, &mode, &after, &limit, customer]).await?
            }
            RegistrationsOf::Card(fingerprint) => {
                self.query(registrations::OF_CARD, &[&merchant, &mode, &after, &limit, &&fingerprint[..]]).await?
            }
        };
        rows.iter().map(registrations::read).collect()
    }

    async fn due_registrations(
        &self,
        wall: Timestamp,
        limit: u32,
    ) -> Result<Vec<(RegistrationId, Timestamp)>, StoreError> {
        let rows = self.query(registrations::DUE, &[&wall.as_millisecond(), &i64::from(limit)]).await?;
        rows.iter().map(|row| Ok((RegistrationId::from_number(get(row, 0)?), rows::time(row, 1)?))).collect()
    }

    async fn registrations_under(
        &self,
        version: u32,
        after: Option<RegistrationId>,
        limit: u32,
    ) -> Result<Vec<StoredRegistration>, StoreError> {
        let after = after.map_or(i64::MIN, RegistrationId::number);
        let rows = self.query(registrations::UNDER_KEY, &[&i64::from(version), &after, &i64::from(limit)]).await?;
        rows.iter().map(registrations::read).collect()
    }

    async fn chain(&self, name: &str, lane: Lane) -> Result<Option<ChainRow>, StoreError> {
        let rows = self.query(chains::SELECT, &[&name, &lane.number()]).await?;
        rows.first().map(chains::read_chain).transpose()
    }

    async fn watched(&self, query: WatchQuery) -> Result<Vec<WatchRow>, StoreError> {
        let (sql, more) = chains::question(&query.which);
        let (lane, limit) = (query.lane.number(), i64::from(query.limit));
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&query.network, &lane, &limit];
        if let Some(more) = &more {
            parameters.push(more.as_ref());
        }
        self.query(sql, &parameters).await?.iter().map(chains::read_watch).collect()
    }

    async fn watched_lanes(&self) -> Result<Vec<(String, Lane)>, StoreError> {
        self.query(chains::LANES, &[]).await?.iter().map(chains::read_lane).collect()
    }

    async fn next_address(&self, network: &str, account: &str) -> Result<u32, StoreError> {
        let rows = self.query(chains::NEXT, &[&network, &account]).await?;
        rows.first().map_or(Ok(0), chains::read_next)
    }

    async fn key_use(&self) -> Result<Vec<KeyUse>, StoreError> {
        self.query(registrations::KEY_USE, &[]).await?.iter().map(registrations::read_use).collect()
    }

    async fn due_events(
        &self,
        wall: Timestamp,
        limit: u32,
        busy_endpoints: &[String],
        in_flight: &[EventId],
    ) -> Result<Vec<EventRow>, StoreError> {
        let in_flight: Vec<i64> = in_flight.iter().map(|event| event.number()).collect();
        let (now_ms, limit) = (wall.as_millisecond(), i64::from(limit));
        let lease_until = now_ms.saturating_add(outbox::LEASE_MS);
        let parameters: &[&(dyn ToSql + Sync)] =
            &[&now_ms, &limit, &busy_endpoints, &in_flight, &self.process, &lease_until];
        // Leasing twice is leasing once.
        self.query(outbox::LEASE, parameters).await?.iter().map(outbox::read).collect()
    }

    async fn backlog(&self, wall: Timestamp) -> Result<Backlog, StoreError> {
        let row = self.query(backlog::COUNT, &[&wall.as_millisecond()]).await?;
        let counted = row.first().map(backlog::read).transpose()?.unwrap_or_default();
        let orders = self.orders.read().unwrap_or_else(PoisonError::into_inner);
        let commits = orders.as_ref().map_or(0, |orders| orders.max_capacity() - orders.capacity());
        Ok(Backlog { commits: commits as u64, ..counted })
    }

    async fn events(&self, payment: PaymentId) -> Result<Vec<(EventRow, Vec<DeliveryRow>)>, StoreError> {
        let rows = self.query(outbox::OF_PAYMENT, &[&payment.number()]).await?;
        let events: Vec<EventRow> = rows.iter().map(outbox::read).collect::<Result<_, _>>()?;
        let ids: Vec<i64> = events.iter().map(|event| event.id.number()).collect();
        let mut attempts: HashMap<i64, Vec<DeliveryRow>> = HashMap::new();
        for row in self.query(outbox::DELIVERIES, &[&ids]).await? {
            let (event, delivery) = outbox::read_delivery(&row)?;
            attempts.entry(event).or_default().push(delivery);
        }
        let attempts_of = |event: EventRow| {
            let made = attempts.remove(&event.id.number()).unwrap_or_default();
            (event, made)
        };
        Ok(events.into_iter().map(attempts_of).collect())
    }

    async fn entries(&self, payment: PaymentId) -> Result<Vec<EntryRow>, StoreError> {
        self.query(ledger::OF_PAYMENT, &[&payment.number()]).await?.iter().map(ledger::read_entry).collect()
    }

    async fn balances(&self) -> Result<Vec<Balance>, StoreError> {
        self.query(ledger::BALANCES, &[]).await?.iter().map(ledger::read_balance).collect()
    }

    async fn verify_ledger(&self) -> Result<LedgerReport, StoreError> {
        self.office().verify(Arc::default()).await
    }

    async fn audit(&self, query: AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        let (before, merchant) = (query.before.unwrap_or(i64::MAX), query.merchant.map(MerchantId::number));
        let rows = self.query(audit::LIST, &[&before, &i64::from(query.limit), &merchant]).await?;
        rows.iter().map(audit::read).collect()
    }

    async fn config(&self, kind: ConfigKind) -> Result<Vec<ConfigRow>, StoreError> {
        self.query(config::SELECT, &[&kind_text(kind)]).await?.iter().map(|row| config::read(kind, row)).collect()
    }

    async fn put_config(&self, rows: Vec<ConfigRow>) -> Result<(), StoreError> {
        self.write_config(config::UPSERT, &rows).await
    }

    async fn add_config(&self, rows: Vec<ConfigRow>) -> Result<(), StoreError> {
        self.write_config(config::INSERT, &rows).await
    }

    async fn revision(&self) -> Result<i64, StoreError> {
        let rows = self.query(config::REVISION, &[]).await?;
        rows.first().map_or(Ok(0), |row| get(row, 0))
    }

    async fn clocks(&self) -> Result<Vec<(Lane, i64)>, StoreError> {
        self.query(clocks::ADVANCED, &[]).await?.iter().map(clocks::read).collect()
    }

    async fn advance_clock(&self, merchant: MerchantId, by_ms: i64) -> Result<i64, StoreError> {
        let mut session = self.session().await?;
        let transaction = session.transaction().await?;
        transaction.execute(config::CHANGED, &[]).await?;
        let lane = Lane::Dev(merchant).number();
        let row = transaction.query_one(clocks::ADVANCE, &[&lane, &by_ms]).await?;
        transaction.commit().await?;
        get(&row, 0)
    }

    async fn purge(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        purge::purge(&mut self.session().await?, before, limit).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.session().await?.execute(config::TOUCH, &[]).await?;
        Ok(())
    }

    fn office(&self) -> &dyn crate::office::Office {
        self
    }

    async fn close(&self) {
        self.orders.write().unwrap_or_else(PoisonError::into_inner).take();
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for mut writer in tasks.writers {
            if tokio::time::timeout(CLOSE_MAX, &mut writer).await.is_err() {
                tracing::error!("a commit's fate is not known and the database is away; the next start finds out");
                writer.abort();
            }
        }
        if let Some(roll_up) = tasks.roll_up {
            roll_up.abort();
        }
        self.pool.close();
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        // Writers end by themselves when nothing more can come.
        if let Some(roll_up) = self.tasks.lock().unwrap_or_else(PoisonError::into_inner).roll_up.take() {
            roll_up.abort();
        }
    }
}

/// Moves deltas into the rollups, so that balances are read from few rows. One process does, the others find nothing to do.
async fn roll_up_now_and_then(pool: Pool) {
    loop {
        tokio::time::sleep(ROLL_UP_EVERY).await;
        loop {
            match roll_up(&pool).await {
                Ok(ROLL_UP_BATCH) => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "the ledger is not rolled up now");
                    break;
                }
            }
        }
    }
}

async fn roll_up(pool: &Pool) -> Result<i64, StoreError> {
    let mut session = pool.get().await?;
    let transaction = session.transaction().await?;
    let mine = transaction.query_one("SELECT pg_try_advisory_xact_lock($1)", &[&ledger::ROLLING_UP]).await?;
    if !get::<bool>(&mine, 0)? {
        return Ok(0);
    }
    let rolled_up = transaction.query_one(ledger::ROLL_UP, &[&ROLL_UP_BATCH]).await?;
    transaction.commit().await?;
    get(&rolled_up, 0)
}

/// The sentence of an error, with the place it is about.
fn at_place(place: &str, error: OpenError) -> OpenError {
    match error {
        OpenError::Server(sentence) => OpenError::Server(format!("the database {place} cannot be used: {sentence}")),
        other => other,
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable("its writers are gone".to_owned())
}
