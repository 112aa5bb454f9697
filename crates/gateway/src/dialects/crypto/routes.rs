//! The routes of this dialect, and what its calls share.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware;
use axum::response::Response;
use florin_engine::Engine;
use ipnet::IpNet;
use serde_json::json;

use super::auth::{Caller, Lockout, admit};
use super::errors::Problem;
use super::params::Params;
use super::ping::Pings;
use super::qr::Images;
use super::quote::Quotes;
use super::sandbox::SimulatedChains;
use super::view::Viewer;
use super::wire::answer;
use super::{Profile, currencies, gzip, icons, orders, page, ping, qr, quote, sandbox, start};
use crate::dialects::caller::caller_address;
use crate::erased::{any, get, get_post, post};

/// What the dialect's calls share.
#[derive(Clone)]
pub struct CryptoState(Arc<Shared>);

struct Shared {
    engine: Arc<Engine>,
    simulated: Arc<dyn SimulatedChains>,
    lockout: Lockout,
    quotes: Quotes,
    pings: Pings,
    images: Images,
    trusted_proxies: Arc<[IpNet]>,
}

impl CryptoState {
    /// Of an engine, whoever simulates chains, and the proxies that are believed about `X-Forwarded-For`.
    pub fn new(
        engine: Arc<Engine>,
        simulated: Arc<dyn SimulatedChains>,
        trusted_proxies: impl Into<Arc<[IpNet]>>,
    ) -> CryptoState {
        CryptoState(Arc::new(Shared {
            engine,
            simulated,
            lockout: Lockout::default(),
            quotes: Quotes::default(),
            pings: Pings::default(),
            images: Images::new(),
            trusted_proxies: trusted_proxies.into(),
        }))
    }

    /// Who draws how many images.
    pub(super) fn images(&self) -> &Images {
        &self.0.images
    }

    /// Where a request came from.
    pub(super) fn address(&self, parts: &Parts) -> IpAddr {
        let peer = parts.extensions.get().map(|ConnectInfo(peer): &ConnectInfo<SocketAddr>| peer.ip());
        caller_address(peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), &parts.headers, &self.0.trusted_proxies)
    }

    pub(super) fn engine(&self) -> &Arc<Engine> {
        &self.0.engine
    }

    pub(super) fn simulated(&self) -> &dyn SimulatedChains {
        self.0.simulated.as_ref()
    }

    pub(super) fn lockout(&self) -> &Lockout {
        &self.0.lockout
    }

    pub(super) fn quotes(&self) -> &Quotes {
        &self.0.quotes
    }

    pub(super) fn pings(&self) -> &Pings {
        &self.0.pings
    }

    pub(super) fn viewer(&self, caller: &Caller, profile: Profile) -> Viewer {
        Viewer::new(self.0.engine.clone(), profile, caller.settings.status_countdown)
    }
}

/// Everything of this dialect at its path. Paths are taken with and without the last slash, since a redirect would lose a body.
///
/// Further prefixes are taken as they are: the configuration has looked that they are nobody else's.
pub fn router(state: CryptoState, extra_prefixes: &BTreeMap<String, Profile>) -> Router {
    let mut router = Router::new();
    for (prefix, profile) in extra_prefixes {
        let (call, unknown) = match profile {
            Profile::A => (any(call_a), any(unknown_a)),
            Profile::B => (any(call_b), any(unknown_b)),
        };
        router = router
            .route(&format!("{prefix}/{{action}}"), call.clone())
            .route(&format!("{prefix}/{{action}}/"), call)
            .route(&format!("{prefix}/"), unknown);
    }
    router
        .route("/v2/{action}", any(call_a))
        .route("/v2/{action}/", any(call_a))
        .route("/v2/", any(unknown_a))
        .route("/pay/v2/{action}", any(call_b))
        .route("/pay/v2/{action}/", any(call_b))
        .route("/pay/v2/", any(unknown_b))
        .layer(middleware::from_fn(gzip::press))
        .route("/pay/{access_token}", get(page::show))
        .route("/pay/{access_token}/status", get(page::live))
        .route("/api/qr", get(qr::image))
        .route("/api/qr/", get(qr::image))
        .route("/static/coins/{file}", get(icons::icon))
        .route("/sandbox/wallet", get_post(sandbox::wallet, sandbox::act))
        .route("/sandbox/api/{operation}", post(sandbox::call))
        .with_state(state)
}

async fn call_a(State(state): State<CryptoState>, Path(action): Path<String>, request: Request<Body>) -> Response {
    call(&state, &action, request, Profile::A).await
}

async fn call_b(State(state): State<CryptoState>, Path(action): Path<String>, request: Request<Body>) -> Response {
    call(&state, &action, request, Profile::B).await
}

async fn unknown_a() -> Response {
    Problem::unknown_endpoint().response(Profile::A)
}

async fn unknown_b() -> Response {
    Problem::unknown_endpoint().response(Profile::B)
}

/// What may be called.
#[derive(Clone, Copy)]
enum Action {
    GetRate,
    GetRates,
    StartPayment,
    CheckPayment,
    CancelPayment,
    AcceptPayment,
    RefundPayment,
    GetCurrencyList,
    GetTransactions,
    Ping,
    RequestKyc,
    GetWalletApps,
}

const ACTIONS: [(&str, Action); 12] = [
    ("GetRate", Action::GetRate),
    ("GetRates", Action::GetRates),
    ("StartPayment", Action::StartPayment),
    ("CheckPayment", Action::CheckPayment),
    ("CancelPayment", Action::CancelPayment),
    ("AcceptPayment", Action::AcceptPayment),
    ("RefundPayment", Action::RefundPayment),
    ("GetCurrencyList", Action::GetCurrencyList),
    ("GetTransactions", Action::GetTransactions),
    ("Ping", Action::Ping),
    ("RequestKyc", Action::RequestKyc),
    ("GetWalletApps", Action::GetWalletApps),
];

/// Route, login, parameters, object, state: in this order (section 3).
async fn call(state: &CryptoState, action: &str, request: Request<Body>, profile: Profile) -> Response {
    let (parts, body) = request.into_parts();
    match obey(state, action, &parts, body, profile).await {
        Ok(response) => response,
        Err(problem) => problem.response(profile),
    }
}

async fn obey(
    state: &CryptoState,
    action: &str,
    parts: &Parts,
    body: Body,
    profile: Profile,
) -> Result<Response, Problem> {
    let known = ACTIONS.iter().find(|(name, _)| *name == action).map(|(_, action)| *action);
    let action = known.ok_or_else(Problem::unknown_endpoint)?;
    if parts.method != Method::GET && parts.method != Method::POST {
        return Err(Problem::method_not_allowed());
    }
    let caller = &admit(state.engine(), state.lockout(), &parts.headers)?;
    let params = &Params::read(parts, body).await?;
    let headers = &parts.headers;
    match action {
        Action::GetRate => quote::get_rate(state, caller, params, profile).await,
        Action::GetRates => quote::get_rates(state, caller, params, profile).await,
        Action::StartPayment => start::start(state, caller, params, headers, profile).await,
        Action::CheckPayment => orders::check(state, caller, params, profile).await,
        Action::CancelPayment => orders::cancel(state, caller, params, headers).await,
        Action::AcceptPayment => orders::accept(state, caller, params, headers, profile).await,
        Action::RefundPayment => orders::refund(state, caller, params, headers).await,
        Action::GetCurrencyList => currencies::list(state, caller, params).await,
        Action::GetTransactions => orders::list(state, caller, parts, params, profile).await,
        Action::Ping => ping::ping(state, caller, params).await,
        Action::RequestKyc => Err(Problem::kyc()),
        Action::GetWalletApps => Ok(answer(&json!([]))),
    }
}
