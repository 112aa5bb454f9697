//! The withdrawal cashier: the payer says where the money goes and confirms; afterwards the page tells where it stands. Plain
//! forms, no script. GET never moves money, and a second form finds what the first one left.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use florin_engine::{Engine, PayoutChoice, SubmitError};
use florin_kernel::Timestamp;
use florin_kernel::payment::Mode;
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;
use florin_kernel::withdrawal::{Refusal, State as Stands, Withdrawal};
use jiff::SignedDuration;

use super::back::{self, Standing};
use super::card::Submitted;
use super::notice::{self, Link, Notice};
use super::sim::Fact;
use super::{html, see_other, text};
use crate::dialects::cashier::WITHDRAWAL_PAGE;

mod payee;
mod words;

use payee::{Fields, Offer};
use words::Outcome;

/// What the hidden field of its forms is made for.
const FORM: &str = "withdrawal-form";
/// How long the page is shown once the withdrawal is final (cashier contract, section 13).
const KEPT: SignedDuration = SignedDuration::from_hours(24);

#[derive(Template)]
#[template(path = "withdrawal.html")]
struct FormPage<'a> {
    test_mode: bool,
    amount: String,
    merchant: String,
    token: &'a str,
    nonce: String,
    offers: Vec<Offer>,
    problem: Option<String>,
    time_left: String,
    until: String,
    until_exact: String,
}

#[derive(Template)]
#[template(path = "withdrawal_state.html")]
struct StatePage {
    test_mode: bool,
    amount: String,
    merchant: String,
    outcome: Outcome,
    facts: Vec<Fact>,
    back: Option<Link>,
}

/// Why there is no withdrawal to show.
type Visited<T> = Result<T, Box<Response>>;

/// Whether a token of `/cashier/{token}` is one of this page.
pub fn owns(engine: &Engine, token: &str) -> bool {
    engine.read_page_token(WITHDRAWAL_PAGE, token).is_some()
}

/// `GET /cashier/{token}`.
pub async fn show(engine: &Arc<Engine>, token: &str) -> Response {
    match find(engine, token).await {
        Ok(withdrawal) => page(engine, token, &withdrawal).await,
        Err(response) => *response,
    }
}

/// `POST /cashier/{token}/pay`: the payer confirms.
pub async fn pay(engine: &Arc<Engine>, token: &str, body: &[u8]) -> Response {
    let withdrawal = match find(engine, token).await {
        Ok(withdrawal) => withdrawal,
        Err(response) => return *response,
    };
    if !is_open(engine, &withdrawal) {
        return moved_on(engine, token, &withdrawal).await;
    }
    let form = Submitted::read(body);
    if form.field("nonce") != nonce(engine, &withdrawal) {
        let problem = "This form is not from this page. Please fill it in again.".to_owned();
        return form_page(
            engine,
            token,
            &withdrawal,
            &Fields::default(),
            Some(problem),
            StatusCode::UNPROCESSABLE_ENTITY,
        );
    }
    let choice = match payee::read(&offers(engine, &withdrawal, &Fields::default()), &form) {
        Ok((provider, payee)) => PayoutChoice { provider, payee },
        Err(fields) => {
            return form_page(engine, token, &withdrawal, &fields, None, StatusCode::UNPROCESSABLE_ENTITY);
        }
    };
    match engine.confirm_withdrawal(withdrawal.id, choice).await {
        Ok(confirmed) => see_other(&back::withdrawal_url(engine, &confirmed)),
        Err(error) => refused(engine, token, withdrawal, error).await,
    }
}

/// What the payer reads when the confirmation was not taken.
async fn refused(engine: &Arc<Engine>, token: &str, withdrawal: Withdrawal, error: SubmitError) -> Response {
    let problem = match error {
        SubmitError::BalanceInsufficient => {
            "This withdrawal cannot be made right now. Nothing was taken. Please ask the shop."
        }
        SubmitError::NotFound | SubmitError::WithdrawalRefused(Refusal::BadAmount) => {
            "This way of paying out is not available any more. Please choose another one."
        }
        // Somebody was quicker, or the time is over.
        SubmitError::WithdrawalRefused(
            Refusal::NotConfirmed
            | Refusal::AlreadyConfirmed
            | Refusal::SessionOver
            | Refusal::UnderWay
            | Refusal::Decided(_)
            | Refusal::NotPaid
            | Refusal::ReturnExceedsPayout { .. }
            | Refusal::NoSuchOperation,
        )
        | SubmitError::Taken(_)
        | SubmitError::Refused(_) => {
            return match find(engine, token).await {
                Ok(withdrawal) => moved_on(engine, token, &withdrawal).await,
                Err(response) => *response,
            };
        }
        SubmitError::Store(_) | SubmitError::Draining => {
            tracing::warn!(%error, "a withdrawal's page waits");
            return notice::unavailable();
        }
    };
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    form_page(engine, token, &withdrawal, &Fields::default(), Some(problem.to_owned()), status)
}

/// `POST /cashier/{token}/cancel`: the payer gives up.
pub async fn cancel(engine: &Arc<Engine>, token: &str, body: &[u8]) -> Response {
    let withdrawal = match find(engine, token).await {
        Ok(withdrawal) => withdrawal,
        Err(response) => return *response,
    };
    let own = Submitted::read(body).field("nonce") == nonce(engine, &withdrawal);
    if !own || !is_open(engine, &withdrawal) {
        return moved_on(engine, token, &withdrawal).await;
    }
    match engine.cancel_withdrawal(withdrawal.id).await {
        Ok(cancelled) => see_other(&back::withdrawal_url(engine, &cancelled)),
        Err(error) => refused(engine, token, withdrawal, error).await,
    }
}

/// `GET /cashier/{token}/status`: for polling.
pub async fn status(engine: &Arc<Engine>, token: &str) -> Response {
    let withdrawal = match find(engine, token).await {
        Ok(withdrawal) => withdrawal,
        Err(response) => return *response,
    };
    let standing = Standing::of_withdrawal(&withdrawal);
    let mut body = serde_json::Map::new();
    body.insert("transaction_status".to_owned(), standing.text().into());
    match (&withdrawal.state, standing) {
        (Stands::Created { until }, _) => {
            let left = until.duration_since(now(engine, &withdrawal)).as_secs().max(0);
            body.insert("expires_in".to_owned(), left.into());
        }
        (_, Standing::Pending) => {}
        (_, Standing::Successful | Standing::Rejected) => {
            body.insert("return_url".to_owned(), back::withdrawal_url(engine, &withdrawal).into());
        }
    }
    ([(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

async fn find(engine: &Engine, token: &str) -> Visited<Withdrawal> {
    let reference = engine.read_page_token(WITHDRAWAL_PAGE, token).ok_or_else(|| Box::new(notice::not_found()))?;
    let stored = engine.store().transaction(reference.payment).await;
    match stored.map(|stored| stored.and_then(|stored| stored.transaction.withdrawal())) {
        Ok(Some(withdrawal)) => Ok(withdrawal),
        Ok(None) => Err(Box::new(notice::not_found())),
        Err(error) => {
            tracing::warn!(%error, "a withdrawal's page waits");
            Err(Box::new(notice::unavailable()))
        }
    }
}

fn now(engine: &Engine, withdrawal: &Withdrawal) -> Timestamp {
    engine.now(Lane::of(withdrawal.merchant, withdrawal.mode))
}

/// Whether the payer may still confirm or give up.
fn is_open(engine: &Engine, withdrawal: &Withdrawal) -> bool {
    match &withdrawal.state {
        Stands::Created { until } => now(engine, withdrawal) < *until,
        Stands::AwaitingApproval { .. }
        | Stands::Approved
        | Stands::Sent
        | Stands::Unknown
        | Stands::Paid
        | Stands::Returned { .. }
        | Stands::Ended(_) => false,
    }
}

fn nonce(engine: &Engine, withdrawal: &Withdrawal) -> String {
    engine.page_token(FORM, Reference { payment: withdrawal.id, sequence: 0 })
}

/// The page as the withdrawal stands.
async fn page(engine: &Arc<Engine>, token: &str, withdrawal: &Withdrawal) -> Response {
    if is_open(engine, withdrawal) {
        return form_page(engine, token, withdrawal, &Fields::default(), None, StatusCode::OK);
    }
    if matches!(withdrawal.state, Stands::Created { .. }) {
        return over("The time to confirm is over", "Nothing was taken. Return to the shop to try again.");
    }
    let outcome = Outcome::of(withdrawal.word());
    if !outcome.open && is_over(engine, withdrawal).await {
        return over("This page is no longer shown", "It is shown for 24 hours. Ask the shop if you need a copy.");
    }
    let url = back::withdrawal_url(engine, withdrawal);
    let own = url.starts_with(&format!("{}/cashier/", engine.public_url()));
    let back = (!own).then(|| Link { url, label: "Return to the shop".to_owned() });
    let page = StatePage {
        test_mode: withdrawal.mode == Mode::Dev,
        amount: text::amount(withdrawal.asked),
        merchant: merchant(engine, withdrawal),
        outcome,
        facts: facts(engine, withdrawal),
        back,
    };
    html(StatusCode::OK, &page, back::app_scheme_of(&withdrawal.details.links).as_deref())
}

/// A form came after somebody had decided: on to where the withdrawal stands.
async fn moved_on(engine: &Arc<Engine>, token: &str, withdrawal: &Withdrawal) -> Response {
    match &withdrawal.state {
        Stands::Created { .. } => page(engine, token, withdrawal).await,
        Stands::AwaitingApproval { .. }
        | Stands::Approved
        | Stands::Sent
        | Stands::Unknown
        | Stands::Paid
        | Stands::Returned { .. }
        | Stands::Ended(_) => see_other(&back::withdrawal_url(engine, withdrawal)),
    }
}

fn form_page(
    engine: &Engine,
    token: &str,
    withdrawal: &Withdrawal,
    fields: &Fields,
    problem: Option<String>,
    status: StatusCode,
) -> Response {
    let Stands::Created { until } = &withdrawal.state else { return notice::unavailable() };
    let offers = offers(engine, withdrawal, fields);
    let none =
        offers.is_empty().then(|| "No way of paying out is available right now. Please ask the shop.".to_owned());
    let page = FormPage {
        test_mode: withdrawal.mode == Mode::Dev,
        amount: text::amount(withdrawal.asked),
        merchant: merchant(engine, withdrawal),
        token,
        nonce: nonce(engine, withdrawal),
        offers,
        problem: problem.or(none),
        time_left: text::duration(until.duration_since(now(engine, withdrawal))),
        until: text::clock(*until),
        until_exact: until.to_string(),
    };
    html(status, &page, back::app_scheme_of(&withdrawal.details.links).as_deref())
}

fn offers(engine: &Engine, withdrawal: &Withdrawal, fields: &Fields) -> Vec<Offer> {
    let candidates = engine.payout_routes(withdrawal).unwrap_or_default();
    let accounts = candidates.iter().filter_map(|candidate| candidate.accounts.first());
    accounts.filter_map(|account| Offer::of(account, fields)).collect()
}

fn merchant(engine: &Engine, withdrawal: &Withdrawal) -> String {
    engine.directory().merchant(withdrawal.merchant).map_or("the shop".to_owned(), |found| found.name.clone())
}

fn facts(engine: &Engine, withdrawal: &Withdrawal) -> Vec<Fact> {
    let destination = withdrawal.plan.as_ref().map(|plan| words::destination(&plan.destination));
    let returned = match &withdrawal.state {
        Stands::Returned { amount } => Some(text::amount(*amount)),
        Stands::Created { .. }
        | Stands::AwaitingApproval { .. }
        | Stands::Approved
        | Stands::Sent
        | Stands::Unknown
        | Stands::Paid
        | Stands::Ended(_) => None,
    };
    let whole = Reference { payment: withdrawal.id, sequence: 0 };
    let facts = [
        ("Returned", returned),
        ("Paid out to", destination),
        ("Date", Some(text::moment(withdrawal.created_at))),
        ("Order", Some(withdrawal.details.reference.clone()).filter(|text| !text.is_empty())),
        ("Transaction", Some(engine.codec().base36(whole))),
    ];
    facts.into_iter().filter_map(|(name, value)| value.map(|value| Fact { name, value })).collect()
}

/// Whether the last thing that happened is longer ago than the page is kept.
async fn is_over(engine: &Engine, withdrawal: &Withdrawal) -> bool {
    let limit = now(engine, withdrawal) - KEPT;
    let begun = withdrawal.payout.as_ref().map_or(withdrawal.created_at, |payout| payout.started_at);
    let moved = engine.store().entries(withdrawal.id).await.unwrap_or_default();
    let last = moved.iter().map(|entry| entry.at).chain([begun]).max();
    last.is_some_and(|at| at <= limit)
}

fn over(heading: &'static str, text: &str) -> Response {
    let notice = Notice { meaning: "attention", word: "Over", heading, text: text.to_owned(), link: None };
    notice.page(StatusCode::GONE)
}
