//! Providers' callbacks come in here and go to the engine's one door.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use florin_engine::CallbackRefusal;
use florin_kernel::ports::{CallbackError, RawCallback};

use crate::server::Gateway;

/// `POST /callbacks/{provider}`: 204 once what it says is on disk.
pub async fn take(
    State(gateway): State<Arc<Gateway>>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers = headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect();
    let taken = gateway.engine.callback(&provider, &RawCallback { headers, body: body.to_vec() }).await;
    match taken {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refusal) => {
            let said = format!("{refusal}\n");
            match refusal {
                CallbackRefusal::NoSuchProvider => (StatusCode::NOT_FOUND, said).into_response(),
                CallbackRefusal::NotBelieved(CallbackError::Signature) => {
                    (StatusCode::UNAUTHORIZED, said).into_response()
                }
                CallbackRefusal::NotBelieved(CallbackError::Malformed) => {
                    (StatusCode::BAD_REQUEST, said).into_response()
                }
                CallbackRefusal::TryAgain => {
                    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], said).into_response()
                }
            }
        }
    }
}
