//! Every committed version of every coin payment, and what one version may make of the one before it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use florin_kernel::PaymentId;
use florin_kernel::coin::{AcceptedBy, CoinPayment, Refund, RefundStatus, State, Why};

/// Who saw every commit of a coin payment.
#[derive(Default)]
pub struct Coins(Mutex<BTreeMap<PaymentId, Vec<CoinPayment>>>);

impl Coins {
    /// Another version is on disk; tells what must not be.
    pub fn see(&self, payment: CoinPayment) -> Vec<String> {
        let mut seen = self.0.lock().expect("no holder of the lock panics");
        let versions = seen.entry(payment.id).or_default();
        let faults = versions.last().map(|before| forward(before, &payment)).unwrap_or_default();
        versions.push(payment);
        faults
    }

    /// Whether a payment ever looked like this.
    pub fn has_seen(&self, id: PaymentId, description: &str) -> bool {
        let seen = self.0.lock().expect("no holder of the lock panics");
        seen.get(&id).is_some_and(|versions| versions.iter().any(|version| describe(version) == description))
    }

    /// The latest version of one.
    pub fn latest(&self, id: PaymentId) -> Option<CoinPayment> {
        self.0.lock().expect("no holder of the lock panics").get(&id)?.last().cloned()
    }

    /// The latest version of every one.
    pub fn all(&self) -> Vec<CoinPayment> {
        let seen = self.0.lock().expect("no holder of the lock panics");
        seen.values().filter_map(|versions| versions.last().cloned()).collect()
    }

    /// Whether the description of one ever was another than at first.
    pub fn has_changed(&self, id: PaymentId) -> bool {
        let seen = self.0.lock().expect("no holder of the lock panics");
        let versions = seen.get(&id).map(Vec::as_slice).unwrap_or_default();
        versions.iter().any(|version| Some(describe(version)) != versions.first().map(describe))
    }

    /// The states that one went through, in order, each named once in a row.
    pub fn states(&self, id: PaymentId) -> Vec<&'static str> {
        let seen = self.0.lock().expect("no holder of the lock panics");
        let mut states: Vec<&'static str> = seen.get(&id).into_iter().flatten().map(state_name).collect();
        states.dedup();
        states
    }
}

/// Whether nothing went back that cannot: what was asked, the outputs, the refunds, the state.
fn forward(before: &CoinPayment, after: &CoinPayment) -> Vec<String> {
    let id = before.id;
    let mut faults = Vec::new();
    if terms(before) != terms(after) {
        faults.push(format!("{id} became another's, or another address, price or terms"));
    }
    for (place, deposit) in before.deposits.iter().enumerate() {
        let same = after.deposits.get(place).map(|now| (&now.outpoint, now.units));
        if same != Some((&deposit.outpoint, deposit.units)) {
            faults.push(format!("{id}: {} is another output than before", deposit.outpoint.txid));
        }
    }
    for (place, refund) in before.refunds.iter().enumerate() {
        match after.refunds.get(place) {
            Some(now) if refund_forward(refund, now) => {}
            now => faults.push(format!("{id}: a refund went from {refund:?} to {now:?}")),
        }
    }
    let ended = matches!(before.state, State::Cancelled(_)) && after.state.awaits_coins();
    if ended || (before.deadline_over && !after.deadline_over) || before.deadline > after.deadline {
        faults.push(format!("{id} moved backwards, from {} to {}", state_name(before), state_name(after)));
    }
    if before.state.is_confirmed() && !after.state.is_confirmed() && !has_cause(before, after) {
        faults.push(format!("{id} is confirmed no longer, and nothing happened to its coins"));
    }
    faults
}

fn terms(payment: &CoinPayment) -> impl PartialEq + use<> {
    let CoinPayment { merchant, mode, created_at, price, network, address, derived, terms, order, .. } =
        payment.clone();
    (merchant, mode, created_at, price, network, address, derived, terms, order)
}

/// The bytes that were stored stay, and an end stays unless its block was replaced.
fn refund_forward(before: &Refund, now: &Refund) -> bool {
    let asked = |refund: &Refund| (refund.seq, refund.to.clone(), refund.units, refund.source, refund.ordered_at);
    let signed = before.transaction.is_none() || before.transaction == now.transaction;
    let goes = match before.status {
        RefundStatus::Failed(_) => before.status == now.status,
        RefundStatus::Done(_) => matches!(now.status, RefundStatus::Done(_) | RefundStatus::Sent),
        RefundStatus::Signed | RefundStatus::Unknown(_) | RefundStatus::Sent => now.status != RefundStatus::Ordered,
        RefundStatus::Ordered => true,
    };
    asked(before) == asked(now) && signed && goes
}

/// Whether something of its coins moved, or its merchant took more.
fn has_cause(before: &CoinPayment, after: &CoinPayment) -> bool {
    let places = |payment: &CoinPayment| {
        let places = payment.deposits.iter().map(|deposit| (deposit.place.clone(), deposit.frailty, deposit.dropped));
        places.collect::<Vec<_>>()
    };
    let merchants = |payment: &CoinPayment| {
        let by_merchant = payment.acceptance.clone().filter(|accepted| matches!(accepted.by, AcceptedBy::Merchant(_)));
        by_merchant.map(|accepted| accepted.units)
    };
    places(before) != places(after) || (merchants(after).is_some() && merchants(before) != merchants(after))
}

/// The name of where it stands.
pub fn state_name(payment: &CoinPayment) -> &'static str {
    match &payment.state {
        State::Waiting => "waiting",
        State::Underpaid => "underpaid",
        State::Processing { .. } => "processing",
        State::Blocked => "blocked",
        State::ZeroConfirmed => "accepted unconfirmed",
        State::Confirmed => "confirmed",
        State::Cancelled(cancelled) => match &cancelled.why {
            Why::Timeout => "expired",
            Why::Underpaid => "underpaid in the end",
            Why::DoubleSpend => "double spent",
            Why::Dropped => "dropped",
            Why::ScreeningRejected { .. } => "rejected",
            Why::Caller { .. } => "cancelled",
            Why::Simulated(_) => "declined",
        },
    }
}

/// A coin payment in one line: the answers and the webhooks of the simulated dialect.
pub fn describe(payment: &CoinPayment) -> String {
    let status = |refund: &Refund| match refund.status {
        RefundStatus::Ordered | RefundStatus::Signed | RefundStatus::Unknown(_) | RefundStatus::Sent => "pending",
        RefundStatus::Done(_) => "done",
        RefundStatus::Failed(_) => "failed",
    };
    let refunds: Vec<String> =
        payment.refunds.iter().map(|refund| format!("{} {}", refund.units.number(), status(refund))).collect();
    format!(
        "{} {} of {} at {}: received {} accepted {} opened {} refunds [{}]",
        payment.id,
        state_name(payment),
        payment.price.amount().number(),
        payment.address,
        payment.received().number(),
        payment.acceptance.as_ref().map_or(0, |accepted| accepted.units.number()),
        payment.opened().number(),
        refunds.join(", ")
    )
}
