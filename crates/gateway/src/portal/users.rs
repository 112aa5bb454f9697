//! A merchant's people: who they are, inviting them, their roles.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::people::{Grant, Invited, PeopleError};
use florin_kernel::user::{Membership, Role, User};

use super::answer::{page as answer, see_other};
use super::shell::Shell;
use super::show::{Badge, Moment};
use super::sign_in::refused;
use super::visit::AtMerchant;
use super::{guard, refused as refusals};

#[derive(Template)]
#[template(path = "portal/users.html")]
struct UsersPage {
    shell: Shell,
    note: &'static str,
    error: String,
    base: String,
    email: String,
    name: String,
    users: Vec<UserLine>,
    roles: Vec<RoleChoice>,
}

/// A user as a line of a list.
pub(super) struct UserLine {
    pub(super) id: i64,
    pub(super) email: String,
    pub(super) name: String,
    pub(super) role: &'static str,
    pub(super) role_word: &'static str,
    pub(super) state: Badge,
    pub(super) one_time: &'static str,
    pub(super) added: Moment,
    pub(super) is_self: bool,
}

struct RoleChoice {
    word: &'static str,
    name: &'static str,
}

#[derive(Template)]
#[template(path = "portal/link.html")]
pub(super) struct LinkPage {
    pub(super) shell: Shell,
    pub(super) email: String,
    pub(super) link: String,
    pub(super) back: String,
}

impl UserLine {
    pub(super) fn of(user: &User, role: Option<Role>, visit: &super::visit::Visit) -> UserLine {
        let state = match (user.disabled_at, &user.password) {
            (Some(_), _) => Badge { meaning: "bad", word: "Disabled" },
            (None, Some(_)) => Badge { meaning: "good", word: "Active" },
            (None, None) => Badge { meaning: "waiting", word: "Invited" },
        };
        UserLine {
            id: user.id.number(),
            email: user.email.text().to_owned(),
            name: user.name.clone(),
            role: role.map_or("", Role::name),
            role_word: role.map_or("", Role::word),
            state,
            one_time: if user.one_time.is_some() { "on" } else { "off" },
            added: Moment::at(user.created_at, visit.engine().wall()),
            is_self: user.id == visit.visitor.user.id,
        }
    }
}

async fn list(at: &AtMerchant, note: &'static str, error: String) -> Result<UsersPage, PeopleError> {
    let users = at.engine().people().members(at.merchant.id).await?;
    let line = |user: &User| UserLine::of(user, user.role_at(at.merchant.id), at);
    Ok(UsersPage {
        shell: at.shell("Users"),
        note,
        error,
        base: at.path_to("users"),
        email: at.form.text("email").to_owned(),
        name: at.form.text("name").to_owned(),
        users: users.iter().map(line).collect(),
        roles: Role::ALL.map(|role| RoleChoice { word: role.word(), name: role.name() }).into(),
    })
}

/// `GET …/users`.
pub(super) async fn page(at: AtMerchant) -> Response {
    let note = match at.query.text("note") {
        "known" => "They have a login already and were given the role.",
        "role" => "The role is changed.",
        "removed" => "They have no role here any more.",
        "one-time" => "Their one-time passwords are switched off.",
        _ => "",
    };
    match list(&at, note, String::new()).await {
        Ok(page) => answer(StatusCode::OK, &page),
        Err(error) => guard::unavailable(&error),
    }
}

/// `POST …/users`: invites somebody.
pub(super) async fn invite(at: AtMerchant) -> Response {
    let Some(role) = Role::parse(at.form.text("role")) else {
        return again(&at, PeopleError::Invalid("role")).await;
    };
    let grant = Grant::Member(Membership { merchant: at.merchant.id, role });
    let (email, name) = (at.form.text("email"), at.form.text("name"));
    match at.engine().people().invite(&at.who(), email, name, grant).await {
        Ok(Invited::New { user, token }) => link(&at, &user, token.expose()),
        Ok(Invited::Known { .. }) => see_other(&format!("{}?note=known", at.path_to("users"))),
        Err(error) => again(&at, error).await,
    }
}

/// `POST …/users/{user}/role`: another role, or none.
pub(super) async fn set_role(at: AtMerchant) -> Response {
    let role = match at.form.text("role") {
        "" => Err(PeopleError::Invalid("role")),
        "none" => Ok(None),
        word => Role::parse(word).map(Some).ok_or(PeopleError::Invalid("role")),
    };
    let Some(id) = at.user_id() else { return refusals::not_found(&at) };
    let set = match role {
        Ok(role) => at.engine().people().set_role(&at.who(), id, at.merchant.id, role).await.map(|_| role),
        // Whoever is no member is not found, whatever is wrong beside.
        Err(error) => match at.engine().people().user(id).await {
            Ok(Some(user)) if user.role_at(at.merchant.id).is_some() => Err(error),
            Ok(_) => Err(PeopleError::NotFound),
            Err(error) => Err(error),
        },
    };
    match set {
        Ok(Some(_)) => see_other(&format!("{}?note=role", at.path_to("users"))),
        Ok(None) => see_other(&format!("{}?note=removed", at.path_to("users"))),
        Err(error) => again(&at, error).await,
    }
}

/// `POST …/users/{user}/link`.
pub(super) async fn renew_link(at: AtMerchant) -> Response {
    let Some(id) = at.user_id() else { return refusals::not_found(&at) };
    let people = at.engine().people();
    match people.renew_link(&at.who(), id, Some(at.merchant.id)).await {
        Ok(token) => match people.user(id).await {
            Ok(Some(user)) => link(&at, &user, token.expose()),
            Ok(None) => refusals::not_found(&at),
            Err(error) => guard::unavailable(&error),
        },
        Err(error) => again(&at, error).await,
    }
}

/// `POST …/users/{user}/one-time`: takes a lost second factor away.
pub(super) async fn reset_one_time(at: AtMerchant) -> Response {
    let Some(id) = at.user_id() else { return refusals::not_found(&at) };
    match at.engine().people().reset_one_time(&at.who(), id, Some(at.merchant.id)).await {
        Ok(_) => see_other(&format!("{}?note=one-time", at.path_to("users"))),
        Err(error) => again(&at, error).await,
    }
}

fn link(at: &AtMerchant, user: &User, token: &str) -> Response {
    let page = LinkPage {
        shell: at.shell("One-time link"),
        email: user.email.text().to_owned(),
        link: at.portal.link(&format!("/portal/invitation/{token}")),
        back: at.path_to("users"),
    };
    answer(StatusCode::OK, &page)
}

/// The list again, with what is wrong.
async fn again(at: &AtMerchant, error: PeopleError) -> Response {
    if error == PeopleError::NotFound {
        return refusals::not_found(at);
    }
    match list(at, "", String::new()).await {
        Ok(page) => refused(error, |error| UsersPage { error, ..page }),
        Err(error) => guard::unavailable(&error),
    }
}
