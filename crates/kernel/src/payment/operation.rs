//! One thing asked of a provider. It is stored before the call, and its reference is the idempotency key sent.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Approval, Authenticate, Authentication, Circumstances, Decline, Doubt, Means, PayerStep, Resolution, Route,
};
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
    /// Ask about a card, moving nothing.
    Verify,
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
    /// Whether a payment is made by it, rather than acting on money already there.
    pub const fn is_attempt(self) -> bool {
        match self {
            OperationKind::Sale | OperationKind::Authorise | OperationKind::Verify => true,
            OperationKind::Capture | OperationKind::Void | OperationKind::Refund | OperationKind::Payout => false,
        }
    }

    /// Whether it is an attempt that takes or holds money.
    pub const fn brings_money(self) -> bool {
        match self {
            OperationKind::Sale | OperationKind::Authorise => true,
            OperationKind::Verify
            | OperationKind::Capture
            | OperationKind::Void
            | OperationKind::Refund
            | OperationKind::Payout => false,
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
    /// No clear answer, and why the first one was not.
    Unknown(Doubt),
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
    /// How it is made, where that is out of the ordinary; attempts only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circumstances: Option<Box<Circumstances>>,
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
    /// The response code of a yes that has another than `00`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub yes_response: String,
    /// The issuer's authorisation code, once known.
    #[serde(default, rename = "auth", skip_serializing_if = "String::is_empty")]
    pub auth_code: String,
    /// The card network's id of the transaction, once known.
    #[serde(default, rename = "network", skip_serializing_if = "String::is_empty")]
    pub network_id: String,
    /// What is known of our own authentication of the payer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication: Option<Box<Authentication>>,
    /// The operator's word on which its end rests, where the provider gave none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Box<Resolution>>,
    /// What the dialect that ordered it gives back in its answers, as JSON text that it alone reads.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub echo: String,
    /// When it was stored.
    pub started_at: Timestamp,
    /// When its status changed last, where that was in a later second: answers tell no more exactly.
    #[serde(default, rename = "changed", skip_serializing_if = "Option::is_none")]
    pub(crate) later_changed_at: Option<Timestamp>,
    /// Whether its yes came after it had been given up, and the payment took it all the same.
    #[serde(default, skip_serializing_if = "is_false")]
    pub came_late: bool,
    /// Look-ups made so far.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub look_ups: u16,
    /// When the provider is asked after it next, while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_up_at: Option<Timestamp>,
}

/// The response code of a plain yes (ISO 8583, data element 39).
const PLAIN_YES: &str = "00";

/// How long a look-up waits after the call of an operation began: longer than any call may take.
pub(crate) const CALL_LOST_AFTER_S: i64 = 30;
pub(crate) const UNKNOWN_LOOK_UP_S: i64 = 2;
/// How long after its start an operation that a provider does not know is surely not on its way any more:
/// longer than any call may take (20 s) by far.
const SETTLED_AFTER: SignedDuration = SignedDuration::from_secs(60);

impl Operation {
    /// An operation that is about to be asked for.
    pub(crate) fn new(
        seq: Seq,
        kind: OperationKind,
        (amount, moved): (Money, Money),
        route: Route,
        now: Timestamp,
    ) -> Self {
        let mut operation = Operation {
            seq,
            kind,
            amount,
            moved,
            route,
            means: None,
            circumstances: None,
            cascaded_from: None,
            on: None,
            releases_rest: false,
            status: OperationStatus::Pending,
            payer_acted: false,
            provider_id: String::new(),
            yes_response: String::new(),
            auth_code: String::new(),
            network_id: String::new(),
            authentication: None,
            resolution: None,
            echo: String::new(),
            started_at: now,
            later_changed_at: None,
            came_late: false,
            look_ups: 0,
            look_up_at: None,
        };
        operation.schedule_look_up(now, CALL_LOST_AFTER_S);
        operation
    }

    /// Notes what came with a yes.
    pub(crate) fn set_approval(&mut self, approval: Approval) {
        let Approval { provider_id, response, auth_code, network_id } = approval;
        self.provider_id = provider_id;
        self.yes_response = if response == PLAIN_YES { String::new() } else { response };
        self.auth_code = auth_code;
        self.network_id = network_id;
    }

    /// Notes that no clear answer came. Why the first one was not clear stands.
    pub(crate) fn set_unknown(&mut self, doubt: Doubt) {
        if !matches!(self.status, OperationStatus::Unknown(_)) {
            self.status = OperationStatus::Unknown(doubt);
        }
    }

    /// The bank's response code as it was told (ISO 8583, data element 39), once the operation has ended with one.
    pub fn response(&self) -> Option<&str> {
        match &self.status {
            OperationStatus::Approved | OperationStatus::Late if self.yes_response.is_empty() => Some(PLAIN_YES),
            OperationStatus::Approved | OperationStatus::Late => Some(&self.yes_response),
            OperationStatus::Declined(Decline::Response(code)) => Some(code),
            OperationStatus::Declined(Decline::Authentication(_) | Decline::Risk | Decline::Provider)
            | OperationStatus::Pending
            | OperationStatus::NeedsPayer(_)
            | OperationStatus::Unknown(_)
            | OperationStatus::Failed
            | OperationStatus::Cancelled
            | OperationStatus::Expired => None,
        }
    }

    /// What is known of the payer's authentication, by us or elsewhere.
    pub fn authenticated(&self) -> Option<&Authentication> {
        let brought = match self.circumstances.as_deref().map(|circumstances| &circumstances.authenticate) {
            Some(Authenticate::Elsewhere(result)) => Some(result.as_ref()),
            Some(Authenticate::Auto | Authenticate::Always | Authenticate::Never | Authenticate::Challenge) | None => {
                None
            }
        };
        self.authentication.as_deref().or(brought)
    }

    /// Whether a payer takes part who can be asked for something.
    pub fn has_payer(&self) -> bool {
        self.kind.is_attempt() && self.circumstances.as_deref().is_none_or(Circumstances::has_payer)
    }

    /// Whether its end is not known yet.
    pub fn is_open(&self) -> bool {
        match self.status {
            OperationStatus::Pending | OperationStatus::NeedsPayer(_) | OperationStatus::Unknown(_) => true,
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
            | OperationStatus::Unknown(_)
            | OperationStatus::Approved
            | OperationStatus::Late => false,
        }
    }

    /// Whether a provider that did not know it at that moment never will: no request is on its way any more, and no payer
    /// was seen.
    pub fn is_surely_lost(&self, asked_at: Timestamp) -> bool {
        asked_at.duration_since(self.started_at) >= SETTLED_AFTER && !self.payer_acted
    }

    /// When its status changed last, to the second.
    pub fn changed_at(&self) -> Timestamp {
        self.later_changed_at.unwrap_or(self.started_at)
    }

    /// Notes when its status became another than it was.
    pub(crate) fn note_change(&mut self, before: &Operation, now: Timestamp) {
        if self.status != before.status {
            self.later_changed_at = Some(now).filter(|now| now.as_second() != self.started_at.as_second());
        }
    }

    /// Makes it as it was when it had just been stored.
    pub(crate) fn forget_answers(&mut self) {
        self.status = OperationStatus::Pending;
        self.later_changed_at = None;
        self.came_late = false;
        self.payer_acted = false;
        self.set_approval(Approval::default());
        self.authentication = None;
        self.resolution = None;
        self.look_ups = 0;
        self.look_up_at = None;
    }

    /// When the provider was asked last about an operation without a clear answer: its call, or a look-up.
    pub fn unknown_since(&self) -> Option<Timestamp> {
        let OperationStatus::Unknown(_) = self.status else { return None };
        let delay_s = (UNKNOWN_LOOK_UP_S << self.look_ups.min(12)).min(3600);
        Some(self.look_up_at? - SignedDuration::from_secs(delay_s))
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
