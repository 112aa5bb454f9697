//! Replaying the book. Reads in short transactions, so that it may run for minutes beside a server under load.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use florin_kernel::Kind;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::payments::kind;
use super::seals::CHAIN;
use crate::seal::{ChainReplay, SealedTransfer};
use crate::verify::{Accounts, Counted, Moved, Replay, Says};
use crate::words::mode_text;
use crate::{LedgerReport, StoreError};

const THROUGH: &str = "SELECT through_entry FROM rollup_state";
const NEWEST_SEAL: &str = "SELECT max(number) FROM seals";
const TRANSFERS: &str =
    "SELECT e.id, e.payment, e.event, e.book, e.layer, e.debit, e.credit, e.asset, e.amount_minor, e.at, e.seal,
        s.hash, EXISTS (SELECT 1 FROM payments p WHERE p.id = e.payment)
    FROM entries e LEFT JOIN seals s ON s.number = e.seal WHERE e.id > ?1 AND e.id <= ?2 ORDER BY e.id LIMIT ?3";
const ROLLUPS: &str = "SELECT book, account, asset, pending_minor, posted_minor FROM rollups";
const PAYMENTS: &str = "SELECT id, document, kind FROM payments WHERE id > ?1 ORDER BY id LIMIT ?2";
const OF_PAYMENT: &str = "SELECT
        coalesce(sum(iif(layer = 'pending', iif(credit = ?2, amount_minor, -amount_minor), 0)), 0),
        coalesce(sum(iif(layer = 'posted', iif(credit = ?2, amount_minor, -amount_minor), 0)), 0)
    FROM entries WHERE payment = ?1 AND (credit = ?2 OR debit = ?2) AND book = ?3 AND asset = ?4";

/// Rows read in one transaction.
const CHUNK: i64 = 5_000;

struct Reading<'c> {
    connection: &'c Connection,
    counted_through: i64,
    replay: Replay,
    seals: ChainReplay,
}

/// Counts every transfer again and compares with the rollups and seals, then with the payments' own amounts.
pub(super) fn verify(connection: &Connection, looked_at: Arc<AtomicU64>) -> Result<LedgerReport, StoreError> {
    // Seals made from now on have their entries counted too; that they are not expected does no harm.
    let newest: Option<i64> = connection.query_row(NEWEST_SEAL, [], |row| row.get(0))?;
    let seals = ChainReplay::new(newest.map(|newest| (CHAIN, newest)).into_iter().collect());
    let mut reading = Reading { connection, counted_through: 0, replay: Replay::watched(looked_at), seals };
    reading.compare_rollups()?;
    while reading.count(i64::MAX)? {}
    reading.compare_payments()?;
    for fault in reading.seals.finish() {
        reading.replay.fault(fault);
    }
    Ok(reading.replay.report)
}

impl Reading<'_> {
    /// Counts up to where the rollups stand, then compares in the very transaction that saw them there.
    fn compare_rollups(&mut self) -> Result<(), StoreError> {
        loop {
            let through: i64 = self.connection.query_row(THROUGH, [], |row| row.get(0))?;
            while self.count(through)? {}
            let connection = self.connection;
            let snapshot = snapshot(connection)?;
            if snapshot.query_row(THROUGH, [], |row| row.get::<_, i64>(0))? != through {
                continue;
            }
            let stored = rollups(connection)?;
            snapshot.finish()?;
            self.replay.compare_rollups(&stored);
            self.replay.compare_balance(&stored);
            return Ok(());
        }
    }

    /// Counts a chunk of transfers up to and with entry `through`; returns whether there may be more.
    fn count(&mut self, through: i64) -> Result<bool, StoreError> {
        let connection = self.connection;
        let mut statement = connection.prepare_cached(TRANSFERS)?;
        let mut rows = statement.query(params![self.counted_through, through, CHUNK])?;
        let mut read = 0;
        while let Some(row) = rows.next()? {
            read += 1;
            let entry: i64 = row.get(0)?;
            self.counted_through = entry;
            let text = |column: usize| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
            let transfer = SealedTransfer {
                payment: row.get(1)?,
                event: text(2)?,
                book: text(3)?,
                layer: text(4)?,
                debit: text(5)?,
                credit: text(6)?,
                asset: text(7)?,
                amount_minor: row.get(8)?,
                at_ms: row.get(9)?,
            };
            self.seals.transfer(CHAIN, row.get(10)?, row.get(11)?, &transfer);
            self.seals.take_faults().into_iter().for_each(|fault| self.replay.fault(fault));
            let SealedTransfer { payment, book, layer, debit, credit, asset, amount_minor, .. } = transfer;
            self.replay.count(&Counted { book, layer, debit, credit, asset, amount_minor });
            if !row.get::<_, bool>(12)? {
                self.replay.astray(&entry, payment);
            }
        }
        Ok(read == CHUNK)
    }

    fn compare_payments(&mut self) -> Result<(), StoreError> {
        let mut last = i64::MIN;
        loop {
            let connection = self.connection;
            let mut faults = Vec::new();
            let snapshot = snapshot(connection)?;
            let mut statement = connection.prepare_cached(PAYMENTS)?;
            let mut rows = statement.query([last, CHUNK])?;
            let mut read = 0;
            while let Some(row) = rows.next()? {
                read += 1;
                last = row.get(0)?;
                let document = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
                faults.extend(compare(connection, kind(row, 2)?, last, document)?);
            }
            drop(rows);
            drop(statement);
            snapshot.finish()?;
            self.replay.compared(read as u64);
            faults.into_iter().for_each(|fault| self.replay.fault(fault));
            if read < CHUNK {
                return Ok(());
            }
        }
    }
}

fn snapshot(connection: &Connection) -> rusqlite::Result<Transaction<'_>> {
    Transaction::new_unchecked(connection, TransactionBehavior::Deferred)
}

fn rollups(connection: &Connection) -> rusqlite::Result<Accounts> {
    let mut statement = connection.prepare_cached(ROLLUPS)?;
    let rows = statement.query_map([], |row| {
        let moved = Moved { pending: row.get::<_, i64>(3)?.into(), posted: row.get::<_, i64>(4)?.into() };
        Ok(((row.get(0)?, row.get(1)?, row.get(2)?), moved))
    })?;
    rows.collect()
}

/// Compares what a payment or withdrawal says of its money with what its transfers moved on the merchant's accounts.
fn compare(connection: &Connection, kind: Kind, id: i64, document: &str) -> rusqlite::Result<Vec<String>> {
    let says = match Says::of(kind, id, document) {
        Ok(says) => says,
        Err(fault) => return Ok(vec![fault]),
    };
    let mut moved = HashMap::new();
    for (account, _) in &says.accounts {
        let key = params![id, account.to_string(), mode_text(says.book), says.asset.code()];
        let of_account = connection.prepare_cached(OF_PAYMENT)?.query_row(key, |row| {
            Ok(Moved { pending: row.get::<_, i64>(0)?.into(), posted: row.get::<_, i64>(1)?.into() })
        })?;
        moved.insert(*account, of_account);
    }
    Ok(says.disagreements(id, |account| moved.get(&account).copied().unwrap_or_default()))
}
