//! What a coin payment has in the book. It is computed from the payment; a decision writes the difference between before and after.
//! So whatever a reorganised chain takes away is undone by exactly the opposite entries, once, and what comes back is booked anew.

use super::{CoinPayment, RefundSource, RefundStatus, State, Units};
use crate::Money;
use crate::ledger::Entry;
use crate::ledger::chart::{self, CoinMovement};
use crate::ports::chain::SignedTransaction;
use crate::sabotage::{Defect, is_planted};

/// What stands in the book, in minor units of the coin, cut; of the network's fee coin for fees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// Outputs with the confirmations that were asked for.
    confirmed: i64,
    /// Accepted without them.
    in_flight: i64,
    /// The merchant's.
    net: i64,
    /// What the payer paid for moving the deposit later.
    network_fee: i64,
    /// An excess too small to be sent back, the merchant's too.
    small_excess: i64,
    /// Paid back from what nobody accepted.
    refunded_opened: i64,
    /// Paid back from what was the merchant's.
    refunded_accepted: i64,
    /// Fees of refunds.
    refund_fees: i64,
}

impl CoinPayment {
    fn minor(&self, units: Units) -> i64 {
        units.money(self.price.coin).map_or(i64::MAX, Money::minor)
    }

    pub(super) fn position(&self) -> Position {
        let confirmed: Units = self.deposits.iter().filter(|deposit| deposit.booked).map(|deposit| deposit.units).sum();
        let accepted = match (&self.state, &self.acceptance) {
            (State::Confirmed | State::ZeroConfirmed, Some(accepted)) => accepted.units,
            (
                State::Waiting
                | State::Underpaid
                | State::Processing { .. }
                | State::Blocked
                | State::Cancelled(_)
                | State::Confirmed
                | State::ZeroConfirmed,
                _,
            ) => Units::ZERO,
        };
        let excess = confirmed.less(accepted);
        let small = self.state == State::Confirmed && self.excess() < self.terms.refund_minimum;
        let network_fee = self.minor(self.price.network_fee.min(accepted));
        let done = |source| -> Units {
            let done = self.refunds.iter().filter(|refund| refund.block().is_some() && refund.source == source);
            done.map(|refund| refund.units).sum()
        };
        Position {
            confirmed: self.minor(confirmed),
            in_flight: (self.minor(accepted) - self.minor(confirmed)).max(0),
            net: self.minor(accepted) - network_fee,
            network_fee,
            small_excess: if small { self.minor(confirmed) - self.minor(confirmed.less(excess)) } else { 0 },
            refunded_opened: self.minor(done(RefundSource::Opened)),
            refunded_accepted: self.minor(done(RefundSource::Accepted)),
            refund_fees: self.refund_fees(),
        }
    }

    fn refund_fees(&self) -> i64 {
        let done = self.refunds.iter().filter(|refund| matches!(refund.status, RefundStatus::Done(_)));
        let fees: Units = done.filter_map(|refund| refund.transaction.as_ref()).map(SignedTransaction::fee_units).sum();
        fees.money(self.price.fee_coin()).map_or(i64::MAX, Money::minor)
    }

    /// What it says of its merchant's own account: accepted, an excess too small to be sent back, less what was paid back of it.
    pub fn has_for_merchant(&self) -> Money {
        let position = self.position();
        let minor = position.net + position.small_excess - position.refunded_accepted;
        Money::new(minor, crate::Asset::Coin(self.price.coin))
    }

    /// What it says of coins that belong to nobody yet.
    pub fn unallocated(&self) -> Money {
        let position = self.position();
        let given = position.net + position.network_fee + position.small_excess + position.refunded_opened;
        Money::new(position.confirmed + position.in_flight - given, crate::Asset::Coin(self.price.coin))
    }

    /// The entries that lead from what the book says to what it is to say.
    pub(super) fn entries_since(&self, before: &Position) -> Vec<Entry> {
        let after = self.position();
        let mut entries = Vec::new();
        let (book, merchant) = (self.mode, self.merchant);
        let coin = crate::Asset::Coin(self.price.coin);
        let of = |minor: i64, asset| CoinMovement { book, merchant, amount: Money::new(minor, asset) };
        let mut moved =
            |was: i64, is: i64, asset, forth: fn(&CoinMovement) -> Entry, back: fn(&CoinMovement) -> Entry| match is
                - was
            {
                0 => {}
                more if more > 0 => entries.push(forth(&of(more, asset))),
                _ if is_planted(Defect::ReversalNotBooked) => {}
                less => entries.push(back(&of(-less, asset))),
            };
        moved(before.confirmed, after.confirmed, coin, chart::coins_confirmed, chart::coins_reversed);
        moved(before.in_flight, after.in_flight, coin, chart::coins_in_flight, chart::coins_landed);
        moved(before.net, after.net, coin, chart::coins_accepted, chart::coin_acceptance_reversed);
        moved(before.network_fee, after.network_fee, coin, chart::network_fee_earned, chart::network_fee_reversed);
        let small = (before.small_excess, after.small_excess);
        moved(small.0, small.1, coin, chart::small_excess_credited, chart::small_excess_reversed);
        let opened = (before.refunded_opened, after.refunded_opened);
        moved(opened.0, opened.1, coin, chart::unaccepted_coins_refunded, chart::unaccepted_coin_refund_reversed);
        let accepted = (before.refunded_accepted, after.refunded_accepted);
        moved(accepted.0, accepted.1, coin, chart::coins_refunded, chart::coin_refund_reversed);
        let fee_asset = crate::Asset::Coin(self.price.fee_coin());
        let fees = (before.refund_fees, after.refund_fees);
        moved(fees.0, fees.1, fee_asset, chart::refund_fee_paid, chart::refund_fee_reversed);
        entries
    }
}
