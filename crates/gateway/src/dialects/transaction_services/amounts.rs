//! Amounts as this dialect reads and writes them: two decimals, or the currency's own where there are more (contract, sections 1 and 7).

use florin_kernel::{Asset, Money, MoneyError};

use super::errors::Rule;
use super::fields::{Complaint, digits};

/// An amount's text: at most ten digits, a point, at most three.
pub fn text(value: &str) -> Result<&str, Complaint> {
    let (whole, fraction) = value.split_once('.').map_or((value, None), |(whole, fraction)| (whole, Some(fraction)));
    match digits(whole, 1..=10) && fraction.is_none_or(|fraction| digits(fraction, 1..=3)) {
        true => Ok(value),
        false => Err(Complaint::new(Rule::Format, "must be a number of at most 10 digits and 3 decimals")),
    }
}

/// The amount of a text in a currency; it is more than nothing.
pub fn amount(value: &str, currency: Asset) -> Result<Money, Complaint> {
    Money::parse(text(value)?, currency).map_err(|error| match error {
        MoneyError::Zero => Complaint::new(Rule::Range, "must be greater than zero"),
        MoneyError::TooManyDecimals { scale } => {
            Complaint::new(Rule::Format, format!("must have at most {scale} decimals in {currency}"))
        }
        MoneyError::NotADecimal | MoneyError::TooLarge => Complaint::new(Rule::Range, "is too large"),
    })
}

/// An amount as a shop's plugin writes it, with commas between thousands; without them.
pub fn grouped(value: &str) -> Result<String, Complaint> {
    let (whole, fraction) = value.split_once('.').map_or((value, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let groups: Vec<&str> = groups.collect();
    let fits = (groups.is_empty() || digits(first, 1..=3)) && groups.iter().all(|group| digits(group, 3..=3));
    if !fits {
        return Err(Complaint::new(Rule::Format, "must be a number of at most 10 digits and 3 decimals"));
    }
    let whole = format!("{first}{}", groups.concat());
    let plain = fraction.map_or(whole.clone(), |fraction| format!("{whole}.{fraction}"));
    text(&plain).map(ToOwned::to_owned)
}

/// A currency's code, in any letter case.
pub fn currency(value: &str) -> Result<Asset, Complaint> {
    Asset::currency(value).ok_or_else(|| Complaint::new(Rule::Value, "must be a currency of ISO 4217"))
}

/// As answers write it: `50.00`, JPY `100.00`, KWD `1.250`.
pub fn printed(amount: Money) -> String {
    let text = amount.decimal();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}.{fraction:0<2}")
}

/// The same value with so many decimals; nothing where the text is no amount, or has more that are not zeros.
pub fn with_decimals(value: &str, count: u32) -> Option<String> {
    let count = count as usize;
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let fraction = fraction.trim_end_matches('0');
    if whole.is_empty() || !plain(whole) || !plain(fraction) || fraction.len() > count {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(match count {
        0 => whole.to_owned(),
        _ => format!("{whole}.{fraction:0<count$}"),
    })
}

/// The value alone, by which two spellings are known to be the same.
pub fn normalised(value: &str) -> String {
    let decimals = value.split_once('.').map_or(0, |(_, fraction)| fraction.trim_end_matches('0').len());
    with_decimals(value, decimals as u32).unwrap_or_else(|| value.to_owned())
}
