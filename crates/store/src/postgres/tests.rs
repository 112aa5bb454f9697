//! The conformance suite, and what only this driver has: a server that others use too, and that may go away.
//!
//! `FLORIN_TEST_POSTGRES` names a server and its superuser; without it nothing is tested. `scripts/with-postgres` sets it.

use std::sync::Arc;

use super::{PostgresSettings, PostgresStore};
use crate::conformance::database::Database;
use crate::{Changeset, Store, StoreError, Verdict, conformance_suite};

mod lost;
mod opening;
mod proxy;
mod several;
mod tampering;

async fn fresh() -> Option<(Arc<dyn Store>, Database)> {
    let database = Database::fresh().await?;
    Some((Arc::new(open(&database).await), database))
}

async fn open(database: &Database) -> PostgresStore {
    PostgresStore::open(database.server(), PostgresSettings::default()).await.expect("a good database")
}

async fn committed(store: &dyn Store, changeset: Changeset) {
    assert_eq!(store.commit(changeset).await.unwrap(), Verdict::Committed);
}

conformance_suite!(fresh);

mod alone {
    use florin_kernel::PaymentId;
    use florin_kernel::ledger::chart;
    use tokio::task::JoinSet;

    use super::*;
    use crate::conformance::fixtures::{announcing, at, cents, delivering, event, inserting, payment, posting};
    use crate::{Answer, DeliveryResult, PaymentWrite};

    #[tokio::test]
    async fn a_changeset_whose_rows_are_refused_harms_no_neighbour() {
        let Some((store, _database)) = fresh().await else { return };
        let mut nothing = posting(&payment(1), chart::captured);
        nothing.entry.transfers[0].amount = cents(0);
        let zero = Changeset { entries: vec![nothing], ..inserting(&payment(98)) };
        let body = "a NUL \0 in it".to_owned();
        let nul = PaymentWrite::insert(&payment(99)).answered(Some(Answer { status: 200, body }));
        let nul = Changeset { payments: vec![nul], ..Changeset::default() };
        let mut tasks = JoinSet::new();
        for number in 1..=20 {
            let changeset = match number {
                10 => zero.clone(),
                11 => nul.clone(),
                _ => inserting(&payment(number)),
            };
            let store = Arc::clone(&store);
            tasks.spawn(async move { (number, store.commit(changeset).await) });
        }
        while let Some(answer) = tasks.join_next().await {
            match answer.unwrap() {
                (10 | 11, answer) => assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}"),
                (_, answer) => assert_eq!(answer.unwrap(), Verdict::Committed),
            }
        }
        for refused in [98, 99] {
            assert!(store.transaction(PaymentId::from_number(refused)).await.unwrap().is_none());
        }
    }

    #[tokio::test]
    async fn a_receivers_nul_is_noted_as_a_sign() {
        let Some((store, _database)) = fresh().await else { return };
        committed(&*store, announcing(vec![event(1, 1, "a:443", at(0))])).await;
        let mut delivering = delivering(1, at(1), DeliveryResult::Delivered);
        delivering.deliveries[0].note = "bad\0answer".to_owned();
        committed(&*store, delivering).await;
        let events = store.events(PaymentId::from_number(1)).await.unwrap();
        assert_eq!(events[0].1[0].note, "bad\u{fffd}answer");
    }

    #[tokio::test]
    async fn answers_overloaded_at_once_when_the_queue_is_full() {
        let Some(database) = Database::fresh().await else { return };
        let settings = PostgresSettings { queue_max: 4, batch_max: 1, writers: 1, ..PostgresSettings::default() };
        let store = Arc::new(PostgresStore::open(database.server(), settings).await.unwrap());
        let raw = database.raw().await;
        raw.batch_execute("BEGIN; LOCK TABLE payments").await.unwrap();
        let mut waiting = JoinSet::new();
        for number in 1..=7 {
            let store = Arc::clone(&store);
            waiting.spawn(async move { store.commit(inserting(&payment(number))).await });
        }
        // At most five can wait: four in the queue and one with the writer, which waits for the raw session.
        let first = waiting.join_next().await.unwrap().unwrap();
        assert!(matches!(first, Err(StoreError::Overloaded)), "{first:?}");
        raw.batch_execute("ROLLBACK").await.unwrap();
        let mut committed = 0;
        while let Some(answer) = waiting.join_next().await {
            match answer.unwrap() {
                Ok(verdict) => {
                    assert_eq!(verdict, Verdict::Committed);
                    committed += 1;
                }
                Err(error) => assert!(matches!(error, StoreError::Overloaded), "{error}"),
            }
        }
        assert!((4..=5).contains(&committed), "{committed}");
    }
}
