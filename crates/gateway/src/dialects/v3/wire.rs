//! What goes over the wire, key by key in the contract's order (section 6). All values are strings but objects and arrays.

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::codes::{Code, Set};
use super::echo::Echo;
use super::errors::FieldError;
use super::stamp::{self, BUILD_NUMBER, Envelope};

/// Content type of every answer.
pub const CONTENT_TYPE_JSON: &str = "application/json;charset=UTF-8";

/// An answer with what every answer has.
pub fn response(status: StatusCode, body: String) -> Response {
    (status, [(CONTENT_TYPE, CONTENT_TYPE_JSON), (CACHE_CONTROL, "no-store")], body).into_response()
}

/// `{"code":"000.000.000","description":"Transaction succeeded"}`
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResultBody {
    /// The code.
    pub code: Code,
    /// What it says.
    pub description: Cow<'static, str>,
    /// Fields that could not be taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter_errors: Option<Vec<FieldError>>,
}

impl ResultBody {
    /// A code with its words.
    pub fn of(code: Code, set: Set) -> ResultBody {
        ResultBody { description: code.description(set), code, parameter_errors: None }
    }
}

/// One transaction.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Body {
    /// Its id.
    pub id: String,
    /// The transaction that it acts on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referenced_id: Option<String>,
    /// The card kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_id: Option<String>,
    /// `DB`, `PA` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_type: Option<&'static str>,
    /// `VISA` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_brand: Option<String>,
    /// How much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// Of what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<&'static str>,
    /// What stands on the statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub descriptor: Option<String>,
    /// The merchant's reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merchant_transaction_id: Option<String>,
    /// The merchant's invoice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merchant_invoice_id: Option<String>,
    /// What became of it.
    pub result: ResultBody,
    /// More of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_details: Option<ResultDetails>,
    /// The card, as far as it may be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<CardBody>,
    /// What was sent along.
    #[serde(flatten)]
    pub echo: Arc<Echo>,
    /// The payer's authentication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub three_d_secure: Option<ThreeDSecureBody>,
    /// Where the payer must go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect: Option<Redirect>,
    /// The score of the risk check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// Where the payment's money stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
    /// Which build speaks.
    pub build_number: &'static str,
    /// When it changed last.
    pub timestamp: String,
    /// The trace id.
    pub ndc: String,
    /// Transactions linked to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payments: Option<Vec<Body>>,
}

impl Body {
    /// Its bytes.
    pub fn text(&self) -> String {
        // Room for nearly all answers, so that it is not moved while it grows.
        let mut text = Vec::with_capacity(1200);
        serde_json::to_writer(&mut text, self).expect("an answer has string keys and plain values only");
        String::from_utf8(text).expect("JSON is UTF-8")
    }
}

/// `resultDetails`
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResultDetails {
    /// What happened, in words.
    pub extended_description: String,
    /// The bank's code as it was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acquirer_response: Option<String>,
    /// The provider's reference.
    #[serde(rename = "ConnectorTxID1", skip_serializing_if = "Option::is_none")]
    pub connector_id: Option<String>,
    /// The issuer's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_code: Option<String>,
    /// The provider.
    #[serde(rename = "clearingInstituteName", skip_serializing_if = "Option::is_none")]
    pub clearing_institute_name: Option<String>,
    /// The network's id of a transaction in which the payer took part.
    #[serde(rename = "CardholderInitiatedTransactionID", skip_serializing_if = "Option::is_none")]
    pub network_id: Option<String>,
}

/// `card`, always with all five keys.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CardBody {
    /// The first six digits.
    pub bin: String,
    /// The last four.
    #[serde(rename = "last4Digits")]
    pub last4_digits: String,
    /// The name on it, or nothing.
    pub holder: String,
    /// `05`
    pub expiry_month: String,
    /// `2034`
    pub expiry_year: String,
}

/// `threeDSecure`
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreeDSecureBody {
    /// The commerce indicator.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub eci: String,
    /// The protocol's version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// `Y`, `A` …
    #[serde(skip_serializing_if = "str::is_empty")]
    pub authentication_status: &'static str,
    /// The directory server's id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ds_transaction_id: String,
    /// The access control server's id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub acs_transaction_id: String,
}

/// `redirect`, only while the payer must act.
#[derive(Clone, Debug, Serialize)]
pub struct Redirect {
    /// Where to.
    pub url: String,
    /// How.
    pub method: &'static str,
    /// With which fields.
    pub parameters: Vec<Parameter>,
    /// What may be done before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub preconditions: Vec<Precondition>,
}

/// A field of a form.
#[derive(Clone, Debug, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: String,
}

/// A form to post in a hidden frame before the redirect.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Precondition {
    /// Where it is shown.
    pub origin: &'static str,
    /// What to wait for.
    pub wait_until: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// How.
    pub method: &'static str,
    /// Where to.
    pub url: String,
    /// With which fields.
    pub parameters: Vec<Parameter>,
}

/// `{"score":"100"}`
#[derive(Clone, Debug, Serialize)]
pub struct Risk {
    /// 0 to 100.
    pub score: &'static str,
}

/// Where the payment's money stands.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The core's word.
    pub state: &'static str,
    /// Ever held or taken.
    pub authorized: String,
    /// Taken.
    pub captured: String,
    /// Given back.
    pub refunded: String,
    /// Released by order.
    pub reversed: String,
    /// Taken back by the bank.
    pub charged_back: String,
}

/// An answer that is about no transaction: a refusal, or the envelope of a list.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// What is the matter.
    pub result: ResultBody,
    /// Which build speaks.
    pub build_number: &'static str,
    /// Now.
    pub timestamp: String,
    /// A trace id of its own.
    pub ndc: String,
    /// Transactions found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payments: Option<Vec<Body>>,
}

impl ErrorBody {
    /// A code, and the fields that it is about.
    pub fn new(envelope: &Envelope, code: Code, fields: Option<Vec<FieldError>>) -> ErrorBody {
        ErrorBody {
            result: ResultBody { parameter_errors: fields, ..ResultBody::of(code, envelope.set) },
            build_number: BUILD_NUMBER,
            timestamp: stamp::timestamp(envelope.now, envelope.format),
            ndc: stamp::fresh_ndc(&envelope.entity),
            payments: None,
        }
    }

    /// Its bytes.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("an answer has string keys and plain values only")
    }
}
