//! What became of a payment or withdrawal, in words.

use florin_kernel::payment::{Payment, Word};
use florin_kernel::{Aggregate, Kind, withdrawal};

use super::super::words::Words;

/// What became of it.
pub(crate) struct Outcome {
    /// `good`, `waiting`, `attention`, `bad` or `plain`.
    pub(crate) meaning: &'static str,
    /// The word beside the colour.
    pub(crate) word: &'static str,
    /// What it is.
    pub(crate) heading: &'static str,
    /// What it means.
    pub(crate) text: &'static str,
    /// Whether it is yet to be decided.
    pub(crate) open: bool,
}

impl Outcome {
    /// Of a payment; a verification holds nothing, whatever its word.
    pub(crate) fn of_payment(payment: &Payment, words: &Words) -> Outcome {
        let is_stored = payment.last_attempt().and_then(|attempt| attempt.means.as_ref()?.registration).is_some();
        match (payment.kind(), payment.word(), is_stored) {
            (Kind::Verification, Word::Authorised, true) => {
                good(words.saved_word, words.saved_heading, words.saved_text)
            }
            (Kind::Verification, Word::Authorised, false) => {
                good(words.verified_word, words.verified_heading, words.nothing_charged)
            }
            (Kind::Verification | Kind::Payment | Kind::Withdrawal | Kind::Coin, word, _) => Outcome::of(word, words),
        }
    }

    /// Of a word.
    pub(crate) fn of(word: Word, words: &Words) -> Outcome {
        match word {
            Word::Created | Word::PendingPayer | Word::Pending | Word::Unknown => {
                waiting(words, words.waiting_heading, words.waiting_text)
            }
            Word::Authorised => good(words.reserved_word, words.reserved_heading, words.reserved_text),
            Word::PartiallyCaptured => good(words.paid_word, words.part_paid_heading, words.part_paid_text),
            Word::Captured => good(words.paid_word, words.paid_heading, words.paid_text),
            Word::PartiallyRefunded => {
                plain(words.part_refunded_word, words.part_refunded_heading, words.refunded_text)
            }
            Word::Refunded => plain(words.refunded_word, words.refunded_heading, words.refunded_text),
            Word::ChargedBack => plain(words.charged_back_word, words.charged_back_heading, words.charged_back_text),
            Word::Declined => bad(words.declined_word, words.declined_heading, words.declined_text),
            Word::Failed => bad(words.failed_word, words.failed_heading, words.failed_text),
            Word::Cancelled => plain(words.cancelled_word, words.cancelled_heading, words.nothing_charged),
            Word::Expired => plain(words.expired_word, words.expired_heading, words.expired_text),
            Word::Voided | Word::AuthorisationExpired => {
                plain(words.released_word, words.released_heading, words.nothing_charged)
            }
        }
    }

    /// Of a withdrawal.
    pub(crate) fn of_withdrawal(word: withdrawal::Word, words: &Words) -> Outcome {
        use withdrawal::Word;
        let own = &words.withdrawal;
        match word {
            Word::Created => waiting(words, own.choose, own.nothing_paid),
            Word::AwaitingApproval => waiting(words, own.checked_heading, own.checked_text),
            Word::Approved | Word::Sent | Word::Unknown => waiting(words, own.sent_heading, own.sent_text),
            Word::Paid => good(own.paid_word, own.paid_heading, own.paid_text),
            Word::Returned => plain(own.returned_word, own.returned_heading, own.returned_text),
            Word::Declined => bad(words.declined_word, own.declined_heading, own.declined_text),
            Word::Failed => bad(words.failed_word, own.failed_heading, own.failed_text),
            Word::Rejected => bad(own.rejected_word, own.rejected_heading, own.nothing_paid),
            Word::Cancelled => plain(words.cancelled_word, own.cancelled_heading, own.nothing_paid),
            Word::Expired => plain(words.expired_word, own.expired_heading, own.nothing_paid),
        }
    }

    /// A receipt that is not shown any more.
    pub(crate) fn over(words: &Words) -> Outcome {
        Outcome::noticed(words.over_word, words.over_heading, words.over_text)
    }

    /// An invoice was called off.
    pub(crate) fn invoice_cancelled(words: &Words) -> Outcome {
        plain(words.cancelled_word, words.invoice.cancelled_heading, words.invoice.cancelled_text)
    }

    /// An invoice's time is over.
    pub(crate) fn invoice_expired(words: &Words) -> Outcome {
        plain(words.expired_word, words.expired_heading, words.invoice.expired_text)
    }

    /// The merchant takes no payments from the payer's address.
    pub(crate) fn blocked(words: &Words) -> Outcome {
        Outcome::noticed(words.blocked_word, words.blocked_heading, words.blocked_text)
    }

    /// The rules leave nothing to choose from.
    pub(crate) fn nothing_offered(words: &Words) -> Outcome {
        Outcome::noticed(words.none_word, words.none_heading, words.none_text)
    }

    /// As [`Outcome::blocked`], of a withdrawal.
    pub(crate) fn withdrawal_blocked(words: &Words) -> Outcome {
        Outcome::noticed(words.blocked_word, words.withdrawal.blocked_heading, words.withdrawal.blocked_text)
    }

    /// As [`Outcome::nothing_offered`], of a withdrawal.
    pub(crate) fn no_payout_offered(words: &Words) -> Outcome {
        Outcome::noticed(words.none_word, words.withdrawal.none_heading, words.withdrawal.none_text)
    }

    fn noticed(word: &'static str, heading: &'static str, text: &'static str) -> Outcome {
        Outcome { meaning: "attention", word, heading, text, open: false }
    }
}

fn waiting(words: &Words, heading: &'static str, text: &'static str) -> Outcome {
    Outcome { meaning: "waiting", word: words.waiting_word, heading, text, open: true }
}

fn good(word: &'static str, heading: &'static str, text: &'static str) -> Outcome {
    Outcome { meaning: "good", word, heading, text, open: false }
}

fn bad(word: &'static str, heading: &'static str, text: &'static str) -> Outcome {
    Outcome { meaning: "bad", word, heading, text, open: false }
}

fn plain(word: &'static str, heading: &'static str, text: &'static str) -> Outcome {
    Outcome { meaning: "plain", word, heading, text, open: false }
}
