//! `customer.max_deposit_limit`: a decimal of any size, compared by value.

use florin_kernel::{Asset, Money};

use super::json::Json;
use super::rules::Message;

/// A number that is not negative: `digits` times ten to the `exponent`, without zeros at either end of the digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    digits: String,
    exponent: i64,
}

/// Beyond any amount there is, and far from overflowing.
const EXPONENT_MAX: i64 = 1_000_000;

impl Limit {
    /// Reads a JSON number. Encoders write large ones with an exponent (`1.0E7`), so that is read here, unlike in `amount`.
    ///
    /// # Errors
    /// A sentence on what it must be.
    pub fn read(value: &Json<'_>) -> Result<Limit, Message> {
        let Json::Number(text) = value else { return Err("must be a number".into()) };
        if text.starts_with('-') {
            return Err("must not be negative".into());
        }
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let below_zero = exponent.starts_with('-');
        let exponent = exponent.parse().unwrap_or(if below_zero { -EXPONENT_MAX } else { EXPONENT_MAX });
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0').trim_end_matches('0');
        let dropped = all.len() - all.trim_end_matches('0').len();
        let exponent = exponent.clamp(-EXPONENT_MAX, EXPONENT_MAX) + dropped as i64 - fraction.len() as i64;
        Ok(Limit { digits: digits.to_owned(), exponent: if digits.is_empty() { 0 } else { exponent } })
    }

    /// The largest amount within the limit.
    pub fn largest(&self, asset: Asset) -> Money {
        let shift = self.exponent + i64::from(asset.scale());
        let length = self.digits.len() as i64;
        let minor = match shift {
            _ if self.digits.is_empty() || length + shift <= 0 => 0,
            _ if length + shift > 18 => i64::MAX,
            0.. => format!("{}{}", self.digits, "0".repeat(shift as usize)).parse().unwrap_or(i64::MAX),
            _ => self.digits[..(length + shift) as usize].parse().unwrap_or(i64::MAX),
        };
        Money::new(minor, asset)
    }

    /// The same text for the same value.
    pub fn canonical(&self) -> String {
        format!("{}e{}", self.digits, self.exponent)
    }
}
