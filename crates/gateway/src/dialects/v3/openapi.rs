//! The OpenAPI 3.1 document of this dialect, for the routes that exist. The reference pages are rendered from it. It is the file
//! `openapi.json`, and the table of refusals behind it, which is made here from what the dialect answers.

use serde_json::{Value, json};

use super::codes::Set;
use super::errors::{FieldError, Problem};
use super::mounts::Profile;

/// The document.
pub fn openapi() -> Value {
    let mut document: Value = serde_json::from_str(include_str!("openapi.json")).expect("the file is JSON");
    document["x-errors"] = errors().into();
    document
}

/// The table of refusals, for the routes that exist.
fn errors() -> Vec<Value> {
    let field = || FieldError::new("", "");
    let lines = [
        (Problem::NoLogin, "no header Authorization, another scheme, or an empty token"),
        (Problem::WrongLogin, "token unknown, revoked or expired; entityId unknown or another token's"),
        (Problem::NotPermitted, "a permission is missing: withdrawals for payouts, s2s_cards for card fields"),
        (Problem::Fields(Vec::new()), "missing or malformed fields; parameterErrors names every one"),
        (Problem::AmountTooLow(field()), "the amount is zero or below what the provider takes"),
        (Problem::AmountTooLarge(field()), "the amount is above a limit of merchant or provider"),
        (Problem::AmountDecimals(field()), "decimals that the currency does not have"),
        (Problem::CurrencyUnknown(field()), "not a currency of ISO 4217"),
        (Problem::NoAccount, "no card, no token, no brand"),
        (Problem::CardNumber(field()), "the card number fails its check digit or length"),
        (Problem::CardExpired(field()), "the card has expired; live only"),
        (Problem::BrandUnknown(field()), "no such card brand"),
        (Problem::BrandDiffers(field()), "the card number is not of the brand"),
        (Problem::RegistrationMalformed, "card.token is not 32 hexadecimal digits"),
        (Problem::RegistrationUnknown, "no such registration"),
        (Problem::RegistrationUndecided, "the first payment of the registration is not decided yet"),
        (Problem::RegistrationDeleted, "the registration was deleted"),
        (Problem::RegistrationDeclined, "the first payment of the registration was declined"),
        (Problem::NoProviderForBrand, "nobody takes this brand"),
        (Problem::NoProviderForCurrency, "nobody takes this currency"),
        (Problem::TypeNotOffered, "a payment type that is not offered"),
        (Problem::Risk, "refused by a block list or risk rule"),
        (Problem::ReferenceTaken, "merchantTransactionId was used for a request with other fields"),
        (Problem::BalanceInsufficient, "a payout that the merchant's balance does not cover"),
        (Problem::PaymentUnknown, "no such transaction, or another merchant's"),
        (Problem::NoSession, "no such checkout, or nothing was tried before its time was over"),
        (Problem::CurrencyDiffers(field()), "the currency is not the original's"),
        (Problem::AmountDiffers(field()), "the amount of a reversal is not the whole"),
        (
            Problem::Unsuitable,
            "the id is of something that the order cannot act on, such as a verification or a refund",
        ),
        (Problem::CaptureExceeds, "more than the authorisation has left, or it was reversed"),
        (Problem::RefundExceeds, "more than is left to give back"),
        (Problem::CannotReverse, "captured, reversed or expired, or a DB"),
        (Problem::NoAuthorisation, "a capture of something else than an approved PA"),
        (Problem::NoCapture, "a refund without an approved DB or CP"),
        (Problem::NothingToReverse, "a reversal without an approved PA"),
        (Problem::ReferencedOpen, "the transaction to act on is not decided yet"),
        (Problem::AuthorisationExpired, "the hold ran out"),
        (Problem::ChargedBack, "the payer's bank took the money back"),
        (Problem::NoSuchPath, "unknown path"),
        (Problem::WrongMethod(""), "wrong method; the header Allow says which"),
        (Problem::BodyTooLarge, "over 64 KiB"),
        (Problem::TooManyRequests, "only where the operator limits rates; with Retry-After"),
        (Problem::Busy, "draining or overloaded, nothing was done: come back after Retry-After"),
    ];
    let line = |(problem, when): &(Problem, &str)| {
        let (code, http) = problem.line(Profile::V3);
        json!({"code": code.text(), "http": http, "message": code.description(Set::V3), "when": when})
    };
    lines.iter().map(line).collect()
}
