//! The API reference: rendered from each dialect's OpenAPI document, without a script.

use std::sync::{Arc, LazyLock};

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::dialects::{cashier, crypto, transaction_services, v3};
use crate::server::{Gateway, health};
use crate::{pages, portal};

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
    document: String,
    reference: Reference,
}

/// A dialect's document.
struct Document {
    name: &'static str,
    value: Value,
    text: String,
}

/// The documents of all dialects, by the names that their addresses have.
static DOCUMENTS: LazyLock<Vec<Document>> = LazyLock::new(|| {
    let documents = [
        ("cashier", cashier::openapi()),
        ("v3", v3::openapi()),
        ("crypto", crypto::openapi()),
        ("transaction_services", transaction_services::openapi()),
        ("admin", portal::openapi::document()),
    ];
    let document = |(name, value): (&'static str, Value)| {
        let text = serde_json::to_string_pretty(&value).unwrap_or_default();
        Document { name, value, text }
    };
    documents.into_iter().map(document).collect()
});

fn find(name: &str) -> Option<&'static Document> {
    DOCUMENTS.iter().find(|document| document.name == name)
}

/// `GET /openapi/{dialect}.json`.
pub async fn document(Path(file): Path<String>) -> Response {
    let Some(document) = file.strip_suffix(".json").and_then(find) else {
        return health::not_found().await.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, "application/json; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        // Tools in a browser, such as an API client, may read it from anywhere: it holds no secret.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (headers, document.text.as_str()).into_response()
}

/// `GET /docs`: all references.
pub async fn index(State(gateway): State<Arc<Gateway>>) -> Response {
    let page = DocsPage { demo: gateway.inbox.is_some(), public_url: gateway.engine.public_url().to_owned() };
    pages::html(StatusCode::OK, &page, None)
}

/// `GET /docs/{dialect}`.
pub async fn reference(State(gateway): State<Arc<Gateway>>, Path(name): Path<String>) -> Response {
    let Some(document) = find(&name) else { return health::not_found().await.into_response() };
    let public_url = gateway.engine.public_url();
    let reference = Reference::read(&document.value, public_url);
    let page = ReferencePage { public_url, document: format!("/openapi/{name}.json"), reference };
    pages::html(StatusCode::OK, &page, None)
}
