//! Ping (contract, section 5.10): whether the login works, and whether a webhook URL answers.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

use axum::response::Response;
use florin_kernel::{CredentialId, Timestamp};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::auth::Caller;
use super::errors::Problem;
use super::notify::signature;
use super::params::Params;
use super::routes::CryptoState;
use super::start::webhook_url;
use super::wire::answer;

/// Pings of each credential in the last minute.
#[derive(Default)]
pub struct Pings(Mutex<HashMap<CredentialId, Vec<Timestamp>>>);

const PINGS_MAX: usize = 10;
const WITHIN: SignedDuration = SignedDuration::from_mins(1);

impl Pings {
    fn admit(&self, credential: CredentialId, now: Timestamp) -> bool {
        let mut pings = self.0.lock().expect("no holder of the lock panics");
        let recent = pings.entry(credential).or_default();
        recent.retain(|at| now.duration_since(*at) < WITHIN);
        let admitted = recent.len() < PINGS_MAX;
        if admitted {
            recent.push(now);
        }
        admitted
    }
}

/// `Ping`.
pub async fn ping(state: &CryptoState, caller: &Caller, params: &Params) -> Result<Response, Problem> {
    let engine = state.engine();
    if !state.pings().admit(caller.credential.id, engine.now(florin_kernel::ports::Lane::Live)) {
        return Err(Problem::locked_out());
    }
    let Some(text) = params.text("webhook_url", 2048)? else { return Ok(answer(&json!({"result": "pong"}))) };
    let url = webhook_url(&text, caller.credential.mode).ok_or_else(Problem::webhook_url)?;
    let timestamp = engine.now(caller.lane).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let body = json!({"webhook_test": true, "event": "webhook.test", "timestamp": timestamp}).to_string();
    let secrets = caller.merchant.webhook_secrets(caller.credential.mode);
    let own = secrets.first().map(|secret| ("x-signature", signature(&body, secret))).into_iter().collect();
    let begun = Instant::now();
    let answered = engine.ping(caller.owner(), &url, body, own).await;
    let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let good = answered.status.is_some_and(|status| (200..300).contains(&status));
    let duration: Value =
        serde_json::from_str(&format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000)).unwrap_or(Value::Null);
    Ok(answer(&json!({
        "result": "pong",
        "webhook_response": {
            "status": if good { "ok" } else { "failed" },
            "duration": duration,
            "webhook_url": text,
            "response_code": answered.status,
            "response_body": answered.note,
        },
    })))
}
