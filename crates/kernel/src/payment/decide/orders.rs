//! What a merchant orders about money that is there: captures, voids, refunds, within the payment's bounds.

use super::money::converted;
use super::{Draft, Portion, Refusal};
use crate::Money;
use crate::fx::Rounding;
use crate::payment::totals::{less, sum};
use crate::payment::{OperationKind, OperationStatus, Route, Seq, State};
use crate::sabotage::{Defect, is_planted};

impl Draft {
    pub(super) fn capture(&mut self, amount: Money) -> Result<Seq, Refusal> {
        let funds = self.funds()?;
        self.check_amount(amount)?;
        let closing = self.open(OperationKind::Capture).any(|capture| capture.releases_rest);
        if closing || self.open(OperationKind::Void).next().is_some() {
            return Err(Refusal::HoldBusy);
        }
        let left = less(funds.held, self.open(OperationKind::Capture));
        if amount.exceeds(left) {
            return Err(Refusal::CaptureExceedsHold { asked: amount, left });
        }
        let before = sum(funds.captured, self.open(OperationKind::Capture));
        self.start_on_funding(OperationKind::Capture, amount, before, None)
    }

    pub(super) fn capture_final(&mut self, amount: Money) -> Result<(), Refusal> {
        let seq = self.capture(amount)?;
        self.operation_mut(seq)?.releases_rest = true;
        Ok(())
    }

    /// Releases what the final capture left of the hold, once nothing of the hold is under way any more. Tried once: a release
    /// that the provider refuses leaves the hold to its end, or to an order.
    pub(super) fn release_rest(&mut self) {
        let last = self
            .payment
            .operations
            .iter()
            .find(|operation| operation.releases_rest && operation.status == OperationStatus::Approved);
        let Some(last) = last.map(|last| last.seq) else { return };
        let State::Funded(funds) = self.payment.state else { return };
        let mut later = self.payment.operations.iter().filter(|operation| operation.seq > last);
        let tried = later.any(|operation| operation.kind == OperationKind::Void);
        let busy = self.open(OperationKind::Capture).chain(self.open(OperationKind::Void)).next().is_some();
        if tried || busy || funds.held.is_zero() {
            return;
        }
        // Without room for one more operation the answer counts all the same, and the hold ends by itself.
        let _ = self.start_on_funding(OperationKind::Void, funds.held, funds.captured, None);
    }

    pub(super) fn void(&mut self) -> Result<(), Refusal> {
        let funds = self.funds()?;
        if funds.held.is_zero() {
            return Err(Refusal::NotFunded);
        }
        let busy = self.open(OperationKind::Void).chain(self.open(OperationKind::Capture)).next().is_some();
        if busy && !is_planted(Defect::DoubleResolutionOfHold) {
            return Err(Refusal::HoldBusy);
        }
        self.start_on_funding(OperationKind::Void, funds.held, funds.captured, None).map(drop)
    }

    /// Releases a part of the hold. A hold in another currency is released as a whole, since its parts would be rounded.
    pub(super) fn void_part(&mut self, amount: Money) -> Result<(), Refusal> {
        let funds = self.funds()?;
        self.check_amount(amount)?;
        if amount.exceeds(funds.held) {
            return Err(Refusal::CaptureExceedsHold { asked: amount, left: funds.held });
        }
        if amount == funds.held {
            return self.void();
        }
        if self.open(OperationKind::Void).chain(self.open(OperationKind::Capture)).next().is_some() {
            return Err(Refusal::HoldBusy);
        }
        match self.payment.funding().is_some_and(|funding| funding.route.conversion.is_none()) {
            true => self.start_on_funding(OperationKind::Void, amount, funds.captured, None).map(drop),
            false => Err(Refusal::BadAmount),
        }
    }

    pub(super) fn reverse(&mut self) -> Result<(), Refusal> {
        match self.funds()?.captured.is_zero() {
            true => self.void(),
            false => Err(Refusal::HoldCaptured),
        }
    }

    pub(super) fn refund(&mut self, amount: Portion, on: Option<Seq>) -> Result<(), Refusal> {
        let funds = self.funds()?;
        let left = match on {
            None => self.payment.left_to_refund(),
            Some(taking) => self.payment.left_of(taking).ok_or(Refusal::NoSuchOperation)?,
        };
        let amount = match amount {
            Portion::Exactly(amount) => amount,
            Portion::AllLeft if left.is_zero() => return Err(Refusal::RefundExceedsCapture { asked: left, left }),
            Portion::AllLeft => left,
        };
        self.check_amount(amount)?;
        if amount.exceeds(left) && !is_planted(Defect::RefundBoundUnchecked) {
            return Err(Refusal::RefundExceedsCapture { asked: amount, left });
        }
        let before = sum(funds.refunded, self.open(OperationKind::Refund));
        self.start_on_funding(OperationKind::Refund, amount, before, on).map(drop)
    }

    /// Starts an operation on the payment's money, on one taking of it or on the whole. `before` is what was moved in the same
    /// way already: converting the running totals makes the parts add up to the whole.
    fn start_on_funding(
        &mut self,
        kind: OperationKind,
        amount: Money,
        before: Money,
        on: Option<Seq>,
    ) -> Result<Seq, Refusal> {
        let funding = self.payment.funding().ok_or(Refusal::NotFunded)?;
        let (route, on) = (Route { trail: None, ..funding.route.clone() }, on.unwrap_or(funding.seq));
        let convert = |money| converted(money, &route, Rounding::Up);
        let part = before.plus(amount).and_then(convert).zip(convert(before));
        let part = part.and_then(|(after, before)| after.minus(before)).ok_or(Refusal::BadAmount)?;
        let moved = match route.conversion {
            None => part,
            Some(_) => {
                let fitting = self.fitting_part(kind, amount, part);
                fitting.and_then(|part| self.within_taking(on, kind, part)).ok_or(Refusal::BadAmount)?
            }
        };
        self.start(kind, amount, moved, route, Some(on))
    }
}
