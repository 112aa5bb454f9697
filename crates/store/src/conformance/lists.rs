//! What every driver must do with the lists of a merchant's payments.

use std::sync::Arc;

use florin_kernel::payment::{CaptureMode, Mode, Payment};
use florin_kernel::{MerchantId, PaymentId};

use super::fixtures::{at, committed, inserting, payment};
use crate::{NewestQuery, PaymentQuery, Store};

/// Lists are by time of creation, then id, of one merchant and mode, in pages, without verifications.
pub async fn lists_in_order_and_pages(store: Arc<dyn Store>) {
    let merchant = MerchantId::from_number(1);
    let made_at = |number, ms| Payment { created_at: at(ms), ..payment(number) };
    let others = [
        Payment { merchant: MerchantId::from_number(2), ..payment(20) },
        Payment { mode: Mode::Dev, ..payment(21) },
        Payment { capture: CaptureMode::Never, ..payment(22) },
    ];
    for made in [made_at(5, 1), made_at(3, 7), made_at(4, 7), made_at(1, 9), made_at(2, 30)].iter().chain(&others) {
        committed(&store, inserting(made)).await;
    }
    let list = async |from, until, after: Option<i64>, limit| {
        let after = after.map(PaymentId::from_number);
        let query = PaymentQuery { merchant, mode: Mode::Live, from: at(from), until: at(until), after, limit };
        let page = store.transactions(query).await.expect("the store is available");
        page.iter().map(|stored| stored.transaction.id().number()).collect::<Vec<_>>()
    };
    assert_eq!(list(0, 100, None, 10).await, [5, 3, 4, 1, 2]);
    assert_eq!(list(7, 30, None, 10).await, [3, 4, 1], "from is included, until is not");
    assert_eq!(list(0, 100, None, 2).await, [5, 3]);
    assert_eq!(list(0, 100, Some(3), 2).await, [4, 1]);
    assert_eq!(list(8, 100, Some(5), 10).await, [1, 2]);
    assert_eq!(list(0, 100, Some(2), 10).await, Vec::<i64>::new());
    assert_eq!(list(0, 100, Some(77), 10).await, Vec::<i64>::new());
    let newest = async |from, until, skip, limit| {
        let query = NewestQuery { merchant, mode: Mode::Live, from: at(from), until: at(until), skip, limit };
        let page = store.newest_transactions(query).await.expect("the store is available");
        let count = store.count_transactions(query).await.expect("the store is available");
        (page.iter().map(|stored| stored.transaction.id().number()).collect::<Vec<_>>(), count)
    };
    assert_eq!(newest(0, 100, 0, 10).await, (vec![2, 1, 4, 3, 5], 5));
    assert_eq!(newest(7, 30, 0, 2).await, (vec![1, 4], 3), "from is included, until is not");
    assert_eq!(newest(7, 30, 2, 2).await, (vec![3], 3));
    assert_eq!(newest(0, 100, 5, 10).await, (Vec::new(), 5));
    assert_eq!(newest(31, 100, 0, 10).await, (Vec::new(), 0));
}
