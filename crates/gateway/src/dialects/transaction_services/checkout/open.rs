//! The shop's form: checked, and made a session. Whatever is wrong is said on a page, and nobody is sent to an address that nobody signed.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::directory::Permission;
use florin_engine::{Answer, ClaimKind, ClaimRequest, NewSession, Render, StartError};
use florin_kernel::payment::{
    AmountChoice, Authenticate, CaptureMode, Details, Dialect, Hosted, Links, Payment, Retry, State as Stands, Times,
};
use florin_kernel::{Asset, Money};
use jiff::SignedDuration;

use super::{Checkout, fields, path};
use crate::dialects::request::read_body;
use crate::dialects::transaction_services::auth::{self, Caller};
use crate::dialects::transaction_services::brands::{MODES, Mode};
use crate::dialects::transaction_services::checksum::{CHECKOUT, Values};
use crate::dialects::transaction_services::content::content;
use crate::dialects::transaction_services::document::Document;
use crate::dialects::transaction_services::errors::{Problem, Rule};
use crate::dialects::transaction_services::fields::{Complaint, Fields, Reader, body, number, one_of, text};
use crate::dialects::transaction_services::request::{self, AUTHENTICATIONS, KINDS, Keep, Kind, YES_OR_NO};
use crate::dialects::transaction_services::settings::{Partner, Terminal};
use crate::dialects::transaction_services::state::TsState;
use crate::dialects::transaction_services::{amounts, references, urls};
use crate::pages::notice::Notice;
use crate::pages::see_other;

/// How long a session lives.
const SESSION: SignedDuration = SignedDuration::from_mins(30);
/// How often its payer may try.
const ATTEMPTS_MAX: u16 = 3;
const NUMBERS_MAX: u32 = 16;

/// `POST /transaction/Checkout`.
pub async fn open(State(state): State<TsState>, request: Request) -> Response {
    match opened(&state, request).await {
        Ok(location) => see_other(&location),
        Err(problem) => refused(&problem),
    }
}

/// A page with code and field.
fn refused(problem: &Problem) -> Response {
    let (code, _, strict) = problem.line();
    let status = match problem {
        Problem::ReferenceTaken => StatusCode::CONFLICT,
        Problem::Busy | Problem::Fault | Problem::TooLarge => StatusCode::from_u16(strict).unwrap_or_default(),
        _ => StatusCode::BAD_REQUEST,
    };
    let text = format!(
        "{code}: {}. Nothing was charged. Go back to the shop and tell it what stands here.",
        problem.result().description
    );
    Notice { meaning: "bad", word: "Refused", heading: "This payment cannot be started", text, link: None }.page(status)
}

/// The address of the session.
async fn opened(state: &TsState, request: Request) -> Result<String, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = read_body(&parts, body).await.map_err(|_| Problem::TooLarge)?;
    let fields = fields::named(&body::read(&parts.headers, &bytes)?)?;
    let member_id = fields.get("authentication.memberId").ok_or(Problem::WrongMember)?;
    let caller = auth::member(&state.engine, member_id)?;
    check_partner(state, &caller, &fields)?;
    check_signature(&caller, &fields)?;
    let order = Order::read(&fields, &caller)?;
    caller.may(&[Permission::Deposits])?;
    make(state, &caller, &fields, &order).await
}

/// `totype` is the partner's name, in any letter case, or its id.
fn check_partner(state: &TsState, caller: &Caller, fields: &Fields) -> Result<(), Problem> {
    let Some(sent) = fields.get("totype") else {
        return Err(Problem::field("totype", Rule::Missing, "is missing"));
    };
    let partner_id = &caller.settings.partner_id;
    let login = auth::login(&state.engine, &auth::partner_key(partner_id));
    let name = login.and_then(|login| Partner::of(&login.credential)).map(|partner| partner.partner_name);
    match sent == partner_id || name.is_some_and(|name| name.eq_ignore_ascii_case(sent)) {
        true => Ok(()),
        false => Err(Problem::field("totype", Rule::Value, "must be the partner's name")),
    }
}

fn check_signature(caller: &Caller, fields: &Fields) -> Result<(), Problem> {
    let mut reader = Reader::new(fields);
    for name in ["amount", "merchantTransactionId", "merchantRedirectUrl", "authentication.checksum"] {
        match fields.get(name) {
            None => reader.missing(name),
            Some(value) if value.contains('|') || value.chars().any(char::is_control) => {
                reader.fault(name, Complaint::new(Rule::Format, "must not contain bars or control characters"));
            }
            Some(_) => {}
        }
    }
    reader.finish()?;
    let field = |name: &str| fields.get(name);
    let values =
        Values { member: &caller.settings.member_id, keys: &caller.keys, partner: None, path: "", field: &field };
    match values.verify(CHECKOUT, fields.get("authentication.checksum").unwrap_or_default()) {
        true => Ok(()),
        false => Err(Problem::WrongChecksum),
    }
}

/// What the shop asks for.
struct Order<'c> {
    kind: Kind,
    amount: Money,
    reference: String,
    return_url: String,
    webhook: String,
    terminal: &'c Terminal,
    document: Document,
    payer: florin_kernel::payment::Payer,
    locale: String,
}

impl<'c> Order<'c> {
    fn read(fields: &Fields, caller: &'c Caller) -> Result<Order<'c>, Problem> {
        let mut reader = Reader::new(fields);
        let kind = reader.read("paymentType", one_of(KINDS)).unwrap_or(Kind::Debit);
        let terminal_id = reader.read("authentication.terminalId", number(6));
        let sent = reader.read("currency", amounts::currency);
        let terminal = terminal(caller, terminal_id.as_deref(), sent);
        let currency = sent.or(terminal.and_then(Terminal::currency));
        if currency.is_none() && fields.get("currency").is_none() {
            reader.missing("currency");
        }
        let amount = reader.read("amount", |value| match currency {
            Some(currency) => amounts::grouped(value).and_then(|plain| amounts::amount(&plain, currency).map(Some)),
            None => amounts::grouped(value).map(|_| None),
        });
        let reference = reader.read("merchantTransactionId", text(100));
        let return_url = reader.read("merchantRedirectUrl", urls::web_url);
        let webhook = reader.read("notificationUrl", urls::notification_url(caller.mode()));
        let mut document = request::document(&mut reader);
        reader.finish()?;
        // What only helps the payer is left out where it is of no use; plugins send what they like.
        let mut prefill = Reader::new(fields);
        let payer = request::payer(&mut prefill, &mut document);
        let authenticate = prefill.read("attemptThreeD", one_of(AUTHENTICATIONS));
        document.registered = prefill.read("createRegistration", one_of(YES_OR_NO)) == Some(Keep::Yes);
        let brand = prefill.read("paymentBrand", text(32)).unwrap_or_default();
        // A brand alone says how it is paid; one that nobody here knows says nothing.
        let named = prefill.read("paymentMode", one_of(MODES));
        let mode = named.or_else(|| terminal.and_then(|terminal| terminal.mode_of(&brand)));
        document.checkout = Some(Box::new(Checkout {
            modes: mode.into_iter().collect(),
            brand: if mode.is_none_or(|mode| mode == Mode::Cc) { String::new() } else { brand },
            authenticate: authenticate.map_or(Authenticate::Auto, request::Wish::asked),
        }));
        let terminal = terminal.ok_or(Problem::NoTerminal)?;
        document.terminal.clone_from(&terminal.terminal_id);
        Ok(Order {
            kind,
            amount: amount.flatten().ok_or(Problem::Fault)?,
            reference: reference.ok_or(Problem::Fault)?,
            return_url: return_url.ok_or(Problem::Fault)?,
            webhook: webhook.unwrap_or_default(),
            terminal,
            document,
            payer,
            locale: prefill.read("lang", text(16)).unwrap_or_default(),
        })
    }
}

/// The terminal that was named, else the default one, else the first that takes the currency.
pub fn terminal<'c>(caller: &'c Caller, id: Option<&str>, currency: Option<Asset>) -> Option<&'c Terminal> {
    let fits = |terminal: &&Terminal| {
        let named = id.is_none_or(|id| id == terminal.terminal_id);
        let takes = |currency: Asset| terminal.currencies.is_empty() || terminal.currencies.contains(&currency);
        !terminal.disabled && named && currency.is_none_or(takes)
    };
    let terminals = &caller.settings.terminals;
    terminals.iter().filter(|terminal| terminal.default).find(fits).or_else(|| terminals.iter().find(fits))
}

async fn make(state: &TsState, caller: &Caller, fields: &Fields, order: &Order<'_>) -> Result<String, Problem> {
    let engine = state.engine.clone();
    let digest = engine.digest(&[&content("Checkout", "", fields)]);
    let reference = references::of_page(caller, &order.reference);
    let render: Render = {
        let engine = engine.clone();
        Arc::new(move |payment| Answer { status: 303, body: path(&engine, payment.id) })
    };
    for turn in 0..NUMBERS_MAX {
        let mut payment = Box::new(new_payment(state, caller, order));
        let number = engine.number_for(payment.id, turn);
        payment.details.echo = Document { number: number.clone(), ..order.document.clone() }.text();
        if super::offers::offers(&engine, &payment, &order.document, order.terminal).is_empty() {
            return Err(Problem::NoTerminal);
        }
        let claims = vec![reference.clone(), ClaimRequest::number(number)];
        let new = NewSession { payment, claims, digest, render: render.clone() };
        match engine.open(new).await {
            Err(StartError::Taken(ClaimKind::Number)) => {}
            Ok(reply) => return Ok(format!("{}{}", engine.public_url(), reply.answer.body)),
            Err(error) => return Err(error.into()),
        }
    }
    Err(Problem::Busy)
}

fn new_payment(state: &TsState, caller: &Caller, order: &Order<'_>) -> Payment {
    let now = state.engine.now(caller.lane);
    let return_url = order.return_url.clone();
    Payment {
        id: state.engine.new_payment_id(),
        merchant: caller.credential.merchant,
        mode: caller.mode(),
        dialect: Dialect::TransactionServices,
        created_at: now,
        asked: order.amount,
        capture: match order.kind {
            Kind::Debit => CaptureMode::Now,
            Kind::Preauthorisation => CaptureMode::Later,
        },
        times: Times::default(),
        retry: Retry::Session { attempts_max: ATTEMPTS_MAX, until: now + SESSION, amount: AmountChoice::Fixed },
        state: Stands::Created,
        operations: Vec::new(),
        chargebacks: Vec::new(),
        announced: None,
        details: Details {
            ordered_by: None,
            credential: Some(caller.credential.id),
            reference: order.reference.clone(),
            payer: order.payer.clone(),
            links: Links {
                success: return_url.clone(),
                failure: return_url.clone(),
                pending: return_url,
                webhook: order.webhook.clone(),
                locale: order.locale.clone(),
            },
            descriptor: order.terminal.descriptor.clone(),
            echo: String::new(),
            hosted: Some(Box::new(Hosted::default())),
        },
    }
}
