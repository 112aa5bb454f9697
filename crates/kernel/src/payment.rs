//! A payment: what was asked, what was tried, and where its money stands.

use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::card::CardSummary;
use crate::fx::Rate;
use crate::record::TryResult;
use crate::routing::{Method, ProviderId, Trail};
use crate::{MerchantId, Money, PaymentId, RegistrationId};

mod authentication;
pub mod decide;
mod details;
mod operation;
mod report;
mod state;
mod totals;

pub use authentication::{
    Authenticate, Authentication, AuthenticationFailure, AuthenticationStatus, Circumstances, Presence, SimulatedFlow,
};
pub use decide::{Amendment, Attempt, Command, Decision, Effect, Portion, Refusal, decide, may_cascade};
pub use details::{Details, Hosted, Links, Payer};
pub(crate) use operation::{CALL_LOST_AFTER_S, UNKNOWN_LOOK_UP_S};
pub use operation::{Operation, OperationKind, OperationStatus, Seq};
pub use report::{Approval, Decline, Doubt, MethodForm, Outcome, PayerStep, Report, Resolution, StepKind};
pub use state::{Ending, Funds, State, Word};
pub use totals::{Linked, Totals};

/// Test or live. A credential is one or the other, and so is everything made with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Runs on the simulator; nothing leaves the machine.
    Dev,
    /// Real money.
    Live,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::Dev => "dev",
            Mode::Live => "live",
        })
    }
}

/// The API a payment was made in. It alone announces the payment by webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// Hosted cashier, direct, server-to-server.
    Cashier,
    /// `/v3/payments`.
    V3,
    /// Crypto point of sale.
    Crypto,
    /// Transaction services.
    TransactionServices,
}

/// Whether an approved attempt takes the money, only holds it or does neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureMode {
    /// A sale.
    Now,
    /// An authorisation, captured later.
    Later,
    /// A verification: the issuer is asked about the card and no money moves, whatever amount the merchant named.
    Never,
}

/// What happens to the payment after an attempt that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// The payment ends with the attempt.
    Never,
    /// The payer may choose again, in a session.
    Session {
        /// Attempts in all.
        attempts_max: u16,
        /// When the session ends.
        until: Timestamp,
        /// Whether the payer may change the amount.
        #[serde(default)]
        amount: AmountChoice,
    },
}

/// Who says how much is paid in a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AmountChoice {
    /// The merchant.
    #[default]
    Fixed,
    /// The payer; what the merchant asked for is a proposal.
    Open,
}

/// A payment. Rows hold it whole; [`decide`] alone changes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    /// Its id.
    pub id: PaymentId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// Where it was made.
    pub dialect: Dialect,
    /// When, by the merchant's clock.
    pub created_at: Timestamp,
    /// What the merchant asked for; where a session leaves the amount open, what the payer chose last.
    pub asked: Money,
    /// Sale, authorisation or verification.
    pub capture: CaptureMode,
    /// What follows a failed attempt.
    pub retry: Retry,
    /// How long things may take, where the product's times do not hold.
    #[serde(default, skip_serializing_if = "Times::is_default")]
    pub times: Times,
    /// Where it stands.
    pub state: State,
    /// Everything ever asked of a provider for it, in order; `operations[n].seq == n + 1`.
    pub operations: Vec<Operation>,
    /// Bank reversals, in order of arrival.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chargebacks: Vec<Chargeback>,
    /// The last status its dialect announced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced: Option<String>,
    /// What the merchant told about it; no decision reads it.
    pub details: Details,
}

/// How long things may take, where a contract lets the merchant say so; else the product's times hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Times {
    /// Life of an uncaptured hold, in days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_days: Option<u8>,
    /// The payer's time for a step of any kind, in minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_minutes: Option<u16>,
    /// What becomes of money that comes when the time is over.
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

impl Times {
    fn is_default(&self) -> bool {
        *self == Times::default()
    }
}

/// Money taken back by the payer's bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chargeback {
    /// The sale or capture it is about.
    pub on: Seq,
    /// The provider's reference, by which repeats are known.
    pub reference: String,
    /// How much, in the currency asked in.
    pub amount: Money,
    /// When we heard.
    pub at: Timestamp,
}

impl Payment {
    /// The operation with a sequence number.
    pub fn operation(&self, seq: Seq) -> Option<&Operation> {
        self.operations.get(usize::from(seq.number()).checked_sub(1)?)
    }

    /// The latest sale or authorisation tried.
    pub fn last_attempt(&self) -> Option<&Operation> {
        self.operations.iter().rev().find(|operation| operation.kind.is_attempt())
    }

    /// The attempt that brought money, if any.
    pub fn funding(&self) -> Option<&Operation> {
        let approved = |op: &&Operation| op.kind.brings_money() && op.status == OperationStatus::Approved;
        self.operations.iter().find(approved)
    }

    /// What the payer has to do now, and for which attempt.
    pub fn payer_step(&self) -> Option<(Seq, &PayerStep)> {
        let State::PendingPayer { operation, .. } = &self.state else { return None };
        match &self.operation(*operation)?.status {
            OperationStatus::NeedsPayer(step) => Some((*operation, step)),
            OperationStatus::Pending
            | OperationStatus::Unknown(_)
            | OperationStatus::Approved
            | OperationStatus::Late
            | OperationStatus::Declined(_)
            | OperationStatus::Failed
            | OperationStatus::Cancelled
            | OperationStatus::Expired => None,
        }
    }

    /// The word for where the payment stands (product document, "States of the core").
    pub fn word(&self) -> Word {
        self.state.word()
    }

    /// Whether it is over and never had any money. A hold that was released or ran out was money.
    pub fn ended_without_money(&self) -> bool {
        match &self.state {
            State::Ended(Ending::Declined(_) | Ending::Failed | Ending::Cancelled | Ending::Expired) => true,
            State::Ended(Ending::Voided | Ending::AuthorisationExpired)
            | State::Created
            | State::PendingPayer { .. }
            | State::Pending { .. }
            | State::Unknown { .. }
            | State::Funded(_) => false,
        }
    }

    /// How it ended for whoever ordered it; `None` while it is open, a hold that nothing was taken of included. What becomes of
    /// money that was taken does not change it.
    pub fn result(&self) -> Option<TryResult> {
        match &self.state {
            State::Created | State::PendingPayer { .. } | State::Pending { .. } | State::Unknown { .. } => None,
            State::Funded(funds) if funds.captured.is_zero() => None,
            State::Funded(_) => Some(TryResult::Paid),
            State::Ended(Ending::Declined(decline)) => Some(TryResult::Declined(decline.clone())),
            State::Ended(Ending::Failed) => Some(TryResult::Failed),
            State::Ended(Ending::Cancelled | Ending::Expired | Ending::Voided | Ending::AuthorisationExpired) => {
                Some(TryResult::GivenUp)
            }
        }
    }

    /// The payment as it stood when its first attempt had been sent and nothing was heard: what its merchant is told when
    /// the answer was lost, now and in every repeat, whatever has become of it since.
    pub fn as_first_sent(&self) -> Payment {
        let mut sent = self.clone();
        sent.state = State::Pending { operation: Seq::new(1) };
        sent.operations.truncate(1);
        sent.operations.iter_mut().for_each(Operation::forget_answers);
        sent.chargebacks = Vec::new();
        sent.announced = None;
        sent
    }

    /// As [`Payment::as_first_sent`], when a capture, void or refund had been sent.
    pub fn as_sent(&self, seq: Seq) -> Payment {
        let mut sent = self.clone();
        sent.operations.truncate(usize::from(seq.number()));
        let Some(operation) = sent.operations.last_mut() else { return sent };
        operation.forget_answers();
        let started_at = operation.started_at;
        sent.chargebacks.retain(|chargeback| chargeback.at < started_at);
        sent.announced = None;
        if let Some(funds) = sent.funds_of_operations() {
            sent.state = State::Funded(funds);
        }
        sent
    }

    /// When something is to be done about this payment without anybody asking; derived, never set.
    pub fn wake_at(&self) -> Option<Timestamp> {
        let look_up = self.operations.iter().filter_map(|operation| operation.next_look_up()).min();
        let deadline = match &self.state {
            State::Created => match self.retry {
                Retry::Session { until, .. } => Some(until),
                Retry::Never => None,
            },
            State::Funded(funds) => funds.hold_until.filter(|_| !self.operations.iter().any(Operation::is_open)),
            State::PendingPayer { .. } | State::Pending { .. } | State::Unknown { .. } | State::Ended(_) => None,
        };
        look_up.into_iter().chain(deadline).min()
    }
}

/// A summary of the payer's means, kept with the attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Means {
    /// Card, bank transfer, wallet …
    pub method: Method,
    /// For cards entered with us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<CardSummary>,
    /// What the merchant calls the bank or wallet, where a dialect names it: `PAYPAL`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub brand: String,
    /// Where the payer's browser came from, on pages of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// The stored card that was made with this attempt, or that it charges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<RegistrationId>,
}

impl Means {
    /// A method of which nothing else is known.
    pub fn of(method: Method) -> Means {
        Means { method, card: None, brand: String::new(), address: None, registration: None }
    }
}

/// Where an operation goes and what it moves there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The provider account.
    pub provider: ProviderId,
    /// Its code, as webhooks and lists name it.
    pub code: String,
    /// Its display name, as lists show it.
    pub name: String,
    /// The provider's currency and rate, where it is not the request's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversion: Option<(crate::Asset, Rate)>,
    /// Which rules were tried and why this one won; with attempts and a withdrawal's plan only, and not where the merchant
    /// named the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail: Option<Box<Trail>>,
}
