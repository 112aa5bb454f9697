//! The field's terms as the portal shows them: one word for one thing, on every screen.

use florin_kernel::payment::{AuthenticationFailure, Decline, Dialect, Doubt, OperationKind, OperationStatus, Refusal};
use florin_kernel::routing::{Condition, Method, Misfit};
use florin_kernel::withdrawal;

use super::show::Badge;
use crate::pages::text;

/// Where transactions may stand, as rows write it, in the order in which filters offer it.
pub(super) const WORDS: [&str; 23] = [
    "created",
    "pending_payer",
    "pending",
    "unknown",
    "review",
    "authorised",
    "partially_captured",
    "captured",
    "partially_refunded",
    "refunded",
    "charged_back",
    "awaiting_approval",
    "approved",
    "sent",
    "paid",
    "returned",
    "rejected",
    "declined",
    "failed",
    "cancelled",
    "expired",
    "voided",
    "authorisation_expired",
];

/// Meaning and word of each state.
const BADGES: [(&str, &str, &str); 23] = [
    ("created", "plain", "Created"),
    ("pending_payer", "waiting", "Pending payer"),
    ("pending", "waiting", "Pending"),
    ("unknown", "attention", "Unknown"),
    ("review", "attention", "Review"),
    ("authorised", "good", "Authorised"),
    ("partially_captured", "good", "Partially captured"),
    ("captured", "good", "Captured"),
    ("partially_refunded", "plain", "Partially refunded"),
    ("refunded", "plain", "Refunded"),
    ("charged_back", "bad", "Charged back"),
    ("awaiting_approval", "attention", "Awaiting approval"),
    ("approved", "waiting", "Approved"),
    ("sent", "waiting", "Sent"),
    ("paid", "good", "Paid"),
    ("returned", "bad", "Returned"),
    ("rejected", "bad", "Rejected"),
    ("declined", "bad", "Declined"),
    ("failed", "bad", "Failed"),
    ("cancelled", "plain", "Cancelled"),
    ("expired", "plain", "Expired"),
    ("voided", "plain", "Voided"),
    ("authorisation_expired", "plain", "Authorisation expired"),
];

impl From<(&'static str, &'static str)> for Badge {
    /// Of a meaning and its word.
    fn from((meaning, word): (&'static str, &'static str)) -> Badge {
        Badge { meaning, word }
    }
}

impl Badge {
    /// Of a state as rows write it.
    pub(super) fn of_word(word: &str) -> Badge {
        let known = BADGES.iter().find(|(known, _, _)| *known == word);
        let (_, meaning, word) = known.copied().unwrap_or(("", "plain", "Other"));
        Badge::from((meaning, word))
    }

    /// Of an operation.
    pub(super) fn of_operation(status: &OperationStatus) -> Badge {
        Badge::from(match status {
            OperationStatus::Pending => ("waiting", "Pending"),
            OperationStatus::NeedsPayer(_) => ("waiting", "Pending payer"),
            OperationStatus::Unknown(_) => ("attention", "Unknown"),
            OperationStatus::Approved => ("good", "Approved"),
            OperationStatus::Late => ("attention", "Late, in suspense"),
            OperationStatus::Declined(_) => ("bad", "Declined"),
            OperationStatus::Failed => ("bad", "Failed"),
            OperationStatus::Cancelled => ("plain", "Cancelled"),
            OperationStatus::Expired => ("plain", "Expired"),
        })
    }
}

/// An operation as a noun.
pub(super) fn operation(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Sale => "Sale",
        OperationKind::Authorise => "Authorisation",
        OperationKind::Verify => "Verification",
        OperationKind::Capture => "Capture",
        OperationKind::Void => "Release of the hold",
        OperationKind::Refund => "Refund",
        OperationKind::Payout => "Payout",
    }
}

/// An operation as the admin API writes it.
pub(super) fn operation_word(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Sale => "sale",
        OperationKind::Authorise => "authorise",
        OperationKind::Verify => "verify",
        OperationKind::Capture => "capture",
        OperationKind::Void => "void",
        OperationKind::Refund => "refund",
        OperationKind::Payout => "payout",
    }
}

/// An operation's status as the admin API writes it.
pub(super) fn operation_status(status: &OperationStatus) -> &'static str {
    match status {
        OperationStatus::Pending => "pending",
        OperationStatus::NeedsPayer(_) => "pending_payer",
        OperationStatus::Unknown(_) => "unknown",
        OperationStatus::Approved => "approved",
        OperationStatus::Late => "late",
        OperationStatus::Declined(_) => "declined",
        OperationStatus::Failed => "failed",
        OperationStatus::Cancelled => "cancelled",
        OperationStatus::Expired => "expired",
    }
}

/// A merchant-facing API.
pub(super) fn dialect(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Cashier => "Cashier",
        Dialect::V3 => "Payments v3",
        Dialect::Crypto => "Crypto point of sale",
        Dialect::TransactionServices => "Transaction services",
    }
}

/// How the payer pays.
pub(super) fn method(method: Method) -> &'static str {
    match method {
        Method::Card => "Card",
        Method::BankTransfer => "Bank transfer",
        Method::EWallet => "E-wallet",
        Method::Voucher => "Voucher",
        Method::Crypto => "Coins",
    }
}

/// A method as addresses and exports write it.
pub(super) fn method_word(method: Method) -> &'static str {
    match method {
        Method::Card => "card",
        Method::BankTransfer => "bank_transfer",
        Method::EWallet => "e_wallet",
        Method::Voucher => "voucher",
        Method::Crypto => "crypto",
    }
}

/// Reads [`method_word`].
pub(super) fn parse_method(text: &str) -> Option<Method> {
    super::filters::METHODS.into_iter().find(|method| method_word(*method) == text)
}

/// Why a provider said no.
pub(super) fn decline(decline: &Decline) -> String {
    match decline {
        Decline::Response(code) => match response(code) {
            "" => format!("response {code}"),
            text => format!("{text} (response {code})"),
        },
        Decline::Authentication(AuthenticationFailure::Technical) => "3-D Secure could not be done".to_owned(),
        Decline::Authentication(AuthenticationFailure::NotAuthenticated) => {
            "not authenticated by the issuer".to_owned()
        }
        Decline::Authentication(AuthenticationFailure::ChallengeFailed) => "the payer failed the challenge".to_owned(),
        Decline::Risk => "blocked by a risk rule".to_owned(),
        Decline::Provider => "the provider refused to take part".to_owned(),
    }
}

/// A bank's response code in words (ISO 8583, data element 39); empty where it is none of the usual ones.
fn response(code: &str) -> &'static str {
    match code {
        "00" => "approved",
        "01" | "02" => "refer to the issuer",
        "03" => "invalid merchant",
        "04" | "07" => "pick up the card",
        "05" => "do not honour",
        "12" => "invalid transaction",
        "13" => "invalid amount",
        "14" => "invalid card number",
        "15" => "no such issuer",
        "19" => "enter again",
        "1A" => "authentication required",
        "41" => "lost card",
        "43" => "stolen card",
        "51" => "insufficient funds",
        "54" => "expired card",
        "57" => "not permitted to the cardholder",
        "58" => "not permitted to the terminal",
        "59" => "suspected fraud",
        "61" => "exceeds the amount limit",
        "62" => "restricted card",
        "65" => "exceeds the count limit",
        "68" => "answered too late",
        "91" => "issuer not available",
        "92" => "no way to the issuer",
        "96" => "system malfunction",
        "N7" => "wrong CVC",
        _ => "",
    }
}

/// Why an answer is not clear.
pub(super) fn doubt(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::TimedOut => "no answer came in time",
        Doubt::Garbled => "the answer said nothing clear",
        Doubt::Lost => "the answer was lost",
    }
}

/// The condition of a rule that was not met.
pub(super) fn condition(condition: Condition) -> &'static str {
    match condition {
        Condition::Currencies => "currency",
        Condition::Countries => "country",
        Condition::AmountMin => "smallest amount",
        Condition::AmountMax => "largest amount",
        Condition::KycStatus => "KYC status",
        Condition::TagsAny | Condition::TagsAll | Condition::TagsNone => "tags",
        Condition::CardBrands => "card brand",
        Condition::CardBins => "card range",
    }
}

/// Why an account was left out.
pub(super) fn misfit(misfit: Misfit) -> &'static str {
    match misfit {
        Misfit::Missing => "is gone",
        Misfit::Foreign => "is another merchant\u{2019}s",
        Misfit::Disabled => "is out of service",
        Misfit::Mode => "has no credentials for this mode",
        Misfit::Method => "takes another method",
        Misfit::Currency => "does not take the currency",
        Misfit::Country => "does not take the country",
        Misfit::Unusable => "cannot do it",
        Misfit::Amount => "does not take the amount",
    }
}

/// A name of several words joined by lines, as a sentence begins: `captured_from_hold`.
pub(super) fn sentence(name: &str) -> String {
    let name = name.replace('_', " ");
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

const NOT_UNKNOWN: &str = "It is not unknown any more: its provider, or somebody else, has said what became of it.";

/// Why an order about a payment is not obeyed, and what to do instead.
pub(super) fn refusal(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Ended(word) => format!("The payment has ended: {}.", lower(word.text())),
        Refusal::AttemptOpen => "An attempt to pay is still open. Wait until it has ended.".to_owned(),
        Refusal::AlreadyFunded => "The payment has its money already.".to_owned(),
        Refusal::SessionOver => "The payer\u{2019}s session is over.".to_owned(),
        Refusal::NotFunded => "There is no money of this payment to act on.".to_owned(),
        Refusal::CaptureExceedsHold { asked, left } => {
            format!("{} is more than the {} that can still be captured.", text::amount(*asked), text::amount(*left))
        }
        Refusal::RefundExceedsCapture { asked, left } => {
            format!("{} is more than the {} that can still be refunded.", text::amount(*asked), text::amount(*left))
        }
        Refusal::ChargebackExceedsCapture { asked, left } => {
            format!("{} is more than the {} that were captured.", text::amount(*asked), text::amount(*left))
        }
        Refusal::HoldCaptured => "Some of the hold was captured already.".to_owned(),
        Refusal::HoldBusy => "A capture or release of the same hold is not decided yet. Wait until it is.".to_owned(),
        Refusal::BadAmount => "The amount does not fit the payment\u{2019}s currency.".to_owned(),
        Refusal::NoSuchOperation => "The payment has no such operation.".to_owned(),
        Refusal::NotUnknown => NOT_UNKNOWN.to_owned(),
        Refusal::TooManyOperations => "The payment has as many operations as it can keep.".to_owned(),
    }
}

/// Why an order about a withdrawal is not obeyed.
pub(super) fn withdrawal_refusal(refusal: &withdrawal::Refusal) -> String {
    use withdrawal::Refusal as No;
    match refusal {
        No::NotConfirmed => "The payer has not confirmed it yet.".to_owned(),
        No::AlreadyConfirmed => "The payer has confirmed it already.".to_owned(),
        No::SessionOver => "The payer\u{2019}s time is over.".to_owned(),
        No::UnderWay => "The payout is under way or made: it cannot be stopped any more.".to_owned(),
        No::Decided(word) => format!("It has been decided already: {}.", lower(word.text())),
        No::NotPaid => "Nothing was paid yet.".to_owned(),
        No::ReturnExceedsPayout { asked, left } => {
            format!("{} is more than the {} that were paid.", text::amount(*asked), text::amount(*left))
        }
        No::BadAmount => "The amount does not fit.".to_owned(),
        No::NotUnknown => NOT_UNKNOWN.to_owned(),
        No::NoSuchOperation => "The withdrawal has no such operation.".to_owned(),
    }
}

fn lower(word: &str) -> String {
    Badge::of_word(word).word.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{BADGES, WORDS, sentence};

    #[test]
    fn every_word_has_a_badge() {
        assert_eq!(BADGES.map(|(word, _, _)| word), WORDS);
        for (word, _, shown) in BADGES {
            assert_eq!(sentence(word), shown);
        }
    }
}
