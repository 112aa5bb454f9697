use florin_kernel::fx::Rate;
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::Rates;
use florin_kernel::{Asset, Coin, MerchantId, Timestamp};

use super::StaticRates;

const LANE: Lane = Lane::Dev(MerchantId::from_number(1));

async fn mid(rates: &StaticRates, lane: Lane, fiat: &str) -> Option<String> {
    let fiat = Asset::currency(fiat).expect("a currency");
    rates.mid(lane, Coin::Btc, fiat, Timestamp::UNIX_EPOCH).await.ok().map(|mid| mid.rate.to_string())
}

#[tokio::test]
async fn the_demos_table_is_the_contracts_and_test_mode_may_set_it() {
    let rates = StaticRates::default();
    assert_eq!(mid(&rates, LANE, "EUR").await.as_deref(), Some("61234.5678"));
    assert_eq!(mid(&rates, LANE, "USD").await.as_deref(), Some("66439.5060"));
    assert_eq!(mid(&rates, LANE, "XAF").await, None);
    assert_eq!(mid(&rates, Lane::Live, "EUR").await, None, "real money is not priced by it");
    let eur = Asset::currency("EUR").expect("a currency");
    rates.set(LANE, Coin::Btc, eur, Rate::parse("6467.18").expect("a rate"));
    assert_eq!(mid(&rates, LANE, "EUR").await.as_deref(), Some("6467.18"));
    rates.stale(LANE, Coin::Btc, eur);
    assert_eq!(mid(&rates, LANE, "EUR").await, None);
    assert_eq!(mid(&rates, Lane::Dev(MerchantId::from_number(2)), "EUR").await.as_deref(), Some("61234.5678"));
}
