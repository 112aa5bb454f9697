//! URLs as merchants of this dialect send them: percent-encoded as a whole, or without a scheme (contract, section 7).

use florin_kernel::payment::Mode;
use url::Url;

use super::errors::Rule;
use super::fields::Complaint;
use super::fields::form::decode;

const LENGTH_MAX: usize = 2048;

/// Where the payer goes back to.
pub fn web_url(value: &str) -> Result<String, Complaint> {
    let value = decoded_once(value);
    if value.chars().count() > LENGTH_MAX {
        return Err(Complaint::new(Rule::Length, "must have at most 2048 characters"));
    }
    let url = Url::parse(&value).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    // The URL parser repairs blanks, and so would hide them from every later reader.
    let clean = url.filter(|_| !value.chars().any(|c| c.is_whitespace() || c.is_control()));
    clean.map(|_| value).ok_or_else(|| Complaint::new(Rule::Url, "must be an absolute http or https URL"))
}

/// Where notifications go; live ones go encrypted.
pub fn notification_url(mode: Mode) -> impl Fn(&str) -> Result<String, Complaint> {
    move |value| {
        let value = decoded_once(value);
        let whole = if value.contains("://") { value } else { format!("https://{value}") };
        let url = web_url(&whole)?;
        let plain = url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"));
        match plain && mode == Mode::Live {
            true => Err(Complaint::new(Rule::Url, "must be an https URL")),
            false => Ok(url),
        }
    }
}

/// A URL that was percent-encoded as a whole, decoded once; any other as it is.
pub fn decoded_once(value: &str) -> String {
    let begins = |prefix: &str| value.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix));
    match begins("http%3A") || begins("https%3A") {
        true => decode(value.replace('+', "%2B").as_bytes()),
        false => value.to_owned(),
    }
}
