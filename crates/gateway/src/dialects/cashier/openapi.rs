//! The OpenAPI 3.1 document of this dialect, for the routes that exist. The reference pages are rendered from it. It is the file
//! `openapi.json`, and the table of errors behind it, which is made here from what the dialect answers.

use serde_json::{Value, json};

use super::errors::Problem;

/// The document.
pub fn openapi() -> Value {
    let mut document: Value = serde_json::from_str(include_str!("openapi.json")).expect("the file is JSON");
    document["x-errors"] = errors().into();
    document
}

/// The table of errors, for the routes that exist.
fn errors() -> Vec<Value> {
    let lines = [
        (Problem::CredentialNotFound, "provider or route unknown, not yours, disabled, or not set up for this mode"),
        (Problem::TransactionIdMissing, "status, approve or reject without an id"),
        (
            Problem::Busy,
            "draining or overloaded: come back after Retry-After; 500 with the same code is a fault of ours",
        ),
        (Problem::ApiKeyMissing, "no header X-Api-Key, or an empty one"),
        (Problem::ApiKeyNotFound, "unknown or revoked key, or two of them"),
        (Problem::ApiKeyExpired, "the key's time is over"),
        (Problem::TransactionUnknown, "unknown id, another merchant's, or of the other mode"),
        (Problem::NotChangeable, "approve or reject of a deposit, of what was decided otherwise, or not yet confirmed"),
        (Problem::TrackingIdMissing, "request.tracking_id absent, null or empty"),
        (Problem::NotCancellable, "reject of a withdrawal already approved, sent or paid"),
        (Problem::WebhookUnavailable, "the host of the webhook URL does not exist or leads to a refused address"),
        (Problem::CallerBlocked, "by the rules on callers, or, with errors, on payers"),
        (Problem::Validation(Vec::new()), "bad JSON, or missing or malformed fields; errors names every one"),
        (Problem::TrackingIdTaken, "one tracking_id is one transaction: a new try needs a new one"),
        (Problem::AmountOutside(Vec::new()), "provider, merchant or customer limit; errors names the bounds"),
        (Problem::ProviderUnavailable(Vec::new()), "the provider named cannot take this payment"),
        (Problem::NoRule, "no provider was named and the rules leave none"),
        (Problem::ModeMismatch, "request.mode contradicts the key"),
        (Problem::BalanceInsufficient, "the merchant's available balance is clearly short"),
        (Problem::NotPermitted, "a permission is missing"),
        (Problem::IdempotencyKeyTaken, "the header's key came with other content before"),
        (Problem::PortalOnly, "the merchant switched approval by API off"),
        (Problem::NotFound, "unknown path"),
        (Problem::MethodNotAllowed(""), "wrong method; the header Allow says which"),
        (Problem::BodyTooLarge, "over 64 KiB"),
        (Problem::TooManyRequests, "only where the operator limits rates; with Retry-After"),
    ];
    let line = |(problem, when): &(Problem, &str)| {
        let (code, http, message) = problem.line();
        json!({"code": code, "http": http, "message": message, "when": when})
    };
    lines.iter().map(line).collect()
}
