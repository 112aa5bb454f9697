//! The payer's side of a session: the page to choose on, what becomes of its form, giving up, and what the page's script asks. One page
//! makes one attempt at most: the hidden nonce holds how many operations there were when it was drawn.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use florin_engine::vault::OnFile;
use florin_engine::{Engine, NextAttempt, Owner, SubmitError};
use florin_kernel::Timestamp;
use florin_kernel::payment::{Circumstances, Command, Payment, Retry, State as Stands};
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;

use super::form::{self, Form, Shown};
use super::{NONCE, SESSION, new_nonce, path};
use crate::dialects::request::read_body;
use crate::dialects::transaction_services::document::Document;
use crate::dialects::transaction_services::redirect::{first_notification, step_url};
use crate::dialects::transaction_services::state::TsState;
use crate::pages::back::{self, Standing};
use crate::pages::card::Submitted;
use crate::pages::choose::ChoosePage;
use crate::pages::frame::Seat;
use crate::pages::polled::Polled;
use crate::pages::receipt;
use crate::pages::step::page as step_page;
use crate::pages::words::fill;
use crate::pages::{decline, notice, see_other};

/// The error of a visit is a page, too.
type Visited<T> = Result<T, Box<Response>>;

/// `GET /transaction/Checkout/{session}`.
pub async fn show(State(state): State<TsState>, Path(token): Path<String>, request: Request) -> Response {
    page_of(async { Visit::read(&state, &token, request).await?.0.show().await }.await)
}

/// `POST /transaction/Checkout/{session}/pay`.
pub async fn pay(State(state): State<TsState>, Path(token): Path<String>, request: Request) -> Response {
    page_of(
        async {
            let (visit, form) = Visit::read(&state, &token, request).await?;
            visit.pay(&form).await
        }
        .await,
    )
}

/// `POST /transaction/Checkout/{session}/cancel`.
pub async fn cancel(State(state): State<TsState>, Path(token): Path<String>, request: Request) -> Response {
    page_of(
        async {
            let (visit, form) = Visit::read(&state, &token, request).await?;
            visit.cancel(&form).await
        }
        .await,
    )
}

/// `GET /transaction/Checkout/{session}/status`.
pub async fn ask(State(state): State<TsState>, Path(token): Path<String>, request: Request) -> Response {
    page_of(async { Ok(Visit::read(&state, &token, request).await?.0.poll().into_response()) }.await)
}

fn page_of(visited: Visited<Response>) -> Response {
    visited.unwrap_or_else(|page| *page)
}

/// A request of a payer.
struct Visit<'s> {
    engine: &'s Arc<Engine>,
    payment: Payment,
    document: Document,
    headers: HeaderMap,
    address: IpAddr,
    now: Timestamp,
}

/// A visit while there is something to choose.
struct Session<'v> {
    visit: &'v Visit<'v>,
    form: Form<'v>,
}

impl<'s> Visit<'s> {
    async fn read(state: &'s TsState, token: &str, request: Request) -> Visited<(Visit<'s>, Submitted)> {
        let (parts, body) = request.into_parts();
        let reference = state.engine.read_page_token(SESSION, token).ok_or_else(|| Box::new(notice::not_found()))?;
        let stored = state.engine.store().transaction(reference.payment).await;
        let payment = match stored {
            Ok(stored) => stored.and_then(|stored| stored.transaction.payment()),
            Err(error) => {
                tracing::warn!(%error, "a payer's page waits");
                return Err(Box::new(notice::unavailable()));
            }
        };
        let payment = payment.ok_or_else(|| Box::new(notice::not_found()))?;
        let document = Document::of(&payment.details).ok_or_else(|| Box::new(notice::not_found()))?;
        let bytes = read_body(&parts, body).await.unwrap_or_default();
        let now = state.engine.now(Lane::of(payment.merchant, payment.mode));
        let address = state.address(&parts);
        let visit = Visit { engine: &state.engine, payment, document, headers: parts.headers, address, now };
        Ok((visit, Submitted::read(&bytes)))
    }

    fn is_over(&self) -> bool {
        match self.payment.retry {
            Retry::Session { until, .. } => until <= self.now,
            Retry::Never => true,
        }
    }

    async fn show(self) -> Visited<Response> {
        if self.payment.state == Stands::Created {
            return Ok(self.session()?.draw(StatusCode::OK, Shown::default()));
        }
        match self.payment.payer_step() {
            Some((seq, step)) => {
                let url = step_url(self.engine, &self.payment, seq);
                Ok(step_page(self.engine, &self.payment, &self.headers, url, step.kind))
            }
            None => Ok(receipt::page(self.engine, &self.payment, &self.headers).await),
        }
    }

    /// What there is to choose, while there is something.
    fn session(&self) -> Visited<Session<'_>> {
        if self.is_over() && !self.is_blocked() {
            return Err(Box::new(receipt::expired(self.engine, &self.payment, &self.headers)));
        }
        let form = Form::of(self.engine, &self.payment, &self.document, &self.headers, self.address)?;
        Ok(Session { visit: self, form })
    }

    fn is_blocked(&self) -> bool {
        form::is_blocked(self.engine, &self.payment, self.address)
    }

    async fn pay(self, submitted: &Submitted) -> Visited<Response> {
        let Some(drawn) = self.nonce(submitted) else { return self.redraw_or_go_on() };
        if self.payment.state != Stands::Created || usize::from(drawn) != self.payment.operations.len() {
            return self.again(drawn).await;
        }
        let session = self.session()?;
        let (offer, card) = match session.form.read(submitted, self.now) {
            Ok(chosen) => chosen,
            Err(shown) => return Ok(session.draw(StatusCode::UNPROCESSABLE_ENTITY, *shown)),
        };
        let checkout = self.document.checkout.as_deref().cloned().unwrap_or_default();
        let next = NextAttempt {
            after: usize::from(drawn),
            method: offer.mode.method(),
            candidate: offer.candidate,
            amount: None,
            on_file: match &card {
                Some(_) if self.document.registered => {
                    OnFile::Keep { customer: Some(self.document.customer.clone()).filter(|id| !id.is_empty()) }
                }
                Some(_) | None => OnFile::Not,
            },
            brand: if card.is_none() { checkout.brand } else { String::new() },
            card,
            voucher: None,
            circumstances: Circumstances { authenticate: checkout.authenticate, ..Circumstances::default() },
            address: Some(self.address),
        };
        match self.engine.attempt(Owner::of(&self.payment), self.payment.id, next).await {
            Ok(payment) => {
                if payment.payer_step().is_none() && payment.state != Stands::Created {
                    first_notification(self.engine, payment.id).await;
                }
                Ok(self.go_on(&payment))
            }
            Err(error) => Ok(self.not_obeyed(error)),
        }
    }

    /// The form was sent before: the same place again, and nothing is done. A first copy that is still running is waited for.
    async fn again(self, drawn: u16) -> Visited<Response> {
        match self.engine.settled(self.payment.id, usize::from(drawn)).await {
            Ok(payment) => Ok(self.go_on(&payment)),
            Err(error) => {
                tracing::warn!(%error, "a payer's form waits");
                Ok(notice::unavailable())
            }
        }
    }

    async fn cancel(self, submitted: &Submitted) -> Visited<Response> {
        if self.nonce(submitted).is_none() {
            return self.redraw_or_go_on();
        }
        if self.payment.state != Stands::Created {
            return Ok(self.go_on(&self.payment));
        }
        // What its time has ended is expired, not cancelled.
        let command = if self.is_over() { Command::Wake } else { Command::Cancel };
        match self.engine.submit(Owner::of(&self.payment), self.payment.id, command).await {
            Ok(payment) => Ok(self.go_on(&payment)),
            Err(error) => Ok(self.not_obeyed(error)),
        }
    }

    fn not_obeyed(&self, error: SubmitError) -> Response {
        match error {
            // Somebody else was faster, or the last second passed: the page says where it stands.
            SubmitError::Refused(_)
            | SubmitError::WithdrawalRefused(_)
            | SubmitError::Taken(_)
            | SubmitError::BalanceInsufficient => see_other(&path(self.engine, self.payment.id)),
            SubmitError::NotFound => notice::not_found(),
            error @ (SubmitError::Store(_) | SubmitError::Draining) => {
                tracing::warn!(%error, "a payer's form waits");
                notice::unavailable()
            }
        }
    }

    /// How many operations there were when the page was drawn; `None` for a nonce that is not this payment's.
    fn nonce(&self, submitted: &Submitted) -> Option<u16> {
        let reference: Reference = self.engine.read_page_token(NONCE, submitted.field("nonce"))?;
        (reference.payment == self.payment.id).then_some(reference.sequence)
    }

    fn redraw_or_go_on(&self) -> Visited<Response> {
        if self.payment.state != Stands::Created {
            return Ok(self.go_on(&self.payment));
        }
        let session = self.session()?;
        let shown = Shown { problem: Some(session.form.look.words.out_of_date), ..Shown::default() };
        Ok(session.draw(StatusCode::UNPROCESSABLE_ENTITY, shown))
    }

    /// Where the payer goes as things stand: a provider's step, our page again, or the shop.
    fn go_on(&self, payment: &Payment) -> Response {
        match payment.payer_step() {
            Some((seq, _)) => see_other(&step_url(self.engine, payment, seq)),
            None => back::response(self.engine, payment, Seat::of(&self.headers)),
        }
    }

    fn poll(&self) -> Polled {
        let left = match self.payment.retry {
            Retry::Session { until, .. } => until.duration_since(self.now).as_secs().max(0),
            Retry::Never => 0,
        };
        let payment = &self.payment;
        Polled::new(Standing::of(payment), Some(left), || back::url(self.engine, payment, Seat::Window))
    }
}

impl Session<'_> {
    fn draw(&self, status: StatusCode, shown: Shown) -> Response {
        let (payment, look) = (&self.visit.payment, &self.form.look);
        let words = look.words;
        let amount = words.money(payment.asked);
        let until = match payment.retry {
            Retry::Session { until, .. } => until,
            Retry::Never => self.visit.now,
        };
        let time = words.duration(until.duration_since(self.visit.now));
        let own = path(self.visit.engine, payment.id);
        let page = ChoosePage {
            look,
            pay_path: format!("{own}/pay"),
            cancel_path: format!("{own}/cancel"),
            nonce: new_nonce(self.visit.engine, payment),
            title: fill(words.title, &[("amount", &amount), ("merchant", &look.merchant)]),
            open: None,
            about: Vec::new(),
            returns: true,
            currency: payment.asked.asset().code().to_owned(),
            offers: self.form.choices(shown.chosen),
            card: shown.card,
            voucher_problem: None,
            declined: if shown.problem.is_none() { decline::why(payment, words) } else { None },
            problem: shown.problem,
            time_left: fill(words.time_left, &[("time", &time)]),
            until: until.to_string(),
            pay: fill(words.pay, &[("amount", &amount)]),
            amount,
        };
        look.response(status, &page)
    }
}
