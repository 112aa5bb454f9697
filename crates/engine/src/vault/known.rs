//! Whether a vault key is the database's: every version that was ever in use has its fingerprint there, and what is sealed must
//! be opened.

use std::collections::HashMap;

use async_recursion::async_recursion as boxed;
use florin_store::{ConfigKind, ConfigRow, KeyUse, Store, StoreError};
use serde::{Deserialize, Serialize};

use super::keys::VaultKeys;

/// Why a vault key cannot be used with a database, as a sentence for the operator.
#[derive(Clone, Debug, thiserror::Error)]
pub enum VaultKeyError {
    /// A version is another key than the database knows under that number.
    #[error(
        "version {version} of the vault key is another key than this database was used with (fingerprint {expected}, not {found}): give the vault key it was made with; a new key needs a version of its own"
    )]
    Foreign {
        /// The version.
        version: u32,
        /// The database's.
        expected: String,
        /// The given key's.
        found: String,
    },
    /// Cards are sealed under a version that is not there.
    #[error(
        "the vault key has no version {version}, under which {cards} stored cards are sealed: put that version back behind the newer ones until florin vault status says that it may go"
    )]
    Missing {
        /// The version.
        version: u32,
        /// Stored cards sealed under it.
        cards: u64,
    },
    /// The database cannot be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is kept of a version.
#[derive(Serialize, Deserialize)]
struct KnownVersion {
    fingerprint: String,
}

/// Compares a vault key with what the database knows, and writes nothing.
///
/// # Errors
/// [`VaultKeyError`] when it is not the database's, or lacks a version that is in use.
#[boxed]
pub async fn check(store: &dyn Store, keys: &VaultKeys) -> Result<Vec<KeyUse>, VaultKeyError> {
    compare(&known(store).await?, keys)?;
    in_use(store, keys).await
}

/// Makes the versions of a vault key known to the database, before anything is sealed under them. Of several processes that do
/// so at once with different keys, one is right.
///
/// # Errors
/// [`VaultKeyError`] as [`check`].
#[boxed]
pub async fn make_known(store: &dyn Store, keys: &VaultKeys) -> Result<(), VaultKeyError> {
    let before = known(store).await?;
    compare(&before, keys)?;
    in_use(store, keys).await?;
    let new = keys.fingerprints().filter(|(version, _)| !before.contains_key(version));
    let rows: Vec<ConfigRow> = new.map(|(version, fingerprint)| row(version, fingerprint)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    store.add_config(rows).await?;
    compare(&known(store).await?, keys)
}

/// No version may be another key than the database knows under its number.
fn compare(known: &HashMap<u32, String>, keys: &VaultKeys) -> Result<(), VaultKeyError> {
    for (version, found) in keys.fingerprints() {
        if let Some(expected) = known.get(&version).filter(|expected| **expected != found) {
            return Err(VaultKeyError::Foreign { version, expected: expected.clone(), found });
        }
    }
    Ok(())
}

/// No card may be sealed under a version that is not there.
async fn in_use(store: &dyn Store, keys: &VaultKeys) -> Result<Vec<KeyUse>, VaultKeyError> {
    let used = store.key_use().await?;
    match used.iter().find(|used| keys.versions().all(|version| version != used.version)) {
        Some(KeyUse { version, cards }) => Err(VaultKeyError::Missing { version: *version, cards: *cards }),
        None => Ok(used),
    }
}

/// The versions the database knows with their fingerprints.
///
/// # Errors
/// [`StoreError`] when it cannot be asked.
#[boxed]
pub async fn known(store: &dyn Store) -> Result<HashMap<u32, String>, StoreError> {
    let read = |row: ConfigRow| {
        let version = u32::try_from(row.id).map_err(|error| error.to_string());
        let known = serde_json::from_str::<KnownVersion>(&row.document).map_err(|error| error.to_string());
        Ok((version?, known?.fingerprint))
    };
    let rows = store.config(ConfigKind::VaultKey).await?.into_iter().map(read);
    rows.collect::<Result<_, String>>()
        .map_err(|error| StoreError::Corrupt(format!("a version of the vault key: {error}")))
}

fn row(version: u32, fingerprint: String) -> ConfigRow {
    let document = serde_json::to_string(&KnownVersion { fingerprint }).expect("a text under a plain name");
    ConfigRow { kind: ConfigKind::VaultKey, id: i64::from(version), document }
}
