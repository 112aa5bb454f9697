//! Finding the installation's master key: `FLORIN_MASTER_KEY`, a named file, or `DIR/master.key`, made at the first start. It
//! stands beside the database, never in it; the database keeps its fingerprint.

use std::path::PathBuf;

use florin_engine::directory::Installation;
use florin_engine::keys::{KeyError, Keyring, MasterKey};
use florin_engine::setup;
use florin_store::{ConfigKind, Store, StoreError};

use crate::config::Config;
use crate::database::Place;
use crate::secret_file;

#[cfg(test)]
mod tests;

/// The environment variable that holds the key itself.
pub const VARIABLE: &str = "FLORIN_MASTER_KEY";
const FILE: &str = "master.key";

/// Why there is no key to use, as a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// Not 64 hexadecimal digits.
    #[error("{place}: {error}")]
    Malformed {
        /// Where it was found.
        place: String,
        /// What is wrong with it.
        error: KeyError,
    },
    /// The file cannot be read or written.
    #[error("the master key {0}: {1}")]
    File(PathBuf, std::io::Error),
    /// A database without its key.
    #[error(
        "the database {0} has a master key, and none was found: put its master.key into the data folder, or give the key as FLORIN_MASTER_KEY or FLORIN_MASTER_KEY_FILE (every process on one database needs the same). Without it API keys and stored secrets cannot be used"
    )]
    Lost(String),
    /// Another installation's key.
    #[error(
        "the database {database} was made with another master key (fingerprint {expected}, not {found}): use the master key it was made with"
    )]
    Foreign {
        /// Where it is.
        database: String,
        /// The database's.
        expected: String,
        /// The given key's.
        found: String,
    },
    /// The fingerprint cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The key that was given, or that of the data folder; `None` when there is none yet.
///
/// # Errors
/// [`MasterKeyError`] for a text that is no key and a file that cannot be read.
pub fn find(config: &Config, variable: Option<String>) -> Result<Option<MasterKey>, MasterKeyError> {
    if let Some(text) = variable.filter(|text| !text.is_empty()) {
        return read(&text, VARIABLE.to_owned()).map(Some);
    }
    let named = config.master_key_file.is_some();
    let path = config.master_key_file.clone().unwrap_or_else(|| config.data.join(FILE));
    match std::fs::read_to_string(&path) {
        Ok(text) => read(&text, path.display().to_string()).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !named => Ok(None),
        Err(error) => Err(MasterKeyError::File(path, error)),
    }
}

/// As [`find`], before the database is opened. With a new data folder's SQLite database the key is made at once, so that no
/// crash leaves the one without the other.
///
/// # Errors
/// [`MasterKeyError`], above all for a database whose key is gone.
pub fn find_or_make(
    config: &Config,
    database: &Place,
    variable: Option<String>,
) -> Result<Option<MasterKey>, MasterKeyError> {
    let found = find(config, variable)?;
    match database {
        // What a server has is known once it is open.
        Place::Server(_) => Ok(found),
        Place::File(_) if found.is_some() => Ok(found),
        Place::File(file) if file.exists() => Err(MasterKeyError::Lost(database.to_string())),
        Place::File(_) => make(config).map(Some),
    }
}

/// The key to go on with: the one found, if it is the database's; for a new database its own or a new one, whose
/// fingerprint is written there. Of several processes that start at once on a new database, one makes its key.
///
/// # Errors
/// [`MasterKeyError`]: the database has another key, or its key is gone.
pub async fn settle(
    store: &dyn Store,
    found: Option<MasterKey>,
    config: &Config,
    database: &Place,
) -> Result<MasterKey, MasterKeyError> {
    let known = !store.config(ConfigKind::Installation).await?.is_empty();
    let is_ours = found.is_none();
    let key = match found {
        Some(key) => key,
        None if known => return Err(MasterKeyError::Lost(database.to_string())),
        None => make(config)?,
    };
    if !known {
        let row = setup::installation_row(key.fingerprint(), None, &Keyring::new(&key));
        store.add_config(vec![row]).await?;
    }
    let checked = check(store, &key, database).await;
    if is_ours && matches!(checked, Err(MasterKeyError::Foreign { .. })) {
        // Another process was quicker: the key made here opens nothing.
        let _ = std::fs::remove_file(config.data.join(FILE));
    }
    checked.map(|_| key)
}

/// A new key, in the data folder.
fn make(config: &Config) -> Result<MasterKey, MasterKeyError> {
    let (key, path) = (MasterKey::generate(), config.data.join(FILE));
    secret_file::create(&path, key.to_hex().expose()).map_err(|error| MasterKeyError::File(path.clone(), error))?;
    tracing::info!(path = %path.display(), "made a master key; keep a copy of it apart from the database's backups");
    Ok(key)
}

/// Compares with the fingerprint in the database; `false` when it keeps none yet.
///
/// # Errors
/// [`MasterKeyError::Foreign`] when they differ.
pub async fn check(store: &dyn Store, key: &MasterKey, database: &Place) -> Result<bool, MasterKeyError> {
    let rows = store.config(ConfigKind::Installation).await?;
    let Some(row) = rows.first() else { return Ok(false) };
    let installation: Installation = serde_json::from_str(&row.document)
        .map_err(|error| StoreError::Corrupt(format!("the installation's row: {error}")))?;
    let (expected, found) = (installation.master_key_fingerprint, key.fingerprint());
    match expected == found {
        true => Ok(true),
        false => Err(MasterKeyError::Foreign { database: database.to_string(), expected, found }),
    }
}

fn read(text: &str, place: String) -> Result<MasterKey, MasterKeyError> {
    MasterKey::from_hex(text).map_err(|error| MasterKeyError::Malformed { place, error })
}
