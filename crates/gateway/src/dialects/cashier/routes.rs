//! The dialect's paths. A handler is three sentences: parse, submit, render.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::Method;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use florin_engine::directory::Permission;
use florin_kernel::Transaction;
use serde::Serialize;

use super::auth::Caller;
use super::errors::Problem;
use super::query::Query;
use super::state::CashierState;
use super::status::{reason, status, withdrawal_reason, withdrawal_status};
use super::wire::Operation;
use super::{answer, approval, deposit, list, payer, withdrawal};
use crate::erased::{Erased, any, get, post};

/// Content type of every answer.
pub const CONTENT_TYPE_JSON: &str = "application/json; charset=utf-8";

/// The dialect's routes, everything below `/v1/` included.
pub fn router(state: CashierState) -> Router {
    Router::new()
        .route("/v1/payments/s2s", only_post(post(s2s)))
        .route("/v1/payments/hosted", only_post(post(hosted_deposit)))
        .route("/v1/payments/direct", only_post(post(direct)))
        .route("/v1/withdrawals/hosted", only_post(post(withdraw)))
        .route("/v1/withdrawals/approve", only_post(post(approve)))
        .route("/v1/withdrawals/reject", only_post(post(reject)))
        .route("/v1/transactions", only_get(get(transactions)))
        .route("/v1/transactions/", only_get(get(no_id)))
        .route("/v1/transactions/{id}", only_get(get(transaction)))
        .route("/v1", any(unknown))
        .route("/v1/", any(unknown))
        .route("/v1/{*path}", any(unknown))
        .merge(payer::router())
        .with_state(state)
}

fn only_post(handlers: MethodRouter<CashierState>) -> MethodRouter<CashierState> {
    handlers.fallback(Erased::of(async || Problem::MethodNotAllowed("POST")))
}

fn only_get(handlers: MethodRouter<CashierState>) -> MethodRouter<CashierState> {
    handlers.fallback(Erased::of(async || Problem::MethodNotAllowed("GET, HEAD")))
}

async fn unknown(_: Method) -> Problem {
    Problem::NotFound
}

async fn s2s(State(state): State<CashierState>, request: Request) -> Result<Response, Problem> {
    create(state, request, Operation::S2s).await
}

async fn direct(State(state): State<CashierState>, request: Request) -> Result<Response, Problem> {
    create(state, request, Operation::Direct).await
}

async fn hosted_deposit(State(state): State<CashierState>, request: Request) -> Result<Response, Problem> {
    create(state, request, Operation::Hosted).await
}

async fn create(state: CashierState, request: Request, operation: Operation) -> Result<Response, Problem> {
    let asked = state.read_create(request, operation).await?;
    let reply = deposit::make(&state, &asked.caller, asked.deposit, asked.idempotency_key).await?;
    Ok(answer::response(state.engine(), operation, reply))
}

async fn withdraw(State(state): State<CashierState>, request: Request) -> Result<Response, Problem> {
    let asked = state.read_create(request, Operation::Withdrawal).await?;
    let reply = withdrawal::make(&state, &asked.caller, asked.deposit, asked.idempotency_key).await?;
    Ok(withdrawal::response(state.engine(), reply))
}

async fn approve(State(state): State<CashierState>, request: Request) -> Result<Response, Problem> {
    let (caller, headers, body) = state.read_approval(request).await?;
    let approval = approval::read(&headers, &body)?;
    approval::approve(&state, &caller, approval).await
}

async fn reject(State(state): State<CashierState>, request: Request) -> Result<Response, Problem> {
    let (caller, headers, body) = state.read_approval(request).await?;
    let rejection = approval::read_rejection(&headers, &body)?;
    approval::reject(&state, &caller, rejection).await
}

async fn transaction(
    State(state): State<CashierState>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let caller = state.admit(&request.into_parts().0, Permission::Read)?;
    // An id that is no text belongs to nobody.
    let Path(id) = id.map_err(|_| Problem::TransactionUnknown)?;
    one(&state, &caller, &id).await
}

async fn no_id(State(state): State<CashierState>, request: Request) -> Result<Response, Problem> {
    state.admit(&request.into_parts().0, Permission::Read)?;
    Err(Problem::TransactionIdMissing)
}

async fn transactions(State(state): State<CashierState>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = state.admit(&parts, Permission::Read)?;
    let query = Query::read(parts.uri.query());
    if query.has("id") {
        return one(&state, &caller, query.get("id").unwrap_or_default()).await;
    }
    let wanted = list::read(&query, state.today(&caller))?;
    list::answer(state, caller, wanted).await
}

/// `{"transaction_status":"rejected","rejected_reason":"Insufficient funds"}`
async fn one(state: &CashierState, caller: &Caller, id: &str) -> Result<Response, Problem> {
    if id.is_empty() {
        return Err(Problem::TransactionIdMissing);
    }
    let found = state.find(caller, id).await?.ok_or(Problem::TransactionUnknown)?;
    let statuses = caller.settings.extended_statuses;
    let (status, reason) = match &found {
        Transaction::Payment(payment) => (status(payment.word(), statuses), reason(payment)),
        Transaction::Withdrawal(withdrawal) => {
            (withdrawal_status(withdrawal.word(), statuses), withdrawal_reason(withdrawal))
        }
        Transaction::Coin(coin) => {
            let payment = coin.as_payment();
            (status(payment.word(), statuses), reason(&payment))
        }
    };
    #[derive(Serialize)]
    struct Body {
        transaction_status: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        rejected_reason: Option<String>,
    }
    let body = Body { transaction_status: status, rejected_reason: reason.map(|reason| reason.text.into_owned()) };
    let body = serde_json::to_string(&body).expect("an answer has string keys and plain values only");
    let headers = [(CONTENT_TYPE, CONTENT_TYPE_JSON), (CACHE_CONTROL, "no-store")];
    Ok((headers, body).into_response())
}
