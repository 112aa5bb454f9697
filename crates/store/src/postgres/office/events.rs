//! The outbox as a whole.

use florin_kernel::{CredentialId, EventId};
use tokio_postgres::Row;

use super::super::outbox;
use super::super::rows::{get, narrow};
use crate::office::{AttemptRow, EventBrowse, EventsBrowsed};
use crate::{EventState, StoreError};

const ALL: &str = "SELECT id, payment, lane, credential, url, endpoint, form, body, attempts, state, first_at,
        credential = ANY($4::bigint[]) AND ($5::text IS NULL OR state = $5) AND ($6::text IS NULL OR endpoint = $6)
    FROM outbox WHERE id >= $1 AND id < $2 ORDER BY id DESC LIMIT $3::bigint + 1";
const GIVEN_UP: &str = "SELECT id, payment, lane, credential, url, endpoint, form, body, attempts, state, first_at,
        credential = ANY($4::bigint[]) AND ($5::text IS NULL OR state = $5) AND ($6::text IS NULL OR endpoint = $6)
    FROM outbox WHERE state = 'given_up' AND id >= $1 AND id < $2 ORDER BY id DESC LIMIT $3::bigint + 1";
pub(super) const ONE: &str = "SELECT id, payment, lane, credential, url, endpoint, form, body, attempts, state, first_at FROM outbox WHERE id = $1";
pub(super) const ATTEMPTS: &str = "SELECT d.event, d.at, d.latency_ms, d.status, d.note, o.credential, o.endpoint
    FROM deliveries d JOIN outbox o ON o.id = d.event ORDER BY d.id DESC LIMIT $1";
pub(super) const GIVEN_UP_COUNT: &str = "SELECT credential, count(*) FROM outbox
    WHERE state = 'given_up' AND id >= $1 GROUP BY credential ORDER BY credential";

/// The statement: what was given up has an index of its own.
pub(super) fn question(query: &EventBrowse) -> &'static str {
    if query.state == Some(EventState::GivenUp) { GIVEN_UP } else { ALL }
}

/// A page of what was looked at.
pub(super) fn page(rows: &[Row], query: &EventBrowse) -> Result<EventsBrowsed, StoreError> {
    let mut page = EventsBrowsed { found: Vec::new(), reached: None, more: false };
    for (scanned, row) in rows.iter().enumerate() {
        if scanned == query.scan_max as usize || page.found.len() == query.limit as usize {
            page.more = true;
            break;
        }
        page.reached = Some(EventId::from_number(get(row, 0)?));
        if get::<bool>(row, 11)? {
            page.found.push(outbox::read(row)?);
        }
    }
    Ok(page)
}

/// Reads an attempt.
pub(super) fn read_attempt(row: &Row) -> Result<AttemptRow, StoreError> {
    let (event, delivery) = outbox::read_delivery(row)?;
    let (event, credential) = (EventId::from_number(event), CredentialId::from_number(get(row, 5)?));
    Ok(AttemptRow { event, credential, endpoint: get(row, 6)?, delivery })
}

/// Reads how many.
pub(super) fn read_count(row: &Row) -> Result<(CredentialId, u64), StoreError> {
    Ok((CredentialId::from_number(get(row, 0)?), narrow(get::<i64>(row, 1)?)?))
}
