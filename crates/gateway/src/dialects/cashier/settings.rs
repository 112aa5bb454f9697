//! What a merchant sets per credential for this dialect alone (contract, section 3).
//!
//! Kept as JSON in the credential's row; what is absent has its default. IP rules, permissions, expiry and the signature
//! password are the credential's own fields, since every dialect has them.

use std::sync::Arc;

use florin_engine::directory::Credential;
use serde::{Deserialize, Serialize};

/// The settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Which of the two editions of this API the merchant's code was written for.
    pub edition: Edition,
    /// Where events go when a request names no URL.
    pub webhook_url: String,
    /// Where the payer goes when paid.
    pub success_url: String,
    /// Where the payer goes when refused.
    pub failure_url: String,
    /// Where the payer goes while the payment is open.
    pub pending_url: String,
    /// Language of the payer's pages.
    pub locale: String,
    /// Look of the payer's pages.
    pub theme: String,
    /// When code 1229 is given.
    pub webhook_check: WebhookCheck,
    /// How `NN/NN/YYYY` is read.
    pub dob_format: DobFormat,
    /// Shape of `error` in answers.
    pub s2s_error: ErrorShape,
    /// Shape of the customer's id in lists.
    pub list_user_id: ListUserId,
    /// Meaning of `provider.provider_id` in nested lists.
    pub list_provider_id: ListProviderId,
    /// Whether the ext values of section 15 are shown.
    #[serde(with = "on_off")]
    pub extended_statuses: Statuses,
    /// Sites that may frame the cashier.
    pub origins: Vec<String>,
    /// How often a payer may try in one session, 1 to 10; absent: 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts_max: Option<u16>,
}

/// The two editions in the field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edition {
    /// Lists of objects inside objects; webhooks with `provider` and `rejected_reason`.
    #[default]
    Nested,
    /// Lists of plain rows; webhooks without the two.
    Flat,
}

/// How a webhook URL is judged when a transaction is created (section 14.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookCheck {
    /// Its host must exist and lead to an address that may be called.
    #[default]
    Resolve,
    /// It must also accept a connection within 2 s.
    Connect,
    /// Not at all.
    Off,
}

/// How `NN/NN/YYYY` is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DobFormat {
    /// Day first.
    #[default]
    Dmy,
    /// Month first.
    Mdy,
}

/// Shape of `error` beside `"transaction_status":"rejected"` (section 8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorShape {
    /// The text.
    #[default]
    String,
    /// `{"code":"51","message":"Insufficient funds"}`
    Object,
}

/// Shape of the customer's id in lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListUserId {
    /// A JSON number when it is one, else a string.
    #[default]
    Auto,
    /// Always a string.
    String,
}

/// Meaning of `provider.provider_id` in nested lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListProviderId {
    /// Our reference of the last attempt at the provider.
    #[default]
    Reference,
    /// The provider's number in Settings > Providers, as text.
    Account,
}

/// Which statuses a merchant's code knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Statuses {
    /// `pending`, `successful`, `rejected`.
    #[default]
    Basic,
    /// The ext values of section 15 in their place.
    Extended,
}

/// [`Statuses`] is the switch `extended_statuses`: off or on.
mod on_off {
    use super::Statuses;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(statuses: &Statuses, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(*statuses == Statuses::Extended)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Statuses, D::Error> {
        bool::deserialize(deserializer).map(|on| if on { Statuses::Extended } else { Statuses::Basic })
    }
}

impl Settings {
    /// The settings of a credential, read once for all requests. Rows are checked when they are written; one that cannot be
    /// read all the same must not stop payments, so it counts as empty.
    pub fn of(credential: &Credential) -> Arc<Settings> {
        credential.read_settings(|document| {
            let document = (!document.is_null()).then_some(document);
            let read = document.map_or(Ok(Settings::default()), Settings::deserialize);
            read.unwrap_or_else(|error| {
                tracing::error!(credential = %credential.id, %error, "the cashier settings of a credential cannot be read");
                Settings::default()
            })
        })
    }
}
