//! Where a withdrawal stands, and the words for it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Money;
use crate::payment::Decline;

/// Where a withdrawal stands. Each variant holds what is true in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The payer has not confirmed.
    Created {
        /// When the payer's time is over.
        until: Timestamp,
    },
    /// The money is held; somebody has to approve.
    AwaitingApproval {
        /// How many different approvers are needed in all.
        required: u8,
        /// When it is given up, if the merchant has set a time.
        until: Option<Timestamp>,
    },
    /// The payout is stored; its call is about to be made or under way.
    Approved,
    /// The provider has it and will answer later.
    Sent,
    /// Sent, no clear answer came: the money may have moved.
    Unknown,
    /// The provider has paid.
    Paid,
    /// The receiving bank sent money back.
    Returned {
        /// How much in all.
        amount: Money,
    },
    /// Over without money moving; nothing is held any more.
    Ended(Ending),
}

/// How a withdrawal that was not paid ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The payout provider's explicit no.
    Declined(Decline),
    /// The payout provider was not reached.
    Failed,
    /// By the merchant or an approver.
    Rejected {
        /// Who.
        by: Approver,
        /// Why, in the merchant's words; empty: no reason was given.
        reason: String,
    },
    /// Given up by the payer before confirming.
    Cancelled,
    /// The payer did not confirm in time.
    Expired,
    /// Nobody approved in time.
    ApprovalExpired,
}

/// Who approves or rejects. All keys of a merchant together count as one approver (cashier contract, section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approver {
    /// The merchant's program, by any of its keys.
    Api,
    /// A portal user, by number.
    User(i64),
}

/// The words for a withdrawal's state: in code, portal and contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Word {
    Created,
    AwaitingApproval,
    Approved,
    Sent,
    Unknown,
    Paid,
    Declined,
    Failed,
    Rejected,
    Cancelled,
    Expired,
    Returned,
}

impl Word {
    /// The word as rows and the portal write it.
    pub fn text(self) -> &'static str {
        match self {
            Word::Created => "created",
            Word::AwaitingApproval => "awaiting_approval",
            Word::Approved => "approved",
            Word::Sent => "sent",
            Word::Unknown => "unknown",
            Word::Paid => "paid",
            Word::Declined => "declined",
            Word::Failed => "failed",
            Word::Rejected => "rejected",
            Word::Cancelled => "cancelled",
            Word::Expired => "expired",
            Word::Returned => "returned",
        }
    }
}

impl State {
    /// The word for this state.
    pub fn word(&self) -> Word {
        match self {
            State::Created { .. } => Word::Created,
            State::AwaitingApproval { .. } => Word::AwaitingApproval,
            State::Approved => Word::Approved,
            State::Sent => Word::Sent,
            State::Unknown => Word::Unknown,
            State::Paid => Word::Paid,
            State::Returned { .. } => Word::Returned,
            State::Ended(Ending::Declined(_)) => Word::Declined,
            State::Ended(Ending::Failed) => Word::Failed,
            State::Ended(Ending::Rejected { .. }) => Word::Rejected,
            State::Ended(Ending::Cancelled) => Word::Cancelled,
            State::Ended(Ending::Expired | Ending::ApprovalExpired) => Word::Expired,
        }
    }
}
