//! An operator says what became of an operation whose provider gives no clear answer. It enters by the one door that providers' words
//! enter by, as a report that names who said so and why; the kernel takes it about an unknown operation only.

use std::sync::Arc;

use florin_kernel::payment::{Approval, Dialect, Outcome, Payment, Report, Resolution, Seq};
use florin_kernel::ports::Lane;
use florin_kernel::withdrawal::Withdrawal;
use florin_kernel::{PaymentId, Transaction};
use florin_store::StoreError;

use super::ordered::named;
use super::{Ordered, Scope};
use crate::audit::Who;
use crate::calls::Calls;
use crate::claims::Claimant;
use crate::operate::{Claimed, Wanted};
use crate::owner::Owner;
use crate::submit::{SubmitError, Submitted};
use crate::{Boxed, Engine};

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was done: money moved, and is booked.
    Succeeded {
        /// The provider's own id of it, where it is known.
        provider_id: String,
    },
    /// It was surely not done. Should the provider say otherwise later, the money is in suspense.
    Failed,
}

/// What an operator says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// About which operation.
    pub seq: Seq,
    /// What became of it.
    pub verdict: Verdict,
    /// Who says so.
    pub who: Who,
    /// How it is known.
    pub reason: String,
}

impl Engine {
    /// Takes an operator's word about an unknown operation of a scope.
    ///
    /// # Errors
    /// [`SubmitError`]: there is no such transaction, or the operation is not unknown (any more); nothing is written then.
    pub fn office_resolve(
        self: &Arc<Self>,
        scope: Scope,
        id: PaymentId,
        resolved: Resolved,
    ) -> Boxed<'_, Result<Transaction, SubmitError>> {
        Box::pin(async move {
            if self.is_draining() {
                return Err(SubmitError::Draining);
            }
            let transaction = self.office_transaction(scope, id).await?.ok_or(SubmitError::NotFound)?;
            let owner = scope.owner(&transaction).ok_or(SubmitError::NotFound)?;
            match transaction {
                Transaction::Payment(_) => self.resolve::<Payment>(owner, id, resolved).await,
                Transaction::Withdrawal(_) => self.resolve::<Withdrawal>(owner, id, resolved).await,
                // Its chain alone says what became of coins.
                Transaction::Coin(_) => Err(SubmitError::NotFound),
            }
        })
    }

    /// In a task of its own: somebody who hangs up does not stop what follows.
    async fn resolve<A: Submitted>(
        self: &Arc<Self>,
        owner: Owner,
        id: PaymentId,
        resolved: Resolved,
    ) -> Result<Transaction, SubmitError> {
        let at = self.now(Lane::of(owner.merchant, owner.mode));
        let (seq, by) = (resolved.seq, ordered(&resolved));
        let command = A::answered(seq, report(resolved, at), None);
        let engine = self.clone();
        let task = self.tasks.spawn(async move {
            let mut taking = engine.taking(Claimant { owner, dialect: Dialect::Cashier }, &[], [0; 16]);
            let wanted = Wanted { command: &command, echo: "", promised: None, by: Some(&by) };
            match engine.commit_claiming::<A>(owner, id, wanted, &mut taking, None).await? {
                Claimed::Committed { changes, .. } => {
                    let performed = engine.perform(changes, Calls::default(), None).await?;
                    Ok((*performed.transaction).into_transaction())
                }
                Claimed::Before(_) => unreachable!("nothing is claimed"),
            }
        });
        task.await.map_err(|panic| SubmitError::Store(StoreError::Unavailable(panic.to_string())))?
    }
}

/// What the audit log tells of it.
fn ordered(resolved: &Resolved) -> Ordered {
    let (action, provider_id) = match &resolved.verdict {
        Verdict::Succeeded { provider_id } => ("payment.resolved_as_done", provider_id.clone()),
        Verdict::Failed => ("payment.resolved_as_not_done", String::new()),
    };
    let fields = [
        ("operation", resolved.seq.number().to_string()),
        ("provider_id", provider_id),
        ("reason", resolved.reason.clone()),
    ];
    Ordered::new(resolved.who.clone(), action, &fields)
}

fn report(resolved: Resolved, at: florin_kernel::Timestamp) -> Report {
    let outcome = match resolved.verdict {
        Verdict::Succeeded { provider_id } => Outcome::Approved(Approval { provider_id, ..Approval::default() }),
        Verdict::Failed => Outcome::NotSent,
    };
    let resolution = Resolution { by: named(&resolved.who), reason: resolved.reason, at };
    Report { outcome, authentication: None, resolution: Some(Box::new(resolution)) }
}
