//! Purging: stored answers, expiring claims and delivery records of before a moment.

use florin_kernel::Timestamp;
use rusqlite::{Connection, params};

use super::claims::fresh::FreshClaims;

const ANSWERS: &str = "UPDATE payments SET answer_status = NULL, answer_body = NULL WHERE id IN
    (SELECT id FROM payments WHERE answer_status IS NOT NULL AND created_at < ?1 ORDER BY created_at LIMIT ?2)";
const OPERATION_ANSWERS: &str = "DELETE FROM answers WHERE (payment, sequence) IN
    (SELECT payment, sequence FROM answers WHERE at < ?1 ORDER BY at LIMIT ?2)";
const REGISTRATION_ANSWERS: &str = "UPDATE registrations SET answer_status = NULL, answer_body = NULL WHERE id IN
    (SELECT id FROM registrations WHERE answer_status IS NOT NULL AND created_at < ?1 ORDER BY created_at LIMIT ?2)";
const CLAIMS: &str = "DELETE FROM claims WHERE key IN
    (SELECT key FROM claims WHERE expires = 1 AND at < ?1 ORDER BY at LIMIT ?2)";
const DELIVERIES: &str = "DELETE FROM deliveries WHERE id IN
    (SELECT id FROM deliveries WHERE at < ?1 ORDER BY at LIMIT ?2)";

/// Purges at most `limit` rows; returns how many.
pub(super) fn purge(
    connection: &Connection,
    fresh_claims: Option<&FreshClaims>,
    before: Timestamp,
    limit: u32,
) -> rusqlite::Result<u64> {
    let mut left = limit as usize;
    for sql in [ANSWERS, OPERATION_ANSWERS, REGISTRATION_ANSWERS, CLAIMS, DELIVERIES] {
        left -= connection.prepare_cached(sql)?.execute(params![before.as_millisecond(), left as i64])?;
    }
    if let Some(fresh_claims) = fresh_claims {
        left -= fresh_claims.purge(connection, before, left)?;
    }
    Ok(u64::from(limit) - left as u64)
}
