use super::{Rate, Rounding};
use crate::{Asset, Money};

fn money(text: &str, code: &str) -> Money {
    Money::parse(text, Asset::from_code(code).expect("a known asset")).expect("an amount")
}

/// The vectors of the cashier contract, section 12.
#[test]
fn the_contracts_vectors() {
    let rate = Rate::parse("0.856").expect("a rate");
    let (eur, gbp) = (money("1", "EUR").asset(), money("1", "GBP").asset());
    for (asked, provider, fx) in [("10.00", "8.56", "10.00"), ("10.05", "8.61", "10.06")] {
        let moved = rate.convert(money(asked, "EUR"), gbp, Rounding::Up).expect("fits");
        assert_eq!(moved, money(provider, "GBP"));
        assert_eq!(rate.convert_back(moved, eur, Rounding::HalfEven), Some(money(fx, "EUR")));
    }
    assert_eq!(rate.convert(money("10.05", "EUR"), gbp, Rounding::Down), Some(money("8.60", "GBP")));
}

#[test]
fn scales_of_both_sides_count() {
    let rate = Rate::parse("160.25").expect("a rate");
    let jpy = money("1", "JPY").asset();
    assert_eq!(rate.convert(money("10.00", "EUR"), jpy, Rounding::Up), Some(money("1603", "JPY")));
    assert_eq!(rate.to_string(), "160.25");
    for text in ["", "0", "0.0", "-1", "1e3", "1.0000000001", ".5", "99999999999999999999999"] {
        assert!(Rate::parse(text).is_none(), "{text}");
    }
}
