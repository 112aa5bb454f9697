//! Sums and conversions that the decisions share.

use crate::Money;
use crate::fx::Rounding;
use crate::payment::{Operation, Route};

/// What a provider moves for an amount in the payment's currency.
pub(super) fn converted(amount: Money, route: &Route, rounding: Rounding) -> Option<Money> {
    match route.conversion {
        None => Some(amount),
        Some((asset, rate)) => rate.convert(amount, asset, rounding),
    }
}

/// What an amount moved by the provider is worth in the payment's currency. The whole operation is worth what it was
/// asked for; a part is converted back.
pub(super) fn credited(moved: Money, operation: &Operation) -> Option<Money> {
    match operation.route.conversion {
        _ if moved == operation.moved => Some(operation.amount),
        None => (moved.asset() == operation.amount.asset()).then_some(moved),
        Some((asset, rate)) if asset == moved.asset() => {
            rate.convert_back(moved, operation.amount.asset(), Rounding::HalfEven)
        }
        Some(_) => None,
    }
}

/// `start` and the amounts of all operations.
pub(super) fn sum<'a>(start: Money, operations: impl Iterator<Item = &'a Operation>) -> Money {
    operations.fold(start, |sum, operation| sum.plus(operation.amount).unwrap_or(sum))
}

/// `start` less the amounts of all operations, nothing at the least.
pub(super) fn less<'a>(start: Money, operations: impl Iterator<Item = &'a Operation>) -> Money {
    operations.fold(start, |left, operation| left.minus(operation.amount).unwrap_or(Money::zero(start.asset())))
}
