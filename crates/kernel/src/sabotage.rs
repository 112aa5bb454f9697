//! Negative controls: named defects that the test suites must notice. Without the feature `sabotage`, which no product
//! build has, nothing can be planted and every check is a constant.

/// One defect, as teams have shipped it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Defect {
    /// The store answers before its commit is on disk.
    AcknowledgeBeforeCommit = 1,
    /// A sale without a clear answer is sent again as a new one.
    BlindRetry,
    /// A reference is looked up and then inserted, instead of inserted under a constraint.
    SelectThenInsert,
    /// Whatever a provider said last is believed, also about what has ended.
    LastCallbackWins,
    /// Another provider is tried while the first may have taken the money.
    CascadeWhileUnknown,
    /// A payment is found by its id alone.
    MissingMerchantCheck,
    /// A refund is not held against what was captured.
    RefundBoundUnchecked,
    /// The webhook is written after the commit that causes it.
    EventOutsideCommit,
    /// A timer asks the wall clock instead of its lane's.
    WallClockInTimer,
    /// The commit queue takes whatever comes.
    UnboundedQueue,
    /// What one account is debited is not what the other is credited.
    UnbalancedEntry,
    /// A hold is released while a capture of it is under way.
    DoubleResolutionOfHold,
    /// An invoice takes another try while one is open.
    TryBesideTry,
    /// Coins are the merchant's as soon as they are seen.
    CreditBeforeConfirmations,
    /// What a reorganisation took away stays in the book.
    ReversalNotBooked,
}

/// Every defect.
pub const DEFECTS: [Defect; 15] = [
    Defect::AcknowledgeBeforeCommit,
    Defect::BlindRetry,
    Defect::SelectThenInsert,
    Defect::LastCallbackWins,
    Defect::CascadeWhileUnknown,
    Defect::MissingMerchantCheck,
    Defect::RefundBoundUnchecked,
    Defect::EventOutsideCommit,
    Defect::WallClockInTimer,
    Defect::UnboundedQueue,
    Defect::UnbalancedEntry,
    Defect::DoubleResolutionOfHold,
    Defect::TryBesideTry,
    Defect::CreditBeforeConfirmations,
    Defect::ReversalNotBooked,
];

impl Defect {
    /// Its name on the command line and in the documents.
    pub fn name(self) -> &'static str {
        match self {
            Defect::AcknowledgeBeforeCommit => "acknowledge-before-commit",
            Defect::BlindRetry => "blind-retry",
            Defect::SelectThenInsert => "select-then-insert",
            Defect::LastCallbackWins => "last-callback-wins",
            Defect::CascadeWhileUnknown => "cascade-while-unknown",
            Defect::MissingMerchantCheck => "missing-merchant-check",
            Defect::RefundBoundUnchecked => "refund-bound-unchecked",
            Defect::EventOutsideCommit => "event-outside-commit",
            Defect::WallClockInTimer => "wall-clock-in-timer",
            Defect::UnboundedQueue => "unbounded-queue",
            Defect::UnbalancedEntry => "unbalanced-entry",
            Defect::DoubleResolutionOfHold => "double-resolution-of-hold",
            Defect::TryBesideTry => "try-beside-try",
            Defect::CreditBeforeConfirmations => "credit-before-confirmations",
            Defect::ReversalNotBooked => "reversal-not-booked",
        }
    }
}

/// Whether this build can be sabotaged. The product's build refuses to be.
pub const COMPILED_IN: bool = cfg!(feature = "sabotage");

#[cfg(feature = "sabotage")]
static PLANTED: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);

/// Plants a defect in this process in place of the one before; `None`: no defect.
#[cfg(feature = "sabotage")]
pub fn plant(defect: Option<Defect>) {
    PLANTED.store(defect.map_or(0, |defect| defect as u8), std::sync::atomic::Ordering::SeqCst);
}

/// Whether a defect is planted.
#[cfg(feature = "sabotage")]
pub fn is_planted(defect: Defect) -> bool {
    PLANTED.load(std::sync::atomic::Ordering::Relaxed) == defect as u8
}

/// Whether a defect is planted: never in this build.
#[cfg(not(feature = "sabotage"))]
pub const fn is_planted(_defect: Defect) -> bool {
    false
}
