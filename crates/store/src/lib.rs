//! What is remembered: changesets in, rows out.
//!
//! A [`Changeset`] is plain data and is committed whole or not at all. A driver applies a batch of them in one database
//! transaction and returns one [`Verdict`] each; one that fails never harms its neighbours. No business rule runs here.

use async_trait::async_trait;
use florin_kernel::ports::Lane;
use florin_kernel::{MerchantId, PaymentId, RecordId, RecordKind, RegistrationId, Timestamp};

pub mod audit;
mod changeset;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
#[cfg(any(test, feature = "memory"))]
pub mod memory;
pub mod office;
mod open;
pub mod postgres;
mod query;
mod record;
mod registration;
pub mod seal;
pub mod sqlite;
mod verify;
mod words;

pub use audit::{AuditQuery, AuditRow};
pub use changeset::{
    Answer, AnswerWrite, ChainWrite, Changeset, Claim, Delivery, DeliveryResult, EntryWrite, EventWrite, Floor, Form,
    PaymentWrite, Verb, Verdict,
};
pub use open::OpenError;
pub use query::{
    Backlog, Balance, ChainRow, ConfigKind, ConfigRow, DeliveryRow, EntryRow, EventRow, EventState, LedgerReport,
    NewestQuery, PayerQuery, PaymentQuery, Stored, WatchQuery, WatchRow, Watched,
};
pub use record::{DueOf, RecordQuery, RecordWrite, StoredRecord};
pub use registration::{
    KeyUse, RegistrationInsert, RegistrationQuery, RegistrationWrite, RegistrationsOf, SealedCard, StoredRegistration,
};

/// Why a store could not answer. Nothing of the asked change is done then, unless it says otherwise.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The commit queue is full: try again a moment later.
    #[error("the commit queue is full")]
    Overloaded,
    /// The database cannot write or read: disk full, gone, read-only.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A row holds what this version cannot read.
    #[error("a stored row cannot be read: {0}")]
    Corrupt(String),
}

/// A driver. Every driver passes the same conformance suite.
#[async_trait]
pub trait Store: Send + Sync {
    /// Commits a changeset: when this returns [`Verdict::Committed`], it is on disk.
    ///
    /// # Errors
    /// [`StoreError`]; the changeset is not committed then.
    async fn commit(&self, changeset: Changeset) -> Result<Verdict, StoreError>;

    /// Which database program this is, with its version, for the operator.
    fn version(&self) -> String;

    /// Whether this process alone uses the database, so that work of a process that died is known to be dead.
    fn is_exclusive(&self) -> bool;

    /// A payment or withdrawal with its version and stored answer. Sees every acknowledged write.
    async fn transaction(&self, id: PaymentId) -> Result<Option<Stored>, StoreError>;

    /// The stored answer to a request about a payment that was there already, see [`Claim::sequence`].
    async fn answer(&self, payment: PaymentId, sequence: u16) -> Result<Option<Answer>, StoreError>;

    /// What a claimed key was claimed for.
    async fn claim(&self, key: [u8; 16]) -> Result<Option<Claim>, StoreError>;

    /// Payments and withdrawals of a merchant by time of creation, oldest first, then by id.
    async fn transactions(&self, query: PaymentQuery) -> Result<Vec<Stored>, StoreError>;

    /// A page of the same, the newest first, then by id, the highest first.
    async fn newest_transactions(&self, query: NewestQuery) -> Result<Vec<Stored>, StoreError>;

    /// How many such a query finds on all its pages together.
    async fn count_transactions(&self, query: NewestQuery) -> Result<u64, StoreError>;

    /// Payments and withdrawals of a payer that were made to be found by it, by id. Rarely, another payer's is among them, since the index keeps a number of the
    /// payer's id: the caller compares. Sees every acknowledged write.
    async fn of_payer(&self, query: PayerQuery) -> Result<Vec<Stored>, StoreError>;

    /// Payments and withdrawals whose time to wake has come by their lane's clock, the longest overdue first.
    async fn due_payments(&self, wall: Timestamp, limit: u32) -> Result<Vec<PaymentId>, StoreError>;

    /// What is remembered of a chain under a name. Sees every acknowledged write.
    async fn chain(&self, name: &str, lane: Lane) -> Result<Option<ChainRow>, StoreError>;

    /// Coin payments of a network, by id. Sees every acknowledged write.
    async fn watched(&self, query: WatchQuery) -> Result<Vec<WatchRow>, StoreError>;

    /// Networks and lanes in which some coin payment waits for coins or for blocks.
    async fn watched_lanes(&self) -> Result<Vec<(String, Lane)>, StoreError>;

    /// The lowest index of an account key beyond all that were ever used.
    async fn next_address(&self, network: &str, account: &str) -> Result<u32, StoreError>;

    /// A record with its version. Sees every acknowledged write.
    async fn record(&self, id: RecordId) -> Result<Option<StoredRecord>, StoreError>;

    /// Records of a merchant, the newest first.
    async fn records(&self, query: RecordQuery) -> Result<Vec<StoredRecord>, StoreError>;

    /// How many records a query finds on all its pages together.
    async fn count_records(&self, query: RecordQuery) -> Result<u64, StoreError>;

    /// Records whose time to wake has come by their lane's clock, the longest overdue first.
    async fn due_records(
        &self,
        wall: Timestamp,
        of: DueOf,
        limit: u32,
    ) -> Result<Vec<(RecordKind, RecordId)>, StoreError>;

    /// A stored card, deleted or not.
    async fn registration(&self, id: RegistrationId) -> Result<Option<StoredRegistration>, StoreError>;

    /// Stored cards of a merchant that are not deleted, by id.
    async fn registrations(&self, query: RegistrationQuery) -> Result<Vec<StoredRegistration>, StoreError>;

    /// Stored cards that are kept no longer by their lane's clock, with when that was, the longest overdue first.
    async fn due_registrations(
        &self,
        wall: Timestamp,
        limit: u32,
    ) -> Result<Vec<(RegistrationId, Timestamp)>, StoreError>;

    /// Stored cards whose data key is wrapped under a version of the vault's key, by id, those after one.
    async fn registrations_under(
        &self,
        version: u32,
        after: Option<RegistrationId>,
        limit: u32,
    ) -> Result<Vec<StoredRegistration>, StoreError>;

    /// How many stored cards each version of the vault's key wraps, by version. Counts them all.
    async fn key_use(&self) -> Result<Vec<KeyUse>, StoreError>;

    /// Undelivered events whose time has come and before which no undelivered event of the same payment stands, the
    /// longest overdue first; none of `busy_endpoints` and none of `in_flight`.
    ///
    /// Where several processes share the database this leases what it returns: no other process is given these events for a
    /// minute, or until an attempt is recorded. So the events of a process that died come a minute late at most. A process's
    /// own leases do not stop it, which is why it names what it has `in_flight`.
    async fn due_events(
        &self,
        wall: Timestamp,
        limit: u32,
        busy_endpoints: &[String],
        in_flight: &[florin_kernel::EventId],
    ) -> Result<Vec<EventRow>, StoreError>;

    /// How much waits at a moment of the wall clock, for the operator's figures.
    async fn backlog(&self, wall: Timestamp) -> Result<Backlog, StoreError>;

    /// The events of a payment in the order they were written, each with the attempts made to deliver it.
    async fn events(&self, payment: PaymentId) -> Result<Vec<(EventRow, Vec<DeliveryRow>)>, StoreError>;

    /// The ledger entries of a payment in order, a line each.
    async fn entries(&self, payment: PaymentId) -> Result<Vec<EntryRow>, StoreError>;

    /// Balances of all accounts, by book, account and asset.
    async fn balances(&self) -> Result<Vec<Balance>, StoreError>;

    /// Replays the book: every transfer counted again and compared with the rollups and with what payments and withdrawals
    /// say themselves.
    async fn verify_ledger(&self) -> Result<LedgerReport, StoreError>;

    /// Entries of the audit log, the newest first. Sees every acknowledged write.
    async fn audit(&self, query: AuditQuery) -> Result<Vec<AuditRow>, StoreError>;

    /// All configuration of one kind, by id.
    async fn config(&self, kind: ConfigKind) -> Result<Vec<ConfigRow>, StoreError>;

    /// Inserts or replaces configuration, all rows or none.
    async fn put_config(&self, rows: Vec<ConfigRow>) -> Result<(), StoreError>;

    /// Inserts configuration where there is none of its kind and id; what is there stays. So several processes may start at
    /// once on an empty database, and all go by what the first one wrote.
    async fn add_config(&self, rows: Vec<ConfigRow>) -> Result<(), StoreError>;

    /// A number that grows with every change of configuration and test clocks, by whichever process; constant where no other
    /// process can make one.
    async fn revision(&self) -> Result<i64, StoreError>;

    /// Offsets of the test clocks that were advanced, milliseconds ahead of the wall clock.
    async fn clocks(&self) -> Result<Vec<(Lane, i64)>, StoreError>;

    /// Advances a merchant's test clock; returns its new offset in milliseconds.
    async fn advance_clock(&self, merchant: MerchantId, by_ms: i64) -> Result<i64, StoreError>;

    /// Drops stored answers and delivery records of before a moment; returns how many rows changed, at most `limit`.
    async fn purge(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// A small durable write, for readiness and `florin doctor`.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Its reading side, for the back office.
    fn office(&self) -> &dyn office::Office;

    /// Commits what is queued, refuses what comes later, and closes the database.
    async fn close(&self);
}
