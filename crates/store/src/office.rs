//! What the back office asks a store: lists over many merchants, the outbox as a whole, figures by the hour, statements.
//!
//! Nothing here is on the way of a payment. Where there is no index for a question, a bounded number of rows is looked at and the
//! answer says where to go on, so that no question takes long however full the book is.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use florin_kernel::payment::Mode;
use florin_kernel::{CredentialId, EventId, Kind, MerchantId, PaymentId, Timestamp, Transaction};

use crate::{DeliveryRow, EntryRow, EventRow, EventState, LedgerReport, StoreError};

mod outcomes;
mod spans;
#[cfg(test)]
mod tests;

pub(crate) use outcomes::class_text;
pub use outcomes::{Class, Cohort, Counting, OutcomeRow};
pub use spans::Span;
pub(crate) use spans::{DAY_MS, HOUR_MS, stretches};

/// The words by which rows are found whatever their age; only few stand so at a time.
pub const STANDING: [&str; 3] = ["unknown", "awaiting_approval", "review"];

/// Events of the book that move money into suspense or out of it.
#[cfg(any(test, feature = "memory"))]
pub(crate) const SUSPENSE_EVENTS: [&str; 7] = [
    "late_money",
    "late_refund",
    "late_money_charged_back",
    "suspense_accepted",
    "suspense_refunded",
    "late_payout",
    "late_payout_returned",
];

/// The reading side of a driver. Every driver passes the same conformance suite.
#[async_trait]
pub trait Office: Send + Sync {
    /// A page of transactions by time of creation, then by id.
    async fn browse(&self, query: Browse) -> Result<Browsed, StoreError>;

    /// Transactions that stand at one of [`STANDING`], by id, those after one.
    async fn standing(&self, query: Standing) -> Result<Vec<Transaction>, StoreError>;

    /// How many transactions stand where, of those that are open; looks at so many at most.
    async fn open_words(&self, scan_max: u32) -> Result<OpenWords, StoreError>;

    /// A page of events, the newest first.
    async fn browse_events(&self, query: EventBrowse) -> Result<EventsBrowsed, StoreError>;

    /// An event with the attempts made to deliver it.
    async fn event(&self, id: EventId) -> Result<Option<(EventRow, Vec<DeliveryRow>)>, StoreError>;

    /// The newest attempts to deliver anything, at most so many.
    async fn attempts(&self, limit: u32) -> Result<Vec<AttemptRow>, StoreError>;

    /// How many events from one on were given up, by credential.
    async fn given_up(&self, from: EventId) -> Result<Vec<(CredentialId, u64)>, StoreError>;

    /// Adds what the book has more to the tallies, at most so many transfers; tells how many it took. Transfers are tallied once,
    /// by whichever process.
    async fn tally(&self, limit: u32) -> Result<u64, StoreError>;

    /// What was posted in a time, whole hours by the transactions' clocks: the tallies, and what they do not have yet.
    async fn tallied(&self, query: TallyQuery) -> Result<Vec<Tally>, StoreError>;

    /// Transactions whose outcome is not counted: those after the last one looked at, up to and with one, and those that were left
    /// open.
    async fn uncounted(&self, until: PaymentId, left_after: PaymentId, limit: u32) -> Result<Counting, StoreError>;

    /// Counts outcomes; false where another process has counted meanwhile, and nothing is done then.
    async fn count_outcomes(&self, cohort: Cohort) -> Result<bool, StoreError>;

    /// Outcomes of the transactions made in a time, whole hours, and the newest transaction that was looked at.
    async fn outcomes(&self, query: TallyQuery) -> Result<(Vec<OutcomeRow>, PaymentId), StoreError>;

    /// A page of an account's transfers, the newest first.
    async fn statement(&self, query: StatementQuery) -> Result<Statement, StoreError>;

    /// Transfers into suspense and out of it, the newest first, those before one.
    async fn suspense(&self, query: SuspenseQuery) -> Result<Vec<BookRow>, StoreError>;

    /// Says that a process is alive; those not seen for a week are forgotten.
    async fn beat(&self, node: NodeRow) -> Result<(), StoreError>;

    /// The processes that said so, the one seen last first.
    async fn nodes(&self) -> Result<Vec<NodeRow>, StoreError>;

    /// Replays the book as [`crate::Store::verify_ledger`] does, and counts the rows it has looked at.
    async fn verify(&self, looked_at: Arc<AtomicU64>) -> Result<LedgerReport, StoreError>;

    /// What the database is and how large.
    async fn database(&self) -> Result<DatabaseFacts, StoreError>;
}

/// In which order a list goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Order {
    #[default]
    NewestFirst,
    OldestFirst,
}

/// A place in a list of transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When it was made, milliseconds since the Unix epoch by its merchant's clock.
    pub at_ms: i64,
    /// Its id.
    pub id: PaymentId,
}

/// Which transactions.
#[derive(Clone, Debug)]
pub struct Browse {
    /// Test or live.
    pub mode: Mode,
    /// Whose; none: nobody's.
    pub merchants: Vec<MerchantId>,
    /// Only of these kinds.
    pub kinds: Vec<Kind>,
    /// Only where they stand so, as rows write it; empty: wherever.
    pub words: Vec<String>,
    /// Created at or after.
    pub from: Timestamp,
    /// Created before.
    pub until: Timestamp,
    /// Only where the document's text holds each of these, to the letter.
    pub texts: Vec<String>,
    /// In which order.
    pub order: Order,
    /// Only those that follow this place.
    pub beyond: Option<Place>,
    /// So many are looked at, at most.
    pub scan_max: u32,
    /// So many are found, at most.
    pub limit: u32,
}

/// A page of transactions.
#[derive(Clone, Debug, PartialEq)]
pub struct Browsed {
    /// What was found, in order.
    pub found: Vec<Transaction>,
    /// How many were looked at.
    pub scanned: u32,
    /// The last one looked at.
    pub reached: Option<Place>,
    /// Whether there may be more beyond it.
    pub more: bool,
}

/// Which of the transactions that stand at one of [`STANDING`].
#[derive(Clone, Debug)]
pub struct Standing {
    /// Test or live.
    pub mode: Mode,
    /// The word.
    pub word: &'static str,
    /// Only those with a higher id.
    pub after: Option<PaymentId>,
    /// At most.
    pub limit: u32,
}

/// Where open transactions stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenWords {
    /// How many, by mode, merchant and word.
    pub counts: Vec<OpenWord>,
    /// Whether there may be more than were looked at.
    pub more: bool,
}

/// How many of a merchant's transactions stand somewhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenWord {
    /// `dev` or `live`.
    pub mode: String,
    /// Whose.
    pub merchant: MerchantId,
    /// Where, as rows write it.
    pub word: String,
    /// How many.
    pub count: u64,
}

/// Which events.
#[derive(Clone, Debug)]
pub struct EventBrowse {
    /// Only of these credentials.
    pub credentials: Vec<CredentialId>,
    /// Only where they stand so.
    pub state: Option<EventState>,
    /// Only to this `host:port`.
    pub endpoint: Option<String>,
    /// Only those with an id from this on.
    pub from: EventId,
    /// Only those with a lower id.
    pub before: EventId,
    /// So many are looked at, at most.
    pub scan_max: u32,
    /// So many are found, at most.
    pub limit: u32,
}

/// A page of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventsBrowsed {
    /// What was found, the newest first.
    pub found: Vec<EventRow>,
    /// The last one looked at.
    pub reached: Option<EventId>,
    /// Whether there may be more before it.
    pub more: bool,
}

/// One attempt to deliver an event, with where it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRow {
    /// The event.
    pub event: EventId,
    /// Whose.
    pub credential: CredentialId,
    /// `host:port`.
    pub endpoint: String,
    /// The attempt.
    pub delivery: DeliveryRow,
}

/// Of which time and book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TallyQuery {
    /// Test or live.
    pub book: Mode,
    /// From this hour on.
    pub from: Timestamp,
    /// Until this hour begins.
    pub until: Timestamp,
}

/// What one business event posted between two accounts within an hour or a day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tally {
    /// When the hour or day begins, milliseconds since the Unix epoch.
    pub start_ms: i64,
    /// The event, as entries name it.
    pub event: String,
    /// Account debited.
    pub debit: String,
    /// Account credited.
    pub credit: String,
    /// The asset's code.
    pub asset: String,
    /// How many transfers.
    pub transfers: u64,
    /// Their sum in minor units.
    pub amount_minor: i64,
}

/// Which account, and from where on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementQuery {
    /// Test or live.
    pub book: Mode,
    /// The account's printed form.
    pub account: String,
    /// The asset's code.
    pub asset: String,
    /// Where the page before ended; nothing: from the newest transfer.
    pub beyond: Option<StatementMark>,
    /// So many transfers of the book are looked at, at most.
    pub scan_max: u32,
    /// So many lines, at most.
    pub limit: u32,
}

/// A place in the book, with the account's balance before the transfers that follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementMark {
    /// Of the transfer.
    pub entry: i64,
    /// Of money that moved, in minor units.
    pub posted_minor: i64,
    /// Of holds, in minor units.
    pub pending_minor: i64,
}

/// A page of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Lines, the newest first.
    pub lines: Vec<StatementLine>,
    /// Where it ended.
    pub reached: StatementMark,
    /// Whether there may be more.
    pub more: bool,
}

/// One transfer as its account sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine {
    /// The transfer.
    pub row: BookRow,
    /// What it adds to the account, in minor units.
    pub moved_minor: i64,
    /// The account's balance after it, of money that moved.
    pub posted_minor: i64,
    /// The same of holds.
    pub pending_minor: i64,
}

/// One transfer of the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookRow {
    /// Its number in the book.
    pub entry: i64,
    /// Whose it is.
    pub payment: PaymentId,
    /// It.
    pub row: EntryRow,
}

impl BookRow {
    /// What it adds to an account, in minor units; nothing where it does not touch it.
    pub(crate) fn moves(&self, account: &str, asset: &str) -> Option<i64> {
        let EntryRow { debit, credit, asset: of, amount_minor, .. } = &self.row;
        match () {
            () if of != asset => None,
            () if credit == account => Some(*amount_minor),
            () if debit == account => Some(-amount_minor),
            () => None,
        }
    }
}

/// The lines of an account among transfers of the book, the newest first; the balances after the first of them are given.
pub(crate) fn lines(
    rows: impl Iterator<Item = Result<BookRow, StoreError>>,
    query: &StatementQuery,
    mut reached: StatementMark,
) -> Result<Statement, StoreError> {
    let (mut lines, mut scanned, mut more) = (Vec::new(), 0, false);
    for row in rows {
        let row = row?;
        if scanned == query.scan_max || lines.len() == query.limit as usize {
            more = true;
            break;
        }
        scanned += 1;
        reached.entry = row.entry;
        let Some(moved_minor) = row.moves(&query.account, &query.asset) else { continue };
        let StatementMark { posted_minor, pending_minor, .. } = reached;
        if row.row.layer == "pending" {
            reached.pending_minor -= moved_minor;
        } else {
            reached.posted_minor -= moved_minor;
        }
        lines.push(StatementLine { row, moved_minor, posted_minor, pending_minor });
    }
    Ok(Statement { lines, reached, more })
}

/// Which transfers into suspense and out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuspenseQuery {
    /// Test or live.
    pub book: Mode,
    /// Only those before this one.
    pub before: Option<i64>,
    /// At most.
    pub limit: u32,
}

/// A process that uses the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRow {
    /// A number that it drew when it started.
    pub node: i64,
    /// Its version.
    pub version: String,
    /// When it started, by its wall clock.
    pub started_at: Timestamp,
    /// When it said so last.
    pub seen_at: Timestamp,
}

impl NodeRow {
    /// Nodes seen before that are forgotten, milliseconds since the Unix epoch.
    pub(crate) fn forgotten_before_ms(&self) -> i64 {
        self.seen_at.as_millisecond() - 7 * DAY_MS
    }
}

/// What the database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// The program, with its version.
    pub version: String,
    /// The version of its tables.
    pub schema: i64,
    /// On disk, in bytes.
    pub bytes: u64,
}
