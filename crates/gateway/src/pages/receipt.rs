//! The receipt: what became of a payment, in plain words, for a payer whose shop gave no address to return to.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use florin_engine::Engine;
use florin_kernel::Timestamp;
use florin_kernel::payment::{Mode, Payment, State as Stands, Word};
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;
use jiff::SignedDuration;

use super::notice::{self, Notice};
use super::sim::Fact;
use super::{html, text, withdrawal};
use crate::server::Gateway;

/// How long a receipt is shown once the payment is decided (cashier contract, section 13).
const KEPT: SignedDuration = SignedDuration::from_hours(24);

#[derive(Template)]
#[template(path = "receipt.html")]
struct ReceiptPage {
    test_mode: bool,
    amount: String,
    merchant: String,
    outcome: Outcome,
    facts: Vec<Fact>,
}

/// What became of it, in words.
struct Outcome {
    meaning: &'static str,
    word: &'static str,
    heading: &'static str,
    text: &'static str,
    open: bool,
}

/// `GET /cashier/{token}`.
pub async fn page(State(gateway): State<Arc<Gateway>>, Path(token): Path<String>) -> Response {
    let engine = &gateway.engine;
    let Some(reference) = engine.read_page_token("receipt", &token) else {
        return withdrawal::show(engine, &token).await;
    };
    let stored = engine.store().transaction(reference.payment).await;
    let payment = match stored.map(|stored| stored.and_then(|stored| stored.transaction.payment())) {
        Ok(Some(payment)) => payment,
        Ok(None) => return notice::not_found(),
        Err(error) => {
            tracing::warn!(%error, "a receipt waits");
            return notice::unavailable();
        }
    };
    let outcome = Outcome::of(payment.word());
    if !outcome.open && is_over(engine, &payment).await {
        return over();
    }
    let merchant =
        engine.directory().merchant(payment.merchant).map_or("the shop".to_owned(), |found| found.name.clone());
    let page = ReceiptPage {
        test_mode: payment.mode == Mode::Dev,
        amount: text::amount(paid(&payment)),
        merchant,
        outcome,
        facts: facts(engine, &payment),
    };
    html(StatusCode::OK, &page, None).into_response()
}

/// What was taken, before that what was asked.
fn paid(payment: &Payment) -> florin_kernel::Money {
    match &payment.state {
        Stands::Funded(funds) if !funds.captured.is_zero() => funds.captured,
        Stands::Funded(_)
        | Stands::Created
        | Stands::PendingPayer { .. }
        | Stands::Pending { .. }
        | Stands::Unknown { .. }
        | Stands::Ended(_) => payment.asked,
    }
}

fn facts(engine: &Engine, payment: &Payment) -> Vec<Fact> {
    let given_back = match &payment.state {
        Stands::Funded(funds) if !funds.refunded.is_zero() => Some(text::amount(funds.refunded)),
        Stands::Funded(_)
        | Stands::Created
        | Stands::PendingPayer { .. }
        | Stands::Pending { .. }
        | Stands::Unknown { .. }
        | Stands::Ended(_) => None,
    };
    let whole = Reference { payment: payment.id, sequence: 0 };
    let facts = [
        ("Refunded", given_back),
        ("Paid with", text::paid_with(payment)),
        ("Date", Some(text::moment(payment.created_at))),
        ("Order", Some(payment.details.reference.clone()).filter(|text| !text.is_empty())),
        ("Transaction", Some(engine.codec().base36(whole))),
    ];
    facts.into_iter().filter_map(|(name, value)| value.map(|value| Fact { name, value })).collect()
}

/// Whether the last thing that happened is longer ago than a receipt is kept.
async fn is_over(engine: &Engine, payment: &Payment) -> bool {
    let limit = engine.now(Lane::of(payment.merchant, payment.mode)) - KEPT;
    let begun = payment.operations.iter().map(|operation| operation.started_at).max();
    if begun.unwrap_or(payment.created_at) > limit {
        return false;
    }
    // Begun long ago, but money may have moved since.
    let moved = engine.store().entries(payment.id).await.unwrap_or_default();
    let last: Option<Timestamp> = moved.iter().map(|entry| entry.at).max();
    last.is_none_or(|at| at <= limit)
}

fn over() -> Response {
    let text = "Receipts are shown for 24 hours. Ask the shop if you need a copy.".to_owned();
    let notice =
        Notice { meaning: "attention", word: "Over", heading: "This receipt is no longer shown", text, link: None };
    notice.page(StatusCode::GONE)
}

impl Outcome {
    fn of(word: Word) -> Outcome {
        let good = |word, heading, text| Outcome { meaning: "good", word, heading, text, open: false };
        let bad = |word, heading, text| Outcome { meaning: "bad", word, heading, text, open: false };
        let plain = |word, heading, text| Outcome { meaning: "plain", word, heading, text, open: false };
        match word {
            Word::Created | Word::PendingPayer | Word::Pending | Word::Unknown => Outcome {
                meaning: "waiting",
                word: "Waiting",
                heading: "The payment is not decided yet",
                text: "Your bank or the payment service has not answered. Please do not pay again: this payment may still go through.",
                open: true,
            },
            Word::Authorised => good(
                "Reserved",
                "The amount is reserved",
                "Your bank holds the amount for the shop. It is charged when the shop asks for it.",
            ),
            Word::PartiallyCaptured => good(
                "Paid",
                "Part of the amount was charged",
                "The rest stays reserved until the shop asks for it or lets it go.",
            ),
            Word::Captured => {
                good("Paid", "The payment is complete", "The amount was charged. The shop knows about it.")
            }
            Word::PartiallyRefunded => plain(
                "Partly refunded",
                "Part of the payment was given back",
                "It can take some days until your bank shows it.",
            ),
            Word::Refunded => {
                plain("Refunded", "The payment was given back", "It can take some days until your bank shows it.")
            }
            Word::ChargedBack => {
                plain("Charged back", "Your bank took the payment back", "Ask the shop what this means for your order.")
            }
            Word::Declined => bad(
                "Declined",
                "The payment was declined",
                "Nothing was charged. Return to the shop and try another way to pay.",
            ),
            Word::Failed => {
                bad("Failed", "The payment could not be made", "Nothing was charged. Return to the shop and try again.")
            }
            Word::Cancelled => plain("Cancelled", "The payment was cancelled", "Nothing was charged."),
            Word::Expired => {
                plain("Expired", "The time to pay is over", "Nothing was charged. Return to the shop to try again.")
            }
            Word::Voided | Word::AuthorisationExpired => {
                plain("Released", "The reserved amount was released", "Nothing was charged.")
            }
        }
    }
}
