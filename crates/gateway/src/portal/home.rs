//! `/portal`: on to where somebody begins.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::answer::{page as answer, see_other};
use super::shell::Shell;
use super::visit::Visit;

#[derive(Template)]
#[template(path = "portal/refused.html")]
struct NothingYetPage {
    shell: Shell,
    text: &'static str,
}

/// `GET /portal`.
pub(super) async fn page(visit: Visit) -> Response {
    match visit.home() {
        Some(path) => see_other(&path),
        None if visit.visitor.user.is_operator() => see_other("/portal/operator/merchants"),
        None => {
            let text = "You have no role at any merchant. An owner or the operator can give you one.";
            answer(StatusCode::OK, &NothingYetPage { shell: visit.shell("Nothing here yet"), text })
        }
    }
}
