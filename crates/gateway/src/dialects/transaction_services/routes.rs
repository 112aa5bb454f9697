//! The dialect's routes. A request is read as a call, the call answered. A handler is three sentences: parse, submit, render.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use florin_kernel::ports::Lane;
use ipnet::IpNet;

use super::calls::{self, Call, Service};
use super::envelope::{Envelope, Topic};
use super::errors::Problem;
use super::failures::Failures;
use super::fields::body;
use super::format::Format;
use super::references::read_once;
use super::state::{TsState, is_deletion, is_inquiry, is_repeat};
use super::wire::Told;
use super::{
    cards, checkout, customers, inquiry, invoices, list, login, order, pay, payout, redirect, register, repeat, tokens,
};
use crate::dialects::request::{BodyFault, read_body};
use crate::erased::{any, get, get_post, post};
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
        // For later.
        .route("/transaction/CardRegistration", any(async || crate::pages::notice::not_found()))
        .merge(invoices::pages())
        .route("/transaction/PGRRedirect", get_post(redirect::step, redirect::step))
        .route("/transaction/3DReturn/{token}", get_post(redirect::returned, redirect::returned))
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
        Call::Pay
        | Call::Order(_)
        | Call::Refund(_)
        | Call::Show(_)
        | Call::Inquire
        | Call::List
        | Call::Payout
        | Call::Register
        | Call::Token(_)
        | Call::Cards
        | Call::SignUp
        | Call::Invoice(_)
        | Call::PayLink => {}
    }
    let asked = state.read(&parts, &bytes, &call, envelope)?;
    match &call {
        Call::Pay if is_repeat(&asked.fields) => Box::pin(repeat::repeat(state, asked, "")).await,
        Call::Pay => pay::pay(state, asked).await,
        Call::Order(id) if is_inquiry(&asked.fields) => {
            read_once(state, asked, ("inquiry", id), |asked| inquiry::inquire(state, asked, id)).await
        }
        Call::Order(id) if is_repeat(&asked.fields) => Box::pin(repeat::repeat(state, asked, id)).await,
        Call::Order(id) => Box::pin(order::order(state, asked, id, None)).await,
        Call::Refund(id) => Box::pin(order::order(state, asked, id, Some(order::Kind::Refund))).await,
        Call::Show(id) => Box::pin(inquiry::inquire(state, asked, id)).await,
        Call::Inquire => read_once(state, asked, ("inquiry", ""), |asked| inquiry::inquire(state, asked, "")).await,
        Call::List => read_once(state, asked, ("list", ""), |asked| list::list(state, asked)).await,
        Call::Payout => Box::pin(payout::pay_out(state, asked)).await,
        Call::Register => Box::pin(register::register(state, asked)).await,
        Call::Token(id) if is_deletion(&asked.fields) => Box::pin(tokens::delete(state, asked, id)).await,
        Call::Token(id) => Box::pin(tokens::pay(state, asked, id)).await,
        Call::Cards => read_once(state, asked, ("cards", ""), |asked| cards::list(state, asked)).await,
        Call::SignUp => Box::pin(customers::sign_up(state, asked)).await,
        Call::Invoice(call) => Box::pin(invoices::answer(state, asked, *call)).await,
        Call::PayLink => Box::pin(invoices::pay_link(state, asked)).await,
        Call::MemberToken | Call::PartnerToken | Call::TokenAgain | Call::Reserved => Err(Problem::Fault),
    }
}
