//! One thing asked of a provider. It is stored before the call, and its reference is the idempotency key sent.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Decline, Means, PayerStep, Route};
use crate::Money;

/// The sequence number of an operation within its payment: 1, 2, 3 …
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Seq(u16);

impl Seq {
    /// The largest number of an operation. A printed reference has 10 bits: above are chargebacks, and events use 1023.
    pub const MAX: u16 = 959;
    /// The number of a payment's first chargeback.
    const CHARGEBACKS: u16 = Seq::MAX + 1;
    /// The number of the last chargeback that has one.
    const CHARGEBACKS_END: u16 = 1022;

    /// From a number.
    pub const fn new(number: u16) -> Seq {
        Seq(number)
    }

    /// The number.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The number of a chargeback by its place among the payment's chargebacks; there are 63.
    pub(super) fn of_chargeback(place: usize) -> Option<Seq> {
        let number = Seq::CHARGEBACKS.checked_add(u16::try_from(place).ok()?)?;
        (number <= Seq::CHARGEBACKS_END).then_some(Seq(number))
    }

    /// A chargeback's place among the payment's chargebacks.
    pub(super) fn chargeback_place(self) -> Option<usize> {
        self.0.checked_sub(Seq::CHARGEBACKS).map(usize::from)
    }
}

/// What is asked of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// Take the money.
    Sale,
    /// Hold the money.
    Authorise,
    /// Take money out of a hold.
    Capture,
    /// Release a hold.
    Void,
    /// Give money back.
    Refund,
    /// Send a merchant's money to a payer: a withdrawal's only operation, never a payment's.
    Payout,
}

impl OperationKind {
    /// Whether it tries to bring money, rather than acting on money already there.
    pub const fn is_attempt(self) -> bool {
        match self {
            OperationKind::Sale | OperationKind::Authorise => true,
            OperationKind::Capture | OperationKind::Void | OperationKind::Refund | OperationKind::Payout => false,
        }
    }
}

/// Where an operation stands (product document: capture, void, refund).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationStatus {
    /// Stored; the call is about to be made or under way, or the provider will answer later.
    Pending,
    /// The payer must act.
    NeedsPayer(PayerStep),
    /// No clear answer.
    Unknown,
    /// Done.
    Approved,
    /// Done after it had been given up: what it moved is in suspense.
    Late,
    /// An explicit no.
    Declined(Decline),
    /// Never reached the provider.
    Failed,
    /// Given up by the payer.
    Cancelled,
    /// The payer's time was over.
    Expired,
}

/// One thing asked of a provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// Its place among the payment's operations.
    pub seq: Seq,
    /// What is asked.
    pub kind: OperationKind,
    /// How much, in the currency the merchant asked in.
    pub amount: Money,
    /// How much in the provider's currency.
    pub moved: Money,
    /// Who is asked, and at which rate.
    pub route: Route,
    /// The payer's means; attempts only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub means: Option<Means>,
    /// The declined attempt that this one went on from, to another provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cascaded_from: Option<Seq>,
    /// The operation this one acts on: the authorisation of a capture; the sale, capture or authorisation of a refund.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Seq>,
    /// Of a capture: whether it is the last, so that what it leaves of the hold is released when it is done.
    #[serde(default, skip_serializing_if = "is_false")]
    pub releases_rest: bool,
    /// Where it stands.
    pub status: OperationStatus,
    /// Whether the payer was ever sent to a page for it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub payer_acted: bool,
    /// The provider's own id, once known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub provider_id: String,
    /// When it was stored.
    pub started_at: Timestamp,
    /// Look-ups made so far.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub look_ups: u16,
    /// When the provider is asked after it next, while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_up_at: Option<Timestamp>,
}

/// How long a look-up waits after the call of an operation began: longer than any call may take.
pub(crate) const CALL_LOST_AFTER_S: i64 = 30;
pub(crate) const UNKNOWN_LOOK_UP_S: i64 = 2;
/// How long after its start an operation that a provider does not know is surely not on its way any more:
/// longer than any call may take (20 s) by far.
const SETTLED_AFTER: SignedDuration = SignedDuration::from_secs(60);

impl Operation {
    /// Whether its end is not known yet.
    pub fn is_open(&self) -> bool {
        match self.status {
            OperationStatus::Pending | OperationStatus::NeedsPayer(_) | OperationStatus::Unknown => true,
            OperationStatus::Approved
            | OperationStatus::Late
            | OperationStatus::Declined(_)
            | OperationStatus::Failed
            | OperationStatus::Cancelled
            | OperationStatus::Expired => false,
        }
    }

    /// Whether it is over and nothing came of it.
    pub fn ended_without_money(&self) -> bool {
        match self.status {
            OperationStatus::Declined(_)
            | OperationStatus::Failed
            | OperationStatus::Cancelled
            | OperationStatus::Expired => true,
            OperationStatus::Pending
            | OperationStatus::NeedsPayer(_)
            | OperationStatus::Unknown
            | OperationStatus::Approved
            | OperationStatus::Late => false,
        }
    }

    /// Whether a provider that did not know it at that moment never will: no request is on its way any more, and no payer
    /// was seen.
    pub fn is_surely_lost(&self, asked_at: Timestamp) -> bool {
        asked_at.duration_since(self.started_at) >= SETTLED_AFTER && !self.payer_acted
    }

    /// Makes it as it was when it had just been stored.
    pub(crate) fn forget_answers(&mut self) {
        self.status = OperationStatus::Pending;
        self.payer_acted = false;
        self.provider_id = String::new();
        self.look_ups = 0;
        self.look_up_at = None;
    }

    /// When the provider is to be asked after it.
    pub fn next_look_up(&self) -> Option<Timestamp> {
        self.look_up_at.filter(|_| self.is_open())
    }

    /// Sets the next look-up after `delay_s` seconds, doubling with every look-up made, an hour at most.
    pub(crate) fn schedule_look_up(&mut self, now: Timestamp, delay_s: i64) {
        let delay_s = (delay_s << self.look_ups.min(12)).min(3600);
        self.look_up_at = Some(now + SignedDuration::from_secs(delay_s));
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero(value: &u16) -> bool {
    *value == 0
}
