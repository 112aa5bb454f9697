//! Finding the key of the card vault: `FLORIN_VAULT_KEY`, a command, a named file, or `DIR/vault.key`, made at the first start. It
//! stands beside the database, never in it; the database keeps a fingerprint of every version.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use florin_engine::vault::keys::{VaultKeyText, VaultKeys};
use florin_engine::vault::known::{self, VaultKeyError};
use florin_engine::vault::{KeySource, Reading, Vault};
use florin_kernel::secret::Secret;
use florin_store::{Store, StoreError};

use crate::config::Config;
use crate::database::Place;
use crate::secret_file;

#[cfg(test)]
mod tests;

/// The environment variable that holds the key itself.
pub const VARIABLE: &str = "FLORIN_VAULT_KEY";
const FILE: &str = "vault.key";

/// Where the key comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// The environment.
    Variable(Secret),
    /// What a command prints, such as a secret manager's.
    Command(String),
    /// A file that the settings name.
    Named(PathBuf),
    /// The data folder's own file.
    Own(PathBuf),
}

/// Why there is no vault key to use, as a sentence for the operator. None repeats a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// What is there is no key.
    #[error("{place} {error}")]
    Text {
        /// Where it was found.
        place: String,
        /// What is wrong with it.
        error: VaultKeyText,
    },
    /// The file cannot be read or written.
    #[error("the vault key {0}: {1}")]
    File(PathBuf, std::io::Error),
    /// The command does not give a key.
    #[error("the vault key's command ({command}) {error}")]
    Command {
        /// As it was configured.
        command: String,
        /// What became of it.
        error: String,
    },
    /// A database without its key.
    #[error(
        "the database {0} has a vault key, and none was found: put its vault.key into the data folder, or give the key as FLORIN_VAULT_KEY, FLORIN_VAULT_KEY_FILE or FLORIN_VAULT_KEY_COMMAND (every process on one database needs the same). Without it stored cards cannot be charged"
    )]
    Lost(String),
    /// Not the database's, or not all of it.
    #[error("the database {database}: {error}")]
    Refused {
        /// Where it is.
        database: String,
        /// Why.
        error: VaultKeyError,
    },
    /// The database cannot be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Source {
    /// Where the settings say that the key is.
    pub fn of(config: &Config, variable: Option<String>) -> Source {
        match variable.filter(|text| !text.is_empty()) {
            Some(text) => Source::Variable(Secret::new(text)),
            None => match (&config.vault_key_command, &config.vault_key_file) {
                (Some(command), _) => Source::Command(command.clone()),
                (None, Some(file)) => Source::Named(file.clone()),
                (None, None) => Source::Own(config.data.join(FILE)),
            },
        }
    }

    /// The key, if there is one.
    ///
    /// # Errors
    /// [`KeyError`]: the file cannot be read, the command fails, or what is there is no key.
    pub fn find(&self) -> Result<Option<VaultKeys>, KeyError> {
        let text = match self {
            Source::Variable(text) => text.clone(),
            Source::Command(command) => run(command)?,
            Source::Named(path) | Source::Own(path) => match std::fs::read_to_string(path) {
                Ok(text) => Secret::new(text),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && matches!(self, Source::Own(_)) => {
                    return Ok(None);
                }
                Err(error) => return Err(KeyError::File(path.clone(), error)),
            },
        };
        let parsed = VaultKeys::parse(text.expose());
        parsed.map(Some).map_err(|error| KeyError::Text { place: self.to_string(), error })
    }

    /// The file it is in, if it is in one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Source::Named(path) | Source::Own(path) => Some(path),
            Source::Variable(_) | Source::Command(_) => None,
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::Variable(_) => f.write_str(VARIABLE),
            Source::Command(command) => write!(f, "the vault key's command ({command})"),
            Source::Named(path) | Source::Own(path) => path.display().fmt(f),
        }
    }
}

impl KeySource for Source {
    fn read(&self) -> Result<VaultKeys, String> {
        match self.find() {
            Ok(Some(keys)) => Ok(keys),
            Ok(None) => Err(format!("the vault key {self} is gone")),
            Err(error) => Err(error.to_string()),
        }
    }

    fn reading(&self) -> Reading {
        match self {
            Source::Named(_) | Source::Own(_) => Reading::Often,
            // Whoever pays for every call of a secret manager, and the log that it writes, shall not be asked every second.
            Source::Variable(_) | Source::Command(_) => Reading::WhenMissed,
        }
    }
}

/// The vault to go on with: its key found, or made for a database that has none yet; known to the database from now on.
///
/// # Errors
/// [`KeyError`]: there is no key, it is not the database's, or it lacks a version under which cards are sealed.
pub async fn settle(store: &dyn Store, source: Source, database: &Place) -> Result<Vault, KeyError> {
    let found = source.find()?;
    let is_ours = found.is_none();
    let keys = match (found, source.file()) {
        (Some(keys), _) => keys,
        (None, Some(file)) if known::known(store).await?.is_empty() => make(file)?,
        (None, _) => return Err(KeyError::Lost(database.to_string())),
    };
    match known::make_known(store, &keys).await {
        Ok(()) => Ok(Vault::of(keys, std::sync::Arc::new(source))),
        Err(error) => {
            if let Some(file) = source.file().filter(|_| is_ours) {
                // Another process was quicker: the key made here opens nothing.
                let _ = std::fs::remove_file(file);
            }
            Err(refused(database, error))
        }
    }
}

/// An error of the comparison, with the database it is about.
pub fn refused(database: &Place, error: VaultKeyError) -> KeyError {
    KeyError::Refused { database: database.to_string(), error }
}

fn make(path: &Path) -> Result<VaultKeys, KeyError> {
    let keys = VaultKeys::generate();
    secret_file::create(path, keys.to_text().expose()).map_err(|error| KeyError::File(path.to_owned(), error))?;
    tracing::info!(path = %path.display(), "made a vault key; keep a copy of it apart from the database's backups");
    Ok(keys)
}

/// What a command prints. Its errors go where ours go; what it printed is repeated nowhere.
fn run(command: &str) -> Result<Secret, KeyError> {
    let failed = |error: String| KeyError::Command { command: command.to_owned(), error };
    let mut shell = Command::new("/bin/sh");
    let ran = shell.args(["-c", command]).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = ran.map_err(|error| failed(format!("cannot be run: {error}")))?;
    if !output.status.success() {
        return Err(failed(format!("ended with {}", output.status)));
    }
    String::from_utf8(output.stdout).map(Secret::new).map_err(|_| failed("printed something else than text".to_owned()))
}
