//! Claims: keys taken for good.

use florin_kernel::PaymentId;
use rusqlite::{Connection, OptionalExtension, Row, Statement, params};

use super::rows::time;
use crate::Claim;

const INSERT: &str = "INSERT INTO claims (key, digest, payment, sequence, at, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT DO NOTHING";
const SELECT: &str = "SELECT key, digest, payment, sequence, at, expires FROM claims WHERE key = ?1";

/// The writer's statements.
pub(super) struct ClaimWriter<'c> {
    insert: Statement<'c>,
    select: Statement<'c>,
}

impl<'c> ClaimWriter<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(ClaimWriter { insert: connection.prepare(INSERT)?, select: connection.prepare(SELECT)? })
    }

    /// Takes a key, or tells what has it.
    pub(super) fn take(&mut self, claim: &Claim) -> rusqlite::Result<Option<Claim>> {
        let at = claim.at.as_millisecond();
        let row = params![claim.key, claim.digest, claim.payment.number(), claim.sequence, at, claim.expires];
        if self.insert.execute(row)? == 1 {
            return Ok(None);
        }
        self.select.query_row([claim.key], read).map(Some)
    }
}

/// What has a key.
pub(super) fn claim(connection: &Connection, key: [u8; 16]) -> rusqlite::Result<Option<Claim>> {
    connection.prepare_cached(SELECT)?.query_row([key], read).optional()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Claim> {
    Ok(Claim {
        key: row.get(0)?,
        digest: row.get(1)?,
        payment: PaymentId::from_number(row.get(2)?),
        sequence: row.get(3)?,
        at: time(row.get(4)?)?,
        expires: row.get(5)?,
    })
}
