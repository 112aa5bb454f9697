//! Any history of commands and answers, in any order, late and repeated: nothing is paid twice, and what is held is what is
//! undecided.

use std::collections::HashMap;

use proptest::prelude::*;

use super::tests::{after, answered, confirmation, created, eur, returned};
use super::{Command, Confirmation, Overdraft, decide};
use crate::ledger::{Account, Layer};
use crate::payment::{Approval, Decline, Doubt, Effect, OperationStatus, Outcome, PayerStep, StepKind};
use crate::withdrawal::{Approver, Funding, State, Withdrawal};
use crate::{Asset, Money};

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        3 => Just(Outcome::Approved(Approval::default())),
        2 => Just(Outcome::Declined(Decline::Response("05".into()))),
        1 => Just(Outcome::Cancelled),
        1 => Just(Outcome::NeedsPayer(PayerStep::page(StepKind::Redirect, ""))),
        2 => Just(Outcome::Pending),
        1 => Just(Outcome::NotSent),
        1 => Just(Outcome::NotFound),
        2 => Just(Outcome::Unknown(Doubt::Garbled)),
    ]
}

fn confirm() -> impl Strategy<Value = Command> {
    (0..3_u8, any::<bool>(), any::<bool>(), 0..3_i64).prop_map(|(required, converting, bounded, days)| {
        let mut confirmation = confirmation(required);
        if converting {
            let gbp = Asset::from_code("GBP").expect("a known asset");
            confirmation.route.conversion = Some((gbp, crate::fx::Rate::parse("0.856").expect("a rate")));
        }
        let overdraft = if bounded { Overdraft::UpTo(eur("5.00")) } else { Overdraft::Unlimited };
        let approval_days = (days > 0).then_some(days as u16);
        Command::Confirm(Confirmation { overdraft, approval_days, ..confirmation })
    })
}

fn command() -> impl Strategy<Value = Command> {
    let approver = || prop::sample::select(vec![Approver::Api, Approver::User(1), Approver::User(2)]);
    prop_oneof![
        3 => confirm(),
        4 => approver().prop_map(Command::Approve),
        1 => approver().prop_map(|by| Command::Reject { by, reason: String::new() }),
        1 => Just(Command::Cancel),
        6 => outcome().prop_map(answered),
        2 => prop::sample::select(vec![("4.00", "a"), ("10.00", "b"), ("6.00", "c")])
            .prop_map(|(amount, reference)| returned(amount, reference)),
        3 => Just(Command::Wake),
    ]
}

/// What the book says of one withdrawal: per account, layer and asset.
type Book = HashMap<(String, Layer, Asset), i64>;

fn book(book: &mut Book, effects: &[Effect<super::Word>]) -> Result<usize, TestCaseError> {
    let mut paid = 0;
    for effect in effects {
        let Effect::Post(entry) = effect else { continue };
        paid += usize::from(matches!(entry.event, "withdrawal_paid" | "acquirer_payout_made" | "late_payout"));
        prop_assert!(!entry.transfers.is_empty());
        for transfer in &entry.transfers {
            prop_assert!(transfer.amount.minor() > 0, "{}: {transfer:?}", entry.event);
            let key = |account: Account| (account.to_string(), transfer.layer, transfer.amount.asset());
            *book.entry(key(transfer.debit)).or_default() -= transfer.amount.minor();
            *book.entry(key(transfer.credit)).or_default() += transfer.amount.minor();
        }
    }
    Ok(paid)
}

fn check(withdrawal: &Withdrawal, book: &Book) -> Result<(), TestCaseError> {
    let mut sums: HashMap<(Layer, Asset), i64> = HashMap::new();
    for ((_, layer, asset), amount) in book {
        *sums.entry((*layer, *asset)).or_default() += amount;
    }
    prop_assert!(sums.values().all(|sum| *sum == 0), "every entry balances: {sums:?}");
    let asset = withdrawal.asked.asset();
    let posted = |account: Account| book.get(&(account.to_string(), Layer::Posted, asset)).copied().unwrap_or(0);
    let minor = |money: Money| money.minor();
    let held = posted(Account::MerchantHeld(withdrawal.merchant));
    prop_assert_eq!(held, minor(withdrawal.held()), "what is held is what is undecided");
    let available = posted(Account::MerchantAvailable(withdrawal.merchant));
    prop_assert_eq!(available, -minor(withdrawal.taken()), "the merchant misses what is held or paid");
    let at_acquirer = posted(Account::MerchantAtAcquirer(withdrawal.merchant));
    prop_assert_eq!(at_acquirer, -minor(withdrawal.taken_at_acquirer()), "or what its acquirer paid");
    let of_balance = withdrawal.funding == Funding::Balance;
    prop_assert!(of_balance || (held, available) == (0, 0), "nothing of the balance moves for another's payout");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn money_is_held_and_resolved_once(
        funding in prop::sample::select(vec![Funding::Balance, Funding::Acquirer]),
        history in prop::collection::vec((command(), 0..90_000_i64), 1..40),
    ) {
        let (mut withdrawal, mut book_of) = (Withdrawal { funding, ..created() }, Book::new());
        let (mut now, mut calls, mut paid) = (0, 0, 0);
        for (command, passed) in history {
            now += passed % if passed % 3 == 0 { 90_000 } else { 60 };
            let ended = matches!(withdrawal.state, State::Ended(_)).then(|| withdrawal.state.clone());
            let Ok(decision) = decide(&withdrawal, command, after(now)) else { continue };
            calls += decision.effects.iter().filter(|effect| matches!(effect, Effect::Call(_))).count();
            paid += book(&mut book_of, &decision.effects)?;
            let guarded = decision.effects.iter().any(|effect| matches!(effect, Effect::Floor { .. }));
            let holds = |effect: &Effect<_>| matches!(effect, Effect::Post(entry) if entry.event == "withdrawal_held");
            prop_assert!(!guarded || decision.effects.iter().any(holds), "only a hold needs a floor");
            if let Some(ended) = ended {
                prop_assert_eq!(&decision.withdrawal.state, &ended, "an end is an end");
            }
            withdrawal = decision.withdrawal;
            check(&withdrawal, &book_of)?;
            let open = withdrawal.payout.as_ref().is_some_and(|payout| payout.is_open());
            prop_assert!(!open || withdrawal.wake_at().is_some(), "nothing open is forgotten");
            let four_eyes = !matches!(withdrawal.state, State::AwaitingApproval { required: 2, .. });
            prop_assert!(four_eyes || withdrawal.approvals.len() < 2, "two different approvers are enough");
        }
        prop_assert!(calls <= 1 && paid <= 1, "{calls} calls, paid {paid} times");
        let known = withdrawal.payout.as_ref().map(|payout| payout.status.clone());
        prop_assert_eq!(paid == 1, matches!(known, Some(OperationStatus::Approved | OperationStatus::Late)));
        // A row reads back as what was written.
        let json = serde_json::to_string(&withdrawal).expect("serialisable");
        prop_assert_eq!(serde_json::from_str::<Withdrawal>(&json).expect("readable"), withdrawal);
    }

    #[test]
    fn a_wake_always_moves_the_next_one_on(required in 0..2_u8, outcome in outcome(), passed in 0..400_000_i64) {
        let confirmation = Confirmation { approval_days: Some(1), ..confirmation(required) };
        let mut withdrawal = decide(&created(), Command::Confirm(confirmation), after(0)).expect("confirmed").withdrawal;
        if let Ok(decision) = decide(&withdrawal, answered(outcome), after(1)) {
            withdrawal = decision.withdrawal;
        }
        if let Some(at) = withdrawal.wake_at() {
            let now = at.max(after(passed));
            let woken = decide(&withdrawal, Command::Wake, now).expect("total").withdrawal;
            prop_assert!(woken.wake_at().is_none_or(|next| next > now), "a worker would spin");
        }
    }
}
