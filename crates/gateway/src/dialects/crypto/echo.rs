//! What a payment keeps for this dialect's own answers.

use florin_kernel::coin::CoinPayment;
use serde::{Deserialize, Serialize};

use super::Profile;

/// What StartPayment said, as far as answers give it back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Echo {
    /// The point of sale.
    pub pos_id: String,
    /// The mount it came by.
    pub profile: Profile,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payer_id: Option<String>,
    /// Wished for.
    pub accept_zero_confirmations: bool,
    pub require_kyt_for_confirmation: bool,
    pub stats_token: String,
    /// What the payer told for the travel rule, sealed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub payer_sealed: String,
}

impl Default for Echo {
    fn default() -> Echo {
        Echo {
            pos_id: String::new(),
            profile: Profile::A,
            sid: None,
            user: None,
            item_name: None,
            payer_id: None,
            accept_zero_confirmations: false,
            require_kyt_for_confirmation: false,
            stats_token: String::new(),
            payer_sealed: String::new(),
        }
    }
}

impl Echo {
    /// What a payment keeps; of one that keeps nothing readable, nothing.
    pub fn of(payment: &CoinPayment) -> Echo {
        serde_json::from_str(&payment.details.echo).unwrap_or_default()
    }

    /// As rows keep it.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("plain values only")
    }
}
