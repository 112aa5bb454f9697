//! Making a withdrawal (contract, section 9): the checks that look beyond the request, in the contract's order, and the token of
//! its page.

use std::sync::Arc;

use axum::response::Response;
use florin_engine::{Answer, ClaimRequest, Engine, NewWithdrawal, Render, Reply};
use florin_kernel::payment::{Details, Dialect};
use florin_kernel::public_id::Reference;
use florin_kernel::routing::NoRoute;
use florin_kernel::withdrawal::{Funding, State, Withdrawal};
use florin_kernel::{Money, PaymentId};
use jiff::SignedDuration;

use super::answer;
use super::auth::Caller;
use super::deposit::{hosted_details, with_defaults};
use super::errors::{FieldError, Problem};
use super::state::CashierState;
use super::wire::{Deposit, Operation};
use crate::dialects::caller::is_in;
use crate::dialects::request::earlier_or;
use crate::pages::back::WITHDRAWAL_PAGE;

pub(super) mod page;

/// The payer's time (product document, "Requests").
const SESSION: SignedDuration = SignedDuration::from_mins(30);

/// Makes the withdrawal, or finds the one made before.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn make(
    state: &CashierState,
    caller: &Caller,
    asked: Box<Deposit>,
    idempotency_key: Option<String>,
) -> Result<Reply, Problem> {
    let engine = state.engine();
    let withdrawal = Box::new(new_withdrawal(state, caller, &asked));
    let reference = ClaimRequest::reference(&asked.tracking_id);
    let key = idempotency_key.map(ClaimRequest::idempotency_key);
    let claims: Vec<ClaimRequest> = [reference].into_iter().chain(key).collect();
    let digest = engine.digest(&[asked.content().0.as_bytes()]);
    let render = render(engine);
    match check(state, caller, &asked, &withdrawal).await {
        Ok(()) => Ok(engine.open_withdrawal(NewWithdrawal { withdrawal, claims, digest, render }).await?),
        Err(problem) => earlier_or(engine.earlier_withdrawal(&withdrawal, &claims, digest, &render).await, problem),
    }
}

fn new_withdrawal(state: &CashierState, caller: &Caller, asked: &Deposit) -> Withdrawal {
    let (engine, credential) = (state.engine(), &caller.credential);
    let now = engine.now(caller.lane);
    Withdrawal {
        id: engine.new_payment_id(),
        merchant: credential.merchant,
        mode: credential.mode,
        dialect: Dialect::Cashier,
        created_at: now,
        asked: asked.amount,
        funding: Funding::Balance,
        state: State::Created { until: now + SESSION },
        plan: None,
        approvals: Vec::new(),
        payout: None,
        returns: Vec::new(),
        announced: None,
        details: Details {
            credential: Some(credential.id),
            reference: asked.tracking_id.clone(),
            payer: asked.payer.clone(),
            links: with_defaults(&asked.links, &caller.settings),
            hosted: hosted_details(caller, asked),
            ..Details::default()
        },
    }
}

/// 1295 on the payer, 9003, 9005, 9007, 1229: the first that hits.
async fn check(state: &CashierState, caller: &Caller, asked: &Deposit, withdrawal: &Withdrawal) -> Result<(), Problem> {
    let engine = state.engine();
    if asked.payer.ip.is_some_and(|ip| is_in(&caller.merchant.blocked_payers, ip)) {
        return Err(Problem::PayerBlocked);
    }
    let routes = engine.payout_offers(withdrawal).await?;
    let bounds = broken_bounds(caller, asked.amount, routes.as_ref().err());
    if !bounds.is_empty() {
        return Err(Problem::AmountOutside(bounds));
    }
    routes.map_err(|_| Problem::NoRule)?;
    if !engine.balance_covers(withdrawal).await? {
        return Err(Problem::BalanceInsufficient);
    }
    let webhook = &withdrawal.details.links.webhook;
    let (check, mode) = (caller.settings.webhook_check, withdrawal.mode);
    if !Box::pin(state.reach().is_available(engine.guard(), webhook, check, mode)).await {
        return Err(Problem::WebhookUnavailable);
    }
    Ok(())
}

/// Everything that bounds the amount and does not admit it.
fn broken_bounds(caller: &Caller, amount: Money, refusal: Option<&NoRoute>) -> Vec<FieldError> {
    let own = caller.merchant.withdrawals.limits.iter().map(|limit| (limit.min, limit.max));
    let providers = refusal.and_then(|refusal| match refusal {
        NoRoute::Amount { min, max } => Some((*min, *max)),
        NoRoute::NotFound | NoRoute::Unavailable | NoRoute::NoRule => None,
    });
    let broken = providers
        .into_iter()
        .chain(own)
        .filter(|(min, max)| max.asset() == amount.asset() && (min.exceeds(amount) || amount.exceeds(*max)));
    let error = |(min, max): (Money, Money)| {
        let message = format!("must be between {} and {} {}", min.decimal(), max.decimal(), max.asset());
        FieldError::new("request.amount", message)
    };
    broken.map(error).collect()
}

/// `{"token":"…"}`: 50 letters and digits, computed from the withdrawal.
fn render(engine: &Arc<Engine>) -> Render<Withdrawal> {
    let engine = engine.clone();
    Arc::new(move |withdrawal| {
        let body = format!("{{\"token\":\"{}\"}}", token(&engine, withdrawal.id));
        Answer { status: 200, body }
    })
}

fn token(engine: &Engine, id: PaymentId) -> String {
    engine.page_token(WITHDRAWAL_PAGE, Reference { payment: id, sequence: 0 })
}

/// The answer, with the page's address beside it.
pub fn response(engine: &Engine, reply: Reply) -> Response {
    answer::response(engine, Operation::Withdrawal, reply)
}
