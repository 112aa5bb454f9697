//! Configuration: documents by kind and id, read by whoever owns the kind.

use rusqlite::{Connection, Statement, params};

use crate::words::kind_text;
use crate::{ConfigKind, ConfigRow};

const SELECT: &str = "SELECT id, document FROM config WHERE kind = ?1 ORDER BY id";
const UPSERT: &str = "INSERT INTO config (kind, id, document) VALUES (?1, ?2, ?3)
    ON CONFLICT (kind, id) DO UPDATE SET document = excluded.document";
const INSERT: &str = "INSERT INTO config (kind, id, document) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";

/// The statement of changesets.
pub(super) struct ConfigWriter<'c> {
    upsert: Statement<'c>,
}

impl<'c> ConfigWriter<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(ConfigWriter { upsert: connection.prepare(UPSERT)? })
    }

    /// Inserts or replaces a row.
    pub(super) fn write(&mut self, row: &ConfigRow) -> rusqlite::Result<usize> {
        self.upsert.execute(params![kind_text(row.kind), row.id, row.document])
    }
}

/// All rows of a kind, by id.
pub(super) fn config(connection: &Connection, kind: ConfigKind) -> rusqlite::Result<Vec<ConfigRow>> {
    let mut statement = connection.prepare_cached(SELECT)?;
    let rows =
        statement.query_map([kind_text(kind)], |row| Ok(ConfigRow { kind, id: row.get(0)?, document: row.get(1)? }))?;
    rows.collect()
}

/// Inserts or replaces rows.
pub(super) fn put(connection: &Connection, rows: &[ConfigRow]) -> rusqlite::Result<()> {
    write(connection, UPSERT, rows)
}

/// Inserts rows that are not there.
pub(super) fn add(connection: &Connection, rows: &[ConfigRow]) -> rusqlite::Result<()> {
    write(connection, INSERT, rows)
}

fn write(connection: &Connection, sql: &str, rows: &[ConfigRow]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(sql)?;
    for row in rows {
        statement.execute(params![kind_text(row.kind), row.id, row.document])?;
    }
    Ok(())
}
