//! What became of a payment, in words.

use florin_kernel::payment::Word;

use super::super::words::Words;

/// What became of it.
pub(super) struct Outcome {
    pub(super) meaning: &'static str,
    pub(super) word: &'static str,
    pub(super) heading: &'static str,
    pub(super) text: &'static str,
    pub(super) open: bool,
}

impl Outcome {
    pub(super) fn of(word: Word, words: &Words) -> Outcome {
        let good = |word, heading, text| Outcome { meaning: "good", word, heading, text, open: false };
        let bad = |word, heading, text| Outcome { meaning: "bad", word, heading, text, open: false };
        let plain = |word, heading, text| Outcome { meaning: "plain", word, heading, text, open: false };
        match word {
            Word::Created | Word::PendingPayer | Word::Pending | Word::Unknown => Outcome {
                meaning: "waiting",
                word: words.waiting_word,
                heading: words.waiting_heading,
                text: words.waiting_text,
                open: true,
            },
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

    pub(super) fn over(words: &Words) -> Outcome {
        Outcome::noticed(words.over_word, words.over_heading, words.over_text)
    }

    pub(super) fn blocked(words: &Words) -> Outcome {
        Outcome::noticed(words.blocked_word, words.blocked_heading, words.blocked_text)
    }

    pub(super) fn nothing_offered(words: &Words) -> Outcome {
        Outcome::noticed(words.none_word, words.none_heading, words.none_text)
    }

    fn noticed(word: &'static str, heading: &'static str, text: &'static str) -> Outcome {
        Outcome { meaning: "attention", word, heading, text, open: false }
    }
}
