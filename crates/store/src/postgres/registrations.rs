//! Stored cards: rows with what may be shown, and sealed bytes that are wiped when the card is deleted.

use std::collections::HashSet;

use florin_kernel::Timestamp;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::rows::{all, get, narrow};
use crate::registration::{RawRegistration, RegistrationInsert};
use crate::words::{mode, mode_text};
use crate::{Answer, KeyUse, RegistrationWrite, SealedCard, StoreError, StoredRegistration};

const INSERT: &str = "INSERT INTO registrations
    (id, merchant, mode, lane, created_at, customer, fingerprint, retained_until, key_version, wrapped_key, sealed_card,
        answer_status, answer_body, document)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::bytea[],
        $8::bigint[], $9::bigint[], $10::bytea[], $11::bytea[], $12::integer[], $13::text[], $14::text[])
    ON CONFLICT DO NOTHING RETURNING id";
const RETAIN: &str = "UPDATE registrations SET retained_until = greatest(registrations.retained_until, new.until)
    FROM unnest($1::bigint[], $2::bigint[]) AS new (id, until)
    WHERE registrations.id = new.id AND deleted_at IS NULL";
const ERASE: &str = "UPDATE registrations
    SET deleted_at = gone.at, customer = NULL, fingerprint = NULL, key_version = NULL, wrapped_key = NULL,
        sealed_card = NULL
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS gone (id, at, kept_until)
    WHERE registrations.id = gone.id AND deleted_at IS NULL
        AND (gone.kept_until IS NULL OR retained_until <= gone.kept_until)
    RETURNING registrations.id";
const REWRAP: &str = "UPDATE registrations SET key_version = new.version, wrapped_key = new.wrapped
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[]) AS new (id, was, version, wrapped)
    WHERE registrations.id = new.id AND key_version = new.was";

/// The columns in the order in which [`read`] reads them.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, merchant, mode, created_at, customer, fingerprint, retained_until, deleted_at, key_version, \
             wrapped_key, sealed_card, answer_status, answer_body, document FROM registrations WHERE ",
            $rest
        )
    };
}

pub(super) const SELECT: &str = select!("id = $1");
pub(super) const ALL: &str =
    select!("merchant = $1 AND mode = $2 AND id > $3 AND deleted_at IS NULL ORDER BY id LIMIT $4");
pub(super) const OF_CUSTOMER: &str =
    select!("merchant = $1 AND mode = $2 AND customer = $5 AND id > $3 AND deleted_at IS NULL ORDER BY id LIMIT $4");
pub(super) const OF_CARD: &str =
    select!("merchant = $1 AND mode = $2 AND fingerprint = $5 AND id > $3 AND deleted_at IS NULL ORDER BY id LIMIT $4");
pub(super) const UNDER_KEY: &str = select!("key_version = $1 AND id > $2 ORDER BY id LIMIT $3");
pub(super) const KEY_USE: &str = "SELECT key_version, count(*) FROM registrations
    WHERE key_version IS NOT NULL GROUP BY key_version ORDER BY key_version";
pub(super) const DUE: &str = "SELECT lane_due.id, lane_due.retained_until
    FROM clocks CROSS JOIN LATERAL (
        SELECT id, retained_until FROM registrations
        WHERE registrations.lane = clocks.lane AND deleted_at IS NULL AND retained_until <= $1 + clocks.offset_ms
        ORDER BY retained_until LIMIT $2
    ) AS lane_due
    ORDER BY lane_due.retained_until - clocks.offset_ms, lane_due.id LIMIT $2";

/// The writer's statements.
pub(super) struct RegistrationStatements {
    insert: Statement,
    retain: Statement,
    erase: Statement,
    rewrap: Statement,
}

/// The writes of a batch by kind, in the order of ids.
#[derive(Default)]
struct Writes<'w> {
    inserts: Vec<&'w RegistrationInsert>,
    retained: (Vec<i64>, Vec<i64>),
    erased: (Vec<i64>, Vec<i64>, Vec<Option<i64>>),
    rewrapped: Rewrapped<'w>,
}

/// Data keys wrapped anew, a column each.
#[derive(Default)]
struct Rewrapped<'w> {
    ids: Vec<i64>,
    was: Vec<i64>,
    versions: Vec<i64>,
    keys: Vec<&'w [u8]>,
}

impl<'w> Writes<'w> {
    fn of(mut writes: Vec<&'w RegistrationWrite>) -> Writes<'w> {
        writes.sort_unstable_by_key(|write| write.registration());
        let mut sorted = Writes::default();
        for write in writes {
            let id = write.registration().number();
            match write {
                RegistrationWrite::Insert(insert) => sorted.inserts.push(insert),
                RegistrationWrite::Retain { until, .. } => {
                    sorted.retained.0.push(id);
                    sorted.retained.1.push(until.as_millisecond());
                }
                RegistrationWrite::Erase { at, kept_until, .. } => {
                    sorted.erased.0.push(id);
                    sorted.erased.1.push(at.as_millisecond());
                    sorted.erased.2.push(kept_until.map(Timestamp::as_millisecond));
                }
                RegistrationWrite::Rewrap { from, to, wrapped_key, .. } => {
                    sorted.rewrapped.ids.push(id);
                    sorted.rewrapped.was.push(i64::from(*from));
                    sorted.rewrapped.versions.push(i64::from(*to));
                    sorted.rewrapped.keys.push(wrapped_key);
                }
            }
        }
        sorted
    }
}

impl RegistrationStatements {
    pub(super) async fn prepare(client: &Client) -> Result<RegistrationStatements, Error> {
        let (insert, retain, erase, rewrap) = tokio::try_join!(
            client.prepare(INSERT),
            client.prepare(RETAIN),
            client.prepare(ERASE),
            client.prepare(REWRAP)
        )?;
        Ok(RegistrationStatements { insert, retain, erase, rewrap })
    }

    /// Writes; returns the ids of those that are as they should be now.
    pub(super) async fn write(&self, client: &Client, writes: Vec<&RegistrationWrite>) -> Result<HashSet<i64>, Error> {
        if writes.is_empty() {
            return Ok(HashSet::new());
        }
        let writes = Writes::of(writes);
        let retained: &[&(dyn ToSql + Sync)] = &[&writes.retained.0, &writes.retained.1];
        let erased: &[&(dyn ToSql + Sync)] = &[&writes.erased.0, &writes.erased.1, &writes.erased.2];
        let Rewrapped { ids, was, versions, keys } = &writes.rewrapped;
        let rewrapped: &[&(dyn ToSql + Sync)] = &[ids, was, versions, keys];
        // Sent together, as everything of a batch; a kind that is not there costs nothing.
        let (inserted, kept, gone, wrapped) = tokio::join!(
            self.insert(client, &writes.inserts),
            run(client, &self.retain, retained, writes.retained.0.len()),
            run(client, &self.erase, erased, writes.erased.0.len()),
            run(client, &self.rewrap, rewrapped, ids.len()),
        );
        let rows = all([inserted, kept, gone, wrapped])?;
        let mut written: HashSet<i64> =
            rows.iter().flatten().filter(|row| !row.is_empty()).map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        // These two never stand in the way of a changeset.
        written.extend(writes.retained.0.iter().chain(&writes.rewrapped.ids));
        Ok(written)
    }

    async fn insert(&self, client: &Client, inserts: &[&RegistrationInsert]) -> Result<Vec<Row>, Error> {
        let ids = column(inserts, |insert| insert.id.number());
        let merchants = column(inserts, |insert| insert.merchant);
        let modes = column(inserts, |insert| mode_text(insert.mode));
        let lanes = column(inserts, |insert| insert.lane);
        let times = column(inserts, |insert| insert.created_at);
        let customers = column(inserts, |insert| insert.customer.as_deref());
        let fingerprints = column(inserts, |insert| insert.fingerprint.as_ref().map(|fingerprint| &fingerprint[..]));
        let retained = column(inserts, |insert| insert.retained_until);
        let versions = column(inserts, |insert| i64::from(insert.sealed.key_version));
        let keys = column(inserts, |insert| &insert.sealed.wrapped_key[..]);
        let cards = column(inserts, |insert| &insert.sealed.card[..]);
        let statuses = column(inserts, |insert| insert.answer.as_ref().map(|answer| i32::from(answer.status)));
        let bodies = column(inserts, |insert| insert.answer.as_ref().map(|answer| answer.body.as_str()));
        let documents = column(inserts, |insert| insert.document.as_str());
        let row: &[&(dyn ToSql + Sync)] = &[
            &ids,
            &merchants,
            &modes,
            &lanes,
            &times,
            &customers,
            &fingerprints,
            &retained,
            &versions,
            &keys,
            &cards,
            &statuses,
            &bodies,
            &documents,
        ];
        run(client, &self.insert, row, inserts.len()).await
    }
}

async fn run(
    client: &Client,
    statement: &Statement,
    parameters: &[&(dyn ToSql + Sync)],
    writes: usize,
) -> Result<Vec<Row>, Error> {
    if writes == 0 { Ok(Vec::new()) } else { client.query(statement, parameters).await }
}

fn column<'w, T>(inserts: &[&'w RegistrationInsert], value: impl Fn(&'w RegistrationInsert) -> T) -> Vec<T> {
    inserts.iter().map(|insert| value(insert)).collect()
}

/// Reads a stored card.
pub(super) fn read(row: &Row) -> Result<StoredRegistration, StoreError> {
    let mode = mode(get(row, 2)?).ok_or_else(|| StoreError::Corrupt("a row is of no known mode".to_owned()))?;
    let fingerprint = get::<Option<&[u8]>>(row, 5)?.map(narrow).transpose()?;
    let version = get::<Option<i64>>(row, 8)?.map(narrow).transpose()?;
    let parts = version.zip(get::<Option<Vec<u8>>>(row, 9)?).zip(get::<Option<Vec<u8>>>(row, 10)?);
    let status = get::<Option<i32>>(row, 11)?.map(narrow).transpose()?;
    let raw = RawRegistration {
        id: get(row, 0)?,
        merchant: get(row, 1)?,
        mode,
        created_at: get(row, 3)?,
        customer: get(row, 4)?,
        fingerprint,
        retained_until: get(row, 6)?,
        deleted_at: get(row, 7)?,
        sealed: parts.map(|((key_version, wrapped_key), card)| SealedCard { key_version, wrapped_key, card }),
        answer: status.zip(get::<Option<String>>(row, 12)?).map(|(status, body)| Answer { status, body }),
        document: get(row, 13)?,
    };
    raw.read()
}

/// Reads how many cards a version wraps.
pub(super) fn read_use(row: &Row) -> Result<KeyUse, StoreError> {
    Ok(KeyUse { version: narrow(get::<i64>(row, 0)?)?, cards: narrow(get::<i64>(row, 1)?)? })
}
