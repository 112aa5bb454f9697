//! What is there, what is owed back, what is to be done when: all computed from what was seen.

use jiff::{SignedDuration, Timestamp};

use super::deposit::MISSING_MAX;
use super::{
    AcceptedBy, CoinPayment, Deposit, Reason, Refund, RefundSource, RefundStatus, Requirement, ScreeningRule, State,
    Units, Why, Word,
};
use crate::Money;
use crate::payment::Seq;
use crate::ports::chain::{Frailty, Place, Screening};

/// How long an unanswered screening waits before it is asked for again.
const SCREEN_AGAIN: SignedDuration = SignedDuration::from_secs(10);

/// How long a simulated payer thinks before refusing.
const REFUSED_AFTER: SignedDuration = SignedDuration::from_secs(2);

impl CoinPayment {
    /// Everything received and not conflicted, whoever has it now.
    pub fn received(&self) -> Units {
        self.counted().map(|deposit| deposit.units).sum()
    }

    /// The outputs whose coins are there.
    pub fn counted(&self) -> impl Iterator<Item = &Deposit> {
        self.deposits.iter().filter(|deposit| deposit.counts())
    }

    /// What is to be sent, or was accepted.
    pub fn amount(&self) -> Units {
        self.acceptance.as_ref().map_or(self.price.amount(), |accepted| accepted.units)
    }

    /// What that is in the invoice's currency.
    pub fn invoice(&self) -> Money {
        self.acceptance.as_ref().map_or(self.price.invoice, |accepted| accepted.invoice)
    }

    /// The first amount, where another one was accepted.
    pub fn original_amount(&self) -> Option<Units> {
        let asked = self.price.amount();
        self.acceptance.as_ref().filter(|accepted| accepted.units != asked).map(|_| asked)
    }

    /// Received beyond what was accepted.
    pub fn excess(&self) -> Units {
        self.acceptance.as_ref().map_or(Units::ZERO, |accepted| self.received().less(accepted.units))
    }

    /// Paid back, or about to be.
    pub fn refunded(&self) -> Units {
        self.refunds.iter().filter(|refund| refund.is_active()).map(|refund| refund.units).sum()
    }

    fn refunded_from(&self, source: RefundSource) -> Units {
        let from = self.refunds.iter().filter(|refund| refund.is_active() && refund.source == source);
        from.map(|refund| refund.units).sum()
    }

    /// Owed back and not yet refunded. What is below the refund minimum is owed to nobody: it cannot be sent back sensibly.
    pub fn opened(&self) -> Units {
        let whole = match &self.state {
            State::Confirmed | State::ZeroConfirmed => self.excess(),
            State::Cancelled(cancelled) => match &cancelled.why {
                Why::ScreeningRejected { frozen: true } => Units::ZERO,
                Why::Timeout
                | Why::Underpaid
                | Why::DoubleSpend
                | Why::Dropped
                | Why::ScreeningRejected { frozen: false }
                | Why::Caller { .. }
                | Why::Simulated(_) => self.received(),
            },
            State::Waiting | State::Underpaid | State::Processing { .. } | State::Blocked => Units::ZERO,
        };
        if whole < self.terms.refund_minimum {
            return Units::ZERO;
        }
        whole.less(self.refunded_from(RefundSource::Opened))
    }

    /// Received, and accepted neither by rule nor by anybody.
    pub fn unaccepted(&self) -> Units {
        match &self.state {
            State::Waiting | State::Underpaid => self.received(),
            State::Processing { .. } | State::Blocked => Units::ZERO,
            State::Confirmed | State::ZeroConfirmed | State::Cancelled(_) => self.opened(),
        }
    }

    /// What a refund may take now: what is owed back, else what was accepted less every refund.
    pub fn refundable(&self) -> Units {
        let opened = self.opened();
        match (&self.state, &self.acceptance) {
            _ if !opened.is_zero() => opened,
            (State::Confirmed, Some(accepted)) => accepted.units.less(self.refunded()),
            _ => Units::ZERO,
        }
    }

    /// The refund with a number.
    pub fn refund(&self, seq: Seq) -> Option<&Refund> {
        self.refunds.get(usize::from(seq.number()).checked_sub(1)?)
    }

    /// The confirmations asked for by what is to be accepted, zero-confirmation left aside.
    pub fn requirement(&self) -> Requirement {
        let worth = match (&self.acceptance, &self.state) {
            (Some(accepted), _) => accepted.invoice,
            (None, State::Cancelled(_)) => self.price.worth(self.received()),
            (None, _) => self.price.invoice,
        };
        self.terms.requirement(worth)
    }

    /// Why it is not accepted without confirmations although its merchant may have that; nothing where it is.
    pub fn frailty(&self) -> Option<Frailty> {
        let unconfirmed = self.counted().filter(|deposit| deposit.block().is_none());
        unconfirmed.filter_map(|deposit| deposit.frailty).next()
    }

    /// Whether it is, or may be, accepted without confirmations.
    pub fn takes_unconfirmed(&self) -> bool {
        let allowed = self.terms.zero_confirmation.filter(|zero| !self.invoice().exceeds(zero.up_to));
        let missing = self.counted().any(|deposit| deposit.place == Place::Missing);
        allowed.is_some() && self.frailty().is_none() && !missing
    }

    /// How many confirmations are needed now.
    pub fn confirmations_needed(&self) -> u32 {
        if self.takes_unconfirmed() { 0 } else { self.requirement().confirmations }
    }

    /// The lowest count among the outputs whose coins are there, at a tip.
    pub fn confirmations(&self, tip: Option<&crate::ports::chain::Block>) -> u64 {
        self.counted().map(|deposit| deposit.confirmations(tip)).min().unwrap_or(0)
    }

    /// Whether screening has nothing against it, and has answered where it must.
    pub(super) fn is_screened(&self, deposit: &Deposit) -> bool {
        match self.terms.screening {
            ScreeningRule::Heeded => !deposit.is_suspect(),
            ScreeningRule::Required => deposit.screening == Some(Screening::Pass),
        }
    }

    /// Outputs that screening has not answered about.
    pub fn to_be_screened(&self) -> impl Iterator<Item = &Deposit> {
        self.counted().filter(|deposit| deposit.screening == Some(Screening::Pending))
    }

    /// The word for where it stands (product document, "States of the core").
    pub fn word(&self) -> Word {
        match &self.state {
            State::Waiting | State::Underpaid => Word::PendingPayer,
            State::Processing { .. } => Word::Pending,
            State::Blocked => Word::Review,
            State::ZeroConfirmed | State::Confirmed => {
                let done = |refund: &&Refund| {
                    refund.source == RefundSource::Accepted && matches!(refund.status, RefundStatus::Done(_))
                };
                let given_back: Units = self.refunds.iter().filter(done).map(|refund| refund.units).sum();
                match () {
                    () if given_back.is_zero() => Word::Captured,
                    () if given_back >= self.amount() => Word::Refunded,
                    () => Word::PartiallyRefunded,
                }
            }
            State::Cancelled(cancelled) => cancelled.why.word(),
        }
    }

    /// What is out of the ordinary while confirmations are awaited.
    pub(super) fn reason(&self, lost_confirmation: bool) -> Option<Reason> {
        let wanted_zero = self.terms.zero_confirmation.is_some_and(|zero| !self.invoice().exceeds(zero.up_to));
        match self.frailty().filter(|_| wanted_zero) {
            _ if lost_confirmation => Some(Reason::Reorganisation),
            Some(Frailty::Replaceable) => Some(Reason::ReplaceableTransaction),
            Some(Frailty::LowFee) => Some(Reason::LowFee),
            None => None,
        }
    }

    /// When coins no longer count as in time.
    pub fn expires_at(&self) -> Timestamp {
        self.deadline + SignedDuration::from_secs(i64::from(self.terms.grace_s))
    }

    /// When something is to be done about it without anybody asking; derived, never set.
    pub fn wake_at(&self) -> Option<Timestamp> {
        let expiry = (self.state.awaits_coins() && !self.deadline_over).then(|| self.expires_at());
        let held = self.held_until();
        let missing =
            self.deposits.iter().filter(|deposit| !deposit.dropped).filter_map(|deposit| deposit.missing_since);
        let missing = missing.map(|since| since + MISSING_MAX);
        let chain = expiry.into_iter().chain(held).chain(missing).min();
        let chain = chain.map(|at| self.recheck_at.map_or(at, |recheck| at.max(recheck)));
        let refunds = self.refunds.iter().filter(|refund| refund.is_open()).filter_map(|refund| refund.look_at);
        let screening = self.to_be_screened().map(|deposit| {
            let first = deposit.seen_at + SCREEN_AGAIN;
            self.recheck_at.map_or(first, |recheck| first.max(recheck))
        });
        refunds.chain(screening).chain(chain).chain(self.refuses_at()).min()
    }

    /// When a simulated payer refuses.
    pub(super) fn refuses_at(&self) -> Option<Timestamp> {
        let refuses = self.state == State::Waiting && self.terms.simulated_refusal.is_some();
        refuses.then(|| self.created_at + REFUSED_AFTER)
    }

    /// Until when a payment that may be accepted without confirmations has to stay in the mempool.
    pub(super) fn held_until(&self) -> Option<Timestamp> {
        if !matches!(self.state, State::Processing { .. }) || !self.takes_unconfirmed() {
            return None;
        }
        let hold_s = self.terms.zero_confirmation.map_or(0, |zero| zero.hold_s);
        let newest = self.counted().filter(|deposit| deposit.block().is_none()).map(|deposit| deposit.seen_at).max()?;
        let suspect = self.counted().any(|deposit| !self.is_screened(deposit));
        (!suspect).then(|| newest + SignedDuration::from_secs(i64::from(hold_s)))
    }

    /// The height at which it is to be told of a new block; derived, never set.
    pub fn wake_height(&self) -> Option<u64> {
        let unsettled = match &self.state {
            State::Processing { .. } | State::ZeroConfirmed | State::Blocked => true,
            State::Waiting | State::Underpaid | State::Confirmed | State::Cancelled(_) => false,
        };
        let unbooked = self.deposits.iter().any(|deposit| deposit.block().is_some() && !deposit.booked);
        let unmined = self.refunds.iter().any(|refund| refund.status == RefundStatus::Sent);
        let next = || self.tip.as_ref().map_or(0, |tip| tip.height + 1);
        (unsettled || unbooked || unmined).then(next)
    }

    /// The highest block that holds an output or a refund of it: a reorganisation from there on, or below, concerns it.
    pub fn top_height(&self) -> Option<u64> {
        let deposits = self.deposits.iter().filter_map(Deposit::block);
        deposits.chain(self.refunds.iter().filter_map(Refund::block)).map(|block| block.height).max()
    }

    /// Whether the merchant accepted it, naming this amount or none.
    pub(super) fn was_accepted_as(&self, given: Option<Units>) -> bool {
        let coin = self.price.coin;
        match self.acceptance.as_ref().map(|accepted| (&accepted.by, accepted.units)) {
            Some((AcceptedBy::Merchant(before), units)) => match (given, before) {
                (None, _) => true,
                (Some(given), Some(before)) => given.shows_as(*before, coin) || given.shows_as(units, coin),
                (Some(given), None) => given.shows_as(units, coin),
            },
            Some((AcceptedBy::Rule | AcceptedBy::LateRule, _)) | None => false,
        }
    }
}
