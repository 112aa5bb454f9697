//! Which form a body has, and reading it (contract, section 1).

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;

use super::{Fields, form, multipart, object};
use crate::dialects::transaction_services::errors::Problem;

/// Reads a body as its type says, and one without a type as it looks.
///
/// # Errors
/// [`Problem::WrongContentType`], [`Problem::Unreadable`], [`Problem::Fields`] for names that came twice.
pub fn read(headers: &HeaderMap, body: &[u8]) -> Result<Fields, Problem> {
    let header = headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let header = header.as_deref().unwrap_or_default();
    let media = header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let fields = match media.as_str() {
        "application/json" => object::read(body),
        "application/x-www-form-urlencoded" => form::read(body),
        "multipart/form-data" => multipart::read(header, body),
        "text/xml" => Err(Problem::WrongContentType),
        untyped if untyped.is_empty() || untyped.starts_with("text/") => match looks_like_an_object(body) {
            true => object::read(body),
            false => form::read(body),
        },
        _ => Err(Problem::WrongContentType),
    };
    fields?.checked()
}

fn looks_like_an_object(body: &[u8]) -> bool {
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}
