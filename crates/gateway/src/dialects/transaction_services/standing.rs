//! Where a transaction stands in this dialect's words, a pure reading of the core's state (contract, section 4).

use florin_kernel::payment::{
    AuthenticationFailure, CaptureMode, Decline, Ending, Linked, OperationKind, OperationStatus, Payment, State,
    StepKind, Word,
};
use florin_kernel::withdrawal::{self, Withdrawal};

use super::codes::{ResultBody, issuer};
use super::settings::{DebitDeclineStatus, DeclineCode, Settings};

/// Where a transaction stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The word: `capturesuccess`.
    pub long: &'static str,
    /// The letter: `Y`.
    pub short: &'static str,
    /// Code and description.
    pub result: ResultBody,
}

/// What a member has set about words and codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wording {
    /// What a declined DB is called.
    pub debit_decline_status: DebitDeclineStatus,
    /// The code of an issuer's no.
    pub decline_code: DeclineCode,
}

impl Wording {
    /// A member's.
    pub fn of(settings: &Settings) -> Wording {
        Wording { debit_decline_status: settings.debit_decline_status, decline_code: settings.decline_code }
    }
}

fn standing(long: &'static str, short: &'static str, result: ResultBody) -> Standing {
    Standing { long, short, result }
}

fn pending(long: &'static str, short: &'static str) -> Standing {
    standing(long, short, ResultBody::of("00002"))
}

/// Where a payment stands.
pub fn of_payment(payment: &Payment, wording: Wording) -> Standing {
    match &payment.state {
        State::Created => pending("begun", "P"),
        State::PendingPayer { .. } => match payment.payer_step().map(|(_, step)| step.kind) {
            Some(StepKind::Challenge) => pending("3D Authstarted", "3D"),
            Some(StepKind::Redirect) | None => pending("authstarted", "P"),
        },
        State::Pending { .. } | State::Unknown { .. } => pending("authstarted", "P"),
        State::Funded(_) => of_money(payment),
        State::Ended(ending) => of_ending(payment, ending, wording),
    }
}

/// Where the money of a payment stands: what is being done about it goes first.
fn of_money(payment: &Payment) -> Standing {
    let open = payment.linked().into_iter().find_map(|linked| match linked {
        Linked::Operation(operation) if operation.is_open() => Some(operation.kind),
        Linked::Operation(_) | Linked::Chargeback { .. } => None,
    });
    match open {
        Some(OperationKind::Capture) => return pending("capturestarted", "P"),
        Some(OperationKind::Void) => return pending("cancelstarted", "P"),
        Some(OperationKind::Refund) => return pending("markedforreversal", "P"),
        Some(OperationKind::Sale | OperationKind::Authorise | OperationKind::Verify | OperationKind::Payout) | None => {
        }
    }
    let captured = if payment.capture == CaptureMode::Later { "00004" } else { "00001" };
    match payment.word() {
        Word::PartiallyCaptured | Word::Captured => standing("capturesuccess", "Y", ResultBody::of(captured)),
        Word::PartiallyRefunded | Word::Refunded => standing("reversed", "Y", ResultBody::of("00005")),
        Word::ChargedBack => standing("chargeback", "N", ResultBody::of("10001")),
        Word::Authorised
        | Word::Created
        | Word::PendingPayer
        | Word::Pending
        | Word::Unknown
        | Word::Declined
        | Word::Failed
        | Word::Cancelled
        | Word::Expired
        | Word::Voided
        | Word::AuthorisationExpired => standing("authsuccessful", "Y", ResultBody::of("00001")),
    }
}

fn of_ending(payment: &Payment, ending: &Ending, wording: Wording) -> Standing {
    let failed = match (payment.capture, wording.debit_decline_status) {
        (CaptureMode::Now, DebitDeclineStatus::Capturefailed) => "capturefailed",
        (CaptureMode::Now, DebitDeclineStatus::Authfailed) | (CaptureMode::Later | CaptureMode::Never, _) => {
            "authfailed"
        }
    };
    match ending {
        Ending::Declined(_) if payment.funding().is_some() => standing("capturefailed", "N", ResultBody::of("10005")),
        Ending::Declined(decline) => standing(failed, "N", of_decline(decline, wording.decline_code)),
        Ending::Failed => standing(failed, "N", ResultBody::of("10001")),
        Ending::Expired if was_challenged(payment) => {
            standing(failed, "N", ResultBody::saying("10001", "3D authentication not completed"))
        }
        Ending::Expired => standing("cancelled", "C", ResultBody::saying("10001", "Transaction failed: time is over")),
        Ending::Cancelled => standing("cancelled", "C", ResultBody::saying("10001", "Transaction failed: cancelled")),
        Ending::Voided | Ending::AuthorisationExpired => standing("authcancelled", "C", ResultBody::of("00006")),
    }
}

/// Whether the attempt that ran out of time was waiting for a challenge: only a card that was given to us has one.
fn was_challenged(payment: &Payment) -> bool {
    let expired = payment.last_attempt().filter(|attempt| attempt.status == OperationStatus::Expired);
    expired.is_some_and(|attempt| attempt.means.as_ref().is_some_and(|means| means.card.is_some()))
}

/// An explicit no.
pub fn of_decline(decline: &Decline, codes: DeclineCode) -> ResultBody {
    match decline {
        Decline::Response(code) => issuer(code, codes),
        Decline::Authentication(AuthenticationFailure::Technical) => {
            ResultBody::saying("10001", "3D authentication was not possible")
        }
        Decline::Authentication(AuthenticationFailure::NotAuthenticated | AuthenticationFailure::ChallengeFailed) => {
            ResultBody::saying("10001", "3D authentication failed")
        }
        Decline::Risk => ResultBody::saying("10002", "Transaction not permitted: refused by a risk rule"),
        Decline::Provider => ResultBody::of("10001"),
    }
}

/// Where a payout stands.
pub fn of_withdrawal(withdrawal: &Withdrawal, codes: DeclineCode) -> Standing {
    use withdrawal::Word as Out;
    if let withdrawal::State::Ended(withdrawal::Ending::Declined(decline)) = &withdrawal.state {
        return standing("payoutfailed", "N", of_decline(decline, codes));
    }
    match withdrawal.word() {
        Out::Created | Out::AwaitingApproval | Out::Approved | Out::Sent | Out::Unknown => {
            pending("payoutstarted", "P")
        }
        Out::Paid => standing("payoutsuccessful", "Y", ResultBody::of("00001")),
        Out::Returned | Out::Declined | Out::Failed | Out::Rejected | Out::Cancelled | Out::Expired => {
            standing("payoutfailed", "N", ResultBody::of("10001"))
        }
    }
}
