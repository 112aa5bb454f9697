//! The one place where a payment changes: state and command in, new state and effects out. Pure and total.

use jiff::{SignedDuration, Timestamp};

use super::{
    Approval, CALL_LOST_AFTER_S, CaptureMode, Chargeback, Decline, Doubt, Ending, Funds, Operation, OperationKind,
    OperationStatus, Outcome, PayerStep, Payment, Report, Resolution, Retry, Route, Seq, State, StepKind,
    UNKNOWN_LOOK_UP_S,
};
use crate::Money;
use crate::ledger::Entry;
use crate::ledger::chart::{self, Movement};
use crate::sabotage::{Defect, is_planted};

mod command;
mod late;
mod money;
mod orders;
#[cfg(test)]
mod properties;
mod session;
#[cfg(test)]
mod tests;

pub use command::{Amendment, Attempt, Command, Decision, Effect, Portion, Refusal};

const CHALLENGE_TIME: SignedDuration = SignedDuration::from_mins(15);
const PAGE_TIME: SignedDuration = SignedDuration::from_mins(30);
const HOLD_TIME: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Decides what a command does to a payment at a moment of its merchant's clock.
///
/// # Errors
/// [`Refusal`] when the command does not fit; the payment stays as it is.
pub fn decide(payment: &Payment, command: Command, now: Timestamp) -> Result<Decision, Refusal> {
    let before = payment.word();
    let mut draft = Draft { payment: payment.clone(), effects: Vec::new(), now };
    match command {
        Command::Attempt(attempt) => draft.attempt(attempt)?,
        Command::Capture(amount) => draft.capture(amount).map(drop)?,
        Command::CaptureFinal(amount) => draft.capture_final(amount)?,
        Command::Void => draft.void()?,
        Command::Reverse => draft.reverse()?,
        Command::VoidPart(amount) => draft.void_part(amount)?,
        Command::Refund { amount, on } => draft.refund(amount, on)?,
        Command::Answered { seq, report, fallback } => {
            draft.answered(seq, report, fallback)?;
            draft.release_rest();
        }
        Command::ChargedBack { seq, moved, reference } => draft.charged_back(seq, moved, reference)?,
        Command::Amend(amendment) => draft.amend(amendment)?,
        Command::Cancel => draft.cancel()?,
        Command::GiveUp => draft.give_up()?,
        Command::Wake => draft.wake(),
    }
    for (operation, before) in draft.payment.operations.iter_mut().zip(&payment.operations) {
        operation.note_change(before, now);
    }
    let after = draft.payment.word();
    if before != after {
        draft.effects.push(Effect::Notify { from: before, to: after });
    }
    Ok(Decision { payment: draft.payment, effects: draft.effects })
}

/// Whether an outcome permits another provider: a definite decline that says nothing against the payer, or a
/// connection that was never made (cashier contract, section 16).
pub fn may_cascade(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::NotSent => true,
        Outcome::Declined(Decline::Response(code)) => {
            matches!(code.as_str(), "05" | "19" | "57" | "58" | "62" | "91" | "92" | "96")
        }
        Outcome::Declined(Decline::Authentication(_) | Decline::Risk | Decline::Provider)
        | Outcome::Approved(_)
        | Outcome::Cancelled
        | Outcome::NeedsPayer(_)
        | Outcome::Pending
        | Outcome::NotFound => false,
        Outcome::Unknown(_) => is_planted(Defect::CascadeWhileUnknown),
    }
}

struct Draft {
    payment: Payment,
    effects: Vec<Effect>,
    now: Timestamp,
}

impl Draft {
    /// Starts an attempt; `cascaded_from` is the declined one that it goes on from.
    fn start_attempt(&mut self, mut attempt: Attempt, cascaded_from: Option<Seq>) -> Result<(), Refusal> {
        let kind = match self.payment.capture {
            CaptureMode::Now => OperationKind::Sale,
            CaptureMode::Later => OperationKind::Authorise,
            CaptureMode::Never => OperationKind::Verify,
        };
        let asked = self.payment.asked;
        // An account that moves the currency asked for has nothing to convert.
        attempt.route.conversion = attempt.route.conversion.filter(|(asset, _)| *asset != asked.asset());
        let moved = money::moved_by_attempt(kind, asked, &attempt.route).ok_or(Refusal::BadAmount)?;
        let operation = self.start(kind, asked, moved, attempt.route, None)?;
        let started = self.operation_mut(operation)?;
        started.means = Some(attempt.means);
        started.circumstances = Some(attempt.circumstances).filter(|how| !how.is_ordinary()).map(Box::new);
        started.cascaded_from = cascaded_from;
        self.payment.state = State::Pending { operation };
        Ok(())
    }

    /// Stores an operation as pending and asks for its call.
    fn start(
        &mut self,
        kind: OperationKind,
        amount: Money,
        moved: Money,
        route: Route,
        on: Option<Seq>,
    ) -> Result<Seq, Refusal> {
        let number = u16::try_from(self.payment.operations.len() + 1).unwrap_or(u16::MAX);
        if number > Seq::MAX {
            return Err(Refusal::TooManyOperations);
        }
        let seq = Seq::new(number);
        let mut operation = Operation::new(seq, kind, (amount, moved), route, self.now);
        operation.on = on;
        self.payment.operations.push(operation);
        self.effects.push(Effect::Call(seq));
        Ok(seq)
    }

    fn answered(&mut self, seq: Seq, report: Report, fallback: Option<Attempt>) -> Result<(), Refusal> {
        let Report { outcome, authentication, resolution } = report;
        let operation = self.operation_mut(seq)?;
        if let Some(resolution) = resolution {
            return self.resolved(seq, outcome, resolution);
        }
        if !operation.is_open() && !is_planted(Defect::LastCallbackWins) {
            return self.answered_late(seq, Report { outcome, authentication, resolution: None });
        }
        operation.authentication = authentication.or(operation.authentication.take());
        let operation = self.payment.operation(seq).ok_or(Refusal::NoSuchOperation)?;
        // A first answer may say that nothing was sent or that another provider may try; a later one may not, because
        // by then the operation may be on its way. Nor can a provider forget a payer it has seen.
        let first_answer = operation.status == OperationStatus::Pending && operation.look_ups == 0;
        let surely_lost = operation.is_surely_lost(self.now);
        let fallback = fallback.filter(|_| operation.kind.is_attempt() && first_answer && may_cascade(&outcome));
        match outcome {
            Outcome::Approved(approval) => self.approved(seq, approval),
            Outcome::Declined(decline) => {
                self.failed(seq, OperationStatus::Declined(decline.clone()), Ending::Declined(decline), fallback)
            }
            Outcome::Cancelled => self.failed(seq, OperationStatus::Cancelled, Ending::Cancelled, None),
            Outcome::NotSent if first_answer => self.failed(seq, OperationStatus::Failed, Ending::Failed, fallback),
            Outcome::NotFound if surely_lost => self.failed(seq, OperationStatus::Failed, Ending::Failed, None),
            Outcome::Unknown(_) if is_planted(Defect::CascadeWhileUnknown) && fallback.is_some() => {
                self.failed(seq, OperationStatus::Failed, Ending::Failed, fallback)
            }
            Outcome::Unknown(_) if is_planted(Defect::BlindRetry) && first_answer => self.try_again_blindly(seq),
            Outcome::NotSent | Outcome::NotFound => self.unknown(seq, Doubt::Lost),
            Outcome::Unknown(doubt) => self.unknown(seq, doubt),
            Outcome::Pending => self.still_pending(seq),
            Outcome::NeedsPayer(step) => self.needs_payer(seq, step),
        }
    }

    /// An operator's word counts where nobody else's is known: about an operation that is unknown, and only as a clear yes or no.
    /// It never sends anything, so no other provider is tried.
    fn resolved(&mut self, seq: Seq, outcome: Outcome, resolution: Box<Resolution>) -> Result<(), Refusal> {
        let operation = self.operation_mut(seq)?;
        if !matches!(operation.status, OperationStatus::Unknown(_)) {
            return Err(Refusal::NotUnknown);
        }
        operation.resolution = Some(resolution);
        match outcome {
            Outcome::Approved(approval) => self.approved(seq, approval),
            Outcome::NotSent | Outcome::NotFound => self.failed(seq, OperationStatus::Failed, Ending::Failed, None),
            Outcome::Declined(decline) => {
                self.failed(seq, OperationStatus::Declined(decline.clone()), Ending::Declined(decline), None)
            }
            Outcome::Cancelled | Outcome::NeedsPayer(_) | Outcome::Pending | Outcome::Unknown(_) => {
                Err(Refusal::NotUnknown)
            }
        }
    }

    fn approved(&mut self, seq: Seq, approval: Approval) -> Result<(), Refusal> {
        let operation = self.operation_mut(seq)?;
        operation.status = OperationStatus::Approved;
        operation.set_approval(approval);
        let (kind, amount) = (operation.kind, operation.amount);
        let movement = self.movement(seq)?;
        let zero = Money::zero(amount.asset());
        let nothing = Funds { held: zero, hold_until: None, captured: zero, refunded: zero, charged_back: zero };
        match kind {
            OperationKind::Sale => {
                self.payment.state = State::Funded(Funds { captured: amount, ..nothing });
                self.post(chart::captured(&movement));
            }
            OperationKind::Authorise => {
                let hold_until = Some(self.now + self.hold_time());
                self.payment.state = State::Funded(Funds { held: amount, hold_until, ..nothing });
                self.post(chart::authorised(&movement));
            }
            // The card is good, and that is all: nothing is held, so nothing can be captured, voided or refunded.
            OperationKind::Verify => self.payment.state = State::Funded(nothing),
            OperationKind::Capture => self.captured_from_hold(amount, &movement)?,
            OperationKind::Void => self.released(seq, amount)?,
            OperationKind::Refund => {
                let mut funds = self.funds()?;
                funds.refunded = funds.refunded.plus(amount).ok_or(Refusal::BadAmount)?;
                self.payment.state = State::Funded(funds);
                self.post(chart::refunded(&movement));
            }
            OperationKind::Payout => return Err(Refusal::NoSuchOperation),
        }
        Ok(())
    }

    fn captured_from_hold(&mut self, amount: Money, movement: &Movement) -> Result<(), Refusal> {
        let mut funds = self.funds()?;
        let left = self.hold_left(funds.held, None)?.moved.plus(movement.moved).ok_or(Refusal::BadAmount)?;
        funds.held = funds.held.minus(amount).ok_or(Refusal::BadAmount)?;
        funds.captured = funds.captured.plus(amount).ok_or(Refusal::BadAmount)?;
        funds.hold_until = funds.hold_until.filter(|_| !funds.held.is_zero());
        self.payment.state = State::Funded(funds);
        // Who takes the last of a hold ends it on the provider's side too, whatever parts were rounded to.
        let released = if funds.held.is_zero() || movement.moved.exceeds(left) { left } else { movement.moved };
        self.post(chart::captured_from_hold(movement, released));
        Ok(())
    }

    /// A release is done, of the whole hold or a part of it.
    fn released(&mut self, seq: Seq, amount: Money) -> Result<(), Refusal> {
        match self.payment.state {
            State::Funded(mut funds) if funds.held.exceeds(amount) => {
                let movement = self.movement(seq)?;
                funds.held = funds.held.minus(amount).ok_or(Refusal::BadAmount)?;
                self.payment.state = State::Funded(funds);
                self.post(chart::hold_released(&movement));
                Ok(())
            }
            State::Funded(_)
            | State::Created
            | State::PendingPayer { .. }
            | State::Pending { .. }
            | State::Unknown { .. }
            | State::Ended(_) => self.release_hold(Ending::Voided, Some(seq)),
        }
    }

    /// Gives free what is still held; a payment nothing was taken of ends.
    fn release_hold(&mut self, ending: Ending, by: Option<Seq>) -> Result<(), Refusal> {
        // A void of an authorisation that came too late has no hold in our book to release.
        let State::Funded(mut funds) = self.payment.state else { return Ok(()) };
        if funds.held.is_zero() {
            return Ok(());
        }
        let movement = self.hold_left(funds.held, by)?;
        funds.held = Money::zero(funds.held.asset());
        funds.hold_until = None;
        self.payment.state = if funds.captured.is_zero() { State::Ended(ending) } else { State::Funded(funds) };
        self.post(chart::hold_released(&movement));
        Ok(())
    }

    fn failed(
        &mut self,
        seq: Seq,
        status: OperationStatus,
        ending: Ending,
        fallback: Option<Attempt>,
    ) -> Result<(), Refusal> {
        let operation = self.operation_mut(seq)?;
        operation.status = status;
        if !operation.kind.is_attempt() {
            return Ok(());
        }
        if let Some(attempt) = fallback {
            return self.start_attempt(attempt, Some(seq));
        }
        self.payment.state = match self.payment.retry {
            Retry::Session { attempts_max, .. } if self.attempts() < usize::from(attempts_max) => State::Created,
            Retry::Session { .. } | Retry::Never => State::Ended(ending),
        };
        Ok(())
    }

    fn unknown(&mut self, seq: Seq, doubt: Doubt) -> Result<(), Refusal> {
        let now = self.now;
        let operation = self.operation_mut(seq)?;
        operation.set_unknown(doubt);
        operation.schedule_look_up(now, UNKNOWN_LOOK_UP_S);
        if operation.kind.is_attempt() {
            self.payment.state = State::Unknown { operation: seq };
        }
        Ok(())
    }

    /// Sabotage: a sale without a clear answer is taken for lost and made once more, under a new reference.
    fn try_again_blindly(&mut self, seq: Seq) -> Result<(), Refusal> {
        let operation = self.operation_mut(seq)?;
        let (means, circumstances) = (operation.means.clone(), operation.circumstances.clone());
        let circumstances = circumstances.map(|how| *how).unwrap_or_default();
        let route = operation.route.clone();
        let again = means.map(|means| Attempt { route, means, circumstances, amount: None });
        self.failed(seq, OperationStatus::Failed, Ending::Failed, again)
    }

    fn still_pending(&mut self, seq: Seq) -> Result<(), Refusal> {
        let now = self.now;
        let operation = self.operation_mut(seq)?;
        operation.status = OperationStatus::Pending;
        operation.schedule_look_up(now, CALL_LOST_AFTER_S);
        if operation.kind.is_attempt() {
            self.payment.state = State::Pending { operation: seq };
        }
        Ok(())
    }

    fn needs_payer(&mut self, seq: Seq, step: PayerStep) -> Result<(), Refusal> {
        let (now, step_time) = (self.now, self.step_time(step.kind));
        let operation = self.operation_mut(seq)?;
        if !operation.kind.is_attempt() {
            // No payer is present at a capture, void or refund: the provider's answer makes no sense.
            return self.unknown(seq, Doubt::Garbled);
        }
        if !operation.has_payer() {
            // Nobody can do what the provider wants, and without it nothing will be done: the soft decline.
            let decline = Decline::Response("1A".into());
            return self.failed(seq, OperationStatus::Declined(decline.clone()), Ending::Declined(decline), None);
        }
        let until = operation.started_at + step_time;
        if now >= until {
            return self.failed(seq, OperationStatus::Expired, Ending::Expired, None);
        }
        operation.payer_acted = true;
        operation.look_up_at = Some(until);
        operation.status = OperationStatus::NeedsPayer(step);
        self.payment.state = State::PendingPayer { operation: seq, until };
        Ok(())
    }

    fn charged_back(&mut self, seq: Seq, moved: Money, reference: String) -> Result<(), Refusal> {
        if self.payment.chargebacks.iter().any(|chargeback| chargeback.reference == reference) {
            return Ok(());
        }
        let operation = self.payment.operation(seq).ok_or(Refusal::NoSuchOperation)?;
        let amount = money::credited(moved, operation).ok_or(Refusal::BadAmount)?;
        match operation.status {
            OperationStatus::Approved => {}
            OperationStatus::Late => return self.charged_back_late(seq, amount, moved, reference),
            // The news that it was taken is still on its way.
            OperationStatus::Pending
            | OperationStatus::NeedsPayer(_)
            | OperationStatus::Unknown(_)
            | OperationStatus::Declined(_)
            | OperationStatus::Failed
            | OperationStatus::Cancelled
            | OperationStatus::Expired => return Err(Refusal::NotFunded),
        }
        let mut funds = self.funds()?;
        let left = funds.captured.minus(funds.charged_back).unwrap_or(Money::zero(amount.asset()));
        if amount.exceeds(left) {
            return Err(Refusal::ChargebackExceedsCapture { asked: amount, left });
        }
        funds.charged_back = funds.charged_back.plus(amount).ok_or(Refusal::BadAmount)?;
        let movement = Movement { credited: amount, moved, ..self.movement(seq)? };
        self.payment.state = State::Funded(funds);
        self.payment.chargebacks.push(Chargeback { on: seq, reference, amount, at: self.now });
        self.post(chart::charged_back(&movement));
        Ok(())
    }

    fn wake(&mut self) {
        let now = self.now;
        for operation in &mut self.payment.operations {
            if operation.next_look_up().is_some_and(|at| at <= now) {
                operation.look_ups = operation.look_ups.saturating_add(1);
                let delay_s = match operation.status {
                    OperationStatus::Unknown(_) => UNKNOWN_LOOK_UP_S,
                    _ => CALL_LOST_AFTER_S,
                };
                operation.schedule_look_up(now, delay_s);
                self.effects.push(Effect::LookUp(operation.seq));
            }
        }
        if self.payment.operations.iter().any(Operation::is_open) {
            return;
        }
        match (&self.payment.state, self.payment.retry) {
            (State::Created, Retry::Session { until, .. }) if until <= now => {
                self.payment.state = State::Ended(Ending::Expired);
            }
            (State::Funded(funds), _) if funds.hold_until.is_some_and(|until| until <= now) => {
                // The hold's movement was booked when it was made, so it can be booked back.
                self.release_hold(Ending::AuthorisationExpired, None).expect("a hold that was booked");
            }
            _ => {}
        }
    }

    fn hold_time(&self) -> SignedDuration {
        let days = self.payment.times.hold_days;
        days.map_or(HOLD_TIME, |days| SignedDuration::from_hours(24 * i64::from(days)))
    }

    fn step_time(&self, kind: StepKind) -> SignedDuration {
        match (self.payment.times.step_minutes, kind) {
            (Some(minutes), _) => SignedDuration::from_mins(i64::from(minutes)),
            (None, StepKind::Challenge) => CHALLENGE_TIME,
            (None, StepKind::Redirect) => PAGE_TIME,
        }
    }

    fn funds(&self) -> Result<Funds, Refusal> {
        match &self.payment.state {
            State::Funded(funds) => Ok(*funds),
            State::Ended(_) => Err(Refusal::Ended(self.payment.word())),
            State::Created | State::PendingPayer { .. } | State::Pending { .. } | State::Unknown { .. } => {
                Err(Refusal::NotFunded)
            }
        }
    }

    fn check_amount(&self, amount: Money) -> Result<(), Refusal> {
        let good = amount.asset() == self.payment.asked.asset() && amount.minor() > 0;
        good.then_some(()).ok_or(Refusal::BadAmount)
    }

    fn open(&self, kind: OperationKind) -> impl Iterator<Item = &Operation> {
        self.payment.operations.iter().filter(move |operation| operation.kind == kind && operation.is_open())
    }

    fn operation_mut(&mut self, seq: Seq) -> Result<&mut Operation, Refusal> {
        let index = usize::from(seq.number()).checked_sub(1).ok_or(Refusal::NoSuchOperation)?;
        self.payment.operations.get_mut(index).ok_or(Refusal::NoSuchOperation)
    }

    fn movement(&self, seq: Seq) -> Result<Movement, Refusal> {
        let operation = self.payment.operation(seq).ok_or(Refusal::NoSuchOperation)?;
        Ok(Movement {
            book: self.payment.mode,
            merchant: self.payment.merchant,
            provider: operation.route.provider,
            credited: operation.amount,
            moved: operation.moved,
        })
    }

    /// What is left of the hold, on the provider's side: authorised less what captures took and what was released of it, but for the
    /// release that is just being booked.
    fn hold_left(&self, held: Money, by: Option<Seq>) -> Result<Movement, Refusal> {
        let funding = self.payment.funding().ok_or(Refusal::NotFunded)?;
        let mut taken = self.payment.operations.iter().filter(|operation| {
            let part = operation.kind == OperationKind::Void
                && operation.on == Some(funding.seq)
                && Some(operation.seq) != by
                && funding.route.conversion.is_none();
            (operation.kind == OperationKind::Capture || part) && operation.status == OperationStatus::Approved
        });
        let moved = taken.try_fold(funding.moved, |left, operation| left.minus(operation.moved));
        // Late captures may have been rounded to a little more than there was.
        let moved = moved.unwrap_or(Money::zero(funding.moved.asset()));
        Ok(Movement { credited: held, moved, ..self.movement(funding.seq)? })
    }

    fn post(&mut self, entry: Entry) {
        self.effects.push(Effect::Post(entry));
    }
}
