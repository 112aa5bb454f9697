//! The readers: a few threads, each with its own connection. A read begins after it was asked for, so it sees every
//! write acknowledged before.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::connection::{Purpose, open};
use super::spawn;
use crate::{OpenError, StoreError};

type Query = Box<dyn FnOnce(&Connection) + Send>;

/// Reads that may wait.
const QUEUE_MAX: usize = 4_096;

/// The way to the reader threads.
pub(super) struct Readers {
    queries: SyncSender<Query>,
}

impl Readers {
    /// Starts the threads; they end when this is dropped.
    pub(super) fn start(path: &Path, count: usize) -> Result<(Readers, Vec<JoinHandle<()>>), OpenError> {
        let (queries, queue) = sync_channel(QUEUE_MAX);
        let queue = Arc::new(Mutex::new(queue));
        let mut threads = Vec::new();
        for _ in 0..count.max(1) {
            let connection = open(path, Purpose::Read)?;
            let queue = Arc::clone(&queue);
            threads.push(spawn("store-reader", path, move || serve(&connection, &queue))?);
        }
        Ok((Readers { queries }, threads))
    }

    /// Asks something within one short read transaction.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let query: Query = Box::new(move |connection| {
            if !reply.is_closed() {
                let _ = reply.send(query(connection));
            }
        });
        self.queries.try_send(query).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Overloaded,
            TrySendError::Disconnected(_) => StoreError::Unavailable("its readers are gone".to_owned()),
        })?;
        match answer.await {
            Ok(found) => Ok(found?),
            Err(_) => Err(StoreError::Unavailable("a reader is gone".to_owned())),
        }
    }
}

/// Several statements that see the database at one moment.
pub(super) fn at_one_moment<T>(
    connection: &Connection,
    query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    let found = query(&transaction)?;
    transaction.finish()?;
    Ok(found)
}

fn serve(connection: &Connection, queue: &Mutex<Receiver<Query>>) {
    loop {
        // One reader waits at the queue, the others wait for its place.
        let query = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(query) = query else { return };
        query(connection);
    }
}
