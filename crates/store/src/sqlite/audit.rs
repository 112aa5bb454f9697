//! The audit log's rows.

use florin_kernel::MerchantId;
use rusqlite::{Connection, Row, Statement, params};

use super::rows::time;
use crate::{AuditQuery, AuditRow};

const INSERT: &str = "INSERT INTO audit (number, at, merchant, document, hash) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT DO NOTHING";
const LIST: &str = "SELECT number, at, merchant, document, hash FROM audit WHERE number < ?1
    ORDER BY number DESC LIMIT ?2";
const LIST_OF_MERCHANT: &str =
    "SELECT number, at, merchant, document, hash FROM audit WHERE number < ?1 AND merchant = ?3
    ORDER BY number DESC LIMIT ?2";

/// The writer's statement.
pub(super) struct AuditWriter<'c> {
    insert: Statement<'c>,
}

impl<'c> AuditWriter<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(AuditWriter { insert: connection.prepare(INSERT)? })
    }

    /// Writes an entry; 0 rows if its number is taken.
    pub(super) fn write(&mut self, row: &AuditRow) -> rusqlite::Result<usize> {
        let merchant = row.merchant.map(MerchantId::number);
        self.insert.execute(params![row.number, row.at.as_millisecond(), merchant, row.document, row.hash])
    }
}

/// Entries, the newest first.
pub(super) fn list(connection: &Connection, query: AuditQuery) -> rusqlite::Result<Vec<AuditRow>> {
    let before = query.before.unwrap_or(i64::MAX);
    match query.merchant {
        None => connection.prepare_cached(LIST)?.query_map(params![before, query.limit], read)?.collect(),
        Some(merchant) => {
            let parameters = params![before, query.limit, merchant.number()];
            connection.prepare_cached(LIST_OF_MERCHANT)?.query_map(parameters, read)?.collect()
        }
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    Ok(AuditRow {
        number: row.get(0)?,
        at: time(row.get(1)?)?,
        merchant: row.get::<_, Option<i64>>(2)?.map(MerchantId::from_number),
        document: row.get(3)?,
        hash: row.get(4)?,
    })
}
