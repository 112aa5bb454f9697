//! The one place where a coin payment changes: state and command in, new state and effects out. Pure and total.

use jiff::{SignedDuration, Timestamp};

use super::book::Position;
use super::{Alert, AlertKind, Cancellation, CoinPayment, RefundStatus, State, Why, Word};
use crate::payment::Effect;
use crate::ports::chain::{Place, Screening};

mod accept;
mod command;
mod refunds;
mod settle;
mod sightings;

#[cfg(test)]
mod properties;
#[cfg(test)]
pub(super) mod tests;

pub use command::{ChainNews, Command, Decision, Kept, LateFacts, Order, Refusal, Repeat};

/// How long a chain that does not answer, or a screening, is left alone.
const RECHECK_AFTER: SignedDuration = SignedDuration::from_secs(10);

/// Decides what a command does to a coin payment at a moment of its merchant's clock.
///
/// # Errors
/// [`Refusal`] when the command does not fit; the payment stays as it is.
pub fn decide(payment: &CoinPayment, command: Command, now: Timestamp) -> Result<Decision, Refusal> {
    let mut draft = Draft::of(payment, now);
    match command {
        Command::Chain(news) => draft.chain(&news),
        Command::Wake => draft.wake(),
        Command::Cancel { reason, comment } => draft.cancel(reason, comment)?,
        Command::Accept { units, invoice, rate } => draft.accept(units, invoice, rate)?,
        Command::Refund { to, units, repeat, tip } => draft.refund(to, units, repeat, tip)?,
        Command::Signed { seq, signature } => draft.signed(seq, signature)?,
        Command::Broadcast { seq, broadcast } => draft.broadcast(seq, broadcast)?,
        Command::RefundFound { seq, place, tip } => draft.refund_found(seq, place, tip.as_ref())?,
        Command::Screened { outpoint, screening } => {
            let deposit = draft.payment.deposits.iter_mut().find(|deposit| deposit.outpoint == outpoint);
            deposit.ok_or(Refusal::NoSuchDeposit)?.screening = Some(screening);
            draft.settle();
        }
        Command::Release => draft.release()?,
        Command::Refuse(kept) => draft.refuse(kept)?,
    }
    Ok(draft.finish())
}

struct Draft {
    payment: CoinPayment,
    before: Position,
    was: (Word, bool),
    effects: Vec<Effect<Word>>,
    now: Timestamp,
}

impl Draft {
    fn of(payment: &CoinPayment, now: Timestamp) -> Draft {
        let was = (payment.word(), payment.state.is_confirmed());
        Draft { payment: payment.clone(), before: payment.position(), was, effects: Vec::new(), now }
    }

    /// The entries first, then the calls, then that its word changed.
    fn finish(mut self) -> Decision {
        let (word, was_confirmed) = self.was;
        match (was_confirmed, self.payment.state.is_confirmed()) {
            (false, true) => self.payment.confirmed_at = Some(self.now),
            (true, false) => self.payment.confirmed_at = None,
            (true, true) | (false, false) => {}
        }
        let mut effects: Vec<Effect<Word>> = Vec::new();
        effects.extend(self.payment.entries_since(&self.before).into_iter().map(Effect::Post));
        effects.extend(self.effects);
        if word != self.payment.word() {
            effects.push(Effect::Notify { from: word, to: self.payment.word() });
        }
        Decision { payment: self.payment, effects }
    }

    fn cancel(&mut self, reason: String, comment: String) -> Result<(), Refusal> {
        match &self.payment.state {
            State::Waiting => {
                self.end(Why::Caller { reason, comment });
                Ok(())
            }
            State::Cancelled(_) => Ok(()),
            State::Underpaid | State::Processing { .. } => Err(Refusal::HasTransaction),
            State::Blocked => Err(Refusal::Blocked),
            State::ZeroConfirmed | State::Confirmed => Err(Refusal::Final),
        }
    }

    fn end(&mut self, why: Why) {
        self.payment.state = State::Cancelled(Cancellation { why, at: self.now });
        self.payment.acceptance = None;
    }

    /// An operator lets through what screening held.
    fn release(&mut self) -> Result<(), Refusal> {
        if self.payment.state != State::Blocked {
            return Err(Refusal::NotBlocked);
        }
        for deposit in self.payment.deposits.iter_mut().filter(|deposit| deposit.is_suspect()) {
            deposit.screening = Some(Screening::Pass);
        }
        self.settle();
        Ok(())
    }

    /// An operator refuses it.
    fn refuse(&mut self, kept: Kept) -> Result<(), Refusal> {
        if self.payment.state != State::Blocked {
            return Err(Refusal::NotBlocked);
        }
        self.end(Why::ScreeningRejected { frozen: kept == Kept::Frozen });
        self.settle();
        Ok(())
    }

    /// Its time has come. What depends on the chain is decided by [`Command::Chain`], which comes first where the chain answers.
    fn wake(&mut self) {
        let now = self.now;
        if self.payment.refuses_at().is_some_and(|at| at <= now) {
            let code = self.payment.terms.simulated_refusal.clone().unwrap_or_default();
            self.end(Why::Simulated(code));
        }
        for refund in &mut self.payment.refunds {
            if !refund.is_open() || refund.look_at.is_none_or(|at| at > now) {
                continue;
            }
            let effect = match refund.status {
                RefundStatus::Ordered | RefundStatus::Signed => Effect::Call(refund.seq),
                RefundStatus::Unknown(_) | RefundStatus::Sent | RefundStatus::Done(_) | RefundStatus::Failed(_) => {
                    Effect::LookUp(refund.seq)
                }
            };
            refund.look_later(now);
            self.effects.push(effect);
        }
        if self.payment.wake_at().is_some_and(|at| at <= now) {
            self.payment.recheck_at = Some(now + RECHECK_AFTER);
        }
    }

    fn alert(&mut self, kind: AlertKind, txid: String) {
        self.payment.alert = Some(Alert { at: self.now, kind, txid });
    }

    /// Notes where an output is now; tells of what took it away.
    fn move_to(&mut self, at: usize, place: Place) {
        let now = self.now;
        let Some(deposit) = self.payment.deposits.get_mut(at) else { return };
        if deposit.place == place {
            return;
        }
        let (before, txid) = (std::mem::replace(&mut deposit.place, place), deposit.outpoint.txid.clone());
        let missing = deposit.place == Place::Missing;
        deposit.missing_since = missing.then(|| deposit.missing_since.unwrap_or(now));
        deposit.dropped = deposit.dropped && missing;
        let kind = match (&before, &deposit.place) {
            (_, Place::Conflicted { .. }) => Some(AlertKind::DoubleSpend),
            (_, Place::Replaced { .. }) => Some(AlertKind::Conflict),
            (Place::Block(_), Place::Mempool | Place::Missing) => Some(AlertKind::Reorganisation),
            (_, Place::Mempool | Place::Missing | Place::Block(_)) => None,
        };
        if let Some(kind) = kind {
            self.alert(kind, txid);
        }
    }
}
