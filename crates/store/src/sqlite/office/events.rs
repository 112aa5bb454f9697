//! The outbox as a whole.

use florin_kernel::{CredentialId, EventId};
use rusqlite::{Connection, params};

use super::super::outbox;
use crate::office::{AttemptRow, EventBrowse, EventsBrowsed};
use crate::{EventState, words};

const ALL: &str = "SELECT id, payment, lane, credential, url, endpoint, form, body, attempts, state, first_at
    FROM outbox WHERE id >= ?1 AND id < ?2 ORDER BY id DESC";
const GIVEN_UP: &str = "SELECT id, payment, lane, credential, url, endpoint, form, body, attempts, state, first_at
    FROM outbox WHERE state = 'given_up' AND id >= ?1 AND id < ?2 ORDER BY id DESC";
const ATTEMPTS: &str = "SELECT d.at, d.latency_ms, d.status, d.note, d.event, o.credential, o.endpoint
    FROM deliveries d JOIN outbox o ON o.id = d.event ORDER BY d.id DESC LIMIT ?1";
const COUNT_GIVEN_UP: &str = "SELECT credential, count(*) FROM outbox
    WHERE state = 'given_up' AND id >= ?1 GROUP BY credential ORDER BY credential";

/// A page of events.
pub(super) fn browse(connection: &Connection, query: &EventBrowse) -> rusqlite::Result<EventsBrowsed> {
    let sql = if query.state == Some(EventState::GivenUp) { GIVEN_UP } else { ALL };
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![query.from.number(), query.before.number()])?;
    let mut page = EventsBrowsed { found: Vec::new(), reached: None, more: false };
    let mut scanned = 0;
    while let Some(row) = rows.next()? {
        if scanned == query.scan_max || page.found.len() == query.limit as usize {
            page.more = true;
            break;
        }
        scanned += 1;
        page.reached = Some(EventId::from_number(row.get(0)?));
        let credential = CredentialId::from_number(row.get(3)?);
        let endpoint = row.get_ref(5)?.as_str()?;
        let state = words::state(row.get_ref(9)?.as_str()?);
        let fits = query.credentials.contains(&credential)
            && query.state.is_none_or(|wanted| wanted == state)
            && query.endpoint.as_deref().is_none_or(|wanted| wanted == endpoint);
        if fits {
            page.found.push(outbox::read(row)?);
        }
    }
    Ok(page)
}

/// The newest attempts.
pub(super) fn attempts(connection: &Connection, limit: u32) -> rusqlite::Result<Vec<AttemptRow>> {
    let mut statement = connection.prepare_cached(ATTEMPTS)?;
    let rows = statement.query_map([limit], |row| {
        Ok(AttemptRow {
            event: EventId::from_number(row.get(4)?),
            credential: CredentialId::from_number(row.get(5)?),
            endpoint: row.get(6)?,
            delivery: outbox::read_delivery(row)?,
        })
    })?;
    rows.collect()
}

/// How many were given up.
pub(super) fn given_up(connection: &Connection, from: EventId) -> rusqlite::Result<Vec<(CredentialId, u64)>> {
    let mut statement = connection.prepare_cached(COUNT_GIVEN_UP)?;
    let rows = statement.query_map([from.number()], |row| {
        Ok((CredentialId::from_number(row.get(0)?), row.get::<_, i64>(1)?.unsigned_abs()))
    })?;
    rows.collect()
}
