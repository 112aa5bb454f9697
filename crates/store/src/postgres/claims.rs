//! Claims: keys taken for good.

use std::collections::{HashMap, HashSet};

use florin_kernel::PaymentId;
use tokio_postgres::{Client, Error, Row, Statement};

use super::rows::{bytes, get, narrow, time};
use crate::{Claim, StoreError};

/// A key.
pub(super) type Key = [u8; 16];

// A key that another transaction is about to take is waited for.
const INSERT: &str = "INSERT INTO claims (key, digest, payment, sequence, at, expires)
    SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::integer[], $5::bigint[], $6::boolean[])
    ON CONFLICT DO NOTHING RETURNING key";
pub(super) const SELECT: &str =
    "SELECT key, digest, payment, sequence, at, expires FROM claims WHERE key = ANY($1::bytea[])";

/// The writer's statements.
pub(super) struct ClaimStatements {
    insert: Statement,
    select: Statement,
}

impl ClaimStatements {
    pub(super) async fn prepare(client: &Client) -> Result<ClaimStatements, Error> {
        let (insert, select) = tokio::try_join!(client.prepare(INSERT), client.prepare(SELECT))?;
        Ok(ClaimStatements { insert, select })
    }

    /// Takes keys; returns those that were free. In the order of keys, so that writers wait for each other in one order.
    pub(super) async fn take(&self, client: &Client, mut claims: Vec<&Claim>) -> Result<HashSet<Key>, Error> {
        if claims.is_empty() {
            return Ok(HashSet::new());
        }
        claims.sort_unstable_by_key(|claim| claim.key);
        let keys: Vec<&[u8]> = claims.iter().map(|claim| &claim.key[..]).collect();
        let digests: Vec<&[u8]> = claims.iter().map(|claim| &claim.digest[..]).collect();
        let payments: Vec<i64> = claims.iter().map(|claim| claim.payment.number()).collect();
        let sequences: Vec<i32> = claims.iter().map(|claim| i32::from(claim.sequence)).collect();
        let times: Vec<i64> = claims.iter().map(|claim| claim.at.as_millisecond()).collect();
        let expires: Vec<bool> = claims.iter().map(|claim| claim.expires).collect();
        let rows = client.query(&self.insert, &[&keys, &digests, &payments, &sequences, &times, &expires]).await?;
        rows.iter().map(|row| row.try_get(0).map(|key: &[u8]| key.try_into().unwrap_or_default())).collect()
    }

    /// What has these keys.
    pub(super) async fn find(&self, client: &Client, keys: Vec<Key>) -> Result<HashMap<Key, Claim>, StoreError> {
        let keys: Vec<&[u8]> = keys.iter().map(|key| &key[..]).collect();
        let rows = client.query(&self.select, &[&keys]).await?;
        rows.iter().map(|row| read(row).map(|claim| (claim.key, claim))).collect()
    }
}

pub(super) fn read(row: &Row) -> Result<Claim, StoreError> {
    Ok(Claim {
        key: bytes(row, 0)?,
        digest: bytes(row, 1)?,
        payment: PaymentId::from_number(get(row, 2)?),
        sequence: narrow(get::<i32>(row, 3)?)?,
        at: time(row, 4)?,
        expires: get(row, 5)?,
    })
}
