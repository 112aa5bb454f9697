//! A payer's browser at a checkout: the script for the shop's page, the frame, the page, the form. No login: the id, which cannot
//! be guessed, is the key. `GET` never moves money.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::ACCEPT;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use florin_kernel::payment::{Payment, Retry, Word};
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;
use florin_kernel::routing::Method;
use florin_kernel::{Timestamp, payment};

use super::super::errors::Problem;
use super::super::redirect::REDIRECT_PAGE;
use super::super::stamp::Envelope;
use super::super::state::V3State;
use super::super::wire;
use super::choice::Shown;
use super::offers::Offer;
use super::view::{FrameOptions, Session};
use super::{Checkout, Standing, kept, offers, read_id, script, stored};
use crate::dialects::caller::{caller_address, is_in};
use crate::pages::back::{self, Standing as Told};
use crate::pages::frame::Seat;
use crate::pages::look::Look;
use crate::pages::polled::Polled;
use crate::pages::receipt::{self, Refusal};
use crate::pages::{notice, see_other, step};

mod attempt;

/// What a payer's browser asks of a checkout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit<'p> {
    /// The script, by a checkout's own address.
    Script(&'p str),
    /// The script, for whatever checkout the address names.
    AnyScript,
    /// The page in a frame of the shop's page.
    Frame(&'p str),
    /// The page in a window of its own.
    Page(&'p str),
    /// Whether it is decided.
    Poll(&'p str),
    /// What its form says.
    Pay(&'p str),
}

/// Answers a payer's browser.
///
/// # Errors
/// [`Problem`], to programs only.
pub async fn visit(
    state: &V3State,
    visit: Visit<'_>,
    parts: &Parts,
    body: Body,
    envelope: &mut Envelope,
) -> Result<Response, Problem> {
    match visit {
        Visit::AnyScript => Ok(script::response()),
        Visit::Script(id) => Ok(match find(state, id).await? {
            Some(_) => script::response(),
            None => {
                let mut response = Problem::NoSession.response(envelope);
                *response.status_mut() = StatusCode::NOT_FOUND;
                response
            }
        }),
        Visit::Frame(id) => Ok(show(state, id, parts, Seat::Frame).await),
        Visit::Page(id) => Ok(show(state, id, parts, Seat::Window).await),
        Visit::Poll(id) => {
            let (payment, _) = find(state, id).await?.ok_or(Problem::NoSession)?;
            Ok(Visitor::new(state, payment, parts, Seat::Window).poll().into_response())
        }
        Visit::Pay(id) => {
            let reader = Audience::of(&parts.headers);
            let paid = attempt::pay(state, id, parts, body, reader).await;
            match (paid, reader) {
                (Ok(response), _) => Ok(response),
                (Err(problem), Audience::Program { .. }) => Err(problem),
                (Err(Problem::Busy), Audience::Person) => Ok(notice::unavailable()),
                (Err(Problem::NoSession), Audience::Person) => Ok(notice::not_found()),
                (Err(problem), Audience::Person) => Err(problem),
            }
        }
    }
}

/// Who reads the answer to a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audience {
    /// A person, in a browser.
    Person,
    /// A program; one that asks for JSON is told where to go instead of being sent there.
    Program { asks: Asks },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    Json,
    Anything,
}

impl Audience {
    fn of(headers: &HeaderMap) -> Audience {
        let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        match (accept.contains("application/json"), accept.contains("text/html")) {
            (true, _) => Audience::Program { asks: Asks::Json },
            (false, true) => Audience::Person,
            (false, false) => Audience::Program { asks: Asks::Anything },
        }
    }

    fn sent_to(self, url: &str) -> Response {
        match self {
            Audience::Person | Audience::Program { asks: Asks::Anything } => see_other(url),
            Audience::Program { asks: Asks::Json } => {
                wire::response(StatusCode::OK, serde_json::json!({ "location": url }).to_string())
            }
        }
    }
}

/// The payment of a checkout's id, whosever it is.
async fn find(state: &V3State, id: &str) -> Result<Option<(Payment, Checkout)>, Problem> {
    let Some(id) = read_id(&state.engine, id) else { return Ok(None) };
    let stored = state.engine.store().transaction(id).await?;
    let payment = stored.and_then(|stored| stored.transaction.payment());
    Ok(payment.and_then(|payment| kept(&payment).map(|(_, checkout)| (payment, checkout))))
}

async fn show(state: &V3State, id: &str, parts: &Parts, seat: Seat) -> Response {
    match find(state, id).await {
        Ok(Some((payment, _))) => Visitor::new(state, payment, parts, seat).show().await,
        Ok(None) => super::view::unknown(&FrameOptions::of(parts), seat),
        Err(problem) => {
            tracing::warn!(?problem, "a checkout's page waits");
            notice::unavailable()
        }
    }
}

/// A payer at a checkout.
struct Visitor<'a> {
    state: &'a V3State,
    /// As the shop's page wants it to look.
    payment: Payment,
    options: FrameOptions,
    headers: &'a HeaderMap,
    address: IpAddr,
    seat: Seat,
    now: Timestamp,
}

impl<'a> Visitor<'a> {
    fn new(state: &'a V3State, payment: Payment, parts: &'a Parts, seat: Seat) -> Visitor<'a> {
        let peer = parts.extensions.get().map(|ConnectInfo(peer): &ConnectInfo<SocketAddr>| peer.ip());
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let address = caller_address(peer, &parts.headers, &state.trusted_proxies);
        let now = state.engine.now(Lane::of(payment.merchant, payment.mode));
        let options = FrameOptions::of(parts);
        let payment = options.dressed(payment, seat);
        Visitor { state, payment, options, headers: &parts.headers, address, seat, now }
    }

    async fn show(self) -> Response {
        let (engine, payment) = (&self.state.engine, &self.payment);
        match Standing::of(payment, self.now) {
            Standing::Open => match self.session().await {
                Ok(session) => session.draw(StatusCode::OK, Shown::default()),
                Err(page) => *page,
            },
            Standing::Gone => self.gone(),
            Standing::UnderWay | Standing::Ended => match payment.payer_step() {
                Some((seq, waiting)) => {
                    let url = self.step_url(seq);
                    step::page(engine, payment, self.headers, url, waiting.kind)
                }
                None => receipt::page(engine, payment, self.headers).await,
            },
        }
    }

    /// Nothing was tried and nothing can be.
    fn gone(&self) -> Response {
        let (engine, payment) = (&self.state.engine, &self.payment);
        let mut look = Look::of(engine, payment, self.headers);
        look.told.next = "invalid";
        let closed = payment.word() == Word::Cancelled;
        let word = if closed { Word::Cancelled } else { Word::Expired };
        receipt::over(engine, payment, &look, word)
    }

    /// What there is to choose, while there is something.
    async fn session(&self) -> Result<Session<'_>, Box<Response>> {
        let (engine, payment) = (&self.state.engine, &self.payment);
        let page = |refusal| Box::new(receipt::refusal(engine, payment, self.headers, refusal));
        if self.is_blocked() {
            return Err(page(Refusal::Blocked));
        }
        let mut offers = offers::offers(engine, payment, &self.options.brands);
        if offers::check(engine, payment, Method::Card).is_ok() {
            let stored = stored::offered(self.state, payment, &self.options.brands).await;
            let stored = stored.map_err(|problem| {
                tracing::warn!(?problem, "a checkout's page waits");
                Box::new(notice::unavailable())
            })?;
            offers.splice(..0, stored.into_iter().map(|(id, stored)| Offer::Stored(id, Box::new(stored))));
        }
        if offers.is_empty() {
            return Err(page(Refusal::NothingOffered));
        }
        let look = Look::of(engine, payment, self.headers);
        let until = match payment.retry {
            Retry::Session { until, .. } => until,
            Retry::Never => self.now,
        };
        let (options, seat, now) = (&self.options, self.seat, self.now);
        let (nonce, place) = (self.new_nonce(), self.place());
        Ok(Session { payment, options, seat, look, offers, now, until, nonce, place })
    }

    fn is_blocked(&self) -> bool {
        let directory = self.state.engine.directory();
        directory.merchant(self.payment.merchant).is_some_and(|merchant| is_in(&merchant.blocked_payers, self.address))
    }

    /// Where the checkout's own addresses begin.
    fn place(&self) -> String {
        let path = back::status_path(&self.state.engine, &self.payment);
        path.trim_end_matches("/page/status").to_owned()
    }

    fn step_url(&self, seq: payment::Seq) -> String {
        let mount = kept(&self.payment).map(|(document, _)| document.mount().path()).unwrap_or_default();
        let reference = Reference { payment: self.payment.id, sequence: seq.number() };
        let token = self.state.engine.page_token(REDIRECT_PAGE, reference);
        format!("{}{mount}/redirect/{token}", self.state.engine.public_url())
    }

    fn new_nonce(&self) -> String {
        let sequence = u16::try_from(self.payment.operations.len()).unwrap_or(u16::MAX);
        self.state.engine.page_token(&self.nonce_purpose(), Reference { payment: self.payment.id, sequence })
    }

    /// A page that was drawn for another amount pays nothing.
    fn nonce_purpose(&self) -> String {
        let asked = self.payment.asked;
        format!("v3 checkout form {} {}", asked.minor(), asked.asset().code())
    }

    fn poll(&self) -> Polled {
        let payment = &self.payment;
        let left = match payment.retry {
            Retry::Session { until, .. } => until.duration_since(self.now).as_secs().max(0),
            Retry::Never => 0,
        };
        Polled::new(Told::of(payment), Some(left), || back::url(&self.state.engine, payment, Seat::Window))
    }
}
