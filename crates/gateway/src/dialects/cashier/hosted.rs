//! The payer's side of a hosted deposit (contract, section 13): the page to choose on, what becomes of the form, cancelling, and
//! what the page's script asks. One page makes one attempt at most: the hidden nonce says which drawing of the page it is. It
//! holds the number of operations made by then, so an old page cannot make a second attempt.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use florin_engine::directory::{Directory, Merchant};
use florin_engine::vault::OnFile;
use florin_engine::{Engine, NextAttempt, Owner, SubmitError};
use florin_kernel::payment::{Circumstances, Command, Payment, Retry, State as Stands};
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;
use florin_kernel::{Coin, Timestamp};
use jiff::civil::Date;

use super::answer;
use super::list::utc_day;
use super::payer::{Asked, Visited, Visitor};
use super::state::CashierState;
use crate::dialects::caller::is_in;
use crate::pages::back::{self, Standing};
use crate::pages::card::Submitted;
use crate::pages::frame::Seat;
use crate::pages::look::Look;
use crate::pages::polled::Polled;
use crate::pages::receipt::{self, Refusal};
use crate::pages::step::page as step_page;
use crate::pages::{notice, see_other};

pub(super) mod coins;
mod form;
pub(super) mod offers;
mod view;

use offers::Offer;
use view::Shown;

/// What nonces of the page are made for.
const NONCE: &str = "cashier form";

/// A request of a payer for a payment.
pub(super) struct Visit<'a> {
    state: &'a CashierState,
    payment: Payment,
    visitor: Visitor,
    now: Timestamp,
}

/// A visit while there is something to choose.
struct Session<'a> {
    engine: &'a Engine,
    directory: Arc<Directory>,
    payment: &'a Payment,
    look: Look,
    offers: Vec<Offer>,
    /// Coins beside them.
    coins: Vec<Coin>,
    now: Timestamp,
    today: Date,
}

impl Session<'_> {
    fn merchant(&self) -> Option<&Merchant> {
        self.directory.merchant(self.payment.merchant).map(AsRef::as_ref)
    }
}

impl<'a> Visit<'a> {
    pub(super) fn of(state: &'a CashierState, payment: Payment, visitor: Visitor) -> Visit<'a> {
        let now = state.engine().now(Lane::of(payment.merchant, payment.mode));
        Visit { state, payment, visitor, now }
    }

    pub(super) async fn answer(self, asked: Asked) -> Response {
        let visited = match asked {
            Asked::Page => self.show().await,
            Asked::Pay(form) => self.pay(&form).await,
            Asked::Cancel(form) => self.cancel(&form).await,
            Asked::Status => Ok(self.poll().into_response()),
        };
        visited.unwrap_or_else(|page| *page)
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
            return Ok(receipt::page(engine, payment, &self.visitor.headers).await);
        }
        if payment.state == Stands::Created {
            return Ok(self.session()?.draw(StatusCode::OK, Shown::default()));
        }
        match payment.payer_step() {
            Some((seq, step)) => {
                let url = answer::page(engine, payment, seq, step);
                Ok(step_page(engine, payment, &self.visitor.headers, url, step.kind))
            }
            None => Ok(receipt::page(engine, payment, &self.visitor.headers).await),
        }
    }

    /// What there is to choose, while there is something.
    fn session(&self) -> Visited<Session<'_>> {
        let (engine, payment) = (self.engine(), &self.payment);
        let directory = engine.directory();
        let merchant = directory.merchant(payment.merchant);
        let page = |refusal| Box::new(receipt::refusal(engine, payment, &self.visitor.headers, refusal));
        if merchant.is_some_and(|merchant| is_in(&merchant.blocked_payers, self.visitor.address)) {
            return Err(page(Refusal::Blocked));
        }
        if self.is_over() {
            return Err(Box::new(receipt::expired(engine, payment, &self.visitor.headers)));
        }
        let coins = coins::offered(engine, payment);
        let offers = match offers::offers(engine, payment, payment.asked) {
            Ok(offers) => offers,
            Err(_) if !coins.is_empty() => Vec::new(),
            Err(_) => return Err(page(Refusal::NothingOffered)),
        };
        let look = Look::of(engine, payment, &self.visitor.headers);
        Ok(Session { engine, directory, payment, look, offers, coins, now: self.now, today: utc_day(self.now) })
    }

    async fn pay(self, submitted: &Submitted) -> Visited<Response> {
        let engine = self.engine();
        let Some(drawn) = self.nonce(submitted) else { return self.redraw_or_go_on() };
        if self.payment.state != Stands::Created || usize::from(drawn) != self.payment.operations.len() {
            return self.again(drawn).await;
        }
        let session = self.session()?;
        if let Some(coin) = coins::named(&session, submitted) {
            return self.pay_in_coins(&session, coin, submitted).await;
        }
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
            on_file: OnFile::Not,
            voucher: chosen.voucher,
            brand: String::new(),
            circumstances: Circumstances::default(),
            address: Some(self.visitor.address),
        };
        match engine.attempt(Owner::of(&self.payment), self.payment.id, next).await {
            Ok(payment) => Ok(self.go_on(&payment)),
            Err(error) => Ok(self.not_obeyed(error)),
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

    fn not_obeyed(&self, error: SubmitError) -> Response {
        match error {
            // Somebody else was faster, or the last second passed: the page says where it stands.
            SubmitError::Refused(_)
            | SubmitError::WithdrawalRefused(_)
            | SubmitError::Taken(_)
            | SubmitError::BalanceInsufficient => see_other(&back::own_page(self.engine(), &self.payment)),
            // It may be one that is paid with coins by now: the page knows.
            SubmitError::NotFound => see_other(&back::own_page(self.engine(), &self.payment)),
            error @ (SubmitError::Store(_) | SubmitError::Draining) => {
                tracing::warn!(%error, "a payer's form waits");
                notice::unavailable()
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
            Err(error) => Ok(self.not_obeyed(error)),
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
        let url = match payment.payer_step() {
            Some((seq, step)) => answer::page(engine, payment, seq, step),
            None => back::url(engine, payment, Seat::of(&self.visitor.headers)),
        };
        see_other(&url)
    }

    fn poll(&self) -> Polled {
        let payment = &self.payment;
        let left = match payment.retry {
            Retry::Session { until, .. } => until.duration_since(self.now).as_secs().max(0),
            Retry::Never => 0,
        };
        Polled::new(Standing::of(payment), Some(left), || back::url(self.engine(), payment, Seat::Window))
    }
}

/// A nonce for a payment as it stands.
fn new_nonce(engine: &Engine, payment: &Payment) -> String {
    let sequence = u16::try_from(payment.operations.len()).unwrap_or(u16::MAX);
    engine.page_token(NONCE, Reference { payment: payment.id, sequence })
}
