//! What requests of all dialects have: a body of a size, a key that makes them repeatable, a store that may fail them.

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use axum::http::request::Parts;
use florin_engine::{ClaimKind, Earlier, Reply, StoreError};
use http_body_util::{BodyExt, LengthLimitError, Limited};

const BODY_MAX: usize = 64 * 1024;

/// Why a body is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFault {
    /// Over 64 KiB.
    TooLarge,
    /// The caller broke off; nobody will read the answer.
    Incomplete,
}

/// The body, at most 64 KiB of it.
pub async fn read_body(parts: &Parts, body: Body) -> Result<Bytes, BodyFault> {
    let announced = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > BODY_MAX as u64) {
        return Err(BodyFault::TooLarge);
    }
    match Limited::new(body, BODY_MAX).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(BodyFault::TooLarge),
        Err(_) => Err(BodyFault::Incomplete),
    }
}

/// The answer of an earlier request with the same reference or key, which goes before a refusal; else the refusal.
///
/// # Errors
/// The refusal; that reference or key were used for another request; that the store cannot answer.
pub fn earlier_or<P: From<ClaimKind> + From<StoreError>>(
    earlier: Result<Option<Earlier>, StoreError>,
    refusal: P,
) -> Result<Reply, P> {
    match earlier? {
        Some(Earlier::Replay(reply)) => Ok(reply),
        Some(Earlier::Taken(kind)) => Err(kind.into()),
        None => Err(refusal),
    }
}

/// What a request is told when the store cannot answer it; why is logged for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreTrouble {
    /// To come back a moment later.
    Busy,
    /// That something is broken here.
    Fault,
}

impl From<StoreError> for StoreTrouble {
    fn from(error: StoreError) -> StoreTrouble {
        match error {
            StoreError::Overloaded => StoreTrouble::Busy,
            StoreError::Unavailable(reason) => {
                tracing::error!(%reason, "the database is not available");
                StoreTrouble::Busy
            }
            StoreError::Corrupt(reason) => {
                tracing::error!(%reason, "a stored row cannot be read");
                StoreTrouble::Fault
            }
        }
    }
}

/// The `Idempotency-Key` of a request: 1 to 255 visible ASCII characters, surrounding quotes dropped.
///
/// # Errors
/// What it must be.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, &'static str> {
    const FAULT: &str = "must be 1 to 255 visible ASCII characters";
    let mut keys = headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else { return Ok(None) };
    if keys.next().is_some() {
        return Err("must not be given twice");
    }
    let key = key.to_str().map_err(|_| FAULT)?;
    let key = key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key);
    match (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(Some(key.to_owned())),
        false => Err(FAULT),
    }
}
