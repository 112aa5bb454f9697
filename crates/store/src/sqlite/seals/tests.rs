//! A book changed behind the store's back is found, and nothing that the store does itself looks like it.

use std::sync::Arc;

use rusqlite::Connection;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::audit::verify_audit;
use crate::conformance::fixtures::{capturing, cents, claim, commit_together, inserting, payment, posting};
use crate::sqlite::{SqliteSettings, SqliteStore};
use crate::{AuditRow, Changeset, Store, Verdict};
use florin_kernel::ledger::chart;

/// A book of five payments, a seal each.
async fn book() -> (TempDir, SqliteStore, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("florin.db");
    let store = SqliteStore::open(&path, SqliteSettings::default()).unwrap();
    for number in 1..=5 {
        for changeset in [inserting(&payment(number)), capturing(&payment(number)).1] {
            assert_eq!(store.commit(changeset).await.unwrap(), Verdict::Committed);
        }
    }
    (folder, store, Connection::open(path).unwrap())
}

#[tokio::test]
async fn the_database_itself_keeps_the_ledger() {
    let (_folder, _store, raw) = book().await;
    for change in
        ["UPDATE entries SET at = 1", "DELETE FROM entries", "UPDATE seals SET transfers = 7", "DELETE FROM seals"]
    {
        let refused = raw.execute_batch(change).expect_err(change).to_string();
        assert!(refused.contains("never"), "{change}: {refused}");
    }
}

const PAST_THE_TRIGGERS: &str = "DROP TRIGGER entries_are_not_changed; DROP TRIGGER entries_are_not_deleted;
    DROP TRIGGER seals_are_not_changed; DROP TRIGGER seals_are_not_deleted;";

#[tokio::test]
async fn who_goes_past_the_triggers_is_found() {
    let columns = "payment, event, book, layer, debit, credit, asset, amount_minor, at, seal";
    let twice = format!("INSERT INTO entries ({columns}) SELECT {columns} FROM entries WHERE seal = 1");
    let swapped =
        "UPDATE entries SET id = -id WHERE id IN (2, 3); UPDATE entries SET id = iif(id = -2, 3, 2) WHERE id < 0";
    for (change, expected) in [
        ("UPDATE entries SET at = at + 1 WHERE seal = 2", "entries of seal 2 of chain 0 are not those"),
        ("UPDATE entries SET event = 'refunded' WHERE seal = 3", "entries of seal 3 of chain 0 are not those"),
        ("UPDATE entries SET amount_minor = 7 WHERE seal = 3", "Payment 3 says 1000 EUR posted"),
        ("DELETE FROM seals WHERE number = 4", "Seal 4 of chain 0 is missing"),
        ("DELETE FROM entries WHERE seal = 5", "entries of seal 5 of chain 0 are missing"),
        ("DELETE FROM entries WHERE seal = 1", "entries of seal 1 of chain 0 are missing"),
        ("UPDATE seals SET hash = zeroblob(32) WHERE number = 2", "entries of seal 2 of chain 0 are not those"),
        (&twice, "An entry of seal 1 of chain 0 stands behind its place"),
        (swapped, "seal"),
    ] {
        let (_folder, store, raw) = book().await;
        raw.execute_batch(&format!("{PAST_THE_TRIGGERS} {change}")).unwrap();
        let faults = store.verify_ledger().await.unwrap().faults;
        assert!(faults.iter().any(|fault| fault.contains(expected)), "{change}: {faults:#?}");
    }
}

#[tokio::test]
async fn the_chain_goes_on_after_a_restart() {
    let (folder, store, raw) = book().await;
    store.close().await;
    drop(raw);
    let store = SqliteStore::open(&folder.path().join("florin.db"), SqliteSettings::default()).unwrap();
    let more = Changeset { entries: vec![posting(&payment(1), chart::late_money)], ..Changeset::default() };
    assert_eq!(store.commit(more).await.unwrap(), Verdict::Committed);
    assert_eq!(store.verify_ledger().await.unwrap().faults, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_rolled_back_is_not_sealed() {
    let (_folder, store, _raw) = book().await;
    let store: Arc<dyn Store> = Arc::new(store);
    let taken = claim(1, 0, 1);
    assert_eq!(
        commit_together(&store, vec![Changeset { claims: vec![taken], ..Changeset::default() }]).await,
        [Verdict::Committed]
    );
    let entry = || posting(&payment(1), chart::late_money);
    let mut nothing = entry();
    nothing.entry.transfers[0].amount = cents(0);
    let changesets = (0..60).map(|place| match place % 3 {
        0 => Changeset { entries: vec![entry()], ..Changeset::default() },
        // Refused after its first claim was written, and in the middle of its entries.
        1 => {
            Changeset { claims: vec![claim(100 + place, 0, 1), taken], entries: vec![entry()], ..Changeset::default() }
        }
        _ => Changeset { entries: vec![entry(), nothing.clone()], ..Changeset::default() },
    });
    let mut tasks = JoinSet::new();
    for changeset in changesets {
        let store = store.clone();
        tasks.spawn(async move { store.commit(changeset).await });
    }
    let answers = tasks.join_all().await;
    let committed = answers.iter().filter(|answer| matches!(answer, Ok(Verdict::Committed))).count();
    let duplicates = answers.iter().filter(|answer| matches!(answer, Ok(Verdict::Duplicate(_)))).count();
    assert_eq!((committed, duplicates), (20, 20));
    let report = store.verify_ledger().await.unwrap();
    assert_eq!((report.faults, report.transfers), (Vec::new(), 25));
}

#[tokio::test]
async fn the_audit_log_is_kept_as_the_ledger_is() {
    let (_folder, store, raw) = book().await;
    let mut last = None;
    for number in 1..=3 {
        let at = florin_kernel::Timestamp::from_second(number).unwrap();
        let entry = AuditRow::after(last.as_ref(), at, None, format!("{{\"n\":{number}}}"));
        let changeset = Changeset { audit: vec![entry.clone()], ..Changeset::default() };
        assert_eq!(store.commit(changeset).await.unwrap(), Verdict::Committed);
        last = Some(entry);
    }
    for change in ["UPDATE audit SET at = 1", "DELETE FROM audit"] {
        let refused = raw.execute_batch(change).expect_err(change).to_string();
        assert!(refused.contains("the audit log is never"), "{change}: {refused}");
    }
    assert_eq!(verify_audit(&store).await.unwrap().faults, Vec::<String>::new());
    raw.execute_batch("DROP TRIGGER audit_is_not_changed; UPDATE audit SET document = '{}' WHERE number = 2").unwrap();
    let faults = verify_audit(&store).await.unwrap().faults;
    assert_eq!(faults, ["Entry 2 of the audit log is not what was written, or not where."]);
}
