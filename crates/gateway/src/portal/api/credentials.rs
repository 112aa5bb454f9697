//! Credentials, by programs.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use florin_engine::directory::Credential;
use florin_kernel::CredentialId;
use serde_json::{Map, Value, json};

use super::super::credentials::order::{self, NewlyMade, Refused, permission_word};
use super::super::visit::{Fields, Guest};
use super::{merchant_required, mode, object, who};
use crate::admin::{self, Refusal};
use crate::dialects::connect::Unfit;
use crate::dialects::connection;

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Refusal {
        match refused {
            Refused::Unfit(unfit) => unfit.into(),
            Refused::NotFound => Refusal::NotFound("there is no such credential".to_owned()),
            Refused::Conflict(reason) => Refusal::Conflict(reason),
            Refused::Unavailable(reason) => Refusal::Unavailable(reason),
        }
    }
}

impl From<Unfit> for Refusal {
    fn from(Unfit { field, message }: Unfit) -> Refusal {
        Refusal::Named { field, message }
    }
}

/// `GET /admin/v1/credentials?merchant_id=&mode=`.
pub(in crate::portal) async fn list(guest: Guest) -> Response {
    let listed = || {
        let merchant = super::merchant(&guest, &super::number(guest.query.text("merchant_id"))?)?;
        let mode = match guest.query.text("mode") {
            "" => None,
            word => Some(mode(word)?),
        };
        let directory = guest.engine().directory();
        let wanted = |known: &&Arc<Credential>| {
            merchant.is_none_or(|merchant| merchant == known.merchant) && mode.is_none_or(|mode| mode == known.mode)
        };
        let mut found: Vec<&Arc<Credential>> = directory.credentials().filter(wanted).collect();
        found.sort_by_key(|credential| credential.id);
        let shown: Vec<Value> = found.into_iter().map(|credential| view(credential)).collect();
        Ok::<_, Refusal>(Json(json!({ "credentials": shown })))
    };
    listed().into_response()
}

/// `POST /admin/v1/credentials`.
pub(in crate::portal) async fn make(guest: Guest, body: Bytes) -> Response {
    let made = async {
        let body = object(&body)?;
        let (merchant, mode) = (merchant_required(&guest, &body)?, mode(text(&body, "mode"))?);
        let directory = guest.engine().directory();
        let merchant = directory.merchant(merchant).ok_or_else(super::no_merchant)?;
        let fields = Fields::of_json(&body);
        let NewlyMade { id, parts } = order::make(guest.engine(), &who(&guest), merchant, mode, &fields).await?;
        let secrets: Map<String, Value> =
            parts.iter().map(|part| (part.name.to_owned(), part.value.expose().into())).collect();
        let directory = guest.engine().directory();
        let known = directory.credential(id).map(|known| view(known));
        Ok::<_, Refusal>((StatusCode::CREATED, Json(json!({"credential": known, "secrets": secrets}))))
    };
    made.await.into_response()
}

/// `GET /admin/v1/credentials/{credential}`.
pub(in crate::portal) async fn show(guest: Guest) -> Response {
    known(&guest).map(|credential| Json(json!({"credential": view(&credential)}))).into_response()
}

/// `POST /admin/v1/credentials/{credential}`.
pub(in crate::portal) async fn change(guest: Guest, body: Bytes) -> Response {
    let changed = async {
        let credential = known(&guest)?;
        let fields = Fields::of_json(&object(&body)?);
        order::alter(guest.engine(), &who(&guest), &credential, &fields).await?;
        shown(&guest)
    };
    changed.await.into_response()
}

/// `POST /admin/v1/credentials/{credential}/settings`.
pub(in crate::portal) async fn set(guest: Guest, body: Bytes) -> Response {
    let set = async {
        let credential = known(&guest)?;
        order::set(guest.engine(), &who(&guest), &credential, &admin::read(&body)?).await?;
        shown(&guest)
    };
    set.await.into_response()
}

/// `POST /admin/v1/credentials/{credential}/password`.
pub(in crate::portal) async fn renew(guest: Guest) -> Response {
    let renewed = async {
        let credential = known(&guest)?;
        let directory = guest.engine().directory();
        let merchant = directory.merchant(credential.merchant).ok_or_else(super::no_merchant)?;
        let part = order::renew(guest.engine(), &who(&guest), merchant, &credential).await?;
        let secrets = Map::from_iter([(part.name.to_owned(), Value::from(part.value.expose()))]);
        Ok::<_, Refusal>(Json(json!({ "secrets": secrets })))
    };
    renewed.await.into_response()
}

/// `POST /admin/v1/credentials/{credential}/end`.
pub(in crate::portal) async fn end(guest: Guest) -> Response {
    let ended = async {
        order::end(guest.engine(), &who(&guest), &*known(&guest)?).await?;
        shown(&guest)
    };
    ended.await.into_response()
}

fn known(guest: &Guest) -> Result<Arc<Credential>, Refusal> {
    let id = guest.parameter("credential").parse().ok().map(CredentialId::from_number);
    let directory = guest.engine().directory();
    let known = id.and_then(|id| directory.credential(id));
    known.cloned().ok_or_else(|| Refusal::NotFound("there is no such credential".to_owned()))
}

fn shown(guest: &Guest) -> Result<Json<Value>, Refusal> {
    Ok(Json(json!({"credential": view(&*known(guest)?)})))
}

fn text<'b>(body: &'b Map<String, Value>, name: &str) -> &'b str {
    body.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A credential without its secrets.
fn view(credential: &Credential) -> Value {
    let dialect = connection(credential.dialect);
    let permissions: Vec<&str> = credential.permissions.iter().map(|known| permission_word(*known)).collect();
    json!({
        "id": credential.id.number(), "merchant_id": credential.merchant.number(), "mode": credential.mode,
        "api": dialect.word(), "name": credential.label.name, "known_as": dialect.known_as(credential),
        "hint": credential.label.hint, "permissions": permissions, "expires_at": credential.expires_at,
        "ended": credential.revoked, "allow": credential.allow, "deny": credential.deny,
        "settings": dialect.settings(credential)
    })
}
