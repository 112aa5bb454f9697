//! Prices from a fixed table: for the demo, and for tests that set one. It never ages.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use florin_kernel::fx::Rate;
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::{Mid, NoRate, Rates};
use florin_kernel::{Asset, Coin, Timestamp};

#[cfg(test)]
mod tests;

/// Prices of one coin in euro (crypto contract, section 8).
const IN_EURO: [(Coin, &str); 4] =
    [(Coin::Btc, "61234.5678"), (Coin::Eth, "3012.3400"), (Coin::Usdt, "0.9200"), (Coin::Usdc, "0.9200")];

/// What one euro is in other currencies: fixed, and good for nothing but a demo.
const PER_EURO: [(&str, &str); 13] = [
    ("EUR", "1"),
    ("USD", "1.0850"),
    ("GBP", "0.8560"),
    ("CHF", "0.9450"),
    ("JPY", "162.50"),
    ("SEK", "11.2500"),
    ("NOK", "11.6000"),
    ("DKK", "7.4600"),
    ("PLN", "4.3200"),
    ("CZK", "25.1000"),
    ("CAD", "1.4700"),
    ("AUD", "1.6400"),
    ("BRL", "5.4500"),
];

/// What somebody set for a test.
#[derive(Clone, Copy, Debug)]
enum Set {
    Mid(Rate),
    Stale,
}

/// A table of prices.
#[derive(Default)]
pub struct StaticRates {
    set: Mutex<HashMap<(Lane, Coin, &'static str), Set>>,
}

impl StaticRates {
    /// Sets a price in a lane.
    pub fn set(&self, lane: Lane, coin: Coin, fiat: Asset, mid: Rate) {
        self.put(lane, coin, fiat, Set::Mid(mid));
    }

    /// Lets a price grow old in a lane.
    pub fn stale(&self, lane: Lane, coin: Coin, fiat: Asset) {
        self.put(lane, coin, fiat, Set::Stale);
    }

    fn put(&self, lane: Lane, coin: Coin, fiat: Asset, value: Set) {
        let mut set = self.set.lock().expect("no holder of the lock panics");
        set.insert((lane, coin, fiat.code()), value);
    }

    fn known(lane: Lane, coin: Coin, fiat: Asset) -> Option<Rate> {
        // Real money is not priced by a demo's table.
        if lane == Lane::Live {
            return None;
        }
        let (_, in_euro) = IN_EURO.iter().find(|(known, _)| *known == coin)?;
        let (_, per_euro) = PER_EURO.iter().find(|(code, _)| *code == fiat.code())?;
        times(Rate::parse(in_euro)?, Rate::parse(per_euro)?)
    }
}

/// Prices by mode: test payments may be priced by a table, live ones never are.
#[derive(Clone)]
pub struct RatesByMode {
    /// For test mode.
    pub dev: Option<Arc<dyn Rates>>,
    /// For real money.
    pub live: Arc<dyn Rates>,
}

#[async_trait]
impl Rates for RatesByMode {
    async fn mid(&self, lane: Lane, coin: Coin, fiat: Asset, now: Timestamp) -> Result<Mid, NoRate> {
        let rates = match lane {
            Lane::Live => Some(&self.live),
            Lane::Dev(_) => self.dev.as_ref(),
        };
        let rates = rates.ok_or_else(|| NoRate("no source of rates".to_owned()))?;
        rates.mid(lane, coin, fiat, now).await
    }
}

/// The product of two rates, cut to what a rate holds.
fn times(left: Rate, right: Rate) -> Option<Rate> {
    let mut mantissa = u128::from(left.mantissa()) * u128::from(right.mantissa());
    let mut scale = left.scale() + right.scale();
    while scale > 4 {
        mantissa /= 10;
        scale -= 1;
    }
    Rate::new(u64::try_from(mantissa).ok()?, scale)
}

#[async_trait]
impl Rates for StaticRates {
    async fn mid(&self, lane: Lane, coin: Coin, fiat: Asset, _now: Timestamp) -> Result<Mid, NoRate> {
        let set = self.set.lock().expect("no holder of the lock panics").get(&(lane, coin, fiat.code())).copied();
        let known = match set {
            Some(Set::Mid(rate)) => Some(rate),
            Some(Set::Stale) => return Err(NoRate(format!("the price of {coin:?} is stale"))),
            None => StaticRates::known(lane, coin, fiat),
        };
        known.map(|rate| Mid { rate }).ok_or_else(|| NoRate(format!("no price of {coin:?} in {fiat}")))
    }
}
