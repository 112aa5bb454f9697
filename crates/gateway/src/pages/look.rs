//! What every page of ours for a merchant's payer has in common: language, theme, brand, and who may frame it. A dialect's page
//! puts its content between.

use askama::Template;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use florin_engine::Engine;
use florin_kernel::payment::{Mode, Payment};
use florin_kernel::public_id::Reference;

use super::words::{self, Words, fill};
use super::{Policy, Script, back, brand, frame, html_under};

/// The common part of a page.
pub struct Look {
    /// The payer's language.
    pub words: &'static Words,
    /// `light` or `dark`; `None`: as the payer's device.
    pub theme: Option<&'static str>,
    /// The merchant's accent.
    pub style: String,
    /// The merchant's logo, or nothing.
    pub logo: String,
    /// The merchant's name.
    pub merchant: String,
    /// Whether the payment moves no money.
    pub test_mode: bool,
    /// What the page tells the merchant's page around it, for the script.
    pub told: Told,
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
}

impl Look {
    /// The look of a payment's pages for a request.
    pub fn of(engine: &Engine, payment: &Payment, headers: &HeaderMap) -> Look {
        let directory = engine.directory();
        let merchant = directory.merchant(payment.merchant);
        let words = words::of(&payment.details.links.locale, headers);
        let origins = frame::origins(&directory, payment);
        let style = merchant.map(|merchant| brand::style(&merchant.brand)).unwrap_or_default();
        let theme = payment.details.hosted.as_ref().and_then(|hosted| match hosted.theme.as_str() {
            "dark" => Some("dark"),
            "light" => Some("light"),
            _ => None,
        });
        let told = Told {
            origins: origins.join(" "),
            status: back::Standing::of(payment).text(),
            transaction: engine.codec().base36(Reference { payment: payment.id, sequence: 0 }),
            tracking: payment.details.reference.clone(),
        };
        Look {
            words,
            theme,
            logo: merchant.map(|merchant| brand::logo(&merchant.brand).to_owned()).unwrap_or_default(),
            merchant: merchant.map_or_else(|| words.shop.to_owned(), |merchant| merchant.name.clone()),
            test_mode: payment.mode == Mode::Dev,
            told,
            policy: Policy {
                app: back::app_scheme(payment),
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
