//! Figures of a merchant, or of all, as the overview shows them.

use axum::Json;
use axum::response::{IntoResponse, Response};
use florin_engine::office::{Figures, Overview, Rates, Side};
use florin_kernel::Asset;
use serde_json::{Map, Value, json};

use super::{parsed_scope, scope_value, unavailable};
use crate::admin::Refusal;
use crate::portal::amounts::decimal;
use crate::portal::overview::{FIGURES, PERIODS, parse_period};
use crate::portal::visit::Guest;

/// `GET /admin/v1/overview?merchant_id=&mode=&period=`.
pub(in crate::portal) async fn overview(guest: Guest) -> Response {
    read(&guest).await.map(Json).into_response()
}

async fn read(guest: &Guest) -> Result<Value, Refusal> {
    let scope = parsed_scope(guest)?;
    let word = match guest.query.text("period") {
        "" => "week",
        word => word,
    };
    let known = PERIODS.map(|(_, word, ..)| word).join(", ");
    let period = parse_period(word).ok_or_else(|| Refusal::invalid("period", format!("must be one of {known}")))?;
    let overview = guest.engine().office_overview(scope, period).await.map_err(unavailable)?;
    let mut told = Map::new();
    told.extend(scope_value(scope));
    told.insert("period".to_owned(), json!(word));
    told.extend(told_of(&overview));
    Ok(Value::Object(told))
}

fn told_of(overview: &Overview) -> Map<String, Value> {
    let side = |side: &Side| {
        json!({
            "currency": side.asset.code(),
            "provider_id": side.provider.map(|provider| provider.number()),
            "now": figures(&side.now, side.asset),
            "before": figures(&side.before, side.asset),
        })
    };
    let currency = |side_of: &Side| {
        let mut told = side(side_of);
        // Of a currency it is all providers'.
        if let Some(told) = told.as_object_mut() {
            told.remove("provider_id");
        }
        told
    };
    let step = |(at, asset, of): &(florin_kernel::Timestamp, Asset, Figures)| json!({"begins_at": at.to_string(), "currency": asset.code(), "figures": figures(of, *asset)});
    let by_provider = overview.rates_by_provider.iter().map(|(provider, now, before)| {
        json!({"provider_id": provider.map(|id| id.number()), "now": rates(*now), "before": rates(*before)})
    });
    let by_currency = overview
        .rates_by_currency
        .iter()
        .map(|(asset, now, before)| json!({"currency": asset.code(), "now": rates(*now), "before": rates(*before)}));
    let open: Map<String, Value> = overview.open.iter().map(|(word, count)| (word.clone(), json!(count))).collect();
    let told = json!({
        "from": overview.from.to_string(),
        "until": overview.until.to_string(),
        "by_currency": overview.by_currency.iter().map(currency).collect::<Vec<_>>(),
        "by_provider": overview.by_provider.iter().map(side).collect::<Vec<_>>(),
        "by_step": overview.by_step.iter().map(step).collect::<Vec<_>>(),
        "rates": {"now": rates(overview.rates.0), "before": rates(overview.rates.1)},
        "rates_by_provider": by_provider.collect::<Vec<_>>(),
        "rates_by_currency": by_currency.collect::<Vec<_>>(),
        "counted_until": overview.counted_until.to_string(),
        "open": open,
        "open_more": overview.open_more,
        "failed_webhooks": overview.failed_webhooks,
    });
    match told {
        Value::Object(told) => told,
        _ => Map::new(),
    }
}

fn figures(figures: &Figures, asset: Asset) -> Value {
    let told = FIGURES.iter().map(|(figure, word)| {
        let sum = figures.of(*figure);
        ((*word).to_owned(), json!({"amount": decimal(sum.minor, asset.code()), "count": sum.count}))
    });
    Value::Object(told.collect())
}

fn rates(rates: Rates) -> Value {
    let Rates { approved, declined, failed, abandoned } = rates;
    json!({
        "approved": approved, "declined": declined, "failed": failed, "abandoned": abandoned,
        "approved_permille": rates.approved_permille()
    })
}
