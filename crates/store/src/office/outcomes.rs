//! Outcomes: what became of the transactions made within an hour, counted once each, when it is known.

use florin_kernel::payment::Mode;
use florin_kernel::routing::ProviderId;
use florin_kernel::{MerchantId, PaymentId, Transaction};

use super::Span;

/// What became of a transaction, as far as rates go by it. It is counted when it is first known; what becomes of money that was
/// taken does not change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// A yes: money was held, taken or paid out, or a card found good.
    Approved,
    /// A provider's no.
    Declined,
    /// No provider was reached.
    Failed,
    /// Given up: by the payer, the merchant, an approver or the clock.
    Abandoned,
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 4] = [Class::Approved, Class::Declined, Class::Failed, Class::Abandoned];
}

/// As rows write it.
pub(crate) fn class_text(class: Class) -> &'static str {
    match class {
        Class::Approved => "approved",
        Class::Declined => "declined",
        Class::Failed => "failed",
        Class::Abandoned => "abandoned",
    }
}

impl Class {
    /// Reads what rows write.
    pub(crate) fn read(text: &str) -> Option<Class> {
        Class::ALL.into_iter().find(|class| class_text(*class) == text)
    }
}

/// How many transactions of one kind ended alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutcomeRow {
    /// When the hour or day of their making begins, milliseconds since the Unix epoch.
    pub start_ms: i64,
    /// Whose.
    pub merchant: MerchantId,
    /// Whether they are withdrawals; else they bring money.
    pub is_withdrawal: bool,
    /// Who was asked last; nothing: nobody was.
    pub provider: Option<ProviderId>,
    /// The code of the asset asked for.
    pub asset: String,
    /// How they ended.
    pub class: Class,
    /// How many.
    pub transactions: u64,
}

impl OutcomeRow {
    /// The row as part of the hour or day that holds it.
    pub(crate) fn within(&self, span: Span) -> OutcomeRow {
        OutcomeRow { start_ms: span.start_ms(self.start_ms), ..self.clone() }
    }

    /// The provider's number as rows write it.
    pub(crate) fn provider_number(&self) -> i64 {
        self.provider.map_or(0, ProviderId::number)
    }

    /// Reads the provider's number.
    pub(crate) fn provider_of(number: i64) -> Option<ProviderId> {
        (number != 0).then(|| ProviderId::new(number))
    }
}

/// Transactions whose outcome is to be counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Counting {
    /// The newest one that was looked at before.
    pub through: PaymentId,
    /// Those after it, by id.
    pub newer: Vec<Transaction>,
    /// Those that were looked at and left open, by id.
    pub left: Vec<Transaction>,
}

/// What is counted at once.
#[derive(Clone, Debug)]
pub struct Cohort {
    /// The newest one that was looked at before, as it was read.
    pub after: PaymentId,
    /// The newest one that is looked at now.
    pub through: PaymentId,
    /// What is added, by mode; each row once, in hours.
    pub rows: Vec<(Mode, OutcomeRow)>,
    /// Those that stay open, to be looked at again.
    pub opened: Vec<PaymentId>,
    /// Those that were open and are counted now.
    pub closed: Vec<PaymentId>,
}
