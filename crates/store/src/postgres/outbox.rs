//! The outbox: events for merchants' webhooks, and the attempts made to deliver them.

use std::collections::HashSet;

use florin_kernel::{CredentialId, EventId, PaymentId};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::rows::{get, narrow, time};
use crate::words::{self, state_text};
use crate::{Delivery, DeliveryRow, EventRow, EventWrite, StoreError};

const INSERT: &str = "INSERT INTO outbox
        (id, payment, lane, state, attempts, first_at, next_at, leased_by, lease_until, credential, endpoint, url, form, body)
    SELECT id, payment, lane, 'due', 0, due_at, due_at, 0, 0, credential, endpoint, url, form, body
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[],
        $9::text[])
    WITH ORDINALITY AS new (id, payment, lane, due_at, credential, endpoint, url, form, body, place)
    ORDER BY place
    ON CONFLICT DO NOTHING RETURNING id";
const ATTEMPTED: &str = "WITH made AS (
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::integer[], $5::text[], $6::text[], $7::bigint[])
        AS made (event, at, latency_ms, status, note, state, next_at)
    ), attempted AS (
        UPDATE outbox SET attempts = outbox.attempts + 1,
            first_at = CASE WHEN outbox.attempts = 0 THEN made.at ELSE outbox.first_at END,
            state = made.state, next_at = coalesce(made.next_at, outbox.next_at), lease_until = 0
        FROM made WHERE outbox.id = made.event RETURNING outbox.id
    ), noted AS (
        INSERT INTO deliveries (event, at, latency_ms, status, note)
        SELECT event, at, latency_ms, status, note FROM made JOIN attempted ON attempted.id = made.event
    )
    SELECT id FROM attempted";
/// Leases what is due: `$1` now, `$2` the limit, `$3` endpoints and `$4` events left out, `$5` who leases, `$6` until when.
/// A process's own leases do not stop it: it knows what it has under way.
pub(super) const LEASE: &str = "WITH due AS (
        SELECT lane_due.id, lane_due.next_at - clocks.offset_ms AS overdue_since
        FROM clocks CROSS JOIN LATERAL (
            SELECT waiting.id, waiting.next_at FROM outbox AS waiting
            WHERE waiting.lane = clocks.lane AND waiting.state = 'due' AND waiting.next_at <= $1 + clocks.offset_ms
                AND (waiting.lease_until <= $1 OR waiting.leased_by = $5)
                AND waiting.endpoint <> ALL($3::text[]) AND waiting.id <> ALL($4::bigint[])
                AND NOT EXISTS (SELECT 1 FROM outbox AS earlier WHERE earlier.payment = waiting.payment
                    AND earlier.position < waiting.position AND earlier.state = 'due')
            ORDER BY waiting.next_at LIMIT $2 FOR UPDATE SKIP LOCKED
        ) AS lane_due
        ORDER BY overdue_since, id LIMIT $2
    ), leased AS (
        UPDATE outbox SET leased_by = $5, lease_until = $6 FROM due WHERE outbox.id = due.id
        RETURNING outbox.id, payment, lane, credential, url, endpoint, form, body, attempts, state, first_at, overdue_since
    )
    SELECT id, payment, lane, credential, url, endpoint, form, body, attempts, state, first_at FROM leased
    ORDER BY overdue_since, id";
pub(super) const OF_PAYMENT: &str =
    "SELECT id, payment, lane, credential, url, endpoint, form, body, attempts, state, first_at
    FROM outbox WHERE payment = $1 ORDER BY position";
pub(super) const DELIVERIES: &str = "SELECT event, at, latency_ms, status, note FROM deliveries
    WHERE event = ANY($1::bigint[]) ORDER BY id";

/// Longer than any attempt takes, so that a lease that is over is a process that died.
pub(super) const LEASE_MS: i64 = 60_000;

/// The writer's statements.
pub(super) struct OutboxStatements {
    insert: Statement,
    attempted: Statement,
}

impl OutboxStatements {
    pub(super) async fn prepare(client: &Client) -> Result<OutboxStatements, Error> {
        let (insert, attempted) = tokio::try_join!(client.prepare(INSERT), client.prepare(ATTEMPTED))?;
        Ok(OutboxStatements { insert, attempted })
    }

    /// Writes events in order; returns the ids of those that were free.
    pub(super) async fn announce(&self, client: &Client, events: Vec<&EventWrite>) -> Result<HashSet<i64>, Error> {
        if events.is_empty() {
            return Ok(HashSet::new());
        }
        let column = |value: fn(&EventWrite) -> i64| events.iter().map(|event| value(event)).collect::<Vec<i64>>();
        let ids = column(|event| event.id.number());
        let payments = column(|event| event.payment.number());
        let lanes = column(|event| event.lane.number());
        let times = column(|event| event.due_at.as_millisecond());
        let credentials = column(|event| event.credential.number());
        let endpoints: Vec<&str> = events.iter().map(|event| event.endpoint.as_str()).collect();
        let urls: Vec<&str> = events.iter().map(|event| event.url.as_str()).collect();
        let forms: Vec<String> = events.iter().map(|event| words::form_text(&event.form)).collect();
        let bodies: Vec<&str> = events.iter().map(|event| event.body.as_str()).collect();
        let parameters: &[&(dyn ToSql + Sync)] =
            &[&ids, &payments, &lanes, &times, &credentials, &endpoints, &urls, &forms, &bodies];
        ids_of(&client.query(&self.insert, parameters).await?)
    }

    /// Writes attempts, which ends the leases of their events; returns the ids of the events that there are.
    pub(super) async fn deliver(&self, client: &Client, mut made: Vec<&Delivery>) -> Result<HashSet<i64>, Error> {
        if made.is_empty() {
            return Ok(HashSet::new());
        }
        made.sort_unstable_by_key(|delivery| delivery.event);
        let events: Vec<i64> = made.iter().map(|delivery| delivery.event.number()).collect();
        let times: Vec<i64> = made.iter().map(|delivery| delivery.at.as_millisecond()).collect();
        let latencies: Vec<i64> = made.iter().map(|delivery| i64::from(delivery.latency_ms)).collect();
        let statuses: Vec<Option<i32>> = made.iter().map(|delivery| delivery.status.map(i32::from)).collect();
        // The receiver's bytes: PostgreSQL's text has no NUL.
        let notes: Vec<String> = made.iter().map(|delivery| delivery.note.replace('\0', "\u{fffd}")).collect();
        let after = made.iter().map(|delivery| words::after(delivery.result));
        let (states, next): (Vec<&str>, Vec<Option<i64>>) = after.map(|(state, at)| (state_text(state), at)).unzip();
        let parameters: &[&(dyn ToSql + Sync)] = &[&events, &times, &latencies, &statuses, &notes, &states, &next];
        ids_of(&client.query(&self.attempted, parameters).await?)
    }
}

fn ids_of(rows: &[Row]) -> Result<HashSet<i64>, Error> {
    rows.iter().map(|row| row.try_get(0)).collect()
}

pub(super) fn read(row: &Row) -> Result<EventRow, StoreError> {
    Ok(EventRow {
        id: EventId::from_number(get(row, 0)?),
        payment: PaymentId::from_number(get(row, 1)?),
        lane: get(row, 2)?,
        credential: CredentialId::from_number(get(row, 3)?),
        url: get(row, 4)?,
        endpoint: get(row, 5)?,
        form: words::form(get(row, 6)?)?,
        body: get(row, 7)?,
        attempts: narrow(get::<i64>(row, 8)?)?,
        state: words::state(get(row, 9)?),
        first_at: time(row, 10)?,
    })
}

/// An attempt, and the number of its event.
pub(super) fn read_delivery(row: &Row) -> Result<(i64, DeliveryRow), StoreError> {
    let status = match get::<Option<i32>>(row, 3)? {
        Some(status) => Some(narrow(status)?),
        None => None,
    };
    let latency_ms = narrow(get::<i64>(row, 2)?)?;
    Ok((get(row, 0)?, DeliveryRow { at: time(row, 1)?, latency_ms, status, note: get(row, 4)? }))
}
