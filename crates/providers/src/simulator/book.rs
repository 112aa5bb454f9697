//! The simulator's own durable record of what it was asked and what it moved, apart from the gateway's tables, so that the
//! one can be checked against the other after a crash: a file of this process, or tables that several processes share.

use std::panic::UnwindSafe;
use std::path::Path;
use std::sync::Arc;

use async_recursion::async_recursion as boxed;
use florin_kernel::payment::OperationKind;
use florin_kernel::ports::{Clock, Lane};
use florin_kernel::{Money, Timestamp};
use rusqlite::Connection;

use super::entry::{CardFacts, Entry, Letter, Standing, Topic, Visit};
use local::LocalBook;
use shared::SharedBook;

mod columns;
mod local;
mod rows;
mod shared;
#[cfg(test)]
mod tests;

pub use shared::Connect;

/// Where a reference stands in order of time, as far as whoever made it can tell: operations of one time then lie together in the
/// file. Any number will do; references may share one.
pub type Order = Box<dyn Fn(&str) -> i64 + Send + Sync + UnwindSafe>;

/// For references that tell nothing of their time.
pub fn unordered() -> Order {
    Box::new(|_| 0)
}

/// The simulator's record. Cheap to share behind an `Arc`; dropping it finishes what is queued.
pub struct Book(Keeper);

/// Who keeps it.
enum Keeper {
    Local(LocalBook),
    Shared(Arc<SharedBook>),
}

/// The book cannot be opened or written; nothing is known of what was asked of it.
#[derive(Debug, thiserror::Error)]
#[error("the simulator's book: {0}")]
pub struct BookError(String);

/// Money that an approved operation moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// The asker's reference.
    pub reference: String,
    /// The operation it acted on.
    pub on: Option<String>,
    /// What it did: took, held, captured, released, gave back or paid out.
    pub kind: OperationKind,
    /// How much.
    pub amount: Money,
    /// How much of it was charged back, of a payout: came back.
    pub charged_back: Money,
}

/// What became of an entry offered to the book.
#[derive(Debug)]
pub(super) enum Opened {
    /// Written.
    Fresh(Entry),
    /// Written as declined: it does not fit its original.
    Refused(Entry),
    /// There was one under this reference, which stands.
    Known(Entry),
    /// There was one under this reference that asked for something else; it stands.
    Other,
}

/// A callback that is due.
#[derive(Debug)]
pub(super) struct Waiting {
    /// The letter's number.
    pub(super) id: i64,
    /// What it tells.
    pub(super) topic: Topic,
    /// How many times it is still to be sent.
    pub(super) left: u32,
}

impl Book {
    /// Opens a file, making it where there is none. It must always be opened with the same order.
    ///
    /// # Errors
    /// When the file cannot be opened or is no book.
    pub fn open(path: &Path, order: Order) -> Result<Book, BookError> {
        LocalBook::start(Connection::open(path)?, order).map(Keeper::Local).map(Book)
    }

    /// A book that is forgotten with the process.
    ///
    /// # Errors
    /// When SQLite has no memory for it.
    pub fn in_memory() -> Result<Book, BookError> {
        LocalBook::start(Connection::open_in_memory()?, unordered()).map(Keeper::Local).map(Book)
    }

    /// A book in tables of a PostgreSQL database, for all processes that use it. They are made when they are first needed.
    pub fn shared(connect: Connect) -> Book {
        Book(Keeper::Shared(Arc::new(SharedBook::new(connect))))
    }

    /// How many times an operation was asked for.
    ///
    /// # Errors
    /// When the book cannot be read.
    pub async fn attempts(&self, reference: &str) -> Result<u32, BookError> {
        let reference = reference.to_owned();
        match &self.0 {
            Keeper::Local(book) => book.run(move |db| rows::attempts(db, &reference)).await,
            Keeper::Shared(book) => book.attempts(&reference).await,
        }
    }

    /// Everything that was really moved by the clock's time, in the order of references.
    ///
    /// # Errors
    /// When the book cannot be read.
    #[boxed]
    pub async fn charges(&self, clock: &dyn Clock) -> Result<Vec<Movement>, BookError> {
        let entries = match &self.0 {
            Keeper::Local(book) => book.run(rows::all).await?,
            Keeper::Shared(book) => book.all().await?,
        };
        let moves = |entry: &Entry| entry.kind != OperationKind::Verify;
        let approved = |entry: &Entry| entry.standing.at(clock.now(entry.lane)) == Standing::Approved;
        let approved = entries.into_iter().filter(|entry| moves(entry) && approved(entry));
        let movement = |entry: Entry| Movement {
            charged_back: Money::new(entry.charged_back_minor, entry.amount.asset()),
            reference: entry.reference,
            on: entry.on,
            kind: entry.kind,
            amount: entry.amount,
        };
        Ok(approved.map(movement).collect())
    }

    /// Writes an entry and its callbacks, unless its reference is taken or its original does not allow it.
    pub(super) async fn open_entry(&self, entry: Entry, letters: Vec<Letter>) -> Result<Opened, BookError> {
        match &self.0 {
            Keeper::Local(book) => book.run(move |db| rows::open_entry(db, entry, &letters)).await,
            Keeper::Shared(book) => {
                let book = Arc::clone(book);
                to_the_end(async move { book.open_entry(entry, &letters).await }).await
            }
        }
    }

    /// The entry under a reference.
    pub(super) async fn find(&self, reference: &str) -> Result<Option<Entry>, BookError> {
        let reference = reference.to_owned();
        match &self.0 {
            Keeper::Local(book) => book.run(move |db| rows::find(db, &reference)).await,
            Keeper::Shared(book) => book.find(&reference).await,
        }
    }

    /// Writes what a payer did on the page that `before` shows; `false` when that page is not open any more.
    pub(super) async fn turn_page(
        &self,
        before: Entry,
        after: Turned,
        letters: Vec<Letter>,
    ) -> Result<bool, BookError> {
        match &self.0 {
            Keeper::Local(book) => book.run(move |db| rows::turn_page(db, &before, &after, &letters)).await,
            Keeper::Shared(book) => {
                let book = Arc::clone(book);
                to_the_end(async move { book.turn_page(&before, &after, &letters).await }).await
            }
        }
    }

    /// The lanes for which callbacks wait, due or not.
    pub(super) async fn lanes_waiting(&self) -> Result<Vec<Lane>, BookError> {
        match &self.0 {
            Keeper::Local(book) => book.run(rows::lanes_waiting).await,
            Keeper::Shared(book) => book.lanes_waiting().await,
        }
    }

    /// References of a lane with a callback due, the earliest first. Where several processes share the book, those named to one
    /// are not named to another for some seconds.
    pub(super) async fn references_due(&self, lane: Lane, now: Timestamp) -> Result<Vec<String>, BookError> {
        match &self.0 {
            Keeper::Local(book) => book.run(move |db| rows::references_due(db, lane, now)).await,
            Keeper::Shared(book) => book.references_due(lane, now).await,
        }
    }

    /// An operation's callbacks that are due.
    pub(super) async fn letters_due(&self, reference: &str, now: Timestamp) -> Result<Vec<Waiting>, BookError> {
        let reference = reference.to_owned();
        match &self.0 {
            Keeper::Local(book) => book.run(move |db| rows::letters_due(db, &reference, now)).await,
            Keeper::Shared(book) => book.letters_due(&reference, now).await,
        }
    }

    /// Notes that a callback was taken once more.
    pub(super) async fn letter_taken(&self, letter: i64) -> Result<(), BookError> {
        match &self.0 {
            Keeper::Local(book) => book.run(move |db| rows::letter_taken(db, letter)).await,
            Keeper::Shared(book) => book.letter_taken(letter).await,
        }
    }

    /// Puts a callback off that was not taken.
    pub(super) async fn letter_put_off(&self, letter: i64, until: Timestamp) -> Result<(), BookError> {
        match &self.0 {
            Keeper::Local(book) => book.run(move |db| rows::letter_put_off(db, letter, until)).await,
            Keeper::Shared(book) => book.letter_put_off(letter, until).await,
        }
    }

    /// Charges an operation back, once, as far as it was not refunded; tells how much that is.
    pub(super) async fn charge_back(&self, reference: &str, now: Timestamp) -> Result<Option<Money>, BookError> {
        let reference = reference.to_owned();
        match &self.0 {
            Keeper::Local(book) => book.run(move |db| rows::charge_back(db, &reference, now)).await,
            Keeper::Shared(book) => {
                let book = Arc::clone(book);
                to_the_end(async move { book.charge_back(&reference, now).await }).await
            }
        }
    }
}

/// Does something whole, even if whoever asked does not wait for it: an acquirer books what it was asked.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, BookError>> + Send + 'static,
) -> Result<T, BookError> {
    tokio::spawn(work).await.map_err(|panic| BookError(panic.to_string()))?
}

/// Where a page's answer leaves the operation.
#[derive(Clone, Debug)]
pub(super) struct Turned {
    /// Where it stands.
    pub(super) standing: Standing,
    /// The page it shows.
    pub(super) visit: Visit,
    /// What is known of the card now.
    pub(super) card: Option<CardFacts>,
}

impl From<rusqlite::Error> for BookError {
    fn from(error: rusqlite::Error) -> BookError {
        BookError(error.to_string())
    }
}
