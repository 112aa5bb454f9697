//! The page on which the payer says where the money shall go.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::payee::{Entry, Offer};
use super::{Session, nonce};
use crate::pages::back;
use crate::pages::card::Submitted;
use crate::pages::look::{Look, icon};
use crate::pages::words::{Words, fill};

/// What the page shows beside what the withdrawal says: a form that could not be obeyed. Numbers never come back in a page.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// The offer that was chosen, by its number.
    pub(super) chosen: Option<i64>,
    pub(super) holder_name: String,
    pub(super) holder_problem: Option<&'static str>,
    pub(super) card_problem: Option<&'static str>,
    pub(super) account_holder: String,
    pub(super) account_holder_problem: Option<&'static str>,
    pub(super) iban_problem: Option<&'static str>,
    pub(super) wallet_problem: Option<&'static str>,
    /// What is wrong with the form as a whole.
    pub(super) problem: Option<&'static str>,
}

impl Shown {
    /// A page that says one thing.
    pub(super) fn of(problem: &'static str) -> Shown {
        Shown { problem: Some(problem), ..Shown::default() }
    }

    /// What may be shown again of a form.
    pub(super) fn kept(submitted: &Submitted) -> Shown {
        Shown {
            chosen: submitted.field("provider_id").parse().ok(),
            holder_name: submitted.kept_text("holder_name"),
            account_holder: submitted.kept_text("account_holder"),
            ..Shown::default()
        }
    }
}

#[derive(Template)]
#[template(path = "withdrawal.html")]
struct WithdrawalPage<'a> {
    look: &'a Look,
    token: String,
    nonce: String,
    title: String,
    amount: String,
    offers: Vec<Choice<'a>>,
    shown: Shown,
    withdraw: String,
    time_left: String,
    until: String,
}

/// A way to be paid out.
struct Choice<'a> {
    id: i64,
    name: &'static str,
    provider: &'a str,
    icon: &'static str,
    entry: Entry,
    chosen: bool,
}

impl Session<'_> {
    /// The page to choose on.
    pub(super) fn draw(&self, status: StatusCode, shown: Shown) -> Response {
        let (withdrawal, words) = (self.withdrawal, self.look.words);
        let amount = words.money(withdrawal.asked);
        let time = words.duration(self.until.duration_since(self.now));
        let chosen = shown.chosen.filter(|id| self.offers.iter().any(|offer| offer.provider.number() == *id));
        let first = self.offers.first().map(|offer| offer.provider.number());
        let page = WithdrawalPage {
            look: &self.look,
            token: back::own_token(self.engine, withdrawal),
            nonce: nonce(self.engine, withdrawal),
            title: fill(words.withdrawal.title, &[("amount", &amount), ("merchant", &self.look.merchant)]),
            offers: self.offers.iter().map(|offer| choice(offer, words, chosen.or(first))).collect(),
            shown,
            withdraw: fill(words.withdrawal.withdraw, &[("amount", &amount)]),
            time_left: fill(words.time_left, &[("time", &time)]),
            until: self.until.to_string(),
            amount,
        };
        self.look.response(status, &page)
    }

    /// The page of a form that could not be obeyed.
    pub(super) fn draw_again(&self, shown: Shown) -> Response {
        self.draw(StatusCode::UNPROCESSABLE_ENTITY, shown)
    }
}

fn choice<'a>(offer: &'a Offer, words: &'static Words, chosen: Option<i64>) -> Choice<'a> {
    let id = offer.provider.number();
    let name = match offer.entry {
        Entry::Card => words.card,
        Entry::Account => words.withdrawal.bank_account,
        Entry::Wallet => words.e_wallet,
    };
    Choice { id, name, provider: &offer.name, icon: icon(offer.method), entry: offer.entry, chosen: chosen == Some(id) }
}
