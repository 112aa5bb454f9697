//! A payment of a series, by the id of its first one, without the payer (contract, section 8.7).

use florin_engine::directory::Permission;
use florin_engine::vault::CardRefusal;
use florin_engine::{ClaimRequest, Earlier};
use florin_kernel::payment::{Authenticate, Dialect, Payment, Presence, State};
use florin_kernel::{Money, Transaction};

use super::amounts;
use super::auth::Caller;
use super::brands::{self, Mode};
use super::content::content;
use super::document::{Document, Recurring};
use super::envelope::Topic;
use super::errors::{Problem, Rule};
use super::fields::{Complaint, Fields, Reader, number, one_of, text};
use super::pay::{make, render};
use super::references::{self, Refused, Space};
use super::request::{self, Account, KINDS, Keep, Kind, Purchase};
use super::state::{Asked, ID_TYPES, IdType, TsState};
use super::urls;
use super::wire::Told;

/// Charges the card of a first payment again, or finds that it was charged before.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn repeat(state: &TsState, asked: Asked, path_id: &str) -> Result<Told, Problem> {
    let Asked { caller, fields, idempotency_key } = asked;
    let (id, id_type, kind) = read(&fields, path_id)?;
    caller.may(&[Permission::Deposits])?;
    let (transaction, parent) = state.find(&caller, &id, id_type).await?;
    let Transaction::Payment(first) = transaction else { return Err(not_allowed("it is a payout")) };
    let mut purchase = purchase(&caller, &fields, kind, &first, &parent)?;
    let digest = state.engine.digest(&[&content("repeat", &parent.number, &fields)]);
    let reference = purchase.reference.as_deref().map(|text| references::claim(&caller, Space::Purchase, text));
    let key = idempotency_key.map(|text| references::key_claim(&caller, &text));
    let claims: Vec<ClaimRequest> = key.into_iter().chain(reference).collect();
    let call = Refused { caller: &caller, fields: &fields, topic: Topic::Money, claims: &claims, digest };
    match card(state, &caller, &first, &parent).await {
        Ok((account, brand)) => {
            (purchase.account, purchase.brand) = (account, brand);
            match make(state, &caller, &purchase, &claims, digest).await {
                Ok(reply) => Ok(reply.into()),
                Err(problem) => call.tell(&state.engine, problem).await,
            }
        }
        // A copy of a charge is told its answer also after the card is gone.
        Err(problem) => {
            let render = render(state.viewer(&caller));
            match state.engine.earlier(&first, &claims, digest, &render).await? {
                Some(Earlier::Replay(reply)) => Ok(reply.into()),
                Some(Earlier::Taken(kind)) => Err(kind.into()),
                None => call.tell(&state.engine, problem).await,
            }
        }
    }
}

/// Which payment is repeated, and what the repeat is to do.
fn read(fields: &Fields, path_id: &str) -> Result<(String, IdType, Kind), Problem> {
    let mut reader = Reader::new(fields);
    let kind = reader.require("paymentType", one_of(KINDS));
    let id_type = reader.read("idType", one_of(ID_TYPES)).unwrap_or(IdType::Ours);
    let repeated = fields.get("recurringType").is_some_and(|kind| kind.eq_ignore_ascii_case("REPEATED"));
    if !repeated {
        let rule = if fields.get("recurringType").is_some() { Rule::Value } else { Rule::Missing };
        reader.fault("recurringType", Complaint::new(rule, "must be REPEATED to charge a payment's card again"));
    }
    let id = match path_id {
        "" => reader.require("paymentId", text(100)),
        id => {
            reader.read("paymentId", |sent| match sent == id {
                true => Ok(()),
                false => Err(Complaint::new(Rule::Value, "must be the id in the path")),
            });
            Some(id.to_owned())
        }
    };
    reader.finish()?;
    Ok((id.ok_or(Problem::Fault)?, id_type, kind.ok_or(Problem::Fault)?))
}

fn purchase(
    caller: &Caller,
    fields: &Fields,
    kind: Kind,
    first: &Payment,
    parent: &Document,
) -> Result<Purchase, Problem> {
    let mut reader = Reader::new(fields);
    let currency = match fields.get("currency") {
        Some(_) => reader.read("currency", amounts::currency),
        None => Some(first.asked.asset()),
    };
    let amount: Option<Money> =
        currency.and_then(|currency| reader.require("amount", |value| amounts::amount(value, currency)));
    let reference = reader.read("merchantTransactionId", text(100));
    let terminal_id = reader.read("authentication.terminalId", number(6));
    let webhook = reader.read("notificationUrl", urls::notification_url(caller.mode()));
    let mut document = request::document(&mut reader);
    reader.finish()?;
    document.mode = Some(Mode::Cc);
    document.holder.clone_from(&parent.holder);
    document.recurring = Some(Recurring::Repeats(parent.number.clone()));
    if document.customer.is_empty() {
        document.customer.clone_from(&parent.customer);
    }
    let network_id = first.funding().map(|attempt| attempt.network_id.clone()).unwrap_or_default();
    Ok(Purchase {
        kind,
        amount: amount.ok_or(Problem::Fault)?,
        mode: Mode::Cc,
        brand: String::new(),
        account: Account::Page,
        reference,
        terminal_id,
        return_url: String::new(),
        webhook: webhook.unwrap_or_else(|| first.details.links.webhook.clone()),
        payer: first.details.payer.clone(),
        authenticate: Authenticate::Auto,
        presence: Presence::Merchant { network_id },
        keep: Keep::No,
        installments: 1,
        document,
    })
}

fn not_allowed(reason: &str) -> Problem {
    Problem::NotPermitted(format!("recurring not allowed: {reason}").into())
}

/// The card of a first payment, if it may be charged again.
async fn card(
    state: &TsState,
    caller: &Caller,
    first: &Payment,
    parent: &Document,
) -> Result<(Account, String), Problem> {
    if first.dialect != Dialect::TransactionServices || parent.recurring != Some(Recurring::Initial) {
        return Err(not_allowed("the payment is not the first of a series"));
    }
    match &first.state {
        State::Funded(funds) if !funds.charged_back.is_zero() => {
            return Err(not_allowed("the first payment was charged back"));
        }
        State::Funded(_) => {}
        State::Created
        | State::PendingPayer { .. }
        | State::Pending { .. }
        | State::Unknown { .. }
        | State::Ended(_) => return Err(not_allowed("the first payment was not successful")),
    }
    let id = first.funding().and_then(|attempt| attempt.means.as_ref()?.registration);
    let id = id.ok_or_else(|| not_allowed("the card was not kept"))?;
    let opened = state.engine.open_card(caller.owner(), Dialect::TransactionServices, id).await;
    let opened = opened.map_err(|refusal| match refusal {
        CardRefusal::Deleted | CardRefusal::NotFound => not_allowed("the token is deleted"),
        CardRefusal::Pending | CardRefusal::Declined => not_allowed("the first payment was not successful"),
        CardRefusal::Store(error) => error.into(),
    })?;
    let brand = brands::name(opened.card.pan.brand()).unwrap_or("CARD").to_owned();
    Ok((Account::Stored(opened.card, id), brand))
}
