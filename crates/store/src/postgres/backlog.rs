//! How much waits, counted lane by lane over the indexes of what is due.

use tokio_postgres::Row;

use super::rows::get;
use crate::{Backlog, StoreError};

pub(super) const COUNT: &str = "SELECT coalesce(sum(events.waiting), 0)::bigint,
        coalesce(max($1 + clocks.offset_ms - events.first), 0)::bigint, coalesce(sum(overdue.payments), 0)::bigint
    FROM clocks
    CROSS JOIN LATERAL (SELECT count(*) AS waiting, min(next_at) AS first FROM outbox
        WHERE outbox.lane = clocks.lane AND state = 'due') AS events
    CROSS JOIN LATERAL (SELECT count(*) AS payments FROM payments
        WHERE payments.lane = clocks.lane AND wake_at IS NOT NULL AND wake_at <= $1 + clocks.offset_ms) AS overdue";

/// Everything but the commits.
pub(super) fn read(row: &Row) -> Result<Backlog, StoreError> {
    let count = |column| Ok::<_, StoreError>(u64::try_from(get::<i64>(row, column)?).unwrap_or(0));
    Ok(Backlog { commits: 0, events: count(0)?, oldest_event_ms: get::<i64>(row, 1)?.max(0), payments: count(2)? })
}
