//! The contract's tables of section 7 and 8, as printed.

use super::{Price, PriceError};
use crate::coin::Units;
use crate::fx::Rate;
use crate::{Asset, Coin, Money};

fn eur(text: &str) -> Money {
    Money::parse(text, Asset::from_code("EUR").expect("a currency")).expect("an amount")
}

fn rate(text: &str) -> Rate {
    Rate::parse(text).expect("a rate")
}

fn quote(invoice: &str, coin: Coin, mid: &str, spread_bps: u32, fee: &str) -> Price {
    let fee = Units::parse(fee, coin).expect("a fee");
    Price::quote(eur(invoice), coin, rate(mid), spread_bps, fee, 0).expect("a price")
}

#[test]
fn prices_are_those_of_the_contract() {
    let cases = [
        ("48.25", Coin::Btc, "61234.5678", 100, "0.00000152", "60622.2221", "0.00079592", "0.00079744"),
        ("48.25", Coin::Btc, "6467.18", 0, "0.00000152", "6467.1800", "0.00746075", "0.00746227"),
        ("222.00", Coin::Btc, "20822.2343", 0, "0.00002875", "20822.2343", "0.01066169", "0.01069044"),
        ("100.00", Coin::Eth, "3012.3400", 100, "0.00002100", "2982.2166", "0.03353211", "0.03355311"),
        ("100.00", Coin::Usdt, "0.9200", 100, "0", "0.9108", "109.79358900", "109.79358900"),
    ];
    for (invoice, coin, mid, spread, fee, shown, exchange, amount) in cases {
        let price = quote(invoice, coin, mid, spread, fee);
        assert_eq!(price.rate.to_string(), shown);
        assert_eq!(price.exchange.decimal(coin), exchange);
        assert_eq!(price.amount().decimal(coin), amount);
    }
}

#[test]
fn a_received_sum_is_worth_what_the_contract_says() {
    let price = quote("48.25", Coin::Btc, "61234.5678", 100, "0.00000152");
    let cases = [
        ("0.00040000", "24.20"),
        ("0.00079743", "48.24"),
        ("0.00079744", "48.25"),
        ("0.00079745", "48.25"),
        ("0.00085000", "51.43"),
    ];
    for (received, worth) in cases {
        let received = Units::parse(received, Coin::Btc).expect("an amount");
        assert_eq!(price.worth(received).decimal(), worth, "{received:?}");
    }
    let late = Units::parse("0.00079744", Coin::Btc).expect("an amount");
    assert_eq!(price.worth_at(late, rate("30311.11105")).decimal(), "24.12", "the lower rate counts");
    assert_eq!(price.worth_at(late, rate("90000")).decimal(), "48.25", "a higher one does not");
}

#[test]
fn a_surcharge_is_rounded_half_up_and_converted_with_the_invoice() {
    let price = Price::quote(eur("222.00"), Coin::Btc, rate("20822.2343"), 0, Units::ZERO, 200).expect("a price");
    assert_eq!(price.surcharge.expect("one").amount.decimal(), "4.44");
    assert_eq!(price.exchange.decimal(Coin::Btc), "0.01087492", "226.44 / 20822.2343, rounded up");
}

#[test]
fn small_rates_keep_eight_decimals_and_nothing_overflows() {
    let price = Price::quote(eur("1.00"), Coin::Usdt, rate("0.004567"), 100, Units::ZERO, 0).expect("a price");
    assert_eq!(price.rate.to_string(), "0.00452133");
    let most = Money::new(100_000_000_000_000, eur("1").asset());
    let too_much = Price::quote(most, Coin::Btc, rate("0.000000001"), 0, Units::ZERO, 0);
    assert_eq!(too_much, Err(PriceError::NoRate));
    let too_much = Price::quote(most, Coin::Btc, rate("0.01"), 0, Units::ZERO, 0);
    assert_eq!(too_much, Err(PriceError::TooLarge));
    let nothing_left = Price::quote(eur("1.00"), Coin::Btc, rate("1"), 10_000, Units::ZERO, 0);
    assert_eq!(nothing_left, Err(PriceError::NoRate));
    let price = Price::quote(most, Coin::Eth, rate("3000"), 0, Units::ZERO, 0).expect("a price");
    assert_eq!(price.worth(price.amount()), most, "exactly the invoice, at any size");
    assert!(!price.worth(Units::new(price.amount().number() - 1)).exceeds(most));
}
