//! A registration: a payer's card kept for its merchant, to be charged again without asking for it.
//!
//! What may be shown of the card stands here; the number itself is sealed in the store and opened by the engine alone.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::card::CardSummary;
use crate::payment::{Dialect, Mode, Operation, OperationStatus, Payment};
use crate::public_id::Reference;
use crate::{MerchantId, PaymentId, RegistrationId};

#[cfg(test)]
mod tests;

/// A keyed digest of a card number, made per merchant and mode: equal for equal numbers of one owner, and for nobody else's.
pub type Fingerprint = [u8; 16];

/// How long a stored card is kept after its last use (v3 contract, section 10.5).
const KEPT_MONTHS: i64 = 24;

/// A stored card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Its id, of the payments' number space.
    pub id: RegistrationId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// Where it was made; it is used only there.
    pub dialect: Dialect,
    /// When, by the merchant's clock.
    pub created_at: Timestamp,
    /// The payment it was made with, if any.
    pub first_payment: Option<PaymentId>,
    /// The merchant's name for the payer, by which its cards are listed; gone once deleted.
    pub customer: Option<String>,
    /// What may be shown of the card.
    pub card: CardSummary,
    /// By which the same card is found again; gone once deleted.
    pub fingerprint: Option<Fingerprint>,
    /// It is deleted then, unless it is used or extended before.
    pub retained_until: Timestamp,
    /// When it was deleted. Nothing can be charged or opened from then on.
    pub deleted_at: Option<Timestamp>,
}

/// The words for a registration's state (product document, "States of the core").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Word {
    /// Its first payment is undecided.
    Pending,
    /// It can be charged.
    Active,
    /// Its first payment brought no money.
    Declined,
    /// Deleted on request, or because nobody used it.
    Deleted,
}

impl Word {
    /// The word as the portal writes it.
    pub fn text(self) -> &'static str {
        match self {
            Word::Pending => "pending",
            Word::Active => "active",
            Word::Declined => "declined",
            Word::Deleted => "deleted",
        }
    }
}

impl Registration {
    /// Where it stands, given its first payment if it has one. Nothing of this is stored a second time, so it cannot differ from
    /// what became of the payment.
    pub fn word(&self, first: Option<&Payment>) -> Word {
        if self.deleted_at.is_some() {
            return Word::Deleted;
        }
        if self.first_payment.is_none() || self.initial(first).is_some() {
            return Word::Active;
        }
        // Only the attempts with this card: the payer of a session may have paid with another one in the end.
        let is_open = first.is_none_or(|first| first.operations.iter().any(|one| self.is_in(one) && one.is_open()));
        if is_open { Word::Pending } else { Word::Declined }
    }

    /// The approved attempt it was made with: the initial transaction of its mandate, which repeats refer to.
    pub fn initial<'p>(&self, first: Option<&'p Payment>) -> Option<&'p Operation> {
        let approved = |one: &&Operation| self.is_in(one) && one.status == OperationStatus::Approved;
        first?.operations.iter().find(approved)
    }

    fn is_in(&self, operation: &Operation) -> bool {
        operation.means.as_ref().is_some_and(|means| means.registration == Some(self.id))
    }
}

impl RegistrationId {
    /// What its printed forms are computed from.
    pub fn reference(self) -> Reference {
        Reference { payment: PaymentId::from_number(self.number()), sequence: 0 }
    }

    /// The registration that a printed form names, if it names one at all.
    pub fn of_reference(reference: Reference) -> Option<RegistrationId> {
        (reference.sequence == 0).then(|| RegistrationId::from_number(reference.payment.number()))
    }
}

/// Until when a card is kept that is used or extended now.
pub fn retained_from(now: Timestamp) -> Timestamp {
    let until = now.to_zoned(TimeZone::UTC).checked_add(Span::new().months(KEPT_MONTHS));
    until.map_or(Timestamp::MAX, |until| until.timestamp())
}
