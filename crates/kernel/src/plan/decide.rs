//! The one place where a plan changes: plan and command in, the plan as it is then out. Pure and total.

use jiff::{SignedDuration, Timestamp};

use super::{Plan, State, Stop, Word};
use crate::payment::Decline;
use crate::record::TryResult;
use crate::{Money, PaymentId};

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

/// From a soft decline to the next try, in days; after the last of them the plan stops.
const RETRY_DAYS: [i64; 3] = [1, 3, 5];
/// From a charge that could not begin, or reached nobody, to the next look.
const POSTPONED: SignedDuration = SignedDuration::from_hours(1);

/// What may be said about a plan.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// A payment is made to charge the period that is due, in the same commit.
    Begin {
        /// That one.
        payment: PaymentId,
        /// How much it asks for.
        asked: Money,
    },
    /// The payment has ended, in the same commit.
    Tried {
        /// That one.
        payment: PaymentId,
        /// How.
        result: TryResult,
    },
    /// The stored card can never be charged any more.
    CardGone,
    /// No charge could begin: nobody takes it, or its first payment is undecided. It is tried again later.
    Postpone {
        /// Why.
        trouble: String,
    },
    /// Charge nothing until it is resumed.
    Pause,
    /// Go on. What fell due meanwhile is not charged.
    Resume,
    /// End it. A charge that is under way is taken to its end.
    Cancel,
}

/// Why a command is not obeyed. Nothing changes then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It has ended.
    #[error("the plan has ended")]
    Ended,
    /// It is paused.
    #[error("the plan is paused")]
    Paused,
    /// It is not paused.
    #[error("the plan is not paused")]
    NotPaused,
    /// Nothing is due.
    #[error("nothing is due")]
    NotDue,
    /// A charge is under way, and its end is not known.
    #[error("a charge is under way")]
    ChargeOpen,
    /// A payment of another amount is not its charge.
    #[error("the payment is not for the plan's amount")]
    OtherAmount,
}

/// Decides what a command does to a plan at a moment of its merchant's clock.
///
/// # Errors
/// [`Refusal`] when the command does not fit; the plan stays as it is.
pub fn decide(plan: &Plan, command: Command, now: Timestamp) -> Result<Plan, Refusal> {
    let mut plan = plan.clone();
    match command {
        Command::Begin { payment, asked } => begin(&mut plan, payment, asked, now)?,
        Command::Tried { payment, result } => tried(&mut plan, payment, result, now),
        Command::CardGone => {
            check_charges(&plan)?;
            plan.state = State::Stopped { reason: Stop::CardGone, at: now };
        }
        Command::Postpone { trouble } => {
            check_charges(&plan)?;
            plan.trouble = trouble;
            plan.due_at = plan.due_at.max(now + POSTPONED);
        }
        Command::Pause => {
            check_not_ended(&plan)?;
            if plan.word() == Word::Active {
                plan.state = State::Paused { since: now };
            }
        }
        Command::Resume => resume(&mut plan, now)?,
        Command::Cancel => {
            if plan.word() != Word::Cancelled {
                check_not_ended(&plan)?;
                plan.state = State::Cancelled { at: now };
            }
        }
    }
    Ok(plan)
}

fn begin(plan: &mut Plan, payment: PaymentId, asked: Money, now: Timestamp) -> Result<(), Refusal> {
    check_charges(plan)?;
    if now < plan.due_at {
        return Err(Refusal::NotDue);
    }
    if asked != plan.asked {
        return Err(Refusal::OtherAmount);
    }
    plan.charging = Some(payment);
    plan.last_payment = Some(payment);
    plan.tries = plan.tries.saturating_add(1);
    plan.trouble = String::new();
    Ok(())
}

/// The end of a charge, whatever has become of the plan meanwhile.
fn tried(plan: &mut Plan, payment: PaymentId, result: TryResult, now: Timestamp) {
    if plan.charging != Some(payment) {
        return;
    }
    plan.charging = None;
    match result {
        TryResult::Paid => {
            plan.charged = plan.charged.saturating_add(1);
            next_period(plan);
            let all = plan.charges_max.is_some_and(|max| plan.charged >= max);
            if all && !has_ended(plan) {
                plan.state = State::Completed { at: now };
            }
        }
        TryResult::Failed => plan.due_at = now + POSTPONED,
        TryResult::Declined(decline) if !decline.is_soft() => stop(plan, Stop::Declined(decline), now),
        TryResult::Declined(decline) => retry(plan, decline, now),
        // Whoever gave the payment up said nothing against the card.
        TryResult::GivenUp => retry(plan, Decline::Provider, now),
    }
}

fn retry(plan: &mut Plan, decline: Decline, now: Timestamp) {
    match RETRY_DAYS.get(usize::from(plan.declines)) {
        Some(days) => {
            plan.declines += 1;
            plan.due_at = now + SignedDuration::from_hours(24 * days);
        }
        None => stop(plan, Stop::RetriesUsedUp(decline), now),
    }
}

fn stop(plan: &mut Plan, reason: Stop, now: Timestamp) {
    if !has_ended(plan) {
        plan.state = State::Stopped { reason, at: now };
    }
}

fn resume(plan: &mut Plan, now: Timestamp) -> Result<(), Refusal> {
    check_not_ended(plan)?;
    let State::Paused { since } = plan.state else { return Err(Refusal::NotPaused) };
    if plan.charging.is_some() {
        return Err(Refusal::ChargeOpen);
    }
    // A period that was due before the pause is still owed; one that fell due meanwhile is not.
    while plan.schedule.due(plan.period) > since && plan.schedule.due(plan.period) <= now {
        plan.skipped = plan.skipped.saturating_add(1);
        next_period(plan);
    }
    plan.state = State::Active;
    Ok(())
}

fn next_period(plan: &mut Plan) {
    plan.period = plan.period.saturating_add(1);
    plan.due_at = plan.schedule.due(plan.period);
    (plan.declines, plan.tries) = (0, 0);
}

fn has_ended(plan: &Plan) -> bool {
    match plan.state {
        State::Active | State::Paused { .. } => false,
        State::Completed { .. } | State::Cancelled { .. } | State::Stopped { .. } => true,
    }
}

fn check_not_ended(plan: &Plan) -> Result<(), Refusal> {
    if has_ended(plan) { Err(Refusal::Ended) } else { Ok(()) }
}

/// Whether a charge may begin, were it due.
fn check_charges(plan: &Plan) -> Result<(), Refusal> {
    check_not_ended(plan)?;
    match (&plan.state, plan.charging) {
        (State::Paused { .. }, _) => Err(Refusal::Paused),
        (_, Some(_)) => Err(Refusal::ChargeOpen),
        (_, None) => Ok(()),
    }
}
