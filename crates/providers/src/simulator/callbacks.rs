//! The simulator's callbacks: JSON under an HMAC-SHA256 in `x-simulator-signature`, how they are sent and how they
//! are checked.

use async_trait::async_trait;
use florin_kernel::Money;
use florin_kernel::ports::{CallbackError, News, Notice, RawCallback};
use florin_kernel::secret::Secret;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::answer::{self, Word};

#[cfg(test)]
mod tests;

/// The header with the signature, in lower-case hex.
pub const SIGNATURE_HEADER: &str = "x-simulator-signature";

/// Where callbacks go: the gateway's door for them, without a network in between.
#[async_trait]
pub trait CallbackSink: Send + Sync {
    /// Takes a callback. It is sent again until it was taken.
    async fn take(&self, callback: RawCallback) -> Taken;
}

/// Whether a callback was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Its content is committed, or was before.
    Yes,
    /// Not now; it is to be sent again.
    NotNow,
}

/// A callback's body.
#[derive(Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Body {
    /// Where an operation stands.
    Outcome {
        /// The asker's reference.
        reference: String,
        /// In the words of an answer.
        outcome: Word,
    },
    /// Money taken back.
    Chargeback {
        /// The asker's reference.
        reference: String,
        /// The simulator's reference of the chargeback.
        chargeback: String,
        /// How much.
        amount: Money,
    },
    /// A payout sent back.
    Returned {
        /// The asker's reference.
        reference: String,
        /// The simulator's reference of the return.
        returned: String,
        /// How much.
        amount: Money,
    },
}

/// A body as it is sent.
pub(super) fn signed(body: &Body, key: &Secret) -> RawCallback {
    let body = serde_json::to_vec(body).unwrap_or_default();
    let signature = hex(&mac(key, &body).finalize().into_bytes());
    let headers =
        vec![("content-type".to_owned(), "application/json".to_owned()), (SIGNATURE_HEADER.to_owned(), signature)];
    RawCallback { headers, body }
}

/// Checks and reads a callback.
pub(super) fn parse(raw: &RawCallback, key: &Secret) -> Result<Vec<Notice>, CallbackError> {
    let header = raw.headers.iter().find(|(name, _)| name == SIGNATURE_HEADER);
    let signature = header.and_then(|(_, value)| unhex(value)).ok_or(CallbackError::Signature)?;
    mac(key, &raw.body).verify_slice(&signature).map_err(|_| CallbackError::Signature)?;
    let body = serde_json::from_slice(&raw.body).map_err(|_| CallbackError::Malformed)?;
    let notice = match body {
        Body::Outcome { reference, outcome } => Notice { reference, news: News::Report(answer::report(outcome)) },
        Body::Chargeback { reference, chargeback, amount } => {
            Notice { reference, news: News::ChargedBack { amount, reference: chargeback } }
        }
        Body::Returned { reference, returned, amount } => {
            Notice { reference, news: News::Returned { amount, reference: returned } }
        }
    };
    Ok(vec![notice])
}

fn mac(key: &Secret, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).expect("an HMAC takes a key of any length");
    mac.update(body);
    mac
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}
