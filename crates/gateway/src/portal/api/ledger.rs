//! The book by program: accounts, the trial balance, statements, the audit.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use florin_engine::office::{Account, AccountBalance, LedgerReport, StatementLine, TrialBalance, Verification};
use florin_kernel::Money;
use florin_kernel::public_id::Reference;
use serde_json::{Value, json};

use super::{limit, parsed_scope, scope_value, unavailable};
use crate::admin::Refusal;
use crate::portal::amounts::decimal;
use crate::portal::visit::Guest;

/// `GET /admin/v1/ledger/accounts?merchant_id=&mode=`.
pub(in crate::portal) async fn accounts(guest: Guest) -> Response {
    let read = async {
        let scope = parsed_scope(&guest)?;
        let known = guest.engine().office_accounts(scope).await.map_err(unavailable)?;
        let mut told = scope_value(scope);
        told.insert("accounts".to_owned(), known.iter().map(balance).collect());
        Ok::<_, Refusal>(Json(Value::Object(told)))
    };
    read.await.into_response()
}

fn balance(known: &AccountBalance) -> Value {
    let AccountBalance { account, asset, posted_minor, pending_minor } = known;
    json!({
        "account": account, "currency": asset,
        "posted": decimal(*posted_minor, asset), "pending": decimal(*pending_minor, asset)
    })
}

/// `GET /admin/v1/ledger/trial_balance?mode=`.
pub(in crate::portal) async fn trial_balance(guest: Guest) -> Response {
    let read = async {
        let scope = parsed_scope(&guest)?;
        if scope.merchant.is_some() {
            return Err(Refusal::invalid("merchant_id", "is not for the whole book"));
        }
        let assets = guest.engine().office_trial_balance(scope.mode).await.map_err(unavailable)?;
        let mut told = scope_value(scope);
        told.remove("merchant_id");
        told.insert("currencies".to_owned(), assets.iter().map(trial).collect());
        Ok(Json(Value::Object(told)))
    };
    read.await.into_response()
}

fn trial(trial: &TrialBalance) -> Value {
    // A sum of all accounts may be beyond what one amount can be.
    let decimal = |minor: i128| match i64::try_from(minor) {
        Ok(minor) => json!(Money::new(minor, trial.asset).decimal()),
        Err(_) => Value::Null,
    };
    json!({
        "currency": trial.asset.code(), "debit": decimal(trial.debit_minor), "credit": decimal(trial.credit_minor),
        "balances": trial.balances()
    })
}

/// `GET /admin/v1/ledger/statement?merchant_id=&mode=&account=&currency=&beyond=&limit=`.
pub(in crate::portal) async fn statement(guest: Guest) -> Response {
    stated(&guest).await.map(Json).into_response()
}

async fn stated(guest: &Guest) -> Result<Value, Refusal> {
    let (engine, scope) = (guest.engine(), parsed_scope(guest)?);
    let limit = limit(guest)? as u32;
    let account =
        Account { name: guest.query.text("account").to_owned(), asset: guest.query.text("currency").to_owned() };
    let known = engine.office_accounts(scope).await.map_err(unavailable)?;
    let known = known.into_iter().find(|known| known.account == account.name && known.asset == account.asset);
    let known = known.ok_or_else(|| Refusal::NotFound("there is no such account in this currency".to_owned()))?;
    let beyond = match guest.query.text("beyond") {
        "" => None,
        text => {
            let mark = engine.read_mark(scope, &account, text);
            Some(mark.ok_or_else(|| Refusal::invalid("beyond", "must be the next_beyond of a page of this account"))?)
        }
    };
    let page = engine.office_statement_page(scope, &account, beyond, limit).await.map_err(unavailable)?;
    let page = page.ok_or_else(|| Refusal::NotFound("there is no such account in this currency".to_owned()))?;
    let mut told = scope_value(scope);
    told.insert("account".to_owned(), balance(&known));
    told.insert("lines".to_owned(), page.lines.iter().map(|of| line(guest, of)).collect());
    let next = page.more.then(|| engine.print_mark(scope, &account, page.reached));
    told.insert("next_beyond".to_owned(), json!(next));
    Ok(Value::Object(told))
}

fn line(guest: &Guest, line: &StatementLine) -> Value {
    let row = &line.row.row;
    let id = guest.engine().codec().base36(Reference { payment: line.row.payment, sequence: 0 });
    let decimal = |minor| decimal(minor, &row.asset);
    json!({
        "entry": line.row.entry, "at": row.at.to_string(), "event": row.event, "id": id, "layer": row.layer,
        "debit": row.debit, "credit": row.credit, "amount": decimal(line.moved_minor),
        "posted": decimal(line.posted_minor), "pending": decimal(line.pending_minor)
    })
}

/// `GET /admin/v1/ledger/verify`: the last audit of this process.
pub(in crate::portal) async fn verification(guest: Guest) -> Response {
    match guest.engine().office_verification() {
        Some(last) => Json(audit(&last)).into_response(),
        None => Refusal::NotFound("nothing was audited since this process started".to_owned()).into_response(),
    }
}

/// `POST /admin/v1/ledger/verify`: begins one, unless one is under way.
pub(in crate::portal) async fn verify(guest: Guest) -> Response {
    (StatusCode::ACCEPTED, Json(audit(&guest.engine().office_verify()))).into_response()
}

fn audit(last: &Verification) -> Value {
    let Verification { begun_at, looked_at, report } = last;
    let (state, found) = match report {
        None => ("under_way", Value::Null),
        Some(Err(error)) => ("broken_off", json!({"error": error})),
        Some(Ok(LedgerReport { transfers, payments, faults })) => {
            ("done", json!({"transfers": transfers, "payments": payments, "faults": faults}))
        }
    };
    json!({"begun_at": begun_at.to_string(), "rows": looked_at, "state": state, "report": found})
}
