//! The one place where a withdrawal changes: state and command in, new state and effects out. Pure and total.

use jiff::{SignedDuration, Timestamp};

use super::{Approver, Destination, Ending, Funding, Plan, Return, State, Withdrawal, Word};
use crate::Money;
use crate::fx::Rounding;
use crate::ledger::chart::{self, Movement};
use crate::ledger::{Account, Entry};
use crate::payment::{
    Approval, CALL_LOST_AFTER_S, Decline, Doubt, Effect, Operation, OperationKind, OperationStatus, Outcome,
    Resolution, Route, Seq, UNKNOWN_LOOK_UP_S,
};

#[cfg(test)]
mod properties;
#[cfg(test)]
pub(super) mod tests;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What may be said about a withdrawal.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// The payer says where the money goes, or the merchant that orders the payout. It is held from then on.
    Confirm(Confirmation),
    /// Somebody says yes.
    Approve(Approver),
    /// Somebody says no, while nothing was sent.
    Reject {
        /// Who.
        by: Approver,
        /// Why; empty: no reason is given.
        reason: String,
    },
    /// The payer gives up before confirming.
    Cancel,
    /// What the provider says about the payout, whether it was just called, asked later, or spoke unasked.
    Answered {
        /// The payout.
        seq: Seq,
        /// What is known of it now.
        outcome: Outcome,
        /// Who says so in the provider's place, where it was not the provider itself.
        resolution: Option<Box<Resolution>>,
    },
    /// The receiving bank sent money back.
    Returned {
        /// The payout.
        seq: Seq,
        /// How much, in the provider's currency.
        moved: Money,
        /// The provider's reference, by which repeats are known.
        reference: String,
    },
    /// The time of [`Withdrawal::wake_at`] has come.
    Wake,
}

/// What the payer confirms, and what the merchant's rules say about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Confirmation {
    /// The provider the rules chose.
    pub route: Route,
    /// Where the money goes.
    pub destination: Destination,
    /// How many different approvers are needed: none approves itself, two are four eyes.
    pub required: u8,
    /// Days after which it is given up without an approval.
    pub approval_days: Option<u16>,
    /// How far below zero the merchant's available balance may go.
    pub overdraft: Overdraft,
}

/// How far below zero withdrawals may take a merchant's available balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overdraft {
    /// As far as they like: test mode's default.
    Unlimited,
    /// So much at most.
    UpTo(Money),
}

/// A decision: what is true now, and what follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The withdrawal as it is now.
    pub withdrawal: Withdrawal,
    /// What follows, in order.
    pub effects: Vec<Effect<Word>>,
}

/// Why a command is not obeyed. Nothing changes then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The payer has not confirmed.
    #[error("the payer has not confirmed")]
    NotConfirmed,
    /// The payer has confirmed already.
    #[error("the payer has confirmed already")]
    AlreadyConfirmed,
    /// The payer's time is over.
    #[error("the payer's time is over")]
    SessionOver,
    /// The payout is stored or was made: it cannot be stopped.
    #[error("the payout is under way or made")]
    UnderWay,
    /// It was decided otherwise.
    #[error("it has been decided otherwise: {0:?}")]
    Decided(Word),
    /// Nothing is known to be paid, so nothing can have come back; the news of it may be on its way.
    #[error("nothing was paid yet")]
    NotPaid,
    /// More came back than was paid.
    #[error("return of {asked} exceeds the {left} that were paid")]
    ReturnExceedsPayout {
        /// Came back.
        asked: Money,
        /// Left.
        left: Money,
    },
    /// Amounts must be positive, in a currency of the withdrawal, and fit what the provider moves.
    #[error("the amount does not fit")]
    BadAmount,
    /// An operator may say what became of an unknown payout only, and only a clear yes or no.
    #[error("the payout is not unknown")]
    NotUnknown,
    /// No such operation.
    #[error("the withdrawal has no such operation")]
    NoSuchOperation,
}

/// Decides what a command does to a withdrawal at a moment of its merchant's clock.
///
/// # Errors
/// [`Refusal`] when the command does not fit; the withdrawal stays as it is.
pub fn decide(withdrawal: &Withdrawal, command: Command, now: Timestamp) -> Result<Decision, Refusal> {
    let before = withdrawal.word();
    let mut draft = Draft { withdrawal: withdrawal.clone(), effects: Vec::new(), now };
    match command {
        Command::Confirm(confirmation) => draft.confirm(confirmation)?,
        Command::Approve(by) => draft.approve(by)?,
        Command::Reject { by, reason } => draft.reject(by, reason)?,
        Command::Cancel => draft.cancel()?,
        Command::Answered { seq, outcome, resolution: None } => draft.answered(seq, outcome)?,
        Command::Answered { seq, outcome, resolution: Some(resolution) } => draft.resolved(seq, outcome, resolution)?,
        Command::Returned { seq, moved, reference } => draft.returned(seq, moved, reference)?,
        Command::Wake => draft.wake()?,
    }
    if let (Some(payout), Some(before)) = (&mut draft.withdrawal.payout, &withdrawal.payout) {
        payout.note_change(before, now);
    }
    let after = draft.withdrawal.word();
    if before != after {
        draft.effects.push(Effect::Notify { from: before, to: after });
    }
    Ok(Decision { withdrawal: draft.withdrawal, effects: draft.effects })
}

struct Draft {
    withdrawal: Withdrawal,
    effects: Vec<Effect<Word>>,
    now: Timestamp,
}

impl Draft {
    fn confirm(&mut self, confirmation: Confirmation) -> Result<(), Refusal> {
        let Confirmation { mut route, destination, required, approval_days, overdraft } = confirmation;
        match &self.withdrawal.state {
            State::Created { until } if self.now >= *until => return Err(Refusal::SessionOver),
            State::Created { .. } => {}
            State::AwaitingApproval { .. }
            | State::Approved
            | State::Sent
            | State::Unknown
            | State::Paid
            | State::Returned { .. } => return Err(Refusal::AlreadyConfirmed),
            State::Ended(_) => return Err(Refusal::Decided(self.withdrawal.word())),
        }
        // An account that moves the currency asked for has nothing to convert.
        route.conversion = route.conversion.filter(|(asset, _)| *asset != self.withdrawal.asked.asset());
        moved(self.withdrawal.asked, &route).ok_or(Refusal::BadAmount)?;
        self.withdrawal.plan = Some(Plan { route, destination });
        if self.withdrawal.funding == Funding::Balance {
            self.post(chart::withdrawal_held)?;
        }
        if let (Funding::Balance, Overdraft::UpTo(overdraft)) = (self.withdrawal.funding, overdraft) {
            if overdraft.asset() != self.withdrawal.asked.asset() || overdraft.minor() < 0 {
                return Err(Refusal::BadAmount);
            }
            let account = Account::MerchantAvailable(self.withdrawal.merchant);
            let minimum = Money::new(-overdraft.minor(), overdraft.asset());
            self.effects.push(Effect::Floor { account, minimum });
        }
        if required == 0 {
            return self.start_payout();
        }
        let until = approval_days.map(|days| self.now + DAY * i32::from(days));
        self.withdrawal.state = State::AwaitingApproval { required, until };
        Ok(())
    }

    fn approve(&mut self, by: Approver) -> Result<(), Refusal> {
        let counted = self.withdrawal.approvals.contains(&by);
        match &self.withdrawal.state {
            State::Created { .. } => Err(Refusal::NotConfirmed),
            State::AwaitingApproval { .. } if counted => Ok(()),
            State::AwaitingApproval { required, .. } => {
                let required = usize::from(*required);
                self.withdrawal.approvals.push(by);
                if self.withdrawal.approvals.len() >= required { self.start_payout() } else { Ok(()) }
            }
            State::Approved
            | State::Sent
            | State::Unknown
            | State::Paid
            | State::Returned { .. }
            | State::Ended(Ending::Declined(_) | Ending::Failed) => {
                counted.then_some(()).ok_or(Refusal::Decided(self.withdrawal.word()))
            }
            State::Ended(Ending::Rejected { .. } | Ending::Cancelled | Ending::Expired | Ending::ApprovalExpired) => {
                Err(Refusal::Decided(self.withdrawal.word()))
            }
        }
    }

    fn reject(&mut self, by: Approver, reason: String) -> Result<(), Refusal> {
        match &self.withdrawal.state {
            State::Created { .. } => {
                self.withdrawal.state = State::Ended(Ending::Rejected { by, reason });
                Ok(())
            }
            State::AwaitingApproval { .. } => self.release(Ending::Rejected { by, reason }),
            State::Approved | State::Sent | State::Unknown | State::Paid | State::Returned { .. } => {
                Err(Refusal::UnderWay)
            }
            State::Ended(Ending::Rejected { by: first, .. }) if *first == by => Ok(()),
            State::Ended(_) => Err(Refusal::Decided(self.withdrawal.word())),
        }
    }

    fn cancel(&mut self) -> Result<(), Refusal> {
        match &self.withdrawal.state {
            State::Created { .. } => self.withdrawal.state = State::Ended(Ending::Cancelled),
            State::AwaitingApproval { .. }
            | State::Approved
            | State::Sent
            | State::Unknown
            | State::Paid
            | State::Returned { .. } => return Err(Refusal::AlreadyConfirmed),
            State::Ended(_) => return Err(Refusal::Decided(self.withdrawal.word())),
        }
        Ok(())
    }

    /// Stores the payout as pending and asks for its call.
    fn start_payout(&mut self) -> Result<(), Refusal> {
        let plan = self.withdrawal.plan.as_ref().ok_or(Refusal::NotConfirmed)?;
        let (asked, seq) = (self.withdrawal.asked, Seq::new(1));
        let moved = moved(asked, &plan.route).ok_or(Refusal::BadAmount)?;
        let route = Route { trail: None, ..plan.route.clone() };
        let payout = Operation::new(seq, OperationKind::Payout, (asked, moved), route, self.now);
        self.withdrawal.payout = Some(payout);
        self.withdrawal.state = State::Approved;
        self.effects.push(Effect::Call(seq));
        Ok(())
    }

    /// An operator's word counts where nobody else's is known: about a payout that is unknown, and only as a clear yes or no.
    fn resolved(&mut self, seq: Seq, outcome: Outcome, resolution: Box<Resolution>) -> Result<(), Refusal> {
        self.withdrawal.operation(seq).ok_or(Refusal::NoSuchOperation)?;
        let payout = self.withdrawal.payout.as_mut().ok_or(Refusal::NoSuchOperation)?;
        if !matches!(payout.status, OperationStatus::Unknown(_)) {
            return Err(Refusal::NotUnknown);
        }
        payout.resolution = Some(resolution);
        match outcome {
            Outcome::NotSent | Outcome::NotFound => self.failed(),
            yes_or_no @ (Outcome::Approved(_) | Outcome::Declined(_)) => self.answered(seq, yes_or_no),
            Outcome::Cancelled | Outcome::NeedsPayer(_) | Outcome::Pending | Outcome::Unknown(_) => {
                Err(Refusal::NotUnknown)
            }
        }
    }

    fn answered(&mut self, seq: Seq, outcome: Outcome) -> Result<(), Refusal> {
        let payout = self.withdrawal.operation(seq).ok_or(Refusal::NoSuchOperation)?;
        if !payout.is_open() {
            return self.answered_late(outcome);
        }
        // A first answer may say that nothing was sent; a later one may not, because by then the payout may be on its way.
        let first_answer = payout.status == OperationStatus::Pending && payout.look_ups == 0;
        let surely_lost = payout.is_surely_lost(self.now);
        match outcome {
            Outcome::Approved(approval) => {
                self.set(OperationStatus::Approved, approval)?;
                self.post(match self.withdrawal.funding {
                    Funding::Balance => chart::withdrawal_paid,
                    Funding::Acquirer => chart::acquirer_payout_made,
                })?;
                self.withdrawal.state = State::Paid;
                Ok(())
            }
            Outcome::Declined(decline) => self.refused(OperationStatus::Declined(decline.clone()), decline),
            // No payer is present who could give up: the provider will not pay.
            Outcome::Cancelled => self.refused(OperationStatus::Declined(Decline::Provider), Decline::Provider),
            Outcome::NotSent if first_answer => self.failed(),
            Outcome::NotFound if surely_lost => self.failed(),
            Outcome::NotSent | Outcome::NotFound => self.unknown(Doubt::Lost),
            Outcome::NeedsPayer(_) => self.unknown(Doubt::Garbled),
            Outcome::Unknown(doubt) => self.unknown(doubt),
            Outcome::Pending => self.still_pending(),
        }
    }

    /// The first end stands. But money that left is money: a late yes is booked to suspense for an operator.
    fn answered_late(&mut self, outcome: Outcome) -> Result<(), Refusal> {
        let payout = self.withdrawal.payout.as_ref().ok_or(Refusal::NoSuchOperation)?;
        match (&payout.status, outcome) {
            (OperationStatus::Approved | OperationStatus::Late, _) => Ok(()),
            (_, Outcome::Approved(approval)) => {
                self.set(OperationStatus::Late, approval)?;
                self.post(chart::late_payout)
            }
            (
                _,
                Outcome::Declined(_)
                | Outcome::Cancelled
                | Outcome::NeedsPayer(_)
                | Outcome::Pending
                | Outcome::NotSent
                | Outcome::NotFound
                | Outcome::Unknown(_),
            ) => Ok(()),
        }
    }

    fn refused(&mut self, status: OperationStatus, decline: Decline) -> Result<(), Refusal> {
        self.set(status, Approval::default())?;
        self.release(Ending::Declined(decline))
    }

    fn failed(&mut self) -> Result<(), Refusal> {
        self.set(OperationStatus::Failed, Approval::default())?;
        self.release(Ending::Failed)
    }

    fn unknown(&mut self, doubt: Doubt) -> Result<(), Refusal> {
        let payout = self.withdrawal.payout.as_mut().ok_or(Refusal::NoSuchOperation)?;
        payout.set_unknown(doubt);
        payout.schedule_look_up(self.now, UNKNOWN_LOOK_UP_S);
        self.withdrawal.state = State::Unknown;
        Ok(())
    }

    fn still_pending(&mut self) -> Result<(), Refusal> {
        let payout = self.withdrawal.payout.as_mut().ok_or(Refusal::NoSuchOperation)?;
        payout.status = OperationStatus::Pending;
        payout.schedule_look_up(self.now, CALL_LOST_AFTER_S);
        self.withdrawal.state = State::Sent;
        Ok(())
    }

    fn returned(&mut self, seq: Seq, moved: Money, reference: String) -> Result<(), Refusal> {
        if self.withdrawal.returns.iter().any(|known| known.reference == reference) {
            return Ok(());
        }
        let payout = self.withdrawal.operation(seq).ok_or(Refusal::NoSuchOperation)?;
        let (status, amount) = (payout.status.clone(), credited(moved, payout).ok_or(Refusal::BadAmount)?);
        let booked = match status {
            OperationStatus::Approved => match self.withdrawal.funding {
                Funding::Balance => chart::withdrawal_returned,
                Funding::Acquirer => chart::acquirer_payout_returned,
            },
            OperationStatus::Late => chart::late_payout_returned,
            OperationStatus::Pending
            | OperationStatus::NeedsPayer(_)
            | OperationStatus::Unknown(_)
            | OperationStatus::Declined(_)
            | OperationStatus::Failed
            | OperationStatus::Cancelled
            | OperationStatus::Expired => return Err(Refusal::NotPaid),
        };
        let back = self.withdrawal.returns.iter().try_fold(amount, |sum, known| sum.plus(known.amount));
        let back = back.filter(|_| amount.minor() > 0).ok_or(Refusal::BadAmount)?;
        if back.exceeds(self.withdrawal.asked) {
            return Err(Refusal::ReturnExceedsPayout { asked: back, left: self.withdrawal.asked });
        }
        let movement = Movement { credited: amount, moved, ..self.movement()? };
        self.effects.push(Effect::Post(booked(&movement)));
        self.withdrawal.returns.push(Return { reference, amount, at: self.now });
        if status == OperationStatus::Approved {
            self.withdrawal.state = State::Returned { amount: back };
        }
        Ok(())
    }

    fn wake(&mut self) -> Result<(), Refusal> {
        let now = self.now;
        if let Some(payout) = self.withdrawal.payout.as_mut()
            && payout.next_look_up().is_some_and(|at| at <= now)
        {
            payout.look_ups = payout.look_ups.saturating_add(1);
            let unknown = matches!(payout.status, OperationStatus::Unknown(_));
            payout.schedule_look_up(now, if unknown { UNKNOWN_LOOK_UP_S } else { CALL_LOST_AFTER_S });
            self.effects.push(Effect::LookUp(payout.seq));
        }
        match &self.withdrawal.state {
            State::Created { until } if *until <= now => {
                self.withdrawal.state = State::Ended(Ending::Expired);
                Ok(())
            }
            State::AwaitingApproval { until: Some(until), .. } if *until <= now => {
                self.release(Ending::ApprovalExpired)
            }
            State::Created { .. }
            | State::AwaitingApproval { .. }
            | State::Approved
            | State::Sent
            | State::Unknown
            | State::Paid
            | State::Returned { .. }
            | State::Ended(_) => Ok(()),
        }
    }

    /// Gives the held money free: the only way from a hold to an end without a payout.
    fn release(&mut self, ending: Ending) -> Result<(), Refusal> {
        if self.withdrawal.funding == Funding::Balance {
            self.post(chart::withdrawal_released)?;
        }
        self.withdrawal.state = State::Ended(ending);
        self.wipe();
        Ok(())
    }

    /// Notes how the payout ended; nobody needs to know the account any more.
    fn set(&mut self, status: OperationStatus, approval: Approval) -> Result<(), Refusal> {
        let payout = self.withdrawal.payout.as_mut().ok_or(Refusal::NoSuchOperation)?;
        payout.status = status;
        payout.set_approval(approval);
        self.wipe();
        Ok(())
    }

    fn wipe(&mut self) {
        if let Some(plan) = self.withdrawal.plan.as_mut() {
            plan.destination.sealed.clear();
        }
    }

    fn post(&mut self, event: fn(&Movement) -> Entry) -> Result<(), Refusal> {
        self.effects.push(Effect::Post(event(&self.movement()?)));
        Ok(())
    }

    fn movement(&self) -> Result<Movement, Refusal> {
        let plan = self.withdrawal.plan.as_ref().ok_or(Refusal::NotConfirmed)?;
        let asked = self.withdrawal.asked;
        Ok(Movement {
            book: self.withdrawal.mode,
            merchant: self.withdrawal.merchant,
            provider: plan.route.provider,
            credited: asked,
            moved: moved(asked, &plan.route).ok_or(Refusal::BadAmount)?,
        })
    }
}

/// What the provider moves for an amount: rounded down, so that the merchant never pays more than was held.
fn moved(amount: Money, route: &Route) -> Option<Money> {
    let moved = match route.conversion {
        None => Some(amount),
        Some((asset, rate)) => rate.convert(amount, asset, Rounding::Down),
    };
    moved.filter(|moved| moved.minor() > 0)
}

/// What an amount that came back is worth in the withdrawal's currency. The whole is worth what was asked for.
fn credited(moved: Money, payout: &Operation) -> Option<Money> {
    match payout.route.conversion {
        _ if moved == payout.moved => Some(payout.amount),
        None => (moved.asset() == payout.amount.asset()).then_some(moved),
        Some((asset, rate)) if asset == moved.asset() => {
            rate.convert_back(moved, payout.amount.asset(), Rounding::HalfEven)
        }
        Some(_) => None,
    }
}
