//! Payments and withdrawals: rows whose document is the whole of one; the other columns are what is searched by.

use florin_kernel::{Kind, PaymentId};
use rusqlite::{Connection, OptionalExtension, Row, Statement, params};

use crate::changeset::KeptAs;
use crate::words::{document_kind, document_text, mode_text};
use crate::{Answer, NewestQuery, PayerQuery, PaymentQuery, PaymentWrite, StoreError, Stored, query};

const INSERT: &str = "INSERT INTO payments
    (id, version, merchant, mode, lane, word, created_at, wake_at, answer_status, answer_body, document, kind,
    payer)
    VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
    ON CONFLICT DO NOTHING";
const UPDATE: &str = "UPDATE payments SET version = version + 1, word = ?3, wake_at = ?4, document = ?5
    WHERE id = ?1 AND version = ?2";
/// Beside the others, which every payment goes through: what a row is hardly ever changes.
const BECOME: &str = "UPDATE payments SET version = version + 1, word = ?3, wake_at = ?4, document = ?5, kind = ?6
    WHERE id = ?1 AND version = ?2";
const UPDATE_ANSWERED: &str = "UPDATE payments
    SET version = version + 1, word = ?3, wake_at = ?4, document = ?5, answer_status = ?6, answer_body = ?7
    WHERE id = ?1 AND version = ?2";
const SELECT: &str = "SELECT id, version, answer_status, answer_body, document, kind FROM payments WHERE id = ?1";
const CREATED_AT: &str = "SELECT created_at FROM payments WHERE id = ?1";
const NEWEST: &str = "SELECT id, version, answer_status, answer_body, document, kind FROM payments
    WHERE merchant = ?1 AND mode = ?2 AND created_at >= ?3 AND created_at < ?4 AND kind <> 'verification'
    ORDER BY created_at DESC, id DESC LIMIT ?5 OFFSET ?6";
const COUNT: &str = "SELECT COUNT(*) FROM payments
    WHERE merchant = ?1 AND mode = ?2 AND created_at >= ?3 AND created_at < ?4 AND kind <> 'verification'";
const LIST: &str = "SELECT id, version, answer_status, answer_body, document, kind FROM payments
    WHERE merchant = ?1 AND mode = ?2 AND (created_at, id) > (?3, ?4) AND created_at < ?5
        AND kind <> 'verification'
    ORDER BY created_at, id LIMIT ?6";

const OF_PAYER: &str = "SELECT id, version, answer_status, answer_body, document, kind FROM payments
    WHERE payer = ?1 AND id > ?2 ORDER BY id LIMIT ?3";

/// The writer's statements.
pub(super) struct PaymentWriter<'c> {
    insert: Statement<'c>,
    update: Statement<'c>,
    become_another: Statement<'c>,
    update_answered: Statement<'c>,
}

impl<'c> PaymentWriter<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(PaymentWriter {
            insert: connection.prepare(INSERT)?,
            update: connection.prepare(UPDATE)?,
            become_another: connection.prepare(BECOME)?,
            update_answered: connection.prepare(UPDATE_ANSWERED)?,
        })
    }

    /// Inserts a payment; returns 0 rows if its id is taken.
    pub(super) fn insert(&mut self, write: &PaymentWrite) -> rusqlite::Result<usize> {
        let answer = write.answer.as_ref();
        self.insert.execute(params![
            write.id.number(),
            write.merchant,
            mode_text(write.mode),
            write.lane,
            write.word,
            write.created_at,
            write.wake_at,
            answer.map(|answer| answer.status),
            answer.map(|answer| &answer.body),
            write.document,
            document_text(write.kind),
            write.payer,
        ])
    }

    /// Updates a payment; returns 0 rows if it has not the version expected.
    pub(super) fn update(&mut self, write: &PaymentWrite, version: i64) -> rusqlite::Result<usize> {
        let id = write.id.number();
        if write.kept_as == KeptAs::Another {
            let kind = document_text(write.kind);
            return self.become_another.execute(params![id, version, write.word, write.wake_at, write.document, kind]);
        }
        match &write.answer {
            None => self.update.execute(params![id, version, write.word, write.wake_at, write.document]),
            Some(Answer { status, body }) => self.update_answered.execute(params![
                id,
                version,
                write.word,
                write.wake_at,
                write.document,
                status,
                body
            ]),
        }
    }
}

/// A payment's row as it is, so that its document can be read on the caller's thread.
pub(super) struct RawPayment {
    id: i64,
    version: i64,
    answer: Option<Answer>,
    document: String,
    kind: Kind,
}

impl RawPayment {
    /// Reads the document.
    pub(super) fn read(self) -> Result<Stored, StoreError> {
        let transaction = query::read(self.kind, self.id, &self.document)?;
        Ok(Stored { transaction, version: self.version, answer: self.answer })
    }
}

/// One payment.
pub(super) fn payment(connection: &Connection, id: PaymentId) -> rusqlite::Result<Option<RawPayment>> {
    connection.prepare_cached(SELECT)?.query_row([id.number()], raw).optional()
}

/// A page of a merchant's payments. Nothing follows a payment that does not exist.
pub(super) fn list(connection: &Connection, query: PaymentQuery) -> rusqlite::Result<Vec<RawPayment>> {
    let from = (query.from.as_millisecond(), i64::MIN);
    let beyond = match query.after {
        None => from,
        Some(after) => {
            let created_at = connection.prepare_cached(CREATED_AT)?.query_row([after.number()], |row| row.get(0));
            let Some(created_at) = created_at.optional()? else { return Ok(Vec::new()) };
            from.max((created_at, after.number()))
        }
    };
    let merchant = query.merchant.number();
    let until = query.until.as_millisecond();
    let mut statement = connection.prepare_cached(LIST)?;
    let rows =
        statement.query_map(params![merchant, mode_text(query.mode), beyond.0, beyond.1, until, query.limit], raw)?;
    rows.collect()
}

/// A page of a merchant's payments, the newest first.
pub(super) fn newest(connection: &Connection, query: NewestQuery) -> rusqlite::Result<Vec<RawPayment>> {
    let NewestQuery { merchant, mode, from, until, skip, limit } = query;
    let (from, until) = (from.as_millisecond(), until.as_millisecond());
    let mut statement = connection.prepare_cached(NEWEST)?;
    let rows = statement.query_map(params![merchant.number(), mode_text(mode), from, until, limit, skip], raw)?;
    rows.collect()
}

/// How many there are on all pages.
pub(super) fn count(connection: &Connection, query: NewestQuery) -> rusqlite::Result<u64> {
    let NewestQuery { merchant, mode, from, until, .. } = query;
    let (from, until) = (from.as_millisecond(), until.as_millisecond());
    let counted = |row: &Row<'_>| row.get::<_, i64>(0).map(i64::unsigned_abs);
    connection.prepare_cached(COUNT)?.query_row(params![merchant.number(), mode_text(mode), from, until], counted)
}

/// A page of a payer's payments and withdrawals.
pub(super) fn of_payer(connection: &Connection, query: &PayerQuery) -> rusqlite::Result<Vec<RawPayment>> {
    let Some(payer) = query.number() else { return Ok(Vec::new()) };
    let mut statement = connection.prepare_cached(OF_PAYER)?;
    let rows = statement.query_map(params![payer, query.beyond(), query.limit], raw)?;
    rows.collect()
}

fn raw(row: &Row<'_>) -> rusqlite::Result<RawPayment> {
    let status: Option<u16> = row.get(2)?;
    let body: Option<String> = row.get(3)?;
    let answer = status.zip(body).map(|(status, body)| Answer { status, body });
    Ok(RawPayment { id: row.get(0)?, version: row.get(1)?, answer, document: row.get(4)?, kind: kind(row, 5)? })
}

/// What a row's document is.
pub(super) fn kind(row: &Row<'_>, column: usize) -> rusqlite::Result<Kind> {
    let text = row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?;
    document_kind(text).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, 0))
}
