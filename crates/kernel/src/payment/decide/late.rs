//! Answers about operations whose end was already known. The first end stands; but money that moved is money, so a
//! late yes is booked: to the payment where its bounds allow, else to suspense for an operator (product rule 8).

use super::{Draft, Effect, Refusal};
use crate::Money;
use crate::ledger::chart::{self, Movement};
use crate::payment::totals::less;
use crate::payment::{
    Approval, Chargeback, LateMoney, Operation, OperationKind, OperationStatus, Outcome, Report, Seq, State,
};
use crate::routing::Method;

impl Draft {
    pub(super) fn answered_late(&mut self, seq: Seq, report: Report) -> Result<(), Refusal> {
        let operation = self.payment.operation(seq).ok_or(Refusal::NoSuchOperation)?;
        let approval = match (&operation.status, report.outcome) {
            (OperationStatus::Approved | OperationStatus::Late, _) => return Ok(()),
            (_, Outcome::Approved(approval)) => approval,
            (
                _,
                Outcome::Declined(_)
                | Outcome::Cancelled
                | Outcome::NeedsPayer(_)
                | Outcome::Pending
                | Outcome::NotSent
                | Outcome::NotFound
                | Outcome::Unknown(_),
            ) => return Ok(()),
        };
        let (kind, amount, fits) = (operation.kind, operation.amount, self.still_fits(operation));
        if report.authentication.is_some() {
            self.operation_mut(seq)?.authentication = report.authentication;
        }
        match kind {
            OperationKind::Sale | OperationKind::Authorise if self.accepts_late(seq) => {
                self.operation_mut(seq)?.came_late = true;
                self.approved(seq, approval)
            }
            OperationKind::Capture | OperationKind::Void | OperationKind::Refund if fits => {
                self.approved(seq, approval)
            }
            OperationKind::Sale | OperationKind::Capture => {
                self.set_late(seq, approval)?;
                let movement = self.movement(seq)?;
                self.effects.push(Effect::Post(chart::late_money(&movement)));
                Ok(())
            }
            OperationKind::Refund => {
                self.set_late(seq, approval)?;
                let movement = self.movement(seq)?;
                self.effects.push(Effect::Post(chart::late_refund(&movement)));
                Ok(())
            }
            OperationKind::Void | OperationKind::Verify => self.set_late(seq, approval),
            OperationKind::Payout => Err(Refusal::NoSuchOperation),
            OperationKind::Authorise => {
                // Nobody will capture this hold: give it back to the payer.
                self.set_late(seq, approval)?;
                let operation = self.payment.operation(seq).ok_or(Refusal::NoSuchOperation)?;
                let (route, moved) = (operation.route.clone(), operation.moved);
                self.start(OperationKind::Void, amount, moved, route, Some(seq)).map(drop)
            }
        }
    }

    /// Money in suspense that the payer's bank took back never was the payment's: it leaves suspense.
    pub(super) fn charged_back_late(
        &mut self,
        seq: Seq,
        amount: Money,
        moved: Money,
        reference: String,
    ) -> Result<(), Refusal> {
        let movement = self.movement(seq)?;
        if amount.exceeds(movement.credited) {
            return Err(Refusal::ChargebackExceedsCapture { asked: amount, left: movement.credited });
        }
        let movement = Movement { credited: amount, moved, ..movement };
        self.payment.chargebacks.push(Chargeback { on: seq, reference, amount, at: self.now });
        self.effects.push(Effect::Post(chart::late_money_charged_back(&movement)));
        Ok(())
    }

    fn set_late(&mut self, seq: Seq, approval: Approval) -> Result<(), Refusal> {
        let operation = self.operation_mut(seq)?;
        operation.status = OperationStatus::Late;
        operation.set_approval(approval);
        Ok(())
    }

    /// Whether the payment takes the money of an attempt that was given up after all: by its rule, while it has no other and
    /// waits for none, and not by card, whose authentication was over; nor where the session asks for another amount by now.
    fn accepts_late(&self, seq: Seq) -> bool {
        let waits = match &self.payment.state {
            State::Created | State::Ended(_) => false,
            State::PendingPayer { .. } | State::Pending { .. } | State::Unknown { .. } | State::Funded(_) => true,
        };
        let attempt = self.payment.operation(seq).filter(|attempt| attempt.amount == self.payment.asked);
        let means = attempt.and_then(|attempt| attempt.means.as_ref());
        // A payment that once had money and lost it has ended for good.
        let had_money = self.payment.funding().is_some();
        let accepts = self.payment.times.late == LateMoney::Accepted;
        accepts && !waits && !had_money && means.is_some_and(|means| means.method != Method::Card)
    }

    /// Whether a late capture, void or refund is still within the payment's bounds, open ones counted.
    fn still_fits(&self, operation: &Operation) -> bool {
        let State::Funded(funds) = self.payment.state else { return false };
        let hold_left = less(funds.held, self.open(OperationKind::Capture));
        let amount = operation.amount;
        match operation.kind {
            OperationKind::Sale | OperationKind::Authorise | OperationKind::Verify | OperationKind::Payout => false,
            OperationKind::Capture => !amount.exceeds(hold_left) && self.open(OperationKind::Void).next().is_none(),
            OperationKind::Void => self.open(OperationKind::Capture).next().is_none(),
            OperationKind::Refund => {
                let on = operation.on.and_then(|on| self.payment.left_of(on));
                !amount.exceeds(on.unwrap_or(self.payment.left_to_refund()))
            }
        }
    }
}
