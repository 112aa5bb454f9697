//! What every driver must do with records: keep them by version, list the newest first, and tell which are due.

use std::sync::Arc;

use florin_kernel::invoice::{Invoice, Issue, Origin, Reminders, State, Word};
use florin_kernel::payment::{Details, Dialect, Mode};
use florin_kernel::ports::Lane;
use florin_kernel::{Asset, InvoiceId, MerchantId, Money, PaymentId, RecordId, RecordKind, Timestamp};

use super::fixtures::{at, claim, commit, commit_together, committed, inserting, payment};
use crate::{Changeset, DueOf, PaymentWrite, RecordQuery, RecordWrite, Store, StoredRecord, Verdict};

/// An invoice of merchant 1 in live mode, made at its number's millisecond, that wakes an hour later.
fn invoice(number: i64) -> Invoice {
    Invoice {
        id: InvoiceId::from_number(number),
        merchant: MerchantId::from_number(1),
        mode: Mode::Live,
        dialect: Dialect::TransactionServices,
        created_at: at(number),
        origin: Origin::Invoice,
        asked: Money::new(50_00, Asset::from_code("EUR").expect("a currency")),
        description: "Zwei Plätze, \u{0}\"vorn\"".to_owned(),
        raised_by: String::new(),
        state: State::Open { trying: None },
        issue: Issue::first(at(number), 1),
        reminders: Reminders::default(),
        last_try: None,
        tries: 0,
        mail: None,
        details: Details::default(),
    }
}

fn paid(invoice: &Invoice) -> Invoice {
    let state = State::Paid { payment: PaymentId::from_number(99), at: at(50) };
    Invoice { state, ..invoice.clone() }
}

fn writing(write: RecordWrite) -> Changeset {
    Changeset { records: vec![write], ..Changeset::default() }
}

fn adding(invoice: &Invoice) -> Changeset {
    writing(RecordWrite::insert(invoice))
}

async fn stored(store: &Arc<dyn Store>, number: i64) -> Option<StoredRecord> {
    store.record(RecordId::from_number(number)).await.unwrap()
}

async fn version(store: &Arc<dyn Store>, number: i64) -> Option<i64> {
    stored(store, number).await.map(|stored| stored.version)
}

fn all(kind: RecordKind) -> RecordQuery {
    RecordQuery::all(MerchantId::from_number(1), Mode::Live, kind)
}

async fn listed(store: &Arc<dyn Store>, query: RecordQuery) -> Vec<i64> {
    store.records(query).await.unwrap().iter().map(|stored| stored.id.number()).collect()
}

/// A record is read back as it was, and changed by whoever knows its version.
pub async fn keeps_records_by_version(store: Arc<dyn Store>) {
    let made = invoice(1);
    committed(&store, adding(&made)).await;
    let first = stored(&store, 1).await.expect("it was committed");
    assert_eq!((first.kind, first.version), (RecordKind::Invoice, 1));
    assert_eq!(first.read::<Invoice>().unwrap().as_ref(), Some(&made));
    assert_eq!(first.read::<florin_kernel::mail::Mail>().unwrap(), None, "it is no e-mail");
    assert_eq!(stored(&store, 2).await, None);

    assert_eq!(commit(&store, adding(&made)).await, Verdict::Conflict, "its id is taken");
    let paying = |version| writing(RecordWrite::update(&paid(&made), version));
    assert_eq!(commit(&store, paying(2)).await, Verdict::Conflict);
    committed(&store, paying(1)).await;
    assert_eq!(commit(&store, paying(1)).await, Verdict::Conflict, "somebody was quicker");
    let second = stored(&store, 1).await.expect("it is there");
    assert_eq!((second.version, second.read::<Invoice>().unwrap()), (2, Some(paid(&made))));
    assert_eq!(commit(&store, writing(RecordWrite::update(&invoice(3), 1))).await, Verdict::Conflict, "it never was");
}

/// A record and the payment that is a try of it change together or not at all.
pub async fn changes_records_with_their_payments(store: Arc<dyn Store>) {
    let made = invoice(1);
    committed(&store, adding(&made)).await;
    let beginning = |number: i64, version| {
        let claims = vec![claim(number as u8, 1, number)];
        let payments = vec![PaymentWrite::insert(&payment(number))];
        Changeset { claims, payments, records: vec![RecordWrite::update(&made, version)], ..Changeset::default() }
    };
    committed(&store, beginning(10, 1)).await;
    assert_eq!(commit(&store, beginning(11, 1)).await, Verdict::Conflict, "another try was quicker");
    assert_eq!(store.transaction(PaymentId::from_number(11)).await.unwrap(), None);
    assert_eq!(store.claim([11; 16]).await.unwrap(), None);
    let same_payment = Changeset { claims: Vec::new(), ..beginning(10, 2) };
    assert_eq!(commit(&store, same_payment).await, Verdict::Conflict, "the payment's id is taken");
    assert_eq!(version(&store, 1).await, Some(2), "and the record is as it was");
    committed(&store, inserting(&payment(12))).await;

    // Many want to begin at once; each names the version it read.
    let tries = (20..36).map(|number| beginning(number, 2)).collect();
    let verdicts = commit_together(&store, tries).await;
    let begun = verdicts.iter().filter(|verdict| **verdict == Verdict::Committed).count();
    assert_eq!((begun, version(&store, 1).await), (1, Some(3)));
}

/// Lists are of one owner and kind, the newest first, in pages, by state and time.
pub async fn lists_the_newest_records_first(store: Arc<dyn Store>) {
    for number in [3, 1, 2, 4] {
        committed(&store, adding(&invoice(number))).await;
    }
    committed(&store, adding(&Invoice { origin: Origin::Link, ..invoice(5) })).await;
    committed(&store, adding(&Invoice { mode: Mode::Dev, ..invoice(6) })).await;
    committed(&store, adding(&Invoice { merchant: MerchantId::from_number(2), ..invoice(7) })).await;
    committed(&store, writing(RecordWrite::update(&paid(&invoice(2)), 1))).await;
    // Made in the same millisecond as 4.
    committed(&store, adding(&Invoice { created_at: at(4), ..invoice(8) })).await;

    let invoices = all(RecordKind::Invoice);
    assert_eq!(listed(&store, invoices.clone()).await, [8, 4, 3, 2, 1]);
    assert_eq!(listed(&store, all(RecordKind::PayLink)).await, [5]);
    assert_eq!(listed(&store, RecordQuery { limit: 2, ..invoices.clone() }).await, [8, 4]);
    assert_eq!(listed(&store, RecordQuery { limit: 2, skip: 3, ..invoices.clone() }).await, [2, 1]);
    assert_eq!(listed(&store, RecordQuery { skip: 5, ..invoices.clone() }).await, [0; 0]);
    let open = RecordQuery { word: Some(Word::Open.text()), ..invoices.clone() };
    assert_eq!(listed(&store, open.clone()).await, [8, 4, 3, 1]);
    let between = RecordQuery { from: at(2), until: at(4), ..invoices.clone() };
    assert_eq!(listed(&store, between.clone()).await, [3, 2]);

    let counted = |query| store.count_records(query);
    assert_eq!(counted(RecordQuery { limit: 1, skip: 9, ..invoices.clone() }).await.unwrap(), 5, "pages aside");
    assert_eq!(counted(open).await.unwrap(), 4);
    assert_eq!(counted(between).await.unwrap(), 2);
    assert_eq!(counted(all(RecordKind::Plan)).await.unwrap(), 0);
}

/// What is due is told by the lane's clock, the longest overdue first.
pub async fn wakes_records_by_the_lanes_clock(store: Arc<dyn Store>) {
    let hour = 3_600_000;
    for number in [3, 1, 2] {
        committed(&store, adding(&invoice(number))).await;
    }
    committed(&store, adding(&Invoice { mode: Mode::Dev, ..invoice(4) })).await;
    committed(&store, writing(RecordWrite::update(&paid(&invoice(2)), 1))).await;

    let due = async |wall: Timestamp, limit| -> Vec<i64> {
        assert_eq!(store.due_records(wall, DueOf::Mail, limit).await.unwrap(), [], "none is an e-mail");
        let due = store.due_records(wall, DueOf::Others, limit).await.unwrap();
        assert!(due.iter().all(|(kind, _)| *kind == RecordKind::Invoice));
        due.iter().map(|(_, id)| id.number()).collect()
    };
    assert_eq!(due(at(hour), 9).await, [0; 0]);
    assert_eq!(due(at(hour + 1), 9).await, [1]);
    assert_eq!(due(at(hour + 60_000), 9).await, [1, 3, 4], "nothing is due of what is paid");
    assert_eq!(due(at(hour + 60_000), 2).await, [1, 3]);
    store.advance_clock(MerchantId::from_number(1), 2 * hour).await.unwrap();
    assert_eq!(due(at(hour - 1), 9).await, [4], "the test clock is ahead");
    assert_eq!(store.clocks().await.unwrap(), [(Lane::Dev(MerchantId::from_number(1)), 2 * hour)]);
}
