//! Sums and conversions that the decisions share.

use super::Draft;
use crate::Money;
use crate::fx::Rounding;
use crate::payment::totals::{less, sum};
use crate::payment::{Operation, OperationKind, OperationStatus, Route, Seq};

/// What a provider moves for an amount in the payment's currency.
pub(super) fn converted(amount: Money, route: &Route, rounding: Rounding) -> Option<Money> {
    match route.conversion {
        None => Some(amount),
        Some((asset, rate)) => rate.convert(amount, asset, rounding),
    }
}

/// What an attempt moves in the provider's currency. Only a verification may be asked for without an amount, and whatever it is
/// asked for it moves nothing.
pub(super) fn moved_by_attempt(kind: OperationKind, asked: Money, route: &Route) -> Option<Money> {
    match kind {
        OperationKind::Verify if asked.minor() >= 0 => {
            Some(Money::zero(route.conversion.map_or(asked.asset(), |(asset, _)| asset)))
        }
        OperationKind::Verify => None,
        OperationKind::Sale
        | OperationKind::Authorise
        | OperationKind::Capture
        | OperationKind::Void
        | OperationKind::Refund
        | OperationKind::Payout => converted(asked, route, Rounding::Up).filter(|_| asked.minor() > 0),
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

impl Draft {
    /// What a converted capture, void or refund moves: about `part`, but never more than is left on the provider's side by
    /// what was done or is under way, and never nothing. Who takes the last of the one side takes the last of the other,
    /// whichever parts before it failed. `None` when too little is left to divide.
    pub(super) fn fitting_part(&self, kind: OperationKind, amount: Money, part: Money) -> Option<Money> {
        let counts = |op: &&Operation| op.is_open() || op.status == OperationStatus::Approved;
        let of =
            move |kind: OperationKind| self.payment.operations.iter().filter(counts).filter(move |op| op.kind == kind);
        let whole: Vec<&Operation> = match kind {
            OperationKind::Sale | OperationKind::Authorise | OperationKind::Verify | OperationKind::Payout => {
                return Some(part);
            }
            OperationKind::Capture | OperationKind::Void => vec![self.payment.funding()?],
            OperationKind::Refund => {
                let done = |op: &&Operation| op.status == OperationStatus::Approved;
                of(OperationKind::Sale).chain(of(OperationKind::Capture)).filter(done).collect()
            }
        };
        let spender = if kind == OperationKind::Refund { OperationKind::Refund } else { OperationKind::Capture };
        let spent = || of(spender);
        let left_amount = less(sum(Money::zero(amount.asset()), whole.iter().copied()), spent());
        let moved = |sum: i64, op: &Operation| sum + op.moved.minor();
        let left_moved = whole.iter().copied().fold(0, moved) - spent().fold(0, moved);
        let charged_back = !self.payment.chargebacks.is_empty();
        let minor = match amount == left_amount {
            true if !charged_back => left_moved,
            true => part.minor().min(left_moved),
            // Something stays for who comes last.
            false => part.minor().max(1).min(left_moved - 1),
        };
        (minor > 0).then_some(Money::new(minor, part.asset()))
    }
    /// A converted refund of one taking moves no more than the taking has left on the provider's side.
    pub(super) fn within_taking(&self, taking: Seq, kind: OperationKind, part: Money) -> Option<Money> {
        let taking = self.payment.operation(taking)?;
        if kind != OperationKind::Refund || taking.kind != OperationKind::Capture {
            return Some(part);
        }
        let given_back = self.payment.operations.iter().filter(|operation| {
            let counts = operation.is_open() || operation.status == OperationStatus::Approved;
            operation.kind == OperationKind::Refund && operation.on == Some(taking.seq) && counts
        });
        let left = given_back.fold(taking.moved.minor(), |left, refund| left - refund.moved.minor());
        let minor = part.minor().min(left);
        (minor > 0).then_some(Money::new(minor, part.asset()))
    }
}
