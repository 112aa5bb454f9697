//! The claims that are not settled yet, in memory: those of `fresh_claims` that are on disk. The writer changes them, readers ask.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use florin_kernel::Timestamp;
use rusqlite::{Connection, params};

use super::read;
use crate::Claim;

const ALL: &str = "SELECT id, key, digest, payment, sequence, at, expires FROM fresh_claims ORDER BY id";
const PURGE: &str = "DELETE FROM fresh_claims WHERE id IN
    (SELECT id FROM fresh_claims WHERE expires = 1 AND at < ?1 ORDER BY id LIMIT ?2) RETURNING id, key";

/// A claim and its row's id.
#[derive(Clone, Copy, Debug)]
pub(in crate::sqlite) struct FreshClaim {
    pub(super) id: i64,
    pub(super) claim: Claim,
}

/// By key.
pub(in crate::sqlite) struct FreshClaims {
    /// How many may wait before they are settled.
    pub(super) many: usize,
    by_key: RwLock<HashMap<[u8; 16], FreshClaim>>,
}

impl FreshClaims {
    /// Reads what an earlier process left.
    pub(in crate::sqlite) fn load(connection: &Connection, many: usize) -> rusqlite::Result<FreshClaims> {
        let mut rows = connection.prepare(ALL)?;
        let rows = rows.query_map([], |row| Ok(FreshClaim { id: row.get("id")?, claim: read(row)? }))?;
        let by_key = rows.map(|row| row.map(|fresh| (fresh.claim.key, fresh))).collect::<rusqlite::Result<_>>()?;
        Ok(FreshClaims { many, by_key: RwLock::new(by_key) })
    }

    pub(in crate::sqlite) fn find(&self, key: &[u8; 16]) -> Option<Claim> {
        self.here().get(key).map(|fresh| fresh.claim)
    }

    /// Deletes keys that were taken for a while only, and before a moment; at most `limit`. Also rows that are settled and not
    /// trimmed yet, which the next process would settle again. What a rollback brings back is deleted at another time.
    pub(in crate::sqlite) fn purge(
        &self,
        connection: &Connection,
        before: Timestamp,
        limit: usize,
    ) -> rusqlite::Result<usize> {
        let mut delete = connection.prepare_cached(PURGE)?;
        let gone =
            delete.query_map(params![before.as_millisecond(), limit as i64], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let gone = gone.collect::<rusqlite::Result<Vec<(i64, [u8; 16])>>>()?;
        let mut here = self.here_mut();
        for (id, key) in &gone {
            // The key of a settled row may have been taken anew.
            if here.get(key).is_some_and(|fresh| fresh.id == *id) {
                here.remove(key);
            }
        }
        Ok(gone.len())
    }

    pub(super) fn last_id(&self) -> i64 {
        self.here().values().map(|fresh| fresh.id).max().unwrap_or(0)
    }

    pub(super) fn are_many(&self) -> bool {
        self.here().len() >= self.many
    }

    /// Their keys in order.
    pub(super) fn keys(&self) -> Vec<[u8; 16]> {
        let mut keys: Vec<[u8; 16]> = self.here().keys().copied().collect();
        keys.sort_unstable();
        keys
    }

    pub(super) fn add(&self, claims: impl Iterator<Item = FreshClaim>) {
        self.here_mut().extend(claims.map(|fresh| (fresh.claim.key, fresh)));
    }

    pub(super) fn drop_keys(&self, keys: impl Iterator<Item = [u8; 16]>) {
        let mut here = self.here_mut();
        for key in keys {
            here.remove(&key);
        }
    }

    fn here(&self) -> RwLockReadGuard<'_, HashMap<[u8; 16], FreshClaim>> {
        self.by_key.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn here_mut(&self) -> RwLockWriteGuard<'_, HashMap<[u8; 16], FreshClaim>> {
        self.by_key.write().unwrap_or_else(PoisonError::into_inner)
    }
}
