//! Exact money: whole minor units of one asset, checked arithmetic only.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Asset;

#[cfg(test)]
mod tests;

/// An amount of one asset in its minor units (cents, satoshi).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    asset: Asset,
}

/// Why a text is no amount that can be asked for (product rule: exact amounts).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not digits with at most one point: a sign, an exponent, NaN, blanks, nothing.
    #[error("is not a plain decimal number")]
    NotADecimal,
    /// Nothing is asked for.
    #[error("must be greater than zero")]
    Zero,
    /// More decimals than the asset has; zeros beyond the scale do not count.
    #[error("has more than {scale} decimals")]
    TooManyDecimals {
        /// Decimals the asset has.
        scale: u32,
    },
    /// Above 10^12 major units (coins: 9 x 10^10).
    #[error("is too large")]
    TooLarge,
}

impl Money {
    /// An amount in minor units.
    pub const fn new(minor: i64, asset: Asset) -> Money {
        Money { minor, asset }
    }

    /// Nothing of an asset.
    pub const fn zero(asset: Asset) -> Money {
        Money { minor: 0, asset }
    }

    /// Reads a positive amount in major units as merchants write it: `10`, `10.05`, `1000.00`.
    ///
    /// # Errors
    /// [`MoneyError`] names what is wrong with the text.
    pub fn parse(text: &str, asset: Asset) -> Result<Money, MoneyError> {
        let money = Money::parse_or_zero(text, asset)?;
        if money.minor == 0 { Err(MoneyError::Zero) } else { Ok(money) }
    }

    /// Reads an amount like [`Money::parse`] where zero has a meaning (a limit).
    ///
    /// # Errors
    /// As [`Money::parse`], but for [`MoneyError::Zero`].
    pub fn parse_or_zero(text: &str, asset: Asset) -> Result<Money, MoneyError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return Err(MoneyError::NotADecimal);
        }
        let scale = asset.scale();
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > scale as usize {
            return Err(MoneyError::TooManyDecimals { scale });
        }
        let whole = whole.trim_start_matches('0');
        if whole.len() > 13 {
            return Err(MoneyError::TooLarge);
        }
        let unit = 10_i128.pow(scale);
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| MoneyError::NotADecimal)? };
        let part: i128 = format!("{fraction:0<width$}", width = scale as usize).parse().unwrap_or(0);
        let minor = whole * unit + part;
        if minor > asset.major_max() * unit {
            return Err(MoneyError::TooLarge);
        }
        i64::try_from(minor).map(|minor| Money { minor, asset }).map_err(|_| MoneyError::TooLarge)
    }

    /// The amount in minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// What it is counted in.
    pub const fn asset(self) -> Asset {
        self.asset
    }

    /// Whether it is nothing.
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// The sum, or `None` when the assets differ or the sum does not fit.
    pub fn plus(self, other: Money) -> Option<Money> {
        let minor = self.minor.checked_add(other.minor)?;
        (self.asset == other.asset).then_some(Money { minor, asset: self.asset })
    }

    /// The difference, or `None` when the assets differ or it would be below zero.
    pub fn minus(self, other: Money) -> Option<Money> {
        let minor = self.minor.checked_sub(other.minor)?;
        (self.asset == other.asset && minor >= 0).then_some(Money { minor, asset: self.asset })
    }

    /// Whether this is more than `other`; amounts of different assets cannot be compared and are never more.
    pub fn exceeds(self, other: Money) -> bool {
        self.asset == other.asset && self.minor > other.minor
    }

    /// Major units with all decimals of the asset: `200.00`, JPY `200`.
    pub fn decimal(self) -> String {
        let scale = self.asset.scale();
        if scale == 0 {
            return self.minor.to_string();
        }
        let unit = 10_u64.pow(scale);
        let sign = if self.minor < 0 { "-" } else { "" };
        let minor = self.minor.unsigned_abs();
        format!("{sign}{}.{:0width$}", minor / unit, minor % unit, width = scale as usize)
    }

    /// Major units in the shortest form: `10`, `8.56`.
    pub fn shortest(self) -> String {
        let text = self.decimal();
        match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => text,
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.asset)
    }
}

/// Rows keep money as `1005 EUR`: minor units and code.
impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{} {}", self.minor, self.asset))
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let read = || {
            let (minor, code) = text.split_once(' ')?;
            Some(Money { minor: minor.parse().ok()?, asset: Asset::from_code(code)? })
        };
        read().ok_or_else(|| serde::de::Error::custom(format!("not an amount of minor units: {text}")))
    }
}
