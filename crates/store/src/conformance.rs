//! What every driver must do, as tests on a fresh store. A driver runs them with [`conformance_suite!`](crate::conformance_suite).
//!
//! Knows the port only; a driver's own traits (files, locks, full disks) are tested beside the driver.

use std::collections::HashSet;
use std::sync::Arc;

use florin_kernel::ledger::chart::{self, Movement};
use florin_kernel::ledger::{Account, Entry};
use florin_kernel::payment::{Ending, Funds, Mode, Payment, State};
use florin_kernel::ports::Lane;
use florin_kernel::{MerchantId, PaymentId, Transaction};
use tokio::task::JoinSet;

use crate::{
    Answer, Changeset, Claim, ConfigKind, ConfigRow, DeliveryResult, EventState, PaymentWrite, Store, StoreError,
    Verdict,
};

mod answers;
mod audit;
mod chains;
pub mod database;
pub(crate) mod fixtures;
mod lists;
mod office;
mod payers;
mod records;
mod registrations;
mod withdrawals;

pub use answers::{keeps_the_first_answer_of_each_request, keeps_the_form_of_events};
pub use audit::{keeps_an_audit_log, tells_what_was_committed_only};
pub use chains::{
    finds_a_coin_payment_that_lies, finds_coin_payments, follows_chains_by_version, gives_an_address_once,
    turns_a_session_into_coins,
};
pub use lists::lists_in_order_and_pages;
pub use office::{
    browses_events, browses_over_merchants, browses_page_by_page, counts_outcomes_once, finds_what_is_in_suspense,
    finds_what_waits_for_a_person, knows_its_nodes, tallies_what_the_book_says, tells_an_account_line_by_line,
};
pub use payers::finds_a_payers_transactions;
pub use records::{
    changes_records_with_their_payments, keeps_records_by_version, lists_the_newest_records_first,
    wakes_records_by_the_lanes_clock,
};
pub use registrations::{
    keeps_stored_cards, lists_stored_cards, retains_used_cards, rewraps_keys, wipes_deleted_cards,
};
pub use withdrawals::{
    finds_a_withdrawal_that_lies, keeps_withdrawals_beside_payments, lets_ten_of_many_withdrawals_through,
};

use fixtures::{
    announcing, at, capturing, claim, commit, commit_together, committed, delivering, due_events, due_payments, event,
    inserting, later, payment, posting, refunding_above, sleeping,
};

/// Declares a test for every case; `$fresh` is an async function that makes an empty store and what must outlive it, or says why
/// it cannot and gives `None`.
#[macro_export]
macro_rules! conformance_suite {
    ($fresh:path) => {
        $crate::conformance_suite! { $fresh:
            inserts_and_reads_back updates_by_version tells_the_first_claim refuses_a_taken_id harms_no_neighbour
            lets_one_of_many_claim keeps_floors lets_ten_of_many_through_a_floor wakes_by_the_lanes_clock
            sends_events_in_order counts_what_waits skips_busy_endpoints retries_and_gives_up hurries_the_first_event lists_in_order_and_pages
            finds_a_payers_transactions keeps_configuration purges_within_its_limit balances_accounts verifies_a_sound_ledger finds_a_payment_that_lies
            finds_a_withdrawal_that_lies keeps_withdrawals_beside_payments lets_ten_of_many_withdrawals_through
            keeps_the_first_answer_of_each_request keeps_the_form_of_events
            keeps_stored_cards lists_stored_cards wipes_deleted_cards retains_used_cards rewraps_keys
            finds_coin_payments gives_an_address_once turns_a_session_into_coins follows_chains_by_version finds_a_coin_payment_that_lies
            keeps_records_by_version changes_records_with_their_payments lists_the_newest_records_first
            wakes_records_by_the_lanes_clock
            keeps_an_audit_log tells_what_was_committed_only
            browses_over_merchants browses_page_by_page finds_what_waits_for_a_person browses_events
            tallies_what_the_book_says counts_outcomes_once tells_an_account_line_by_line finds_what_is_in_suspense knows_its_nodes
            answers_a_ping_until_closed
        }
    };
    ($fresh:path: $($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let Some((store, _kept)) = $fresh().await else { return };
            $crate::conformance::$case(store).await;
        }
    )*};
}

/// What is inserted is read back, with its answer and its claims.
pub async fn inserts_and_reads_back(store: Arc<dyn Store>) {
    let made = payment(1);
    let answer = Answer { status: 201, body: "{\"id\":1}".to_owned() };
    let first = claim(1, 2, 1);
    let write = PaymentWrite::insert(&made).answered(Some(answer.clone()));
    committed(&store, Changeset { claims: vec![first], payments: vec![write], ..Changeset::default() }).await;

    let stored = store.transaction(made.id).await.unwrap().expect("it was committed");
    assert_eq!((stored.transaction, stored.version, stored.answer), (Transaction::Payment(made), 1, Some(answer)));
    assert_eq!(store.claim([1; 16]).await.unwrap(), Some(first));
    assert_eq!(store.claim([9; 16]).await.unwrap(), None);
    assert_eq!(store.transaction(PaymentId::from_number(9)).await.unwrap(), None);
}

/// An update needs the version it was decided on, and leaves a stored answer unless it brings one.
pub async fn updates_by_version(store: Arc<dyn Store>) {
    let made = payment(1);
    let answer = |status| Some(Answer { status, body: "{}".to_owned() });
    let insert = PaymentWrite::insert(&made).answered(answer(202));
    committed(&store, Changeset { payments: vec![insert], ..Changeset::default() }).await;

    let (captured, capture) = capturing(&made);
    committed(&store, capture.clone()).await;
    let stored = store.transaction(made.id).await.unwrap().unwrap();
    assert_eq!(
        (stored.transaction, stored.version, stored.answer),
        (Transaction::Payment(captured.clone()), 2, answer(202))
    );

    assert_eq!(commit(&store, capture).await, Verdict::Conflict);
    assert_eq!(store.entries(made.id).await.unwrap().len(), 1);

    let again = PaymentWrite::update(&captured, 2).answered(answer(200));
    committed(&store, Changeset { payments: vec![again], ..Changeset::default() }).await;
    let stored = store.transaction(made.id).await.unwrap().unwrap();
    assert_eq!((stored.version, stored.answer), (3, answer(200)));
}

/// The second claim of a key is told what the first one was, and commits nothing.
pub async fn tells_the_first_claim(store: Arc<dyn Store>) {
    let first = claim(1, 2, 1);
    committed(&store, Changeset { claims: vec![first], ..inserting(&payment(1)) }).await;
    let second = Changeset { claims: vec![claim(5, 5, 2), claim(1, 3, 2)], ..inserting(&payment(2)) };
    assert_eq!(commit(&store, second).await, Verdict::Duplicate(first));
    assert_eq!(store.transaction(PaymentId::from_number(2)).await.unwrap(), None);
    assert_eq!(store.claim([5; 16]).await.unwrap(), None, "the claim before the refused one is undone");
}

/// An id is given once.
pub async fn refuses_a_taken_id(store: Arc<dyn Store>) {
    committed(&store, inserting(&payment(1))).await;
    assert_eq!(commit(&store, inserting(&payment(1))).await, Verdict::Conflict);
    assert_eq!(store.transaction(PaymentId::from_number(1)).await.unwrap().unwrap().version, 1);
}

/// Changesets refused before and after their first write, among good ones in the same batch.
pub async fn harms_no_neighbour(store: Arc<dyn Store>) {
    committed(&store, Changeset { claims: vec![claim(1, 1, 1)], ..inserting(&payment(1)) }).await;
    let (_, capture) = capturing(&payment(1));
    let stale = Changeset { payments: vec![PaymentWrite::update(&payment(1), 7)], ..capture };
    let mut changesets = Vec::new();
    let mut expected = Vec::new();
    for number in 10..60 {
        let key = number as u8;
        let good = Changeset { claims: vec![claim(key, 0, number)], ..inserting(&payment(number)) };
        let (changeset, verdict) = match number % 5 {
            0 => (stale.clone(), Verdict::Conflict),
            1 => (Changeset { claims: vec![claim(100 + key, 0, number)], ..stale.clone() }, Verdict::Conflict),
            2 => {
                let claims = vec![claim(100 + key, 0, number), claim(1, 0, number)];
                (Changeset { claims, ..inserting(&payment(number)) }, Verdict::Duplicate(claim(1, 1, 1)))
            }
            _ => (good, Verdict::Committed),
        };
        changesets.push(changeset);
        expected.push(verdict);
    }
    assert_eq!(commit_together(&store, changesets).await, expected);
    for number in 10..60 {
        let good = number % 5 > 2;
        let key = number as u8;
        assert_eq!(
            store.transaction(PaymentId::from_number(number)).await.unwrap().is_some(),
            good,
            "payment {number}"
        );
        assert_eq!(store.claim([key; 16]).await.unwrap().is_some(), good, "claim {key}");
        assert_eq!(store.claim([100 + key; 16]).await.unwrap(), None, "claim {}", 100 + key);
    }
    assert_eq!(store.entries(PaymentId::from_number(1)).await.unwrap(), Vec::new());
}

/// Copies of one request at the same time: one is committed, the others are told of it.
pub async fn lets_one_of_many_claim(store: Arc<dyn Store>) {
    let copies = (1..=64).map(|number| Changeset { claims: vec![claim(1, 1, number)], ..inserting(&payment(number)) });
    let verdicts = commit_together(&store, copies.collect()).await;
    let winner = store.claim([1; 16]).await.unwrap().expect("one was committed");
    for (place, verdict) in verdicts.into_iter().enumerate() {
        let number = place as i64 + 1;
        let won = number == winner.payment.number();
        assert_eq!(verdict, if won { Verdict::Committed } else { Verdict::Duplicate(winner) });
        assert_eq!(store.transaction(PaymentId::from_number(number)).await.unwrap().is_some(), won);
    }
}

/// A floor looks at the balance after the changeset's own entries.
pub async fn keeps_floors(store: Arc<dyn Store>) {
    let made = payment(1);
    let account = Account::MerchantAvailable(made.merchant);
    let below = Verdict::BelowFloor { account, asset: made.asked.asset() };
    committed(&store, inserting(&made)).await;
    assert_eq!(commit(&store, refunding_above(&made, 0)).await, below);
    committed(&store, capturing(&made).1).await;
    assert_eq!(commit(&store, refunding_above(&made, 1)).await, below);
    committed(&store, refunding_above(&made, 0)).await;
    assert_eq!(commit(&store, refunding_above(&made, 0)).await, below);
    committed(&store, refunding_above(&made, -1_000)).await;
}

/// Of many that spend the same balance at once, as many go through as it bears.
pub async fn lets_ten_of_many_through_a_floor(store: Arc<dyn Store>) {
    for number in 1..=10 {
        committed(&store, inserting(&payment(number))).await;
        committed(&store, capturing(&payment(number)).1).await;
    }
    let verdicts = commit_together(&store, vec![refunding_above(&payment(1), 0); 64]).await;
    let through = verdicts.iter().filter(|verdict| **verdict == Verdict::Committed).count();
    assert_eq!(through, 10);
    let available =
        store.balances().await.unwrap().into_iter().find(|balance| balance.account == "merchant:1:available");
    assert_eq!(available.map(|balance| balance.posted_minor), Some(0));
}

/// Payments wake by their lane's clock, the longest overdue first.
pub async fn wakes_by_the_lanes_clock(store: Arc<dyn Store>) {
    let in_test = |number, until| Payment { mode: Mode::Dev, ..sleeping(number, until) };
    for sleeper in [sleeping(1, at(5_000)), sleeping(2, at(4_000)), in_test(3, at(9_000)), payment(4)] {
        committed(&store, inserting(&sleeper)).await;
    }
    assert_eq!(due_payments(&store, at(3_999), 10).await, Vec::<i64>::new());
    assert_eq!(due_payments(&store, at(4_000), 10).await, [2]);
    assert_eq!(due_payments(&store, at(5_000), 10).await, [2, 1]);
    assert_eq!(due_payments(&store, at(5_000), 1).await, [2]);

    let merchant = MerchantId::from_number(1);
    assert_eq!(store.clocks().await.unwrap(), []);
    assert_eq!(store.advance_clock(merchant, 4_000).await.unwrap(), 4_000);
    assert_eq!(store.advance_clock(merchant, 500).await.unwrap(), 4_500);
    assert_eq!(store.clocks().await.unwrap(), [(Lane::Dev(merchant), 4_500)]);
    assert_eq!(due_payments(&store, at(5_000), 10).await, [2, 3, 1], "by its own clock it is 500 ms overdue");

    let awake = PaymentWrite::update(&payment(2), 1);
    committed(&store, Changeset { payments: vec![awake], ..Changeset::default() }).await;
    assert_eq!(due_payments(&store, at(5_000), 10).await, [3, 1]);
}

/// What waits is counted; what is overdue by its lane's clock.
pub async fn counts_what_waits(store: Arc<dyn Store>) {
    let waiting = async |now: i64| {
        let backlog = store.backlog(at(now)).await.unwrap();
        (backlog.commits, backlog.events, backlog.oldest_event_ms, backlog.payments)
    };
    assert_eq!(waiting(9_000).await, (0, 0, 0, 0));
    for number in 1..=3 {
        committed(&store, inserting(&sleeping(number, at(number * 1_000)))).await;
    }
    committed(&store, announcing(vec![event(1, 1, "a:443", at(100)), event(2, 1, "b:443", at(5_000))])).await;
    assert_eq!(waiting(50).await, (0, 2, 0, 0));
    assert_eq!(waiting(2_000).await, (0, 2, 1_900, 2));
    committed(&store, delivering(1, at(2_000), DeliveryResult::Delivered)).await;
    assert_eq!(waiting(2_000).await, (0, 1, 0, 2));
    committed(&store, delivering(2, at(5_500), DeliveryResult::GivenUp)).await;
    assert_eq!(waiting(9_000).await, (0, 0, 0, 3));
}

/// An event waits for the undelivered ones of its payment before it; those of other payments do not.
pub async fn sends_events_in_order(store: Arc<dyn Store>) {
    let events = vec![
        event(1, 1, "a:443", at(100)),
        event(2, 1, "a:443", at(0)),
        event(3, 2, "a:443", at(50)),
        event(4, 2, "a:443", at(60)),
    ];
    committed(&store, announcing(events)).await;
    assert_eq!(due_events(&store, at(99), &[], &[]).await, [3]);
    assert_eq!(due_events(&store, at(100), &[], &[]).await, [3, 1]);
    assert_eq!(
        due_events(&store, at(100), &[], &[3]).await,
        [1],
        "what is in flight still stands before its followers"
    );
    committed(&store, delivering(3, at(100), DeliveryResult::Delivered)).await;
    assert_eq!(due_events(&store, at(100), &[], &[]).await, [4, 1]);
}

/// A slow receiver's events are left out, and hold nobody else up.
pub async fn skips_busy_endpoints(store: Arc<dyn Store>) {
    let mut events: Vec<_> = (1..=30).map(|number| event(number, number, "slow:443", at(0))).collect();
    events.push(event(31, 31, "quick:443", at(5)));
    committed(&store, announcing(events)).await;
    assert_eq!(due_events(&store, at(9), &["slow:443"], &[]).await, [31]);
    assert_eq!(due_events(&store, at(9), &[], &[]).await, (1..=10).collect::<Vec<_>>());
}

/// Attempts are counted and kept; a retry comes when it was set, and a schedule ends.
pub async fn retries_and_gives_up(store: Arc<dyn Store>) {
    committed(&store, announcing(vec![event(1, 1, "a:443", at(0)), event(2, 1, "a:443", at(0))])).await;
    committed(&store, delivering(1, at(10), later(5_000))).await;
    assert_eq!(due_events(&store, at(4_999), &[], &[]).await, Vec::<i64>::new());
    assert_eq!(due_events(&store, at(5_000), &[], &[]).await, [1]);
    committed(&store, delivering(1, at(5_001), DeliveryResult::GivenUp)).await;
    assert_eq!(due_events(&store, at(5_001), &[], &[]).await, [2], "a given-up event holds nobody up");

    let events = store.events(PaymentId::from_number(1)).await.unwrap();
    let (first, attempts) = &events[0];
    assert_eq!((first.attempts, first.state, first.first_at), (2, EventState::GivenUp, at(10)));
    assert_eq!((first.body.as_str(), first.url.as_str()), ("{\"event\":1}", "https://a:443/hook"));
    assert_eq!(attempts.iter().map(|attempt| attempt.at).collect::<Vec<_>>(), [at(10), at(5_001)]);
    assert_eq!((attempts[0].status, attempts[0].latency_ms, attempts[0].note.as_str()), (Some(503), 12, "busy"));
    assert_eq!((events[1].0.attempts, events[1].0.state, events[1].1.len()), (0, EventState::Due, 0));
    assert_eq!(commit(&store, delivering(9, at(0), DeliveryResult::Delivered)).await, Verdict::Conflict);
}

/// A newer event of the same payment makes the first undelivered one due, where its attempt allows that; order stays.
pub async fn hurries_the_first_event(store: Arc<dyn Store>) {
    let hurried = |ms, after| DeliveryResult::Retry { at: at(ms), hurried_after: Some(at(after)) };
    committed(&store, announcing(vec![event(1, 1, "a:443", at(0)), event(2, 2, "a:443", at(0))])).await;
    committed(&store, delivering(1, at(10), hurried(5_000, 10))).await;
    committed(&store, delivering(2, at(10), later(5_000))).await;
    assert_eq!(due_events(&store, at(4_999), &[], &[]).await, Vec::<i64>::new());
    committed(&store, announcing(vec![event(3, 1, "a:443", at(20)), event(4, 2, "a:443", at(20))])).await;
    assert_eq!(due_events(&store, at(19), &[], &[]).await, Vec::<i64>::new());
    assert_eq!(due_events(&store, at(20), &[], &[]).await, [1], "the other's attempts have a fixed interval");
    assert_eq!(due_events(&store, at(20), &[], &[1]).await, Vec::<i64>::new(), "it is under way already");
    assert_eq!(due_events(&store, at(20), &["a:443"], &[]).await, Vec::<i64>::new());
    committed(&store, delivering(1, at(21), hurried(6_000, 21))).await;
    assert_eq!(due_events(&store, at(4_999), &[], &[]).await, Vec::<i64>::new(), "one newer event hurries once");
    committed(&store, announcing(vec![event(5, 1, "a:443", at(30))])).await;
    assert_eq!(due_events(&store, at(6_000), &[], &[]).await, [1, 2], "each once, whatever else makes it due");
    committed(&store, delivering(1, at(6_000), DeliveryResult::Delivered)).await;
    assert_eq!(due_events(&store, at(6_000), &[], &[]).await, [3, 2]);
}

/// Configuration is replaced by kind and id.
pub async fn keeps_configuration(store: Arc<dyn Store>) {
    let row = |kind, id, document: &str| ConfigRow { kind, id, document: document.to_owned() };
    let rows = vec![
        row(ConfigKind::Merchant, 2, "{\"name\":\"b\"}"),
        row(ConfigKind::Merchant, 1, "{\"name\":\"a\"}"),
        row(ConfigKind::Rule, 1, "{}"),
    ];
    store.put_config(rows).await.unwrap();
    store.put_config(vec![row(ConfigKind::Merchant, 2, "{\"name\":\"c\"}")]).await.unwrap();
    let merchants =
        [row(ConfigKind::Merchant, 1, "{\"name\":\"a\"}"), row(ConfigKind::Merchant, 2, "{\"name\":\"c\"}")];
    assert_eq!(store.config(ConfigKind::Merchant).await.unwrap(), merchants);
    assert_eq!(store.config(ConfigKind::Rule).await.unwrap(), [row(ConfigKind::Rule, 1, "{}")]);
    assert_eq!(store.config(ConfigKind::Provider).await.unwrap(), []);

    let added = vec![row(ConfigKind::Rule, 1, "{\"late\":1}"), row(ConfigKind::Rule, 2, "{}")];
    store.add_config(added).await.unwrap();
    let rules = [row(ConfigKind::Rule, 1, "{}"), row(ConfigKind::Rule, 2, "{}")];
    assert_eq!(store.config(ConfigKind::Rule).await.unwrap(), rules, "what is there stays");
}

/// Purging drops old answers, expiring claims and deliveries, never more rows than allowed, and nothing else.
pub async fn purges_within_its_limit(store: Arc<dyn Store>) {
    for number in 1..=3 {
        let answer = Some(Answer { status: 200, body: "{}".to_owned() });
        let key = Claim { expires: true, at: at(number), ..claim(number as u8, 0, number) };
        let reference = Claim { at: at(number), ..claim(100 + number as u8, 0, number) };
        let write = PaymentWrite::insert(&payment(number)).answered(answer);
        let events = vec![event(number, number, "a:443", at(number))];
        let claims = vec![key, reference];
        committed(&store, Changeset { claims, payments: vec![write], events, ..Changeset::default() }).await;
        committed(&store, delivering(number, at(number), DeliveryResult::Delivered)).await;
    }
    let mut purged = Vec::new();
    for _ in 0..4 {
        purged.push(store.purge(at(3), 4).await.unwrap());
    }
    assert_eq!(purged, [4, 2, 0, 0]);
    for number in 1..=3 {
        let kept = number == 3;
        let id = PaymentId::from_number(number);
        let stored = store.transaction(id).await.unwrap().expect("payments are kept");
        assert_eq!((stored.answer.is_some(), stored.version), (kept, 1));
        assert_eq!(store.claim([number as u8; 16]).await.unwrap().is_some(), kept);
        assert!(store.claim([100 + number as u8; 16]).await.unwrap().is_some(), "a reference is never free again");
        assert_eq!(store.events(id).await.unwrap()[0].1.len(), usize::from(kept));
    }
}

/// Balances are credits less debits, by layer, and count entries at once.
pub async fn balances_accounts(store: Arc<dyn Store>) {
    let made = payment(1);
    committed(&store, inserting(&made)).await;
    let captured: fn(&Movement) -> Entry = |movement| chart::captured_from_hold(movement, movement.moved);
    let entries = [chart::authorised, captured, chart::authorised].map(|event| posting(&made, event));
    committed(&store, Changeset { entries: entries.to_vec(), ..Changeset::default() }).await;
    let balances = store.balances().await.unwrap();
    let told: Vec<_> = balances.iter().map(|b| (b.account.as_str(), b.pending_minor, b.posted_minor)).collect();
    assert_eq!(told, [("merchant:1:available", 1_000, 1_000), ("provider:3:clearing", -1_000, -1_000)]);
    assert!(balances.iter().all(|balance| balance.book == "live" && balance.asset == "EUR"));

    let lines = store.entries(made.id).await.unwrap();
    let told: Vec<_> = lines.iter().map(|line| (line.event.as_str(), line.layer.as_str(), line.amount_minor)).collect();
    let of_hold = "captured_from_hold";
    let expected = [
        ("authorised", "pending", 1_000),
        (of_hold, "pending", 1_000),
        (of_hold, "posted", 1_000),
        ("authorised", "pending", 1_000),
    ];
    assert_eq!(told, expected);
    assert_eq!((lines[1].debit.as_str(), lines[1].credit.as_str()), ("merchant:1:available", "provider:3:clearing"));
}

/// A book that agrees with its payments is without fault, whatever has happened to them.
pub async fn verifies_a_sound_ledger(store: Arc<dyn Store>) {
    for number in 1..=40 {
        let made = payment(number);
        committed(&store, inserting(&made)).await;
        let (captured, capture) = capturing(&made);
        if number % 4 == 0 {
            continue;
        }
        committed(&store, capture).await;
        if number % 4 == 1 {
            let State::Funded(funds) = captured.state else { unreachable!("it was captured above") };
            let refunded = Payment { state: State::Funded(Funds { refunded: made.asked, ..funds }), ..captured };
            let payments = vec![PaymentWrite::update(&refunded, 2)];
            committed(&store, Changeset { payments, ..refunding_above(&made, 0) }).await;
        }
    }
    let voided = Payment { state: State::Ended(Ending::Voided), ..payment(50) };
    let entries = [chart::authorised, chart::hold_released, chart::late_money].map(|event| posting(&voided, event));
    committed(&store, Changeset { entries: entries.to_vec(), ..inserting(&voided) }).await;

    let report = store.verify_ledger().await.unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
    assert_eq!((report.payments, report.transfers), (41, 30 + 10 + 3));
}

/// A payment that says more than its entries, and an entry without a payment.
pub async fn finds_a_payment_that_lies(store: Arc<dyn Store>) {
    let made = payment(1);
    committed(&store, inserting(&made)).await;
    let (_, capture) = capturing(&made);
    committed(&store, Changeset { entries: Vec::new(), ..capture }).await;
    let astray = vec![posting(&payment(9), chart::authorised)];
    committed(&store, Changeset { entries: astray, ..Changeset::default() }).await;
    let faults = store.verify_ledger().await.unwrap().faults;
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults.iter().any(|fault| fault.contains("payment 9, which does not exist")), "{faults:?}");
    assert!(faults.iter().any(|fault| fault.starts_with("Payment 1 says 1000 EUR posted")), "{faults:?}");
}

/// A store answers until it is closed, does what was queued before, and refuses what comes later.
pub async fn answers_a_ping_until_closed(store: Arc<dyn Store>) {
    store.ping().await.unwrap();
    let mut tasks = JoinSet::new();
    for number in 1..=20 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.commit(inserting(&payment(number))).await });
    }
    store.close().await;
    let mut answers = HashSet::new();
    while let Some(answer) = tasks.join_next().await {
        answers.insert(match answer.expect("a commit does not panic") {
            Ok(verdict) => format!("{verdict:?}"),
            Err(StoreError::Unavailable(_)) => "Unavailable".to_owned(),
            Err(error) => format!("{error:?}"),
        });
    }
    answers.retain(|answer| answer != "Committed" && answer != "Unavailable");
    assert_eq!(answers, HashSet::new());
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.transaction(PaymentId::from_number(1)).await, Err(StoreError::Unavailable(_))));
}
