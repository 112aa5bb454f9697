//! What every driver must do for the back office: lists over merchants, the outbox as a whole, figures that are the book's.

use std::collections::BTreeMap;
use std::sync::Arc;

use florin_kernel::ledger::chart;
use florin_kernel::payment::{Mode, Payment};
use florin_kernel::routing::ProviderId;
use florin_kernel::{CredentialId, EventId, Kind, MerchantId, PaymentId, Timestamp};

use super::fixtures::{
    announcing, at, capturing, commit, committed, confirming, delivering, event, inserting, later, payment, posting,
    withdrawal,
};
use crate::office::{
    Browse, Class, Cohort, EventBrowse, NodeRow, Order, OutcomeRow, Place, Standing, StatementQuery, SuspenseQuery,
    Tally, TallyQuery,
};
use crate::{Changeset, DeliveryResult, EventState, EventWrite, Store, Verdict};

fn merchant(number: i64) -> MerchantId {
    MerchantId::from_number(number)
}

fn of_merchant(number: i64, merchant_number: i64) -> Payment {
    Payment { merchant: merchant(merchant_number), ..payment(number) }
}

/// Everything of merchants 1 and 2, the newest first.
fn everything() -> Browse {
    Browse {
        mode: Mode::Live,
        merchants: vec![merchant(1), merchant(2)],
        kinds: vec![Kind::Payment, Kind::Withdrawal, Kind::Coin],
        words: Vec::new(),
        from: Timestamp::MIN,
        until: Timestamp::MAX,
        texts: Vec::new(),
        order: Order::NewestFirst,
        beyond: None,
        scan_max: 100,
        limit: 100,
    }
}

async fn ids(store: &Arc<dyn Store>, query: Browse) -> Vec<i64> {
    let page = store.office().browse(query).await.expect("the store is available");
    page.found.iter().map(|found| found.id().number()).collect()
}

/// Several merchants' transactions are one list, either way round, filtered by what rows say and by what documents hold.
pub async fn browses_over_merchants(store: Arc<dyn Store>) {
    for made in [of_merchant(1, 1), of_merchant(2, 2), of_merchant(3, 1), of_merchant(4, 3), of_merchant(5, 2)] {
        committed(&store, inserting(&made)).await;
    }
    committed(&store, inserting(&Payment { mode: Mode::Dev, ..payment(6) })).await;
    committed(&store, inserting(&withdrawal(7))).await;
    committed(&store, capturing(&of_merchant(3, 1)).1).await;

    assert_eq!(ids(&store, everything()).await, [7, 5, 3, 2, 1]);
    assert_eq!(ids(&store, Browse { order: Order::OldestFirst, ..everything() }).await, [1, 2, 3, 5, 7]);
    assert_eq!(ids(&store, Browse { merchants: vec![merchant(2)], ..everything() }).await, [5, 2]);
    assert!(ids(&store, Browse { merchants: Vec::new(), ..everything() }).await.is_empty());
    assert_eq!(ids(&store, Browse { kinds: vec![Kind::Withdrawal], ..everything() }).await, [7]);
    assert_eq!(ids(&store, Browse { words: vec!["captured".into()], ..everything() }).await, [3]);
    assert_eq!(ids(&store, Browse { texts: vec!["\"order-5\"".into()], ..everything() }).await, [5]);
    assert!(
        ids(&store, Browse { texts: vec!["order".into(), "withdrawal-7".into()], ..everything() }).await.is_empty()
    );
    assert_eq!(ids(&store, Browse { from: at(2), until: at(5), ..everything() }).await, [3, 2]);
    assert_eq!(ids(&store, Browse { mode: Mode::Dev, ..everything() }).await, [6]);
}

/// A page ends at its limit or when enough was looked at, and the next one goes on where it ended, either way round.
pub async fn browses_page_by_page(store: Arc<dyn Store>) {
    for number in 1..=9 {
        // Two of the same millisecond follow each other by id.
        let made = Payment { created_at: at(number / 2), ..of_merchant(number, 1 + number % 2) };
        committed(&store, inserting(&made)).await;
    }
    for (order, expected) in
        [(Order::NewestFirst, vec![9, 8, 7, 6, 5, 4, 3, 2, 1]), (Order::OldestFirst, vec![1, 2, 3, 4, 5, 6, 7, 8, 9])]
    {
        for (limit, scan_max) in [(2, 100), (100, 2), (9, 9), (4, 3)] {
            let (mut seen, mut beyond) = (Vec::new(), None);
            loop {
                let query = Browse { order, beyond, limit, scan_max, ..everything() };
                let page = store.office().browse(query).await.unwrap();
                assert!(page.found.len() <= limit as usize && page.scanned <= scan_max);
                seen.extend(page.found.iter().map(|found| found.id().number()));
                if !page.more {
                    break;
                }
                beyond = page.reached;
            }
            assert_eq!(seen, expected, "{order:?} {limit} {scan_max}");
        }
    }
    // Rows that do not fit are looked at, and the page says how far.
    let query = Browse { words: vec!["captured".into()], scan_max: 4, ..everything() };
    let page = store.office().browse(query).await.unwrap();
    assert_eq!((page.found.len(), page.scanned, page.more), (0, 4, true));
    assert_eq!(page.reached, Some(Place { at_ms: at(3).as_millisecond(), id: PaymentId::from_number(6) }));
}

/// What waits for a person is found whatever its age, and counted with all that is open.
pub async fn finds_what_waits_for_a_person(store: Arc<dyn Store>) {
    for number in 1..=3 {
        committed(&store, inserting(&withdrawal(number))).await;
    }
    for number in [1, 3] {
        committed(&store, confirming(&withdrawal(number), -1_000_000).1).await;
    }
    committed(&store, inserting(&payment(4))).await;
    let standing = |word, after: Option<i64>| Standing {
        mode: Mode::Live,
        word,
        after: after.map(PaymentId::from_number),
        limit: 10,
    };
    let found = async |query| {
        let found = store.office().standing(query).await.unwrap();
        found.iter().map(|found| found.id().number()).collect::<Vec<_>>()
    };
    assert_eq!(found(standing("awaiting_approval", None)).await, [1, 3]);
    assert_eq!(found(standing("awaiting_approval", Some(1))).await, [3]);
    assert!(found(Standing { mode: Mode::Dev, ..standing("awaiting_approval", None) }).await.is_empty());
    assert!(found(standing("unknown", None)).await.is_empty());

    let open = store.office().open_words(100).await.unwrap();
    let counts: Vec<_> = open.counts.iter().map(|open| (open.word.as_str(), open.count)).collect();
    // The payment without a session has no time to wake, so it is not open to anybody.
    assert_eq!((counts, open.more), (vec![("awaiting_approval", 2), ("created", 1)], false));
    assert!(store.office().open_words(1).await.unwrap().more);
}

/// Events of all payments are one list, the newest first; what was given up is found whatever its age.
pub async fn browses_events(store: Arc<dyn Store>) {
    let of = |number: i64, credential: i64, endpoint: &str| EventWrite {
        credential: CredentialId::from_number(credential),
        ..event(number, number, endpoint, at(0))
    };
    let events = vec![of(1, 7, "a:443"), of(2, 8, "a:443"), of(3, 7, "b:443"), of(4, 7, "a:443"), of(5, 9, "a:443")];
    committed(&store, announcing(events)).await;
    committed(&store, delivering(1, at(10), DeliveryResult::GivenUp)).await;
    committed(&store, delivering(3, at(20), later(30))).await;
    committed(&store, delivering(3, at(30), DeliveryResult::Delivered)).await;
    let all = || EventBrowse {
        credentials: vec![CredentialId::from_number(7), CredentialId::from_number(8)],
        state: None,
        endpoint: None,
        from: EventId::from_number(0),
        before: EventId::from_number(i64::MAX),
        scan_max: 100,
        limit: 100,
    };
    let found = async |query| {
        let page = store.office().browse_events(query).await.unwrap();
        (page.found.iter().map(|event| event.id.number()).collect::<Vec<_>>(), page.more)
    };
    assert_eq!(found(all()).await, (vec![4, 3, 2, 1], false));
    assert_eq!(found(EventBrowse { state: Some(EventState::GivenUp), ..all() }).await, (vec![1], false));
    assert_eq!(found(EventBrowse { state: Some(EventState::Due), ..all() }).await, (vec![4, 2], false));
    assert_eq!(found(EventBrowse { endpoint: Some("b:443".into()), ..all() }).await, (vec![3], false));
    assert_eq!(found(EventBrowse { limit: 2, ..all() }).await, (vec![4, 3], true));
    assert_eq!(found(EventBrowse { before: EventId::from_number(3), ..all() }).await, (vec![2, 1], false));
    assert_eq!(found(EventBrowse { from: EventId::from_number(3), ..all() }).await, (vec![4, 3], false));
    assert_eq!(found(EventBrowse { scan_max: 2, ..all() }).await, (vec![4], true));

    let attempts = store.office().attempts(2).await.unwrap();
    let told: Vec<_> =
        attempts.iter().map(|made| (made.event.number(), made.endpoint.as_str(), made.delivery.at)).collect();
    assert_eq!(told, [(3, "b:443", at(30)), (3, "b:443", at(20))]);
    let given_up = store.office().given_up(EventId::from_number(0)).await.unwrap();
    assert_eq!(given_up, [(CredentialId::from_number(7), 1)]);
    assert_eq!(store.office().given_up(EventId::from_number(2)).await.unwrap(), []);
    let (one, made) = store.office().event(EventId::from_number(3)).await.unwrap().expect("it was announced");
    assert_eq!((one.id.number(), made.len()), (3, 2));
    assert_eq!(store.office().event(EventId::from_number(9)).await.unwrap(), None);
}

const HOUR: i64 = 3_600_000;

/// What was posted in a time is the sum of its transfers, however much of it is tallied.
pub async fn tallies_what_the_book_says(store: Arc<dyn Store>) {
    // Four days, an hour and a half apart; each posts 10.00 EUR, some give them back.
    for number in 1..=60 {
        let made = Payment { created_at: at(number * 3 * HOUR / 2), ..payment(number) };
        let entries = match number % 4 {
            0 => vec![posting(&made, chart::captured), posting(&made, chart::refunded)],
            1 => vec![posting(&made, chart::authorised)],
            _ => vec![posting(&made, chart::captured)],
        };
        committed(&store, Changeset { entries, ..inserting(&made) }).await;
    }
    let query = TallyQuery { book: Mode::Live, from: at(5 * HOUR), until: at(80 * HOUR) };
    let (from, until) = (query.from.as_millisecond(), query.until.as_millisecond());
    let (from, until) = (from - from % HOUR, until - until % HOUR);
    let expected = |event: &str| {
        let within = |number: &i64| (from..until).contains(&at(number * 3 * HOUR / 2).as_millisecond());
        let posts = |number: &i64| match event {
            "captured" => number % 4 != 1,
            _ => number % 4 == 0,
        };
        (1..=60).filter(within).filter(posts).count() as u64
    };
    let told = async || {
        let tallies = store.office().tallied(query).await.unwrap();
        let mut sums: BTreeMap<String, (u64, i64)> = BTreeMap::new();
        for Tally { event, transfers, amount_minor, .. } in tallies {
            let sum = sums.entry(event).or_default();
            *sum = (sum.0 + transfers, sum.1 + amount_minor);
        }
        sums
    };
    let sums = BTreeMap::from(["captured", "refunded"].map(|event| {
        let count = expected(event);
        (event.to_owned(), (count, 1_000 * i64::try_from(count).unwrap()))
    }));
    assert_eq!(told().await, sums, "nothing is tallied");
    let mut taken = 0;
    loop {
        let step = store.office().tally(7).await.unwrap();
        assert_eq!(told().await, sums, "{taken} transfers are tallied");
        if step == 0 {
            break;
        }
        taken += step;
    }
    assert_eq!(taken, 75);
    assert_eq!(store.office().tallied(TallyQuery { book: Mode::Dev, ..query }).await.unwrap(), []);

    // What comes later belongs to them at once, also to an hour that is tallied.
    let more = Payment { created_at: at(6 * HOUR), ..payment(61) };
    committed(&store, Changeset { entries: vec![posting(&more, chart::captured)], ..inserting(&more) }).await;
    let (count, minor) = sums["captured"];
    assert_eq!(told().await["captured"], (count + 1, minor + 1_000));
    assert_eq!(store.office().tally(100).await.unwrap(), 1);
    assert_eq!(told().await["captured"], (count + 1, minor + 1_000));
}

/// An outcome is counted once, by whoever read last where counting stood; what is left open is looked at again.
pub async fn counts_outcomes_once(store: Arc<dyn Store>) {
    for number in 1..=4 {
        committed(&store, inserting(&payment(number))).await;
    }
    let id = PaymentId::from_number;
    let counting = store.office().uncounted(id(3), id(i64::MIN), 10).await.unwrap();
    let newer: Vec<i64> = counting.newer.iter().map(|found| found.id().number()).collect();
    assert_eq!((counting.through, newer, counting.left.len()), (id(0), vec![1, 2, 3], 0));
    let row = |class, transactions| OutcomeRow {
        start_ms: at(0).as_millisecond() - at(0).as_millisecond() % HOUR,
        merchant: merchant(1),
        is_withdrawal: false,
        provider: Some(ProviderId::new(3)),
        asset: "EUR".into(),
        class,
        transactions,
    };
    let cohort = Cohort {
        after: id(0),
        through: id(3),
        rows: vec![(Mode::Live, row(Class::Approved, 1)), (Mode::Live, row(Class::Declined, 1))],
        opened: vec![id(2)],
        closed: Vec::new(),
    };
    assert!(store.office().count_outcomes(cohort.clone()).await.unwrap());
    assert!(!store.office().count_outcomes(cohort).await.unwrap(), "another process was first");

    let counting = store.office().uncounted(id(9), id(i64::MIN), 10).await.unwrap();
    let newer: Vec<i64> = counting.newer.iter().map(|found| found.id().number()).collect();
    let left: Vec<i64> = counting.left.iter().map(|found| found.id().number()).collect();
    assert_eq!((counting.through, newer, left), (id(3), vec![4], vec![2]));
    assert_eq!(store.office().uncounted(id(9), id(2), 10).await.unwrap().left, []);
    let cohort = Cohort {
        after: id(3),
        through: id(3),
        rows: vec![(Mode::Live, row(Class::Approved, 1))],
        opened: Vec::new(),
        closed: vec![id(2)],
    };
    assert!(store.office().count_outcomes(cohort).await.unwrap());

    let query = TallyQuery { book: Mode::Live, from: at(-24 * HOUR), until: at(48 * HOUR) };
    let (mut rows, through) = store.office().outcomes(query).await.unwrap();
    rows.sort_by_key(|row| row.class);
    let told: Vec<_> = rows.iter().map(|row| (row.class, row.transactions)).collect();
    assert_eq!((told, through), (vec![(Class::Approved, 2), (Class::Declined, 1)], id(3)));
    let (rows, _) = store.office().outcomes(TallyQuery { book: Mode::Dev, ..query }).await.unwrap();
    assert_eq!(rows, []);
    let (rows, _) = store.office().outcomes(TallyQuery { from: at(24 * HOUR), ..query }).await.unwrap();
    assert_eq!(rows, []);
}

/// An account's lines lead from its balance back to nothing, page by page, whatever else is in the book.
pub async fn tells_an_account_line_by_line(store: Arc<dyn Store>) {
    let mut balance = 0;
    for number in 1..=9 {
        let made = Payment { mode: if number == 4 { Mode::Dev } else { Mode::Live }, ..payment(number) };
        let made = if number == 5 { Payment { merchant: merchant(2), ..made } } else { made };
        let event = if number % 3 == 0 { chart::refunded } else { chart::captured };
        committed(&store, Changeset { entries: vec![posting(&made, event)], ..inserting(&made) }).await;
        if number != 4 && number != 5 {
            balance += if number % 3 == 0 { -1_000 } else { 1_000 };
        }
    }
    for (limit, scan_max) in [(100, 100), (2, 100), (100, 2)] {
        let (mut lines, mut beyond) = (Vec::new(), None);
        loop {
            let query = StatementQuery {
                book: Mode::Live,
                account: "merchant:1:available".into(),
                asset: "EUR".into(),
                beyond,
                scan_max,
                limit,
            };
            let page = store.office().statement(query).await.unwrap();
            assert!(page.lines.len() <= limit as usize);
            lines.extend(page.lines);
            if !page.more {
                assert_eq!(page.reached.posted_minor, 0);
                break;
            }
            beyond = Some(page.reached);
        }
        let payments: Vec<i64> = lines.iter().map(|line| line.row.payment.number()).collect();
        assert_eq!(payments, [9, 8, 7, 6, 3, 2, 1], "{limit} {scan_max}");
        assert_eq!(lines[0].posted_minor, balance);
        for pair in lines.windows(2) {
            assert_eq!(pair[0].posted_minor - pair[0].moved_minor, pair[1].posted_minor);
        }
    }
}

/// Money in suspense is found whatever its age.
pub async fn finds_what_is_in_suspense(store: Arc<dyn Store>) {
    for (number, event) in [(1, chart::captured as fn(&_) -> _), (2, chart::late_money), (3, chart::captured)] {
        let made = payment(number);
        committed(&store, Changeset { entries: vec![posting(&made, event)], ..inserting(&made) }).await;
    }
    let made = Payment { mode: Mode::Dev, ..payment(4) };
    committed(&store, Changeset { entries: vec![posting(&made, chart::late_money)], ..inserting(&made) }).await;
    let query = SuspenseQuery { book: Mode::Live, before: None, limit: 10 };
    let found = store.office().suspense(query).await.unwrap();
    assert_eq!(found.iter().map(|row| row.payment.number()).collect::<Vec<_>>(), [2]);
    assert_eq!(found[0].row.credit, "merchant:1:suspense");
    let before = SuspenseQuery { before: Some(found[0].entry), ..query };
    assert_eq!(store.office().suspense(before).await.unwrap(), []);
    assert_eq!(commit(&store, inserting(&payment(5))).await, Verdict::Committed);
    let facts = store.office().database().await.unwrap();
    assert_eq!(facts.version, store.version());
}

/// Processes are told that said they live; those long gone are forgotten.
pub async fn knows_its_nodes(store: Arc<dyn Store>) {
    let node = |node, seen_at| NodeRow { node, version: "1.0".into(), started_at: at(0), seen_at };
    store.office().beat(node(1, at(10))).await.unwrap();
    store.office().beat(node(2, at(20))).await.unwrap();
    store.office().beat(node(1, at(30))).await.unwrap();
    assert_eq!(store.office().nodes().await.unwrap(), [node(1, at(30)), node(2, at(20))]);
    let next_week = at(7 * 24 * HOUR + 25);
    store.office().beat(node(3, next_week)).await.unwrap();
    assert_eq!(store.office().nodes().await.unwrap(), [node(3, next_week), node(1, at(30))]);
}
