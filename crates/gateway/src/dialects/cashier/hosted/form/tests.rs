use axum::http::HeaderMap;
use florin_kernel::Asset;

use super::read_amount;
use crate::pages::words;

#[test]
fn amounts_as_people_write_them() {
    let check = |locale: &str, currency: &str, text: &str, expected: Option<&str>| {
        let words = words::of(locale, &HeaderMap::new());
        let read = read_amount(text, Asset::currency(currency).expect("a currency"), words);
        assert_eq!(read.map(|amount| amount.decimal()).as_deref(), expected, "{locale} {text} {currency}");
    };
    check("en", "EUR", "10.05", Some("10.05"));
    check("en", "EUR", " 1 000,5 ", Some("1000.50"));
    check("de", "EUR", "10,05", Some("10.05"));
    check("fr", "EUR", "1\u{202f}234,56", Some("1234.56"));
    check("en", "JPY", "1000", Some("1000"));
    // A comma may group thousands, a point too: it could be a thousand times more or less.
    for (locale, text, currency) in [
        ("en", "1,234", "EUR"),
        ("en", "1,000", "EUR"),
        ("de", "1.234", "EUR"),
        ("en", "1,234", "KWD"),
        ("de", "1.234", "KWD"),
        ("en", "1,000", "JPY"),
        ("en", "1,234.56", "EUR"),
        ("de", "1.234,56", "EUR"),
    ] {
        check(locale, currency, text, None);
    }
    check("de", "KWD", "1,234", Some("1.234"));
    for text in ["", "0", "0.00", "-5", "+5", "1e3", "10.", ".5x", "abc", "٣", "10.005", "99999999999999"] {
        check("en", "EUR", text, None);
    }
}
