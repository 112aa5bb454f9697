//! Tallies: what was posted, by hour and by day. A reader adds up what is new, the writer only adds the sums; what was not added
//! yet is counted transfer by transfer, so the figures are always those of the book.

use rusqlite::{Connection, Row, params};

use crate::office::{HOUR_MS, Span, Tally, TallyQuery, stretches};
use crate::words::mode_text;

const THROUGH: &str = "SELECT through FROM tally_state WHERE chain = 0";
const NEXT: &str =
    "SELECT count(*), coalesce(max(id), 0) FROM (SELECT id FROM entries WHERE id > ?1 ORDER BY id LIMIT ?2)";
const SUMS: &str = "SELECT book, at - ((at % ?3) + ?3) % ?3, event, debit, credit, asset, count(*), sum(amount_minor)
    FROM entries WHERE id > ?1 AND id <= ?2 AND layer = 'posted' GROUP BY 1, 2, 3, 4, 5, 6";
const ADVANCE: &str = "UPDATE tally_state SET through = ?2 WHERE chain = 0 AND through = ?1";
const ADD: &str = "INSERT INTO tallies (book, span, start, event, debit, credit, asset, transfers, amount_minor)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
    ON CONFLICT (book, span, start, event, debit, credit, asset) DO UPDATE SET
    transfers = transfers + excluded.transfers, amount_minor = amount_minor + excluded.amount_minor";
const TALLIED: &str = "SELECT start, event, debit, credit, asset, transfers, amount_minor FROM tallies
    WHERE book = ?1 AND span = ?2 AND start >= ?3 AND start < ?4";
const NEWER: &str =
    "SELECT at - ((at % ?4) + ?4) % ?4, event, debit, credit, asset, count(*), sum(amount_minor) FROM entries
    WHERE id > (SELECT through FROM tally_state WHERE chain = 0)
        AND book = ?1 AND at >= ?2 AND at < ?3 AND layer = 'posted'
    GROUP BY 1, 2, 3, 4, 5";

/// What is new in the book, added up.
pub(super) struct Step {
    after: i64,
    through: i64,
    pub(super) transfers: u64,
    sums: Vec<(String, Tally)>,
}

/// Adds up the next transfers.
pub(super) fn next(connection: &Connection, limit: u32) -> rusqlite::Result<Step> {
    let after: i64 = connection.prepare_cached(THROUGH)?.query_row([], |row| row.get(0))?;
    let (transfers, through): (i64, i64) =
        connection.prepare_cached(NEXT)?.query_row(params![after, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut statement = connection.prepare_cached(SUMS)?;
    let sums = statement.query_map(params![after, through, HOUR_MS], |row| Ok((row.get(0)?, tally(row, 1)?)))?;
    Ok(Step { after, through, transfers: transfers.unsigned_abs(), sums: sums.collect::<rusqlite::Result<_>>()? })
}

/// Adds the sums; 0 where somebody did so before.
pub(super) fn add(connection: &Connection, step: &Step) -> rusqlite::Result<u64> {
    if connection.prepare_cached(ADVANCE)?.execute([step.after, step.through])? == 0 {
        return Ok(0);
    }
    let mut add = connection.prepare_cached(ADD)?;
    for (book, sum) in &step.sums {
        let Tally { start_ms, event, debit, credit, asset, transfers, amount_minor } = sum;
        for span in Span::ALL {
            let transfers = i64::try_from(*transfers).unwrap_or(i64::MAX);
            let start = span.start_ms(*start_ms);
            add.execute(params![book, span.text(), start, event, debit, credit, asset, transfers, amount_minor])?;
        }
    }
    Ok(1)
}

/// What was posted in a time.
pub(super) fn tallied(connection: &Connection, query: TallyQuery) -> rusqlite::Result<Vec<Tally>> {
    let (book, mut found) = (mode_text(query.book), Vec::new());
    let stretches = stretches(query.from, query.until);
    let mut statement = connection.prepare_cached(TALLIED)?;
    for stretch in &stretches {
        let parameters = params![book, stretch.span.text(), stretch.from_ms, stretch.until_ms];
        for sum in statement.query_map(parameters, |row| tally(row, 0))? {
            found.push(sum?);
        }
    }
    if let (Some(first), Some(last)) = (stretches.first(), stretches.last()) {
        let parameters = params![book, first.from_ms, last.until_ms, HOUR_MS];
        for sum in connection.prepare_cached(NEWER)?.query_map(parameters, |row| tally(row, 0))? {
            found.push(sum?);
        }
    }
    Ok(found)
}

/// Of a row from a column on.
fn tally(row: &Row<'_>, first: usize) -> rusqlite::Result<Tally> {
    Ok(Tally {
        start_ms: row.get(first)?,
        event: row.get(first + 1)?,
        debit: row.get(first + 2)?,
        credit: row.get(first + 3)?,
        asset: row.get(first + 4)?,
        transfers: row.get::<_, i64>(first + 5)?.unsigned_abs(),
        amount_minor: row.get(first + 6)?,
    })
}
