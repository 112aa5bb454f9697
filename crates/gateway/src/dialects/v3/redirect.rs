//! The payer's step at an address of ours: 3-D Secure, or the way to a bank or wallet (contract, section 11). The token is the
//! state; GET and POST do the same, whatever they bring along, but for the simulator's `action`.

use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use florin_engine::Engine;
use florin_engine::directory::Directory;
use florin_kernel::PaymentId;
use florin_kernel::payment::{Details, Mode, Payment};
use florin_kernel::public_id::Reference;

use super::checkout;
use super::document::Document;
use super::form::Form;
use super::mounts::Profile;
use super::settings::{ReturnMethod, Settings};
use super::state::V3State;
use crate::pages::frame::Seat;
use crate::pages::{back, notice, see_other, sim};

/// What tokens of the step's address are made for.
pub const REDIRECT_PAGE: &str = "v3 redirect";

/// Shows the step, or leads on to where it is.
pub async fn show(state: &V3State, token: &str, headers: &HeaderMap) -> Response {
    step(state, token, headers, None).await
}

/// A form that came to the step: without the simulator's `action` as [`show`], because clients post whatever was asked for.
pub async fn act(state: &V3State, token: &str, headers: &HeaderMap, body: &[u8]) -> Response {
    let acts = Form::read(body).0.get("action").is_some();
    step(state, token, headers, acts.then_some(body)).await
}

/// The form that a browser posts unseen before the step: the simulated issuer takes note, a real one is led to.
pub async fn method(state: &V3State, token: &str) -> Response {
    let Some(reference) = state.engine.read_page_token(REDIRECT_PAGE, token) else { return notice::not_found() };
    let stored = state.engine.store().transaction(reference.payment).await;
    let payment = stored.ok().flatten().and_then(|stored| stored.transaction.payment());
    let step = payment.as_ref().and_then(Payment::payer_step).and_then(|(_, step)| step.method.as_deref());
    match (step, payment.as_ref().map(|payment| payment.mode)) {
        (Some(form), Some(Mode::Live)) => Redirect::temporary(&form.url).into_response(),
        (Some(_) | None, _) => sim::nothing(),
    }
}

async fn step(state: &V3State, token: &str, headers: &HeaderMap, form: Option<&[u8]>) -> Response {
    let engine = &state.engine;
    let Some(reference) = engine.read_page_token(REDIRECT_PAGE, token) else { return notice::not_found() };
    let payment = match engine.store().transaction(reference.payment).await {
        Ok(stored) => stored.and_then(|stored| stored.transaction.payment()),
        Err(error) => {
            tracing::warn!(%error, "a payer's step waits");
            return notice::unavailable();
        }
    };
    let Some(payment) = payment else { return notice::not_found() };
    let seat = Seat::of(headers);
    match (payment.payer_step(), payment.mode, form) {
        // Done before, in time or not: only the browser is sent back.
        (None, _, _) => back::response(engine, &payment, seat),
        (Some(_), Mode::Dev, None) => sim::show_attempt(&state.simulation, reference).await,
        (Some(_), Mode::Dev, Some(form)) => sim::act_attempt(&state.simulation, reference, seat, form).await,
        (Some((_, step)), Mode::Live, _) => see_other(&step.url),
    }
}

/// What is added to the shop's URL when the payer goes back. It proves nothing: the shop reads the path.
pub fn return_fields(engine: &Engine, id: PaymentId, details: &Details) -> Vec<(&'static str, String)> {
    let document = Document::of(details);
    if let Some((printed, path)) = document.as_ref().and_then(|document| checkout::return_fields(engine, id, document))
    {
        return vec![("id", printed), ("resourcePath", path)];
    }
    let profile = document.map_or(Profile::V3, |document| document.profile);
    read_at(engine, Reference { payment: id, sequence: 0 }, profile)
}

/// A transaction's id, and the path where it is read.
pub fn read_at(engine: &Engine, transaction: Reference, profile: Profile) -> Vec<(&'static str, String)> {
    let printed = engine.codec().hex(transaction);
    let path = format!("/{}/payments/{printed}", profile.version());
    vec![("id", printed), ("resourcePath", path)]
}

/// How the payer of a payment goes back.
pub fn return_method(directory: &Directory, payment: &Payment) -> ReturnMethod {
    let credential = payment.details.credential.and_then(|id| directory.credential(id));
    credential.map(|credential| Settings::of(credential).return_method).unwrap_or_default()
}
