//! Tokens for names and keys, and new tokens for old ones (contract, section 8.1).

use std::net::IpAddr;

use axum::http::HeaderMap;
use florin_kernel::ports::Lane;
use serde::Serialize;

use super::auth::{self, Login};
use super::codes::ResultBody;
use super::errors::Problem;
use super::fields::{Fields, Reader, number, text};
use super::state::TsState;
use super::token::{self, Claims, TokenFault};
use super::wire::{self, Told, timestamp};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenBody<'a> {
    partner_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    member_id: Option<&'a str>,
    result: ResultBody,
    timestamp: String,
    #[serde(rename = "LoginName")]
    login_name: &'a str,
    #[serde(rename = "AuthToken")]
    auth_token: String,
}

/// `authToken`: a member logs in, by name at its partner or by its id.
///
/// # Errors
/// [`Problem::LoginFailed`], one for every cause; [`Problem::TooManyRequests`] once that was too often.
pub fn member(state: &TsState, fields: &Fields, address: IpAddr) -> Result<Told, Problem> {
    let mut reader = Reader::new(fields);
    let member_id = reader.read("authentication.memberId", number(10));
    let username = reader.read("merchant.username", text(100));
    let partner_id = match &member_id {
        Some(_) => reader.read("authentication.partnerId", number(10)),
        None => reader.require("authentication.partnerId", number(10)),
    };
    if member_id.is_none() && username.is_none() {
        reader.missing("merchant.username");
    }
    let key = reader.require("authentication.sKey", text(255));
    reader.finish()?;
    let name = username.clone().or(member_id.clone()).unwrap_or_default();
    let found = match (&member_id, &partner_id, &username) {
        (Some(member_id), _, _) => auth::login(&state.engine, &auth::member_key(member_id)),
        (None, Some(partner_id), Some(username)) => auth::login(&state.engine, &auth::login_key(partner_id, username)),
        (None, _, _) => None,
    };
    let fits = |login: &Login| {
        login.member_id.is_some()
            && partner_id.as_ref().is_none_or(|sent| *sent == login.partner_id)
            && username.as_ref().is_none_or(|sent| *sent == login.username)
    };
    admit(state, found.filter(fits), &name, &key.unwrap_or_default(), address)
}

/// `partnerAuthToken`: a partner logs in.
///
/// # Errors
/// As [`member`].
pub fn partner(state: &TsState, fields: &Fields, address: IpAddr) -> Result<Told, Problem> {
    let mut reader = Reader::new(fields);
    let partner_id = reader.require("authentication.partnerId", number(10));
    let username = reader.require("partner.userName", text(100));
    let key = reader.require("authentication.sKey", text(255));
    reader.finish()?;
    let (partner_id, username) = (partner_id.unwrap_or_default(), username.unwrap_or_default());
    let found = auth::login(&state.engine, &auth::partner_key(&partner_id));
    let found = found.filter(|login| login.member_id.is_none() && login.username == username);
    admit(state, found, &username, &key.unwrap_or_default(), address)
}

/// `regenerateToken`: a new token for one that is good, or was until a day ago.
///
/// # Errors
/// [`Problem::NoToken`], [`Problem::WrongToken`], [`Problem::TokenExpired`].
pub fn again(state: &TsState, fields: &Fields, headers: &HeaderMap) -> Result<Told, Problem> {
    let mut reader = Reader::new(fields);
    let partner_id = reader.require("authentication.partnerId", number(10));
    reader.finish()?;
    let sent = fields.first(&["authToken", "authentication.authToken"]).map(|(_, token)| token);
    let text = sent.map_or_else(|| auth::header_token(headers), Ok)?;
    let now = state.engine.now(Lane::Live);
    let claims = match token::read(&token::signing_key(&state.engine), text, now) {
        Ok(claims) => claims,
        Err(TokenFault::Expired(claims)) if claims.is_renewable(now) => *claims,
        Err(TokenFault::Expired(_)) => return Err(Problem::TokenExpired),
        Err(TokenFault::Invalid) => return Err(Problem::WrongToken),
    };
    let login = auth::still_valid(&state.engine, &claims)?;
    match partner_id.is_some_and(|sent| sent == login.partner_id) {
        true => Ok(issue(state, &login)),
        false => Err(Problem::WrongToken),
    }
}

/// A token, if there is such a login and the key is its own.
fn admit(state: &TsState, found: Option<Login>, name: &str, key: &str, address: IpAddr) -> Result<Told, Problem> {
    let now = state.engine.now(Lane::Live);
    if state.failures.are_too_many(name, address, now) {
        return Err(Problem::TooManyRequests);
    }
    let blocked = |login: &Login| crate::dialects::caller::is_blocked(&login.credential, address);
    match found.filter(|login| login.accepts(key) && !blocked(login)) {
        Some(login) => Ok(issue(state, &login)),
        None => {
            state.failures.count(name, address, now);
            Err(Problem::LoginFailed)
        }
    }
}

fn issue(state: &TsState, login: &Login) -> Told {
    let (engine, now) = (&state.engine, state.engine.now(Lane::Live));
    let member_id = login.member_id.as_deref();
    let claims = Claims::new(&login.username, login.role, &login.partner_id, member_id, login.version(engine), now);
    let body = TokenBody {
        partner_id: &login.partner_id,
        member_id,
        result: ResultBody::of("200"),
        timestamp: timestamp(engine.now(Lane::of(login.credential.merchant, login.credential.mode))),
        login_name: &login.username,
        auth_token: claims.sign(&token::signing_key(engine)),
    };
    Told::of(wire::text(&body))
}
