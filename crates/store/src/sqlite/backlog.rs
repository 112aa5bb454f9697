//! How much waits, counted lane by lane over the indexes of what is due.

use florin_kernel::Timestamp;
use rusqlite::{Connection, params};

use super::clocks;
use crate::Backlog;

const EVENTS: &str = "SELECT count(*), min(next_at) FROM outbox WHERE lane = ?1 AND state = 'due'";
const PAYMENTS: &str = "SELECT count(*) FROM payments WHERE lane = ?1 AND wake_at IS NOT NULL AND wake_at <= ?2";

/// Everything but the commits.
pub(super) fn count(connection: &Connection, wall: Timestamp) -> rusqlite::Result<Backlog> {
    let mut backlog = Backlog::default();
    let mut events = connection.prepare_cached(EVENTS)?;
    let mut payments = connection.prepare_cached(PAYMENTS)?;
    for (lane, offset_ms) in clocks::lanes(connection)? {
        let now_ms = wall.as_millisecond().saturating_add(offset_ms);
        let (count, first): (u64, Option<i64>) =
            events.query_row([lane], |row| Ok((u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0), row.get(1)?)))?;
        backlog.events += count;
        backlog.oldest_event_ms = backlog.oldest_event_ms.max(first.map_or(0, |first| now_ms.saturating_sub(first)));
        let overdue: i64 = payments.query_row(params![lane, now_ms], |row| row.get(0))?;
        backlog.payments += u64::try_from(overdue).unwrap_or(0);
    }
    Ok(backlog)
}
