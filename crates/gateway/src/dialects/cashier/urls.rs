//! Which URLs a merchant may give (contract, section 4, `settings`).

use florin_kernel::payment::Mode;
use url::Url;

use super::json::Json;
use super::rules::{Message, trimmed};

const LENGTH_MAX: usize = 2048;
/// Never followed, whatever a merchant registered: they run or show what the URL itself holds.
const NEVER: [&str; 6] = ["javascript", "data", "file", "vbscript", "blob", "about"];

/// Where a payer's browser goes: `https`, under DEV `http`, or a scheme of the merchant's own apps.
pub fn return_url(value: &Json<'_>, mode: Mode, schemes: &[String]) -> Result<String, Message> {
    let (text, url) = absolute(value, mode)?;
    let own_app = !NEVER.contains(&url.scheme()) && schemes.iter().any(|scheme| scheme == url.scheme());
    match is_web(&url, mode) || own_app {
        true => Ok(text.to_owned()),
        false => Err(must_be(mode)),
    }
}

/// Where events go: `https`, under DEV `http`.
pub fn webhook_url(value: &Json<'_>, mode: Mode) -> Result<String, Message> {
    let (text, url) = absolute(value, mode)?;
    match is_web(&url, mode) {
        true => Ok(text.to_owned()),
        false => Err(must_be(mode)),
    }
}

/// A language in the form of BCP 47. Another text falls back to none, because a language must not cost a payment.
pub fn locale(value: &Json<'_>) -> Result<String, Message> {
    let text = trimmed(value)?;
    let subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    Ok(if text.len() <= 35 && text.split('-').all(subtag) { text.to_owned() } else { String::new() })
}

fn absolute<'a>(value: &'a Json<'_>, mode: Mode) -> Result<(&'a str, Url), Message> {
    let text = trimmed(value)?;
    if text.chars().count() > LENGTH_MAX {
        return Err("must have at most 2048 characters".into());
    }
    // The URL parser drops line breaks and tabs, and so would hide them from every later reader.
    let url = Url::parse(text).ok().filter(|_| !text.chars().any(|c| c.is_control() || c.is_whitespace()));
    url.map(|url| (text, url)).ok_or(must_be(mode))
}

fn is_web(url: &Url, mode: Mode) -> bool {
    match (url.scheme(), mode) {
        ("https", _) | ("http", Mode::Dev) => url.has_host(),
        (_, Mode::Dev | Mode::Live) => false,
    }
}

fn must_be(mode: Mode) -> Message {
    match mode {
        Mode::Dev => "must be an absolute http or https URL".into(),
        Mode::Live => "must be an absolute https URL".into(),
    }
}
