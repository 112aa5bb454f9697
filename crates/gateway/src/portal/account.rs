//! One's own account: password and sessions. The second factor has a file of its own ([`super::one_time`]).

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_kernel::user::{Level, Standing};

use super::answer::{page as answer, see_other};
use super::shell::Shell;
use super::show::Moment;
use super::sign_in::refused;
use super::visit::Visit;

#[derive(Template)]
#[template(path = "portal/account.html")]
pub(super) struct AccountPage {
    shell: Shell,
    note: &'static str,
    error: String,
    email: String,
    name: String,
    /// What she is, a line each.
    roles: Vec<String>,
    has_one_time: bool,
    recovery_left: usize,
    sessions: Vec<SessionLine>,
}

struct SessionLine {
    name: String,
    agent: String,
    address: String,
    begun: Moment,
    seen: Moment,
    is_here: bool,
}

impl AccountPage {
    pub(super) fn of(visit: &Visit, note: &'static str, error: String) -> AccountPage {
        let (user, now) = (&visit.visitor.user, visit.engine().wall());
        let directory = visit.engine().directory();
        let roles = match &user.standing {
            Standing::Operator => vec!["Operator: all merchants and the installation".to_owned()],
            Standing::Member(members) => members
                .iter()
                .map(|member| {
                    let merchant = directory.merchant(member.merchant).map(|merchant| merchant.name.clone());
                    format!("{} at {}", member.role.name(), merchant.unwrap_or_else(|| member.merchant.to_string()))
                })
                .collect(),
        };
        let alive = user.sessions.iter().filter(|session| session.level == Level::Full && session.is_alive(now));
        let line = |session: &florin_kernel::user::Session| SessionLine {
            name: session.name().to_owned(),
            agent: session.agent.clone(),
            address: session.address.to_string(),
            begun: Moment::at(session.begun_at, now),
            seen: Moment::at(session.seen_at, now),
            is_here: session.token == visit.visitor.session.token,
        };
        AccountPage {
            shell: visit.shell("Your account"),
            note,
            error,
            email: user.email.text().to_owned(),
            name: user.name.clone(),
            roles,
            has_one_time: user.one_time.is_some(),
            recovery_left: user.one_time.as_ref().map_or(0, |one_time| one_time.recovery.len()),
            sessions: alive.rev().map(line).collect(),
        }
    }
}

/// `GET /portal/account`.
pub(super) async fn page(visit: Visit) -> Response {
    let note = match visit.query.text("note") {
        "password" => "Your password is changed. Your other sessions have ended.",
        "sessions" => "The sessions have ended.",
        "one-time" => "One-time passwords are switched off.",
        _ => "",
    };
    answer(StatusCode::OK, &AccountPage::of(&visit, note, String::new()))
}

/// `POST /portal/account/password`.
pub(super) async fn change_password(visit: Visit) -> Response {
    let (current, new) = (visit.form.secret("current"), visit.form.secret("password"));
    let again = |error| AccountPage::of(&visit, "", error);
    if new.expose() != visit.form.secret("repeated").expose() {
        return answer(StatusCode::UNPROCESSABLE_ENTITY, &again("The two entries differ.".to_owned()));
    }
    match visit.engine().people().change_password(&visit.visitor, &current, &new, &visit.client).await {
        Ok(()) => see_other("/portal/account?note=password"),
        Err(error) => refused(error, again),
    }
}

/// `POST /portal/account/sessions`: ends one by its name, or all others.
pub(super) async fn end_sessions(visit: Visit) -> Response {
    let people = visit.engine().people();
    let ended = match visit.form.text("session") {
        "" => people.end_other_sessions(&visit.visitor).await.map(drop),
        name => people.end_session(&visit.visitor, name).await,
    };
    match ended {
        Ok(()) => see_other("/portal/account?note=sessions"),
        Err(error) => refused(error, |error| AccountPage::of(&visit, "", error)),
    }
}
