//! A merchant's references and keys as the engine's claims (contract, section 9).
//!
//! A reference belongs to an entity and an operation. Where the credential lets a reference be used again, every payment under it
//! takes the next of its slots, so that all of them are found again without an index of their own.

use florin_engine::{ClaimKind, ClaimRequest};
use florin_kernel::payment::{Dialect, Payment};
use florin_kernel::{CredentialId, Timestamp, Transaction};

use super::auth::Caller;
use super::errors::Problem;
use super::state::V3State;

/// So many payments are found under one reference.
pub const SLOTS_MAX: u32 = 100;

/// What a reference is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// An initial payment.
    Initial,
    /// A checkout.
    Checkout,
}

/// A reference's claim for the payment in one of its slots, counted from 1.
pub fn claim(entity: &str, operation: Operation, slot: u32, text: &str) -> ClaimRequest {
    let operation = match operation {
        Operation::Initial => "initial",
        Operation::Checkout => "checkout",
    };
    ClaimRequest { kind: ClaimKind::Reference, text: format!("{entity} {operation} {slot} {text}") }
}

/// An `Idempotency-Key`'s claim; keys belong to the credential.
pub fn key_claim(credential: CredentialId, text: &str) -> ClaimRequest {
    ClaimRequest { kind: ClaimKind::IdempotencyKey, text: format!("{} {text}", credential.number()) }
}

/// The payment or payout that a claim's text was used for.
pub async fn transaction(state: &V3State, caller: &Caller, claim: &str) -> Result<Option<Transaction>, Problem> {
    let owner = caller.owner();
    let found = state.engine.find_reference(owner.merchant, owner.mode, Dialect::V3, claim).await?;
    match found {
        Some(id) => Ok(state.engine.find_transaction(owner, id).await?),
        None => Ok(None),
    }
}

/// As [`transaction`], where it is a payment.
pub async fn payment(state: &V3State, caller: &Caller, claim: &str) -> Result<Option<Payment>, Problem> {
    Ok(transaction(state, caller, claim).await?.and_then(Transaction::payment))
}

/// Everything begun under a reference, newest first. A checkout is begun when its payer has tried to pay.
pub async fn begun(state: &V3State, caller: &Caller, reference: &str) -> Result<Vec<Transaction>, Problem> {
    let mut found = Vec::new();
    for operation in [Operation::Initial, Operation::Checkout] {
        for slot in 1..=SLOTS_MAX {
            let text = claim(&caller.entity, operation, slot, reference).text;
            match transaction(state, caller, &text).await? {
                Some(transaction) => found.push(transaction),
                None => break,
            }
        }
    }
    found.retain(|transaction| match transaction {
        Transaction::Payment(payment) => !payment.operations.is_empty(),
        Transaction::Withdrawal(_) => true,
    });
    found.sort_by_key(|transaction| std::cmp::Reverse(begun_at(transaction)));
    Ok(found)
}

/// When it was begun; of the same moment the later number.
fn begun_at(transaction: &Transaction) -> (Timestamp, i64) {
    match transaction {
        Transaction::Payment(payment) => (payment.created_at, payment.id.number()),
        Transaction::Withdrawal(withdrawal) => (withdrawal.created_at, withdrawal.id.number()),
    }
}
