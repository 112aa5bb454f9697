//! `POST payments`: an initial payment (contract, sections 9 and 10.1).
//!
//! A repeat of an earlier request goes before all checks that look beyond the request. On the way that nearly all requests take,
//! the engine finds a repeat while it commits; only a refusal makes it worth asking first.

use std::sync::Arc;

use axum::response::Response;
use florin_engine::directory::Permission;
use florin_engine::vault::OnFile;
use florin_engine::{Answer, ClaimRequest, NewPayment, Render, Reply};
use florin_kernel::payment::{CaptureMode, Details, Dialect, LateMoney, Links, Payment, Retry, State, Times};

use super::auth::Caller;
use super::codes::{Class, Set};
use super::content::content;
use super::document::Document;
use super::errors::Problem;
use super::form::Form;
use super::references::{self, Operation};
use super::request::{self, Account, Initial, Kind, Reading};
use super::settings::DeclineStatus;
use super::state::{Asked, V3State};
use super::view::{Detail, Viewer};
use super::wire::{self, Body};
use super::{payout, registrations, way};
use crate::dialects::ProviderTime;
use crate::dialects::request::earlier_or;

const REPLAYED: axum::http::HeaderName = axum::http::HeaderName::from_static("idempotency-replayed");

/// Makes the payment, or finds the one made before.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn pay(state: &V3State, asked: Asked, token: Option<&str>, path: &str) -> Result<Response, Problem> {
    let Asked { caller, form, faults, idempotency_key } = asked;
    caller.may(&permissions(&form))?;
    let mut initial = request::read(&form, faults, Reading { token, ..state.reading(&caller) })?;
    let on_file = match &initial.account {
        // In a box, as what is rarer than a card in the request.
        Account::Token(_) => Box::pin(registrations::open(state, &caller, &mut initial)).await,
        Account::Card(_) | Account::Redirect(_) | Account::Bank(_) => Ok(registrations::file(&initial)),
    };
    let viewer = state.viewer(&caller);
    let render = render(viewer, initial.document.clone(), caller.settings.decline_status(state.mount.profile));
    let digest = state.engine.digest(&[&content("POST", path, &form)]);
    let key = idempotency_key.map(|text| references::key_claim(caller.credential.id, &text));
    let reference = initial.reference.as_deref().map(|text| references::claim(&caller, Operation::Initial, text));
    let claims: Vec<ClaimRequest> = reference.into_iter().chain(key).collect();
    let reply = match initial.kind {
        Kind::Payout => Box::pin(payout::make(state, &caller, &initial, on_file, claims, digest)).await?,
        Kind::Debit | Kind::Preauthorisation | Kind::Verification | Kind::NotOffered => {
            Box::pin(make(state, &caller, &initial, on_file, claims, digest, &render)).await?
        }
    };
    Ok(response(reply))
}

/// What the credential needs.
fn permissions(form: &Form) -> Vec<Permission> {
    let kind = match form.get("paymentType") {
        Some("CD") => Permission::Withdrawals,
        Some(_) | None => Permission::Deposits,
    };
    let raw = form.group("card").any(|field| !matches!(field.name.text(), "card.token" | "card.cvv"));
    [kind].into_iter().chain(raw.then_some(Permission::S2sCards)).collect()
}

/// An answer to the call that made a payment, in the words of its caller.
fn render(viewer: Viewer, document: Arc<Document>, declines: DeclineStatus) -> Render {
    Arc::new(move |payment| {
        let body = viewer.payment_with(payment, &document, Detail::Made);
        Answer { status: status_of(&body, viewer.set, declines), body: body.text() }
    })
}

/// The HTTP status of an answer to the call that made a transaction.
pub fn status_of(body: &Body, set: Set, declines: DeclineStatus) -> u16 {
    match declines {
        DeclineStatus::Post | DeclineStatus::Always if body.result.code.class(set) == Class::Rejected => 400,
        DeclineStatus::Post | DeclineStatus::Always | DeclineStatus::Never => 200,
    }
}

/// A reply as it goes out.
pub fn response(reply: Reply) -> Response {
    let status = axum::http::StatusCode::from_u16(reply.answer.status).unwrap_or_default();
    let mut response = wire::response(status, reply.answer.body);
    if reply.replayed {
        response.headers_mut().insert(REPLAYED, axum::http::HeaderValue::from_static("true"));
    }
    response.extensions_mut().insert(ProviderTime(reply.provider_time));
    response
}

async fn make(
    state: &V3State,
    caller: &Caller,
    initial: &Initial,
    on_file: Result<OnFile, Problem>,
    claims: Vec<ClaimRequest>,
    digest: [u8; 16],
    render: &Render,
) -> Result<Reply, Problem> {
    let payment = Box::new(new_payment(state, caller, initial));
    let way = on_file.and_then(|on_file| Ok((on_file, way::find(state, caller, initial, &payment)?)));
    match way {
        Ok((on_file, (method, candidate))) => {
            let card = match &initial.account {
                Account::Card(card) => Some(card.clone()),
                Account::Token(_) | Account::Redirect(_) | Account::Bank(_) => None,
            };
            let new = NewPayment {
                payment,
                claims,
                digest,
                candidate,
                method,
                brand: if card.is_some() { String::new() } else { initial.document.brand.clone() },
                circumstances: initial.circumstances.clone(),
                card,
                on_file,
                render: render.clone(),
            };
            Ok(state.engine.start(new).await?)
        }
        Err(problem) => earlier_or(state.engine.earlier(&payment, &claims, digest, render).await, problem),
    }
}

fn new_payment(state: &V3State, caller: &Caller, initial: &Initial) -> Payment {
    let engine = &state.engine;
    let return_url = initial.return_url.clone().unwrap_or_default();
    Payment {
        id: engine.new_payment_id(),
        merchant: caller.credential.merchant,
        mode: caller.credential.mode,
        dialect: Dialect::V3,
        created_at: engine.now(caller.lane),
        asked: initial.amount,
        capture: match initial.kind {
            Kind::Debit | Kind::Payout | Kind::NotOffered => CaptureMode::Now,
            Kind::Preauthorisation => CaptureMode::Later,
            Kind::Verification => CaptureMode::Never,
        },
        times: Times {
            hold_days: caller.settings.authorization_days,
            step_minutes: Some(caller.settings.checkout_minutes(state.mount.profile)),
            // A redirect's late success is believed (contract, section 11).
            late: LateMoney::Accepted,
        },
        retry: Retry::Never,
        state: State::Created,
        operations: Vec::new(),
        chargebacks: Vec::new(),
        announced: None,
        details: Details {
            credential: Some(caller.credential.id),
            reference: initial.reference.clone().unwrap_or_default(),
            payer: initial.payer.clone(),
            links: Links {
                success: return_url.clone(),
                failure: return_url.clone(),
                pending: return_url,
                webhook: initial.webhook.clone(),
                locale: String::new(),
            },
            descriptor: initial.descriptor.clone(),
            echo: initial.document.text(),
            ..Details::default()
        },
    }
}
