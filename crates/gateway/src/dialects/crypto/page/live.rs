//! What the page's script is told: `GET /pay/{access_token}/status`. It says whether the page should look otherwise, not how: the page
//! itself is what is drawn.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use florin_kernel::ports::Lane;
use serde::Serialize;

use super::super::routes::CryptoState;
use super::super::status::seconds_left;
use super::super::wire::headers;
use super::{found, goes_on, shows, viewer};

/// `{"shows":"waiting 0 0/1 0 0 0","expires_in":853,"goes_on":true}`.
#[derive(Serialize)]
struct Told {
    /// Stands in the page as well: when the two differ, the page is out of date.
    shows: String,
    /// Seconds of the payer's time; 0 where none is awaited.
    expires_in: i64,
    /// Whether asking again makes sense.
    goes_on: bool,
}

/// Where it stands.
pub async fn live(State(state): State<CryptoState>, Path(token): Path<String>) -> Response {
    let payment = match found(&state, &token).await {
        Ok(payment) => payment,
        Err(response) => return *response,
    };
    let told = Told {
        shows: shows(&payment, viewer(&state).tip(&payment).as_ref()),
        expires_in: seconds_left(&payment, state.engine().now(Lane::of(payment.merchant, payment.mode))),
        goes_on: goes_on(&payment),
    };
    let body = serde_json::to_string(&told).expect("an answer has string keys and plain values only");
    (headers(), body).into_response()
}
