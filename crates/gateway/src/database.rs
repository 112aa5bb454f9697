//! Which database an installation has: the SQLite file in its data folder, or the PostgreSQL database that `--database` names.

use std::path::PathBuf;
use std::sync::Arc;

use florin_store::postgres::{PostgresSettings, PostgresStore, Server};
use florin_store::sqlite::{SqliteSettings, SqliteStore};
use florin_store::{OpenError, Store};

use crate::config::Config;

/// Where the database is.
#[derive(Clone, Debug)]
pub enum Place {
    /// In this file.
    File(PathBuf),
    /// On a server that others may use too.
    Server(Box<Server>),
}

impl Place {
    /// What the settings say.
    ///
    /// # Errors
    /// [`OpenError::Url`] for a URL that cannot be read; its sentence holds no password.
    pub fn of(config: &Config) -> Result<Place, OpenError> {
        match &config.database {
            None => Ok(Place::File(config.data.join("florin.db"))),
            Some(url) => Server::parse(url.expose()).map(|server| Place::Server(Box::new(server))),
        }
    }

    /// Opens it for reading and writing, and brings it up to date. A file is made where there is none.
    ///
    /// # Errors
    /// [`OpenError`], a sentence for the operator.
    pub async fn open(&self, queue_max: usize) -> Result<Arc<dyn Store>, OpenError> {
        Ok(match self {
            Place::File(file) => {
                let settings = SqliteSettings { queue_max, ..SqliteSettings::default() };
                Arc::new(SqliteStore::open(file, settings)?)
            }
            Place::Server(server) => {
                let settings = PostgresSettings { queue_max, ..PostgresSettings::default() };
                Arc::new(PostgresStore::open(*server.clone(), settings).await?)
            }
        })
    }

    /// Opens it for reading, beside servers that may be running.
    ///
    /// # Errors
    /// [`OpenError`], a sentence for the operator.
    pub async fn open_read_only(&self) -> Result<Arc<dyn Store>, OpenError> {
        Ok(match self {
            Place::File(file) => Arc::new(SqliteStore::open_read_only(file)?),
            Place::Server(server) => Arc::new(PostgresStore::open_read_only(*server.clone()).await?),
        })
    }

    /// Whether it surely does not exist yet. What a server has is known only by asking it.
    pub fn is_missing(&self) -> bool {
        match self {
            Place::File(file) => !file.exists(),
            Place::Server(_) => false,
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::File(file) => file.display().fmt(f),
            Place::Server(server) => f.write_str(&server.place()),
        }
    }
}
