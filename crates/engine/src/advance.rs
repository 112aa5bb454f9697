//! A person advances a merchant's test clock.

use async_recursion::async_recursion as boxed;
use florin_kernel::ports::Lane;
use florin_kernel::{MerchantId, Timestamp};
use florin_store::{Changeset, StoreError, Verdict};
use jiff::SignedDuration;
use serde_json::json;

use crate::Engine;
use crate::audit::{Note, TRIES_MAX, Who};

impl Engine {
    /// As [`Engine::advance_clock`], told in the audit log. The clocks have a write of their own, so the entry goes first: nothing is
    /// advanced untold.
    ///
    /// # Errors
    /// [`StoreError`]; the clock stays then.
    #[boxed]
    pub async fn advance_clock_as(
        &self,
        who: &Who,
        merchant: MerchantId,
        by: SignedDuration,
    ) -> Result<Timestamp, StoreError> {
        let now = self.now(Lane::Dev(merchant));
        let note = Note {
            action: "clock.advanced",
            object: format!("by {} s", by.as_secs()),
            merchant: Some(merchant),
            before: json!({"now": now}),
            after: json!({"now": now.checked_add(by).unwrap_or(now)}),
        };
        for _ in 0..TRIES_MAX {
            let audit = self.audit_rows(who, std::slice::from_ref(&note)).await?;
            match self.write(Changeset { audit, ..Changeset::default() }).await? {
                Verdict::Committed => return self.advance_clock(merchant, by).await,
                Verdict::Conflict => {}
                Verdict::Duplicate(_) | Verdict::BelowFloor { .. } => {
                    unreachable!("nothing is claimed and no floor is set")
                }
            }
        }
        Err(StoreError::Overloaded)
    }
}
