//! A transaction as a line of a list.

use florin_kernel::card::CardSummary;
use florin_kernel::payment::{Dialect, Operation};
use florin_kernel::routing::{Method, ProviderId};
use florin_kernel::{Kind, MerchantId, Money, PaymentId, Timestamp, Transaction};
use florin_store::office::Place;

/// A transaction as a line of a list. Of a card first six and last four digits, nothing more.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Its id.
    pub id: PaymentId,
    /// What it is.
    pub kind: Kind,
    /// Whose.
    pub merchant: MerchantId,
    /// The API it was made in.
    pub dialect: Dialect,
    /// When it was made, by its merchant's clock.
    pub created_at: Timestamp,
    /// Where it stands, as rows write it.
    pub word: &'static str,
    /// What was asked for.
    pub asked: Money,
    /// How it was paid, or was last tried to be.
    pub method: Option<Method>,
    /// The provider asked last.
    pub provider: Option<ProviderId>,
    /// Its display name when it was asked.
    pub provider_name: String,
    /// What may be shown of the card used last.
    pub card: Option<CardSummary>,
    /// The merchant's reference.
    pub reference: String,
    /// The merchant's id of the payer.
    pub payer: String,
    /// The payer's e-mail address.
    pub email: String,
}

impl Summary {
    /// Of a transaction.
    pub fn of(transaction: &Transaction) -> Summary {
        let details = transaction.details();
        let last = last_asked(transaction);
        let means = last.and_then(|operation| operation.means.as_ref());
        let (asked, dialect, method) = match transaction {
            Transaction::Payment(payment) => (payment.asked, payment.dialect, means.map(|means| means.method)),
            Transaction::Withdrawal(withdrawal) => {
                let method = withdrawal.plan.as_ref().map(|plan| plan.destination.method);
                (withdrawal.asked, withdrawal.dialect, method)
            }
            Transaction::Coin(coin) => (coin.price.invoice, coin.dialect, Some(Method::Crypto)),
        };
        let route = last.map(|operation| &operation.route);
        let card = match transaction {
            Transaction::Payment(_) | Transaction::Coin(_) => means.and_then(|means| means.card.clone()),
            Transaction::Withdrawal(withdrawal) => {
                withdrawal.plan.as_ref().and_then(|plan| plan.destination.card.clone())
            }
        };
        Summary {
            id: transaction.id(),
            kind: transaction.kind(),
            merchant: transaction.merchant(),
            dialect,
            created_at: transaction.created_at(),
            word: transaction.word_text(),
            asked,
            method,
            provider: route.map(|route| route.provider),
            provider_name: route.map(|route| route.name.clone()).unwrap_or_default(),
            card,
            reference: details.reference.clone(),
            payer: details.payer.user_id.clone(),
            email: details.payer.email.clone(),
        }
    }

    /// Where it stands in a list.
    pub fn place(&self) -> Place {
        Place { at_ms: self.created_at.as_millisecond(), id: self.id }
    }
}

/// What a provider was asked last for its money: an attempt, or a payout.
pub(super) fn last_asked(transaction: &Transaction) -> Option<&Operation> {
    match transaction {
        Transaction::Payment(payment) => payment.last_attempt(),
        Transaction::Withdrawal(withdrawal) => withdrawal.payout.as_ref(),
        Transaction::Coin(_) => None,
    }
}
