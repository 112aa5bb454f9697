//! Records: documents beside the transactions, each with a pure decision of its own: invoices and pay links, recurring plans,
//! e-mails. Whoever keeps and wakes them needs to know no more than this.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::payment::{Decline, Mode};
use crate::{CustomerId, InvoiceId, MerchantId, PlanId, RecordId};

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// An invoice that is sent by e-mail.
    Invoice,
    /// An invoice whose link the merchant shares itself.
    PayLink,
    /// A recurring plan.
    Plan,
    /// An e-mail.
    Mail,
    /// A customer.
    Customer,
    /// A user of the portal.
    User,
}

/// A document beside the transactions.
pub trait Record: Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The kinds of rows that hold one.
    const KINDS: &'static [RecordKind];

    /// Which of them it is.
    fn kind(&self) -> RecordKind;
    /// Its id.
    fn record_id(&self) -> RecordId;
    /// Whose it is.
    fn merchant(&self) -> MerchantId;
    /// Test or live.
    fn mode(&self) -> Mode;
    /// When, by the merchant's clock.
    fn created_at(&self) -> Timestamp;
    /// When something is to be done about it without anybody asking; derived, never set.
    fn wake_at(&self) -> Option<Timestamp>;
    /// The word for where it stands, as rows write it.
    fn word_text(&self) -> &'static str;
}

/// What a payment is a try of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderedBy {
    /// An invoice or pay link.
    Invoice(InvoiceId),
    /// A recurring plan.
    Plan(PlanId),
}

impl OrderedBy {
    /// The record it names.
    pub fn record(self) -> RecordId {
        match self {
            OrderedBy::Invoice(id) => id.record(),
            OrderedBy::Plan(id) => id.record(),
        }
    }
}

/// How a try ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TryResult {
    /// Its money was taken.
    Paid,
    /// An explicit no.
    Declined(Decline),
    /// No provider was reached.
    Failed,
    /// Given up, or the time was over.
    GivenUp,
}

macro_rules! record_ids {
    ($($id:ty)*) => {$(
        impl $id {
            /// The same as a record's.
            pub const fn record(self) -> RecordId {
                RecordId::from_number(self.number())
            }
        }
    )*};
}

record_ids! { InvoiceId PlanId CustomerId crate::MailId crate::UserId }
