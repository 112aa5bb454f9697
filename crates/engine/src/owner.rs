//! Whose payment it is: the one place where a merchant's request meets a payment's owner, so that no dialect can forget it.

use async_recursion::async_recursion as boxed;
use florin_kernel::payment::{Mode, Payment};
use florin_kernel::sabotage::{Defect, is_planted};
use florin_kernel::{MerchantId, PaymentId, Transaction};
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

    pub(crate) fn owns(self, transaction: &Transaction) -> bool {
        let owner = Owner { merchant: transaction.merchant(), mode: transaction.mode() };
        self == owner || is_planted(Defect::MissingMerchantCheck)
    }
}

impl Engine {
    /// A payment of this owner; another's, and one of the other mode, answers exactly as one that does not exist.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn find(&self, owner: Owner, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        Ok(self.find_transaction(owner, id).await?.and_then(Transaction::payment))
    }

    /// As [`Engine::find`], a payment or a withdrawal.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn find_transaction(&self, owner: Owner, id: PaymentId) -> Result<Option<Transaction>, StoreError> {
        let stored = self.store.transaction(id).await?;
        Ok(stored.map(|stored| stored.transaction).filter(|transaction| owner.owns(transaction)))
    }
}
