//! `POST payments`: an initial payment (contract, sections 9 and 10.1).
//!
//! A repeat of an earlier request goes before all checks that look beyond the request. On the way that nearly all requests take,
//! the engine finds a repeat while it commits; only a refusal makes it worth asking first.

use std::sync::Arc;

use axum::response::Response;
use florin_engine::directory::Permission;
use florin_engine::{Answer, ClaimKind, ClaimRequest, Earlier, NewPayment, Render, Reply, StartError};
use florin_kernel::payment::{CaptureMode, Details, Dialect, Ending, Links, Payment, Retry, State, Times};

use super::auth::Caller;
use super::codes::Class;
use super::errors::Problem;
use super::form::Form;
use super::references::{self, Operation};
use super::request::{self, Account, Initial, Kind};
use super::settings::{DeclineStatus, References};
use super::state::{Asked, V3State};
use super::view::{Detail, Viewer};
use super::way::{self, Way};
use super::wire;
use crate::dialects::ProviderTime;

const REPLAYED: axum::http::HeaderName = axum::http::HeaderName::from_static("idempotency-replayed");

/// Makes the payment, or finds the one made before.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn pay(state: &V3State, asked: Asked, path: &str) -> Result<Response, Problem> {
    let Asked { caller, form, faults, idempotency_key } = asked;
    caller.may(&permissions(&form))?;
    let initial = request::read(&form, faults, state.reading(&caller))?;
    let viewer = state.viewer(&caller);
    let render = render(viewer, caller.settings.decline_status(state.mount.profile));
    let content = request::content("POST", path, &form);
    let digest = state.engine.digest(&[content.as_slice()]);
    drop((form, content));
    let key = idempotency_key.map(|text| references::key_claim(caller.credential.id, &text));
    let reply = Box::pin(make(state, &caller, &initial, key, digest, &render)).await?;
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
fn render(viewer: Viewer, declines: DeclineStatus) -> Render {
    Arc::new(move |payment| {
        let body = viewer.payment(payment, Detail::Made);
        let declined = body.result.code.class(viewer.set) == Class::Rejected;
        let status = match declines {
            DeclineStatus::Post | DeclineStatus::Always if declined => 400,
            DeclineStatus::Post | DeclineStatus::Always | DeclineStatus::Never => 200,
        };
        Answer { status, body: body.text() }
    })
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
    key: Option<ClaimRequest>,
    digest: [u8; 16],
    render: &Render,
) -> Result<Reply, Problem> {
    let payment = Box::new(new_payment(state, caller, initial));
    let way = way::find(state, caller, initial, &payment);
    let reused = caller.settings.merchant_transaction_id;
    let mut slot = 1;
    loop {
        let reference = initial.reference.as_deref().filter(|_| slot <= references::SLOTS_MAX);
        let reference = reference.map(|text| references::claim(&caller.entity, Operation::Initial, slot, text));
        let claims: Vec<ClaimRequest> = reference.clone().into_iter().chain(key.clone()).collect();
        match start(state, initial, payment.clone(), claims, digest, &way, render).await {
            Err(Refused::Taken(ClaimKind::Reference))
                if may_reuse(state, caller, reused, reference.as_ref()).await? =>
            {
                slot += 1;
            }
            // Where a reference means nothing, the same request twice is two payments; its key alone tells a repeat.
            Ok(reply) if reply.replayed && reused == References::Free => {
                let by_key = state.engine.earlier(&*payment, key.as_slice(), digest, render).await?;
                match by_key {
                    Some(_) => return Ok(reply),
                    None => slot += 1,
                }
            }
            Ok(reply) => return Ok(reply),
            Err(Refused::Taken(kind)) => return Err(kind.into()),
            Err(Refused::For(problem)) => return Err(problem),
        }
    }
}

/// Why a payment did not start.
enum Refused {
    /// Its reference or key was used for another request.
    Taken(ClaimKind),
    /// Anything else.
    For(Problem),
}

impl From<StartError> for Refused {
    fn from(error: StartError) -> Refused {
        match error {
            StartError::Taken(kind) => Refused::Taken(kind),
            error @ (StartError::Refused(_) | StartError::Store(_) | StartError::Draining) => {
                Refused::For(error.into())
            }
        }
    }
}

/// Starts the payment; where it may not be made, an earlier request's answer goes before the refusal.
async fn start(
    state: &V3State,
    initial: &Initial,
    payment: Box<Payment>,
    claims: Vec<ClaimRequest>,
    digest: [u8; 16],
    way: &Result<Way, Problem>,
    render: &Render,
) -> Result<Reply, Refused> {
    match way {
        Ok((method, candidate)) => {
            let card = match &initial.account {
                Account::Card(card) => Some(card.clone()),
                Account::Token(_) | Account::Redirect(_) => None,
            };
            let new = NewPayment {
                payment,
                claims,
                digest,
                candidate: candidate.clone(),
                method: *method,
                brand: if card.is_some() { String::new() } else { initial.document.brand.clone() },
                circumstances: initial.circumstances.clone(),
                card,
                render: render.clone(),
            };
            Ok(state.engine.start(new).await?)
        }
        Err(problem) => {
            let earlier = Box::pin(state.engine.earlier(&*payment, &claims, digest, render)).await;
            match earlier.map_err(|error| Refused::For(error.into()))? {
                Some(Earlier::Replay(reply)) => Ok(reply),
                Some(Earlier::Taken(kind)) => Err(Refused::Taken(kind)),
                None => Err(Refused::For(problem.clone())),
            }
        }
    }
}

/// Whether a used reference may be used again, for another payment.
async fn may_reuse(
    state: &V3State,
    caller: &Caller,
    reused: References,
    reference: Option<&ClaimRequest>,
) -> Result<bool, Problem> {
    match reused {
        References::Unique => Ok(false),
        References::Free => Ok(true),
        References::Retry => {
            let Some(reference) = reference else { return Ok(false) };
            let ended = references::payment(state, caller, &reference.text).await?.map(|payment| payment.state);
            Ok(matches!(ended, Some(State::Ended(Ending::Declined(_) | Ending::Failed | Ending::Expired))))
        }
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
            hosted: None,
        },
    }
}
