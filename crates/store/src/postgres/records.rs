//! Records: rows whose document is the whole of one; the other columns are what is searched by.

use std::collections::HashSet;

use florin_kernel::{RecordId, RecordKind};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::rows::{all, get, narrow};
use crate::words::{mode_text, record_kind, record_text};
use crate::{RecordWrite, StoreError, StoredRecord};

const INSERT: &str = "INSERT INTO records
    (id, kind, version, merchant, mode, lane, word, created_at, wake_at, document)
    SELECT id, kind, 1, merchant, mode, lane, word, created_at, wake_at, document
    FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::bigint[],
        $8::bigint[], $9::text[])
    AS new (id, kind, merchant, mode, lane, word, created_at, wake_at, document)
    ON CONFLICT DO NOTHING RETURNING id";
const UPDATE: &str = "UPDATE records SET version = records.version + 1, word = new.word, wake_at = new.wake_at,
        document = new.document
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[])
    AS new (id, version, word, wake_at, document)
    WHERE records.id = new.id AND records.version = new.version RETURNING records.id";
pub(super) const SELECT: &str = "SELECT id, kind, version, document FROM records WHERE id = $1";
pub(super) const LIST: &str = "SELECT id, kind, version, document FROM records
    WHERE merchant = $1 AND mode = $2 AND kind = $3 AND created_at >= $4 AND created_at < $5
        AND ($6::text IS NULL OR word = $6)
    ORDER BY created_at DESC, id DESC LIMIT $7 OFFSET $8";
pub(super) const COUNT: &str = "SELECT count(*) FROM records
    WHERE merchant = $1 AND mode = $2 AND kind = $3 AND created_at >= $4 AND created_at < $5
        AND ($6::text IS NULL OR word = $6)";
pub(super) const DUE: &str = "SELECT lane_due.kind, lane_due.id
    FROM clocks CROSS JOIN LATERAL (
        SELECT kind, id, wake_at FROM records
        WHERE records.lane = clocks.lane AND wake_at IS NOT NULL AND wake_at <= $1 + clocks.offset_ms AND (kind = 'mail') = $3
        ORDER BY wake_at, id LIMIT $2
    ) AS lane_due
    ORDER BY lane_due.wake_at - clocks.offset_ms, lane_due.id LIMIT $2";

/// The writer's statements.
pub(super) struct RecordStatements {
    insert: Statement,
    update: Statement,
}

impl RecordStatements {
    pub(super) async fn prepare(client: &Client) -> Result<RecordStatements, Error> {
        let (insert, update) = tokio::try_join!(client.prepare(INSERT), client.prepare(UPDATE))?;
        Ok(RecordStatements { insert, update })
    }

    /// Writes records; returns the ids of those that were free or had the version expected. In the order of ids.
    pub(super) async fn write(&self, client: &Client, mut writes: Vec<&RecordWrite>) -> Result<HashSet<i64>, Error> {
        if writes.is_empty() {
            return Ok(HashSet::new());
        }
        writes.sort_unstable_by_key(|write| write.id);
        let (updates, inserts): (Vec<_>, Vec<_>) =
            writes.into_iter().partition(|write| write.expected_version.is_some());
        let (updated, inserted) = tokio::join!(self.update(client, &updates), self.insert(client, &inserts));
        all([updated, inserted])?.iter().flatten().map(|row| row.try_get(0)).collect()
    }

    async fn update(&self, client: &Client, writes: &[&RecordWrite]) -> Result<Vec<Row>, Error> {
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        let ids = column(writes, |write| write.id.number());
        let versions = column(writes, |write| write.expected_version);
        let words = column(writes, |write| write.word);
        let wake_ups = column(writes, |write| write.wake_at);
        let documents = column(writes, |write| write.document.as_str());
        let parameters: &[&(dyn ToSql + Sync)] = &[&ids, &versions, &words, &wake_ups, &documents];
        client.query(&self.update, parameters).await
    }

    async fn insert(&self, client: &Client, writes: &[&RecordWrite]) -> Result<Vec<Row>, Error> {
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        let ids = column(writes, |write| write.id.number());
        let kinds = column(writes, |write| record_text(write.kind));
        let merchants = column(writes, |write| write.merchant);
        let modes = column(writes, |write| mode_text(write.mode));
        let lanes = column(writes, |write| write.lane);
        let words = column(writes, |write| write.word);
        let times = column(writes, |write| write.created_at);
        let wake_ups = column(writes, |write| write.wake_at);
        let documents = column(writes, |write| write.document.as_str());
        let parameters: &[&(dyn ToSql + Sync)] =
            &[&ids, &kinds, &merchants, &modes, &lanes, &words, &times, &wake_ups, &documents];
        client.query(&self.insert, parameters).await
    }
}

fn column<'w, T>(writes: &[&'w RecordWrite], value: impl Fn(&'w RecordWrite) -> T) -> Vec<T> {
    writes.iter().map(|write| value(write)).collect()
}

/// Reads a record.
pub(super) fn read(row: &Row) -> Result<StoredRecord, StoreError> {
    let id = RecordId::from_number(get(row, 0)?);
    Ok(StoredRecord { id, kind: kind(row, 1)?, version: get(row, 2)?, document: get(row, 3)? })
}

/// Reads how many there are.
pub(super) fn read_count(row: &Row) -> Result<u64, StoreError> {
    narrow(get::<i64>(row, 0)?)
}

/// Reads which is due.
pub(super) fn read_due(row: &Row) -> Result<(RecordKind, RecordId), StoreError> {
    Ok((kind(row, 0)?, RecordId::from_number(get(row, 1)?)))
}

fn kind(row: &Row, column: usize) -> Result<RecordKind, StoreError> {
    record_kind(get(row, column)?).ok_or_else(|| StoreError::Corrupt("a record is of no known kind".to_owned()))
}
