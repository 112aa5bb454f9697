//! The choice: facts about a request and the catalogue in, providers in order out, with a trail of how it came about.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::conditions::{CardFacts, Condition, Facts};
use super::{Member, ProviderAccount, ProviderId, RouteSet, Rule, draw};
use crate::{MerchantId, Money};

/// Everything configured, as the choice needs it.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Provider accounts.
    pub providers: Vec<Arc<ProviderAccount>>,
    /// Routes.
    pub routes: Vec<RouteSet>,
    /// In the order in which they are tried.
    rules: Vec<Rule>,
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
    /// When a withdrawal approves itself; nothing: it waits.
    pub auto_approval: Option<AutoApproval>,
    /// How they were chosen.
    pub trail: Trail,
}

/// When a withdrawal approves itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AutoApproval {
    /// Up to this amount.
    pub up_to: Money,
    /// As long as all of one payer's on one day come to no more.
    pub daily: Option<Money>,
}

/// How a choice came about, in brief: it is kept with the attempt. Empty where the merchant named the account itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trail {
    /// The rule that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<i64>,
    /// The route that the merchant named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<ProviderId>,
    /// Rules tried before, each with its first condition that was not met.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<(i64, Condition)>,
    /// Members of the rule or route that were left out, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<(ProviderId, Misfit)>,
}

/// Why an account cannot take a request: the first reason that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Misfit {
    /// There is no such account.
    Missing,
    /// It is another merchant's.
    Foreign,
    /// The operator took it out of service.
    Disabled,
    /// It has no credentials for this mode.
    Mode,
    /// It takes another method.
    Method,
    /// It does not take the request's currency.
    Currency,
    /// It does not take the payer's country.
    Country,
    /// Its driver cannot do what is needed, or the request leaves it out.
    Unusable,
    /// The amount is outside what it takes.
    Amount,
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

impl Catalogue {
    /// Of what is configured, in any order.
    pub fn new(providers: Vec<Arc<ProviderAccount>>, routes: Vec<RouteSet>, mut rules: Vec<Rule>) -> Catalogue {
        rules.sort_by_key(|rule| (rule.order, rule.id));
        Catalogue { providers, routes, rules }
    }

    /// Every rule, in the order in which they are tried.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rules for an operation and method of a merchant, in the order in which they are tried.
    pub(super) fn rules_for(&self, facts: &Facts<'_>) -> impl Iterator<Item = &Rule> {
        let (operation, method, merchant) = (facts.operation, facts.method, facts.merchant);
        self.rules.iter().filter(move |rule| {
            let asked = rule.operation == operation && rule.method == method;
            asked && !rule.disabled && is_own(rule.merchant, merchant)
        })
    }

    /// The account with a number, if it can take the request. `usable` tells whether it can serve the operation at all.
    pub(super) fn fit<'c>(
        &'c self,
        id: ProviderId,
        facts: &Facts<'_>,
        usable: Usable<'_>,
    ) -> Result<&'c Arc<ProviderAccount>, Misfit> {
        let account = self.providers.iter().find(|account| account.id == id).ok_or(Misfit::Missing)?;
        let within = account
            .bounds(facts.amount.asset())
            .is_none_or(|(min, max)| !min.exceeds(facts.amount) && !facts.amount.exceeds(max));
        let fits = [
            (Misfit::Foreign, is_own(account.merchant, facts.merchant)),
            (Misfit::Disabled, !account.disabled),
            (Misfit::Mode, account.modes.contains(&facts.mode)),
            (Misfit::Method, account.method == facts.method),
            (Misfit::Currency, account.currencies.is_empty() || account.currencies.contains(&facts.amount.asset())),
            (
                Misfit::Country,
                account.countries.is_empty() || account.countries.iter().any(|country| country == facts.country),
            ),
            (Misfit::Unusable, usable(account)),
            (Misfit::Amount, within),
        ];
        match fits.into_iter().find(|(_, fits)| !fits) {
            Some((misfit, _)) => Err(misfit),
            None => Ok(account),
        }
    }

    /// The route that a number names for a merchant.
    pub(super) fn route(&self, id: ProviderId, merchant: MerchantId) -> Option<&RouteSet> {
        self.routes.iter().find(|route| route.id == id && is_own(route.merchant, merchant))
    }
}

fn is_own(owner: Option<MerchantId>, merchant: MerchantId) -> bool {
    owner.is_none_or(|owner| owner == merchant)
}

/// Whether an account can serve the operation at all: its driver's capabilities, and what the request leaves of them.
pub(super) type Usable<'u> = &'u dyn Fn(&ProviderAccount) -> bool;

/// Chooses who takes a request. `usable` tells whether an account can serve the operation at all (its driver's
/// capabilities).
///
/// While the card is awaited, the rule that holds whatever the card goes before those that ask about it; they stand in where
/// it leaves nobody. The card itself then decides, when it is there.
///
/// # Errors
/// [`NoRoute`] says why nobody can.
pub fn choose(
    catalogue: &Catalogue,
    facts: &Facts<'_>,
    choice: Choice,
    usable: Usable<'_>,
) -> Result<Candidate, NoRoute> {
    let mut trail = Trail::default();
    match settle(catalogue, facts, choice, usable, &mut trail) {
        Ok(settled) => Ok(Candidate {
            accounts: settled.accounts,
            cascade: settled.cascade,
            auto_approval: settled.auto_approval,
            trail,
        }),
        Err(refusal) => Err(refusal),
    }
}

/// A choice without its trail.
pub(super) struct Settled {
    pub(super) accounts: Vec<Arc<ProviderAccount>>,
    pub(super) cascade: bool,
    pub(super) auto_approval: Option<AutoApproval>,
}

/// The choice, with its trail also where nobody is left: the one way for [`choose`] and [`super::explain`].
pub(super) fn settle(
    catalogue: &Catalogue,
    facts: &Facts<'_>,
    choice: Choice,
    usable: Usable<'_>,
    trail: &mut Trail,
) -> Result<Settled, NoRoute> {
    match choice {
        Choice::Named(id) => named(catalogue, facts, id, usable, trail),
        Choice::Rules => by_rules(catalogue, facts, usable, trail),
    }
}

fn named(
    catalogue: &Catalogue,
    facts: &Facts<'_>,
    id: ProviderId,
    usable: Usable<'_>,
    trail: &mut Trail,
) -> Result<Settled, NoRoute> {
    if let Some(route) = catalogue.route(id, facts.merchant) {
        trail.route = Some(id);
        let mut accounts =
            fitting(catalogue, route.members.iter().copied(), facts, usable, NoRoute::Unavailable, trail)?;
        accounts.truncate(CASCADE_MAX);
        return Ok(Settled { accounts, cascade: route.cascade, auto_approval: None });
    }
    match catalogue.fit(id, facts, usable) {
        Ok(account) => Ok(Settled { accounts: vec![account.clone()], cascade: false, auto_approval: None }),
        Err(Misfit::Missing | Misfit::Foreign | Misfit::Disabled | Misfit::Mode) => Err(NoRoute::NotFound),
        Err(Misfit::Method | Misfit::Currency | Misfit::Country | Misfit::Unusable) => Err(NoRoute::Unavailable),
        Err(Misfit::Amount) => Err(outside(catalogue, id, facts).unwrap_or(NoRoute::Unavailable)),
    }
}

fn by_rules(
    catalogue: &Catalogue,
    facts: &Facts<'_>,
    usable: Usable<'_>,
    trail: &mut Trail,
) -> Result<Settled, NoRoute> {
    let (mut sure, mut possible) = (None, Vec::new());
    for rule in catalogue.rules_for(facts) {
        match rule.conditions.first_mismatch(facts) {
            Some(condition) => trail.passed.push((rule.id, condition)),
            None if facts.card == CardFacts::Awaited && rule.conditions.ask_about_card() => possible.push(rule),
            None => {
                sure = Some(rule);
                break;
            }
        }
    }
    let mut refusal = NoRoute::NoRule;
    for rule in sure.into_iter().chain(possible) {
        trail.rule = Some(rule.id);
        trail.left_out.clear();
        match members(catalogue, facts, rule, usable, trail) {
            Ok(settled) => return Ok(settled),
            Err(bounds @ NoRoute::Amount { .. }) => refusal = bounds,
            Err(NoRoute::NotFound | NoRoute::Unavailable | NoRoute::NoRule) => {}
        }
    }
    Err(refusal)
}

/// Whom a rule leaves.
fn members(
    catalogue: &Catalogue,
    facts: &Facts<'_>,
    rule: &Rule,
    usable: Usable<'_>,
    trail: &mut Trail,
) -> Result<Settled, NoRoute> {
    let ids = ordered(&rule.members, facts);
    let mut accounts = fitting(catalogue, ids.into_iter(), facts, usable, NoRoute::NoRule, trail)?;
    accounts.truncate(if rule.cascade { CASCADE_MAX } else { 1 });
    Ok(Settled { accounts, cascade: rule.cascade, auto_approval: auto_approval(rule, facts.amount) })
}

/// The amounts are in the rule's currency, of which there must be exactly one. A daily amount that cannot be read admits
/// nothing, since it was meant to bound.
fn auto_approval(rule: &Rule, amount: Money) -> Option<AutoApproval> {
    let currency = amount.asset();
    let up_to = rule.auto_approve_up_to.as_deref().filter(|_| rule.conditions.currencies == [currency]);
    let up_to = Money::parse(up_to?, currency).ok()?;
    let daily = match rule.auto_approve_daily_per_user.as_deref() {
        None => None,
        Some(text) => Some(Money::parse_or_zero(text, currency).ok()?),
    };
    Some(AutoApproval { up_to, daily })
}

/// Leaves out who cannot take the request; `none` is what to say when it is not about the amount alone.
fn fitting(
    catalogue: &Catalogue,
    ids: impl Iterator<Item = ProviderId>,
    facts: &Facts<'_>,
    usable: Usable<'_>,
    none: NoRoute,
    trail: &mut Trail,
) -> Result<Vec<Arc<ProviderAccount>>, NoRoute> {
    let mut accounts = Vec::new();
    for id in ids {
        match catalogue.fit(id, facts, usable) {
            Ok(account) => accounts.push(account.clone()),
            Err(misfit) => trail.left_out.push((id, misfit)),
        }
    }
    if !accounts.is_empty() {
        return Ok(accounts);
    }
    let by_amount = trail.left_out.iter().find(|(_, misfit)| *misfit == Misfit::Amount);
    Err(by_amount.and_then(|(id, _)| outside(catalogue, *id, facts)).unwrap_or(none))
}

/// The refusal of an amount, with the bounds of the account that does not take it.
fn outside(catalogue: &Catalogue, id: ProviderId, facts: &Facts<'_>) -> Option<NoRoute> {
    let account = catalogue.providers.iter().find(|account| account.id == id)?;
    account.bounds(facts.amount.asset()).map(|(min, max)| NoRoute::Amount { min, max })
}

/// Lowest tier first; inside a tier drawn by weight, without putting back.
pub(super) fn ordered(members: &[Member], facts: &Facts<'_>) -> Vec<ProviderId> {
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
