//! The script for the shop's page. Its bytes are the same for every checkout: it learns from its own address which one it is for.

use std::sync::LazyLock;

use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha384};

const SCRIPT: &str = include_str!("../../../../static/payment_widgets.js");

static INTEGRITY: LazyLock<String> = LazyLock::new(|| format!("sha384-{}", STANDARD.encode(Sha384::digest(SCRIPT))));

/// What a page may pin it to (Subresource Integrity).
pub(super) fn integrity() -> &'static str {
    &INTEGRITY
}

/// The script, for any page. The cross-origin headers let pages load it that pin it.
pub(super) fn response() -> Response {
    let headers = [
        (CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (CACHE_CONTROL, "no-cache"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, SCRIPT).into_response()
}
