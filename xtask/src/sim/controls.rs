//! Negative controls: which suite notices which planted defect. The suites themselves are run without a defect, too.
//!
//! Most defects are noticed by the simulation. Those of the SQLite driver itself have small suites of their own here,
//! because a store in memory has no queue and no disk.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use florin_kernel::ledger::Account;
use florin_kernel::ledger::chart::{self, Movement};
use florin_kernel::payment::{CaptureMode, Details, Dialect, Mode, Payment, Retry, State, Times};
use florin_kernel::routing::ProviderId;
use florin_kernel::sabotage::Defect;
use florin_kernel::{Asset, MerchantId, Money, PaymentId, Timestamp};
use florin_store::sqlite::{SqliteSettings, SqliteStore};
use florin_store::{Changeset, EntryWrite, Floor, PaymentWrite, Store, StoreError, Verdict};

use super::store::at_once;
use super::world::{StoreKind, play};

/// What notices a defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// Seeded histories.
    Simulation,
    /// What SQLite acknowledged is there after the database was opened again, a full disk or not.
    Durability,
    /// A full commit queue refuses.
    Overload,
    /// Debits are credits, also in the rollups.
    Rollups,
}

/// Histories that the simulation has to notice a defect in.
const SEEDS: std::ops::Range<u64> = 0..60;

impl Suite {
    /// The suite that must notice a defect.
    pub fn against(defect: Defect) -> Suite {
        match defect {
            Defect::BlindRetry
            | Defect::SelectThenInsert
            | Defect::LastCallbackWins
            | Defect::CascadeWhileUnknown
            | Defect::MissingMerchantCheck
            | Defect::RefundBoundUnchecked
            | Defect::EventOutsideCommit
            | Defect::WallClockInTimer
            | Defect::DoubleResolutionOfHold
            | Defect::TryBesideTry
            | Defect::CreditBeforeConfirmations
            | Defect::ReversalNotBooked => Suite::Simulation,
            Defect::AcknowledgeBeforeCommit => Suite::Durability,
            Defect::UnboundedQueue => Suite::Overload,
            Defect::UnbalancedEntry => Suite::Rollups,
        }
    }

    /// Runs it; the first thing that is wrong, if anything is.
    pub fn first_fault(self) -> Option<String> {
        match self {
            Suite::Simulation => SEEDS.into_iter().find_map(|seed| {
                let fault = play(seed, StoreKind::Memory).faults.into_iter().next()?;
                Some(format!("seed {seed}: {fault}"))
            }),
            Suite::Durability => acknowledged_and_lost(),
            Suite::Overload => taken_above_the_bound(),
            Suite::Rollups => a_book_out_of_balance(),
        }
    }
}

/// Commits until the disk is full, opens the database again, and looks for everything acknowledged.
fn acknowledged_and_lost() -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder for the database");
    let file = folder.path().join("florin.db");
    let settings = SqliteSettings { pages_max: Some(80), ..SqliteSettings::default() };
    let store = SqliteStore::open(&file, settings).expect("a new database");
    let mut acknowledged = Vec::new();
    for number in 1..=40 {
        let mut made = payment(number);
        made.details.reference = "x".repeat(10_000);
        let insert = Changeset { payments: vec![PaymentWrite::insert(&made)], ..Changeset::default() };
        if let Ok(Verdict::Committed) = at_once(store.commit(insert)) {
            acknowledged.push(made.id);
        }
    }
    at_once(store.close());
    let store = SqliteStore::open(&file, SqliteSettings::default()).expect("the database is whole");
    let lost = acknowledged.iter().find(|id| !matches!(at_once(store.transaction(**id)), Ok(Some(_))));
    let full = acknowledged.len() < 40;
    match (lost, full) {
        (Some(id), _) => Some(format!("{id} was acknowledged and is lost")),
        (None, false) => Some("the disk never was full".to_owned()),
        (None, true) => None,
    }
}

/// Holds the writer up and counts how many commits are let in.
fn taken_above_the_bound() -> Option<String> {
    const QUEUE_MAX: usize = 8;
    let folder = tempfile::tempdir().expect("a folder for the database");
    let settings = SqliteSettings { queue_max: QUEUE_MAX, batch_max: 1, ..SqliteSettings::default() };
    let file = folder.path().join("florin.db");
    let store = Arc::new(SqliteStore::open(&file, settings).expect("a new database"));
    // Orders are queued when they are first polled; the writer takes them out one commit at a time.
    let mut waiting: Vec<_> = (1..=400)
        .map(|number| {
            let insert = Changeset { payments: vec![PaymentWrite::insert(&payment(number))], ..Changeset::default() };
            Box::pin(async { store.commit(insert).await })
        })
        .collect();
    let mut refused = 0;
    waiting.retain_mut(|commit| match commit.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Err(StoreError::Overloaded)) => {
            refused += 1;
            false
        }
        Poll::Ready(_) => false,
        Poll::Pending => true,
    });
    for commit in waiting {
        _ = at_once(commit);
    }
    (refused == 0).then(|| format!("400 commits at once were let into a queue for {QUEUE_MAX}"))
}

/// Rolls up on purpose, then verifies the book.
fn a_book_out_of_balance() -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder for the database");
    let file = folder.path().join("florin.db");
    let store = SqliteStore::open(&file, SqliteSettings::default()).expect("a new database");
    for number in 1..=3 {
        let made = payment(number);
        let late = chart::late_money(&movement(&made));
        let account = Account::Suspense(made.merchant);
        let changeset = Changeset {
            payments: vec![PaymentWrite::insert(&made)],
            entries: vec![EntryWrite { payment: made.id, at: made.created_at, entry: late }],
            // A floor is looked at in the rollups, so that they are made.
            floors: vec![Floor { book: made.mode, account, minimum: Money::zero(made.asked.asset()) }],
            ..Changeset::default()
        };
        if !matches!(at_once(store.commit(changeset)), Ok(Verdict::Committed)) {
            return Some("a good entry was refused".to_owned());
        }
    }
    at_once(store.verify_ledger()).expect("the database can be read").faults.into_iter().next()
}

fn movement(payment: &Payment) -> Movement {
    Movement {
        book: payment.mode,
        merchant: payment.merchant,
        provider: ProviderId::new(11),
        credited: payment.asked,
        moved: payment.asked,
    }
}

fn payment(number: i64) -> Payment {
    Payment {
        id: PaymentId::from_number(number),
        merchant: MerchantId::from_number(1),
        mode: Mode::Live,
        dialect: Dialect::Cashier,
        created_at: Timestamp::from_millisecond(1_800_000_000_000 + number).expect("the year 2027"),
        asked: Money::new(1_000, Asset::from_code("EUR").expect("the euro is a currency")),
        capture: CaptureMode::Now,
        retry: Retry::Never,
        times: Times::default(),
        state: State::Created,
        operations: Vec::new(),
        chargebacks: Vec::new(),
        announced: None,
        details: Details::default(),
    }
}
