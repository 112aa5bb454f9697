//! What every driver must do with the audit log: keep it with what it tells, in one order, and for ever.

use std::sync::Arc;

use florin_kernel::MerchantId;

use super::fixtures::{at, commit, commit_together, committed, inserting, payment};
use crate::audit::{last_entry, verify_audit};
use crate::{AuditQuery, AuditRow, Changeset, ConfigKind, ConfigRow, Store, Verdict};

fn entry(last: Option<&AuditRow>, merchant: Option<i64>, what: &str) -> AuditRow {
    let number = last.map_or(1, |last| last.number + 1);
    AuditRow::after(
        last,
        at(number * 10),
        merchant.map(MerchantId::from_number),
        format!("{{\"what\":\"{what} \u{e9}\"}}"),
    )
}

fn merchant_row(name: &str) -> ConfigRow {
    ConfigRow { kind: ConfigKind::Merchant, id: 1, document: format!("{{\"name\":\"{name}\"}}") }
}

fn telling(entry: AuditRow, config: Vec<ConfigRow>) -> Changeset {
    Changeset { audit: vec![entry], config, ..Changeset::default() }
}

/// Entries are read back as they were, the newest first, in pages and by merchant; their chain verifies.
pub async fn keeps_an_audit_log(store: Arc<dyn Store>) {
    assert_eq!(last_entry(store.as_ref()).await.unwrap(), None);
    let mut rows: Vec<AuditRow> = Vec::new();
    for (merchant, what) in [(None, "a"), (Some(1), "b"), (Some(2), "c"), (Some(1), "d")] {
        rows.push(entry(rows.last(), merchant, what));
        committed(&store, telling(rows[rows.len() - 1].clone(), Vec::new())).await;
    }
    let two: Vec<AuditRow> = {
        let fifth = entry(rows.last(), None, "e");
        let sixth = entry(Some(&fifth), Some(1), "f");
        vec![fifth, sixth]
    };
    committed(&store, Changeset { audit: two.clone(), ..Changeset::default() }).await;
    rows.extend(two);

    let listed = async |merchant: Option<i64>, before, limit| -> Vec<i64> {
        let query = AuditQuery { merchant: merchant.map(MerchantId::from_number), before, limit };
        store.audit(query).await.unwrap().iter().map(|row| row.number).collect()
    };
    let all = store.audit(AuditQuery { merchant: None, before: None, limit: 10 }).await.unwrap();
    assert_eq!(all.into_iter().rev().collect::<Vec<_>>(), rows);
    assert_eq!(listed(None, None, 2).await, [6, 5]);
    assert_eq!(listed(None, Some(5), 2).await, [4, 3]);
    assert_eq!(listed(Some(1), None, 9).await, [6, 4, 2]);
    assert_eq!(listed(Some(1), Some(4), 9).await, [2]);
    assert_eq!(listed(Some(3), None, 9).await, [0; 0]);
    assert_eq!(last_entry(store.as_ref()).await.unwrap().as_ref(), rows.last());
    let report = verify_audit(store.as_ref()).await.unwrap();
    assert_eq!((report.entries, report.faults.len(), report.head.len()), (6, 0, 64));
}

/// An entry and what it tells are there together or not at all, and each number is written once.
pub async fn tells_what_was_committed_only(store: Arc<dyn Store>) {
    let first = entry(None, Some(1), "renamed");
    committed(&store, telling(first.clone(), vec![merchant_row("new")])).await;
    assert_eq!(store.config(ConfigKind::Merchant).await.unwrap(), [merchant_row("new")]);

    let taken = telling(entry(None, Some(1), "renamed again"), vec![merchant_row("newer")]);
    assert_eq!(commit(&store, taken).await, Verdict::Conflict, "its number is taken");
    assert_eq!(store.config(ConfigKind::Merchant).await.unwrap(), [merchant_row("new")]);

    committed(&store, inserting(&payment(1))).await;
    let second = entry(Some(&first), Some(1), "paid");
    let refused = Changeset { audit: vec![second.clone()], ..inserting(&payment(1)) };
    assert_eq!(commit(&store, refused).await, Verdict::Conflict, "the payment's id is taken");
    assert_eq!(last_entry(store.as_ref()).await.unwrap(), Some(first));

    let tries = (2..18).map(|number| Changeset { audit: vec![second.clone()], ..inserting(&payment(number)) });
    let verdicts = commit_together(&store, tries.collect()).await;
    let begun = verdicts.iter().filter(|verdict| **verdict == Verdict::Committed).count();
    assert_eq!((begun, verify_audit(store.as_ref()).await.unwrap().entries), (1, 2));
}
