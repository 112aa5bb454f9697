//! What this dialect answers instead of doing what was asked: one enum, one table (contract, section 2).

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use florin_engine::StoreError;
use florin_engine::{ClaimKind, StartError};
use florin_kernel::payment::Refusal;
use serde::Serialize;

use super::routes::CONTENT_TYPE_JSON;
use crate::dialects::request::StoreTrouble;

/// A field that cannot be taken, and why, in words that a merchant's developer can act on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Path with dots, from the body's outermost object: `request.customer.dob`.
    pub field: Cow<'static, str>,
    /// What the field must be. Never what it was.
    pub message: Cow<'static, str>,
}

impl FieldError {
    /// A faulty field.
    pub fn new(field: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> FieldError {
        FieldError { field: field.into(), message: message.into() }
    }
}

/// Every error of this dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// 1016: the provider or route is not this merchant's, or not in service.
    CredentialNotFound,
    /// 1021
    TransactionIdMissing,
    /// 1025 with 500: a fault of ours.
    Fault,
    /// 1025 with 503: draining, overloaded, not writable.
    Busy,
    /// 1026
    ApiKeyMissing,
    /// 1027
    ApiKeyNotFound,
    /// 1028
    ApiKeyExpired,
    /// 1039
    TransactionUnknown,
    /// 1076
    NotChangeable,
    /// 1089
    TrackingIdMissing,
    /// 1129
    NotCancellable,
    /// 1229
    WebhookUnavailable,
    /// 1295: the caller's address.
    CallerBlocked,
    /// 1295: the payer's address.
    PayerBlocked,
    /// 9001
    Validation(Vec<FieldError>),
    /// 9002
    TrackingIdTaken,
    /// 9003, with the bounds.
    AmountOutside(Vec<FieldError>),
    /// 9004, with what does not fit.
    ProviderUnavailable(Vec<FieldError>),
    /// 9005
    NoRule,
    /// 9006
    ModeMismatch,
    /// 9007
    BalanceInsufficient,
    /// 9008
    NotPermitted,
    /// 9009
    IdempotencyKeyTaken,
    /// 9010
    PortalOnly,
    /// 9020
    NotFound,
    /// 9021, with what is allowed.
    MethodNotAllowed(&'static str),
    /// 9022
    BodyTooLarge,
    /// 9023
    TooManyRequests,
}

impl Problem {
    /// One faulty field.
    pub fn field(field: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Problem {
        Problem::Validation(vec![FieldError::new(field, message)])
    }

    /// Code, HTTP status and message.
    pub fn line(&self) -> (u16, u16, &'static str) {
        match self {
            Problem::CredentialNotFound => (1016, 400, "Credential not found"),
            Problem::TransactionIdMissing => (1021, 400, "Transaction ID is missing"),
            Problem::Fault => (1025, 500, "An error has occurred. Please try again later."),
            Problem::Busy => (1025, 503, "An error has occurred. Please try again later."),
            Problem::ApiKeyMissing => (1026, 400, "API Key is missing"),
            Problem::ApiKeyNotFound => (1027, 400, "API Key not found"),
            Problem::ApiKeyExpired => (1028, 400, "API Key has expired"),
            Problem::TransactionUnknown => (1039, 400, "Transaction ID does not exist"),
            Problem::NotChangeable => (1076, 400, "You can't change this transaction"),
            Problem::TrackingIdMissing => (1089, 400, "Client Transaction ID is missing"),
            Problem::NotCancellable => (1129, 400, "You can't cancel this transaction"),
            Problem::WebhookUnavailable => (1229, 400, "Your Webhook URL is not available at this time"),
            Problem::CallerBlocked | Problem::PayerBlocked => (1295, 400, "Your IP is blocked"),
            Problem::Validation(_) => (9001, 400, "Validation failed"),
            Problem::TrackingIdTaken => (9002, 400, "Tracking ID has already been used for a different request"),
            Problem::AmountOutside(_) => (9003, 400, "Amount is outside the allowed limits"),
            Problem::ProviderUnavailable(_) => (9004, 400, "Provider is not available for this currency or country"),
            Problem::NoRule => (9005, 400, "No provider rule matches this request"),
            Problem::ModeMismatch => (9006, 400, "Mode does not match the API Key"),
            Problem::BalanceInsufficient => (9007, 400, "Balance is not sufficient for this withdrawal"),
            Problem::NotPermitted => (9008, 400, "This API Key may not use this operation"),
            Problem::IdempotencyKeyTaken => {
                (9009, 400, "Idempotency-Key has already been used for a different request")
            }
            Problem::PortalOnly => (9010, 400, "Withdrawals must be approved in the portal"),
            Problem::NotFound => (9020, 404, "Not found"),
            Problem::MethodNotAllowed(_) => (9021, 405, "Method not allowed"),
            Problem::BodyTooLarge => (9022, 413, "Request body is too large"),
            Problem::TooManyRequests => (9023, 429, "Too many requests"),
        }
    }

    /// The fields the error names, where its code has an array `errors`.
    fn errors(&self) -> Option<Vec<FieldError>> {
        match self {
            Problem::Validation(errors) | Problem::AmountOutside(errors) | Problem::ProviderUnavailable(errors) => {
                Some(errors.clone())
            }
            Problem::PayerBlocked => Some(vec![FieldError::new("request.ip", "is blocked")]),
            Problem::CredentialNotFound
            | Problem::TransactionIdMissing
            | Problem::Fault
            | Problem::Busy
            | Problem::ApiKeyMissing
            | Problem::ApiKeyNotFound
            | Problem::ApiKeyExpired
            | Problem::TransactionUnknown
            | Problem::NotChangeable
            | Problem::TrackingIdMissing
            | Problem::NotCancellable
            | Problem::WebhookUnavailable
            | Problem::CallerBlocked
            | Problem::TrackingIdTaken
            | Problem::NoRule
            | Problem::ModeMismatch
            | Problem::BalanceInsufficient
            | Problem::NotPermitted
            | Problem::IdempotencyKeyTaken
            | Problem::PortalOnly
            | Problem::NotFound
            | Problem::MethodNotAllowed(_)
            | Problem::BodyTooLarge
            | Problem::TooManyRequests => None,
        }
    }

    /// The body: `{"code":1026,"message":"API Key is missing"}`.
    pub fn body(&self) -> String {
        #[derive(Serialize)]
        struct Body {
            code: u16,
            message: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            errors: Option<Vec<FieldError>>,
        }
        let (code, _, message) = self.line();
        let body = Body { code, message, errors: self.errors() };
        serde_json::to_string(&body).expect("an error has string keys and plain values only")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (_, status, _) = self.line();
        let status = StatusCode::from_u16(status).expect("the table holds valid statuses");
        let mut response = (status, [(header::CONTENT_TYPE, CONTENT_TYPE_JSON)], self.body()).into_response();
        let headers = response.headers_mut();
        if let Problem::MethodNotAllowed(allowed) = self {
            headers.insert(header::ALLOW, HeaderValue::from_static(allowed));
        }
        if matches!(self, Problem::Busy | Problem::TooManyRequests) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match StoreTrouble::from(error) {
            StoreTrouble::Busy => Problem::Busy,
            StoreTrouble::Fault => Problem::Fault,
        }
    }
}

impl From<ClaimKind> for Problem {
    fn from(taken: ClaimKind) -> Problem {
        match taken {
            // Nothing of this dialect is printed as a number, and it promises none.
            ClaimKind::Reference | ClaimKind::Number | ClaimKind::Operation => Problem::TrackingIdTaken,
            ClaimKind::IdempotencyKey => Problem::IdempotencyKeyTaken,
        }
    }
}

impl From<StartError> for Problem {
    fn from(error: StartError) -> Problem {
        match error {
            StartError::Taken(kind) => kind.into(),
            StartError::Store(error) => error.into(),
            StartError::Draining => Problem::Busy,
            StartError::Refused(Refusal::BadAmount) => {
                // The amount is fine in its own currency, but the provider's cannot hold what it converts to.
                Problem::AmountOutside(vec![FieldError::new("request.amount", "is too large for this provider")])
            }
            StartError::BalanceInsufficient => Problem::BalanceInsufficient,
            refusal @ (StartError::Refused(_)
            | StartError::PayoutRefused(_)
            | StartError::NoRoute(_)
            | StartError::Order(_)) => {
                tracing::error!(%refusal, "a new payment was refused");
                Problem::Fault
            }
        }
    }
}
