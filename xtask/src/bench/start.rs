//! From start to ready with many payments in the file.

use std::path::Path;
use std::time::{Duration, Instant};

use super::server::Server;
use super::store;
use crate::Fallible;

/// The database's name in the data folder.
const DATABASE: &str = "florin.db";

/// What was measured.
pub struct Measured {
    pub payments: u64,
    pub bytes: u64,
    /// To the ready line.
    pub ready_after: Duration,
    /// To the first good answer of `/healthz`.
    pub healthy_after: Duration,
}

/// Fills a data folder with payments and starts the binary on it.
///
/// # Errors
/// The folder cannot be filled or the server does not start.
pub fn measure(binary: &Path, folder: &Path, payments: u64) -> Fallible<Measured> {
    // The first start makes keys and the demo merchant.
    Server::start(binary, folder, None)?.stop()?;
    let database = folder.join(DATABASE);
    if !database.exists() {
        return Err(format!("the server made no {DATABASE}").into());
    }
    eprintln!("bench: filling the file with {payments} payments");
    store::fill(&database, payments)?;
    let bytes = std::fs::metadata(&database)?.len();
    let begin = Instant::now();
    let mut server = Server::start(binary, folder, None)?;
    server.healthy()?;
    let healthy_after = begin.elapsed();
    server.stop()?;
    Ok(Measured { payments, bytes, ready_after: server.ready_after, healthy_after })
}
