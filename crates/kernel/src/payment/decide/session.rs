//! What a payer may do in a session: try, choose the amount where it is open, give up.

use super::{Attempt, Draft, Refusal};
use crate::Money;
use crate::payment::{AmountChoice, Ending, Operation, Retry, State};

impl Draft {
    pub(super) fn attempt(&mut self, attempt: Attempt) -> Result<(), Refusal> {
        match &self.payment.state {
            State::Created => {}
            State::PendingPayer { .. } | State::Pending { .. } | State::Unknown { .. } => {
                return Err(Refusal::AttemptOpen);
            }
            State::Funded(_) => return Err(Refusal::AlreadyFunded),
            State::Ended(_) => return Err(Refusal::Ended(self.payment.word())),
        }
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
        match &self.payment.state {
            State::Created => self.payment.state = State::Ended(Ending::Cancelled),
            State::PendingPayer { .. } | State::Pending { .. } | State::Unknown { .. } => {
                return Err(Refusal::AttemptOpen);
            }
            State::Funded(_) => return Err(Refusal::AlreadyFunded),
            State::Ended(_) => return Err(Refusal::Ended(self.payment.word())),
        }
        Ok(())
    }

    /// What the payer tried; going on to another provider is the same try.
    pub(super) fn attempts(&self) -> usize {
        let tried = |op: &&Operation| op.kind.is_attempt() && op.cascaded_from.is_none();
        self.payment.operations.iter().filter(tried).count()
    }
}
