//! What goes in: one changeset per decision.

use std::borrow::Cow;

use crate::{AuditRow, ConfigRow, RecordWrite, RegistrationWrite};
use florin_kernel::ledger::{Account, Entry};
use florin_kernel::payment::Mode;
use florin_kernel::ports::Lane;
use florin_kernel::{Aggregate, Asset, CredentialId, EventId, Kind, MerchantId, Money, PaymentId, Timestamp, Watch};
use serde::{Deserialize, Serialize};

use crate::words::mode_text;

/// One decision's writes, committed whole or not at all. It names no key, payment, record, stored card, chain,
/// event, piece of configuration and audit entry twice.
#[derive(Clone, Debug, Default)]
pub struct Changeset {
    /// References and idempotency keys taken, checked first and in order.
    pub claims: Vec<Claim>,
    /// Payments inserted or updated.
    pub payments: Vec<PaymentWrite>,
    /// Records inserted or updated.
    pub records: Vec<RecordWrite>,
    /// Answers to requests about payments of the same changeset. A stored answer stays.
    pub answers: Vec<AnswerWrite>,
    /// Stored cards inserted or changed.
    pub registrations: Vec<RegistrationWrite>,
    /// Ledger entries.
    pub entries: Vec<EntryWrite>,
    /// Balances that must hold after the entries.
    pub floors: Vec<Floor>,
    /// Events for the outbox, in order.
    pub events: Vec<EventWrite>,
    /// Attempts made to deliver events of the outbox.
    pub deliveries: Vec<Delivery>,
    /// How far chains were followed.
    pub chains: Vec<ChainWrite>,
    /// Configuration inserted or replaced.
    pub config: Vec<ConfigRow>,
    /// Entries of the audit log that tell of this changeset, each after the last one that was read.
    pub audit: Vec<AuditRow>,
}

impl Changeset {
    /// Whether a text that must be kept as it is holds a NUL, which not every database can keep. JSON escapes it.
    pub(crate) fn holds_nul(&self) -> bool {
        let nul = |text: &str| text.contains('\0');
        let answer = |write: &PaymentWrite| write.answer.as_ref().is_some_and(|answer| nul(&answer.body));
        let event = |event: &EventWrite| nul(&event.url) || nul(&event.endpoint) || nul(&event.body);
        let answered = self.answers.iter().any(|write| nul(&write.answer.body));
        let registration = |write: &RegistrationWrite| match write {
            RegistrationWrite::Insert(insert) => {
                insert.customer.as_deref().is_some_and(nul) || insert.answer.as_ref().is_some_and(|a| nul(&a.body))
            }
            RegistrationWrite::Retain { .. } | RegistrationWrite::Erase { .. } | RegistrationWrite::Rewrap { .. } => {
                false
            }
        };
        let registered = self.registrations.iter().any(registration);
        let chain = self.chains.iter().any(|write| nul(&write.document) || nul(&write.name));
        self.payments.iter().any(answer) || chain || answered || self.events.iter().any(event) || registered
    }
}

/// A key taken for good: a merchant's reference or an `Idempotency-Key`.
///
/// `key` is a keyed digest over merchant, mode, dialect, kind of key, scope and text; `digest` one over the request's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What is taken.
    pub key: [u8; 16],
    /// What it was taken with.
    pub digest: [u8; 16],
    /// What it was taken for.
    pub payment: PaymentId,
    /// Which request about it: 0 made it, else the number of the operation begun, or 1023 where none was.
    pub sequence: u16,
    /// When.
    pub at: Timestamp,
    /// Whether the key is free again once the answers of its time are purged: an `Idempotency-Key` is, a reference never.
    pub expires: bool,
}

/// A payment or withdrawal to insert or update. Made on the caller's thread, so that the writer only copies.
#[derive(Clone, Debug)]
pub struct PaymentWrite {
    pub(crate) id: PaymentId,
    pub(crate) kind: Kind,
    pub(crate) expected_version: Option<i64>,
    pub(crate) merchant: i64,
    pub(crate) mode: Mode,
    pub(crate) lane: i64,
    pub(crate) payer: Option<i64>,
    pub(crate) created_at: i64,
    pub(crate) wake_at: Option<i64>,
    pub(crate) word: &'static str,
    pub(crate) document: String,
    pub(crate) answer: Option<Answer>,
    pub(crate) watch: Option<Watch>,
    pub(crate) kept_as: KeptAs,
}

/// What a write does to the row's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeptAs {
    /// It is new, or stays what it is.
    Itself,
    /// It was something else.
    Another,
}

impl PaymentWrite {
    /// A new one; its version becomes 1.
    pub fn insert(payment: &impl Aggregate) -> PaymentWrite {
        PaymentWrite::of(payment, None)
    }

    /// The next version of one read at `version`; its version becomes `version + 1`.
    pub fn update(payment: &impl Aggregate, version: i64) -> PaymentWrite {
        PaymentWrite::of(payment, Some(version))
    }

    /// The next version of one read at `version`, which becomes something of another kind: a session that is paid with coins from
    /// now on. What coins are found by is written anew.
    pub fn becoming(payment: &impl Aggregate, version: i64) -> PaymentWrite {
        PaymentWrite { kept_as: KeptAs::Another, ..PaymentWrite::of(payment, Some(version)) }
    }

    /// Whether its address is to be nobody else's.
    pub(crate) fn is_watched_anew(&self) -> bool {
        self.expected_version.is_none() || self.kept_as == KeptAs::Another
    }

    /// Which payment it writes.
    pub fn payment(&self) -> PaymentId {
        self.id
    }

    /// Found by its payer from now on, see [`crate::Store::of_payer`]; of a new one only. Each costs a page of the index, which is
    /// in no order of time: for what a rule may look back at, and not for all.
    pub fn found_by_payer(mut self, payment: &impl Aggregate) -> PaymentWrite {
        self.payer = payer_number(payment.merchant(), payment.mode(), &payment.details().payer.user_id);
        self
    }

    /// With the answer given to the merchant, kept for repeats of the request. Without one, a stored answer stays.
    pub fn answered(mut self, answer: Option<Answer>) -> PaymentWrite {
        self.answer = answer;
        self
    }

    fn of<A: Aggregate>(payment: &A, expected_version: Option<i64>) -> PaymentWrite {
        PaymentWrite {
            id: payment.id(),
            kind: payment.kind(),
            expected_version,
            merchant: payment.merchant().number(),
            mode: payment.mode(),
            lane: Lane::of(payment.merchant(), payment.mode()).number(),
            payer: None,
            created_at: payment.created_at().as_millisecond(),
            wake_at: payment.wake_at().map(Timestamp::as_millisecond),
            word: payment.word_text(),
            document: serde_json::to_string(payment).expect("a transaction has string keys and plain values only"),
            answer: None,
            watch: payment.watch(),
            kept_as: KeptAs::Itself,
        }
    }
}

/// What a payer's transactions are found by: a number of merchant, mode and the merchant's id of the payer, so that the index
/// stays small. Two payers may share one. Where the merchant gave no id there is none, and nothing to write into the index.
pub(crate) fn payer_number(merchant: MerchantId, mode: Mode, user_id: &str) -> Option<i64> {
    use sha2::{Digest, Sha256};
    if user_id.is_empty() {
        return None;
    }
    let digest = Sha256::new()
        .chain_update(merchant.number().to_be_bytes())
        .chain_update(mode_text(mode))
        .chain_update(user_id)
        .finalize();
    Some(i64::from_be_bytes(std::array::from_fn(|at| digest[at])))
}

/// An answer as it went over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body's bytes, UTF-8 in every dialect.
    pub body: String,
}

/// What is remembered of a chain in a lane, under a name: how far it was followed, or a simulated one itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainWrite {
    /// Its name.
    pub name: String,
    /// Whose clock it runs by.
    pub lane: Lane,
    /// The version it was read at; nothing for a new row.
    pub expected_version: Option<i64>,
    /// Text that its owner alone reads.
    pub document: String,
}

/// The answer to a request about a payment that was there already. The one that made it is kept with the payment.
#[derive(Clone, Debug)]
pub struct AnswerWrite {
    /// The payment.
    pub payment: PaymentId,
    /// Which request, as in [`Claim::sequence`].
    pub sequence: u16,
    /// When it was given.
    pub at: Timestamp,
    /// The answer.
    pub answer: Answer,
}

/// A ledger entry caused by a payment.
#[derive(Clone, Debug)]
pub struct EntryWrite {
    /// The payment.
    pub payment: PaymentId,
    /// When, by the payment's clock.
    pub at: Timestamp,
    /// What moved.
    pub entry: Entry,
}

/// A guard: after this changeset's entries the account's posted balance (credits less debits) is at least `minimum`.
#[derive(Clone, Debug)]
pub struct Floor {
    /// The book.
    pub book: Mode,
    /// The account.
    pub account: Account,
    /// In minor units of its asset; may be negative.
    pub minimum: Money,
}

/// How an event is sent, beside its body: fixed when it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// `POST` with a body, or `GET` without.
    pub verb: Verb,
    /// Of the body.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub content_type: Cow<'static, str>,
    /// Headers that belong to these bytes, such as what they were encrypted with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
}

fn is_empty(text: &str) -> bool {
    text.is_empty()
}

/// How a merchant's URL is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// With a body.
    Post,
    /// Without one.
    Get,
}

impl Default for Form {
    /// A posted JSON document.
    fn default() -> Form {
        Form { verb: Verb::Post, content_type: Cow::Borrowed("application/json"), headers: Vec::new() }
    }
}

/// An event for a merchant's webhook. Its body is fixed here for ever.
#[derive(Clone, Debug)]
pub struct EventWrite {
    /// Its id, printed as `webhook-id`.
    pub id: EventId,
    /// The payment it is about; its events go out in the order they were written.
    pub payment: PaymentId,
    /// Whose clock its schedule runs by.
    pub lane: Lane,
    /// The credential whose password signs it.
    pub credential: CredentialId,
    /// Where to.
    pub url: String,
    /// `host:port` of the URL, by which slow receivers are kept apart.
    pub endpoint: String,
    /// How the bytes are sent.
    pub form: Form,
    /// The exact bytes.
    pub body: String,
    /// The first attempt is due then.
    pub due_at: Timestamp,
}

/// One attempt made to deliver an event.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The event.
    pub event: EventId,
    /// When the attempt began, by the event's clock.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub latency_ms: u32,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// First bytes of the answer, or the error.
    pub note: String,
    /// What follows.
    pub result: DeliveryResult,
}

/// What follows an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryResult {
    /// The receiver has it.
    Delivered,
    /// Try again.
    Retry {
        /// Then.
        at: Timestamp,
        /// Or as soon as the payment has a newer event, written after this; nothing: newer ones wait.
        hurried_after: Option<Timestamp>,
    },
    /// The schedule is used up.
    GivenUp,
}

/// What became of a changeset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// On disk.
    Committed,
    /// A payment, record or chain has another version than expected, an id, an address or an audit entry's number is taken, or a stored card is not as
    /// expected: reload and decide again.
    Conflict,
    /// A claimed key was taken before; here is by what. The first taken one is told.
    Duplicate(Claim),
    /// A floor would be broken.
    BelowFloor {
        /// The account.
        account: Account,
        /// The asset.
        asset: Asset,
    },
}
