//! Provider accounts and the drivers of this build, by programs.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use florin_engine::Engine;
use florin_engine::masked::MASK;
use florin_engine::routing::{Driver, ProviderChange, Reach, Service};
use florin_kernel::payment::Mode;
use florin_kernel::ports::Secrecy;
use florin_kernel::routing::{ProviderAccount, ProviderId};
use serde_json::{Map, Value, json};

use super::super::accounts::order::{self, Refused};
use super::super::visit::{Guest, mode_word};
use super::{object, who};
use crate::admin::Refusal;

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Refusal {
        match refused {
            Refused::Unfit(unfit) => unfit.into(),
            Refused::NotFound => missing(),
            Refused::Conflict(reason) => Refusal::Conflict(reason),
            Refused::Unavailable(reason) => Refusal::Unavailable(reason),
        }
    }
}

fn missing() -> Refusal {
    Refusal::NotFound("there is no such provider".to_owned())
}

/// `GET /admin/v1/drivers`.
pub(in crate::portal) async fn drivers(guest: Guest) -> Response {
    let view = |driver: &Driver| {
        let setting = |setting: &florin_kernel::ports::AccountSetting| {
            json!({
                "name": setting.name, "label": setting.label, "hint": setting.hint,
                "secret": setting.secrecy == Secrecy::Sealed
            })
        };
        let modes: Vec<&str> = driver.modes.iter().map(|mode| mode_word(*mode)).collect();
        let settings: Vec<Value> = driver.settings.iter().map(setting).collect();
        json!({"name": driver.name, "modes": modes, "settings": settings})
    };
    let drivers: Vec<Value> = guest.engine().drivers().iter().map(view).collect();
    Json(json!({ "drivers": drivers })).into_response()
}

/// `GET /admin/v1/providers/{provider}`.
pub(in crate::portal) async fn show(guest: Guest) -> Response {
    shown(&guest, id(&guest)).into_response()
}

/// `POST /admin/v1/providers`.
pub(in crate::portal) async fn make(guest: Guest, body: Bytes) -> Response {
    let made = async {
        let body = object(&body)?;
        let engine = guest.engine();
        let named = body.get("driver").and_then(Value::as_str).unwrap_or_default();
        let driver = engine.driver(named).ok_or_else(|| {
            let names: Vec<&str> = engine.drivers().iter().map(|driver| driver.name).collect();
            Refusal::invalid("driver", format!("must be one of this build: {}", names.join(", ")))
        })?;
        let new = order::new(&order::of_json(&body)?, &driver)?;
        let made = engine.make_account(&who(&guest), &new).await.map_err(Refused::from)?;
        Ok::<_, Refusal>((StatusCode::CREATED, shown(&guest, Some(made))?))
    };
    made.await.into_response()
}

/// `POST /admin/v1/providers/{provider}`: other terms, what is not named stays; and whether it takes part.
pub(in crate::portal) async fn change(guest: Guest, body: Bytes) -> Response {
    let changed = async {
        let mut body = object(&body)?;
        let account = known(guest.engine(), id(&guest)).ok_or_else(missing)?;
        let service = match body.remove("disabled") {
            None | Some(Value::Null) => None,
            Some(Value::Bool(true)) => Some(Service::Out),
            Some(Value::Bool(false)) => Some(Service::In),
            Some(_) => return Err(Refusal::invalid("disabled", "must be true or false")),
        };
        if !body.is_empty() {
            terms(&guest, &account, &body).await?;
        }
        if let Some(service) = service {
            let change = ProviderChange { service: Some(service), ..ProviderChange::default() };
            let served = guest.engine().change_provider(&who(&guest), Reach::All, account.id, &change).await;
            served.map_err(super::super::accounts::refused_service)?;
        }
        shown(&guest, Some(account.id))
    };
    changed.await.into_response()
}

async fn terms(guest: &Guest, account: &ProviderAccount, body: &Map<String, Value>) -> Result<(), Refusal> {
    const LASTING: [&str; 4] = ["number", "driver", "method", "merchant_id"];
    if let Some(lasting) = LASTING.into_iter().find(|name| body.contains_key(*name)) {
        return Err(Refusal::invalid(lasting, "stays as it was made; make another account instead"));
    }
    let none = Driver { name: "", modes: &[Mode::Dev, Mode::Live], settings: &[] };
    let driver = guest.engine().driver(&account.driver).unwrap_or(none);
    let terms = order::terms(&order::of_json(body)?, Some(account), &driver)?;
    let changed = guest.engine().change_account(&who(guest), account.id, &terms).await;
    Ok(changed.map_err(Refused::from)?)
}

fn id(guest: &Guest) -> Option<ProviderId> {
    guest.parameter("provider").parse().ok().map(ProviderId::new)
}

fn known(engine: &Engine, id: Option<ProviderId>) -> Option<Arc<ProviderAccount>> {
    let directory = engine.directory();
    directory.catalogue().providers.iter().find(|account| Some(account.id) == id).cloned()
}

fn shown(guest: &Guest, id: Option<ProviderId>) -> Result<Json<Value>, Refusal> {
    let account = known(guest.engine(), id).ok_or_else(missing)?;
    Ok(Json(json!({"provider_id": account.id, "provider": view(guest.engine(), &account)})))
}

/// An account, with what its driver is told as far as people may read it: what the driver does not know as a setting may be a secret.
pub(super) fn view(engine: &Engine, account: &ProviderAccount) -> Value {
    let driver = engine.driver(&account.driver);
    let is_open = |name: &str| {
        let settings = driver.as_ref().map(|driver| driver.settings).unwrap_or_default();
        settings.iter().any(|setting| setting.name == name && setting.secrecy == Secrecy::Open)
    };
    let open = account.settings.iter().map(|(name, text)| {
        let text = if is_open(name) { text.as_str() } else { MASK };
        (name.as_str(), text)
    });
    let sealed = account.secrets.iter().map(|(name, _)| (name, MASK));
    let settings: BTreeMap<&str, &str> = open.chain(sealed).collect();
    let mut view = json!(account);
    view["settings"] = json!(settings);
    view
}
