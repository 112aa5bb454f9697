//! The operator's API: JSON under a Bearer token.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use florin_engine::Engine;
use florin_engine::audit::Who;
use florin_kernel::{CredentialId, MerchantId};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::server::Gateway;

mod explain;
pub mod plans;

pub use explain::explain;
pub(crate) use explain::explained_to_a_person as explained;

/// The furthest a test clock is advanced in one go: ten years.
const ADVANCE_MAX_S: i64 = 10 * 365 * 24 * 3_600;

/// Why a call is refused.
pub(crate) enum Refusal {
    Unauthorised,
    Invalid {
        field: &'static str,
        message: String,
    },
    /// As `Invalid`, of a field that something else names.
    Named {
        field: String,
        message: String,
    },
    NotFound(String),
    Conflict(String),
    Unavailable(String),
}

impl Refusal {
    pub(crate) fn invalid(field: &'static str, message: impl Into<String>) -> Refusal {
        Refusal::Invalid { field, message: message.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Refusal::Unauthorised => {
                let body =
                    json!({"code": "unauthorised", "message": "Send the admin token as Authorization: Bearer …"});
                (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], Json(body)).into_response()
            }
            Refusal::Invalid { field, message } => {
                let body = json!({"code": "invalid", "field": field, "message": format!("{field} {message}")});
                (StatusCode::BAD_REQUEST, Json(body)).into_response()
            }
            Refusal::Named { field, message } => {
                let body = json!({"code": "invalid", "field": field, "message": format!("{field} {message}")});
                (StatusCode::BAD_REQUEST, Json(body)).into_response()
            }
            Refusal::NotFound(message) => {
                (StatusCode::NOT_FOUND, Json(json!({"code": "not_found", "message": message}))).into_response()
            }
            Refusal::Conflict(message) => {
                (StatusCode::CONFLICT, Json(json!({"code": "conflict", "message": message}))).into_response()
            }
            Refusal::Unavailable(reason) => {
                let body = json!({"code": "unavailable", "message": reason});
                (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], Json(body)).into_response()
            }
        }
    }
}

/// `POST /admin/v1/clock`: advances a merchant's test clock; every timer follows.
pub async fn advance_clock(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match advance(&gateway.engine, peer.ip(), &headers, &body).await {
        Ok(answer) => Json(answer).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn advance(engine: &Engine, address: IpAddr, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    authorise(engine, headers)?;
    let body = read(body)?;
    let seconds = body.get("advance_s").and_then(Value::as_i64).filter(|seconds| (1..=ADVANCE_MAX_S).contains(seconds));
    let seconds = seconds.ok_or_else(|| {
        Refusal::invalid("advance_s", format!("must be a whole number of seconds from 1 to {ADVANCE_MAX_S}"))
    })?;
    let merchant = merchant(engine, body.get("merchant_id").unwrap_or(&Value::Null))?;
    let by = SignedDuration::from_secs(seconds);
    let now = engine.advance_clock_as(&Who::AdminToken { address }, merchant, by).await;
    let now = now.map_err(|error| Refusal::Unavailable(error.to_string()))?;
    Ok(json!({"merchant_id": merchant.number(), "now": now.to_string()}))
}

/// `POST /admin/v1/notifications/test`: sends a credential's receiver the message that its dialect has for trying it.
pub async fn try_receiver(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match tried(&gateway.engine, peer.ip(), &headers, &body).await {
        Ok(answer) => Json(answer).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn tried(engine: &Engine, address: IpAddr, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    authorise(engine, headers)?;
    let named = read(body)?.get("credential_id").and_then(Value::as_i64).map(CredentialId::from_number);
    let known = named.filter(|id| engine.directory().credential(*id).is_some());
    let credential = known.ok_or_else(|| Refusal::invalid("credential_id", "names no credential"))?;
    let sent = engine.try_receiver(credential, &Who::AdminToken { address }).await;
    let sent = sent.map_err(|error| Refusal::Unavailable(error.to_string()))?;
    let id = sent.ok_or_else(|| {
        Refusal::invalid("credential_id", "is of one without a URL for notifications, or without a message to try it")
    })?;
    Ok(json!({"credential_id": credential.number(), "webhook_id": id}))
}

pub(crate) fn read(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::invalid("body", format!("is no JSON: {error}")))
}

/// The merchant meant; the only one need not be named.
fn merchant(engine: &Engine, named: &Value) -> Result<MerchantId, Refusal> {
    let directory = engine.directory();
    let mut known: Vec<MerchantId> = directory.merchants().map(|merchant| merchant.id).collect();
    match (named, known.len()) {
        (Value::Null, 1) => Ok(known.remove(0)),
        (Value::Null, 0) => Err(Refusal::invalid("merchant_id", "cannot be told: there is no merchant yet")),
        (Value::Null, _) => Err(Refusal::invalid("merchant_id", "is required: there are several merchants")),
        (named, _) => {
            let id = named.as_i64().map(MerchantId::from_number).filter(|id| known.contains(id));
            id.ok_or_else(|| Refusal::invalid("merchant_id", "names no merchant"))
        }
    }
}

fn authorise(engine: &Engine, headers: &HeaderMap) -> Result<(), Refusal> {
    if is_authorised(engine, headers) { Ok(()) } else { Err(Refusal::Unauthorised) }
}

/// Whether a request brings the admin token.
pub fn is_authorised(engine: &Engine, headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token =
        given.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    token.is_some_and(|(_, token)| engine.is_admin_token(token.trim()))
}
