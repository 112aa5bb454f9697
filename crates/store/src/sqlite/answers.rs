//! Answers to requests about payments that were there already.

use florin_kernel::PaymentId;
use rusqlite::{Connection, OptionalExtension, Statement, params};

use crate::{Answer, AnswerWrite};

const INSERT: &str = "INSERT INTO answers (payment, sequence, at, status, body) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT DO NOTHING";
const SELECT: &str = "SELECT status, body FROM answers WHERE payment = ?1 AND sequence = ?2";

/// The writer's statements.
pub(super) struct AnswerWriter<'c> {
    insert: Statement<'c>,
}

impl<'c> AnswerWriter<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(AnswerWriter { insert: connection.prepare(INSERT)? })
    }

    /// Keeps an answer, unless there is one.
    pub(super) fn keep(&mut self, write: &AnswerWrite) -> rusqlite::Result<()> {
        let AnswerWrite { payment, sequence, at, answer } = write;
        let row = params![payment.number(), sequence, at.as_millisecond(), answer.status, answer.body];
        self.insert.execute(row).map(drop)
    }
}

/// The answer to a request about a payment.
pub(super) fn answer(connection: &Connection, payment: PaymentId, sequence: u16) -> rusqlite::Result<Option<Answer>> {
    let read = |row: &rusqlite::Row<'_>| Ok(Answer { status: row.get(0)?, body: row.get(1)? });
    connection.prepare_cached(SELECT)?.query_row(params![payment.number(), sequence], read).optional()
}
