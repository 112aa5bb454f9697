//! Pages that say no, in the portal's own frame where somebody has signed in.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use florin_engine::StoreError;
use std::sync::Arc;

use super::Portal;
use super::answer::{Transport, page, protected};
use super::shell::Shell;
use super::visit::Visit;

#[derive(Template)]
#[template(path = "portal/refused.html")]
struct RefusedPage {
    shell: Shell,
    text: &'static str,
}

#[derive(Template)]
#[template(path = "portal/stopped.html")]
struct StoppedPage {
    title: &'static str,
    text: &'static str,
    link: &'static str,
}

/// A screen or action that she may not use.
pub(super) fn forbidden(visit: &Visit) -> Response {
    let text = "Your role does not include this. An owner of the merchant, or the operator, can change your role.";
    page(StatusCode::FORBIDDEN, &RefusedPage { shell: visit.shell("Not allowed"), text })
}

/// Something that does not exist for her.
pub(super) fn not_found(visit: &Visit) -> Response {
    let text = "There is nothing at this address, or it is not yours to see.";
    page(StatusCode::NOT_FOUND, &RefusedPage { shell: visit.shell("Not found"), text })
}

/// Live credentials, where she may manage test ones only.
pub(super) fn live_only(visit: &Visit) -> Response {
    let text =
        "Your role includes test credentials only. An owner of the merchant, or the operator, manages live ones.";
    page(StatusCode::FORBIDDEN, &RefusedPage { shell: visit.shell("Not allowed"), text })
}

/// A path of nobody's.
pub(super) async fn unknown(State(portal): State<Arc<Portal>>) -> Response {
    let text = "There is nothing at this address.";
    let stopped = page(StatusCode::NOT_FOUND, &StoppedPage { title: "Not found", text, link: "/portal" });
    protected(stopped, if portal.is_secure() { Transport::Https } else { Transport::Http })
}

/// A form that did not come from a page of ours, or from one of another session.
pub(super) fn foreign_form() -> Response {
    let text = "Nothing was changed: the form was not sent from this portal, or its session is over. Open the page again and repeat it.";
    page(StatusCode::FORBIDDEN, &StoppedPage { title: "The form was not accepted", text, link: "/portal" })
}

/// The database cannot answer now.
pub(super) fn unavailable() -> Response {
    let text = "The database does not answer now. Nothing was changed. Try again in a moment.";
    let stopped = StoppedPage { title: "Not available", text, link: "/portal" };
    let mut response = page(StatusCode::SERVICE_UNAVAILABLE, &stopped).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// The database could not answer what a screen asked; the log says why.
pub(super) fn without_answer(error: &StoreError) -> Response {
    tracing::warn!(%error, "a page of the portal cannot be made");
    unavailable()
}
