//! The form on which a payer chooses how to pay, of a checkout as of an invoice: what it offers, what it was sent with, and why there is none.

use std::net::IpAddr;

use axum::http::HeaderMap;
use axum::response::Response;
use florin_engine::Engine;
use florin_kernel::Timestamp;
use florin_kernel::card::Card;
use florin_kernel::payment::{Mode as DevOrLive, Payment};

use super::offers::{Offer, for_card, offers, terminal};
use crate::dialects::caller::is_in;
use crate::dialects::transaction_services::brands;
use crate::dialects::transaction_services::document::Document;
use crate::dialects::transaction_services::settings::{Settings, Terminal};
use crate::pages::card::{CardFields, Submitted};
use crate::pages::choose::{Choice, Entry};
use crate::pages::look::{Look, icon};
use crate::pages::receipt::{self, Refusal};
use crate::pages::words::fill;

/// What there is to choose, while there is something.
pub struct Form<'v> {
    engine: &'v Engine,
    /// The payment, or one as it would be made.
    payment: &'v Payment,
    document: &'v Document,
    /// Language, theme, brand.
    pub look: Look,
    /// Who takes it.
    pub terminal: Terminal,
    offers: Vec<Offer>,
}

/// What a page shows beside what the payment says: a form that could not be obeyed.
#[derive(Default)]
pub struct Shown {
    /// The way to pay that was chosen.
    pub chosen: Option<i64>,
    /// The card's fields.
    pub card: CardFields,
    /// What is wrong with the form as a whole.
    pub problem: Option<&'static str>,
}

/// Whether the merchant takes no payments from an address.
pub fn is_blocked(engine: &Engine, payment: &Payment, address: IpAddr) -> bool {
    let directory = engine.directory();
    directory.merchant(payment.merchant).is_some_and(|merchant| is_in(&merchant.blocked_payers, address))
}

impl<'v> Form<'v> {
    /// The form of a payment as its terminal is now.
    ///
    /// # Errors
    /// The page that says why there is nothing to choose.
    pub fn of(
        engine: &'v Engine,
        payment: &'v Payment,
        document: &'v Document,
        headers: &HeaderMap,
        address: IpAddr,
    ) -> Result<Form<'v>, Box<Response>> {
        let page = |refusal| Box::new(receipt::refusal(engine, payment, headers, refusal));
        if is_blocked(engine, payment, address) {
            return Err(page(Refusal::Blocked));
        }
        let directory = engine.directory();
        let credential = payment.details.credential.and_then(|id| directory.credential(id));
        let settings = credential.map(|credential| Settings::of(credential)).unwrap_or_default();
        let terminal = terminal(&settings, document).ok_or_else(|| page(Refusal::NothingOffered))?.clone();
        let offers = offers(engine, payment, document, &terminal);
        if offers.is_empty() {
            return Err(page(Refusal::NothingOffered));
        }
        Ok(Form { look: Look::of(engine, payment, headers), engine, payment, document, terminal, offers })
    }

    /// Reads what was sent.
    ///
    /// # Errors
    /// What to show again, with everything that is wrong at its field.
    pub fn read(&self, submitted: &Submitted, now: Timestamp) -> Result<(Offer, Option<Card>), Box<Shown>> {
        let words = self.look.words;
        let wanted = submitted.field("provider_id").parse::<i64>().ok();
        let mut shown = Shown { chosen: wanted, card: submitted.kept(), problem: None };
        // With one way to pay there is nothing to choose.
        let only = (self.offers.len() == 1).then(|| self.offers[0].id());
        let again = offers(self.engine, self.payment, self.document, &self.terminal);
        let Some(mut offer) = again.into_iter().find(|offer| Some(offer.id()) == wanted.or(only)) else {
            shown.problem = Some(words.choose_one);
            return Err(Box::new(shown));
        };
        if offer.entry != Entry::Card {
            return Ok((offer, None));
        }
        let fault = |fields: CardFields| Shown { card: fields, chosen: wanted, problem: Some(words.check_fields) };
        let card = submitted.card(words).map_err(|fields| Box::new(fault(*fields)))?;
        let today = jiff::tz::Offset::UTC.to_datetime(now).date();
        let past = (i32::from(card.expiry.year), i32::from(card.expiry.month))
            < (i32::from(today.year()), i32::from(today.month()));
        if past && self.payment.mode == DevOrLive::Live {
            let fields = CardFields { year_problem: Some(words.bad_expiry.to_owned()), ..submitted.kept() };
            return Err(Box::new(fault(fields)));
        }
        let listed = self.terminal.takes_cards_of(brands::name(card.pan.brand()).unwrap_or("CARD"));
        match for_card(self.engine, self.payment, &self.terminal, &card.pan) {
            Ok(candidate) if listed => offer.candidate = candidate,
            Ok(_) | Err(_) => {
                let fields = CardFields { number_problem: Some(words.card_not_taken.to_owned()), ..submitted.kept() };
                return Err(Box::new(fault(fields)));
            }
        }
        Ok((offer, Some(card)))
    }

    /// The ways to pay as the page lists them.
    pub fn choices(&self, chosen: Option<i64>) -> Vec<Choice> {
        let words = self.look.words;
        let chosen = chosen.filter(|id| self.offers.iter().any(|offer| offer.id() == *id));
        let chosen = chosen.or(self.offers.first().map(Offer::id));
        let choice = |offer: &Offer| {
            let provider = offer.candidate.accounts[0].name.clone();
            Choice {
                id: offer.id().to_string(),
                name: words.method(offer.mode.method()),
                continues: fill(words.continue_at, &[("provider", &provider)]),
                provider,
                icon: icon(offer.mode.method()),
                entry: offer.entry,
                chosen: chosen == Some(offer.id()),
            }
        };
        self.offers.iter().map(choice).collect()
    }
}
