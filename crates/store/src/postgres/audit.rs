//! The audit log's rows.

use std::collections::HashSet;

use florin_kernel::MerchantId;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::rows::{bytes, get, time};
use crate::{AuditRow, StoreError};

const INSERT: &str = "INSERT INTO audit (number, at, merchant, document, hash)
    SELECT number, at, merchant, document, hash
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bytea[])
    AS new (number, at, merchant, document, hash)
    ON CONFLICT DO NOTHING RETURNING number";
pub(super) const LIST: &str = "SELECT number, at, merchant, document, hash FROM audit
    WHERE number < $1 AND ($3::bigint IS NULL OR merchant = $3)
    ORDER BY number DESC LIMIT $2";

/// The writer's statement.
pub(super) struct AuditStatements {
    insert: Statement,
}

impl AuditStatements {
    pub(super) async fn prepare(client: &Client) -> Result<AuditStatements, Error> {
        Ok(AuditStatements { insert: client.prepare(INSERT).await? })
    }

    /// Writes entries; returns the numbers that were free. Who wants a number that a transaction under way has written waits for it.
    pub(super) async fn write(&self, client: &Client, mut rows: Vec<&AuditRow>) -> Result<HashSet<i64>, Error> {
        if rows.is_empty() {
            return Ok(HashSet::new());
        }
        rows.sort_unstable_by_key(|row| row.number);
        let numbers: Vec<i64> = rows.iter().map(|row| row.number).collect();
        let times: Vec<i64> = rows.iter().map(|row| row.at.as_millisecond()).collect();
        let merchants: Vec<Option<i64>> = rows.iter().map(|row| row.merchant.map(MerchantId::number)).collect();
        let documents: Vec<&str> = rows.iter().map(|row| row.document.as_str()).collect();
        let hashes: Vec<&[u8]> = rows.iter().map(|row| &row.hash[..]).collect();
        let parameters: &[&(dyn ToSql + Sync)] = &[&numbers, &times, &merchants, &documents, &hashes];
        client.query(&self.insert, parameters).await?.iter().map(|row| row.try_get(0)).collect()
    }
}

/// Reads an entry.
pub(super) fn read(row: &Row) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        number: get(row, 0)?,
        at: time(row, 1)?,
        merchant: get::<Option<i64>>(row, 2)?.map(MerchantId::from_number),
        document: get(row, 3)?,
        hash: bytes(row, 4)?,
    })
}
