//! Payments and withdrawals for programs: the same lists, the same page and the same orders as the screens.

use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use florin_engine::directory::ApprovalBy;
use florin_engine::office::{AmountOrder, ByAmountError, Direction, Resolved, SORTED_MAX, Scope, Summary};
use florin_engine::{ClaimKind, ClaimRequest, OperationRequest, Owner, SubmitError};
use florin_kernel::card::CardSummary;
use florin_kernel::payment::{Mode, Payment, Seq};
use florin_kernel::withdrawal::{Approver, State, Withdrawal};
use florin_kernel::{MerchantId, Transaction};
use serde_json::{Value, json};

use super::{coins, limit, merchant, number, timeline, who};
use crate::admin::{self, Refusal};
use crate::dialects::request::idempotency_key;
use crate::portal::filters::{Wanted, kind_word};
use crate::portal::payment_actions::{Last, Order, SCOPE, Verb, promise_claim, read_promise, render};
use crate::portal::payments::csv;
use crate::portal::visit::{Guest, mode_word, parse_mode};
use crate::portal::withdrawals::Decision;
use crate::portal::{resolve, words};

impl From<SubmitError> for Refusal {
    fn from(error: SubmitError) -> Refusal {
        match error {
            SubmitError::NotFound => no_such(),
            SubmitError::Refused(refusal) => Refusal::Conflict(words::refusal(&refusal)),
            SubmitError::WithdrawalRefused(refusal) => Refusal::Conflict(words::withdrawal_refusal(&refusal)),
            SubmitError::Taken(ClaimKind::Operation) => {
                let text =
                    "the payment has another operation of that number; look at it again before you order anything";
                Refusal::Conflict(text.to_owned())
            }
            SubmitError::Taken(ClaimKind::Reference | ClaimKind::IdempotencyKey | ClaimKind::Number) => {
                let text = "the Idempotency-Key, or the number of the operation, was used for another request";
                Refusal::Conflict(text.to_owned())
            }
            SubmitError::BalanceInsufficient => Refusal::Conflict("the balance is not sufficient".to_owned()),
            SubmitError::Store(_) | SubmitError::Draining => Refusal::Unavailable(error.to_string()),
        }
    }
}

fn no_such() -> Refusal {
    Refusal::NotFound("there is no such payment or withdrawal".to_owned())
}

pub(super) fn unavailable(error: impl std::fmt::Display) -> Refusal {
    Refusal::Unavailable(error.to_string())
}

/// Whose transactions a query means.
fn scope(guest: &Guest) -> Result<Scope, Refusal> {
    let mode = parse_mode(guest.query.text("mode")).ok_or_else(|| Refusal::invalid("mode", "must be dev or live"))?;
    Ok(Scope { mode, merchant: merchant(guest, &number(guest.query.text("merchant_id"))?)? })
}

fn wanted(guest: &Guest) -> Result<Wanted, Refusal> {
    let wanted = Wanted::read(&guest.query);
    match wanted.faults.first() {
        Some(("currency", _)) if guest.query.text("currency").is_empty() => {
            Err(Refusal::invalid("currency", "is required where sort is by amount"))
        }
        Some((field, _)) => Err(Refusal::invalid(field, "cannot be read")),
        None => Ok(wanted),
    }
}

/// `GET /admin/v1/payments`.
pub(in crate::portal) async fn list(guest: Guest) -> Response {
    let listed = async {
        let (scope, wanted, limit) = (scope(&guest)?, wanted(&guest)?, limit(&guest)? as u32);
        let engine = guest.engine();
        let search = guest.query.text("q");
        if !search.is_empty() {
            let found = engine.office_search(scope, search).await.map_err(unavailable)?;
            let rows: Vec<Value> = found.rows.iter().map(|row| summary(&guest, scope.mode, row)).collect();
            return Ok(Json(json!({"payments": rows, "next": null, "previous": null, "more": found.more})));
        }
        if let Some(order) = wanted.amounts {
            return Ok(Json(by_amount(&guest, scope, &wanted, order, limit).await?));
        }
        let page = engine.office_transactions(scope, &wanted.ask(limit)).await.map_err(unavailable)?;
        let rows: Vec<Value> = page.rows.iter().map(|row| summary(&guest, scope.mode, row)).collect();
        let place = |cursor: Option<florin_engine::office::Cursor>, way: Direction| {
            let way = if way == Direction::Back { "&way=back" } else { "" };
            cursor.map(|cursor| format!("at={}{way}", cursor.to_text()))
        };
        Ok::<_, Refusal>(Json(json!({
            "payments": rows, "next": place(page.onward, Direction::Onward),
            "previous": place(page.back, Direction::Back), "more": page.onward.is_some()
        })))
    };
    listed.await.into_response()
}

/// `GET /admin/v1/payments.csv`.
pub(in crate::portal) async fn export(guest: Guest) -> Response {
    let read = scope(&guest).and_then(|scope| Ok((scope, wanted(&guest)?)));
    match read {
        Ok((scope, wanted)) => match csv(guest.engine().clone(), scope, wanted).await {
            Ok(file) => file,
            Err(error) => Refusal::from(error).into_response(),
        },
        Err(refusal) => refusal.into_response(),
    }
}

impl From<ByAmountError> for Refusal {
    fn from(error: ByAmountError) -> Refusal {
        match error {
            ByAmountError::TooMany => {
                Refusal::invalid("sort", format!("is by amount, and more than {SORTED_MAX} fit: choose fewer days"))
            }
            ByAmountError::Store(error) => unavailable(error),
        }
    }
}

/// A page of the list by amount.
async fn by_amount(
    guest: &Guest,
    scope: Scope,
    wanted: &Wanted,
    order: AmountOrder,
    limit: u32,
) -> Result<Value, Refusal> {
    let place = (wanted.amount_from, wanted.direction);
    let page = guest.engine().office_by_amount(scope, &wanted.filter, order, place, limit).await?;
    let rows: Vec<Value> = page.rows.iter().map(|row| summary(guest, scope.mode, row)).collect();
    Ok(json!({
        "payments": rows, "next": page.onward.map(|at| format!("at={}", at.to_text())),
        "previous": page.back.map(|at| format!("at={}&way=back", at.to_text())), "more": page.onward.is_some()
    }))
}

/// The transaction that the path names, test or live.
async fn named(guest: &Guest) -> Result<(Scope, Transaction), Refusal> {
    let id = guest.payment_id().ok_or_else(no_such)?;
    for mode in [Mode::Live, Mode::Dev] {
        let scope = Scope { mode, merchant: None };
        if let Some(found) = guest.engine().office_transaction(scope, id).await.map_err(unavailable)? {
            return Ok((scope, found));
        }
    }
    Err(no_such())
}

/// `GET /admin/v1/payments/{payment}`.
pub(in crate::portal) async fn show(guest: Guest) -> Response {
    let shown = async {
        let (scope, transaction) = named(&guest).await?;
        let found = guest.engine().office_timeline(scope, transaction.id()).await.map_err(unavailable)?;
        let (transaction, steps) = found.ok_or_else(no_such)?;
        let steps: Vec<Value> = steps.iter().map(|step| timeline::step(guest.engine(), step)).collect();
        Ok::<_, Refusal>(Json(json!({"payment": whole(&guest, scope.mode, &transaction), "timeline": steps})))
    };
    shown.await.into_response()
}

/// `POST /admin/v1/payments/{payment}/{order}`.
pub(in crate::portal) async fn order(guest: Guest, (headers, body): (HeaderMap, Bytes)) -> Response {
    match ordered(&guest, &headers, &body).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

async fn ordered(guest: &Guest, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
    let (scope, transaction) = named(guest).await?;
    let key = idempotency_key(headers).map_err(|fault| Refusal::invalid("Idempotency-Key", fault))?;
    let body = if body.is_empty() { Value::Null } else { admin::read(body)? };
    let payment = match transaction {
        Transaction::Payment(payment) => payment,
        Transaction::Coin(payment) => return coins::ordered(guest, scope, &payment, key, &body).await,
        Transaction::Withdrawal(_) => {
            return Err(Refusal::Conflict("it is no payment by card or through a provider".to_owned()));
        }
    };
    let verb = Verb::parse(guest.parameter("order"));
    let verb = verb.ok_or_else(|| Refusal::NotFound("there are capture, void, refund and resolve".to_owned()))?;
    let order = read_order(verb, &payment, &body)?;
    let promised = promised(&body)?;
    let engine = guest.engine();
    let id = guest.print(payment.id);
    let claims: Vec<ClaimRequest> = match (key, promised) {
        (Some(key), _) => vec![ClaimRequest::idempotency_key(key).within(SCOPE)],
        (None, Some(promised)) => vec![promise_claim(&id, promised)],
        (None, None) => Vec::new(),
    };
    let request = OperationRequest {
        dialect: payment.dialect,
        command: order.command(),
        claims,
        digest: order.digest(engine, &id),
        echo: String::new(),
        promised,
        render: render(engine),
    };
    let reply = engine.operate_by(order.ordered(who(guest)), Owner::of(&payment), payment.id, request).await?;
    let mut response = ([(header::CONTENT_TYPE, "application/json")], reply.answer.body).into_response();
    if reply.replayed {
        response.headers_mut().insert("idempotency-replayed", header::HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// The number of the operation that the order is to become, if it says so.
fn promised(body: &Value) -> Result<Option<Seq>, Refusal> {
    let wrong = || Refusal::invalid("operation", "must be the number that the payment's next operation will have");
    match body.get("operation") {
        None | Some(Value::Null) => Ok(None),
        Some(number) => read_promise(&number.to_string()).map(Some).ok_or_else(wrong),
    }
}

fn read_order(verb: Verb, payment: &Payment, body: &Value) -> Result<Order, Refusal> {
    let last = if body.get("final") == Some(&Value::Bool(true)) { Last::Yes } else { Last::No };
    let amount = match body.get("amount") {
        None | Some(Value::Null) => "",
        Some(Value::String(text)) => text.as_str(),
        Some(_) => return Err(Refusal::invalid("amount", "must be a string such as \"10.05\"")),
    };
    Order::read(verb, payment, amount, last).map_err(|fault| match fault.as_str() {
        "" => Refusal::invalid("amount", "is required"),
        _ => Refusal::invalid("amount", "must be a positive amount of the payment's currency, such as \"10.05\""),
    })
}

/// `POST /admin/v1/payments/{payment}/resolve`.
pub(in crate::portal) async fn resolve(guest: Guest, body: Bytes) -> Response {
    let resolved = async {
        let (scope, transaction) = named(&guest).await?;
        let body = admin::read(&body)?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().trim();
        let seq = body.get("operation").and_then(Value::as_u64).and_then(|number| u16::try_from(number).ok());
        let seq = seq.map(Seq::new).filter(|seq| resolve::operation(&transaction, *seq).is_some());
        let seq = seq.ok_or_else(|| Refusal::invalid("operation", "names no operation of it"))?;
        let wrong = |(field, message): (&'static str, &'static str)| Refusal::invalid(field, message);
        let verdict = resolve::verdict(text("outcome"), text("provider_id")).map_err(wrong)?;
        let reason = resolve::reason(text("reason")).map_err(wrong)?;
        let word = Resolved { seq, verdict, who: who(&guest), reason };
        let after = guest.engine().office_resolve(scope, transaction.id(), word).await?;
        Ok::<_, Refusal>(Json(json!({"payment": whole(&guest, scope.mode, &after)})))
    };
    resolved.await.into_response()
}

/// `GET /admin/v1/withdrawals`: those that wait for an approval.
pub(in crate::portal) async fn withdrawals(guest: Guest) -> Response {
    let listed = async {
        let (scope, limit) = (scope(&guest)?, limit(&guest)?);
        let after = match guest.query.text("after") {
            "" => None,
            text => Some(guest.read_id(text).ok_or_else(|| Refusal::invalid("after", "must be an id"))?),
        };
        let found = guest.engine().office_approvals(scope, after, limit as u32).await.map_err(unavailable)?;
        let next = found.onward.map(|last| guest.print(last));
        let rows: Vec<Value> = found.rows.iter().map(|withdrawal| waiting(&guest, scope.mode, withdrawal)).collect();
        Ok::<_, Refusal>(Json(json!({"withdrawals": rows, "next_after": next})))
    };
    listed.await.into_response()
}

/// `POST /admin/v1/withdrawals/{payment}/{decision}`. The token stands for the merchant's programs: it is no second pair of eyes beside
/// their keys.
pub(in crate::portal) async fn decide(guest: Guest, body: Bytes) -> Response {
    let decided = async {
        let (scope, transaction) = named(&guest).await?;
        let withdrawal = transaction.withdrawal().ok_or_else(no_such)?;
        let body = if body.is_empty() { Value::Null } else { admin::read(&body)? };
        let reason = body.get("reason").and_then(Value::as_str).unwrap_or_default().trim();
        let decision = Decision::read(guest.parameter("decision"), reason).map_err(|fault| match fault {
            Some(_) => Refusal::invalid("reason", "must be at most 200 printable ASCII characters"),
            None => Refusal::NotFound("there are approve and reject".to_owned()),
        })?;
        let directory = guest.engine().directory();
        let rule = directory.merchant(withdrawal.merchant).map(|merchant| merchant.withdrawals.approval);
        if rule == Some(ApprovalBy::PortalOnly) {
            let text = "only the merchant's people decide about its withdrawals, in the portal";
            return Err(Refusal::Conflict(text.to_owned()));
        }
        guest.decide(&withdrawal, &decision, Approver::Api, who(&guest)).await?;
        let (_, after) = named(&guest).await?;
        let after = after.withdrawal().ok_or_else(no_such)?;
        Ok(Json(json!({"withdrawal": waiting(&guest, scope.mode, &after)})))
    };
    decided.await.into_response()
}

/// A line of a list.
fn summary(guest: &Guest, mode: Mode, row: &Summary) -> Value {
    json!({
        "id": guest.print(row.id), "merchant_id": MerchantId::number(row.merchant), "mode": mode_word(mode),
        "kind": kind_word(row.kind), "dialect": row.dialect, "status": row.word, "created_at": row.created_at.to_string(),
        "amount": row.asked.decimal(), "currency": row.asked.asset().code(), "method": row.method.map(words::method_word),
        "provider_id": row.provider.map(|provider| provider.number()), "provider": row.provider_name,
        "card": row.card.as_ref().map(card), "reference": row.reference, "payer_id": row.payer, "payer_email": row.email
    })
}

fn card(card: &CardSummary) -> Value {
    json!({"bin": card.bin, "last4": card.last4, "brand": card.brand})
}

/// A transaction with where its money stands.
pub(super) fn whole(guest: &Guest, mode: Mode, transaction: &Transaction) -> Value {
    let mut shown = summary(guest, mode, &Summary::of(transaction));
    match transaction {
        Transaction::Payment(payment) => {
            let totals = payment.totals();
            shown["authorised"] = totals.authorised.decimal().into();
            shown["captured"] = totals.captured.decimal().into();
            shown["refunded"] = totals.refunded.decimal().into();
            shown["charged_back"] = totals.charged_back.decimal().into();
            shown["refundable"] = payment.left_to_refund().decimal().into();
            shown["next_operation"] = (payment.operations.len() + 1).into();
        }
        Transaction::Withdrawal(withdrawal) => {
            shown["held"] = withdrawal.held().decimal().into();
        }
        Transaction::Coin(coin) => {
            let decimal = |units: florin_kernel::coin::Units| Value::from(units.decimal(coin.price.coin));
            shown["coin"] = coin.price.coin.code().into();
            shown["coins_asked"] = decimal(coin.amount());
            shown["coins_received"] = decimal(coin.received());
            shown["coins_owed_back"] = decimal(coin.opened());
            shown["coins_refunded"] = decimal(coin.refunded());
            shown["coins_refundable"] = decimal(coin.refundable());
            shown["address"] = coin.address.as_str().into();
        }
    }
    shown
}

fn waiting(guest: &Guest, mode: Mode, withdrawal: &Withdrawal) -> Value {
    let (required, until) = match &withdrawal.state {
        State::AwaitingApproval { required, until } => (Some(*required), *until),
        State::Created { .. }
        | State::Approved
        | State::Sent
        | State::Unknown
        | State::Paid
        | State::Returned { .. }
        | State::Ended(_) => (None, None),
    };
    let approver = |by: &Approver| match by {
        Approver::Api => Value::from("program"),
        Approver::User(number) => json!({"user": number}),
    };
    let mut shown = summary(guest, mode, &Summary::of(&Transaction::Withdrawal(Box::new(withdrawal.clone()))));
    shown["to"] = withdrawal.plan.as_ref().map(|plan| plan.destination.shown.clone()).into();
    shown["approvals"] = withdrawal.approvals.iter().map(approver).collect::<Vec<_>>().into();
    shown["approvals_required"] = required.into();
    shown["approval_ends_at"] = until.map(|until| until.to_string()).into();
    shown
}
