//! Tries: payments that an invoice or a plan ordered. The one that ordered hears of their beginning and of their end in the
//! payment's own commit, so that neither can be true without the other.

use florin_kernel::payment::{LateMoney, Payment};
use florin_kernel::record::{OrderedBy, TryResult};
use florin_kernel::{InvoiceId, PlanId, Timestamp, invoice, plan};
use florin_store::{RecordWrite, StoreError};

use crate::Engine;
use crate::submit::Submitted;

/// Why whoever ordered a payment takes no try now. Nothing is written then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderRefusal {
    /// There is none, or it is another's.
    #[error("no such invoice or plan")]
    NotFound,
    /// The invoice says why.
    #[error(transparent)]
    Invoice(#[from] invoice::Refusal),
    /// The plan says why.
    #[error(transparent)]
    Plan(#[from] plan::Refusal),
}

/// Money that comes after a try has ended is an operator's to decide about, whatever the dialect's rule: another try may have been
/// paid meanwhile.
pub(crate) fn bind(payment: &mut Payment) {
    if payment.details.ordered_by.is_some() {
        payment.times.late = LateMoney::Suspense;
    }
}

impl Engine {
    /// What a payment that is about to be made changes of whoever ordered it: nothing where nobody did. Two tries at once
    /// expect the same version of it, so that one of them is a conflict.
    pub(crate) async fn ordered_begin(
        &self,
        payment: &Payment,
        now: Timestamp,
    ) -> Result<Result<Vec<RecordWrite>, OrderRefusal>, StoreError> {
        match payment.details.ordered_by {
            None => Ok(Ok(Vec::new())),
            Some(OrderedBy::Invoice(id)) => self.invoice_begin(id, payment, now).await,
            Some(OrderedBy::Plan(id)) => self.plan_begin(id, payment, now).await,
        }
    }

    /// What the end of a payment changes of whoever ordered it: nothing where nobody did, or where it has not just ended.
    pub(crate) async fn ordered_end<A: Submitted>(
        &self,
        before: &A,
        after: &A,
        now: Timestamp,
    ) -> Result<Vec<RecordWrite>, StoreError> {
        let (Some(before), Some(after)) = (before.as_payment(), after.as_payment()) else { return Ok(Vec::new()) };
        let Some(ordered_by) = after.details.ordered_by else { return Ok(Vec::new()) };
        let Some(result) = after.result().filter(|_| before.result().is_none()) else { return Ok(Vec::new()) };
        match ordered_by {
            OrderedBy::Invoice(id) => {
                let command = invoice::Command::Tried { payment: after.id, result };
                self.invoice_end(id, command, now).await
            }
            OrderedBy::Plan(id) => {
                count_charge(&result);
                self.plan_end(id, plan::Command::Tried { payment: after.id, result }, now).await
            }
        }
    }

    async fn invoice_begin(
        &self,
        id: InvoiceId,
        payment: &Payment,
        now: Timestamp,
    ) -> Result<Result<Vec<RecordWrite>, OrderRefusal>, StoreError> {
        let loaded = self.load_record::<invoice::Invoice>(id.record()).await?;
        let theirs = |invoice: &invoice::Invoice| {
            (invoice.merchant, invoice.mode, invoice.dialect) == (payment.merchant, payment.mode, payment.dialect)
        };
        let Some((invoice, version)) = loaded.filter(|(invoice, _)| theirs(invoice)) else {
            return Ok(Err(OrderRefusal::NotFound));
        };
        let command = invoice::Command::Begin { payment: payment.id, asked: payment.asked };
        Ok(match invoice::decide(&invoice, command, now) {
            Ok(decision) => Ok(self.invoice_writes(decision, Some(version), now)),
            Err(refusal) => Err(refusal.into()),
        })
    }

    async fn invoice_end(
        &self,
        id: InvoiceId,
        command: invoice::Command,
        now: Timestamp,
    ) -> Result<Vec<RecordWrite>, StoreError> {
        let Some((invoice, version)) = self.load_record::<invoice::Invoice>(id.record()).await? else {
            return Err(StoreError::Corrupt(format!("{id} ordered a payment and is missing")));
        };
        let decision = invoice::decide(&invoice, command, now).map_err(|refusal| {
            // The end of a try is always taken; the decision has no way to say no to it.
            StoreError::Corrupt(format!("{id}: {refusal}"))
        })?;
        if decision.invoice == invoice {
            return Ok(Vec::new());
        }
        Ok(self.invoice_writes(decision, Some(version), now))
    }

    async fn plan_begin(
        &self,
        id: PlanId,
        payment: &Payment,
        now: Timestamp,
    ) -> Result<Result<Vec<RecordWrite>, OrderRefusal>, StoreError> {
        let loaded = self.load_record::<plan::Plan>(id.record()).await?;
        let theirs = |plan: &plan::Plan| {
            (plan.merchant, plan.mode, plan.dialect) == (payment.merchant, payment.mode, payment.dialect)
        };
        let Some((plan, version)) = loaded.filter(|(plan, _)| theirs(plan)) else {
            return Ok(Err(OrderRefusal::NotFound));
        };
        let command = plan::Command::Begin { payment: payment.id, asked: payment.asked };
        Ok(match plan::decide(&plan, command, now) {
            Ok(after) => Ok(vec![RecordWrite::update(&after, version)]),
            Err(refusal) => Err(refusal.into()),
        })
    }

    async fn plan_end(
        &self,
        id: PlanId,
        command: plan::Command,
        now: Timestamp,
    ) -> Result<Vec<RecordWrite>, StoreError> {
        let Some((plan, version)) = self.load_record::<plan::Plan>(id.record()).await? else {
            return Err(StoreError::Corrupt(format!("{id} ordered a payment and is missing")));
        };
        let after = plan::decide(&plan, command, now).map_err(|refusal| {
            // The end of a charge is always taken; the decision has no way to say no to it.
            StoreError::Corrupt(format!("{id}: {refusal}"))
        })?;
        Ok(if after == plan { Vec::new() } else { vec![RecordWrite::update(&after, version)] })
    }
}

fn count_charge(result: &TryResult) {
    let word = match result {
        TryResult::Paid => "paid",
        TryResult::Declined(_) => "declined",
        TryResult::Failed => "failed",
        TryResult::GivenUp => "given_up",
    };
    metrics::counter!("florin_plan_charges_total", "result" => word).increment(1);
}
