//! `POST checkouts`, `POST checkouts/{id}`, `DELETE checkouts/{id}`: the merchant makes a checkout, changes it, closes it.

use std::sync::Arc;

use axum::response::Response;
use florin_engine::directory::Permission;
use florin_engine::{
    Answer, ClaimRequest, Earlier, NewSession, OperationRequest, Render, Reuse, SessionChange, SubmitError,
};
use florin_kernel::payment::{
    Amendment, AmountChoice, Command, Dialect, Ending, LateMoney, Payment, Refusal, Retry, State, Times,
};
use jiff::SignedDuration;

use super::super::auth::Caller;
use super::super::codes::Code;
use super::super::content;
use super::super::errors::{FieldError, Problem};
use super::super::references;
use super::super::request::Reading;
use super::super::state::{Asked, V3State};
use super::super::view::Viewer;
use super::super::{pay, way};
use super::order::{self, Order};
use super::read::{CheckoutBody, find};
use super::{Standing, kept, offers, stored};
use crate::dialects::caller::is_in;
use crate::dialects::request::earlier_or;

/// Makes a checkout, or finds the one that is open for the same reference.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn open(state: &V3State, asked: Asked) -> Result<Response, Problem> {
    let Asked { caller, form, faults, idempotency_key } = asked;
    caller.may(&[Permission::Deposits])?;
    let order = order::read(&form, faults, state.reading(&caller))?;
    let digest = state.engine.digest(&[content::content("POST", "checkouts", &form).as_slice()]);
    let viewer = state.viewer(&caller);
    let render = render(viewer, "000.200.100");
    let key = idempotency_key.map(|text| references::key_claim(caller.credential.id, &text));
    let payment = Box::new(new_payment(state, &caller, &order));
    if let Some(key) = &key {
        match state.engine.earlier(&payment, std::slice::from_ref(key), digest, &render).await? {
            Some(Earlier::Replay(reply)) => return Ok(pay::response(reply)),
            Some(Earlier::Taken(kind)) => return Err(kind.into()),
            None => {}
        }
    }
    let reference = order.reference.as_deref().map(|text| references::of_checkout(&caller, text));
    let goes_on = match &reference {
        Some(reference) => used(state, &caller, reference).await? == Used::GoesOn,
        None => false,
    };
    if !goes_on {
        check(state, &caller, &payment)?;
        stored::check(state, &caller, &order::registrations(&form)).await?;
    }
    // The engine finds what goes on: the same content gets the same answer, other content a refusal.
    let claims = reference.into_iter().chain(key).collect();
    Ok(pay::response(state.engine.open(NewSession { payment, claims, digest, render }).await?))
}

/// What a reference stands for when a request brings it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Used {
    /// Nothing, or nothing that goes on or was paid.
    Free,
    /// A checkout that goes on.
    GoesOn,
}

/// What the last checkout under a reference lets be done with it.
///
/// # Errors
/// [`Problem::ReferenceTaken`] where it stands for money.
async fn used(state: &V3State, caller: &Caller, reference: &ClaimRequest) -> Result<Used, Problem> {
    let (engine, owner) = (&state.engine, caller.owner());
    if reference.reuse == Reuse::Always {
        return Ok(Used::Free);
    }
    let last = engine.referenced(owner, Dialect::V3, reference, 1).await?;
    let Some(last) = last.first() else { return Ok(Used::Free) };
    let Some(payment) = engine.find(owner, last.payment).await? else { return Ok(Used::Free) };
    match (&payment.state, Standing::of(&payment, engine.now(caller.lane))) {
        (_, Standing::Open | Standing::UnderWay) => Ok(Used::GoesOn),
        (State::Created, Standing::Ended | Standing::Gone) => {
            // Its time is over, which the worker is yet to note.
            let noted = engine.submit(owner, payment.id, Command::Wake).await;
            noted.map(|_| Used::Free).map_err(|error| Unchanged::from(error).0)
        }
        (_, Standing::Gone) => Ok(Used::Free),
        (State::Ended(Ending::Declined(_) | Ending::Failed | Ending::Cancelled | Ending::Expired), Standing::Ended) => {
            Ok(Used::Free)
        }
        (
            State::Funded(_)
            | State::PendingPayer { .. }
            | State::Pending { .. }
            | State::Unknown { .. }
            | State::Ended(Ending::Voided | Ending::AuthorisationExpired),
            Standing::Ended,
        ) => Err(Problem::ReferenceTaken),
    }
}

/// Whether it could be paid at all: block lists, limits, providers.
fn check(state: &V3State, caller: &Caller, payment: &Payment) -> Result<(), Problem> {
    if payment.details.payer.ip.is_some_and(|ip| is_in(&caller.merchant.blocked_payers, ip)) {
        return Err(Problem::Risk);
    }
    way::check_limits(&caller.merchant, payment)?;
    offers::check_any(&state.engine, payment)
}

fn new_payment(state: &V3State, caller: &Caller, order: &Order) -> Payment {
    let (engine, settings) = (&state.engine, &caller.settings);
    let now = engine.now(caller.lane);
    let minutes = settings.checkout_minutes(state.mount.profile);
    let mut details = (*order.details).clone();
    details.credential = Some(caller.credential.id);
    details.reference = order.reference.clone().unwrap_or_default();
    Payment {
        id: engine.new_payment_id(),
        merchant: caller.credential.merchant,
        mode: caller.credential.mode,
        dialect: Dialect::V3,
        created_at: now,
        asked: order.asked,
        capture: order.capture,
        times: Times { hold_days: settings.authorization_days, step_minutes: Some(minutes), late: LateMoney::Accepted },
        retry: Retry::Session {
            attempts_max: settings.checkout_attempts.unwrap_or(1).clamp(1, 5),
            until: now + SignedDuration::from_mins(i64::from(minutes)),
            amount: AmountChoice::Fixed,
        },
        state: State::Created,
        operations: Vec::new(),
        chargebacks: Vec::new(),
        announced: None,
        details,
    }
}

/// Changes fields of an open checkout; what is not sent stays.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn change(state: &V3State, asked: Asked, id: &str, path: &str) -> Result<Response, Problem> {
    let Asked { caller, form, faults, idempotency_key } = asked;
    caller.may(&[Permission::Deposits])?;
    if !faults.is_empty() {
        return Err(Problem::Fields(faults));
    }
    let payment = find(state, &caller, id).await?;
    let render = render(state.viewer(&caller), "000.200.101");
    let digest = state.engine.digest(&[content::content("POST", path, &form).as_slice()]);
    let claims: Vec<ClaimRequest> =
        idempotency_key.map(|text| references::key_claim(caller.credential.id, &text)).into_iter().collect();
    match stored::check(state, &caller, &order::registrations(&form)).await {
        Ok(()) => {}
        Err(problem) => {
            return earlier_or(state.engine.earlier(&payment, &claims, digest, &render).await, problem)
                .map(pay::response);
        }
    }
    let now = state.engine.now(caller.lane);
    let amended = |payment: &Payment| {
        let (document, checkout) = kept(payment).ok_or(Problem::NoSession)?;
        match Standing::of(payment, now) {
            Standing::Open => {}
            Standing::UnderWay => return Err(Unchanged(Problem::ReferencedOpen)),
            Standing::Ended | Standing::Gone => return Err(Unchanged(Problem::NoSession)),
        }
        if checkout.fields.is_empty() {
            // The payer's last attempt is about to begin.
            return Err(Unchanged(Problem::ReferencedOpen));
        }
        let whole = order::laid_over(&checkout.fields, &form);
        // It stays where it was made, whichever mount the change comes by.
        let reading = Reading { profile: document.profile, prefix: &document.prefix, ..state.reading(&caller) };
        let order = order::read(&whole, Vec::new(), reading)?;
        if order.reference.unwrap_or_default() != payment.details.reference {
            let error = "cannot be changed: a reference belongs to one checkout";
            return Err(Unchanged(Problem::field("merchantTransactionId", error)));
        }
        let mut details = order.details;
        details.credential = payment.details.credential;
        details.reference = payment.details.reference.clone();
        let changed =
            Payment { asked: order.asked, capture: order.capture, details: (*details).clone(), ..payment.clone() };
        check(state, &caller, &changed)?;
        Ok(Amendment { asked: order.asked, capture: order.capture, details })
    };
    let change = SessionChange { claims, digest, render };
    let reply = state.engine.amend_once(caller.owner(), payment.id, change, amended).await;
    reply.map(pay::response).map_err(|Unchanged(problem)| problem)
}

/// Closes an open checkout.
///
/// # Errors
/// [`Problem::NoSession`] where there is none, [`Problem::ReferencedOpen`] while an attempt is not decided.
pub async fn close(state: &V3State, asked: Asked, id: &str, path: &str) -> Result<Response, Problem> {
    let Asked { caller, form, faults, idempotency_key } = asked;
    caller.may(&[Permission::Deposits])?;
    if !faults.is_empty() {
        return Err(Problem::Fields(faults));
    }
    let payment = find(state, &caller, id).await?;
    let render = render(state.viewer(&caller), "000.200.102");
    let digest = state.engine.digest(&[content::content("DELETE", path, &form).as_slice()]);
    let claims: Vec<ClaimRequest> =
        idempotency_key.map(|text| references::key_claim(caller.credential.id, &text)).into_iter().collect();
    let refusal = match Standing::of(&payment, state.engine.now(caller.lane)) {
        Standing::Open => None,
        Standing::UnderWay => Some(Problem::ReferencedOpen),
        Standing::Ended | Standing::Gone => Some(Problem::NoSession),
    };
    if let Some(problem) = refusal {
        return earlier_or(state.engine.earlier(&payment, &claims, digest, &render).await, problem).map(pay::response);
    }
    let request = OperationRequest {
        dialect: Dialect::V3,
        command: Command::Cancel,
        claims,
        digest,
        echo: String::new(),
        promised: None,
        render: Arc::new(move |payment, _| render(payment)),
    };
    let reply = state.engine.operate(caller.owner(), payment.id, request).await;
    reply.map(pay::response).map_err(|error| Unchanged::from(error).0)
}

/// A checkout with what was done to it.
fn render(viewer: Viewer, code: &'static str) -> Render {
    Arc::new(move |payment| {
        let body = CheckoutBody::of(&viewer, payment, Code::of(code));
        Answer { status: 200, body: body.text() }
    })
}

/// Why a checkout was not changed.
struct Unchanged(Problem);

impl From<Problem> for Unchanged {
    fn from(problem: Problem) -> Unchanged {
        Unchanged(problem)
    }
}

impl From<SubmitError> for Unchanged {
    fn from(error: SubmitError) -> Unchanged {
        Unchanged(match error {
            SubmitError::Refused(Refusal::AttemptOpen) => Problem::ReferencedOpen,
            SubmitError::Refused(Refusal::BadAmount) => {
                Problem::CurrencyDiffers(FieldError::new("currency", "must be that of what was tried before"))
            }
            SubmitError::NotFound
            | SubmitError::Refused(_)
            | SubmitError::WithdrawalRefused(_)
            | SubmitError::BalanceInsufficient => Problem::NoSession,
            error @ (SubmitError::Taken(_) | SubmitError::Store(_) | SubmitError::Draining) => error.into(),
        })
    }
}
