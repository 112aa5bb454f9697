//! The back office on a full book: first pages, filters, search, figures; and that the figures are the book's.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use florin_engine::clock::{Clocks, random_node};
use florin_engine::keys::MasterKey;
use florin_engine::mail::Mailers;
use florin_engine::office::{
    Ask, Cursor, Direction, Figure, Filter, Order, Period, Place, Scope, StatementQuery, Summary,
};
use florin_engine::outgoing::{Guard, Outgoing};
use florin_engine::vault::Vault;
use florin_engine::vault::keys::VaultKeys;
use florin_engine::{CoinPorts, Engine, Parts};
use florin_kernel::payment::Mode;
use florin_kernel::public_id::Reference;
use florin_kernel::{Asset, MerchantId, Money, PaymentId};
use florin_store::Store;
use florin_store::sqlite::{SqliteSettings, SqliteStore};

use super::latency::Latencies;
use super::store;
use crate::Fallible;

/// How often each question is asked.
const TIMES: usize = 30;
/// Lines of a page.
const LINES: u32 = 50;
const SCOPE: Scope = Scope { mode: Mode::Dev, merchant: Some(MerchantId::from_number(1)) };

/// What was measured.
pub struct Measured {
    pub payments: u64,
    /// What counting all of them took.
    pub counted_in: Duration,
    /// Questions with what their answers took.
    pub questions: Vec<(&'static str, Latencies)>,
}

/// Fills a file with payments, counts them and asks.
///
/// # Errors
/// The file cannot be filled, a question is not answered, or a figure is not the book's.
pub fn measure(folder: &Path, payments: u64) -> Fallible<Measured> {
    std::fs::create_dir_all(folder)?;
    let database = folder.join("florin.db");
    eprintln!("bench: filling the file with {payments} payments");
    store::fill(&database, payments)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&database, SqliteSettings::default())?);
        let engine = engine(store.clone()).await?;
        eprintln!("bench: counting them");
        let begin = Instant::now();
        let counted = engine.office_count(PaymentId::from_number(i64::MAX)).await?;
        let counted_in = begin.elapsed();
        if counted.transactions != payments {
            return Err(format!("{} of {payments} payments were counted", counted.transactions).into());
        }
        figures_are_the_books(&engine).await?;
        eprintln!("bench: asking");
        let questions = ask(&engine).await?;
        store.close().await;
        Ok(Measured { payments, counted_in, questions })
    })
}

async fn engine(store: Arc<dyn Store>) -> Fallible<Arc<Engine>> {
    let parts = Parts {
        store,
        master_key: MasterKey::generate(),
        vault: Vault::fixed(VaultKeys::generate()),
        clocks: Arc::new(Clocks::default()),
        providers: Vec::new(),
        announcers: Vec::new(),
        coins: CoinPorts::default(),
        correspondents: Vec::new(),
        mailers: Mailers::default(),
        courier: Arc::new(Outgoing::new(Guard::default())),
        guard: Guard::default(),
        node: random_node(),
        public_url: "http://127.0.0.1".to_owned(),
    };
    Ok(Engine::new(parts).await?)
}

/// All payments are of the last days and nothing was given back: what was captured is what the account has.
async fn figures_are_the_books(engine: &Arc<Engine>) -> Fallible<()> {
    let overview = engine.office_overview(SCOPE, Period::Month).await?;
    let accounts = engine.office_accounts(SCOPE).await?;
    let available: i64 =
        accounts.iter().filter(|account| account.account == "merchant:1:available").map(|a| a.posted_minor).sum();
    let captured: i64 = overview.by_currency.iter().map(|side| side.now.of(Figure::Captured).minor).sum();
    if captured != available {
        return Err(format!("the overview says {captured} was captured, the account has {available}").into());
    }
    match engine.office_trial_balance(Mode::Dev).await?.iter().all(|asset| asset.balances()) {
        true => Ok(()),
        false => Err("the book does not balance".into()),
    }
}

async fn ask(engine: &Arc<Engine>) -> Fallible<Vec<(&'static str, Latencies)>> {
    let page = |ask: Ask| {
        let engine = engine.clone();
        move || {
            let (engine, ask) = (engine.clone(), ask.clone());
            async move { engine.office_transactions(SCOPE, &ask).await.map(|page| page.rows.len()) }
        }
    };
    let euro = Asset::from_code("EUR").ok_or("the euro is known")?;
    let first = engine.office_transactions(SCOPE, &Ask::first(Filter::default(), LINES)).await?;
    let oldest = Ask { order: Order::OldestFirst, ..Ask::first(Filter::default(), LINES) };
    let oldest = engine.office_transactions(SCOPE, &oldest).await?;
    let (newest, oldest) = (first.rows.first().ok_or("no payment")?, oldest.rows.first().ok_or("no payment")?);
    let middle = Place { at_ms: i64::midpoint(newest.place().at_ms, oldest.place().at_ms), id: oldest.id };
    let deep = Ask { from: Some(Cursor(middle)), ..Ask::first(Filter::default(), LINES) };
    let back = Ask { direction: Direction::Back, ..deep.clone() };
    let filtered = |filter| Ask::first(filter, LINES);
    let rare = Filter { words: vec!["declined".to_owned()], ..Filter::default() };
    let amounts = Filter { least: Some(Money::new(1_000_000, euro)), ..Filter::default() };
    let days = Filter { from: Some(oldest.created_at), until: Some(middle_time(middle)?), ..Filter::default() };
    let printed = engine.codec().base36(Reference { payment: oldest.id, sequence: 0 });
    let mut questions = vec![
        ("first page", timed(page(filtered(Filter::default()))).await?),
        ("a page in the middle", timed(page(deep)).await?),
        ("the page before it", timed(page(back)).await?),
        ("first page of an older time", timed(page(filtered(days))).await?),
        ("first page by a word that nobody has, 20,000 rows looked at", timed(page(filtered(rare))).await?),
        ("first page above an amount that nobody has, 3,000 rows read", timed(page(filtered(amounts))).await?),
        ("search by id", timed(|| search(engine, printed.clone())).await?),
        ("search by a recent reference", timed(|| search(engine, newest.reference.clone())).await?),
        ("a payment with its timeline", timed(|| timeline(engine, oldest)).await?),
    ];
    for (name, period) in [("overview, a day", Period::Day), ("overview, 30 days", Period::Month)] {
        questions.push((name, timed(|| overview(engine, period)).await?));
    }
    questions.push(("accounts with balances", timed(|| accounts(engine)).await?));
    questions.push(("first page of an account", timed(|| statement(engine)).await?));
    questions.push(("stuck transactions", timed(|| stuck(engine)).await?));
    Ok(questions)
}

fn middle_time(place: Place) -> Fallible<florin_kernel::Timestamp> {
    Ok(florin_kernel::Timestamp::from_millisecond(place.at_ms)?)
}

type Answered = Result<usize, florin_engine::StoreError>;

async fn search(engine: &Arc<Engine>, text: String) -> Answered {
    engine.office_search(SCOPE, &text).await.map(|found| found.rows.len())
}

async fn timeline(engine: &Arc<Engine>, row: &Summary) -> Answered {
    engine.office_timeline(SCOPE, row.id).await.map(|found| found.map_or(0, |(_, steps)| steps.len()))
}

async fn overview(engine: &Arc<Engine>, period: Period) -> Answered {
    engine.office_overview(SCOPE, period).await.map(|overview| overview.by_currency.len())
}

async fn accounts(engine: &Arc<Engine>) -> Answered {
    engine.office_accounts(SCOPE).await.map(|accounts| accounts.len())
}

async fn statement(engine: &Arc<Engine>) -> Answered {
    let query = StatementQuery {
        book: Mode::Dev,
        account: "merchant:1:available".to_owned(),
        asset: "EUR".to_owned(),
        beyond: None,
        scan_max: 20_000,
        limit: LINES,
    };
    engine.office_statement(SCOPE, query).await.map(|page| page.map_or(0, |page| page.lines.len()))
}

async fn stuck(engine: &Arc<Engine>) -> Answered {
    engine.office_stuck(SCOPE, LINES).await.map(|stuck| stuck.rows.len())
}

async fn timed<F: Future<Output = Answered>>(question: impl Fn() -> F) -> Fallible<Latencies> {
    let mut latencies = Latencies::default();
    for _ in 0..TIMES {
        let begin = Instant::now();
        question().await?;
        latencies.add(begin.elapsed());
    }
    Ok(latencies)
}
