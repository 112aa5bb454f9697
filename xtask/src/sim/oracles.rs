//! What must be true of every history, whatever went wrong in it. None of this asks the gateway; it compares what the
//! acquirer, the store, the receiver and the merchants hold.

use std::collections::BTreeMap;

use florin_kernel::PaymentId;
use florin_kernel::ledger::Account;
use florin_kernel::payment::{Mode, Operation, OperationKind, OperationStatus, Payment, State};
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;
use florin_store::{Balance, EventState};

use super::acquirer::Record;
use super::stage::describe;
use super::world::World;

pub mod coins;
mod orders;
mod withdrawals;

/// Balances by book, account and asset.
type Balances = BTreeMap<(String, String, String), i64>;

/// Everything but the ends of payments, which are judged when their timers have run out.
pub async fn judge(world: &World) {
    the_acquirer_and_the_payments_agree(world);
    let balances = world.store.balances().await.expect("the store is open");
    the_book_balances(world, &balances).await;
    the_acquirer_and_the_book_agree(world, &balances);
    withdrawals::judge(world, &balances).await;
    orders::judge(world).await;
    coins::judge(world).await;
    for payment in world.stage.witness.payments() {
        count_corners(world, &payment);
        let has_webhook = !payment.details.links.webhook.is_empty();
        events_arrived_in_order(world, payment.id, has_webhook.then(|| describe(&payment))).await;
        the_store_holds(world, &payment).await;
    }
    references_are_unique(world);
}

/// Whether the end of something of a mode is not known yet.
pub fn is_open(world: &World, mode: Mode) -> bool {
    let (stage, chains) = (&world.stage, world.chains.as_deref());
    let payments = stage.witness.payments();
    let cards =
        payments.iter().any(|payment| payment.mode == mode && payment.operations.iter().any(Operation::is_open));
    cards || stage.coins.all().iter().any(|payment| payment.mode == mode && coins::is_unresolved(payment, chains))
}

/// Notes how the payment ended and what it went through.
fn count_corners(world: &World, payment: &Payment) {
    let met = |corner| world.stage.met(corner);
    met(payment.word().text());
    let attempts = payment.operations.iter().filter(|operation| operation.kind.is_attempt()).count();
    if attempts > 1 {
        met("several attempts");
    }
    if !payment.chargebacks.is_empty() && matches!(payment.state, State::Ended(_)) {
        met("late money charged back");
    }
    for operation in &payment.operations {
        match (operation.kind, &operation.status) {
            (OperationKind::Sale, OperationStatus::Late) => met("late sale"),
            (OperationKind::Authorise, OperationStatus::Late) => met("late authorisation"),
            (OperationKind::Refund, OperationStatus::Approved) => met("refund"),
            (OperationKind::Capture, OperationStatus::Approved) => met("capture"),
            (OperationKind::Void, OperationStatus::Approved) => met("void"),
            (kind, OperationStatus::Failed) if !kind.is_attempt() => met("capture, void or refund never arrived"),
            _ => {}
        }
        if operation.moved.asset() != operation.amount.asset() {
            met("conversion");
        }
    }
}

/// Nothing of a mode is unresolved.
pub async fn judge_ends(world: &World, mode: Mode) {
    withdrawals::judge_ends(world, mode);
    coins::judge_ends(world, mode);
    for payment in world.stage.witness.payments().iter().filter(|payment| payment.mode == mode) {
        let open = payment.operations.iter().find(|operation| operation.is_open());
        let resolved = match &payment.state {
            State::Funded(funds) => funds.held.is_zero(),
            State::Ended(_) => true,
            State::Created | State::PendingPayer { .. } | State::Pending { .. } | State::Unknown { .. } => false,
        };
        if !resolved || open.is_some() {
            world.stage.fault(format!("{} is unresolved: {open:?}", describe(payment)));
        }
    }
}

/// Every operation that the acquirer did is one that the payment knows as done, of that amount, and the other way round.
fn the_acquirer_and_the_payments_agree(world: &World) {
    let book = world.acquirer.book();
    let codec = world.codec();
    for (reference, record) in &book {
        let known = codec.read_base36(reference).and_then(|reference| world.stage.operation(reference));
        match known {
            None => world.stage.fault(format!("the acquirer has {reference}, which no payment knows")),
            Some(operation) if is_done(&operation) != record.is_approved() => world.stage.fault(format!(
                "{reference}: the acquirer says {:?}, the payment says {:?}",
                record.standing, operation.status
            )),
            Some(operation) if operation.moved != record.amount => {
                world.stage.fault(format!("{reference}: {} moved, {} told", record.amount, operation.moved));
            }
            Some(_) => {}
        }
    }
    for payment in world.stage.witness.payments() {
        for operation in payment.operations.iter().filter(|operation| is_done(operation)) {
            let reference = codec.base36(Reference { payment: payment.id, sequence: operation.seq.number() });
            if !book.get(&reference).is_some_and(Record::is_approved) {
                world.stage.fault(format!("{reference} is done, says {}; the acquirer did not", payment.id));
            }
        }
        a_payer_paid_once(world, &payment, &book);
        a_hold_ends_once(world, &payment);
        given_back_within_what_was_taken(world, &payment, &book);
    }
}

fn is_done(operation: &Operation) -> bool {
    matches!(operation.status, OperationStatus::Approved | OperationStatus::Late)
}

/// Of all attempts of a payment that the acquirer took or held money for, all but one came late and are in suspense.
fn a_payer_paid_once(world: &World, payment: &Payment, book: &BTreeMap<String, Record>) {
    let codec = world.codec();
    let paid = payment.operations.iter().filter(|operation| {
        let reference = codec.base36(Reference { payment: payment.id, sequence: operation.seq.number() });
        operation.kind.is_attempt()
            && operation.status != OperationStatus::Late
            && book.get(&reference).is_some_and(Record::is_approved)
    });
    let paid = paid.count();
    if paid > 1 {
        world.stage.fault(format!("{} was charged {paid} times", payment.id));
    }
}

/// What the acquirer gave back is no more than what it took, in its own currency.
fn given_back_within_what_was_taken(world: &World, payment: &Payment, book: &BTreeMap<String, Record>) {
    let codec = world.codec();
    let moved = |kind: OperationKind| {
        let of_kind =
            payment.operations.iter().filter(move |op| op.kind == kind && op.status == OperationStatus::Approved);
        let of_kind = of_kind.map(|op| codec.base36(Reference { payment: payment.id, sequence: op.seq.number() }));
        of_kind.filter_map(|reference| book.get(&reference)).map(|record| record.amount.minor()).sum::<i64>()
    };
    let taken = moved(OperationKind::Sale) + moved(OperationKind::Capture);
    let (back, held) = (moved(OperationKind::Refund), moved(OperationKind::Authorise));
    if back > taken || (held > 0 && moved(OperationKind::Capture) > held) {
        world.stage.fault(format!("{}: the acquirer held {held}, took {taken} and gave back {back}", payment.id));
    }
}

/// What was taken out of an authorisation and what was given free of it are together no more than it.
fn a_hold_ends_once(world: &World, payment: &Payment) {
    let done = |kind: OperationKind| {
        let of_funding = payment.funding().map(|funding| funding.seq);
        let done = payment.operations.iter().filter(move |op| op.kind == kind && is_done(op) && op.on == of_funding);
        done.map(|op| op.amount.minor()).sum::<i64>()
    };
    let hold = payment.funding().filter(|funding| funding.kind == OperationKind::Authorise);
    let Some(hold) = hold else { return };
    let (captured, voided) = (done(OperationKind::Capture), done(OperationKind::Void));
    if captured + voided > hold.amount.minor() {
        world.stage.fault(format!("{}: {captured} captured and {voided} released of {}", payment.id, hold.amount));
    }
}

/// The audit finds nothing, and each book sums to zero over all accounts, held and moved.
async fn the_book_balances(world: &World, balances: &[Balance]) {
    match world.store.verify_ledger().await {
        Ok(report) => report.faults.into_iter().for_each(|fault| world.stage.fault(fault)),
        Err(error) => world.stage.fault(format!("the book cannot be verified: {error}")),
    }
    let mut sums: BTreeMap<(&str, &str), (i64, i64)> = BTreeMap::new();
    for balance in balances {
        let (pending, posted) = sums.entry((&balance.book, &balance.asset)).or_default();
        *pending += balance.pending_minor;
        *posted += balance.posted_minor;
        if balance.pending_minor != 0 {
            world.stage.fault(format!("{balance:?} holds something when every hold has ended"));
        }
    }
    for ((book, asset), sum) in sums {
        if sum != (0, 0) {
            world.stage.fault(format!("the {book} book does not balance in {asset}: {sum:?}"));
        }
    }
}

/// Per account at the acquirer: what it took less what it gave back is what its clearing account was debited.
fn the_acquirer_and_the_book_agree(world: &World, balances: &[Balance]) {
    let mut moved = Balances::new();
    let mut suspense = Balances::new();
    for record in world.acquirer.book().values().filter(|record| record.is_approved()) {
        let taken = match record.kind {
            OperationKind::Sale | OperationKind::Capture => record.amount.minor(),
            OperationKind::Refund | OperationKind::Payout => -record.amount.minor(),
            OperationKind::Authorise | OperationKind::Verify | OperationKind::Void => 0,
        };
        let back = record.charged_back.map_or(0, |amount| amount.minor());
        // What the banks of those paid sent back came in again.
        let back = if record.kind == OperationKind::Payout { -back } else { back };
        let account = Account::ProviderClearing(record.account).to_string();
        let book = if record.lane == Lane::Live { Mode::Live } else { Mode::Dev };
        let asset = record.amount.asset().to_string();
        *moved.entry((book.to_string(), account, asset)).or_default() += taken - back;
    }
    for balance in balances {
        let key = (balance.book.clone(), balance.account.clone(), balance.asset.clone());
        if balance.account.ends_with(":clearing") {
            *moved.entry(key).or_default() += balance.posted_minor;
        } else if balance.account.ends_with(":suspense") {
            suspense.insert(key, balance.posted_minor);
        }
    }
    for ((book, account, asset), difference) in moved.into_iter().filter(|(_, difference)| *difference != 0) {
        world.stage.fault(format!(
            "{account} in the {book} book: the acquirer moved {difference} {asset} more, in minor units, than the ledger says"
        ));
    }
    suspense_is_what_came_late(world, suspense);
}

/// The list for an operator is complete: suspense holds what late operations moved, and nothing else.
fn suspense_is_what_came_late(world: &World, mut suspense: Balances) {
    for payment in world.stage.witness.payments() {
        for operation in payment.operations.iter().filter(|op| op.status == OperationStatus::Late) {
            let minor = match operation.kind {
                OperationKind::Sale | OperationKind::Capture => operation.amount.minor(),
                OperationKind::Refund => -operation.amount.minor(),
                OperationKind::Authorise | OperationKind::Verify | OperationKind::Void | OperationKind::Payout => 0,
            };
            let reference = world.codec().base36(Reference { payment: payment.id, sequence: operation.seq.number() });
            let record = world.acquirer.record(&reference);
            let back = record.and_then(|record| record.charged_back).map_or(0, |back| {
                // The whole is worth what was asked for; a part in another currency is converted back by the kernel.
                let told = payment.chargebacks.iter().find(|told| told.reference == format!("cb-{reference}"));
                if back == operation.moved {
                    operation.amount.minor()
                } else {
                    told.map_or(0, |told| told.amount.minor())
                }
            });
            let account = Account::Suspense(payment.merchant).to_string();
            let key = (payment.mode.to_string(), account, payment.asked.asset().to_string());
            *suspense.entry(key).or_default() -= minor - back;
        }
    }
    withdrawals::take_out_of_suspense(world, &mut suspense);
    for ((book, account, asset), rest) in suspense.into_iter().filter(|(_, rest)| *rest != 0) {
        world.stage.fault(format!("{account} in the {book} book holds {rest} {asset} that no late operation moved"));
    }
}

/// Every event arrived at least once, its followers after it, and the last one tells where the payment stands, if there has to be
/// one.
async fn events_arrived_in_order(world: &World, id: PaymentId, expected: Option<String>) {
    let events = world.store.events(id).await.expect("the store is open");
    let Some(gateway) = world.stage.gateway() else {
        return world.stage.fault("the gateway is down when all is calm".to_owned());
    };
    let mut last_place = None;
    for (event, _) in &events {
        let arrived = world.receiver.first_arrival(&gateway.engine.webhook_id(event.id));
        match (event.state, arrived) {
            (EventState::Due, _) => world.stage.fault(format!("{:?} is still due", event.id)),
            (EventState::GivenUp, _) => world.stage.met("event given up"),
            (EventState::Delivered, None) => world.stage.fault(format!("{:?} was never received", event.id)),
            (EventState::Delivered, Some((place, body))) => {
                if body != event.body {
                    world.stage.fault(format!("{:?} arrived with other bytes: {body}", event.id));
                }
                if last_place.is_some_and(|last| place < last) {
                    world.stage.fault(format!("{:?} arrived before an earlier event: {}", event.id, event.body));
                }
                last_place = Some(place);
            }
        }
    }
    let last = events.last().map(|(event, _)| event.body.as_str());
    if expected.is_some() && last != expected.as_deref() {
        world.stage.fault(format!("the last event tells {last:?}, the payment is {expected:?}"));
    }
}

/// The store's row is the last version that was committed.
async fn the_store_holds(world: &World, payment: &Payment) {
    let stored = world.store.transaction(payment.id).await.expect("the store is open");
    if stored.and_then(|stored| stored.transaction.payment()).as_ref() != Some(payment) {
        world.stage.fault(format!("{} is not stored as it was committed last", payment.id));
    }
}

/// One reference of a merchant makes one payment, and every answer names it.
fn references_are_unique(world: &World) {
    let payments = world.stage.witness.payments();
    for client in &world.clients {
        let order = client.order();
        let made: Vec<PaymentId> = payments
            .iter()
            .filter(|payment| payment.details.reference == order.reference)
            .map(|payment| payment.id)
            .collect();
        if made.len() > 1 {
            world.stage.fault(format!("{} made {} payments: {made:?}", order.reference, made.len()));
        }
        if client.payments().iter().any(|told| !made.contains(told)) {
            world.stage.fault(format!("{} was told of a payment that is not there", order.reference));
        }
    }
}
