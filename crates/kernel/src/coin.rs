//! Coins: exact amounts on a chain, and payments made with them (crypto contract).
//!
//! A [`CoinPayment`] knows what was asked for, the rules that were agreed on when it began, and the outputs that were seen at its
//! address. Everything else (how much is there, what is owed back, what stands in the book) is computed from these, so that a
//! reorganised chain undoes exactly what it had caused.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::payment::{Details, Dialect, Mode};
use crate::{MerchantId, PaymentId};

mod book;
pub mod decide;
mod deposit;
mod price;
mod refund;
mod shown;
mod state;
mod terms;
mod totals;
mod units;

pub use decide::{ChainNews, Command, Decision, Kept, LateFacts, Order, Refusal, Repeat, decide};
pub use deposit::Deposit;
pub use price::{Price, PriceError, Surcharge};
pub use refund::{Refund, RefundSource, RefundStatus};
pub use state::{Cancellation, Reason, State, Why, Word};
pub use terms::{Late, Over, Requirement, ScreeningRule, Terms, Under, ZeroConfirmation};
pub use units::{Units, WIRE_DECIMALS};

/// A payment made with coins. Rows hold it whole; [`decide`] alone changes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoinPayment {
    /// Its id, of the number space it shares with payments and withdrawals.
    pub id: PaymentId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// Where it was made.
    pub dialect: Dialect,
    /// When, by the merchant's clock.
    pub created_at: Timestamp,
    /// The id under which its merchant knows it, made by either: a UUID in lower case.
    pub public_id: String,
    /// By what payments of one order are known, where the merchant named it: what was paid otherwise is not taken late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The locked price.
    pub price: Price,
    /// The network's name.
    pub network: String,
    /// Where the coins go. Of this payment alone, for ever.
    pub address: String,
    /// How the address was derived.
    pub derived: Derivation,
    /// The rules agreed on at the start.
    pub terms: Terms,
    /// When the payer's time is over; once later, after an underpayment.
    pub deadline: Timestamp,
    /// Whether the deadline was moved for a top-up: it is once at most.
    #[serde(default, skip_serializing_if = "is_false")]
    pub topped_up: bool,
    /// Whether the deadline has passed: known once the chain was seen in sync after it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deadline_over: bool,
    /// Where it stands.
    pub state: State,
    /// What was accepted, or is to be once the coins are confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acceptance: Option<Acceptance>,
    /// Outputs seen at its address, in the order in which they were seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deposits: Vec<Deposit>,
    /// Refunds, in the order in which they were asked for; `refunds[n].seq == n + 1`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refund>,
    /// The last conflict or reorganisation that concerned it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<Alert>,
    /// The newest block it was decided by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tip: Option<crate::ports::chain::Block>,
    /// The height up to which the chain called its blocks final then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_height: Option<u64>,
    /// When it was confirmed, while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Timestamp>,
    /// Not before then is the chain asked again, where it did not answer when it should have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recheck_at: Option<Timestamp>,
    /// What its dialect announced last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced: Option<String>,
    /// What the merchant told about it; no decision reads it.
    pub details: Details,
}

/// How an address was derived from a watch-only account key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Derivation {
    /// What the key is called: a digest of it, the same for the same key.
    pub account: String,
    /// The external index.
    pub index: u32,
}

/// What is accepted for the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// So many coins.
    pub units: Units,
    /// And so they count in the invoice's currency.
    pub invoice: crate::Money,
    /// Who said so.
    pub by: AcceptedBy,
}

/// Who accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AcceptedBy {
    /// The rules of the payment.
    Rule,
    /// The rules, of coins that came after it had been given up.
    LateRule,
    /// The merchant, who named this amount, or none.
    Merchant(Option<Units>),
}

/// A conflict or reorganisation, as the merchant is told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// When it was noticed.
    pub at: Timestamp,
    /// What happened.
    pub kind: AlertKind,
    /// The transaction concerned.
    pub txid: String,
}

/// What happened to a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// A conflicting one is in the mempool.
    Conflict,
    /// A conflicting one is in a block.
    DoubleSpend,
    /// The block that held it was replaced.
    Reorganisation,
}

fn is_false(value: &bool) -> bool {
    !value
}
