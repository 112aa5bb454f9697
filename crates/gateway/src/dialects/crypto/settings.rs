//! A credential's settings in this dialect (contract, section 15), as its row keeps them. Changes apply to new payments only.

use std::collections::BTreeMap;

use florin_engine::directory::Credential;
use florin_kernel::coin::Units;
use florin_kernel::payment::Mode;
use florin_kernel::{Asset, Coin, Money};
use serde::{Deserialize, Serialize};

/// The settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The payer's time, in seconds.
    pub payment_window: u32,
    /// The time for the rest after an underpayment, in seconds.
    pub topup_window: u32,
    /// How long after the deadline coins count as in time, in seconds.
    pub expiry_grace: u32,
    /// How long a quote holds, in seconds.
    pub quote_ttl: u32,
    /// Hundredths of a percent off the mid rate.
    pub spread_bps: u32,
    /// A shortfall that counts as nothing, in hundredths of a percent.
    pub tolerance_bps: u32,
    /// A surcharge, in hundredths of a percent.
    pub surcharge_bps: u32,
    /// Network processing fees by coin; a coin that is not named has the default.
    pub fees: BTreeMap<String, String>,
    /// Who bears them.
    pub fee_paid_by: FeePayer,
    /// Coins that may be accepted without confirmations; nothing: BTC under DEV, none under LIVE.
    pub zero_conf_coins: Option<Vec<String>>,
    /// Up to what worth in euro.
    pub zero_conf_max: String,
    /// After how long in the mempool, in seconds.
    pub zero_conf_hold: u32,
    /// Whether confirmation waits for screening where a request does not say.
    pub require_kyt: bool,
    /// When a status ends with the time left.
    pub status_countdown: Countdown,
    /// Whether `AcceptPayment` must name an amount; nothing: on mount A.
    pub accept_requires_amount: Option<bool>,
    /// How test addresses look.
    pub dev_address_style: DevAddressStyle,
    /// Whether only known points of sale are taken.
    pub pos_strict: bool,
    /// The known ones, with their webhook URLs or nothing.
    pub pos: BTreeMap<String, Option<String>>,
    /// Whether `payer_id` must be there.
    pub require_payer_id: bool,
    /// Whether private payer addresses are refused.
    pub reject_private_payer_ip: bool,
    /// Events to tell; nothing: all.
    pub webhook_events: Option<Vec<String>>,
    /// Where events go where neither the payment nor its point of sale says.
    pub webhook_url: Option<String>,
    /// Smallest and largest invoice, in euro.
    pub invoice_min: String,
    /// Largest.
    pub invoice_max: String,
    /// What is less cannot be sent back sensibly, by coin.
    pub refund_minimum: BTreeMap<String, String>,
    /// The merchant's own currency.
    pub invoice_currency: String,
    /// Watch-only account keys by network. Test mode needs none.
    pub account_keys: BTreeMap<String, String>,
    /// Coins that the merchant's cashier page offers; empty: none.
    pub cashier_coins: Vec<String>,
}

/// Who bears the network processing fee.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeePayer {
    /// It is added to what the payer sends.
    #[default]
    Payer,
    /// The merchant.
    Merchant,
}

/// When a status ends with the time left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Countdown {
    /// On mount B.
    #[default]
    Auto,
    /// On both.
    Always,
    /// On none.
    Never,
}

/// How test addresses look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DevAddressStyle {
    /// By mount and coin.
    #[default]
    Auto,
    /// Never like a real one.
    Token,
    /// Like those of a local test chain.
    Regtest,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            payment_window: 900,
            topup_window: 900,
            expiry_grace: 30,
            quote_ttl: 60,
            spread_bps: 100,
            tolerance_bps: 0,
            surcharge_bps: 0,
            fees: BTreeMap::new(),
            fee_paid_by: FeePayer::Payer,
            zero_conf_coins: None,
            zero_conf_max: "100.00".to_owned(),
            zero_conf_hold: 5,
            require_kyt: false,
            status_countdown: Countdown::Auto,
            accept_requires_amount: None,
            dev_address_style: DevAddressStyle::Auto,
            pos_strict: false,
            pos: BTreeMap::new(),
            require_payer_id: false,
            reject_private_payer_ip: false,
            webhook_events: None,
            webhook_url: None,
            invoice_min: "0.50".to_owned(),
            invoice_max: "100000.00".to_owned(),
            refund_minimum: BTreeMap::new(),
            invoice_currency: "EUR".to_owned(),
            account_keys: BTreeMap::new(),
            cashier_coins: Vec::new(),
        }
    }
}

impl Settings {
    /// The settings of a credential; what cannot be read counts as not set.
    pub fn of(credential: &Credential) -> Settings {
        match credential.settings.is_null() {
            true => Settings::default(),
            false => serde_json::from_value(credential.settings.clone()).unwrap_or_else(|error| {
                tracing::error!(credential = %credential.id, %error, "crypto settings cannot be read; the defaults hold");
                Settings::default()
            }),
        }
    }

    /// What moving a deposit later costs.
    pub fn network_fee(&self, coin: Coin) -> Units {
        let default = match coin {
            Coin::Btc => "0.00000152",
            Coin::Eth => "0.00002100",
            Coin::Usdt | Coin::Usdc => "0",
        };
        let text = self.fees.get(coin.code()).map_or(default, String::as_str);
        Units::parse(text, coin).unwrap_or_default()
    }

    /// What is less cannot be sent back sensibly.
    pub fn refund_minimum(&self, coin: Coin) -> Units {
        let default = match coin {
            Coin::Btc => "0.00001000",
            Coin::Eth => "0.00010000",
            Coin::Usdt | Coin::Usdc => "1.00",
        };
        let text = self.refund_minimum.get(coin.code()).map_or(default, String::as_str);
        Units::parse(text, coin).or(Units::parse(default, coin)).unwrap_or_default()
    }

    /// Whether a coin may be accepted without confirmations.
    pub fn takes_unconfirmed(&self, coin: Coin, mode: Mode) -> bool {
        match (&self.zero_conf_coins, mode) {
            // Account chains tell nothing of what is not in a block.
            _ if coin != Coin::Btc => false,
            (Some(coins), _) => coins.iter().any(|code| code == coin.code()),
            (None, Mode::Dev) => true,
            (None, Mode::Live) => false,
        }
    }

    /// An amount of settings, in euro.
    pub fn euro(text: &str, default_minor: i64) -> Money {
        let euro = Asset::currency("EUR").expect("the euro is a currency");
        Money::parse(text, euro).unwrap_or(Money::new(default_minor, euro))
    }
}
