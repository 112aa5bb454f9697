//! One output at a payment's address.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Requirement, Units};
use crate::ports::chain::{Block, Frailty, Outpoint, Place, Screening};

/// How long an evicted transaction is waited for (crypto contract, section 10).
pub(super) const MISSING_MAX: SignedDuration = SignedDuration::from_hours(72);

/// One output at a payment's address. It is known by its outpoint: told again it changes, and is never a second one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deposit {
    /// Which output.
    pub outpoint: Outpoint,
    /// How much.
    pub units: Units,
    /// When it was seen first.
    pub seen_at: Timestamp,
    /// Where it is.
    pub place: Place,
    /// Since when it is missing, while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_since: Option<Timestamp>,
    /// Whether it is given up after it was missing for long. It may come back all the same.
    #[serde(default, skip_serializing_if = "super::is_false")]
    pub dropped: bool,
    /// Why it does not serve without confirmations, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frailty: Option<Frailty>,
    /// What screening says; nothing where nobody screens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screening: Option<Screening>,
    /// Whether it is in the book: it has the confirmations that the payment asks for.
    #[serde(default, skip_serializing_if = "super::is_false")]
    pub booked: bool,
}

impl Deposit {
    /// Whether its coins are there, as far as anybody knows.
    pub fn counts(&self) -> bool {
        match &self.place {
            Place::Mempool | Place::Block(_) => true,
            Place::Missing => !self.dropped,
            Place::Replaced { .. } | Place::Conflicted { .. } => false,
        }
    }

    /// The block it is in.
    pub fn block(&self) -> Option<&Block> {
        match &self.place {
            Place::Block(block) => Some(block),
            Place::Mempool | Place::Missing | Place::Replaced { .. } | Place::Conflicted { .. } => None,
        }
    }

    /// Confirmations: tip - block + 1, none outside a block.
    pub fn confirmations(&self, tip: Option<&Block>) -> u64 {
        match (self.block(), tip) {
            (Some(block), Some(tip)) => (tip.height + 1).saturating_sub(block.height),
            (Some(_), None) | (None, _) => 0,
        }
    }

    /// Whether it lies as deep as a requirement says, one block at least.
    pub(super) fn is_deep(&self, tip: Option<&Block>, final_height: Option<u64>, asked: Requirement) -> bool {
        let finality = !asked.finalised
            || self.block().is_some_and(|block| final_height.is_some_and(|height| block.height <= height));
        self.confirmations(tip) >= u64::from(asked.confirmations.max(1)) && finality
    }

    /// Whether screening stands against it.
    pub(super) fn is_suspect(&self) -> bool {
        match self.screening {
            Some(Screening::Review | Screening::Reject) => true,
            Some(Screening::Pending | Screening::Pass) | None => false,
        }
    }
}
