//! `GET checkouts/{id}/payment`: what became of a checkout.

use axum::response::Response;
use florin_engine::FirstRead;
use florin_engine::directory::Permission;
use florin_kernel::payment::{Command, Payment, State};
use serde::Serialize;

use super::super::auth::Caller;
use super::super::codes::{Code, Coding, Event, code};
use super::super::document::Document;
use super::super::errors::Problem;
use super::super::fields::Reader;
use super::super::inquiry::one;
use super::super::mounts::Profile;
use super::super::request::common;
use super::super::stamp::{self, BUILD_NUMBER};
use super::super::state::{Asked, V3State};
use super::super::view::{Detail, Viewer};
use super::super::wire::{self, ResultBody};
use super::{Integrity, Purpose, Standing, kept, print_id, read_id, script};

/// A checkout that was made, changed, closed, or waits for its payer.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckoutBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_transaction_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_invoice_id: Option<String>,
    result: ResultBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    integrity: Option<&'static str>,
    build_number: &'static str,
    timestamp: String,
    ndc: String,
}

impl CheckoutBody {
    pub(super) fn of(viewer: &Viewer, payment: &Payment, code: Code) -> CheckoutBody {
        let id = print_id(&viewer.engine, payment.id, viewer.mount.profile);
        let document = Document::of(&payment.details);
        let checkout = document.as_ref().and_then(|document| document.checkout.as_ref());
        let integrity = checkout.map(|checkout| checkout.integrity).unwrap_or_default();
        let invoice = document.map(|document| document.invoice);
        CheckoutBody {
            id: Some(id.clone()),
            merchant_transaction_id: Some(payment.details.reference.clone()).filter(|text| !text.is_empty()),
            merchant_invoice_id: invoice.filter(|text| !text.is_empty()),
            result: ResultBody::of(code, viewer.set),
            integrity: match integrity {
                Integrity::Told => Some(script::integrity()),
                Integrity::Untold => None,
            },
            build_number: BUILD_NUMBER,
            timestamp: stamp::timestamp(payment.created_at, viewer.format),
            ndc: id,
        }
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).expect("an answer has string keys and plain values only")
    }
}

/// A caller's checkout.
///
/// # Errors
/// [`Problem::NoSession`] for an id that is nobody's or somebody else's.
pub(super) async fn find(state: &V3State, caller: &Caller, id: &str) -> Result<Payment, Problem> {
    let id = read_id(&state.engine, id).ok_or(Problem::NoSession)?;
    let payment = state.engine.find(caller.owner(), id).await?.ok_or(Problem::NoSession)?;
    kept(&payment).map(|_| payment).ok_or(Problem::NoSession)
}

/// What became of a checkout: its payment once there is one to tell of.
///
/// # Errors
/// [`Problem::NoSession`] where nothing was tried in time, or what it was has been told already.
pub async fn read(state: &V3State, asked: Asked, id: &str, purpose: Purpose) -> Result<Response, Problem> {
    let Asked { caller, form, faults, .. } = asked;
    caller.may(&[Permission::Read])?;
    let mut reader = Reader::new(&form, faults);
    common(&mut reader, state.reading(&caller));
    reader.finish()?;
    let payment = settled(state, &caller, find(state, &caller, id).await?).await;
    let viewer = state.viewer(&caller);
    let (document, checkout) = kept(&payment).ok_or(Problem::NoSession)?;
    if checkout.purpose != purpose {
        return Err(Problem::NoSession);
    }
    match Standing::of(&payment, state.engine.now(caller.lane)) {
        Standing::Open => {
            let (set, pending, mode) = (viewer.set, viewer.pending, payment.mode);
            let code = code(&Event::Waiting, Coding { set, pending, mode, test_mode: document.test_mode });
            let body = CheckoutBody::of(&viewer, &payment, code);
            let id = body.id.clone().filter(|_| state.mount.profile == Profile::V3);
            return Ok(wire::response(axum::http::StatusCode::OK, CheckoutBody { id, ..body }.text()));
        }
        Standing::UnderWay => {}
        Standing::Gone => return Err(Problem::NoSession),
        Standing::Ended if caller.settings.checkout_single_read => match state.engine.first_read(&payment).await? {
            FirstRead::Now => {}
            FirstRead::Before => return Err(Problem::NoSession),
        },
        Standing::Ended => {}
    }
    let body = match purpose {
        Purpose::Payment => viewer.payment(&payment, Detail::Inquired),
        Purpose::Registration => viewer.registered(&payment).ok_or(Problem::Fault)?,
    };
    Ok(one(&viewer, &body, caller.settings.decline_status(state.mount.profile)))
}

/// A session whose time is over after a declined attempt is noted as that, if the worker has not done so yet.
async fn settled(state: &V3State, caller: &Caller, payment: Payment) -> Payment {
    let over = Standing::of(&payment, state.engine.now(caller.lane)) == Standing::Ended;
    if payment.state != State::Created || !over {
        return payment;
    }
    state.engine.submit(caller.owner(), payment.id, Command::Wake).await.unwrap_or(payment)
}
