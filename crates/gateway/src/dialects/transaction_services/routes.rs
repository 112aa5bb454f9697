//! The dialect's routes. A request is read as a call, the call answered. A handler is three sentences: parse, submit, render.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{any, get, post};
use florin_kernel::ports::Lane;
use ipnet::IpNet;

use super::calls::{self, Call, Service};
use super::envelope::{Envelope, Topic};
use super::errors::Problem;
use super::failures::Failures;
use super::fields::body;
use super::format::Format;
use super::state::{TsState, is_inquiry, is_repeat};
use super::wire::Told;
use super::{checkout, inquiry, list, login, order, pay, redirect, repeat};
use crate::dialects::request::{BodyFault, read_body};
use crate::pages::sim::Simulation;

/// The dialect's routes, everything below its prefixes included.
pub fn router(simulation: &Simulation, trusted_proxies: &[IpNet]) -> Router {
    let state = TsState {
        engine: simulation.engine.clone(),
        simulation: simulation.clone(),
        trusted_proxies: trusted_proxies.into(),
        failures: Arc::new(Failures::default()),
    };
    let prefixes = Service::ALL.iter().map(|(prefix, _)| *prefix);
    let paths = prefixes.flat_map(|prefix| [prefix.to_owned(), format!("{prefix}/"), format!("{prefix}/{{*rest}}")]);
    paths
        .fold(Router::new(), |router, path| router.route(&path, any(answer)))
        .route("/transaction/Checkout", post(checkout::open))
        .route("/transaction/PayProcessController", post(checkout::open))
        .route("/transaction/Checkout/{session}", get(checkout::show))
        .route("/transaction/Checkout/{session}/pay", post(checkout::pay))
        .route("/transaction/Checkout/{session}/cancel", post(checkout::cancel))
        .route("/transaction/Checkout/{session}/status", get(checkout::ask))
        .route("/transaction/PGRRedirect", get(redirect::step).post(redirect::step))
        .route("/transaction/3DReturn/{token}", get(redirect::returned).post(redirect::returned))
        .with_state(state)
}

async fn answer(State(state): State<TsState>, request: Request) -> Response {
    let format = Format::of(request.headers());
    let mut envelope = Envelope::new(format, Topic::Other, state.engine.now(Lane::Live));
    match serve(&state, request, &mut envelope).await {
        Ok(told) => told.response(format),
        Err(problem) => problem.response(&envelope),
    }
}

async fn serve(state: &TsState, request: Request, envelope: &mut Envelope) -> Result<Told, Problem> {
    let (parts, body) = request.into_parts();
    let call = calls::read(&parts.method, parts.uri.path())?;
    envelope.topic = call.topic();
    let bytes = read_body(&parts, body).await.map_err(|fault| match fault {
        BodyFault::TooLarge => Problem::TooLarge,
        BodyFault::Incomplete => Problem::Unreadable("it is incomplete".into()),
    })?;
    match call {
        Call::MemberToken => {
            let fields = body::read(&parts.headers, &bytes)?;
            return login::member(state, &fields, state.address(&parts));
        }
        Call::PartnerToken => {
            let fields = body::read(&parts.headers, &bytes)?;
            return login::partner(state, &fields, state.address(&parts));
        }
        Call::TokenAgain => return login::again(state, &body::read(&parts.headers, &bytes)?, &parts.headers),
        Call::Reserved => return Err(Problem::NotEnabled),
        Call::Pay | Call::Order(_) | Call::Refund(_) | Call::Show(_) | Call::Inquire | Call::List => {}
    }
    let asked = state.read(&parts, &bytes, &call, envelope)?;
    match &call {
        Call::Pay if is_repeat(&asked.fields) => Box::pin(repeat::repeat(state, asked, "")).await,
        Call::Pay => pay::pay(state, asked).await,
        Call::Order(id) if is_inquiry(&asked.fields) => Box::pin(inquiry::inquire(state, asked, id)).await,
        Call::Order(id) if is_repeat(&asked.fields) => Box::pin(repeat::repeat(state, asked, id)).await,
        Call::Order(id) => Box::pin(order::order(state, asked, id, None)).await,
        Call::Refund(id) => Box::pin(order::order(state, asked, id, Some(order::Kind::Refund))).await,
        Call::Show(id) => Box::pin(inquiry::inquire(state, asked, id)).await,
        Call::Inquire => Box::pin(inquiry::inquire(state, asked, "")).await,
        Call::List => Box::pin(list::list(state, asked)).await,
        Call::MemberToken | Call::PartnerToken | Call::TokenAgain | Call::Reserved => Err(Problem::Fault),
    }
}
