//! What waits for a person: withdrawals to be approved, transactions that are stuck, money in suspense.

use std::collections::BTreeMap;

use async_recursion::async_recursion as boxed;
use florin_kernel::withdrawal::Withdrawal;
use florin_kernel::{PaymentId, Timestamp, Transaction};
use florin_store::StoreError;
use florin_store::office::{BookRow, Standing, SuspenseQuery};
use jiff::SignedDuration;

use super::{Scope, Summary};
use crate::Engine;

/// So many standing transactions are read at a time, and so many are looked through for one page.
const READ_AT_ONCE: u32 = 200;
const LOOKED_AT_MAX: usize = 10_000;
/// So many transfers through suspense are read, the newest.
const SUSPENSE_MAX: u32 = 5_000;
/// A transaction whose time to wake came so long ago was not taken up by any worker.
const OVERDUE: SignedDuration = SignedDuration::from_mins(2);

/// Why a transaction is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its provider gives no clear answer.
    Unknown,
    /// Screening found something; a person decides.
    Review,
    /// Its time to wake has come, and no worker has taken it up.
    Overdue,
}

/// A transaction that is stuck.
#[derive(Clone, Debug, PartialEq)]
pub struct Stuck {
    /// It.
    pub row: Summary,
    /// Why.
    pub why: Why,
    /// When something is to be done about it next, by its merchant's clock.
    pub wake_at: Option<Timestamp>,
}

/// A transaction with money in suspense.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspended {
    /// Whose.
    pub payment: PaymentId,
    /// The asset's code.
    pub asset: String,
    /// What of its money is in suspense, in minor units; negative: it went out and is missed.
    pub minor: i64,
    /// When it came there last.
    pub at: Timestamp,
}

/// A page of what waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting<T> {
    /// It, the oldest first.
    pub rows: Vec<T>,
    /// After what to go on; nothing: that is all. With fewer rows than were asked for, only a part was looked through so far.
    pub onward: Option<PaymentId>,
}

/// Transactions that are stuck.
#[derive(Clone, Debug, PartialEq)]
pub struct AllStuck {
    /// They.
    pub rows: Vec<Stuck>,
    /// Whether there may be others.
    pub more: bool,
}

impl Engine {
    /// Withdrawals of a scope that wait for an approval, the oldest first, those after one.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn office_approvals(
        &self,
        scope: Scope,
        after: Option<PaymentId>,
        limit: u32,
    ) -> Result<Waiting<Withdrawal>, StoreError> {
        let Waiting { rows, onward } = self.standing(scope, "awaiting_approval", after, limit).await?;
        Ok(Waiting { rows: rows.into_iter().filter_map(Transaction::withdrawal).collect(), onward })
    }

    /// Transactions of a scope that are stuck, at most so many of each reason.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn office_stuck(&self, scope: Scope, limit: u32) -> Result<AllStuck, StoreError> {
        let (mut stuck, mut more) = (Vec::new(), false);
        for (word, why) in [("unknown", Why::Unknown), ("review", Why::Review)] {
            let found = self.standing(scope, word, None, limit).await?;
            more |= found.onward.is_some();
            stuck.extend(found.rows.iter().map(|transaction| told(transaction, why)));
        }
        let overdue = self.store.due_payments(self.clocks.wall() - OVERDUE, limit).await?;
        more |= overdue.len() == limit as usize;
        for id in overdue {
            let found = self.office_transaction(scope, id).await?;
            let known = stuck.iter().any(|stuck: &Stuck| stuck.row.id == id);
            stuck.extend(found.filter(|_| !known).map(|transaction| told(&transaction, Why::Overdue)));
        }
        Ok(AllStuck { rows: stuck, more })
    }

    /// Money of a scope in suspense, by transaction, the newest first; and whether there may be more, further back.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn office_suspense(&self, scope: Scope) -> Result<(Vec<Suspended>, bool), StoreError> {
        let query = SuspenseQuery { book: scope.mode, before: None, limit: SUSPENSE_MAX };
        let rows = self.store.office().suspense(query).await?;
        let more = rows.len() == SUSPENSE_MAX as usize;
        Ok((suspended(&rows, scope), more))
    }

    async fn standing(
        &self,
        scope: Scope,
        word: &'static str,
        mut after: Option<PaymentId>,
        limit: u32,
    ) -> Result<Waiting<Transaction>, StoreError> {
        let (mut rows, mut looked_at): (Vec<Transaction>, usize) = (Vec::new(), 0);
        loop {
            let query = Standing { mode: scope.mode, word, after, limit: READ_AT_ONCE };
            let some = self.store.office().standing(query).await?;
            let is_last = some.len() < READ_AT_ONCE as usize;
            looked_at += some.len();
            after = some.last().map(Transaction::id).or(after);
            for transaction in some.into_iter().filter(|transaction| scope.has(transaction)) {
                if rows.len() == limit as usize {
                    let onward = rows.last().map(Transaction::id);
                    return Ok(Waiting { rows, onward });
                }
                rows.push(transaction);
            }
            match (is_last, looked_at >= LOOKED_AT_MAX) {
                (true, _) => return Ok(Waiting { rows, onward: None }),
                (false, true) => return Ok(Waiting { rows, onward: after }),
                (false, false) => {}
            }
        }
    }
}

fn told(transaction: &Transaction, why: Why) -> Stuck {
    let wake_at = match transaction {
        Transaction::Payment(payment) => payment.wake_at(),
        Transaction::Withdrawal(withdrawal) => withdrawal.wake_at(),
        Transaction::Coin(coin) => florin_kernel::Aggregate::wake_at(&**coin),
    };
    Stuck { row: Summary::of(transaction), why, wake_at }
}

/// What is left in suspense, by transaction and asset.
pub(super) fn suspended(rows: &[BookRow], scope: Scope) -> Vec<Suspended> {
    let own = scope.merchant.map(|merchant| format!("merchant:{}:suspense", merchant.number()));
    let is_suspense = |account: &str| match &own {
        Some(own) => account == own,
        None => account.starts_with("merchant:") && account.ends_with(":suspense"),
    };
    let mut sums: BTreeMap<(PaymentId, &str), (i64, Timestamp)> = BTreeMap::new();
    for BookRow { payment, row, .. } in rows {
        let minor = match () {
            () if is_suspense(&row.credit) => row.amount_minor,
            () if is_suspense(&row.debit) => -row.amount_minor,
            () => continue,
        };
        let sum = sums.entry((*payment, row.asset.as_str())).or_insert((0, row.at));
        *sum = (sum.0 + minor, sum.1.max(row.at));
    }
    let left = sums.into_iter().filter(|(_, (minor, _))| *minor != 0);
    let told = |((payment, asset), (minor, at)): ((PaymentId, &str), (i64, Timestamp))| Suspended {
        payment,
        asset: asset.to_owned(),
        minor,
        at,
    };
    let mut suspended: Vec<Suspended> = left.map(told).collect();
    suspended.sort_by_key(|suspended| std::cmp::Reverse(suspended.at));
    suspended
}
