//! Stored cards: made alone or with a payment, charged, shown, kept longer and deleted (contract, section 10.5).
//!
//! A registration and `card.token` are one thing. Its number comes out of the vault only to be charged.

use std::ops::Deref;
use std::sync::Arc;

use axum::response::Response;
use florin_engine::directory::Permission;
use florin_engine::vault::{CardRefusal, NewRegistration, OnFile, RenderCard, StoredCard};
use florin_engine::{Answer, ClaimRequest, Engine};
use florin_kernel::card::CardSummary;
use florin_kernel::payment::{Dialect, Payer, Payment, Presence};
use florin_kernel::registration::Word;
use florin_kernel::{PaymentId, RegistrationId, Timestamp};

use super::auth::Caller;
use super::codes::{Coding, Event, TestMode, code};
use super::content::content;
use super::errors::Problem;
use super::fields::Reader;
use super::notify::{CardNews, announce_card};
use super::pay::response;
use super::references::{self, Operation};
use super::request::{self, Account, Initial, Keep, Kind, common};
use super::stamp::{self, BUILD_NUMBER};
use super::state::{Asked, V3State};
use super::view::{Viewer, brand_of};
use super::wire::{self, Body, CardBody, ResultBody};
use super::{brand, checkout, event};

/// `POST registrations`.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn register(state: &V3State, asked: Asked, path: &str) -> Result<Response, Problem> {
    let Asked { caller, form, faults, idempotency_key } = asked;
    caller.may(&[Permission::Deposits, Permission::S2sCards])?;
    let new = request::read_card(&form, faults, state.reading(&caller))?;
    let digest = state.engine.digest(&[&content("POST", path, &form)]);
    let reference = new.reference.as_deref().map(|text| references::claim(&caller, Operation::Registration, text));
    let key = idempotency_key.map(|text| references::key_claim(caller.credential.id, &text));
    let claims: Vec<ClaimRequest> = reference.into_iter().chain(key).collect();
    let (viewer, reference, document) = (state.viewer(&caller), new.reference, new.document);
    let render: RenderCard = Arc::new(move |stored| {
        let body = Body {
            merchant_transaction_id: reference.clone(),
            merchant_invoice_id: Some(document.invoice.clone()).filter(|text| !text.is_empty()),
            echo: document.echo.clone(),
            ..viewer.registration(stored)
        };
        Answer { status: 200, body: body.text() }
    });
    let new = NewRegistration {
        owner: caller.owner(),
        dialect: Dialect::V3,
        customer: new.customer,
        card: new.card,
        claims,
        digest,
        render,
        announce: announce_card(state, &caller, CardNews::Created),
    };
    Ok(response(state.engine.register(new).await?))
}

/// `GET registrations/{id}`.
///
/// # Errors
/// [`Problem`], when it is unknown, deleted or never came to be.
pub async fn show(state: &V3State, asked: Asked, id: &str) -> Result<Response, Problem> {
    asked.caller.may(&[Permission::Read])?;
    let viewer = checked(state, &asked)?;
    let id = read_id(state, id)?;
    let stored = state.engine.registration(asked.caller.owner(), Dialect::V3, id).await?;
    let stored = stored.ok_or(Problem::RegistrationUnknown)?;
    match stored.word {
        Word::Active | Word::Pending => Ok(shown(&viewer.registration(&stored))),
        Word::Declined => Err(Problem::RegistrationDeclined),
        Word::Deleted => Err(Problem::RegistrationDeleted),
    }
}

/// `DELETE registrations/{id}`.
///
/// # Errors
/// As [`show`].
pub async fn delete(state: &V3State, asked: Asked, id: &str) -> Result<Response, Problem> {
    asked.caller.may(&[Permission::Deposits])?;
    let viewer = checked(state, &asked)?;
    let (owner, id) = (asked.caller.owner(), read_id(state, id)?);
    let stored = state.engine.registration(owner, Dialect::V3, id).await?.ok_or(Problem::RegistrationUnknown)?;
    let announce = announce_card(state, &asked.caller, CardNews::Deleted);
    state.engine.delete_registration(owner, Dialect::V3, id, announce.as_ref()).await?;
    let gone = Body { card: None, ..viewer.registration(&StoredCard { word: Word::Active, ..stored }) };
    Ok(shown(&gone))
}

/// `POST registrations/{id}/extendlife`.
///
/// # Errors
/// As [`show`].
pub async fn extend(state: &V3State, asked: Asked, id: &str) -> Result<Response, Problem> {
    asked.caller.may(&[Permission::Deposits])?;
    let viewer = checked(state, &asked)?;
    let id = read_id(state, id)?;
    let announce = announce_card(state, &asked.caller, CardNews::Updated);
    let owner = asked.caller.owner();
    let stored = state.engine.extend_registration(owner, Dialect::V3, id, announce.as_ref()).await?;
    Ok(shown(&viewer.registration(&stored)))
}

/// What becomes of the card of a payment that brings its own.
pub fn file(initial: &Initial) -> OnFile {
    let keep = initial.keep == Keep::Yes && initial.kind != Kind::Payout;
    match &initial.account {
        Account::Card(_) if keep => kept_for(&initial.payer),
        Account::Card(_) | Account::Redirect(_) | Account::Token(_) | Account::Bank(_) => OnFile::Not,
    }
}

/// The card is stored for a payer.
pub fn kept_for(payer: &Payer) -> OnFile {
    OnFile::Keep { customer: Some(payer.user_id.clone()).filter(|name| !name.is_empty()) }
}

/// Puts the stored card in the place of its token, and says what becomes of it.
///
/// # Errors
/// [`Problem`], when there is no such card to charge.
pub async fn open(state: &V3State, caller: &Caller, initial: &mut Initial) -> Result<OnFile, Problem> {
    let Account::Token(token) = &initial.account else { return Ok(OnFile::Not) };
    let id = read_id(state, token)?;
    let mut opened = state.engine.open_card(caller.owner(), Dialect::V3, id).await?;
    if let Presence::Merchant { network_id } = &mut initial.circumstances.presence
        && network_id.is_empty()
    {
        let first = opened.stored.initial.as_ref();
        *network_id = first.map(|first| first.network_id.clone()).unwrap_or_default();
    }
    let document = Arc::make_mut(&mut initial.document);
    document.brand = String::new();
    document.holder.clone_from(&opened.stored.holder);
    if initial.kind == Kind::Payout {
        document.registration = token.to_ascii_lowercase();
    }
    opened.card.cvc = initial.cvc.take();
    initial.account = Account::Card(opened.card);
    Ok(OnFile::Charged(id))
}

/// The registration that a text names.
///
/// # Errors
/// [`Problem::RegistrationMalformed`], [`Problem::RegistrationUnknown`].
pub fn read_id(state: &V3State, text: &str) -> Result<RegistrationId, Problem> {
    if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Problem::RegistrationMalformed);
    }
    let reference = state.engine.codec().read_hex(text);
    reference.and_then(RegistrationId::of_reference).ok_or(Problem::RegistrationUnknown)
}

/// How answers are written, once the few fields of the call are right.
fn checked(state: &V3State, asked: &Asked) -> Result<Viewer, Problem> {
    let mut reader = Reader::new(&asked.form, asked.faults.clone());
    common(&mut reader, state.reading(&asked.caller));
    reader.finish()?;
    Ok(state.viewer(&asked.caller))
}

fn shown(body: &Body) -> Response {
    wire::response(axum::http::StatusCode::OK, body.text())
}

/// A stored card and what is said of it.
struct Shown<'a> {
    id: RegistrationId,
    card: &'a CardSummary,
    holder: &'a str,
    brand: &'a str,
    result: ResultBody,
    at: Timestamp,
}

impl<E: Deref<Target = Engine>> Viewer<E> {
    /// A stored card as this dialect shows it.
    pub fn registration(&self, stored: &StoredCard) -> Body {
        let registration = &stored.registration;
        let event = match stored.word {
            Word::Active | Word::Declined | Word::Deleted => Event::Approved,
            Word::Pending => Event::Pending,
        };
        let coding =
            Coding { set: self.set, pending: self.pending, mode: registration.mode, test_mode: TestMode::Internal };
        self.registration_body(Shown {
            id: registration.id,
            card: &registration.card,
            holder: &stored.holder,
            brand: brand::name(registration.card.brand),
            result: ResultBody::of(code(&event, coding), self.set),
            at: registration.created_at,
        })
    }

    /// The stored card that a payment was made with, and what became of that; nothing while none was.
    pub fn registered(&self, payment: &Payment) -> Option<Body> {
        let document = self.document(&payment.details, payment.dialect);
        let attempt = payment.funding().or(payment.last_attempt())?;
        let means = attempt.means.as_ref()?;
        let event = event::of_payment(payment);
        let coding = Coding { set: self.set, pending: self.pending, mode: payment.mode, test_mode: document.test_mode };
        let body = self.registration_body(Shown {
            id: means.registration?,
            card: means.card.as_ref()?,
            holder: &document.holder,
            brand: &brand_of(Some(attempt), &document)?,
            result: ResultBody::of(code(&event, coding), self.set),
            at: attempt.changed_at(),
        });
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Some(Body {
            merchant_transaction_id: some(&payment.details.reference),
            merchant_invoice_id: some(&document.invoice),
            echo: document.echo.clone(),
            ndc: match document.checkout {
                Some(_) => checkout::print_id(&self.engine, payment.id, self.mount.profile),
                None => body.ndc.clone(),
            },
            ..body
        })
    }

    fn registration_body(&self, shown: Shown<'_>) -> Body {
        let number = PaymentId::from_number(shown.id.number());
        Body {
            id: self.print(number, 0),
            referenced_id: None,
            registration_id: None,
            payment_type: None,
            payment_brand: Some(shown.brand.to_owned()),
            amount: None,
            currency: None,
            descriptor: None,
            merchant_transaction_id: None,
            merchant_invoice_id: None,
            result: shown.result,
            result_details: None,
            card: Some(CardBody {
                bin: shown.card.bin.clone(),
                last4_digits: shown.card.last4.clone(),
                holder: shown.holder.to_owned(),
                expiry_month: format!("{:02}", shown.card.expiry.month),
                expiry_year: shown.card.expiry.year.to_string(),
            }),
            echo: Arc::default(),
            three_d_secure: None,
            redirect: None,
            risk: None,
            summary: None,
            build_number: BUILD_NUMBER,
            timestamp: stamp::timestamp(shown.at, self.format),
            ndc: stamp::ndc_of(&self.engine, &self.entity, number, 0),
            payments: None,
        }
    }
}

impl From<CardRefusal> for Problem {
    fn from(refusal: CardRefusal) -> Problem {
        match refusal {
            CardRefusal::NotFound => Problem::RegistrationUnknown,
            CardRefusal::Pending => Problem::RegistrationUndecided,
            CardRefusal::Declined => Problem::RegistrationDeclined,
            CardRefusal::Deleted => Problem::RegistrationDeleted,
            CardRefusal::Store(error) => error.into(),
        }
    }
}
