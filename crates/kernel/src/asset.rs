//! What money is counted in: ISO 4217 currencies and coins.

use std::fmt;

use iso_currency::{Currency, Flag};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A coin or token that Florin knows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coin {
    /// Bitcoin.
    Btc,
    /// Ether.
    Eth,
    /// Tether USD.
    Usdt,
    /// USD Coin.
    Usdc,
}

/// A currency or a coin: the unit of a [`crate::Money`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asset {
    /// A currency of ISO 4217.
    Fiat(Currency),
    /// A coin on a chain.
    Coin(Coin),
}

impl Asset {
    /// Reads an active ISO 4217 alphabetic code, in any letter case.
    ///
    /// Withdrawn codes (`HRK`), metals and test codes (`XAU`, `XXX`) are no currency to pay in: `None`.
    pub fn currency(code: &str) -> Option<Asset> {
        if code.len() != 3 {
            return None;
        }
        let currency = Currency::from_code(&code.to_ascii_uppercase())?;
        // ISO 4217 lists the bolívar under both VES and VED; the table calls the former superseded.
        let flags = currency.flags();
        let withdrawn = currency != Currency::VES && flags.iter().any(|flag| matches!(flag, Flag::Superseded(_)));
        let payable = !withdrawn && !flags.contains(&Flag::Special) && currency.exponent().is_some();
        payable.then_some(Asset::Fiat(currency))
    }

    /// Reads the code of a currency or a coin as [`Asset::code`] writes it.
    pub fn from_code(code: &str) -> Option<Asset> {
        let coin = match code {
            "BTC" => Some(Coin::Btc),
            "ETH" => Some(Coin::Eth),
            "USDT" => Some(Coin::Usdt),
            "USDC" => Some(Coin::Usdc),
            _ => None,
        };
        coin.map(Asset::Coin).or_else(|| Currency::from_code(code).map(Asset::Fiat))
    }

    /// The code in capitals: `EUR`, `BTC`.
    pub fn code(self) -> &'static str {
        match self {
            Asset::Fiat(currency) => currency.code(),
            Asset::Coin(Coin::Btc) => "BTC",
            Asset::Coin(Coin::Eth) => "ETH",
            Asset::Coin(Coin::Usdt) => "USDT",
            Asset::Coin(Coin::Usdc) => "USDC",
        }
    }

    /// Decimals of one minor unit: ISO 4217 for currencies; for coins at most 8, what goes over the wire.
    ///
    /// Ether has 18 decimals on its chain; its exact base units are kept beside the money, by the chain's records.
    pub fn scale(self) -> u32 {
        match self {
            Asset::Fiat(currency) => u32::from(currency.exponent().unwrap_or(2)),
            Asset::Coin(Coin::Btc | Coin::Eth) => 8,
            Asset::Coin(Coin::Usdt | Coin::Usdc) => 6,
        }
    }

    /// The largest amount accepted, in major units.
    pub(crate) fn major_max(self) -> i128 {
        match self {
            Asset::Fiat(_) => 1_000_000_000_000,
            Asset::Coin(_) => 90_000_000_000,
        }
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Coin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Coin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Coin::from_code(&code).ok_or_else(|| serde::de::Error::custom(format!("unknown coin {code}")))
    }
}

impl Serialize for Asset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Asset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Asset::from_code(&code).ok_or_else(|| serde::de::Error::custom(format!("unknown asset {code}")))
    }
}
