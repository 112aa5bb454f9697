//! The payer's page: `GET /pay/{access_token}`. The token is the key; no JavaScript is needed. Where a script runs it asks
//! [`live`] what the page should show, and draws it anew when that has changed.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use florin_engine::Engine;
use florin_kernel::coin::{CoinPayment, State as Stands, Units};
use florin_kernel::payment::{Dialect, Mode, Payment};
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::{Block, Family};
use jiff::SignedDuration;

use super::Profile;
use super::routes::CryptoState;
use super::settings::Countdown;
use super::status::{seconds_left, state as state_word};
use super::view::{Viewer, access_token, read_access_token};
use super::wire::percent;
use crate::pages::frame::Seat;
use crate::pages::look::Look;
use crate::pages::words::{Words, fill};
use crate::pages::{back, notice};

mod live;
mod words;

pub use live::live;
use words::CoinWords;

#[derive(Template)]
#[template(path = "coins.html")]
struct CoinPage<'a> {
    look: &'a Look,
    coins: &'static CoinWords,
    /// What is to be sent, large at the top.
    amount: String,
    /// What it is for, under it.
    worth: String,
    stands: Stand,
    /// What there is to send; nothing: no coins are awaited.
    send: Option<ToSend>,
    facts: Vec<(&'static str, String)>,
    /// What becomes of coins that were not taken.
    back_to_payer: String,
    /// Where the shop is.
    back: String,
    live: Live,
}

/// What the payer needs to send coins.
struct ToSend {
    /// What the amount is called.
    label: &'static str,
    /// The amount alone, as a wallet takes it.
    number: String,
    address: String,
    text: String,
    image: String,
    time: Time,
    network: String,
    /// The sandbox's wallet, in test mode.
    wallet: String,
}

/// The time that is left, and what is said of it aloud.
struct Time {
    left: String,
    left_s: i64,
    five: String,
    one: String,
}

/// What the script goes by.
struct Live {
    path: String,
    shows: String,
    /// Whether anything can still change without somebody ordering it.
    goes_on: bool,
}

/// A meaning, its word and a sentence.
struct Stand {
    meaning: &'static str,
    word: &'static str,
    text: &'static str,
}

/// The page.
pub async fn show(State(state): State<CryptoState>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    match found(&state, &token).await {
        Ok(payment) => page(&state, &payment, &headers),
        Err(response) => *response,
    }
}

async fn found(state: &CryptoState, token: &str) -> Result<CoinPayment, Box<Response>> {
    let reference = read_access_token(state.engine(), token).ok_or_else(|| Box::new(notice::not_found()))?;
    match state.engine().coins(reference.payment).await {
        Ok(Some(payment)) => Ok(payment),
        Ok(None) => Err(Box::new(notice::not_found())),
        Err(error) => {
            tracing::warn!(%error, "a payer's page waits");
            Err(Box::new(notice::unavailable()))
        }
    }
}

fn viewer(state: &CryptoState) -> Viewer {
    Viewer::new(state.engine().clone(), Profile::A, Countdown::Never)
}

fn page(state: &CryptoState, payment: &CoinPayment, headers: &HeaderMap) -> Response {
    let engine = state.engine();
    let shown = payment.as_payment();
    let mut look = Look::of(engine, &shown, headers);
    look.scripts = &["coins.js"];
    let (coins, viewer) = (words::of(look.words.lang), viewer(state));
    let tip = viewer.tip(payment);
    let units = to_send(payment);
    let send = payment.state.awaits_coins().then(|| {
        let seconds = seconds_left(payment, engine.now(Lane::of(payment.merchant, payment.mode)));
        ToSend::of(&viewer, payment, units, Time::of(seconds, look.words, coins), coins)
    });
    let page = CoinPage {
        coins,
        amount: amount(payment, units),
        worth: worth(payment, look.words, coins),
        stands: stand(payment, coins),
        send,
        facts: facts(payment, tip.as_ref(), coins),
        back_to_payer: back_to_payer(payment, coins),
        back: back(engine, payment, &shown),
        live: Live {
            path: format!("/pay/{}/status", access_token(engine, payment)),
            shows: shows(payment, tip.as_ref()),
            goes_on: goes_on(payment),
        },
        look: &look,
    };
    look.response(StatusCode::OK, &page)
}

/// The way back to the shop, once it is decided; empty where there is none.
fn back(engine: &Engine, payment: &CoinPayment, shown: &Payment) -> String {
    let links = &payment.details.links;
    let link = match &payment.state {
        Stands::ZeroConfirmed | Stands::Confirmed => &links.success,
        Stands::Cancelled(_) => &links.failure,
        Stands::Waiting | Stands::Underpaid | Stands::Processing { .. } | Stands::Blocked => return String::new(),
    };
    match payment.dialect {
        _ if link.is_empty() => String::new(),
        Dialect::Crypto => link.clone(),
        // As its own pages lead back.
        Dialect::Cashier | Dialect::V3 | Dialect::TransactionServices => back::url(engine, shown, Seat::Window),
    }
}

fn amount(payment: &CoinPayment, units: Units) -> String {
    format!("{} {}", units.decimal(payment.price.coin), payment.price.coin.code())
}

/// What is to be sent now.
fn to_send(payment: &CoinPayment) -> Units {
    match payment.state {
        Stands::Underpaid => payment.price.amount().less(payment.received()),
        Stands::Waiting
        | Stands::Processing { .. }
        | Stands::Blocked
        | Stands::ZeroConfirmed
        | Stands::Confirmed
        | Stands::Cancelled(_) => payment.amount(),
    }
}

fn worth(payment: &CoinPayment, words: &Words, coins: &CoinWords) -> String {
    match payment.state {
        Stands::Underpaid => {
            let whole = amount(payment, payment.price.amount());
            fill(coins.missing_of, &[("amount", &whole), ("invoice", &words.money(payment.price.invoice))])
        }
        Stands::Waiting
        | Stands::Processing { .. }
        | Stands::Blocked
        | Stands::ZeroConfirmed
        | Stands::Confirmed
        | Stands::Cancelled(_) => format!("{} {}", coins.worth, words.money(payment.invoice())),
    }
}

fn stand(payment: &CoinPayment, coins: &CoinWords) -> Stand {
    let (meaning, word, text) = match &payment.state {
        Stands::Waiting => ("waiting", coins.waiting, coins.waiting_text),
        Stands::Underpaid => ("attention", coins.underpaid, coins.underpaid_text),
        Stands::Processing { .. } | Stands::Blocked => ("waiting", coins.processing, coins.processing_text),
        Stands::ZeroConfirmed | Stands::Confirmed => ("good", coins.confirmed, coins.confirmed_text),
        Stands::Cancelled(_) => ("bad", coins.cancelled, coins.cancelled_text),
    };
    Stand { meaning, word, text }
}

fn facts(payment: &CoinPayment, tip: Option<&Block>, coins: &CoinWords) -> Vec<(&'static str, String)> {
    match &payment.state {
        Stands::Processing { .. } => {
            let needed = u64::from(payment.confirmations_needed());
            let count = payment.confirmations(tip).min(needed).to_string();
            let told = fill(coins.count, &[("count", &count), ("needed", &needed.to_string())]);
            let confirmations = (needed > 0).then_some((coins.confirmations, told));
            [(coins.received, amount(payment, payment.received()))].into_iter().chain(confirmations).collect()
        }
        Stands::Underpaid | Stands::Blocked | Stands::ZeroConfirmed | Stands::Confirmed => {
            vec![(coins.received, amount(payment, payment.received()))]
        }
        Stands::Cancelled(_) if payment.received().is_zero() => Vec::new(),
        Stands::Cancelled(_) => vec![(coins.received, amount(payment, payment.received()))],
        Stands::Waiting => Vec::new(),
    }
}

/// What is owed back, on its way, or given back: the first that is true.
fn back_to_payer(payment: &CoinPayment, coins: &CoinWords) -> String {
    let open: Units = payment.refunds.iter().filter(|refund| refund.is_open()).map(|refund| refund.units).sum();
    let (text, units) = match () {
        () if !payment.opened().is_zero() && payment.state.is_confirmed() => (coins.too_much, payment.opened()),
        () if !payment.opened().is_zero() => (coins.owed, payment.opened()),
        () if !open.is_zero() => (coins.going_back, open),
        () if !payment.refunded().is_zero() => (coins.gone_back, payment.refunded()),
        () => return String::new(),
    };
    fill(text, &[("amount", &amount(payment, units))])
}

fn goes_on(payment: &CoinPayment) -> bool {
    match payment.state {
        Stands::Waiting | Stands::Underpaid | Stands::Processing { .. } | Stands::Blocked | Stands::ZeroConfirmed => {
            true
        }
        Stands::Confirmed | Stands::Cancelled(_) => payment.refunds.iter().any(|refund| refund.is_open()),
    }
}

/// What the page shows, in short: another text, another page.
fn shows(payment: &CoinPayment, tip: Option<&Block>) -> String {
    let needed = u64::from(payment.confirmations_needed());
    format!(
        "{} {} {}/{needed} {} {} {}",
        state_word(payment),
        payment.received().number(),
        payment.confirmations(tip).min(needed),
        payment.opened().number(),
        payment.refunded().number(),
        payment.refunds.iter().filter(|refund| refund.is_open()).count()
    )
}

impl ToSend {
    fn of(viewer: &Viewer, payment: &CoinPayment, units: Units, time: Time, coins: &CoinWords) -> ToSend {
        let (coin, texts) = (payment.price.coin, viewer.texts(payment, units));
        let network = match viewer.network(payment).map(|network| network.family) {
            Some(Family::Bitcoin) => "Bitcoin",
            Some(Family::Ethereum { .. }) => "Ethereum",
            None => payment.network.as_str(),
        };
        let wallet = match payment.mode {
            Mode::Dev => format!("/sandbox/wallet?currency={}&address={}", coin.code(), percent(&payment.address)),
            Mode::Live => String::new(),
        };
        let label = match payment.state {
            Stands::Underpaid => coins.missing,
            Stands::Waiting
            | Stands::Processing { .. }
            | Stands::Blocked
            | Stands::ZeroConfirmed
            | Stands::Confirmed
            | Stands::Cancelled(_) => coins.amount,
        };
        ToSend {
            label,
            number: units.decimal(coin),
            address: payment.address.clone(),
            image: format!("/api/qr/?f=svg&d={}", percent(&texts.full)),
            text: texts.full,
            time,
            network: fill(coins.network, &[("coin", coin.code()), ("network", network)]),
            wallet,
        }
    }
}

impl Time {
    fn of(left_s: i64, words: &Words, coins: &CoinWords) -> Time {
        let said = |seconds| format!("{}: {}", coins.left, words.duration(SignedDuration::from_secs(seconds)));
        let left = match left_s {
            0 => coins.over.to_owned(),
            seconds => words.duration(SignedDuration::from_secs(seconds)),
        };
        Time { left, left_s, five: said(300), one: said(60) }
    }
}
