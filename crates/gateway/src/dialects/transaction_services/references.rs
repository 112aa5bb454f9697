//! A member's references and keys as the engine's claims (contract, section 6). Purchases and payouts have spaces of their own.

use florin_engine::{ClaimRequest, Engine, Reuse};
use florin_kernel::payment::Dialect;

use super::auth::Caller;
use super::errors::Problem;
use super::settings::ReuseReference;

/// What a reference is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// Payments of every kind.
    Purchase,
    /// Payouts.
    Payout,
}

/// A reference's claim by a REST call.
pub fn claim(caller: &Caller, space: Space, text: &str) -> ClaimRequest {
    let word = match space {
        Space::Purchase => "purchase",
        Space::Payout => "payout",
    };
    let reuse = match caller.settings.reuse_reference {
        ReuseReference::Hosted | ReuseReference::Never => Reuse::Never,
        ReuseReference::All => Reuse::AfterFailure,
    };
    ClaimRequest::reference(text).within(format!("{} {word}", caller.settings.member_id)).reused(reuse)
}

/// A reference's claim by our page, where a person may try a failed one again.
pub fn of_page(caller: &Caller, text: &str) -> ClaimRequest {
    let reuse = match caller.settings.reuse_reference {
        ReuseReference::Hosted | ReuseReference::All => Reuse::Reopened,
        ReuseReference::Never => Reuse::Never,
    };
    claim(caller, Space::Purchase, text).reused(reuse)
}

/// An `Idempotency-Key`'s claim.
pub fn key_claim(caller: &Caller, text: &str) -> ClaimRequest {
    ClaimRequest::idempotency_key(text).within(caller.settings.member_id.as_str())
}

/// The claim of the space in which a reference was used, purchases first.
///
/// # Errors
/// [`Problem`] when the store cannot answer.
pub async fn taken(engine: &Engine, caller: &Caller, text: &str) -> Result<Option<ClaimRequest>, Problem> {
    for space in [Space::Purchase, Space::Payout] {
        let claim = claim(caller, space, text);
        if !engine.referenced(caller.owner(), Dialect::TransactionServices, &claim, 1).await?.is_empty() {
            return Ok(Some(claim));
        }
    }
    Ok(None)
}
