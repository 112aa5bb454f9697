//! Every posting Florin makes, one function per business event.
//!
//! Debits of a clearing account are money that came in through the provider, credits money that went out.

use super::{Account, Entry, Layer, Transfer};
use crate::payment::Mode;
use crate::routing::ProviderId;
use crate::{MerchantId, Money};

/// Whose money moves, through whom, and how much on each side.
///
/// `moved` differs from `credited` only where the provider moves another currency (cashier contract, section 12).
#[derive(Clone, Copy, Debug)]
pub struct Movement {
    /// Test or live.
    pub book: Mode,
    /// The merchant.
    pub merchant: MerchantId,
    /// The provider.
    pub provider: ProviderId,
    /// In the currency the merchant asked in.
    pub credited: Money,
    /// In the currency the provider moves.
    pub moved: Money,
}

impl Movement {
    fn entry(&self, event: &'static str, transfers: Vec<Transfer>) -> Entry {
        Entry { event, book: self.book, transfers }
    }

    fn available(&self) -> Account {
        Account::MerchantAvailable(self.merchant)
    }

    /// From the provider's clearing account to `to`, each currency balanced by itself.
    fn inward(&self, layer: Layer, to: Account) -> Vec<Transfer> {
        let clearing = Account::ProviderClearing(self.provider);
        if self.credited.asset() == self.moved.asset() {
            return vec![Transfer { layer, debit: clearing, credit: to, amount: self.credited }];
        }
        let position = Account::FxPosition(self.provider);
        let mut transfers = vec![
            Transfer { layer, debit: clearing, credit: position, amount: self.moved },
            Transfer { layer, debit: position, credit: to, amount: self.credited },
        ];
        // A rest may be too small to be anything in the other currency.
        transfers.retain(|transfer| !transfer.amount.is_zero());
        transfers
    }

    fn outward(&self, layer: Layer, from: Account) -> Vec<Transfer> {
        let mut transfers = self.inward(layer, from);
        for transfer in &mut transfers {
            std::mem::swap(&mut transfer.debit, &mut transfer.credit);
        }
        transfers
    }
}

/// A provider holds the payer's money for us.
pub fn authorised(movement: &Movement) -> Entry {
    movement.entry("authorised", movement.inward(Layer::Pending, movement.available()))
}

/// A hold ends without money moving: voided, expired.
pub fn hold_released(movement: &Movement) -> Entry {
    movement.entry("hold_released", movement.outward(Layer::Pending, movement.available()))
}

/// Money taken at once, without a hold before it.
pub fn captured(movement: &Movement) -> Entry {
    movement.entry("captured", movement.inward(Layer::Posted, movement.available()))
}

/// Money taken out of a hold: the hold shrinks by what is posted; on the provider's side by `released`, which differs from
/// what moved only where parts of a conversion were rounded.
pub fn captured_from_hold(movement: &Movement, released: Money) -> Entry {
    let hold = Movement { moved: released, ..*movement };
    let mut transfers = hold.outward(Layer::Pending, movement.available());
    transfers.extend(movement.inward(Layer::Posted, movement.available()));
    movement.entry("captured_from_hold", transfers)
}

/// Money given back to the payer.
pub fn refunded(movement: &Movement) -> Entry {
    movement.entry("refunded", movement.outward(Layer::Posted, movement.available()))
}

/// Money the payer's bank took back.
pub fn charged_back(movement: &Movement) -> Entry {
    movement.entry("charged_back", movement.outward(Layer::Posted, movement.available()))
}

/// A chargeback won: the money returns.
pub fn chargeback_reversed(movement: &Movement) -> Entry {
    movement.entry("chargeback_reversed", movement.inward(Layer::Posted, movement.available()))
}

/// Money that arrived for a payment that had ended; an operator decides (product rule 8).
pub fn late_money(movement: &Movement) -> Entry {
    movement.entry("late_money", movement.inward(Layer::Posted, Account::Suspense(movement.merchant)))
}

/// Money that went out although its refund had been given up; an operator decides.
pub fn late_refund(movement: &Movement) -> Entry {
    movement.entry("late_refund", movement.outward(Layer::Posted, Account::Suspense(movement.merchant)))
}

/// Late money that the payer's bank took back before an operator decided.
pub fn late_money_charged_back(movement: &Movement) -> Entry {
    movement.entry("late_money_charged_back", movement.outward(Layer::Posted, Account::Suspense(movement.merchant)))
}

/// The operator accepts late money: it becomes the merchant's.
pub fn suspense_accepted(movement: &Movement) -> Entry {
    let (debit, credit) = (Account::Suspense(movement.merchant), movement.available());
    movement
        .entry("suspense_accepted", vec![Transfer { layer: Layer::Posted, debit, credit, amount: movement.credited }])
}

/// The operator gives late money back to the payer.
pub fn suspense_refunded(movement: &Movement) -> Entry {
    movement.entry("suspense_refunded", movement.outward(Layer::Posted, Account::Suspense(movement.merchant)))
}

/// Our fee, taken from what the merchant may pay out.
pub fn fee_charged(movement: &Movement) -> Entry {
    let (debit, credit) = (movement.available(), Account::Fees);
    movement.entry("fee_charged", vec![Transfer { layer: Layer::Posted, debit, credit, amount: movement.credited }])
}

/// A withdrawal or payout is set aside (cashier contract, section 9).
pub fn withdrawal_held(movement: &Movement) -> Entry {
    let (debit, credit) = (movement.available(), Account::MerchantHeld(movement.merchant));
    movement.entry("withdrawal_held", vec![Transfer { layer: Layer::Posted, debit, credit, amount: movement.credited }])
}

/// A withdrawal or payout that was not made gives its money free again.
pub fn withdrawal_released(movement: &Movement) -> Entry {
    let (debit, credit) = (Account::MerchantHeld(movement.merchant), movement.available());
    movement
        .entry("withdrawal_released", vec![Transfer { layer: Layer::Posted, debit, credit, amount: movement.credited }])
}

/// A withdrawal or payout that the provider made.
pub fn withdrawal_paid(movement: &Movement) -> Entry {
    movement.entry("withdrawal_paid", movement.outward(Layer::Posted, Account::MerchantHeld(movement.merchant)))
}

/// A payout that the receiving bank sent back.
pub fn withdrawal_returned(movement: &Movement) -> Entry {
    movement.entry("withdrawal_returned", movement.inward(Layer::Posted, movement.available()))
}

/// A payout that the acquirer made from the merchant's own money there (v3 contract, section 10.3).
pub fn acquirer_payout_made(movement: &Movement) -> Entry {
    movement
        .entry("acquirer_payout_made", movement.outward(Layer::Posted, Account::MerchantAtAcquirer(movement.merchant)))
}

/// Such a payout that the receiving bank sent back.
pub fn acquirer_payout_returned(movement: &Movement) -> Entry {
    let own = Account::MerchantAtAcquirer(movement.merchant);
    movement.entry("acquirer_payout_returned", movement.inward(Layer::Posted, own))
}

/// Money that went out although its withdrawal had been given up and its hold released; an operator decides.
pub fn late_payout(movement: &Movement) -> Entry {
    movement.entry("late_payout", movement.outward(Layer::Posted, Account::Suspense(movement.merchant)))
}

/// A late payout that the receiving bank sent back before an operator decided.
pub fn late_payout_returned(movement: &Movement) -> Entry {
    movement.entry("late_payout_returned", movement.inward(Layer::Posted, Account::Suspense(movement.merchant)))
}

/// Coins of a merchant's payment, in the coin itself: nobody exchanges them, so that what they are worth in another currency is the
/// payment's to tell (crypto contract, section 6).
#[derive(Clone, Copy, Debug)]
pub struct CoinMovement {
    /// Test or live.
    pub book: Mode,
    /// The merchant.
    pub merchant: MerchantId,
    /// How much, cut to what the book counts.
    pub amount: Money,
}

impl CoinMovement {
    fn entry(&self, event: &'static str, debit: Account, credit: Account) -> Entry {
        let transfer = Transfer { layer: Layer::Posted, debit, credit, amount: self.amount };
        Entry { event, book: self.book, transfers: vec![transfer] }
    }

    fn deposits(&self) -> Account {
        Account::CoinDeposits(self.merchant)
    }

    fn in_flight(&self) -> Account {
        Account::CoinsInFlight(self.merchant)
    }

    fn unallocated(&self) -> Account {
        Account::CoinsUnallocated(self.merchant)
    }

    fn available(&self) -> Account {
        Account::MerchantAvailable(self.merchant)
    }

    fn hot_wallet(&self) -> Account {
        Account::HotWallet(self.merchant)
    }
}

/// Coins have the confirmations that were asked for.
pub fn coins_confirmed(moved: &CoinMovement) -> Entry {
    moved.entry("coins_confirmed", moved.deposits(), moved.unallocated())
}

/// A reorganisation or a double spend took the confirmations away.
pub fn coins_reversed(moved: &CoinMovement) -> Entry {
    moved.entry("coins_reversed", moved.unallocated(), moved.deposits())
}

/// Coins are accepted before their first confirmation.
pub fn coins_in_flight(moved: &CoinMovement) -> Entry {
    moved.entry("coins_in_flight", moved.in_flight(), moved.unallocated())
}

/// They are in a block, or accepted no longer.
pub fn coins_landed(moved: &CoinMovement) -> Entry {
    moved.entry("coins_landed", moved.unallocated(), moved.in_flight())
}

/// Coins become the merchant's.
pub fn coins_accepted(moved: &CoinMovement) -> Entry {
    moved.entry("coins_accepted", moved.unallocated(), moved.available())
}

/// They are the merchant's no longer.
pub fn coin_acceptance_reversed(moved: &CoinMovement) -> Entry {
    moved.entry("coin_acceptance_reversed", moved.available(), moved.unallocated())
}

/// The part of an accepted sum that the payer paid for moving it later.
pub fn network_fee_earned(moved: &CoinMovement) -> Entry {
    moved.entry("network_fee_earned", moved.unallocated(), Account::NetworkFeeIncome(moved.merchant))
}

/// That part of a sum that is accepted no longer.
pub fn network_fee_reversed(moved: &CoinMovement) -> Entry {
    moved.entry("network_fee_reversed", Account::NetworkFeeIncome(moved.merchant), moved.unallocated())
}

/// An excess too small to be sent back becomes the merchant's.
pub fn small_excess_credited(moved: &CoinMovement) -> Entry {
    moved.entry("small_excess_credited", moved.unallocated(), moved.available())
}

/// It is an excess no longer, or not small any more.
pub fn small_excess_reversed(moved: &CoinMovement) -> Entry {
    moved.entry("small_excess_reversed", moved.available(), moved.unallocated())
}

/// Coins that nobody accepted went back to the payer.
pub fn unaccepted_coins_refunded(moved: &CoinMovement) -> Entry {
    moved.entry("unaccepted_coins_refunded", moved.unallocated(), moved.hot_wallet())
}

/// The block that held such a refund was replaced.
pub fn unaccepted_coin_refund_reversed(moved: &CoinMovement) -> Entry {
    moved.entry("unaccepted_coin_refund_reversed", moved.hot_wallet(), moved.unallocated())
}

/// Coins of the merchant's went back to the payer.
pub fn coins_refunded(moved: &CoinMovement) -> Entry {
    moved.entry("coins_refunded", moved.available(), moved.hot_wallet())
}

/// The block that held such a refund was replaced.
pub fn coin_refund_reversed(moved: &CoinMovement) -> Entry {
    moved.entry("coin_refund_reversed", moved.hot_wallet(), moved.available())
}

/// The network's fee for a refund, at the merchant's cost.
pub fn refund_fee_paid(moved: &CoinMovement) -> Entry {
    moved.entry("refund_fee_paid", Account::NetworkFeeCost(moved.merchant), moved.hot_wallet())
}

/// The block that held the refund was replaced.
pub fn refund_fee_reversed(moved: &CoinMovement) -> Entry {
    moved.entry("refund_fee_reversed", moved.hot_wallet(), Account::NetworkFeeCost(moved.merchant))
}
