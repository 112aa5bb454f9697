//! What every driver must do with withdrawals: kept beside payments, audited, and held to the merchant's balance.

use std::sync::Arc;

use florin_kernel::payment::Payment;
use florin_kernel::withdrawal::{Ending, State, Withdrawal, Word};
use florin_kernel::{Aggregate, Transaction};

use super::fixtures::{
    at, capturing, cents, commit_together, committed, confirming, due_payments, inserting, payment, withdrawal,
};
use crate::{Changeset, PaymentQuery, PaymentWrite, Store, Verdict};

/// A withdrawal is kept as it is, listed among payments, woken at its time, and counts for the book.
pub async fn keeps_withdrawals_beside_payments(store: Arc<dyn Store>) {
    let made = withdrawal(2);
    committed(&store, inserting(&payment(1))).await;
    committed(&store, inserting(&made)).await;
    let stored = store.transaction(made.id).await.unwrap().expect("it was committed");
    assert_eq!((stored.transaction, stored.version), (Transaction::Withdrawal(Box::new(made.clone())), 1));
    assert_eq!(due_payments(&store, at(1_800_000), 10).await, [2], "the payer's time is over");

    let (confirmed, changeset) = confirming(&made, -1_000);
    committed(&store, changeset).await;
    let stored = store.transaction(made.id).await.unwrap().unwrap();
    assert_eq!((stored.transaction, stored.version), (Transaction::Withdrawal(Box::new(confirmed)), 2));
    let query =
        PaymentQuery { merchant: made.merchant, mode: made.mode, from: at(0), until: at(10), after: None, limit: 10 };
    let listed = store.transactions(query).await.unwrap();
    assert_eq!(listed.iter().map(|stored| stored.transaction.id().number()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(store.verify_ledger().await.unwrap().faults, Vec::<String>::new());
}

/// A withdrawal whose words and entries differ, on what the merchant may pay out as on what is set aside.
pub async fn finds_a_withdrawal_that_lies(store: Arc<dyn Store>) {
    for number in 1..=3 {
        committed(&store, inserting(&withdrawal(number))).await;
    }
    // Held by its words alone.
    let (_, unbooked) = confirming(&withdrawal(1), -9_000);
    committed(&store, Changeset { entries: Vec::new(), ..unbooked }).await;
    // Held truly, and then said to be refused without giving the money free.
    let (confirmed, changeset) = confirming(&withdrawal(2), -9_000);
    committed(&store, changeset).await;
    let refused = State::Ended(Ending::Failed);
    let refused = Withdrawal { state: refused, ..confirmed };
    let write = PaymentWrite::update(&refused, 2);
    committed(&store, Changeset { payments: vec![write], ..Changeset::default() }).await;
    // Held truly, and then said to be paid although it is still set aside.
    let (confirmed, changeset) = confirming(&withdrawal(3), -9_000);
    committed(&store, changeset).await;
    let paid = Withdrawal { state: State::Paid, ..confirmed };
    let write = PaymentWrite::update(&paid, 2);
    committed(&store, Changeset { payments: vec![write], ..Changeset::default() }).await;

    let mut faults = store.verify_ledger().await.unwrap().faults;
    faults.sort();
    let told = |id, said, account, truth| {
        format!(
            "Withdrawal {id} says {said} EUR posted and 0 pending on merchant:1:{account} in minor units; \
             its transfers say {truth} and 0."
        )
    };
    let expected = [
        told(1, "-1000", "available", "0"),
        told(1, "1000", "held", "0"),
        told(2, "0", "available", "-1000"),
        told(2, "0", "held", "1000"),
        told(3, "0", "held", "1000"),
    ];
    assert_eq!(faults, expected);
}

/// 64 withdrawals at once against a balance for ten: ten are held, the others change nothing.
pub async fn lets_ten_of_many_withdrawals_through(store: Arc<dyn Store>) {
    let deposit = Payment { asked: cents(10_000), ..payment(1) };
    committed(&store, inserting(&deposit)).await;
    committed(&store, capturing(&deposit).1).await;
    let made: Vec<_> = (100..164).map(withdrawal).collect();
    for withdrawal in &made {
        committed(&store, inserting(withdrawal)).await;
    }
    let verdicts = commit_together(&store, made.iter().map(|made| confirming(made, 0).1).collect()).await;
    let held = verdicts.iter().filter(|verdict| **verdict == Verdict::Committed).count();
    let refused = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::BelowFloor { .. })).count();
    assert_eq!((held, refused), (10, 54));
    for (made, verdict) in made.iter().zip(verdicts) {
        let stored = store.transaction(made.id).await.unwrap().unwrap().of::<Withdrawal>().unwrap();
        let held = verdict == Verdict::Committed;
        assert_eq!(stored.transaction.word() == Word::AwaitingApproval, held);
        assert_eq!(store.entries(made.id()).await.unwrap().len(), usize::from(held));
    }
    assert_eq!(store.verify_ledger().await.unwrap().faults, Vec::<String>::new());
}
