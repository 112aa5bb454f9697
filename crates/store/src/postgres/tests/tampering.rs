//! A book changed behind the store's back.

use super::{Database, committed, open};
use crate::Store;
use crate::conformance::fixtures::{capturing, inserting, payment};

#[tokio::test]
async fn the_database_itself_keeps_the_ledger() {
    let Some(database) = Database::fresh().await else { return };
    let store = open(&database).await;
    committed(&store, inserting(&payment(1))).await;
    committed(&store, capturing(&payment(1)).1).await;
    let raw = database.raw().await;
    for table in ["entries", "seals"] {
        for change in
            [format!("UPDATE {table} SET at = 1"), format!("DELETE FROM {table}"), format!("TRUNCATE {table}")]
        {
            let refused = raw.batch_execute(&change).await.expect_err(&change);
            let refused = refused.as_db_error().expect("the server says no").message().to_owned();
            assert_eq!(refused, "ledger entries are never changed or deleted", "{change}");
        }
    }
    for change in ["UPDATE audit SET at = 1", "DELETE FROM audit", "TRUNCATE audit"] {
        let refused = raw.batch_execute(change).await.expect_err(change);
        let refused = refused.as_db_error().expect("the server says no").message().to_owned();
        assert_eq!(refused, "the audit log is never changed or deleted", "{change}");
    }
}

#[tokio::test]
async fn who_goes_past_the_triggers_is_found() {
    let Some(database) = Database::fresh().await else { return };
    let settings = super::PostgresSettings { writers: 1, ..super::PostgresSettings::default() };
    let store = super::PostgresStore::open(database.server(), settings).await.unwrap();
    for number in 1..=5 {
        committed(&store, inserting(&payment(number))).await;
        committed(&store, capturing(&payment(number)).1).await;
    }
    let mut raw = database.raw().await;
    let chain: i64 = raw.query_one("SELECT chain FROM seals LIMIT 1", &[]).await.unwrap().get(0);
    let mut check = async |change: &str, expected: &str| {
        let transaction = raw.transaction().await.unwrap();
        transaction.batch_execute(&format!("SET session_replication_role = replica; {change}")).await.unwrap();
        transaction.commit().await.unwrap();
        let faults = store.verify_ledger().await.unwrap().faults;
        let expected = expected.replace("CHAIN", &chain.to_string());
        assert!(faults.iter().any(|fault| fault.contains(&expected)), "{change}: {faults:#?}");
    };
    check("UPDATE entries SET at = at + 1 WHERE seal = 2", "entries of seal 2 of chain CHAIN are not those").await;
    check("UPDATE entries SET amount_minor = 7 WHERE seal = 3", "Payment 3 says 1000 EUR posted").await;
    check("DELETE FROM seals WHERE number = 4", "Seal 4 of chain CHAIN is missing").await;
    check("DELETE FROM entries WHERE seal = 5", "entries of seal 5 of chain CHAIN are missing").await;
    let twice = "INSERT INTO entries (chain, seal, place, payment, event, book, layer, debit, credit, asset, amount_minor, at)
        SELECT chain, seal, 2, payment, event, book, layer, debit, credit, asset, amount_minor, at FROM entries WHERE seal = 1";
    check(twice, "entries of seal 1 of chain CHAIN are not those").await;
    check("INSERT INTO rollups VALUES ('live', 'fees', 'EUR', 0, 1)", "The live book does not balance: EUR").await;
}
