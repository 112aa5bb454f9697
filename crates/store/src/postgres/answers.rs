//! Answers to requests about payments that were there already.

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::rows::{get, narrow};
use crate::{Answer, AnswerWrite, StoreError};

const INSERT: &str = "INSERT INTO answers (payment, sequence, at, status, body)
    SELECT * FROM unnest($1::bigint[], $2::integer[], $3::bigint[], $4::integer[], $5::text[])
    ON CONFLICT DO NOTHING";
pub(super) const SELECT: &str = "SELECT status, body FROM answers WHERE payment = $1 AND sequence = $2";

/// The writer's statements.
pub(super) struct AnswerStatements {
    insert: Statement,
}

impl AnswerStatements {
    pub(super) async fn prepare(client: &Client) -> Result<AnswerStatements, Error> {
        Ok(AnswerStatements { insert: client.prepare(INSERT).await? })
    }

    /// Keeps answers, unless there are some. In the order of payments, whose rows are locked by then.
    pub(super) async fn keep(&self, client: &Client, mut writes: Vec<&AnswerWrite>) -> Result<(), Error> {
        if writes.is_empty() {
            return Ok(());
        }
        writes.sort_unstable_by_key(|write| (write.payment, write.sequence));
        let payments: Vec<i64> = writes.iter().map(|write| write.payment.number()).collect();
        let sequences: Vec<i32> = writes.iter().map(|write| i32::from(write.sequence)).collect();
        let times: Vec<i64> = writes.iter().map(|write| write.at.as_millisecond()).collect();
        let statuses: Vec<i32> = writes.iter().map(|write| i32::from(write.answer.status)).collect();
        let bodies: Vec<&str> = writes.iter().map(|write| write.answer.body.as_str()).collect();
        let parameters: &[&(dyn ToSql + Sync)] = &[&payments, &sequences, &times, &statuses, &bodies];
        client.execute(&self.insert, parameters).await.map(drop)
    }
}

pub(super) fn read(row: &Row) -> Result<Answer, StoreError> {
    Ok(Answer { status: narrow(get::<i32>(row, 0)?)?, body: get(row, 1)? })
}
