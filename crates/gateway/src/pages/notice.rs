//! Short pages that say one thing: not found, expired, try again.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

/// One thing to say.
pub struct Notice {
    /// `good`, `waiting`, `attention` or `bad`.
    pub meaning: &'static str,
    /// The word beside the colour.
    pub word: &'static str,
    /// What it is.
    pub heading: &'static str,
    /// What it means and what to do.
    pub text: String,
    /// Where to go on.
    pub link: Option<Link>,
}

/// Where to go on.
pub struct Link {
    /// The address.
    pub url: String,
    /// What a click does.
    pub label: String,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticePage {
    test_mode: bool,
    notice: Notice,
}

impl Notice {
    /// As a page.
    pub fn page(self, status: StatusCode) -> Response {
        super::html(status, &NoticePage { test_mode: false, notice: self }, None)
    }

    /// As a simulated page.
    pub fn simulated(self, status: StatusCode) -> Response {
        super::html(status, &NoticePage { test_mode: true, notice: self }, None)
    }
}

/// 404.
pub fn not_found() -> Response {
    let text = "The address is wrong or incomplete. Go back to the shop and follow its link again.".to_owned();
    Notice { meaning: "attention", word: "Not found", heading: "There is no such page", text, link: None }
        .page(StatusCode::NOT_FOUND)
}

/// 503: nothing was done.
pub fn unavailable() -> Response {
    let text = "Nothing was done. Wait a moment, then reload this page.".to_owned();
    let notice =
        Notice { meaning: "waiting", word: "Busy", heading: "The page cannot be shown right now", text, link: None };
    let mut response = notice.page(StatusCode::SERVICE_UNAVAILABLE);
    let seconds = axum::http::HeaderValue::from_static("2");
    response.headers_mut().insert(axum::http::header::RETRY_AFTER, seconds);
    response
}
