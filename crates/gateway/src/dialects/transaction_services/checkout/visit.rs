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
use florin_kernel::card::Card;
use florin_kernel::payment::{Circumstances, Command, Mode as DevOrLive, Payment, Retry, State as Stands};
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;

use super::offers::{Offer, for_card, offers, terminal};
use super::{NONCE, SESSION, new_nonce, path};
use crate::dialects::caller::is_in;
use crate::dialects::request::read_body;
use crate::dialects::transaction_services::document::Document;
use crate::dialects::transaction_services::redirect::{first_notification, step_url};
use crate::dialects::transaction_services::settings::{Settings, Terminal};
use crate::dialects::transaction_services::state::TsState;
use crate::pages::back::{self, Standing};
use crate::pages::card::{CardFields, Submitted};
use crate::pages::choose::{Choice, ChoosePage, Entry};
use crate::pages::frame::Seat;
use crate::pages::look::{Look, icon};
use crate::pages::polled::Polled;
use crate::pages::receipt::{self, Refusal};
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
    look: Look,
    terminal: Terminal,
    offers: Vec<Offer>,
}

/// What a page shows beside what the payment says: a form that could not be obeyed.
#[derive(Default)]
struct Shown {
    chosen: Option<i64>,
    card: CardFields,
    problem: Option<&'static str>,
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
        let (engine, payment) = (self.engine, &self.payment);
        let directory = engine.directory();
        let page = |refusal| Box::new(receipt::refusal(engine, payment, &self.headers, refusal));
        let merchant = directory.merchant(payment.merchant);
        if merchant.is_some_and(|merchant| is_in(&merchant.blocked_payers, self.address)) {
            return Err(page(Refusal::Blocked));
        }
        if self.is_over() {
            return Err(Box::new(receipt::expired(engine, payment, &self.headers)));
        }
        let credential = payment.details.credential.and_then(|id| directory.credential(id));
        let settings = credential.map(|credential| Settings::of(credential)).unwrap_or_default();
        let terminal = terminal(&settings, &self.document).ok_or_else(|| page(Refusal::NothingOffered))?;
        let offers = offers(engine, payment, &self.document, terminal);
        if offers.is_empty() {
            return Err(page(Refusal::NothingOffered));
        }
        let look = Look::of(engine, payment, &self.headers);
        Ok(Session { visit: self, look, terminal: terminal.clone(), offers })
    }

    async fn pay(self, submitted: &Submitted) -> Visited<Response> {
        let Some(drawn) = self.nonce(submitted) else { return self.redraw_or_go_on() };
        if self.payment.state != Stands::Created || usize::from(drawn) != self.payment.operations.len() {
            return self.again(drawn).await;
        }
        let session = self.session()?;
        let (offer, card) = match session.read(submitted) {
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
        let shown = Shown { problem: Some(session.look.words.out_of_date), ..Shown::default() };
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
    /// Reads the form.
    ///
    /// # Errors
    /// The page to show again, with everything that is wrong at its field.
    fn read(&self, submitted: &Submitted) -> Result<(Offer, Option<Card>), Box<Shown>> {
        let (words, visit) = (self.look.words, self.visit);
        let wanted = submitted.field("provider_id").parse::<i64>().ok();
        let mut shown = Shown { chosen: wanted, card: submitted.kept(), problem: None };
        // With one way to pay there is nothing to choose.
        let only = (self.offers.len() == 1).then(|| self.offers[0].id());
        let again = offers(visit.engine, &visit.payment, &visit.document, &self.terminal);
        let Some(mut offer) = again.into_iter().find(|offer| Some(offer.id()) == wanted.or(only)) else {
            shown.problem = Some(words.choose_one);
            return Err(Box::new(shown));
        };
        if offer.entry != Entry::Card {
            return Ok((offer, None));
        }
        let fault = |fields: CardFields| Shown { card: fields, chosen: wanted, problem: Some(words.check_fields) };
        let card = submitted.card(words).map_err(|fields| Box::new(fault(*fields)))?;
        let today = jiff::tz::Offset::UTC.to_datetime(visit.now).date();
        let past = (i32::from(card.expiry.year), i32::from(card.expiry.month))
            < (i32::from(today.year()), i32::from(today.month()));
        if past && visit.payment.mode == DevOrLive::Live {
            let fields = CardFields { year_problem: Some(words.bad_expiry.to_owned()), ..submitted.kept() };
            return Err(Box::new(fault(fields)));
        }
        match for_card(visit.engine, &visit.payment, &self.terminal, &card.pan) {
            Ok(candidate) => offer.candidate = candidate,
            Err(_) => {
                let fields = CardFields { number_problem: Some(words.card_not_taken.to_owned()), ..submitted.kept() };
                return Err(Box::new(fault(fields)));
            }
        }
        Ok((offer, Some(card)))
    }

    fn draw(&self, status: StatusCode, shown: Shown) -> Response {
        let (payment, words) = (&self.visit.payment, self.look.words);
        let amount = words.money(payment.asked);
        let until = match payment.retry {
            Retry::Session { until, .. } => until,
            Retry::Never => self.visit.now,
        };
        let time = words.duration(until.duration_since(self.visit.now));
        let chosen = shown.chosen.filter(|id| self.offers.iter().any(|offer| offer.id() == *id));
        let chosen = chosen.or(self.offers.first().map(Offer::id));
        let own = path(self.visit.engine, payment.id);
        let choices = self.offers.iter().map(|offer| {
            let provider = offer.candidate.accounts[0].name.clone();
            Choice {
                id: offer.id(),
                name: words.method(offer.mode.method()),
                continues: fill(words.continue_at, &[("provider", &provider)]),
                provider,
                icon: icon(offer.mode.method()),
                entry: offer.entry,
                chosen: chosen == Some(offer.id()),
            }
        });
        let page = ChoosePage {
            look: &self.look,
            pay_path: format!("{own}/pay"),
            cancel_path: format!("{own}/cancel"),
            nonce: new_nonce(self.visit.engine, payment),
            title: fill(words.title, &[("amount", &amount), ("merchant", &self.look.merchant)]),
            open: None,
            currency: payment.asked.asset().code().to_owned(),
            offers: choices.collect(),
            card: shown.card,
            voucher_problem: None,
            declined: if shown.problem.is_none() { decline::why(payment, words) } else { None },
            problem: shown.problem,
            time_left: fill(words.time_left, &[("time", &time)]),
            until: until.to_string(),
            pay: fill(words.pay, &[("amount", &amount)]),
            amount,
        };
        self.look.response(status, &page)
    }
}
