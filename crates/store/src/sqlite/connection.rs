//! Opening a connection with the settings that durability and speed rest on, each read back. Knows no table.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::OpenError;

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
            // What is wiped is overwritten, so that a deleted card's key does not stay behind in free space.
            set(&connection, "secure_delete", "1")?;
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
