//! `POST payout`: money from the merchant to a card or bank account (contract, section 8.13). What is accepted is always pending: its end
//! is told by a notification and by inquiries.

use std::sync::Arc;

use florin_engine::directory::Permission;
use florin_engine::{Answer, Approval, ClaimKind, ClaimRequest, NewPayout, Render, StartError};
use florin_kernel::card::Card;
use florin_kernel::payment::{Details, Dialect, Links};
use florin_kernel::ports::Payee;
use florin_kernel::routing::{Candidate, CardFacts, Method, NoRoute};
use florin_kernel::secret::Secret;
use florin_kernel::withdrawal::{Funding, State, Withdrawal};
use florin_kernel::{Money, Timestamp};
use jiff::SignedDuration;
use serde::Serialize;

use super::auth::Caller;
use super::codes::{self, ResultBody};
use super::content::content;
use super::document::Document;
use super::envelope::Topic;
use super::errors::Problem;
use super::pay::NUMBERS_MAX;
use super::references::{self, Refused, Space};
use super::settings::Words;
use super::state::{Asked, TsState};
use super::wire::{self, Told, timestamp};
use super::{amounts, terminals, way};
use crate::dialects::caller::is_in;
use crate::dialects::request::earlier_or;

mod order;

use order::{Order, Target};

/// A payout is confirmed in the commit that makes it, so any time is enough.
const ORDER_TIME: SignedDuration = SignedDuration::from_mins(1);

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PayoutBody {
    payment_id: String,
    payment_type: &'static str,
    status: &'static str,
    transaction_status: &'static str,
    payment_brand: String,
    payment_mode: &'static str,
    amount: String,
    currency: &'static str,
    merchant_transaction_id: String,
    payout_status: &'static str,
    remark: &'static str,
    result: ResultBody,
    timestamp: String,
}

/// Makes the payout, or finds the one made before.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn pay_out(state: &TsState, asked: Asked) -> Result<Told, Problem> {
    let Asked { caller, fields, idempotency_key } = asked;
    let order = Order::read(&fields, state.reading(&caller))?;
    caller.may(permissions(&order.target))?;
    let digest = state.engine.digest(&[&content("payout", "", &fields)]);
    let reference = references::claim(&caller, Space::Payout, &order.reference);
    let key = idempotency_key.map(|text| references::key_claim(&caller, &text));
    let claims: Vec<ClaimRequest> = key.into_iter().chain([reference]).collect();
    let ready = match prepare(state, &caller, &order).await {
        Ok(ready) => ready,
        // A copy is told its answer also after the token is gone.
        Err(problem) => {
            let nothing = Money::zero(amounts::currency("USD").map_err(|_| Problem::Fault)?);
            let blank = withdrawal(state, &caller, &order, nothing, &order.document);
            let render = render(&caller, state.engine.now(caller.lane));
            let call = Refused { caller: &caller, fields: &fields, topic: Topic::Money, claims: &claims, digest };
            return match earlier_or(state.engine.earlier_withdrawal(&blank, &claims, digest, &render).await, problem) {
                Ok(reply) => Ok(reply.into()),
                Err(problem) => call.tell(&state.engine, problem).await,
            };
        }
    };
    make(state, &caller, &order, ready, claims, digest).await
}

fn permissions(target: &Target) -> &'static [Permission] {
    match target {
        Target::Card(_) => &[Permission::Withdrawals, Permission::S2sCards],
        // The number is in no request.
        Target::Payment(_) | Target::Token(_) | Target::Bank(_) => &[Permission::Withdrawals],
    }
}

/// A payout that only has to be made.
struct Ready {
    amount: Money,
    payee: Payee,
    card: Option<Card>,
    candidate: Candidate,
    document: Document,
    descriptor: String,
}

async fn make(
    state: &TsState,
    caller: &Caller,
    order: &Order,
    ready: Ready,
    claims: Vec<ClaimRequest>,
    digest: [u8; 16],
) -> Result<Told, Problem> {
    let now = state.engine.now(caller.lane);
    let render = render(caller, now);
    for turn in 0..NUMBERS_MAX {
        let mut withdrawal = Box::new(withdrawal(state, caller, order, ready.amount, &ready.document));
        let number = state.engine.number_for(withdrawal.id, turn);
        let document = Document { number: number.clone(), ..ready.document.clone() };
        withdrawal.details.echo = document.text();
        withdrawal.details.descriptor.clone_from(&ready.descriptor);
        let insufficient = body(&withdrawal, Verdict::Insufficient, caller.settings.payout_answer_status, now);
        let new = NewPayout {
            withdrawal,
            claims: claims.iter().cloned().chain([ClaimRequest::number(number)]).collect(),
            digest,
            candidate: ready.candidate.clone(),
            payee: ready.payee.clone(),
            card: ready.card.as_ref().map(Card::summary),
            // The merchant's rule of four eyes holds beside this.
            approval: Approval::NotNeeded,
            render: render.clone(),
        };
        match state.engine.pay_out(new).await {
            Err(StartError::Taken(ClaimKind::Number)) => {}
            Err(StartError::BalanceInsufficient) => {
                match references::keep(&state.engine, caller, &claims, digest, insufficient).await {
                    // By a copy that was quicker, and found the money.
                    Err(Problem::KeyTaken) => {}
                    told => return told,
                }
            }
            made => return Ok(made?.into()),
        }
    }
    Err(Problem::Busy)
}

/// Where the money goes, and who pays it.
async fn prepare(state: &TsState, caller: &Caller, order: &Order) -> Result<Ready, Problem> {
    let found = order.target.find(state, caller).await?;
    let currency = order.currency.or(found.currency).ok_or(Problem::Fault)?;
    let amount = amounts::amount(&order.amount, currency);
    let amount = amount.map_err(|complaint| Problem::field("amount", complaint.rule, complaint.reason))?;
    if order.payer.ip.is_some_and(|ip| is_in(&caller.merchant.blocked_payers, ip)) {
        return Err(Problem::NotPermitted("refused by a risk rule".into()));
    }
    for limit in caller.merchant.withdrawals.limits.iter().filter(|limit| limit.asset() == currency) {
        way::within(amount, limit.min, limit.max)?;
    }
    let wanted = terminals::Wanted {
        terminal_id: order.terminal_id.as_deref(),
        currency,
        mode: found.mode,
        brand: &found.brand,
    };
    let (terminal, brand) = terminals::find(&caller.settings.terminals, wanted).ok_or(Problem::NoTerminal)?;
    let document = Document {
        terminal: terminal.terminal_id.clone(),
        mode: Some(found.mode),
        brand,
        holder: florin_kernel::card::without_numbers(&found.payee.holder),
        ..order.document.clone()
    };
    let draft = withdrawal(state, caller, order, amount, &document);
    let (method, facts) = match &found.card {
        Some(card) => (Method::Card, CardFacts::of(&card.pan)),
        None => (Method::BankTransfer, CardFacts::Unseen),
    };
    let candidate = state.engine.payout_route(&draft, method, facts).map_err(|refusal| match refusal {
        NoRoute::Amount { min, max } => way::within(amount, min, max).err().unwrap_or(Problem::NoTerminal),
        NoRoute::NotFound | NoRoute::Unavailable | NoRoute::NoRule => Problem::NoTerminal,
    })?;
    let descriptor = terminal.descriptor.clone();
    Ok(Ready { amount, payee: found.payee, card: found.card, candidate, document, descriptor })
}

fn withdrawal(state: &TsState, caller: &Caller, order: &Order, amount: Money, document: &Document) -> Withdrawal {
    let created_at = state.engine.now(caller.lane);
    Withdrawal {
        id: state.engine.new_payment_id(),
        merchant: caller.credential.merchant,
        mode: caller.mode(),
        dialect: Dialect::TransactionServices,
        created_at,
        asked: amount,
        funding: Funding::Balance,
        // No payer confirms it: it goes on in the same commit, in time.
        state: State::Created { until: created_at + ORDER_TIME },
        plan: None,
        approvals: Vec::new(),
        payout: None,
        returns: Vec::new(),
        announced: None,
        details: Details {
            credential: Some(caller.credential.id),
            reference: order.reference.clone(),
            payer: order.payer.clone(),
            links: Links { webhook: order.webhook.clone(), ..Links::default() },
            echo: document.text(),
            ..Details::default()
        },
    }
}

/// What a payout that was asked for is told.
#[derive(Clone, Copy)]
enum Verdict {
    /// It goes on, whatever becomes of it.
    Accepted,
    /// The balance does not cover it; it was not made.
    Insufficient,
}

fn render(caller: &Caller, now: Timestamp) -> Render<Withdrawal> {
    let words = caller.settings.payout_answer_status;
    Arc::new(move |withdrawal| Answer { status: 200, body: body(withdrawal, Verdict::Accepted, words, now) })
}

fn body(withdrawal: &Withdrawal, verdict: Verdict, words: Words, now: Timestamp) -> String {
    let document = Document::of(&withdrawal.details).unwrap_or_else(|| Document::numbered("-"));
    let (short, long, remark, result) = match verdict {
        Verdict::Accepted => ("P", "payoutstarted", "Payout accepted", ResultBody::of("00002")),
        Verdict::Insufficient => {
            ("N", "payoutfailed", "Insufficient funds", ResultBody::saying("11051", codes::bank_words("51")))
        }
    };
    wire::text(&PayoutBody {
        payment_id: match verdict {
            Verdict::Accepted => document.number,
            Verdict::Insufficient => "-".to_owned(),
        },
        payment_type: "PO",
        status: if words == Words::Long { long } else { short },
        transaction_status: short,
        payment_brand: document.brand,
        payment_mode: document.mode.map_or("", super::brands::Mode::text),
        amount: amounts::printed(withdrawal.asked),
        currency: withdrawal.asked.asset().code(),
        merchant_transaction_id: withdrawal.details.reference.clone(),
        payout_status: long,
        remark,
        result,
        timestamp: timestamp(now),
    })
}

/// A card as a payout's address.
fn card_payee(card: &Card) -> Payee {
    Payee { holder: card.holder.clone(), number: Secret::new(card.pan.expose().to_owned()) }
}
