//! What goes into a decision and what comes out of it.

use crate::Money;
use crate::ledger::{Account, Entry};
use crate::payment::{CaptureMode, Circumstances, Details, Means, Payment, Report, Route, Seq, Word};

/// What may be said about a payment.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Try to take or hold the money.
    Attempt(Attempt),
    /// Take money out of the hold.
    Capture(Money),
    /// Take money out of the hold for the last time: once it is taken, what is left of the hold is released.
    CaptureFinal(Money),
    /// Release what is still held.
    Void,
    /// Release the whole hold, of which nothing was captured.
    Reverse,
    /// Release so much of the hold; the rest stays held.
    VoidPart(Money),
    /// Give money back.
    Refund {
        /// How much.
        amount: Portion,
        /// The sale or capture whose money it is; `None`: of whatever was taken, the oldest first.
        on: Option<Seq>,
    },
    /// What a provider says about an operation, whether it was just called, asked later, or spoke unasked.
    Answered {
        /// The operation.
        seq: Seq,
        /// What is known of it now.
        report: Report,
        /// Where to go on if this is a no that permits it (see [`super::may_cascade`]).
        fallback: Option<Attempt>,
    },
    /// The payer's bank took money back.
    ChargedBack {
        /// The sale or capture it is about.
        seq: Seq,
        /// How much, in the provider's currency.
        moved: Money,
        /// The provider's reference, by which repeats are known.
        reference: String,
    },
    /// The merchant tells something else about a session in which nothing is under way.
    Amend(Amendment),
    /// Payer or merchant gives up before money is held.
    Cancel,
    /// The merchant gives up on a payer who is awaited. Money that comes all the same comes too late.
    GiveUp,
    /// The time of [`Payment::wake_at`] has come.
    Wake,
}

/// How much of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Portion {
    /// So much.
    Exactly(Money),
    /// Whatever is left of it.
    AllLeft,
}

impl Command {
    /// Gives back so much of whatever was taken.
    pub fn refund(amount: Money) -> Command {
        Command::Refund { amount: Portion::Exactly(amount), on: None }
    }
}

/// Where an attempt goes and what with.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// The provider.
    pub route: Route,
    /// The payer's means.
    pub means: Means,
    /// How it is made.
    pub circumstances: Circumstances,
    /// What the payer chose to pay, where the session leaves it open; `None`: what was asked.
    pub amount: Option<Money>,
}

/// What a session's payment is to be from now on.
#[derive(Clone, Debug, PartialEq)]
pub struct Amendment {
    /// What is asked for.
    pub asked: Money,
    /// Sale, authorisation or verification.
    pub capture: CaptureMode,
    /// What is told about it.
    pub details: Box<Details>,
}

/// What follows from a decision, besides the new state. Nothing happens before the state is committed.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect<W = Word> {
    /// Ask the provider for an operation.
    Call(Seq),
    /// Ask the provider what became of an operation.
    LookUp(Seq),
    /// Write to the book, in the same commit.
    Post(Entry),
    /// After the entries the account's posted balance must be at least so much, or nothing is committed. May be negative.
    Floor {
        /// The account.
        account: Account,
        /// In its asset.
        minimum: Money,
    },
    /// Its word changed.
    Notify {
        /// Before.
        from: W,
        /// After.
        to: W,
    },
}

/// A decision: what is true now, and what follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The payment as it is now.
    pub payment: Payment,
    /// What follows, in order.
    pub effects: Vec<Effect>,
}

/// Why a command is not obeyed. Nothing changes then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The payment has ended.
    #[error("the payment has ended: {0:?}")]
    Ended(Word),
    /// An attempt is open or unknown: nothing else may be tried and the payment cannot be cancelled.
    #[error("an attempt is still open")]
    AttemptOpen,
    /// Money is held or taken already.
    #[error("the payment already has its money")]
    AlreadyFunded,
    /// The session's attempts are used up or its time is over.
    #[error("the payment's session is over")]
    SessionOver,
    /// There is no money to act on.
    #[error("no money is held or taken")]
    NotFunded,
    /// More than the hold has left, pending captures counted.
    #[error("capture of {asked} exceeds the {left} that are held")]
    CaptureExceedsHold {
        /// Asked for.
        asked: Money,
        /// Left.
        left: Money,
    },
    /// More than may be given back, pending refunds and chargebacks counted.
    #[error("refund of {asked} exceeds the {left} that can be refunded")]
    RefundExceedsCapture {
        /// Asked for.
        asked: Money,
        /// Left.
        left: Money,
    },
    /// More was charged back than was taken.
    #[error("chargeback of {asked} exceeds the {left} that were captured")]
    ChargebackExceedsCapture {
        /// Asked for.
        asked: Money,
        /// Left.
        left: Money,
    },
    /// A hold of which something was captured cannot be reversed as a whole.
    #[error("some of the hold was captured")]
    HoldCaptured,
    /// A capture or void of the same hold is not decided yet.
    #[error("an operation on the same hold is still open")]
    HoldBusy,
    /// Amounts must be positive and in the payment's currency.
    #[error("the amount is not a positive amount of the payment's currency")]
    BadAmount,
    /// No such operation.
    #[error("the payment has no such operation")]
    NoSuchOperation,
    /// An operator may say what became of an unknown operation only, and only a clear yes or no.
    #[error("the operation is not unknown")]
    NotUnknown,
    /// A payment keeps at most [`Seq::MAX`] operations.
    #[error("the payment has too many operations")]
    TooManyOperations,
}
