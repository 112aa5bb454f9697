//! The simulated payer pages of test mode: challenge, bank, wallet, card and voucher, as plain forms. `GET` only shows; `POST`
//! acts and leads back to the shop. Who simulates is behind [`SimulatedPages`].

use std::sync::Arc;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use florin_engine::{Engine, SubmitError};
use florin_kernel::Money;
use florin_kernel::payment::{Mode, OperationStatus, Payment, Seq};
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;

use super::card::Submitted;
use super::frame::{self, Seat};
use super::notice::{self, Link, Notice};
use super::{Policy, back, html, html_under, see_other, text};
use crate::server::Gateway;

mod form;
mod port;
mod words;

pub use port::{Acted, Action, Door, Form, PageKind, PageState, SimulatedPage, SimulatedPages, Unavailable};

use form::{Fields, Shown};
use words::Words;

/// A fact in a list of facts.
pub(crate) struct Fact {
    pub(crate) name: &'static str,
    pub(crate) value: String,
}

#[derive(Template)]
#[template(path = "sim.html")]
struct SimPage {
    test_mode: bool,
    words: Words,
    amount: String,
    merchant: String,
    facts: Vec<Fact>,
    form_problem: Option<String>,
    fields: Fields,
    time_left: String,
    until: String,
    until_exact: String,
}

/// What the simulated pages stand on: the payments, and whoever simulates.
#[derive(Clone)]
pub struct Simulation {
    /// The engine.
    pub engine: Arc<Engine>,
    /// Who simulates.
    pub pages: Arc<dyn SimulatedPages>,
}

/// A page with nothing to see.
#[derive(Template)]
#[template(source = "<!doctype html><title>-</title>", ext = "html")]
struct Nothing;

/// The page of a hidden frame.
pub fn nothing() -> Response {
    html(StatusCode::OK, &Nothing, None)
}

/// A page and the payment it is for.
struct Visit {
    reference: Reference,
    printed: String,
    door: Door,
    payment: Payment,
    page: SimulatedPage,
}

/// `GET /sim/pay/{reference}`.
pub async fn show_pay(State(gateway): State<Arc<Gateway>>, Path(printed): Path<String>) -> Response {
    answer(async { Visit::find(&gateway.simulation, &printed, Door::Pay).await?.show(&gateway.simulation) }.await)
}

/// `POST /sim/pay/{reference}`.
pub async fn act_pay(
    State(gateway): State<Arc<Gateway>>,
    Path(printed): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(
        async {
            Visit::find(&gateway.simulation, &printed, Door::Pay)
                .await?
                .act(&gateway.simulation, Seat::of(&headers), &body)
                .await
        }
        .await,
    )
}

/// `GET /sim/3ds/{reference}`.
pub async fn show_challenge(State(gateway): State<Arc<Gateway>>, Path(printed): Path<String>) -> Response {
    answer(async { Visit::find(&gateway.simulation, &printed, Door::Challenge).await?.show(&gateway.simulation) }.await)
}

/// `POST /sim/3ds/{reference}`.
pub async fn act_challenge(
    State(gateway): State<Arc<Gateway>>,
    Path(printed): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(
        async {
            Visit::find(&gateway.simulation, &printed, Door::Challenge)
                .await?
                .act(&gateway.simulation, Seat::of(&headers), &body)
                .await
        }
        .await,
    )
}

/// `POST /sim/3ds/{reference}/method`: the simulated issuer looks at the browser in a hidden frame, and shows nothing.
pub async fn method(State(gateway): State<Arc<Gateway>>, Path(printed): Path<String>) -> Response {
    answer(async { Visit::find(&gateway.simulation, &printed, Door::Challenge).await.map(|_| nothing()) }.await)
}

/// `GET /3ds/{token}`: the 3-D Secure page of a payment made by the merchant's own form.
pub async fn show_step(State(gateway): State<Arc<Gateway>>, Path(token): Path<String>) -> Response {
    answer(async { Visit::by_token(&gateway.simulation, &token).await?.show(&gateway.simulation) }.await)
}

/// `POST /3ds/{token}`.
pub async fn act_step(
    State(gateway): State<Arc<Gateway>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(
        async {
            Visit::by_token(&gateway.simulation, &token)
                .await?
                .act(&gateway.simulation, Seat::of(&headers), &body)
                .await
        }
        .await,
    )
}

/// The step of an attempt in test mode at an address of its dialect: a challenge is shown there, another page is led to.
pub async fn show_attempt(on: &Simulation, reference: Reference) -> Response {
    let printed = on.engine.codec().base36(reference);
    answer(async { Visit::find(on, &printed, Door::Challenge).await?.show(on) }.await)
}

/// What a form does at such an address.
pub async fn act_attempt(on: &Simulation, reference: Reference, seat: Seat, body: &[u8]) -> Response {
    let printed = on.engine.codec().base36(reference);
    answer(
        async {
            let visit = Visit::find(on, &printed, Door::Challenge).await?;
            let door = visit.page.kind.door();
            Visit { door, ..visit }.act(on, seat, body).await
        }
        .await,
    )
}

/// The error of a visit is a page, too.
type Visited<T> = Result<T, Box<Response>>;

fn answer(visited: Visited<Response>) -> Response {
    visited.unwrap_or_else(|response| *response)
}

impl Visit {
    async fn find(on: &Simulation, printed: &str, door: Door) -> Visited<Visit> {
        let reference = on.engine.codec().read_base36(printed).ok_or_else(|| Box::new(notice::not_found()))?;
        let page = on.pages.page(printed).await.map_err(|error| Box::new(busy(&error)))?;
        let page = page.ok_or_else(|| Box::new(notice::not_found()))?;
        let payment = payment(&on.engine, reference).await?;
        Ok(Visit { reference, printed: printed.to_owned(), door, payment, page })
    }

    /// Behind our own address: a simulated challenge in test mode, else the provider's page.
    async fn by_token(on: &Simulation, token: &str) -> Visited<Visit> {
        let engine = &on.engine;
        let reference = engine.read_page_token("3ds", token).ok_or_else(|| Box::new(notice::not_found()))?;
        let payment = payment(engine, reference).await?;
        match payment.mode {
            Mode::Dev => Visit::find(on, &engine.codec().base36(reference), Door::Challenge).await,
            Mode::Live => {
                let operation = payment.operation(Seq::new(reference.sequence));
                Err(Box::new(match operation.map(|operation| &operation.status) {
                    Some(OperationStatus::NeedsPayer(step)) => see_other(&step.url),
                    Some(_) => back::response(engine, &payment, Seat::Window),
                    None => notice::not_found(),
                }))
            }
        }
    }

    fn show(self, on: &Simulation) -> Visited<Response> {
        if self.page.kind.door() != self.door {
            return Ok(see_other(&self.page.path));
        }
        Ok(match self.page.state {
            PageState::Open => self.draw(on, StatusCode::OK, Shown::empty(self.page.kind)),
            PageState::Answered => self.answered(on),
            PageState::Expired => self.expired(on),
        })
    }

    async fn act(self, on: &Simulation, seat: Seat, body: &[u8]) -> Visited<Response> {
        let submitted = Submitted::read(body);
        let form = match (self.page.state, form::read(self.page.kind, &submitted)) {
            (PageState::Open, Err(shown)) => {
                return Ok(self.draw(on, StatusCode::UNPROCESSABLE_ENTITY, *shown));
            }
            (_, Ok(form)) => form,
            (PageState::Answered | PageState::Expired, Err(_)) => Form::default(),
        };
        let acted = on.pages.act(&self.printed, self.door, form).await;
        Ok(match acted.map_err(|error| Box::new(busy(&error)))? {
            Acted::Done => self.returned(on, seat).await?,
            Acted::Next(path) => see_other(&path),
            Acted::Redraw(problems) => {
                let shown = Shown::blamed(self.page.kind, &submitted, problems);
                self.draw(on, StatusCode::UNPROCESSABLE_ENTITY, shown)
            }
            Acted::Expired => self.expired(on),
            Acted::NotFound => notice::not_found(),
        })
    }

    /// The engine asks what became of it, then the payer goes back.
    async fn returned(&self, on: &Simulation, seat: Seat) -> Visited<Response> {
        match on.engine.payer_returned(self.reference).await {
            Ok(payment) => Ok(back::response(&on.engine, &payment, seat)),
            Err(SubmitError::NotFound) => Ok(notice::not_found()),
            // The outcome was sent as a callback before; the payment as it stands says where to go.
            Err(
                SubmitError::Refused(_)
                | SubmitError::WithdrawalRefused(_)
                | SubmitError::Taken(_)
                | SubmitError::BalanceInsufficient
                | SubmitError::Store(_)
                | SubmitError::Draining,
            ) => {
                let payment = payment(&on.engine, self.reference).await?;
                Ok(back::response(&on.engine, &payment, seat))
            }
        }
    }

    fn draw(&self, on: &Simulation, status: StatusCode, Shown { fields, problem }: Shown) -> Response {
        let merchant = self.merchant(on);
        let now = on.engine.now(Lane::of(self.payment.merchant, self.payment.mode));
        let amount = text::amount(self.operation_amount());
        let page = SimPage {
            test_mode: true,
            words: Words::of(self.page.kind, &self.page.provider, &merchant, &amount),
            facts: self.facts(),
            amount,
            merchant,
            form_problem: problem,
            fields,
            time_left: text::duration(self.page.until.duration_since(now)),
            until: text::clock(self.page.until),
            until_exact: self.page.until.to_string(),
        };
        let policy = Policy {
            app: back::app_scheme(&self.payment.details.links),
            framed_by: self.framed_by(on),
            ..Policy::default()
        };
        html_under(status, &page, &policy)
    }

    /// A challenge may stay inside the frame of its cashier page; every other page is for a window of its own.
    fn framed_by(&self, on: &Simulation) -> Vec<String> {
        match (self.page.kind, &self.payment.details.hosted) {
            (PageKind::Challenge, Some(_)) => frame::origins(&on.engine.directory(), &self.payment),
            (PageKind::Challenge, None)
            | (PageKind::Bank | PageKind::Wallet | PageKind::Card | PageKind::Voucher, _) => Vec::new(),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let reference = &self.payment.details.reference;
        let reference = Some(Fact { name: "Order", value: reference.clone() }).filter(|fact| !fact.value.is_empty());
        let card = match self.page.kind {
            PageKind::Challenge => text::paid_with(&self.payment).filter(|means| means.contains("ending")),
            PageKind::Bank | PageKind::Wallet | PageKind::Card | PageKind::Voucher => None,
        };
        let converted = self.page.amount.asset() != self.operation_amount().asset();
        let converted = converted.then(|| Fact { name: "Charged as", value: text::amount(self.page.amount) });
        reference.into_iter().chain(card.map(|value| Fact { name: "Card", value })).chain(converted).collect()
    }

    /// What the merchant asked for with this operation.
    fn operation_amount(&self) -> Money {
        let operation = self.payment.operation(Seq::new(self.reference.sequence));
        operation.map_or(self.payment.asked, |operation| operation.amount)
    }

    fn merchant(&self, on: &Simulation) -> String {
        let directory = on.engine.directory();
        directory
            .merchant(self.payment.merchant)
            .map_or_else(|| "the shop".to_owned(), |merchant| merchant.name.clone())
    }

    fn back_link(&self, on: &Simulation) -> Link {
        let label = format!("Return to {}", self.merchant(on));
        Link { url: back::url(&on.engine, &self.payment, Seat::Window), label }
    }

    fn answered(&self, on: &Simulation) -> Response {
        let notice = Notice {
            meaning: "good",
            word: "Answered",
            heading: "This page was answered already",
            text: "Nothing is left to do here, and nothing was done twice.".to_owned(),
            link: Some(self.back_link(on)),
        };
        notice.simulated(StatusCode::OK)
    }

    fn expired(&self, on: &Simulation) -> Response {
        let notice = Notice {
            meaning: "attention",
            word: "Expired",
            heading: "The time for this page is over",
            text: "Nothing was paid here. Return to the shop and pay again if you still want to.".to_owned(),
            link: Some(self.back_link(on)),
        };
        notice.simulated(StatusCode::GONE)
    }
}

async fn payment(engine: &Engine, reference: Reference) -> Visited<Payment> {
    let stored = engine.store().transaction(reference.payment).await;
    match stored.map(|stored| stored.and_then(|stored| stored.transaction.payment())) {
        Ok(Some(payment)) => Ok(payment),
        Ok(None) => Err(Box::new(notice::not_found())),
        Err(error) => Err(Box::new(busy(&Unavailable(error.to_string())))),
    }
}

fn busy(error: &Unavailable) -> Response {
    tracing::warn!(%error, "a simulated page waits");
    notice::unavailable()
}
