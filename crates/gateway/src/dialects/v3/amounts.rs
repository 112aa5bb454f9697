//! Amounts as this dialect writes them: two decimals, three where the currency has three (contract, sections 5 and 6).

use florin_kernel::{Asset, Money, MoneyError};

use super::errors::{FieldError, Problem};
use super::fields::{Message, digits};
use super::settings::Decimals;

const PATTERN: &str = r"^[0-9]{1,12}(\.[0-9]{2})?$";
const PATTERN_OF_THREE: &str = r"^[0-9]{1,12}(\.[0-9]{2,3})?$";

/// An amount's text, checked for its form alone: `currency` is what was sent beside it.
pub fn text<'v>(value: &'v str, currency: Option<&str>) -> Result<&'v str, Message> {
    let scale = currency.and_then(Asset::currency).map_or(2, Asset::scale);
    let (whole, fraction) = value.split_once('.').map_or((value, None), |(whole, fraction)| (whole, Some(fraction)));
    let decimals = if scale == 3 { 2..=3 } else { 2..=2 };
    let good = digits(whole, 1..=12) && fraction.is_none_or(|fraction| digits(fraction, decimals));
    let pattern = if scale == 3 { PATTERN_OF_THREE } else { PATTERN };
    if good { Ok(value) } else { Err(format!("must match {pattern}").into()) }
}

/// A currency's code, checked for its form alone.
pub fn currency_text(value: &str) -> Result<&str, Message> {
    match value.len() == 3 && value.bytes().all(|byte| byte.is_ascii_uppercase()) {
        true => Ok(value),
        false => Err("must match ^[A-Z]{3}$".into()),
    }
}

/// The currency of a code that has the right form; `sent` makes the field for an error.
///
/// # Errors
/// [`Problem::CurrencyUnknown`].
pub fn currency(code: &str, sent: impl Fn() -> FieldError) -> Result<Asset, Problem> {
    Asset::currency(code).ok_or_else(|| Problem::CurrencyUnknown(sent().saying("must be an ISO 4217 currency")))
}

/// The amount of a text that has the right form; nothing is an amount here. `sent` makes the field for an error.
///
/// # Errors
/// [`Problem::AmountDecimals`] for decimals that the currency has not, [`Problem::AmountTooLarge`].
pub fn amount(
    text: &str,
    currency: Asset,
    decimals: Decimals,
    sent: impl Fn() -> FieldError,
) -> Result<Money, Problem> {
    let too_many = |scale: u32| {
        let message = match scale {
            0 => format!("must have no decimals in {currency}"),
            scale => format!("must have at most {scale} decimals in {currency}"),
        };
        Problem::AmountDecimals(sent().saying(message))
    };
    if decimals == Decimals::On && currency.scale() == 0 && text.contains('.') {
        return Err(too_many(0));
    }
    Money::parse_or_zero(text, currency).map_err(|error| match error {
        MoneyError::TooManyDecimals { scale } => too_many(scale),
        MoneyError::NotADecimal | MoneyError::Zero | MoneyError::TooLarge => {
            Problem::AmountTooLarge(sent().saying(error.to_string()))
        }
    })
}

/// As answers write it: `92.00`, JPY `1000.00`, KWD `1.250`.
pub fn printed(amount: Money) -> String {
    let text = amount.decimal();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    // Beyond what its writer could send, zeros only are left out.
    let fraction = if fraction.len() > 3 { fraction.trim_end_matches('0') } else { fraction };
    format!("{whole}.{fraction:0<2}")
}
