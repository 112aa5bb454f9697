//! Whether a payment may be made, and who takes it: block lists, payment type, account, limits, provider (contract, section 7.4).

use florin_engine::directory::Merchant;
use florin_engine::{Engine, Needs};
use florin_kernel::Money;
use florin_kernel::payment::{CaptureMode, Payment};
use florin_kernel::routing::{Candidate, CardFacts, Choice, Facts, Method, NoRoute, RuleOperation};

use super::amounts;
use super::auth::Caller;
use super::errors::{FieldError, Problem};
use super::request::{Account, Initial, Kind};
use super::state::V3State;
use crate::dialects::caller::is_in;

/// How it is paid, and whom to ask.
pub type Way = (Method, Candidate);

/// The first thing that stands against a payment, else its way.
pub fn find(state: &V3State, caller: &Caller, initial: &Initial, payment: &Payment) -> Result<Way, Problem> {
    if initial.payer.ip.is_some_and(|ip| is_in(&caller.merchant.blocked_payers, ip)) {
        return Err(Problem::Risk);
    }
    match initial.kind {
        Kind::Debit | Kind::Preauthorisation | Kind::Verification => {}
        // A payout has a way of its own.
        Kind::Payout | Kind::NotOffered => return Err(Problem::TypeNotOffered),
    }
    let (method, needs) = match &initial.account {
        Account::Card(_) => (Method::Card, Needs::TakesCards),
        Account::Redirect(_) if initial.return_url.is_none() => return Err(nowhere_to_return()),
        Account::Redirect(method) => (*method, Needs::Page),
        // A token has become its card.
        Account::Token(_) | Account::Bank(_) => return Err(Problem::NoAccount),
    };
    check_limits(&caller.merchant, payment)?;
    let seen = match &initial.account {
        Account::Card(card) => CardFacts::of(&card.pan),
        Account::Redirect(_) | Account::Token(_) | Account::Bank(_) => CardFacts::Unseen,
    };
    let candidate = route(&state.engine, payment, (method, needs), seen)?;
    match &initial.account {
        Account::Card(card) if initial.return_url.is_none() => {
            let challenges = |account: &_| state.engine.foresees_payer(account, card, &initial.circumstances);
            match candidate.accounts.iter().any(|account| challenges(account)) {
                true => Err(nowhere_to_return()),
                false => Ok((method, candidate)),
            }
        }
        Account::Card(_) | Account::Redirect(_) | Account::Token(_) | Account::Bank(_) => Ok((method, candidate)),
    }
}

fn nowhere_to_return() -> Problem {
    Problem::Fields(vec![FieldError::missing("shopperResultUrl")])
}

/// Whether the merchant's limits let so much be paid; a verification moves nothing.
///
/// # Errors
/// [`Problem::AmountTooLow`], [`Problem::AmountTooLarge`].
pub fn check_limits(merchant: &Merchant, payment: &Payment) -> Result<(), Problem> {
    let moves = payment.capture != CaptureMode::Never;
    let mut limits = merchant.limits.iter().filter(|limit| moves && limit.asset() == payment.asked.asset());
    limits.try_for_each(|limit| within(payment.asked, limit.min, limit.max))
}

/// Who takes the next attempt of a payment.
///
/// # Errors
/// [`Problem`] that says what finds nobody: brand, currency or amount.
pub fn route(
    engine: &Engine,
    payment: &Payment,
    (method, needs): (Method, Needs),
    card: CardFacts<'_>,
) -> Result<Candidate, Problem> {
    let payer = &payment.details.payer;
    let facts = Facts {
        payment: payment.id,
        attempt: payment.operations.len() as u16,
        merchant: payment.merchant,
        mode: payment.mode,
        operation: RuleOperation::Deposit,
        method,
        amount: payment.asked,
        country: &payer.country,
        kyc_status: &payer.kyc_status,
        tags: &payer.tags,
        card,
    };
    let routed = match engine.route(&facts, Choice::Rules, needs) {
        // A verification asks about a card, whatever amount the provider would take.
        Err(NoRoute::Amount { min, .. }) if payment.capture == CaptureMode::Never => {
            engine.route(&Facts { amount: min, ..facts }, Choice::Rules, needs)
        }
        routed => routed,
    };
    routed.map_err(|refusal| match refusal {
        NoRoute::Amount { min, max } => within(payment.asked, min, max).err().unwrap_or(Problem::Fault),
        NoRoute::NotFound | NoRoute::Unavailable | NoRoute::NoRule if serves(engine, payment, method, needs) => {
            Problem::NoProviderForCurrency
        }
        NoRoute::NotFound | NoRoute::Unavailable | NoRoute::NoRule => Problem::NoProviderForBrand,
    })
}

/// Whether an amount is within bounds.
///
/// # Errors
/// [`Problem::AmountTooLow`] or [`Problem::AmountTooLarge`].
pub fn within(amount: Money, min: Money, max: Money) -> Result<(), Problem> {
    let error = |message: String| FieldError {
        name: "amount".to_owned(),
        value: Some(amounts::printed(amount)),
        message: message.into(),
    };
    match (min.exceeds(amount), amount.exceeds(max)) {
        (true, _) => Err(Problem::AmountTooLow(error(format!("must be at least {} {}", min.decimal(), min.asset())))),
        (_, true) => Err(Problem::AmountTooLarge(error(format!("must be at most {} {}", max.decimal(), max.asset())))),
        (false, false) => Ok(()),
    }
}

/// Whether anybody takes the method at all, so that it is the currency that finds nobody.
fn serves(engine: &Engine, payment: &Payment, method: Method, needs: Needs) -> bool {
    let directory = engine.directory();
    let ruled = directory.catalogue().rules().iter().any(|rule| {
        let own = rule.merchant.is_none_or(|merchant| merchant == payment.merchant);
        own && rule.operation == RuleOperation::Deposit && rule.method == method
    });
    ruled
        && directory.catalogue().providers.iter().any(|account| {
            let own = account.merchant.is_none_or(|merchant| merchant == payment.merchant);
            let in_service = !account.disabled && account.modes.contains(&payment.mode);
            own && in_service && account.method == method && engine.can(account, needs)
        })
}
