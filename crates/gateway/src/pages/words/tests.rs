use axum::http::{HeaderMap, HeaderValue, header};
use florin_kernel::{Asset, Money};

use super::{LANGUAGES, fill, of};

#[test]
fn the_language_is_the_merchants_then_the_browsers() {
    let check = |locale: &str, accepted: &'static str, lang: &str| {
        let headers = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accepted))]);
        assert_eq!(of(locale, &headers).lang, lang, "{locale} {accepted}");
    };
    check("", "", "en");
    check("de-AT", "fr", "de");
    check("FR", "", "fr");
    check("pt", "es;q=0.8, de;q=0.9", "de");
    check("", "ja, es;q=0.5", "es");
    check("", "de;q=0, es", "es");
    check("", "fr;q=abc, *;q=0.1", "en");
    check("", "es, de", "es");
}

#[test]
fn amounts_are_written_as_the_language_writes_them() {
    let euro = Money::new(123_456_789, Asset::currency("EUR").expect("a currency"));
    let written: Vec<String> = LANGUAGES.iter().map(|words| words.money(euro)).collect();
    assert_eq!(written, ["1,234,567.89 EUR", "1.234.567,89 EUR", "1.234.567,89 EUR", "1\u{202f}234\u{202f}567,89 EUR"]);
    assert_eq!(LANGUAGES[1].writable(euro), "1234567,89");
}

#[test]
fn a_value_is_not_filled_in_again() {
    assert_eq!(fill("to {merchant}, {amount}", &[("merchant", "{amount} Ltd"), ("amount", "1")]), "to {amount} Ltd, 1");
    assert_eq!(fill("no end {", &[]), "no end {");
}
