//! The choice: facts about a request and the catalogue in, providers in order out.

use std::sync::Arc;

use super::{Conditions, Member, Method, ProviderAccount, ProviderId, RouteSet, Rule, RuleOperation, draw};
use crate::payment::Mode;
use crate::{Asset, MerchantId, Money, PaymentId};

/// Everything configured, as the choice needs it.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Provider accounts.
    pub providers: Vec<Arc<ProviderAccount>>,
    /// Routes.
    pub routes: Vec<RouteSet>,
    /// Rules.
    pub rules: Vec<Rule>,
}

/// What is known of a request.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The payment, for drawing by weight.
    pub payment: PaymentId,
    /// How many attempts were made before.
    pub attempt: u16,
    /// Whose.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// Deposit or withdrawal.
    pub operation: RuleOperation,
    /// How the payer pays.
    pub method: Method,
    /// How much.
    pub amount: Money,
    /// The payer's country, capitals; empty when unknown.
    pub country: &'a str,
    /// Know-your-customer status; empty when unknown.
    pub kyc_status: &'a str,
    /// The merchant's labels for the payer.
    pub tags: &'a [String],
}

/// What the merchant asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Let the rules decide.
    Rules,
    /// A provider or route by its number.
    Named(ProviderId),
}

/// Providers to try, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Accounts in the order to try them; never empty.
    pub accounts: Vec<Arc<ProviderAccount>>,
    /// Whether a decline that permits it goes on to the next.
    pub cascade: bool,
    /// Up to where a withdrawal approves itself; nothing: it waits.
    pub auto_approve_up_to: Option<Money>,
}

/// Why nobody can take a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRoute {
    /// The number names nothing of this merchant that is in service in this mode.
    #[error("no such provider or route")]
    NotFound,
    /// What was named does not take this currency, country or method.
    #[error("the provider is not available for this currency or country")]
    Unavailable,
    /// The amount is outside what the only fitting providers take: their bounds.
    #[error("the amount is outside {min} to {max}")]
    Amount {
        /// Smallest.
        min: Money,
        /// Largest.
        max: Money,
    },
    /// No rule matches, or nothing is left of the matching one.
    #[error("no provider rule matches")]
    NoRule,
}

/// At most so many providers are tried for one payment (cashier contract, section 16).
const CASCADE_MAX: usize = 3;

const TURNS_OF_AN_ATTEMPT: u16 = 64;

/// Chooses who takes a request. `usable` tells whether an account can serve the operation at all (its driver's
/// capabilities).
///
/// # Errors
/// [`NoRoute`] says why nobody can.
pub fn choose(
    catalogue: &Catalogue,
    facts: &Facts<'_>,
    choice: Choice,
    usable: &dyn Fn(&ProviderAccount) -> bool,
) -> Result<Candidate, NoRoute> {
    match choice {
        Choice::Named(id) => named(catalogue, facts, id, usable),
        Choice::Rules => by_rules(catalogue, facts, usable),
    }
}

fn named(
    catalogue: &Catalogue,
    facts: &Facts<'_>,
    id: ProviderId,
    usable: &dyn Fn(&ProviderAccount) -> bool,
) -> Result<Candidate, NoRoute> {
    let own = |merchant: Option<MerchantId>| merchant.is_none_or(|merchant| merchant == facts.merchant);
    if let Some(account) = catalogue.providers.iter().find(|account| account.id == id && own(account.merchant)) {
        in_service(account, facts).then_some(()).ok_or(NoRoute::NotFound)?;
        let accounts = fitting(vec![account], facts, usable, NoRoute::Unavailable)?;
        return Ok(Candidate { accounts, cascade: false, auto_approve_up_to: None });
    }
    let route = catalogue.routes.iter().find(|route| route.id == id && own(route.merchant)).ok_or(NoRoute::NotFound)?;
    let members = route.members.iter().filter_map(|member| find(catalogue, *member, facts)).collect();
    let mut accounts = fitting(members, facts, usable, NoRoute::Unavailable)?;
    accounts.truncate(CASCADE_MAX);
    Ok(Candidate { accounts, cascade: route.cascade, auto_approve_up_to: None })
}

fn by_rules(
    catalogue: &Catalogue,
    facts: &Facts<'_>,
    usable: &dyn Fn(&ProviderAccount) -> bool,
) -> Result<Candidate, NoRoute> {
    let applies = |rule: &&Rule| {
        rule.operation == facts.operation
            && rule.method == facts.method
            && rule.merchant.is_none_or(|merchant| merchant == facts.merchant)
            && matches(&rule.conditions, facts)
    };
    let rule =
        catalogue.rules.iter().filter(applies).min_by_key(|rule| (rule.order, rule.id)).ok_or(NoRoute::NoRule)?;
    let members = ordered(&rule.members, facts);
    let members = members.iter().filter_map(|member| find(catalogue, *member, facts)).collect();
    let mut accounts = fitting(members, facts, usable, NoRoute::NoRule)?;
    accounts.truncate(if rule.cascade { CASCADE_MAX } else { 1 });
    // The amount is in the rule's currency, of which there must be exactly one.
    let currency = facts.amount.asset();
    let up_to = rule.auto_approve_up_to.as_deref().filter(|_| rule.conditions.currencies == [currency]);
    let auto_approve_up_to = up_to.and_then(|up_to| Money::parse(up_to, currency).ok());
    Ok(Candidate { accounts, cascade: rule.cascade, auto_approve_up_to })
}

fn find<'a>(catalogue: &'a Catalogue, id: ProviderId, facts: &Facts<'_>) -> Option<&'a Arc<ProviderAccount>> {
    let own = |account: &&Arc<ProviderAccount>| account.merchant.is_none_or(|merchant| merchant == facts.merchant);
    catalogue.providers.iter().find(|account| account.id == id).filter(own).filter(|account| in_service(account, facts))
}

fn in_service(account: &ProviderAccount, facts: &Facts<'_>) -> bool {
    !account.disabled && account.modes.contains(&facts.mode)
}

/// Leaves out who cannot take the request; `none` is what to say when it is not about the amount alone.
fn fitting(
    accounts: Vec<&Arc<ProviderAccount>>,
    facts: &Facts<'_>,
    usable: &dyn Fn(&ProviderAccount) -> bool,
    none: NoRoute,
) -> Result<Vec<Arc<ProviderAccount>>, NoRoute> {
    let serves = |account: &&Arc<ProviderAccount>| {
        account.method == facts.method
            && (account.currencies.is_empty() || account.currencies.contains(&facts.amount.asset()))
            && (account.countries.is_empty() || account.countries.iter().any(|country| country == facts.country))
            && usable(account)
    };
    let serving: Vec<&Arc<ProviderAccount>> = accounts.into_iter().filter(serves).collect();
    let within = |account: &&&Arc<ProviderAccount>| match account.bounds(facts.amount.asset()) {
        Some((min, max)) => !min.exceeds(facts.amount) && !facts.amount.exceeds(max),
        None => true,
    };
    let fitting: Vec<Arc<ProviderAccount>> = serving.iter().filter(within).map(|account| (*account).clone()).collect();
    match (fitting.is_empty(), serving.first().and_then(|account| account.bounds(facts.amount.asset()))) {
        (false, _) => Ok(fitting),
        (true, Some((min, max))) => Err(NoRoute::Amount { min, max }),
        (true, None) => Err(none),
    }
}

/// Lowest tier first; inside a tier drawn by weight, without putting back.
fn ordered(members: &[Member], facts: &Facts<'_>) -> Vec<ProviderId> {
    let mut left: Vec<&Member> = members.iter().collect();
    let mut chosen = Vec::with_capacity(left.len());
    // Attempts draw by themselves: no two share a turn unless a rule has very many members.
    let first_turn = facts.attempt.wrapping_mul(TURNS_OF_AN_ATTEMPT);
    while let Some(tier) = left.iter().map(|member| member.tier).min() {
        let total: u64 = left.iter().filter(|member| member.tier == tier).map(|member| u64::from(member.weight)).sum();
        let mut ticket =
            if total == 0 { 0 } else { draw(facts.payment, first_turn.wrapping_add(chosen.len() as u16)) % total };
        let pick = left.iter().position(|member| {
            let hit = member.tier == tier && (total == 0 || ticket < u64::from(member.weight));
            if member.tier == tier && !hit {
                ticket -= u64::from(member.weight);
            }
            hit
        });
        // The tickets of a tier cover exactly its weights, so one member is always hit.
        chosen.push(left.remove(pick.expect("a ticket below the tier's total weight")).provider_id);
    }
    chosen
}

fn matches(conditions: &Conditions, facts: &Facts<'_>) -> bool {
    let any_or_in = |set: &[String], value: &str| set.is_empty() || set.iter().any(|entry| entry == value);
    let has = |tag: &String| facts.tags.contains(tag);
    let kyc_status = if facts.kyc_status.is_empty() { "none" } else { facts.kyc_status };
    (conditions.currencies.is_empty() || conditions.currencies.contains(&facts.amount.asset()))
        && any_or_in(&conditions.countries, facts.country)
        && any_or_in(&conditions.kyc_status, kyc_status)
        && (conditions.tags_any.is_empty() || conditions.tags_any.iter().any(has))
        && conditions.tags_all.iter().all(has)
        && !conditions.tags_none.iter().any(has)
        && amount_matches(conditions, facts.amount)
}

fn amount_matches(conditions: &Conditions, amount: Money) -> bool {
    let bound = |text: &Option<String>| text.as_deref().map(|text| bound_in(text, &conditions.currencies));
    let above_min = match bound(&conditions.amount_min) {
        None => true,
        Some(min) => min.is_some_and(|min| !min.exceeds(amount)),
    };
    let below_max = match bound(&conditions.amount_max) {
        None => true,
        Some(max) => max.is_some_and(|max| !amount.exceeds(max)),
    };
    above_min && below_max
}

/// A bound has a meaning only where exactly one currency is named.
fn bound_in(text: &str, currencies: &[Asset]) -> Option<Money> {
    match currencies {
        [currency] => Money::parse_or_zero(text, *currency).ok(),
        _ => None,
    }
}
