//! Whether the process lives, takes requests, and how it fares.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use florin_engine::Engine;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::server::Gateway;

/// How long an answer about the database is believed, so that probes cost no disk.
const BELIEVED: Duration = Duration::from_millis(500);
/// A database that takes longer is not ready.
const PING_MAX: Duration = Duration::from_secs(2);

/// What is known of the database.
pub struct Readiness {
    draining: CancellationToken,
    last: Mutex<Option<(Instant, Result<(), String>)>>,
}

impl Readiness {
    pub(super) fn new(draining: CancellationToken) -> Readiness {
        Readiness { draining, last: Mutex::default() }
    }

    /// Asks the database by a small durable write, unless it was asked a moment ago. One asks, the others wait.
    async fn check(&self, gateway: &Gateway) -> Result<(), String> {
        if self.draining.is_cancelled() {
            return Err("draining".to_owned());
        }
        let mut last = self.last.lock().await;
        if let Some((at, known)) = &*last
            && at.elapsed() < BELIEVED
        {
            return known.clone();
        }
        let pinged = tokio::time::timeout(PING_MAX, gateway.engine.store().ping()).await;
        let known = match pinged {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the database does not answer".to_owned()),
        };
        *last = Some((Instant::now(), known.clone()));
        known
    }
}

/// `GET /healthz`: the process is up.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: requests are taken and the database writes.
pub async fn ready(State(gateway): State<Arc<Gateway>>) -> Response {
    match gateway.readiness.check(&gateway).await {
        Ok(()) => "ready\n".into_response(),
        Err(reason) => {
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], format!("not ready: {reason}\n"))
                .into_response()
        }
    }
}

/// `GET /metrics`: figures in Prometheus' text form.
pub async fn figures(State(gateway): State<Arc<Gateway>>) -> impl IntoResponse {
    count_backlog(&gateway.engine).await;
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], gateway.figures.render())
}

/// Sets the figures of what waits; they stay as they were when the database does not answer.
async fn count_backlog(engine: &Engine) {
    let Ok(Ok(backlog)) = tokio::time::timeout(PING_MAX, engine.backlog()).await else { return };
    metrics::gauge!("florin_commits_waiting").set(backlog.commits as f64);
    metrics::gauge!("florin_webhooks_waiting").set(backlog.events as f64);
    metrics::gauge!("florin_webhooks_oldest_seconds").set(backlog.oldest_event_ms as f64 / 1000.0);
    metrics::gauge!("florin_payments_overdue").set(backlog.payments as f64);
}

/// Paths that nobody owns.
pub async fn not_found() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "Not found\n")
}
