//! The one place where an invoice changes: state and command in, new state and letters out. Pure and total.

use jiff::{SignedDuration, Timestamp};

use super::{HOURS_MAX, Invoice, Issue, LINKS_MAX, Letter, Origin, State, Word};
use crate::record::TryResult;
use crate::sabotage::{Defect, is_planted};
use crate::{Money, PaymentId};

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

/// Reminders by order are at least so far apart (transaction services contract, section 8.16).
const REMINDERS_APART: SignedDuration = SignedDuration::from_mins(5);

/// What may be said about an invoice.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Make a new link that can be paid for so many hours; the old one is dead.
    Reissue {
        /// 1 to [`HOURS_MAX`]; `None`: as long as before.
        hours: Option<u16>,
        /// Where the payer's browser goes when it is paid; `None`: where it went before.
        success: Option<String>,
    },
    /// Call it off.
    Cancel {
        /// Why, in the merchant's words.
        reason: String,
    },
    /// Write to the customer again.
    Remind,
    /// A payment is made to pay it, in the same commit.
    Begin {
        /// That one.
        payment: PaymentId,
        /// How much it asks for.
        asked: Money,
    },
    /// A try has ended, in the same commit.
    Tried {
        /// That one.
        payment: PaymentId,
        /// How.
        result: TryResult,
    },
    /// The time of [`wake_at`](crate::Record::wake_at) has come.
    Wake,
}

/// A decision: what is true now, and what is written to the customer.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The invoice as it is now.
    pub invoice: Invoice,
    /// In order.
    pub letters: Vec<Letter>,
}

/// Why a command is not obeyed. Nothing changes then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is paid already.
    #[error("the invoice is paid")]
    Paid,
    /// It was called off.
    #[error("the invoice is cancelled")]
    Cancelled,
    /// Its time is over.
    #[error("the invoice has expired")]
    Expired,
    /// A try is open: its end decides.
    #[error("a payment of the invoice is pending")]
    BeingPaid,
    /// A payment of another amount or currency does not pay it.
    #[error("the payment is not for the invoice's amount")]
    OtherAmount,
    /// Not 1 to [`HOURS_MAX`] hours.
    #[error("an invoice can be paid for 1 to {HOURS_MAX} hours")]
    BadPeriod,
    /// The merchant sends the link itself.
    #[error("a pay link is not sent by e-mail")]
    NotMailed,
    /// It has had [`LINKS_MAX`] links.
    #[error("the invoice had {LINKS_MAX} links")]
    TooManyLinks,
}

/// Decides what a command does to an invoice at a moment of its merchant's clock.
///
/// # Errors
/// [`Refusal`] when the command does not fit; the invoice stays as it is.
pub fn decide(invoice: &Invoice, command: Command, now: Timestamp) -> Result<Decision, Refusal> {
    let mut draft = Draft { invoice: invoice.clone(), letters: Vec::new(), now };
    match command {
        Command::Reissue { hours, success } => draft.reissue(hours, success)?,
        Command::Cancel { reason } => draft.cancel(reason)?,
        Command::Remind => draft.remind()?,
        Command::Begin { payment, asked } => draft.begin(payment, asked)?,
        Command::Tried { payment, result } => draft.tried(payment, &result),
        Command::Wake => draft.wake(),
    }
    Ok(Decision { invoice: draft.invoice, letters: draft.letters })
}

struct Draft {
    invoice: Invoice,
    letters: Vec<Letter>,
    now: Timestamp,
}

impl Draft {
    fn reissue(&mut self, hours: Option<u16>, success: Option<String>) -> Result<(), Refusal> {
        // Also while a try is open: its end is taken whichever link it began by.
        let trying = match &self.invoice.state {
            State::Open { trying } => *trying,
            State::Expired { .. } => None,
            State::Paid { .. } => return Err(Refusal::Paid),
            State::Cancelled { .. } => return Err(Refusal::Cancelled),
        };
        let hours = hours.unwrap_or(self.invoice.issue.hours);
        if !(1..=HOURS_MAX).contains(&hours) {
            return Err(Refusal::BadPeriod);
        }
        let number = self.invoice.issue.number.saturating_add(1);
        if number > LINKS_MAX {
            return Err(Refusal::TooManyLinks);
        }
        self.invoice.issue = Issue { number, at: self.now, hours };
        self.invoice.reminders.unasked = 0;
        if let Some(success) = success {
            self.invoice.details.links.success = success;
        }
        self.invoice.state = State::Open { trying };
        self.write(Letter::Reissued);
        Ok(())
    }

    fn cancel(&mut self, reason: String) -> Result<(), Refusal> {
        self.check_open()?;
        self.invoice.state = State::Cancelled { reason, at: self.now };
        self.write(Letter::Cancelled);
        Ok(())
    }

    fn remind(&mut self) -> Result<(), Refusal> {
        if self.invoice.origin == Origin::Link {
            return Err(Refusal::NotMailed);
        }
        match self.check_open() {
            Ok(()) | Err(Refusal::BeingPaid) => {}
            Err(refusal) => return Err(refusal),
        }
        let just_reminded = |last: Timestamp| self.now.duration_since(last) < REMINDERS_APART;
        if !self.invoice.reminders.last_at.is_some_and(just_reminded) {
            self.send_reminder();
        }
        Ok(())
    }

    fn begin(&mut self, payment: PaymentId, asked: Money) -> Result<(), Refusal> {
        match self.check_open() {
            Err(Refusal::BeingPaid) if is_planted(Defect::TryBesideTry) => {}
            open => open?,
        }
        if asked != self.invoice.asked {
            return Err(Refusal::OtherAmount);
        }
        self.invoice.state = State::Open { trying: Some(payment) };
        self.invoice.last_try = Some(payment);
        self.invoice.tries = self.invoice.tries.saturating_add(1);
        Ok(())
    }

    /// The end of a try. Money that was taken pays the invoice whatever else is true of it, once.
    fn tried(&mut self, payment: PaymentId, result: &TryResult) {
        match (&self.invoice.state, result) {
            (State::Paid { .. }, _) => {}
            (State::Open { .. } | State::Cancelled { .. } | State::Expired { .. }, TryResult::Paid) => {
                self.invoice.state = State::Paid { payment, at: self.now };
                self.write(Letter::Paid);
            }
            (State::Open { trying }, TryResult::Declined(_) | TryResult::Failed | TryResult::GivenUp)
                if *trying == Some(payment) =>
            {
                self.invoice.state = State::Open { trying: None };
                self.expire();
            }
            (
                State::Open { .. } | State::Cancelled { .. } | State::Expired { .. },
                TryResult::Declined(_) | TryResult::Failed | TryResult::GivenUp,
            ) => {}
        }
    }

    fn wake(&mut self) {
        self.expire();
        if self.check_open().is_ok() && self.invoice.remind_at().is_some_and(|at| at <= self.now) {
            self.invoice.reminders.unasked = self.invoice.reminders.unasked.saturating_add(1);
            self.send_reminder();
        }
    }

    fn expire(&mut self) {
        let at = self.invoice.issue.expires_at();
        if self.invoice.state == (State::Open { trying: None }) && self.now >= at {
            self.invoice.state = State::Expired { at };
        }
    }

    fn send_reminder(&mut self) {
        self.invoice.reminders.sent = self.invoice.reminders.sent.saturating_add(1);
        self.invoice.reminders.last_at = Some(self.now);
        self.write(Letter::Reminder);
    }

    /// Whether it can be paid by somebody who begins now.
    fn check_open(&self) -> Result<(), Refusal> {
        match (&self.invoice.state, self.invoice.word_at(self.now)) {
            (State::Open { trying: Some(_) }, _) => Err(Refusal::BeingPaid),
            (_, Word::Open) => Ok(()),
            (_, Word::Paid) => Err(Refusal::Paid),
            (_, Word::Cancelled) => Err(Refusal::Cancelled),
            (_, Word::Expired) => Err(Refusal::Expired),
        }
    }

    fn write(&mut self, letter: Letter) {
        match self.invoice.origin {
            Origin::Invoice => self.letters.push(letter),
            Origin::Link => {}
        }
    }
}
