//! Finding a transaction, or an operation of one, by what some dialect prints (product document, "Ids").

use async_recursion::async_recursion as boxed;
use florin_kernel::payment::{Dialect, Seq};
use florin_kernel::public_id::Reference;
use florin_kernel::{Aggregate, Kind, Transaction};
use florin_store::StoreError;

use crate::Engine;
use crate::claims::{ClaimRequest, WITHOUT_OPERATION};
use crate::owner::Owner;

/// A transaction that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// It.
    pub transaction: Transaction,
    /// The operation or chargeback of it that was meant, if one was.
    pub part: Option<Seq>,
}

/// How printed ids look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IdForm {
    /// 15 characters: the cashier's.
    Base36,
    /// 32 hexadecimal digits: v3's.
    Hex,
    /// A decimal number: that of transaction services. It is claimed, not computed.
    Decimal,
}

impl IdForm {
    const ALL: [IdForm; 3] = [IdForm::Base36, IdForm::Hex, IdForm::Decimal];

    /// The form in which a dialect prints ids. Crypto prints none of these.
    fn of(dialect: Dialect) -> Option<IdForm> {
        match dialect {
            Dialect::Cashier => Some(IdForm::Base36),
            Dialect::V3 => Some(IdForm::Hex),
            Dialect::TransactionServices => Some(IdForm::Decimal),
            Dialect::Crypto => None,
        }
    }
}

impl Engine {
    /// What an owner means by a text: an id as the dialect prints it, one of its own references where it takes one there, an id as
    /// another dialect prints it, in this order. Another merchant's, and one of the other mode, is one that does not exist; so is a
    /// verification, except where it was made.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn find_printed(
        &self,
        owner: Owner,
        dialect: Dialect,
        text: &str,
        reference: Option<&ClaimRequest>,
    ) -> Result<Option<Found>, StoreError> {
        let found = self.find_shown(owner, dialect, text, reference).await?;
        Ok(found.filter(|found| match &found.transaction {
            Transaction::Payment(payment) => payment.kind() != Kind::Verification || payment.dialect == dialect,
            Transaction::Withdrawal(_) | Transaction::Coin(_) => true,
        }))
    }

    async fn find_shown(
        &self,
        owner: Owner,
        dialect: Dialect,
        text: &str,
        reference: Option<&ClaimRequest>,
    ) -> Result<Option<Found>, StoreError> {
        let own = IdForm::of(dialect);
        if let Some(form) = own
            && let Some(found) = self.find_in_form(owner, form, text).await?
        {
            return Ok(Some(found));
        }
        if let Some(request) = reference
            && let Some(newest) = self.referenced(owner, dialect, request, 1).await?.first()
        {
            return self.find_referenced(owner, *newest).await;
        }
        if dialect == Dialect::Crypto {
            return Ok(None);
        }
        for form in IdForm::ALL.into_iter().filter(|form| Some(*form) != own) {
            if let Some(found) = self.find_in_form(owner, form, text).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// A transaction of an owner, or a part of one that there is.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn find_referenced(&self, owner: Owner, reference: Reference) -> Result<Option<Found>, StoreError> {
        let part = match reference.sequence {
            0 | WITHOUT_OPERATION => None,
            sequence => Some(Seq::new(sequence)),
        };
        let found = self.find_transaction(owner, reference.payment).await?;
        let found = found.filter(|transaction| match (transaction, part) {
            (_, None) => true,
            (Transaction::Payment(payment), Some(seq)) => {
                payment.operation(seq).is_some() || payment.chargeback(seq).is_some()
            }
            (Transaction::Withdrawal(withdrawal), Some(seq)) => withdrawal.operation(seq).is_some(),
            // Refunds in coins are told in their own dialect.
            (Transaction::Coin(_), Some(_)) => false,
        });
        Ok(found.map(|transaction| Found { transaction, part }))
    }

    async fn find_in_form(&self, owner: Owner, form: IdForm, text: &str) -> Result<Option<Found>, StoreError> {
        let read = match form {
            IdForm::Base36 => self.codec.read_base36(text),
            IdForm::Hex => self.codec.read_hex(text),
            IdForm::Decimal => self.numbered(owner, text).await?,
        };
        match read.filter(|reference| reference.sequence != WITHOUT_OPERATION) {
            Some(reference) => self.find_referenced(owner, reference).await,
            None => Ok(None),
        }
    }
}
