//! The portal's admin API: the same functions as the screens, as JSON under the admin token.

use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use florin_engine::StoreError;
use florin_engine::audit::{Entry, Who};
use florin_engine::office::Scope;
use florin_engine::people::{Grant, Invited, PeopleError, view};
use florin_kernel::payment::Mode;
use florin_kernel::user::{Membership, Role, User};
use florin_kernel::{MerchantId, UserId};
use serde_json::{Map, Value, json};

use super::Portal;
use super::visit::{Guest, mode_word, parse_mode};
use crate::admin::{self, Refusal};

pub(super) mod accounts;
mod coins;
pub(super) mod credentials;
pub(super) mod ledger;
pub(super) mod merchants;
pub(super) mod operation;
pub(super) mod overview;
pub(super) mod payments;
pub(super) mod routing;
mod timeline;
pub(super) mod webhooks;

/// Users and entries on a page when nothing else is asked for, and at most.
const LIMIT: usize = 50;
const LIMIT_MAX: usize = 200;

/// Whether a request brings the admin token.
pub(super) fn is_authorised(portal: &Portal, headers: &HeaderMap) -> bool {
    admin::is_authorised(&portal.engine, headers)
}

/// The answer to one that does not.
pub(super) fn unauthorised() -> Response {
    Refusal::Unauthorised.into_response()
}

impl From<PeopleError> for Refusal {
    fn from(error: PeopleError) -> Refusal {
        match error {
            PeopleError::Invalid(field) => Refusal::invalid(field, "cannot be used"),
            PeopleError::NotFound => Refusal::NotFound("there is no such user".to_owned()),
            PeopleError::Taken | PeopleError::NotYours => Refusal::Conflict(error.to_string()),
            // Nobody signs in here.
            PeopleError::Wrong | PeopleError::Weak(_) => Refusal::invalid("password", error.to_string()),
            PeopleError::Wait { .. } | PeopleError::Busy | PeopleError::Unavailable(_) => {
                Refusal::Unavailable(error.to_string())
            }
        }
    }
}

/// `GET /admin/v1/users?merchant_id=&after=&limit=`.
pub(super) async fn users(guest: Guest) -> Response {
    listed(&guest).await.map(Json).into_response()
}

async fn listed(guest: &Guest) -> Result<Value, Refusal> {
    let people = guest.engine().people();
    let users = match merchant(guest, &number(guest.query.text("merchant_id"))?)? {
        Some(merchant) => people.members(merchant).await?,
        None => people.users().await?,
    };
    let (limit, after) = (limit(guest)?, guest.query.text("after"));
    let rest: Vec<&User> = users.iter().filter(|user| user.email.text() > after).take(limit + 1).collect();
    let next = rest.get(limit - 1).filter(|_| rest.len() > limit).map(|user| user.email.text());
    Ok(json!({"users": rest.iter().take(limit).map(|user| view(user)).collect::<Vec<_>>(), "next_after": next}))
}

/// `POST /admin/v1/users`.
pub(super) async fn invite(guest: Guest, body: Bytes) -> Response {
    invited(&guest, &body).await.into_response()
}

async fn invited(guest: &Guest, body: &[u8]) -> Result<Response, Refusal> {
    let body = admin::read(body)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let grant = match (body.get("operator"), merchant(guest, body.get("merchant_id").unwrap_or(&Value::Null))?) {
        (Some(Value::Bool(true)), None) => Grant::Operator,
        (Some(Value::Bool(true)), Some(_)) => return Err(Refusal::invalid("operator", "goes without a merchant_id")),
        (_, None) => return Err(Refusal::invalid("merchant_id", "or \"operator\": true is required")),
        (_, Some(merchant)) => Grant::Member(Membership { merchant, role: role(text("role"))? }),
    };
    let people = guest.engine().people();
    Ok(match people.invite(&who(guest), text("email"), text("name"), grant).await? {
        Invited::New { user, token } => {
            let body = json!({"user": view(&user), "link": link(guest, token.expose())});
            (StatusCode::CREATED, Json(body)).into_response()
        }
        Invited::Known { user } => Json(json!({"user": view(&user), "link": null})).into_response(),
    })
}

/// `POST /admin/v1/users/{user}/role`.
pub(super) async fn set_role(guest: Guest, body: Bytes) -> Response {
    let set = async {
        let id = user_id(&guest)?;
        let body = admin::read(&body)?;
        let merchant = merchant(&guest, body.get("merchant_id").unwrap_or(&Value::Null))?;
        let merchant = merchant.ok_or_else(|| Refusal::invalid("merchant_id", "is required"))?;
        let role = match body.get("role") {
            Some(Value::Null) => None,
            Some(Value::String(word)) => Some(role(word)?),
            Some(_) | None => return Err(Refusal::invalid("role", ROLE)),
        };
        Ok(guest.engine().people().set_role(&who(&guest), id, merchant, role).await?)
    };
    shown(set.await)
}

/// `POST /admin/v1/users/{user}/link`.
pub(super) async fn renew_link(guest: Guest) -> Response {
    let made = async {
        let id = user_id(&guest)?;
        let token = guest.engine().people().renew_link(&who(&guest), id, None).await?;
        Ok::<_, Refusal>(Json(json!({"link": link(&guest, token.expose())})))
    };
    made.await.into_response()
}

/// `POST /admin/v1/users/{user}/disable`.
pub(super) async fn disable(guest: Guest) -> Response {
    shown(async { Ok(guest.engine().people().disable(&who(&guest), user_id(&guest)?).await?) }.await)
}

/// `POST /admin/v1/users/{user}/enable`.
pub(super) async fn enable(guest: Guest) -> Response {
    shown(async { Ok(guest.engine().people().enable(&who(&guest), user_id(&guest)?).await?) }.await)
}

/// `POST /admin/v1/users/{user}/one_time/reset`.
pub(super) async fn reset_one_time(guest: Guest) -> Response {
    shown(async { Ok(guest.engine().people().reset_one_time(&who(&guest), user_id(&guest)?, None).await?) }.await)
}

/// `GET /admin/v1/audit?merchant_id=&before=&limit=`.
pub(super) async fn audit(guest: Guest) -> Response {
    let read = async {
        let merchant = merchant(&guest, &number(guest.query.text("merchant_id"))?)?;
        let before = match guest.query.text("before") {
            "" => None,
            text => Some(text.parse().map_err(|_| Refusal::invalid("before", "must be an entry's number"))?),
        };
        let limit = limit(&guest)?;
        let entries = guest.engine().audit_entries(merchant, before, limit as u32 + 1).await;
        let entries = entries.map_err(|error| Refusal::Unavailable(error.to_string()))?;
        let next = entries.get(limit - 1).filter(|_| entries.len() > limit).map(|entry| entry.number);
        let shown: Vec<Value> = entries.iter().take(limit).map(entry).collect();
        Ok::<_, Refusal>(Json(json!({"entries": shown, "next_before": next})))
    };
    read.await.into_response()
}

fn entry(entry: &Entry) -> Value {
    json!({
        "number": entry.number, "at": entry.at.to_string(), "merchant_id": entry.merchant.map(MerchantId::number),
        "who": entry.who, "action": entry.action, "object": entry.object, "before": entry.before, "after": entry.after
    })
}

fn shown(changed: Result<User, Refusal>) -> Response {
    changed.map(|user| Json(json!({"user": view(&user)}))).into_response()
}

fn who(guest: &Guest) -> Who {
    Who::AdminToken { address: guest.client.address }
}

fn link(guest: &Guest, token: &str) -> String {
    guest.portal.link(&format!("/portal/invitation/{token}"))
}

fn user_id(guest: &Guest) -> Result<UserId, Refusal> {
    guest.user_id().ok_or_else(|| Refusal::NotFound("there is no such user".to_owned()))
}

const ROLE: &str = "must be owner, developer, back_office, approver or read_only";

fn role(word: &str) -> Result<Role, Refusal> {
    Role::parse(word).ok_or_else(|| Refusal::invalid("role", ROLE))
}

/// A number of a query as JSON has it.
fn number(text: &str) -> Result<Value, Refusal> {
    match text {
        "" => Ok(Value::Null),
        text => text.parse::<i64>().map(Value::from).map_err(|_| Refusal::invalid("merchant_id", "names no merchant")),
    }
}

/// A merchant that is there; nothing where none is named.
fn merchant(guest: &Guest, named: &Value) -> Result<Option<MerchantId>, Refusal> {
    if named.is_null() {
        return Ok(None);
    }
    let id = named.as_i64().map(MerchantId::from_number);
    let known = id.filter(|id| guest.engine().directory().merchant(*id).is_some());
    known.map(Some).ok_or_else(|| Refusal::invalid("merchant_id", "names no merchant"))
}

/// As [`merchant`], where one must be named.
fn merchant_required(guest: &Guest, body: &Map<String, Value>) -> Result<MerchantId, Refusal> {
    let named = merchant(guest, body.get("merchant_id").unwrap_or(&Value::Null))?;
    named.ok_or_else(|| Refusal::invalid("merchant_id", "is required"))
}

fn no_merchant() -> Refusal {
    Refusal::NotFound("there is no such merchant".to_owned())
}

fn mode(word: &str) -> Result<Mode, Refusal> {
    parse_mode(word).ok_or_else(|| Refusal::invalid("mode", "must be dev or live"))
}

/// A body that must be an object.
fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match admin::read(body)? {
        Value::Object(object) => Ok(object),
        _ => Err(Refusal::invalid("body", "must be a JSON object")),
    }
}

fn limit(guest: &Guest) -> Result<usize, Refusal> {
    let wrong = || Refusal::invalid("limit", format!("must be a whole number from 1 to {LIMIT_MAX}"));
    match guest.query.text("limit") {
        "" => Ok(LIMIT),
        text => text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit)).ok_or_else(wrong),
    }
}

/// Whose transactions a query means: a merchant's or everybody's, live or test; live where no mode is named.
fn parsed_scope(guest: &Guest) -> Result<Scope, Refusal> {
    let mode = match guest.query.text("mode") {
        "" => Mode::Live,
        word => parse_mode(word).ok_or_else(|| Refusal::invalid("mode", "must be dev or live"))?,
    };
    Ok(Scope { mode, merchant: merchant(guest, &number(guest.query.text("merchant_id"))?)? })
}

/// How answers tell whose transactions they are about.
fn scope_value(scope: Scope) -> Map<String, Value> {
    let merchant = json!(scope.merchant.map(MerchantId::number));
    [("merchant_id".to_owned(), merchant), ("mode".to_owned(), json!(mode_word(scope.mode)))].into_iter().collect()
}

fn unavailable(error: StoreError) -> Refusal {
    Refusal::Unavailable(error.to_string())
}
