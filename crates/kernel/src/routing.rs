//! Which provider takes a payment: accounts, routes and rules as data, and the pure choice among them.
//!
//! Source of the rules: cashier contract, section 16.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fx::Rate;
use crate::payment::{Mode, OperationKind};
use crate::secret::Secret;
use crate::{Asset, MerchantId, Money, PaymentId};

mod choose;
mod conditions;
mod explain;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use choose::{AutoApproval, Candidate, Catalogue, Choice, Misfit, NoRoute, Trail, choose};
pub use conditions::{CardFacts, Condition, Conditions, Facts};
pub use explain::{Explanation, RuleVerdict, explain};

/// The number of a provider account or route, one sequence per installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProviderId(i64);

impl ProviderId {
    /// From its number.
    pub const fn new(number: i64) -> ProviderId {
        ProviderId(number)
    }

    /// Its number.
    pub const fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// How the payer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Method {
    Card,
    BankTransfer,
    EWallet,
    Voucher,
    Crypto,
}

/// One account at a provider, as the operator configured it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProviderAccount {
    /// Its number.
    pub id: ProviderId,
    /// Its code, as webhooks name it.
    pub code: String,
    /// Its display name.
    pub name: String,
    /// The driver that speaks to it: [`crate::ports::Provider::name`].
    pub driver: String,
    /// Which method it takes.
    pub method: Method,
    /// Whose it is; `None`: every merchant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merchant: Option<MerchantId>,
    /// Modes it has stored credentials for.
    pub modes: Vec<Mode>,
    /// Taken out of service by the operator.
    #[serde(default)]
    pub disabled: bool,
    /// Request currencies it takes; empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub currencies: Vec<Asset>,
    /// Payer countries it takes (ISO 3166-1 alpha-2); empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<String>,
    /// Smallest and largest amount in major units, as decimals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amounts: Option<(String, String)>,
    /// The currency it moves and the rate, where it is not the request's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversion: Option<(Asset, Rate)>,
    /// What the driver needs to know, as texts.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// What it needs to know and nobody may read. Rows keep it sealed, beside the account.
    #[serde(skip)]
    pub secrets: AccountSecrets,
}

/// What a driver is told that nobody may read, by name.
#[derive(Clone, Debug, Default)]
pub struct AccountSecrets(BTreeMap<String, Secret>);

impl AccountSecrets {
    /// One of them.
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(name)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.iter().map(|(name, secret)| (name.as_str(), secret))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts one in, in the place of another of its name.
    pub fn put(&mut self, name: impl Into<String>, secret: Secret) {
        self.0.insert(name.into(), secret);
    }

    /// Takes one away.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }
}

impl PartialEq for AccountSecrets {
    fn eq(&self, other: &AccountSecrets) -> bool {
        let texts = |secrets: &AccountSecrets| -> Vec<(String, String)> {
            secrets.iter().map(|(name, secret)| (name.to_owned(), secret.expose().to_owned())).collect()
        };
        texts(self) == texts(other)
    }
}

/// What a provider can do for an account: data, not a trait per flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Operations it knows.
    pub operations: Vec<OperationKind>,
    /// Takes card numbers that the payer gave to us.
    pub takes_cards: bool,
    /// Takes voucher codes that the payer gave to us.
    pub takes_vouchers: bool,
    /// Has a page of its own to send the payer to.
    pub has_page: bool,
}

/// A named, ordered set of providers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteSet {
    /// Its number, of the providers' sequence.
    pub id: ProviderId,
    /// Its display name.
    pub name: String,
    /// Whose it is; `None`: every merchant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merchant: Option<MerchantId>,
    /// Members in order.
    pub members: Vec<ProviderId>,
    /// Whether a decline goes on to the next member.
    pub cascade: bool,
}

/// Deposits or withdrawals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum RuleOperation {
    Deposit,
    Withdrawal,
}

/// One rule. Per method, the first whose conditions match decides alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Its number.
    pub id: i64,
    /// What it is for.
    pub operation: RuleOperation,
    /// The method it is for.
    pub method: Method,
    /// Ascending; ties by id.
    pub order: i64,
    /// Whose it is; `None`: every merchant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merchant: Option<MerchantId>,
    /// When it matches.
    #[serde(default)]
    pub conditions: Conditions,
    /// Who may take it.
    pub members: Vec<Member>,
    /// Switched off: it is as if it were not there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub disabled: bool,
    /// Whether a decline goes on to the next member.
    #[serde(default)]
    pub cascade: bool,
    /// Withdrawals up to this amount (rule currency, major units) approve themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_approve_up_to: Option<String>,
    /// As long as all that approved themselves for one payer on one day (UTC) do not exceed this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_approve_daily_per_user: Option<String>,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// A provider in a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The account.
    pub provider_id: ProviderId,
    /// The lowest tier goes first.
    pub tier: u32,
    /// Share within its tier.
    pub weight: u32,
}

impl ProviderAccount {
    /// The bounds on a request's amount in its currency.
    pub fn bounds(&self, asset: Asset) -> Option<(Money, Money)> {
        let (min, max) = self.amounts.as_ref()?;
        Some((Money::parse_or_zero(min, asset).ok()?, Money::parse_or_zero(max, asset).ok()?))
    }
}

/// A number drawn from a payment's id and a turn, so that a replay sees the same choice.
pub(crate) fn draw(payment: PaymentId, turn: u16) -> u64 {
    // SplitMix64 (Steele, Lea, Flood 2014): one multiply-xor chain, the same on every machine.
    let mut z = (payment.number() as u64).wrapping_add(u64::from(turn).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
