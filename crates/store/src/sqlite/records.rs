//! Records: rows whose document is the whole of one; the other columns are what is searched by.

use florin_kernel::{RecordId, RecordKind, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, Statement, params};

use super::clocks::lanes;
use crate::words::{mode_text, record_kind, record_text};
use crate::{DueOf, RecordQuery, RecordWrite, StoredRecord};

const INSERT: &str = "INSERT INTO records
    (id, kind, version, merchant, mode, lane, word, created_at, wake_at, document)
    VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
    ON CONFLICT DO NOTHING";
const UPDATE: &str = "UPDATE records SET version = version + 1, word = ?3, wake_at = ?4, document = ?5
    WHERE id = ?1 AND version = ?2";
const SELECT: &str = "SELECT id, kind, version, document FROM records WHERE id = ?1";
const LIST: &str = "SELECT id, kind, version, document FROM records
    WHERE merchant = ?1 AND mode = ?2 AND kind = ?3 AND created_at >= ?4 AND created_at < ?5 AND (?6 IS NULL OR word = ?6)
    ORDER BY created_at DESC, id DESC LIMIT ?7 OFFSET ?8";
const COUNT: &str = "SELECT count(*) FROM records
    WHERE merchant = ?1 AND mode = ?2 AND kind = ?3 AND created_at >= ?4 AND created_at < ?5 AND (?6 IS NULL OR word = ?6)";
const DUE: &str = "SELECT wake_at, id, kind FROM records
    WHERE lane = ?1 AND wake_at IS NOT NULL AND wake_at <= ?2 AND (kind = 'mail') = ?4 ORDER BY wake_at, id LIMIT ?3";

/// The writer's statements.
pub(super) struct RecordWriter<'c> {
    insert: Statement<'c>,
    update: Statement<'c>,
}

impl<'c> RecordWriter<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(RecordWriter { insert: connection.prepare(INSERT)?, update: connection.prepare(UPDATE)? })
    }

    /// Writes a record; 0 rows if its id is taken or it has not the version expected.
    pub(super) fn write(&mut self, write: &RecordWrite) -> rusqlite::Result<usize> {
        let id = write.id.number();
        match write.expected_version {
            Some(version) => self.update.execute(params![id, version, write.word, write.wake_at, write.document]),
            None => self.insert.execute(params![
                id,
                record_text(write.kind),
                write.merchant,
                mode_text(write.mode),
                write.lane,
                write.word,
                write.created_at,
                write.wake_at,
                write.document,
            ]),
        }
    }
}

/// One record.
pub(super) fn record(connection: &Connection, id: RecordId) -> rusqlite::Result<Option<StoredRecord>> {
    connection.prepare_cached(SELECT)?.query_row([id.number()], read).optional()
}

/// A page of a merchant's records, the newest first.
pub(super) fn list(connection: &Connection, query: &RecordQuery) -> rusqlite::Result<Vec<StoredRecord>> {
    let (from, until) = (query.from.as_millisecond(), query.until.as_millisecond());
    let (mode, kind) = (mode_text(query.mode), record_text(query.kind));
    let parameters = params![query.merchant.number(), mode, kind, from, until, query.word, query.limit, query.skip];
    connection.prepare_cached(LIST)?.query_map(parameters, read)?.collect()
}

/// How many there are, pages aside.
pub(super) fn count(connection: &Connection, query: &RecordQuery) -> rusqlite::Result<u64> {
    let (from, until) = (query.from.as_millisecond(), query.until.as_millisecond());
    let (mode, kind) = (mode_text(query.mode), record_text(query.kind));
    let parameters = params![query.merchant.number(), mode, kind, from, until, query.word];
    let counted = |row: &Row<'_>| row.get::<_, i64>(0).map(i64::unsigned_abs);
    connection.prepare_cached(COUNT)?.query_row(parameters, counted)
}

/// Records due by their lane's clock, the longest overdue first.
pub(super) fn due(
    connection: &Connection,
    wall: Timestamp,
    of: DueOf,
    limit: u32,
) -> rusqlite::Result<Vec<(RecordKind, RecordId)>> {
    let mut due: Vec<(i64, i64, RecordKind)> = Vec::new();
    let mut statement = connection.prepare_cached(DUE)?;
    for (lane, offset_ms) in lanes(connection)? {
        let now_ms = wall.as_millisecond().saturating_add(offset_ms);
        let mut rows = statement.query(params![lane, now_ms, limit, of == DueOf::Mail])?;
        while let Some(row) = rows.next()? {
            let wake_at: i64 = row.get(0)?;
            due.push((wake_at.saturating_sub(offset_ms), row.get(1)?, kind(row, 2)?));
        }
    }
    due.sort_unstable();
    due.truncate(limit as usize);
    Ok(due.into_iter().map(|(_, id, kind)| (kind, RecordId::from_number(id))).collect())
}

fn read(row: &Row<'_>) -> rusqlite::Result<StoredRecord> {
    let id = RecordId::from_number(row.get(0)?);
    Ok(StoredRecord { id, kind: kind(row, 1)?, version: row.get(2)?, document: row.get(3)? })
}

fn kind(row: &Row<'_>, column: usize) -> rusqlite::Result<RecordKind> {
    let text = row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?;
    record_kind(text).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, 0))
}
