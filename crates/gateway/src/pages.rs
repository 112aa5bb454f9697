//! Pages for people: the simulated provider's pages, receipts, the start page, and what the dialects' own pages are made of.
//! Server-rendered, whole without scripts. They see engine and kernel only; which provider is behind a simulated page they do
//! not know.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

pub mod back;
pub mod brand;
pub mod card;
pub mod choose;
pub mod coins;
pub mod decline;
pub mod files;
pub mod frame;
pub mod inbox;
pub mod look;
pub mod notice;
pub mod polled;
pub mod qr;
pub mod receipt;
pub mod sim;
pub mod start;
pub mod step;
pub mod subject;
pub mod text;
pub mod words;

/// What a page may load and where it may be shown (Content Security Policy, level 3).
#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    /// The scheme of a merchant's app that a form may lead to.
    pub(crate) app: Option<String>,
    /// Sites that may frame the page, beside ourselves.
    pub(crate) framed_by: Vec<String>,
    /// The text of the page's own style element; empty: it has none.
    pub(crate) style: String,
    /// Whether it has a script of ours that makes it nicer.
    pub(crate) script: Script,
}

/// Whether a page has our script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Script {
    #[default]
    No,
    Ours,
}

impl Policy {
    /// Nothing but what is ours; forms may lead on to the shop, whose own redirects browsers judge by this rule too.
    fn text(&self) -> String {
        let style = match self.style.as_str() {
            "" => String::new(),
            style => format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(style))),
        };
        let (script, images) = match self.script {
            Script::No => ("", "'self'"),
            Script::Ours => ("script-src 'self'; connect-src 'self'; ", "'self' data:"),
        };
        let framed_by: String = self.framed_by.iter().map(|origin| format!(" {origin}")).collect();
        let app = self.app.iter().map(|scheme| format!(" {scheme}:")).collect::<String>();
        format!(
            "default-src 'none'; {script}style-src 'self'{style}; img-src {images}; base-uri 'none'; \
             frame-ancestors 'self'{framed_by}; form-action 'self' https: http:{app}"
        )
    }
}

/// A rendered page with the headers that every page has. `app` is the scheme of a merchant's app that a form may lead to.
pub(crate) fn html(status: StatusCode, page: &impl Template, app: Option<&str>) -> Response {
    under(status, page.render(), &Policy { app: app.map(ToOwned::to_owned), ..Policy::default() })
}

/// As [`html`], under a policy of its own.
pub(crate) fn html_under(status: StatusCode, page: &impl Template, policy: &Policy) -> Response {
    under(status, page.render(), policy)
}

fn under(status: StatusCode, page: askama::Result<String>, policy: &Policy) -> Response {
    let body = match page {
        Ok(body) => body,
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            return (StatusCode::INTERNAL_SERVER_ERROR, "Internal error\n").into_response();
        }
    };
    let mut response = (status, body).into_response();
    let Ok(policy) = HeaderValue::try_from(policy.text()) else {
        // Origins, schemes and digests are ASCII, so only a row that was never checked can end here.
        return (StatusCode::INTERNAL_SERVER_ERROR, "Internal error\n").into_response();
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
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
