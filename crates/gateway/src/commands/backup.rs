//! `florin backup FILE`: a copy of the embedded database, taken beside a running server.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use florin_store::sqlite::{self, BackupProgress};

use crate::config::Config;
use crate::database::Place;

/// Copies the database into the new file `to`. What a PostgreSQL server keeps, its own tools copy.
///
/// # Errors
/// A sentence for the operator.
pub async fn run(config: &Config, to: &Path) -> Result<ExitCode, String> {
    let place = Place::of(config).map_err(|error| error.to_string())?;
    if place.is_missing() {
        return Err(format!("{place} does not exist; is --data right?"));
    }
    let file = match place {
        Place::File(file) => file,
        Place::Server(_) => {
            return Err(format!(
                "{place} is backed up by PostgreSQL's own tools: pg_dump --format=custom for one database, pg_basebackup with \
                 archived logs to go back to any moment"
            ));
        }
    };
    let begun = Instant::now();
    let target = to.to_owned();
    let copying = tokio::task::spawn_blocking(move || sqlite::backup(&file, &target, &mut show));
    copying.await.map_err(|error| error.to_string())?.map_err(|error| format!("no backup was made: {error}"))?;
    let bytes = std::fs::metadata(to).map(|file| file.len()).map_err(|error| error.to_string())?;
    let (mebibytes, seconds) = (bytes.div_ceil(1024 * 1024), begun.elapsed().as_secs_f32());
    println!("{} holds the database as it was at the start: {mebibytes} MiB in {seconds:.1} s.", to.display());
    println!("Keep the master key and the vault key apart from it; without them what is sealed in it cannot be used.");
    Ok(ExitCode::SUCCESS)
}

/// A line that is written over, for a person who waits.
fn show(progress: BackupProgress) {
    let mut out = std::io::stderr();
    if out.is_terminal() {
        let percent = u64::from(progress.copied) * 100 / u64::from(progress.pages.max(1));
        let end = if progress.copied == progress.pages { "\n" } else { "" };
        let _ = write!(out, "\r{percent} % of {} MiB copied{end}", progress.pages / 256);
        let _ = out.flush();
    }
}
