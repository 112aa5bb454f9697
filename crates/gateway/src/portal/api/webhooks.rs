//! Webhooks, by programs.

use axum::Json;
use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use florin_engine::StoreError;
use florin_engine::audit::ConfigureError;
use florin_engine::masked::masked_url;
use florin_engine::merchants::Rotation;
use florin_engine::office::{DeliveryRow, EndpointHealth, EventRow, ReplayOrder, Scope};
use florin_kernel::payment::Mode;
use serde_json::{Map, Value, json};

use super::super::visit::{Fields, Guest};
use super::super::webhooks::{event_id, filter, state_word};
use super::{limit, merchant, merchant_required, mode, number, object, who};
use crate::admin::Refusal;

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Refusal {
        Refusal::Unavailable(error.to_string())
    }
}

/// `GET /admin/v1/webhooks?merchant_id=&mode=&state=&endpoint=&from=&until=&before=&limit=`.
pub(in crate::portal) async fn list(guest: Guest) -> Response {
    let listed = async {
        let (scope, filter) = (queried(&guest)?, filter(&guest.query)?);
        let before = match guest.query.text("before") {
            "" => None,
            text => Some(event_id(text).ok_or_else(|| Refusal::invalid("before", "must be an event's number"))?),
        };
        let found = guest.engine().office_events(scope, &filter, before, limit(&guest)? as u32).await?;
        let events: Vec<Value> = found.rows.iter().map(|event| event_view(&guest, event)).collect();
        Ok::<_, Refusal>(Json(json!({"events": events, "next_before": found.onward.map(|event| event.number())})))
    };
    listed.await.into_response()
}

/// `GET /admin/v1/webhooks/receivers?merchant_id=&mode=`.
pub(in crate::portal) async fn receivers(guest: Guest) -> Response {
    let listed = async {
        let found = guest.engine().office_endpoints(queried(&guest)?).await?;
        Ok::<_, Refusal>(Json(json!({"receivers": found.iter().map(health_view).collect::<Vec<_>>()})))
    };
    listed.await.into_response()
}

/// `GET /admin/v1/webhooks/{event}`.
pub(in crate::portal) async fn show(guest: Guest) -> Response {
    let shown = async {
        let (_, event, attempts) = known(&guest).await?;
        let attempts: Vec<Value> = attempts.iter().map(attempt_view).collect();
        let mut view = event_view(&guest, &event);
        view["body"] = event.body.into();
        Ok::<_, Refusal>(Json(json!({"event": view, "attempts": attempts})))
    };
    shown.await.into_response()
}

/// `POST /admin/v1/webhooks/{event}/replay`.
pub(in crate::portal) async fn replay_one(guest: Guest) -> Response {
    let replayed = async {
        let (scope, event, _) = known(&guest).await?;
        match guest.engine().office_replay_one(scope, event.id, &who(&guest)).await? {
            true => Ok(Json(json!({"replayed": 1, "more": false}))),
            false => Err(Refusal::Conflict("the event waits for its next attempt already".to_owned())),
        }
    };
    replayed.await.into_response()
}

/// `POST /admin/v1/webhooks/replay`.
pub(in crate::portal) async fn replay(guest: Guest, body: Bytes) -> Response {
    let replayed = async {
        let body = object(&body)?;
        let scope = Scope { mode: body_mode(&body)?, merchant: Some(merchant_required(&guest, &body)?) };
        let order = ReplayOrder { filter: filter(&Fields::of_json(&body))?, who: who(&guest) };
        let replayed = guest.engine().office_replay(scope, &order).await?;
        Ok::<_, Refusal>(Json(json!({"replayed": replayed.count, "more": replayed.more})))
    };
    replayed.await.into_response()
}

/// `POST /admin/v1/webhooks/secret`.
pub(in crate::portal) async fn rotate(guest: Guest, body: Bytes) -> Response {
    let rotated = async {
        let body = object(&body)?;
        let (merchant, mode) = (merchant_required(&guest, &body)?, body_mode(&body)?);
        let rotation = match body.get("do").and_then(Value::as_str) {
            Some("begin") => Rotation::Begin,
            Some("end") => Rotation::End,
            Some(_) | None => return Err(Refusal::invalid("do", "must be begin or end")),
        };
        let done = guest.engine().rotate_webhook_secret(&who(&guest), merchant, mode, rotation).await;
        done.map_err(|error| match error {
            ConfigureError::Refused(refusal) => Refusal::NotFound(refusal.to_string()),
            ConfigureError::Unavailable(reason) => Refusal::Unavailable(reason),
        })?;
        let directory = guest.engine().directory();
        let known = directory.merchant(merchant).ok_or_else(super::no_merchant)?;
        let secrets: Vec<&str> = known.webhook_secrets(mode).iter().map(|secret| secret.expose()).collect();
        Ok(Json(json!({"merchant_id": merchant.number(), "mode": mode, "secrets": secrets})))
    };
    rotated.await.into_response()
}

/// Whose events a query means.
fn queried(guest: &Guest) -> Result<Scope, Refusal> {
    let merchant = merchant(guest, &number(guest.query.text("merchant_id"))?)?;
    Ok(Scope { mode: mode(guest.query.text("mode"))?, merchant })
}

fn body_mode(body: &Map<String, Value>) -> Result<Mode, Refusal> {
    mode(body.get("mode").and_then(Value::as_str).unwrap_or_default())
}

/// The path's event, whosever it is.
async fn known(guest: &Guest) -> Result<(Scope, EventRow, Vec<DeliveryRow>), Refusal> {
    if let Some(id) = event_id(guest.parameter("event")) {
        for mode in [Mode::Live, Mode::Dev] {
            let scope = Scope { mode, merchant: None };
            if let Some((event, attempts)) = guest.engine().office_event(scope, id).await? {
                return Ok((scope, event, attempts));
            }
        }
    }
    Err(Refusal::NotFound("there is no such event".to_owned()))
}

fn event_view(guest: &Guest, event: &EventRow) -> Value {
    json!({
        "id": event.id.number(), "webhook_id": guest.engine().webhook_id(event.id),
        "credential_id": event.credential.number(), "url": masked_url(&event.url), "endpoint": event.endpoint,
        "state": state_word(event.state), "attempts": event.attempts, "first_at": event.first_at
    })
}

fn attempt_view(attempt: &DeliveryRow) -> Value {
    json!({"at": attempt.at, "status": attempt.status, "latency_ms": attempt.latency_ms, "answer": attempt.note})
}

fn health_view(health: &EndpointHealth) -> Value {
    let failure = health.last_failure.as_ref();
    let failure = failure.map(|(at, status, answer)| json!({"at": at, "status": status, "answer": answer}));
    json!({
        "endpoint": health.endpoint, "attempts": health.attempts, "taken": health.taken,
        "latency_ms_p50": health.latency_ms_p50, "latency_ms_p95": health.latency_ms_p95,
        "last_at": health.last_at, "last_failure": failure
    })
}
