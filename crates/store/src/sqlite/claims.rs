//! Claims: keys taken for good, in two tables.
//!
//! A key is a digest, so in a table ordered by key each new one lands on a page of its own, and every commit would write 4 KiB
//! a claim. A claim is therefore first appended to `fresh_claims`, whose rows are also in memory ([`FreshClaims`]). Once they
//! are many they are settled: moved into `claims` in the order of their keys, so that a page takes several, and then trimmed
//! from the other table; a few of them with every batch.

use std::collections::HashMap;
use std::sync::Arc;

use florin_kernel::PaymentId;
use rusqlite::{Connection, OptionalExtension, Row, Statement, params};

use super::rows::time;
use crate::Claim;
use fresh::{FreshClaim, FreshClaims};
use settling::{Settling, Step};

pub(super) mod fresh;
mod settling;
#[cfg(test)]
mod tests;

const APPEND: &str = "INSERT INTO fresh_claims (id, key, digest, payment, sequence, at, expires)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const SELECT: &str = "SELECT key, digest, payment, sequence, at, expires FROM claims WHERE key = ?1";
/// Slow, for who has not the rows in memory.
const SELECT_FRESH: &str = "SELECT key, digest, payment, sequence, at, expires FROM fresh_claims WHERE key = ?1";

/// The writer's statements, and what the transaction under way does.
pub(super) struct ClaimWriter<'c> {
    append: Statement<'c>,
    select: Statement<'c>,
    settling: Settling<'c>,
    fresh: Arc<FreshClaims>,
    /// The last row's id in `fresh_claims`, of those on disk.
    last_id: i64,
    /// Taken in the transaction under way, in order, and their places by key.
    taken: Vec<Claim>,
    places: HashMap<[u8; 16], usize>,
    /// How many were taken before the changeset under way.
    before: usize,
    /// What the transaction under way settles.
    step: Step,
}

impl<'c> ClaimWriter<'c> {
    pub(super) fn prepare(connection: &'c Connection, fresh: Arc<FreshClaims>) -> rusqlite::Result<Self> {
        Ok(ClaimWriter {
            append: connection.prepare(APPEND)?,
            select: connection.prepare(SELECT)?,
            settling: Settling::prepare(connection)?,
            last_id: fresh.last_id(),
            fresh,
            taken: Vec::new(),
            places: HashMap::new(),
            before: 0,
            step: Step::Nothing,
        })
    }

    /// Takes a key, or tells what has it.
    pub(super) fn take(&mut self, claim: &Claim) -> rusqlite::Result<Option<Claim>> {
        if let Some(first) = self.find(&claim.key)? {
            return Ok(Some(first));
        }
        let (id, at) = (self.last_id + 1 + self.taken.len() as i64, claim.at.as_millisecond());
        let payment = claim.payment.number();
        self.append.execute(params![id, claim.key, claim.digest, payment, claim.sequence, at, claim.expires])?;
        self.places.insert(claim.key, self.taken.len());
        self.taken.push(*claim);
        Ok(None)
    }

    fn find(&mut self, key: &[u8; 16]) -> rusqlite::Result<Option<Claim>> {
        if let Some(place) = self.places.get(key) {
            return Ok(Some(self.taken[*place]));
        }
        if let Some(claim) = self.fresh.find(key) {
            return Ok(Some(claim));
        }
        self.select.query_row([key], read).optional()
    }

    /// Settles a few, before the commit.
    pub(super) fn end_batch(&mut self) -> rusqlite::Result<()> {
        self.step = self.settling.go_on(&self.fresh, self.last_id, self.taken.len())?;
        Ok(())
    }

    /// The transaction is on disk.
    pub(super) fn committed(&mut self) {
        // First, since a key of its generation may have been purged meanwhile and taken anew in this very transaction.
        self.settling.committed(std::mem::take(&mut self.step), &self.fresh);
        let first_id = self.last_id + 1;
        self.last_id += self.taken.len() as i64;
        let taken = self.taken.drain(..).zip(first_id..);
        self.fresh.add(taken.map(|(claim, id)| FreshClaim { id, claim }));
        self.places.clear();
    }

    /// A changeset begins that may be rolled back alone.
    pub(super) fn begin_changeset(&mut self) {
        self.before = self.taken.len();
    }

    /// The changeset was rolled back.
    pub(super) fn forget_changeset(&mut self) {
        for claim in self.taken.drain(self.before..) {
            self.places.remove(&claim.key);
        }
    }

    /// The transaction was rolled back.
    pub(super) fn forget(&mut self) {
        self.taken.clear();
        self.places.clear();
        self.step = Step::Nothing;
    }
}

/// What has a key, for a reader that asked [`FreshClaims`] before.
pub(super) fn settled(connection: &Connection, key: [u8; 16]) -> rusqlite::Result<Option<Claim>> {
    connection.prepare_cached(SELECT)?.query_row([key], read).optional()
}

/// What has a key, for a reader beside another process.
pub(super) fn claim(connection: &Connection, key: [u8; 16]) -> rusqlite::Result<Option<Claim>> {
    match settled(connection, key)? {
        Some(claim) => Ok(Some(claim)),
        None => connection.prepare_cached(SELECT_FRESH)?.query_row([key], read).optional(),
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Claim> {
    Ok(Claim {
        key: row.get("key")?,
        digest: row.get("digest")?,
        payment: PaymentId::from_number(row.get("payment")?),
        sequence: row.get("sequence")?,
        at: time(row.get("at")?)?,
        expires: row.get("expires")?,
    })
}
