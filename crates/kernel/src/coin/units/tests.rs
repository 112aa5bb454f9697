use super::Units;
use crate::Coin;

#[test]
fn amounts_read_and_show_as_the_contract_says() {
    let cases = [
        (Coin::Btc, "0.00079744", Some(79_744), "0.00079744"),
        (Coin::Btc, "0.000797440", Some(79_744), "0.00079744"),
        (Coin::Btc, "0.000797441", None, ""),
        (Coin::Eth, "0.03355311", Some(33_553_110_000_000_000), "0.03355311"),
        (Coin::Eth, "0.000000000000000001", Some(1), "0.00000000"),
        (Coin::Usdt, "109.793589", Some(109_793_589), "109.79358900"),
        (Coin::Usdt, "109.7935891", None, ""),
        (Coin::Btc, "90000000000", Some(9_000_000_000_000_000_000), "90000000000.00000000"),
        (Coin::Btc, "90000000001", None, ""),
        (Coin::Btc, "1e3", None, ""),
        (Coin::Btc, "-1", None, ""),
        (Coin::Btc, "", None, ""),
        (Coin::Btc, ".5", None, ""),
    ];
    for (coin, text, units, shown) in cases {
        let read = Units::parse(text, coin);
        assert_eq!(read.map(Units::number), units, "{text} {coin:?}");
        assert_eq!(read.map(|units| units.decimal(coin)).unwrap_or_default(), shown);
    }
}

#[test]
fn the_book_counts_in_the_assets_scale() {
    let cut = Units::new(33_553_119_999_999_999).money(Coin::Eth).expect("fits");
    assert_eq!(cut.to_string(), "0.03355311 ETH");
    assert_eq!(Units::new(u128::MAX).money(Coin::Btc), None);
    assert_eq!(Coin::Eth.step().number(), 10_000_000_000);
    assert_eq!(Coin::Usdt.step().number(), 1);
}

#[test]
fn rows_keep_wei_exactly() {
    let wei = Units::new(123_456_789_012_345_678_901_234_567);
    let json = serde_json::to_string(&wei).expect("serialisable");
    assert_eq!(json, "\"123456789012345678901234567\"");
    assert_eq!(serde_json::from_str::<Units>(&json).expect("readable"), wei);
}
