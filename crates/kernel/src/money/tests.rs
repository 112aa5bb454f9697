use proptest::prelude::*;

use super::{Money, MoneyError};
use crate::Asset;

fn parse(text: &str, code: &str) -> Result<String, MoneyError> {
    Money::parse(text, Asset::from_code(code).expect("a known asset")).map(|money| money.to_string())
}

#[test]
fn amounts_are_read_exactly_or_refused() {
    for (text, code, expected) in [
        ("10.05", "EUR", Ok("10.05 EUR")),
        ("10", "EUR", Ok("10.00 EUR")),
        ("9051.0", "EUR", Ok("9051.00 EUR")),
        ("0010.50", "EUR", Ok("10.50 EUR")),
        ("1000.00", "JPY", Ok("1000 JPY")),
        ("10.50", "JPY", Err(MoneyError::TooManyDecimals { scale: 0 })),
        ("1.234", "KWD", Ok("1.234 KWD")),
        ("10.005", "EUR", Err(MoneyError::TooManyDecimals { scale: 2 })),
        ("0.00079744", "BTC", Ok("0.00079744 BTC")),
        ("0.0000001", "USDT", Err(MoneyError::TooManyDecimals { scale: 6 })),
        ("1000000000000", "EUR", Ok("1000000000000.00 EUR")),
        ("1000000000000.01", "EUR", Err(MoneyError::TooLarge)),
        ("90000000000", "ETH", Ok("90000000000.00000000 ETH")),
        ("90000000000.00000001", "ETH", Err(MoneyError::TooLarge)),
        ("99999999999999999999999999", "EUR", Err(MoneyError::TooLarge)),
        ("0", "EUR", Err(MoneyError::Zero)),
        ("0.00", "EUR", Err(MoneyError::Zero)),
        ("-1", "EUR", Err(MoneyError::NotADecimal)),
        ("-0", "EUR", Err(MoneyError::NotADecimal)),
        ("+1", "EUR", Err(MoneyError::NotADecimal)),
        ("1e3", "EUR", Err(MoneyError::NotADecimal)),
        ("NaN", "EUR", Err(MoneyError::NotADecimal)),
        ("1.", "EUR", Err(MoneyError::NotADecimal)),
        (".5", "EUR", Err(MoneyError::NotADecimal)),
        ("1,5", "EUR", Err(MoneyError::NotADecimal)),
        ("", "EUR", Err(MoneyError::NotADecimal)),
        ("١٠", "EUR", Err(MoneyError::NotADecimal)),
    ] {
        assert_eq!(parse(text, code), expected.map(str::to_owned), "{text} {code}");
    }
}

#[test]
fn only_active_currencies_are_accepted() {
    for code in ["EUR", "eur", "JPY", "KWD", "VES"] {
        assert!(Asset::currency(code).is_some(), "{code}");
    }
    for code in ["HRK", "BGN", "XAU", "XXX", "XTS", "EURO", "BTC", "E1R", "ÉU"] {
        assert!(Asset::currency(code).is_none(), "{code}");
    }
}

#[test]
fn printed_forms() {
    let money = |minor, code| Money::new(minor, Asset::from_code(code).expect("a known asset"));
    assert_eq!(money(20000, "EUR").decimal(), "200.00");
    assert_eq!(money(200, "JPY").decimal(), "200");
    assert_eq!(money(200_000, "KWD").decimal(), "200.000");
    assert_eq!(money(-5, "EUR").decimal(), "-0.05");
    assert_eq!(money(1000, "EUR").shortest(), "10");
    assert_eq!(money(856, "EUR").shortest(), "8.56");
    assert_eq!(money(850, "EUR").shortest(), "8.5");
    assert_eq!(money(100, "JPY").shortest(), "100");
}

proptest! {
    #[test]
    fn printing_and_parsing_agree(minor in 1..=1_000_000_000_000_i64, code in prop::sample::select(vec!["EUR", "JPY", "KWD", "BTC", "USDT"])) {
        let asset = Asset::from_code(code).expect("a known asset");
        let money = Money::new(minor, asset);
        prop_assert_eq!(Money::parse(&money.decimal(), asset), Ok(money));
        prop_assert_eq!(Money::parse(&money.shortest(), asset), Ok(money));
        let json = serde_json::to_string(&money).expect("money is serialisable");
        prop_assert_eq!(serde_json::from_str::<Money>(&json).expect("and read back"), money);
    }
}
