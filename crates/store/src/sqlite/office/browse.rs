//! Lists over any number of merchants: their indexes are stepped through side by side, and each row is looked at once.

use std::collections::BinaryHeap;

use florin_kernel::{Kind, MerchantId, PaymentId};
use rusqlite::{Connection, OptionalExtension, Row, Rows, params};

use super::RawTransaction;
use crate::office::{Browse, OpenWord, OpenWords, Order, Place, Standing};
use crate::words::{document_text, mode_text};

const DOWN: &str = "SELECT created_at, id FROM payments
    WHERE merchant = ?1 AND mode = ?2 AND (created_at, id) < (?3, ?4) AND created_at >= ?5
    ORDER BY created_at DESC, id DESC";
const UP: &str = "SELECT created_at, id FROM payments
    WHERE merchant = ?1 AND mode = ?2 AND (created_at, id) > (?3, ?4) AND created_at < ?5
    ORDER BY created_at, id";
const LOOK: &str = "SELECT id, kind, document, word FROM payments WHERE id = ?1";
const STANDING: &str = "SELECT id, kind, document FROM payments
    WHERE (word = 'unknown' OR word = 'awaiting_approval' OR word = 'review')
    AND word = ?1 AND mode = ?2 AND id > ?3 ORDER BY id LIMIT ?4";
const OPEN: &str = "SELECT mode, merchant, word, count(*) FROM (
        SELECT mode, merchant, word FROM payments WHERE wake_at IS NOT NULL LIMIT ?1)
    WHERE word NOT IN ('unknown', 'awaiting_approval', 'review') GROUP BY mode, merchant, word";
const OPEN_COUNT: &str = "SELECT count(*) FROM (SELECT 1 FROM payments WHERE wake_at IS NOT NULL LIMIT ?1)";
const STANDING_COUNT: &str = "SELECT mode, merchant, word, count(*) FROM payments
    WHERE (word = 'unknown' OR word = 'awaiting_approval' OR word = 'review') GROUP BY mode, merchant, word";

/// A page whose documents are not read yet.
pub(super) struct Page {
    pub(super) found: Vec<RawTransaction>,
    pub(super) scanned: u32,
    pub(super) reached: Option<Place>,
    pub(super) more: bool,
}

/// A page of transactions.
pub(super) fn browse(connection: &Connection, query: &Browse) -> rusqlite::Result<Page> {
    let (from, until) = (query.from.as_millisecond(), query.until.as_millisecond());
    let beyond = query.beyond.map(|place| (place.at_ms, place.id.number()));
    // Newest first is the largest first; oldest first is the largest of the negated ones first.
    let (sql, (at, id), bound, sign) = match query.order {
        Order::NewestFirst => {
            let start = (until, i64::MIN);
            (DOWN, beyond.map_or(start, |beyond| beyond.min(start)), from, 1)
        }
        Order::OldestFirst => {
            let start = (from, i64::MIN);
            (UP, beyond.map_or(start, |beyond| beyond.max(start)), until, -1)
        }
    };
    let mode = mode_text(query.mode);
    let mut statements = Vec::new();
    for _ in &query.merchants {
        statements.push(connection.prepare_cached(sql)?);
    }
    let mut lists: Vec<Rows<'_>> = Vec::new();
    let mut heads = BinaryHeap::new();
    for (place, (statement, merchant)) in statements.iter_mut().zip(&query.merchants).enumerate() {
        let mut list = statement.query(params![merchant.number(), mode, at, id, bound])?;
        heads.extend(step(&mut list, sign)?.map(|head| (head, place)));
        lists.push(list);
    }
    let mut page = Page { found: Vec::new(), scanned: 0, reached: None, more: false };
    let mut look = connection.prepare_cached(LOOK)?;
    while let Some(((at, id), place)) = heads.pop() {
        if page.scanned == query.scan_max || page.found.len() == query.limit as usize {
            page.more = true;
            break;
        }
        heads.extend(step(&mut lists[place], sign)?.map(|head| (head, place)));
        let (at_ms, id) = (sign * at, sign * id);
        page.scanned += 1;
        page.reached = Some(Place { at_ms, id: PaymentId::from_number(id) });
        page.found.extend(look.query_row([id], |row| fitting(row, query)).optional()?.flatten());
    }
    Ok(page)
}

fn step(list: &mut Rows<'_>, sign: i64) -> rusqlite::Result<Option<(i64, i64)>> {
    let Some(row) = list.next()? else { return Ok(None) };
    Ok(Some((sign * row.get::<_, i64>(0)?, sign * row.get::<_, i64>(1)?)))
}

/// The row, if it is what is looked for. What does not fit is not copied.
fn fitting(row: &Row<'_>, query: &Browse) -> rusqlite::Result<Option<RawTransaction>> {
    let text = |column: usize| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
    let word: &str = text(3)?;
    if !(query.words.is_empty() || query.words.iter().any(|wanted| wanted == word)) {
        return Ok(None);
    }
    let kind: &str = text(1)?;
    if !query.kinds.iter().any(|wanted: &Kind| document_text(*wanted) == kind) {
        return Ok(None);
    }
    let document: &str = text(2)?;
    if !query.texts.iter().all(|wanted| document.contains(wanted.as_str())) {
        return Ok(None);
    }
    RawTransaction::of(row).map(Some)
}

/// Transactions that stand at a word.
pub(super) fn standing(connection: &Connection, query: &Standing) -> rusqlite::Result<Vec<RawTransaction>> {
    let after = query.after.map_or(i64::MIN, PaymentId::number);
    let mut statement = connection.prepare_cached(STANDING)?;
    statement.query_map(params![query.word, mode_text(query.mode), after, query.limit], RawTransaction::of)?.collect()
}

/// How many stand where.
pub(super) fn open_words(connection: &Connection, scan_max: u32) -> rusqlite::Result<OpenWords> {
    let read = |row: &Row<'_>| {
        let merchant = MerchantId::from_number(row.get(1)?);
        Ok(OpenWord { mode: row.get(0)?, merchant, word: row.get(2)?, count: row.get::<_, i64>(3)?.unsigned_abs() })
    };
    let mut counts: Vec<OpenWord> =
        connection.prepare_cached(OPEN)?.query_map([scan_max], read)?.collect::<rusqlite::Result<_>>()?;
    for count in connection.prepare_cached(STANDING_COUNT)?.query_map([], read)? {
        counts.push(count?);
    }
    counts.sort();
    let looked_at: u32 = connection.prepare_cached(OPEN_COUNT)?.query_row([scan_max], |row| row.get(0))?;
    Ok(OpenWords { counts, more: looked_at == scan_max })
}
