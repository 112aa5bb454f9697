//! Which transactions a change is news about.

use florin_kernel::payment::{Linked, Operation, OperationStatus, Payment, State};
use florin_kernel::withdrawal::{self, Withdrawal};

use super::super::codes::Event;
use super::super::event;
use super::super::settings::NotifyPending;

/// The transactions of a payment that a change is news about, by number, 0 for the payment's own.
pub fn of_payment(before: &Payment, after: &Payment, pending: NotifyPending) -> Vec<u16> {
    let own = is_news_of_payment(before, after, pending).then_some(0);
    let linked = after.linked().into_iter().filter_map(|linked| match linked {
        Linked::Operation(operation) => {
            is_news_of_operation(before.operation(operation.seq), operation, pending).then(|| operation.seq.number())
        }
        Linked::Chargeback { seq, .. } => before.chargeback(seq).is_none().then(|| seq.number()),
    });
    own.into_iter().chain(linked).collect()
}

fn is_news_of_payment(before: &Payment, after: &Payment, pending: NotifyPending) -> bool {
    let (was, now) = (event::of_payment(before), event::of_payment(after));
    match (standing(&now), pending) {
        (Standing::NotBegun, _) | (Standing::Open, NotifyPending::No) => false,
        (Standing::Final, _) => was != now,
        // What was only just sent may be decided in the same breath; that the provider still works on it is known when its
        // answer leaves the state as it was.
        (Standing::Open, NotifyPending::Yes) if matches!(after.state, State::Pending { .. }) => {
            before.state == after.state && after.announced.as_deref() != Some(after.word().text())
        }
        (Standing::Open, NotifyPending::Yes) => was != now,
    }
}

fn is_news_of_operation(before: Option<&Operation>, after: &Operation, pending: NotifyPending) -> bool {
    let now = event::of_operation(after);
    let changed = before.is_none_or(|before| event::of_operation(before) != now);
    match (standing(&now), pending) {
        (Standing::NotBegun, _) | (Standing::Open, NotifyPending::No) => false,
        (Standing::Final, _) => changed,
        // As above; its first answer comes before any look-up.
        (Standing::Open, NotifyPending::Yes) if after.status == OperationStatus::Pending => {
            after.look_ups == 0 && before.is_some_and(|before| before.status == after.status && before != after)
        }
        (Standing::Open, NotifyPending::Yes) => changed,
    }
}

/// Whether a payout's change is news.
pub fn is_news_of_payout(before: &Withdrawal, after: &Withdrawal, pending: NotifyPending) -> bool {
    use withdrawal::Word;
    let (was, now) = (before.word(), after.word());
    match now {
        Word::Created | Word::Approved => false,
        Word::AwaitingApproval | Word::Unknown => pending == NotifyPending::Yes && was != now,
        Word::Sent => {
            let told = after.announced.as_deref() == Some(now.text());
            pending == NotifyPending::Yes && before.state == after.state && !told
        }
        Word::Paid
        | Word::Declined
        | Word::Failed
        | Word::Rejected
        | Word::Cancelled
        | Word::Expired
        | Word::Returned => was != now,
    }
}

/// Whether anything is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Nobody has been asked yet.
    NotBegun,
    /// Somebody has, and has not decided.
    Open,
    /// It is decided.
    Final,
}

fn standing(event: &Event<'_>) -> Standing {
    match event {
        Event::Waiting => Standing::NotBegun,
        Event::PayerStep | Event::Pending | Event::TimedOut | Event::Garbled | Event::Review => Standing::Open,
        Event::Approved
        | Event::ApprovedLate
        | Event::Risk
        | Event::Bank(_)
        | Event::AuthenticationFault
        | Event::NotAuthenticated
        | Event::Cancelled
        | Event::CancelledByMerchant
        | Event::OutOfTime
        | Event::NotReached
        | Event::ChargedBack => Standing::Final,
    }
}
