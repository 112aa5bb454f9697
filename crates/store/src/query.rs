//! What comes out: rows and filters.

use florin_kernel::coin::CoinPayment;
use florin_kernel::payment::{Mode, Payment};
use florin_kernel::ports::Lane;
use florin_kernel::withdrawal::Withdrawal;
use florin_kernel::{Aggregate, CredentialId, EventId, Kind, MerchantId, PaymentId, Timestamp, Transaction};

use crate::StoreError;
use crate::changeset::{Answer, Form, payer_number};

/// A payment or withdrawal as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored<T = Transaction> {
    /// It.
    pub transaction: T,
    /// The version an update must expect.
    pub version: i64,
    /// The answer to the request that made it, if given and not yet purged.
    pub answer: Option<Answer>,
}

impl Stored {
    /// It as what it is expected to be; nothing where it is of the other kind.
    pub fn of<A: Aggregate>(self) -> Option<Stored<A>> {
        let Stored { transaction, version, answer } = self;
        A::of_transaction(transaction).map(|transaction| Stored { transaction, version, answer })
    }
}

/// Reads a row's document.
pub(crate) fn read(kind: Kind, id: i64, document: &str) -> Result<Transaction, StoreError> {
    let read = match kind {
        Kind::Payment | Kind::Verification => serde_json::from_str::<Payment>(document).map(Transaction::Payment),
        Kind::Withdrawal => serde_json::from_str::<Box<Withdrawal>>(document).map(Transaction::Withdrawal),
        Kind::Coin => serde_json::from_str::<Box<CoinPayment>>(document).map(Transaction::Coin),
    };
    read.map_err(|error| StoreError::Corrupt(format!("transaction {id}: {error}")))
}

/// Which payments and withdrawals; verifications are never among them.
#[derive(Clone, Copy, Debug)]
pub struct PaymentQuery {
    /// Whose.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// Created at or after.
    pub from: Timestamp,
    /// Created before.
    pub until: Timestamp,
    /// Only those after this one in the list's order.
    pub after: Option<PaymentId>,
    /// At most.
    pub limit: u32,
}

/// A page of payments and withdrawals, the newest first; verifications are never among them.
#[derive(Clone, Copy, Debug)]
pub struct NewestQuery {
    /// Whose.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// Created at or after.
    pub from: Timestamp,
    /// Created before.
    pub until: Timestamp,
    /// So many of the newest are left out.
    pub skip: u32,
    /// At most.
    pub limit: u32,
}

/// Which payments and withdrawals of a payer.
#[derive(Clone, Debug)]
pub struct PayerQuery {
    /// Whose payer.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// The merchant's id of the payer.
    pub user_id: String,
    /// Only those with a higher id.
    pub after: Option<PaymentId>,
    /// At most.
    pub limit: u32,
}

impl PayerQuery {
    /// What they are found by; nothing is found of a payer without an id.
    pub(crate) fn number(&self) -> Option<i64> {
        payer_number(self.merchant, self.mode, &self.user_id)
    }

    /// The id after which to look.
    pub(crate) fn beyond(&self) -> i64 {
        self.after.map_or(i64::MIN, PaymentId::number)
    }
}

/// What is remembered of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainRow {
    /// The version an update must expect.
    pub version: i64,
    /// Text that its owner alone reads.
    pub document: String,
}

/// Which coin payments of a network, in a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchQuery {
    /// The network's name.
    pub network: String,
    /// Whose clock it runs by.
    pub lane: Lane,
    /// Which of them.
    pub which: Watched,
    /// At most.
    pub limit: u32,
}

/// Which coin payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    /// Those that wait for coins.
    AwaitingCoins,
    /// Those that are to be told of a block of this height, or were to be told of a lower one.
    DueAt(u64),
    /// Those that have something in a block of this height or above.
    InBlocksFrom(u64),
    /// Those with one of these addresses.
    At(Vec<String>),
}

/// A coin payment as its chain finds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WatchRow {
    /// The payment.
    pub payment: PaymentId,
    /// Its address.
    pub address: String,
}

/// How much waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Changesets in this process's commit queue.
    pub commits: u64,
    /// Events that are neither delivered nor given up.
    pub events: u64,
    /// For how long the longest overdue of them has been due, in milliseconds; 0 when none is.
    pub oldest_event_ms: i64,
    /// Payments whose time to wake has come and that no worker has taken up yet.
    pub payments: u64,
}

/// A webhook event as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Its id.
    pub id: EventId,
    /// The payment it is about.
    pub payment: PaymentId,
    /// Its lane's number.
    pub lane: i64,
    /// The credential whose password signs it.
    pub credential: CredentialId,
    /// Where to.
    pub url: String,
    /// `host:port` of the URL.
    pub endpoint: String,
    /// How the bytes are sent.
    pub form: Form,
    /// The exact bytes.
    pub body: String,
    /// Attempts made.
    pub attempts: u32,
    /// Where it stands.
    pub state: EventState,
    /// When the first attempt began or is due, by its clock.
    pub first_at: Timestamp,
}

/// Where an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventState {
    /// An attempt is due at some time.
    Due,
    /// The receiver has it.
    Delivered,
    /// The schedule is used up.
    GivenUp,
}

/// One attempt made to deliver an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// When it began, by the event's clock.
    pub at: Timestamp,
    /// Milliseconds.
    pub latency_ms: u32,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// First bytes of the answer, or the error.
    pub note: String,
}

/// One transfer of the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRow {
    /// The event that caused it.
    pub event: String,
    /// `pending` or `posted`.
    pub layer: String,
    /// Account debited.
    pub debit: String,
    /// Account credited.
    pub credit: String,
    /// The asset's code.
    pub asset: String,
    /// Minor units.
    pub amount_minor: i64,
    /// When, by the payment's clock.
    pub at: Timestamp,
}

/// The balance of one account in one asset: credits less debits, in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// `dev` or `live`.
    pub book: String,
    /// The account's printed form.
    pub account: String,
    /// The asset's code.
    pub asset: String,
    /// Of holds.
    pub pending_minor: i64,
    /// Of money that moved.
    pub posted_minor: i64,
}

/// What replaying the book found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerReport {
    /// Transfers counted.
    pub transfers: u64,
    /// Payments and withdrawals compared.
    pub payments: u64,
    /// What does not agree, a sentence each; empty is good.
    pub faults: Vec<String>,
}

/// Kinds of configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ConfigKind {
    /// One row, id 0: what belongs to the whole installation.
    Installation,
    /// A row for every version of the vault's key, by which it is told whether a given key is the one.
    VaultKey,
    /// One row, id 0, in a database that several processes share: the demo's credentials, sealed.
    Demo,
    Merchant,
    Credential,
    Provider,
    Route,
    Rule,
    /// What a merchant has set for its test invoices; the id is the merchant's.
    InvoicesDev,
    /// The same for live ones.
    InvoicesLive,
}

/// One piece of configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigRow {
    /// Its kind.
    pub kind: ConfigKind,
    /// Its number within the kind.
    pub id: i64,
    /// JSON, read by whoever owns the kind.
    pub document: String,
}
