//! The answers of the simulated acquirer as they would come over HTTP, and the reading of them.
//!
//! [`read`] believes nothing that it does not understand: a 5xx, HTML, a cut body or an unknown word is
//! [`Outcome::Unknown`], never a no (product document, "Money and truth", rule 3).

use florin_kernel::payment::{
    Approval, Authentication, AuthenticationFailure, Decline, Doubt, MethodForm, Outcome, PayerStep, Report, StepKind,
};
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
        /// Of a card, what its bank says with it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        auth_code: String,
        /// Of a card, its network's id of the transaction.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        network_id: String,
        /// How the payer was authenticated.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        authentication: Option<Box<Authentication>>,
    },
    /// A no.
    Declined {
        /// A response code of two characters, or `3ds_error`, `3ds_refused`, `3ds_challenge`, `risk`, `provider`.
        code: String,
        /// How the payer was authenticated.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        authentication: Option<Box<Authentication>>,
    },
    /// The payer must visit a page.
    Payer {
        /// Which kind of page.
        step: StepKind,
        /// Its path on this server.
        url: String,
        /// What the browser posts before, unseen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        method: Option<Box<MethodForm>>,
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
pub(super) fn read(answer: &Answer) -> Report {
    let garbled = || Outcome::Unknown(Doubt::Garbled).into();
    if answer.content_type != "application/json" {
        return garbled();
    }
    let word: Word = match serde_json::from_slice(&answer.body) {
        Ok(word) => word,
        Err(_) => return garbled(),
    };
    let status_expected = if word == Word::NotFound { 404 } else { 200 };
    if answer.status != status_expected {
        return garbled();
    }
    report(word)
}

/// What a word tells.
pub(super) fn report(word: Word) -> Report {
    let garbled = Outcome::Unknown(Doubt::Garbled);
    let (outcome, authentication) = match word {
        Word::Approved { id, auth_code, network_id, authentication } => {
            let approval = Approval { provider_id: id, response: "00".to_owned(), auth_code, network_id };
            (Outcome::Approved(approval), authentication)
        }
        Word::Declined { code, authentication } => (decline(&code).map_or(garbled, Outcome::Declined), authentication),
        Word::Payer { step, url, method } => {
            let ours = |url: &str| url.starts_with("/sim/");
            let believed = ours(&url) && method.as_ref().is_none_or(|method| ours(&method.url));
            let needs_payer = Outcome::NeedsPayer(PayerStep { kind: step, url, method });
            (if believed { needs_payer } else { garbled }, None)
        }
        Word::Cancelled => (Outcome::Cancelled, None),
        Word::Pending => (Outcome::Pending, None),
        Word::NotFound => (Outcome::NotFound, None),
    };
    Report { outcome, authentication, resolution: None }
}

/// The code of a decline, on the wire and in the book.
pub(super) fn code(decline: &Decline) -> &str {
    match decline {
        Decline::Response(code) => code,
        Decline::Authentication(AuthenticationFailure::Technical) => "3ds_error",
        Decline::Authentication(AuthenticationFailure::NotAuthenticated) => "3ds_refused",
        Decline::Authentication(AuthenticationFailure::ChallengeFailed) => "3ds_challenge",
        Decline::Risk => "risk",
        Decline::Provider => "provider",
    }
}

/// The decline of a code; `None` for what is no code.
pub(super) fn decline(code: &str) -> Option<Decline> {
    match code {
        "3ds_error" => Some(Decline::Authentication(AuthenticationFailure::Technical)),
        "3ds_refused" => Some(Decline::Authentication(AuthenticationFailure::NotAuthenticated)),
        "3ds_challenge" => Some(Decline::Authentication(AuthenticationFailure::ChallengeFailed)),
        "risk" => Some(Decline::Risk),
        "provider" => Some(Decline::Provider),
        code if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            Some(Decline::Response(code.to_owned()))
        }
        _ => None,
    }
}
