//! `florin migrate`: brings the database up to date without serving.

use std::process::ExitCode;

use crate::commands::serve;
use crate::config::Config;

/// Opens the database, which brings it up to date, and closes it again.
///
/// # Errors
/// A sentence for the operator.
pub async fn run(config: &Config) -> Result<ExitCode, String> {
    let file = config.database_file();
    if !file.exists() {
        return Err(format!("{} does not exist; florin serve makes it", file.display()));
    }
    let store = serve::open_store(config)?;
    store.close().await;
    println!("{} is up to date", file.display());
    Ok(ExitCode::SUCCESS)
}
