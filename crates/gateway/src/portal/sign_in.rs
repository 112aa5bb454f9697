//! Signing in by address and password, and out again.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::people::PeopleError;
use florin_kernel::user::Level;

use super::answer::{page as answer, see_other};
use super::visit::{Guest, Visit};
use super::{cookie, guard};
use crate::pages::text;

#[derive(Template)]
#[template(path = "portal/sign_in.html")]
struct SignInPage {
    email: String,
    next: String,
    error: String,
    note: &'static str,
}

/// `GET /portal/sign-in`.
pub(super) async fn page(guest: Guest) -> Response {
    let note = match guest.query.text("note") {
        "password" => "Your password is set. Sign in with it.",
        "out" => "You are signed out.",
        _ => "",
    };
    let next = way_on(guest.query.text("next")).unwrap_or_default().to_owned();
    answer(StatusCode::OK, &SignInPage { email: String::new(), next, error: String::new(), note })
}

/// `POST /portal/sign-in`.
pub(super) async fn submit(guest: Guest) -> Response {
    let (email, password) = (guest.form.text("email"), guest.form.secret("password"));
    let next = way_on(guest.form.text("next")).unwrap_or_default().to_owned();
    let signed_in = guest.engine().people().sign_in(email, &password, &guest.client).await;
    match signed_in {
        Ok(signed_in) => {
            let on = match signed_in.level {
                Level::Full if next.is_empty() => see_other("/portal"),
                Level::Full => see_other(&next),
                Level::AwaitsCode => see_other(&with_next("/portal/sign-in/code", &next)),
            };
            cookie::keep(&guest.portal, &signed_in.token, on)
        }
        Err(error) => {
            let email = email.to_owned();
            refused(error, |error| SignInPage { email, next, error, note: "" })
        }
    }
}

/// `POST /portal/sign-out`.
pub(super) async fn sign_out(visit: Visit) -> Response {
    match visit.engine().people().sign_out(&visit.visitor).await {
        Ok(()) => cookie::forget(&visit.portal, see_other("/portal/sign-in?note=out")),
        Err(error) => guard::unavailable(&error),
    }
}

/// The page again, with what is wrong: of signing in, its second step and what else asks for a password or code.
pub(super) fn refused<T: Template>(error: PeopleError, page: impl FnOnce(String) -> T) -> Response {
    match fault(error) {
        Ok((status, sentence)) => answer(status, &page(sentence)),
        Err(unavailable) => guard::unavailable(&unavailable),
    }
}

/// What is wrong, in a sentence; an error when that is no fault of hers.
fn fault(error: PeopleError) -> Result<(StatusCode, String), PeopleError> {
    Ok(match error {
        PeopleError::Wrong => (StatusCode::UNAUTHORIZED, "That is not right. Check it and try again.".to_owned()),
        PeopleError::Wait { until } => (
            StatusCode::TOO_MANY_REQUESTS,
            format!("Too many attempts. The next one is taken at {}.", text::clock(until)),
        ),
        PeopleError::Busy => {
            (StatusCode::SERVICE_UNAVAILABLE, "Many people sign in just now. Try again in a few seconds.".to_owned())
        }
        PeopleError::NotFound => (StatusCode::NOT_FOUND, "That is over. Begin again.".to_owned()),
        PeopleError::Weak(weak) => (StatusCode::UNPROCESSABLE_ENTITY, weak_sentence(weak).to_owned()),
        PeopleError::Invalid(field) => (StatusCode::UNPROCESSABLE_ENTITY, format!("The {field} cannot be used.")),
        PeopleError::Taken => (StatusCode::CONFLICT, "There is such a user already.".to_owned()),
        PeopleError::NotYours => (
            StatusCode::FORBIDDEN,
            "That is not yours to do: it is about yourself, or about somebody of other merchants, too.".to_owned(),
        ),
        PeopleError::Unavailable(_) => return Err(error),
    })
}

/// Why a text is no password, and how to mend it.
fn weak_sentence(weak: florin_engine::people::password::Weak) -> &'static str {
    use florin_engine::people::password::Weak;
    match weak {
        Weak::Short => "Use at least 12 characters; a few words are easy to remember.",
        Weak::Long => "Use fewer than 128 characters.",
        Weak::Guessable => "That is easy to guess. Use a few words that have nothing to do with your address.",
    }
}

/// A path of the portal to go on to after signing in; nothing else is followed.
pub(super) fn way_on(path: &str) -> Option<&str> {
    let plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte));
    (path.starts_with("/portal/") && plain && !path.contains("..") && !path.contains("//")).then_some(path)
}

/// A path that takes the way on along.
pub(super) fn with_next(path: &str, next: &str) -> String {
    match next {
        "" => path.to_owned(),
        next => format!("{path}?next={}", url::form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use super::way_on;

    #[test]
    fn only_our_own_paths_are_followed() {
        for good in ["/portal/account", "/portal/m/1/dev/users"] {
            assert_eq!(way_on(good), Some(good));
        }
        for bad in [
            "",
            "https://evil.example",
            "//evil.example",
            "/portal//evil.example",
            "/portal/../x",
            "/portal/\\x",
            "/v3",
        ] {
            assert_eq!(way_on(bad), None, "{bad}");
        }
    }
}
