//! The demo shop's inbox: takes webhooks as a merchant's server would, checks both signatures, and shows the last ones.
//! In memory, and only with `--demo`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use askama::Template;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use florin_engine::webhooks::standard_signature;
use florin_kernel::Timestamp;
use florin_kernel::secret::Secret;
use serde::Serialize;
use serde_json::Value;
use sha1::{Digest, Sha1};

use super::text;
use crate::server::Gateway;

#[cfg(test)]
mod tests;

const CAPACITY: usize = 100;

/// The inbox and what it checks with.
pub struct Inbox {
    secret: Secret,
    password: Secret,
    letters: Mutex<VecDeque<Letter>>,
}

/// A webhook that arrived.
#[derive(Clone, Debug, Serialize)]
pub struct Letter {
    /// When.
    pub received_at: Timestamp,
    /// Its `webhook-id`.
    pub webhook_id: String,
    /// Whether `webhook-signature` fits body, id and timestamp.
    pub webhook_signature_valid: bool,
    /// Whether `x-signature` fits the body.
    pub x_signature_valid: bool,
    /// The body: JSON where it is, else text.
    pub body: Value,
    #[serde(skip)]
    raw: String,
}

/// How a letter is shown.
struct Shown {
    meaning: &'static str,
    verdict: &'static str,
    title: String,
    at: String,
    at_exact: String,
    id: String,
    standard: &'static str,
    cashier: &'static str,
    body: String,
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct InboxPage {
    capacity: usize,
    public_url: String,
    letters: Vec<Shown>,
}

impl Inbox {
    /// An empty inbox of a merchant with this webhook secret and this signature password.
    pub fn new(secret: Secret, password: Secret) -> Inbox {
        Inbox { secret, password, letters: Mutex::default() }
    }

    fn take(&self, headers: &HeaderMap, raw: String) -> bool {
        let header =
            |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let webhook_id = header("webhook-id");
        let standard = header("webhook-timestamp").parse().is_ok_and(|timestamp_s: i64| {
            let expected = standard_signature(&webhook_id, timestamp_s, &raw, std::slice::from_ref(&self.secret));
            header("webhook-signature").split(' ').any(|given| given == expected)
        });
        let cashier = header("x-signature") == self.sha1(&raw);
        let body = serde_json::from_str(&raw).unwrap_or_else(|_| Value::String(raw.clone()));
        let letter = Letter {
            received_at: Timestamp::now(),
            webhook_id,
            webhook_signature_valid: standard,
            x_signature_valid: cashier,
            body,
            raw,
        };
        let mut letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        letters.truncate(CAPACITY - 1);
        letters.push_front(letter);
        standard && cashier
    }

    /// The newest first.
    fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Upper-case hexadecimal SHA-1 of body and password (cashier contract, section 14.3).
    fn sha1(&self, body: &str) -> String {
        let digest = Sha1::new().chain_update(body).chain_update(self.password.expose()).finalize();
        digest.iter().map(|byte| format!("{byte:02X}")).collect()
    }
}

/// `POST /sim/inbox`: a webhook. One whose signatures are wrong is kept, too, and answered 401.
pub async fn receive(State(gateway): State<Arc<Gateway>>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(inbox) = &gateway.inbox else { return StatusCode::NOT_FOUND.into_response() };
    match inbox.take(&headers, String::from_utf8_lossy(&body).into_owned()) {
        true => StatusCode::NO_CONTENT.into_response(),
        false => (StatusCode::UNAUTHORIZED, "a signature is missing or wrong\n").into_response(),
    }
}

/// `GET /sim/inbox`: a page, or JSON for those who ask for it.
pub async fn page(State(gateway): State<Arc<Gateway>>, headers: HeaderMap) -> Response {
    let Some(inbox) = &gateway.inbox else { return StatusCode::NOT_FOUND.into_response() };
    let letters = inbox.letters();
    let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if accepts.contains("application/json") {
        return ([(header::CACHE_CONTROL, "no-store")], Json(letters)).into_response();
    }
    let letters = letters.into_iter().map(Shown::of).collect();
    let page = InboxPage { capacity: CAPACITY, public_url: gateway.engine.public_url().to_owned(), letters };
    super::html(StatusCode::OK, &page, None)
}

impl Shown {
    fn of(letter: Letter) -> Shown {
        let field = |name: &str| letter.body.get(name).and_then(Value::as_str).unwrap_or_default();
        let word = |valid| if valid { "right" } else { "missing or wrong" };
        let valid = letter.webhook_signature_valid && letter.x_signature_valid;
        Shown {
            meaning: if valid { "good" } else { "bad" },
            verdict: if valid { "Signatures right" } else { "Signature wrong" },
            title: match (field("transaction_type"), field("status")) {
                ("deposit", status) => format!("Deposit of {} {}: {status}", field("amount"), field("currency")),
                ("withdrawal", status) => format!("Withdrawal of {} {}: {status}", field("amount"), field("currency")),
                (_, _) => "A message".to_owned(),
            },
            at: text::moment(letter.received_at),
            at_exact: letter.received_at.to_string(),
            id: letter.webhook_id,
            standard: word(letter.webhook_signature_valid),
            cashier: word(letter.x_signature_valid),
            body: serde_json::to_string_pretty(&letter.body).unwrap_or(letter.raw),
        }
    }
}
