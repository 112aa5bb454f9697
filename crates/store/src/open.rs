//! Why a database could not be opened, in sentences for an operator.

use std::path::PathBuf;

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
    /// Written by a build from before the first release.
    #[error(
        "the database has schema version {found}, which no release ever had: it was made by a build from before the first release. Move it away and start with a new one"
    )]
    Unreleased {
        /// The database's version.
        found: i64,
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
    /// The URL of a PostgreSQL database cannot be used. The sentence holds no password.
    #[error("the database URL {0}")]
    Url(String),
    /// The PostgreSQL server cannot be reached, refuses, or breaks off. The sentence holds no password.
    #[error("{0}")]
    Server(String),
}
