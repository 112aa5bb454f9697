//! The seals of the one chain that the one writer has: a seal for each of its transactions that wrote a transfer.

use rusqlite::{Connection, OptionalExtension, Statement, params};

use crate::seal::{BEGINNING, SealHash, SealedTransfer, Sealing};

#[cfg(test)]
mod tests;

/// The chain's number in what is hashed.
pub(super) const CHAIN: i64 = 0;

const INSERT: &str = "INSERT INTO seals (number, hash, transfers) VALUES (?1, ?2, ?3)";
const LAST: &str = "SELECT number, hash FROM seals ORDER BY number DESC LIMIT 1";

/// A seal as its row says it.
#[derive(Clone, Copy)]
struct Seal {
    number: i64,
    hash: SealHash,
}

/// The writer's statements, and where its chain stands.
pub(super) struct SealWriter<'c> {
    insert: Statement<'c>,
    /// The newest that is committed.
    last: Seal,
    /// Of the transaction under way, once it wrote a transfer.
    sealing: Option<Sealing>,
    /// What `sealing` was before the changeset under way.
    before: Option<Sealing>,
    /// Written in the transaction under way.
    written: Option<Seal>,
}

impl<'c> SealWriter<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        let last = connection.query_row(LAST, [], |row| Ok(Seal { number: row.get(0)?, hash: row.get(1)? }));
        let last = last.optional()?.unwrap_or(Seal { number: 0, hash: BEGINNING });
        Ok(SealWriter { insert: connection.prepare(INSERT)?, last, sealing: None, before: None, written: None })
    }

    /// The number of the seal that closes the transaction under way.
    pub(super) fn number(&self) -> i64 {
        self.last.number + 1
    }

    /// Takes in a transfer that was just written.
    pub(super) fn add(&mut self, transfer: &SealedTransfer<'_>) {
        let number = self.number();
        let sealing = self.sealing.get_or_insert_with(|| Sealing::after(&self.last.hash, CHAIN, number));
        sealing.add(transfer);
    }

    /// Closes the transaction under way, before its commit.
    pub(super) fn write(&mut self) -> rusqlite::Result<()> {
        let Some(sealing) = self.sealing.take() else { return Ok(()) };
        let (number, transfers) = (self.number(), sealing.transfers());
        let hash = sealing.finish();
        self.insert.execute(params![number, hash, i64::try_from(transfers).unwrap_or(i64::MAX)])?;
        self.written = Some(Seal { number, hash });
        Ok(())
    }

    /// The transaction is on disk.
    pub(super) fn committed(&mut self) {
        if let Some(written) = self.written.take() {
            self.last = written;
        }
    }

    /// A changeset begins that may be rolled back alone.
    pub(super) fn begin_changeset(&mut self) {
        self.before = self.sealing.clone();
    }

    /// The changeset was rolled back.
    pub(super) fn forget_changeset(&mut self) {
        self.sealing = self.before.take();
    }

    /// The transaction was rolled back.
    pub(super) fn forget(&mut self) {
        (self.sealing, self.before, self.written) = (None, None, None);
    }
}
