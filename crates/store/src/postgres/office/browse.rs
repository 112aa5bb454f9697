//! Lists over any number of merchants: of each the next rows by its index, then those of all in order.

use florin_kernel::{MerchantId, PaymentId};
use tokio_postgres::Row;

use super::super::rows::{get, narrow};
use super::{is_down, read_transaction};
use crate::StoreError;
use crate::office::{Browse, Browsed, OpenWord, OpenWords, Place};

/// A row that does not fit has no document: it was looked at, and that is all.
const DOWN: &str = "SELECT x.id, x.kind,
        CASE WHEN ($7::text[] = '{}' OR x.word = ANY($7)) AND x.kind = ANY($8::text[])
            AND (SELECT bool_and(strpos(x.document, wanted) > 0) FROM unnest($9::text[]) AS wanted) IS NOT FALSE
        THEN x.document END, x.created_at
    FROM unnest($1::bigint[]) AS own (merchant) CROSS JOIN LATERAL (
        SELECT id, kind, word, created_at, document FROM payments
        WHERE payments.merchant = own.merchant AND mode = $2 AND (created_at, id) < ($3, $4) AND created_at >= $5
        ORDER BY created_at DESC, id DESC LIMIT $6::bigint + 1
    ) AS x
    ORDER BY x.created_at DESC, x.id DESC LIMIT $6::bigint + 1";
const UP: &str = "SELECT x.id, x.kind,
        CASE WHEN ($7::text[] = '{}' OR x.word = ANY($7)) AND x.kind = ANY($8::text[])
            AND (SELECT bool_and(strpos(x.document, wanted) > 0) FROM unnest($9::text[]) AS wanted) IS NOT FALSE
        THEN x.document END, x.created_at
    FROM unnest($1::bigint[]) AS own (merchant) CROSS JOIN LATERAL (
        SELECT id, kind, word, created_at, document FROM payments
        WHERE payments.merchant = own.merchant AND mode = $2 AND (created_at, id) > ($3, $4) AND created_at < $5
        ORDER BY created_at, id LIMIT $6::bigint + 1
    ) AS x
    ORDER BY x.created_at, x.id LIMIT $6::bigint + 1";
pub(super) const STANDING: &str = "SELECT id, kind, document FROM payments
    WHERE word IN ('unknown', 'awaiting_approval', 'review') AND word = $1 AND mode = $2 AND id > $3 ORDER BY id LIMIT $4";
pub(super) const OPEN: &str = "WITH open AS MATERIALIZED (
        SELECT mode, merchant, word FROM payments WHERE wake_at IS NOT NULL LIMIT $1
    )
    SELECT mode, merchant, word, count(*), (SELECT count(*) FROM open) FROM open
    WHERE word NOT IN ('unknown', 'awaiting_approval', 'review') GROUP BY mode, merchant, word
    UNION ALL
    SELECT mode, merchant, word, count(*), (SELECT count(*) FROM open) FROM payments
    WHERE word IN ('unknown', 'awaiting_approval', 'review') GROUP BY mode, merchant, word";

/// The statement, the place beyond which it looks and the time at which it ends.
pub(super) fn question(query: &Browse) -> (&'static str, (i64, i64), i64) {
    let (from, until) = (query.from.as_millisecond(), query.until.as_millisecond());
    let beyond = query.beyond.map(|place| (place.at_ms, place.id.number()));
    if is_down(query.order) {
        let start = (until, i64::MIN);
        (DOWN, beyond.map_or(start, |beyond| beyond.min(start)), from)
    } else {
        let start = (from, i64::MIN);
        (UP, beyond.map_or(start, |beyond| beyond.max(start)), until)
    }
}

/// A page of what was looked at.
pub(super) fn page(rows: &[Row], query: &Browse) -> Result<Browsed, StoreError> {
    let mut page = Browsed { found: Vec::new(), scanned: 0, reached: None, more: false };
    for row in rows {
        if page.scanned == query.scan_max || page.found.len() == query.limit as usize {
            page.more = true;
            break;
        }
        page.scanned += 1;
        page.reached = Some(Place { at_ms: get(row, 3)?, id: PaymentId::from_number(get(row, 0)?) });
        if get::<Option<&str>>(row, 2)?.is_some() {
            page.found.push(read_transaction(row)?);
        }
    }
    Ok(page)
}

/// How many stand where.
pub(super) fn read_words(rows: &[Row], scan_max: u32) -> Result<OpenWords, StoreError> {
    let mut words = OpenWords::default();
    for row in rows {
        let merchant = MerchantId::from_number(get(row, 1)?);
        let count = narrow(get::<i64>(row, 3)?)?;
        words.counts.push(OpenWord { mode: get(row, 0)?, merchant, word: get(row, 2)?, count });
        words.more |= get::<i64>(row, 4)? == i64::from(scan_max);
    }
    words.counts.sort();
    Ok(words)
}
