//! The page of a payment whose payer is waited for at a provider.

use askama::Template;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use florin_engine::Engine;
use florin_kernel::payment::{Payment, StepKind};

use super::back;
use super::look::Look;
use super::words::fill;

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
pub fn page(engine: &Engine, payment: &Payment, headers: &HeaderMap, url: String, kind: StepKind) -> Response {
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
        poll: back::status_path(engine, payment),
        look: &look,
    };
    look.response(StatusCode::OK, &page)
}
