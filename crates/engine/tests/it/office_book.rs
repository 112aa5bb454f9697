//! A book of many payments of all sorts, and figures that are its sums, counted in another way.

use std::collections::BTreeMap;
use std::sync::Arc;

use florin_engine::Engine;
use florin_engine::office::{Figure, Period, Scope};
use florin_kernel::payment::{
    Approval, Attempt, CaptureMode, Circumstances, Command, Decline, Effect, Means, Mode, Outcome, Payment, Route, Seq,
    decide,
};
use florin_kernel::routing::{Method, ProviderId};
use florin_kernel::{Asset, MerchantId, Money, PaymentId, Timestamp};
use florin_store::{Changeset, EntryRow, EntryWrite, PaymentWrite, Store, Verdict};
use jiff::SignedDuration;
use tokio::task::JoinSet;

use crate::world::World;

/// Payments are spread over so long before now: more than two periods of thirty days.
const SPREAD: SignedDuration = SignedDuration::from_hours(70 * 24);
const CURRENCIES: [&str; 3] = ["EUR", "USD", "JPY"];
const COMMITS_AT_ONCE: usize = 256;

/// One payment with everything that became of it, written as one changeset.
fn written(blank: &Payment, number: i64, count: i64, now: Timestamp) -> (Changeset, &'static str) {
    let age = SignedDuration::from_millis(SPREAD.as_millis() as i64 * (count - number) / count);
    let at = now - age;
    let asset = Asset::from_code(CURRENCIES[number as usize % 3]).expect("a known asset");
    let mut payment = Payment {
        id: PaymentId::at(at.as_millisecond(), number as u32),
        merchant: MerchantId::from_number(1 + number % 4),
        mode: Mode::Live,
        created_at: at,
        asked: Money::new(100 + number * 7 % 90_000, asset),
        capture: if number % 5 == 0 { CaptureMode::Later } else { CaptureMode::Now },
        ..blank.clone()
    };
    let mut changeset = Changeset::default();
    let mut say = |payment: &mut Payment, command: Command, at: Timestamp| {
        let decision = decide(payment, command, at).expect("it fits");
        for effect in &decision.effects {
            if let Effect::Post(entry) = effect {
                changeset.entries.push(EntryWrite { payment: payment.id, at, entry: entry.clone() });
            }
        }
        *payment = decision.payment;
    };
    let answered =
        |seq, outcome: Outcome| Command::Answered { seq: Seq::new(seq), report: outcome.into(), fallback: None };
    let yes = || Outcome::Approved(Approval::default());
    let provider = 210 + number % 3;
    let route = Route {
        provider: ProviderId::new(provider),
        code: "p".into(),
        name: "P".into(),
        conversion: None,
        trail: None,
    };
    let means = Means::of(Method::Card);
    let attempt = Attempt { route, means, circumstances: Circumstances::default(), amount: None };
    say(&mut payment, Command::Attempt(attempt), at);
    let outcome = match number % 7 {
        0 => Outcome::Declined(Decline::Response("51".into())),
        1 => Outcome::NotSent,
        _ => yes(),
    };
    let class = match number % 7 {
        0 => "declined",
        1 => "failed",
        _ => "approved",
    };
    say(&mut payment, answered(1, outcome), at);
    let later = (at + SignedDuration::from_hours(number % 50)).min(now);
    if class == "approved" {
        let mut seq = 1;
        if number % 5 == 0 {
            let half = Money::new(payment.asked.minor() / 2, asset);
            seq += 1;
            say(&mut payment, Command::Capture(half), later);
            say(&mut payment, answered(seq, yes()), later);
        }
        if number % 4 == 2 {
            seq += 1;
            say(&mut payment, Command::refund(Money::new(20, asset)), later);
            say(&mut payment, answered(seq, yes()), later);
        }
        if number % 11 == 3 && number % 5 != 0 {
            let command =
                Command::ChargedBack { seq: Seq::new(1), moved: Money::new(30, asset), reference: "cb".into() };
            say(&mut payment, command, later);
        }
    }
    changeset.payments = vec![PaymentWrite::insert(&payment)];
    (changeset, class)
}

type Sums = BTreeMap<(&'static str, i64, Figure), i64>;

/// What entries say, by currency, provider and figure; `None` leaves out nobody's.
fn sums(entries: &[EntryRow], merchant: Option<i64>, from: Timestamp, until: Timestamp, sums: &mut Sums) {
    for entry in entries.iter().filter(|entry| entry.layer == "posted" && entry.at >= from && entry.at < until) {
        let figure = match entry.event.as_str() {
            "captured" | "captured_from_hold" => Figure::Captured,
            "refunded" => Figure::Refunded,
            "charged_back" => Figure::ChargedBack,
            other => panic!("{other} is not made here"),
        };
        let (own, other) =
            if figure == Figure::Captured { (&entry.credit, &entry.debit) } else { (&entry.debit, &entry.credit) };
        if merchant.is_some_and(|merchant| *own != format!("merchant:{merchant}:available")) {
            continue;
        }
        let provider = other.split(':').nth(1).and_then(|number| number.parse().ok()).expect("a provider's account");
        let asset = Asset::from_code(&entry.asset).expect("a known asset").code();
        *sums.entry((asset, provider, figure)).or_default() += entry.amount_minor;
    }
}

async fn fill(store: &Arc<dyn Store>, blank: &Payment, count: i64, now: Timestamp) -> (Vec<PaymentId>, [u64; 3]) {
    let (mut ids, mut classes) = (Vec::new(), [0; 3]);
    let mut commits = JoinSet::new();
    for number in 1..=count {
        let (changeset, class) = written(blank, number, count, now);
        ids.push(changeset.payments[0].payment());
        classes[["approved", "declined", "failed"].iter().position(|known| *known == class).expect("a class")] += 1;
        if commits.len() == COMMITS_AT_ONCE {
            commits.join_next().await;
        }
        let store = store.clone();
        commits.spawn(async move {
            assert_eq!(store.commit(changeset).await.expect("the store answers"), Verdict::Committed);
        });
    }
    while let Some(done) = commits.join_next().await {
        done.expect("committed");
    }
    (ids, classes)
}

async fn told(engine: &Engine, merchant: Option<i64>, period: Period) -> (Sums, Timestamp, Timestamp) {
    let scope = Scope { mode: Mode::Live, merchant: merchant.map(MerchantId::from_number) };
    let overview = engine.office_overview(scope, period).await.expect("the store answers");
    let mut told = Sums::new();
    for side in &overview.by_provider {
        let provider = side.provider.expect("all came through one").number();
        for figure in [Figure::Captured, Figure::Refunded, Figure::ChargedBack] {
            told.insert((side.asset.code(), provider, figure), side.now.of(figure).minor);
        }
    }
    told.retain(|_, minor| *minor != 0);
    // By currency it is the same money.
    for side in &overview.by_currency {
        for figure in [Figure::Captured, Figure::Refunded, Figure::ChargedBack] {
            let parts = told.iter().filter(|((asset, _, of), _)| *asset == side.asset.code() && *of == figure);
            assert_eq!(side.now.of(figure).minor, parts.map(|(_, minor)| minor).sum::<i64>());
        }
    }
    let by_step: i64 = overview.by_step.iter().map(|(_, _, figures)| figures.of(Figure::Captured).minor).sum();
    let captured = told.iter().filter(|((_, _, figure), _)| *figure == Figure::Captured);
    assert_eq!(by_step, captured.map(|(_, minor)| minor).sum::<i64>());
    (told, overview.from, overview.until)
}

/// Each hour of a day tells what was captured in it.
async fn hours_are_told(engine: &Engine, merchant: Option<i64>, entries: &[EntryRow]) {
    let scope = Scope { mode: Mode::Live, merchant: merchant.map(MerchantId::from_number) };
    let overview = engine.office_overview(scope, Period::Day).await.expect("the store answers");
    for (start, asset, figures) in &overview.by_step {
        let mut expected = Sums::new();
        sums(entries, merchant, *start, *start + SignedDuration::from_hours(1), &mut expected);
        let captured =
            expected.iter().filter(|((code, _, figure), _)| *code == asset.code() && *figure == Figure::Captured);
        assert_eq!(figures.of(Figure::Captured).minor, captured.map(|(_, minor)| minor).sum::<i64>(), "{start}");
    }
}

async fn figures_are_sums(count: i64) {
    let world = World::start().await;
    let store = world.store();
    let now = Timestamp::now();
    let blank = world.new_payment(crate::world::eur("1.00"), CaptureMode::Now);
    let (ids, classes) = fill(&store, &blank, count, now).await;
    let mut entries = Vec::new();
    for id in &ids {
        entries.extend(store.entries(*id).await.expect("the store answers"));
    }
    // Nothing counted yet, half of it, all of it: the figures are the same.
    for step in 0..3 {
        match step {
            0 => {}
            1 => drop(store.office().tally(u32::try_from(entries.len() / 2).expect("a small number")).await),
            _ => {
                let counted = world.engine.office_count(PaymentId::from_number(i64::MAX)).await.expect("counted");
                assert_eq!(counted.transactions, count.unsigned_abs());
            }
        }
        for merchant in [None, Some(2)] {
            hours_are_told(&world.engine, merchant, &entries).await;
            for period in [Period::Day, Period::Week, Period::Month] {
                let (told, from, until) = told(&world.engine, merchant, period).await;
                let mut expected = Sums::new();
                sums(&entries, merchant, from, until, &mut expected);
                assert_eq!(told, expected, "{merchant:?} {period:?} in step {step}");
            }
        }
    }
    let everybody = Scope { mode: Mode::Live, merchant: None };
    let accounts = world.engine.office_accounts(everybody).await.expect("the store answers");
    let moved = |account: &str, asset: &str| {
        let own = entries.iter().filter(|entry| entry.layer == "posted" && entry.asset == asset);
        own.map(|entry| match account {
            _ if entry.credit == account => entry.amount_minor,
            _ if entry.debit == account => -entry.amount_minor,
            _ => 0,
        })
        .sum::<i64>()
    };
    for account in &accounts {
        assert_eq!(account.posted_minor, moved(&account.account, &account.asset), "{account:?}");
    }
    assert!(world.engine.office_trial_balance(Mode::Live).await.unwrap().iter().all(|asset| asset.balances()));
    // Of a merchant's payments as many as were made ended so; rates are counted by the hour of their making.
    let overview = world.engine.office_overview(everybody, Period::Month).await.unwrap();
    let (rates, before) = overview.rates;
    let older = ids.iter().zip(1..).filter(|(id, _)| {
        let made_at = id.number() >> 21;
        made_at < 2 * overview.from.as_millisecond() - overview.until.as_millisecond()
    });
    let mut counted = [0; 3];
    for (_, number) in older {
        let number: i64 = number;
        counted[match number % 7 {
            0 => 1,
            1 => 2,
            _ => 0,
        }] += 1;
    }
    let told = [
        rates.approved + before.approved + counted[0],
        rates.declined + before.declined + counted[1],
        rates.failed + before.failed + counted[2],
    ];
    assert_eq!(told, classes);
}

/// On 3,000 payments; `FLORIN_TEST_BOOK=100000` takes a large book, which is quick in a release build.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_are_the_books_sums() {
    let payments = std::env::var("FLORIN_TEST_BOOK").ok().and_then(|number| number.parse().ok());
    figures_are_sums(payments.unwrap_or(3_000)).await;
}
