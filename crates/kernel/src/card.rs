//! A payment card on its way to a provider. None of this can be printed or serialised; the CVC is never stored.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::secret::Secret;

#[cfg(test)]
mod tests;

/// Digits that name the issuer of a card.
pub const BIN_DIGITS: usize = 8;

/// A card number that passed the Luhn check.
#[derive(Clone)]
pub struct Pan(Secret);

/// The 3 or 4 digits on the card, in memory only until the provider answered (PCI DSS 3.3.1).
#[derive(Clone)]
pub struct Cvc(Secret);

/// A card as the payer gave it.
#[derive(Clone)]
pub struct Card {
    /// The name on it.
    pub holder: String,
    /// The number.
    pub pan: Pan,
    /// The security code; absent where the contract allows it.
    pub cvc: Option<Cvc>,
    /// Expiry.
    pub expiry: Expiry,
    /// The issuer's proof of an authentication that the merchant obtained elsewhere (CAVV, AAV); in memory only, as the security
    /// code.
    pub cryptogram: Option<Secret>,
}

/// Expiry month and four-digit year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expiry {
    /// 1 to 12.
    pub month: u8,
    /// Four digits.
    pub year: u16,
}

/// What may be kept and shown of a card: first six and last four digits (PCI DSS 3.4.1) and its brand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardSummary {
    /// First six digits.
    pub bin: String,
    /// Last four digits.
    pub last4: String,
    /// Brand in capitals, by the number's range (ISO/IEC 7812).
    pub brand: Brand,
    /// Expiry.
    pub expiry: Expiry,
}

/// Card brands told by number range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs)]
pub enum Brand {
    Visa,
    Mastercard,
    Amex,
    Maestro,
    Discover,
    Diners,
    Jcb,
    Unionpay,
    Other,
}

impl Brand {
    /// Its name as the brand writes it; `None` for a number of no range we know.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Brand::Visa => Some("Visa"),
            Brand::Mastercard => Some("Mastercard"),
            Brand::Amex => Some("American Express"),
            Brand::Maestro => Some("Maestro"),
            Brand::Discover => Some("Discover"),
            Brand::Diners => Some("Diners Club"),
            Brand::Jcb => Some("JCB"),
            Brand::Unionpay => Some("UnionPay"),
            Brand::Other => None,
        }
    }
}

/// Why a text is no card number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PanError {
    /// Something other than digits, spaces and dashes.
    #[error("must contain digits only")]
    NotDigits,
    /// Fewer than 12 or more than 19 digits.
    #[error("must have 12 to 19 digits")]
    Length,
    /// The check digit is wrong (ISO/IEC 7812-1, annex B).
    #[error("is not a valid card number")]
    Luhn,
}

impl Pan {
    /// Reads a card number; spaces and dashes are dropped.
    ///
    /// # Errors
    /// [`PanError`] names what is wrong, never the number.
    pub fn parse(text: &str) -> Result<Pan, PanError> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PanError::NotDigits);
        }
        if !(12..=19).contains(&digits.len()) {
            return Err(PanError::Length);
        }
        if !luhn(digits.as_bytes()) {
            return Err(PanError::Luhn);
        }
        Ok(Pan(Secret::new(digits)))
    }

    /// The digits, for the provider's request and for keyed digests.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The brand by the number's range.
    pub fn brand(&self) -> Brand {
        Brand::of(self.expose())
    }

    /// The first eight digits, which name the issuer (ISO/IEC 7812-1:2017); for choosing a provider, never for a row.
    pub fn bin(&self) -> &str {
        &self.expose()[..BIN_DIGITS]
    }
}

impl Brand {
    /// The brand of a number by its first four digits; with fewer it is another.
    pub fn of(digits: &str) -> Brand {
        let prefix = |length: usize| digits.get(..length).and_then(|digits| digits.parse::<u32>().ok()).unwrap_or(0);
        match (prefix(1), prefix(2), prefix(3), prefix(4)) {
            (4, ..) => Brand::Visa,
            (_, 51..=55, ..) | (_, _, _, 2221..=2720) => Brand::Mastercard,
            (_, 34 | 37, ..) => Brand::Amex,
            (_, 36 | 38 | 39, ..) | (_, _, 300..=305, _) => Brand::Diners,
            (_, 65, ..) | (_, _, 644..=649, _) | (_, _, _, 6011) => Brand::Discover,
            (_, 62, ..) => Brand::Unionpay,
            (_, _, _, 3528..=3589) => Brand::Jcb,
            (_, 50 | 56..=69, ..) => Brand::Maestro,
            _ => Brand::Other,
        }
    }
}

/// Whether a text is most likely a card number, so that it is better not repeated where numbers of other kinds may stand: it has a
/// number's length, check digit and range.
pub fn looks_like_a_number(text: &str) -> bool {
    Pan::parse(text).is_ok_and(|pan| pan.brand() != Brand::Other)
}

/// A text without the card numbers that somebody may have typed into it: of each no more than first six and last four digits is
/// left. For texts that are kept or shown although nobody knows what is in them.
pub fn without_numbers(text: &str) -> String {
    if text.bytes().filter(u8::is_ascii_digit).count() < 12 {
        return text.to_owned();
    }
    let mut kept: Vec<char> = text.chars().collect();
    let is_part = |c: &char| c.is_ascii_digit() || matches!(c, ' ' | '-');
    let mut at = 0;
    while at < kept.len() {
        let end = at + kept[at..].iter().take_while(|c| is_part(c)).count();
        let places: Vec<usize> = (at..end).filter(|place| kept[*place].is_ascii_digit()).collect();
        let digits: String = places.iter().map(|place| kept[*place]).collect();
        if holds_a_number(&digits) {
            for place in &places[6..places.len() - 4] {
                kept[*place] = '*';
            }
        }
        at = end + 1;
    }
    kept.into_iter().collect()
}

/// Whether some part of a row of digits looks like a card number; numbers are written with others around them.
fn holds_a_number(digits: &str) -> bool {
    let parts =
        |length: usize| (0..(digits.len() + 1).saturating_sub(length)).map(move |from| &digits[from..from + length]);
    (12..=19).flat_map(parts).any(looks_like_a_number)
}

impl Cvc {
    /// Reads a security code of 3 or 4 digits (4 for American Express; cashier contract, section 8).
    pub fn parse(text: &str, brand: Brand) -> Option<Cvc> {
        let length_fits = match brand {
            Brand::Amex => text.len() == 4,
            _ => matches!(text.len(), 3 | 4),
        };
        (length_fits && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| Cvc(Secret::new(text.to_owned())))
    }

    /// The digits, for the provider's request only.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl Card {
    /// What may be kept of the card.
    pub fn summary(&self) -> CardSummary {
        let digits = self.pan.expose();
        CardSummary {
            bin: digits[..6].to_owned(),
            last4: digits[digits.len() - 4..].to_owned(),
            brand: self.pan.brand(),
            expiry: self.expiry,
        }
    }
}

impl fmt::Debug for Pan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pan(…)")
    }
}

impl fmt::Debug for Cvc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cvc(…)")
    }
}

/// Not even the holder: payers type their number into that field, too.
impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Card(…)")
    }
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0');
            let doubled = if place % 2 == 1 { digit * 2 } else { digit };
            if doubled > 9 { doubled - 9 } else { doubled }
        })
        .sum();
    sum.is_multiple_of(10)
}
