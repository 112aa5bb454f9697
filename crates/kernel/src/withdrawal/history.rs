//! What a payer's earlier transactions say about its next withdrawal: how much each method brought that was not paid back, and
//! what approved itself on a day. Pure; whoever loads the transactions makes sure that they are all there are.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Withdrawal;
use crate::payment::{OperationKind, OperationStatus, Payment, State};
use crate::routing::Method;
use crate::{Asset, Money, Transaction};

#[cfg(test)]
mod tests;

/// A payer's transactions in one currency, as far as a withdrawal goes by them.
#[derive(Clone, Debug)]
pub struct History {
    asset: Asset,
    /// What was made before then does not count for the closed loop.
    since: Timestamp,
    confirmed: u64,
    /// Paid in less paid out by method, in minor units.
    net: Vec<(Method, i128)>,
    approved_themselves: Vec<(Timestamp, i64)>,
}

/// What the closed loop says about a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loop {
    /// It may take the withdrawal.
    Open,
    /// It takes no more than this, which is less than the withdrawal.
    UpTo(Money),
    /// Another method has to be paid back first, or it never brought anything and must have.
    Closed,
}

impl History {
    /// Of a payer who did nothing yet. The closed loop counts what was made at or after `since`.
    pub fn new(asset: Asset, since: Timestamp) -> History {
        History { asset, since, confirmed: 0, net: Vec::new(), approved_themselves: Vec::new() }
    }

    /// With one more of the payer's transactions; each is added once.
    pub fn add(&mut self, transaction: &Transaction) {
        match transaction {
            Transaction::Payment(payment) => self.add_payment(payment),
            Transaction::Withdrawal(withdrawal) => self.add_withdrawal(withdrawal),
            // Coins cannot be paid back by any method that pays out.
            Transaction::Coin(_) => {}
        }
    }

    fn add_payment(&mut self, payment: &Payment) {
        let State::Funded(funds) = &payment.state else { return };
        let Some(means) = payment.funding().and_then(|funding| funding.means.as_ref()) else { return };
        if funds.captured.asset() != self.asset || payment.created_at < self.since {
            return;
        }
        // A refund under way goes back to the payer as well.
        let under_way = payment.operations.iter().filter(|op| op.kind == OperationKind::Refund && op.is_open());
        let under_way: i128 = under_way.map(|refund| i128::from(refund.amount.minor())).sum();
        self.move_net(means.method, i128::from(funds.refundable().minor()) - under_way);
    }

    fn add_withdrawal(&mut self, withdrawal: &Withdrawal) {
        let Some(plan) = &withdrawal.plan else { return };
        self.confirmed += 1;
        if withdrawal.asked.asset() != self.asset {
            return;
        }
        if withdrawal.created_at >= self.since {
            self.move_net(plan.destination.method, -i128::from(went_out(withdrawal).minor()));
        }
        if let (Some(payout), true) = (&withdrawal.payout, withdrawal.approvals.is_empty()) {
            self.approved_themselves.push((payout.started_at, withdrawal.asked.minor()));
        }
    }

    fn move_net(&mut self, method: Method, minor: i128) {
        match self.net.iter_mut().find(|(known, _)| *known == method) {
            Some((_, net)) => *net += minor,
            None => self.net.push((method, minor)),
        }
    }

    /// How many withdrawals the payer has confirmed, in any currency and whatever became of them: one more with each, never
    /// fewer.
    pub fn confirmed(&self) -> u64 {
        self.confirmed
    }

    /// What a method brought, since the loop is kept, that was not paid back through it; never below zero.
    pub fn left(&self, method: Method) -> Money {
        let net = self.net.iter().find(|(known, _)| *known == method).map_or(0, |(_, net)| *net);
        Money::new(i64::try_from(net.max(0)).unwrap_or(i64::MAX), self.asset)
    }

    /// Whether, with `amount` more, what approved itself on the day of `now` (UTC) comes to no more than `daily`. Counts whatever
    /// became of the payouts.
    pub fn stays_within(&self, daily: Money, amount: Money, now: Timestamp) -> bool {
        let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
        let today = self.approved_themselves.iter().filter(|(at, _)| day(*at) == day(now));
        let before: i128 = today.map(|(_, minor)| i128::from(*minor)).sum();
        daily.asset() == self.asset
            && amount.asset() == self.asset
            && before + i128::from(amount.minor()) <= i128::from(daily.minor())
    }

    /// What the closed loop says about paying `amount` out by a method, when the rules leave `payable` ones.
    ///
    /// As long as a payable method brought more than went back through it, the withdrawal goes to such a method. A card takes at
    /// most what cards brought, whatever the others: schemes do not let a card be paid winnings.
    pub fn closed_loop(&self, method: Method, amount: Money, payable: &[Method]) -> Loop {
        let (left, owed) = (self.left(method), payable.iter().any(|other| !self.left(*other).is_zero()));
        match method {
            _ if owed && left.is_zero() => Loop::Closed,
            Method::Card if left.is_zero() => Loop::Closed,
            Method::Card if amount.exceeds(left) => Loop::UpTo(left),
            Method::Card | Method::BankTransfer | Method::EWallet | Method::Voucher | Method::Crypto => Loop::Open,
        }
    }
}

/// What went or may yet go out: held, paid and not returned, or paid late after it had been given up.
fn went_out(withdrawal: &Withdrawal) -> Money {
    let is_late = withdrawal.payout.as_ref().is_some_and(|payout| payout.status == OperationStatus::Late);
    if !is_late {
        return withdrawal.taken();
    }
    let back = withdrawal.returns.iter().try_fold(withdrawal.asked, |left, back| left.minus(back.amount));
    back.unwrap_or(Money::zero(withdrawal.asked.asset()))
}
