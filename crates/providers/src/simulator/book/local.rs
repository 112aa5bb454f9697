//! A book in a file of this process: one thread owns a SQLite connection and takes whatever has queued up into one
//! transaction; an answer leaves only after its commit. `synchronous=OFF`: the file survives the process being killed, which is
//! what it is for, not a power cut.

use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{BookError, Order, rows};

/// The way to the thread; dropping it finishes what is queued and closes the file.
pub(super) struct LocalBook {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// Work for the thread; it gives back what to do once its transaction is committed.
type Job = Box<dyn FnOnce(&Connection) -> rusqlite::Result<Reply> + Send>;
type Reply = Box<dyn FnOnce() + Send>;

/// How long jobs gather before a transaction begins: a transaction costs more than a job, and no acquirer answers sooner.
const GATHERING: Duration = Duration::from_micros(300);

/// Jobs in one transaction at most.
const BATCH_MAX: usize = 1024;

impl LocalBook {
    pub(super) fn start(db: Connection, order: Order) -> Result<LocalBook, BookError> {
        rows::prepare(&db, order)?;
        let (jobs, queue) = mpsc::channel();
        let thread = std::thread::Builder::new().name("simulator-book".into()).spawn(move || write(&db, &queue));
        let thread = thread.map_err(|error| BookError(error.to_string()))?;
        Ok(LocalBook { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Does something in the thread's next transaction, and answers after its commit.
    pub(super) async fn run<T: Send + 'static>(
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

impl Drop for LocalBook {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // A panicked writer has said so already.
            let _ = thread.join();
        }
    }
}

/// The thread: takes what has queued up, works it off in one transaction, then answers.
fn write(db: &Connection, queue: &mpsc::Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        std::thread::sleep(GATHERING);
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
