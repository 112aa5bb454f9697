//! Stored cards that a checkout offers: `registrations[n].id`. The payer's form is public, so none but these is ever charged by it.

use florin_engine::vault::StoredCard;
use florin_kernel::RegistrationId;
use florin_kernel::payment::{CaptureMode, Dialect, Mode, Payment};
use florin_kernel::registration::Word;

use super::super::auth::Caller;
use super::super::errors::Problem;
use super::super::registrations::read_id;
use super::super::state::{V3State, utc_day};
use super::super::{brand, means};
use super::{Checkout, kept};
use florin_engine::Owner;

/// Whether stored cards that a merchant names may be offered.
///
/// # Errors
/// [`Problem`], for the first that may not.
pub(super) async fn check(state: &V3State, caller: &Caller, ids: &[String]) -> Result<(), Problem> {
    for id in ids {
        let id = read_id(state, id)?;
        let stored = state.engine.registration(caller.owner(), Dialect::V3, id).await?;
        match stored.ok_or(Problem::RegistrationUnknown)?.word {
            Word::Active => {}
            Word::Pending => return Err(Problem::RegistrationUndecided),
            Word::Declined => return Err(Problem::RegistrationDeclined),
            Word::Deleted => return Err(Problem::RegistrationDeleted),
        }
    }
    Ok(())
}

/// The stored cards of a checkout that can be charged now, of the brands that the shop names; of all where it names none.
///
/// # Errors
/// [`Problem`], when the store cannot answer.
pub(super) async fn offered(
    state: &V3State,
    payment: &Payment,
    named: &[String],
) -> Result<Vec<(String, StoredCard)>, Problem> {
    let Some((_, checkout)) = kept(payment) else { return Ok(Vec::new()) };
    if payment.capture == CaptureMode::Never {
        // A card that is stored already needs neither storing nor verifying.
        return Ok(Vec::new());
    }
    let owner = Owner::of(payment);
    let today = utc_day(state.engine.now(florin_kernel::ports::Lane::of(payment.merchant, payment.mode)));
    let mut offered = Vec::new();
    for text in checkout.registrations {
        let Ok(id) = read_id(state, &text) else { continue };
        let Some(stored) = state.engine.registration(owner, Dialect::V3, id).await? else { continue };
        let card = &stored.registration.card;
        let expired = payment.mode == Mode::Live && means::is_past(card.expiry, today);
        let wanted = named.is_empty() || named.iter().any(|name| brand::is_of(name, card.brand));
        if stored.word == Word::Active && wanted && !expired {
            offered.push((text, stored));
        }
    }
    Ok(offered)
}

/// The stored card that a payer's form names, where the checkout offers it.
///
/// # Errors
/// [`Problem::RegistrationMalformed`], [`Problem::RegistrationUnknown`].
pub(super) fn chosen(state: &V3State, checkout: &Checkout, text: &str) -> Result<RegistrationId, Problem> {
    let id = read_id(state, text)?;
    let is_offered = checkout.registrations.iter().any(|one| one.eq_ignore_ascii_case(text));
    is_offered.then_some(id).ok_or(Problem::RegistrationUnknown)
}
