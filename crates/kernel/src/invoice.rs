//! An invoice: an amount that a merchant asks of a customer, paid on a page of ours behind a link. A pay link is one that the
//! merchant sends itself. Each try to pay it is a payment of its own; at most one is open at a time, and at most one succeeds.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::payment::{Details, Dialect, Mode};
use crate::public_id::Reference;
use crate::record::{Record, RecordKind};
use crate::{InvoiceId, MailId, MerchantId, Money, PaymentId, RecordId};

pub mod decide;

pub use decide::{Command, Decision, Refusal, decide};

/// The longest an invoice can be paid: a year, in hours.
pub const HOURS_MAX: u16 = 8760;
/// The most reminders that go out by themselves.
pub const REMINDERS_MAX: u8 = 5;
/// The most links one invoice has in its life; a link's number is part of its secret.
pub const LINKS_MAX: u16 = 1000;

/// An invoice or pay link. Rows hold it whole; [`decide`] alone changes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invoice {
    /// Its id, of the number space it shares with payments.
    pub id: InvoiceId,
    /// Who asks.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// Where it was made.
    pub dialect: Dialect,
    /// When, by the merchant's clock.
    pub created_at: Timestamp,
    /// Who brings the link to the customer.
    pub origin: Origin,
    /// How much.
    pub asked: Money,
    /// What for, in a line.
    pub description: String,
    /// Who asks, in the words of the letter; empty: the merchant's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub raised_by: String,
    /// Where it stands.
    pub state: State,
    /// The link that leads to it now.
    pub issue: Issue,
    /// Reminders.
    #[serde(default)]
    pub reminders: Reminders,
    /// The last try to pay it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_try: Option<PaymentId>,
    /// Tries begun.
    #[serde(default)]
    pub tries: u32,
    /// The last e-mail about it; `None`: nothing could be sent, or nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailId>,
    /// What the merchant told about it: its own number as the reference, the customer as the payer. No decision reads it.
    pub details: Details,
}

/// Who brings the link to the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// We do, by e-mail.
    Invoice,
    /// The merchant; nothing is sent.
    Link,
}

/// The link that leads to an invoice. Earlier ones are dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// 1 for the first; the link's secret is computed from it.
    pub number: u16,
    /// When.
    pub at: Timestamp,
    /// How long it can be paid, in hours.
    pub hours: u16,
}

impl Issue {
    /// The link made at a moment.
    pub fn first(at: Timestamp, hours: u16) -> Issue {
        Issue { number: 1, at, hours }
    }

    /// From then on no try begins.
    pub fn expires_at(&self) -> Timestamp {
        self.at + SignedDuration::from_hours(i64::from(self.hours))
    }
}

/// Reminders, those by themselves and those by order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reminders {
    /// Hours from the issue, or from the last one, to the next that goes out by itself; 0: none does.
    pub after_hours: u16,
    /// How many go out by themselves for one issue.
    pub max: u8,
    /// How many did, for this issue.
    pub unasked: u8,
    /// All that went out.
    pub sent: u32,
    /// When the last one did.
    pub last_at: Option<Timestamp>,
}

/// Where an invoice stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It can be paid.
    Open {
        /// The try that is open: while there is one, no other begins and nothing ends.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trying: Option<PaymentId>,
    },
    /// A try brought the money.
    Paid {
        /// That one.
        payment: PaymentId,
        /// When.
        at: Timestamp,
    },
    /// Called off by the merchant.
    Cancelled {
        /// Why, in the merchant's words.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// Nobody paid in time.
    Expired {
        /// When its time was over.
        at: Timestamp,
    },
}

/// The words for an invoice's state (product document, "States of the core").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Word {
    Open,
    Paid,
    Cancelled,
    Expired,
}

impl Word {
    /// The word as rows and the portal write it.
    pub fn text(self) -> &'static str {
        match self {
            Word::Open => "open",
            Word::Paid => "paid",
            Word::Cancelled => "cancelled",
            Word::Expired => "expired",
        }
    }
}

/// Why the customer is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Letter {
    /// Here is an invoice.
    Issued,
    /// Here is its new link.
    Reissued,
    /// It is still open.
    Reminder,
    /// It need not be paid.
    Cancelled,
    /// It was paid.
    Paid,
}

impl Letter {
    /// The word as counters write it.
    pub fn text(self) -> &'static str {
        match self {
            Letter::Issued => "issued",
            Letter::Reissued => "reissued",
            Letter::Reminder => "reminder",
            Letter::Cancelled => "cancelled",
            Letter::Paid => "paid",
        }
    }
}

impl InvoiceId {
    /// What its printed forms are computed from.
    pub fn reference(self) -> Reference {
        Reference { payment: PaymentId::from_number(self.number()), sequence: 0 }
    }

    /// The invoice that a printed form names, if it names one at all.
    pub fn of_reference(reference: Reference) -> Option<InvoiceId> {
        (reference.sequence == 0).then(|| InvoiceId::from_number(reference.payment.number()))
    }
}

impl Invoice {
    /// The word for where it stands.
    pub fn word(&self) -> Word {
        match &self.state {
            State::Open { .. } => Word::Open,
            State::Paid { .. } => Word::Paid,
            State::Cancelled { .. } => Word::Cancelled,
            State::Expired { .. } => Word::Expired,
        }
    }

    /// The word at a moment: its time may be over before anybody has noted it. With a try under way it is open still.
    pub fn word_at(&self, now: Timestamp) -> Word {
        match &self.state {
            State::Open { trying: None } if now >= self.issue.expires_at() => Word::Expired,
            State::Open { .. } | State::Paid { .. } | State::Cancelled { .. } | State::Expired { .. } => self.word(),
        }
    }

    /// When a reminder goes out by itself, if it is not paid before.
    pub fn remind_at(&self) -> Option<Timestamp> {
        let Reminders { after_hours, max, unasked, last_at, .. } = self.reminders;
        let more = self.origin == Origin::Invoice && after_hours > 0 && unasked < max;
        let since = last_at.map_or(self.issue.at, |last| last.max(self.issue.at));
        let at = since + SignedDuration::from_hours(i64::from(after_hours));
        (more && at < self.issue.expires_at()).then_some(at)
    }
}

impl Record for Invoice {
    const KINDS: &'static [RecordKind] = &[RecordKind::Invoice, RecordKind::PayLink];

    fn kind(&self) -> RecordKind {
        match self.origin {
            Origin::Invoice => RecordKind::Invoice,
            Origin::Link => RecordKind::PayLink,
        }
    }

    fn record_id(&self) -> RecordId {
        self.id.record()
    }

    fn merchant(&self) -> MerchantId {
        self.merchant
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }

    fn wake_at(&self) -> Option<Timestamp> {
        match &self.state {
            State::Open { trying: None } => {
                Some(self.remind_at().map_or(self.issue.expires_at(), |at| at.min(self.issue.expires_at())))
            }
            // Whatever is due then, the end of the try decides it.
            State::Open { trying: Some(_) } | State::Paid { .. } | State::Cancelled { .. } | State::Expired { .. } => {
                None
            }
        }
    }

    fn word_text(&self) -> &'static str {
        self.word().text()
    }
}
