//! Stored cards: rows with what may be shown, and sealed bytes that are wiped when the card is deleted.

use florin_kernel::{RegistrationId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, Statement, params};

use super::clocks::lanes;
use crate::registration::{RawRegistration, RegistrationInsert};
use crate::words::{mode, mode_text};
use crate::{Answer, KeyUse, RegistrationQuery, RegistrationWrite, RegistrationsOf, SealedCard};

const INSERT: &str = "INSERT INTO registrations
    (id, merchant, mode, lane, created_at, customer, fingerprint, retained_until, key_version, wrapped_key, sealed_card,
        answer_status, answer_body, document)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
    ON CONFLICT DO NOTHING";
const RETAIN: &str =
    "UPDATE registrations SET retained_until = max(retained_until, ?2) WHERE id = ?1 AND deleted_at IS NULL";
const ERASE: &str = "UPDATE registrations
    SET deleted_at = ?2, customer = NULL, fingerprint = NULL, key_version = NULL, wrapped_key = NULL, sealed_card = NULL
    WHERE id = ?1 AND deleted_at IS NULL AND (?3 IS NULL OR retained_until <= ?3)";
const REWRAP: &str = "UPDATE registrations SET key_version = ?3, wrapped_key = ?4 WHERE id = ?1 AND key_version = ?2";

/// The columns in the order in which [`raw`] reads them.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, merchant, mode, created_at, customer, fingerprint, retained_until, deleted_at, key_version, \
             wrapped_key, sealed_card, answer_status, answer_body, document FROM registrations WHERE ",
            $rest
        )
    };
}

const SELECT: &str = select!("id = ?1");
const ALL: &str = select!("merchant = ?1 AND mode = ?2 AND id > ?3 AND deleted_at IS NULL ORDER BY id LIMIT ?4");
const OF_CUSTOMER: &str =
    select!("merchant = ?1 AND mode = ?2 AND customer = ?5 AND id > ?3 AND deleted_at IS NULL ORDER BY id LIMIT ?4");
const OF_CARD: &str =
    select!("merchant = ?1 AND mode = ?2 AND fingerprint = ?5 AND id > ?3 AND deleted_at IS NULL ORDER BY id LIMIT ?4");
const UNDER_KEY: &str = select!("key_version = ?1 AND id > ?2 ORDER BY id LIMIT ?3");
const KEY_USE: &str =
    "SELECT key_version, count(*) FROM registrations WHERE key_version IS NOT NULL GROUP BY key_version";
const DUE: &str = "SELECT retained_until, id FROM registrations
    WHERE lane = ?1 AND deleted_at IS NULL AND retained_until <= ?2 ORDER BY retained_until LIMIT ?3";

/// The writer's statements.
pub(super) struct RegistrationWriter<'c> {
    insert: Statement<'c>,
    retain: Statement<'c>,
    erase: Statement<'c>,
    rewrap: Statement<'c>,
}

/// What a write did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Done,
    Conflict,
}

impl<'c> RegistrationWriter<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(RegistrationWriter {
            insert: connection.prepare(INSERT)?,
            retain: connection.prepare(RETAIN)?,
            erase: connection.prepare(ERASE)?,
            rewrap: connection.prepare(REWRAP)?,
        })
    }

    pub(super) fn write(&mut self, write: &RegistrationWrite) -> rusqlite::Result<Written> {
        let id = write.registration().number();
        let written = |rows| if rows == 0 { Written::Conflict } else { Written::Done };
        match write {
            RegistrationWrite::Insert(insert) => self.insert(insert).map(written),
            RegistrationWrite::Retain { until, .. } => {
                self.retain.execute(params![id, until.as_millisecond()])?;
                Ok(Written::Done)
            }
            RegistrationWrite::Erase { at, kept_until, .. } => {
                let kept_until = kept_until.map(Timestamp::as_millisecond);
                self.erase.execute(params![id, at.as_millisecond(), kept_until]).map(written)
            }
            RegistrationWrite::Rewrap { from, to, wrapped_key, .. } => {
                self.rewrap.execute(params![id, from, to, wrapped_key])?;
                Ok(Written::Done)
            }
        }
    }

    fn insert(&mut self, insert: &RegistrationInsert) -> rusqlite::Result<usize> {
        let answer = insert.answer.as_ref();
        self.insert.execute(params![
            insert.id.number(),
            insert.merchant,
            mode_text(insert.mode),
            insert.lane,
            insert.created_at,
            insert.customer,
            insert.fingerprint,
            insert.retained_until,
            insert.sealed.key_version,
            insert.sealed.wrapped_key,
            insert.sealed.card,
            answer.map(|answer| answer.status),
            answer.map(|answer| &answer.body),
            insert.document,
        ])
    }
}

/// One stored card.
pub(super) fn registration(connection: &Connection, id: RegistrationId) -> rusqlite::Result<Option<RawRegistration>> {
    connection.prepare_cached(SELECT)?.query_row([id.number()], raw).optional()
}

/// A merchant's stored cards.
pub(super) fn list(connection: &Connection, query: &RegistrationQuery) -> rusqlite::Result<Vec<RawRegistration>> {
    let merchant = query.merchant.number();
    let (mode, limit) = (mode_text(query.mode), query.limit);
    let after = query.after.map_or(i64::MIN, RegistrationId::number);
    match &query.of {
        RegistrationsOf::Anybody => {
            connection.prepare_cached(ALL)?.query_map(params![merchant, mode, after, limit], raw)?.collect()
        }
        RegistrationsOf::Customer(customer) => connection
            .prepare_cached(OF_CUSTOMER)?
            .query_map(params![merchant, mode, after, limit, customer], raw)?
            .collect(),
        RegistrationsOf::Card(fingerprint) => connection
            .prepare_cached(OF_CARD)?
            .query_map(params![merchant, mode, after, limit, fingerprint], raw)?
            .collect(),
    }
}

/// Stored cards whose data key a version wraps, by id.
pub(super) fn under_key(
    connection: &Connection,
    version: u32,
    after: Option<RegistrationId>,
    limit: u32,
) -> rusqlite::Result<Vec<RawRegistration>> {
    let after = after.map_or(i64::MIN, RegistrationId::number);
    connection.prepare_cached(UNDER_KEY)?.query_map(params![version, after, limit], raw)?.collect()
}

/// How many cards each version wraps.
pub(super) fn key_use(connection: &Connection) -> rusqlite::Result<Vec<KeyUse>> {
    let mut statement = connection.prepare_cached(KEY_USE)?;
    let counted = |row: &Row<'_>| Ok(KeyUse { version: row.get(0)?, cards: row.get::<_, i64>(1)?.unsigned_abs() });
    statement.query_map([], counted)?.collect()
}

/// Stored cards that are kept no longer, by their lane's clock.
pub(super) fn due(
    connection: &Connection,
    wall: Timestamp,
    limit: u32,
) -> rusqlite::Result<Vec<(RegistrationId, Timestamp)>> {
    let mut due: Vec<(i64, i64, Timestamp)> = Vec::new();
    let mut statement = connection.prepare_cached(DUE)?;
    for (lane, offset_ms) in lanes(connection)? {
        let now_ms = wall.as_millisecond().saturating_add(offset_ms);
        let mut rows = statement.query(params![lane, now_ms, limit])?;
        while let Some(row) = rows.next()? {
            let until: i64 = row.get(0)?;
            due.push((until.saturating_sub(offset_ms), row.get(1)?, super::rows::time(until)?));
        }
    }
    due.sort_unstable();
    due.truncate(limit as usize);
    Ok(due.into_iter().map(|(_, id, until)| (RegistrationId::from_number(id), until)).collect())
}

fn raw(row: &Row<'_>) -> rusqlite::Result<RawRegistration> {
    let text: String = row.get(2)?;
    let mode = mode(&text).ok_or(rusqlite::Error::IntegralValueOutOfRange(2, 0))?;
    let version: Option<u32> = row.get(8)?;
    let parts = version.zip(row.get::<_, Option<Vec<u8>>>(9)?).zip(row.get::<_, Option<Vec<u8>>>(10)?);
    let status: Option<u16> = row.get(11)?;
    let body: Option<String> = row.get(12)?;
    Ok(RawRegistration {
        id: row.get(0)?,
        merchant: row.get(1)?,
        mode,
        created_at: row.get(3)?,
        customer: row.get(4)?,
        fingerprint: row.get(5)?,
        retained_until: row.get(6)?,
        deleted_at: row.get(7)?,
        sealed: parts.map(|((key_version, wrapped_key), card)| SealedCard { key_version, wrapped_key, card }),
        answer: status.zip(body).map(|(status, body)| Answer { status, body }),
        document: row.get(13)?,
    })
}
