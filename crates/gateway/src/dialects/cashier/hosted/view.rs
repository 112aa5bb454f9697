//! What the payer sees: the page to choose on.

use axum::http::StatusCode;
use axum::response::Response;
use florin_kernel::payment::Retry;

use super::form::is_open;
use super::offers::{Offer, bounds};
use super::{Session, new_nonce};
use crate::pages::card::CardFields;
use crate::pages::choose::{Choice, ChoosePage, OpenAmount};
use crate::pages::look::icon;
use crate::pages::words::{Words, fill};
use crate::pages::{back, coins, decline};

/// What the page shows beside what the payment says: a form that could not be obeyed.
#[derive(Default)]
pub(super) struct Shown {
    /// The offer that was chosen, as the form names it.
    pub(super) chosen: Option<String>,
    /// The amount as it was written.
    pub(super) amount: Option<String>,
    pub(super) amount_problem: Option<String>,
    pub(super) card: CardFields,
    pub(super) voucher_problem: Option<String>,
    /// What is wrong with the form as a whole.
    pub(super) problem: Option<&'static str>,
}

impl Shown {
    /// Whether nothing is wrong.
    pub(super) fn is_clean(&self) -> bool {
        let card = &self.card;
        let problems = [
            &card.holder_problem,
            &card.number_problem,
            &card.month_problem,
            &card.year_problem,
            &card.cvc_problem,
            &self.amount_problem,
            &self.voucher_problem,
        ];
        self.problem.is_none() && problems.iter().all(|problem| problem.is_none())
    }
}

impl Session<'_> {
    /// The page to choose on.
    pub(super) fn draw(&self, status: StatusCode, shown: Shown) -> Response {
        let (payment, words) = (self.payment, self.look.words);
        let amount = words.money(payment.asked);
        let until = match payment.retry {
            Retry::Session { until, .. } => until,
            Retry::Never => self.now,
        };
        let time = words.duration(until.duration_since(self.now));
        let pay = if is_open(payment) { words.pay_open.to_owned() } else { fill(words.pay, &[("amount", &amount)]) };
        let own = format!("/cashier/{}", back::own_token(self.engine, payment));
        let page = ChoosePage {
            look: &self.look,
            pay_path: format!("{own}/pay"),
            cancel_path: format!("{own}/cancel"),
            nonce: new_nonce(self.engine, payment),
            title: fill(words.title, &[("amount", &amount), ("merchant", &self.look.merchant)]),
            about: Vec::new(),
            returns: true,
            open: is_open(payment).then(|| self.open_amount(&shown)),
            currency: payment.asked.asset().code().to_owned(),
            offers: self.choices(shown.chosen.as_deref()),
            card: shown.card,
            voucher_problem: shown.voucher_problem,
            declined: if shown.problem.is_none() { decline::why(payment, words) } else { None },
            problem: shown.problem,
            time_left: fill(words.time_left, &[("time", &time)]),
            until: until.to_string(),
            pay,
            amount,
        };
        self.look.response(status, &page)
    }

    /// The ways to pay; of them the one that was chosen, else the first.
    fn choices(&self, chosen: Option<&str>) -> Vec<Choice> {
        let offers = self.offers.iter().map(name);
        let names: Vec<String> = offers.chain(self.coins.iter().map(|coin| coins::word(*coin))).collect();
        let chosen = chosen.filter(|chosen| names.iter().any(|name| name == chosen));
        let chosen = chosen.or(names.first().map(String::as_str)).unwrap_or_default();
        let words = self.look.words;
        let offers = self.offers.iter().map(|offer| choice(offer, words, chosen));
        offers.chain(self.coins.iter().map(|coin| super::coins::choice(*coin, words, chosen))).collect()
    }

    fn open_amount(&self, shown: &Shown) -> OpenAmount {
        let (payment, words) = (self.payment, self.look.words);
        let between =
            |(min, max)| fill(words.amount_between, &[("min", &words.money(min)), ("max", &words.money(max))]);
        OpenAmount {
            label: fill(words.amount, &[("currency", payment.asked.asset().code())]),
            value: shown.amount.clone().unwrap_or_else(|| words.writable(payment.asked)),
            hint: bounds(self.merchant(), payment, &self.offers).map(between).unwrap_or_default(),
            problem: shown.amount_problem.clone(),
        }
    }
}

/// How the form names an offer.
fn name(offer: &Offer) -> String {
    offer.account().id.number().to_string()
}

fn choice(offer: &Offer, words: &'static Words, chosen: &str) -> Choice {
    let account = offer.account();
    Choice {
        id: name(offer),
        name: words.method(offer.method),
        provider: account.name.clone(),
        icon: icon(offer.method),
        entry: offer.entry,
        continues: fill(words.continue_at, &[("provider", &account.name)]),
        chosen: chosen == name(offer),
    }
}
