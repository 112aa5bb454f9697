//! The double-entry ledger: accounts, transfers and entries.
//!
//! A transfer takes one amount from a debit to a credit account, so every entry balances per asset by construction.
//! Entries are never changed or deleted; undoing is a new entry. Only [`chart`] makes entries.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::payment::Mode;
use crate::routing::ProviderId;
use crate::{MerchantId, Money};

pub mod chart;
#[cfg(test)]
mod tests;

/// A ledger account. Its printed form is its key in the store: `merchant:1:available`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Account {
    /// What a provider owes us or is about to: debits are money taken from payers.
    ProviderClearing(ProviderId),
    /// What we owe a merchant and may pay out.
    MerchantAvailable(MerchantId),
    /// A merchant's money set aside for withdrawals and payouts under way.
    MerchantHeld(MerchantId),
    /// A merchant's own money at its acquirer, as far as payouts of ours were made from it: debits are what they took.
    MerchantAtAcquirer(MerchantId),
    /// What merchants paid us for our service.
    Fees,
    /// Money of a merchant's payers that has no payment to belong to until an operator decides.
    Suspense(MerchantId),
    /// The gateway's own position between two currencies, per provider.
    FxPosition(ProviderId),
    /// Coins on a merchant's deposit addresses, confirmed: debits are what came.
    CoinDeposits(MerchantId),
    /// Coins accepted before their first confirmation.
    CoinsInFlight(MerchantId),
    /// Coins of a merchant's payers that nobody has accepted.
    CoinsUnallocated(MerchantId),
    /// Coins that went out of the hot wallet that pays a merchant's refunds: credits are what went.
    HotWallet(MerchantId),
    /// What payers paid for moving a merchant's deposits later.
    NetworkFeeIncome(MerchantId),
    /// What a merchant's refunds cost it in fees of the network.
    NetworkFeeCost(MerchantId),
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Account::ProviderClearing(provider) => write!(f, "provider:{provider}:clearing"),
            Account::MerchantAvailable(merchant) => write!(f, "merchant:{}:available", merchant.number()),
            Account::MerchantHeld(merchant) => write!(f, "merchant:{}:held", merchant.number()),
            Account::MerchantAtAcquirer(merchant) => write!(f, "merchant:{}:acquirer", merchant.number()),
            Account::Fees => f.write_str("fees"),
            Account::Suspense(merchant) => write!(f, "merchant:{}:suspense", merchant.number()),
            Account::FxPosition(provider) => write!(f, "provider:{provider}:fx"),
            Account::CoinDeposits(merchant) => write!(f, "merchant:{}:coins:deposits", merchant.number()),
            Account::CoinsInFlight(merchant) => write!(f, "merchant:{}:coins:in_flight", merchant.number()),
            Account::CoinsUnallocated(merchant) => write!(f, "merchant:{}:coins:unallocated", merchant.number()),
            Account::HotWallet(merchant) => write!(f, "merchant:{}:coins:hot_wallet", merchant.number()),
            Account::NetworkFeeIncome(merchant) => write!(f, "merchant:{}:coins:fee_income", merchant.number()),
            Account::NetworkFeeCost(merchant) => write!(f, "merchant:{}:coins:fee_cost", merchant.number()),
        }
    }
}

/// Whether money has moved or is only held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// A hold: an authorisation not yet captured.
    Pending,
    /// Money that moved.
    Posted,
}

/// One amount from one account to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Held or moved.
    pub layer: Layer,
    /// The account debited.
    pub debit: Account,
    /// The account credited.
    pub credit: Account,
    /// How much.
    pub amount: Money,
}

/// One business event in the book. Its transfers are written together with the state change that causes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The event, named after the function of [`chart`] that made it.
    pub event: &'static str,
    /// Test and live money are separate books.
    pub book: Mode,
    /// What moves; never empty.
    pub transfers: Vec<Transfer>,
}
