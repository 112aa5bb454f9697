//! What the merchant told about a payment. Kept for lists, webhooks and pages; no decision reads it.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::record::OrderedBy;
use crate::routing::{Method, ProviderId};
use crate::{CredentialId, Money};

/// What the merchant told about a payment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// The credential that made it; its signature password signs the webhooks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialId>,
    /// The merchant's reference, in the dialect's own field.
    pub reference: String,
    /// Who pays.
    pub payer: Payer,
    /// Where the payer's browser and the webhooks go.
    pub links: Links,
    /// What stands on the payer's statement, where the merchant said so.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub descriptor: String,
    /// What the dialect gives back in its answers, as JSON text that it alone reads.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub echo: String,
    /// What the merchant said about our own page, where the payment has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosted: Option<Box<Hosted>>,
    /// The invoice or plan it is a try of; that one hears of its end in the same commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ordered_by: Option<OrderedBy>,
}

/// A page of ours where the payer chooses how to pay, or to be paid out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hosted {
    /// The look asked for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub theme: String,
    /// The methods to offer, in this order; empty: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<Method>,
    /// The providers to offer; empty: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<ProviderId>,
    /// The site whose page holds ours, where its merchant registered none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub framed_by: String,
    /// The most the payer may pay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_max: Option<Money>,
}

/// Who pays, as far as the merchant told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Payer {
    /// The merchant's id of the payer.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user_id: String,
    /// Given name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub first_name: String,
    /// Family name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last_name: String,
    /// E-mail address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// Street address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// City.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub city: String,
    /// Postal code.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub zip_code: String,
    /// ISO 3166-1 alpha-2, capitals.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub country: String,
    /// Date of birth, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub dob: String,
    /// Phone with prefix, digits only.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub phone: String,
    /// The merchant's know-your-customer status, lower case.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kyc_status: String,
    /// The merchant's labels for the payer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The address the payer came from, as the merchant says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
}

/// Where the payer's browser and the webhooks go.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Links {
    /// When paid.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub success: String,
    /// When refused.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub failure: String,
    /// While open.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pending: String,
    /// Where events are posted; empty: nowhere.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub webhook: String,
    /// BCP 47 language of the payer's pages.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub locale: String,
}
