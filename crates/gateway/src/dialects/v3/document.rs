//! What this dialect keeps with a payment or payout for its answers, as JSON text that no other part reads.

use std::sync::Arc;

use florin_kernel::payment::Details;
use serde::{Deserialize, Serialize};

use super::checkout::Checkout;
use super::codes::{Set, TestMode};
use super::echo::Echo;
use super::mounts::{Mount, Profile};

/// What this dialect keeps with a payment for its answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The entity that it was made for.
    pub entity: String,
    /// Which clients the mount was for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub profile: Profile,
    /// What stood before the mount's version.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// In whose words notifications are.
    #[serde(default, skip_serializing_if = "is_default")]
    pub set: Set,
    /// Which success test mode answers with.
    #[serde(default, skip_serializing_if = "is_default")]
    pub test_mode: TestMode,
    /// The brand's name; empty where it is the one that the card has.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub brand: String,
    /// The name on the card.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub holder: String,
    /// The merchant's invoice.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub invoice: String,
    /// A note of the merchant's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub memo: String,
    /// The kind of business.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// The stored card that a payout goes to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub registration: String,
    /// Whether the card that it was made with was stored by it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stores_card: bool,
    /// Whether no amount was sent, which a verification needs not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub amount_left_out: bool,
    /// The checkout that it is paid in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkout: Option<Box<Checkout>>,
    /// What was sent along.
    #[serde(default, skip_serializing_if = "is_default")]
    pub echo: Arc<Echo>,
}

impl Document {
    /// Of a transaction of which nothing else is known.
    pub fn blank(entity: &str, mount: &Mount, set: Set) -> Document {
        Document {
            entity: entity.to_owned(),
            profile: mount.profile,
            prefix: mount.prefix.clone(),
            set,
            test_mode: TestMode::default(),
            brand: String::new(),
            holder: String::new(),
            invoice: String::new(),
            memo: String::new(),
            category: String::new(),
            registration: String::new(),
            stores_card: false,
            amount_left_out: false,
            checkout: None,
            echo: Arc::default(),
        }
    }

    /// What was kept with a payment of this dialect.
    pub fn of(details: &Details) -> Option<Document> {
        serde_json::from_str(&details.echo).ok()
    }

    /// Where it was made.
    pub fn mount(&self) -> Mount {
        Mount { prefix: self.prefix.clone(), profile: self.profile }
    }

    /// As it is kept.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("a document has string keys and plain values only")
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
