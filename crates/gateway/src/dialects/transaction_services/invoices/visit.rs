//! A payer at the page of an invoice or pay link: what there is to see, and what becomes of the form. Each form that is obeyed is one
//! payment; the invoice's own commit lets one try begin at a time. One drawing of the page makes one try: the nonce is of the number of
//! tries that there were, and a claim of it is part of the try.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use florin_engine::vault::OnFile;
use florin_engine::{Answer, ClaimKind, ClaimRequest, Engine, NewPayment, Render, StartError};
use florin_kernel::PaymentId;
use florin_kernel::card::{Card, without_numbers};
use florin_kernel::invoice::{Invoice, Origin, State, Word};
use florin_kernel::payment::{CaptureMode, Circumstances, Details, Hosted, Payment, Retry, State as Stands, Times};
use florin_kernel::ports::Lane;
use florin_kernel::record::OrderedBy;

use super::page::{Visited, unavailable};
use super::{path, url};
use crate::dialects::transaction_services::brands::Mode;
use crate::dialects::transaction_services::checkout::form::{Form, Shown};
use crate::dialects::transaction_services::checkout::offers::Offer;
use crate::dialects::transaction_services::document::{Document, Issued};
use crate::dialects::transaction_services::redirect::{first_notification, step_url};
use crate::dialects::transaction_services::references;
use crate::dialects::transaction_services::settings::Settings;
use crate::pages::back::{self, Standing};
use crate::pages::card::Submitted;
use crate::pages::choose::ChoosePage;
use crate::pages::frame::Seat;
use crate::pages::look::Look;
use crate::pages::polled::Polled;
use crate::pages::receipt::{self, Outcome, ReceiptPage};
use crate::pages::sim::Fact;
use crate::pages::step::page as step_page;
use crate::pages::words::{Words, fill};
use crate::pages::{decline, notice, see_other};

/// So many numbers are drawn for one payment.
const NUMBERS_MAX: u32 = 16;

/// A request of a payer.
pub struct Visit {
    engine: Arc<Engine>,
    invoice: Invoice,
    /// The payment as the next try would make it.
    draft: Payment,
    document: Document,
    headers: HeaderMap,
    address: IpAddr,
}

/// The payment as a try would make it; its id is the invoice's number, so that the same ways to pay are offered every time.
pub fn draft(engine: &Engine, invoice: &Invoice) -> Payment {
    let back = invoice.details.links.success.clone();
    let mut links = invoice.details.links.clone();
    (links.failure, links.pending) = (back.clone(), back);
    Payment {
        id: PaymentId::from_number(invoice.id.number()),
        merchant: invoice.merchant,
        mode: invoice.mode,
        dialect: invoice.dialect,
        created_at: engine.now(Lane::of(invoice.merchant, invoice.mode)),
        asked: invoice.asked,
        capture: CaptureMode::Now,
        times: Times::default(),
        retry: Retry::Never,
        state: Stands::Created,
        operations: Vec::new(),
        chargebacks: Vec::new(),
        announced: None,
        details: Details {
            links,
            hosted: Some(Box::new(Hosted::default())),
            ordered_by: Some(OrderedBy::Invoice(invoice.id)),
            ..invoice.details.clone()
        },
    }
}

impl Visit {
    /// A visit to an invoice; nothing where what this dialect keeps with it cannot be read.
    pub fn new(engine: &Arc<Engine>, invoice: Invoice, headers: HeaderMap, address: IpAddr) -> Option<Visit> {
        let issued = Issued { issue: invoice.issue.number, origin: invoice.origin };
        let document = Document { came_by: Some(issued), ..Document::of(&invoice.details)? };
        let mut draft = draft(engine, &invoice);
        draft.details.echo = document.text();
        Some(Visit { engine: engine.clone(), invoice, draft, document, headers, address })
    }

    /// The page.
    pub async fn show(self) -> Visited<Response> {
        match self.shown_payment().await? {
            Some(payment) => Ok(self.standing(&payment).await),
            None => self.draw(StatusCode::OK, Shown::default()).await,
        }
    }

    /// The try that is open, or the one that paid; nothing while there is something to choose.
    async fn shown_payment(&self) -> Visited<Option<Payment>> {
        match &self.invoice.state {
            State::Open { trying: Some(id) } | State::Paid { payment: id, .. } => self.payment(*id).await,
            State::Open { trying: None } | State::Cancelled { .. } | State::Expired { .. } => Ok(None),
        }
    }

    async fn payment(&self, id: PaymentId) -> Visited<Option<Payment>> {
        let stored = self.engine.store().transaction(id).await.map_err(|error| unavailable(&error))?;
        Ok(stored.and_then(|stored| stored.transaction.payment()))
    }

    async fn standing(&self, payment: &Payment) -> Response {
        match payment.payer_step() {
            Some((seq, step)) => {
                let url = step_url(&self.engine, payment, seq);
                step_page(&self.engine, payment, &self.headers, url, step.kind)
            }
            None => receipt::page(&self.engine, payment, &self.headers).await,
        }
    }

    /// Obeys the form.
    pub async fn pay(self, submitted: &Submitted) -> Visited<Response> {
        let nonce = submitted.field("nonce");
        if self.invoice.tries > 0 && self.is_nonce(nonce, self.invoice.tries - 1) {
            return self.again().await;
        }
        if self.shown_payment().await?.is_some() || self.word() != Word::Open {
            return Ok(see_other(&url(&self.engine, &self.invoice)));
        }
        let form = self.form()?;
        if !self.is_nonce(nonce, self.invoice.tries) {
            let problem = Some(form.look.words.out_of_date);
            return self.draw(StatusCode::UNPROCESSABLE_ENTITY, Shown { problem, ..Shown::default() }).await;
        }
        let (offer, card) = match form.read(submitted, self.draft.created_at) {
            Ok(chosen) => chosen,
            Err(shown) => return self.draw(StatusCode::UNPROCESSABLE_ENTITY, *shown).await,
        };
        let chosen = Some(offer.id());
        match self.begin(offer, card).await {
            Ok(id) => self.go_on(id).await,
            Err(StartError::Store(error)) => Err(unavailable(&error)),
            Err(StartError::Draining) => Ok(notice::unavailable()),
            // The amount is fine in its own currency, but not in the provider's.
            Err(StartError::Refused(_)) => {
                let problem = Some(form.look.words.not_for_amount);
                self.draw(StatusCode::UNPROCESSABLE_ENTITY, Shown { chosen, problem, ..Shown::default() }).await
            }
            // Somebody was quicker, or the last second passed: the page says where it stands.
            Err(
                StartError::Order(_)
                | StartError::Taken(_)
                | StartError::PayoutRefused(_)
                | StartError::NoRoute(_)
                | StartError::BalanceInsufficient,
            ) => Ok(see_other(&url(&self.engine, &self.invoice))),
        }
    }

    /// Begins a try.
    async fn begin(&self, offer: Offer, card: Option<Card>) -> Result<PaymentId, StartError> {
        let engine = &self.engine;
        let checkout = self.document.checkout.as_deref().cloned().unwrap_or_default();
        let mut turn = 0;
        loop {
            let mut payment = Box::new(Payment { id: engine.new_payment_id(), ..self.draft.clone() });
            let number = engine.number_for(payment.id, turn);
            payment.details.echo = self.document_of(&number, offer.mode, card.as_ref()).text();
            let new = NewPayment {
                payment,
                claims: self.claims(number),
                digest: engine.digest(&[b"try", self.turn().as_bytes()]),
                candidate: offer.candidate.clone(),
                method: offer.mode.method(),
                brand: if card.is_none() { checkout.brand.clone() } else { String::new() },
                circumstances: Circumstances {
                    authenticate: checkout.authenticate.clone(),
                    ..Circumstances::default()
                },
                card: card.clone(),
                on_file: OnFile::Not,
                render: nothing(),
            };
            match engine.start(new).await {
                Err(StartError::Taken(ClaimKind::Number)) if turn < NUMBERS_MAX => turn += 1,
                started => return started.map(|reply| reply.payment),
            }
        }
    }

    fn document_of(&self, number: &str, mode: Mode, card: Option<&Card>) -> Document {
        Document {
            number: number.to_owned(),
            mode: Some(mode),
            holder: card.map(|card| without_numbers(&card.holder)).unwrap_or_default(),
            ..self.document.clone()
        }
    }

    /// What a try takes: its turn, so that a copy of the form is no second try; the invoice's own number, by which inquiries find it;
    /// and the number it is printed as.
    fn claims(&self, number: String) -> Vec<ClaimRequest> {
        let directory = self.engine.directory();
        let credential = self.invoice.details.credential.and_then(|id| directory.credential(id));
        let settings = credential.map(|credential| Settings::of(credential)).unwrap_or_default();
        vec![
            ClaimRequest::idempotency_key(self.turn()).within("try"),
            references::of_try(&settings, self.invoice.origin, &self.invoice.details.reference),
            ClaimRequest::number(number),
        ]
    }

    fn turn(&self) -> String {
        format!("{} {}", self.invoice.id, self.invoice.tries)
    }

    /// The form was sent before: the same place again, and nothing is done. A first copy that is still running is waited for.
    async fn again(&self) -> Visited<Response> {
        let Some(id) = self.invoice.last_try else { return Ok(see_other(&url(&self.engine, &self.invoice))) };
        match self.engine.settled(id, 0).await {
            Ok(payment) => Ok(self.lead_on(&payment)),
            Err(error) => {
                tracing::warn!(%error, "a payer's form waits");
                Ok(notice::unavailable())
            }
        }
    }

    async fn go_on(&self, id: PaymentId) -> Visited<Response> {
        let Some(payment) = self.payment(id).await? else {
            return Ok(see_other(&url(&self.engine, &self.invoice)));
        };
        if payment.payer_step().is_none() {
            first_notification(&self.engine, payment.id).await;
        }
        Ok(self.lead_on(&payment))
    }

    /// To a provider's step, to the shop, or after a no back to the page.
    fn lead_on(&self, payment: &Payment) -> Response {
        match payment.payer_step() {
            Some((seq, _)) => see_other(&step_url(&self.engine, payment, seq)),
            None => back::response(&self.engine, payment, Seat::of(&self.headers)),
        }
    }

    /// What the page's script is told.
    pub async fn poll(&self) -> Visited<Polled> {
        let last = match self.invoice.last_try {
            Some(id) => self.payment(id).await?,
            None => None,
        };
        let payment = last.as_ref().unwrap_or(&self.draft);
        Ok(Polled::new(Standing::of(payment), None, || back::url(&self.engine, payment, Seat::Window)))
    }

    fn word(&self) -> Word {
        self.invoice.word_at(self.draft.created_at)
    }

    fn form(&self) -> Visited<Form<'_>> {
        Form::of(&self.engine, &self.draft, &self.document, &self.headers, self.address)
    }

    fn nonce(&self, tries: u32) -> String {
        self.engine.page_token(&format!("transaction services invoice form {tries}"), self.invoice.id.reference())
    }

    fn is_nonce(&self, text: &str, tries: u32) -> bool {
        let purpose = format!("transaction services invoice form {tries}");
        self.engine.read_page_token(&purpose, text) == Some(self.invoice.id.reference())
    }

    /// The page to choose on, or that there is nothing to choose any more.
    async fn draw(&self, status: StatusCode, shown: Shown) -> Visited<Response> {
        match self.word() {
            Word::Open => {}
            Word::Cancelled => return Ok(self.over(Outcome::invoice_cancelled)),
            // Paid means that its payment is not to be read.
            Word::Expired | Word::Paid => return Ok(self.over(Outcome::invoice_expired)),
        }
        let last = match self.invoice.last_try {
            Some(id) if shown.problem.is_none() => self.payment(id).await?,
            Some(_) | None => None,
        };
        let form = self.form()?;
        let (look, words) = (&form.look, form.look.words);
        let amount = words.money(self.invoice.asked);
        let page = ChoosePage {
            look,
            pay_path: path(&self.engine, &self.invoice),
            cancel_path: String::new(),
            nonce: self.nonce(self.invoice.tries),
            title: fill(words.title, &[("amount", &amount), ("merchant", &look.merchant)]),
            open: None,
            about: self.about(words),
            returns: !self.invoice.details.links.success.is_empty(),
            currency: self.invoice.asked.asset().code().to_owned(),
            offers: form.choices(shown.chosen),
            card: shown.card,
            voucher_problem: None,
            declined: last.and_then(|payment| decline::why(&payment, words)),
            problem: shown.problem,
            time_left: String::new(),
            until: String::new(),
            pay: fill(words.pay, &[("amount", &amount)]),
            amount,
        };
        Ok(look.response(status, &page))
    }

    /// What the payer may want to know before paying.
    fn about(&self, words: &Words) -> Vec<Fact> {
        let name = match self.invoice.origin {
            Origin::Invoice => words.invoice.number,
            Origin::Link => words.fact_order,
        };
        let facts = [
            (name, self.invoice.details.reference.clone()),
            (words.invoice.what_for, self.invoice.description.clone()),
            (words.invoice.pay_by, words.moment(self.invoice.issue.expires_at())),
        ];
        facts.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| Fact { name, value }).collect()
    }

    /// 410: code 20018 of the contract.
    fn over(&self, outcome: fn(&Words) -> Outcome) -> Response {
        let look = Look::of(&self.engine, &self.draft, &self.headers);
        let mut facts = self.about(look.words);
        facts.retain(|fact| fact.name != look.words.invoice.pay_by);
        let page = ReceiptPage {
            amount: look.words.money(self.invoice.asked),
            outcome: outcome(look.words),
            facts,
            link: None,
            note: look.words.invoice.questions,
            poll: String::new(),
            look: &look,
        };
        look.response(StatusCode::GONE, &page)
    }
}

/// Nobody reads the answer to a form: the payment says where the payer goes.
fn nothing() -> Render {
    Arc::new(|_| Answer { status: 303, body: String::new() })
}
