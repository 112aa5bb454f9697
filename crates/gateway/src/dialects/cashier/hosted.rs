//! The payer's side of a hosted deposit (contract, section 13): the page to choose on, what becomes of the form, cancelling, and
//! what the page's script asks. `GET` never moves money; one page makes one attempt at most.
//!
//! No cookie is needed: the token in the address says which payment, the hidden nonce says which drawing of its page. The nonce
//! holds the number of operations made when the page was drawn, so an old page cannot make a second attempt.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header, request};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use florin_engine::directory::{Directory, Merchant};
use florin_engine::{Engine, NextAttempt, Owner, SubmitError};
use florin_kernel::Timestamp;
use florin_kernel::payment::{Command, Payment, Retry, State as Stands};
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;
use jiff::civil::Date;

use super::answer;
use super::auth::{caller_address, is_in};
use super::errors::Problem;
use super::list::utc_day;
use super::routes::CONTENT_TYPE_JSON;
use super::settings::Statuses;
use super::state::{CashierState, read_body};
use super::status::status;
use crate::pages::back::{self, CASHIER_PAGE, RECEIPT_PAGE};
use crate::pages::card::Submitted;
use crate::pages::frame::Seat;
use crate::pages::look::Look;
use crate::pages::receipt::{self, Refusal};
use crate::pages::{notice, see_other, withdrawal};

mod form;
pub(super) mod offers;
mod view;

use offers::Offer;
use view::Shown;

/// What nonces of the page are made for.
const NONCE: &str = "cashier form";
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

/// The error of a visit is a page, too.
type Visited<T> = Result<T, Box<Response>>;

fn answer(visited: Visited<Response>) -> Response {
    visited.unwrap_or_else(|response| *response)
}

/// A request of a payer for a payment.
struct Visit<'a> {
    state: &'a CashierState,
    payment: Payment,
    headers: HeaderMap,
    /// Where the browser comes from.
    address: IpAddr,
    now: Timestamp,
}

/// A visit while there is something to choose.
struct Session<'a> {
    engine: &'a Engine,
    directory: Arc<Directory>,
    payment: &'a Payment,
    look: Look,
    offers: Vec<Offer>,
    now: Timestamp,
    today: Date,
}

impl Session<'_> {
    fn merchant(&self) -> Option<&Merchant> {
        self.directory.merchant(self.payment.merchant).map(AsRef::as_ref)
    }
}

async fn show(State(state): State<CashierState>, Path(token): Path<String>, request: Request) -> Response {
    if withdrawal::owns(state.engine(), &token) {
        return withdrawal::show(state.engine(), &token).await;
    }
    answer(async { Visit::find(&state, &token, request.into_parts().0).await?.show().await }.await)
}

async fn pay(State(state): State<CashierState>, Path(token): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let read = read_body(&parts, body).await;
    answer(
        async {
            let body = read.map_err(|problem| Box::new(problem.into_response()))?;
            if withdrawal::owns(state.engine(), &token) {
                return Ok(withdrawal::pay(state.engine(), &token, &body).await);
            }
            let visit = Visit::find(&state, &token, parts).await?;
            visit.pay(&Submitted::read(&body)).await
        }
        .await,
    )
}

async fn cancel(State(state): State<CashierState>, Path(token): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let read = read_body(&parts, body).await;
    answer(
        async {
            let body = read.map_err(|problem| Box::new(problem.into_response()))?;
            if withdrawal::owns(state.engine(), &token) {
                return Ok(withdrawal::cancel(state.engine(), &token, &body).await);
            }
            let visit = Visit::find(&state, &token, parts).await?;
            visit.cancel(&Submitted::read(&body)).await
        }
        .await,
    )
}

/// `{"transaction_status":"pending","expires_in":1740}`; once final with `return_url`.
async fn poll(State(state): State<CashierState>, Path(token): Path<String>, request: Request) -> Response {
    if withdrawal::owns(state.engine(), &token) {
        return withdrawal::status(state.engine(), &token).await;
    }
    match Visit::find(&state, &token, request.into_parts().0).await {
        Ok(visit) => visit.poll(),
        Err(_) => Problem::NotFound.into_response(),
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

impl<'a> Visit<'a> {
    async fn find(state: &'a CashierState, token: &str, parts: request::Parts) -> Visited<Visit<'a>> {
        let engine = state.engine();
        let reference = engine.read_page_token(CASHIER_PAGE, token).or(engine.read_page_token(RECEIPT_PAGE, token));
        let reference = reference.ok_or_else(|| Box::new(notice::not_found()))?;
        let payment =
            match engine.store().transaction(reference.payment).await.map(|stored| stored?.transaction.payment()) {
                Ok(Some(payment)) => payment,
                Ok(None) => return Err(Box::new(notice::not_found())),
                Err(error) => {
                    tracing::warn!(%error, "a payer's page waits");
                    return Err(Box::new(notice::unavailable()));
                }
            };
        let peer = parts.extensions.get().map(|ConnectInfo(peer): &ConnectInfo<SocketAddr>| peer.ip());
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let address = caller_address(peer, &parts.headers, state.trusted_proxies());
        let now = engine.now(Lane::of(payment.merchant, payment.mode));
        Ok(Visit { state, payment, headers: parts.headers, address, now })
    }

    fn engine(&self) -> &'a Arc<Engine> {
        self.state.engine()
    }

    fn is_over(&self) -> bool {
        match self.payment.retry {
            Retry::Session { until, .. } => until <= self.now,
            Retry::Never => true,
        }
    }

    async fn show(self) -> Visited<Response> {
        let (engine, payment) = (self.engine(), &self.payment);
        if payment.details.hosted.is_none() {
            return Ok(receipt::page(engine, payment, &self.headers).await);
        }
        if payment.state == Stands::Created {
            return Ok(self.session()?.draw(StatusCode::OK, Shown::default()));
        }
        match answer::payer_step(payment) {
            Some((seq, step)) => {
                let url = answer::page(engine, payment, seq, step);
                Ok(view::step(engine, payment, &self.headers, url, step.kind))
            }
            None => Ok(receipt::page(engine, payment, &self.headers).await),
        }
    }

    /// What there is to choose, while there is something.
    fn session(&self) -> Visited<Session<'_>> {
        let (engine, payment) = (self.engine(), &self.payment);
        let directory = engine.directory();
        let merchant = directory.merchant(payment.merchant);
        let page = |refusal| Box::new(receipt::refusal(engine, payment, &self.headers, refusal));
        if merchant.is_some_and(|merchant| is_in(&merchant.blocked_payers, self.address)) {
            return Err(page(Refusal::Blocked));
        }
        if self.is_over() {
            return Err(Box::new(receipt::expired(engine, payment, &self.headers)));
        }
        let offers = offers::offers(engine, payment, payment.asked).map_err(|_| page(Refusal::NothingOffered))?;
        let look = Look::of(engine, payment, &self.headers);
        Ok(Session { engine, directory, payment, look, offers, now: self.now, today: utc_day(self.now) })
    }

    async fn pay(self, submitted: &Submitted) -> Visited<Response> {
        let engine = self.engine();
        let Some(drawn) = self.nonce(submitted) else { return self.redraw_or_go_on() };
        if self.payment.state != Stands::Created || usize::from(drawn) != self.payment.operations.len() {
            return self.again(drawn).await;
        }
        let session = self.session()?;
        let chosen = match form::read(&session, submitted) {
            Ok(chosen) => chosen,
            Err(shown) => return Ok(session.draw(StatusCode::UNPROCESSABLE_ENTITY, *shown)),
        };
        let next = NextAttempt {
            after: usize::from(drawn),
            method: chosen.offer.method,
            candidate: chosen.offer.candidate,
            amount: chosen.amount,
            card: chosen.card,
            voucher: chosen.voucher,
            address: Some(self.address),
        };
        match engine.attempt(Owner::of(&self.payment), self.payment.id, next).await {
            Ok(payment) => Ok(self.go_on(&payment)),
            // Somebody else was faster, or the last second passed: the page says where it stands.
            Err(
                SubmitError::Refused(_)
                | SubmitError::WithdrawalRefused(_)
                | SubmitError::Taken(_)
                | SubmitError::BalanceInsufficient,
            ) => Ok(see_other(&back::own_page(engine, &self.payment))),
            Err(SubmitError::NotFound) => Ok(notice::not_found()),
            Err(error @ (SubmitError::Store(_) | SubmitError::Draining)) => {
                tracing::warn!(%error, "a payer's form waits");
                Ok(notice::unavailable())
            }
        }
    }

    /// The form was sent before: the same place again, and nothing is done. A first copy that is still running is waited for.
    async fn again(self, drawn: u16) -> Visited<Response> {
        let settled = self.engine().settled(self.payment.id, usize::from(drawn)).await;
        match settled {
            Ok(payment) => Ok(self.go_on(&payment)),
            Err(error) => {
                tracing::warn!(%error, "a payer's form waits");
                Ok(notice::unavailable())
            }
        }
    }

    async fn cancel(self, submitted: &Submitted) -> Visited<Response> {
        let engine = self.engine();
        if self.nonce(submitted).is_none() {
            return self.redraw_or_go_on();
        }
        // What its time has ended is expired, not cancelled.
        let command = if self.is_over() { Command::Wake } else { Command::Cancel };
        if self.payment.state != Stands::Created {
            return Ok(self.go_on(&self.payment));
        }
        match engine.submit(Owner::of(&self.payment), self.payment.id, command).await {
            Ok(payment) => Ok(self.go_on(&payment)),
            Err(
                SubmitError::Refused(_)
                | SubmitError::WithdrawalRefused(_)
                | SubmitError::Taken(_)
                | SubmitError::BalanceInsufficient,
            ) => Ok(see_other(&back::own_page(engine, &self.payment))),
            Err(SubmitError::NotFound) => Ok(notice::not_found()),
            Err(SubmitError::Store(_) | SubmitError::Draining) => Ok(notice::unavailable()),
        }
    }

    /// How many operations there were when the page was drawn; `None` for a nonce that is not this payment's.
    fn nonce(&self, submitted: &Submitted) -> Option<u16> {
        let reference = self.engine().read_page_token(NONCE, submitted.field("nonce"))?;
        (reference.payment == self.payment.id).then_some(reference.sequence)
    }

    fn redraw_or_go_on(&self) -> Visited<Response> {
        if self.payment.state != Stands::Created {
            return Ok(self.go_on(&self.payment));
        }
        let session = self.session()?;
        let shown = Shown { problem: Some(session.look.words.out_of_date), ..Shown::default() };
        Ok(session.draw(StatusCode::UNPROCESSABLE_ENTITY, shown))
    }

    /// Where the payer goes as things stand: a provider's step, our page again, or the shop.
    fn go_on(&self, payment: &Payment) -> Response {
        let engine = self.engine();
        let url = match answer::payer_step(payment) {
            Some((seq, step)) => answer::page(engine, payment, seq, step),
            None => back::url(engine, payment, Seat::of(&self.headers)),
        };
        see_other(&url)
    }

    fn poll(&self) -> Response {
        #[derive(serde::Serialize)]
        struct Body {
            transaction_status: &'static str,
            expires_in: i64,
            #[serde(skip_serializing_if = "Option::is_none")]
            return_url: Option<String>,
        }
        let payment = &self.payment;
        let left = match payment.retry {
            Retry::Session { until, .. } => until.duration_since(self.now).as_secs().max(0),
            Retry::Never => 0,
        };
        let transaction_status = status(payment.word(), Statuses::Basic);
        let is_final = transaction_status != "pending";
        let body = Body {
            transaction_status,
            expires_in: if is_final { 0 } else { left },
            return_url: is_final.then(|| back::url(self.engine(), payment, Seat::Window)),
        };
        let body = serde_json::to_string(&body).expect("an answer has string keys and plain values only");
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE_JSON)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (headers, body).into_response()
    }
}

/// A nonce for a payment as it stands.
fn new_nonce(engine: &Engine, payment: &Payment) -> String {
    let sequence = u16::try_from(payment.operations.len()).unwrap_or(u16::MAX);
    engine.page_token(NONCE, Reference { payment: payment.id, sequence })
}
