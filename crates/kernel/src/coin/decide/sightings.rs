//! What a chain's step does to a payment: outputs come, move, vanish; time runs out.

use jiff::{SignedDuration, Timestamp};

use super::{ChainNews, Draft, Order};
use crate::coin::deposit::MISSING_MAX;
use crate::coin::{Acceptance, AcceptedBy, Deposit, Late, LateFacts, RefundStatus, State, Under, Why};
use crate::payment::Effect;
use crate::ports::chain::{Place, Screening, Sighting};

/// Block headers may be so far off the time.
const HEADER_TOLERANCE: SignedDuration = SignedDuration::from_mins(10);
/// Late coins are accepted by rule for so long.
const LATE_MAX: SignedDuration = SignedDuration::from_hours(24);

impl Draft {
    pub(super) fn chain(&mut self, news: &ChainNews) {
        self.payment.tip = Some(news.tip.clone());
        self.payment.final_height = news.final_height;
        self.payment.recheck_at = None;
        if let Some(from) = news.replaced_from {
            self.detach(from, &news.sightings);
        }
        let (address, coin) = (self.payment.address.clone(), self.payment.price.coin);
        let ours =
            |sighting: &&Sighting| sighting.address == address && sighting.coin == coin && !sighting.units.is_zero();
        let mut came_late = false;
        for sighting in news.sightings.iter().filter(ours) {
            came_late |= self.sight(sighting, news.screened);
        }
        self.drop_missing();
        if news.synced_at >= self.payment.expires_at() {
            self.payment.deadline_over = true;
        }
        if came_late {
            self.accept_late(news.late);
        }
        self.settle();
        self.follow_refunds();
    }

    /// Blocks from a height on were replaced. Where an output is now is told among the sightings; what is not told is missing.
    fn detach(&mut self, from: u64, told: &[Sighting]) {
        for at in 0..self.payment.deposits.len() {
            let deposit = &self.payment.deposits[at];
            let detached = deposit.block().is_some_and(|block| block.height >= from);
            if detached && !told.iter().any(|sighting| sighting.outpoint == deposit.outpoint) {
                self.move_to(at, Place::Missing);
            }
        }
        for refund in &mut self.payment.refunds {
            if refund.block().is_some_and(|block| block.height >= from) {
                refund.status = RefundStatus::Sent;
                refund.look_later(self.now);
            }
        }
    }

    /// Takes an output in; true when its coins came after the payment had been given up.
    fn sight(&mut self, sighting: &Sighting, screened: bool) -> bool {
        let known = self.payment.deposits.iter().position(|deposit| deposit.outpoint == sighting.outpoint);
        if let Some(at) = known {
            self.move_to(at, sighting.place.clone());
            self.payment.deposits[at].frailty = sighting.frailty;
            return false;
        }
        let deposit = Deposit {
            outpoint: sighting.outpoint.clone(),
            units: sighting.units,
            seen_at: sighting.seen_at,
            place: sighting.place.clone(),
            missing_since: None,
            dropped: false,
            frailty: sighting.frailty,
            screening: screened.then_some(Screening::Pending),
            booked: false,
        };
        // An output of which nothing but its end was ever seen never had coins for us.
        if !deposit.counts() {
            return false;
        }
        if self.payment.state.awaits_coins() && deposit.seen_at >= self.in_time_until(&deposit) {
            self.payment.deadline_over = true;
            self.settle();
        }
        let late = matches!(self.payment.state, State::Cancelled(_));
        self.payment.deposits.push(deposit);
        late
    }

    /// Until when an output counts as in time: by when it was seen, or by its block's time where nobody was looking.
    fn in_time_until(&self, deposit: &Deposit) -> Timestamp {
        let by_header = deposit.block().is_some_and(|block| block.time == deposit.seen_at);
        self.payment.expires_at() + if by_header { HEADER_TOLERANCE } else { SignedDuration::ZERO }
    }

    fn drop_missing(&mut self) {
        let now = self.now;
        for deposit in &mut self.payment.deposits {
            if deposit.missing_since.is_some_and(|since| now >= since + MISSING_MAX) {
                deposit.dropped = true;
            }
        }
    }

    /// Late coins: accepted by rule only where nobody has a free option and the order is not paid otherwise (crypto contract,
    /// section 7).
    fn accept_late(&mut self, facts: LateFacts) {
        let State::Cancelled(cancelled) = &self.payment.state else { return };
        let by_time = matches!(cancelled.why, Why::Timeout | Why::Underpaid);
        let recent = self.now.duration_since(cancelled.at) <= LATE_MAX;
        let untouched = !self.payment.refunds.iter().any(|refund| refund.is_active());
        let allowed = self.payment.terms.late == Late::ByRule && facts.order == Order::Open;
        let Some(rate) = facts.rate.filter(|_| by_time && recent && untouched && allowed) else { return };
        let received = self.payment.received();
        let worth = self.payment.price.worth_at(received, rate);
        let covers = !self.payment.price.invoice.exceeds(worth);
        let short = Acceptance { units: received, invoice: worth, by: AcceptedBy::LateRule };
        let acceptance = match self.payment.terms.under {
            _ if covers => self.by_rule(received).map(|full| Acceptance { by: AcceptedBy::LateRule, ..full }),
            Under::From(minimum) => (!minimum.exceeds(worth)).then_some(short),
            Under::AtDeadline => Some(short),
            Under::Opened => None,
        };
        if acceptance.is_some() {
            self.payment.acceptance = acceptance;
            self.payment.state = State::Processing { reason: None };
        }
    }

    /// A new block may hold a refund that was sent.
    fn follow_refunds(&mut self) {
        for refund in &mut self.payment.refunds {
            if refund.status == RefundStatus::Sent {
                refund.call_begins(self.now);
                self.effects.push(Effect::LookUp(refund.seq));
            }
        }
    }
}
