//! Where a payment stands, from what was seen: the same function after every change.

use super::Draft;
use crate::Money;
use crate::coin::{Acceptance, AcceptedBy, AlertKind, Cancellation, Deposit, Over, Reason, State, Under, Units, Why};
use crate::ports::chain::Place;
use crate::sabotage::{Defect, is_planted};
use jiff::SignedDuration;

const WHOLE_BPS: u128 = 10_000;

impl Draft {
    /// Decides what is accepted, where the payment stands, and which outputs are in the book.
    pub(super) fn settle(&mut self) {
        if !matches!(self.payment.state, State::Cancelled(_)) {
            self.accept_by_rule();
            let next = self.next_state();
            let lost = State::Processing { reason: Some(Reason::Reorganisation) };
            if next == lost && self.payment.state != lost {
                let txid = self.payment.counted().map(|deposit| deposit.outpoint.txid.clone()).next();
                self.alert(AlertKind::Reorganisation, txid.unwrap_or_default());
            }
            self.payment.state = next;
            if matches!(self.payment.state, State::Cancelled(_)) {
                self.payment.acceptance = None;
            }
        }
        let asked = self.payment.requirement();
        let (tip, final_height) = (self.payment.tip.clone(), self.payment.final_height);
        for at in 0..self.payment.deposits.len() {
            let deposit = &self.payment.deposits[at];
            // Screening decides who has the coins, not whether they are there.
            let booked = deposit.counts() && deposit.is_deep(tip.as_ref(), final_height, asked);
            self.payment.deposits[at].booked = booked;
        }
    }

    /// What was accepted stands while its coins are there; else the rules decide anew.
    fn accept_by_rule(&mut self) {
        let received = self.payment.received();
        let confirmed = self.payment.state.is_confirmed();
        let stands = self.payment.acceptance.as_ref().is_some_and(|accepted| {
            let settled = match accepted.by {
                AcceptedBy::Merchant(_) | AcceptedBy::LateRule => true,
                AcceptedBy::Rule => confirmed,
            };
            settled && received >= accepted.units
        });
        if !stands {
            self.payment.acceptance = self.by_rule(received);
        }
    }

    /// What the rules accept of a received sum (crypto contract, section 7).
    pub(super) fn by_rule(&self, received: Units) -> Option<Acceptance> {
        let (price, terms) = (&self.payment.price, &self.payment.terms);
        let (asked, worth) = (price.amount(), price.worth(received));
        let accepted = |units: Units, invoice: Money| Acceptance { units, invoice, by: AcceptedBy::Rule };
        if received.is_zero() {
            return None;
        }
        if received >= asked {
            let whole = match terms.over {
                Over::Opened => false,
                Over::Any => true,
                Over::UpTo(most) => !worth.exceeds(most),
            };
            return Some(if whole { accepted(received, worth) } else { accepted(asked, price.invoice) });
        }
        let kept_bps = WHOLE_BPS.saturating_sub(u128::from(terms.tolerance_bps));
        let tolerated = received.number().saturating_mul(WHOLE_BPS) >= asked.number().saturating_mul(kept_bps);
        if terms.tolerance_bps > 0 && tolerated {
            return Some(accepted(received, price.invoice));
        }
        let enough = match terms.under {
            Under::Opened => false,
            Under::AtDeadline => self.payment.deadline_over,
            Under::From(minimum) => !minimum.exceeds(worth),
        };
        enough.then(|| accepted(received, worth))
    }

    fn next_state(&mut self) -> State {
        match &self.payment.acceptance {
            Some(accepted) => self.accepted_state(accepted.units),
            None if self.payment.deadline_over => {
                let why = self.why_given_up();
                State::Cancelled(Cancellation { why, at: self.now })
            }
            None if self.payment.received().is_zero() => State::Waiting,
            None => {
                if !self.payment.topped_up {
                    self.payment.topped_up = true;
                    let window = SignedDuration::from_secs(i64::from(self.payment.terms.top_up_s));
                    self.payment.deadline = self.payment.deadline.max(self.now + window);
                }
                State::Underpaid
            }
        }
    }

    fn accepted_state(&self, units: Units) -> State {
        let payment = &self.payment;
        let (asked, tip) = (payment.requirement(), payment.tip.as_ref());
        let deep = payment
            .counted()
            .filter(|deposit| deposit.is_deep(tip, payment.final_height, asked) && payment.is_screened(deposit));
        if deep.map(|deposit| deposit.units).sum::<Units>() >= units || is_planted(Defect::CreditBeforeConfirmations) {
            return State::Confirmed;
        }
        if payment.counted().any(Deposit::is_suspect) {
            return State::Blocked;
        }
        if self.is_zero_confirmed() {
            return State::ZeroConfirmed;
        }
        let lost = self.was.1 && payment.state == State::Confirmed;
        let still_lost = matches!(payment.state, State::Processing { reason: Some(Reason::Reorganisation) });
        State::Processing { reason: payment.reason(lost || still_lost) }
    }

    /// Whether it is accepted without confirmations: nothing speaks against it, and it stayed in the mempool for the time of grace.
    fn is_zero_confirmed(&self) -> bool {
        let payment = &self.payment;
        let Some(zero) = payment.terms.zero_confirmation.filter(|_| payment.takes_unconfirmed()) else { return false };
        let screened = payment.counted().all(|deposit| payment.is_screened(deposit));
        let hold = SignedDuration::from_secs(i64::from(zero.hold_s));
        let held = |deposit: &Deposit| match deposit.place {
            Place::Mempool => self.now >= deposit.seen_at + hold,
            Place::Block(_) => true,
            Place::Missing | Place::Replaced { .. } | Place::Conflicted { .. } => false,
        };
        screened && (payment.state == State::ZeroConfirmed || payment.counted().all(held))
    }

    fn why_given_up(&self) -> Why {
        let deposits = &self.payment.deposits;
        let gone = |place: &Place| matches!(place, Place::Replaced { .. } | Place::Conflicted { .. });
        match () {
            () if deposits.iter().any(|deposit| gone(&deposit.place)) => Why::DoubleSpend,
            () if deposits.iter().any(|deposit| deposit.dropped) => Why::Dropped,
            () if self.payment.received().is_zero() => Why::Timeout,
            () => Why::Underpaid,
        }
    }
}
