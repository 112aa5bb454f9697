//! `florin migrate`: brings the database up to date without serving.

use std::process::ExitCode;

use crate::config::Config;
use crate::database::Place;

/// Opens the database, which brings it up to date, and closes it again.
///
/// # Errors
/// A sentence for the operator.
pub async fn run(config: &Config) -> Result<ExitCode, String> {
    let place = Place::of(config).map_err(|error| error.to_string())?;
    if place.is_missing() {
        return Err(format!("{place} does not exist; florin serve makes it"));
    }
    let store = place.open(config.queue_max).await.map_err(|error| error.to_string())?;
    store.close().await;
    println!("{place} is up to date");
    Ok(ExitCode::SUCCESS)
}
