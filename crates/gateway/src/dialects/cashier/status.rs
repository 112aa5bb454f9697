//! The words of this dialect for where a payment stands (contract, section 15). Nothing else may reach a merchant: what a
//! provider said in its own words stays inside.

use std::borrow::Cow;

use florin_kernel::Money;
use florin_kernel::payment::{Decline, Ending, OperationKind, OperationStatus, Payment, State, Word};

use super::settings::Statuses;
use florin_kernel::withdrawal::{self, Withdrawal};

/// `transaction_status` of a deposit.
pub fn status(word: Word, statuses: Statuses) -> &'static str {
    match statuses {
        Statuses::Basic => basic(word),
        Statuses::Extended => extended(word).unwrap_or(basic(word)),
    }
}

fn basic(word: Word) -> &'static str {
    match word {
        Word::Created | Word::PendingPayer | Word::Pending | Word::Unknown | Word::Authorised => "pending",
        Word::PartiallyCaptured | Word::Captured | Word::PartiallyRefunded | Word::Refunded | Word::ChargedBack => {
            "successful"
        }
        Word::Voided | Word::Cancelled | Word::Declined | Word::Failed | Word::Expired | Word::AuthorisationExpired => {
            "rejected"
        }
    }
}

fn extended(word: Word) -> Option<&'static str> {
    match word {
        Word::PartiallyRefunded => Some("partially_refunded"),
        Word::Refunded => Some("refunded"),
        Word::ChargedBack => Some("charged_back"),
        Word::Voided | Word::Cancelled => Some("cancelled"),
        Word::Expired | Word::AuthorisationExpired => Some("expired"),
        Word::Created
        | Word::PendingPayer
        | Word::Pending
        | Word::Unknown
        | Word::Authorised
        | Word::PartiallyCaptured
        | Word::Captured
        | Word::Declined
        | Word::Failed => None,
    }
}

/// Why a transaction was rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The issuer's response code (ISO 8583) or a word of section 15.
    pub code: Cow<'static, str>,
    /// The text for it.
    pub text: Cow<'static, str>,
}

impl Reason {
    const fn word(code: &'static str, text: &'static str) -> Reason {
        Reason { code: Cow::Borrowed(code), text: Cow::Borrowed(text) }
    }
}

/// The reason of a rejected payment; `None` for any other.
pub fn reason(payment: &Payment) -> Option<Reason> {
    let State::Ended(ending) = &payment.state else { return None };
    Some(match ending {
        Ending::Declined(decline) => declined(decline),
        Ending::Failed => Reason::word("provider", "Provider unavailable"),
        Ending::Cancelled => Reason::word("cancelled", "Cancelled by customer"),
        Ending::Expired | Ending::AuthorisationExpired => Reason::word("expired", "Expired"),
        Ending::Voided => Reason::word("merchant", "Rejected by merchant"),
    })
}

/// `transaction_status` of a withdrawal.
pub fn withdrawal_status(word: withdrawal::Word, statuses: Statuses) -> &'static str {
    use withdrawal::Word;
    match (word, statuses) {
        (Word::Cancelled, Statuses::Extended) => "cancelled",
        (Word::Expired, Statuses::Extended) => "expired",
        (Word::Returned, Statuses::Extended) => "returned",
        (Word::Created | Word::AwaitingApproval | Word::Approved | Word::Sent | Word::Unknown, _) => "pending",
        (Word::Paid, _) | (Word::Returned, Statuses::Basic) => "successful",
        (Word::Declined | Word::Failed | Word::Rejected, _) | (Word::Cancelled | Word::Expired, Statuses::Basic) => {
            "rejected"
        }
    }
}

/// The reason of a rejected withdrawal; `None` for any other.
pub fn withdrawal_reason(withdrawal: &Withdrawal) -> Option<Reason> {
    use withdrawal::Ending;
    let withdrawal::State::Ended(ending) = &withdrawal.state else { return None };
    Some(match ending {
        Ending::Declined(decline) => declined(decline),
        Ending::Failed => Reason::word("provider", "Provider unavailable"),
        Ending::Rejected { reason, .. } if reason.is_empty() => Reason::word("merchant", "Rejected by merchant"),
        Ending::Rejected { reason, .. } => Reason { code: "merchant".into(), text: reason.clone().into() },
        Ending::Cancelled => Reason::word("cancelled", "Cancelled by customer"),
        Ending::Expired => Reason::word("expired", "Expired"),
        Ending::ApprovalExpired => Reason::word("approval", "Approval expired"),
    })
}

fn declined(decline: &Decline) -> Reason {
    match decline {
        Decline::Response(code) => response(code),
        Decline::Authentication(_) => Reason::word("3ds", "3-D Secure authentication failed"),
        Decline::Risk => Reason::word("risk", "Blocked by risk rules"),
        Decline::Provider => Reason::word("provider", "Provider unavailable"),
    }
}

/// The text of a response code. Providers send all sorts of things in its place; what is not two letters or digits reads as
/// the plain no, 05.
fn response(code: &str) -> Reason {
    let text = match code {
        "04" => "Pick up card",
        "05" => "Do not honour",
        "12" => "Invalid transaction",
        "14" => "Invalid card number",
        "41" => "Lost card",
        "43" => "Stolen card",
        "51" => "Insufficient funds",
        "54" => "Expired card",
        "57" => "Transaction not permitted to cardholder",
        "59" => "Suspected fraud",
        "61" => "Amount limit exceeded",
        "62" => "Restricted card",
        "65" => "Frequency limit exceeded",
        "91" => "Issuer unavailable",
        "96" => "System malfunction",
        "N7" => "Wrong security code",
        other if other.len() == 2 && other.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            return Reason { code: other.to_owned().into(), text: format!("Declined ({other})").into() };
        }
        _ => return Reason::word("05", "Do not honour"),
    };
    Reason { code: code.to_owned().into(), text: text.into() }
}

/// What the payer is credited, in request currency: what was captured, before that what was asked (product document).
pub fn credited(payment: &Payment) -> Money {
    match &payment.state {
        State::Funded(funds) if !funds.captured.is_zero() => funds.captured,
        State::Funded(_)
        | State::Created
        | State::PendingPayer { .. }
        | State::Pending { .. }
        | State::Unknown { .. }
        | State::Ended(_) => payment.asked,
    }
}

/// What the provider moves, in its currency. Refunds do not change it.
pub fn moved(payment: &Payment) -> Money {
    let Some(attempt) = payment.funding().or(payment.last_attempt()) else { return payment.asked };
    let captures = payment
        .operations
        .iter()
        .filter(|operation| operation.kind == OperationKind::Capture && operation.status == OperationStatus::Approved);
    let captured = captures.map(|capture| capture.moved).reduce(|sum, next| sum.plus(next).unwrap_or(sum));
    captured.unwrap_or(attempt.moved)
}
