//! What goes over the wire, member by member in the contract's order (sections 1 and 8). All values are strings but objects and arrays.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use florin_engine::Reply;
use florin_kernel::Timestamp;
use serde::Serialize;

use super::codes::ResultBody;
use super::format::Format;
use crate::dialects::ProviderTime;

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What a call is told.
#[derive(Clone, Debug)]
pub struct Told {
    /// HTTP status.
    pub status: u16,
    /// JSON.
    pub body: String,
    /// Whether an earlier request was told the same.
    pub replayed: bool,
    /// Time spent waiting for providers.
    pub provider_time: Duration,
}

impl Told {
    /// A success.
    pub fn of(body: String) -> Told {
        Told { status: 200, body, replayed: false, provider_time: Duration::ZERO }
    }

    /// As it goes out.
    pub fn response(self, format: Format) -> Response {
        let mut response = format.response(StatusCode::from_u16(self.status).unwrap_or_default(), self.body);
        if self.replayed {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response.extensions_mut().insert(ProviderTime(self.provider_time));
        response
    }
}

impl From<Reply> for Told {
    fn from(reply: Reply) -> Told {
        let Reply { answer, replayed, payment: _, provider_time } = reply;
        Told { status: answer.status, body: answer.body, replayed, provider_time }
    }
}

/// A body's bytes.
pub fn text(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("an answer has string keys and plain values only")
}

/// `2026-01-15 10:22:31`, UTC.
pub fn timestamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// One payment (section 8.2); with the totals of an inquiry (section 8.6).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentBody {
    /// Its id.
    pub payment_id: String,
    /// The payment that it repeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_payment_id: Option<String>,
    /// `DB`, `PA`, `PO`
    pub payment_type: &'static str,
    /// `VISA` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_brand: Option<String>,
    /// `CC` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_mode: Option<&'static str>,
    /// Of who pays.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub first_name: String,
    /// Of who pays.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last_name: String,
    /// How much.
    pub amount: String,
    /// Of what.
    pub currency: &'static str,
    /// What the shop showed.
    #[serde(rename = "tmpl_amount", skip_serializing_if = "String::is_empty")]
    pub tmpl_amount: String,
    /// What the shop showed.
    #[serde(rename = "tmpl_currency", skip_serializing_if = "String::is_empty")]
    pub tmpl_currency: String,
    /// What stands on the statement.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub descriptor: String,
    /// The merchant's reference.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub merchant_transaction_id: String,
    /// The card kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_id: Option<String>,
    /// Where it stands, in a word.
    pub status: &'static str,
    /// The same, in a letter.
    pub transaction_status: &'static str,
    /// The same, in words.
    pub remark: String,
    /// What became of it; of an inquiry, at its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<ResultBody>,
    /// The card, as far as it may be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<CardBody>,
    /// Who pays.
    pub customer: CustomerBody,
    /// The electronic commerce indicator.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub eci: String,
    /// The issuer's code of a yes.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub bank_reference_id: String,
    /// Which terminal took it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub terminal_id: String,
    /// When it was answered.
    pub timestamp: String,
    /// What an inquiry adds.
    #[serde(flatten)]
    pub inquired: Option<Inquired>,
    /// Where the payer must go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect: Option<Redirect>,
}

/// What an inquiry adds.
#[derive(Clone, Debug, Serialize)]
pub struct Inquired {
    /// Taken.
    #[serde(rename = "captureamount")]
    pub captured: String,
    /// Given back.
    #[serde(rename = "refundamount")]
    pub refunded: String,
    /// Taken back by the payer's bank.
    #[serde(rename = "chargebackamount")]
    pub charged_back: String,
    /// That it was found.
    pub result: ResultBody,
    /// What became of the payment.
    #[serde(rename = "transactionResult")]
    pub outcome: ResultBody,
}

/// A card.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CardBody {
    /// First six digits.
    pub bin: String,
    /// Last four digits.
    #[serde(rename = "last4Digits")]
    pub last4: String,
    /// The same.
    pub last_four_digits: String,
    /// The name on it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub holder: String,
    /// Two digits.
    pub expiry_month: String,
    /// Four digits.
    pub expiry_year: String,
}

/// Who pays.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CustomerBody {
    /// E-mail address, or nothing.
    pub email: String,
    /// The merchant's label or our customer's id, or nothing.
    pub id: String,
}

/// Where the payer must go.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Redirect {
    /// The address.
    pub url: String,
    /// The verb.
    pub method: &'static str,
    /// The window.
    pub target: &'static str,
    /// What is sent there.
    pub parameters: Vec<Parameter>,
    /// The same, since clients read one or the other.
    pub listof_parameters: Vec<Parameter>,
}

/// A name and a value.
#[derive(Clone, Debug, Serialize)]
pub struct Parameter {
    /// The name.
    pub name: &'static str,
    /// The value.
    pub value: String,
}
