use super::{Book, unordered};
use crate::simulator::book::Opened;
use crate::simulator::entry::{Entry, Letter, Standing, Topic};
use crate::simulator::tests::shared::Schema;
use crate::simulator::tests::{NOON, sale};
use crate::simulator::triggers::Verdict;
use florin_kernel::payment::{AuthenticationFailure, Decline};

#[tokio::test]
async fn entries_come_back_as_they_were() {
    comes_back_as_it_was(&Book::in_memory().expect("a book")).await;
    if let Some(schema) = Schema::fresh().await {
        comes_back_as_it_was(&schema.book()).await;
    }
}

/// What is written is read back, whatever the standing.
async fn comes_back_as_it_was(book: &Book) {
    let declined = |code: &str| Standing::Declined(Decline::Response(code.into()));
    let standings = [
        Standing::Approved,
        declined("05"),
        Standing::Declined(Decline::Authentication(AuthenticationFailure::Technical)),
        Standing::Declined(Decline::Authentication(AuthenticationFailure::NotAuthenticated)),
        Standing::Declined(Decline::Authentication(AuthenticationFailure::ChallengeFailed)),
        Standing::Declined(Decline::Provider),
        Standing::Declined(Decline::Risk),
        Standing::Cancelled,
        Standing::NeedsPayer,
        Standing::Pending { until: NOON, then: Verdict::Approved },
        Standing::Pending { until: NOON, then: Verdict::Declined("05".into()) },
    ];
    for (number, standing) in standings.into_iter().enumerate() {
        let entry = Entry::new(&sale(&number.to_string(), "10.00 EUR"), standing, None, NOON);
        let opened = book.open_entry(entry.clone(), Vec::new()).await.expect("written");
        assert!(matches!(opened, Opened::Fresh(_)), "{opened:?}");
        assert_eq!(book.find(&entry.reference).await.expect("read"), Some(entry));
    }
}

#[tokio::test]
async fn references_of_one_place_are_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let order = || -> super::Order { Box::new(|text| text.len() as i64) };
    let path = folder.path().join("simulator.db");
    {
        let book = Book::open(&path, order()).expect("a new book");
        for (reference, amount) in [("b", "1.00 EUR"), ("a", "2.00 EUR"), ("later", "3.00 EUR")] {
            let entry = Entry::new(&sale(reference, amount), Standing::Approved, None, NOON);
            assert!(matches!(book.open_entry(entry.clone(), Vec::new()).await.expect("written"), Opened::Fresh(_)));
            assert!(matches!(book.open_entry(entry, Vec::new()).await.expect("read"), Opened::Known(_)));
        }
    }
    let book = Book::open(&path, order()).expect("the same book");
    for (reference, minor) in [("a", 200), ("b", 100), ("later", 300)] {
        assert_eq!(book.find(reference).await.expect("read").map(|entry| entry.amount.minor()), Some(minor));
        assert_eq!(book.attempts(reference).await.expect("read"), 2);
    }
    assert_eq!(book.find("c").await.expect("read"), None);
}

#[tokio::test]
async fn letters_go_one_by_one() {
    goes_one_by_one(&Book::in_memory().expect("a book")).await;
    if let Some(schema) = Schema::fresh().await {
        goes_one_by_one(&schema.book()).await;
    }
}

async fn goes_one_by_one(book: &Book) {
    let entry = Entry::new(&sale("a", "10.00 EUR"), Standing::Approved, None, NOON);
    let letter = Letter { topic: Topic::Outcome, due: NOON, times: 2 };
    book.open_entry(entry.clone(), vec![letter]).await.expect("written");
    book.open_entry(entry.clone(), vec![letter]).await.expect("read");
    for left in [2, 1] {
        assert_eq!(book.references_due(entry.lane, NOON).await.expect("read"), ["a"]);
        let due = book.letters_due("a", NOON).await.expect("read");
        assert_eq!(due.iter().map(|waiting| waiting.left).collect::<Vec<_>>(), [left], "a repeat adds no letter");
        book.letter_taken(due[0].id).await.expect("written");
    }
    assert!(book.lanes_waiting().await.expect("read").is_empty());
}

#[test]
fn what_is_no_book_is_refused() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), [7; 8192]).expect("written");
    assert!(Book::open(file.path(), unordered()).is_err());
}

#[tokio::test]
async fn a_callback_is_left_to_the_one_who_takes_it_up() {
    let Some(schema) = Schema::fresh().await else { return };
    let (first, second) = (schema.book(), schema.book());
    let entry = Entry::new(&sale("a", "10.00 EUR"), Standing::Approved, None, NOON);
    let letter = Letter { topic: Topic::Outcome, due: NOON, times: 1 };
    first.open_entry(entry.clone(), vec![letter]).await.expect("written");
    assert!(second.references_due(entry.lane, NOON).await.expect("read").is_empty(), "the writer sends it");
    assert!(second.letters_due("a", NOON).await.expect("read").is_empty());
    assert_eq!(first.references_due(entry.lane, NOON).await.expect("read"), ["a"]);
    let id = first.letters_due("a", NOON).await.expect("read")[0].id;
    first.letter_put_off(id, NOON).await.expect("written");
    assert_eq!(second.references_due(entry.lane, NOON).await.expect("read"), ["a"], "put off, it is anybody's");
    assert!(first.references_due(entry.lane, NOON).await.expect("read").is_empty());
}
