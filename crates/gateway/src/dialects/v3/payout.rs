//! `POST payments` with CD: money from the merchant to a card or bank account (contract, section 10.3).

use std::sync::Arc;

use florin_engine::vault::OnFile;
use florin_engine::{Answer, Approval, ClaimRequest, NewPayout, Render, Reply};
use florin_kernel::card::Card;
use florin_kernel::payment::{Details, Dialect, Links};
use florin_kernel::ports::Payee;
use florin_kernel::routing::{Candidate, CardFacts, Method, NoRoute};
use florin_kernel::secret::Secret;
use florin_kernel::withdrawal::{Funding, State, Withdrawal};
use jiff::SignedDuration;

use super::auth::Caller;
use super::errors::Problem;
use super::pay::status_of;
use super::request::{Account, Initial};
use super::settings::{DeclineStatus, PayoutApproval, PayoutFunding};
use super::state::V3State;
use super::view::{Detail, Viewer};
use super::way;
use crate::dialects::caller::is_in;
use crate::dialects::request::earlier_or;

/// A payout is confirmed in the commit that makes it, so any time is enough.
const ORDER_TIME: SignedDuration = SignedDuration::from_mins(1);

/// Makes the payout, or finds the one made before.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn make(
    state: &V3State,
    caller: &Caller,
    initial: &Initial,
    on_file: Result<OnFile, Problem>,
    claims: Vec<ClaimRequest>,
    digest: [u8; 16],
) -> Result<Reply, Problem> {
    let withdrawal = Box::new(withdrawal(state, caller, initial));
    let render = render(state.viewer(caller), caller.settings.decline_status(state.mount.profile));
    match on_file.and_then(|_| route(state, caller, initial, &withdrawal)) {
        Ok((payee, card, candidate)) => {
            let approval = match caller.settings.payout_approval {
                PayoutApproval::Off => Approval::NotNeeded,
                PayoutApproval::On => Approval::Needed,
            };
            let card = card.map(Card::summary);
            let new = NewPayout { withdrawal, claims, digest, candidate, payee, card, approval, render };
            Ok(state.engine.pay_out(new).await?)
        }
        Err(problem) => {
            earlier_or(state.engine.earlier_withdrawal(&withdrawal, &claims, digest, &render).await, problem)
        }
    }
}

fn withdrawal(state: &V3State, caller: &Caller, initial: &Initial) -> Withdrawal {
    let engine = &state.engine;
    let created_at = engine.now(caller.lane);
    Withdrawal {
        id: engine.new_payment_id(),
        merchant: caller.credential.merchant,
        mode: caller.credential.mode,
        dialect: Dialect::V3,
        created_at,
        asked: initial.amount,
        funding: match caller.settings.payout_funding {
            PayoutFunding::Acquirer => Funding::Acquirer,
            PayoutFunding::Balance => Funding::Balance,
        },
        // No payer confirms it: it goes on in the same commit, in time.
        state: State::Created { until: created_at + ORDER_TIME },
        plan: None,
        approvals: Vec::new(),
        payout: None,
        returns: Vec::new(),
        announced: None,
        details: Details {
            credential: Some(caller.credential.id),
            reference: initial.reference.clone().unwrap_or_default(),
            payer: initial.payer.clone(),
            links: Links { webhook: initial.webhook.clone(), ..Links::default() },
            descriptor: initial.descriptor.clone(),
            echo: initial.document.text(),
            ..Details::default()
        },
    }
}

/// Where the money goes and who pays it.
fn route<'i>(
    state: &V3State,
    caller: &Caller,
    initial: &'i Initial,
    withdrawal: &Withdrawal,
) -> Result<(Payee, Option<&'i Card>, Candidate), Problem> {
    if initial.payer.ip.is_some_and(|ip| is_in(&caller.merchant.blocked_payers, ip)) {
        return Err(Problem::Risk);
    }
    let (method, payee, card) = match &initial.account {
        Account::Card(card) => {
            let number = Secret::new(card.pan.expose().to_owned());
            (Method::Card, Payee { holder: card.holder.clone(), number }, Some(card))
        }
        Account::Bank(bank) => (Method::BankTransfer, bank.payee(), None),
        // A token has become its card.
        Account::Token(_) | Account::Redirect(_) => return Err(Problem::NoAccount),
    };
    for limit in caller.merchant.withdrawals.limits.iter().filter(|limit| limit.asset() == initial.amount.asset()) {
        way::within(initial.amount, limit.min, limit.max)?;
    }
    let facts = card.map_or(CardFacts::Unseen, |card| CardFacts::of(&card.pan));
    match state.engine.payout_route(withdrawal, method, facts) {
        Ok(candidate) => Ok((payee, card, candidate)),
        Err(NoRoute::Amount { min, max }) => Err(way::within(initial.amount, min, max).err().unwrap_or(Problem::Fault)),
        Err(NoRoute::NotFound | NoRoute::Unavailable | NoRoute::NoRule) => Err(Problem::NoProviderForBrand),
    }
}

fn render(viewer: Viewer, declines: DeclineStatus) -> Render<Withdrawal> {
    Arc::new(move |withdrawal| {
        let body = viewer.payout(withdrawal, Detail::Made);
        Answer { status: status_of(&body, viewer.set, declines), body: body.text() }
    })
}
