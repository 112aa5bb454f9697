//! The outbox: events for merchants' webhooks, and the attempts made to deliver them.

use std::collections::HashSet;

use florin_kernel::{CredentialId, EventId, PaymentId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, Statement, params};

use super::clocks;
use super::rows::time;
use crate::{Delivery, DeliveryRow, EventRow, EventWrite, StoreError, words};

const INSERT: &str = "INSERT INTO outbox
    (id, payment, lane, state, attempts, first_at, next_at, credential, endpoint, url, form, body)
    VALUES (?1, ?2, ?3, 'due', 0, ?4, ?4, ?5, ?6, ?7, ?8, ?9)";
const ATTEMPTED: &str = "UPDATE outbox SET attempts = attempts + 1, first_at = iif(attempts = 0, ?2, first_at),
    state = ?3, next_at = coalesce(?4, next_at), hurried_after = ?5 WHERE id = ?1";
const INSERT_DELIVERY: &str =
    "INSERT INTO deliveries (event, at, latency_ms, status, note) VALUES (?1, ?2, ?3, ?4, ?5)";
const DUE: &str = "SELECT next_at, endpoint, payment, id FROM outbox
    WHERE lane = ?1 AND state = 'due' AND next_at <= ?2 ORDER BY next_at";
const STANDS_BEHIND: &str = "SELECT EXISTS (SELECT 1 FROM outbox WHERE payment = ?1 AND state = 'due' AND id < ?2)";
/// The first undelivered event of a payment, if one that was written at `?2` hurries it.
const HURRIED: &str = "SELECT id, endpoint FROM outbox
    WHERE id = (SELECT min(id) FROM outbox WHERE payment = ?1 AND state = 'due') AND hurried_after < ?2";
const SELECT: &str = "SELECT id, payment, lane, credential, url, endpoint, form, body, attempts, state, first_at
    FROM outbox WHERE id = ?1";
const OF_PAYMENT: &str = "SELECT id, payment, lane, credential, url, endpoint, form, body, attempts, state, first_at
    FROM outbox WHERE payment = ?1 ORDER BY id";
const DELIVERIES: &str = "SELECT at, latency_ms, status, note FROM deliveries WHERE event = ?1 ORDER BY id";

/// The writer's statements.
pub(super) struct OutboxWriter<'c> {
    insert: Statement<'c>,
    attempted: Statement<'c>,
    insert_delivery: Statement<'c>,
}

impl<'c> OutboxWriter<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(OutboxWriter {
            insert: connection.prepare(INSERT)?,
            attempted: connection.prepare(ATTEMPTED)?,
            insert_delivery: connection.prepare(INSERT_DELIVERY)?,
        })
    }

    /// Writes an event.
    pub(super) fn announce(&mut self, event: &EventWrite) -> rusqlite::Result<()> {
        let row = params![
            event.id.number(),
            event.payment.number(),
            event.lane.number(),
            event.due_at.as_millisecond(),
            event.credential.number(),
            event.endpoint,
            event.url,
            words::form_text(&event.form),
            event.body,
        ];
        self.insert.execute(row).map(drop)
    }

    /// Writes an attempt; returns 0 rows if there is no such event.
    pub(super) fn deliver(&mut self, delivery: &Delivery) -> rusqlite::Result<usize> {
        let (event, at) = (delivery.event.number(), delivery.at.as_millisecond());
        let (state, next_at, hurried_after) = words::after(delivery.result);
        if self.attempted.execute(params![event, at, words::state_text(state), next_at, hurried_after])? == 0 {
            return Ok(0);
        }
        self.insert_delivery.execute(params![event, at, delivery.latency_ms, delivery.status, delivery.note])
    }
}

/// What must not be picked now.
pub(super) struct Skipped {
    pub(super) endpoints: Vec<String>,
    pub(super) events: Vec<EventId>,
}

/// Events due by their lane's clock, the first undelivered one of each payment only; what stands behind it may hurry it.
pub(super) fn due(
    connection: &Connection,
    wall: Timestamp,
    limit: u32,
    skipped: &Skipped,
) -> rusqlite::Result<Vec<EventRow>> {
    let mut found: Vec<(i64, i64)> = Vec::new();
    for (lane, offset_ms) in clocks::lanes(connection)? {
        let now_ms = wall.as_millisecond().saturating_add(offset_ms);
        for (next_at, id) in due_in_lane(connection, lane, now_ms, limit, skipped)? {
            found.push((next_at.saturating_sub(offset_ms), id));
        }
    }
    found.sort_unstable();
    found.truncate(limit as usize);
    let mut select = connection.prepare_cached(SELECT)?;
    found.into_iter().map(|(_, id)| select.query_row([id], read)).collect()
}

/// Steps over the due index, which holds all that is asked here but the order within a payment, until `limit` are found.
fn due_in_lane(
    connection: &Connection,
    lane: i64,
    now_ms: i64,
    limit: u32,
    skipped: &Skipped,
) -> rusqlite::Result<Vec<(i64, i64)>> {
    let mut stands_behind = connection.prepare_cached(STANDS_BEHIND)?;
    let mut hurried = connection.prepare_cached(HURRIED)?;
    let left_out = |endpoint: &str, id: i64| {
        skipped.endpoints.iter().any(|busy| busy == endpoint) || skipped.events.contains(&EventId::from_number(id))
    };
    let mut statement = connection.prepare_cached(DUE)?;
    let mut rows = statement.query(params![lane, now_ms])?;
    let mut found: Vec<(i64, i64)> = Vec::new();
    let mut known = HashSet::new();
    while found.len() < limit as usize
        && let Some(row) = rows.next()?
    {
        let (due_at, endpoint, payment, id) =
            (row.get::<_, i64>(0)?, row.get_ref(1)?.as_str()?, row.get::<_, i64>(2)?, row.get(3)?);
        if left_out(endpoint, id) {
            continue;
        }
        let first = match stands_behind.query_row([payment, id], |row| row.get::<_, bool>(0))? {
            false => Some(id),
            // What was never tried is due since it was written.
            true => hurried
                .query_row([payment, due_at], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))
                .optional()?
                .filter(|(first, endpoint)| !left_out(endpoint, *first))
                .map(|(first, _)| first),
        };
        found.extend(first.filter(|first| known.insert(*first)).map(|first| (due_at, first)));
    }
    Ok(found)
}

/// One event with its attempts.
pub(super) fn event(connection: &Connection, id: EventId) -> rusqlite::Result<Option<(EventRow, Vec<DeliveryRow>)>> {
    let Some(event) = connection.prepare_cached(SELECT)?.query_row([id.number()], read).optional()? else {
        return Ok(None);
    };
    let mut deliveries = connection.prepare_cached(DELIVERIES)?;
    let attempts = deliveries.query_map([id.number()], read_delivery)?.collect::<Result<_, _>>()?;
    Ok(Some((event, attempts)))
}

/// The events of a payment with their attempts.
pub(super) fn events(
    connection: &Connection,
    payment: PaymentId,
) -> rusqlite::Result<Vec<(EventRow, Vec<DeliveryRow>)>> {
    let mut events = connection.prepare_cached(OF_PAYMENT)?;
    let mut deliveries = connection.prepare_cached(DELIVERIES)?;
    let mut rows = events.query([payment.number()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let event = read(row)?;
        let attempts = deliveries.query_map([event.id.number()], read_delivery)?;
        found.push((event, attempts.collect::<Result<_, _>>()?));
    }
    Ok(found)
}

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<EventRow> {
    Ok(EventRow {
        id: EventId::from_number(row.get(0)?),
        payment: PaymentId::from_number(row.get(1)?),
        lane: row.get(2)?,
        credential: CredentialId::from_number(row.get(3)?),
        url: row.get(4)?,
        endpoint: row.get(5)?,
        form: words::form(row.get_ref(6)?.as_str()?).map_err(unreadable)?,
        body: row.get(7)?,
        attempts: row.get(8)?,
        state: words::state(row.get_ref(9)?.as_str()?),
        first_at: time(row.get(10)?)?,
    })
}

fn unreadable(error: StoreError) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(6, rusqlite::types::Type::Text, Box::new(error))
}

pub(super) fn read_delivery(row: &Row<'_>) -> rusqlite::Result<DeliveryRow> {
    Ok(DeliveryRow { at: time(row.get(0)?)?, latency_ms: row.get(1)?, status: row.get(2)?, note: row.get(3)? })
}
