//! A writer: takes whatever has queued up, applies it in one transaction, and answers everybody after the commit. Each writer
//! has a session of its own; what it does when that breaks is in [`session`].

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_postgres::Error;

use super::apply::{Applied, BatchId, Refused};
use super::claims::Key;
use super::connection::Server;
use super::ledger::Seal;
use super::rows::{is_of_the_changeset, is_of_the_connection, is_passing, is_plain_refusal, sentence};
use crate::{Changeset, Claim, StoreError, Verdict};
use gather::Gathering;
use session::Line;

mod gather;
mod session;

/// A changeset and who waits for its verdict.
pub(super) struct Commit {
    pub(super) changeset: Changeset,
    pub(super) reply: oneshot::Sender<Result<Verdict, StoreError>>,
}

impl Commit {
    /// Who does not wait any more finds the verdict in the database.
    fn answer(self, verdict: Result<Verdict, StoreError>) {
        let _ = self.reply.send(verdict);
    }
}

/// What all writers take from.
pub(super) type Queue = Arc<Mutex<mpsc::Receiver<Commit>>>;

/// A commit that takes longer is worth a line in the log.
const SLOW: Duration = Duration::from_secs(1);

/// A batch that ended so often without being committed is refused, lest it be what breaks the connections.
const AGAIN_MAX: u32 = 20;

/// One writer.
pub(super) struct Writer {
    gathering: Gathering,
    line: Line,
    /// The number of its last transaction.
    batch: i64,
    /// The newest seal of its chain; the chain's number is the writer's.
    seal: Seal,
    /// Lanes whose rows are committed.
    lanes: HashSet<i64>,
}

/// How an attempt to commit a batch ended.
enum Ended {
    Committed,
    /// Rolled back: some changesets are refused.
    Refused(Vec<(usize, Refused)>),
    /// Surely not committed: one changeset's rows are refused.
    Data(Error),
    /// Surely not committed, and the same statements may succeed now.
    Again(Error),
    /// Surely not committed: the database cannot write.
    Database(Error),
}

impl Writer {
    pub(super) fn new(server: Server, queue: Queue, batch_max: usize) -> Writer {
        Writer {
            gathering: Gathering::new(queue, batch_max),
            line: Line::new(server),
            batch: 0,
            seal: Seal { chain: 0, number: 0, hash: crate::seal::BEGINNING },
            lanes: HashSet::new(),
        }
    }

    /// Runs until every sender of orders is gone and the queue is empty.
    pub(super) async fn run(mut self) {
        // Being ready before the first order comes saves it the time. If it fails, the first order tries again.
        let _ = self.line.session().await;
        while let Some(batch) = self.gathering.next().await {
            self.commit(batch).await;
            self.answer_known_claims().await;
        }
    }

    /// Commits a batch and answers everybody in it. A batch that fails for one changeset is halved until that one is alone.
    async fn commit(&mut self, batch: Vec<Commit>) {
        let begun = Instant::now();
        let changesets = batch.len();
        let (mut open, mut again) = (vec![batch], 0);
        while let Some(mut batch) = open.pop() {
            match self.attempt(&batch).await {
                Ok(Ended::Committed) => answer_all(batch, Ok(Verdict::Committed)),
                Ok(Ended::Refused(refused)) => open.extend(self.settle(batch, refused).await),
                Ok(Ended::Data(error)) if batch.len() == 1 => answer_all(batch, Err(error.into())),
                Ok(Ended::Data(_)) => {
                    let second = batch.split_off(batch.len() / 2);
                    open.extend([second, batch]);
                }
                Ok(Ended::Again(error)) if again == AGAIN_MAX => answer_all(batch, Err(error.into())),
                Ok(Ended::Again(_)) => {
                    again += 1;
                    open.push(batch);
                }
                Ok(Ended::Database(error)) => {
                    tracing::error!(error = sentence(&error), changesets, "the database cannot commit");
                    answer_all(batch, Err(error.into()));
                }
                Err(unavailable) => answer_all(batch, Err(unavailable)),
            }
        }
        let took = begun.elapsed();
        if took > SLOW {
            tracing::warn!(took_ms = took.as_millis() as u64, changesets, "slow commit");
        }
    }

    /// One transaction.
    ///
    /// # Errors
    /// The database cannot be reached; surely nothing is committed.
    async fn attempt(&mut self, batch: &[Commit]) -> Result<Ended, StoreError> {
        let writer = self.line.session().await?.writer;
        self.seal.chain = writer;
        self.batch += 1;
        let id = BatchId { writer, number: self.batch };
        let changesets: Vec<&Changeset> = batch.iter().map(|commit| &commit.changeset).collect();
        let session = self.line.session().await?;
        let applied = match session.apply(id, &changesets, &self.seal, &self.lanes).await {
            Ok(applied) => applied,
            Err(error) => return Ok(self.undone(error).await),
        };
        if !applied.refused.is_empty() {
            self.line.roll_back().await;
            return Ok(Ended::Refused(applied.refused));
        }
        match session.client.batch_execute("COMMIT").await {
            Ok(()) => Ok(self.done(applied)),
            Err(error) => {
                tracing::warn!(error = sentence(&error), "a commit was not answered; looking what became of it");
                if self.line.is_committed(id).await {
                    return Ok(self.done(applied));
                }
                Ok(if is_plain_refusal(&error) { Ended::Database(error) } else { Ended::Again(error) })
            }
        }
    }

    /// Remembers what holds from now on.
    fn done(&mut self, applied: Applied) -> Ended {
        if let Some(seal) = applied.seal {
            self.seal = seal;
        }
        self.lanes.extend(applied.lanes);
        Ended::Committed
    }

    /// Before COMMIT was sent: whatever the error, the transaction is or will be rolled back.
    async fn undone(&mut self, error: Error) -> Ended {
        if is_of_the_connection(&error) {
            tracing::warn!(error = sentence(&error), "the database connection broke before a commit; trying again");
            self.line.hang_up();
            return Ended::Again(error);
        }
        self.line.roll_back().await;
        if is_passing(&error) {
            Ended::Again(error)
        } else if is_of_the_changeset(&error) {
            Ended::Data(error)
        } else {
            Ended::Database(error)
        }
    }

    /// Answers the refused ones; returns the others, to be tried again.
    async fn settle(&mut self, batch: Vec<Commit>, refused: Vec<(usize, Refused)>) -> Option<Vec<Commit>> {
        let mut refused: HashMap<usize, Refused> = refused.into_iter().collect();
        let keys = refused.values().filter_map(|refused| match refused {
            Refused::Claim(key) => Some(*key),
            Refused::Conflict | Refused::Below(_) => None,
        });
        let claims = self.find_claims(keys.collect()).await;
        let mut left = Vec::new();
        for (place, commit) in batch.into_iter().enumerate() {
            match refused.remove(&place) {
                None => left.push(commit),
                Some(Refused::Conflict) => commit.answer(Ok(Verdict::Conflict)),
                Some(Refused::Below(floor)) => {
                    let (account, asset) = (floor.account, floor.minimum.asset());
                    commit.answer(Ok(Verdict::BelowFloor { account, asset }));
                }
                Some(Refused::Claim(key)) => match claims.get(&key) {
                    Some(claim) => commit.answer(Ok(Verdict::Duplicate(*claim))),
                    // It was free again before it could be read.
                    None => left.push(commit),
                },
            }
        }
        (!left.is_empty()).then_some(left)
    }

    /// Copies of a request that wait for the first one are told of it as soon as it is committed, without a transaction.
    async fn answer_known_claims(&mut self) {
        let keys = self.gathering.keys_aside();
        if keys.is_empty() {
            return;
        }
        let claims = self.find_claims(keys).await;
        self.gathering.answer_known(&claims);
    }

    async fn find_claims(&mut self, keys: Vec<Key>) -> HashMap<Key, Claim> {
        if keys.is_empty() {
            return HashMap::new();
        }
        let Ok(session) = self.line.session().await else { return HashMap::new() };
        session.claims.find(&session.client, keys).await.unwrap_or_default()
    }
}

fn answer_all(batch: Vec<Commit>, verdict: Result<Verdict, StoreError>) {
    for commit in batch {
        commit.answer(verdict.clone());
    }
}

/// What waits, in order.
type Aside = VecDeque<Commit>;
