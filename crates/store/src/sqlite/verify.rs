//! Replaying the book. Reads in short transactions, so that it may run for minutes beside a server under load.

use std::collections::BTreeMap;

use florin_kernel::payment::{Payment, State};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::rows::mode_text;
use crate::{LedgerReport, StoreError};

const THROUGH: &str = "SELECT through_entry FROM rollup_state";
const TRANSFERS: &str = "SELECT e.id, e.payment, e.book, e.layer, e.debit, e.credit, e.asset, e.amount_minor,
        EXISTS (SELECT 1 FROM payments p WHERE p.id = e.payment)
    FROM entries e WHERE e.id > ?1 AND e.id <= ?2 ORDER BY e.id LIMIT ?3";
const ROLLUPS: &str = "SELECT book, account, asset, pending_minor, posted_minor FROM rollups";
const PAYMENTS: &str = "SELECT id, document FROM payments WHERE id > ?1 ORDER BY id LIMIT ?2";
const OF_PAYMENT: &str = "SELECT
        coalesce(sum(iif(layer = 'pending', iif(credit = ?2, amount_minor, -amount_minor), 0)), 0),
        coalesce(sum(iif(layer = 'posted', iif(credit = ?2, amount_minor, -amount_minor), 0)), 0)
    FROM entries WHERE payment = ?1 AND (credit = ?2 OR debit = ?2) AND book = ?3 AND asset = ?4";

/// Rows read in one transaction.
const CHUNK: i64 = 5_000;

/// Faults told in full; a broken book may have millions.
const FAULTS_MAX: usize = 1_000;

/// What moved on one account, in minor units.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Moved {
    pending: i128,
    posted: i128,
}

/// By book, account and asset.
type Accounts = BTreeMap<(String, String, String), Moved>;

struct Replay<'c> {
    connection: &'c Connection,
    counted_through: i64,
    accounts: Accounts,
    report: LedgerReport,
}

/// Counts every transfer again and compares with the rollups, then with the payments' own amounts.
pub(super) fn verify(connection: &Connection) -> Result<LedgerReport, StoreError> {
    let mut replay =
        Replay { connection, counted_through: 0, accounts: Accounts::new(), report: LedgerReport::default() };
    replay.compare_rollups()?;
    replay.compare_balance()?;
    replay.count_rest()?;
    replay.compare_payments()?;
    Ok(replay.report)
}

impl Replay<'_> {
    fn fault(&mut self, sentence: String) {
        match self.report.faults.len() {
            count if count < FAULTS_MAX => self.report.faults.push(sentence),
            FAULTS_MAX => self.report.faults.push(format!("There are more than {FAULTS_MAX} faults.")),
            _ => {}
        }
    }

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
            let mut accounts: Vec<_> = stored.keys().chain(self.accounts.keys()).cloned().collect();
            accounts.sort();
            accounts.dedup();
            for account in accounts {
                let told = stored.get(&account).copied().unwrap_or_default();
                let counted = self.accounts.get(&account).copied().unwrap_or_default();
                if told != counted {
                    let (book, name, asset) = account;
                    self.fault(format!(
                        "The rollup of {name} in the {book} book says {} {asset} posted and {} pending in minor units; \
                         its transfers say {} and {}.",
                        told.posted, told.pending, counted.posted, counted.pending
                    ));
                }
            }
            return Ok(());
        }
    }

    /// Each book and asset sums to zero over all accounts, as the rollups tell them.
    fn compare_balance(&mut self) -> Result<(), StoreError> {
        let mut sums: BTreeMap<(String, String), Moved> = BTreeMap::new();
        for ((book, _, asset), moved) in rollups(self.connection)? {
            let sum = sums.entry((book, asset)).or_default();
            sum.pending += moved.pending;
            sum.posted += moved.posted;
        }
        for ((book, asset), sum) in sums {
            if sum != Moved::default() {
                self.fault(format!(
                    "The {book} book does not balance: {asset} sums to {} posted and {} pending in minor units.",
                    sum.posted, sum.pending
                ));
            }
        }
        Ok(())
    }

    fn count_rest(&mut self) -> Result<(), StoreError> {
        while self.count(i64::MAX)? {}
        Ok(())
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
            self.report.transfers += 1;
            let (book, layer, asset): (String, String, String) = (row.get(2)?, row.get(3)?, row.get(6)?);
            let amount = i128::from(row.get::<_, i64>(7)?);
            for (account, amount) in [(row.get::<_, String>(4)?, -amount), (row.get::<_, String>(5)?, amount)] {
                let moved = self.accounts.entry((book.clone(), account, asset.clone())).or_default();
                match layer.as_str() {
                    "pending" => moved.pending += amount,
                    _ => moved.posted += amount,
                }
            }
            if !row.get::<_, bool>(8)? {
                self.fault(format!(
                    "Ledger entry {entry} is of payment {}, which does not exist.",
                    row.get::<_, i64>(1)?
                ));
            }
        }
        Ok(read == CHUNK)
    }

    fn compare_payments(&mut self) -> Result<(), StoreError> {
        let mut last = i64::MIN;
        loop {
            let connection = self.connection;
            let mut faults = Vec::new();
            let before = self.report.payments;
            let snapshot = snapshot(connection)?;
            let mut statement = connection.prepare_cached(PAYMENTS)?;
            let mut rows = statement.query([last, CHUNK])?;
            let mut read = 0;
            while let Some(row) = rows.next()? {
                read += 1;
                last = row.get(0)?;
                faults.extend(compare_payment(
                    connection,
                    last,
                    row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?,
                )?);
            }
            drop(rows);
            drop(statement);
            snapshot.finish()?;
            self.report.payments = before + read as u64;
            faults.into_iter().for_each(|fault| self.fault(fault));
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

/// Compares what a payment says of its money with what its transfers moved on the merchant's available account.
fn compare_payment(connection: &Connection, id: i64, document: &str) -> rusqlite::Result<Option<String>> {
    let payment: Payment = match serde_json::from_str(document) {
        Ok(payment) => payment,
        Err(error) => return Ok(Some(format!("Payment {id} cannot be read: {error}."))),
    };
    let (pending, posted) = says(&payment);
    let available = florin_kernel::ledger::Account::MerchantAvailable(payment.merchant).to_string();
    let asset = payment.asked.asset().code();
    let key = params![id, available, mode_text(payment.mode), asset];
    let (moved_pending, moved_posted): (i64, i64) =
        connection.prepare_cached(OF_PAYMENT)?.query_row(key, |row| Ok((row.get(0)?, row.get(1)?)))?;
    if (moved_pending, moved_posted) == (pending, posted) {
        return Ok(None);
    }
    Ok(Some(format!(
        "Payment {id} says {posted} {asset} taken and {pending} held in minor units; its transfers say {moved_posted} \
         and {moved_pending}."
    )))
}

/// What a payment says is held and what the merchant has of it, in minor units.
fn says(payment: &Payment) -> (i64, i64) {
    match &payment.state {
        State::Funded(funds) => {
            let left = funds.captured.minor() - funds.refunded.minor() - funds.charged_back.minor();
            (funds.held.minor(), left)
        }
        State::Created
        | State::PendingPayer { .. }
        | State::Pending { .. }
        | State::Unknown { .. }
        | State::Ended(_) => (0, 0),
    }
}
