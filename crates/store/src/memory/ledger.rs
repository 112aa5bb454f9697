//! The book in memory: lines, balances, and the same audit that the drivers make.

use std::collections::BTreeMap;

use florin_kernel::ledger::{Account, Entry, Layer};
use florin_kernel::payment::Mode;
use florin_kernel::{Asset, PaymentId, Timestamp};

use super::Rows;
use crate::verify::{Moved, Says};
use crate::{Balance, EntryRow, LedgerReport, StoreError};

/// An entry's lines, one a transfer.
pub(super) fn lines(entry: &Entry, at: Timestamp) -> impl Iterator<Item = EntryRow> {
    entry.transfers.iter().map(move |transfer| EntryRow {
        event: entry.event.to_owned(),
        layer: match transfer.layer {
            Layer::Pending => "pending".to_owned(),
            Layer::Posted => "posted".to_owned(),
        },
        debit: transfer.debit.to_string(),
        credit: transfer.credit.to_string(),
        asset: transfer.amount.asset().code().to_owned(),
        amount_minor: transfer.amount.minor(),
        at,
    })
}

/// What an entry adds to an account's posted balance.
pub(super) fn posted(entry: &Entry, account: Account, asset: Asset) -> i64 {
    let of_account =
        entry.transfers.iter().filter(|transfer| transfer.layer == Layer::Posted && transfer.amount.asset() == asset);
    let minor = of_account.map(|transfer| {
        let credit = if transfer.credit == account { transfer.amount.minor() } else { 0 };
        let debit = if transfer.debit == account { transfer.amount.minor() } else { 0 };
        credit - debit
    });
    minor.sum()
}

impl Rows {
    pub(super) fn balances(&self) -> Vec<Balance> {
        let mut moved: BTreeMap<(String, &str, &str), (i64, i64)> = BTreeMap::new();
        for (_, book, line) in &self.entries {
            for (account, minor) in [(&line.debit, -line.amount_minor), (&line.credit, line.amount_minor)] {
                let (pending, posted) = moved.entry((book.to_string(), account, &line.asset)).or_default();
                *(if line.layer == "pending" { pending } else { posted }) += minor;
            }
        }
        let balance = |((book, account, asset), (pending_minor, posted_minor)): ((String, &str, &str), (i64, i64))| {
            Balance { book, account: account.to_owned(), asset: asset.to_owned(), pending_minor, posted_minor }
        };
        moved.into_iter().map(balance).collect()
    }

    /// An account's posted balance.
    pub(super) fn posted(&self, book: Mode, account: Account, asset: Asset) -> i64 {
        let (book, account) = (book.to_string(), account.to_string());
        let balances = self.balances();
        let own =
            |balance: &&Balance| balance.book == book && balance.account == account && balance.asset == asset.code();
        balances.iter().find(own).map_or(0, |balance| balance.posted_minor)
    }

    /// Every transfer counted, and compared with what the payments say.
    pub(super) fn verify(&self) -> Result<LedgerReport, StoreError> {
        let mut report = LedgerReport {
            transfers: self.entries.len() as u64,
            payments: self.payments.len() as u64,
            faults: Vec::new(),
        };
        for (payment, ..) in &self.entries {
            if !self.payments.contains_key(&payment.number()) {
                let number = payment.number();
                report.faults.push(format!("A ledger entry is of payment {number}, which does not exist."));
            }
        }
        for (id, row) in &self.payments {
            let faults = match Says::of(row.write.kind, *id, &row.write.document) {
                Ok(says) => says.disagreements(*id, |account| self.moved(*id, &says, account)),
                Err(fault) => vec![fault],
            };
            report.faults.extend(faults);
        }
        Ok(report)
    }

    fn moved(&self, id: i64, says: &Says, account: Account) -> Moved {
        let (account, asset) = (account.to_string(), says.asset.code());
        let mut moved = Moved::default();
        let own = |(of, book, line): &&(PaymentId, Mode, EntryRow)| {
            of.number() == id && *book == says.book && line.asset == asset
        };
        for (_, _, line) in self.entries.iter().filter(own) {
            let minor = match () {
                () if line.credit == account => line.amount_minor,
                () if line.debit == account => -line.amount_minor,
                () => 0,
            };
            *(if line.layer == "pending" { &mut moved.pending } else { &mut moved.posted }) += i128::from(minor);
        }
        moved
    }
}
