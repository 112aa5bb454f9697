//! The shared book's SQL, and how its rows are read.

use florin_kernel::routing::ProviderId;
use florin_kernel::{Asset, Money, Timestamp};
use tokio_postgres::Row;

use super::super::BookError;
use super::super::columns::{kind, lane, standing, topic_word};
use crate::simulator::entry::{Entry, Letter};

/// Run by every process when it first needs the book. The number is that of a lock of its own.
pub(super) const SCHEMA: &str = "
    BEGIN;
    SELECT pg_advisory_xact_lock(7379822316837437697);
    CREATE TABLE IF NOT EXISTS simulator_operations (
        reference          text   PRIMARY KEY,
        account            bigint NOT NULL,
        lane               bigint NOT NULL,
        kind               text   NOT NULL,
        amount_minor       bigint NOT NULL,
        asset              text   NOT NULL,
        acts_on            text,
        root               text,
        status             text   NOT NULL,
        decline            text,
        pending_until_ms   bigint,
        visit              text,
        charged_back_minor bigint NOT NULL,
        attempts           bigint NOT NULL,
        at_ms              bigint NOT NULL,
        card               text
    );
    CREATE INDEX IF NOT EXISTS simulator_operations_by_root ON simulator_operations (root) WHERE root IS NOT NULL;
    CREATE TABLE IF NOT EXISTS simulator_letters (
        id          bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
        reference   text   NOT NULL,
        lane        bigint NOT NULL,
        topic       text   NOT NULL,
        due_ms      bigint NOT NULL,
        times_left  bigint NOT NULL,
        leased_by   bigint NOT NULL,
        lease_until bigint NOT NULL
    );
    CREATE INDEX IF NOT EXISTS simulator_letters_by_due ON simulator_letters (lane, due_ms);
    CREATE INDEX IF NOT EXISTS simulator_letters_by_reference ON simulator_letters (reference);
    COMMIT";

/// Starts a query whose rows [`read_entry`] reads.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT reference, account, lane, kind, amount_minor, asset, acts_on, status, decline, pending_until_ms, \
             visit, charged_back_minor, at_ms, card FROM simulator_operations ",
            $rest
        )
    };
}
pub(super) use select;

/// Leases go by the server's clock, which is the same for all: a process is given ten seconds.
macro_rules! until {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000)::bigint + 10000"
    };
}
macro_rules! is_free {
    () => {
        "lease_until <= (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    };
}

/// Writes operations and their callbacks, except those whose reference is taken; tells which it wrote. The callbacks are left
/// to the process that wrote them for a while.
pub(super) const OPEN: &str = concat!(
    "WITH opened AS (
        INSERT INTO simulator_operations (reference, account, lane, kind, amount_minor, asset, acts_on, root, status, decline,
            pending_until_ms, visit, charged_back_minor, attempts, at_ms, card)
        SELECT reference, account, lane, kind, amount_minor, asset, acts_on, root, status, decline, pending_until_ms, visit,
            charged_back_minor, 1, at_ms, card
        FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::text[], $11::bigint[], $12::text[], $13::bigint[], $14::bigint[], $20::text[])
            AS operation (reference, account, lane, kind, amount_minor, asset, acts_on, root, status, decline,
                pending_until_ms, visit, charged_back_minor, at_ms, card)
        ON CONFLICT DO NOTHING RETURNING reference, lane
    ), posted AS (
        INSERT INTO simulator_letters (reference, lane, topic, due_ms, times_left, leased_by, lease_until)
        SELECT reference, lane, letter.topic, letter.due_ms, letter.times, $19, ",
    until!(),
    "
        FROM opened JOIN unnest($15::text[], $16::text[], $17::bigint[], $18::bigint[]) WITH ORDINALITY
            AS letter (reference, topic, due_ms, times, place) USING (reference)
        ORDER BY place
    )
    SELECT reference FROM opened"
);
pub(super) const ASKED_AGAIN: &str = "UPDATE simulator_operations SET attempts = attempts + 1 WHERE reference = $1
    RETURNING reference, account, lane, kind, amount_minor, asset, acts_on, status, decline, pending_until_ms, visit,
        charged_back_minor, at_ms, card";
pub(super) const ROOT: &str = "SELECT coalesce(root, reference) FROM simulator_operations WHERE reference = $1";
pub(super) const LOCK: &str = "SELECT 1 FROM simulator_operations WHERE reference = $1 FOR UPDATE";
pub(super) const TURN: &str = concat!(
    "WITH turned AS (
        UPDATE simulator_operations SET status = $3, decline = $4, pending_until_ms = $5, visit = $6, card = $11
        WHERE reference = $1 AND status = 'needs_payer' AND visit = $2 RETURNING reference, lane
    ), posted AS (
        INSERT INTO simulator_letters (reference, lane, topic, due_ms, times_left, leased_by, lease_until)
        SELECT turned.reference, turned.lane, letter.topic, letter.due_ms, letter.times, $10, ",
    until!(),
    "
        FROM turned, unnest($7::text[], $8::bigint[], $9::bigint[]) WITH ORDINALITY
            AS letter (topic, due_ms, times, place)
        ORDER BY place
    )
    SELECT reference FROM turned"
);
/// `$1` the lane, `$2` its time, `$3` who leases.
pub(super) const LEASE: &str = concat!(
    "WITH due AS (
        SELECT id, reference, due_ms FROM simulator_letters
        WHERE lane = $1 AND due_ms <= $2 AND (",
    is_free!(),
    " OR leased_by = $3)
        ORDER BY due_ms, id LIMIT 256 FOR UPDATE SKIP LOCKED
    ), leased AS (
        UPDATE simulator_letters SET leased_by = $3, lease_until = ",
    until!(),
    " FROM due WHERE simulator_letters.id = due.id
        RETURNING due.id, due.reference, due.due_ms
    )
    SELECT reference FROM leased GROUP BY reference ORDER BY min(due_ms), min(id)"
);
pub(super) const LETTERS_DUE: &str = concat!(
    "SELECT id, topic, times_left FROM simulator_letters
    WHERE reference = $1 AND due_ms <= $2 AND (leased_by = $3 OR ",
    is_free!(),
    ") ORDER BY due_ms, id"
);
pub(super) const TAKEN: &str = "WITH gone AS (DELETE FROM simulator_letters WHERE id = $1 AND times_left < 2)
    UPDATE simulator_letters SET times_left = times_left - 1 WHERE id = $1 AND times_left > 1";
pub(super) const PUT_OFF: &str = "UPDATE simulator_letters SET due_ms = $2, lease_until = 0 WHERE id = $1";
pub(super) const STRIKE: &str = "UPDATE simulator_operations SET charged_back_minor = $2 WHERE reference = $1";

type Columns<'l> = (Vec<&'l str>, Vec<i64>, Vec<i64>);

/// Letters as arrays of topics, times due and how often.
pub(super) fn letter_columns(letters: &[Letter]) -> Columns<'_> {
    let topics = letters.iter().map(|letter| topic_word(letter.topic)).collect();
    let due = letters.iter().map(|letter| letter.due.as_millisecond()).collect();
    (topics, due, letters.iter().map(|letter| i64::from(letter.times)).collect())
}

/// Reads a row of [`select`].
pub(super) fn read_entry(row: &Row) -> Result<Entry, BookError> {
    let unreadable = || BookError("an operation cannot be read".into());
    let asset = Asset::from_code(row.try_get(5)?).ok_or_else(unreadable)?;
    let visit = match row.try_get::<_, Option<&str>>(10)? {
        Some(text) => Some(serde_json::from_str(text).map_err(|_| unreadable())?),
        None => None,
    };
    let card = match row.try_get::<_, Option<&str>>(13)? {
        Some(text) => Some(serde_json::from_str(text).map_err(|_| unreadable())?),
        None => None,
    };
    Ok(Entry {
        reference: row.try_get(0)?,
        account: ProviderId::new(row.try_get(1)?),
        lane: lane(row.try_get(2)?),
        kind: kind(row.try_get(3)?).ok_or_else(unreadable)?,
        amount: Money::new(row.try_get(4)?, asset),
        on: row.try_get(6)?,
        standing: standing(row.try_get(7)?, row.try_get(8)?, row.try_get(9)?).ok_or_else(unreadable)?,
        visit,
        card,
        charged_back_minor: row.try_get(11)?,
        at: Timestamp::from_millisecond(row.try_get(12)?).map_err(|_| unreadable())?,
    })
}
