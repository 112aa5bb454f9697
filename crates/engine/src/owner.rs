//! Whose payment it is: the one place where a merchant's request meets a payment's owner, so that no dialect can forget it.

use florin_kernel::payment::{Mode, Payment};
use florin_kernel::sabotage::{Defect, is_planted};
use florin_kernel::{MerchantId, PaymentId};
use florin_store::StoreError;

use crate::Engine;

/// Who asks: a merchant in a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The merchant.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
}

impl Owner {
    /// Who owns a payment.
    pub fn of(payment: &Payment) -> Owner {
        Owner { merchant: payment.merchant, mode: payment.mode }
    }

    fn owns(self, payment: &Payment) -> bool {
        self == Owner::of(payment) || is_planted(Defect::MissingMerchantCheck)
    }
}

impl Engine {
    /// A payment of this owner; another's, and one of the other mode, answers exactly as one that does not exist.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    pub async fn find(&self, owner: Owner, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        let stored = self.store.payment(id).await?;
        Ok(stored.map(|stored| stored.payment).filter(|payment| owner.owns(payment)))
    }
}
