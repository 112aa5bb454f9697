//! Opening a connection with the settings that durability and speed rest on, each read back. Knows no table.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The linked SQLite is too old: before 3.51.3 a WAL database could be corrupted by a write during a checkpoint.
    #[error("the linked SQLite {0} can corrupt a WAL database; 3.51.3 or newer is needed")]
    OldLibrary(String),
    /// Another process writes this database.
    #[error("{0} is in use by another process")]
    InUse(PathBuf),
    /// Written by a later release.
    #[error(
        "the database has schema version {found}, this release knows versions up to {known}; start the newer release"
    )]
    Newer {
        /// The database's version.
        found: i64,
        /// The newest version this release knows.
        known: i64,
    },
    /// Written by an earlier release, and opened for reading only, so it cannot be brought up to date.
    #[error("the database has schema version {found} and needs {known}; start the server once to bring it up to date")]
    Older {
        /// The database's version.
        found: i64,
        /// The version needed.
        known: i64,
    },
    /// A setting did not take, for instance because the file system has no shared memory for a WAL.
    #[error("the database setting {name} is {found} and could not be set to {wanted}")]
    Setting {
        /// The pragma.
        name: &'static str,
        /// What it should be.
        wanted: String,
        /// What it is.
        found: String,
    },
    /// The lock file cannot be opened, or a thread cannot be started.
    #[error("{0}: {1}")]
    Io(PathBuf, std::io::Error),
    /// SQLite refuses.
    #[error("{0}")]
    Database(#[from] rusqlite::Error),
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// All writes go through this one.
    Write,
    /// Copies the log into the database file beside the writer.
    Checkpoint,
    /// Queries.
    Read,
}

/// The oldest SQLite accepted, as `sqlite3_libversion_number` writes it.
const LIBRARY_MIN: i32 = 3_051_003;

/// How long a connection waits for a lock of another process, such as an operator's `sqlite3` shell.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Refuses a library whose version number is below 3.51.3.
pub(super) fn check_library(version: i32) -> Result<(), OpenError> {
    if version >= LIBRARY_MIN {
        return Ok(());
    }
    Err(OpenError::OldLibrary(format!("{}.{}.{}", version / 1_000_000, version / 1_000 % 1_000, version % 1_000)))
}

/// Opens the file at `path` for a purpose; only [`Purpose::Write`] creates it.
pub(super) fn open(path: &Path, purpose: Purpose) -> Result<Connection, OpenError> {
    let access = match purpose {
        Purpose::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Purpose::Checkpoint => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Purpose::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    // Every connection lives on one thread at a time, so SQLite need not lock a mutex per call.
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(64);
    match purpose {
        Purpose::Write => {
            set(&connection, "page_size", "4096")?;
            set(&connection, "journal_mode", "wal")?;
            // At every commit SQLite walks the whole cache (a page renumbered while balancing makes it look for pages past
            // the end), so a larger one costs more than it spares: the operating system caches the file as well.
            set(&connection, "cache_size", "-8192")?;
            set(&connection, "journal_size_limit", "268435456")?;
        }
        Purpose::Checkpoint => {}
        Purpose::Read => {
            set(&connection, "query_only", "1")?;
            set(&connection, "cache_size", "-8192")?;
        }
    }
    // 2 is FULL: every commit is on disk before it is acknowledged.
    set(&connection, "synchronous", "2")?;
    set(&connection, "wal_autocheckpoint", "0")?;
    set(&connection, "mmap_size", "0")?;
    set(&connection, "temp_store", "2")?;
    // The schema has no references: payments, entries and events are never deleted.
    set(&connection, "foreign_keys", "0")?;
    Ok(connection)
}

/// Limits the database's size in pages of 4 KiB.
pub(super) fn limit_pages(connection: &Connection, pages_max: u32) -> Result<(), OpenError> {
    set(connection, "max_page_count", &pages_max.to_string())
}

fn set(connection: &Connection, name: &'static str, wanted: &str) -> Result<(), OpenError> {
    connection.execute_batch(&format!("PRAGMA {name} = {wanted}"))?;
    let found = connection.query_row(&format!("PRAGMA {name}"), [], |row| {
        use rusqlite::types::ValueRef;
        Ok(match row.get_ref(0)? {
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            other @ (ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_)) => format!("{other:?}"),
        })
    })?;
    if found == wanted { Ok(()) } else { Err(OpenError::Setting { name, wanted: wanted.to_owned(), found }) }
}
