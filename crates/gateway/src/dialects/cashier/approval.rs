//! Approving and rejecting withdrawals (contract, section 10). Both are idempotent by the transaction's id.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use florin_engine::directory::ApprovalBy;
use florin_engine::{ClaimRequest, Obeyed, SubmitError, WithdrawalRequest};
use florin_kernel::payment::Dialect;
use florin_kernel::withdrawal::{Approver, Command, Refusal};
use florin_kernel::{PaymentId, Transaction};

use super::answer::REPLAYED;
use super::auth::Caller;
use super::errors::Problem;
use super::fields::{Form, Section};
use super::json::{self, Json};
use super::routes::CONTENT_TYPE_JSON;
use super::rules;
use super::settings::Edition;
use super::state::CashierState;
use crate::dialects::request::idempotency_key;

const APPROVED: &str =
    r#"{"message":"Transaction Withdrawal has been approved successfully","transaction_status":"pending"}"#;
const REJECTED: &str = r#"{"message":"Withdrawal has been rejected successfully"}"#;
const REJECTED_FLAT: &str = "{}";
/// Characters of a reason.
const REASON_MAX: usize = 200;

/// Which withdrawal is approved.
pub struct Approval {
    transaction_id: String,
    key: Option<String>,
}

/// Which withdrawal is rejected, and why.
pub struct Rejection {
    transaction_id: String,
    reason: String,
    key: Option<String>,
}

/// Reads an approve call's body.
///
/// # Errors
/// 9001, 1021.
pub fn read(headers: &HeaderMap, body: &[u8]) -> Result<Approval, Problem> {
    let (transaction_id, key, _) = fields(headers, body)?;
    Ok(Approval { transaction_id, key })
}

/// Reads a reject call's body.
///
/// # Errors
/// 9001, 1021.
pub fn read_rejection(headers: &HeaderMap, body: &[u8]) -> Result<Rejection, Problem> {
    let (transaction_id, key, reason) = fields(headers, body)?;
    let reason = reason.map_err(|message| Problem::field("reason", message))?;
    Ok(Rejection { transaction_id, reason, key })
}

/// The id, the header's key, and the reason as far as anybody asks for it.
type Fields = (String, Option<String>, Result<String, rules::Message>);

fn fields(headers: &HeaderMap, body: &[u8]) -> Result<Fields, Problem> {
    let body = json::read(body).map_err(|fault| Problem::field("body", fault.to_string()))?;
    let (section, mut form) = (Section::new(&body, ""), Form::default());
    let id = match section.get("transaction_id") {
        None => return Err(Problem::TransactionIdMissing),
        Some(Json::Text(id)) => id.to_string(),
        Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_)) => {
            form.fault_at("transaction_id", "must be a string");
            String::new()
        }
    };
    let key = idempotency_key(headers).unwrap_or_else(|fault| {
        form.fault_at("Idempotency-Key", fault);
        None
    });
    let errors = form.into_errors();
    if !errors.is_empty() {
        return Err(Problem::Validation(errors));
    }
    let reason = section.get("reason").map_or(Ok(String::new()), reason);
    Ok((id, key, reason))
}

fn reason(value: &Json<'_>) -> Result<String, rules::Message> {
    let text = rules::trimmed(value)?;
    let plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    (plain && text.len() <= REASON_MAX)
        .then(|| text.to_owned())
        .ok_or("must be 1 to 200 printable ASCII characters".into())
}

/// Approves; when this answers, the approval is on disk, and the payout runs on.
///
/// # Errors
/// 1039, 1076, 9010 and the common ones.
pub async fn approve(state: &CashierState, caller: &Caller, approval: Approval) -> Result<Response, Problem> {
    let id = withdrawal(state, caller, &approval.transaction_id).await?;
    let digest = state.engine().digest(&[b"approve", approval.transaction_id.as_bytes()]);
    let obeyed = obey(state, caller, id, Command::Approve(Approver::Api), approval.key, digest).await?;
    Ok(answer(obeyed, APPROVED))
}

/// Rejects: the held money is free when this answers.
///
/// # Errors
/// 1039, 1076, 1129, 9010 and the common ones.
pub async fn reject(state: &CashierState, caller: &Caller, rejection: Rejection) -> Result<Response, Problem> {
    let id = withdrawal(state, caller, &rejection.transaction_id).await?;
    let content: [&[u8]; 3] = [b"reject", rejection.transaction_id.as_bytes(), rejection.reason.as_bytes()];
    let digest = state.engine().digest(&content);
    let command = Command::Reject { by: Approver::Api, reason: rejection.reason };
    let obeyed = obey(state, caller, id, command, rejection.key, digest).await?;
    let body = match caller.settings.edition {
        Edition::Nested => REJECTED,
        Edition::Flat => REJECTED_FLAT,
    };
    Ok(answer(obeyed, body))
}

fn answer(obeyed: Obeyed, body: &'static str) -> Response {
    let answer = ([(CONTENT_TYPE, CONTENT_TYPE_JSON)], body);
    match obeyed {
        Obeyed::Now(_) => answer.into_response(),
        Obeyed::Before => ([(REPLAYED, "true")], answer).into_response(),
    }
}

/// Does it, with its key in the same commit, unless the key came with other content.
async fn obey(
    state: &CashierState,
    caller: &Caller,
    id: PaymentId,
    command: Command,
    key: Option<String>,
    digest: [u8; 16],
) -> Result<Obeyed, Problem> {
    let claims = key.map(ClaimRequest::idempotency_key).into_iter().collect();
    let request = WithdrawalRequest { dialect: Dialect::Cashier, command, claims, digest };
    state.engine().submit_withdrawal(caller.owner(), id, request).await.map_err(problem)
}

/// The withdrawal that is meant, by any id that a status call takes.
async fn withdrawal(state: &CashierState, caller: &Caller, text: &str) -> Result<PaymentId, Problem> {
    match caller.merchant.withdrawals.approval {
        ApprovalBy::Anybody => {}
        ApprovalBy::PortalOnly => return Err(Problem::PortalOnly),
    }
    match state.find(caller, text).await?.ok_or(Problem::TransactionUnknown)? {
        Transaction::Withdrawal(withdrawal) => Ok(withdrawal.id),
        Transaction::Payment(_) | Transaction::Coin(_) => Err(Problem::NotChangeable),
    }
}

fn problem(error: SubmitError) -> Problem {
    match error {
        SubmitError::NotFound => Problem::TransactionUnknown,
        SubmitError::Taken(kind) => kind.into(),
        SubmitError::WithdrawalRefused(Refusal::UnderWay) => Problem::NotCancellable,
        SubmitError::WithdrawalRefused(
            Refusal::NotConfirmed
            | Refusal::AlreadyConfirmed
            | Refusal::SessionOver
            | Refusal::Decided(_)
            | Refusal::NotPaid
            | Refusal::ReturnExceedsPayout { .. }
            | Refusal::BadAmount
            | Refusal::NotUnknown
            | Refusal::NoSuchOperation,
        )
        | SubmitError::Refused(_) => Problem::NotChangeable,
        SubmitError::BalanceInsufficient => Problem::BalanceInsufficient,
        SubmitError::Store(error) => error.into(),
        SubmitError::Draining => Problem::Busy,
    }
}
