//! Copying the database while it is in use: one snapshot, whatever is written meanwhile.

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::OpenError;
use super::connection::{Purpose, open};
use super::read::at_one_moment;
use super::schema;

#[cfg(test)]
mod tests;

/// Pages copied between two looks at the progress.
const PAGES_A_STEP: i32 = 4_096;

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A backup never replaces a file.
    #[error("{0} exists already; a backup never replaces a file")]
    Exists(PathBuf),
    /// The copy cannot be written or made durable.
    #[error("{0}: {1}")]
    Io(PathBuf, std::io::Error),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database cannot be read, or the copy not written.
    #[error("{0}")]
    Database(#[from] rusqlite::Error),
    /// The copy is not sound, so it was removed.
    #[error("the copy is not sound: {0}")]
    Unsound(String),
}

/// How far a backup is, in pages of 4 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupProgress {
    /// Copied so far.
    pub copied: u32,
    /// In all.
    pub pages: u32,
}

/// Copies the database at `from` into the new file `to`, beside a server that may be writing: what was committed when the
/// copy began is in it, nothing of what came later. When this returns the copy is whole, checked, on disk, and complete in one file.
///
/// # Errors
/// [`BackupError`]; there is no file `to` then, unless it was there before.
pub fn backup(from: &Path, to: &Path, progress: &mut dyn FnMut(BackupProgress)) -> Result<(), BackupError> {
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let mut name = to.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    // What an earlier try left behind when it was killed.
    remove(&part)?;
    let done = copy(from, &part, progress).and_then(|()| publish(&part, to));
    if done.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    done
}

fn copy(from: &Path, part: &Path, progress: &mut dyn FnMut(BackupProgress)) -> Result<(), BackupError> {
    let source = open(from, Purpose::Read)?;
    schema::check(&source)?;
    let mut copy = Connection::open(part)?;
    // The file is of no use until it is whole; it is made durable once, at the end.
    copy.execute_batch("PRAGMA synchronous = OFF")?;
    // The open transaction keeps the snapshot from one step to the next, so that a busy writer does not make it start again.
    at_one_moment(&source, |source| {
        source.query_row("SELECT count(*) FROM config", [], |_| Ok(()))?;
        let backup = Backup::new(source, &mut copy)?;
        loop {
            let step = backup.step(PAGES_A_STEP)?;
            let told = backup.progress();
            let count = |pages: i32| u32::try_from(pages).unwrap_or(0);
            progress(BackupProgress { copied: count(told.pagecount - told.remaining), pages: count(told.pagecount) });
            match step {
                StepResult::Done => return Ok(()),
                StepResult::More => {}
                // Nobody else knows of the copy, and readers wait for nobody.
                StepResult::Busy | StepResult::Locked | _ => return Err(busy()),
            }
        }
    })?;
    check(&copy)?;
    // A log beside the copy would be lost by whoever moves one file.
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    copy.close().map_err(|(_, error)| error.into())
}

fn busy() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY), None)
}

/// Whether every page hangs together, as SQLite sees it.
fn check(copy: &Connection) -> Result<(), BackupError> {
    let found: String = copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(BackupError::Unsound(found)) }
}

/// Makes the copy durable under its name.
fn publish(part: &Path, to: &Path) -> Result<(), BackupError> {
    let io = |error| BackupError::Io(to.to_owned(), error);
    File::open(part).and_then(|file| file.sync_all()).map_err(io)?;
    // Unlike a renaming, a link never replaces what somebody else put there meanwhile.
    std::fs::hard_link(part, to).map_err(io)?;
    remove(part)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)
}

fn remove(part: &Path) -> Result<(), BackupError> {
    match std::fs::remove_file(part) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(BackupError::Io(part.to_owned(), error)),
        Ok(()) | Err(_) => Ok(()),
    }
}
