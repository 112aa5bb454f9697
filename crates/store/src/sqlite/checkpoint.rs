//! Copying the write-ahead log into the database file, off the request path.
//!
//! A thread with its own connection copies the bulk while the writer goes on. A passive checkpoint beside a busy writer
//! never gets to the end of the log, so the log would never start again from its beginning; the writer therefore copies
//! the last few pages itself, between two batches, once the log is long and little is left of it.

use std::sync::mpsc::{Receiver, SyncSender};

use rusqlite::{Connection, Statement};

#[cfg(test)]
mod tests;

/// When what is done about the log, in its pages of 4 KiB.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Uncopied pages at which the copying thread is woken.
    bulk: i64,
    /// Uncopied pages that the writer may copy itself: a few milliseconds.
    rest: i64,
    /// Length of the log from which on the writer ends it.
    long: i64,
}

/// A log of 64 MiB is long.
const LIMITS: Limits = Limits { bulk: 1_000, rest: 500, long: 16_384 };

/// The two lengths of the log, in pages.
#[derive(Clone, Copy, Debug)]
struct Log {
    written: i64,
    copied: i64,
}

impl Log {
    fn left(self) -> i64 {
        self.written - self.copied
    }
}

/// Copies whenever it is woken; ends when the writer is gone.
pub(super) fn run(connection: &Connection, wake_ups: &Receiver<()>) {
    while let Ok(()) = wake_ups.recv() {
        // While one round runs the writer goes on; each round leaves less, until the rest is small.
        for _ in 0..4 {
            match copy(connection) {
                Ok(log) if log.left() < LIMITS.rest => break,
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(%error, "the write-ahead log cannot be copied into the database");
                    break;
                }
            }
        }
    }
}

/// Copies everything and empties the log, when nobody else uses the database.
pub(super) fn finish(connection: &Connection) {
    if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
        tracing::error!(%error, "the write-ahead log could not be emptied at close; nothing is lost");
    }
}

fn copy(connection: &Connection) -> rusqlite::Result<Log> {
    connection.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?.query_row([], read)
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Log> {
    Ok(Log { written: row.get(1)?, copied: row.get(2)? })
}

/// The writer's eye on the log.
pub(super) struct LogWatch<'c> {
    connection: &'c Connection,
    lengths: Statement<'c>,
    copier: SyncSender<()>,
    limits: Limits,
    /// A reader in the middle of the log keeps it from starting again; the next attempt comes at this length.
    end_at: i64,
}

impl<'c> LogWatch<'c> {
    pub(super) fn prepare(connection: &'c Connection, copier: SyncSender<()>) -> rusqlite::Result<Self> {
        LogWatch::with(connection, copier, LIMITS)
    }

    fn with(connection: &'c Connection, copier: SyncSender<()>, limits: Limits) -> rusqlite::Result<Self> {
        let lengths = connection.prepare("PRAGMA wal_checkpoint(NOOP)")?;
        Ok(LogWatch { connection, lengths, copier, limits, end_at: limits.long })
    }

    /// To be called between two transactions.
    pub(super) fn look(&mut self) {
        if let Err(error) = self.wake_or_end() {
            tracing::error!(%error, "the write-ahead log cannot be looked at");
        }
    }

    fn wake_or_end(&mut self) -> rusqlite::Result<()> {
        let Limits { bulk, rest, long } = self.limits;
        let log = self.lengths.query_row([], read)?;
        if log.written < long {
            self.end_at = long;
        }
        // The longer the log, the more the writer takes on itself, so that it ends under any load.
        if log.written >= self.end_at && log.left() < rest.max(log.written / 32) {
            copy(self.connection)?;
            self.end_at = log.written + rest;
        } else if log.left() >= bulk {
            // A full channel means that it is awake already.
            let _ = self.copier.try_send(());
        }
        Ok(())
    }
}
