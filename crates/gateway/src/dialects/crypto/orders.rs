//! What merchants order about a payment: CheckPayment, CancelPayment, AcceptPayment, RefundPayment, GetTransactions (contract,
//! sections 5.4 to 5.7 and 5.9).

use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::Response;
use florin_engine::{ClaimRequest, CoinObeyed, CoinRequest};
use florin_kernel::coin::{CoinPayment, Command, Repeat, Units};
use florin_kernel::payment::{Dialect, Seq};
use florin_kernel::public_id::Reference;
use serde_json::json;

use super::Profile;
use super::auth::Caller;
use super::echo::Echo;
use super::errors::Problem;
use super::params::Params;
use super::quote::{amount, coin, pos_id};
use super::routes::CryptoState;
use super::start::{payment_claim, uuid};
use super::status::short;
use super::wire::answer;
use crate::dialects::request::idempotency_key;

/// Whether a call must name the coin.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CoinNamed {
    Must,
    May,
}

/// The payment that is meant: another merchant's, and one whose point of sale, coin or address is another, is not found.
async fn found(
    state: &CryptoState,
    caller: &Caller,
    params: &Params,
    named: CoinNamed,
) -> Result<CoinPayment, Problem> {
    let pos = pos_id(params, &caller.settings)?;
    let code = match named {
        CoinNamed::Must => Some(params.require("currency")?),
        CoinNamed::May => params.get("currency"),
    };
    let id = uuid("payment_id", params.require("payment_id")?)?;
    let address = params.text("address", 128)?;
    let wanted = code.map(coin).transpose()?;
    let payment = state.engine().find_coins_by(caller.owner(), &payment_claim(&id)).await?;
    let payment = payment.ok_or_else(Problem::payment_not_found)?;
    let fits = Echo::of(&payment).pos_id == pos
        && wanted.is_none_or(|coin| coin == payment.price.coin)
        && address.is_none_or(|address| address.eq_ignore_ascii_case(&payment.address));
    if fits { Ok(payment) } else { Err(Problem::payment_not_found()) }
}

/// `CheckPayment`.
pub async fn check(
    state: &CryptoState,
    caller: &Caller,
    params: &Params,
    profile: Profile,
) -> Result<Response, Problem> {
    let payment = found(state, caller, params, CoinNamed::Must).await?;
    let now = state.engine().now(caller.lane);
    Ok(answer(&state.viewer(caller, profile).checked(&payment, now)))
}

/// A request with its key.
fn request(
    state: &CryptoState,
    params: &Params,
    headers: &HeaderMap,
    command: Command,
    (kind, compared): (&str, &[&str]),
) -> Result<CoinRequest, Problem> {
    let key = idempotency_key(headers).map_err(|why| Problem::invalid("Idempotency-Key", why))?;
    let digest = state.engine().digest(&[kind.as_bytes(), params.canonical(compared).as_bytes()]);
    Ok(CoinRequest { command, claims: key.map(ClaimRequest::idempotency_key).into_iter().collect(), digest })
}

async fn order(
    state: &CryptoState,
    caller: &Caller,
    payment: &CoinPayment,
    request: CoinRequest,
) -> Result<CoinObeyed, Problem> {
    let obeyed = state.engine().order_coins(caller.owner(), payment.id, request).await;
    obeyed.map_err(|error| Problem::of(error, payment.price.coin, short(payment)))
}

/// `CancelPayment`.
pub async fn cancel(
    state: &CryptoState,
    caller: &Caller,
    params: &Params,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let payment = found(state, caller, params, CoinNamed::Must).await?;
    let reason = params.text("reason", 64)?.unwrap_or_else(|| "merchant".to_owned());
    let comment: String = params.get("comment").unwrap_or_default().chars().take(255).collect();
    let command = Command::Cancel { reason, comment };
    let compared = ["pos_id", "payment_id", "currency", "reason", "comment"];
    let request = request(state, params, headers, command, ("cancel", &compared))?;
    // What the chain has told must be known before nothing more is waited for.
    _ = state.engine().follow_chain(&payment.network, caller.lane).await;
    order(state, caller, &payment, request).await?;
    Ok(answer(&json!({"cancelled": true, "status": "Cancelled"})))
}

/// `AcceptPayment`.
pub async fn accept(
    state: &CryptoState,
    caller: &Caller,
    params: &Params,
    headers: &HeaderMap,
    profile: Profile,
) -> Result<Response, Problem> {
    let payment = found(state, caller, params, CoinNamed::Must).await?;
    let required = caller.settings.accept_requires_amount.unwrap_or(profile == Profile::A);
    let units = match params.get("accepted_amount") {
        None if required => return Err(Problem::missing("accepted_amount")),
        None => None,
        Some(text) => Some(coin_amount("accepted_amount", text, &payment)?),
    };
    let fiat = payment.price.invoice.asset();
    let invoice = params.get("accepted_invoice_amount").map(|text| amount("accepted_invoice_amount", text, fiat));
    let rate = state.engine().offered_rate(&payment).await;
    let command = Command::Accept { units, invoice: invoice.transpose()?, rate };
    let compared = ["pos_id", "payment_id", "currency", "accepted_amount", "accepted_invoice_amount"];
    let request = request(state, params, headers, command, ("accept", &compared))?;
    order(state, caller, &payment, request).await?;
    Ok(answer(&json!({"success": true})))
}

fn coin_amount(name: &'static str, text: &str, payment: &CoinPayment) -> Result<Units, Problem> {
    let units = Units::parse(text, payment.price.coin).filter(|units| !units.is_zero());
    units.ok_or_else(|| Problem::invalid(name, "it is not a positive decimal amount of the coin"))
}

/// `RefundPayment`.
pub async fn refund(
    state: &CryptoState,
    caller: &Caller,
    params: &Params,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let payment = found(state, caller, params, CoinNamed::May).await?;
    let engine = state.engine();
    let text = params.require("address_out")?;
    let units = coin_amount("refund_amount", params.require("refund_amount")?, &payment)?;
    let chain = engine.chain(&payment.network, caller.lane).ok_or_else(Problem::node)?;
    let to = chain.read_address(text).ok_or_else(|| Problem::address_out(payment.price.coin))?;
    if engine.is_own_address(&payment.network, caller.lane, &to).await? {
        return Err(Problem::address_out(payment.price.coin));
    }
    let followed = engine.follow_chain(&payment.network, caller.lane).await.map_err(|_| Problem::node())?;
    let repeat = if headers.contains_key("idempotency-key") { Repeat::Another } else { Repeat::Same };
    let command = Command::Refund { to: to.clone(), units, repeat, tip: Some(followed.tip) };
    let compared = ["pos_id", "payment_id", "currency", "address_out", "refund_amount"];
    let request = request(state, params, headers, command, ("refund", &compared))?;
    let obeyed = order(state, caller, &payment, request).await?;
    let coin = payment.price.coin;
    let same = |refund: &&florin_kernel::coin::Refund| {
        refund.is_active() && refund.to == to && refund.units.shows_as(units, coin)
    };
    let known = obeyed.payment.refunds.iter().find(same).map(|refund| refund.seq);
    let seq = obeyed.refund.or(known).unwrap_or(Seq::new(1));
    Ok(answer(&json!({
        "wait_time": "120 minutes",
        "refund_id": refund_id(state, &payment, seq),
        "refund_status": "Refund pending",
    })))
}

/// A refund's id, in the form of a UUID: computed from payment and number, and so the same again.
fn refund_id(state: &CryptoState, payment: &CoinPayment, seq: Seq) -> String {
    let hex = state.engine().codec().hex(Reference { payment: payment.id, sequence: seq.number() });
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// `GetTransactions`. Where there is a query, it alone says what is listed (amendment 2).
pub async fn list(
    state: &CryptoState,
    caller: &Caller,
    parts: &Parts,
    params: &Params,
    profile: Profile,
) -> Result<Response, Problem> {
    let of_query = Params::of_query(parts)?;
    let params = if parts.uri.query().is_some_and(|query| !query.is_empty()) { &of_query } else { params };
    let number = |name: &'static str, absent: usize| match params.get(name).map(str::parse::<usize>) {
        None => Ok(absent),
        Some(Ok(number)) => Ok(number),
        Some(Err(_)) => Err(Problem::invalid(name, "it is not a whole number")),
    };
    let (offset, limit) = (number("offset", 0)?, number("limit", 100)?.min(1_000));
    let (reference, pos, user) =
        (params.text("reference_no", 128)?, params.text("pos_id", 64)?, params.text("user", 64)?);
    let wanted_coin = params.get("currency").map(coin).transpose()?;
    let wanted = move |payment: &CoinPayment| {
        let echo = Echo::of(payment);
        payment.dialect == Dialect::Crypto
            && reference.as_ref().is_none_or(|reference| *reference == payment.details.reference)
            && pos.as_ref().is_none_or(|pos| *pos == echo.pos_id)
            && user.as_ref().is_none_or(|user| Some(user) == echo.user.as_ref())
            && wanted_coin.is_none_or(|coin| coin == payment.price.coin)
    };
    let payments = state.engine().list_coins(caller.owner(), (offset, limit), &wanted).await?;
    let viewer = state.viewer(caller, profile);
    let items: Vec<_> = payments.iter().map(|payment| viewer.listed(payment)).collect();
    Ok(answer(&match profile {
        Profile::A => json!(items),
        Profile::B => json!({"invoices": items}),
    }))
}
