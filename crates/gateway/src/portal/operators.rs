//! All users of the installation, and its operators.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::people::{Grant, Invited, PeopleError};
use florin_kernel::UserId;
use florin_kernel::user::{Standing, User};

use super::answer::{page as answer, see_other};
use super::shell::Shell;
use super::sign_in::refused;
use super::users::{LinkPage, UserLine};
use super::visit::Visit;
use super::{guard, refused as refusals};

/// Where the list is.
const LIST: &str = "/portal/operator/users";
/// Users on a page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "portal/operators.html")]
struct OperatorsPage {
    shell: Shell,
    note: &'static str,
    error: String,
    email: String,
    name: String,
    users: Vec<Line>,
    /// The way to the next page; empty where there is none.
    next: String,
}

struct Line {
    user: UserLine,
    /// What she is, in words.
    standing: String,
    is_disabled: bool,
}

async fn list(visit: &Visit, note: &'static str) -> Result<OperatorsPage, PeopleError> {
    let (users, directory) = (visit.engine().people().users().await?, visit.engine().directory());
    let after = visit.query.text("after");
    let rest = users.iter().filter(|user| user.email.text() > after);
    let page: Vec<&User> = rest.take(PAGE + 1).collect();
    let last = page.get(PAGE - 1).filter(|_| page.len() > PAGE).map(|user| user.email.text());
    let next = last.map(|last| {
        let after: String = url::form_urlencoded::byte_serialize(last.as_bytes()).collect();
        format!("{LIST}?after={after}")
    });
    let line = |user: &&User| {
        let at = |membership: &florin_kernel::user::Membership| {
            let merchant = directory.merchant(membership.merchant).map(|merchant| merchant.name.clone());
            format!("{} at {}", membership.role.name(), merchant.unwrap_or_else(|| membership.merchant.to_string()))
        };
        let standing = match &user.standing {
            Standing::Operator => "Operator".to_owned(),
            Standing::Member(members) if members.is_empty() => "No role".to_owned(),
            Standing::Member(members) => members.iter().map(at).collect::<Vec<_>>().join(", "),
        };
        Line { user: UserLine::of(user, None, visit), standing, is_disabled: user.disabled_at.is_some() }
    };
    Ok(OperatorsPage {
        shell: visit.shell("Users of the installation"),
        note,
        error: String::new(),
        email: visit.form.text("email").to_owned(),
        name: visit.form.text("name").to_owned(),
        users: page.iter().take(PAGE).map(line).collect(),
        next: next.unwrap_or_default(),
    })
}

/// `GET /portal/operator/users`.
pub(super) async fn page(visit: Visit) -> Response {
    let note = match visit.query.text("note") {
        "disabled" => "The user is disabled and signed out everywhere.",
        "enabled" => "The user may sign in again.",
        "one-time" => "Their one-time passwords are switched off.",
        _ => "",
    };
    match list(&visit, note).await {
        Ok(page) => answer(StatusCode::OK, &page),
        Err(error) => guard::unavailable(&error),
    }
}

/// `POST /portal/operator/users`: invites an operator.
pub(super) async fn invite(visit: Visit) -> Response {
    let (email, name) = (visit.form.text("email"), visit.form.text("name"));
    match visit.engine().people().invite(&visit.who(), email, name, Grant::Operator).await {
        Ok(Invited::New { user, token }) => link(&visit, &user, token.expose()),
        // Nobody who has a login becomes an operator by an invitation.
        Ok(Invited::Known { .. }) => again(&visit, PeopleError::Taken).await,
        Err(error) => again(&visit, error).await,
    }
}

/// `POST …/{user}/disable`.
pub(super) async fn disable(visit: Visit) -> Response {
    let Some(id) = visit.user_id() else { return refusals::not_found(&visit) };
    done(&visit, visit.engine().people().disable(&visit.who(), id).await, "disabled").await
}

/// `POST …/{user}/enable`.
pub(super) async fn enable(visit: Visit) -> Response {
    let Some(id) = visit.user_id() else { return refusals::not_found(&visit) };
    done(&visit, visit.engine().people().enable(&visit.who(), id).await, "enabled").await
}

/// `POST …/{user}/one-time`.
pub(super) async fn reset_one_time(visit: Visit) -> Response {
    let Some(id) = visit.user_id() else { return refusals::not_found(&visit) };
    done(&visit, visit.engine().people().reset_one_time(&visit.who(), id, None).await, "one-time").await
}

/// `POST …/{user}/link`.
pub(super) async fn renew_link(visit: Visit) -> Response {
    let Some(id) = visit.user_id() else { return refusals::not_found(&visit) };
    match made(&visit, id).await {
        Ok((user, token)) => link(&visit, &user, &token),
        Err(error) => again(&visit, error).await,
    }
}

async fn made(visit: &Visit, id: UserId) -> Result<(User, String), PeopleError> {
    let people = visit.engine().people();
    let token = people.renew_link(&visit.who(), id, None).await?;
    let user = people.user(id).await?.ok_or(PeopleError::NotFound)?;
    Ok((user, token.expose().to_owned()))
}

fn link(visit: &Visit, user: &User, token: &str) -> Response {
    let page = LinkPage {
        shell: visit.shell("One-time link"),
        email: user.email.text().to_owned(),
        link: visit.portal.link(&format!("/portal/invitation/{token}")),
        back: LIST.to_owned(),
    };
    answer(StatusCode::OK, &page)
}

async fn done(visit: &Visit, changed: Result<User, PeopleError>, note: &str) -> Response {
    match changed {
        Ok(_) => see_other(&format!("{LIST}?note={note}")),
        Err(error) => again(visit, error).await,
    }
}

/// The list again, with what is wrong.
async fn again(visit: &Visit, error: PeopleError) -> Response {
    if error == PeopleError::NotFound {
        return refusals::not_found(visit);
    }
    match list(visit, "").await {
        Ok(page) => refused(error, |error| OperatorsPage { error, ..page }),
        Err(error) => guard::unavailable(&error),
    }
}
