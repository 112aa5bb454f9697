//! The page of a link by which somebody chooses a password.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::people::PeopleError;

use super::answer::{page as answer, see_other};
use super::guard;
use super::sign_in::refused;
use super::visit::Guest;

#[derive(Template)]
#[template(path = "portal/invitation.html")]
struct InvitationPage {
    /// Whose link it is; empty where it leads nowhere.
    email: String,
    name: String,
    error: String,
}

/// `GET /portal/invitation/{token}`.
pub(super) async fn page(guest: Guest) -> Response {
    match guest.engine().people().of_link(guest.parameter("token")).await {
        Ok(user) => {
            let (email, name) = (user.email.text().to_owned(), user.name);
            answer(StatusCode::OK, &InvitationPage { email, name, error: String::new() })
        }
        Err(PeopleError::Unavailable(reason)) => guard::unavailable(&PeopleError::Unavailable(reason)),
        Err(_) => answer(StatusCode::NOT_FOUND, &nowhere()),
    }
}

/// `POST /portal/invitation/{token}`.
pub(super) async fn accept(guest: Guest) -> Response {
    let (token, password) = (guest.parameter("token"), guest.form.secret("password"));
    let people = guest.engine().people();
    let user = match people.of_link(token).await {
        Ok(user) => user,
        Err(PeopleError::Unavailable(reason)) => return guard::unavailable(&PeopleError::Unavailable(reason)),
        Err(_) => return answer(StatusCode::NOT_FOUND, &nowhere()),
    };
    let again = |error: String| InvitationPage { email: user.email.text().to_owned(), name: user.name.clone(), error };
    if password.expose() != guest.form.secret("repeated").expose() {
        return answer(StatusCode::UNPROCESSABLE_ENTITY, &again("The two entries differ.".to_owned()));
    }
    match people.accept_link(token, &password, &guest.client).await {
        Ok(_) => see_other("/portal/sign-in?note=password"),
        Err(error) => refused(error, again),
    }
}

fn nowhere() -> InvitationPage {
    InvitationPage { email: String::new(), name: String::new(), error: String::new() }
}
