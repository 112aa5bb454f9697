//! A payer's browser at a checkout: the script for the shop's page, the frame, the page, the form. No login: the id, which cannot
//! be guessed, is the key. `GET` never moves money.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::ACCEPT;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use florin_engine::vault::OnFile;
use florin_engine::{NextAttempt, Owner, SubmitError};
use florin_kernel::payment::{Amendment, CaptureMode, Dialect, Payment, Retry, Word};
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;
use florin_kernel::routing::{CardFacts, Method};
use florin_kernel::{Timestamp, payment};

use super::super::errors::{FieldError, Problem};
use super::super::form::Form;
use super::super::redirect::REDIRECT_PAGE;
use super::super::request::{Account, Keep, Reading};
use super::super::settings::Settings;
use super::super::stamp::Envelope;
use super::super::state::{V3State, read_form, utc_day};
use super::super::{brand, registrations, way, wire};
use super::choice::{self, Author, Choice, Shown};
use super::offers::Offer;
use super::view::{FrameOptions, Session};
use super::{Checkout, Keeping, Purpose, Standing, kept, offers, read_id, script, stored};
use crate::dialects::caller::{caller_address, is_in};
use crate::pages::back::{self, Standing as Told};
use crate::pages::frame::Seat;
use crate::pages::look::Look;
use crate::pages::polled::Polled;
use crate::pages::receipt::{self, Refusal};
use crate::pages::{notice, see_other, step};

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
            let paid = pay(state, id, parts, body, reader).await;
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

async fn pay(state: &V3State, id: &str, parts: &Parts, body: Body, reader: Audience) -> Result<Response, Problem> {
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
                chosen.document.brand = brand::name(opened.card.pan.brand()).to_owned();
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
    async fn tell(&self, document: super::Document, return_url: Option<&str>) -> Result<(), Unpaid> {
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
            let document = super::Document { checkout: Some(Box::new(checkout)), ..document.clone() };
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
