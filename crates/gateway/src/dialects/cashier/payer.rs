//! The payer's paths (contract, section 13): which page a token names, and what is asked of it. `GET` never moves money.
//!
//! No cookie is needed: the token in the address says which payment or withdrawal, and is computed from it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::Router;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{HeaderMap, header, request};
use axum::response::{IntoResponse, Response};
use florin_engine::Engine;
use florin_kernel::Transaction;

use super::errors::Problem;
use super::hosted;
use super::state::{CashierState, read_body};
use super::withdrawal::page as withdrawal;
use crate::dialects::caller::caller_address;
use crate::erased::{get, post};
use crate::pages::back::{CASHIER_PAGE, RECEIPT_PAGE, WITHDRAWAL_PAGE};
use crate::pages::card::Submitted;
use crate::pages::notice;

/// The script that puts the page into a merchant's page.
const SCRIPT: &str = include_str!("../../../static/cashier.js");

/// The payer's paths.
pub(super) fn router() -> Router<CashierState> {
    Router::new()
        .route("/cashier/{token}", get(show))
        .route("/cashier/{token}/pay", post(pay))
        .route("/cashier/{token}/cancel", post(cancel))
        .route("/cashier/{token}/status", get(poll))
        .route("/cashier.js", get(script))
}

/// What is asked of a page.
pub(super) enum Asked {
    /// To be drawn as things stand.
    Page,
    /// To do what its form says.
    Pay(Submitted),
    /// To give up.
    Cancel(Submitted),
    /// Where it stands, for its script.
    Status,
}

/// The error of a visit is a page, too.
pub(super) type Visited<T> = Result<T, Box<Response>>;

/// Who comes to a page.
pub(super) struct Visitor {
    pub(super) headers: HeaderMap,
    /// Where the browser comes from.
    pub(super) address: IpAddr,
}

/// Why a token leads nowhere.
enum Astray {
    /// It names nothing.
    NotFound,
    /// The store cannot answer.
    Busy,
}

async fn show(State(state): State<CashierState>, Path(token): Path<String>, request: Request) -> Response {
    visit(&state, &token, request.into_parts().0, Asked::Page).await
}

async fn poll(State(state): State<CashierState>, Path(token): Path<String>, request: Request) -> Response {
    visit(&state, &token, request.into_parts().0, Asked::Status).await
}

async fn pay(State(state): State<CashierState>, Path(token): Path<String>, request: Request) -> Response {
    submit(&state, &token, request, Asked::Pay).await
}

async fn cancel(State(state): State<CashierState>, Path(token): Path<String>, request: Request) -> Response {
    submit(&state, &token, request, Asked::Cancel).await
}

async fn submit(state: &CashierState, token: &str, request: Request, asked: fn(Submitted) -> Asked) -> Response {
    let (parts, body) = request.into_parts();
    match read_body(&parts, body).await {
        Ok(body) => visit(state, token, parts, asked(Submitted::read(&body))).await,
        Err(problem) => problem.into_response(),
    }
}

async fn visit(state: &CashierState, token: &str, parts: request::Parts, asked: Asked) -> Response {
    let visitor = Visitor::of(state, parts);
    match find(state.engine(), token).await {
        Ok(Transaction::Payment(payment)) => hosted::Visit::of(state, payment, visitor).answer(asked).await,
        Ok(Transaction::Withdrawal(found)) => withdrawal::Visit::of(state, *found, visitor).answer(asked).await,
        Ok(Transaction::Coin(payment)) => hosted::coins::answer(state.engine(), &payment, &asked),
        Err(astray) => astray.answer(&asked),
    }
}

async fn find(engine: &Engine, token: &str) -> Result<Transaction, Astray> {
    let pages = [CASHIER_PAGE, RECEIPT_PAGE, WITHDRAWAL_PAGE];
    let reference = pages.into_iter().find_map(|page| engine.read_page_token(page, token)).ok_or(Astray::NotFound)?;
    match engine.store().transaction(reference.payment).await {
        Ok(stored) => stored.map(|stored| stored.transaction).ok_or(Astray::NotFound),
        Err(error) => {
            tracing::warn!(%error, "a payer's page waits");
            Err(Astray::Busy)
        }
    }
}

impl Visitor {
    fn of(state: &CashierState, parts: request::Parts) -> Visitor {
        let peer = parts.extensions.get().map(|ConnectInfo(peer): &ConnectInfo<SocketAddr>| peer.ip());
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let address = caller_address(peer, &parts.headers, state.trusted_proxies());
        Visitor { headers: parts.headers, address }
    }
}

impl Astray {
    fn answer(self, asked: &Asked) -> Response {
        match (self, asked) {
            (Astray::NotFound, Asked::Page | Asked::Pay(_) | Asked::Cancel(_)) => notice::not_found(),
            (Astray::NotFound, Asked::Status) => Problem::NotFound.into_response(),
            (Astray::Busy, _) => notice::unavailable(),
        }
    }
}

async fn script() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, SCRIPT)
}
