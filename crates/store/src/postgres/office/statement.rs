//! An account's transfers, by windows of the entries' ids, and those through suspense.

use florin_kernel::PaymentId;
use tokio_postgres::{Row, Transaction};

use super::super::rows::{get, time};
use crate::office::{BookRow, Statement, StatementMark, StatementQuery, lines};
use crate::words::mode_text;
use crate::{EntryRow, StoreError};

const BALANCE: &str = "SELECT coalesce(sum(pending_minor), 0)::bigint, coalesce(sum(posted_minor), 0)::bigint FROM (
        SELECT pending_minor, posted_minor FROM rollups WHERE book = $1 AND account = $2 AND asset = $3
        UNION ALL SELECT pending_minor, posted_minor FROM deltas WHERE account = $2 AND book = $1 AND asset = $3
    ) AS parts";
/// Beyond every id that was ever given.
const TOP: &str = "SELECT last_value + 1 FROM entries_id_seq";
const BEFORE: &str = "SELECT id, payment, event, layer, debit, credit, asset, amount_minor, at FROM entries
    WHERE id < $1 AND id >= $2 AND book = $3 AND asset = $4 AND (debit = $5 OR credit = $5)
    ORDER BY id DESC LIMIT $6::bigint + 1";
pub(super) const SUSPENSE: &str =
    "SELECT id, payment, event, layer, debit, credit, asset, amount_minor, at FROM entries
    WHERE event IN ('late_money', 'late_refund', 'late_money_charged_back', 'suspense_accepted', 'suspense_refunded',
        'late_payout', 'late_payout_returned') AND book = $1 AND id < $2
    ORDER BY id DESC LIMIT $3";

/// A page of an account, at one moment.
pub(super) async fn page(snapshot: &Transaction<'_>, query: &StatementQuery) -> Result<Statement, StoreError> {
    let book = mode_text(query.book);
    let mark = match query.beyond {
        Some(mark) => mark,
        None => {
            let row = snapshot.query_one(BALANCE, &[&book, &query.account, &query.asset]).await?;
            let entry = get(&snapshot.query_one(TOP, &[]).await?, 0)?;
            StatementMark { entry, pending_minor: get(&row, 0)?, posted_minor: get(&row, 1)? }
        }
    };
    let lowest = mark.entry.saturating_sub(i64::from(query.scan_max)).max(1);
    let limit = i64::from(query.limit);
    let rows = snapshot.query(BEFORE, &[&mark.entry, &lowest, &book, &query.asset, &query.account, &limit]).await?;
    let mut page = lines(rows.iter().map(read), query, mark)?;
    if !page.more {
        page.reached.entry = lowest;
        page.more = lowest > 1;
    }
    Ok(page)
}

/// Reads a transfer of the book.
pub(super) fn read(row: &Row) -> Result<BookRow, StoreError> {
    Ok(BookRow {
        entry: get(row, 0)?,
        payment: PaymentId::from_number(get(row, 1)?),
        row: EntryRow {
            event: get(row, 2)?,
            layer: get(row, 3)?,
            debit: get(row, 4)?,
            credit: get(row, 5)?,
            asset: get(row, 6)?,
            amount_minor: get(row, 7)?,
            at: time(row, 8)?,
        },
    })
}
