//! What must be true of withdrawals: paid once or never, held no longer than undecided, and what came too late is in suspense.

use std::collections::BTreeMap;

use florin_kernel::ledger::Account;
use florin_kernel::payment::{Mode, OperationStatus};
use florin_kernel::public_id::Reference;
use florin_kernel::withdrawal::{Ending, State, Withdrawal};
use florin_store::Balance;

use super::super::acquirer::Record;
use super::super::world::World;
use super::{Balances, is_done};

/// Everything but the ends, which are judged when their timers have run out.
pub async fn judge(world: &World, balances: &[Balance]) {
    let book = world.acquirer.book();
    for withdrawal in world.stage.withdrawals.all() {
        count_corners(world, &withdrawal);
        paid_as_it_says(world, &withdrawal, &book);
        held_once_and_resolved_once(world, &withdrawal).await;
    }
    nothing_stays_held(world, balances);
}

/// Nothing of a mode is unresolved.
pub fn judge_ends(world: &World, mode: Mode) {
    for withdrawal in world.stage.withdrawals.all().iter().filter(|withdrawal| withdrawal.mode == mode) {
        let resolved = match withdrawal.state {
            State::Paid | State::Returned { .. } | State::Ended(_) => true,
            State::Created { .. } | State::AwaitingApproval { .. } | State::Approved | State::Sent | State::Unknown => {
                false
            }
        };
        if !resolved || withdrawal.payout.as_ref().is_some_and(|payout| payout.is_open()) {
            world.stage.fault(format!("{} is unresolved: {:?}", withdrawal.id, withdrawal.state));
        }
    }
}

/// What late payouts took out of suspense.
pub fn take_out_of_suspense(world: &World, suspense: &mut Balances) {
    for withdrawal in world.stage.withdrawals.all() {
        let late = withdrawal.payout.as_ref().is_some_and(|payout| payout.status == OperationStatus::Late);
        if late {
            let back: i64 = withdrawal.returns.iter().map(|back| back.amount.minor()).sum();
            let account = Account::Suspense(withdrawal.merchant).to_string();
            let key = (withdrawal.mode.to_string(), account, withdrawal.asked.asset().to_string());
            *suspense.entry(key).or_default() += withdrawal.asked.minor() - back;
        }
    }
}

fn count_corners(world: &World, withdrawal: &Withdrawal) {
    world.stage.met(match (&withdrawal.state, &withdrawal.payout) {
        (_, Some(payout)) if payout.status == OperationStatus::Late => "late payout",
        (State::Ended(Ending::ApprovalExpired), _) => "withdrawal: approval expired",
        (State::Ended(Ending::Rejected { .. }), _) => "withdrawal: rejected",
        (State::Ended(Ending::Declined(_)), _) => "withdrawal: declined",
        (State::Ended(Ending::Failed), _) => "withdrawal: failed",
        (State::Ended(Ending::Cancelled | Ending::Expired), _) => "withdrawal: not confirmed",
        (State::Paid, _) => "withdrawal: paid",
        (State::Returned { .. }, _) => "withdrawal: returned",
        (
            State::Created { .. } | State::AwaitingApproval { .. } | State::Approved | State::Sent | State::Unknown,
            _,
        ) => "withdrawal: open",
    });
}

/// The acquirer paid exactly if the withdrawal knows of it, and as much as it says.
fn paid_as_it_says(world: &World, withdrawal: &Withdrawal, book: &BTreeMap<String, Record>) {
    let reference = world.codec().base36(Reference { payment: withdrawal.id, sequence: 1 });
    let paid = book.get(&reference).filter(|record| record.is_approved());
    let told = withdrawal.payout.as_ref().filter(|payout| is_done(payout));
    match (paid, told) {
        (None, None) => {}
        (Some(record), Some(payout)) if record.amount == payout.moved => {}
        (paid, told) => world.stage.fault(format!(
            "{reference}: the acquirer paid {:?}, the withdrawal says {:?}",
            paid.map(|record| record.amount),
            told.map(|payout| payout.moved)
        )),
    }
}

/// The hold was made once at most, and left once: to the provider, or back.
async fn held_once_and_resolved_once(world: &World, withdrawal: &Withdrawal) {
    let entries = world.store.entries(withdrawal.id).await.expect("the store is open");
    let count = |event: &str| {
        // In two currencies an entry is two transfers; the first one is counted.
        let of_event = entries.iter().filter(|entry| entry.event == event);
        of_event.filter(|entry| entry.debit.ends_with(":held") || entry.credit.ends_with(":held")).count()
    };
    let (held, left) = (count("withdrawal_held"), count("withdrawal_paid") + count("withdrawal_released"));
    let expected = usize::from(withdrawal.held().is_zero());
    if held > 1 || (held == 1 && left != expected) || (held == 0 && left > 0) {
        world.stage.fault(format!("{} was held {held} times and resolved {left} times", withdrawal.id));
    }
}

fn nothing_stays_held(world: &World, balances: &[Balance]) {
    for balance in balances.iter().filter(|balance| balance.account.ends_with(":held") && balance.posted_minor != 0) {
        world.stage.fault(format!("{balance:?} holds something when every withdrawal has ended"));
    }
}
