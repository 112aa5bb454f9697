//! The audit log: who did what, with what was there before and after, written by the very commit that does it. Every change of
//! configuration and of users goes through here; changes of payments by people carry an entry in their own changeset.

use std::collections::HashMap;
use std::net::IpAddr;

use async_recursion::async_recursion as boxed;
use florin_kernel::{MerchantId, Timestamp, UserId};
use florin_store::audit::last_entry;
use florin_store::{AuditQuery, AuditRow, Changeset, ConfigKind, ConfigRow, Store, StoreError, Verdict};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Engine;
use crate::directory::Directory;

/// How often a change is decided again because somebody was quicker.
pub(crate) const TRIES_MAX: usize = 32;

/// Who does something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// A user, signed in.
    User {
        /// Her id.
        id: UserId,
        /// Her address, as it was then.
        email: String,
        /// The name of her session; empty while she has none.
        session: String,
        /// Where from.
        address: IpAddr,
    },
    /// Whoever has the admin token.
    AdminToken {
        /// Where from.
        address: IpAddr,
    },
    /// Whoever may run the program on its machine.
    CommandLine,
    /// The program itself, as it was told by its settings.
    Program,
}

/// What is told of a change.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// What was done, a word in the past tense behind its noun: `user.invited`.
    pub action: &'static str,
    /// To what, as people call it.
    pub object: String,
    /// Whom it is about; nothing: the installation.
    pub merchant: Option<MerchantId>,
    /// What was there, without secrets; `null`: nothing.
    pub before: Value,
    /// What is there now, without secrets; `null`: nothing.
    pub after: Value,
}

/// An entry of the log, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its place.
    pub number: i64,
    /// When, by the wall clock.
    pub at: Timestamp,
    /// Whom it is about; nothing: the installation.
    pub merchant: Option<MerchantId>,
    /// Who did it.
    pub who: Who,
    /// What was done.
    pub action: String,
    /// To what.
    pub object: String,
    /// What was there.
    pub before: Value,
    /// What was there then.
    pub after: Value,
}

#[derive(Deserialize)]
struct Document {
    who: Who,
    action: String,
    object: String,
    before: Value,
    after: Value,
}

/// The row of a note after the last entry.
pub(crate) fn row(last: Option<&AuditRow>, at: Timestamp, who: &Who, note: &Note) -> AuditRow {
    let Note { action, object, merchant, before, after } = note;
    let document = json!({"who": who, "action": action, "object": object, "before": before, "after": after});
    AuditRow::after(last, at, *merchant, document.to_string())
}

/// The rows of notes after the last entry, in order.
pub(crate) fn rows(last: Option<AuditRow>, at: Timestamp, who: &Who, notes: &[Note]) -> Vec<AuditRow> {
    let mut rows: Vec<AuditRow> = Vec::with_capacity(notes.len());
    for note in notes {
        rows.push(row(rows.last().or(last.as_ref()), at, who, note));
    }
    rows
}

/// A page of the log, the newest first: all of it, or what is about a merchant.
///
/// # Errors
/// [`StoreError`] when it cannot be read.
#[boxed]
pub async fn entries(
    store: &dyn Store,
    merchant: Option<MerchantId>,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    store.audit(AuditQuery { merchant, before, limit }).await?.into_iter().map(read).collect()
}

fn read(row: AuditRow) -> Result<Entry, StoreError> {
    let corrupt = |error| StoreError::Corrupt(format!("entry {} of the audit log: {error}", row.number));
    let Document { who, action, object, before, after } = serde_json::from_str(&row.document).map_err(corrupt)?;
    Ok(Entry { number: row.number, at: row.at, merchant: row.merchant, who, action, object, before, after })
}

/// What is stored of configuration when something of it is decided.
pub struct Configuration {
    /// All of it, read.
    pub directory: Directory,
    /// Documents of merchants and credentials as they stand in rows, sealed secrets and hashes included.
    rows: HashMap<(ConfigKind, i64), String>,
}

impl Configuration {
    /// A merchant's or credential's document as it stands in its row, to be changed and written back; so what is sealed in it stays.
    pub(crate) fn document<D: DeserializeOwned>(&self, kind: ConfigKind, id: i64) -> Option<D> {
        // Rows that cannot be read stopped the directory from being loaded.
        self.rows.get(&(kind, id)).and_then(|document| serde_json::from_str(document).ok())
    }
}

/// What a decision about configuration comes to.
pub struct Configured<T> {
    /// Rows to write; none: nothing changes, and nothing is told.
    pub rows: Vec<ConfigRow>,
    /// What is told.
    pub notes: Vec<Note>,
    /// What the caller gets.
    pub value: T,
}

/// Whether something was committed with its entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// It was.
    Yes,
    /// What it is about is another by now, or the log was written too fast.
    Overtaken,
}

/// Why configuration cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigureError<R> {
    /// The decision says no.
    #[error("refused")]
    Refused(R),
    /// The store cannot take it.
    #[error("{0}")]
    Unavailable(String),
}

impl<R> From<StoreError> for ConfigureError<R> {
    fn from(error: StoreError) -> ConfigureError<R> {
        ConfigureError::Unavailable(error.to_string())
    }
}

impl Engine {
    /// Changes configuration: `decide` sees what is stored now, and what it decides is written with its notes or not at all. It is asked
    /// again where somebody else changed something meanwhile.
    ///
    /// # Errors
    /// What `decide` refuses, or that the store cannot take it.
    pub async fn configure<T: Send, R: Send>(
        &self,
        who: &Who,
        decide: impl Fn(&Configuration) -> Result<Configured<T>, R> + Sync,
    ) -> Result<T, ConfigureError<R>> {
        let mut decided = None;
        let mut decide = |stored: &Configuration| match decide(stored) {
            Ok(Configured { rows, notes, value }) => {
                decided = Some(Ok(value));
                Configured { rows, notes, value: () }
            }
            Err(refusal) => {
                decided = Some(Err(refusal));
                Configured { rows: Vec::new(), notes: Vec::new(), value: () }
            }
        };
        self.configure_by(who, &mut decide).await?;
        decided.expect("what was not decided is not done").map_err(ConfigureError::Refused)
    }

    /// As [`Engine::configure`], which is one for each decision; this is there once.
    #[boxed]
    async fn configure_by(
        &self,
        who: &Who,
        decide: &mut (dyn FnMut(&Configuration) -> Configured<()> + Send),
    ) -> Result<(), StoreError> {
        for _ in 0..TRIES_MAX {
            // The last entry first: whatever is changed after it was read makes this commit a conflict.
            let last = last_entry(self.store.as_ref()).await?;
            let stored = self.configuration().await?;
            let Configured { rows: config, notes, value: () } = decide(&stored);
            if config.is_empty() {
                return Ok(());
            }
            let audit = rows(last, self.clocks.wall(), who, &notes);
            match self.write(Changeset { config, audit, ..Changeset::default() }).await? {
                Verdict::Committed => {
                    return self.reload_directory().await;
                }
                Verdict::Conflict => {}
                Verdict::Duplicate(_) | Verdict::BelowFloor { .. } => {
                    unreachable!("nothing is claimed and no floor is set")
                }
            }
        }
        Err(StoreError::Overloaded)
    }

    /// What is stored now, in whichever process it was written.
    async fn configuration(&self) -> Result<Configuration, StoreError> {
        let mut rows = HashMap::new();
        for kind in [ConfigKind::Merchant, ConfigKind::Credential] {
            for row in self.store.config(kind).await? {
                rows.insert((kind, row.id), row.document);
            }
        }
        Ok(Configuration { directory: Directory::load(self.store.as_ref(), &self.keyring).await?, rows })
    }

    /// The entries that tell of a change of payments or withdrawals, for the changeset that makes it. A conflict of that changeset may be
    /// theirs: everything is read and decided again, these as well.
    ///
    /// # Errors
    /// [`StoreError`] when the log cannot be read.
    pub async fn audit_rows(&self, who: &Who, notes: &[Note]) -> Result<Vec<AuditRow>, StoreError> {
        Ok(rows(last_entry(self.store.as_ref()).await?, self.clocks.wall(), who, notes))
    }

    /// Commits something together with its entry.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot take it.
    pub(crate) async fn write_told(&self, who: &Who, note: Note, changes: Changeset) -> Result<Told, StoreError> {
        let notes = [note];
        for _ in 0..TRIES_MAX {
            let audit = self.audit_rows(who, &notes).await?;
            match self.write(Changeset { audit, ..changes.clone() }).await? {
                Verdict::Committed => return Ok(Told::Yes),
                // Mostly somebody else wrote into the log.
                Verdict::Conflict => {}
                Verdict::Duplicate(_) | Verdict::BelowFloor { .. } => {
                    unreachable!("nothing is claimed and no floor is set")
                }
            }
        }
        Ok(Told::Overtaken)
    }

    /// A page of the audit log, the newest first: all of it, or what is about a merchant.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    #[boxed]
    pub async fn audit_entries(
        &self,
        merchant: Option<MerchantId>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        entries(self.store.as_ref(), merchant, before, limit).await
    }
}
