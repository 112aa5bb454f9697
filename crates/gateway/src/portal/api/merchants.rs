//! Merchants by program: listed, made, renamed, given rules for withdrawals.

use axum::Json;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use florin_engine::audit::ConfigureError;
use florin_engine::directory::Merchant;
use florin_engine::merchants::{MerchantChange, MerchantRefusal};
use florin_kernel::MerchantId;
use florin_kernel::payment::Mode;
use serde_json::{Value, json};

use super::{limit, who};
use crate::admin::{self, Refusal};
use crate::portal::merchants::in_force;
use crate::portal::merchants::rules::RulesForm;
use crate::portal::visit::Guest;

impl From<ConfigureError<MerchantRefusal>> for Refusal {
    fn from(error: ConfigureError<MerchantRefusal>) -> Refusal {
        match error {
            ConfigureError::Refused(MerchantRefusal::NotFound) => missing(),
            ConfigureError::Refused(MerchantRefusal::Invalid(field)) => Refusal::invalid(field, "cannot be used"),
            ConfigureError::Refused(MerchantRefusal::SlugTaken) => {
                Refusal::Conflict("another merchant has that slug".to_owned())
            }
            ConfigureError::Unavailable(error) => Refusal::Unavailable(error),
        }
    }
}

fn missing() -> Refusal {
    Refusal::NotFound("there is no such merchant".to_owned())
}

/// `GET /admin/v1/merchants?after=&limit=`.
pub(in crate::portal) async fn list(guest: Guest) -> Response {
    listed(&guest).map(Json).into_response()
}

fn listed(guest: &Guest) -> Result<Value, Refusal> {
    let limit = limit(guest)?;
    let after = match guest.query.text("after") {
        "" => i64::MIN,
        text => text.parse().map_err(|_| Refusal::invalid("after", "must be a merchant's number"))?,
    };
    let directory = guest.engine().directory();
    let mut all: Vec<_> = directory.merchants().filter(|merchant| merchant.id.number() > after).collect();
    all.sort_by_key(|merchant| merchant.id);
    let next = all.get(limit - 1).filter(|_| all.len() > limit).map(|last| last.id.number());
    let shown: Vec<Value> = all.into_iter().take(limit).map(|merchant| view(guest, merchant)).collect();
    Ok(json!({"merchants": shown, "next_after": next}))
}

/// `GET /admin/v1/merchants/{number}`.
pub(in crate::portal) async fn one(guest: Guest) -> Response {
    merchant(&guest).map(|known| Json(json!({"merchant": view(&guest, &known)}))).into_response()
}

/// `POST /admin/v1/merchants`.
pub(in crate::portal) async fn make(guest: Guest, body: Bytes) -> Response {
    let made = async {
        let body = admin::read(&body)?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let id = guest.engine().make_merchant(&who(&guest), text("name"), text("slug")).await?;
        let known = guest.engine().directory().merchant(id).cloned().ok_or_else(missing)?;
        let body = json!({"merchant": view(&guest, &known)});
        Ok::<_, Refusal>((StatusCode::CREATED, Json(body)))
    };
    made.await.into_response()
}

/// `POST /admin/v1/merchants/{number}`: what is not named stays.
pub(in crate::portal) async fn change(guest: Guest, body: Bytes) -> Response {
    let changed = async {
        let known = merchant(&guest)?;
        let body = admin::read(&body)?;
        let name = match body.get("name") {
            None => None,
            Some(Value::String(name)) => Some(name.clone()),
            Some(_) => return Err(Refusal::invalid("name", "must be a text")),
        };
        let withdrawals = match body.get("withdrawals") {
            None => None,
            Some(rules) => Some(parsed(&guest, &known, rules)?),
        };
        let change = MerchantChange { name, withdrawals, ..MerchantChange::default() };
        guest.engine().change_merchant(&who(&guest), known.id, &change).await?;
        let known = merchant(&guest)?;
        Ok(Json(json!({"merchant": view(&guest, &known)})))
    };
    changed.await.into_response()
}

/// The path's merchant.
fn merchant(guest: &Guest) -> Result<std::sync::Arc<Merchant>, Refusal> {
    let id = guest.parameter("number").parse().ok().map(MerchantId::from_number);
    id.and_then(|id| guest.engine().directory().merchant(id).cloned()).ok_or_else(missing)
}

/// Rules laid over those that hold: what is not named stays.
fn parsed(guest: &Guest, known: &Merchant, body: &Value) -> Result<florin_engine::directory::WithdrawalRules, Refusal> {
    let fields = body.as_object().ok_or_else(|| Refusal::invalid("withdrawals", "must be an object"))?;
    let mut form = RulesForm::of(&known.withdrawals);
    for (name, value) in fields {
        let list =
            || lines(value).ok_or_else(|| Refusal::invalid("withdrawals", format!("{name} must be a list of texts")));
        let is =
            || value.as_bool().ok_or_else(|| Refusal::invalid("withdrawals", format!("{name} must be true or false")));
        match name.as_str() {
            "limits" => form.limits = list()?,
            "four_eyes_from" => form.four_eyes = list()?,
            "overdraft_live" => form.overdraft_live = list()?,
            "overdraft_dev" if *value == json!("unlimited") => form.is_unlimited = true,
            "overdraft_dev" => (form.is_unlimited, form.overdraft_dev) = (false, list()?),
            "approval_days" if value.is_null() => form.approval_days = String::new(),
            "approval_days" => form.approval_days = value.to_string(),
            "portal_only" => form.is_portal_only = is()?,
            "closed_loop" => form.is_closed_loop = is()?,
            _ => return Err(Refusal::invalid("withdrawals", format!("has no field {name}"))),
        }
    }
    form.parse(&known.withdrawals, guest.engine().wall()).map_err(|faults| {
        let told: Vec<String> = faults.into_iter().map(|(field, fault)| format!("{field}: {fault}")).collect();
        Refusal::invalid("withdrawals", told.join(" "))
    })
}

fn lines(value: &Value) -> Option<String> {
    let lines: Option<Vec<&str>> = value.as_array()?.iter().map(Value::as_str).collect();
    lines.map(|lines| lines.join("\n"))
}

fn view(guest: &Guest, merchant: &Merchant) -> Value {
    let (directory, now) = (guest.engine().directory(), guest.engine().wall());
    let rules = RulesForm::of(&merchant.withdrawals);
    let list = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    json!({
        "id": merchant.id.number(), "name": merchant.name, "slug": merchant.slug,
        "credentials": {
            "dev": in_force(&directory, merchant.id, Mode::Dev, now),
            "live": in_force(&directory, merchant.id, Mode::Live, now)
        },
        "withdrawals": {
            "limits": list(&rules.limits), "four_eyes_from": list(&rules.four_eyes),
            "approval_days": merchant.withdrawals.approval_days, "portal_only": rules.is_portal_only,
            "closed_loop": rules.is_closed_loop,
            "overdraft_dev": if rules.is_unlimited { json!("unlimited") } else { json!(list(&rules.overdraft_dev)) },
            "overdraft_live": list(&rules.overdraft_live)
        }
    })
}
