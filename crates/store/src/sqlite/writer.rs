//! The writer thread: takes whatever has queued up while the last commit was on its way to disk, applies it in one
//! transaction, and answers everybody after the commit. Knows no table.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

use florin_kernel::sabotage::{Defect, is_planted};
use rusqlite::{Connection, Statement, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::apply::{Applied, Apply};
use super::checkpoint::LogWatch;
use super::claims::fresh::FreshClaims;
use super::rows::is_of_the_changeset;
use crate::{Changeset, StoreError, Verdict};

/// What the writer is asked.
// Nearly all are commits: a box each would cost them an allocation.
#[allow(clippy::large_enum_variant)]
pub(super) enum Order {
    /// Commit a changeset, together with others.
    Commit(Commit),
    /// Do something rare in a transaction of its own, and answer.
    Alone(Box<dyn FnOnce(&Connection) + Send>),
}

/// What the writer takes its orders from.
pub(super) struct Queue {
    pub(super) orders: Receiver<Order>,
    /// Commits in it; who puts one in counts it.
    pub(super) waiting: Arc<AtomicU64>,
}

/// A changeset and who waits for its verdict.
pub(super) struct Commit {
    pub(super) changeset: Changeset,
    pub(super) reply: oneshot::Sender<Result<Verdict, StoreError>>,
}

/// A commit that takes longer is worth a line in the log.
const SLOW: Duration = Duration::from_secs(1);

/// Runs until every sender of orders is gone and the queue is empty; gives the connection back.
///
/// `ready` is told once whether the statements could be prepared.
pub(super) fn run(
    connection: Connection,
    fresh_claims: Arc<FreshClaims>,
    queue: &Queue,
    batch_max: usize,
    checkpoints: SyncSender<()>,
    ready: &std::sync::mpsc::Sender<rusqlite::Result<()>>,
) -> Connection {
    match Writer::prepare(&connection, fresh_claims, checkpoints) {
        Ok(mut writer) => {
            let _ = ready.send(Ok(()));
            writer.serve(queue, batch_max);
        }
        Err(error) => drop(ready.send(Err(error))),
    }
    connection
}

/// Runs `work` in a transaction of its own.
pub(super) fn in_transaction<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let result = work(&transaction)?;
    transaction.commit()?;
    Ok(result)
}

/// Sabotage: says "committed" of what is not.
fn acknowledge(batch: &mut [Commit]) {
    for commit in batch {
        let (nobody, _) = oneshot::channel();
        let _ = std::mem::replace(&mut commit.reply, nobody).send(Ok(Verdict::Committed));
    }
}

struct Writer<'c> {
    connection: &'c Connection,
    apply: Apply<'c>,
    begin: Statement<'c>,
    commit: Statement<'c>,
    log: LogWatch<'c>,
    verdicts: Vec<Result<Verdict, StoreError>>,
}

/// Why a batch could not be applied at once.
enum Trouble {
    /// A changeset was refused after a write, or its rows are refused: apply the batch again with savepoints.
    OneChangeset,
    /// The database cannot write.
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Trouble {
        if is_of_the_changeset(&error) { Trouble::OneChangeset } else { Trouble::Database(error) }
    }
}

impl<'c> Writer<'c> {
    fn prepare(
        connection: &'c Connection,
        fresh_claims: Arc<FreshClaims>,
        checkpoints: SyncSender<()>,
    ) -> rusqlite::Result<Self> {
        Ok(Writer {
            connection,
            apply: Apply::prepare(connection, fresh_claims)?,
            begin: connection.prepare("BEGIN IMMEDIATE")?,
            commit: connection.prepare("COMMIT")?,
            log: LogWatch::prepare(connection, checkpoints)?,
            verdicts: Vec::new(),
        })
    }

    fn serve(&mut self, queue: &Queue, batch_max: usize) {
        let mut batch = Vec::new();
        while let Ok(first) = queue.orders.recv() {
            let mut next = Some(first);
            while let Some(Order::Commit(commit)) = next {
                batch.push(commit);
                next = if batch.len() < batch_max { queue.orders.try_recv().ok() } else { None };
            }
            queue.waiting.fetch_sub(batch.len() as u64, Ordering::Relaxed);
            if !batch.is_empty() {
                self.commit_batch(&mut batch);
            }
            if let Some(Order::Alone(work)) = next {
                work(self.connection);
            }
            self.log.look();
        }
    }

    /// Commits a batch and answers everybody in it.
    fn commit_batch(&mut self, batch: &mut Vec<Commit>) {
        let start = Instant::now();
        if is_planted(Defect::AcknowledgeBeforeCommit) {
            acknowledge(batch);
        }
        if let Err(error) = self.commit_all(batch) {
            tracing::error!(%error, changesets = batch.len(), "the database cannot commit");
            self.roll_back();
            let reason = StoreError::Unavailable(error.to_string());
            self.verdicts.clear();
            self.verdicts.resize(batch.len(), Err(reason));
        }
        let took = start.elapsed();
        if took > SLOW {
            tracing::warn!(took_ms = took.as_millis() as u64, changesets = batch.len(), "slow commit");
        }
        for (commit, verdict) in batch.drain(..).zip(self.verdicts.drain(..)) {
            // Who does not wait any more finds the verdict in the database.
            let _ = commit.reply.send(verdict);
        }
    }

    fn commit_all(&mut self, batch: &[Commit]) -> rusqlite::Result<()> {
        self.begin.execute([])?;
        match self.apply_swiftly(batch) {
            Ok(()) => {}
            Err(Trouble::OneChangeset) => {
                self.roll_back();
                self.begin.execute([])?;
                self.apply_carefully(batch)?;
            }
            Err(Trouble::Database(error)) => return Err(error),
        }
        self.apply.end_batch()?;
        self.commit.execute([])?;
        self.apply.committed();
        Ok(())
    }

    /// Without savepoints, under which SQLite copies every page it changes. A changeset refused before its first write
    /// harms nobody.
    fn apply_swiftly(&mut self, batch: &[Commit]) -> Result<(), Trouble> {
        self.verdicts.clear();
        for commit in batch {
            let verdict = match self.apply.changeset(&commit.changeset)? {
                Applied::Whole => Verdict::Committed,
                Applied::Nothing(verdict) => verdict,
                Applied::Part(_) => return Err(Trouble::OneChangeset),
            };
            self.verdicts.push(Ok(verdict));
        }
        Ok(())
    }

    fn apply_carefully(&mut self, batch: &[Commit]) -> rusqlite::Result<()> {
        self.verdicts.clear();
        for commit in batch {
            self.connection.prepare_cached("SAVEPOINT changeset")?.execute([])?;
            self.apply.begin_changeset();
            let verdict = match self.apply.changeset(&commit.changeset) {
                Ok(Applied::Whole) => Ok(Verdict::Committed),
                Ok(Applied::Nothing(verdict) | Applied::Part(verdict)) => Ok(verdict),
                Err(error) if is_of_the_changeset(&error) => Err(StoreError::Unavailable(error.to_string())),
                Err(error) => return Err(error),
            };
            if !matches!(verdict, Ok(Verdict::Committed)) {
                self.connection.prepare_cached("ROLLBACK TO changeset")?.execute([])?;
                self.apply.forget_changeset();
            }
            self.connection.prepare_cached("RELEASE changeset")?.execute([])?;
            self.verdicts.push(verdict);
        }
        Ok(())
    }

    /// Ends the transaction, if the error has not ended it.
    fn roll_back(&mut self) {
        self.apply.forget();
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "the database cannot roll back");
        }
    }
}
