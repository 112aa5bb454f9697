//! What every driver must do with payers: their payments and withdrawals are found together, by merchant, mode and id.

use std::sync::Arc;

use florin_kernel::payment::{Mode, Payment};
use florin_kernel::{Aggregate, MerchantId, PaymentId};

use super::fixtures::{capturing, committed, inserting, payment, withdrawal};
use crate::{Changeset, PayerQuery, PaymentWrite, Store};

/// A payer's transactions are found in the order of their ids, a page at a time, and nobody else's, nor those without a payer or
/// not made to be found.
pub async fn finds_a_payers_transactions(store: Arc<dyn Store>) {
    let of = |number: i64, user_id: &str| {
        let mut made = payment(number);
        made.details.payer.user_id = user_id.to_owned();
        made
    };
    let mut paid_out = withdrawal(3);
    paid_out.details.payer.user_id = "128".to_owned();
    committed(&store, found(&paid_out)).await;
    for made in [of(1, "128"), of(2, "129"), of(4, ""), of(5, "128"), of(6, "12"), of(9, "128")] {
        committed(&store, found(&made)).await;
    }
    committed(&store, found(&Payment { merchant: MerchantId::from_number(2), ..of(7, "128") })).await;
    committed(&store, found(&Payment { mode: Mode::Dev, ..of(8, "128") })).await;
    committed(&store, inserting(&of(10, "128"))).await;
    // A later version is found as it is then.
    committed(&store, capturing(&of(5, "128")).1).await;

    let of_payer = async |user_id: &str, after: Option<i64>, limit: u32| -> Vec<(i64, i64)> {
        let query = PayerQuery {
            merchant: MerchantId::from_number(1),
            mode: Mode::Live,
            user_id: user_id.to_owned(),
            after: after.map(PaymentId::from_number),
            limit,
        };
        let stored = store.of_payer(query).await.unwrap();
        stored.iter().map(|stored| (stored.transaction.id().number(), stored.version)).collect()
    };
    assert_eq!(of_payer("128", None, 10).await, [(1, 1), (3, 1), (5, 2), (9, 1)]);
    assert_eq!(of_payer("128", None, 2).await, [(1, 1), (3, 1)]);
    assert_eq!(of_payer("128", Some(3), 2).await, [(5, 2), (9, 1)]);
    assert_eq!(of_payer("128", Some(9), 2).await, []);
    assert_eq!(of_payer("nobody", None, 10).await, []);
    assert_eq!(of_payer("", None, 10).await, []);
}

fn found(made: &impl Aggregate) -> Changeset {
    Changeset { payments: vec![PaymentWrite::insert(made).found_by_payer(made)], ..Changeset::default() }
}
