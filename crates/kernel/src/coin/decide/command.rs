//! What is said to a coin payment, and what comes of it.

use jiff::Timestamp;

use crate::Money;
use crate::coin::{CoinPayment, Units, Word};
use crate::fx::Rate;
use crate::payment::{Effect, Seq};
use crate::ports::chain::{Block, Broadcast, Outpoint, Place, Screening, Sighting, Signature};

/// What may be said about a coin payment.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// What its chain did. The one way in which coins come, are confirmed or vanish, and in which time runs out.
    Chain(ChainNews),
    /// The time of [`CoinPayment::wake_at`] has come.
    Wake,
    /// The merchant gives it up.
    Cancel {
        /// In its word.
        reason: String,
        /// In its words.
        comment: String,
    },
    /// The merchant takes what came as it is.
    Accept {
        /// What it believes came, as shown; nothing: whatever came.
        units: Option<Units>,
        /// What that is to count in the invoice's currency; nothing: what it is worth.
        invoice: Option<Money>,
        /// The current rate, for coins that came late.
        rate: Option<Rate>,
    },
    /// Coins are to go back.
    Refund {
        /// Where to, as the chain's adapter reads it.
        to: String,
        /// How much, as shown.
        units: Units,
        /// What the same order again means.
        repeat: Repeat,
        /// The newest block, where the chain answers.
        tip: Option<Block>,
    },
    /// What the signer says about a refund.
    Signed {
        /// Which.
        seq: Seq,
        /// What it says.
        signature: Signature,
    },
    /// What became of sending a refund.
    Broadcast {
        /// Which.
        seq: Seq,
        /// What became of it.
        broadcast: Broadcast,
    },
    /// Where a refund's transaction is; nowhere: the node does not know it.
    RefundFound {
        /// Which.
        seq: Seq,
        /// Where.
        place: Option<Place>,
        /// The newest block that the payment knew of when it was asked.
        tip: Option<Block>,
    },
    /// What screening says about an output.
    Screened {
        /// Which.
        outpoint: Outpoint,
        /// What it says.
        screening: Screening,
    },
    /// An operator lets through what screening held.
    Release,
    /// An operator refuses it.
    Refuse(Kept),
}

/// What becomes of coins that an operator refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// They are opened for refund.
    Opened,
    /// They are kept back.
    Frozen,
}

/// What the same refund ordered again means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// The same one.
    Same,
    /// Another one: it came with a key of its own.
    Another,
}

/// What a chain did, as far as a payment is concerned.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainNews {
    /// The newest block.
    pub tip: Block,
    /// The height up to which the chain calls its blocks final, where it does.
    pub final_height: Option<u64>,
    /// Everything before then is told.
    pub synced_at: Timestamp,
    /// The lowest height whose block was replaced.
    pub replaced_from: Option<u64>,
    /// What was seen at the payment's address.
    pub sightings: Vec<Sighting>,
    /// Whether outputs seen first are to be screened.
    pub screened: bool,
    /// What the rules for late coins need to know.
    pub late: LateFacts,
}

/// What the rules for late coins need to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateFacts {
    /// The current rate.
    pub rate: Option<Rate>,
    /// Whether the order was paid otherwise.
    pub order: Order,
}

/// How an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// No other payment of it is accepted.
    Open,
    /// Another one is, or nobody knows.
    Settled,
}

/// A decision: what is true now, and what follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The payment as it is now.
    pub payment: CoinPayment,
    /// What follows, in order. A call is about a refund: to be signed, or sent once it is.
    pub effects: Vec<Effect<Word>>,
}

/// Why a command is not obeyed. Nothing changes then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Coins were seen: it cannot be cancelled.
    #[error("coins were seen already")]
    HasTransaction,
    /// It is confirmed.
    #[error("the payment is confirmed")]
    Final,
    /// A person has to decide first.
    #[error("screening holds the payment")]
    Blocked,
    /// Screening does not hold it.
    #[error("screening does not hold the payment")]
    NotBlocked,
    /// Nothing was received that is not accepted, or its refund has begun.
    #[error("there is nothing to accept")]
    NothingToAccept,
    /// Another amount came by now.
    #[error("what came is another amount")]
    AcceptedAmountMismatch {
        /// What came.
        received: Units,
    },
    /// More than what came is worth and than what was asked, or nothing.
    #[error("the accepted amount of the invoice does not fit")]
    BadInvoiceAmount,
    /// What is owed back is another amount.
    #[error("what is owed back is another amount")]
    RefundAmountMismatch {
        /// What is owed back.
        opened: Units,
    },
    /// More than may be given back.
    #[error("the refund is larger than what may be given back")]
    RefundExceedsPayment {
        /// What may be.
        left: Units,
    },
    /// The coins could still vanish.
    #[error("the coins do not have enough confirmations to be given back")]
    Unconfirmed,
    /// Too little to be sent sensibly.
    #[error("the refund is below the network's minimum")]
    BelowMinimum,
    /// No such refund.
    #[error("the payment has no such refund")]
    NoSuchRefund,
    /// No such output.
    #[error("the payment has no such output")]
    NoSuchDeposit,
    /// A payment keeps at most [`Seq::MAX`] refunds.
    #[error("the payment has too many refunds")]
    TooManyRefunds,
}
