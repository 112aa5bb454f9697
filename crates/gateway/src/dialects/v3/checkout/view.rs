//! What the payer sees: the form of a checkout, in a frame of the shop's page or in a window.

use askama::Template;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use florin_kernel::Timestamp;
use florin_kernel::payment::{CaptureMode, Hosted, Mode, Payment};

use super::super::brand;
use super::super::fields::web_url;
use super::choice::{BY_CARD, Code, Shown};
use super::offers::Offer;
use super::{Keeping, Purpose, kept};
use crate::pages::card::CardFields;
use crate::pages::frame::{Seat, is_origin};
use crate::pages::look::{Look, icon};
use crate::pages::words::fill;
use crate::pages::{Policy, Script, decline, html_under};

/// The longest query that is read.
const QUERY_MAX: usize = 4096;
/// So many brands a shop's page may name.
const BRANDS_MAX: usize = 32;

/// What the shop's page asks of the frame, in the frame's query.
#[derive(Clone, Debug)]
pub(super) struct FrameOptions {
    /// As a query again, with nothing in it but what is understood.
    pub(super) query: String,
    /// The brands to offer, in capitals; empty: all.
    pub(super) brands: Vec<String>,
    /// Whether the security code must be there.
    pub(super) code: Code,
    /// Where the payer goes back to.
    action: String,
    /// The site that holds the frame.
    origin: String,
    /// The payer's language.
    locale: String,
    /// `light` or `dark`; empty: as the payer's device.
    theme: &'static str,
    /// Whether the form has a card of its own around it.
    style: Style,
    /// Whether the payer says of which brand the card is.
    picks_brand: Picking,
}

/// Whether the form stands on a card or on the shop's page itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Card,
    Plain,
}

/// How the brand of a card is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Picking {
    /// Its number tells it.
    ByNumber,
    /// The payer chooses.
    ByPayer,
}

impl FrameOptions {
    /// Reads the query of a request.
    pub(super) fn of(parts: &Parts) -> FrameOptions {
        let query = parts.uri.query().filter(|query| query.len() <= QUERY_MAX).unwrap_or_default();
        let field = |name: &str| {
            let found = url::form_urlencoded::parse(query.as_bytes()).find(|(field, _)| field == name);
            found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        };
        let one_of = |name: &str, words: &[&'static str]| {
            let value = field(name);
            words.iter().copied().find(|word| *word == value).unwrap_or_default()
        };
        let known = |name: &String| brand::kind(name).is_some();
        let brands = field("brands").to_ascii_uppercase();
        let brands: Vec<String> =
            brands.split([' ', ',']).map(ToOwned::to_owned).filter(known).take(BRANDS_MAX).collect();
        let action = Some(field("action")).filter(|url| web_url(url).is_ok()).unwrap_or_default();
        let origin = Some(field("origin")).filter(|origin| is_origin(origin, Mode::Dev)).unwrap_or_default();
        let is_tag =
            |tag: &String| tag.len() <= 35 && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let locale = Some(field("locale")).filter(is_tag).unwrap_or_default();
        let (theme, code) = (one_of("theme", &["light", "dark"]), one_of("cvv", &["optional"]));
        let (picking, style) = (one_of("brandDetection", &["false"]), one_of("style", &["plain"]));
        let named = brands.join(" ");
        let fields = [
            ("origin", origin.as_str()),
            ("action", &action),
            ("brands", &named),
            ("locale", &locale),
            ("theme", theme),
            ("cvv", code),
            ("brandDetection", picking),
            ("style", style),
        ];
        let said = fields.into_iter().filter(|(_, value)| !value.is_empty());
        FrameOptions {
            query: url::form_urlencoded::Serializer::new(String::new()).extend_pairs(said).finish(),
            code: if code.is_empty() { Code::Required } else { Code::Optional },
            picks_brand: if picking.is_empty() { Picking::ByNumber } else { Picking::ByPayer },
            style: if style.is_empty() { Style::Card } else { Style::Plain },
            theme,
            brands,
            action,
            origin,
            locale,
        }
    }

    /// A payment as the shop's page wants its pages to look.
    pub(super) fn dressed(&self, mut payment: Payment, seat: Seat) -> Payment {
        if !self.locale.is_empty() {
            payment.details.links.locale.clone_from(&self.locale);
        }
        if let (Seat::Frame, Some(hosted)) = (seat, &mut payment.details.hosted) {
            hosted.theme = self.theme.to_owned();
            if is_origin(&self.origin, payment.mode) {
                hosted.framed_by.clone_from(&self.origin);
            }
        } else if let Some(hosted) = &mut payment.details.hosted {
            // What a frame asked for before is not for a window.
            **hosted = Hosted::default();
        }
        payment
    }
}

/// A checkout while there is something to choose.
pub(super) struct Session<'a> {
    pub(super) payment: &'a Payment,
    pub(super) options: &'a FrameOptions,
    pub(super) seat: Seat,
    pub(super) look: Look,
    pub(super) offers: Vec<Offer>,
    pub(super) now: Timestamp,
    pub(super) until: Timestamp,
    pub(super) nonce: String,
    /// Where the checkout's own addresses begin.
    pub(super) place: String,
}

#[derive(Template)]
#[template(path = "checkout.html")]
struct CheckoutPage<'a> {
    look: &'a Look,
    /// Where the form goes.
    place: String,
    nonce: &'a str,
    return_url: &'a str,
    title: String,
    amount: String,
    framed: Framed,
    offers: Vec<Choice>,
    card: CardFields,
    card_brands: Vec<CardBrand>,
    asks_code: Code,
    /// What the payer is told where the card is stored with the payment; else empty.
    keeps: String,
    heading: &'static str,
    not_paid: &'static str,
    style: Style,
    pay: String,
    problem: Option<&'static str>,
    declined: Option<&'static str>,
    time_left: String,
    until: String,
}

/// Whether the shop's page is around it, which shows the amount itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framed {
    Yes,
    No,
}

/// A way to pay.
struct Choice {
    way: String,
    name: String,
    note: String,
    icon: &'static str,
    panel: Panel,
    chosen: bool,
}

/// What is below a way to pay once it is chosen.
enum Panel {
    /// The button alone.
    Stored,
    /// The fields of a card.
    Card,
    /// Where the payer goes on.
    Page { continues: String },
}

/// A card brand to pick.
struct CardBrand {
    name: String,
    title: &'static str,
}

impl Session<'_> {
    /// The form.
    pub(super) fn draw(&self, status: StatusCode, shown: Shown) -> Response {
        let (payment, words) = (self.payment, self.look.words);
        let amount = words.money(payment.asked);
        let verifies = payment.capture == CaptureMode::Never;
        let checkout = kept(payment).map(|(_, checkout)| checkout);
        let keeps = checkout.as_ref().is_some_and(|checkout| checkout.keeping == Keeping::Always);
        let saves = keeps || checkout.is_some_and(|checkout| checkout.purpose == Purpose::Registration);
        let without_amount = if saves { words.save_card } else { words.verify_card };
        let first = self.offers.first().map(way).unwrap_or_default();
        let chosen = self.offers.iter().map(way).find(|way| *way == shown.chosen).unwrap_or(first);
        let query = match self.options.query.as_str() {
            "" => String::new(),
            query => format!("?{query}"),
        };
        let page = CheckoutPage {
            place: format!("{}/payment{query}", self.place),
            nonce: &self.nonce,
            return_url: match self.seat {
                Seat::Frame => &self.options.action,
                Seat::Window => "",
            },
            title: match verifies {
                true => without_amount.to_owned(),
                false => fill(words.title, &[("amount", &amount), ("merchant", &self.look.merchant)]),
            },
            pay: match verifies {
                true => without_amount.to_owned(),
                false => fill(words.pay, &[("amount", &amount)]),
            },
            amount: if verifies { without_amount.to_owned() } else { amount },
            keeps: if keeps && !verifies {
                fill(words.keeps_card, &[("merchant", &self.look.merchant)])
            } else {
                String::new()
            },
            heading: if verifies { words.your_card } else { words.choose },
            not_paid: if verifies { words.card_refused } else { words.not_paid },
            framed: match self.seat {
                Seat::Frame => Framed::Yes,
                Seat::Window => Framed::No,
            },
            offers: self.offers.iter().map(|offer| self.choice(offer, &chosen)).collect(),
            card_brands: self.card_brands(),
            asks_code: self.options.code,
            style: self.options.style,
            declined: if shown.problem.is_none() { decline::why(payment, words) } else { None },
            card: shown.card,
            problem: shown.problem,
            time_left: fill(words.time_left, &[("time", &words.duration(self.until.duration_since(self.now)))]),
            until: self.until.to_string(),
            look: &self.look,
        };
        self.look.response(status, &page)
    }

    fn choice(&self, offer: &Offer, chosen: &str) -> Choice {
        let words = self.look.words;
        let (name, note, panel) = match offer {
            Offer::Stored(_, stored) => {
                let card = &stored.registration.card;
                let until = format!("{:02}/{}", card.expiry.month, card.expiry.year);
                (words.card_ending(card), fill(words.valid_until, &[("date", &until)]), Panel::Stored)
            }
            Offer::Card(brands) => {
                let titles: Vec<&str> = brands.iter().filter_map(|name| brand::title(name)).collect();
                let stored = self.offers.iter().any(|other| matches!(other, Offer::Stored(..)));
                let name = if stored { words.another_card } else { words.card };
                (name.to_owned(), titles.join(", "), Panel::Card)
            }
            Offer::Page(method, name) => {
                let title = brand::title(name).unwrap_or(words.method(*method));
                let continues = fill(words.continue_at, &[("provider", title)]);
                (title.to_owned(), words.method(*method).to_owned(), Panel::Page { continues })
            }
        };
        Choice { way: way(offer), name, note, icon: icon(offer.method()), panel, chosen: way(offer) == chosen }
    }

    /// The card brands to pick from, where the payer picks and there is more than one.
    fn card_brands(&self) -> Vec<CardBrand> {
        let cards = self.offers.iter().find_map(|offer| match offer {
            Offer::Card(brands) => Some(brands.as_slice()),
            Offer::Stored(..) | Offer::Page(..) => None,
        });
        let cards = cards.filter(|cards| self.options.picks_brand == Picking::ByPayer && cards.len() > 1);
        let brands = cards.unwrap_or_default().iter();
        brands.filter_map(|name| Some(CardBrand { name: name.clone(), title: brand::title(name)? })).collect()
    }
}

/// The value of an offer's button.
fn way(offer: &Offer) -> String {
    match offer {
        Offer::Stored(id, _) => id.clone(),
        Offer::Card(_) => BY_CARD.to_owned(),
        Offer::Page(_, name) => (*name).to_owned(),
    }
}

#[derive(Template)]
#[template(path = "checkout_unknown.html")]
struct UnknownPage {
    origin: String,
}

/// The page of a checkout that does not exist. It says nothing of anybody, so the shop's page may hold it and hear that.
pub(super) fn unknown(options: &FrameOptions, seat: Seat) -> Response {
    match seat {
        Seat::Frame if is_origin(&options.origin, Mode::Dev) => {
            let policy = Policy { framed_by: vec![options.origin.clone()], script: Script::Ours, ..Policy::default() };
            html_under(StatusCode::NOT_FOUND, &UnknownPage { origin: options.origin.clone() }, &policy)
        }
        Seat::Frame | Seat::Window => crate::pages::notice::not_found(),
    }
}
