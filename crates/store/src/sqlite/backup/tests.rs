//! Backups beside a busy writer, and the drill of restoring them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use florin_kernel::{PaymentId, Transaction};
use tempfile::TempDir;

use super::{BackupError, backup};
use crate::conformance::fixtures::{capturing, inserting, payment};
use crate::sqlite::{SqliteSettings, SqliteStore};
use crate::{Store, Verdict};

fn opened(folder: &TempDir, name: &str) -> SqliteStore {
    SqliteStore::open(&folder.path().join(name), SqliteSettings::default()).expect("a good database")
}

async fn pay(store: &SqliteStore, number: i64) {
    for changeset in [inserting(&payment(number)), capturing(&payment(number)).1] {
        assert_eq!(store.commit(changeset).await.unwrap(), Verdict::Committed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restores_what_was_acknowledged_before_it_began() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("florin.db"), folder.path().join("copy.db"));
    let store = Arc::new(opened(&folder, "florin.db"));
    let (paid, enough) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicBool::new(false)));
    let load = tokio::spawn({
        let (store, paid, enough) = (store.clone(), paid.clone(), enough.clone());
        async move {
            while !enough.load(Ordering::Relaxed) {
                let next = paid.load(Ordering::Relaxed) + 1;
                pay(&store, next).await;
                paid.store(next, Ordering::Relaxed);
            }
        }
    });
    while paid.load(Ordering::Relaxed) < 200 {
        tokio::task::yield_now().await;
    }
    let before = paid.load(Ordering::Relaxed);
    let copying = tokio::task::spawn_blocking(move || {
        let mut steps = Vec::new();
        backup(&from, &to, &mut |progress| steps.push(progress)).map(|()| steps)
    });
    let steps = copying.await.unwrap().unwrap();
    enough.store(true, Ordering::Relaxed);
    load.await.unwrap();
    assert!(steps.last().is_some_and(|last| last.copied == last.pages && last.pages > 0), "{steps:?}");

    let restored = opened(&folder, "copy.db");
    for number in 1..=before {
        let stored = restored.transaction(PaymentId::from_number(number)).await.unwrap();
        assert_eq!(
            stored.expect("it was acknowledged before").transaction,
            Transaction::Payment(capturing(&payment(number)).0)
        );
    }
    let report = restored.verify_ledger().await.unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
    assert!(report.payments >= before as u64);
    // The restored database goes on.
    pay(&restored, 1_000_000).await;
    assert!(!folder.path().join("copy.db.part").exists());
}

#[test]
fn is_one_complete_file() {
    let folder = tempfile::tempdir().unwrap();
    drop(opened(&folder, "florin.db"));
    let (from, to) = (folder.path().join("florin.db"), folder.path().join("copy.db"));
    backup(&from, &to, &mut |_| ()).unwrap();
    let mut names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.retain(|name| name.to_string_lossy().starts_with("copy"));
    assert_eq!(names, ["copy.db"]);
}

#[test]
fn replaces_nothing_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name| folder.path().join(name);
    drop(opened(&folder, "florin.db"));
    std::fs::write(path("mine"), "mine").unwrap();
    let refused = backup(&path("florin.db"), &path("mine"), &mut |_| ()).unwrap_err();
    assert!(matches!(refused, BackupError::Exists(_)), "{refused}");
    assert_eq!(std::fs::read_to_string(path("mine")).unwrap(), "mine");

    assert!(backup(&path("no.db"), &path("copy"), &mut |_| ()).is_err());
    assert!(backup(&path("florin.db"), &path("no-folder").join("copy"), &mut |_| ()).is_err());
    assert!(!path("copy").exists() && !path("copy.part").exists());
}
