//! The conformance suite, and what only this driver has: a file, a lock, a queue, a disk that may be full.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::Connection;
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::{OpenError, SqliteSettings, SqliteStore, connection, schema};
use crate::conformance::fixtures::{capturing, claim, inserting, payment, posting, sleeping};
use crate::{Changeset, Store, StoreError, Verdict, conformance_suite};
use florin_kernel::ledger::chart;
use florin_kernel::{PaymentId, Transaction};

async fn fresh() -> Option<(Arc<dyn Store>, TempDir)> {
    let home = Home::new();
    Some((Arc::new(home.open(SqliteSettings::default())), home.directory))
}

conformance_suite!(fresh);

/// A directory with a database in it.
struct Home {
    directory: TempDir,
}

impl Home {
    fn new() -> Home {
        Home { directory: tempfile::tempdir().expect("a directory for the test") }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("florin.db")
    }

    fn open(&self, settings: SqliteSettings) -> SqliteStore {
        SqliteStore::open(&self.path(), settings).expect("a good database")
    }

    /// A connection past the store, as an operator's shell would be.
    fn raw(&self) -> Connection {
        Connection::open(self.path()).expect("a good database")
    }
}

/// A changeset that claims.
fn claiming(claims: &[crate::Claim]) -> Changeset {
    Changeset { claims: claims.to_vec(), ..Changeset::default() }
}

async fn committed(store: &SqliteStore, changeset: Changeset) {
    assert_eq!(store.commit(changeset).await.unwrap(), Verdict::Committed);
}

#[test]
fn refuses_an_old_library() {
    for (version, good) in
        [(3_051_002, false), (3_050_999, false), (3_051_003, true), (3_052_000, true), (4_000_000, true)]
    {
        assert_eq!(connection::check_library(version).is_ok(), good, "{version}");
    }
    let sentence = connection::check_library(3_051_002).unwrap_err().to_string();
    assert_eq!(sentence, "the linked SQLite 3.51.2 can corrupt a WAL database; 3.51.3 or newer is needed");
}

#[tokio::test]
async fn keeps_everything_acknowledged_over_a_restart() {
    let home = Home::new();
    for round in 0..3 {
        let store = home.open(SqliteSettings::default());
        for number in 1..=round * 10 {
            let stored = store.transaction(PaymentId::from_number(number)).await.unwrap();
            assert_eq!(
                stored.expect("it was acknowledged").transaction,
                Transaction::Payment(capturing(&payment(number)).0)
            );
        }
        for number in round * 10 + 1..=round * 10 + 10 {
            committed(&store, inserting(&payment(number))).await;
            committed(&store, capturing(&payment(number)).1).await;
        }
        assert_eq!(store.verify_ledger().await.unwrap().faults, Vec::<String>::new());
        drop(store);
        let log = home.directory.path().join("florin.db-wal");
        assert!(!log.exists(), "the last to close leaves no log behind");
    }
}

#[tokio::test]
async fn one_process_writes_and_others_read() {
    let home = Home::new();
    let store = home.open(SqliteSettings::default());
    assert!(store.is_exclusive());
    assert!(matches!(SqliteStore::open(&home.path(), SqliteSettings::default()), Err(OpenError::InUse(_))));

    let reader = SqliteStore::open_read_only(&home.path()).unwrap();
    assert!(!reader.is_exclusive());
    committed(&store, inserting(&payment(1))).await;
    assert_eq!(reader.verify_ledger().await.unwrap().payments, 1);
    assert!(reader.transaction(PaymentId::from_number(1)).await.unwrap().is_some());
    assert!(matches!(reader.commit(inserting(&payment(2))).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(reader.ping().await, Err(StoreError::Unavailable(_))));

    store.close().await;
    let again = home.open(SqliteSettings::default());
    committed(&again, inserting(&payment(2))).await;
    assert!(reader.transaction(PaymentId::from_number(2)).await.unwrap().is_some());
}

#[test]
fn refuses_a_database_of_another_release() {
    let home = Home::new();
    assert!(SqliteStore::open_read_only(&home.path()).is_err(), "there is none yet");
    home.raw().execute_batch("PRAGMA user_version = 0; CREATE TABLE other (id)").unwrap();
    assert!(matches!(SqliteStore::open_read_only(&home.path()), Err(OpenError::Older { found: 0, .. })));
    drop(home.open(SqliteSettings::default()));
    home.raw().execute_batch("PRAGMA user_version = 999").unwrap();
    let newer = SqliteStore::open(&home.path(), SqliteSettings::default()).err().expect("it is refused");
    assert!(newer.to_string().starts_with("the database has schema version 999, this release knows"), "{newer}");
    assert!(matches!(SqliteStore::open_read_only(&home.path()), Err(OpenError::Newer { found: 999, .. })));
}

#[test]
fn refuses_settings_that_do_not_take() {
    let home = Home::new();
    home.raw().execute_batch("PRAGMA page_size = 8192; CREATE TABLE other (id)").unwrap();
    let refused = SqliteStore::open(&home.path(), SqliteSettings::default()).err().expect("it is refused");
    assert_eq!(refused.to_string(), "the database setting page_size is 8192 and could not be set to 4096");
}

#[test]
fn migrates_once() {
    let home = Home::new();
    let connection = home.raw();
    schema::migrate(&connection).unwrap();
    let tables = || connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)).unwrap();
    let before = tables();
    schema::migrate(&connection).unwrap();
    assert_eq!(tables(), before);
    schema::check(&connection).unwrap();
}

#[tokio::test]
async fn finds_an_edited_entry() {
    let home = Home::new();
    let store = home.open(SqliteSettings::default());
    for number in 1..=3 {
        committed(&store, inserting(&payment(number))).await;
        committed(&store, capturing(&payment(number)).1).await;
    }
    store.close().await;
    let raw = home.raw();
    let edit = "UPDATE entries SET amount_minor = amount_minor + 1 WHERE payment = 2";
    let refused = raw.execute_batch(edit).unwrap_err().to_string();
    assert!(refused.contains("ledger entries are never changed"), "{refused}");
    assert!(raw.execute_batch("DELETE FROM entries").is_err());

    // The first batch after opening rolls up, so that the edit comes after the rollup.
    let store = home.open(SqliteSettings::default());
    committed(&store, inserting(&payment(4))).await;
    raw.execute_batch("DROP TRIGGER entries_are_not_changed").unwrap();
    raw.execute_batch(edit).unwrap();
    let report = store.verify_ledger().await.unwrap();
    let told = |words: &str| report.faults.iter().any(|fault| fault.contains(words));
    assert_eq!(report.faults.len(), 4, "{:?}", report.faults);
    assert!(told("The ledger entries of seal 2 of chain 0 are not those that were sealed"), "{:?}", report.faults);
    assert!(told("The rollup of merchant:1:available in the live book says 3000 EUR posted"), "{:?}", report.faults);
    assert!(told("The rollup of provider:3:clearing"), "{:?}", report.faults);
    assert!(
        told(
            "Payment 2 says 1000 EUR posted and 0 pending on merchant:1:available in minor units; its transfers say 1001"
        ),
        "{:?}",
        report.faults
    );
}

#[tokio::test]
async fn finds_an_edited_rollup() {
    let home = Home::new();
    let store = home.open(SqliteSettings::default());
    committed(&store, Changeset { entries: capturing(&payment(1)).1.entries, ..inserting(&capturing(&payment(1)).0) })
        .await;
    home.raw().execute_batch("UPDATE rollups SET posted_minor = 7 WHERE account = 'provider:3:clearing'").unwrap();
    let faults = store.verify_ledger().await.unwrap().faults;
    assert!(faults.iter().any(|fault| fault.contains("The rollup of provider:3:clearing")), "{faults:?}");
    assert!(
        faults.iter().any(|fault| fault.contains("The live book does not balance: EUR sums to 1007")),
        "{faults:?}"
    );
}

#[tokio::test]
async fn counts_balances_alike_whichever_way_they_are_rolled_up() {
    let home = Home::new();
    let store = home.open(SqliteSettings::default());
    let made = payment(1);
    committed(&store, inserting(&made)).await;
    committed(&store, claiming(&[claim(1, 1, 1)])).await;
    for round in 0..5_u8 {
        let entries = vec![posting(&made, chart::late_money); 2_000];
        committed(&store, Changeset { entries, ..Changeset::default() }).await;
        // Refused after a write, so that what the writer remembers is dropped and read again.
        let refused = claiming(&[claim(10 + round, 1, 1), claim(1, 1, 1)]);
        assert!(matches!(store.commit(refused).await.unwrap(), Verdict::Duplicate(_)));
        let suspense = store.balances().await.unwrap().into_iter().find(|row| row.account == "merchant:1:suspense");
        assert_eq!(suspense.map(|row| row.posted_minor), Some(2_000_000 * (i64::from(round) + 1)));
    }
    assert_eq!(store.verify_ledger().await.unwrap().faults, Vec::<String>::new());
}

#[tokio::test]
async fn answers_overloaded_at_once_when_the_queue_is_full() {
    let home = Home::new();
    let settings = SqliteSettings { queue_max: 4, batch_max: 1, ..SqliteSettings::default() };
    let store = Arc::new(home.open(settings));
    let raw = home.raw();
    raw.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut waiting = JoinSet::new();
    for number in 1..=6 {
        let store = Arc::clone(&store);
        waiting.spawn(async move { store.commit(inserting(&payment(number))).await });
    }
    // At most five can wait: four in the queue and one with the writer, which waits for the raw connection.
    let first = waiting.join_next().await.unwrap().unwrap();
    assert!(matches!(first, Err(StoreError::Overloaded)), "{first:?}");
    raw.execute_batch("ROLLBACK").unwrap();
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

#[tokio::test]
async fn a_full_disk_answers_unavailable_and_passes() {
    let home = Home::new();
    let settings = SqliteSettings { pages_max: Some(60), ..SqliteSettings::default() };
    let store = home.open(settings);
    committed(&store, inserting(&payment(1))).await;
    let mut large = payment(2);
    large.details.reference = "x".repeat(400_000);
    let refused = store.commit(inserting(&large)).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(reason)) if reason.contains("full")), "{refused:?}");
    assert!(store.transaction(large.id).await.unwrap().is_none());
    committed(&store, inserting(&payment(3))).await;
    assert!(store.transaction(payment(1).id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_changeset_whose_rows_are_refused_harms_no_neighbour() {
    let home = Home::new();
    let store = Arc::new(home.open(SqliteSettings::default()));
    let mut nothing = posting(&payment(1), chart::captured);
    nothing.entry.transfers[0].amount = crate::conformance::fixtures::cents(0);
    let bad = Changeset { entries: vec![nothing], ..inserting(&payment(99)) };
    let mut tasks = JoinSet::new();
    for number in 1..=20 {
        let (store, bad) = (Arc::clone(&store), bad.clone());
        let changeset = if number == 10 { bad } else { inserting(&payment(number)) };
        tasks.spawn(async move { (number, store.commit(changeset).await) });
    }
    while let Some(answer) = tasks.join_next().await {
        let (number, answer) = answer.unwrap();
        match number {
            10 => assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}"),
            _ => assert_eq!(answer.unwrap(), Verdict::Committed),
        }
    }
    assert!(store.transaction(PaymentId::from_number(99)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_lane_undone_with_its_changeset_is_made_again() {
    let home = Home::new();
    let store = home.open(SqliteSettings::default());
    let due = crate::conformance::fixtures::at(5);
    let in_test = florin_kernel::payment::Payment { mode: florin_kernel::payment::Mode::Dev, ..sleeping(1, due) };
    let stranger = delivering_nothing();
    let undone = Changeset { deliveries: stranger.deliveries, ..inserting(&in_test) };
    assert_eq!(store.commit(undone).await.unwrap(), Verdict::Conflict);
    committed(&store, inserting(&in_test)).await;
    assert_eq!(store.due_payments(due, 10).await.unwrap(), [in_test.id]);
}

fn delivering_nothing() -> Changeset {
    let delivery = crate::Delivery {
        event: florin_kernel::EventId::from_number(404),
        at: crate::conformance::fixtures::at(0),
        latency_ms: 1,
        status: None,
        note: String::new(),
        result: crate::DeliveryResult::Delivered,
    };
    Changeset { deliveries: vec![delivery], ..Changeset::default() }
}
