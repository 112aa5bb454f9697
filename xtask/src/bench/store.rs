//! The store alone: the same two changesets a payment as over HTTP, without HTTP, engine and provider.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use florin_kernel::Timestamp;
use florin_store::sqlite::{SqliteSettings, SqliteStore};
use florin_store::{Changeset, Store, Verdict};

use super::payments;
use crate::Fallible;

/// Payments that are under way at once.
const SUBMITTERS: usize = 256;
const WARM_UP: Duration = Duration::from_secs(2);

/// What was measured.
pub struct Measured {
    pub payments: u64,
    pub time: Duration,
}

/// Payments a second that the store takes from [`SUBMITTERS`] submitters.
///
/// # Errors
/// The store refuses a changeset.
pub fn ceiling(folder: &Path, seconds: u64) -> Fallible<Measured> {
    std::fs::create_dir_all(folder)?;
    runtime()?.block_on(async {
        let store = Arc::new(SqliteStore::open(&folder.join("florin.db"), SqliteSettings::default())?);
        let (next, counted) = (Arc::new(AtomicU64::new(1)), Arc::new(AtomicU64::new(0)));
        let begin = Instant::now() + WARM_UP;
        let end = begin + Duration::from_secs(seconds);
        let submitters: Vec<_> = (0..SUBMITTERS)
            .map(|_| {
                let (store, next, counted) = (store.clone(), next.clone(), counted.clone());
                tokio::spawn(async move {
                    while Instant::now() < end {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        pay(&store, number).await?;
                        if Instant::now() >= begin {
                            counted.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    Ok::<(), String>(())
                })
            })
            .collect();
        for submitter in submitters {
            submitter.await??;
        }
        let time = begin.elapsed();
        store.close().await;
        Ok(Measured { payments: counted.load(Ordering::Relaxed), time })
    })
}

/// Writes `count` finished payments into the database at `path`, created over the last days.
///
/// # Errors
/// The store refuses a changeset.
pub fn fill(path: &Path, count: u64) -> Fallible<()> {
    const SPREAD_MS: i64 = 10 * 24 * 3600 * 1000;
    let now_ms = Timestamp::now().as_millisecond();
    runtime()?.block_on(async {
        let store = Arc::new(SqliteStore::open(path, SqliteSettings::default())?);
        let next = Arc::new(AtomicU64::new(0));
        let submitters: Vec<_> = (0..2 * SUBMITTERS)
            .map(|_| {
                let (store, next) = (store.clone(), next.clone());
                tokio::spawn(async move {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= count {
                            return Ok::<(), String>(());
                        }
                        let age_ms = SPREAD_MS * (count - number) as i64 / count as i64;
                        let at = Timestamp::from_millisecond(now_ms - age_ms).map_err(|error| error.to_string())?;
                        let tried = payments::attempted(&payments::fresh(number, at), at);
                        let paid = payments::approved(&tried.payment, at);
                        commit(&store, payments::insertion(&paid, number)).await?;
                    }
                })
            })
            .collect();
        for submitter in submitters {
            submitter.await??;
        }
        store.close().await;
        Ok(())
    })
}

async fn pay(store: &SqliteStore, number: u64) -> Result<(), String> {
    let now = Timestamp::now();
    let tried = payments::attempted(&payments::fresh(number, now), now);
    commit(store, payments::insertion(&tried, number)).await?;
    let paid = payments::approved(&tried.payment, now);
    commit(store, payments::completion(&paid)).await
}

async fn commit(store: &SqliteStore, changeset: Changeset) -> Result<(), String> {
    match store.commit(changeset).await {
        Ok(Verdict::Committed) => Ok(()),
        Ok(verdict) => Err(format!("the store answered {verdict:?}")),
        Err(error) => Err(error.to_string()),
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}
