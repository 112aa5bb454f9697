//! Exact amounts on a chain: whole base units (satoshi, wei, token units). Amounts are compared in these; the book and the wire show
//! them cut to the asset's decimals.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Asset, Coin, Money};

#[cfg(test)]
mod tests;

/// Decimals of every coin amount on the wire (crypto contract, section 1).
pub const WIRE_DECIMALS: u32 = 8;

/// Whole base units of one coin. Which coin is told by whoever holds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Units(u128);

impl Coin {
    /// Every coin that Florin knows by name.
    pub const ALL: [Coin; 4] = [Coin::Btc, Coin::Eth, Coin::Usdt, Coin::Usdc];

    /// Its code in capitals.
    pub fn code(self) -> &'static str {
        Asset::Coin(self).code()
    }

    /// Reads [`Coin::code`].
    pub fn from_code(code: &str) -> Option<Coin> {
        Coin::ALL.into_iter().find(|coin| coin.code() == code)
    }

    /// Decimals of a base unit on its chain; an adapter that finds a token with others does not start.
    pub const fn decimals(self) -> u32 {
        match self {
            Coin::Btc => 8,
            Coin::Eth => 18,
            Coin::Usdt | Coin::Usdc => 6,
        }
    }

    /// Base units of one whole coin.
    pub const fn unit(self) -> u128 {
        10_u128.pow(self.decimals())
    }

    /// Base units of the smallest amount that is asked for: 10^-8, or a token's own unit when that is larger.
    pub const fn step(self) -> Units {
        match self.decimals().checked_sub(WIRE_DECIMALS) {
            Some(beyond) => Units(10_u128.pow(beyond)),
            None => Units(1),
        }
    }
}

impl Units {
    /// Nothing.
    pub const ZERO: Units = Units(0);

    /// From a number of base units.
    pub const fn new(units: u128) -> Units {
        Units(units)
    }

    /// The number of base units.
    pub const fn number(self) -> u128 {
        self.0
    }

    /// Whether it is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum; what no chain can hold stays at the largest number, so that it never looks small.
    #[must_use]
    pub const fn plus(self, other: Units) -> Units {
        Units(self.0.saturating_add(other.0))
    }

    /// What is left after taking `other` away; nothing where it is more.
    #[must_use]
    pub const fn less(self, other: Units) -> Units {
        Units(self.0.saturating_sub(other.0))
    }

    /// As the book counts it: cut to the asset's scale. `None` when it does not fit, which no coin's supply reaches.
    pub fn money(self, coin: Coin) -> Option<Money> {
        let asset = Asset::Coin(coin);
        let minor = self.0 / 10_u128.pow(coin.decimals() - asset.scale());
        i64::try_from(minor).ok().map(|minor| Money::new(minor, asset))
    }

    /// As the wire shows it: eight decimals, cut (crypto contract, section 1).
    pub fn decimal(self, coin: Coin) -> String {
        let cut = self.at_wire(coin);
        let unit = 10_u128.pow(WIRE_DECIMALS);
        format!("{}.{:0width$}", cut / unit, cut % unit, width = WIRE_DECIMALS as usize)
    }

    /// Whether both look the same on the wire: how amounts in requests are compared with what was shown.
    pub fn shows_as(self, other: Units, coin: Coin) -> bool {
        self.at_wire(coin) == other.at_wire(coin)
    }

    fn at_wire(self, coin: Coin) -> u128 {
        match coin.decimals().checked_sub(WIRE_DECIMALS) {
            Some(beyond) => self.0 / 10_u128.pow(beyond),
            None => self.0.saturating_mul(10_u128.pow(WIRE_DECIMALS - coin.decimals())),
        }
    }

    /// Reads a plain decimal of whole coins, `0.00079744`; zeros beyond the chain's decimals do not count. `None` for a sign, an
    /// exponent, too many decimals or more than 9 x 10^10 coins.
    pub fn parse(text: &str, coin: Coin) -> Option<Units> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let fraction_cut = fraction.trim_end_matches('0');
        if !digits(whole) || !digits(fraction) || fraction_cut.len() > coin.decimals() as usize {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        if whole.len() > 11 {
            return None;
        }
        let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let part: u128 = format!("{fraction_cut:0<width$}", width = coin.decimals() as usize).parse().ok()?;
        (whole <= 90_000_000_000).then(|| Units(whole * coin.unit() + part))
    }
}

impl std::iter::Sum for Units {
    fn sum<I: Iterator<Item = Units>>(iter: I) -> Units {
        iter.fold(Units::ZERO, Units::plus)
    }
}

/// Rows keep base units as decimal text: JSON numbers end too early for wei.
impl Serialize for Units {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Units {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map(Units).map_err(|_| serde::de::Error::custom(format!("not a number of base units: {text}")))
    }
}
