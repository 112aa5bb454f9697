//! The payer's form: what it says is tried, once, and leads on.

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use florin_engine::vault::OnFile;
use florin_engine::{NextAttempt, Owner, SubmitError};
use florin_kernel::payment::{Amendment, CaptureMode, Dialect, Payment, Retry};
use florin_kernel::routing::{CardFacts, Method};

use super::super::super::document::Document;
use super::super::super::errors::{FieldError, Problem};
use super::super::super::form::Form;
use super::super::super::request::{Account, Keep, Reading};
use super::super::super::settings::Settings;
use super::super::super::state::{V3State, read_form, utc_day};
use super::super::super::{registrations, way};
use super::super::choice::{self, Author, Choice, Shown};
use super::super::{Checkout, Keeping, Purpose, Standing, kept, offers, stored};
use super::{Audience, Visitor, find};
use crate::pages::back;
use crate::pages::frame::Seat;
use crate::pages::look::Look;

/// Obeys a payer's form.
///
/// # Errors
/// [`Problem`], where the form is not drawn again.
pub(super) async fn pay(
    state: &V3State,
    id: &str,
    parts: &Parts,
    body: Body,
    reader: Audience,
) -> Result<Response, Problem> {
    let (form, faults) = read_form(parts, body).await?;
    let (payment, _) = find(state, id).await?.ok_or(Problem::NoSession)?;
    let visitor = Visitor::new(state, payment, parts, Seat::of(&parts.headers));
    match visitor.pay(&form, faults).await {
        Ok(url) => Ok(reader.sent_to(&url)),
        Err(unpaid) => unpaid.answer(&visitor, &form, reader).await,
    }
}

/// Why a form was not obeyed.
enum Unpaid {
    /// Something is wrong with it.
    Wrong(Problem),
    /// It came from a page that was drawn of another checkout than it is now.
    OutOfDate,
    /// The time is over.
    Gone,
    /// The merchant takes nothing from this address.
    Blocked,
}

impl From<Problem> for Unpaid {
    fn from(problem: Problem) -> Unpaid {
        Unpaid::Wrong(problem)
    }
}

impl From<SubmitError> for Unpaid {
    fn from(error: SubmitError) -> Unpaid {
        match error {
            SubmitError::NotFound => Unpaid::Gone,
            // Somebody else was faster, or the last second passed.
            SubmitError::Refused(_) | SubmitError::WithdrawalRefused(_) | SubmitError::BalanceInsufficient => {
                Unpaid::OutOfDate
            }
            error @ (SubmitError::Taken(_) | SubmitError::Store(_) | SubmitError::Draining) => {
                Unpaid::Wrong(error.into())
            }
        }
    }
}

impl Unpaid {
    async fn answer(self, visitor: &Visitor<'_>, form: &Form, reader: Audience) -> Result<Response, Problem> {
        match (self, reader) {
            (Unpaid::Wrong(problem), Audience::Program { .. }) => Err(problem),
            (Unpaid::Wrong(problem @ (Problem::Busy | Problem::Fault | Problem::NoSession)), Audience::Person) => {
                Err(problem)
            }
            (Unpaid::Wrong(problem), Audience::Person) => {
                Ok(visitor.redrawn(|look| choice::shown(&problem, form, look.words, &look.merchant)).await)
            }
            (Unpaid::OutOfDate, Audience::Program { .. }) => {
                Err(Problem::field("nonce", "must be that of the page as it is now"))
            }
            (Unpaid::OutOfDate, Audience::Person) => {
                Ok(visitor.redrawn(|look| Shown { problem: Some(look.words.out_of_date), ..Shown::default() }).await)
            }
            (Unpaid::Gone, Audience::Program { .. }) => Err(Problem::NoSession),
            (Unpaid::Gone, Audience::Person) => Ok(visitor.gone()),
            (Unpaid::Blocked, Audience::Program { .. }) => Err(Problem::Risk),
            (Unpaid::Blocked, Audience::Person) => Ok(visitor.redrawn(|_| Shown::default()).await),
        }
    }
}

impl Visitor<'_> {
    /// The page again, with what is wrong.
    async fn redrawn(&self, shown: impl Fn(&Look) -> Shown) -> Response {
        match self.session().await {
            Ok(session) => {
                let shown = shown(&session.look);
                session.draw(StatusCode::UNPROCESSABLE_ENTITY, shown)
            }
            Err(page) => *page,
        }
    }

    /// Obeys a form; where the payer goes then. The same form again leads to the same place and does nothing.
    async fn pay(&self, form: &Form, faults: Vec<FieldError>) -> Result<String, Unpaid> {
        let engine = &self.state.engine;
        let drawn = self.drawn(form)?;
        match Standing::of(&self.payment, self.now) {
            Standing::Gone => return Err(Unpaid::Gone),
            Standing::Open if usize::from(drawn) == self.payment.operations.len() => {}
            Standing::Open | Standing::UnderWay | Standing::Ended => {
                let settled = engine.settled(self.payment.id, usize::from(drawn)).await?;
                return Ok(self.next_url(&settled));
            }
        }
        if self.is_blocked() {
            return Err(Unpaid::Blocked);
        }
        let author = match form.get("nonce") {
            Some(_) => Author::Page { code: self.options.code },
            None => Author::Program,
        };
        let (_, checkout) = kept(&self.payment).ok_or(Problem::NoSession)?;
        let mut chosen = self.read(&choice::written_out(form, author), faults, author)?;
        let on_file = self.file(&checkout, &mut chosen).await?;
        let (method, card) = match chosen.account {
            Account::Card(card) => (Method::Card, Some(card)),
            Account::Redirect(method) => (method, None),
            // A stored card has been opened.
            Account::Token(_) | Account::Bank(_) => return Err(Problem::NoAccount.into()),
        };
        let seen = card.as_ref().map_or(CardFacts::Unseen, |card| CardFacts::of(&card.pan));
        let candidate = way::route(engine, &self.payment, (method, offers::needs(&self.payment, method)), seen)?;
        let brand = if card.is_some() { String::new() } else { chosen.document.brand.clone() };
        let (document, return_url) = (chosen.document, chosen.return_url);
        self.tell(document, return_url.as_deref()).await?;
        let next = NextAttempt {
            after: usize::from(drawn),
            candidate,
            method,
            amount: Some(self.payment.asked).filter(|_| self.payment.capture != CaptureMode::Never),
            card,
            on_file,
            voucher: None,
            brand,
            circumstances: checkout.circumstances,
            address: Some(self.address),
        };
        let payment = engine.attempt(Owner::of(&self.payment), self.payment.id, next).await?;
        Ok(self.next_url(&payment))
    }

    /// Puts a stored card in the place of its id, and says what becomes of the card that pays.
    async fn file(&self, checkout: &Checkout, chosen: &mut Choice) -> Result<OnFile, Problem> {
        let owner = Owner::of(&self.payment);
        match &chosen.account {
            Account::Token(text) => {
                let id = stored::chosen(self.state, checkout, text)?;
                let mut opened = self.state.engine.open_card(owner, Dialect::V3, id).await?;
                chosen.document.brand = String::new();
                chosen.document.holder.clone_from(&opened.stored.holder);
                opened.card.cvc = chosen.cvc.take();
                chosen.account = Account::Card(opened.card);
                Ok(OnFile::Charged(id))
            }
            Account::Card(_) if keeps(checkout, chosen.keep) => {
                chosen.document.stores_card = true;
                Ok(registrations::kept_for(&self.payment.details.payer))
            }
            Account::Card(_) | Account::Redirect(_) | Account::Bank(_) => Ok(OnFile::Not),
        }
    }

    /// How many operations there were when the page was drawn; of a form that came without a page, how many there are.
    fn drawn(&self, form: &Form) -> Result<u16, Unpaid> {
        let Some(nonce) = form.get("nonce") else {
            return Ok(u16::try_from(self.payment.operations.len()).unwrap_or(u16::MAX));
        };
        let reference = self.state.engine.read_page_token(&self.nonce_purpose(), nonce);
        let reference = reference.filter(|reference| reference.payment == self.payment.id);
        match (reference, Standing::of(&self.payment, self.now)) {
            (Some(reference), _) => Ok(reference.sequence),
            (None, Standing::Open) => Err(Unpaid::OutOfDate),
            (None, Standing::Gone) => Err(Unpaid::Gone),
            (None, Standing::UnderWay | Standing::Ended) => Ok(0),
        }
    }

    fn read(&self, form: &Form, faults: Vec<FieldError>, author: Author) -> Result<Choice, Problem> {
        let (mut document, checkout) = kept(&self.payment).ok_or(Problem::NoSession)?;
        document.checkout = Some(Box::new(checkout));
        let directory = self.state.engine.directory();
        let credential = self.payment.details.credential.and_then(|id| directory.credential(id));
        let settings = credential.map(|credential| Settings::of(credential)).unwrap_or_default();
        let (entity, prefix) = (document.entity.clone(), document.prefix.clone());
        let reading = Reading {
            prefix: &prefix,
            token: None,
            mode: self.payment.mode,
            profile: document.profile,
            settings: &settings,
            entity: &entity,
            today: utc_day(self.now),
        };
        let offers = offers::offers(&self.state.engine, &self.payment, &self.options.brands);
        choice::read(form, faults, reading, (document, &offers, author))
    }

    /// Notes what the payer told, before the attempt: brand and holder for answers, and the way back.
    async fn tell(&self, document: Document, return_url: Option<&str>) -> Result<(), Unpaid> {
        let (engine, seen) = (&self.state.engine, &self.payment);
        let told = |payment: &Payment| {
            if payment.asked != seen.asked {
                return Err(Unpaid::OutOfDate);
            }
            let (_, mut checkout) = kept(payment).ok_or(Problem::NoSession)?;
            if is_last_attempt(payment) {
                // There will be nothing to change any more.
                checkout.fields = String::new();
            }
            checkout.frame = match self.seat {
                Seat::Frame => self.options.query.clone(),
                Seat::Window => String::new(),
            };
            let document = Document { checkout: Some(Box::new(checkout)), ..document.clone() };
            let mut details = Box::new(payment.details.clone());
            if let Some(url) = return_url {
                let links = &mut details.links;
                (links.success, links.failure, links.pending) = (url.into(), url.into(), url.into());
            }
            details.links.locale.clone_from(&seen.details.links.locale);
            details.hosted.clone_from(&seen.details.hosted);
            details.echo = document.text();
            Ok(Amendment { asked: payment.asked, capture: payment.capture, details })
        };
        engine.amend(Owner::of(seen), seen.id, told).await.map(drop)
    }

    /// Where the payer goes as things stand: a step, our page again, or the shop.
    fn next_url(&self, payment: &Payment) -> String {
        match payment.payer_step() {
            Some((seq, _)) => self.step_url(seq),
            None => back::url(&self.state.engine, payment, self.seat),
        }
    }
}

/// Whether the card that pays in a checkout is stored.
fn keeps(checkout: &Checkout, asked: Keep) -> bool {
    match (checkout.purpose, checkout.keeping) {
        (Purpose::Registration, _) | (Purpose::Payment, Keeping::Always) => true,
        (Purpose::Payment, Keeping::ByPayer) => asked == Keep::Yes,
        (Purpose::Payment, Keeping::Never) => false,
    }
}

/// Whether the payer has one attempt left.
fn is_last_attempt(payment: &Payment) -> bool {
    let tried = payment.operations.iter().filter(|one| one.kind.is_attempt() && one.cascaded_from.is_none()).count();
    match payment.retry {
        Retry::Session { attempts_max, .. } => tried + 1 >= usize::from(attempts_max),
        Retry::Never => true,
    }
}
