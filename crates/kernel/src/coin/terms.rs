//! The rules of one coin payment, fixed when it begins: later changes of settings are for new payments only.

use serde::{Deserialize, Serialize};

use super::Units;
use crate::Money;

/// The rules of one coin payment. Money is in the invoice's currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// How long after the deadline coins still count as in time, in seconds.
    pub grace_s: u32,
    /// How long the payer has for the rest after an underpayment, in seconds.
    pub top_up_s: u32,
    /// A shortfall up to so many hundredths of a percent counts as nothing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tolerance_bps: u32,
    /// What becomes of too little.
    #[serde(default)]
    pub under: Under,
    /// What becomes of too much.
    #[serde(default)]
    pub over: Over,
    /// What becomes of what comes too late.
    #[serde(default)]
    pub late: Late,
    /// Whether confirmation waits for screening.
    #[serde(default)]
    pub screening: ScreeningRule,
    /// How many confirmations are asked for, by worth, the smallest first; the last one has no limit.
    pub requirements: Vec<Requirement>,
    /// Where the merchant asked for acceptance without confirmations and may have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero_confirmation: Option<ZeroConfirmation>,
    /// What is less cannot be sent back sensibly: it is owed to nobody.
    pub refund_minimum: Units,
    /// So many confirmations the coins need before a refund is paid out of the hot wallet.
    pub refund_confirmations: u32,
    /// The response code with which a simulated payer refuses; test mode only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulated_refusal: Option<String>,
}

/// What becomes of an underpayment without anybody asking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Under {
    /// The merchant decides; at the deadline it is opened for refund.
    #[default]
    Opened,
    /// Accepted when the deadline passes, so that the first satoshi does not close the order.
    AtDeadline,
    /// Accepted as soon as it is worth so much.
    From(Money),
}

/// What becomes of an overpayment without anybody asking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// The excess is opened for refund.
    #[default]
    Opened,
    /// Accepted.
    Any,
    /// Accepted where all is worth so much at most.
    UpTo(Money),
}

/// What becomes of coins for a payment that was given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Late {
    /// They are opened for refund.
    #[default]
    Opened,
    /// They are accepted under the conditions of the contract's section 7.
    ByRule,
}

/// What screening does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScreeningRule {
    /// A finding holds the payment; waiting for an answer does not.
    #[default]
    Heeded,
    /// Confirmation waits for a good answer.
    Required,
}

/// How many confirmations are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// Up to this worth; nothing: without limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<Money>,
    /// So many.
    pub confirmations: u32,
    /// And the chain must call the block final.
    #[serde(default, skip_serializing_if = "super::is_false")]
    pub finalised: bool,
}

/// Acceptance without confirmations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZeroConfirmation {
    /// Up to this worth.
    pub up_to: Money,
    /// After so long in the mempool without a conflict, in seconds.
    pub hold_s: u32,
}

impl Terms {
    /// What a worth asks for, zero-confirmation left aside. Terms without a requirement ask for the most there is.
    pub fn requirement(&self, worth: Money) -> Requirement {
        let fits = |requirement: &&Requirement| requirement.up_to.is_none_or(|up_to| !worth.exceeds(up_to));
        let most = Requirement { up_to: None, confirmations: u32::MAX, finalised: true };
        self.requirements.iter().find(fits).or(self.requirements.last()).copied().unwrap_or(most)
    }
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}
