//! What nobody asks for: deleting cards that nobody used, and wrapping data keys anew after the vault's key was changed. What is
//! left to do is in the rows, so it goes on after a crash, and in several processes at once, where the first one found it.

use std::sync::Arc;
use std::time::Duration;

use async_recursion::async_recursion as boxed;
use florin_kernel::ports::Lane;
use florin_store::{Changeset, RegistrationWrite, StoreError, StoredRegistration};
use jiff::SignedDuration;

use super::Changed;
use super::keys::VaultKeys;
use crate::Engine;
use crate::workers::report;

/// How long a card that is kept no longer, or a changed key, waits at most for a worker to look.
const TICK: Duration = Duration::from_secs(1);
/// Cards deleted at a time.
const EXPIRED_BATCH: u32 = 100;
/// Data keys wrapped anew in one commit.
const REWRAP_BATCH: u32 = 100;
/// Between two such commits, so that payments go before.
const REWRAP_PAUSE: Duration = Duration::from_millis(20);
/// How often cards are counted for the figures.
const COUNT_EVERY: SignedDuration = SignedDuration::from_secs(60);

impl Engine {
    pub(crate) async fn tend_vault(self: Arc<Self>) {
        let (nobody, mut counted_at) = (tokio::sync::Notify::new(), None);
        while self.idle(&nobody, TICK).await {
            let tended = async {
                self.expire_registrations().await?;
                self.follow_vault_key().await?;
                self.rewrap_cards().await?;
                let now = self.clocks.wall();
                if counted_at.is_none_or(|at| now.duration_since(at) >= COUNT_EVERY) {
                    self.count_cards().await?;
                    counted_at = Some(now);
                }
                Ok::<(), StoreError>(())
            };
            if let Err(error) = tended.await {
                report(&error);
            }
        }
    }

    /// Deletes the stored cards that nobody used for as long as they are kept; returns how many.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    pub(crate) async fn expire_registrations(&self) -> Result<u64, StoreError> {
        let mut expired = 0;
        loop {
            let due = self.store.due_registrations(self.clocks.wall(), EXPIRED_BATCH).await?;
            let found = due.len();
            for (id, until) in due {
                let Some(stored) = self.store.registration(id).await? else { continue };
                let at = self.now(Lane::of(stored.registration.merchant, stored.registration.mode));
                // Not if it is used at this moment.
                match self.change(RegistrationWrite::Erase { id, at, kept_until: Some(until) }, Vec::new()).await? {
                    Changed::Yes => expired += 1,
                    Changed::No => {}
                }
            }
            if found < EXPIRED_BATCH as usize {
                return Ok(expired);
            }
        }
    }

    /// Wraps the data keys of older versions under the one that seals, in small commits beside everything else; returns how many.
    /// Never under an older one: of two processes in the midst of a change, the newer key wins.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn rewrap_cards(&self) -> Result<u64, StoreError> {
        let keys = self.vault.keys();
        let mut rewrapped = 0;
        for version in keys.versions().filter(|version| *version < keys.sealing()) {
            let mut after = None;
            loop {
                let page = self.store.registrations_under(version, after, REWRAP_BATCH).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.registration.id);
                let writes: Vec<RegistrationWrite> =
                    page.iter().filter_map(|stored| rewrapping(&keys, stored)).collect();
                rewrapped += writes.len() as u64;
                self.write(Changeset { registrations: writes, ..Changeset::default() }).await?;
                if self.is_draining() {
                    return Ok(rewrapped);
                }
                tokio::time::sleep(REWRAP_PAUSE).await;
            }
        }
        if rewrapped > 0 {
            tracing::info!(
                cards = rewrapped,
                version = keys.sealing(),
                "stored cards are wrapped under the newer vault key"
            );
        }
        Ok(rewrapped)
    }

    async fn count_cards(&self) -> Result<(), StoreError> {
        let used = self.store.key_use().await?;
        let of = |version: u32| used.iter().find(|used| used.version == version).map_or(0, |used| used.cards);
        let mut versions: Vec<u32> = used.iter().map(|used| used.version).collect();
        versions.extend(self.vault.keys().versions());
        for version in versions {
            metrics::gauge!("florin_vault_cards", "key_version" => version.to_string()).set(of(version) as f64);
        }
        Ok(())
    }
}

fn rewrapping(keys: &VaultKeys, stored: &StoredRegistration) -> Option<RegistrationWrite> {
    let sealed = stored.sealed.as_ref()?;
    match keys.rewrap(&stored.registration, sealed) {
        Ok(wrapped_key) => Some(RegistrationWrite::Rewrap {
            id: stored.registration.id,
            from: sealed.key_version,
            to: keys.sealing(),
            wrapped_key,
        }),
        Err(error) => {
            tracing::error!(registration = %stored.registration.id, %error, "a stored card cannot be wrapped anew");
            None
        }
    }
}
