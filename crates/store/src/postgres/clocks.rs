//! Clocks: a row for every lane in use, and what is due by them.

use florin_kernel::MerchantId;
use florin_kernel::ports::Lane;
use tokio_postgres::Row;

use super::rows::get;
use crate::StoreError;

pub(super) const ENSURE: &str =
    "INSERT INTO clocks (lane, offset_ms) SELECT lane, 0 FROM unnest($1::bigint[]) AS new (lane)
    ON CONFLICT DO NOTHING";
pub(super) const ADVANCE: &str = "INSERT INTO clocks (lane, offset_ms) VALUES ($1, $2)
    ON CONFLICT (lane) DO UPDATE SET offset_ms = clocks.offset_ms + excluded.offset_ms RETURNING offset_ms";
/// Test clocks that were advanced.
pub(super) const ADVANCED: &str = "SELECT lane, offset_ms FROM clocks WHERE lane <> 0 AND offset_ms <> 0 ORDER BY lane";
/// Asked lane by lane, so that a backlog is never sorted as a whole.
pub(super) const DUE_PAYMENTS: &str = "SELECT lane_due.id
    FROM clocks CROSS JOIN LATERAL (
        SELECT id, wake_at FROM payments
        WHERE payments.lane = clocks.lane AND wake_at IS NOT NULL AND wake_at <= $1 + clocks.offset_ms
        ORDER BY wake_at LIMIT $2
    ) AS lane_due
    ORDER BY lane_due.wake_at - clocks.offset_ms, lane_due.id LIMIT $2";

pub(super) fn read(row: &Row) -> Result<(Lane, i64), StoreError> {
    Ok((Lane::Dev(MerchantId::from_number(get(row, 0)?)), get(row, 1)?))
}
