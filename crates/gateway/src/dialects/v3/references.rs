//! A merchant's references and keys as the engine's claims (contract, section 9).
//!
//! A reference belongs to an entity and an operation; keys belong to the credential.

use florin_engine::{ClaimRequest, Reuse};
use florin_kernel::payment::{Dialect, Payment};
use florin_kernel::{CredentialId, Timestamp, Transaction};

use super::auth::Caller;
use super::checkout;
use super::errors::Problem;
use super::settings::References;
use super::state::V3State;

/// So many payments are found under one reference.
pub const FOUND_MAX: usize = 100;

/// What a reference is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// An initial payment.
    Initial,
    /// A stored card.
    Registration,
    /// A checkout.
    Checkout,
}

/// Within what references of an entity stand, orders included: where people look for one.
pub fn scopes(entity: &str) -> [String; 3] {
    [Operation::Initial.within(entity), Operation::Checkout.within(entity), within_orders(entity)]
}

fn within_orders(entity: &str) -> String {
    format!("{entity} order")
}

impl Operation {
    fn within(self, entity: &str) -> String {
        let word = match self {
            Operation::Initial => "initial",
            Operation::Registration => "registration",
            Operation::Checkout => "checkout",
        };
        format!("{entity} {word}")
    }
}

/// A reference's claim for an order; every transaction that orders act on has references of its own for each kind.
pub fn of_order(caller: &Caller, kind: &str, target: &str, text: &str) -> ClaimRequest {
    let entity = &caller.entity;
    ClaimRequest::reference(text).within(format!("{entity} {kind} {target}")).reused(reuse(caller))
}

/// By which an order is found, whatever it acts on; it keeps nobody from using the reference again.
pub fn of_orders(caller: &Caller, text: &str) -> ClaimRequest {
    ClaimRequest::reference(text).within(within_orders(&caller.entity)).reused(Reuse::Always)
}

/// A reference's claim.
pub fn claim(caller: &Caller, operation: Operation, text: &str) -> ClaimRequest {
    ClaimRequest::reference(text).within(operation.within(&caller.entity)).reused(reuse(caller))
}

/// A checkout's reference: free again once all its checkouts ended without money.
pub fn of_checkout(caller: &Caller, text: &str) -> ClaimRequest {
    let reuse = match caller.settings.merchant_transaction_id {
        References::Unique | References::Retry => Reuse::Reopened,
        References::Free => Reuse::Always,
    };
    claim(caller, Operation::Checkout, text).reused(reuse)
}

fn reuse(caller: &Caller) -> Reuse {
    match caller.settings.merchant_transaction_id {
        References::Unique => Reuse::Never,
        References::Retry => Reuse::AfterFailure,
        References::Free => Reuse::Always,
    }
}

/// An `Idempotency-Key`'s claim.
pub fn key_claim(credential: CredentialId, text: &str) -> ClaimRequest {
    ClaimRequest::idempotency_key(text).within(credential.number().to_string())
}

/// Everything begun under a reference, newest first. A checkout is begun when its payer has tried to pay; one that only stores a
/// card is no payment.
pub async fn begun(state: &V3State, caller: &Caller, reference: &str) -> Result<Vec<Transaction>, Problem> {
    let mut begun = Vec::new();
    for operation in [Operation::Initial, Operation::Checkout] {
        let (owner, claim) = (caller.owner(), claim(caller, operation, reference));
        for made in state.engine.referenced(owner, Dialect::V3, &claim, FOUND_MAX).await? {
            begun.extend(state.engine.find_transaction(owner, made.payment).await?);
        }
    }
    begun.retain(|transaction| match transaction {
        Transaction::Payment(payment) => !payment.operations.is_empty() && !checkout::is_registration(payment),
        Transaction::Withdrawal(_) | Transaction::Coin(_) => true,
    });
    begun.sort_by_key(|transaction| std::cmp::Reverse(begun_at(transaction)));
    begun.truncate(FOUND_MAX);
    Ok(begun)
}

/// Captures, refunds and reversals that were ordered under a reference, oldest first: the payment and the operation's number.
pub async fn ordered(state: &V3State, caller: &Caller, reference: &str) -> Result<Vec<(Payment, u16)>, Problem> {
    let (owner, claim) = (caller.owner(), of_orders(caller, reference));
    let mut ordered = Vec::new();
    for made in state.engine.referenced(owner, Dialect::V3, &claim, FOUND_MAX).await?.into_iter().rev() {
        let found = state.engine.find_transaction(owner, made.payment).await?;
        ordered.extend(found.and_then(Transaction::payment).map(|payment| (payment, made.sequence)));
    }
    Ok(ordered)
}

/// When it was begun; of the same moment the later number.
fn begun_at(transaction: &Transaction) -> (Timestamp, i64) {
    match transaction {
        Transaction::Payment(payment) => (payment.created_at, payment.id.number()),
        Transaction::Withdrawal(withdrawal) => (withdrawal.created_at, withdrawal.id.number()),
        Transaction::Coin(coin) => (coin.created_at, coin.id.number()),
    }
}
