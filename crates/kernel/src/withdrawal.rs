//! A withdrawal: money that leaves a merchant for one of its payers, held from the confirmation on until it is paid or given
//! free again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::card::CardSummary;
use crate::payment::{Details, Dialect, Mode, Operation, Route, Seq};
use crate::routing::Method;
use crate::{MerchantId, Money, PaymentId};

pub mod decide;
mod history;
mod state;

pub use decide::{Command, Confirmation, Decision, Overdraft, Refusal, decide};
pub use history::{History, Loop};
pub use state::{Approver, Ending, State, Word};

/// A withdrawal. Rows hold it whole; [`decide`] alone changes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Withdrawal {
    /// Its id, of the number space it shares with payments.
    pub id: PaymentId,
    /// Whose money it is.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// Where it was made.
    pub dialect: Dialect,
    /// When, by the merchant's clock.
    pub created_at: Timestamp,
    /// How much leaves the merchant.
    pub asked: Money,
    /// Whose money pays it.
    #[serde(default, skip_serializing_if = "Funding::is_balance")]
    pub funding: Funding,
    /// Where it stands.
    pub state: State,
    /// What the payer confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// Who approved it, in order; never the same twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Approver>,
    /// The one thing ever asked of the payout provider. There is no second try: an unknown one is asked after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payout: Option<Operation>,
    /// What came back after it was paid, in order of arrival.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returns: Vec<Return>,
    /// The last status its dialect announced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced: Option<String>,
    /// What the merchant told about it; no decision reads it.
    pub details: Details,
}

/// Whose money pays a withdrawal (product rule 7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Funding {
    /// The merchant's with us: held until the payout is decided, and bounded by what is available.
    #[default]
    Balance,
    /// The merchant's own at the acquirer: we hold nothing and know no bound.
    Acquirer,
}

impl Funding {
    fn is_balance(&self) -> bool {
        *self == Funding::Balance
    }
}

/// How it is to be paid, fixed when the payer confirmed or the merchant ordered it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The provider chosen by the rules, and its rate.
    pub route: Route,
    /// Where the money goes.
    pub destination: Destination,
}

/// Where the money goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// Card, account or wallet.
    pub method: Method,
    /// As people may read it: the last four characters at most.
    pub shown: String,
    /// What may be shown of a card, where the merchant gave it to us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<CardSummary>,
    /// Holder and number, sealed by the engine; opaque here, and wiped when the payout is decided.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sealed: String,
}

/// Money that the receiving bank sent back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    /// The provider's reference, by which repeats are known.
    pub reference: String,
    /// How much, in the currency asked in.
    pub amount: Money,
    /// When we heard.
    pub at: Timestamp,
}

impl Withdrawal {
    /// The operation with a sequence number: the payout is the only one.
    pub fn operation(&self, seq: Seq) -> Option<&Operation> {
        self.payout.as_ref().filter(|payout| payout.seq == seq)
    }

    /// The word for where it stands (product document, "States of the core").
    pub fn word(&self) -> Word {
        self.state.word()
    }

    /// What is held for it, in the currency asked in.
    pub fn held(&self) -> Money {
        match &self.state {
            _ if self.funding == Funding::Acquirer => Money::zero(self.asked.asset()),
            State::AwaitingApproval { .. } | State::Approved | State::Sent | State::Unknown => self.asked,
            State::Created { .. } | State::Paid | State::Returned { .. } | State::Ended(_) => {
                Money::zero(self.asked.asset())
            }
        }
    }

    /// What it has taken from the merchant's own money at the acquirer by now: paid and not returned.
    pub fn taken_at_acquirer(&self) -> Money {
        let zero = Money::zero(self.asked.asset());
        match (self.funding, &self.state) {
            (Funding::Acquirer, State::Paid) => self.asked,
            (Funding::Acquirer, State::Returned { amount }) => self.asked.minus(*amount).unwrap_or(zero),
            (
                Funding::Acquirer,
                State::Created { .. }
                | State::AwaitingApproval { .. }
                | State::Approved
                | State::Sent
                | State::Unknown
                | State::Ended(_),
            )
            | (Funding::Balance, _) => zero,
        }
    }

    /// What it has taken from the merchant's available balance by now: held, or paid and not returned.
    pub fn taken(&self) -> Money {
        match &self.state {
            _ if self.funding == Funding::Acquirer => Money::zero(self.asked.asset()),
            State::AwaitingApproval { .. } | State::Approved | State::Sent | State::Unknown | State::Paid => self.asked,
            State::Returned { amount } => self.asked.minus(*amount).unwrap_or(Money::zero(self.asked.asset())),
            State::Created { .. } | State::Ended(_) => Money::zero(self.asked.asset()),
        }
    }

    /// The withdrawal as it stood when its merchant had ordered it and its payout was sent, before anything was heard: what the
    /// merchant is told when the answer was lost. One that its payer or an approver sets off was answered before.
    pub fn as_first_sent(&self) -> Withdrawal {
        let mut sent = self.clone();
        if let Some(payout) = sent.payout.as_mut() {
            payout.forget_answers();
            sent.state = State::Approved;
            sent.returns = Vec::new();
            sent.announced = None;
        }
        sent
    }

    /// When something is to be done about it without anybody asking; derived, never set.
    pub fn wake_at(&self) -> Option<Timestamp> {
        let look_up = self.payout.as_ref().and_then(Operation::next_look_up);
        let deadline = match &self.state {
            State::Created { until } => Some(*until),
            State::AwaitingApproval { until, .. } => *until,
            State::Approved | State::Sent | State::Unknown | State::Paid | State::Returned { .. } | State::Ended(_) => {
                None
            }
        };
        look_up.into_iter().chain(deadline).min()
    }
}
