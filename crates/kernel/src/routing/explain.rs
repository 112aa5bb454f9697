//! What would happen to a request and why, by the very choice that a real one goes by.

use std::sync::Arc;

use super::choose::{Settled, Usable, ordered, settle};
use super::{
    AutoApproval, CardFacts, Catalogue, Choice, Condition, Facts, Misfit, NoRoute, ProviderAccount, ProviderId, Rule,
    Trail,
};

/// A choice with everything that led to it.
#[derive(Clone, Debug)]
pub struct Explanation<'c> {
    /// Every rule for the operation and method, in order; none where the merchant names who takes it.
    pub rules: Vec<(&'c Rule, RuleVerdict)>,
    /// Who the rule that decided, or the merchant, names, in the order drawn: the account if it fits, else why not.
    pub members: Vec<(ProviderId, Result<&'c Arc<ProviderAccount>, Misfit>)>,
    /// Accounts that would be asked, in order, or the refusal.
    pub accounts: Result<Vec<Arc<ProviderAccount>>, NoRoute>,
    /// Whether a decline that permits it would go on to the next.
    pub cascade: bool,
    /// When a withdrawal would approve itself.
    pub auto_approval: Option<AutoApproval>,
    /// What would be kept with the attempt.
    pub trail: Trail,
}

/// What became of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleVerdict {
    /// It decides.
    Decides,
    /// This is its first condition that is not met.
    NotMet(Condition),
    /// It may decide, once the card is known.
    AwaitsCard,
    /// It is met whatever the card and leaves nobody; one that asks about the card stands in.
    LeavesNobody,
    /// It is not asked: one before it decides alone.
    NotReached,
}

/// Explains what [`super::choose`] does with the same arguments.
pub fn explain<'c>(catalogue: &'c Catalogue, facts: &Facts<'_>, choice: Choice, usable: Usable<'_>) -> Explanation<'c> {
    let mut trail = Trail::default();
    let settled = settle(catalogue, facts, choice, usable, &mut trail);
    let rules = match choice {
        Choice::Rules => rules(catalogue, facts, &trail),
        Choice::Named(_) => Vec::new(),
    };
    let decided = rules.iter().find(|(_, verdict)| *verdict == RuleVerdict::Decides).map(|(rule, _)| *rule);
    let named = match choice {
        Choice::Rules => decided.map(|rule| ordered(&rule.members, facts)).unwrap_or_default(),
        Choice::Named(id) => catalogue.route(id, facts.merchant).map_or(vec![id], |route| route.members.clone()),
    };
    let members = named.into_iter().map(|id| (id, catalogue.fit(id, facts, usable))).collect();
    match settled {
        Ok(Settled { accounts, cascade, auto_approval }) => {
            Explanation { rules, members, accounts: Ok(accounts), cascade, auto_approval, trail }
        }
        Err(refusal) => {
            Explanation { rules, members, accounts: Err(refusal), cascade: false, auto_approval: None, trail }
        }
    }
}

fn rules<'c>(catalogue: &'c Catalogue, facts: &Facts<'_>, trail: &Trail) -> Vec<(&'c Rule, RuleVerdict)> {
    let mut is_reached = true;
    let verdict = |rule: &'c Rule| {
        let asks = facts.card == CardFacts::Awaited && rule.conditions.ask_about_card();
        let passed = trail.passed.iter().find(|(id, _)| *id == rule.id);
        let verdict = match passed {
            _ if trail.rule == Some(rule.id) => RuleVerdict::Decides,
            _ if !is_reached => RuleVerdict::NotReached,
            Some((_, condition)) => RuleVerdict::NotMet(*condition),
            None if asks => RuleVerdict::AwaitsCard,
            None => RuleVerdict::LeavesNobody,
        };
        // The first that is met whatever the card ends the search, whether or not it leaves anybody.
        is_reached = is_reached && (passed.is_some() || asks);
        (rule, verdict)
    };
    catalogue.rules_for(facts).map(verdict).collect()
}
