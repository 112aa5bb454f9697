//! What the portal and the admin API say about coins.

use florin_kernel::Coin;
use florin_kernel::coin::{AcceptedBy, AlertKind, RefundStatus, Refusal, Units, Why};
use florin_kernel::ports::chain::{Place, Screening};

use super::show::Badge;
use super::words;

/// `0.00079744 BTC`.
pub(super) fn amount(units: Units, coin: Coin) -> String {
    format!("{} {}", units.decimal(coin), coin.code())
}

/// Where an output is.
pub(super) fn place(place: &Place) -> &'static str {
    match place {
        Place::Mempool => "Not in a block yet",
        Place::Block(_) => "In a block",
        Place::Missing => "Missing",
        Place::Replaced { .. } => "Being replaced",
        Place::Conflicted { .. } => "Spent otherwise",
    }
}

/// What screening says.
pub(super) fn screening(screening: Screening) -> &'static str {
    match screening {
        Screening::Pending => "asked, no answer yet",
        Screening::Pass => "nothing against it",
        Screening::Review => "a person has to decide",
        Screening::Reject => "not to be taken",
    }
}

/// Who accepted.
pub(super) fn accepted_by(by: &AcceptedBy) -> &'static str {
    match by {
        AcceptedBy::Rule => "the payment\u{2019}s rules",
        AcceptedBy::LateRule => "the rules for late coins",
        AcceptedBy::Merchant(_) => "the merchant",
    }
}

/// Why it was given up.
pub(super) fn given_up(why: &Why) -> String {
    match why {
        Why::Timeout => "nothing came in time".to_owned(),
        Why::Underpaid => "too little came in time".to_owned(),
        Why::DoubleSpend => "the coins were spent otherwise".to_owned(),
        Why::Dropped => "the transaction was dropped by the network".to_owned(),
        Why::ScreeningRejected { frozen: true } => "refused after screening, the coins are kept back".to_owned(),
        Why::ScreeningRejected { frozen: false } => "refused after screening".to_owned(),
        Why::Caller { reason, comment } if comment.is_empty() => format!("by the merchant: {reason}"),
        Why::Caller { reason, comment } => format!("by the merchant: {reason}, {comment}"),
        Why::Simulated(code) => format!("the simulated payer refused, {code}"),
    }
}

/// A conflict or a reorganised chain.
pub(super) fn alert(kind: AlertKind) -> &'static str {
    match kind {
        AlertKind::Conflict => "A conflicting transaction was seen",
        AlertKind::DoubleSpend => "The coins were spent otherwise",
        AlertKind::Reorganisation => "The block that held the coins was replaced",
    }
}

/// How far a refund is.
pub(super) fn refund(status: &RefundStatus) -> Badge {
    Badge::from(match status {
        RefundStatus::Ordered | RefundStatus::Signed => ("waiting", "Pending"),
        RefundStatus::Unknown(_) => ("attention", "Unknown"),
        RefundStatus::Sent => ("waiting", "Sent"),
        RefundStatus::Done(_) => ("good", "Done"),
        RefundStatus::Failed(_) => ("bad", "Failed"),
    })
}

/// Why a refund is where it is, where that has to be told.
pub(super) fn refund_reason(status: &RefundStatus) -> String {
    match status {
        RefundStatus::Unknown(doubt) => words::sentence(words::doubt(*doubt)),
        RefundStatus::Failed(why) => words::sentence(why),
        RefundStatus::Ordered | RefundStatus::Signed | RefundStatus::Sent | RefundStatus::Done(_) => String::new(),
    }
}

/// Said where an operator would decide about what is not held.
pub(super) const NOT_HELD: &str = "Screening does not hold the payment, or somebody has decided already.";

/// Why an order about coins is not obeyed, and what to do instead.
pub(super) fn refusal(refusal: &Refusal, coin: Coin) -> String {
    match refusal {
        Refusal::HasTransaction => {
            "Coins have been seen already, so it cannot be cancelled. Accept them, or refund them once the time is over.".to_owned()
        }
        Refusal::Final => "The payment is paid. Refund it instead.".to_owned(),
        Refusal::Blocked => "Screening holds the payment: the operator has to decide first.".to_owned(),
        Refusal::NotBlocked => NOT_HELD.to_owned(),
        Refusal::NothingToAccept => "There is nothing to accept: no coins wait for a decision.".to_owned(),
        Refusal::AcceptedAmountMismatch { received } => {
            format!("{} have come by now. Look at the payment again.", amount(*received, coin))
        }
        Refusal::BadInvoiceAmount => "That is more than what came is worth.".to_owned(),
        Refusal::RefundAmountMismatch { opened } => {
            format!("{} are owed back: all of it goes back at once.", amount(*opened, coin))
        }
        Refusal::RefundExceedsPayment { left } if left.is_zero() => "There is nothing to give back.".to_owned(),
        Refusal::RefundExceedsPayment { left } => format!("At most {} can be given back.", amount(*left, coin)),
        Refusal::Unconfirmed => {
            "The coins do not lie deep enough in the chain yet: they could still vanish. Try again after more blocks.".to_owned()
        }
        Refusal::BelowMinimum => "That is less than the network can send sensibly.".to_owned(),
        Refusal::NoSuchRefund | Refusal::NoSuchDeposit => "The payment has no such part.".to_owned(),
        Refusal::TooManyRefunds => "The payment has as many refunds as it can keep.".to_owned(),
    }
}
