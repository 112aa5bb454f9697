//! An account's transfers, and those through suspense; and what the file is.

use florin_kernel::PaymentId;
use rusqlite::{Connection, Row, params};

use super::super::rows::time;
use crate::office::{BookRow, Statement, StatementMark, StatementQuery, SuspenseQuery, lines};
use crate::words::mode_text;
use crate::{EntryRow, StoreError};

const BALANCE: &str = "SELECT coalesce(sum(pending_minor), 0), coalesce(sum(posted_minor), 0) FROM (
        SELECT pending_minor, posted_minor FROM rollups WHERE book = ?1 AND account = ?2 AND asset = ?3
        UNION ALL
        SELECT iif(layer = 'pending', amount_minor, 0), iif(layer = 'posted', amount_minor, 0) FROM entries
        WHERE id > (SELECT through_entry FROM rollup_state) AND book = ?1 AND credit = ?2 AND asset = ?3
        UNION ALL
        SELECT -iif(layer = 'pending', amount_minor, 0), -iif(layer = 'posted', amount_minor, 0) FROM entries
        WHERE id > (SELECT through_entry FROM rollup_state) AND book = ?1 AND debit = ?2 AND asset = ?3
    )";
const BEFORE: &str = "SELECT id, payment, event, layer, debit, credit, asset, amount_minor, at, book FROM entries
    WHERE id < ?1 ORDER BY id DESC";
const SUSPENSE: &str = "SELECT id, payment, event, layer, debit, credit, asset, amount_minor, at, book FROM entries
    WHERE (event = 'late_money' OR event = 'late_refund' OR event = 'late_money_charged_back' OR event = 'suspense_accepted'
    OR event = 'suspense_refunded' OR event = 'late_payout' OR event = 'late_payout_returned')
    AND book = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
const BYTES: &str = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";

/// A page of an account.
pub(super) fn page(connection: &Connection, query: &StatementQuery) -> Result<Statement, StoreError> {
    let book = mode_text(query.book);
    let reached = match query.beyond {
        Some(mark) => mark,
        None => connection.prepare_cached(BALANCE)?.query_row(params![book, query.account, query.asset], |row| {
            Ok(StatementMark { entry: i64::MAX, pending_minor: row.get(0)?, posted_minor: row.get(1)? })
        })?,
    };
    let mut statement = connection.prepare_cached(BEFORE)?;
    // The other book's transfers are looked at too: they are no lines of this account, whose name may be in both.
    let rows = statement.query_map([reached.entry], |row| {
        let found = read(row)?;
        let own = row.get_ref(9)?.as_str()? == book;
        Ok(if own { found } else { BookRow { row: EntryRow { asset: String::new(), ..found.row }, ..found } })
    })?;
    lines(rows.map(|row| row.map_err(StoreError::from)), query, reached)
}

/// Transfers through suspense.
pub(super) fn suspense(connection: &Connection, query: SuspenseQuery) -> rusqlite::Result<Vec<BookRow>> {
    let before = query.before.unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(SUSPENSE)?;
    statement.query_map(params![mode_text(query.book), before, query.limit], read)?.collect()
}

/// The version of the tables, and the file's size in bytes.
pub(super) fn database(connection: &Connection) -> rusqlite::Result<(i64, u64)> {
    let schema = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let bytes: i64 = connection.query_row(BYTES, [], |row| row.get(0))?;
    Ok((schema, bytes.unsigned_abs()))
}

fn read(row: &Row<'_>) -> rusqlite::Result<BookRow> {
    Ok(BookRow {
        entry: row.get(0)?,
        payment: PaymentId::from_number(row.get(1)?),
        row: EntryRow {
            event: row.get(2)?,
            layer: row.get(3)?,
            debit: row.get(4)?,
            credit: row.get(5)?,
            asset: row.get(6)?,
            amount_minor: row.get(7)?,
            at: time(row.get(8)?)?,
        },
    })
}
