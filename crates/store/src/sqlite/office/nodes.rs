//! Processes that use the file; there is one at a time.

use rusqlite::{Connection, params};

use super::super::rows::time;
use crate::office::NodeRow;

const BEAT: &str = "INSERT INTO nodes (node, version, started_at, seen_at) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (node) DO UPDATE SET seen_at = excluded.seen_at";
const FORGET: &str = "DELETE FROM nodes WHERE seen_at < ?1";
const ALL: &str = "SELECT node, version, started_at, seen_at FROM nodes ORDER BY seen_at DESC, node";

/// Says that a process is alive.
pub(super) fn beat(connection: &Connection, node: &NodeRow) -> rusqlite::Result<()> {
    let (started, seen) = (node.started_at.as_millisecond(), node.seen_at.as_millisecond());
    connection.prepare_cached(BEAT)?.execute(params![node.node, node.version, started, seen])?;
    connection.prepare_cached(FORGET)?.execute([node.forgotten_before_ms()]).map(drop)
}

/// All that said so.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<NodeRow>> {
    let mut statement = connection.prepare_cached(ALL)?;
    let rows = statement.query_map([], |row| {
        let (started_at, seen_at) = (time(row.get(2)?)?, time(row.get(3)?)?);
        Ok(NodeRow { node: row.get(0)?, version: row.get(1)?, started_at, seen_at })
    })?;
    rows.collect()
}
