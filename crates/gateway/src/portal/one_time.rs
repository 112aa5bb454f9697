//! One's own second factor: set up by QR code or by text, confirmed by a code, taken away by the password.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::people::{Offer, PeopleError};
use florin_kernel::secret::Secret;

use super::account::AccountPage;
use super::answer::{page as answer, see_other};
use super::shell::Shell;
use super::sign_in::refused;
use super::visit::Visit;
use crate::pages::qr;

#[derive(Template)]
#[template(path = "portal/one_time.html")]
struct OneTimePage {
    shell: Shell,
    /// SVG of our own making.
    qr: String,
    secret: String,
    error: String,
}

#[derive(Template)]
#[template(path = "portal/codes.html")]
struct CodesPage {
    shell: Shell,
    codes: Vec<String>,
}

/// `GET /portal/account/one-time`.
pub(super) async fn page(visit: Visit) -> Response {
    match visit.engine().people().offer_one_time(&visit.visitor).await {
        Ok(offer) => answer(StatusCode::OK, &offered(&visit, &offer, String::new())),
        // She has one.
        Err(PeopleError::Taken) => see_other("/portal/account"),
        Err(error) => super::guard::unavailable(&error),
    }
}

/// `POST /portal/account/one-time`.
pub(super) async fn confirm(visit: Visit) -> Response {
    let people = visit.engine().people();
    match people.confirm_one_time(&visit.visitor, visit.form.text("code"), &visit.client).await {
        Ok(codes) => shown(&visit, codes),
        Err(error) => match people.offer_one_time(&visit.visitor).await {
            Ok(offer) => refused(error, |error| offered(&visit, &offer, error)),
            Err(_) => see_other("/portal/account"),
        },
    }
}

/// `POST /portal/account/one-time/remove`.
pub(super) async fn remove(visit: Visit) -> Response {
    let password = visit.form.secret("password");
    match visit.engine().people().remove_one_time(&visit.visitor, &password, &visit.client).await {
        Ok(()) => see_other("/portal/account?note=one-time"),
        Err(error) => refused(error, |error| AccountPage::of(&visit, "", error)),
    }
}

/// `POST /portal/account/one-time/codes`.
pub(super) async fn renew_codes(visit: Visit) -> Response {
    let password = visit.form.secret("password");
    match visit.engine().people().renew_recovery_codes(&visit.visitor, &password, &visit.client).await {
        Ok(codes) => shown(&visit, codes),
        Err(PeopleError::NotFound) => see_other("/portal/account"),
        Err(error) => refused(error, |error| AccountPage::of(&visit, "", error)),
    }
}

fn offered(visit: &Visit, offer: &Offer, error: String) -> OneTimePage {
    let letters: Vec<char> = offer.secret.expose().chars().collect();
    let secret = letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ");
    let qr = qr::svg(offer.provisioning.expose()).unwrap_or_default();
    OneTimePage { shell: visit.shell("Set up one-time passwords"), qr, secret, error }
}

fn shown(visit: &Visit, codes: Vec<Secret>) -> Response {
    let codes = codes.iter().map(|code| code.expose().to_owned()).collect();
    answer(StatusCode::OK, &CodesPage { shell: visit.shell("Your recovery codes"), codes })
}
