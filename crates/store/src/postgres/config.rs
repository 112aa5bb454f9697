//! Configuration: documents by kind and id, read by whoever owns the kind; and the number of the last change.

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::rows::{all, get};
use crate::words::kind_text;
use crate::{ConfigKind, ConfigRow, StoreError};

pub(super) const SELECT: &str = "SELECT id, document FROM config WHERE kind = $1 ORDER BY id";
pub(super) const UPSERT: &str = "INSERT INTO config (kind, id, document)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[])
    ON CONFLICT (kind, id) DO UPDATE SET document = excluded.document";
pub(super) const INSERT: &str = "INSERT INTO config (kind, id, document)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[])
    ON CONFLICT DO NOTHING";
pub(super) const REVISION: &str = "SELECT number FROM revision";
pub(super) const CHANGED: &str = "UPDATE revision SET number = number + 1";
// Writing a row as it is writes it all the same.
pub(super) const TOUCH: &str = "UPDATE revision SET number = number";

/// The statements of changesets.
pub(super) struct ConfigStatements {
    changed: Statement,
    upsert: Statement,
}

impl ConfigStatements {
    pub(super) async fn prepare(client: &Client) -> Result<ConfigStatements, Error> {
        let (changed, upsert) = tokio::try_join!(client.prepare(CHANGED), client.prepare(UPSERT))?;
        Ok(ConfigStatements { changed, upsert })
    }

    /// Inserts or replaces rows. The one row of the revision keeps two writers of configuration apart.
    pub(super) async fn write(&self, client: &Client, rows: Vec<&ConfigRow>) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let kinds: Vec<&str> = rows.iter().map(|row| kind_text(row.kind)).collect();
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let documents: Vec<&str> = rows.iter().map(|row| row.document.as_str()).collect();
        let parameters: &[&(dyn ToSql + Sync)] = &[&kinds, &ids, &documents];
        let (changed, written) =
            tokio::join!(client.execute(&self.changed, &[]), client.execute(&self.upsert, parameters));
        all([changed, written]).map(drop)
    }
}

pub(super) fn read(kind: ConfigKind, row: &Row) -> Result<ConfigRow, StoreError> {
    Ok(ConfigRow { kind, id: get(row, 0)?, document: get(row, 1)? })
}
