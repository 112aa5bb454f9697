//! Stored cards charged and deleted: `POST paywithtoken/{registrationId}` and its alias (contract, sections 8.9 and 8.10). A card's number
//! comes out of the vault only to be charged.

use florin_engine::directory::Permission;
use florin_engine::vault::{CardRefusal, Chargeable};
use florin_engine::{Answer, ClaimRequest, Earlier};
use florin_kernel::RegistrationId;
use florin_kernel::payment::{Authenticate, Dialect, Presence};
use serde::Serialize;

use super::auth::Caller;
use super::brands;
use super::codes::ResultBody;
use super::content::content;
use super::document::{Document, Recurring};
use super::envelope::Topic;
use super::errors::Problem;
use super::pay::{blank, make, render};
use super::references::{self, Refused, Space};
use super::request::{self, Account, Purchase, TokenPurchase};
use super::state::{Asked, TsState};
use super::wire::{self, Told, timestamp};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Deleted<'a> {
    registration_id: &'a str,
    member_id: &'a str,
    status: &'static str,
    result: ResultBody,
    timestamp: String,
}

/// Charges a stored card, or finds that it was charged before.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn pay(state: &TsState, asked: Asked, id: &str) -> Result<Told, Problem> {
    let Asked { caller, fields, idempotency_key } = asked;
    let TokenPurchase { mut purchase, cvc, repeated } = request::read_token(&fields, state.reading(&caller))?;
    caller.may(&[Permission::Deposits])?;
    let digest = state.engine.digest(&[&content("token", id, &fields)]);
    let reference = purchase.reference.as_deref().map(|text| references::claim(&caller, Space::Purchase, text));
    let key = idempotency_key.map(|text| references::key_claim(&caller, &text));
    let claims: Vec<ClaimRequest> = key.into_iter().chain(reference).collect();
    let call = Refused { caller: &caller, fields: &fields, topic: Topic::Money, claims: &claims, digest };
    let mut opened = match open(state, &caller, id).await {
        Ok(opened) => opened,
        // A copy is told its answer also after the card is gone.
        Err(problem) => {
            let (engine, blank) = (&state.engine, blank(state, &caller, &purchase));
            return match engine.earlier(&blank, &claims, digest, &render(state.viewer(&caller))).await? {
                Some(Earlier::Replay(reply)) => Ok(reply.into()),
                Some(Earlier::Taken(kind)) => Err(kind.into()),
                None => call.tell(&state.engine, problem).await,
            };
        }
    };
    if repeated {
        repeat(state, &caller, &mut purchase, &opened).await?;
    }
    purchase.document.holder.clone_from(&opened.stored.holder);
    if purchase.document.customer.is_empty() {
        purchase.document.customer = opened.stored.registration.customer.clone().unwrap_or_default();
    }
    purchase.brand = brands::name(opened.card.pan.brand()).unwrap_or("CARD").to_owned();
    opened.card.cvc = cvc;
    purchase.account = Account::Stored(opened.card, opened.stored.registration.id);
    match make(state, &caller, &purchase, &claims, digest).await {
        Ok(reply) => Ok(reply.into()),
        Err(problem) => call.tell(&state.engine, problem).await,
    }
}

/// The payer takes no part; the network is told the payment in which it agreed.
async fn repeat(state: &TsState, caller: &Caller, purchase: &mut Purchase, opened: &Chargeable) -> Result<(), Problem> {
    let network_id = opened.stored.initial.as_ref().map(|first| first.network_id.clone()).unwrap_or_default();
    purchase.presence = Presence::Merchant { network_id };
    purchase.authenticate = Authenticate::Auto;
    if let Some(first) = first_document(state, caller, &opened.stored.registration).await?
        && first.recurring == Some(Recurring::Initial)
    {
        purchase.document.recurring = Some(Recurring::Repeats(first.number));
    }
    Ok(())
}

/// What is known of the payment that a card was stored with.
///
/// # Errors
/// [`Problem`] when the store cannot answer.
pub async fn first_document(
    state: &TsState,
    caller: &Caller,
    registration: &florin_kernel::registration::Registration,
) -> Result<Option<Document>, Problem> {
    let Some(id) = registration.first_payment else { return Ok(None) };
    let first = state.engine.find(caller.owner(), id).await?;
    Ok(first.and_then(|first| Document::of(&first.details)))
}

/// Deletes a stored card; once more is no harm.
///
/// # Errors
/// [`Problem::NotFound`] for one that is nobody's or somebody else's.
pub async fn delete(state: &TsState, asked: Asked, text: &str) -> Result<Told, Problem> {
    let Asked { caller, fields, idempotency_key } = asked;
    caller.may(&[Permission::Deposits])?;
    let content = content("deletion", text, &fields);
    let request = references::repeatable(&state.engine, &caller, idempotency_key.as_deref(), &content);
    let id = match read_id(state, text) {
        Ok(id) => id,
        Err(problem) => return references::earlier(&state.engine, &request).await?.ok_or(problem),
    };
    let body = wire::text(&Deleted {
        registration_id: &printed(state, id),
        member_id: &caller.settings.member_id,
        status: "deleted",
        result: ResultBody::of("00008"),
        timestamp: timestamp(state.engine.now(caller.lane)),
    });
    let deleted = state.engine.delete_registration_once(&request, id, Answer { status: 200, body }).await?;
    Ok(deleted.ok_or(Problem::NotFound)?.into())
}

/// Opens a stored card to charge it.
///
/// # Errors
/// [`Problem::NotFound`] for one that is nobody's, somebody else's, or deleted.
pub async fn open(state: &TsState, caller: &Caller, text: &str) -> Result<Chargeable, Problem> {
    let id = read_id(state, text)?;
    Ok(state.engine.open_card(caller.owner(), Dialect::TransactionServices, id).await?)
}

/// As the wire writes a stored card's id.
pub fn printed(state: &TsState, id: RegistrationId) -> String {
    state.engine.codec().hex(id.reference())
}

fn read_id(state: &TsState, text: &str) -> Result<RegistrationId, Problem> {
    let reference = state.engine.codec().read_hex(text);
    reference.and_then(RegistrationId::of_reference).ok_or(Problem::NotFound)
}

impl From<CardRefusal> for Problem {
    fn from(refusal: CardRefusal) -> Problem {
        match refusal {
            CardRefusal::NotFound | CardRefusal::Deleted | CardRefusal::Declined => Problem::NotFound,
            CardRefusal::Pending => Problem::NotPermitted("the first payment of the token is undecided".into()),
            CardRefusal::Store(error) => error.into(),
        }
    }
}
