//! The book as people read it: accounts with their balances, whether it balances, one account line by line, and the audit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_recursion::async_recursion as boxed;
use florin_kernel::{Asset, Timestamp};
use florin_store::office::{Statement, StatementMark, StatementQuery};
use florin_store::{Balance, LedgerReport, StoreError};

use super::statement::Account;
use super::{Scope, Shared};
use crate::Engine;

/// An account in one asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountBalance {
    /// The account's printed form.
    pub account: String,
    /// The asset's code.
    pub asset: String,
    /// Credits less debits of money that moved, in minor units.
    pub posted_minor: i64,
    /// The same of holds.
    pub pending_minor: i64,
}

/// The accounts of an asset summed up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialBalance {
    /// The asset.
    pub asset: Asset,
    /// The sum of all accounts whose debits outweigh, as a positive number of minor units.
    pub debit_minor: i128,
    /// The sum of all accounts whose credits outweigh.
    pub credit_minor: i128,
}

impl TrialBalance {
    /// Whether both sides are equal, as they must be.
    pub fn balances(&self) -> bool {
        self.debit_minor == self.credit_minor
    }
}

/// An audit of the whole book under way, or done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// When it was begun, by the wall clock.
    pub begun_at: Timestamp,
    /// Rows looked at so far.
    pub looked_at: u64,
    /// What it found, once it is done.
    pub report: Option<Result<LedgerReport, String>>,
}

/// The last audit of this process.
#[derive(Default)]
pub(crate) struct Audit(std::sync::Mutex<Option<Running>>);

struct Running {
    begun_at: Timestamp,
    looked_at: Arc<AtomicU64>,
    report: Option<Result<LedgerReport, String>>,
}

impl Engine {
    /// The accounts of a scope: a merchant's own, or all.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn office_accounts(&self, scope: Scope) -> Result<Vec<AccountBalance>, StoreError> {
        let book = scope.mode.to_string();
        let own = |balance: &Balance| balance.book == book && sees(scope, &balance.account);
        let balances = self.store.balances().await?.into_iter().filter(own);
        Ok(balances
            .map(|balance| AccountBalance {
                account: balance.account,
                asset: balance.asset,
                posted_minor: balance.posted_minor,
                pending_minor: balance.pending_minor,
            })
            .collect())
    }

    /// Debits and credits of the whole book, by asset.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn office_trial_balance(
        &self,
        book: florin_kernel::payment::Mode,
    ) -> Result<Vec<TrialBalance>, StoreError> {
        let accounts = self.office_accounts(Scope { mode: book, merchant: None }).await?;
        Ok(trial_balance(&accounts))
    }

    /// A page of an account of a scope from a place on, the newest transfer first; nothing where the account is another's.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn office_statement_page(
        &self,
        scope: Scope,
        account: &Account,
        beyond: Option<StatementMark>,
        limit: u32,
    ) -> Result<Option<Statement>, StoreError> {
        self.office_statement(scope, account.query(scope, beyond, limit)).await
    }

    /// A page of an account of a scope, the newest transfer first; nothing where the account is another's. The book is the scope's.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn office_statement(&self, scope: Scope, query: StatementQuery) -> Result<Option<Statement>, StoreError> {
        if !sees(scope, &query.account) {
            return Ok(None);
        }
        self.store.office().statement(StatementQuery { book: scope.mode, ..query }).await.map(Some)
    }

    /// Begins an audit of the whole book, unless one is under way; it goes on in a task.
    pub fn office_verify(self: &Shared) -> Verification {
        let mut last = self.audit.0.lock().expect("no holder of the lock panics");
        if last.as_ref().is_none_or(|running| running.report.is_some()) {
            let looked_at = Arc::<AtomicU64>::default();
            *last = Some(Running { begun_at: self.clocks.wall(), looked_at: looked_at.clone(), report: None });
            let engine = self.clone();
            self.tasks.spawn(async move {
                let report = engine.store.office().verify(looked_at).await.map_err(|error| error.to_string());
                let mut last = engine.audit.0.lock().expect("no holder of the lock panics");
                if let Some(running) = last.as_mut() {
                    running.report = Some(report);
                }
            });
        }
        told(last.as_ref()).expect("one was just begun, if there was none")
    }

    /// The last audit that was begun in this process.
    pub fn office_verification(&self) -> Option<Verification> {
        told(self.audit.0.lock().expect("no holder of the lock panics").as_ref())
    }
}

fn told(running: Option<&Running>) -> Option<Verification> {
    let Running { begun_at, looked_at, report } = running?;
    let looked_at = looked_at.load(Ordering::Relaxed);
    Some(Verification { begun_at: *begun_at, looked_at, report: report.clone() })
}

/// Debits and credits by asset.
pub(super) fn trial_balance(accounts: &[AccountBalance]) -> Vec<TrialBalance> {
    let mut sums: BTreeMap<&str, (i128, i128)> = BTreeMap::new();
    for account in accounts {
        let (debit, credit) = sums.entry(&account.asset).or_default();
        match i128::from(account.posted_minor) {
            minor @ ..0 => *debit -= minor,
            minor @ 0.. => *credit += minor,
        }
    }
    let told = |(code, (debit_minor, credit_minor)): (&str, (i128, i128))| {
        Some(TrialBalance { asset: Asset::from_code(code)?, debit_minor, credit_minor })
    };
    sums.into_iter().filter_map(told).collect()
}

/// Whether a scope may see an account.
fn sees(scope: Scope, account: &str) -> bool {
    scope.merchant.is_none_or(|merchant| account.starts_with(&format!("merchant:{}:", merchant.number())))
}
