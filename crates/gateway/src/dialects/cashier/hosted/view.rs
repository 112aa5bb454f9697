//! What the payer sees: the page to choose on, and the page of a payment that waits at a provider.

use askama::Template;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use florin_engine::Engine;
use florin_kernel::payment::{Decline, OperationStatus, Payment, Retry, StepKind};
use florin_kernel::routing::Method;

use super::form::is_open;
use super::offers::{Entry, Offer, bounds};
use super::{Session, new_nonce};
use crate::pages::back;
use crate::pages::card::CardFields;
use crate::pages::look::{Look, icon};
use crate::pages::words::{Words, fill};

/// What the page shows beside what the payment says: a form that could not be obeyed.
#[derive(Default)]
pub(super) struct Shown {
    /// The offer that was chosen, by its number.
    pub(super) chosen: Option<i64>,
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

#[derive(Template)]
#[template(path = "cashier.html")]
struct CashierPage<'a> {
    look: &'a Look,
    token: String,
    nonce: String,
    title: String,
    amount: String,
    currency: String,
    open: Option<OpenAmount>,
    offers: Vec<Choice>,
    card: CardFields,
    voucher_problem: Option<String>,
    pay: String,
    problem: Option<&'static str>,
    declined: Option<&'static str>,
    time_left: String,
    until: String,
}

/// The amount field, where the payer chooses.
struct OpenAmount {
    label: String,
    value: String,
    hint: String,
    problem: Option<String>,
}

/// A way to pay.
struct Choice {
    id: i64,
    name: &'static str,
    provider: String,
    icon: &'static str,
    entry: Entry,
    continues: String,
    chosen: bool,
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
        let chosen = shown.chosen.filter(|id| self.offers.iter().any(|offer| offer.account().id.number() == *id));
        let first = self.offers.first().map(|offer| offer.account().id.number());
        let pay = if is_open(payment) { words.pay_open.to_owned() } else { fill(words.pay, &[("amount", &amount)]) };
        let page = CashierPage {
            look: &self.look,
            token: back::own_token(self.engine, payment),
            nonce: new_nonce(self.engine, payment),
            title: fill(words.title, &[("amount", &amount), ("merchant", &self.look.merchant)]),
            open: is_open(payment).then(|| self.open_amount(&shown)),
            currency: payment.asked.asset().code().to_owned(),
            offers: self.offers.iter().map(|offer| choice(offer, words, chosen.or(first))).collect(),
            card: shown.card,
            voucher_problem: shown.voucher_problem,
            declined: if shown.problem.is_none() { declined(payment, words) } else { None },
            problem: shown.problem,
            time_left: fill(words.time_left, &[("time", &time)]),
            until: until.to_string(),
            pay,
            amount,
        };
        self.look.response(status, &page)
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

fn choice(offer: &Offer, words: &'static Words, chosen: Option<i64>) -> Choice {
    let account = offer.account();
    Choice {
        id: account.id.number(),
        name: words.method(offer.method),
        provider: account.name.clone(),
        icon: icon(offer.method),
        entry: offer.entry,
        continues: fill(words.continue_at, &[("provider", &account.name)]),
        chosen: chosen == Some(account.id.number()),
    }
}

/// Why the last attempt brought no money, in the payer's words; what a bank said in detail is between the bank and the shop.
fn declined(payment: &Payment, words: &Words) -> Option<&'static str> {
    let attempt = payment.last_attempt()?;
    let voucher = attempt.means.as_ref().is_some_and(|means| means.method == Method::Voucher);
    match &attempt.status {
        OperationStatus::Declined(Decline::Response(code)) => Some(match code.as_str() {
            "51" => words.no_funds,
            "54" => words.no_expired_card,
            "N7" => words.no_cvc,
            "61" | "65" => words.no_limit,
            "12" if voucher => words.no_voucher,
            _ => words.no_general,
        }),
        OperationStatus::Declined(Decline::Authentication(_)) => Some(words.no_authentication),
        OperationStatus::Declined(Decline::Risk) => Some(words.no_general),
        OperationStatus::Declined(Decline::Provider) | OperationStatus::Failed => Some(words.no_provider),
        OperationStatus::Cancelled => Some(words.no_cancelled),
        OperationStatus::Expired => Some(words.no_time),
        OperationStatus::Pending
        | OperationStatus::NeedsPayer(_)
        | OperationStatus::Unknown(_)
        | OperationStatus::Approved
        | OperationStatus::Late => None,
    }
}

#[derive(Template)]
#[template(path = "step.html")]
struct StepPage<'a> {
    look: &'a Look,
    amount: String,
    text: String,
    url: String,
    /// Where the browser opens the step: a challenge may stay in a frame, everything else leaves it.
    target: &'static str,
    poll: String,
}

/// The page of a payment whose payer is waited for at a provider.
pub(super) fn step(engine: &Engine, payment: &Payment, headers: &HeaderMap, url: String, kind: StepKind) -> Response {
    let look = Look::of(engine, payment, headers);
    let provider = payment.last_attempt().map(|attempt| attempt.route.name.clone()).unwrap_or_default();
    let page = StepPage {
        amount: look.words.money(payment.asked),
        text: fill(look.words.open_text, &[("provider", &provider)]),
        url,
        target: match kind {
            StepKind::Challenge => "_self",
            StepKind::Redirect => "_top",
        },
        poll: format!("/cashier/{}/status", back::own_token(engine, payment)),
        look: &look,
    };
    look.response(StatusCode::OK, &page)
}
