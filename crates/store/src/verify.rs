//! Replaying the book: what is counted and how it is compared. Pure; a driver tells it every row in its own way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use florin_kernel::Asset;
use florin_kernel::coin::CoinPayment;
use florin_kernel::ledger::Account;
use florin_kernel::payment::{Mode, Payment, State};
use florin_kernel::withdrawal::Withdrawal;
use florin_kernel::{Kind, Transaction};

use crate::{LedgerReport, query};

#[cfg(test)]
mod tests;

/// Faults told in full; a broken book may have millions.
const FAULTS_MAX: usize = 1_000;

/// What moved on one account, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) pending: i128,
    pub(crate) posted: i128,
}

/// By book, account and asset.
pub(crate) type Accounts = BTreeMap<(String, String, String), Moved>;

/// One transfer as its row says it.
pub(crate) struct Counted<'r> {
    pub(crate) book: &'r str,
    pub(crate) layer: &'r str,
    pub(crate) debit: &'r str,
    pub(crate) credit: &'r str,
    pub(crate) asset: &'r str,
    pub(crate) amount_minor: i64,
}

/// A replay under way.
#[derive(Default)]
pub(crate) struct Replay {
    accounts: Accounts,
    pub(crate) report: LedgerReport,
    /// Rows counted and compared, for whoever waits.
    looked_at: Arc<AtomicU64>,
}

impl Replay {
    /// One whose steps are counted for whoever waits.
    pub(crate) fn watched(looked_at: Arc<AtomicU64>) -> Replay {
        Replay { looked_at, ..Replay::default() }
    }

    /// Notes what does not agree.
    pub(crate) fn fault(&mut self, sentence: String) {
        match self.report.faults.len() {
            count if count < FAULTS_MAX => self.report.faults.push(sentence),
            FAULTS_MAX => self.report.faults.push(format!("There are more than {FAULTS_MAX} faults.")),
            _ => {}
        }
    }

    /// Counts a transfer.
    pub(crate) fn count(&mut self, transfer: &Counted<'_>) {
        self.report.transfers += 1;
        self.looked_at.fetch_add(1, Ordering::Relaxed);
        let amount = i128::from(transfer.amount_minor);
        for (account, amount) in [(transfer.debit, -amount), (transfer.credit, amount)] {
            let key = (transfer.book.to_owned(), account.to_owned(), transfer.asset.to_owned());
            let moved = self.accounts.entry(key).or_default();
            match transfer.layer {
                "pending" => moved.pending += amount,
                _ => moved.posted += amount,
            }
        }
    }

    /// Compares what the rollups say with what was counted up to where they stand.
    pub(crate) fn compare_rollups(&mut self, stored: &Accounts) {
        let mut accounts: Vec<_> = stored.keys().chain(self.accounts.keys()).cloned().collect();
        accounts.sort();
        accounts.dedup();
        for account in accounts {
            let told = stored.get(&account).copied().unwrap_or_default();
            let counted = self.accounts.get(&account).copied().unwrap_or_default();
            if told != counted {
                let (book, name, asset) = account;
                self.fault(format!(
                    "The rollup of {name} in the {book} book says {} {asset} posted and {} pending in minor units; \
                     its transfers say {} and {}.",
                    told.posted, told.pending, counted.posted, counted.pending
                ));
            }
        }
    }

    /// Each book and asset sums to zero over all accounts, as the rollups tell them.
    pub(crate) fn compare_balance(&mut self, stored: &Accounts) {
        let mut sums: BTreeMap<(&str, &str), Moved> = BTreeMap::new();
        for ((book, _, asset), moved) in stored {
            let sum = sums.entry((book, asset)).or_default();
            sum.pending += moved.pending;
            sum.posted += moved.posted;
        }
        for ((book, asset), sum) in sums {
            if sum != Moved::default() {
                self.fault(format!(
                    "The {book} book does not balance: {asset} sums to {} posted and {} pending in minor units.",
                    sum.posted, sum.pending
                ));
            }
        }
    }

    /// Notes payments that were compared.
    pub(crate) fn compared(&mut self, payments: u64) {
        self.report.payments += payments;
        self.looked_at.fetch_add(payments, Ordering::Relaxed);
    }

    /// A transfer whose payment is not there.
    pub(crate) fn astray(&mut self, entry: &impl std::fmt::Display, payment: i64) {
        self.fault(format!("Ledger entry {entry} is of payment {payment}, which does not exist."));
    }
}

/// What a payment or withdrawal says that it moved on its merchant's accounts.
pub(crate) struct Says {
    pub(crate) book: Mode,
    pub(crate) asset: Asset,
    /// What it says of each account; its transfers must say the same.
    pub(crate) accounts: Vec<(Account, Moved)>,
    noun: &'static str,
}

impl Says {
    /// Reads a document.
    ///
    /// # Errors
    /// The fault, when it cannot be read.
    pub(crate) fn of(kind: Kind, id: i64, document: &str) -> Result<Says, String> {
        match query::read(kind, id, document) {
            Ok(Transaction::Payment(payment)) => Ok(Says::of_payment(&payment)),
            Ok(Transaction::Withdrawal(withdrawal)) => Ok(Says::of_withdrawal(&withdrawal)),
            Ok(Transaction::Coin(coin)) => Ok(Says::of_coins(&coin)),
            Err(error) => Err(format!("{error}.")),
        }
    }

    /// What is held and what the merchant has of a payment.
    fn of_payment(payment: &Payment) -> Says {
        let (pending, posted) = match &payment.state {
            State::Funded(funds) => {
                let left = funds.captured.minor() - funds.refunded.minor() - funds.charged_back.minor();
                (funds.held.minor(), left)
            }
            State::Created
            | State::PendingPayer { .. }
            | State::Pending { .. }
            | State::Unknown { .. }
            | State::Ended(_) => (0, 0),
        };
        let available = Account::MerchantAvailable(payment.merchant);
        Says {
            book: payment.mode,
            asset: payment.asked.asset(),
            accounts: vec![(available, Moved { pending: pending.into(), posted: posted.into() })],
            noun: "Payment",
        }
    }

    /// What a withdrawal has taken from the merchant, and what of it is still set aside.
    fn of_withdrawal(withdrawal: &Withdrawal) -> Says {
        let posted = |minor: i64| Moved { pending: 0, posted: minor.into() };
        Says {
            book: withdrawal.mode,
            asset: withdrawal.asked.asset(),
            accounts: vec![
                (Account::MerchantAvailable(withdrawal.merchant), posted(-withdrawal.taken().minor())),
                (Account::MerchantHeld(withdrawal.merchant), posted(withdrawal.held().minor())),
                (Account::MerchantAtAcquirer(withdrawal.merchant), posted(-withdrawal.taken_at_acquirer().minor())),
            ],
            noun: "Withdrawal",
        }
    }

    /// What of a coin payment is the merchant's, and what belongs to nobody yet.
    fn of_coins(payment: &CoinPayment) -> Says {
        let posted = |minor: i64| Moved { pending: 0, posted: minor.into() };
        Says {
            book: payment.mode,
            asset: Asset::Coin(payment.price.coin),
            accounts: vec![
                (Account::MerchantAvailable(payment.merchant), posted(payment.has_for_merchant().minor())),
                (Account::CoinsUnallocated(payment.merchant), posted(payment.unallocated().minor())),
            ],
            noun: "Coin payment",
        }
    }

    /// The faults: accounts on which its transfers moved something else.
    pub(crate) fn disagreements(&self, id: i64, moved: impl Fn(Account) -> Moved) -> Vec<String> {
        let disagreement = |(account, says): &(Account, Moved)| {
            let moved = moved(*account);
            (moved != *says).then(|| {
                format!(
                    "{} {id} says {} {asset} posted and {} pending on {account} in minor units; its transfers say {} and {}.",
                    self.noun,
                    says.posted,
                    says.pending,
                    moved.posted,
                    moved.pending,
                    asset = self.asset.code(),
                )
            })
        };
        self.accounts.iter().filter_map(disagreement).collect()
    }
}
