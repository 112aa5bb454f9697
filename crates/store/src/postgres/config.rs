//! Configuration: documents by kind and id, read by whoever owns the kind; and the number of the last change.

use tokio_postgres::Row;

use super::rows::get;
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

pub(super) fn read(kind: ConfigKind, row: &Row) -> Result<ConfigRow, StoreError> {
    Ok(ConfigRow { kind, id: get(row, 0)?, document: get(row, 1)? })
}
