//! Clocks: a row for every lane in use, and what is due by them.

use std::collections::HashSet;

use florin_kernel::ports::Lane;
use florin_kernel::{MerchantId, PaymentId, Timestamp};
use rusqlite::{Connection, Statement, params};

const ENSURE: &str = "INSERT INTO clocks (lane, offset_ms) VALUES (?1, 0) ON CONFLICT DO NOTHING";
const ADVANCE: &str = "INSERT INTO clocks (lane, offset_ms) VALUES (?1, ?2)
    ON CONFLICT (lane) DO UPDATE SET offset_ms = offset_ms + excluded.offset_ms RETURNING offset_ms";
const LANES: &str = "SELECT lane, offset_ms FROM clocks";
const DUE_PAYMENTS: &str = "SELECT wake_at, id FROM payments
    WHERE lane = ?1 AND wake_at IS NOT NULL AND wake_at <= ?2 ORDER BY wake_at LIMIT ?3";

/// Makes a lane's row when it is first used; knows which it has made, so that later uses cost nothing.
pub(super) struct LaneWriter<'c> {
    ensure: Statement<'c>,
    known: HashSet<i64>,
}

impl<'c> LaneWriter<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(LaneWriter { ensure: connection.prepare(ENSURE)?, known: HashSet::new() })
    }

    pub(super) fn ensure(&mut self, lane: i64) -> rusqlite::Result<()> {
        if self.known.insert(lane) {
            self.ensure.execute([lane])?;
        }
        Ok(())
    }

    /// After a rollback: rows made since may be gone.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }
}

/// Advances a lane's clock; returns its new offset.
pub(super) fn advance(connection: &Connection, lane: Lane, by_ms: i64) -> rusqlite::Result<i64> {
    connection.query_row(ADVANCE, params![lane.number(), by_ms], |row| row.get(0))
}

/// Every lane in use with its clock's offset.
pub(super) fn lanes(connection: &Connection) -> rusqlite::Result<Vec<(i64, i64)>> {
    connection.prepare_cached(LANES)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Test clocks that were advanced.
pub(super) fn advanced(connection: &Connection) -> rusqlite::Result<Vec<(Lane, i64)>> {
    let live = Lane::Live.number();
    let lanes = lanes(connection)?.into_iter().filter(|(lane, offset_ms)| *lane != live && *offset_ms != 0);
    Ok(lanes.map(|(lane, offset_ms)| (Lane::Dev(MerchantId::from_number(lane)), offset_ms)).collect())
}

/// Payments due by their lane's clock. Asked lane by lane, so that a backlog is never sorted as a whole.
pub(super) fn due_payments(connection: &Connection, wall: Timestamp, limit: u32) -> rusqlite::Result<Vec<PaymentId>> {
    let mut due: Vec<(i64, i64)> = Vec::new();
    let mut statement = connection.prepare_cached(DUE_PAYMENTS)?;
    for (lane, offset_ms) in lanes(connection)? {
        let now_ms = wall.as_millisecond().saturating_add(offset_ms);
        let mut rows = statement.query(params![lane, now_ms, limit])?;
        while let Some(row) = rows.next()? {
            let wake_at: i64 = row.get(0)?;
            due.push((wake_at.saturating_sub(offset_ms), row.get(1)?));
        }
    }
    due.sort_unstable();
    due.truncate(limit as usize);
    Ok(due.into_iter().map(|(_, id)| PaymentId::from_number(id)).collect())
}
