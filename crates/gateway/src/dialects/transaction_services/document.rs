//! What this dialect keeps with a payment or payout for its answers, as JSON text that no other part reads.

use florin_kernel::payment::Details;
use serde::{Deserialize, Serialize};

use super::brands::Mode;
use super::checkout::Checkout;

/// What this dialect keeps with a payment for its answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The number that it is printed as.
    pub number: String,
    /// Which terminal took it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub terminal: String,
    /// How it is paid, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// The brand's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub brand: String,
    /// The name on the card.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub holder: String,
    /// What the shop showed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tmpl_amount: String,
    /// What the shop showed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tmpl_currency: String,
    /// The merchant's label for the payer, or our customer's id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub customer: String,
    /// The payer's phone as it was sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phone: String,
    /// Its calling code.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub calling_code: String,
    /// The payer's country as it was sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub country: String,
    /// What is bought.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub order: String,
    /// How the payer goes back.
    #[serde(default, skip_serializing_if = "ReturnMethod::is_post")]
    pub return_method: ReturnMethod,
    /// Whether the merchant is told of the stored card.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub registered: bool,
    /// What the shop said about our page, where it is paid on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkout: Option<Box<Checkout>>,
    /// Its place in a series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurring: Option<Recurring>,
}

/// How the payer's browser goes back to the shop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnMethod {
    /// By a form that submits itself.
    #[default]
    Post,
    /// By a redirect with the fields in the query.
    Get,
}

impl ReturnMethod {
    fn is_post(&self) -> bool {
        *self == ReturnMethod::Post
    }
}

/// A payment's place in a series of payments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recurring {
    /// The first, in which the payer agreed.
    Initial,
    /// A repeat of the payment with this number.
    Repeats(String),
}

impl Document {
    /// With nothing but a number.
    pub fn numbered(number: impl Into<String>) -> Document {
        Document {
            number: number.into(),
            terminal: String::new(),
            mode: None,
            brand: String::new(),
            holder: String::new(),
            tmpl_amount: String::new(),
            tmpl_currency: String::new(),
            customer: String::new(),
            phone: String::new(),
            calling_code: String::new(),
            country: String::new(),
            order: String::new(),
            return_method: ReturnMethod::Post,
            registered: false,
            checkout: None,
            recurring: None,
        }
    }

    /// What was kept with a transaction of this dialect.
    pub fn of(details: &Details) -> Option<Document> {
        serde_json::from_str(&details.echo).ok()
    }

    /// As it is kept.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("a document has string keys and plain values only")
    }
}
