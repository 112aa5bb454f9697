//! The receipt: what became of a payment, in plain words, for a payer whose shop gave no address to return to.

use askama::Template;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use florin_engine::Engine;
use florin_kernel::payment::{Payment, State, Word};
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;
use florin_kernel::{Aggregate, Kind, Money, Timestamp};
use jiff::SignedDuration;

use super::back;
use super::look::Look;
use super::notice::Link;
use super::sim::Fact;
use super::words::Words;

mod outcome;

pub(crate) use outcome::Outcome;

/// How long a receipt is shown once the payment or withdrawal is decided (cashier contract, section 13).
pub(crate) const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// What became of a payment or withdrawal.
#[derive(Template)]
#[template(path = "receipt.html")]
pub(crate) struct ReceiptPage<'a> {
    /// Language, theme, brand.
    pub(crate) look: &'a Look,
    /// What moved, or is to move.
    pub(crate) amount: String,
    /// Where it stands.
    pub(crate) outcome: Outcome,
    /// What may be asked for later.
    pub(crate) facts: Vec<Fact>,
    /// The way back to the shop.
    pub(crate) link: Option<Link>,
    /// What the payer may do now, with `{merchant}` to fill in.
    pub(crate) note: &'static str,
    /// Where the script asks whether it is decided; empty: it is.
    pub(crate) poll: String,
}

/// The receipt of a payment, decided or not.
pub async fn page(engine: &Engine, payment: &Payment, headers: &HeaderMap) -> Response {
    let look = Look::of(engine, payment, headers);
    let outcome = Outcome::of_payment(payment, look.words);
    // The link of an invoice that is paid says so for good.
    let for_good = payment.details.ordered_by.is_some();
    if !outcome.open && !for_good && is_over(engine, payment).await {
        let page = ReceiptPage { outcome: Outcome::over(look.words), ..receipt(engine, payment, &look, Vec::new()) };
        return look.response(StatusCode::GONE, &page);
    }
    // The time being over is what its address answers from then on.
    let status = if payment.word() == Word::Expired { StatusCode::GONE } else { StatusCode::OK };
    let page = receipt(engine, payment, &look, facts(engine, payment, look.words));
    look.response(status, &page)
}

/// The page of a session whose time is over, which nobody has noted yet.
pub fn expired(engine: &Engine, payment: &Payment, headers: &HeaderMap) -> Response {
    over(engine, payment, &Look::of(engine, payment, headers), Word::Expired)
}

/// The page of a session that ended before anything was paid, in a look of its own.
pub fn over(engine: &Engine, payment: &Payment, look: &Look, word: Word) -> Response {
    let outcome = Outcome::of(word, look.words);
    let page = ReceiptPage { outcome, poll: String::new(), ..receipt(engine, payment, look, Vec::new()) };
    look.response(StatusCode::GONE, &page)
}

/// A page that says why there is nothing to choose.
pub fn refusal(engine: &Engine, payment: &Payment, headers: &HeaderMap, refusal: Refusal) -> Response {
    let look = Look::of(engine, payment, headers);
    let (status, outcome) = match refusal {
        Refusal::Blocked => (StatusCode::FORBIDDEN, Outcome::blocked(look.words)),
        Refusal::NothingOffered => (StatusCode::OK, Outcome::nothing_offered(look.words)),
    };
    let page = ReceiptPage { outcome, poll: String::new(), ..receipt(engine, payment, &look, Vec::new()) };
    look.response(status, &page)
}

/// Why there is nothing to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The merchant takes no payments from the payer's address.
    Blocked,
    /// The rules have changed since, and leave nothing.
    NothingOffered,
}

fn receipt<'a>(engine: &Engine, payment: &Payment, look: &'a Look, facts: Vec<Fact>) -> ReceiptPage<'a> {
    let outcome = Outcome::of_payment(payment, look.words);
    // An invoice that nobody has tried to pay has nothing to bring back to the shop.
    let untried = payment.details.ordered_by.is_some() && payment.operations.is_empty();
    let url = back::shop_url(engine, payment).filter(|_| payment.details.hosted.is_some() && !untried);
    let link = url.map(|url| Link { url, label: look.named(look.words.return_to) });
    let hosted = payment.details.hosted.is_some();
    let polls = hosted && outcome.open;
    let poll = if polls { back::status_path(engine, payment) } else { String::new() };
    let note = if outcome.open { look.words.is_told } else { look.words.keep_number };
    let amount = match payment.kind() {
        // Nothing moves.
        Kind::Verification => look.words.your_card.to_owned(),
        Kind::Payment | Kind::Withdrawal | Kind::Coin => look.words.money(paid(payment)),
    };
    ReceiptPage { look, amount, outcome, facts, link, note, poll }
}

/// What was taken, before that what was asked.
fn paid(payment: &Payment) -> Money {
    match &payment.state {
        State::Funded(funds) if !funds.captured.is_zero() => funds.captured,
        State::Funded(_)
        | State::Created
        | State::PendingPayer { .. }
        | State::Pending { .. }
        | State::Unknown { .. }
        | State::Ended(_) => payment.asked,
    }
}

fn facts(engine: &Engine, payment: &Payment, words: &Words) -> Vec<Fact> {
    let given_back = match &payment.state {
        State::Funded(funds) if !funds.refunded.is_zero() => Some(words.money(funds.refunded)),
        State::Funded(_)
        | State::Created
        | State::PendingPayer { .. }
        | State::Pending { .. }
        | State::Unknown { .. }
        | State::Ended(_) => None,
    };
    let with = payment.funding().or(payment.last_attempt()).and_then(|attempt| attempt.means.as_ref());
    let with = with.map(|means| words.means(means));
    let paid_with = match &payment.state {
        _ if payment.kind() == Kind::Verification => words.card,
        State::Ended(_) => words.fact_tried_with,
        State::Funded(_)
        | State::Created
        | State::PendingPayer { .. }
        | State::Pending { .. }
        | State::Unknown { .. } => words.fact_paid_with,
    };
    let whole = Reference { payment: payment.id, sequence: 0 };
    let facts = [
        (words.fact_refunded, given_back),
        (paid_with, with),
        (words.fact_date, Some(words.moment(payment.created_at))),
        (words.fact_order, Some(payment.details.reference.clone()).filter(|text| !text.is_empty())),
        (words.fact_transaction, Some(engine.codec().base36(whole))),
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
