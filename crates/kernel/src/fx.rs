//! Conversion between the currency a merchant asks in and the one a provider moves.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Asset, Money};

#[cfg(test)]
mod tests;

/// Provider units per one request unit, an exact decimal such as `0.856`, frozen when an attempt starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    mantissa: u64,
    scale: u32,
}

/// Which way what does not divide evenly goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Away from zero: deposits, so that the merchant is never short.
    Up,
    /// Towards zero: payouts.
    Down,
    /// To the nearest, ties to even: what is only shown.
    HalfEven,
}

impl Rate {
    /// Reads a positive decimal with at most 9 decimals.
    pub fn parse(text: &str) -> Option<Rate> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = format!("{whole}{fraction}");
        let plain = !whole.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && fraction.len() <= 9;
        let mantissa = digits.parse().ok().filter(|mantissa| *mantissa > 0)?;
        plain.then_some(Rate { mantissa, scale: fraction.len() as u32 })
    }

    /// From digits and how many of them are decimals, at most 9; `None` for zero.
    pub const fn new(mantissa: u64, scale: u32) -> Option<Rate> {
        if mantissa > 0 && scale <= 9 { Some(Rate { mantissa, scale }) } else { None }
    }

    /// All its digits as one number.
    pub const fn mantissa(self) -> u64 {
        self.mantissa
    }

    /// How many of its digits are decimals.
    pub const fn scale(self) -> u32 {
        self.scale
    }

    /// The same rate with so many decimals; what is beyond them is cut. `None` when nothing is left or it does not fit.
    pub fn cut_to(self, scale: u32) -> Option<Rate> {
        let mantissa = match scale.checked_sub(self.scale) {
            Some(more) => self.mantissa.checked_mul(10_u64.checked_pow(more)?)?,
            None => self.mantissa / 10_u64.checked_pow(self.scale - scale)?,
        };
        Rate::new(mantissa, scale)
    }

    /// Request currency to provider currency; `None` when the result does not fit.
    pub fn convert(self, money: Money, to: Asset, rounding: Rounding) -> Option<Money> {
        let numerator = i128::from(money.minor()).checked_mul(i128::from(self.mantissa))?;
        scaled(numerator, 10_i128.pow(self.scale), money.asset().scale(), to, rounding)
    }

    /// Provider currency back to request currency; `None` when the result does not fit.
    pub fn convert_back(self, money: Money, to: Asset, rounding: Rounding) -> Option<Money> {
        let numerator = i128::from(money.minor()).checked_mul(10_i128.pow(self.scale))?;
        scaled(numerator, i128::from(self.mantissa), money.asset().scale(), to, rounding)
    }
}

fn scaled(numerator: i128, denominator: i128, from_scale: u32, to: Asset, rounding: Rounding) -> Option<Money> {
    let numerator = numerator.checked_mul(10_i128.pow(to.scale()))?;
    let denominator = denominator.checked_mul(10_i128.pow(from_scale))?;
    let (whole, rest) = (numerator / denominator, numerator % denominator);
    let up = match rounding {
        Rounding::Up => rest > 0,
        Rounding::Down => false,
        Rounding::HalfEven => match (rest * 2).cmp(&denominator) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => whole % 2 == 1,
            std::cmp::Ordering::Greater => true,
        },
    };
    i64::try_from(whole + i128::from(up)).ok().map(|minor| Money::new(minor, to))
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Rate::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("not a rate: {text}")))
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unit = 10_u64.pow(self.scale);
        match self.scale {
            0 => write!(f, "{}", self.mantissa),
            scale => write!(f, "{}.{:0width$}", self.mantissa / unit, self.mantissa % unit, width = scale as usize),
        }
    }
}
