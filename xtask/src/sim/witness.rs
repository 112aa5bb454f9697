//! Every committed version of every payment, and what one version may make of the one before it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use florin_kernel::payment::{Ending, Funds, Operation, OperationKind, OperationStatus, Payment, State};
use florin_kernel::{Money, PaymentId};

use super::stage::describe;

/// Who saw every commit.
#[derive(Default)]
pub struct Witness(Mutex<BTreeMap<PaymentId, Vec<Payment>>>);

impl Witness {
    /// Takes a committed version in; tells what is wrong with it.
    pub fn see(&self, payment: Payment) -> Vec<String> {
        let mut seen = self.0.lock().expect("no holder of the lock panics");
        let versions = seen.entry(payment.id).or_default();
        let mut faults = within_bounds(&payment);
        if let Some(before) = versions.last() {
            faults.extend(forward(before, &payment));
        }
        versions.push(payment);
        faults
    }

    /// Whether a payment ever looked like this.
    pub fn has_seen(&self, id: PaymentId, description: &str) -> bool {
        let seen = self.0.lock().expect("no holder of the lock panics");
        seen.get(&id).is_some_and(|versions| versions.iter().any(|version| describe(version) == description))
    }

    /// The latest version of a payment.
    pub fn latest(&self, id: PaymentId) -> Option<Payment> {
        self.0.lock().expect("no holder of the lock panics").get(&id)?.last().cloned()
    }

    /// The latest version of every payment.
    pub fn payments(&self) -> Vec<Payment> {
        let seen = self.0.lock().expect("no holder of the lock panics");
        seen.values().filter_map(|versions| versions.last().cloned()).collect()
    }
}

/// Whether nothing went back: what was asked, every operation, the state and its sums.
fn forward(before: &Payment, after: &Payment) -> Vec<String> {
    let id = before.id;
    let mut faults = Vec::new();
    let owner = |payment: &Payment| (payment.merchant, payment.mode, payment.asked, payment.created_at);
    if owner(before) != owner(after) {
        faults.push(format!("{id} became another's or of another amount"));
    }
    for (place, operation) in before.operations.iter().enumerate() {
        match after.operations.get(place) {
            None => faults.push(format!("{id} lost its operation {}", operation.seq.number())),
            Some(now) if !operation_forward(operation, now) => faults.push(format!(
                "{id}: operation {} went from {:?} {:?} to {:?} {:?}",
                operation.seq.number(),
                operation.kind,
                operation.status,
                now.kind,
                now.status
            )),
            Some(_) => {}
        }
    }
    if !state_forward(&before.state, &after.state) {
        faults.push(format!("{id} moved backwards, from {:?} to {:?}", before.state, after.state));
    }
    for started in after.operations.iter().skip(before.operations.len()) {
        faults.extend(may_start(before, after, started));
    }
    faults
}

fn operation_forward(before: &Operation, now: &Operation) -> bool {
    let asked = |op: &Operation| (op.seq, op.kind, op.amount, op.moved, op.route.provider, op.on);
    let ended_without = match before.status {
        OperationStatus::Pending | OperationStatus::NeedsPayer(_) | OperationStatus::Unknown(_) => true,
        OperationStatus::Approved | OperationStatus::Late => false,
        // A yes that came after the end.
        OperationStatus::Declined(_)
        | OperationStatus::Failed
        | OperationStatus::Cancelled
        | OperationStatus::Expired => matches!(now.status, OperationStatus::Late | OperationStatus::Approved),
    };
    asked(before) == asked(now) && (ended_without || before.status == now.status)
}

fn state_forward(before: &State, after: &State) -> bool {
    match (before, after) {
        (State::Funded(before), State::Funded(after)) => {
            !after.held.exceeds(before.held)
                && !before.captured.exceeds(after.captured)
                && !before.refunded.exceeds(after.refunded)
                && !before.charged_back.exceeds(after.charged_back)
        }
        (State::Funded(before), State::Ended(Ending::Voided | Ending::AuthorisationExpired)) => {
            before.captured.is_zero()
        }
        (State::Funded(_), _) => false,
        (State::Ended(before), State::Ended(after)) => before == after,
        (State::Ended(_), _) => false,
        (State::Created | State::PendingPayer { .. } | State::Pending { .. } | State::Unknown { .. }, _) => true,
    }
}

/// Whether an operation was within the payment's bounds when it was started, open ones counted.
fn may_start(before: &Payment, after: &Payment, started: &Operation) -> Option<String> {
    let others = |kind: OperationKind| {
        let open = before.operations.iter().filter(move |op| op.kind == kind && op.is_open());
        open.map(|op| op.amount.minor()).sum::<i64>()
    };
    let open_attempt = before.operations.iter().any(|op| op.kind.is_attempt() && op.is_open());
    let still_open = after.operations.iter().any(|op| op.kind.is_attempt() && op.is_open() && op.seq != started.seq);
    let funds = match &before.state {
        State::Funded(funds) => Some(*funds),
        State::Created
        | State::PendingPayer { .. }
        | State::Pending { .. }
        | State::Unknown { .. }
        | State::Ended(_) => None,
    };
    let held = funds.map_or(0, |funds| funds.held.minor());
    let (amount, id) = (started.amount.minor(), before.id);
    let fits = match started.kind {
        OperationKind::Sale | OperationKind::Authorise | OperationKind::Verify => {
            funds.is_none() && !(open_attempt && still_open)
        }
        OperationKind::Capture => amount + others(OperationKind::Capture) <= held && others(OperationKind::Void) == 0,
        // A void of an authorisation that came too late has no hold of ours.
        OperationKind::Void if funds.is_none() => true,
        // A final capture that is done releases the rest in the same commit.
        OperationKind::Void => !after.operations.iter().any(|op| {
            let of_hold = matches!(op.kind, OperationKind::Void | OperationKind::Capture);
            of_hold && op.is_open() && op.seq != started.seq
        }),
        OperationKind::Refund => amount + others(OperationKind::Refund) <= funds.map_or(0, refundable),
        OperationKind::Payout => false,
    };
    (!fits).then(|| format!("{id}: a {:?} of {} was started beyond what was left", started.kind, started.amount))
}

fn refundable(funds: Funds) -> i64 {
    funds.captured.minor() - funds.refunded.minor() - funds.charged_back.minor()
}

fn within_bounds(payment: &Payment) -> Vec<String> {
    let mut faults = Vec::new();
    let approved = |op: &&Operation| op.kind.is_attempt() && op.status == OperationStatus::Approved;
    if payment.operations.iter().filter(approved).count() > 1 {
        faults.push(format!("{} was paid twice", payment.id));
    }
    if let State::Funded(funds) = &payment.state {
        let taken = funds.held.plus(funds.captured).unwrap_or(Money::new(i64::MAX, payment.asked.asset()));
        if taken.exceeds(payment.asked) {
            faults.push(format!("{} holds and captured {taken}, more than {}", payment.id, payment.asked));
        }
        if funds.refunded.exceeds(funds.captured) || funds.charged_back.exceeds(funds.captured) {
            faults.push(format!("{} gave back more than it captured: {funds:?}", payment.id));
        }
    }
    faults
}
