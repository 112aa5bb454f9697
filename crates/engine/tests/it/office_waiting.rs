//! What waits for a person, where others have much that waits as well: a page looks at a bounded number of rows and says where to go on.

use std::sync::Arc;

use florin_engine::office::{AmountOrder, AmountPage, ByAmountError, Direction, Filter, Scope};
use florin_kernel::payment::{Mode, Payment};
use florin_kernel::{MerchantId, Money};
use florin_store::memory::MemoryStore;
use florin_store::{Changeset, PaymentWrite, Store, Verdict};

use crate::lookups::{UNCLEAR, engine_with, request};
use crate::world::OWNER;

const SCOPE: Scope = Scope { mode: OWNER.mode, merchant: Some(OWNER.merchant) };

/// A list by amount is of so many transactions at most; where more fit it says so instead of telling a part as the whole.
#[tokio::test]
async fn what_is_too_much_is_not_put_in_order() {
    let store = Arc::new(MemoryStore::new());
    let (engine, provider) = engine_with(store.clone(), [UNCLEAR]).await;
    provider.permits.add_permits(1);
    let id = engine.start(request(&engine, crate::world::render())).await.expect("begun").payment;
    let first = engine.find(OWNER, id).await.expect("the store answers").expect("a payment");
    let insert = async |amounts: &mut dyn Iterator<Item = i64>| {
        let copy = |minor| Payment {
            id: engine.new_payment_id(),
            asked: Money::new(minor, first.asked.asset()),
            ..first.clone()
        };
        let payments = amounts.map(|minor| PaymentWrite::insert(&copy(minor))).collect();
        let verdict = store.commit(Changeset { payments, ..Changeset::default() }).await;
        assert_eq!(verdict.expect("the store answers"), Verdict::Committed);
    };
    let page = async |order, from, limit| engine.office_by_amount(SCOPE, &Filter::default(), order, from, limit).await;
    let minors = |page: &AmountPage| page.rows.iter().map(|row| row.asked.minor()).collect::<Vec<_>>();
    insert(&mut [500, 2_000, 500, 70].into_iter()).await;
    let whole = (None, Direction::Onward);
    let smallest = page(AmountOrder::SmallestFirst, whole, 10).await.expect("few");
    assert_eq!((minors(&smallest), smallest.onward, smallest.back), (vec![70, 500, 500, 1_000, 2_000], None, None));
    assert!(smallest.rows[1].id > smallest.rows[2].id, "the newest of equal ones first");
    let mut seen = Vec::new();
    let mut from = whole;
    let last = loop {
        let some = page(AmountOrder::LargestFirst, from, 2).await.expect("few");
        seen.extend(minors(&some));
        match some.onward {
            Some(onward) => from = (Some(onward), Direction::Onward),
            None => break some,
        }
    };
    assert_eq!(seen, [2_000, 1_000, 500, 500, 70]);
    let back = page(AmountOrder::LargestFirst, (last.back, Direction::Back), 2).await.expect("few");
    assert_eq!((minors(&back), back.back.is_some(), back.onward.is_some()), (vec![500, 500], true, true));
    insert(&mut (0..4_995)).await;
    assert_eq!(minors(&page(AmountOrder::LargestFirst, whole, 2).await.expect("just not too many")), [4_994, 4_993]);
    insert(&mut [1].into_iter()).await;
    let more = page(AmountOrder::LargestFirst, whole, 2).await;
    assert!(matches!(more, Err(ByAmountError::TooMany)), "{more:?}");
}

#[tokio::test]
async fn what_is_stuck_is_told_as_far_as_it_was_looked_for() {
    let store = Arc::new(MemoryStore::new());
    let (engine, provider) = engine_with(store.clone(), [UNCLEAR]).await;
    provider.permits.add_permits(1);
    let id = engine.start(request(&engine, crate::world::render())).await.expect("begun").payment;
    let first = engine.find(OWNER, id).await.expect("the store answers").expect("a payment");
    let insert = async |merchant: MerchantId, count: usize| {
        let copy = |_| Payment { id: engine.new_payment_id(), merchant, ..first.clone() };
        let payments = (0..count).map(|at| PaymentWrite::insert(&copy(at))).collect();
        let verdict = store.commit(Changeset { payments, ..Changeset::default() }).await;
        assert_eq!(verdict.expect("the store answers"), Verdict::Committed);
    };
    let stuck = async |limit| {
        let stuck = engine.office_stuck(SCOPE, limit).await.expect("the store answers");
        (stuck.rows.len(), stuck.more)
    };
    assert_eq!(stuck(1).await, (1, false), "exactly as many as were asked for");
    insert(OWNER.merchant, 2).await;
    assert_eq!((stuck(2).await, stuck(3).await), ((2, true), (3, false)));
    // Of another merchant there are so many that the next of ours is out of reach.
    insert(MerchantId::from_number(2), 10_000).await;
    insert(OWNER.merchant, 1).await;
    assert_eq!((stuck(3).await, stuck(4).await), ((3, true), (3, true)));
    let others = Scope { merchant: Some(MerchantId::from_number(2)), ..SCOPE };
    let found = engine.office_stuck(others, 5).await.expect("the store answers");
    assert_eq!((found.rows.len(), found.more), (5, true));
    let live = Scope { mode: Mode::Live, merchant: None };
    assert!(engine.office_stuck(live, 5).await.expect("the store answers").rows.is_empty());
}
