//! Pages for people: the simulated provider's pages, receipts, the start page. Server-rendered, no scripts. They see engine
//! and kernel only; which provider is behind a simulated page they do not know.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

pub mod back;
pub mod card;
pub mod files;
pub mod inbox;
pub mod notice;
pub mod receipt;
pub mod sim;
pub mod start;
pub mod text;
pub mod withdrawal;

/// Nothing but our own style; forms may lead on to the shop, whose own redirects browsers judge by this rule too.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'self'; \
    form-action 'self' https: http:";

/// A rendered page with the headers that every page has. `app` is the scheme of a merchant's app that a form may lead to.
pub(crate) fn html(status: StatusCode, page: &impl Template, app: Option<&str>) -> Response {
    let body = match page.render() {
        Ok(body) => body,
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            return (StatusCode::INTERNAL_SERVER_ERROR, "Internal error\n").into_response();
        }
    };
    let mut response = (status, body).into_response();
    let policy = app.and_then(|scheme| HeaderValue::try_from(format!("{POLICY} {scheme}:")).ok());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy.unwrap_or(HeaderValue::from_static(POLICY)));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Sends the browser on by GET, whatever it came with (303).
pub(crate) fn see_other(url: &str) -> Response {
    let headers = [
        (header::LOCATION, HeaderValue::try_from(url)),
        (header::CACHE_CONTROL, Ok(HeaderValue::from_static("no-store"))),
        (header::REFERRER_POLICY, Ok(HeaderValue::from_static("no-referrer"))),
    ];
    let mut response = StatusCode::SEE_OTHER.into_response();
    for (name, value) in headers {
        match value {
            Ok(value) => response.headers_mut().insert(name, value),
            // Parsed URLs are ASCII, so only a text that was no URL can end here.
            Err(_) => return (StatusCode::INTERNAL_SERVER_ERROR, "Internal error\n").into_response(),
        };
    }
    response
}
