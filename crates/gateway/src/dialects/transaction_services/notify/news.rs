//! What a change of a payment is news about. Pure.

use florin_kernel::Money;
use florin_kernel::payment::{CaptureMode, Linked, Operation, OperationKind, OperationStatus, Payment, State};

use super::super::codes::ResultBody;
use super::super::order::ORDERED_HERE;
use super::super::settings::{Settings, SwitchOn};
use super::super::standing::{Standing, Wording, of_payment as standing};

/// One thing to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// The word: `capturesuccess`.
    pub long: &'static str,
    /// The letter: `Y`.
    pub short: &'static str,
    /// What it is about: authorised, captured, refunded, disputed, paid out.
    pub amount: Money,
    /// Code and description.
    pub result: ResultBody,
}

impl News {
    fn of(Standing { long, short, result }: Standing, amount: Money) -> News {
        News { long, short, amount, result }
    }
}

/// Where a payment as a whole is on its way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nobody has been asked, or the payer acts.
    Payer,
    /// The provider works on it.
    Provider,
    /// There is money.
    Funded,
    /// It is over.
    Ended,
}

impl Stage {
    fn of(state: &State) -> Stage {
        match state {
            State::Created | State::PendingPayer { .. } => Stage::Payer,
            State::Pending { .. } | State::Unknown { .. } => Stage::Provider,
            State::Funded(_) => Stage::Funded,
            State::Ended(_) => Stage::Ended,
        }
    }
}

/// What a change is news about, in order. A refused capture, reversal or refund changes nothing and is none.
pub fn of_payment(before: &Payment, after: &Payment, settings: &Settings) -> Vec<News> {
    let wording = Wording::of(settings);
    let own = match (Stage::of(&before.state), Stage::of(&after.state)) {
        // The payer has done it and the provider still works: no answer has told that.
        (Stage::Payer, Stage::Provider) if matches!(before.state, State::PendingPayer { .. }) => {
            settings.notify_intermediate == SwitchOn::On
        }
        (Stage::Payer | Stage::Provider | Stage::Ended, Stage::Funded) => true,
        (Stage::Payer | Stage::Provider | Stage::Funded, Stage::Ended) => true,
        (_, Stage::Payer | Stage::Provider) | (Stage::Funded, Stage::Funded) | (Stage::Ended, Stage::Ended) => false,
    };
    let own = own.then(|| News::of(standing(after, wording), after.asked));
    let open = settings.notify_intermediate == SwitchOn::On && has_untold_order(before, after);
    let open = open.then(|| News::of(standing(after, wording), after.asked));
    own.into_iter().chain(open).chain(of_money(before, after)).collect()
}

/// Whether a capture, void or refund that was not ordered here is now known to be open: its provider was asked and has not decided.
fn has_untold_order(before: &Payment, after: &Payment) -> bool {
    after.linked().into_iter().any(|linked| match linked {
        Linked::Operation(now) if now.is_open() && now.echo != ORDERED_HERE => {
            let first_answer =
                |was: &Operation| was.status == OperationStatus::Pending && was != now && now.look_ups == 0;
            before.operation(now.seq).is_some_and(first_answer)
        }
        Linked::Operation(_) | Linked::Chargeback { .. } => false,
    })
}

/// Whether the answer to the merchant's own call tells a change, too: it is the first that was heard of an attempt without its payer, or of
/// an order that was given here.
pub fn is_answered(before: &Payment, after: &Payment) -> bool {
    let first_heard = |now: &Operation| {
        let was = before.operation(now.seq).map(|was| &was.status);
        was == Some(&OperationStatus::Pending) && !now.is_open() && now.look_ups == 0 && !now.payer_acted
    };
    let by_call = |now: &Operation| match now.kind.is_attempt() {
        true => after.details.hosted.is_none(),
        false => now.echo == ORDERED_HERE,
    };
    after.operations.iter().any(|now| by_call(now) && first_heard(now))
}

/// That a part of the hold was released: what is authorised now. The end of the hold is told by the payment's own state.
fn released(after: &Payment) -> Option<News> {
    match after.state {
        State::Funded(funds) if funds.captured.is_zero() && !funds.held.is_zero() => {
            Some(News { long: "authsuccessful", short: "Y", amount: funds.held, result: ResultBody::of("00001") })
        }
        State::Created
        | State::PendingPayer { .. }
        | State::Pending { .. }
        | State::Unknown { .. }
        | State::Funded(_)
        | State::Ended(_) => None,
    }
}

/// What was done about the money since.
fn of_money(before: &Payment, after: &Payment) -> Vec<News> {
    let captured = if after.capture == CaptureMode::Later { "00004" } else { "00001" };
    let told = |linked: Linked<'_>| match linked {
        Linked::Operation(operation) => {
            let done = |status: &OperationStatus| *status == OperationStatus::Approved;
            let was_done = before.operation(operation.seq).is_some_and(|before| done(&before.status));
            if was_done || !done(&operation.status) {
                return None;
            }
            let news =
                |long, code| Some(News { long, short: "Y", amount: operation.amount, result: ResultBody::of(code) });
            match operation.kind {
                OperationKind::Capture => news("capturesuccess", captured),
                OperationKind::Refund => news("reversed", "00005"),
                OperationKind::Void => released(after),
                OperationKind::Sale | OperationKind::Authorise | OperationKind::Verify | OperationKind::Payout => None,
            }
        }
        Linked::Chargeback { seq, chargeback } => before.chargeback(seq).is_none().then(|| News {
            long: "chargeback",
            short: "N",
            amount: chargeback.amount,
            result: ResultBody::of("10001"),
        }),
    };
    after.linked().into_iter().filter_map(told).collect()
}
