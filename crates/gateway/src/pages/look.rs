//! What every page of ours for a merchant's payer has in common: language, theme, brand, and who may frame it. A dialect's page
//! puts its content between.

use askama::Template;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use florin_engine::Engine;
use florin_kernel::Kind;
use florin_kernel::payment::{Dialect, Mode};
use florin_kernel::public_id::Reference;
use florin_kernel::routing::Method;

use super::subject::Subject;
use super::words::{self, Words, fill};
use super::{Policy, Script, back, brand, frame, html_under};

/// The common part of a page.
pub struct Look {
    /// The payer's language.
    pub words: &'static Words,
    /// Who pays whom, with `{merchant}` to fill in.
    pub whom: &'static str,
    /// `light` or `dark`; `None`: as the payer's device.
    pub theme: Option<&'static str>,
    /// `frame` on a page that stands on the merchant's own ground; else empty.
    pub place: &'static str,
    /// The merchant's accent.
    pub style: String,
    /// The merchant's logo, or nothing.
    pub logo: String,
    /// The merchant's name.
    pub merchant: String,
    /// Whether no real money is moved.
    pub test_mode: bool,
    /// What the page tells the merchant's page around it, for the script.
    pub told: Told,
    /// Scripts of ours beside the one that all pages have, by their names.
    pub scripts: &'static [&'static str],
    policy: Policy,
}

/// What a framed page tells the page around it (cashier contract, section 13).
pub struct Told {
    /// The sites that may hear it, blanks between.
    pub origins: String,
    /// `pending`, `successful` or `rejected`.
    pub status: &'static str,
    /// Our id.
    pub transaction: String,
    /// The merchant's.
    pub tracking: String,
    /// What the page around it is to do now; empty: nothing.
    pub next: &'static str,
}

impl Look {
    /// The look of the pages of a payment or withdrawal for a request.
    pub fn of<'a>(engine: &Engine, subject: impl Into<Subject<'a>>, headers: &HeaderMap) -> Look {
        let subject = subject.into();
        let directory = engine.directory();
        let merchant = directory.merchant(subject.merchant);
        let words = words::of(&subject.details.links.locale, headers);
        let origins = frame::origins(&directory, subject);
        let style = merchant.map(|merchant| brand::style(&merchant.brand)).unwrap_or_default();
        let theme = subject.details.hosted.as_ref().and_then(|hosted| match hosted.theme.as_str() {
            "dark" => Some("dark"),
            "light" => Some("light"),
            _ => None,
        });
        let told = Told {
            origins: origins.join(" "),
            status: subject.standing.text(),
            transaction: engine.codec().base36(Reference { payment: subject.id, sequence: 0 }),
            tracking: subject.details.reference.clone(),
            next: "",
        };
        let whom = match subject.kind {
            Kind::Payment | Kind::Verification | Kind::Coin => words.to,
            Kind::Withdrawal => words.withdrawal.from,
        };
        Look {
            words,
            whom,
            theme,
            place: match &subject.details.hosted {
                Some(hosted) if !hosted.framed_by.is_empty() => "frame",
                Some(_) | None => "",
            },
            logo: merchant.map(|merchant| brand::logo(&merchant.brand).to_owned()).unwrap_or_default(),
            merchant: merchant.map_or_else(|| words.shop.to_owned(), |merchant| merchant.name.clone()),
            test_mode: subject.mode == Mode::Dev,
            told,
            scripts: match (subject.dialect, &subject.details.hosted) {
                (Dialect::V3, Some(_)) => &["checkout.js"],
                (Dialect::V3, None) | (Dialect::Cashier | Dialect::Crypto | Dialect::TransactionServices, _) => &[],
            },
            policy: Policy {
                app: back::app_scheme(&subject.details.links),
                framed_by: origins,
                style: style.clone(),
                script: Script::Ours,
            },
            style,
        }
    }

    /// A text with the merchant's name in it.
    pub fn named(&self, text: &str) -> String {
        fill(text, &[("merchant", &self.merchant)])
    }

    /// A page with this look.
    pub fn response(&self, status: StatusCode, page: &impl Template) -> Response {
        html_under(status, page, &self.policy)
    }
}

/// The icon that stands beside a method's name (`icons.html`).
pub fn icon(method: Method) -> &'static str {
    match method {
        Method::Card => "card",
        Method::BankTransfer => "bank",
        Method::EWallet => "wallet",
        Method::Voucher => "voucher",
        Method::Crypto => "mark",
    }
}
