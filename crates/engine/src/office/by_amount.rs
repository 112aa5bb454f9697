//! Lists by amount. No index has amounts, since every payment would pay for it: so a bounded number of transactions is put in order when
//! somebody asks, and where more fit the answer is that there are too many.

use async_recursion::async_recursion as boxed;
use florin_kernel::PaymentId;
use florin_store::StoreError;
use florin_store::office::Order;

use super::transactions::Walked;
use super::{Direction, Filter, Scope, Summary};
use crate::Engine;

/// So many transactions are put in order at most.
pub const SORTED_MAX: u32 = 5_000;
/// So many rows are looked at for them.
const SCAN_MAX: u32 = 20_000;

/// Which amounts come first; of equal ones the newest do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum AmountOrder {
    LargestFirst,
    SmallestFirst,
}

/// A place in a list by amount, as links carry it: an amount in minor units and an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmountPlace {
    minor: i64,
    id: PaymentId,
}

impl AmountPlace {
    fn of(row: &Summary) -> AmountPlace {
        AmountPlace { minor: row.asked.minor(), id: row.id }
    }

    /// As text.
    pub fn to_text(self) -> String {
        format!("m{}.{}", self.minor, self.id.number())
    }

    /// Reads what [`AmountPlace::to_text`] wrote.
    pub fn parse(text: &str) -> Option<AmountPlace> {
        let (minor, id) = text.strip_prefix('m')?.split_once('.')?;
        Some(AmountPlace { minor: minor.parse().ok()?, id: PaymentId::from_number(id.parse().ok()?) })
    }

    /// By what a list is put in order.
    fn key(self, order: AmountOrder) -> (i64, std::cmp::Reverse<PaymentId>) {
        let minor = match order {
            AmountOrder::LargestFirst => self.minor.saturating_neg(),
            AmountOrder::SmallestFirst => self.minor,
        };
        (minor, std::cmp::Reverse(self.id))
    }
}

/// A page of a list by amount.
#[derive(Clone, Debug, PartialEq)]
pub struct AmountPage {
    /// Lines, in the list's order.
    pub rows: Vec<Summary>,
    /// Where to go on; nothing: here the list ends.
    pub onward: Option<AmountPlace>,
    /// Where to go back; nothing: here it begins.
    pub back: Option<AmountPlace>,
}

/// Why there is no list by amount.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ByAmountError {
    /// More than [`SORTED_MAX`] fit, or too many had to be looked at to tell.
    #[error("there are too many to be put in order")]
    TooMany,
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// A page of a scope's transactions by amount, which the filter has in one currency: amounts of several have no order.
    ///
    /// # Errors
    /// [`ByAmountError`].
    #[boxed]
    pub async fn office_by_amount(
        &self,
        scope: Scope,
        filter: &Filter,
        order: AmountOrder,
        (from, direction): (Option<AmountPlace>, Direction),
        limit: u32,
    ) -> Result<AmountPage, ByAmountError> {
        let Walked { found, more, .. } =
            self.walk(scope, filter, Order::NewestFirst, None, SORTED_MAX, SCAN_MAX).await?;
        if more {
            return Err(ByAmountError::TooMany);
        }
        let mut rows: Vec<Summary> = found.iter().map(Summary::of).collect();
        rows.sort_by_key(|row| AmountPlace::of(row).key(order));
        Ok(page(rows, order, (from, direction), limit as usize))
    }
}

/// The page of sorted rows that follows a place or leads up to it.
fn page(
    mut rows: Vec<Summary>,
    order: AmountOrder,
    (from, direction): (Option<AmountPlace>, Direction),
    limit: usize,
) -> AmountPage {
    let at = |row: &Summary| AmountPlace::of(row).key(order);
    let (start, end) = match (from.map(|from| from.key(order)), direction) {
        (None, _) => (0, limit),
        (Some(from), Direction::Onward) => {
            let start = rows.partition_point(|row| at(row) <= from);
            (start, start + limit)
        }
        (Some(from), Direction::Back) => {
            let end = rows.partition_point(|row| at(row) < from);
            (end.saturating_sub(limit), end)
        }
    };
    let end = end.min(rows.len());
    let (is_first, is_last) = (start == 0, end == rows.len());
    rows.truncate(end);
    let rows = rows.split_off(start.min(end));
    AmountPage {
        onward: rows.last().filter(|_| !is_last).map(AmountPlace::of),
        back: rows.first().filter(|_| !is_first).map(AmountPlace::of),
        rows,
    }
}
