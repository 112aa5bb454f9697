//! Providers, rules and the look of pages, by programs.

use axum::Json;
use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use florin_engine::office::Scope;
use florin_engine::routing::{Reach, Service};
use florin_kernel::MerchantId;
use florin_kernel::routing::{ProviderAccount, Rule};
use serde_json::{Map, Value, json};

use super::super::branding;
use super::super::rules::order::{self, Refused};
use super::super::visit::{Fields, Guest};
use super::{accounts, merchant, merchant_required, mode, number, object, who};
use crate::admin::Refusal;

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Refusal {
        match refused {
            Refused::Unfit(unfit) => unfit.into(),
            Refused::NotFound => Refusal::NotFound("there is no such rule".to_owned()),
            Refused::Shared => Refusal::Conflict("it belongs to every merchant".to_owned()),
            Refused::Unavailable => Refusal::Unavailable("the database does not answer".to_owned()),
        }
    }
}

/// `GET /admin/v1/providers?merchant_id=`.
pub(in crate::portal) async fn providers(guest: Guest) -> Response {
    let listed = || {
        let merchant = merchant(&guest, &number(guest.query.text("merchant_id"))?)?;
        let directory = guest.engine().directory();
        let catalogue = directory.catalogue();
        let providers = catalogue.providers.iter().filter(|account| is_seen(merchant, account.merchant));
        let view = |account: &std::sync::Arc<ProviderAccount>| accounts::view(guest.engine(), account);
        let routes: Vec<Value> = catalogue
            .routes
            .iter()
            .filter(|route| is_seen(merchant, route.merchant))
            .map(|route| json!(route))
            .collect();
        Ok::<_, Refusal>(Json(json!({"providers": providers.map(view).collect::<Vec<_>>(), "routes": routes})))
    };
    listed().into_response()
}

/// `GET /admin/v1/rules?merchant_id=`.
pub(in crate::portal) async fn rules(guest: Guest) -> Response {
    let listed = || {
        let merchant = merchant(&guest, &number(guest.query.text("merchant_id"))?)?;
        let directory = guest.engine().directory();
        let rules = directory.catalogue().rules().iter().filter(|rule| is_seen(merchant, rule.merchant));
        let rules: Vec<Value> = rules.map(|rule| json!(rule)).collect();
        Ok::<_, Refusal>(Json(json!({ "rules": rules })))
    };
    listed().into_response()
}

/// `POST /admin/v1/rules`: makes one, or puts one in another's place.
pub(in crate::portal) async fn put_rule(guest: Guest, body: Bytes) -> Response {
    let put = async {
        let rule = rule(&guest, &object(&body)?)?;
        let id = order::save(guest.engine(), &who(&guest), Reach::All, &rule).await?;
        Ok::<_, Refusal>(Json(json!({ "rule": id })))
    };
    put.await.into_response()
}

/// `POST /admin/v1/rules/try`: what it would have done with the last 30 days.
pub(in crate::portal) async fn try_rule(guest: Guest, body: Bytes) -> Response {
    let tried = async {
        let body = object(&body)?;
        let rule = rule(&guest, &body)?;
        let mode = mode(body.get("mode").and_then(Value::as_str).unwrap_or_default())?;
        guest.engine().check_rule(Reach::All, &rule).map_err(Refused::from)?;
        let scope = Scope { mode, merchant: rule.merchant };
        let run = guest.engine().office_dry_run(scope, guest.engine().rules_with(&rule)).await?;
        let moved = run.moved.iter().map(|moved| {
            let asset = florin_kernel::Asset::from_code(&moved.asset);
            let amount = asset.map(|asset| florin_kernel::Money::new(moved.amount_minor, asset).decimal());
            json!({
                "from": moved.from, "to": moved.to, "payments": moved.payments, "amount": amount,
                "currency": moved.asset
            })
        });
        Ok::<_, Refusal>(Json(json!({
            "from": run.from, "tried": run.tried, "same": run.same, "sampled": run.sampled,
            "moved": moved.collect::<Vec<_>>()
        })))
    };
    tried.await.into_response()
}

/// `POST /admin/v1/rules/{rule}/switch`.
pub(in crate::portal) async fn switch_rule(guest: Guest, body: Bytes) -> Response {
    let switched = async {
        let body = object(&body)?;
        let id: Option<i64> = guest.parameter("rule").parse().ok();
        let id = id.ok_or_else(|| Refusal::NotFound("there is no such rule".to_owned()))?;
        let service = match body.get("disabled") {
            Some(Value::Bool(true)) => Service::Out,
            Some(Value::Bool(false)) => Service::In,
            Some(_) | None => return Err(Refusal::invalid("disabled", "must be true or false")),
        };
        let switched = guest.engine().switch_rule(&who(&guest), Reach::All, id, service).await;
        switched.map_err(Refused::from)?;
        Ok(Json(json!({ "rule": id })))
    };
    switched.await.into_response()
}

/// `POST /admin/v1/branding`.
pub(in crate::portal) async fn brand(guest: Guest, body: Bytes) -> Response {
    let branded = async {
        let body = object(&body)?;
        let id = merchant_required(&guest, &body)?;
        let directory = guest.engine().directory();
        let known = directory.merchant(id).ok_or_else(super::no_merchant)?;
        let changed = branding::change(guest.engine(), &who(&guest), id, &known.brand, &Fields::of_json(&body)).await;
        changed.map_err(|error| match error {
            branding::Refused::Unfit(unfit) => Refusal::from(unfit),
            branding::Refused::NotFound => super::no_merchant(),
            branding::Refused::Unavailable(reason) => Refusal::Unavailable(reason),
        })?;
        let directory = guest.engine().directory();
        let known = directory.merchant(id).ok_or_else(super::no_merchant)?;
        Ok::<_, Refusal>(Json(json!({"merchant_id": id.number(), "name": known.name, "accent": known.brand.accent,
            "has_logo": !known.brand.logo.is_empty()})))
    };
    branded.await.into_response()
}

fn is_seen(wanted: Option<MerchantId>, owner: Option<MerchantId>) -> bool {
    wanted.is_none() || owner.is_none() || owner == wanted
}

/// A rule of a merchant, or without one of everybody.
fn rule(guest: &Guest, body: &Map<String, Value>) -> Result<Rule, Refusal> {
    let owner = merchant(guest, body.get("merchant_id").unwrap_or(&Value::Null))?;
    Ok(order::read(&Fields::of_json(body), owner)?)
}
