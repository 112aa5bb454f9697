//! Coins go back: never more than came, never twice, and never against coins that can still vanish (crypto contract, section 5.7).

use super::{Draft, Refusal, Repeat};
use crate::coin::{Refund, RefundSource, RefundStatus, Requirement, State, Units};
use crate::payment::{Doubt, Effect, Seq};
use crate::ports::chain::{Block, Broadcast, Place, Signature};

impl Draft {
    pub(super) fn refund(
        &mut self,
        to: String,
        units: Units,
        repeat: Repeat,
        tip: Option<Block>,
    ) -> Result<(), Refusal> {
        let payment = &self.payment;
        let coin = payment.price.coin;
        let same = |refund: &Refund| refund.is_active() && refund.to == to && refund.units.shows_as(units, coin);
        if repeat == Repeat::Same && payment.refunds.iter().any(same) {
            return Ok(());
        }
        let opened = payment.opened();
        let (units, source) = match &payment.state {
            State::Blocked => return Err(Refusal::Blocked),
            _ if !opened.is_zero() && !units.shows_as(opened, coin) => {
                return Err(Refusal::RefundAmountMismatch { opened });
            }
            _ if !opened.is_zero() => (opened, RefundSource::Opened),
            State::Confirmed if units > payment.refundable() => {
                return Err(Refusal::RefundExceedsPayment { left: payment.refundable() });
            }
            State::Confirmed => (units, RefundSource::Accepted),
            State::ZeroConfirmed | State::Processing { .. } => return Err(Refusal::Unconfirmed),
            State::Waiting | State::Underpaid | State::Cancelled(_) => {
                return Err(Refusal::RefundExceedsPayment { left: Units::ZERO });
            }
        };
        if units < payment.terms.refund_minimum || units.is_zero() {
            return Err(Refusal::BelowMinimum);
        }
        if payment.refunded().plus(units) > self.deep_enough_for_refunds(tip.as_ref()) {
            return Err(Refusal::Unconfirmed);
        }
        let number = u16::try_from(payment.refunds.len() + 1).ok().filter(|number| *number <= Seq::MAX);
        let seq = Seq::new(number.ok_or(Refusal::TooManyRefunds)?);
        self.payment.refunds.push(Refund::ordered(seq, to, units, source, self.now));
        self.effects.push(Effect::Call(seq));
        Ok(())
    }

    /// Coins that lie deep enough to be paid out of a hot wallet against.
    fn deep_enough_for_refunds(&self, tip: Option<&Block>) -> Units {
        let payment = &self.payment;
        let asked = payment.requirement();
        let confirmations = asked.confirmations.max(payment.terms.refund_confirmations);
        let deep = Requirement { confirmations, ..asked };
        let counted = payment.counted().filter(|deposit| {
            deposit.is_deep(tip.or(payment.tip.as_ref()), payment.final_height, deep)
                && (payment.is_screened(deposit) || matches!(payment.state, State::Cancelled(_)))
        });
        counted.map(|deposit| deposit.units).sum()
    }

    fn refund_mut(&mut self, seq: Seq) -> Result<&mut Refund, Refusal> {
        let place = usize::from(seq.number()).checked_sub(1).ok_or(Refusal::NoSuchRefund)?;
        self.payment.refunds.get_mut(place).ok_or(Refusal::NoSuchRefund)
    }

    /// The signer's answer is stored before anything is sent. A second one for the same refund changes nothing.
    pub(super) fn signed(&mut self, seq: Seq, signature: Signature) -> Result<(), Refusal> {
        let now = self.now;
        let refund = self.refund_mut(seq)?;
        if refund.status != RefundStatus::Ordered {
            return Ok(());
        }
        match signature {
            Signature::Signed(transaction) => {
                refund.transaction = Some(transaction);
                refund.status = RefundStatus::Signed;
                refund.call_begins(now);
                self.effects.push(Effect::Call(seq));
            }
            Signature::Refused(why) => refund.ends(RefundStatus::Failed(why)),
            Signature::Unknown(_) => refund.look_later(now),
        }
        Ok(())
    }

    pub(super) fn broadcast(&mut self, seq: Seq, broadcast: Broadcast) -> Result<(), Refusal> {
        let now = self.now;
        let refund = self.refund_mut(seq)?;
        match (&refund.status, broadcast) {
            (RefundStatus::Signed | RefundStatus::Unknown(_) | RefundStatus::Sent, Broadcast::Sent) => {
                refund.status = RefundStatus::Sent;
                refund.looks = 0;
                refund.look_later(now);
            }
            // One that was sent before may be mined even though this node refuses it now.
            (RefundStatus::Signed, Broadcast::Refused(why)) => refund.ends(RefundStatus::Failed(why)),
            (RefundStatus::Signed | RefundStatus::Unknown(_), Broadcast::Unknown(doubt)) => {
                refund.status = RefundStatus::Unknown(doubt);
                refund.look_later(now);
            }
            (RefundStatus::Unknown(_) | RefundStatus::Sent, Broadcast::Refused(_))
            | (RefundStatus::Sent, Broadcast::Unknown(_)) => refund.look_later(now),
            (RefundStatus::Ordered | RefundStatus::Done(_) | RefundStatus::Failed(_), _) => {}
        }
        Ok(())
    }

    /// A block is believed once the chain was followed up to it, and only if nothing was told of the chain since the question: else
    /// it could be replaced, and nobody would say so.
    pub(super) fn refund_found(
        &mut self,
        seq: Seq,
        place: Option<Place>,
        asked_at: Option<&Block>,
    ) -> Result<(), Refusal> {
        let now = self.now;
        let tip = self.payment.tip.clone();
        let is_followed =
            |block: &Block| tip.as_ref() == asked_at && tip.as_ref().is_some_and(|tip| block.height <= tip.height);
        let refund = self.refund_mut(seq)?;
        let known = match refund.status {
            RefundStatus::Signed | RefundStatus::Unknown(_) | RefundStatus::Sent => true,
            RefundStatus::Ordered | RefundStatus::Done(_) | RefundStatus::Failed(_) => false,
        };
        match place {
            _ if !known => {}
            Some(Place::Block(block)) if is_followed(&block) => refund.ends(RefundStatus::Done(block)),
            Some(Place::Block(_) | Place::Mempool) => {
                refund.status = RefundStatus::Sent;
                refund.look_later(now);
            }
            // Proven impossible: another transaction spent what it was to spend.
            Some(Place::Conflicted { .. }) => {
                refund.ends(RefundStatus::Failed("its coins were spent otherwise".to_owned()));
            }
            // The same bytes once more.
            Some(Place::Missing | Place::Replaced { .. }) | None => {
                if refund.status == RefundStatus::Signed {
                    refund.status = RefundStatus::Unknown(Doubt::Lost);
                }
                refund.look_later(now);
                self.effects.push(Effect::Call(seq));
            }
        }
        Ok(())
    }
}
