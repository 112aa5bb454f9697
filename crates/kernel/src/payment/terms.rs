//! What a dialect's rules say about a payment's money, fixed when it is made.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// What a dialect's rules say about a payment's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// How long an authorisation lasts, in days (product document, "Payer's time").
    pub hold_days: u16,
    /// What becomes of money that arrives after the end.
    pub late: LateMoney,
}

/// What becomes of money that arrives for a payment that has ended without any (product rule 8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LateMoney {
    /// An operator decides.
    #[default]
    Suspense,
    /// The payment has it after all, unless it came by a card (v3 contract, section 11).
    Accepted,
}

impl Default for Terms {
    fn default() -> Terms {
        Terms { hold_days: 7, late: LateMoney::Suspense }
    }
}

impl Terms {
    /// How long an authorisation lasts.
    pub fn hold(self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.hold_days))
    }

    pub(super) fn are_usual(&self) -> bool {
        *self == Terms::default()
    }
}
