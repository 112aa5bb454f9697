//! Where a coin payment stands, and the words for it (crypto contract, section 6).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a coin payment stands. Each variant holds what is true in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// No coins yet.
    Waiting,
    /// Some, not enough.
    Underpaid,
    /// Enough was seen or accepted; confirmations or screening are awaited.
    Processing {
        /// What is out of the ordinary, if anything.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
    },
    /// Screening found something; a person decides.
    Blocked,
    /// Accepted before the first confirmation.
    ZeroConfirmed,
    /// The coins are the merchant's, as far as the chain holds.
    Confirmed,
    /// Given up. Coins that come all the same are late.
    Cancelled(Cancellation),
}

/// What is out of the ordinary about a payment that waits for confirmations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Not accepted without confirmations, since it can be replaced.
    ReplaceableTransaction,
    /// Not accepted without confirmations, since it pays too low a fee.
    LowFee,
    /// It was confirmed, and a reorganisation took that back.
    Reorganisation,
}

/// How it was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    /// Why.
    pub why: Why,
    /// When.
    pub at: Timestamp,
}

/// Why it was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Nothing came in time.
    Timeout,
    /// Too little came in time.
    Underpaid,
    /// The coins were spent otherwise.
    DoubleSpend,
    /// The transaction was evicted and did not come back.
    Dropped,
    /// An operator refused coins that screening had found.
    ScreeningRejected {
        /// Whether they are kept back instead of being opened for refund.
        frozen: bool,
    },
    /// By the merchant.
    Caller {
        /// In its word.
        reason: String,
        /// In its words.
        comment: String,
    },
    /// A simulated payer's refusal, by its response code.
    Simulated(String),
}

/// The words for a coin payment's state, of the core's words for payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Word {
    PendingPayer,
    Pending,
    Review,
    Captured,
    PartiallyRefunded,
    Refunded,
    Declined,
    Failed,
    Cancelled,
    Expired,
}

impl Word {
    /// The word as rows and the portal write it.
    pub fn text(self) -> &'static str {
        match self {
            Word::PendingPayer => "pending_payer",
            Word::Pending => "pending",
            Word::Review => "review",
            Word::Captured => "captured",
            Word::PartiallyRefunded => "partially_refunded",
            Word::Refunded => "refunded",
            Word::Declined => "declined",
            Word::Failed => "failed",
            Word::Cancelled => "cancelled",
            Word::Expired => "expired",
        }
    }
}

impl State {
    /// Whether it waits for coins.
    pub const fn awaits_coins(&self) -> bool {
        matches!(self, State::Waiting | State::Underpaid)
    }

    /// Whether it counts as confirmed to the merchant.
    pub const fn is_confirmed(&self) -> bool {
        matches!(self, State::Confirmed | State::ZeroConfirmed)
    }
}

impl Why {
    /// The core's word for a payment that ended so.
    pub(super) fn word(&self) -> Word {
        match self {
            Why::Timeout | Why::Underpaid => Word::Expired,
            Why::DoubleSpend | Why::Dropped | Why::ScreeningRejected { .. } => Word::Failed,
            Why::Caller { .. } => Word::Cancelled,
            Why::Simulated(_) => Word::Declined,
        }
    }
}
