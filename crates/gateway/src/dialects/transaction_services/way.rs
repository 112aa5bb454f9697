//! Whether a payment may be made, and who takes it: block lists, limits, the terminal's route or else the rules (contract, section 8.2).

use florin_engine::Needs;
use florin_kernel::Money;
use florin_kernel::payment::Payment;
use florin_kernel::routing::{Candidate, CardFacts, Choice, Facts, NoRoute, RuleOperation};

use super::amounts;
use super::auth::Caller;
use super::errors::Problem;
use super::request::{Account, Purchase};
use super::settings::Terminal;
use super::state::TsState;
use crate::dialects::caller::is_in;

/// The first thing that stands against a payment, else who is asked.
///
/// # Errors
/// [`Problem::NotPermitted`], [`Problem::NotEnabled`], [`Problem::NoTerminal`].
pub fn find(
    state: &TsState,
    caller: &Caller,
    purchase: &Purchase,
    terminal: &Terminal,
    payment: &Payment,
) -> Result<Candidate, Problem> {
    if purchase.payer.ip.is_some_and(|ip| is_in(&caller.merchant.blocked_payers, ip)) {
        return Err(Problem::NotPermitted("refused by a risk rule".into()));
    }
    // No provider here charges in parts, and charging at once in silence would be wrong.
    if purchase.installments > 1 {
        return Err(Problem::NotEnabled);
    }
    let of_currency = caller.merchant.limits.iter().filter(|limit| limit.asset() == payment.asked.asset());
    for limit in of_currency {
        within(payment.asked, limit.min, limit.max)?;
    }
    let (card, needs) = match &purchase.account {
        Account::Card(card) | Account::Stored(card, _) => (CardFacts::of(&card.pan), Needs::TakesCards),
        Account::Page => (CardFacts::Unseen, Needs::Page),
    };
    let payer = &payment.details.payer;
    let facts = Facts {
        payment: payment.id,
        attempt: 0,
        merchant: payment.merchant,
        mode: payment.mode,
        operation: RuleOperation::Deposit,
        method: purchase.mode.method(),
        amount: payment.asked,
        country: &payer.country,
        kyc_status: &payer.kyc_status,
        tags: &payer.tags,
        card,
    };
    let choice = terminal.route.map_or(Choice::Rules, Choice::Named);
    state.engine.route(&facts, choice, needs).map_err(|refusal| match refusal {
        NoRoute::Amount { min, max } => within(payment.asked, min, max).err().unwrap_or(Problem::NoTerminal),
        NoRoute::NotFound | NoRoute::Unavailable | NoRoute::NoRule => Problem::NoTerminal,
    })
}

fn within(amount: Money, min: Money, max: Money) -> Result<(), Problem> {
    let bound = |word: &str, bound: Money| {
        let text = format!("the amount must be at {word} {} {}", amounts::printed(bound), bound.asset());
        Problem::NotPermitted(text.into())
    };
    match (min.exceeds(amount), amount.exceeds(max)) {
        (true, _) => Err(bound("least", min)),
        (false, true) => Err(bound("most", max)),
        (false, false) => Ok(()),
    }
}
