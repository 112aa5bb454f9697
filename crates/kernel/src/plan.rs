//! A recurring plan: a stored card that is charged the same amount once a period, by us, without its payer. Each charge is a
//! payment of its own; one is open at a time, and a period is charged once.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::payment::{Decline, Details, Dialect, Mode};
use crate::record::{Record, RecordKind};
use crate::{MerchantId, Money, PaymentId, PlanId, RecordId, RegistrationId};

pub mod decide;
mod schedule;

pub use decide::{Command, Refusal, decide};
pub use schedule::{Schedule, Unit};

/// A recurring plan. Rows hold it whole; [`decide`] alone changes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Its id, of the number space it shares with payments.
    pub id: PlanId,
    /// Who charges.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// Whose stored card it is; its charges are payments of this API.
    pub dialect: Dialect,
    /// When, by the merchant's clock.
    pub created_at: Timestamp,
    /// The stored card.
    pub registration: RegistrationId,
    /// How much a period.
    pub asked: Money,
    /// When.
    pub schedule: Schedule,
    /// Charges in all; `None`: until it is cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charges_max: Option<u32>,
    /// Where it stands.
    pub state: State,
    /// The period that is charged now or next, from 0.
    pub period: u32,
    /// When it is charged, or tried again.
    pub due_at: Timestamp,
    /// Soft declines of this period so far.
    #[serde(default)]
    pub declines: u8,
    /// Payments begun for this period so far.
    #[serde(default)]
    pub tries: u32,
    /// The payment that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charging: Option<PaymentId>,
    /// Periods that were charged.
    #[serde(default)]
    pub charged: u32,
    /// Periods that fell due while it was paused.
    #[serde(default)]
    pub skipped: u32,
    /// The last payment begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_payment: Option<PaymentId>,
    /// Why no charge could begin when it was last due.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub trouble: String,
    /// What every charge says: reference, payer, webhook. No decision reads it.
    pub details: Details,
}

/// Where a plan stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It charges.
    Active,
    /// It waits for its merchant.
    Paused {
        /// What falls due from then on is not charged.
        since: Timestamp,
    },
    /// All charges were made.
    Completed {
        /// When.
        at: Timestamp,
    },
    /// Ended by its merchant.
    Cancelled {
        /// When.
        at: Timestamp,
    },
    /// Ended because the card cannot be charged.
    Stopped {
        /// Why.
        reason: Stop,
        /// When.
        at: Timestamp,
    },
}

/// Why a plan was stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// A decline that another day does not mend.
    Declined(Decline),
    /// Declined after every retry.
    RetriesUsedUp(Decline),
    /// The stored card is deleted, or its first payment was declined.
    CardGone,
}

/// The words for a plan's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Word {
    Active,
    Paused,
    Completed,
    Cancelled,
    Stopped,
}

impl Word {
    /// All of them.
    pub const ALL: [Word; 5] = [Word::Active, Word::Paused, Word::Completed, Word::Cancelled, Word::Stopped];

    /// The word as rows and the admin API write it.
    pub fn text(self) -> &'static str {
        match self {
            Word::Active => "active",
            Word::Paused => "paused",
            Word::Completed => "completed",
            Word::Cancelled => "cancelled",
            Word::Stopped => "stopped",
        }
    }
}

impl Plan {
    /// The word for where it stands.
    pub fn word(&self) -> Word {
        match &self.state {
            State::Active => Word::Active,
            State::Paused { .. } => Word::Paused,
            State::Completed { .. } => Word::Completed,
            State::Cancelled { .. } => Word::Cancelled,
            State::Stopped { .. } => Word::Stopped,
        }
    }

    /// The reference under which the period that is charged now is claimed, once for all processes.
    pub fn period_reference(&self) -> String {
        format!("{}/{}", self.id, self.period)
    }
}

impl Record for Plan {
    const KINDS: &'static [RecordKind] = &[RecordKind::Plan];

    fn kind(&self) -> RecordKind {
        RecordKind::Plan
    }

    fn record_id(&self) -> RecordId {
        self.id.record()
    }

    fn merchant(&self) -> MerchantId {
        self.merchant
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }

    fn wake_at(&self) -> Option<Timestamp> {
        match (&self.state, self.charging) {
            (State::Active, None) => Some(self.due_at),
            // The end of the open payment decides what follows.
            (State::Active, Some(_)) => None,
            (State::Paused { .. } | State::Completed { .. } | State::Cancelled { .. } | State::Stopped { .. }, _) => {
                None
            }
        }
    }

    fn word_text(&self) -> &'static str {
        self.word().text()
    }
}
