//! Several stores on one database, as several processes are.

use std::sync::Arc;

use florin_kernel::{EventId, MerchantId, PaymentId};
use tokio::task::JoinSet;

use super::{Database, PostgresSettings, PostgresStore, committed, open};
use crate::conformance::fixtures::{
    announcing, at, capturing, claim, delivering, event, inserting, payment, refunding_above,
};
use crate::{Changeset, ConfigKind, ConfigRow, DeliveryResult, Store, Verdict};

async fn two() -> Option<(Vec<Arc<PostgresStore>>, Database)> {
    let database = Database::fresh().await?;
    let stores = vec![Arc::new(open(&database).await), Arc::new(open(&database).await)];
    Some((stores, database))
}

/// Commits all at the same time, in turn on each store; verdicts in the order given.
async fn race(stores: &[Arc<PostgresStore>], changesets: Vec<Changeset>) -> Vec<Verdict> {
    let mut tasks = JoinSet::new();
    let mut verdicts = vec![Verdict::Conflict; changesets.len()];
    for (place, changeset) in changesets.into_iter().enumerate() {
        let store = Arc::clone(&stores[place % stores.len()]);
        tasks.spawn(async move { (place, store.commit(changeset).await.unwrap()) });
    }
    while let Some(done) = tasks.join_next().await {
        let (place, verdict) = done.unwrap();
        verdicts[place] = verdict;
    }
    verdicts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_copies_claims() {
    let Some((stores, _database)) = two().await else { return };
    for round in 0..5_u8 {
        let first = i64::from(round) * 100 + 1;
        let copy = |number| Changeset { claims: vec![claim(round, 1, number)], ..inserting(&payment(number)) };
        let verdicts = race(&stores, (first..first + 64).map(copy).collect()).await;
        let winner = stores[0].claim([round; 16]).await.unwrap().expect("one was committed");
        for (number, verdict) in (first..).zip(verdicts) {
            let won = number == winner.payment.number();
            assert_eq!(verdict, if won { Verdict::Committed } else { Verdict::Duplicate(winner) });
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_floor_holds_against_all() {
    let Some((stores, _database)) = two().await else { return };
    for number in 1..=10 {
        committed(&*stores[0], inserting(&payment(number))).await;
        committed(&*stores[1], capturing(&payment(number)).1).await;
    }
    let verdicts = race(&stores, vec![refunding_above(&payment(1), 0); 64]).await;
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Committed).count(), 10);
    let below = |verdict: &&Verdict| matches!(verdict, Verdict::BelowFloor { .. });
    assert_eq!(verdicts.iter().filter(below).count(), 54);
}

/// The same payments in opposite orders, so that writers would wait for each other in a circle if they locked as they are told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_is_followed_once() {
    let Some((stores, _database)) = two().await else { return };
    for number in 1..=50 {
        committed(&*stores[0], inserting(&payment(number))).await;
    }
    let numbers = (1..=50).flat_map(|number| [number, 51 - number]);
    let verdicts = race(&stores, numbers.map(|number| capturing(&payment(number)).1).collect()).await;
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Committed).count(), 50);
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Conflict).count(), 50);
    let report = stores[1].verify_ledger().await.unwrap();
    assert_eq!((report.faults, report.transfers), (Vec::new(), 50));
}

#[tokio::test]
async fn an_event_is_given_to_one() {
    let Some((stores, _database)) = two().await else { return };
    let due = async |store: usize, ms, in_flight: &[i64]| {
        let in_flight: Vec<EventId> = in_flight.iter().map(|id| EventId::from_number(*id)).collect();
        let due = stores[store].due_events(at(ms), 10, &[], &in_flight).await.unwrap();
        due.iter().map(|event| event.id.number()).collect::<Vec<_>>()
    };
    // Ids that do not grow with time, as those of processes whose clocks differ.
    let events = vec![event(9, 1, "a:443", at(0)), event(5, 1, "a:443", at(0)), event(6, 2, "a:443", at(1))];
    committed(&*stores[0], announcing(events)).await;
    assert_eq!(due(0, 10, &[]).await, [9, 6], "in the order they were written");
    assert_eq!(due(1, 10, &[]).await, Vec::<i64>::new(), "both are leased, the third stands behind the first");
    assert_eq!(due(0, 10, &[9]).await, [6], "its own leases do not stop it");

    committed(&*stores[0], delivering(6, at(20), DeliveryResult::Retry { at: at(30), hurried_after: None })).await;
    assert_eq!(due(1, 30, &[]).await, [6], "an attempt recorded ends the lease");
    assert_eq!(due(0, 30, &[9]).await, Vec::<i64>::new());
    assert_eq!(due(1, 60_011, &[6]).await, [9], "a process that died delays its events by a minute");
    committed(&*stores[1], delivering(9, at(60_012), DeliveryResult::Delivered)).await;
    assert_eq!(due(1, 60_012, &[6]).await, [5]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_ask_for_due_events_at_once() {
    let Some((stores, _database)) = two().await else { return };
    let events = (1..=200).map(|number| event(number, number, "a:443", at(0))).collect();
    committed(&*stores[0], announcing(events)).await;
    let (first, second) =
        tokio::join!(stores[0].due_events(at(9), 300, &[], &[]), stores[1].due_events(at(9), 300, &[], &[]));
    let mut ids: Vec<i64> = first.unwrap().iter().chain(&second.unwrap()).map(|event| event.id.number()).collect();
    ids.sort_unstable();
    let given = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), given, "none is given twice");
}

#[tokio::test]
async fn changes_are_noticed() {
    let Some((stores, _database)) = two().await else { return };
    let before = stores[1].revision().await.unwrap();
    let row = ConfigRow { kind: ConfigKind::Merchant, id: 1, document: "{}".to_owned() };
    stores[0].put_config(vec![row.clone(), row]).await.unwrap();
    let configured = stores[1].revision().await.unwrap();
    assert!(configured > before);
    stores[0].advance_clock(MerchantId::from_number(1), 5).await.unwrap();
    assert!(stores[1].revision().await.unwrap() > configured);
    committed(&*stores[0], inserting(&payment(1))).await;
    assert!(stores[1].transaction(PaymentId::from_number(1)).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_may_start_at_once_on_an_empty_database() {
    let Some(database) = Database::fresh().await else { return };
    let mut tasks = JoinSet::new();
    for number in 1..=8 {
        let server = database.server();
        tasks.spawn(async move {
            let settings = PostgresSettings { writers: 1, readers_max: 2, ..PostgresSettings::default() };
            let store = PostgresStore::open(server, settings).await.expect("it opens");
            committed(&store, inserting(&payment(number))).await;
        });
    }
    while let Some(opened) = tasks.join_next().await {
        opened.expect("it opens and commits");
    }
    let version = database.raw().await.query("SELECT version FROM schema_version", &[]).await.unwrap();
    assert_eq!(version.len(), 1);
}
