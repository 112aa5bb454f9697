//! An operator says what became of an operation whose provider gives no clear answer. It enters by the one door that providers' words
//! enter by, as a report that names who said so and why; the kernel takes it about an unknown operation only.

use std::sync::Arc;

use florin_kernel::payment::{Approval, Command, Outcome, Payment, Report, Resolution, Seq};
use florin_kernel::ports::Lane;
use florin_kernel::withdrawal::{self, Withdrawal};
use florin_kernel::{Asking, PaymentId, Transaction};

use super::Scope;
use crate::Engine;
use crate::submit::SubmitError;

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
    /// Who says so, as the audit log names them.
    pub by: String,
    /// How it is known.
    pub reason: String,
}

impl Engine {
    /// Takes an operator's word about an unknown operation of a scope.
    ///
    /// # Errors
    /// [`SubmitError`]: there is no such transaction, or the operation is not unknown (any more); nothing is written then.
    pub async fn office_resolve(
        self: &Arc<Self>,
        scope: Scope,
        id: PaymentId,
        resolved: Resolved,
    ) -> Result<Transaction, SubmitError> {
        if self.is_draining() {
            return Err(SubmitError::Draining);
        }
        let transaction = self.office_transaction(scope, id).await?.ok_or(SubmitError::NotFound)?;
        let owner = scope.owner(&transaction).ok_or(SubmitError::NotFound)?;
        let Resolved { seq, verdict, by, reason } = resolved;
        let outcome = match verdict {
            Verdict::Succeeded { provider_id } => Outcome::Approved(Approval { provider_id, ..Approval::default() }),
            Verdict::Failed => Outcome::NotSent,
        };
        let at = self.now(Lane::of(owner.merchant, owner.mode));
        let report =
            Report { outcome, authentication: None, resolution: Some(Box::new(Resolution { by, reason, at })) };
        match transaction {
            Transaction::Payment(_) => {
                let command: Command = Payment::answered(seq, report, None);
                self.submit_always::<Payment>(id, command).await.map(Transaction::Payment)
            }
            Transaction::Withdrawal(_) => {
                let command: withdrawal::Command = Withdrawal::answered(seq, report, None);
                let withdrawal = self.submit_always::<Withdrawal>(id, command).await?;
                Ok(Transaction::Withdrawal(Box::new(withdrawal)))
            }
            // Its chain alone says what became of coins.
            Transaction::Coin(_) => Err(SubmitError::NotFound),
        }
    }
}
