//! An invoice is paid once at most, and a plan charges each period once: by what the acquirer took, and by what they say themselves.

use std::collections::BTreeMap;

use florin_kernel::invoice::{self, Invoice};
use florin_kernel::payment::{Mode, Payment};
use florin_kernel::plan::{self, Plan};
use florin_kernel::public_id::Reference;
use florin_kernel::record::{OrderedBy, TryResult};
use florin_kernel::{MerchantId, RecordKind};
use florin_store::RecordQuery;

use super::super::world::{MERCHANTS, World};
use super::Record;

/// Everything about invoices and plans, when every timer has run out.
pub async fn judge(world: &World) {
    let payments = world.stage.witness.payments();
    let book = world.acquirer.book();
    let mut of: BTreeMap<i64, Vec<&Payment>> = BTreeMap::new();
    for payment in &payments {
        if let Some(ordered_by) = payment.details.ordered_by {
            of.entry(ordered_by.record().number()).or_default().push(payment);
        }
    }
    for merchant in MERCHANTS {
        for mode in [Mode::Dev, Mode::Live] {
            for kind in [RecordKind::Invoice, RecordKind::Plan] {
                let all = RecordQuery::all(MerchantId::from_number(merchant), mode, kind);
                for stored in world.store.records(all).await.expect("the store is open") {
                    let tries = of.remove(&stored.id.number()).unwrap_or_default();
                    if let Ok(Some(invoice)) = stored.read::<Invoice>() {
                        judge_invoice(world, &book, &invoice, &tries);
                    }
                    if let Ok(Some(plan)) = stored.read::<Plan>() {
                        judge_plan(world, &book, &plan, &tries);
                    }
                }
            }
        }
    }
    for (number, tries) in of {
        world.stage.fault(format!("{} payments name record {number}, which is not there", tries.len()));
    }
}

type Book = BTreeMap<String, Record>;

/// Whether the acquirer took money for it that is not in suspense.
fn was_taken(world: &World, book: &Book, payment: &Payment) -> bool {
    let codec = world.codec();
    payment.operations.iter().any(|operation| {
        let reference = codec.base36(Reference { payment: payment.id, sequence: operation.seq.number() });
        operation.kind.is_attempt() && super::is_done(operation) && {
            let in_suspense = operation.status == florin_kernel::payment::OperationStatus::Late;
            !in_suspense && book.get(&reference).is_some_and(Record::is_approved)
        }
    })
}

fn judge_invoice(world: &World, book: &Book, invoice: &Invoice, tries: &[&Payment]) {
    let paid: Vec<_> = tries.iter().filter(|payment| was_taken(world, book, payment)).collect();
    if paid.len() > 1 {
        world.stage.fault(format!("{} was paid {} times: {paid:?}", invoice.id, paid.len()));
    }
    match &invoice.state {
        invoice::State::Paid { payment, .. } => {
            world.stage.met("invoice: paid");
            if paid.first().is_none_or(|taken| taken.id != *payment) {
                world.stage.fault(format!("{} says it is paid by {payment}", invoice.id));
            }
        }
        invoice::State::Expired { .. } if paid.is_empty() => world.stage.met("invoice: expired"),
        other => world.stage.fault(format!("{} stands at {other:?} with {} paid tries", invoice.id, paid.len())),
    }
    if tries.len() > 1 {
        world.stage.met("invoice: several tries");
    }
    if tries.len() != invoice.tries as usize {
        world.stage.fault(format!("{} says {} tries, there are {}", invoice.id, invoice.tries, tries.len()));
    }
}

fn judge_plan(world: &World, book: &Book, plan: &Plan, charges: &[&Payment]) {
    let mut paid: BTreeMap<&str, u32> = BTreeMap::new();
    for charge in charges {
        debug_assert_eq!(charge.details.ordered_by, Some(OrderedBy::Plan(plan.id)));
        let taken = was_taken(world, book, charge);
        if taken != (charge.result() == Some(TryResult::Paid)) {
            world.stage.fault(format!("{} of {}: taken {taken}, says {:?}", charge.id, plan.id, charge.result()));
        }
        if taken {
            *paid.entry(charge.details.reference.as_str()).or_default() += 1;
        }
    }
    for (period, times) in paid.iter().filter(|(_, times)| **times > 1) {
        world.stage.fault(format!("{period} was charged {times} times"));
    }
    if paid.len() != plan.charged as usize || plan.period != plan.charged + plan.skipped {
        world.stage.fault(format!("{plan:?} says otherwise: {} periods were paid", paid.len()));
    }
    let corner = match &plan.state {
        plan::State::Completed { .. } => "plan: completed",
        plan::State::Stopped { .. } => "plan: stopped",
        plan::State::Active => "plan: active",
        plan::State::Paused { .. } => "plan: paused",
        plan::State::Cancelled { .. } => "plan: cancelled",
    };
    world.stage.met(corner);
    if plan.declines > 0 || charges.len() > paid.len() {
        world.stage.met("plan: a charge that failed");
    }
    if plan.charging.is_some() {
        world.stage.fault(format!("{plan:?} waits for a charge when all have ended"));
    }
}
