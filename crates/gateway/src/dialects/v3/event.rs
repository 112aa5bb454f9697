//! What became of a transaction, read from the core's state (contract, section 8).

use std::borrow::Cow;

use florin_kernel::payment::{
    AuthenticationFailure, Decline, Doubt, Ending, Operation, OperationStatus, Payment, State,
};
use florin_kernel::withdrawal::{self, Withdrawal};

use super::codes::{Event, bank_words};

/// What became of a payment as its own transaction: a capture or refund does not change it.
pub fn of_payment(payment: &Payment) -> Event<'_> {
    match &payment.state {
        State::Created => Event::Waiting,
        State::PendingPayer { .. } => Event::PayerStep,
        State::Pending { .. } => Event::Pending,
        State::Unknown { operation } => {
            payment.operation(*operation).map_or(Event::TimedOut, |operation| of_operation(operation))
        }
        State::Funded(_) | State::Ended(Ending::Voided | Ending::AuthorisationExpired) => {
            let late = payment.funding().is_some_and(|attempt| attempt.came_late);
            if late { Event::ApprovedLate } else { Event::Approved }
        }
        State::Ended(Ending::Declined(decline)) => declined(decline),
        State::Ended(Ending::Failed) => Event::NotReached,
        State::Ended(Ending::Cancelled) => Event::Cancelled,
        State::Ended(Ending::Expired) => Event::OutOfTime,
    }
}

/// What became of an operation on a payment.
pub fn of_operation(operation: &Operation) -> Event<'_> {
    match &operation.status {
        OperationStatus::Pending => Event::Pending,
        OperationStatus::NeedsPayer(_) => Event::PayerStep,
        OperationStatus::Unknown(Doubt::TimedOut | Doubt::Lost) => Event::TimedOut,
        OperationStatus::Unknown(Doubt::Garbled) => Event::Garbled,
        OperationStatus::Approved | OperationStatus::Late => Event::Approved,
        OperationStatus::Declined(decline) => declined(decline),
        OperationStatus::Failed => Event::NotReached,
        OperationStatus::Cancelled => Event::Cancelled,
        OperationStatus::Expired => Event::OutOfTime,
    }
}

/// What became of a payout.
pub fn of_withdrawal(withdrawal: &Withdrawal) -> Event<'_> {
    use withdrawal::{Ending, State, Word};
    if let State::Ended(Ending::Declined(decline)) = &withdrawal.state {
        return declined(decline);
    }
    match withdrawal.word() {
        Word::Created | Word::AwaitingApproval | Word::Approved | Word::Sent | Word::Unknown => Event::Pending,
        Word::Paid | Word::Returned => Event::Approved,
        Word::Rejected => Event::CancelledByMerchant,
        Word::Cancelled => Event::Cancelled,
        Word::Expired => Event::OutOfTime,
        Word::Declined | Word::Failed => Event::NotReached,
    }
}

fn declined(decline: &Decline) -> Event<'_> {
    match decline {
        Decline::Response(response) => Event::Bank(response),
        Decline::Authentication(AuthenticationFailure::Technical) => Event::AuthenticationFault,
        Decline::Authentication(AuthenticationFailure::NotAuthenticated | AuthenticationFailure::ChallengeFailed) => {
            Event::NotAuthenticated
        }
        Decline::Risk => Event::Risk,
        // It said no without a bank's code; the contract's code for any other no.
        Decline::Provider => Event::Bank(""),
    }
}

/// What happened, in words.
pub fn words(event: &Event<'_>) -> Cow<'static, str> {
    match event {
        Event::Approved | Event::ApprovedLate => "Approved".into(),
        Event::PayerStep => "The payer must act".into(),
        Event::Pending => "The provider has not decided yet".into(),
        Event::TimedOut => "The provider did not answer in time".into(),
        Event::Garbled => "The provider's answer could not be read".into(),
        Event::Review => "Held for review".into(),
        Event::Risk => "Refused by a risk rule".into(),
        Event::Bank(response) => bank_words(response),
        Event::AuthenticationFault => "3-D Secure was not possible".into(),
        Event::NotAuthenticated => "The payer was not authenticated".into(),
        Event::Cancelled => "Cancelled by the payer".into(),
        Event::CancelledByMerchant => "Cancelled by the merchant".into(),
        Event::OutOfTime => "The payer's time was over".into(),
        Event::NotReached => "The provider was not reached".into(),
        Event::Waiting => "The payer has not paid yet".into(),
        Event::ChargedBack => "Taken back by the payer's bank".into(),
    }
}
