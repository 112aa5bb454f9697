//! The plain text of an encrypted notification (contract, section 12).

use florin_engine::Engine;
use florin_kernel::PaymentId;
use serde::Serialize;

use super::super::document::Document;
use super::super::wire::Body;

#[derive(Serialize)]
struct Notice<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<CardNews>,
    payload: Payload<'a>,
}

/// What happened to a stored card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CardNews {
    /// It can be charged from now on.
    Created,
    /// It is kept longer.
    Updated,
    /// It is gone.
    Deleted,
}

/// An inquiry's answer with a little more.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    #[serde(flatten)]
    body: &'a Body,
    #[serde(skip_serializing_if = "Option::is_none")]
    presentation_amount: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presentation_currency: Option<&'static str>,
    authentication: Authentication<'a>,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_method: Option<&'static str>,
    short_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Authentication<'a> {
    entity_id: &'a str,
}

/// A transaction's news.
pub fn of(body: &Body, document: &Document, short_id: String) -> String {
    text("PAYMENT", None, body, document, short_id)
}

/// A stored card's news.
pub fn of_card(news: CardNews, body: &Body, document: &Document, short_id: String) -> String {
    text("REGISTRATION", Some(news), body, document, short_id)
}

fn text(r#type: &'static str, action: Option<CardNews>, body: &Body, document: &Document, short_id: String) -> String {
    let payload = Payload {
        body,
        presentation_amount: body.amount.as_deref(),
        presentation_currency: body.currency,
        authentication: Authentication { entity_id: &document.entity },
        source: if document.checkout.is_some() { "OPPUI" } else { "OPP" },
        payment_method: body.card.is_some().then_some("CC"),
        short_id,
    };
    serde_json::to_string(&Notice { r#type, action, payload }).expect("a notice has string keys and plain values only")
}

/// An id that people can read out, of twelve digits: `0712.3345.0098`. It finds nothing.
pub fn short_id(engine: &Engine, payment: PaymentId, sequence: u16) -> String {
    let digest = engine.digest(&[b"short id", &payment.number().to_be_bytes(), &sequence.to_be_bytes()]);
    let digits = format!("{:012}", u128::from_be_bytes(digest) % 1_000_000_000_000);
    format!("{}.{}.{}", &digits[..4], &digits[4..8], &digits[8..])
}
