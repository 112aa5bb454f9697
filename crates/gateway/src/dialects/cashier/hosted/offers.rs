//! What the rules allow a payer to choose from (contract, section 16), for our page and for the call that makes it.

use std::sync::Arc;

use florin_engine::directory::Merchant;
use florin_engine::{Engine, Needs};
use florin_kernel::Money;
use florin_kernel::card::Pan;
use florin_kernel::payment::Payment;
use florin_kernel::routing::{
    Candidate, CardFacts, Choice, Facts, Method, NoRoute, ProviderAccount, RuleOperation, choose,
};

pub use crate::pages::choose::Entry;

/// One way to pay.
#[derive(Clone, Debug)]
pub struct Offer {
    /// How.
    pub method: Method,
    /// What the payer enters with us.
    pub entry: Entry,
    /// Who takes it, in order.
    pub candidate: Candidate,
}

impl Offer {
    /// Who is asked first; the page names it.
    pub fn account(&self) -> &Arc<ProviderAccount> {
        &self.candidate.accounts[0]
    }
}

/// In this order where the merchant gives none.
const METHODS: [Method; 4] = [Method::Card, Method::BankTransfer, Method::EWallet, Method::Voucher];

/// What is known of a payment, for the rules. Method and card are set by whoever asks.
pub fn facts(payment: &Payment, amount: Money) -> Facts<'_> {
    let payer = &payment.details.payer;
    Facts {
        payment: payment.id,
        attempt: payment.operations.len() as u16,
        merchant: payment.merchant,
        mode: payment.mode,
        operation: RuleOperation::Deposit,
        method: Method::Card,
        card: CardFacts::Unseen,
        amount,
        country: &payer.country,
        kyc_status: &payer.kyc_status,
        tags: &payer.tags,
    }
}

/// Every way to pay an amount, in the order of display; never empty.
///
/// # Errors
/// [`NoRoute::Amount`] when all were left out by the amount alone, else [`NoRoute::NoRule`].
pub fn offers(engine: &Engine, payment: &Payment, amount: Money) -> Result<Vec<Offer>, NoRoute> {
    let asked = payment.details.hosted.as_deref().map(|hosted| hosted.methods.as_slice()).unwrap_or_default();
    let methods = if asked.is_empty() { METHODS.as_slice() } else { asked };
    let (mut offers, mut bounds) = (Vec::new(), None::<(Money, Money)>);
    for method in methods {
        match offer(engine, payment, &Facts { method: *method, ..facts(payment, amount) }) {
            Ok(offer) => offers.push(offer),
            Err(NoRoute::Amount { min, max }) => bounds = Some(widened(bounds, min, max)),
            Err(NoRoute::NotFound | NoRoute::Unavailable | NoRoute::NoRule) => {}
        }
    }
    // A method that no rule knows says nothing about the amount; one that is left out by it does.
    match (offers.is_empty(), bounds) {
        (false, _) => Ok(offers),
        (true, Some((min, max))) => Err(NoRoute::Amount { min, max }),
        (true, None) => Err(NoRoute::NoRule),
    }
}

fn offer(engine: &Engine, payment: &Payment, facts: &Facts<'_>) -> Result<Offer, NoRoute> {
    let (method, mut refusal) = (facts.method, NoRoute::NoRule);
    for needs in Needs::of(RuleOperation::Deposit, method) {
        let (entry, card) = match needs {
            Needs::TakesCards => (Entry::Card, CardFacts::Awaited),
            Needs::TakesVouchers => (Entry::Voucher, CardFacts::Unseen),
            Needs::Page | Needs::Payout | Needs::Verification => (Entry::Nothing, CardFacts::Unseen),
        };
        match routed(engine, payment, &Facts { card, ..*facts }, *needs) {
            Ok(candidate) => return Ok(Offer { method, entry, candidate }),
            Err(bounds @ NoRoute::Amount { .. }) => refusal = bounds,
            Err(NoRoute::NotFound | NoRoute::Unavailable | NoRoute::NoRule) => {}
        }
    }
    Err(refusal)
}

/// Who takes an amount by a card that the payer has entered: the offer was made without knowing it, the rules may ask about it.
///
/// # Errors
/// [`NoRoute`] when the rules leave nobody for this card.
pub fn for_card(engine: &Engine, payment: &Payment, amount: Money, pan: &Pan) -> Result<Candidate, NoRoute> {
    let facts = Facts { card: CardFacts::of(pan), ..facts(payment, amount) };
    routed(engine, payment, &facts, Needs::TakesCards)
}

fn routed(engine: &Engine, payment: &Payment, facts: &Facts<'_>, needs: Needs) -> Result<Candidate, NoRoute> {
    let only = payment.details.hosted.as_deref().map(|hosted| hosted.providers.as_slice()).unwrap_or_default();
    let directory = engine.directory();
    choose(directory.catalogue(), facts, Choice::Rules, &|account| {
        (only.is_empty() || only.contains(&account.id)) && engine.can(account, needs)
    })
}

fn widened(bounds: Option<(Money, Money)>, min: Money, max: Money) -> (Money, Money) {
    match bounds {
        None => (min, max),
        Some((low, high)) => (if low.exceeds(min) { min } else { low }, if max.exceeds(high) { max } else { high }),
    }
}

/// What a payer may choose to pay: within what any of the offers takes, the merchant's limits and the payer's own.
pub fn bounds(merchant: Option<&Merchant>, payment: &Payment, offers: &[Offer]) -> Option<(Money, Money)> {
    let asset = payment.asked.asset();
    let each = offers.iter().map(|offer| offer.account().bounds(asset));
    // One that takes any amount makes the others' bounds meaningless.
    let providers = each.collect::<Option<Vec<_>>>().unwrap_or_default();
    let providers = providers.into_iter().fold(None, |bounds, (min, max)| Some(widened(bounds, min, max)));
    let limits = merchant.into_iter().flat_map(|merchant| &merchant.limits).filter(|limit| limit.asset() == asset);
    let payer = payment.details.hosted.as_ref().and_then(|hosted| hosted.amount_max);
    let smallest = Money::new(1, asset);
    let payer = payer.map(|max| (smallest, max));
    providers.into_iter().chain(limits.map(|limit| (limit.min, limit.max))).chain(payer).reduce(
        |(low, high), (min, max)| {
            (if min.exceeds(low) { min } else { low }, if high.exceeds(max) { max } else { high })
        },
    )
}
