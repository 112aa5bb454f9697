//! Finding the installation's master key: `FLORIN_MASTER_KEY`, a named file, or `DIR/master.key`, made at the first start. It
//! stands beside the database, never in it; the database keeps its fingerprint.

use std::io::Write;
use std::path::{Path, PathBuf};

use florin_engine::directory::Installation;
use florin_engine::keys::{KeyError, MasterKey};
use florin_store::{ConfigKind, Store, StoreError};

use crate::config::Config;

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
        "{0} holds a database but no master key: put its master.key back there, or give the key as FLORIN_MASTER_KEY or FLORIN_MASTER_KEY_FILE. Without it API keys and stored secrets cannot be used"
    )]
    Lost(PathBuf),
    /// Another installation's key.
    #[error(
        "the database in {data} was made with another master key (fingerprint {expected}, not {found}): use the master key it was made with"
    )]
    Foreign {
        /// The data folder.
        data: PathBuf,
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

/// The key to start with: the one found, or a new one for a new data folder.
///
/// # Errors
/// [`MasterKeyError`], above all for a database whose key is gone.
pub fn find_or_make(config: &Config, variable: Option<String>) -> Result<MasterKey, MasterKeyError> {
    if let Some(key) = find(config, variable)? {
        return Ok(key);
    }
    if config.database_file().exists() {
        return Err(MasterKeyError::Lost(config.data.clone()));
    }
    let (key, path) = (MasterKey::generate(), config.data.join(FILE));
    write(&path, key.to_hex().expose()).map_err(|error| MasterKeyError::File(path.clone(), error))?;
    tracing::info!(path = %path.display(), "made a master key; keep a copy of it apart from the database's backups");
    Ok(key)
}

/// Compares with the fingerprint in the database; `false` when it keeps none yet.
///
/// # Errors
/// [`MasterKeyError::Foreign`] when they differ.
pub async fn check(store: &dyn Store, key: &MasterKey, data: &Path) -> Result<bool, MasterKeyError> {
    let rows = store.config(ConfigKind::Installation).await?;
    let Some(row) = rows.first() else { return Ok(false) };
    let installation: Installation = serde_json::from_str(&row.document)
        .map_err(|error| StoreError::Corrupt(format!("the installation's row: {error}")))?;
    let (expected, found) = (installation.master_key_fingerprint, key.fingerprint());
    match expected == found {
        true => Ok(true),
        false => Err(MasterKeyError::Foreign { data: data.to_owned(), expected, found }),
    }
}

fn read(text: &str, place: String) -> Result<MasterKey, MasterKeyError> {
    MasterKey::from_hex(text).map_err(|error| MasterKeyError::Malformed { place, error })
}

/// Writes a secret into a new file that only its owner can read.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}
