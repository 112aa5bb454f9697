//! What may be done in a session: its payer tries, chooses the amount where it is open, gives up; its merchant says something else.

use super::{Amendment, Attempt, Draft, Refusal};
use crate::Money;
use crate::payment::{AmountChoice, CaptureMode, Ending, Operation, OperationStatus, Retry, State};

impl Draft {
    pub(super) fn attempt(&mut self, attempt: Attempt) -> Result<(), Refusal> {
        self.check_created()?;
        if let Retry::Session { attempts_max, until, .. } = self.payment.retry
            && (self.attempts() >= usize::from(attempts_max) || self.now >= until)
        {
            return Err(Refusal::SessionOver);
        }
        if let Some(amount) = attempt.amount {
            self.choose_amount(amount)?;
        }
        self.start_attempt(attempt, None)
    }

    /// Nothing is under way in a session that goes on, so it may become another. What was tried keeps its currency.
    pub(super) fn amend(&mut self, amendment: Amendment) -> Result<(), Refusal> {
        self.check_created()?;
        match self.payment.retry {
            Retry::Session { until, .. } if self.now < until => {}
            Retry::Session { .. } | Retry::Never => return Err(Refusal::SessionOver),
        }
        let Amendment { asked, capture, details } = amendment;
        let same_currency = asked.asset() == self.payment.asked.asset() || self.payment.operations.is_empty();
        let smallest = match capture {
            CaptureMode::Now | CaptureMode::Later => 1,
            CaptureMode::Never => 0,
        };
        if !same_currency || asked.minor() < smallest {
            return Err(Refusal::BadAmount);
        }
        self.payment.asked = asked;
        self.payment.capture = capture;
        self.payment.details = *details;
        Ok(())
    }

    /// Whether nothing is under way and nothing has come of it yet.
    fn check_created(&self) -> Result<(), Refusal> {
        match &self.payment.state {
            State::Created => Ok(()),
            State::PendingPayer { .. } | State::Pending { .. } | State::Unknown { .. } => Err(Refusal::AttemptOpen),
            State::Funded(_) => Err(Refusal::AlreadyFunded),
            State::Ended(_) => Err(Refusal::Ended(self.payment.word())),
        }
    }

    /// The payer's amount takes the place of the merchant's, where the session leaves it open.
    fn choose_amount(&mut self, amount: Money) -> Result<(), Refusal> {
        self.check_amount(amount)?;
        let open = match self.payment.retry {
            Retry::Session { amount, .. } => amount == AmountChoice::Open,
            Retry::Never => false,
        };
        if amount != self.payment.asked && !open {
            return Err(Refusal::BadAmount);
        }
        self.payment.asked = amount;
        Ok(())
    }

    pub(super) fn cancel(&mut self) -> Result<(), Refusal> {
        self.check_created()?;
        self.payment.state = State::Ended(Ending::Cancelled);
        Ok(())
    }

    pub(super) fn give_up(&mut self) -> Result<(), Refusal> {
        let State::PendingPayer { operation, .. } = self.payment.state else { return self.cancel() };
        self.operation_mut(operation)?.status = OperationStatus::Cancelled;
        self.payment.state = State::Ended(Ending::Cancelled);
        Ok(())
    }

    /// What the payer tried; going on to another provider is the same try.
    pub(super) fn attempts(&self) -> usize {
        let tried = |op: &&Operation| op.kind.is_attempt() && op.cascaded_from.is_none();
        self.payment.operations.iter().filter(tried).count()
    }
}
