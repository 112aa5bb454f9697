//! Answers about operations whose end was already known. The first end stands; but money that moved is money, so a
//! late yes is booked: to the payment where its bounds allow, else to suspense for an operator (product rule 8).

use super::{Draft, Effect, Refusal};
use crate::Money;
use crate::ledger::chart::{self, Movement};
use crate::payment::{Approval, Chargeback, OperationKind, OperationStatus, Outcome, Report, Seq, State};

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
        let (kind, amount, fits) =
            (operation.kind, operation.amount, self.still_fits(operation.kind, operation.amount));
        if report.authentication.is_some() {
            self.operation_mut(seq)?.authentication = report.authentication;
        }
        match kind {
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
        self.payment.chargebacks.push(Chargeback { reference, amount, at: self.now });
        self.effects.push(Effect::Post(chart::late_money_charged_back(&movement)));
        Ok(())
    }

    fn set_late(&mut self, seq: Seq, approval: Approval) -> Result<(), Refusal> {
        let operation = self.operation_mut(seq)?;
        operation.status = OperationStatus::Late;
        operation.set_approval(approval);
        Ok(())
    }

    /// Whether a late capture, void or refund is still within the payment's bounds, open ones counted.
    fn still_fits(&self, kind: OperationKind, amount: Money) -> bool {
        let State::Funded(funds) = self.payment.state else { return false };
        let hold_left = super::money::less(funds.held, self.open(OperationKind::Capture));
        match kind {
            OperationKind::Sale | OperationKind::Authorise | OperationKind::Verify | OperationKind::Payout => false,
            OperationKind::Capture => !amount.exceeds(hold_left) && self.open(OperationKind::Void).next().is_none(),
            OperationKind::Void => self.open(OperationKind::Capture).next().is_none(),
            OperationKind::Refund => {
                !amount.exceeds(super::money::less(funds.refundable(), self.open(OperationKind::Refund)))
            }
        }
    }
}
