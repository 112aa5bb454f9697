//! The ledger: one row a transfer, never changed; balances are the last rollup plus the transfers since.

use std::collections::HashMap;
use std::fmt::Write;

use florin_kernel::ledger::{Account, Layer, Transfer};
use florin_kernel::payment::Mode;
use florin_kernel::sabotage::{Defect, is_planted};
use florin_kernel::{Asset, PaymentId};
use rusqlite::{Connection, OptionalExtension, Statement, params};

use super::rows::time;
use super::seals::SealWriter;
use crate::seal::SealedTransfer;
use crate::words::{layer_text, mode_text};
use crate::{Balance, EntryRow, EntryWrite, Floor};

const INSERT: &str = "INSERT INTO entries (payment, event, book, layer, debit, credit, asset, amount_minor, at, seal)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
const ADD: &str = "INSERT INTO rollups (book, account, asset, pending_minor, posted_minor) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (book, account, asset) DO UPDATE SET
    pending_minor = pending_minor + excluded.pending_minor, posted_minor = posted_minor + excluded.posted_minor";
const ROLL_UP_CREDITS: &str = "INSERT INTO rollups (book, account, asset, pending_minor, posted_minor)
    SELECT book, credit, asset, sum(iif(layer = 'pending', amount_minor, 0)), sum(iif(layer = 'posted', amount_minor, 0))
    FROM entries WHERE id > (SELECT through_entry FROM rollup_state) GROUP BY book, credit, asset
    ON CONFLICT (book, account, asset) DO UPDATE SET
    pending_minor = pending_minor + excluded.pending_minor, posted_minor = posted_minor + excluded.posted_minor";
const ROLL_UP_DEBITS: &str = "INSERT INTO rollups (book, account, asset, pending_minor, posted_minor)
    SELECT book, debit, asset, -sum(iif(layer = 'pending', amount_minor, 0)), -sum(iif(layer = 'posted', amount_minor, 0))
    FROM entries WHERE id > (SELECT through_entry FROM rollup_state) GROUP BY book, debit, asset
    ON CONFLICT (book, account, asset) DO UPDATE SET
    pending_minor = pending_minor + excluded.pending_minor, posted_minor = posted_minor + excluded.posted_minor";
const ROLLED_UP: &str = "UPDATE rollup_state SET through_entry = coalesce((SELECT max(id) FROM entries), 0)";
const POSTED: &str = "SELECT posted_minor FROM rollups WHERE book = ?1 AND account = ?2 AND asset = ?3";
const BALANCES: &str = "SELECT book, account, asset, sum(pending_minor), sum(posted_minor) FROM (
        SELECT book, account, asset, pending_minor, posted_minor FROM rollups
        UNION ALL
        SELECT book, credit, asset, iif(layer = 'pending', amount_minor, 0), iif(layer = 'posted', amount_minor, 0)
        FROM entries WHERE id > (SELECT through_entry FROM rollup_state)
        UNION ALL
        SELECT book, debit, asset, -iif(layer = 'pending', amount_minor, 0), -iif(layer = 'posted', amount_minor, 0)
        FROM entries WHERE id > (SELECT through_entry FROM rollup_state)
    )
    GROUP BY book, account, asset ORDER BY book, account, asset";
const OF_PAYMENT: &str = "SELECT event, layer, debit, credit, asset, amount_minor, at FROM entries
    WHERE payment = ?1 ORDER BY id";
// Writing a row as it is still writes its page.
const TOUCH: &str = "UPDATE rollup_state SET through_entry = through_entry";

/// Entries are rolled up whenever this many have come together, so that readers scan few.
const ROLL_UP_AFTER: u64 = 4_096;

/// What moved on one account since the last rollup, in minor units.
#[derive(Clone, Copy, Default)]
struct Moved {
    pending: i64,
    posted: i64,
}

/// The writer's statements.
pub(super) struct LedgerWriter<'c> {
    pub(super) seals: SealWriter<'c>,
    insert: Statement<'c>,
    add: Statement<'c>,
    roll_up_credits: Statement<'c>,
    roll_up_debits: Statement<'c>,
    rolled_up: Statement<'c>,
    posted: Statement<'c>,
    /// By account, since the last rollup; `None` at the start and after a rollback: the entries themselves must tell.
    moved: Option<HashMap<(Mode, Account, Asset), Moved>>,
    /// Transfers since the last rollup, or too many.
    unrolled: u64,
    debit: String,
    credit: String,
}

impl<'c> LedgerWriter<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(LedgerWriter {
            seals: SealWriter::prepare(connection)?,
            insert: connection.prepare(INSERT)?,
            add: connection.prepare(ADD)?,
            roll_up_credits: connection.prepare(ROLL_UP_CREDITS)?,
            roll_up_debits: connection.prepare(ROLL_UP_DEBITS)?,
            rolled_up: connection.prepare(ROLLED_UP)?,
            posted: connection.prepare(POSTED)?,
            moved: None,
            unrolled: ROLL_UP_AFTER,
            debit: String::new(),
            credit: String::new(),
        })
    }

    /// Writes an entry, a row for each of its transfers.
    pub(super) fn post(&mut self, write: &EntryWrite) -> rusqlite::Result<()> {
        for transfer in &write.entry.transfers {
            self.insert(write, transfer)?;
            self.unrolled += 1;
            let Some(moved) = &mut self.moved else { continue };
            let (book, amount) = (write.entry.book, transfer.amount);
            let lost = i64::from(is_planted(Defect::UnbalancedEntry));
            for (account, minor) in [(transfer.debit, -amount.minor()), (transfer.credit, amount.minor() - lost)] {
                let moved = moved.entry((book, account, amount.asset())).or_default();
                match transfer.layer {
                    Layer::Pending => moved.pending += minor,
                    Layer::Posted => moved.posted += minor,
                }
            }
        }
        Ok(())
    }

    /// Whether the account's posted balance, with every entry so far, is at least the floor's minimum.
    pub(super) fn holds(&mut self, floor: &Floor) -> rusqlite::Result<bool> {
        self.roll_up()?;
        let key = params![mode_text(floor.book), floor.account.to_string(), floor.minimum.asset().code()];
        let posted: Option<i64> = self.posted.query_row(key, |row| row.get(0)).optional()?;
        Ok(posted.unwrap_or(0) >= floor.minimum.minor())
    }

    /// Rolls up if enough entries have come together.
    pub(super) fn roll_up_now_and_then(&mut self) -> rusqlite::Result<()> {
        if self.unrolled >= ROLL_UP_AFTER { self.roll_up() } else { Ok(()) }
    }

    /// After a rollback: what was remembered may not be so any more.
    pub(super) fn forget(&mut self) {
        self.forget_changeset();
        self.seals.forget();
    }

    /// After the rollback of one changeset.
    pub(super) fn forget_changeset(&mut self) {
        self.seals.forget_changeset();
        self.moved = None;
        self.unrolled = ROLL_UP_AFTER;
    }

    fn insert(&mut self, write: &EntryWrite, transfer: &Transfer) -> rusqlite::Result<()> {
        let Transfer { layer, debit, credit, amount } = transfer;
        self.debit.clear();
        self.credit.clear();
        write!(self.debit, "{debit}").expect("a String takes any text");
        write!(self.credit, "{credit}").expect("a String takes any text");
        let sealed = SealedTransfer {
            payment: write.payment.number(),
            event: write.entry.event,
            book: mode_text(write.entry.book),
            layer: layer_text(*layer),
            debit: &self.debit,
            credit: &self.credit,
            asset: amount.asset().code(),
            amount_minor: amount.minor(),
            at_ms: write.at.as_millisecond(),
        };
        let SealedTransfer { payment, event, book, layer, debit, credit, asset, amount_minor, at_ms } = sealed;
        let row = params![payment, event, book, layer, debit, credit, asset, amount_minor, at_ms, self.seals.number()];
        self.insert.execute(row)?;
        self.seals.add(&sealed);
        Ok(())
    }

    fn roll_up(&mut self) -> rusqlite::Result<()> {
        if self.unrolled == 0 {
            return Ok(());
        }
        match &mut self.moved {
            Some(moved) => {
                for ((book, account, asset), moved) in moved.drain() {
                    let account = account.to_string();
                    self.add.execute(params![mode_text(book), account, asset.code(), moved.pending, moved.posted])?;
                }
            }
            None => {
                self.roll_up_credits.execute([])?;
                self.roll_up_debits.execute([])?;
                self.moved = Some(HashMap::new());
            }
        }
        self.rolled_up.execute([])?;
        self.unrolled = 0;
        Ok(())
    }
}

/// Balances of all accounts.
pub(super) fn balances(connection: &Connection) -> rusqlite::Result<Vec<Balance>> {
    let mut statement = connection.prepare_cached(BALANCES)?;
    let rows = statement.query_map([], |row| {
        Ok(Balance {
            book: row.get(0)?,
            account: row.get(1)?,
            asset: row.get(2)?,
            pending_minor: row.get(3)?,
            posted_minor: row.get(4)?,
        })
    })?;
    rows.collect()
}

/// The transfers of a payment, in order.
pub(super) fn entries(connection: &Connection, payment: PaymentId) -> rusqlite::Result<Vec<EntryRow>> {
    let mut statement = connection.prepare_cached(OF_PAYMENT)?;
    let rows = statement.query_map([payment.number()], |row| {
        Ok(EntryRow {
            event: row.get(0)?,
            layer: row.get(1)?,
            debit: row.get(2)?,
            credit: row.get(3)?,
            asset: row.get(4)?,
            amount_minor: row.get(5)?,
            at: time(row.get(6)?)?,
        })
    })?;
    rows.collect()
}

/// A write that changes nothing and is durable all the same.
pub(super) fn touch(connection: &Connection) -> rusqlite::Result<()> {
    connection.prepare_cached(TOUCH)?.execute([]).map(drop)
}
