//! What became of a withdrawal, in plain words, for its payer.

use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::Engine;
use florin_kernel::Timestamp;
use florin_kernel::public_id::Reference;
use florin_kernel::withdrawal::{State, Withdrawal, Word};

use crate::pages::back;
use crate::pages::look::Look;
use crate::pages::notice::Link;
use crate::pages::receipt::{KEPT, Outcome, ReceiptPage};
use crate::pages::sim::Fact;
use crate::pages::words::Words;

/// The receipt of a withdrawal, decided or not.
pub(super) async fn page(engine: &Engine, withdrawal: &Withdrawal, look: &Look, now: Timestamp) -> Response {
    let outcome = Outcome::of_withdrawal(withdrawal.word(), look.words);
    if !outcome.open && is_over(engine, withdrawal, now).await {
        return refusal(engine, withdrawal, look, StatusCode::GONE, Outcome::over(look.words));
    }
    // The time being over is what its address answers from then on.
    let status = if withdrawal.word() == Word::Expired { StatusCode::GONE } else { StatusCode::OK };
    look.response(status, &receipt(engine, withdrawal, look, outcome, facts(engine, withdrawal, look.words)))
}

/// A page that says why there is nothing to choose, or to show.
pub(super) fn refusal(
    engine: &Engine,
    withdrawal: &Withdrawal,
    look: &Look,
    status: StatusCode,
    outcome: Outcome,
) -> Response {
    look.response(status, &receipt(engine, withdrawal, look, outcome, Vec::new()))
}

fn receipt<'a>(
    engine: &Engine,
    withdrawal: &Withdrawal,
    look: &'a Look,
    outcome: Outcome,
    facts: Vec<Fact>,
) -> ReceiptPage<'a> {
    let link = back::shop_url(engine, withdrawal).map(|url| Link { url, label: look.named(look.words.return_to) });
    let (note, poll) = if outcome.open {
        (look.words.withdrawal.is_told, back::status_path(engine, withdrawal))
    } else {
        (look.words.keep_number, String::new())
    };
    ReceiptPage { look, amount: look.words.money(withdrawal.asked), outcome, facts, link, note, poll }
}

fn facts(engine: &Engine, withdrawal: &Withdrawal, words: &Words) -> Vec<Fact> {
    let returned = match &withdrawal.state {
        State::Returned { amount } => Some(words.money(*amount)),
        State::Created { .. }
        | State::AwaitingApproval { .. }
        | State::Approved
        | State::Sent
        | State::Unknown
        | State::Paid
        | State::Ended(_) => None,
    };
    let whole = Reference { payment: withdrawal.id, sequence: 0 };
    let facts = [
        (words.withdrawal.fact_returned, returned),
        (words.withdrawal.fact_payout_to, withdrawal.plan.as_ref().map(|plan| words.destination(&plan.destination))),
        (words.fact_date, Some(words.moment(withdrawal.created_at))),
        (words.fact_order, Some(withdrawal.details.reference.clone()).filter(|text| !text.is_empty())),
        (words.fact_transaction, Some(engine.codec().base36(whole))),
    ];
    facts.into_iter().filter_map(|(name, value)| value.map(|value| Fact { name, value })).collect()
}

/// Whether the last thing that happened is longer ago than a receipt is kept.
async fn is_over(engine: &Engine, withdrawal: &Withdrawal, now: Timestamp) -> bool {
    let begun = withdrawal.payout.as_ref().map_or(withdrawal.created_at, |payout| payout.started_at);
    let moved = engine.store().entries(withdrawal.id).await.unwrap_or_default();
    let last = moved.iter().map(|entry| entry.at).chain([begun]).max();
    last.is_some_and(|at| at <= now - KEPT)
}
