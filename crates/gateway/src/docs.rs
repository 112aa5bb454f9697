//! The API reference: rendered from each dialect's OpenAPI document, without a script.

use std::sync::{Arc, LazyLock};

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::dialects::cashier;
use crate::pages;
use crate::server::Gateway;

mod reference;
mod sample;
mod schema;
#[cfg(test)]
mod tests;

use reference::Reference;

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage {
    demo: bool,
    public_url: String,
}

#[derive(Template)]
#[template(path = "reference.html")]
struct ReferencePage<'a> {
    public_url: &'a str,
    document: &'static str,
    reference: Reference,
}

/// `GET /openapi/cashier.json`.
pub async fn cashier_document() -> impl IntoResponse {
    static TEXT: LazyLock<String> =
        LazyLock::new(|| serde_json::to_string_pretty(&cashier::openapi()).unwrap_or_default());
    let headers = [
        (header::CONTENT_TYPE, "application/json; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        // Tools in a browser, such as an API client, may read it from anywhere: it holds no secret.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (headers, TEXT.as_str())
}

/// `GET /docs`: all references.
pub async fn index(State(gateway): State<Arc<Gateway>>) -> Response {
    let page = DocsPage { demo: gateway.inbox.is_some(), public_url: gateway.engine.public_url().to_owned() };
    pages::html(StatusCode::OK, &page, None)
}

/// `GET /docs/cashier`.
pub async fn cashier(State(gateway): State<Arc<Gateway>>) -> Response {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(cashier::openapi);
    let public_url = gateway.engine.public_url();
    let reference = Reference::read(&DOCUMENT, public_url);
    let page = ReferencePage { public_url, document: "/openapi/cashier.json", reference };
    pages::html(StatusCode::OK, &page, None)
}
