//! Providers and rules as people change them. Each change is told in the audit log in its own commit. What belongs to every merchant is the
//! operator's to change; a merchant's people change what is theirs.

use async_recursion::async_recursion as boxed;
use florin_kernel::MerchantId;
use florin_kernel::routing::{Catalogue, ProviderAccount, ProviderId, Rule};
use serde_json::{Value, json};

use crate::Engine;
use crate::audit::{Configuration, ConfigureError, Configured, Note, Who};
use crate::setup;

mod accounts;

pub use accounts::{AccountRefusal, AccountTerms, Driver, NewAccount, Told};

/// Whose providers and rules somebody may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// This merchant's.
    Own(MerchantId),
    /// Everybody's: the operator's.
    All,
}

/// Why a provider or rule is not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoutingRefusal {
    /// There is none of that number, or it is not theirs to see.
    #[error("there is no such provider or rule")]
    NotFound,
    /// It is every merchant's, so only the operator may change it.
    #[error("it belongs to every merchant; the operator may change it")]
    Shared,
    /// A member names no provider that takes the rule's method for its merchant.
    #[error("provider {0} cannot take this")]
    Member(i64),
    /// Nobody would take what the rule decides.
    #[error("a rule needs a provider")]
    NoMembers,
    /// An amount without exactly one currency, or that is no amount in it.
    #[error("amounts need exactly one currency, and at most its decimals")]
    Amount,
}

/// What of a provider is to be another.
#[derive(Clone, Debug, Default)]
pub struct ProviderChange {
    /// Its display name.
    pub name: Option<String>,
    /// Whether it takes part.
    pub service: Option<Service>,
}

/// Whether a provider or rule takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// It does.
    In,
    /// It is as if it were not there.
    Out,
}

impl Reach {
    fn may(self, owner: Option<MerchantId>) -> Result<(), RoutingRefusal> {
        match (self, owner) {
            (Reach::All, _) => Ok(()),
            (Reach::Own(own), Some(owner)) if own == owner => Ok(()),
            (Reach::Own(_), Some(_)) => Err(RoutingRefusal::NotFound),
            (Reach::Own(_), None) => Err(RoutingRefusal::Shared),
        }
    }
}

impl Engine {
    /// Makes a rule (`id` 0), or puts one in another's place, for the merchant it is of or for all. Its number.
    ///
    /// # Errors
    /// [`RoutingRefusal`], or that the store cannot take it.
    #[boxed]
    pub async fn put_rule(&self, who: &Who, reach: Reach, rule: &Rule) -> Result<i64, ConfigureError<RoutingRefusal>> {
        self.configure(who, |stored| {
            let catalogue = stored.directory.catalogue();
            reach.may(rule.merchant)?;
            check_rule(catalogue, rule)?;
            let (id, before, disabled) = match rule.id {
                0 => {
                    (catalogue.rules().iter().map(|known| known.id).max().unwrap_or(0) + 1, Value::Null, rule.disabled)
                }
                id => {
                    let known = own_rule(stored, reach, id)?;
                    // A rule stays whose it is, and switched off until it is switched on.
                    if known.merchant != rule.merchant {
                        return Err(RoutingRefusal::NotFound);
                    }
                    (id, json!(known), known.disabled)
                }
            };
            let rule = Rule { id, disabled, ..rule.clone() };
            Ok(changed(&rule, before, "rule.made", "rule.changed"))
        })
        .await
    }

    /// Switches a rule on or off.
    ///
    /// # Errors
    /// [`RoutingRefusal`], or that the store cannot take it.
    #[boxed]
    pub async fn switch_rule(
        &self,
        who: &Who,
        reach: Reach,
        id: i64,
        service: Service,
    ) -> Result<i64, ConfigureError<RoutingRefusal>> {
        self.configure(who, |stored| {
            let known = own_rule(stored, reach, id)?;
            let rule = Rule { disabled: service == Service::Out, ..known.clone() };
            Ok(changed(&rule, json!(known), "rule.made", "rule.changed"))
        })
        .await
    }

    /// Changes a provider account.
    ///
    /// # Errors
    /// [`RoutingRefusal`], or that the store cannot take it.
    #[boxed]
    pub async fn change_provider(
        &self,
        who: &Who,
        reach: Reach,
        id: ProviderId,
        change: &ProviderChange,
    ) -> Result<(), ConfigureError<RoutingRefusal>> {
        self.configure(who, |stored| {
            let known = stored.directory.catalogue().providers.iter().find(|account| account.id == id);
            let known = known.ok_or(RoutingRefusal::NotFound)?;
            reach.may(known.merchant)?;
            let mut account = ProviderAccount::clone(known);
            if let Some(name) = &change.name {
                account.name = name.trim().to_owned();
            }
            if let Some(service) = change.service {
                account.disabled = service == Service::Out;
            }
            if account == **known {
                return Ok(Configured { rows: Vec::new(), notes: Vec::new(), value: () });
            }
            let told = |account: &ProviderAccount| json!({"name": account.name, "disabled": account.disabled});
            let note = Note {
                action: "provider.changed",
                object: format!("{} {}", account.id, account.name),
                merchant: account.merchant,
                before: told(known),
                after: told(&account),
            };
            let row = setup::sealed_provider_row(&account, &self.keyring);
            Ok(Configured { rows: vec![row], notes: vec![note], value: () })
        })
        .await
    }

    /// The rules as they would be with another in its place, or beside them: for trying it. A rule of number 0 is new.
    pub fn rules_with(&self, rule: &Rule) -> Vec<Rule> {
        let directory = self.directory();
        let mut rules: Vec<Rule> =
            directory.catalogue().rules().iter().filter(|known| known.id != rule.id).cloned().collect();
        // A new one comes after all of its order, as it will when it has its number.
        let id = if rule.id == 0 { i64::MAX } else { rule.id };
        rules.push(Rule { id, ..rule.clone() });
        rules
    }

    /// Whether a rule could be written.
    ///
    /// # Errors
    /// [`RoutingRefusal`].
    pub fn check_rule(&self, reach: Reach, rule: &Rule) -> Result<(), RoutingRefusal> {
        reach.may(rule.merchant)?;
        check_rule(self.directory().catalogue(), rule)
    }
}

/// Rules and their note; nothing where it stays as it is.
fn changed(rule: &Rule, before: Value, made: &'static str, changed: &'static str) -> Configured<i64> {
    let after = json!(rule);
    if before == after {
        return Configured { rows: Vec::new(), notes: Vec::new(), value: rule.id };
    }
    let action = if before.is_null() { made } else { changed };
    let note = Note { action, object: format!("rule {}", rule.id), merchant: rule.merchant, before, after };
    Configured { rows: vec![setup::rule_row(rule)], notes: vec![note], value: rule.id }
}

fn own_rule(stored: &Configuration, reach: Reach, id: i64) -> Result<Rule, RoutingRefusal> {
    let known = stored.directory.catalogue().rules().iter().find(|known| known.id == id);
    let known = known.ok_or(RoutingRefusal::NotFound)?;
    reach.may(known.merchant)?;
    Ok(known.clone())
}

fn check_rule(catalogue: &Catalogue, rule: &Rule) -> Result<(), RoutingRefusal> {
    if rule.members.is_empty() {
        return Err(RoutingRefusal::NoMembers);
    }
    for member in &rule.members {
        let account = catalogue.providers.iter().find(|account| account.id == member.provider_id);
        let serves = account.is_some_and(|account| {
            let own = account.merchant.is_none() || account.merchant == rule.merchant;
            own && account.method == rule.method
        });
        if !serves {
            return Err(RoutingRefusal::Member(member.provider_id.number()));
        }
    }
    let conditions = &rule.conditions;
    let bounds =
        [&conditions.amount_min, &conditions.amount_max, &rule.auto_approve_up_to, &rule.auto_approve_daily_per_user];
    let amounts: Vec<&String> = bounds.into_iter().flatten().collect();
    let fits = match (amounts.as_slice(), conditions.currencies.as_slice()) {
        ([], _) => true,
        (amounts, [currency]) => {
            amounts.iter().all(|text| florin_kernel::Money::parse_or_zero(text, *currency).is_ok())
        }
        (_, _) => false,
    };
    if fits { Ok(()) } else { Err(RoutingRefusal::Amount) }
}
