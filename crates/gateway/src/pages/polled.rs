//! What a page's script is told when it asks whether a payment or withdrawal is decided.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::back::Standing;

/// What a page's script is told: `{"transaction_status":"pending","expires_in":1740}`; once final with `return_url`.
#[derive(Serialize)]
pub struct Polled {
    transaction_status: &'static str,
    /// Seconds; absent while nothing can expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_url: Option<String>,
}

impl Polled {
    /// `expires_in` while it is open, `return_url` once it is not.
    pub fn new(standing: Standing, expires_in: Option<i64>, return_url: impl FnOnce() -> String) -> Polled {
        let transaction_status = standing.text();
        match standing {
            Standing::Pending => Polled { transaction_status, expires_in, return_url: None },
            Standing::Successful | Standing::Rejected => {
                Polled { transaction_status, expires_in: Some(0), return_url: Some(return_url()) }
            }
        }
    }
}

impl IntoResponse for Polled {
    fn into_response(self) -> Response {
        let body = serde_json::to_string(&self).expect("an answer has string keys and plain values only");
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (headers, body).into_response()
    }
}
