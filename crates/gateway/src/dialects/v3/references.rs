//! A merchant's references and keys as the engine's claims (contract, section 9).
//!
//! A reference belongs to an entity and an operation; keys belong to the credential.

use florin_engine::{ClaimRequest, Reuse};
use florin_kernel::payment::Dialect;
use florin_kernel::{CredentialId, Transaction};

use super::auth::Caller;
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
}

/// A reference's claim for an order; every transaction that orders act on has references of its own for each kind.
pub fn of_order(caller: &Caller, kind: &str, target: &str, text: &str) -> ClaimRequest {
    let entity = &caller.entity;
    ClaimRequest::reference(text).within(format!("{entity} {kind} {target}")).reused(reuse(caller))
}

/// A reference's claim.
pub fn claim(caller: &Caller, operation: Operation, text: &str) -> ClaimRequest {
    let operation = match operation {
        Operation::Initial => "initial",
    };
    ClaimRequest::reference(text).within(format!("{} {operation}", caller.entity)).reused(reuse(caller))
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

/// Everything begun under a reference, newest first.
pub async fn begun(state: &V3State, caller: &Caller, reference: &str) -> Result<Vec<Transaction>, Problem> {
    let (owner, claim) = (caller.owner(), claim(caller, Operation::Initial, reference));
    let mut begun = Vec::new();
    for made in state.engine.referenced(owner, Dialect::V3, &claim, FOUND_MAX).await? {
        begun.extend(state.engine.find_transaction(owner, made.payment).await?);
    }
    Ok(begun)
}
