//! Orders about payments made with coins, for programs: the same functions as the screens.

use axum::Json;
use axum::response::{IntoResponse, Response};
use florin_engine::office::Scope;
use florin_engine::{ClaimRequest, CoinError};
use florin_kernel::Transaction;
use florin_kernel::coin::{CoinPayment, Repeat};
use serde_json::{Value, json};

use super::payments::{unavailable, whole};
use super::who;
use crate::admin::Refusal;
use crate::portal::coin_orders::{CoinOrder, Fault, Verb, Verdict};
use crate::portal::payment_actions::SCOPE;
use crate::portal::visit::Guest;
use crate::portal::{coin_words, resolve};

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Refusal {
        match fault {
            Fault::Field(field, text) => Refusal::invalid(field, text),
            Fault::NetworkSilent => Refusal::Unavailable("the network does not answer now".to_owned()),
        }
    }
}

/// An order about coins: accept, cancel, refund, screening.
pub(super) async fn ordered(
    guest: &Guest,
    scope: Scope,
    payment: &CoinPayment,
    key: Option<String>,
    body: &Value,
) -> Result<Response, Refusal> {
    let repeat = if key.is_some() { Repeat::Another } else { Repeat::Same };
    let order = read(guest, payment, repeat, body).await?;
    let claims: Vec<ClaimRequest> =
        key.map(|key| ClaimRequest::idempotency_key(key).within(SCOPE)).into_iter().collect();
    let obeyed = order.obey(guest.engine(), who(guest), payment, claims).await;
    let obeyed = obeyed.map_err(|error| refusal(error, payment))?;
    let coin = payment.price.coin;
    let refund = obeyed.refund.and_then(|seq| obeyed.payment.refund(seq)).map(|refund| {
        json!({
            "number": refund.seq.number(), "amount": refund.units.decimal(coin), "coin": coin.code(), "to": refund.to,
            "status": coin_words::refund(&refund.status).word.to_lowercase()
        })
    });
    let shown = whole(guest, scope.mode, &Transaction::Coin(obeyed.payment));
    let mut response = Json(json!({"payment": shown, "refund": refund})).into_response();
    if obeyed.replayed {
        let replayed = axum::http::HeaderValue::from_static("true");
        response.headers_mut().insert("idempotency-replayed", replayed);
    }
    Ok(response)
}

async fn read(guest: &Guest, payment: &CoinPayment, repeat: Repeat, body: &Value) -> Result<CoinOrder, Refusal> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().trim();
    let engine = guest.engine();
    match (Verb::parse(guest.parameter("order")), guest.parameter("order")) {
        (Some(Verb::Accept), _) => Ok(CoinOrder::accept(engine, payment, text("amount")).await?),
        (Some(Verb::Cancel), _) => Ok(CoinOrder::cancel(engine, payment).await),
        (Some(Verb::Refund), _) => {
            Ok(CoinOrder::refund(engine, payment, (text("address"), text("amount")), repeat).await?)
        }
        (None, "screening") => {
            let verdict = Verdict::parse(text("verdict"));
            let verdict = verdict.ok_or_else(|| Refusal::invalid("verdict", "must be release, refuse or freeze"))?;
            let reason = resolve::reason(text("reason")).map_err(|(field, why)| Refusal::invalid(field, why))?;
            Ok(CoinOrder::screening(verdict, &reason))
        }
        (None, _) => {
            let text = "of a payment made with coins there are accept, cancel, refund and screening";
            Err(Refusal::NotFound(text.to_owned()))
        }
    }
}

fn refusal(error: CoinError, payment: &CoinPayment) -> Refusal {
    match error {
        CoinError::NotFound => Refusal::NotFound("there is no such payment or withdrawal".to_owned()),
        CoinError::Refused(refusal) => Refusal::Conflict(coin_words::refusal(&refusal, payment.price.coin)),
        CoinError::Taken(_) => Refusal::Conflict("the Idempotency-Key was used for another request".to_owned()),
        CoinError::NotOffered | CoinError::Key(_) | CoinError::NoRate(_) => Refusal::Conflict(error.to_string()),
        CoinError::Store(_) | CoinError::Draining => unavailable(error),
    }
}
