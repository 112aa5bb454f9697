//! Sums over a payment's operations, and the list of what was done about its money. Pure reading.

use super::{Chargeback, Funds, Operation, OperationKind, OperationStatus, Payment, Seq, State};
use crate::Money;

#[cfg(test)]
mod tests;

/// What became of a payment's money so far, in the currency asked in. Only what is known to be done counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Approved by the attempt that brought money, sale or authorisation.
    pub authorised: Money,
    /// Taken.
    pub captured: Money,
    /// Given back.
    pub refunded: Money,
    /// Of the hold, released by order.
    pub reversed: Money,
    /// Taken back by the payer's bank.
    pub charged_back: Money,
}

/// Something done about a payment's money after the attempt that brought it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Linked<'p> {
    /// A capture, void or refund, whatever came of it.
    Operation(&'p Operation),
    /// The payer's bank took money back.
    Chargeback {
        /// Its number, for a printed id.
        seq: Seq,
        /// What is known of it.
        chargeback: &'p Chargeback,
    },
}

impl Payment {
    /// Its totals.
    pub fn totals(&self) -> Totals {
        let zero = Money::zero(self.asked.asset());
        let funds = match self.state {
            State::Funded(funds) => funds,
            State::Created
            | State::PendingPayer { .. }
            | State::Pending { .. }
            | State::Unknown { .. }
            | State::Ended(_) => {
                Funds { held: zero, hold_until: None, captured: zero, refunded: zero, charged_back: zero }
            }
        };
        let funding = self.funding();
        let voids = self.operations.iter().filter(|operation| {
            let released = operation.kind == OperationKind::Void && operation.status == OperationStatus::Approved;
            released && operation.on == funding.map(|funding| funding.seq)
        });
        Totals {
            authorised: funding.map_or(zero, |funding| funding.amount),
            captured: funds.captured,
            refunded: funds.refunded,
            reversed: sum(zero, voids),
            charged_back: funds.charged_back,
        }
    }

    /// What was done about its money, oldest first. What came of attempts that were given up is no part of it.
    pub fn linked(&self) -> Vec<Linked<'_>> {
        let Some(funding) = self.funding() else { return Vec::new() };
        let own = |seq: Option<Seq>| {
            seq == Some(funding.seq)
                || seq.and_then(|on| self.operation(on)).is_some_and(|on| on.on == Some(funding.seq))
        };
        let acting = self.operations.iter().filter(|operation| own(operation.on));
        let mut linked: Vec<Linked<'_>> = acting.map(Linked::Operation).collect();
        for (place, chargeback) in self.chargebacks.iter().enumerate().filter(|(_, known)| own(Some(known.on))) {
            let Some(seq) = Seq::of_chargeback(place) else { continue };
            let later = |linked: &Linked<'_>| match linked {
                Linked::Operation(operation) => operation.started_at > chargeback.at,
                Linked::Chargeback { .. } => false,
            };
            let at = linked.iter().position(later).unwrap_or(linked.len());
            linked.insert(at, Linked::Chargeback { seq, chargeback });
        }
        linked
    }

    /// The chargeback with a number of [`Linked::Chargeback`].
    pub fn chargeback(&self, seq: Seq) -> Option<&Chargeback> {
        self.chargebacks.get(seq.chargeback_place()?)
    }

    /// What may still be given back of all that was taken, refunds under way counted.
    pub fn left_to_refund(&self) -> Money {
        let State::Funded(funds) = self.state else { return Money::zero(self.asked.asset()) };
        let open = self.refunds().filter(|refund| refund.is_open());
        less(funds.refundable(), open)
    }

    /// What may still be given back of one sale or capture, refunds under way counted. Refunds and chargebacks of the payment as
    /// a whole count against its captures, the oldest first. `None` where nothing was taken by that operation.
    pub fn left_of(&self, taking: Seq) -> Option<Money> {
        let zero = Money::zero(self.asked.asset());
        let is_of_one = |on: Option<Seq>| self.takings().any(|taking| Some(taking.seq) == on);
        let refunds = || self.refunds().filter(|refund| refund.is_open() || refund.status == OperationStatus::Approved);
        let given = refunds().filter(|refund| !is_of_one(refund.on)).map(|refund| refund.amount);
        let struck = self.chargebacks.iter().filter(|known| !is_of_one(Some(known.on))).map(|known| known.amount);
        let mut of_the_whole = given.chain(struck).fold(zero, |sum, amount| sum.plus(amount).unwrap_or(sum));
        for operation in self.takings() {
            let own = refunds().filter(|refund| refund.on == Some(operation.seq));
            let struck = self.chargebacks.iter().filter(|chargeback| chargeback.on == operation.seq);
            let left = struck
                .fold(less(operation.amount, own), |left, chargeback| left.minus(chargeback.amount).unwrap_or(zero));
            let shared = if of_the_whole.exceeds(left) { left } else { of_the_whole };
            let left = left.minus(shared).unwrap_or(zero);
            if operation.seq == taking {
                let of_all = self.left_to_refund();
                return Some(if left.exceeds(of_all) { of_all } else { left });
            }
            of_the_whole = of_the_whole.minus(shared).unwrap_or(zero);
        }
        None
    }

    /// Where the money stands by what its operations say alone; they do not say when a hold ends.
    pub(super) fn funds_of_operations(&self) -> Option<Funds> {
        let funding = self.funding()?;
        let zero = Money::zero(self.asked.asset());
        let done = |kind: OperationKind| {
            let of_kind = move |op: &&Operation| op.kind == kind && op.status == OperationStatus::Approved;
            self.operations.iter().filter(of_kind)
        };
        let captured = sum(zero, self.takings());
        // What came late and was charged back never was the payment's.
        let late = |on| self.operation(on).is_some_and(|operation| operation.status == OperationStatus::Late);
        let own = self.chargebacks.iter().filter(|known| !late(known.on));
        let held = match funding.kind {
            OperationKind::Authorise => {
                let voids = done(OperationKind::Void).filter(|void| void.on == Some(funding.seq));
                less(funding.amount, self.takings().chain(voids))
            }
            OperationKind::Sale
            | OperationKind::Verify
            | OperationKind::Capture
            | OperationKind::Void
            | OperationKind::Refund
            | OperationKind::Payout => zero,
        };
        Some(Funds {
            held,
            hold_until: None,
            captured,
            refunded: sum(zero, done(OperationKind::Refund)),
            charged_back: own.fold(zero, |sum, known| sum.plus(known.amount).unwrap_or(sum)),
        })
    }

    /// The operations that took money: a sale, or captures.
    fn takings(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().filter(|operation| {
            let takes = matches!(operation.kind, OperationKind::Sale | OperationKind::Capture);
            takes && operation.status == OperationStatus::Approved
        })
    }

    fn refunds(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().filter(|operation| operation.kind == OperationKind::Refund)
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
