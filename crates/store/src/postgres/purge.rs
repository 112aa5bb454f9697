//! Purging: stored answers, expiring claims and delivery records of before a moment, by one process at a time.

use deadpool_postgres::Object;
use florin_kernel::Timestamp;

use super::rows::get;
use crate::StoreError;

const ANSWERS: &str = "UPDATE payments SET answer_status = NULL, answer_body = NULL WHERE id IN
    (SELECT id FROM payments WHERE answer_status IS NOT NULL AND created_at < $1 ORDER BY created_at LIMIT $2)";
const OPERATION_ANSWERS: &str = "DELETE FROM answers WHERE (payment, sequence) IN
    (SELECT payment, sequence FROM answers WHERE at < $1 ORDER BY at LIMIT $2)";
const REGISTRATION_ANSWERS: &str = "UPDATE registrations SET answer_status = NULL, answer_body = NULL WHERE id IN
    (SELECT id FROM registrations WHERE answer_status IS NOT NULL AND created_at < $1 ORDER BY created_at LIMIT $2)";
const CLAIMS: &str = "DELETE FROM claims WHERE key IN
    (SELECT key FROM claims WHERE expires AND at < $1 ORDER BY at LIMIT $2)";
const DELIVERIES: &str = "DELETE FROM deliveries WHERE id IN
    (SELECT id FROM deliveries WHERE at < $1 ORDER BY at LIMIT $2)";
/// Rows of writers that ended; those at work remove their own.
const BATCHES: &str = "DELETE FROM batches WHERE at < $1";
/// Held by the process that purges.
const PURGING: i64 = 0x666c_6f72_696e_0003;

/// Purges at most `limit` rows; returns how many. None while another process does.
pub(super) async fn purge(connection: &mut Object, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let transaction = connection.transaction().await?;
    let mine = transaction.query_one("SELECT pg_try_advisory_xact_lock($1)", &[&PURGING]).await?;
    if !get::<bool>(&mine, 0)? {
        return Ok(0);
    }
    let before = before.as_millisecond();
    let mut left = u64::from(limit);
    for sql in [ANSWERS, OPERATION_ANSWERS, REGISTRATION_ANSWERS, CLAIMS, DELIVERIES] {
        let statement = transaction.prepare_cached(sql).await?;
        left -= transaction.execute(&statement, &[&before, &(left as i64)]).await?;
    }
    transaction.execute(BATCHES, &[&before]).await?;
    transaction.commit().await?;
    Ok(u64::from(limit) - left)
}
