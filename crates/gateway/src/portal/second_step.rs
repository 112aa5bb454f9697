//! The second step of signing in: the code of an authenticator app, or a recovery code instead.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::people::{PeopleError, SignedIn};

use super::answer::{page as answer, see_other};
use super::cookie;
use super::sign_in::{refused, way_on, with_next};
use super::visit::Visit;

#[derive(Template)]
#[template(path = "portal/code.html")]
struct CodePage {
    csrf: String,
    next: String,
    error: String,
    recovery_url: String,
}

#[derive(Template)]
#[template(path = "portal/recovery.html")]
struct RecoveryPage {
    csrf: String,
    next: String,
    error: String,
    code_url: String,
}

fn code(visit: &Visit, next: &str, error: String) -> CodePage {
    let recovery_url = with_next("/portal/sign-in/recovery", next);
    CodePage { csrf: visit.form_token(), next: next.to_owned(), error, recovery_url }
}

fn recovery(visit: &Visit, next: &str, error: String) -> RecoveryPage {
    let code_url = with_next("/portal/sign-in/code", next);
    RecoveryPage { csrf: visit.form_token(), next: next.to_owned(), error, code_url }
}

/// `GET /portal/sign-in/code`.
pub(super) async fn code_page(visit: Visit) -> Response {
    let next = way_on(visit.query.text("next")).unwrap_or_default();
    answer(StatusCode::OK, &code(&visit, next, String::new()))
}

/// `POST /portal/sign-in/code`.
pub(super) async fn submit_code(visit: Visit) -> Response {
    let next = way_on(visit.form.text("next")).unwrap_or_default();
    let token = visit.token.as_ref().map_or("", |token| token.expose());
    let signed_in = visit.engine().people().enter_code(token, visit.form.text("code"), &visit.client).await;
    on(&visit, next, signed_in, |error| code(&visit, next, error))
}

/// `GET /portal/sign-in/recovery`.
pub(super) async fn recovery_page(visit: Visit) -> Response {
    let next = way_on(visit.query.text("next")).unwrap_or_default();
    answer(StatusCode::OK, &recovery(&visit, next, String::new()))
}

/// `POST /portal/sign-in/recovery`.
pub(super) async fn submit_recovery(visit: Visit) -> Response {
    let next = way_on(visit.form.text("next")).unwrap_or_default();
    let token = visit.token.as_ref().map_or("", |token| token.expose());
    let signed_in = visit.engine().people().enter_recovery(token, visit.form.text("code"), &visit.client).await;
    on(&visit, next, signed_in, |error| recovery(&visit, next, error))
}

fn on<T: Template>(
    visit: &Visit,
    next: &str,
    signed_in: Result<SignedIn, PeopleError>,
    again: impl FnOnce(String) -> T,
) -> Response {
    match signed_in {
        Ok(signed_in) => {
            let path = if next.is_empty() { "/portal" } else { next };
            cookie::keep(&visit.portal, &signed_in.token, see_other(path))
        }
        Err(error) => refused(error, again),
    }
}
