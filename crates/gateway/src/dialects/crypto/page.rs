//! The payer's page: `GET /pay/{access_token}`. The token is the key; no JavaScript is needed.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use florin_kernel::coin::{CoinPayment, State as Stands};
use florin_kernel::payment::Mode;
use florin_kernel::ports::Lane;

use super::Profile;
use super::routes::CryptoState;
use super::settings::Countdown;
use super::status::seconds_left;
use super::view::{Viewer, read_access_token};
use super::wire::percent;
use crate::pages::look::Look;
use crate::pages::notice;

mod words;

use words::CoinWords;

#[derive(Template)]
#[template(path = "coins.html")]
struct CoinPage<'a> {
    look: &'a Look,
    coins: &'static CoinWords,
    /// What is to be sent, large at the top.
    amount: String,
    /// The same in the invoice's currency.
    invoice: String,
    meaning: &'static str,
    word: &'static str,
    text: &'static str,
    /// Whether coins are awaited.
    awaits: bool,
    address: String,
    text_to_pay: String,
    image: String,
    minutes: i64,
    /// Where the shop is.
    back: String,
    wallet: String,
    /// Seconds until the page is loaded again; 0: it is decided.
    again_s: u8,
}

/// The page.
pub async fn show(State(state): State<CryptoState>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    let Some(reference) = read_access_token(state.engine(), &token) else { return notice::not_found() };
    match state.engine().coins(reference.payment).await {
        Ok(Some(payment)) => page(&state, &payment, &headers),
        Ok(None) => notice::not_found(),
        Err(error) => {
            tracing::warn!(%error, "a payer's page waits");
            notice::unavailable()
        }
    }
}

fn page(state: &CryptoState, payment: &CoinPayment, headers: &HeaderMap) -> Response {
    let engine = state.engine();
    let shown = payment.as_payment();
    let look = Look::of(engine, &shown, headers);
    let coins = words::of(look.words.lang);
    let coin = payment.price.coin;
    let viewer = Viewer::new(engine.clone(), Profile::A, Countdown::Never);
    let units = match payment.state {
        Stands::Underpaid => payment.price.amount().less(payment.received()),
        Stands::Waiting
        | Stands::Processing { .. }
        | Stands::Blocked
        | Stands::ZeroConfirmed
        | Stands::Confirmed
        | Stands::Cancelled(_) => payment.amount(),
    };
    let texts = viewer.texts(payment, units);
    let (meaning, word, text) = match &payment.state {
        Stands::Waiting => ("waiting", coins.waiting, coins.waiting_text),
        Stands::Underpaid => ("attention", coins.underpaid, coins.underpaid_text),
        Stands::Processing { .. } | Stands::Blocked => ("waiting", coins.processing, coins.processing_text),
        Stands::ZeroConfirmed | Stands::Confirmed => ("good", coins.confirmed, coins.confirmed_text),
        Stands::Cancelled(_) if payment.opened().is_zero() => ("bad", coins.cancelled, coins.cancelled_text),
        Stands::Cancelled(_) => ("attention", coins.cancelled, coins.late_text),
    };
    let awaits = payment.state.awaits_coins();
    let links = &payment.details.links;
    let back = match &payment.state {
        Stands::ZeroConfirmed | Stands::Confirmed => links.success.clone(),
        Stands::Cancelled(_) => links.failure.clone(),
        Stands::Waiting | Stands::Underpaid | Stands::Processing { .. } | Stands::Blocked => String::new(),
    };
    let wallet = match payment.mode {
        Mode::Dev if awaits => {
            format!("/sandbox/wallet?currency={}&address={}", coin.code(), percent(&payment.address))
        }
        Mode::Dev | Mode::Live => String::new(),
    };
    let now = engine.now(Lane::of(payment.merchant, payment.mode));
    let page = CoinPage {
        coins,
        amount: format!("{} {}", units.decimal(coin), coin.code()),
        invoice: look.words.money(payment.price.invoice),
        meaning,
        word,
        text,
        awaits,
        address: payment.address.clone(),
        image: format!("/api/qr/?f=svg&d={}", percent(&texts.full)),
        text_to_pay: texts.full,
        minutes: (seconds_left(payment, now) + 59) / 60,
        back,
        wallet,
        again_s: if awaits || matches!(payment.state, Stands::Processing { .. } | Stands::ZeroConfirmed) {
            10
        } else {
            0
        },
        look: &look,
    };
    look.response(StatusCode::OK, &page)
}
