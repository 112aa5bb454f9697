//! Lists of payments and withdrawals in memory.

use std::cmp::Reverse;

use florin_kernel::Kind;

use super::{PaymentRow, Rows};
use crate::{NewestQuery, PayerQuery, PaymentQuery};

impl Rows {
    /// A page, the oldest first. Nothing follows a payment that does not exist.
    pub(super) fn listed_after(&self, query: &PaymentQuery) -> Vec<&PaymentRow> {
        let place = |row: &PaymentRow| (row.write.created_at, row.write.id.number());
        let after = match query.after.map(|after| self.payments.get(&after.number())) {
            None => (query.from.as_millisecond(), i64::MIN),
            Some(None) => return Vec::new(),
            Some(Some(row)) => place(row).max((query.from.as_millisecond(), i64::MIN)),
        };
        let listed = |row: &&PaymentRow| {
            row.write.merchant == query.merchant.number()
                && row.write.mode == query.mode
                && row.write.kind != Kind::Verification
                && place(row) > after
                && row.write.created_at < query.until.as_millisecond()
        };
        let mut found: Vec<&PaymentRow> = self.payments.values().filter(listed).collect();
        found.sort_by_key(|row| place(row));
        found.truncate(query.limit as usize);
        found
    }

    /// The payments that all pages of a query have together.
    pub(super) fn matching(&self, query: &NewestQuery) -> Vec<&PaymentRow> {
        let times = query.from.as_millisecond()..query.until.as_millisecond();
        let listed = |row: &&PaymentRow| {
            (row.write.merchant, row.write.mode) == (query.merchant.number(), query.mode)
                && row.write.kind != Kind::Verification
                && times.contains(&row.write.created_at)
        };
        self.payments.values().filter(listed).collect()
    }

    /// A page of those, the newest first.
    pub(super) fn newest(&self, query: &NewestQuery) -> Vec<&PaymentRow> {
        let mut found = self.matching(query);
        found.sort_by_key(|row| Reverse((row.write.created_at, row.write.id.number())));
        found.into_iter().skip(query.skip as usize).take(query.limit as usize).collect()
    }

    /// A page of a payer's, by id.
    pub(super) fn of_payer(&self, query: &PayerQuery) -> Vec<&PaymentRow> {
        let number = query.number();
        let own = |row: &&PaymentRow| number.is_some() && row.write.payer == number;
        let beyond = self.payments.range(query.beyond()..).filter(|(id, _)| **id > query.beyond());
        beyond.map(|(_, row)| row).filter(own).take(query.limit as usize).collect()
    }
}
