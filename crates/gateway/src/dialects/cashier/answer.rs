//! What the create calls answer (contract, sections 6 to 8), made from the payment.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use florin_engine::{Answer, Engine, Render, Reply};
use florin_kernel::PaymentId;
use florin_kernel::payment::{PayerStep, Payment, Seq, StepKind};
use florin_kernel::public_id::Reference;
use serde::Serialize;

use super::routes::CONTENT_TYPE_JSON;
use super::settings::{ErrorShape, Statuses};
use super::status::{Reason, reason, status};
use super::wire::Operation;
use crate::dialects::ProviderTime;
use crate::pages::back::{CASHIER_PAGE, WITHDRAWAL_PAGE};

const TRANSACTION_ID: HeaderName = HeaderName::from_static("x-transaction-id");
const CASHIER_URL: HeaderName = HeaderName::from_static("x-cashier-url");
pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// What tokens of our 3-D Secure page are made for.
pub const CHALLENGE_PAGE: &str = "3ds";

/// `{"url":"","transaction_status":"rejected","error":"Insufficient funds"}`
#[derive(Serialize)]
struct Body {
    url: String,
    transaction_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorValue>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ErrorValue {
    Text(String),
    Object { code: String, message: String },
}

/// Renders a payment as the credential's settings say at the time of the call.
pub fn render(engine: &Arc<Engine>, shape: ErrorShape, statuses: Statuses) -> Render {
    let engine = engine.clone();
    Arc::new(move |payment| {
        let url = payment.payer_step().map(|(seq, step)| page(&engine, payment, seq, step));
        Answer { status: 200, body: body(payment, url.unwrap_or_default(), shape, statuses) }
    })
}

/// Renders a payment whose payer chooses on our page: `{"token":"…"}`.
pub fn render_token(engine: &Arc<Engine>) -> Render {
    let engine = engine.clone();
    Arc::new(move |payment| {
        let token = cashier_token(&engine, payment.id);
        Answer { status: 200, body: serde_json::json!({ "token": token }).to_string() }
    })
}

/// The token of the page where the payer of a payment chooses.
fn cashier_token(engine: &Engine, payment: PaymentId) -> String {
    engine.page_token(CASHIER_PAGE, Reference { payment, sequence: 0 })
}

/// The body for a payment whose payer is to be sent to `url`.
pub(super) fn body(payment: &Payment, url: String, shape: ErrorShape, statuses: Statuses) -> String {
    let error = reason(payment).map(|Reason { code, text }| match shape {
        ErrorShape::String => ErrorValue::Text(text.into_owned()),
        ErrorShape::Object => ErrorValue::Object { code: code.into_owned(), message: text.into_owned() },
    });
    let body = Body { url, transaction_status: status(payment.word(), statuses), error };
    serde_json::to_string(&body).expect("an answer has string keys and plain values only")
}

/// Where the payer's browser is sent: our own page for a challenge, else the provider's.
pub(super) fn page(engine: &Engine, payment: &Payment, seq: Seq, step: &PayerStep) -> String {
    match step.kind {
        StepKind::Challenge => {
            let reference = Reference { payment: payment.id, sequence: seq.number() };
            format!("{}/3ds/{}", engine.public_url(), engine.page_token(CHALLENGE_PAGE, reference))
        }
        StepKind::Redirect if step.url.starts_with('/') => format!("{}{}", engine.public_url(), step.url),
        StepKind::Redirect => step.url.clone(),
    }
}

/// The answer to a create call, with what goes into its headers.
pub fn response(engine: &Engine, operation: Operation, reply: Reply) -> Response {
    let status = StatusCode::from_u16(reply.answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, [(CONTENT_TYPE, CONTENT_TYPE_JSON)], reply.answer.body).into_response();
    let id = engine.codec().base36(Reference { payment: reply.payment, sequence: 0 });
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(TRANSACTION_ID, id);
    }
    let url = match operation {
        Operation::Hosted => Some(format!("{}/cashier/{}", engine.public_url(), cashier_token(engine, reply.payment))),
        Operation::Withdrawal => {
            let reference = Reference { payment: reply.payment, sequence: 0 };
            Some(format!("{}/cashier/{}", engine.public_url(), engine.page_token(WITHDRAWAL_PAGE, reference)))
        }
        Operation::Direct | Operation::S2s => None,
    };
    if let Some(url) = url.and_then(|url| HeaderValue::try_from(url).ok()) {
        response.headers_mut().insert(CASHIER_URL, url);
    }
    if reply.replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response.extensions_mut().insert(ProviderTime(reply.provider_time));
    response
}
