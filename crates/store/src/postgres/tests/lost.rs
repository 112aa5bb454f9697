//! Answers that are lost inside COMMIT, and servers that go away.

use std::sync::Arc;
use std::time::Duration;

use florin_kernel::PaymentId;
use tokio::task::JoinSet;

use super::proxy::{Cut, Proxy};
use super::{Database, PostgresSettings, PostgresStore, committed, open};
use crate::conformance::fixtures::{capturing, claim, inserting, payment};
use crate::{Changeset, Store, StoreError, Verdict};

async fn behind(proxy: &Proxy) -> PostgresStore {
    let settings = PostgresSettings { writers: 1, ..PostgresSettings::default() };
    PostgresStore::open(super::super::Server::parse(proxy.url()).unwrap(), settings).await.expect("a good database")
}

/// Exactly once, whatever became of the first try.
async fn is_captured_once(store: &dyn Store, number: i64) {
    let id = PaymentId::from_number(number);
    assert_eq!(store.transaction(id).await.unwrap().map(|stored| stored.version), Some(2), "payment {number}");
    assert_eq!(store.entries(id).await.unwrap().len(), 1, "payment {number}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_lost_inside_commit_is_read() {
    let Some(database) = Database::fresh().await else { return };
    let proxy = Proxy::start(database.url()).await;
    let store = behind(&proxy).await;
    for number in 1..=20 {
        committed(&store, inserting(&payment(number))).await;
        proxy.plan(if number % 2 == 0 { Cut::After } else { Cut::Before });
        let capture = Changeset { claims: vec![claim(number as u8, 0, number)], ..capturing(&payment(number)).1 };
        committed(&store, capture).await;
        assert!(proxy.is_done(), "the commit went through the proxy");
        is_captured_once(&store, number).await;
    }
    assert_eq!(store.verify_ledger().await.unwrap().faults, Vec::<String>::new());
    let lost = database.raw().await.query_one("SELECT count(*) FROM batches WHERE lost", &[]).await.unwrap();
    assert_eq!(lost.get::<_, i64>(0), 10, "half of the commits never reached the server, and never will");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_still_under_way_is_waited_for() {
    let Some(database) = Database::fresh().await else { return };
    let proxy = Proxy::start(database.url()).await;
    let store = Arc::new(behind(&proxy).await);
    committed(&*store, inserting(&payment(1))).await;
    proxy.plan(Cut::Late);
    let waiting = Arc::clone(&store);
    let capture = tokio::spawn(async move { waiting.commit(capturing(&payment(1)).1).await });
    let raw = database.raw().await;
    let waits =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO batches%'";
    let is_waiting = async {
        while raw.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), is_waiting).await.expect("the writer looks for its commit");
    assert!(!capture.is_finished(), "nobody guesses");
    proxy.go_on();
    assert_eq!(capture.await.unwrap().unwrap(), Verdict::Committed);
    is_captured_once(&*store, 1).await;
    assert_eq!(store.verify_ledger().await.unwrap().faults, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_ended_by_the_server_cost_nothing_but_time() {
    let Some(database) = Database::fresh().await else { return };
    let store = Arc::new(open(&database).await);
    for number in 1..=200 {
        committed(&*store, inserting(&payment(number))).await;
    }
    let mut tasks = JoinSet::new();
    for number in 1..=200 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.commit(capturing(&payment(number)).1).await });
    }
    let raw = database.raw().await;
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    while let Some(answer) = tasks.join_next().await {
        assert_eq!(answer.unwrap().unwrap(), Verdict::Committed);
        if tasks.len() % 40 == 0 {
            raw.execute(end, &[]).await.unwrap();
        }
    }
    for number in 1..=200 {
        is_captured_once(&*store, number).await;
    }
    assert_eq!(store.verify_ledger().await.unwrap().faults, Vec::<String>::new());
}

#[tokio::test]
async fn a_database_that_stays_away_is_told_and_comes_back() {
    let Some(database) = Database::fresh().await else { return };
    let store = open(&database).await;
    committed(&store, inserting(&payment(1))).await;
    let raw = database.raw_beside().await;
    let name = database.name();
    let away = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false");
    raw.batch_execute(&away).await.unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
    raw.execute(end, &[&name]).await.unwrap();
    let refused = store.commit(inserting(&payment(2))).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    raw.batch_execute(&away.replace("false", "true")).await.unwrap();
    let back = async {
        while !matches!(store.commit(inserting(&payment(3))).await, Ok(Verdict::Committed | Verdict::Conflict)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), back).await.expect("it comes back by itself");
    store.ping().await.unwrap();
    assert!(store.transaction(PaymentId::from_number(2)).await.unwrap().is_none());
}
