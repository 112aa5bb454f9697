//! Sabotage: commits taken apart as careless code takes them apart. Never in the product build.

use florin_kernel::sabotage::{Defect, is_planted};
use florin_store::{Changeset, StoreError, Verdict};

use crate::Engine;

impl Engine {
    pub(crate) async fn write_badly(&self, mut changeset: Changeset) -> Result<Verdict, StoreError> {
        if is_planted(Defect::EventOutsideCommit) {
            let events = std::mem::take(&mut changeset.events);
            let verdict = self.store.commit(changeset).await?;
            if verdict == Verdict::Committed && !events.is_empty() {
                _ = self.store.commit(Changeset { events, ..Changeset::default() }).await;
            }
            return Ok(verdict);
        }
        if is_planted(Defect::SelectThenInsert) {
            let claims = std::mem::take(&mut changeset.claims);
            for claim in &claims {
                if let Some(first) = self.store.claim(claim.key).await? {
                    return Ok(Verdict::Duplicate(first));
                }
            }
            let verdict = self.store.commit(changeset).await?;
            if verdict == Verdict::Committed && !claims.is_empty() {
                _ = self.store.commit(Changeset { claims, ..Changeset::default() }).await;
            }
            return Ok(verdict);
        }
        self.store.commit(changeset).await
    }
}
