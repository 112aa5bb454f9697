//! Why an attempt brought no money, in the payer's words.

use florin_kernel::payment::{Decline, OperationStatus, Payment};
use florin_kernel::routing::Method;

use super::words::Words;

/// Why the last attempt brought no money, in the payer's words; what a bank said in detail is between the bank and the shop.
pub fn why(payment: &Payment, words: &Words) -> Option<&'static str> {
    let attempt = payment.last_attempt()?;
    let voucher = attempt.means.as_ref().is_some_and(|means| means.method == Method::Voucher);
    match &attempt.status {
        OperationStatus::Declined(Decline::Response(code)) => Some(match code.as_str() {
            "51" => words.no_funds,
            "54" => words.no_expired_card,
            "N7" => words.no_cvc,
            "61" | "65" => words.no_limit,
            "12" if voucher => words.no_voucher,
            _ => words.no_general,
        }),
        OperationStatus::Declined(Decline::Authentication(_)) => Some(words.no_authentication),
        OperationStatus::Declined(Decline::Risk) => Some(words.no_general),
        OperationStatus::Declined(Decline::Provider) | OperationStatus::Failed => Some(words.no_provider),
        OperationStatus::Cancelled => Some(words.no_cancelled),
        OperationStatus::Expired => Some(words.no_time),
        OperationStatus::Pending
        | OperationStatus::NeedsPayer(_)
        | OperationStatus::Unknown(_)
        | OperationStatus::Approved
        | OperationStatus::Late => None,
    }
}
