//! Outcomes by hour and day, and what is not counted yet.

use florin_kernel::{MerchantId, PaymentId};
use rusqlite::{Connection, Row, params};

use super::RawTransaction;
use crate::office::{Class, Cohort, OutcomeRow, Span, TallyQuery, class_text, stretches};
use crate::words::mode_text;

const THROUGH: &str = "SELECT through FROM outcome_state";
const NEWER: &str = "SELECT id, kind, document FROM payments WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3";
const LEFT: &str = "SELECT p.id, p.kind, p.document FROM outcomes_left l JOIN payments p ON p.id = l.payment
    WHERE l.payment > ?1 ORDER BY l.payment LIMIT ?2";
const ADVANCE: &str = "UPDATE outcome_state SET through = ?2 WHERE through = ?1";
const LEAVE: &str = "INSERT INTO outcomes_left (payment) VALUES (?1)";
const CLOSE: &str = "DELETE FROM outcomes_left WHERE payment = ?1";
const ADD: &str =
    "INSERT INTO outcomes (mode, span, start, merchant, is_withdrawal, provider, asset, class, transactions)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
    ON CONFLICT (mode, span, start, merchant, is_withdrawal, provider, asset, class) DO UPDATE SET
    transactions = transactions + excluded.transactions";
const OUTCOMES: &str = "SELECT start, merchant, is_withdrawal, provider, asset, class, transactions FROM outcomes
    WHERE mode = ?1 AND span = ?2 AND start >= ?3 AND start < ?4";

type Uncounted = (PaymentId, Vec<RawTransaction>, Vec<RawTransaction>);

/// Transactions whose outcome is not counted.
pub(super) fn uncounted(
    connection: &Connection,
    until: PaymentId,
    left_after: PaymentId,
    limit: u32,
) -> rusqlite::Result<Uncounted> {
    let through: i64 = connection.prepare_cached(THROUGH)?.query_row([], |row| row.get(0))?;
    let mut newer = connection.prepare_cached(NEWER)?;
    let newer = newer.query_map(params![through, until.number(), limit], RawTransaction::of)?;
    let newer = newer.collect::<rusqlite::Result<_>>()?;
    let mut left = connection.prepare_cached(LEFT)?;
    let left = left.query_map(params![left_after.number(), limit], RawTransaction::of)?;
    Ok((PaymentId::from_number(through), newer, left.collect::<rusqlite::Result<_>>()?))
}

/// Counts, unless somebody did so meanwhile.
pub(super) fn count(connection: &Connection, cohort: &Cohort) -> rusqlite::Result<bool> {
    let (after, through) = (cohort.after.number(), cohort.through.number());
    // One process alone writes the file, so what it was left open is so still.
    if connection.prepare_cached(ADVANCE)?.execute([after, through])? == 0 {
        return Ok(false);
    }
    for opened in &cohort.opened {
        connection.prepare_cached(LEAVE)?.execute([opened.number()])?;
    }
    for closed in &cohort.closed {
        connection.prepare_cached(CLOSE)?.execute([closed.number()])?;
    }
    let mut add = connection.prepare_cached(ADD)?;
    for (mode, row) in &cohort.rows {
        for span in Span::ALL {
            let OutcomeRow { start_ms, merchant, is_withdrawal, asset, class, transactions, .. } = row.within(span);
            let transactions = i64::try_from(transactions).unwrap_or(i64::MAX);
            let (mode, class, provider) = (mode_text(*mode), class_text(class), row.provider_number());
            add.execute(params![
                mode,
                span.text(),
                start_ms,
                merchant.number(),
                is_withdrawal,
                provider,
                asset,
                class,
                transactions
            ])?;
        }
    }
    Ok(true)
}

/// Outcomes of a time.
pub(super) fn outcomes(connection: &Connection, query: TallyQuery) -> rusqlite::Result<(Vec<OutcomeRow>, PaymentId)> {
    let mut found = Vec::new();
    let mut statement = connection.prepare_cached(OUTCOMES)?;
    for stretch in stretches(query.from, query.until) {
        let parameters = params![mode_text(query.book), stretch.span.text(), stretch.from_ms, stretch.until_ms];
        for row in statement.query_map(parameters, read)? {
            found.push(row?);
        }
    }
    let through = connection.prepare_cached(THROUGH)?.query_row([], |row| row.get(0))?;
    Ok((found, PaymentId::from_number(through)))
}

fn read(row: &Row<'_>) -> rusqlite::Result<OutcomeRow> {
    let class = Class::read(row.get_ref(5)?.as_str()?).ok_or(rusqlite::Error::IntegralValueOutOfRange(5, 0))?;
    Ok(OutcomeRow {
        start_ms: row.get(0)?,
        merchant: MerchantId::from_number(row.get(1)?),
        is_withdrawal: row.get(2)?,
        provider: OutcomeRow::provider_of(row.get(3)?),
        asset: row.get(4)?,
        class,
        transactions: row.get::<_, i64>(6)?.unsigned_abs(),
    })
}
