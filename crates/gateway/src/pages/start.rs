//! The start page: what runs here and where to go on.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::server::Gateway;

#[derive(Template)]
#[template(path = "start.html")]
struct StartPage {
    version: &'static str,
    public_url: String,
    demo: bool,
}

/// `GET /`.
pub async fn page(State(gateway): State<Arc<Gateway>>) -> Response {
    let page = StartPage {
        version: env!("CARGO_PKG_VERSION"),
        public_url: gateway.engine.public_url().to_owned(),
        demo: gateway.inbox.is_some(),
    };
    super::html(StatusCode::OK, &page, None)
}
