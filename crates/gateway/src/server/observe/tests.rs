use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tower::{Layer, ServiceExt, service_fn};

use super::{Observe, new_id, timing};
use crate::dialects::ProviderTime;

#[tokio::test]
async fn a_panic_is_answered() {
    async fn panics(_: Request) -> Result<Response, Infallible> {
        panic!("a programmer's mistake")
    }
    let answer = Observe.layer(service_fn(panics)).oneshot(Request::new(Body::empty())).await;
    let answer = answer.unwrap_or_else(|never| match never {});
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.headers().contains_key("x-request-id"));
}

#[tokio::test]
async fn the_providers_time_is_not_ours() {
    async fn asks_a_provider(_: Request) -> Result<Response, Infallible> {
        let mut response = StatusCode::OK.into_response();
        response.extensions_mut().insert(ProviderTime(Duration::from_secs(60)));
        Ok(response)
    }
    let answer = Observe.layer(service_fn(asks_a_provider)).oneshot(Request::new(Body::empty())).await;
    assert_eq!(answer.unwrap_or_else(|never| match never {}).headers()["server-timing"], "gw;dur=0.00");
}

#[test]
fn times_have_two_decimals() {
    assert_eq!(timing(Duration::from_micros(1_239)), "gw;dur=1.23");
    assert_eq!(timing(Duration::from_secs(2)), "gw;dur=2000.00");
}

#[test]
fn ids_differ() {
    let ids: std::collections::HashSet<_> = (0..1000).map(|_| new_id()).collect();
    assert_eq!(ids.len(), 1000);
}
