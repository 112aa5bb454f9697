//! The rules of single fields (contract, sections 4 and 8): a JSON value in, a kernel value or a plain sentence out.
//!
//! A message says what the field must be, never what it was, because fields hold card numbers and personal data.

use std::borrow::Cow;
use std::net::IpAddr;

use florin_kernel::card::{Brand, Cvc};
use florin_kernel::routing::ProviderId;
use florin_kernel::{Asset, Money};
use jiff::civil::Date;

use super::countries;
use super::json::Json;
use super::settings::DobFormat;

/// Why a field cannot be taken.
pub type Message = Cow<'static, str>;

const NOT_TEXT: Message = Cow::Borrowed("must be a string");
const NOT_A_NUMBER: Message = Cow::Borrowed("must be a number");
const NOT_WHOLE: Message = Cow::Borrowed("must be a whole number");
const NOT_A_COUNTRY: Message = Cow::Borrowed("must be an ISO 3166-1 alpha-2 code");
const NOT_A_PHONE_NUMBER: Message = Cow::Borrowed("must be digits");

/// A string, as it is.
pub fn raw<'a>(value: &'a Json<'_>) -> Result<&'a str, Message> {
    match value {
        Json::Text(text) => Ok(text),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => Err(NOT_TEXT),
    }
}

/// A string without the blanks around it.
pub fn trimmed<'a>(value: &'a Json<'_>) -> Result<&'a str, Message> {
    raw(value).map(str::trim)
}

/// A string of at most `length_max` characters.
pub fn text(value: &Json<'_>, length_max: usize) -> Result<String, Message> {
    let text = trimmed(value)?;
    match text.chars().count() <= length_max {
        true => Ok(text.to_owned()),
        false => Err(format!("must have at most {length_max} characters").into()),
    }
}

/// The digits of a whole number, written as a number or as a string of digits.
fn digits<'a>(value: &'a Json<'_>) -> Option<&'a str> {
    let text = match value {
        Json::Number(text) => text.as_str(),
        Json::Text(text) => text.trim(),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => return None,
    };
    all_digits(text).then_some(text)
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `user_id`: 1 to 64 printable ASCII characters, or an integer, kept as it was written.
pub fn user_id(value: &Json<'_>) -> Result<String, Message> {
    let text = match value {
        Json::Number(text) if all_digits(text.strip_prefix('-').unwrap_or(text)) => text.as_str(),
        Json::Text(text) => text.as_ref(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            return Err("must be a string or an integer".into());
        }
    };
    match (1..=64).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        true => Ok(text.to_owned()),
        false => Err("must be 1 to 64 printable ASCII characters".into()),
    }
}

/// `tracking_id`: 1 to 64 printable ASCII characters without spaces.
pub fn tracking_id(value: &Json<'_>) -> Result<String, Message> {
    let text = raw(value)?;
    match (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(text.to_owned()),
        false => Err("must be 1 to 64 printable ASCII characters without spaces".into()),
    }
}

/// An IPv4 or IPv6 address.
pub fn ip(value: &Json<'_>) -> Result<IpAddr, Message> {
    trimmed(value)?.parse().map_err(|_| "must be an IPv4 or IPv6 address".into())
}

/// An active ISO 4217 code.
pub fn currency(value: &Json<'_>) -> Result<Asset, Message> {
    Asset::currency(trimmed(value)?).ok_or("must be an active ISO 4217 currency code".into())
}

/// The text of an amount: `^[0-9]{1,13}(\.[0-9]+)?$` as written, in a number or a string.
pub fn amount_text<'a>(value: &'a Json<'_>) -> Result<&'a str, Message> {
    let text = match value {
        Json::Number(text) => text.as_str(),
        Json::Text(text) => text.trim(),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => return Err(NOT_A_NUMBER),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    match all_digits(whole) && all_digits(fraction) && whole.len() <= 13 {
        true => Ok(text),
        false => Err("must be a plain decimal number of at most 13 digits before the point".into()),
    }
}

/// The amount itself, once its currency is known.
pub fn amount(text: &str, currency: Asset) -> Result<Money, Message> {
    Money::parse(text, currency).map_err(|error| error.to_string().into())
}

/// The number of a provider or route. One that is too long for us names nothing, and is told so later (1016).
pub fn provider_id(value: &Json<'_>) -> Result<ProviderId, Message> {
    let digits = digits(value).ok_or(NOT_WHOLE)?;
    Ok(ProviderId::new(digits.parse().unwrap_or(i64::MAX)))
}

/// `kyc_status`, folded to lower case.
pub fn kyc_status(value: &Json<'_>) -> Result<String, Message> {
    let text = trimmed(value)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match (1..=32).contains(&text.len()) && text.bytes().all(plain) {
        true => Ok(text.to_ascii_lowercase()),
        false => Err("must be 1 to 32 letters, digits, _ or -".into()),
    }
}

/// A date of birth, not after `today`, as `YYYY-MM-DD`. `NN/NN/YYYY` is read one way only, as the credential says.
pub fn dob(value: &Json<'_>, format: DobFormat, today: Date) -> Result<String, Message> {
    let fault = match format {
        DobFormat::Dmy => "must be a date in the form DD/MM/YYYY",
        DobFormat::Mdy => "must be a date in the form MM/DD/YYYY",
    };
    let date = read_date(trimmed(value)?, format).ok_or(fault)?;
    if date > today {
        return Err("must not be in the future".into());
    }
    Ok(date.to_string())
}

fn read_date(text: &str, format: DobFormat) -> Option<Date> {
    if let Some(date) = iso_date(text) {
        return Some(date);
    }
    let separator = text.chars().nth(2).filter(|separator| matches!(separator, '/' | '-' | '.'))?;
    let mut parts = text.split(separator);
    let (first, second, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    match format {
        DobFormat::Dmy => date(year, second, first),
        DobFormat::Mdy => date(year, first, second),
    }
}

/// `YYYY-MM-DD`.
pub fn iso_date(text: &str) -> Option<Date> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    date(year, month, day)
}

/// A date of exactly four, two and two digits.
pub fn date(year: &str, month: &str, day: &str) -> Option<Date> {
    let number = |text: &str, length: usize| {
        (text.len() == length && all_digits(text)).then(|| text.parse::<i16>().ok()).flatten()
    };
    let (year, month, day) = (number(year, 4)?, number(month, 2)?, number(day, 2)?);
    // There is no year 0 in the calendar people are born by.
    (year > 0).then(|| Date::new(year, month as i8, day as i8).ok()).flatten()
}

/// ISO 3166-1 alpha-2, in capitals.
pub fn country(value: &Json<'_>) -> Result<String, Message> {
    let code = trimmed(value)?.to_ascii_uppercase();
    countries::is_country(&code).then_some(code).ok_or(NOT_A_COUNTRY)
}

/// A part of a phone number: digits, in a number or a string, a leading `+` dropped.
pub fn phone_digits(value: &Json<'_>) -> Result<String, Message> {
    let text = match value {
        Json::Number(text) => text.as_str(),
        Json::Text(text) => text.trim(),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => return Err(NOT_A_PHONE_NUMBER),
    };
    let digits = text.strip_prefix('+').unwrap_or(text);
    match all_digits(digits) && digits.len() <= 15 {
        true => Ok(digits.to_owned()),
        false => Err("must be digits, together with the prefix at most 15".into()),
    }
}

/// A postal code: a string or an integer of 1 to 16 characters.
pub fn zip_code(value: &Json<'_>) -> Result<String, Message> {
    match value {
        Json::Number(digits) if all_digits(digits) && digits.len() <= 16 => Ok(digits.clone()),
        Json::Number(_) => Err("must be a string of at most 16 characters".into()),
        Json::Null | Json::Bool(_) | Json::Text(_) | Json::Array(_) | Json::Object(_) => text(value, 16),
    }
}

/// An e-mail address in the form of RFC 5321, at most 254 characters.
pub fn email(value: &Json<'_>) -> Result<String, Message> {
    let text = trimmed(value)?;
    match text.len() <= 254 && is_mailbox(text) {
        true => Ok(text.to_owned()),
        false => Err("must be an e-mail address of at most 254 characters".into()),
    }
}

/// `Mailbox` of RFC 5321, section 4.1.2.
fn is_mailbox(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let atom = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    };
    let quoted = |text: &str| {
        let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let mut escaped = false;
        let plain = |byte: u8| {
            let fits = matches!(byte, b' '..=b'~') && (escaped || byte != b'"');
            escaped = !escaped && byte == b'\\';
            fits
        };
        inner.is_some_and(|inner| inner.bytes().all(plain)) && !escaped
    };
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    let literal = |text: &str| {
        let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let address = inner.map(|inner| inner.strip_prefix("IPv6:").unwrap_or(inner));
        address.is_some_and(|address| address.parse::<IpAddr>().is_ok())
    };
    (1..=64).contains(&local.len())
        && (local.split('.').all(atom) || quoted(local))
        && (domain.split('.').all(label) || literal(domain))
}

/// The name on a card, 2 to 100 characters.
pub fn holder_name(value: &Json<'_>) -> Result<String, Message> {
    let name = trimmed(value)?;
    match (2..=100).contains(&name.chars().count()) {
        true => Ok(name.to_owned()),
        false => Err("must have 2 to 100 characters".into()),
    }
}

/// A security code: 3 or 4 digits, 4 for American Express. `brand` is `None` where the number itself is faulty.
pub fn cvc(value: &Json<'_>, brand: Option<Brand>) -> Result<Cvc, Message> {
    Cvc::parse(trimmed(value)?, brand.unwrap_or(Brand::Other)).ok_or(match brand {
        Some(Brand::Amex) => "must be 4 digits".into(),
        Some(_) | None => "must be 3 or 4 digits".into(),
    })
}

/// `05` or `5`, as a string or an integer.
pub fn expiry_month(value: &Json<'_>) -> Result<u8, Message> {
    let month = digits(value).filter(|digits| digits.len() <= 2).and_then(|digits| digits.parse().ok());
    month.filter(|month| (1..=12).contains(month)).ok_or("must be a month from 1 to 12".into())
}

/// `2025` or `25`, as a string or an integer.
pub fn expiry_year(value: &Json<'_>) -> Result<u16, Message> {
    let digits = digits(value).unwrap_or_default();
    let year = match digits.len() {
        2 => digits.parse().ok().map(|year: u16| 2000 + year),
        4 => digits.parse().ok(),
        _ => None,
    };
    year.filter(|year| (2000..=2099).contains(year)).ok_or("must be a year of two or four digits".into())
}
