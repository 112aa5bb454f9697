//! Stored cards: what goes in and what comes out. A driver sees of a card what may be shown of it, and sealed bytes.

use florin_kernel::card::CardSummary;
use florin_kernel::payment::{Dialect, Mode};
use florin_kernel::ports::Lane;
use florin_kernel::registration::{Fingerprint, Registration};
use florin_kernel::{MerchantId, PaymentId, RegistrationId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Answer, StoreError};

/// A change to a stored card. Nothing is changed of one that is deleted.
#[derive(Clone, Debug)]
pub enum RegistrationWrite {
    /// A new one; a taken id is a conflict.
    Insert(Box<RegistrationInsert>),
    /// It was used or extended: it is kept until then, never shorter than before.
    Retain {
        /// Which.
        id: RegistrationId,
        /// Until when.
        until: Timestamp,
    },
    /// Its number, the key to it, its fingerprint and its customer are wiped. That it is deleted already is a conflict.
    Erase {
        /// Which.
        id: RegistrationId,
        /// When.
        at: Timestamp,
        /// Only while it is kept no longer than until then; that it is kept longer is a conflict.
        kept_until: Option<Timestamp>,
    },
    /// Its data key is wrapped anew. Nothing happens where somebody else was quicker.
    Rewrap {
        /// Which.
        id: RegistrationId,
        /// The version of the key that wraps it now.
        from: u32,
        /// The version that wraps it from now on.
        to: u32,
        /// The data key wrapped under it.
        wrapped_key: Vec<u8>,
    },
}

impl RegistrationWrite {
    /// Which stored card it is about.
    pub fn registration(&self) -> RegistrationId {
        match self {
            RegistrationWrite::Insert(insert) => insert.id,
            RegistrationWrite::Retain { id, .. }
            | RegistrationWrite::Erase { id, .. }
            | RegistrationWrite::Rewrap { id, .. } => *id,
        }
    }
}

/// A stored card to insert. Made on the caller's thread, so that the writer only copies.
#[derive(Clone, Debug)]
pub struct RegistrationInsert {
    pub(crate) id: RegistrationId,
    pub(crate) merchant: i64,
    pub(crate) mode: Mode,
    pub(crate) lane: i64,
    pub(crate) created_at: i64,
    pub(crate) customer: Option<String>,
    pub(crate) fingerprint: Option<Fingerprint>,
    pub(crate) retained_until: i64,
    pub(crate) sealed: SealedCard,
    pub(crate) document: String,
    pub(crate) answer: Option<Answer>,
}

/// A card number as rows hold it: sealed under a key of its own, which is wrapped under a version of the vault's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedCard {
    /// The version of the key that wraps the data key.
    pub key_version: u32,
    /// The data key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// The card, sealed.
    pub card: Vec<u8>,
}

/// A stored card as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRegistration {
    /// What is known of it.
    pub registration: Registration,
    /// The card itself; wiped once it is deleted.
    pub sealed: Option<SealedCard>,
    /// The answer to the request that made it, if it had one of its own and that is not yet purged.
    pub answer: Option<Answer>,
}

/// Which of a merchant's stored cards: those that are not deleted, by id.
#[derive(Clone, Debug)]
pub struct RegistrationQuery {
    /// Whose.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// Which of them.
    pub of: RegistrationsOf,
    /// Only those after this one.
    pub after: Option<RegistrationId>,
    /// At most.
    pub limit: u32,
}

/// By what stored cards are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrationsOf {
    /// All of the merchant's.
    Anybody,
    /// Those of one payer, by the merchant's name for it.
    Customer(String),
    /// Those of one card.
    Card(Fingerprint),
}

/// How many stored cards one version of the vault's key wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// The version.
    pub version: u32,
    /// Stored cards.
    pub cards: u64,
}

impl RegistrationInsert {
    /// A new stored card.
    pub fn new(registration: &Registration, sealed: SealedCard) -> RegistrationInsert {
        let document = Document {
            dialect: registration.dialect,
            first_payment: registration.first_payment,
            card: registration.card.clone(),
        };
        RegistrationInsert {
            id: registration.id,
            merchant: registration.merchant.number(),
            mode: registration.mode,
            lane: Lane::of(registration.merchant, registration.mode).number(),
            created_at: registration.created_at.as_millisecond(),
            customer: registration.customer.clone(),
            fingerprint: registration.fingerprint,
            retained_until: registration.retained_until.as_millisecond(),
            sealed,
            document: serde_json::to_string(&document).expect("a document has string keys and plain values only"),
            answer: None,
        }
    }

    /// With the answer given to the merchant, kept for repeats of the request.
    pub fn answered(mut self, answer: Option<Answer>) -> RegistrationInsert {
        self.answer = answer;
        self
    }
}

/// What of a stored card nobody searches by and nothing changes.
#[derive(Serialize, Deserialize)]
struct Document {
    dialect: Dialect,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_payment: Option<PaymentId>,
    card: CardSummary,
}

/// A stored card's row, its document not yet read.
pub(crate) struct RawRegistration {
    pub(crate) id: i64,
    pub(crate) merchant: i64,
    pub(crate) mode: Mode,
    pub(crate) created_at: i64,
    pub(crate) customer: Option<String>,
    pub(crate) fingerprint: Option<Fingerprint>,
    pub(crate) retained_until: i64,
    pub(crate) deleted_at: Option<i64>,
    pub(crate) sealed: Option<SealedCard>,
    pub(crate) answer: Option<Answer>,
    pub(crate) document: String,
}

impl RawRegistration {
    /// Reads the document.
    pub(crate) fn read(self) -> Result<StoredRegistration, StoreError> {
        let corrupt = |error: String| StoreError::Corrupt(format!("stored card {}: {error}", self.id));
        let time = |unix_ms| Timestamp::from_millisecond(unix_ms).map_err(|error| corrupt(error.to_string()));
        let document: Document = serde_json::from_str(&self.document).map_err(|error| corrupt(error.to_string()))?;
        let registration = Registration {
            id: RegistrationId::from_number(self.id),
            merchant: MerchantId::from_number(self.merchant),
            mode: self.mode,
            dialect: document.dialect,
            created_at: time(self.created_at)?,
            first_payment: document.first_payment,
            customer: self.customer,
            card: document.card,
            fingerprint: self.fingerprint,
            retained_until: time(self.retained_until)?,
            deleted_at: self.deleted_at.map(time).transpose()?,
        };
        Ok(StoredRegistration { registration, sealed: self.sealed, answer: self.answer })
    }
}
