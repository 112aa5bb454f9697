//! The simulated payer pages of test mode: challenge, bank, wallet, card and voucher, as plain forms. `GET` only shows; `POST`
//! acts and leads back to the shop. Who simulates is behind [`SimulatedPages`].

use std::sync::Arc;

use askama::Template;
use async_trait::async_trait;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::{Engine, SubmitError};
use florin_kernel::card::Card;
use florin_kernel::payment::{Mode, OperationStatus, Payment, Seq};
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;
use florin_kernel::{Money, Timestamp};

use super::card::{CardFields, Submitted, VoucherField};
use super::notice::{self, Link, Notice};
use super::{back, html, see_other, text};
use crate::server::Gateway;

mod words;

use words::Words;

/// Who simulates the payer pages.
#[async_trait]
pub trait SimulatedPages: Send + Sync {
    /// The page of an operation; `None` when it never had one.
    async fn page(&self, reference: &str) -> Result<Option<SimulatedPage>, Unavailable>;

    /// Does what a form asks for. Before this returns, the outcome is known to whoever asks.
    async fn act(&self, reference: &str, door: Door, form: Form) -> Result<Acted, Unavailable>;
}

/// The simulation cannot be read or written now; nothing has changed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);

/// A simulated page.
#[derive(Clone, Debug)]
pub struct SimulatedPage {
    /// Which page.
    pub kind: PageKind,
    /// Its path.
    pub path: String,
    /// What the provider moves.
    pub amount: Money,
    /// Whether it takes an answer.
    pub state: PageState,
    /// The provider's display name.
    pub provider: String,
    /// When it closes, by the payment's clock.
    pub until: Timestamp,
}

/// Kinds of page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum PageKind {
    Challenge,
    Bank,
    Wallet,
    Card,
    Voucher,
}

/// Whether a page takes an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum PageState {
    Open,
    Answered,
    Expired,
}

/// Which path a form came in at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Door {
    Challenge,
    Pay,
}

/// A button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Action {
    Approve,
    Decline,
    Cancel,
    Pending,
}

/// A form.
#[derive(Debug, Default)]
pub struct Form {
    /// The button; without one, filled fields count as approval.
    pub action: Option<Action>,
    /// The card page's card.
    pub card: Option<Card>,
    /// The voucher page's code.
    pub voucher_code: Option<String>,
}

/// What a form did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acted {
    /// The page is answered, now or before.
    Done,
    /// The payer goes on to another page, at this path.
    Next(String),
    /// Nothing changed; a field and what is wrong with it.
    Redraw(Vec<(&'static str, String)>),
    /// Nothing changed; the page's time is over.
    Expired,
    /// There is no such page.
    NotFound,
}

/// A fact in a list of facts.
pub(crate) struct Fact {
    pub(crate) name: &'static str,
    pub(crate) value: String,
}

/// The fields of a form.
enum Fields {
    None,
    Card(CardFields),
    Voucher(VoucherField),
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
    answer(async { Visit::find(&gateway, &printed, Door::Pay).await?.show(&gateway) }.await)
}

/// `POST /sim/pay/{reference}`.
pub async fn act_pay(State(gateway): State<Arc<Gateway>>, Path(printed): Path<String>, body: Bytes) -> Response {
    answer(async { Visit::find(&gateway, &printed, Door::Pay).await?.act(&gateway, &body).await }.await)
}

/// `GET /sim/3ds/{reference}`.
pub async fn show_challenge(State(gateway): State<Arc<Gateway>>, Path(printed): Path<String>) -> Response {
    answer(async { Visit::find(&gateway, &printed, Door::Challenge).await?.show(&gateway) }.await)
}

/// `POST /sim/3ds/{reference}`.
pub async fn act_challenge(State(gateway): State<Arc<Gateway>>, Path(printed): Path<String>, body: Bytes) -> Response {
    answer(async { Visit::find(&gateway, &printed, Door::Challenge).await?.act(&gateway, &body).await }.await)
}

/// `GET /3ds/{token}`: the 3-D Secure page of a payment made by the merchant's own form.
pub async fn show_step(State(gateway): State<Arc<Gateway>>, Path(token): Path<String>) -> Response {
    answer(async { Visit::by_token(&gateway, &token).await?.show(&gateway) }.await)
}

/// `POST /3ds/{token}`.
pub async fn act_step(State(gateway): State<Arc<Gateway>>, Path(token): Path<String>, body: Bytes) -> Response {
    answer(async { Visit::by_token(&gateway, &token).await?.act(&gateway, &body).await }.await)
}

/// The error of a visit is a page, too.
type Visited<T> = Result<T, Box<Response>>;

fn answer(visited: Visited<Response>) -> Response {
    visited.unwrap_or_else(|response| *response)
}

impl Visit {
    async fn find(gateway: &Gateway, printed: &str, door: Door) -> Visited<Visit> {
        let reference = gateway.engine.codec().read_base36(printed).ok_or_else(|| Box::new(notice::not_found()))?;
        let page = gateway.simulated.page(printed).await.map_err(|error| Box::new(busy(&error)))?;
        let page = page.ok_or_else(|| Box::new(notice::not_found()))?;
        let payment = payment(&gateway.engine, reference).await?;
        Ok(Visit { reference, printed: printed.to_owned(), door, payment, page })
    }

    /// Behind our own address: a simulated challenge in test mode, else the provider's page.
    async fn by_token(gateway: &Gateway, token: &str) -> Visited<Visit> {
        let engine = &gateway.engine;
        let reference = engine.read_page_token("3ds", token).ok_or_else(|| Box::new(notice::not_found()))?;
        let payment = payment(engine, reference).await?;
        match payment.mode {
            Mode::Dev => Visit::find(gateway, &engine.codec().base36(reference), Door::Challenge).await,
            Mode::Live => {
                let operation = payment.operation(Seq::new(reference.sequence));
                Err(Box::new(match operation.map(|operation| &operation.status) {
                    Some(OperationStatus::NeedsPayer(step)) => see_other(&step.url),
                    Some(_) => see_other(&back::url(engine, &payment)),
                    None => notice::not_found(),
                }))
            }
        }
    }

    fn show(self, gateway: &Gateway) -> Visited<Response> {
        let here = match self.page.kind {
            PageKind::Challenge => Door::Challenge,
            PageKind::Bank | PageKind::Wallet | PageKind::Card | PageKind::Voucher => Door::Pay,
        };
        if here != self.door {
            return Ok(see_other(&self.page.path));
        }
        Ok(match self.page.state {
            PageState::Open => self.draw(gateway, StatusCode::OK, self.empty_fields(), None),
            PageState::Answered => self.answered(gateway),
            PageState::Expired => self.expired(gateway),
        })
    }

    async fn act(self, gateway: &Gateway, body: &[u8]) -> Visited<Response> {
        let submitted = Submitted::read(body);
        let form = match (self.page.state, self.form(&submitted)) {
            (PageState::Open, Err((fields, problem))) => {
                return Ok(self.draw(gateway, StatusCode::UNPROCESSABLE_ENTITY, fields, problem));
            }
            (_, Ok(form)) => form,
            (PageState::Answered | PageState::Expired, Err(_)) => Form::default(),
        };
        let acted = gateway.simulated.act(&self.printed, self.door, form).await;
        Ok(match acted.map_err(|error| Box::new(busy(&error)))? {
            Acted::Done => self.returned(gateway).await?,
            Acted::Next(path) => see_other(&path),
            Acted::Redraw(problems) => {
                let (fields, problem) = self.blame(&submitted, problems);
                self.draw(gateway, StatusCode::UNPROCESSABLE_ENTITY, fields, problem)
            }
            Acted::Expired => self.expired(gateway),
            Acted::NotFound => notice::not_found(),
        })
    }

    /// The engine asks what became of it, then the payer goes back.
    async fn returned(&self, gateway: &Gateway) -> Visited<Response> {
        match gateway.engine.payer_returned(self.reference).await {
            Ok(payment) => Ok(see_other(&back::url(&gateway.engine, &payment))),
            Err(SubmitError::NotFound) => Ok(notice::not_found()),
            // The outcome was sent as a callback before; the payment as it stands says where to go.
            Err(SubmitError::Refused(_) | SubmitError::Store(_) | SubmitError::Draining) => {
                let payment = payment(&gateway.engine, self.reference).await?;
                Ok(see_other(&back::url(&gateway.engine, &payment)))
            }
        }
    }

    /// Reads the form for this page; all that is wrong with it at once.
    fn form(&self, submitted: &Submitted) -> Result<Form, (Fields, Option<String>)> {
        let action = submitted.action().map_err(|()| {
            (
                self.kept_fields(submitted),
                Some("Choose one of the buttons: approve, decline, cancel or pending.".to_owned()),
            )
        })?;
        let approves = matches!(action, None | Some(Action::Approve));
        match self.page.kind {
            PageKind::Card if approves => {
                let card = submitted.card().map_err(|fields| (Fields::Card(fields), None))?;
                Ok(Form { action, card: Some(card), voucher_code: None })
            }
            PageKind::Voucher if approves => Ok(Form { action, card: None, voucher_code: submitted.voucher_code() }),
            PageKind::Challenge | PageKind::Bank | PageKind::Wallet | PageKind::Card | PageKind::Voucher => {
                Ok(Form { action, ..Form::default() })
            }
        }
    }

    fn empty_fields(&self) -> Fields {
        match self.page.kind {
            PageKind::Challenge | PageKind::Bank | PageKind::Wallet => Fields::None,
            PageKind::Card => Fields::Card(CardFields::default()),
            PageKind::Voucher => Fields::Voucher(VoucherField::default()),
        }
    }

    fn kept_fields(&self, submitted: &Submitted) -> Fields {
        match self.page.kind {
            PageKind::Challenge | PageKind::Bank | PageKind::Wallet => Fields::None,
            PageKind::Card => Fields::Card(submitted.kept()),
            PageKind::Voucher => Fields::Voucher(submitted.kept_voucher()),
        }
    }

    /// What the simulation finds wrong, at its field where the page has one.
    fn blame(&self, submitted: &Submitted, problems: Vec<(&'static str, String)>) -> (Fields, Option<String>) {
        let mut fields = self.kept_fields(submitted);
        let mut rest = Vec::new();
        for (field, problem) in problems {
            let at_field = match &mut fields {
                Fields::None => None,
                Fields::Card(card) => card.problem_of(field),
                Fields::Voucher(voucher) => voucher.problem_of(field),
            };
            match at_field {
                Some(place) => *place = Some(words::problem(field, &problem)),
                None => rest.push(format!("{field} {problem}")),
            }
        }
        (fields, Some(rest.join("; ")).filter(|rest| !rest.is_empty()))
    }

    fn draw(&self, gateway: &Gateway, status: StatusCode, fields: Fields, problem: Option<String>) -> Response {
        let merchant = self.merchant(gateway);
        let now = gateway.engine.now(Lane::of(self.payment.merchant, self.payment.mode));
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
        html(status, &page, back::app_scheme(&self.payment).as_deref())
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

    fn merchant(&self, gateway: &Gateway) -> String {
        let directory = gateway.engine.directory();
        directory
            .merchant(self.payment.merchant)
            .map_or_else(|| "the shop".to_owned(), |merchant| merchant.name.clone())
    }

    fn back_link(&self, gateway: &Gateway) -> Link {
        let label = format!("Return to {}", self.merchant(gateway));
        Link { url: back::url(&gateway.engine, &self.payment), label }
    }

    fn answered(&self, gateway: &Gateway) -> Response {
        let notice = Notice {
            meaning: "good",
            word: "Answered",
            heading: "This page was answered already",
            text: "Nothing is left to do here, and nothing was done twice.".to_owned(),
            link: Some(self.back_link(gateway)),
        };
        notice.simulated(StatusCode::OK)
    }

    fn expired(&self, gateway: &Gateway) -> Response {
        let notice = Notice {
            meaning: "attention",
            word: "Expired",
            heading: "The time for this page is over",
            text: "Nothing was paid here. Return to the shop and pay again if you still want to.".to_owned(),
            link: Some(self.back_link(gateway)),
        };
        notice.simulated(StatusCode::GONE)
    }
}

async fn payment(engine: &Engine, reference: Reference) -> Visited<Payment> {
    match engine.store().payment(reference.payment).await {
        Ok(Some(stored)) => Ok(stored.payment),
        Ok(None) => Err(Box::new(notice::not_found())),
        Err(error) => Err(Box::new(busy(&Unavailable(error.to_string())))),
    }
}

fn busy(error: &Unavailable) -> Response {
    tracing::warn!(%error, "a simulated page waits");
    notice::unavailable()
}
