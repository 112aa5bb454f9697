//! What must be true of coin payments. The chain's own truth is the measure: while it goes on, as it was told; in the end, as it is.

use std::collections::BTreeMap;

use florin_kernel::coin::{CoinPayment, Refund, RefundStatus, Requirement, State, Units, Why};
use florin_kernel::ledger::Account;
use florin_kernel::payment::Mode;
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::{Block, Cursor, Place};
use florin_kernel::{Coin, PaymentId};
use florin_store::{EntryRow, Store};

use super::super::chain::{Chains, NETWORK, Output, REFUND_FEE};
use super::super::coins::seen::{describe, state_name};
use super::super::stage::Stage;
use super::super::store::at_once;
use super::super::world::World;
use super::events_arrived_in_order;

/// Holds every coin payment of a lane to what its chain was said to be, in the commit that has just been made.
pub fn judge_commit(stage: &Stage, chains: &Chains, store: &dyn Store, lane: Lane) {
    let Ok(Some(row)) = at_once(store.chain(NETWORK, lane)) else { return };
    let Ok(cursor) = serde_json::from_str::<Cursor>(&row.document) else {
        return stage.fault(format!("how far the chain {} was followed cannot be read", lane.number()));
    };
    for payment in of_lane(stage, lane) {
        let (tip, told) = chains.told(lane, &payment.address, &cursor);
        let entries = at_once(store.entries(payment.id)).unwrap_or_default();
        for fault in as_told(&payment, &tip, &told, &Booked::of(&payment, &entries)) {
            stage.fault(format!("{}: {fault}", payment.id));
        }
    }
}

fn of_lane(stage: &Stage, lane: Lane) -> impl Iterator<Item = CoinPayment> {
    stage.coins.all().into_iter().filter(move |payment| Lane::of(payment.merchant, payment.mode) == lane)
}

/// What refunds were paid by transactions in blocks, in satoshi, and the block, by payment and number.
type Refunds = BTreeMap<(PaymentId, u16), (i64, Block)>;

/// What a payment's entries come to, in satoshi.
struct Booked {
    deposits: i64,
    in_flight: i64,
    /// Credited to the merchant, the fee that the payer bore and small excesses included; before refunds.
    credited: i64,
    refunded: i64,
    fees: i64,
    /// What is nobody's yet.
    unallocated: i64,
    /// What the merchant has, with what payers bore of moving deposits.
    available: i64,
}

impl Booked {
    fn of(payment: &CoinPayment, entries: &[EntryRow]) -> Booked {
        let of = payment.merchant;
        let available = Account::MerchantAvailable(of).to_string();
        let (deposits, in_flight) = (Account::CoinDeposits(of).to_string(), Account::CoinsInFlight(of).to_string());
        let (unallocated, wallet) = (Account::CoinsUnallocated(of).to_string(), Account::HotWallet(of).to_string());
        let (income, cost) = (Account::NetworkFeeIncome(of).to_string(), Account::NetworkFeeCost(of).to_string());
        let posted = |account: &str| {
            let each = entries.iter().map(|entry| match (entry.debit == account, entry.credit == account) {
                (true, false) => -entry.amount_minor,
                (false, true) => entry.amount_minor,
                (true, true) | (false, false) => 0,
            });
            each.sum::<i64>()
        };
        let flow = |from: &str, to: &str| {
            let each = entries.iter().map(|entry| match (entry.debit.as_str(), entry.credit.as_str()) {
                (debit, credit) if (debit, credit) == (from, to) => entry.amount_minor,
                (debit, credit) if (debit, credit) == (to, from) => -entry.amount_minor,
                (_, _) => 0,
            });
            each.sum::<i64>()
        };
        Booked {
            deposits: -posted(&deposits),
            in_flight: -posted(&in_flight),
            credited: flow(&unallocated, &available) + flow(&unallocated, &income),
            refunded: flow(&unallocated, &wallet) + flow(&available, &wallet),
            fees: flow(&cost, &wallet),
            unallocated: posted(&unallocated),
            available: posted(&available) + posted(&income),
        }
    }
}

fn satoshi(units: Units) -> i64 {
    units.money(Coin::Btc).map_or(i64::MAX, |money| money.minor())
}

fn sum<'a>(outputs: impl Iterator<Item = &'a Output>) -> i64 {
    outputs.map(|output| satoshi(output.units)).sum()
}

/// The confirmations that its terms ask for, by what it is to be worth: counted here anew.
fn confirmations_asked(payment: &CoinPayment) -> u64 {
    let worth = match (&payment.acceptance, &payment.state) {
        (Some(accepted), _) => accepted.invoice,
        (None, State::Cancelled(_)) => payment.price.worth(payment.received()),
        (None, _) => payment.price.invoice,
    };
    let within = |asked: &&Requirement| asked.up_to.is_none_or(|up_to| worth.minor() <= up_to.minor());
    let asked = payment.terms.requirements.iter().find(within).expect("the last one has no limit");
    u64::from(asked.confirmations.max(1))
}

fn as_told(payment: &CoinPayment, tip: &Block, told: &[Output], booked: &Booked) -> Vec<String> {
    let mut faults = Vec::new();
    for output in told {
        let known = payment.deposits.iter().find(|deposit| deposit.outpoint == output.outpoint);
        let counts = matches!(output.place, Place::Mempool | Place::Block(_));
        match known {
            Some(deposit) if (&deposit.place, deposit.units) == (&output.place, output.units) => {}
            None if !counts => {}
            known => faults.push(format!(
                "{} was told to be {:?}, it has {:?}",
                output.outpoint.txid,
                output.place,
                known.map(|deposit| &deposit.place)
            )),
        }
    }
    if payment.deposits.len() > told.len() {
        faults.push(format!("it has {} outputs, it was told of {}", payment.deposits.len(), told.len()));
    }
    let asked = confirmations_asked(payment);
    let deep = sum(told.iter().filter(|output| match &output.place {
        Place::Block(block) => tip.height + 1 >= block.height + asked,
        Place::Mempool | Place::Missing | Place::Replaced { .. } | Place::Conflicted { .. } => false,
    }));
    if booked.deposits < 0 || booked.deposits > deep {
        faults.push(format!("{} are booked as confirmed, {deep} are, by {asked} confirmations", booked.deposits));
    }
    let unconfirmed = unconfirmed_allowed(payment, told);
    if booked.credited > deep.max(unconfirmed) {
        let credited = booked.credited;
        faults.push(format!("{credited} are the merchant's, {deep} are confirmed; {unconfirmed} without would do"));
    }
    if booked.in_flight > unconfirmed || booked.in_flight < 0 {
        faults.push(format!("{} are in flight, {unconfirmed} may be", booked.in_flight));
    }
    let outside = booked.credited != 0 && !payment.state.is_confirmed();
    if outside {
        faults.push(format!("{} are the merchant's, and it is {}", booked.credited, state_name(payment)));
    }
    let done: i64 =
        payment.refunds.iter().filter(|refund| refund.block().is_some()).map(|refund| satoshi(refund.units)).sum();
    if booked.refunded != done {
        faults.push(format!("{} are booked as refunded, {done} are by its refunds", booked.refunded));
    }
    faults
}

/// What may be accepted without confirmations: what its terms allow, of outputs that nobody can replace and that are there.
fn unconfirmed_allowed(payment: &CoinPayment, told: &[Output]) -> i64 {
    let worth = payment.acceptance.as_ref().map_or(payment.price.invoice, |accepted| accepted.invoice);
    let allowed = payment.terms.zero_confirmation.is_some_and(|zero| worth.minor() <= zero.up_to.minor());
    let gone = |output: &&Output| !matches!(output.place, Place::Replaced { .. } | Place::Conflicted { .. });
    // One that was missing for three days is given up.
    let dropped =
        |output: &Output| payment.deposits.iter().any(|deposit| deposit.outpoint == output.outpoint && deposit.dropped);
    let mut counted = told.iter().filter(gone).filter(|output| !dropped(output));
    let fit = counted.clone().all(|output| output.frailty.is_none() && output.place != Place::Missing);
    if allowed && fit { sum(counted.by_ref()) } else { 0 }
}

/// Nothing of a mode is unresolved.
pub fn judge_ends(world: &World, mode: Mode) {
    for payment in world.stage.coins.all().iter().filter(|payment| payment.mode == mode) {
        if is_unresolved(payment, world.chains.as_deref()) {
            world.stage.fault(format!("{} is unresolved: {:?}", describe(payment), payment.refunds));
        }
    }
}

/// Whether the end of a payment, or of one of its refunds, is not known yet, and no operator has to decide.
pub fn is_unresolved(payment: &CoinPayment, chains: Option<&Chains>) -> bool {
    let resolved = match payment.state {
        State::Confirmed | State::Cancelled(_) => true,
        State::Waiting | State::Underpaid | State::Processing { .. } | State::Blocked | State::ZeroConfirmed => false,
    };
    !resolved || payment.refunds.iter().any(|refund| refund.is_open() && !is_for_an_operator(refund, chains))
}

/// One that may have been sent, and that the node refuses, is looked for until a person decides.
fn is_for_an_operator(refund: &Refund, chains: Option<&Chains>) -> bool {
    let refused = refund.transaction.as_ref().zip(chains);
    let refused = refused.is_some_and(|(transaction, chains)| chains.is_refused(&transaction.txid));
    refused && matches!(refund.status, RefundStatus::Unknown(_))
}

/// Everything but the ends.
pub async fn judge(world: &World) {
    let Some(chains) = &world.chains else { return };
    for lane in world.coin_lanes() {
        judge_lane(world, chains, lane).await;
    }
    for payment in world.stage.coins.all() {
        let (id, webhook) = (payment.id, !payment.details.links.webhook.is_empty());
        let last = (webhook && world.stage.coins.has_changed(id)).then(|| describe(&payment));
        events_arrived_in_order(world, id, last).await;
        let stored = world.store.transaction(id).await.expect("the store is open");
        if stored.and_then(|stored| stored.transaction.coin()).as_ref() != Some(&payment) {
            world.stage.fault(format!("{id} is not stored as it was committed last"));
        }
        count_corners(&world.stage, &payment);
    }
    references_are_unique(world);
}

async fn judge_lane(world: &World, chains: &Chains, lane: Lane) {
    let row = world.store.chain(NETWORK, lane).await.expect("the store is open");
    let cursor: Option<Cursor> = row.and_then(|row| serde_json::from_str(&row.document).ok());
    if cursor.is_none_or(|cursor| !chains.is_told(lane, &cursor)) {
        world.stage.fault(format!("the chain {} was not followed to its end", lane.number()));
    }
    let mut refunds: Refunds = Refunds::new();
    let mut sent: BTreeMap<String, String> = BTreeMap::new();
    for paid in chains.refunds(lane) {
        let Some(reference) = world.codec().read_base36(&paid.operation) else {
            world.stage.fault(format!("{} pays no refund of ours", paid.txid));
            continue;
        };
        if let Some(first) = sent.insert(paid.operation, paid.txid.clone()) {
            world.stage.fault(format!("a refund was sent twice, as {first} and as {}", paid.txid));
        }
        if let Some(block) = paid.block {
            refunds.insert((reference.payment, reference.sequence), (satoshi(paid.units), block));
        }
    }
    for payment in of_lane(&world.stage, lane) {
        let entries = world.store.entries(payment.id).await.expect("the store is open");
        let outputs = chains.outputs(lane, &payment.address);
        let booked = Booked::of(&payment, &entries);
        for fault in as_it_is(&payment, &outputs, &refunds, &booked) {
            world.stage.fault(format!("{}: {fault}", describe(&payment)));
        }
        let steady = chains.steady(lane, &payment.address, payment.deadline);
        paid_in_time_is_confirmed(&world.stage, &payment, steady);
    }
}

/// What stands in the book is what stands on the chain.
fn as_it_is(payment: &CoinPayment, outputs: &[Output], refunds: &Refunds, booked: &Booked) -> Vec<String> {
    let mut faults = Vec::new();
    let there = sum(outputs.iter().filter(|output| matches!(output.place, Place::Block(_))));
    if (booked.deposits, booked.in_flight) != (there, 0) {
        faults.push(format!("the chain has {there}, the book {} and {} in flight", booked.deposits, booked.in_flight));
    }
    for refund in &payment.refunds {
        let mined = refunds.get(&(payment.id, refund.seq.number())).cloned();
        let done = refund.block().map(|block| (satoshi(refund.units), block.clone()));
        if mined != done {
            faults.push(format!("refund {}: {mined:?} on the chain, {:?}", refund.seq.number(), refund.status));
        }
    }
    let of_payment = refunds.iter().filter(|((of, _), _)| *of == payment.id);
    let (count, paid) = of_payment.fold((0, 0), |(count, sum), (_, (paid, _))| (count + 1, sum + paid));
    if (booked.refunded, booked.fees) != (paid, count * satoshi(REFUND_FEE)) {
        let (refunded, fees) = (booked.refunded, booked.fees);
        faults.push(format!("{paid} are paid back by {count} refunds; the book has {refunded}, fees {fees}"));
    }
    let all_there = outputs.iter().all(|output| matches!(output.place, Place::Block(_)));
    // Coins that vanish deeper than anybody waits for may have been paid back before.
    if all_there && (paid > there || booked.unallocated < 0 || booked.available < 0) {
        let (unallocated, available) = (booked.unallocated, booked.available);
        faults.push(format!("{there} came, {paid} went back; {unallocated} nobody's, {available} the merchant's"));
    }
    let accepted = payment.acceptance.as_ref().map_or(0, |accepted| satoshi(accepted.units));
    let (least, most) = match payment.state {
        State::Confirmed => (accepted, accepted + satoshi(payment.terms.refund_minimum)),
        State::Waiting
        | State::Underpaid
        | State::Processing { .. }
        | State::Blocked
        | State::ZeroConfirmed
        | State::Cancelled(_) => (0, 0),
    };
    if booked.credited < least || booked.credited > most || booked.credited > there {
        faults.push(format!("{} are the merchant's of {there}; accepted are {accepted}", booked.credited));
    }
    faults
}

/// Who sent in time what was asked, and never took it back, has paid; unless the merchant had given it up.
fn paid_in_time_is_confirmed(stage: &Stage, payment: &CoinPayment, steady: Units) {
    let given_up = matches!(&payment.state, State::Cancelled(cancelled) if matches!(cancelled.why, Why::Caller { .. }));
    if steady >= payment.price.amount() && payment.state != State::Confirmed && !given_up {
        stage.fault(format!("{}: what was paid in full and in time is not confirmed", describe(payment)));
    }
}

fn count_corners(stage: &Stage, payment: &CoinPayment) {
    let met = |corner| stage.met(corner);
    met("coin payment");
    met(match state_name(payment) {
        "confirmed" => "coins: confirmed",
        "expired" => "coins: expired",
        "underpaid in the end" => "coins: underpaid in the end",
        "cancelled" => "coins: cancelled",
        "double spent" => "coins: double spent",
        "dropped" => "coins: dropped",
        _ => "coins: open",
    });
    let states = stage.coins.states(payment.id);
    if states.contains(&"accepted unconfirmed") {
        met("coins: accepted unconfirmed");
    }
    let is_confirmed = |state: &&str| matches!(*state, "confirmed" | "accepted unconfirmed");
    if states.windows(2).any(|pair| is_confirmed(&pair[0]) && !is_confirmed(&pair[1])) {
        met("coins: confirmed no longer");
    }
    if states.windows(2).any(|pair| is_confirmed(&pair[0]) && !is_confirmed(&pair[1]))
        && states.ends_with(&["confirmed"])
    {
        met("coins: confirmed again");
    }
    for refund in &payment.refunds {
        met(match refund.status {
            RefundStatus::Done(_) => "coins: refund",
            RefundStatus::Failed(_) => "coins: refund failed",
            RefundStatus::Ordered | RefundStatus::Signed | RefundStatus::Unknown(_) | RefundStatus::Sent => {
                "coins: refund for an operator"
            }
        });
    }
}

/// One reference of a till makes one payment, and every answer names it.
fn references_are_unique(world: &World) {
    let payments = world.stage.coins.all();
    for till in &world.tills {
        let reference = &till.order().reference;
        let made = payments.iter().filter(|payment| payment.public_id == *reference).count();
        if made > 1 || till.payments().len() > made {
            world.stage.fault(format!("{reference} made {made} coin payments, {:?} were told", till.payments()));
        }
    }
}
