//! Ids: 63-bit numbers with a kind, time-ordered, printed with a readable prefix.

use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What an id names; its prefix in logs and the portal.
pub trait Kind {
    /// The readable prefix, such as `pay`.
    const PREFIX: &'static str;
}

/// The id of one thing of kind `K`: a positive 63-bit number.
///
/// Ids made by [`Id::at`] sort by the millisecond they were made in.
pub struct Id<K> {
    number: i64,
    kind: PhantomData<fn() -> K>,
}

/// Bits below the millisecond, filled by a counter and randomness.
const BODY_BITS: u32 = 21;

impl<K> Id<K> {
    /// An id from its number, as rows hold it.
    pub const fn from_number(number: i64) -> Self {
        Id { number, kind: PhantomData }
    }

    /// A new id for a moment: milliseconds since the Unix epoch above, `body` (its low 21 bits) below.
    pub const fn at(unix_ms: i64, body: u32) -> Self {
        Id::from_number(((unix_ms & ((1 << 42) - 1)) << BODY_BITS) | (body as i64 & ((1 << BODY_BITS) - 1)))
    }

    /// The number, as rows hold it.
    pub const fn number(self) -> i64 {
        self.number
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $alias:ident $prefix:literal)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $kind;
        impl Kind for $kind {
            const PREFIX: &'static str = $prefix;
        }
        $(#[$doc])*
        pub type $alias = Id<$kind>;
    )*};
}

kinds! {
    /// One payment.
    OfPayment PaymentId "pay"
    /// One merchant.
    OfMerchant MerchantId "mer"
    /// One credential of a merchant.
    OfCredential CredentialId "cred"
    /// One ledger entry.
    OfEntry EntryId "ent"
    /// One stored card; its numbers are of the payments' space, so that it is printed as they are.
    OfRegistration RegistrationId "reg"
    /// One event announced by webhook.
    OfEvent EventId "evt"
    /// One document beside the transactions, of whichever kind; its numbers are of the payments' space.
    OfRecord RecordId "rec"
    /// One invoice or pay link; a record's number.
    OfInvoice InvoiceId "inv"
    /// One recurring plan; a record's number.
    OfPlan PlanId "plan"
    /// One customer of a merchant's; a record's number.
    OfCustomer CustomerId "cus"
    /// One e-mail; a record's number.
    OfMail MailId "mail"
    /// One user of the portal; a record's number.
    OfUser UserId "usr"
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.number.cmp(&other.number)
    }
}
impl<K> std::hash::Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}
impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", K::PREFIX, self.number)
    }
}
impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.number)
    }
}
impl<'de, K> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Id::from_number)
    }
}
