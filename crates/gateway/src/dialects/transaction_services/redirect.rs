//! The payer's step at an address of ours, 3-D Secure or the way to a wallet or bank, and what the payer brings back to the shop
//! (contract, sections 8.2 and 10). The token is the state; GET and POST do the same, but for the simulator's `action`.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use florin_engine::Engine;
use florin_engine::directory::Credential;
use florin_kernel::PaymentId;
use florin_kernel::payment::{Details, Mode, Payment, Seq};
use florin_kernel::public_id::Reference;

use super::amounts;
use super::checksum;
use super::document::{Document, ReturnMethod};
use super::fields::form;
use super::settings::{Settings, Switch};
use super::standing::{Standing, Wording, of_payment};
use super::state::TsState;
use super::view::{Viewer, brand_of, eci, mode_of, remark};
use super::wire::timestamp;
use crate::pages::frame::Seat;
use crate::pages::{back, notice, see_other, sim};

/// What tokens of the step's address are made for.
pub const STEP: &str = "transaction services step";

/// How long the payer waits for the shop's first notification at most.
const HEAD_START: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(20);

/// `/transaction/PGRRedirect?id=`: shows the step, or leads on to where it is; once it is over, the result.
pub async fn step(
    State(state): State<TsState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fields = form::read(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let Some(token) = fields.get("id") else { return notice::not_found() };
    let acts = form::read(&body).is_ok_and(|fields| fields.get("action").is_some());
    let response = act(&state, token, &headers, &body).await;
    if let Some(reference) = state.engine.read_page_token(STEP, token).filter(|_| acts) {
        first_notification(&state.engine, reference.payment).await;
    }
    response
}

/// `/transaction/3DReturn/{token}`: the payer is back from the issuer. What the browser brings along proves nothing, so the provider
/// is asked.
pub async fn returned(
    State(state): State<TsState>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(reference) = state.engine.read_page_token(STEP, &token) else { return notice::not_found() };
    if let Err(error) = state.engine.payer_returned(reference).await {
        tracing::debug!(%error, "a returning payer's payment is as it was");
    }
    first_notification(&state.engine, reference.payment).await;
    act(&state, &token, &headers, &body).await
}

/// Gives the first notification a head start over the payer, so that the shop knows when the payer is back.
pub async fn first_notification(engine: &Engine, payment: PaymentId) {
    let attempted = async {
        while let Ok(events) = engine.store().events(payment).await
            && events.iter().any(|(event, deliveries)| event.attempts == 0 && deliveries.is_empty())
        {
            tokio::time::sleep(POLL).await;
        }
    };
    _ = tokio::time::timeout(HEAD_START, attempted).await;
}

async fn act(state: &TsState, token: &str, headers: &HeaderMap, body: &[u8]) -> Response {
    let engine = &state.engine;
    let Some(reference) = engine.read_page_token(STEP, token) else { return notice::not_found() };
    let payment = match engine.store().transaction(reference.payment).await {
        Ok(stored) => stored.and_then(|stored| stored.transaction.payment()),
        Err(error) => {
            tracing::warn!(%error, "a payer's step waits");
            return notice::unavailable();
        }
    };
    let Some(payment) = payment else { return notice::not_found() };
    let seat = Seat::of(headers);
    let acts = form::read(body).is_ok_and(|fields| fields.get("action").is_some());
    match (payment.payer_step(), payment.mode, acts) {
        // Done before, in time or not: the payer is told, or sent back.
        (None, _, _) => back::response(engine, &payment, seat),
        (Some(_), Mode::Dev, false) => sim::show_attempt(&state.simulation, reference).await,
        (Some(_), Mode::Dev, true) => sim::act_attempt(&state.simulation, reference, seat, body).await,
        (Some((_, step)), Mode::Live, _) => see_other(&step.url),
    }
}

/// How the payer of a payment goes back.
pub fn return_method(details: &Details) -> ReturnMethod {
    Document::of(details).map(|document| document.return_method).unwrap_or_default()
}

/// Where the payer of an attempt acts, or is sent back from.
pub fn step_url(engine: &Engine, payment: &Payment, seq: Seq) -> String {
    let token = engine.page_token(STEP, Reference { payment: payment.id, sequence: seq.number() });
    format!("{}/transaction/PGRRedirect?id={token}", engine.public_url())
}

/// Where a payer is sent who goes back to the shop by a link: to the shop with the fields in the query, or to our page that posts them.
/// Nothing where the shop gave no address.
pub fn way_back(engine: &Engine, payment: &Payment) -> Option<String> {
    let link = &payment.details.links.success;
    match return_method(&payment.details) {
        _ if link.is_empty() => None,
        ReturnMethod::Get => back::append(link, &return_fields(engine, payment)),
        ReturnMethod::Post => {
            Some(step_url(engine, payment, payment.last_attempt().map_or(Seq::new(0), |attempt| attempt.seq)))
        }
    }
}

/// What the payer brings back to the shop. It informs the shop's page; the notification or an inquiry is the truth.
pub fn return_fields(engine: &Engine, payment: &Payment) -> Vec<(&'static str, String)> {
    let Some(document) = Document::of(&payment.details) else { return Vec::new() };
    let directory = engine.directory();
    let credential = payment.details.credential.and_then(|id| directory.credential(id));
    let settings = credential.map(|credential| Settings::of(credential)).unwrap_or_default();
    let Standing { long, short, result } = of_payment(payment, Wording::of(&settings));
    // The shop's page knows no word for a challenge that is open.
    let short = if short == "3D" { "P" } else { short };
    let amount = amounts::printed(payment.asked);
    let currency = payment.asked.asset().code().to_owned();
    let or = |kept: &str, else_: &str| if kept.is_empty() { else_.to_owned() } else { kept.to_owned() };
    let attempt = payment.funding().or(payment.last_attempt());
    let card = attempt.and_then(|attempt| attempt.means.as_ref()?.card.clone());
    let (reference, number) = (payment.details.reference.clone(), document.number.clone());
    let description = match result.code.as_ref() {
        "00001" => "Transaction processed successfully".to_owned(),
        _ => result.description.to_string(),
    };
    let mut fields = vec![
        ("trackingid", number.clone()),
        ("paymentId", number.clone()),
        ("merchantTransactionId", reference.clone()),
        ("desc", reference.clone()),
        ("amount", amount.clone()),
        ("currency", currency.clone()),
        ("tmpl_amount", or(&document.tmpl_amount, &amount)),
        ("tmpl_currency", or(&document.tmpl_currency, &currency)),
        ("status", short.to_owned()),
        ("transactionStatus", short.to_owned()),
        ("longStatus", long.to_owned()),
        (
            "checksum",
            checksum::ours(
                key(credential.map(AsRef::as_ref), &settings, short),
                &number,
                &reference,
                payment.asked,
                short,
            ),
        ),
        ("descriptor", payment.details.descriptor.clone()),
        ("resultCode", result.code.to_string()),
        ("resultDescription", description),
        ("remark", remark(payment, &result)),
        ("cardBin", card.as_ref().map(|card| card.bin.clone()).unwrap_or_default()),
        ("cardLast4Digits", card.as_ref().map(|card| card.last4.clone()).unwrap_or_default()),
        ("paymentBrand", brand_of(attempt, &document).unwrap_or_default()),
        ("paymentMode", mode_of(attempt, &document).unwrap_or_default().to_owned()),
        ("firstName", payment.details.payer.first_name.clone()),
        ("lastName", payment.details.payer.last_name.clone()),
        ("eci", eci(payment, attempt)),
        ("timestamp", timestamp(attempt.map_or(payment.created_at, |attempt| attempt.started_at))),
        ("resourcePath", format!("/transactionServices/REST/v1/payments/{number}")),
    ];
    let viewer = Viewer { engine, wording: Wording::default() };
    let kept = attempt
        .filter(|_| document.registered && !payment.ended_without_money())
        .and_then(|attempt| viewer.registration(attempt));
    if let Some(id) = kept {
        fields.extend([("registrationId", id.clone()), ("token", id)]);
    }
    fields
}

/// The key that a way back is signed with: the member's newest. One old cart plugin wants a cancelled one signed with `null`, which
/// anybody can forge, so that is for whoever asks for it.
fn key<'c>(credential: Option<&'c Credential>, settings: &Settings, short: &str) -> &'c str {
    match (short, settings.redirect_cancel_null_key) {
        ("C", Switch::On) => "null",
        (_, Switch::On | Switch::Off) => credential.map_or("", |credential| credential.signature_password.expose()),
    }
}
