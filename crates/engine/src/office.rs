//! What the back office reads and does: lists, timelines, figures, statements, and what an operator decides.
//!
//! Everything here is beside the way of a payment. Questions that no index answers look at a bounded number of rows and say where to
//! go on; figures of money are sums over the book and nothing else. Who may ask is the portal's to know: a [`Scope`] says whose
//! transactions are meant, and nothing outside it is ever told.

use std::sync::Arc;

use async_recursion::async_recursion as boxed;
use florin_kernel::payment::Mode;
use florin_kernel::ports::Lane;
use florin_kernel::{CredentialId, Kind, MerchantId, PaymentId, Timestamp, Transaction};
use florin_store::StoreError;

use crate::Engine;
use crate::owner::Owner;

mod by_amount;
mod coin_steps;
mod counting;
mod csv;
mod events;
mod figures;
mod filter;
mod ledger;
mod operator;
mod ordered;
mod overview;
mod resolve;
mod rules;
mod search;
mod statement;
mod summary;
#[cfg(test)]
mod tests;
mod timeline;
mod transactions;
mod waiting;

pub use by_amount::{AmountOrder, AmountPage, AmountPlace, ByAmountError, SORTED_MAX};
pub use coin_steps::{CoinStep, CoinWhat};
pub use counting::Counted;
pub use csv::Export;
pub use events::{EndpointHealth, EventFilter, EventPage, ReplayOrder, Replayable};
pub use figures::{Figure, Figures, Sum};
pub use filter::Filter;
pub(crate) use ledger::Audit;
pub use ledger::{AccountBalance, TrialBalance, Verification};
pub use operator::Operation;
pub use ordered::Ordered;
pub use overview::{Overview, Period, Rates, Side};
pub use resolve::{Resolved, Verdict};
pub use rules::{DryRun, Move};
pub use search::Search;
pub use statement::{Account, StatementExport};
pub use summary::Summary;
pub use timeline::{Answered, Asked, Step, What, timeline};
pub use transactions::{Ask, Cursor, Direction, Page};
pub use waiting::{AllStuck, Stuck, Suspended, Waiting, Why};

pub use florin_store::office::{
    BookRow, Class, DatabaseFacts, NodeRow, Order, Place, Statement, StatementLine, StatementMark, StatementQuery,
};
pub use florin_store::{DeliveryRow, EntryRow, EventRow, EventState, LedgerReport};

/// Whose transactions are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Test or live.
    pub mode: Mode,
    /// One merchant's; nothing: everybody's, for the operator.
    pub merchant: Option<MerchantId>,
}

impl Scope {
    /// Whether a transaction is meant. Verifications move no money and are in no list.
    pub fn has(&self, transaction: &Transaction) -> bool {
        let own = self.merchant.is_none_or(|merchant| merchant == transaction.merchant());
        own && self.mode == transaction.mode()
    }

    /// Whose a transaction is, for commands about it; nothing where it is not meant.
    pub fn owner(&self, transaction: &Transaction) -> Option<Owner> {
        self.has(transaction).then(|| Owner { merchant: transaction.merchant(), mode: transaction.mode() })
    }
}

/// Kinds that lists show.
pub(crate) const LISTED: [Kind; 3] = [Kind::Payment, Kind::Withdrawal, Kind::Coin];

impl Engine {
    /// The merchants of a scope, by number.
    pub(crate) fn merchants_of(&self, scope: Scope) -> Vec<MerchantId> {
        match scope.merchant {
            Some(merchant) => vec![merchant],
            None => {
                let mut all: Vec<MerchantId> = self.directory().merchants().map(|merchant| merchant.id).collect();
                all.sort();
                all
            }
        }
    }

    /// The credentials of a scope, by number.
    pub(crate) fn credentials_of(&self, scope: Scope) -> Vec<CredentialId> {
        let directory = self.directory();
        let own = |merchant| scope.merchant.is_none_or(|wanted| wanted == merchant);
        let own =
            directory.credentials().filter(|credential| own(credential.merchant) && credential.mode == scope.mode);
        let mut own: Vec<CredentialId> = own.map(|credential| credential.id).collect();
        own.sort();
        own
    }

    /// Now, as a scope sees it: everybody's transactions go by the wall clock.
    pub(crate) fn now_in(&self, scope: Scope) -> Timestamp {
        match scope.merchant {
            Some(merchant) => self.now(Lane::of(merchant, scope.mode)),
            None => self.clocks.wall(),
        }
    }

    /// A transaction of a scope.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn office_transaction(&self, scope: Scope, id: PaymentId) -> Result<Option<Transaction>, StoreError> {
        let stored = self.store.transaction(id).await?;
        Ok(stored.map(|stored| stored.transaction).filter(|transaction| scope.has(transaction)))
    }
}

/// An engine that is asked many times.
pub(crate) type Shared = Arc<Engine>;
