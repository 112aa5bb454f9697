//! The answers of the simulated acquirer as they would come over HTTP, and the reading of them.
//!
//! [`read`] believes nothing that it does not understand: a 5xx, HTML, a cut body or an unknown word is
//! [`Outcome::Unknown`], never a no (product document, "Money and truth", rule 3).

use florin_kernel::payment::{Approval, Decline, Outcome, PayerStep, StepKind};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// An HTTP answer, as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The status.
    pub(super) status: u16,
    /// The content type without parameters.
    pub(super) content_type: &'static str,
    /// The body's bytes.
    pub(super) body: Vec<u8>,
}

/// The body of an answer, and the outcome in a callback.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub(super) enum Word {
    /// Done.
    Approved {
        /// The simulator's own id of what it did.
        id: String,
    },
    /// A no.
    Declined {
        /// A response code of two characters, or `3ds`, `risk`, `provider`.
        code: String,
    },
    /// The payer must visit a page.
    Payer {
        /// Which kind of page.
        step: StepKind,
        /// Its path on this server.
        url: String,
    },
    /// The payer gave up.
    Cancelled,
    /// To be told later.
    Pending,
    /// Never heard of it.
    NotFound,
}

impl Answer {
    /// The simulated acquirer's answer in words.
    pub(super) fn of(word: &Word) -> Answer {
        let status = if *word == Word::NotFound { 404 } else { 200 };
        Answer { status, content_type: "application/json", body: serde_json::to_vec(word).unwrap_or_default() }
    }

    /// What a proxy says when it lost the acquirer's answer.
    pub(super) fn garbled() -> Answer {
        let body = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>";
        Answer { status: 502, content_type: "text/html", body: body.to_vec() }
    }
}

/// Reads an answer. Whatever is not clearly one of the acquirer's words is [`Outcome::Unknown`].
pub(super) fn read(answer: &Answer) -> Outcome {
    if answer.content_type != "application/json" {
        return Outcome::Unknown;
    }
    let word: Word = match serde_json::from_slice(&answer.body) {
        Ok(word) => word,
        Err(_) => return Outcome::Unknown,
    };
    let status_expected = if word == Word::NotFound { 404 } else { 200 };
    if answer.status != status_expected {
        return Outcome::Unknown;
    }
    outcome(word)
}

/// The outcome that a word tells.
pub(super) fn outcome(word: Word) -> Outcome {
    match word {
        Word::Approved { id } => Outcome::Approved(Approval { provider_id: id }),
        Word::Declined { code } => decline(&code).map_or(Outcome::Unknown, Outcome::Declined),
        Word::Payer { step, url } if url.starts_with("/sim/") => Outcome::NeedsPayer(PayerStep { kind: step, url }),
        Word::Payer { .. } => Outcome::Unknown,
        Word::Cancelled => Outcome::Cancelled,
        Word::Pending => Outcome::Pending,
        Word::NotFound => Outcome::NotFound,
    }
}

/// The code of a decline, on the wire and in the book.
pub(super) fn code(decline: &Decline) -> &str {
    match decline {
        Decline::Response(code) => code,
        Decline::Authentication => "3ds",
        Decline::Risk => "risk",
        Decline::Provider => "provider",
    }
}

/// The decline of a code; `None` for what is no code.
pub(super) fn decline(code: &str) -> Option<Decline> {
    match code {
        "3ds" => Some(Decline::Authentication),
        "risk" => Some(Decline::Risk),
        "provider" => Some(Decline::Provider),
        code if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            Some(Decline::Response(code.to_owned()))
        }
        _ => None,
    }
}
