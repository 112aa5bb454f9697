//! The simulator's own durable record of what it was asked and what it moved, apart from the gateway's database, so
//! that the one can be checked against the other after a crash.
//!
//! One thread owns a SQLite connection and takes whatever has queued up into one transaction; an answer leaves only
//! after its commit. `synchronous=OFF`: the file survives the process being killed, which is what it is for, not a
//! power cut.

use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;

use florin_kernel::payment::OperationKind;
use florin_kernel::ports::{Clock, Lane};
use florin_kernel::{Money, Timestamp};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::entry::{Entry, Letter, Standing, Topic, Visit};

mod columns;
mod rows;
#[cfg(test)]
mod tests;

/// The simulator's record. Cheap to share behind an `Arc`; dropping it finishes what is queued and closes the file.
pub struct Book {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
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
    /// What it did: took, held, captured, released or gave back.
    pub kind: OperationKind,
    /// How much.
    pub amount: Money,
    /// How much of it was charged back.
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

/// Work for the thread; it gives back what to do once its transaction is committed.
type Job = Box<dyn FnOnce(&Connection) -> rusqlite::Result<Reply> + Send>;
type Reply = Box<dyn FnOnce() + Send>;

/// Jobs in one transaction at most.
const BATCH_MAX: usize = 1024;

impl Book {
    /// Opens a file, making it where there is none.
    ///
    /// # Errors
    /// When the file cannot be opened or is no book.
    pub fn open(path: &Path) -> Result<Book, BookError> {
        Book::start(Connection::open(path)?)
    }

    /// A book that is forgotten with the process.
    ///
    /// # Errors
    /// When SQLite has no memory for it.
    pub fn in_memory() -> Result<Book, BookError> {
        Book::start(Connection::open_in_memory()?)
    }

    fn start(db: Connection) -> Result<Book, BookError> {
        rows::prepare(&db)?;
        let (jobs, queue) = mpsc::channel();
        let thread = std::thread::Builder::new().name("simulator-book".into()).spawn(move || write(&db, &queue));
        let thread = thread.map_err(|error| BookError(error.to_string()))?;
        Ok(Book { jobs: Some(jobs), thread: Some(thread) })
    }

    /// How many times an operation was asked for.
    ///
    /// # Errors
    /// When the book cannot be read.
    pub async fn attempts(&self, reference: &str) -> Result<u32, BookError> {
        let reference = reference.to_owned();
        self.run(move |db| rows::attempts(db, &reference)).await
    }

    /// Everything that was really moved by the clock's time, in the order of references.
    ///
    /// # Errors
    /// When the book cannot be read.
    pub async fn charges(&self, clock: &dyn Clock) -> Result<Vec<Movement>, BookError> {
        let entries = self.run(rows::all).await?;
        let approved =
            entries.into_iter().filter(|entry| entry.standing.at(clock.now(entry.lane)) == Standing::Approved);
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
        self.run(move |db| rows::open_entry(db, entry, &letters)).await
    }

    /// The entry under a reference.
    pub(super) async fn find(&self, reference: &str) -> Result<Option<Entry>, BookError> {
        let reference = reference.to_owned();
        self.run(move |db| rows::find(db, &reference)).await
    }

    /// Writes what a payer did on the page that `before` shows; `false` when that page is not open any more.
    pub(super) async fn turn_page(
        &self,
        before: Entry,
        after: Turned,
        letters: Vec<Letter>,
    ) -> Result<bool, BookError> {
        self.run(move |db| rows::turn_page(db, &before, &after, &letters)).await
    }

    /// The lanes for which callbacks wait, due or not.
    pub(super) async fn lanes_waiting(&self) -> Result<Vec<Lane>, BookError> {
        self.run(rows::lanes_waiting).await
    }

    /// References of a lane with a callback due, the earliest first.
    pub(super) async fn references_due(&self, lane: Lane, now: Timestamp) -> Result<Vec<String>, BookError> {
        self.run(move |db| rows::references_due(db, lane, now)).await
    }

    /// An operation's callbacks that are due.
    pub(super) async fn letters_due(&self, reference: &str, now: Timestamp) -> Result<Vec<Waiting>, BookError> {
        let reference = reference.to_owned();
        self.run(move |db| rows::letters_due(db, &reference, now)).await
    }

    /// Notes that a callback was taken once more.
    pub(super) async fn letter_taken(&self, letter: i64) -> Result<(), BookError> {
        self.run(move |db| rows::letter_taken(db, letter)).await
    }

    /// Puts a callback off that was not taken.
    pub(super) async fn letter_put_off(&self, letter: i64, until: Timestamp) -> Result<(), BookError> {
        self.run(move |db| rows::letter_put_off(db, letter, until)).await
    }

    /// Charges an operation back, once, as far as it was not refunded; tells how much that is.
    pub(super) async fn charge_back(&self, reference: &str, now: Timestamp) -> Result<Option<Money>, BookError> {
        let reference = reference.to_owned();
        self.run(move |db| rows::charge_back(db, &reference, now)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, BookError> {
        let closed = || BookError("closed or not written".into());
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |db| {
            let value = work(db)?;
            // Whoever asked may have gone; the commit stands all the same.
            Ok(Box::new(move || drop(reply.send(value))))
        });
        self.jobs.as_ref().ok_or_else(closed)?.send(job).map_err(|_| closed())?;
        answer.await.map_err(|_| closed())
    }
}

/// Where a page's answer leaves the operation.
#[derive(Clone, Debug)]
pub(super) struct Turned {
    /// Where it stands.
    pub(super) standing: Standing,
    /// The page it shows.
    pub(super) visit: Visit,
}

impl Drop for Book {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // A panicked writer has said so already.
            let _ = thread.join();
        }
    }
}

impl From<rusqlite::Error> for BookError {
    fn from(error: rusqlite::Error) -> BookError {
        BookError(error.to_string())
    }
}

/// The thread: takes what has queued up, works it off in one transaction, then answers.
fn write(db: &Connection, queue: &mpsc::Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let batch = std::iter::once(first).chain(queue.try_iter().take(BATCH_MAX - 1));
        match commit(db, batch) {
            Ok(replies) => replies.into_iter().for_each(|reply| reply()),
            // Dropped replies tell their askers that nothing was written.
            Err(error) => {
                tracing::error!(%error, "the simulator's book was not written");
                let _ = db.execute_batch("ROLLBACK");
            }
        }
    }
}

fn commit(db: &Connection, batch: impl Iterator<Item = Job>) -> rusqlite::Result<Vec<Reply>> {
    db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let replies = batch.map(|job| job(db)).collect::<rusqlite::Result<Vec<_>>>()?;
    db.prepare_cached("COMMIT")?.execute([])?;
    Ok(replies)
}
