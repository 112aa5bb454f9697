//! A refund in coins: ordered, signed, sent, mined. The signed bytes are stored before they are sent, so that every repeat sends the
//! same; another transaction for it is never made.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Units;
use crate::payment::{Doubt, Seq};
use crate::ports::chain::{Block, SignedTransaction};

/// How long after an order or a doubt it is looked after again, doubling with every look.
const LOOK_AFTER_S: i64 = 2;
/// And at most so long.
const LOOK_AFTER_MAX_S: i64 = 600;
/// How long a call of the signer or the node may take before it is made again.
const CALL_LOST_AFTER_S: i64 = 30;

/// A refund in coins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Its number within the payment.
    pub seq: Seq,
    /// Where to.
    pub to: String,
    /// How much arrives there.
    pub units: Units,
    /// Whose coins they are.
    pub source: RefundSource,
    /// Where it stands.
    pub status: RefundStatus,
    /// The transaction that pays it, once signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<SignedTransaction>,
    /// When it was ordered.
    pub ordered_at: Timestamp,
    /// How often it was looked after.
    #[serde(default)]
    pub looks: u16,
    /// When it is looked after next, while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_at: Option<Timestamp>,
}

/// Whose coins a refund pays back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundSource {
    /// Coins that nobody accepted.
    Opened,
    /// The merchant's.
    Accepted,
}

/// Where a refund stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// Stored; to be signed.
    Ordered,
    /// Signed and stored; to be sent.
    Signed,
    /// Sent, no clear answer came.
    Unknown(Doubt),
    /// The node has it.
    Sent,
    /// In a block.
    Done(Block),
    /// Surely never sent: what it would have paid is free again.
    Failed(String),
}

impl Refund {
    pub(super) fn ordered(seq: Seq, to: String, units: Units, source: RefundSource, now: Timestamp) -> Refund {
        let look_at = Some(now + SignedDuration::from_secs(CALL_LOST_AFTER_S));
        let status = RefundStatus::Ordered;
        Refund { seq, to, units, source, status, transaction: None, ordered_at: now, looks: 0, look_at }
    }

    /// Whether its coins are paid back or may be.
    pub const fn is_active(&self) -> bool {
        !matches!(self.status, RefundStatus::Failed(_))
    }

    /// Whether its end is not known.
    pub const fn is_open(&self) -> bool {
        match self.status {
            RefundStatus::Ordered | RefundStatus::Signed | RefundStatus::Unknown(_) | RefundStatus::Sent => true,
            RefundStatus::Done(_) | RefundStatus::Failed(_) => false,
        }
    }

    /// The block that holds it.
    pub const fn block(&self) -> Option<&Block> {
        match &self.status {
            RefundStatus::Done(block) => Some(block),
            RefundStatus::Ordered
            | RefundStatus::Signed
            | RefundStatus::Unknown(_)
            | RefundStatus::Sent
            | RefundStatus::Failed(_) => None,
        }
    }

    /// Moves the next look on.
    pub(super) fn look_later(&mut self, now: Timestamp) {
        let delay = (LOOK_AFTER_S << self.looks.min(12)).min(LOOK_AFTER_MAX_S);
        self.looks = self.looks.saturating_add(1);
        self.look_at = Some(now + SignedDuration::from_secs(delay));
    }

    /// A call about it begins.
    pub(super) fn call_begins(&mut self, now: Timestamp) {
        self.look_at = Some(now + SignedDuration::from_secs(CALL_LOST_AFTER_S));
    }

    /// It is over, as far as is known.
    pub(super) fn ends(&mut self, status: RefundStatus) {
        self.status = status;
        self.look_at = None;
    }
}
