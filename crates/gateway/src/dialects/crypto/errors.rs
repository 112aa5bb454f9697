//! What callers are told when something is not done, in the words of the contract's section 3.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use florin_engine::{ClaimKind, CoinError, StoreError};
use florin_kernel::Coin;
use florin_kernel::coin::Refusal;
use serde_json::{Map, Value};

use super::Profile;
use crate::dialects::request::StoreTrouble;

/// A refusal.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The HTTP status on mount A.
    pub status: StatusCode,
    /// `err_code`.
    pub code: &'static str,
    /// `err`.
    pub text: String,
    /// `additional`.
    pub more: Vec<(&'static str, String)>,
    /// Seconds after which to come back.
    pub retry_after: Option<u32>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, text: impl Into<String>) -> Problem {
        Problem { status, code, text: text.into(), more: Vec::new(), retry_after: None }
    }

    fn bad(code: &'static str, text: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, code, text)
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Problem {
        self.more.push((name, value.into()));
        self
    }

    pub fn unauthenticated() -> Problem {
        Problem::new(StatusCode::UNAUTHORIZED, "auth_failed", "Invalid API key or authentication failed")
    }

    pub fn locked_out() -> Problem {
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many requests");
        Problem { retry_after: Some(60), ..problem }
    }

    pub fn too_many_images() -> Problem {
        Problem { retry_after: Some(1), ..Problem::locked_out() }
    }

    pub fn unknown_endpoint() -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "endpoint_not_found", "Unknown endpoint")
    }

    pub fn method_not_allowed() -> Problem {
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Only GET and POST are allowed")
    }

    pub fn body_too_large() -> Problem {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body is larger than 64 KiB")
    }

    pub fn unsupported_media_type() -> Problem {
        let text = "The body must be application/x-www-form-urlencoded or multipart/form-data";
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", text)
    }

    pub fn missing(name: &str) -> Problem {
        Problem::bad("missing_parameter", format!("Missing parameter: {name}")).with("parameter", name)
    }

    pub fn invalid(name: &str, why: &str) -> Problem {
        Problem::bad("invalid_parameter", format!("Invalid {name}: {why}")).with("parameter", name)
    }

    pub fn duplicate(name: &str) -> Problem {
        let text = format!("Parameter given twice with different values: {name}");
        Problem::bad("duplicate_parameter", text).with("parameter", name)
    }

    pub fn payer_id_required() -> Problem {
        Problem::bad("missing_parameter", "Payer ID is required").with("parameter", "payer_id")
    }

    pub fn currency(code: &str) -> Problem {
        Problem::bad("unsupported_currency", format!("Currency {code} is not available")).with("parameter", "currency")
    }

    pub fn invoice_currency(code: &str) -> Problem {
        let text = format!("Currency {code} is not available");
        Problem::bad("unsupported_invoice_currency", text).with("parameter", "invoice_currency")
    }

    pub fn amount_out_of_range(min: &str, max: &str, fiat: &str) -> Problem {
        let text = format!("invoice_amount must be between {min} and {max} {fiat}");
        Problem::bad("amount_out_of_range", text).with("parameter", "invoice_amount")
    }

    pub fn payment_not_found() -> Problem {
        Problem::bad("payment_not_found", "Payment not found")
    }

    pub fn address_out(coin: Coin) -> Problem {
        let text = format!("address_out is not a valid {} address", coin.code());
        Problem::bad("invalid_address", text).with("parameter", "address_out")
    }

    pub fn webhook_url() -> Problem {
        Problem::bad("webhook_url_refused", "webhook_url is not allowed").with("parameter", "webhook_url")
    }

    pub fn kyc() -> Problem {
        Problem::bad("kyc_not_enabled", "Payer verification is not enabled")
    }

    pub fn no_rate() -> Problem {
        let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "rate_unavailable", "No fresh rate");
        Problem { retry_after: Some(10), ..problem }
    }

    pub fn node() -> Problem {
        let text = "Network not in sync, try again";
        let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "node_unavailable", text);
        Problem { retry_after: Some(10), ..problem }
    }

    pub fn internal() -> Problem {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "Internal error")
    }

    pub fn busy() -> Problem {
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "internal_error", "Service unavailable");
        Problem { retry_after: Some(1), ..problem }
    }

    /// What the kernel refuses, in this dialect's words.
    pub fn refused(refusal: &Refusal, coin: Coin, status: &str) -> Problem {
        match refusal {
            Refusal::HasTransaction => Problem::bad(
                "payment_has_transaction",
                "A transaction was already sent; the payment cannot be cancelled",
            ),
            Refusal::Final => Problem::bad("payment_final", format!("Payment is already {status}")),
            Refusal::Blocked | Refusal::NotBlocked => {
                Problem::bad("payment_blocked", "Payment is under compliance review")
            }
            Refusal::NothingToAccept => Problem::bad("nothing_to_accept", "Nothing to accept"),
            Refusal::AcceptedAmountMismatch { received } => {
                let amount = received.decimal(coin);
                let text = format!("accepted_amount must be {amount}");
                Problem::bad("accepted_amount_mismatch", text)
                    .with("parameter", "accepted_amount")
                    .with("payment", amount)
            }
            Refusal::BadInvoiceAmount => {
                Problem::invalid("accepted_invoice_amount", "it is more than what came is worth")
            }
            Refusal::RefundAmountMismatch { opened } => {
                let amount = opened.decimal(coin);
                let text = format!("refund_amount must be {amount}");
                Problem::bad("refund_amount_mismatch", text)
                    .with("parameter", "refund_amount")
                    .with("refund_amount_opened", amount)
            }
            Refusal::RefundExceedsPayment { left } => {
                Problem::bad("refund_exceeds_payment", "Refund is larger than the refundable amount")
                    .with("parameter", "refund_amount")
                    .with("refundable_amount", left.decimal(coin))
            }
            Refusal::Unconfirmed => Problem::bad(
                "payment_unconfirmed",
                "The received coins do not have enough confirmations to be refunded",
            ),
            Refusal::BelowMinimum => Problem::bad("refund_below_dust", "Refund is below the network minimum")
                .with("parameter", "refund_amount"),
            Refusal::NoSuchRefund | Refusal::NoSuchDeposit => Problem::payment_not_found(),
            Refusal::TooManyRefunds => Problem::invalid("refund_amount", "the payment has too many refunds"),
        }
    }

    /// The answer on a mount. On B a business error is HTTP 200, since the client there fails on any other; other errors have no
    /// `err_code` there (amendment 1).
    pub fn response(&self, profile: Profile) -> Response {
        let business = self.status == StatusCode::BAD_REQUEST;
        let mut body = Map::new();
        body.insert("err".into(), self.text.clone().into());
        if profile == Profile::A || business {
            body.insert("err_code".into(), self.code.into());
        }
        if profile == Profile::A && !self.more.is_empty() {
            let more: Map<String, Value> =
                self.more.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.clone()))).collect();
            body.insert("additional".into(), more.into());
        }
        let status = if profile == Profile::B && business { StatusCode::OK } else { self.status };
        let mut response = (status, super::wire::headers(), Value::Object(body).to_string()).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"Florin\", charset=\"UTF-8\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match StoreTrouble::from(error) {
            StoreTrouble::Busy => Problem::busy(),
            StoreTrouble::Fault => Problem::internal(),
        }
    }
}

impl From<ClaimKind> for Problem {
    fn from(kind: ClaimKind) -> Problem {
        match kind {
            ClaimKind::Reference | ClaimKind::Number | ClaimKind::Operation => {
                Problem::bad("payment_id_conflict", "payment_id was already used with other parameters")
            }
            ClaimKind::IdempotencyKey => {
                Problem::bad("idempotency_conflict", "Idempotency-Key was already used with other parameters")
            }
        }
    }
}

impl Problem {
    /// What the engine says about a request for a coin.
    pub fn of(error: CoinError, coin: Coin, status: &str) -> Problem {
        match error {
            CoinError::NotFound => Problem::payment_not_found(),
            CoinError::Refused(refusal) => Problem::refused(&refusal, coin, status),
            CoinError::Taken(kind) => kind.into(),
            CoinError::NotOffered | CoinError::Key(_) => Problem::currency(coin.code()),
            CoinError::NoRate(_) => Problem::no_rate(),
            CoinError::Store(error) => error.into(),
            CoinError::Draining => Problem::busy(),
        }
    }
}
