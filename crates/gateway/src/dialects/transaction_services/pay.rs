//! `POST payments`: a payment (contract, sections 6 and 8.2).
//!
//! A repeat of an earlier request goes before all checks that look beyond the request. On the way that nearly all requests take,
//! the engine finds a repeat while it commits; only a refusal makes it worth asking first.

use std::sync::Arc;

use florin_engine::directory::Permission;
use florin_engine::vault::OnFile;
use florin_engine::{Answer, ClaimKind, ClaimRequest, NewPayment, Render, Reply, StartError};
use florin_kernel::payment::{
    CaptureMode, Circumstances, Details, Dialect, LateMoney, Links, Payment, Retry, State, Times,
};

use super::auth::Caller;
use super::content::content;
use super::document::{Document, Recurring};
use super::envelope::Topic;
use super::errors::Problem;
use super::references::{self, Refused, Space};
use super::request::{self, Account, Keep, Kind, Purchase, Reading};
use super::settings::{Switch, Terminal};
use super::state::{Asked, TsState};
use super::terminals::{self, Wanted};
use super::view::{Detail, Viewer};
use super::way;
use super::wire::{self, Told};
use crate::dialects::request::earlier_or;

/// So many numbers are drawn for one payment.
pub const NUMBERS_MAX: u32 = 16;

/// Makes the payment, or finds the one made before.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn pay(state: &TsState, asked: Asked) -> Result<Told, Problem> {
    let Asked { caller, fields, idempotency_key } = asked;
    let purchase = request::read(&fields, state.reading(&caller))?;
    caller.may(permissions(&purchase.account))?;
    let digest = state.engine.digest(&[&content("payments", "", &fields)]);
    let reference = purchase.reference.as_deref().map(|text| references::claim(&caller, Space::Purchase, text));
    let key = idempotency_key.map(|text| references::key_claim(&caller, &text));
    let claims: Vec<ClaimRequest> = key.into_iter().chain(reference).collect();
    let call = Refused { caller: &caller, fields: &fields, topic: Topic::Money, claims: &claims, digest };
    match make(state, &caller, &purchase, &claims, digest).await {
        Ok(reply) => Ok(reply.into()),
        Err(problem) => call.tell(&state.engine, problem).await,
    }
}

fn permissions(account: &Account) -> &'static [Permission] {
    match account {
        Account::Card(_) => &[Permission::Deposits, Permission::S2sCards],
        // A stored card's number is in no request.
        Account::Stored(..) | Account::Page => &[Permission::Deposits],
    }
}

/// The answer to the call that made a payment, from what is kept with it.
pub fn render(viewer: Viewer) -> Render {
    Arc::new(move |payment| {
        let document = Document::of(&payment.details).unwrap_or_else(|| Document::numbered("-"));
        Answer { status: 200, body: wire::text(&viewer.payment(payment, &document, Detail::Made)) }
    })
}

/// Makes a payment; where it is refused, a copy of an earlier request is told its answer all the same.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn make(
    state: &TsState,
    caller: &Caller,
    purchase: &Purchase,
    claims: &[ClaimRequest],
    digest: [u8; 16],
) -> Result<Reply, Problem> {
    let render = render(state.viewer(caller));
    for turn in 0..NUMBERS_MAX {
        let mut payment = Box::new(blank(state, caller, purchase));
        let way = terminal(caller, purchase).and_then(|(terminal, brand)| {
            let candidate = way::find(state, caller, purchase, terminal, &payment)?;
            Ok((terminal, brand, candidate))
        });
        let (terminal, brand, candidate) = match way {
            Ok(way) => way,
            Err(problem) => {
                return earlier_or(state.engine.earlier(&payment, claims, digest, &render).await, problem);
            }
        };
        let number = state.engine.number_for(payment.id, turn);
        let document = Document {
            number: number.clone(),
            terminal: terminal.terminal_id.clone(),
            brand: brand.clone(),
            ..purchase.document.clone()
        };
        payment.details.descriptor.clone_from(&terminal.descriptor);
        payment.details.echo = document.text();
        let ours = purchase.reference.is_none().then(|| format!("FL-{number}"));
        if let Some(reference) = &ours {
            payment.details.reference.clone_from(reference);
        }
        let ours = ours.map(|text| references::claim(caller, Space::Purchase, &text));
        let claims = claims.iter().cloned().chain(ours).chain([ClaimRequest::number(number)]).collect();
        let (card, brand) = match &purchase.account {
            Account::Card(card) | Account::Stored(card, _) => (Some(card.clone()), String::new()),
            Account::Page => (None, brand),
        };
        let new = NewPayment {
            payment,
            claims,
            digest,
            candidate,
            method: purchase.mode.method(),
            brand,
            circumstances: Circumstances {
                authenticate: purchase.authenticate.clone(),
                presence: purchase.presence.clone(),
                simulated: None,
            },
            card,
            on_file: on_file(purchase, caller.settings.keep_cards),
            render: render.clone(),
        };
        match state.engine.start(new).await {
            Err(StartError::Taken(ClaimKind::Number)) => {}
            started => return Ok(started?),
        }
    }
    Err(Problem::Busy)
}

/// The terminal that takes the payment, and the brand as it writes it.
fn terminal<'c>(caller: &'c Caller, purchase: &Purchase) -> Result<(&'c Terminal, String), Problem> {
    let wanted = Wanted {
        terminal_id: purchase.terminal_id.as_deref(),
        currency: purchase.amount.asset(),
        mode: purchase.mode,
        brand: &purchase.brand,
    };
    terminals::find(&caller.settings.terminals, wanted).ok_or(Problem::NoTerminal)
}

fn on_file(purchase: &Purchase, keep_cards: Switch) -> OnFile {
    let is_initial = purchase.document.recurring == Some(Recurring::Initial);
    match &purchase.account {
        Account::Stored(_, id) => OnFile::Charged(*id),
        // The first payment of a series keeps its card, for the others.
        Account::Card(_) if purchase.keep == Keep::Yes || is_initial || keep_cards == Switch::On => {
            OnFile::Keep { customer: Some(purchase.document.customer.clone()).filter(|id| !id.is_empty()) }
        }
        Account::Card(_) | Account::Page => OnFile::Not,
    }
}

/// The payment, nothing tried.
pub fn blank(state: &TsState, caller: &Caller, purchase: &Purchase) -> Payment {
    let engine = &state.engine;
    let return_url = purchase.return_url.clone();
    Payment {
        id: engine.new_payment_id(),
        merchant: caller.credential.merchant,
        mode: caller.mode(),
        dialect: Dialect::TransactionServices,
        created_at: engine.now(caller.lane),
        asked: purchase.amount,
        capture: match purchase.kind {
            Kind::Debit => CaptureMode::Now,
            Kind::Preauthorisation => CaptureMode::Later,
        },
        times: Times { late: LateMoney::Suspense, ..Times::default() },
        retry: Retry::Never,
        state: State::Created,
        operations: Vec::new(),
        chargebacks: Vec::new(),
        announced: None,
        details: Details {
            ordered_by: None,
            credential: Some(caller.credential.id),
            reference: purchase.reference.clone().unwrap_or_default(),
            payer: purchase.payer.clone(),
            links: Links {
                success: return_url.clone(),
                failure: return_url.clone(),
                pending: return_url,
                webhook: purchase.webhook.clone(),
                locale: String::new(),
            },
            descriptor: String::new(),
            echo: String::new(),
            hosted: None,
        },
    }
}

impl TsState {
    /// What the rules of fields need to know.
    pub fn reading<'a>(&self, caller: &'a Caller) -> Reading<'a> {
        let now = self.engine.now(caller.lane);
        let today = jiff::tz::Offset::UTC.to_datetime(now).date();
        Reading { mode: caller.mode(), settings: &caller.settings, today }
    }
}
