//! The dialect at its mounts: a request is read as a call, the call answered. A handler is three sentences: parse, submit, render.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::Engine;
use florin_kernel::ports::Lane;
use ipnet::IpNet;

use super::admission::Admission;
use super::calls::{self, Call};
use super::checkout::{self, Purpose};
use super::errors::Problem;
use super::form::Form;
use super::mounts::{MountSettings, Profile};
use super::stamp::Envelope;
use super::state::V3State;
use super::{codes, inquiry, order, pay, redirect, registrations, wire};
use crate::dialects::request::read_body;
use crate::erased::any;
use crate::pages::sim::Simulation;

/// The dialect's routes, everything below its mounts included.
///
/// # Errors
/// As [`MountSettings::mounts`].
pub fn router(simulation: &Simulation, trusted_proxies: &[IpNet], settings: &MountSettings) -> Result<Router, String> {
    let admission = Arc::new(Admission::new(settings, trusted_proxies));
    let trusted_proxies: Arc<[IpNet]> = trusted_proxies.into();
    let routes = settings.mounts()?.into_iter().map(|mount| {
        let spellings = mount.spellings();
        let state = V3State {
            engine: simulation.engine.clone(),
            simulation: simulation.clone(),
            trusted_proxies: trusted_proxies.clone(),
            mount: Arc::new(mount),
            admission: admission.clone(),
        };
        let paths = spellings.iter().flat_map(|path| [path.clone(), format!("{path}/"), format!("{path}/{{*rest}}")]);
        paths.fold(Router::new(), |router, path| router.route(&path, any(answer))).with_state(state)
    });
    Ok(routes.fold(Router::new(), Router::merge))
}

async fn answer(State(state): State<V3State>, request: Request) -> Response {
    let mut envelope = Envelope::new(state.mount.profile, wall_clock(&state.engine));
    match serve(&state, request, &mut envelope).await {
        Ok(response) => response,
        Err(problem) => problem.response(&envelope),
    }
}

async fn serve(state: &V3State, request: Request, envelope: &mut Envelope) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    if let Some(elsewhere) = state.admission.elsewhere(&parts, state.engine.public_url()) {
        return Ok(elsewhere);
    }
    let path = state.mount.segments(parts.uri.path());
    let call = calls::read(&parts.method, &path)?;
    match call {
        Call::ResultCodes => return Ok(result_codes(state, parts.uri.query())),
        // In boxes, as all that is rarer than a payment: what waits in them would make every payment's future large.
        Call::ShowStep(token) => return Ok(Box::pin(redirect::show(state, token, &parts.headers)).await),
        Call::ActStep(token) => {
            let body = Box::pin(read_body(&parts, body)).await.map_err(|_| Problem::BodyTooLarge)?;
            return Ok(Box::pin(redirect::act(state, token, &parts.headers, &body)).await);
        }
        Call::MethodStep(token) => return Ok(Box::pin(redirect::method(state, token)).await),
        Call::Visit(visit) => return Box::pin(checkout::visit(state, visit, &parts, body, envelope)).await,
        Call::Pay
        | Call::PayByToken(_)
        | Call::Order(_)
        | Call::Register
        | Call::ShowRegistration(_)
        | Call::DeleteRegistration(_)
        | Call::ExtendRegistration(_)
        | Call::OpenCheckout
        | Call::ChangeCheckout(_)
        | Call::CloseCheckout(_)
        | Call::ReadCheckout(..)
        | Call::NewestByReference
        | Call::ByReference
        | Call::Inquire(_) => {}
    }
    let asked = state.read(&parts, body, envelope).await?;
    match call {
        Call::Pay => pay::pay(state, asked, None, &path.join("/")).await,
        Call::PayByToken(id) => pay::pay(state, asked, Some(id), &path.join("/")).await,
        Call::Register => Box::pin(registrations::register(state, asked, &path.join("/"))).await,
        Call::ShowRegistration(id) => Box::pin(registrations::show(state, asked, id)).await,
        Call::DeleteRegistration(id) => Box::pin(registrations::delete(state, asked, id)).await,
        Call::ExtendRegistration(id) => Box::pin(registrations::extend(state, asked, id)).await,
        Call::Order(id) => Box::pin(order::order(state, asked, id, &path.join("/"))).await,
        Call::OpenCheckout => Box::pin(checkout::open(state, asked)).await,
        Call::ChangeCheckout(id) => Box::pin(checkout::change(state, asked, id, &path.join("/"))).await,
        Call::CloseCheckout(id) => Box::pin(checkout::close(state, asked, id, &path.join("/"))).await,
        Call::ReadCheckout(id, purpose) => Box::pin(checkout::read(state, asked, id, purpose)).await,
        Call::Inquire(id) if checkout::is_id(&state.engine, id) => {
            Box::pin(checkout::read(state, asked, id, Purpose::Payment)).await
        }
        Call::Inquire(id) => Box::pin(inquiry::by_id(state, asked, id)).await,
        Call::NewestByReference => Box::pin(inquiry::newest(state, asked)).await,
        Call::ByReference => Box::pin(inquiry::all(state, asked, envelope)).await,
        Call::ResultCodes | Call::Visit(_) | Call::ShowStep(_) | Call::ActStep(_) | Call::MethodStep(_) => {
            unreachable!("answered above")
        }
    }
}

/// `GET resultcodes`, for anybody.
fn result_codes(state: &V3State, query: Option<&str>) -> Response {
    let (form, _) = Form::read(query.unwrap_or_default().as_bytes());
    let set = match (state.mount.profile, form.get("set")) {
        (Profile::Oppwa, _) | (Profile::V3, Some("oppwa")) => codes::Set::Oppwa,
        (Profile::V3, _) => codes::Set::V3,
    };
    wire::response(StatusCode::OK, codes::listed(set).to_owned())
}

/// The time of answers to callers who are not known.
fn wall_clock(engine: &Engine) -> florin_kernel::Timestamp {
    engine.now(Lane::Live)
}
