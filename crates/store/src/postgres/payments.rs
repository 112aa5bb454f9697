//! Payments and withdrawals: rows whose document is the whole of one; the other columns are what is searched by.

use std::collections::HashSet;

use florin_kernel::Kind;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::rows::{get, narrow};
use crate::words::{document_kind, document_text, mode_text};
use crate::{Answer, PaymentWrite, StoreError, Stored, query};

const INSERT: &str = "INSERT INTO payments
    (id, version, merchant, mode, lane, word, created_at, wake_at, answer_status, answer_body, document, kind, payer)
    SELECT id, 1, merchant, mode, lane, word, created_at, wake_at, answer_status, answer_body, document, kind, payer
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[],
        $8::integer[], $9::text[], $10::text[], $11::text[], $12::bigint[])
    AS new (id, merchant, mode, lane, word, created_at, wake_at, answer_status, answer_body, document, kind, payer)
    ON CONFLICT DO NOTHING RETURNING id";
const UPDATE: &str = "UPDATE payments SET version = payments.version + 1, word = new.word, wake_at = new.wake_at,
        kind = new.kind, document = new.document, answer_status = coalesce(new.answer_status, payments.answer_status),
        answer_body = coalesce(new.answer_body, payments.answer_body)
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::integer[], $7::text[], $8::text[])
    AS new (id, version, word, wake_at, document, answer_status, answer_body, kind)
    WHERE payments.id = new.id AND payments.version = new.version RETURNING payments.id";
pub(super) const SELECT: &str =
    "SELECT id, version, answer_status, answer_body, document, kind FROM payments WHERE id = $1";
pub(super) const OF_PAYER: &str = "SELECT id, version, answer_status, answer_body, document, kind FROM payments
    WHERE payer = $1 AND id > $2 ORDER BY id LIMIT $3";
pub(super) const NEWEST: &str = "SELECT id, version, answer_status, answer_body, document, kind FROM payments
    WHERE merchant = $1 AND mode = $2 AND created_at >= $3 AND created_at < $4 AND kind <> 'verification'
    ORDER BY created_at DESC, id DESC LIMIT $5 OFFSET $6";
pub(super) const COUNT: &str = "SELECT COUNT(*) FROM payments
    WHERE merchant = $1 AND mode = $2 AND created_at >= $3 AND created_at < $4 AND kind <> 'verification'";
/// Nothing follows a payment that does not exist.
pub(super) const LIST: &str = "SELECT id, version, answer_status, answer_body, document, kind FROM payments
    WHERE merchant = $1 AND mode = $2 AND created_at >= $3 AND created_at < $4
        AND kind <> 'verification'
    ORDER BY created_at, id LIMIT $5";
pub(super) const LIST_AFTER: &str = "SELECT p.id, p.version, p.answer_status, p.answer_body, p.document, p.kind
    FROM payments p, (SELECT created_at, id FROM payments WHERE id = $6) after
    WHERE p.merchant = $1 AND p.mode = $2 AND p.created_at >= $3 AND p.created_at < $4
        AND (p.created_at, p.id) > (after.created_at, after.id) AND p.kind <> 'verification'
    ORDER BY p.created_at, p.id LIMIT $5";

/// The writer's statements.
pub(super) struct PaymentStatements {
    insert: Statement,
    update: Statement,
}

impl PaymentStatements {
    pub(super) async fn prepare(client: &Client) -> Result<PaymentStatements, Error> {
        let (insert, update) = tokio::try_join!(client.prepare(INSERT), client.prepare(UPDATE))?;
        Ok(PaymentStatements { insert, update })
    }

    /// Updates payments; returns the ids of those that had the version expected. In the order of ids.
    pub(super) async fn update(&self, client: &Client, mut writes: Vec<&PaymentWrite>) -> Result<HashSet<i64>, Error> {
        if writes.is_empty() {
            return Ok(HashSet::new());
        }
        writes.sort_unstable_by_key(|write| write.id);
        let ids = column(&writes, |write| write.id.number());
        let versions = column(&writes, |write| write.expected_version);
        let words = column(&writes, |write| write.word);
        let wake_ups = column(&writes, |write| write.wake_at);
        let documents = column(&writes, |write| write.document.as_str());
        let kinds = column(&writes, |write| document_text(write.kind));
        let (statuses, bodies) = answers(&writes);
        let parameters: &[&(dyn ToSql + Sync)] =
            &[&ids, &versions, &words, &wake_ups, &documents, &statuses, &bodies, &kinds];
        ids_of(&client.query(&self.update, parameters).await?)
    }

    /// Inserts payments; returns the ids of those that were free. In the order of ids.
    pub(super) async fn insert(&self, client: &Client, mut writes: Vec<&PaymentWrite>) -> Result<HashSet<i64>, Error> {
        if writes.is_empty() {
            return Ok(HashSet::new());
        }
        writes.sort_unstable_by_key(|write| write.id);
        let ids = column(&writes, |write| write.id.number());
        let merchants = column(&writes, |write| write.merchant);
        let modes = column(&writes, |write| mode_text(write.mode));
        let lanes = column(&writes, |write| write.lane);
        let words = column(&writes, |write| write.word);
        let times = column(&writes, |write| write.created_at);
        let wake_ups = column(&writes, |write| write.wake_at);
        let documents = column(&writes, |write| write.document.as_str());
        let kinds = column(&writes, |write| document_text(write.kind));
        let payers = column(&writes, |write| write.payer);
        let (statuses, bodies) = answers(&writes);
        let parameters: &[&(dyn ToSql + Sync)] = &[
            &ids, &merchants, &modes, &lanes, &words, &times, &wake_ups, &statuses, &bodies, &documents, &kinds,
            &payers,
        ];
        ids_of(&client.query(&self.insert, parameters).await?)
    }
}

fn column<'w, T>(writes: &[&'w PaymentWrite], value: impl Fn(&'w PaymentWrite) -> T) -> Vec<T> {
    writes.iter().map(|write| value(write)).collect()
}

fn answers<'w>(writes: &[&'w PaymentWrite]) -> (Vec<Option<i32>>, Vec<Option<&'w str>>) {
    let answers = writes.iter().map(|write| write.answer.as_ref());
    answers.map(|answer| (answer.map(|a| i32::from(a.status)), answer.map(|a| a.body.as_str()))).unzip()
}

fn ids_of(rows: &[Row]) -> Result<HashSet<i64>, Error> {
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// Reads a payment or withdrawal.
pub(super) fn read(row: &Row) -> Result<Stored, StoreError> {
    let (status, body) = (get::<Option<i32>>(row, 2)?, get::<Option<String>>(row, 3)?);
    let answer = match status.zip(body) {
        Some((status, body)) => Some(Answer { status: narrow(status)?, body }),
        None => None,
    };
    let transaction = query::read(kind(row, 5)?, get(row, 0)?, get(row, 4)?)?;
    Ok(Stored { transaction, version: get(row, 1)?, answer })
}

/// What a row's document is.
pub(super) fn kind(row: &Row, column: usize) -> Result<Kind, StoreError> {
    document_kind(get(row, column)?).ok_or_else(|| StoreError::Corrupt("a row is of no known kind".to_owned()))
}
