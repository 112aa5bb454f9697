//! The price of an invoice in coins (crypto contract, section 8): exact, and never to the merchant's loss.

use serde::{Deserialize, Serialize};

use super::Units;
use crate::fx::Rate;
use crate::{Coin, Money};

#[cfg(test)]
mod tests;

/// What an invoice costs in one coin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// What the merchant asks for.
    pub invoice: Money,
    /// What is added to it for paying in coins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surcharge: Option<Surcharge>,
    /// The coin.
    pub coin: Coin,
    /// Fiat for one coin, as printed: four decimals, eight below 0.01.
    pub rate: Rate,
    /// What the rate lies below the mid, in hundredths of a percent.
    pub spread_bps: u32,
    /// The invoice in coins, rounded up to the coin's step.
    pub exchange: Units,
    /// What moving the deposit later costs, where the payer bears it.
    pub network_fee: Units,
}

/// What is added to an invoice for paying in coins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surcharge {
    /// Hundredths of a percent.
    pub bps: u32,
    /// In the invoice's currency, half a minor unit up.
    pub amount: Money,
}

/// Why there is no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// It does not fit what can be counted.
    #[error("the amount is too large")]
    TooLarge,
    /// The spread leaves no rate.
    #[error("the spread leaves nothing of the rate")]
    NoRate,
}

const WHOLE_BPS: u64 = 10_000;

impl Price {
    /// The price of an invoice at a mid rate less a spread, in hundredths of a percent.
    ///
    /// # Errors
    /// [`PriceError`] when it cannot be counted.
    pub fn quote(
        invoice: Money,
        coin: Coin,
        mid: Rate,
        spread_bps: u32,
        network_fee: Units,
        surcharge_bps: u32,
    ) -> Result<Price, PriceError> {
        let rate = offered(mid, spread_bps)?;
        let surcharge = match surcharge_bps {
            0 => None,
            bps => Some(Surcharge { bps, amount: surcharge(invoice, bps).ok_or(PriceError::TooLarge)? }),
        };
        let total = surcharge.map_or(Some(invoice), |surcharge| invoice.plus(surcharge.amount));
        let exchange = total.and_then(|total| exchange(total, coin, rate)).ok_or(PriceError::TooLarge)?;
        let price = Price { invoice, surcharge, coin, rate, spread_bps, exchange, network_fee };
        price.amount().money(coin).ok_or(PriceError::TooLarge)?;
        Ok(price)
    }

    /// What the payer is to send.
    pub fn amount(&self) -> Units {
        self.exchange.plus(self.network_fee)
    }

    /// The rate that would be offered at a mid rate now; nothing where the spread leaves none.
    pub fn offered(&self, mid: Rate) -> Option<Rate> {
        offered(mid, self.spread_bps).ok()
    }

    /// The coin that fees of the coin's network are paid in.
    pub const fn fee_coin(&self) -> Coin {
        match self.coin {
            Coin::Btc => Coin::Btc,
            Coin::Eth | Coin::Usdt | Coin::Usdc => Coin::Eth,
        }
    }

    /// What a received sum is worth in the invoice's currency: the exact amount is worth exactly the invoice, and what lies
    /// between is cut (section 7).
    pub fn worth(&self, received: Units) -> Money {
        self.worth_at(received, self.rate)
    }

    /// The same at another rate, if that is lower: nobody has a free option on a rising coin.
    pub fn worth_at(&self, received: Units, rate: Rate) -> Money {
        let asked = self.amount().number().max(1);
        let minor = u128::from(self.invoice.minor().unsigned_abs());
        // At most 10^16 minor units and 10^29 base units: the product is taken apart so that it fits.
        let full = scaled(minor, received.number(), asked);
        let (now, locked) = (as_billionths(rate), as_billionths(self.rate));
        let worth = if now < locked { scaled(full, now, locked) } else { full };
        Money::new(i64::try_from(worth).unwrap_or(i64::MAX), self.invoice.asset())
    }
}

/// A rate in billionths, so that two of them compare.
fn as_billionths(rate: Rate) -> u128 {
    u128::from(rate.mantissa()) * 10_u128.pow(9 - rate.scale())
}

/// `value * numerator / denominator`, cut, without overflow on the way where the result fits; else the largest number.
fn scaled(value: u128, numerator: u128, denominator: u128) -> u128 {
    let (whole, rest) = (numerator / denominator, numerator % denominator);
    let whole = value.checked_mul(whole);
    let part = match value.checked_mul(rest) {
        Some(product) => Some(product / denominator),
        // Both too large to multiply: give up digits that decide about less than a billionth of the result.
        None => value.checked_mul(rest >> 40).map(|product| product / (denominator >> 40).max(1)),
    };
    whole.zip(part).and_then(|(whole, part)| whole.checked_add(part)).unwrap_or(u128::MAX)
}

/// The rate that is offered: the mid less the spread, cut to four decimals, or to eight where it is below 0.01.
fn offered(mid: Rate, spread_bps: u32) -> Result<Rate, PriceError> {
    let kept = WHOLE_BPS.checked_sub(u64::from(spread_bps)).filter(|kept| *kept > 0).ok_or(PriceError::NoRate)?;
    let decimals = |scale: u32| -> Option<Rate> {
        let product = u128::from(mid.mantissa()) * u128::from(kept) * 10_u128.pow(scale);
        let mantissa = product / (u128::from(WHOLE_BPS) * 10_u128.pow(mid.scale()));
        Rate::new(u64::try_from(mantissa).ok()?, scale)
    };
    match decimals(4).filter(|rate| rate.mantissa() >= 100) {
        Some(rate) => Ok(rate),
        None => decimals(8).ok_or(PriceError::NoRate),
    }
}

/// Half a minor unit up.
fn surcharge(invoice: Money, bps: u32) -> Option<Money> {
    let product = i128::from(invoice.minor()) * i128::from(bps);
    let whole = i128::from(WHOLE_BPS);
    i64::try_from((product + whole / 2) / whole).ok().map(|minor| Money::new(minor, invoice.asset()))
}

/// An amount in coins, rounded up to the coin's step.
fn exchange(total: Money, coin: Coin, rate: Rate) -> Option<Units> {
    let step = coin.step().number();
    let steps_per_coin = coin.unit() / step;
    let minor = u128::try_from(total.minor()).ok()?;
    let numerator = minor.checked_mul(10_u128.pow(rate.scale()))?.checked_mul(steps_per_coin)?;
    let denominator = u128::from(rate.mantissa()) * 10_u128.pow(total.asset().scale());
    numerator.div_ceil(denominator).checked_mul(step).map(Units::new)
}
