//! The vault's key in this process: in force now, and read again where it comes from when it was changed there.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_recursion::async_recursion as boxed;
use florin_kernel::card::Card;
use florin_store::{StoreError, StoredRegistration};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::keys::{Unopened, VaultKeys};
use super::known::{VaultKeyError, known, make_known};
use crate::Engine;

/// Where the vault's key comes from: a file, a command. Reading may block.
pub trait KeySource: Send + Sync {
    /// Reads the key.
    ///
    /// # Errors
    /// A sentence for the operator that repeats no key.
    fn read(&self) -> Result<VaultKeys, String>;

    /// How often it is read unasked.
    fn reading(&self) -> Reading;
}

/// How often a source is read unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Every few seconds: it costs nothing.
    Often,
    /// Only when the database knows a version that this process does not.
    WhenMissed,
}

/// The vault's key in force.
pub struct Vault {
    keys: ArcSwap<VaultKeys>,
    source: Option<Arc<dyn KeySource>>,
    /// Held while the source is read.
    last: Mutex<LastRead>,
}

/// The last time a source was read.
#[derive(Default)]
struct LastRead {
    at: Option<Instant>,
    /// What it said when it could not be used, so that it is logged once.
    trouble: Option<String>,
}

/// A source that is read only when it is missed is read no oftener, however often it is missed.
const MISSED_EVERY: Duration = Duration::from_secs(30);

impl Vault {
    /// A key that stays as it is.
    pub fn fixed(keys: VaultKeys) -> Vault {
        Vault { keys: ArcSwap::from_pointee(keys), source: None, last: Mutex::default() }
    }

    /// A key that was read from a source and is read there again.
    pub fn of(keys: VaultKeys, source: Arc<dyn KeySource>) -> Vault {
        Vault { source: Some(source), ..Vault::fixed(keys) }
    }

    /// The key in force.
    pub(crate) fn keys(&self) -> Arc<VaultKeys> {
        self.keys.load_full()
    }
}

impl Engine {
    /// Opens a stored card; nothing where it is deleted.
    ///
    /// # Errors
    /// [`StoreError`] when the key lacks its version, also after it was read again, or the card is damaged.
    pub(crate) async fn open_sealed(&self, stored: &StoredRegistration) -> Result<Option<Card>, StoreError> {
        let Some(sealed) = &stored.sealed else { return Ok(None) };
        let mut opened = self.vault.keys().open(&stored.registration, sealed);
        if let Err(Unopened::NoVersion(_)) = opened {
            // Another process may be ahead in changing the key.
            self.read_vault_key().await?;
            opened = self.vault.keys().open(&stored.registration, sealed);
        }
        let id = stored.registration.id;
        opened.map(Some).map_err(|error| match error {
            Unopened::NoVersion(_) => StoreError::Unavailable(format!("stored card {id}: {error}")),
            Unopened::Damaged => StoreError::Corrupt(format!("stored card {id}: {error}")),
        })
    }

    /// Reads the vault's key again if it may have changed.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked.
    #[boxed]
    pub async fn follow_vault_key(&self) -> Result<(), StoreError> {
        let Some(source) = &self.vault.source else { return Ok(()) };
        let keys = self.vault.keys();
        let is_missed = match source.reading() {
            Reading::Often => true,
            Reading::WhenMissed => known(self.store.as_ref()).await?.keys().any(|version| *version > keys.newest()),
        };
        if is_missed { self.read_vault_key().await } else { Ok(()) }
    }

    /// Reads the vault's key where it comes from and goes by it from now on, if it is the database's. Else the one in force
    /// stays: a slip in a key file stops no payment.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked.
    async fn read_vault_key(&self) -> Result<(), StoreError> {
        let Some(source) = self.vault.source.clone() else { return Ok(()) };
        let mut last = self.vault.last.lock().await;
        let is_fresh = last.at.is_some_and(|at| at.elapsed() < MISSED_EVERY);
        if source.reading() == Reading::WhenMissed && is_fresh {
            return Ok(());
        }
        last.at = Some(Instant::now());
        let read = tokio::task::spawn_blocking(move || source.read()).await;
        let read = match read.unwrap_or_else(|panic| Err(panic.to_string())) {
            Ok(keys) if keys == *self.vault.keys() => {
                last.trouble = None;
                return Ok(());
            }
            Ok(keys) => match make_known(self.store.as_ref(), &keys).await {
                Ok(()) => Ok(keys),
                Err(VaultKeyError::Store(error)) => return Err(error),
                Err(error @ (VaultKeyError::Foreign { .. } | VaultKeyError::Missing { .. })) => Err(error.to_string()),
            },
            Err(sentence) => Err(sentence),
        };
        match read {
            Ok(keys) => {
                let versions: Vec<u32> = keys.versions().collect();
                tracing::info!(?versions, seals = keys.sealing(), "the vault key was read again");
                self.vault.keys.store(Arc::new(keys));
                last.trouble = None;
            }
            Err(sentence) if last.trouble.as_ref() == Some(&sentence) => {}
            Err(sentence) => {
                tracing::error!(
                    error = sentence,
                    "the vault key was changed and cannot be used; the one before stays in force"
                );
                last.trouble = Some(sentence);
            }
        }
        Ok(())
    }
}
