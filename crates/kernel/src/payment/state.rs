//! Where a payment stands, and the words for it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Decline, Seq};
use crate::Money;

/// Where a payment stands. Each variant holds what is true in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing tried yet, or a session between attempts.
    Created,
    /// The payer must act on a provider's page.
    PendingPayer {
        /// The attempt.
        operation: Seq,
        /// When the payer's time is over.
        until: Timestamp,
    },
    /// Sent, the answer is to come.
    Pending {
        /// The attempt.
        operation: Seq,
    },
    /// Sent, no clear answer came: the money may have moved.
    Unknown {
        /// The attempt.
        operation: Seq,
    },
    /// Money is held or was taken.
    Funded(Funds),
    /// Over without money.
    Ended(Ending),
}

/// Where the money of a payment stands, in the currency asked in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Funds {
    /// Authorised and neither captured nor released.
    pub held: Money,
    /// Until when the hold lasts, while there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_until: Option<Timestamp>,
    /// Taken.
    pub captured: Money,
    /// Given back.
    pub refunded: Money,
    /// Taken back by the payer's bank.
    pub charged_back: Money,
}

/// How a payment without money ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// An explicit no.
    Declined(Decline),
    /// No provider was reached.
    Failed,
    /// Given up by payer or merchant before money was held.
    Cancelled,
    /// The payer's time was over.
    Expired,
    /// The hold was released by order.
    Voided,
    /// The hold ran out.
    AuthorisationExpired,
}

/// The words for a payment's state: in code, portal and contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Word {
    Created,
    PendingPayer,
    Pending,
    Unknown,
    Authorised,
    PartiallyCaptured,
    Captured,
    PartiallyRefunded,
    Refunded,
    ChargedBack,
    Declined,
    Failed,
    Cancelled,
    Expired,
    Voided,
    AuthorisationExpired,
}

impl Word {
    /// The word as rows and the portal write it.
    pub fn text(self) -> &'static str {
        match self {
            Word::Created => "created",
            Word::PendingPayer => "pending_payer",
            Word::Pending => "pending",
            Word::Unknown => "unknown",
            Word::Authorised => "authorised",
            Word::PartiallyCaptured => "partially_captured",
            Word::Captured => "captured",
            Word::PartiallyRefunded => "partially_refunded",
            Word::Refunded => "refunded",
            Word::ChargedBack => "charged_back",
            Word::Declined => "declined",
            Word::Failed => "failed",
            Word::Cancelled => "cancelled",
            Word::Expired => "expired",
            Word::Voided => "voided",
            Word::AuthorisationExpired => "authorisation_expired",
        }
    }
}

impl State {
    /// The word for this state; where several fit a payment with money, the last in the product's table.
    pub fn word(&self) -> Word {
        match self {
            State::Created => Word::Created,
            State::PendingPayer { .. } => Word::PendingPayer,
            State::Pending { .. } => Word::Pending,
            State::Unknown { .. } => Word::Unknown,
            State::Funded(funds) => funds.word(),
            State::Ended(Ending::Declined(_)) => Word::Declined,
            State::Ended(Ending::Failed) => Word::Failed,
            State::Ended(Ending::Cancelled) => Word::Cancelled,
            State::Ended(Ending::Expired) => Word::Expired,
            State::Ended(Ending::Voided) => Word::Voided,
            State::Ended(Ending::AuthorisationExpired) => Word::AuthorisationExpired,
        }
    }
}

impl Funds {
    fn word(&self) -> Word {
        let zero = Money::zero(self.captured.asset());
        match () {
            () if !self.charged_back.is_zero() => Word::ChargedBack,
            () if self.refunded == self.captured && self.captured != zero => Word::Refunded,
            () if !self.refunded.is_zero() => Word::PartiallyRefunded,
            () if self.captured.is_zero() => Word::Authorised,
            () if !self.held.is_zero() => Word::PartiallyCaptured,
            () => Word::Captured,
        }
    }

    /// What may still be refunded, pending refunds not counted: captured less refunded less charged back.
    pub fn refundable(&self) -> Money {
        let left = self.captured.minus(self.refunded).and_then(|left| left.minus(self.charged_back));
        left.unwrap_or(Money::zero(self.captured.asset()))
    }
}
