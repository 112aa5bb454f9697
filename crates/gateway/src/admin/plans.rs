//! `/admin/v1/plans`: recurring plans on stored cards, made, shown, listed, paused, resumed and cancelled (docs/recurring.md).

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use florin_engine::plans::{NewPlan, PlanError};
use florin_engine::vault::CardRefusal;
use florin_engine::{Engine, Owner};
use florin_kernel::payment::{Decline, Mode};
use florin_kernel::plan::{self, Command, Plan, Schedule, Stop, Unit, Word};
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;
use florin_kernel::{Asset, Money, PaymentId, PlanId, RegistrationId, Timestamp};
use serde_json::{Map, Value, json};
use url::Url;

use super::{Refusal, authorise, merchant, read};
use crate::server::Gateway;

const FIELDS: [&str; 11] = [
    "merchant_id",
    "mode",
    "registration_id",
    "amount",
    "currency",
    "unit",
    "every",
    "first_at",
    "charges",
    "reference",
    "webhook_url",
];
const UNITS: [(&str, Unit); 3] = [("day", Unit::Day), ("week", Unit::Week), ("month", Unit::Month)];
/// More charges than any card lives to see.
const CHARGES_MAX: u64 = 10_000;
const TEXT_MAX: usize = 255;
const LIMIT: u32 = 50;
const LIMIT_MAX: u32 = 200;

/// `POST /admin/v1/plans`.
pub async fn create(State(gateway): State<Arc<Gateway>>, headers: HeaderMap, body: Bytes) -> Response {
    let engine = &gateway.engine;
    let made = async {
        authorise(engine, &headers)?;
        let new = new_plan(engine, &headers, &body)?;
        let plan = engine.make_plan(new).await?;
        Ok::<_, Refusal>((StatusCode::CREATED, Json(shown(engine, &plan))))
    };
    made.await.into_response()
}

/// `GET /admin/v1/plans?merchant_id=&mode=&state=&skip=&limit=`.
pub async fn list(State(gateway): State<Arc<Gateway>>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let engine = &gateway.engine;
    let listed = async {
        authorise(engine, &headers)?;
        let query = Query::read(query.as_deref().unwrap_or_default())?;
        let owner = query.owner(engine)?;
        let word = match query.get("state") {
            None => None,
            Some(text) => {
                let word = Word::ALL.into_iter().find(|word| word.text() == text);
                Some(word.ok_or_else(|| {
                    Refusal::invalid("state", "must be active, paused, completed, cancelled or stopped")
                })?)
            }
        };
        let (skip, limit) = (query.number("skip", 0, u32::MAX)?, query.number("limit", LIMIT, LIMIT_MAX)?);
        let (plans, total) = engine.plans(owner, word, skip, limit).await.map_err(PlanError::from)?;
        let plans: Vec<Value> = plans.iter().map(|plan| shown(engine, plan)).collect();
        Ok::<_, Refusal>(Json(json!({"plans": plans, "total": total})))
    };
    listed.await.into_response()
}

/// `GET /admin/v1/plans/{id}`.
pub async fn show(
    State(gateway): State<Arc<Gateway>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let engine = &gateway.engine;
    let found = async {
        authorise(engine, &headers)?;
        let owner = Query::read(query.as_deref().unwrap_or_default())?.owner(engine)?;
        let plan = engine.plan(owner, plan_id(&id)?).await.map_err(PlanError::from)?;
        Ok::<_, Refusal>(Json(shown(engine, &plan.ok_or(PlanError::NotFound)?)))
    };
    found.await.into_response()
}

/// `POST /admin/v1/plans/{id}/{verb}`: `pause`, `resume` or `cancel`.
pub async fn change(
    State(gateway): State<Arc<Gateway>>,
    headers: HeaderMap,
    Path((id, verb)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let engine = &gateway.engine;
    let changed = async {
        authorise(engine, &headers)?;
        let command = match verb.as_str() {
            "pause" => Command::Pause,
            "resume" => Command::Resume,
            "cancel" => Command::Cancel,
            _ => return Err(Refusal::NotFound("There is pause, resume and cancel".to_owned())),
        };
        let owner = Query::read(query.as_deref().unwrap_or_default())?.owner(engine)?;
        let plan = engine.change_plan(owner, plan_id(&id)?, command).await?;
        Ok(Json(shown(engine, &plan)))
    };
    changed.await.into_response()
}

fn new_plan(engine: &Engine, headers: &HeaderMap, body: &[u8]) -> Result<NewPlan, Refusal> {
    let read = read(body)?;
    let fields = read.as_object().ok_or_else(|| Refusal::invalid("body", "must be a JSON object"))?;
    if let Some(unknown) = fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        let message = format!("has a field {unknown:?}, which is none of {}", FIELDS.join(", "));
        return Err(Refusal::invalid("body", message));
    }
    let merchant = merchant(engine, fields.get("merchant_id").unwrap_or(&Value::Null))?;
    let owner = Owner { merchant, mode: mode(optional(fields, "mode")?)? };
    let reference = optional(fields, "reference")?.unwrap_or_default();
    let first_at = match optional(fields, "first_at")? {
        None => engine.now(Lane::of(owner.merchant, owner.mode)),
        Some(text) => text
            .parse::<Timestamp>()
            .map_err(|_| Refusal::invalid("first_at", "must be a moment such as 2026-01-31T06:00:00Z"))?,
    };
    let webhook = optional(fields, "webhook_url")?.map(webhook).transpose()?;
    Ok(NewPlan {
        owner,
        registration: registration(engine, optional(fields, "registration_id")?)?,
        asked: amount(fields)?,
        schedule: Schedule { first_at, ..schedule(fields)? },
        charges_max: charges(fields)?,
        reference: reference.to_owned(),
        webhook,
        key: key(engine, headers, body)?,
    })
}

/// The key with a digest of the whole body: another body is another request.
fn key(engine: &Engine, headers: &HeaderMap, body: &[u8]) -> Result<Option<(String, [u8; 16])>, Refusal> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().ok().filter(|text| (1..=TEXT_MAX).contains(&text.len()));
    let text = text.ok_or_else(|| Refusal::invalid("Idempotency-Key", "must be 1 to 255 visible ASCII characters"))?;
    Ok(Some((text.to_owned(), engine.digest(&[b"admin/plans", body]))))
}

fn optional<'f>(fields: &'f Map<String, Value>, name: &'static str) -> Result<Option<&'f str>, Refusal> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) if text.len() <= TEXT_MAX && !text.contains(char::is_control) => Ok(Some(text)),
        Some(_) => Err(Refusal::invalid(name, format!("must be a text of at most {TEXT_MAX} bytes"))),
    }
}

fn mode(text: Option<&str>) -> Result<Mode, Refusal> {
    match text {
        Some("dev") => Ok(Mode::Dev),
        Some("live") => Ok(Mode::Live),
        Some(_) | None => Err(Refusal::invalid("mode", "must be dev or live")),
    }
}

/// A stored card as v3 prints it, or by its number in our logs.
fn registration(engine: &Engine, text: Option<&str>) -> Result<RegistrationId, Refusal> {
    let text = text.ok_or_else(|| Refusal::invalid("registration_id", "is required"))?;
    let printed = engine.codec().read_hex(text).and_then(RegistrationId::of_reference);
    let number = || text.strip_prefix("reg_")?.parse().ok().map(RegistrationId::from_number);
    printed.or_else(number).ok_or_else(|| Refusal::invalid("registration_id", "is no id of a stored card"))
}

fn plan_id(text: &str) -> Result<PlanId, Refusal> {
    let number = text.strip_prefix("plan_").and_then(|number| number.parse().ok());
    number.map(PlanId::from_number).ok_or_else(|| PlanError::NotFound.into())
}

fn amount(fields: &Map<String, Value>) -> Result<Money, Refusal> {
    let currency = optional(fields, "currency")?.unwrap_or_default().to_ascii_uppercase();
    let asset = Asset::currency(&currency).ok_or_else(|| Refusal::invalid("currency", "must be an ISO 4217 code"))?;
    let wrong = |reason: String| Refusal::invalid("amount", reason);
    let text = optional(fields, "amount")?.ok_or_else(|| wrong("must be a decimal number as a text".to_owned()))?;
    Money::parse(text, asset).map_err(|error| wrong(error.to_string()))
}

fn schedule(fields: &Map<String, Value>) -> Result<Schedule, Refusal> {
    let unit = optional(fields, "unit")?.and_then(|text| UNITS.iter().find(|(name, _)| *name == text));
    let (_, unit) = unit.ok_or_else(|| Refusal::invalid("unit", "must be day, week or month"))?;
    let every = match fields.get("every") {
        None | Some(Value::Null) => Some(1),
        Some(value) => value.as_u64().and_then(|every| u16::try_from(every).ok()),
    };
    let every = every.filter(|every| (1..=Schedule::EVERY_MAX).contains(every));
    let message = || format!("must be a whole number from 1 to {}", Schedule::EVERY_MAX);
    let every = every.ok_or_else(|| Refusal::invalid("every", message()))?;
    Ok(Schedule { unit: *unit, every, first_at: Timestamp::UNIX_EPOCH })
}

fn charges(fields: &Map<String, Value>) -> Result<Option<u32>, Refusal> {
    match fields.get("charges") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let charges = value.as_u64().filter(|charges| (1..=CHARGES_MAX).contains(charges));
            let charges = charges.and_then(|charges| u32::try_from(charges).ok());
            let message = || format!("must be a whole number from 1 to {CHARGES_MAX}");
            charges.map(Some).ok_or_else(|| Refusal::invalid("charges", message()))
        }
    }
}

fn webhook(text: &str) -> Result<String, Refusal> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.map(String::from).ok_or_else(|| Refusal::invalid("webhook_url", "must be an http or https URL"))
}

/// A query string's pairs.
struct Query(Vec<(String, String)>);

impl Query {
    fn read(text: &str) -> Result<Query, Refusal> {
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        let known = ["merchant_id", "mode", "state", "skip", "limit"];
        match pairs.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((unknown, _)) => {
                Err(Refusal::invalid("query", format!("has {unknown:?}, which is none of {}", known.join(", "))))
            }
            None => Ok(Query(pairs)),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }

    fn number(&self, name: &'static str, default: u32, max: u32) -> Result<u32, Refusal> {
        match self.get(name) {
            None => Ok(default),
            Some(text) => {
                let number = text.parse::<u32>().ok().filter(|number| *number <= max);
                number.ok_or_else(|| Refusal::invalid(name, format!("must be a whole number up to {max}")))
            }
        }
    }

    fn owner(&self, engine: &Engine) -> Result<Owner, Refusal> {
        let named = match self.get("merchant_id") {
            None => Value::Null,
            Some(text) => text.parse::<i64>().map_or(Value::String(text.to_owned()), Value::from),
        };
        Ok(Owner { merchant: merchant(engine, &named)?, mode: mode(self.get("mode"))? })
    }
}

/// A plan as this API shows it.
fn shown(engine: &Engine, plan: &Plan) -> Value {
    let printed = |id: PaymentId| engine.codec().hex(Reference { payment: id, sequence: 0 });
    let unit = UNITS.iter().find(|(_, unit)| *unit == plan.schedule.unit).map(|(name, _)| *name);
    let next = florin_kernel::Record::wake_at(plan);
    json!({
        "plan_id": plan.id.to_string(),
        "merchant_id": plan.merchant.number(),
        "mode": plan.mode.to_string(),
        "state": plan.word().text(),
        "stopped_because": stopped(&plan.state),
        "registration_id": printed(PaymentId::from_number(plan.registration.number())),
        "amount": plan.asked.decimal(),
        "currency": plan.asked.asset().code(),
        "unit": unit,
        "every": plan.schedule.every,
        "first_at": plan.schedule.first_at.to_string(),
        "charges": plan.charges_max,
        "charged": plan.charged,
        "skipped": plan.skipped,
        "next_charge_at": next.map(|at| at.to_string()),
        "declines_in_a_row": plan.declines,
        "charging_payment_id": plan.charging.map(printed),
        "last_payment_id": plan.last_payment.map(printed),
        "trouble": plan.trouble,
        "reference": plan.details.reference,
        "webhook_url": plan.details.links.webhook,
        "created_at": plan.created_at.to_string(),
    })
}

fn stopped(state: &plan::State) -> Option<String> {
    let said = |decline: &Decline| match decline {
        Decline::Response(code) => format!("issuer response {code}"),
        Decline::Authentication(_) => "payer not authenticated".to_owned(),
        Decline::Risk => "blocked by a risk rule".to_owned(),
        Decline::Provider => "refused by the provider".to_owned(),
    };
    match state {
        plan::State::Stopped { reason, .. } => Some(match reason {
            Stop::Declined(decline) => said(decline),
            Stop::RetriesUsedUp(decline) => format!("{}, after every retry", said(decline)),
            Stop::CardGone => "the stored card cannot be charged any more".to_owned(),
        }),
        plan::State::Active
        | plan::State::Paused { .. }
        | plan::State::Completed { .. }
        | plan::State::Cancelled { .. } => None,
    }
}

impl From<PlanError> for Refusal {
    fn from(error: PlanError) -> Refusal {
        match error {
            PlanError::NotFound => Refusal::NotFound("There is no such plan".to_owned()),
            PlanError::Card(CardRefusal::Store(error)) | PlanError::Store(error) => {
                Refusal::Unavailable(error.to_string())
            }
            PlanError::Card(refusal) => Refusal::invalid("registration_id", format!("cannot be charged: {refusal}")),
            PlanError::InThePast => Refusal::invalid("first_at", "must not be in the past"),
            PlanError::NoCredential => Refusal::invalid(
                "registration_id",
                "is of an API in which the merchant has no credential to charge with",
            ),
            refused @ (PlanError::Refused(_) | PlanError::Taken(_)) => Refusal::Conflict(refused.to_string()),
        }
    }
}
