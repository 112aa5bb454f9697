//! Credentials as people change them: made, given permissions and IP rules, ended. What a key consists of is its dialect's matter; here it
//! is a secret of which a keyed hash is kept. Each change is told in the audit log in its own commit, without secrets.

use async_recursion::async_recursion as boxed;
use florin_kernel::secret::Secret;
use florin_kernel::{CredentialId, MerchantId, Timestamp};
use florin_store::ConfigKind;
use ipnet::IpNet;
use serde_json::{Map, Value, json};

use crate::Engine;
use crate::audit::{Configuration, ConfigureError, Configured, Note, Who};
use crate::directory::{CredentialDocument, Permission, key_hash};
use crate::keys::Keyring;
use crate::masked;
use crate::setup::{self, NewCredential};

const NAME_LENGTH_MAX: usize = 60;

/// Why a credential is not made or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialRefusal {
    /// There is none of that number at that merchant, or no such merchant.
    #[error("there is no such credential")]
    NotFound,
    /// One of its keys belongs to another credential.
    #[error("that key belongs to another credential")]
    KeyTaken,
    /// It was taken back for good.
    #[error("it was taken back for good")]
    Revoked,
    /// Whoever orders it did not know of all that the merchant has by now.
    #[error("another credential was made since then; nothing was made now")]
    Overtaken,
    /// A name of more than 60 characters, or with line ends.
    #[error("the name cannot be used")]
    Name,
}

/// What of a credential is to be another.
#[derive(Clone, Debug, Default)]
pub struct CredentialChange {
    /// What people call it.
    pub name: Option<String>,
    /// What it may do.
    pub permissions: Option<Vec<Permission>>,
    /// From when on it is refused; `Some(None)`: never.
    pub expires_at: Option<Option<Timestamp>>,
    /// Callers admitted; empty: all.
    pub allow: Option<Vec<IpNet>>,
    /// Callers refused.
    pub deny: Option<Vec<IpNet>>,
    /// What the dialect alone reads.
    pub settings: Option<Value>,
    /// The password of the dialect's own webhook signature.
    pub signature_password: Option<NewPassword>,
    /// Whether it is taken back.
    pub end: End,
}

/// A password in place of the present one.
#[derive(Clone, Debug)]
pub struct NewPassword {
    /// The new one.
    pub password: Secret,
    /// The setting in which the present one stays, sealed, for a dialect that takes both for a while; nothing: it is gone.
    pub keep_present_as: Option<&'static str>,
}

/// Whether a credential is taken back for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// It stays.
    #[default]
    No,
    /// It is.
    ForGood,
}

impl Engine {
    /// Makes a credential; its number is drawn here, whatever the request says. Returns it. `known` is how many the merchant has in that
    /// mode as far as whoever orders it knows: the same order sent again knows of one too few, and makes none.
    ///
    /// # Errors
    /// [`CredentialRefusal`], or that the store cannot take it.
    #[boxed]
    pub async fn make_credential(
        &self,
        who: &Who,
        new: &NewCredential,
        known: Option<usize>,
    ) -> Result<CredentialId, ConfigureError<CredentialRefusal>> {
        check_name(&new.label.name).map_err(ConfigureError::Refused)?;
        self.configure(who, |stored| {
            stored.directory.merchant(new.merchant).ok_or(CredentialRefusal::NotFound)?;
            if known.is_some_and(|known| known != stored.directory.count_credentials(new.merchant, new.mode)) {
                return Err(CredentialRefusal::Overtaken);
            }
            let hash = |key: &Secret| key_hash(&self.keyring, new.dialect, key.expose());
            let mut keys = std::iter::once(&new.key).chain(&new.other_keys);
            if keys.any(|key| stored.directory.credential_by_hash(&hash(key)).is_some()) {
                return Err(CredentialRefusal::KeyTaken);
            }
            let last = stored.directory.credentials().map(|known| known.id.number()).max().unwrap_or(0);
            let id = CredentialId::from_number(last + 1);
            let row = setup::credential_row(&NewCredential { id, ..new.clone() }, &self.keyring);
            let after = json!({
                "name": new.label.name, "mode": new.mode, "dialect": new.dialect, "permissions": new.permissions,
                "expires_at": new.expires_at, "allow": new.allow, "deny": new.deny
            });
            let note = told("credential.made", new.merchant, id, Value::Null, after);
            Ok(Configured { rows: vec![row], notes: vec![note], value: id })
        })
        .await
    }

    /// Changes a credential of a merchant. What is not named stays; what stays is not told.
    ///
    /// # Errors
    /// [`CredentialRefusal`], or that the store cannot take it.
    #[boxed]
    pub async fn change_credential(
        &self,
        who: &Who,
        merchant: MerchantId,
        id: CredentialId,
        change: &CredentialChange,
    ) -> Result<(), ConfigureError<CredentialRefusal>> {
        if let Some(name) = &change.name {
            check_name(name).map_err(ConfigureError::Refused)?;
        }
        self.configure(who, |stored| {
            let mut document = own(stored, merchant, id)?;
            let Differences { before, after } = apply(change, &mut document, &self.keyring);
            if after.is_empty() {
                return Ok(Configured { rows: Vec::new(), notes: Vec::new(), value: () });
            }
            let note = told("credential.changed", merchant, id, Value::Object(before), Value::Object(after));
            let row = setup::row(ConfigKind::Credential, id.number(), &document);
            Ok(Configured { rows: vec![row], notes: vec![note], value: () })
        })
        .await
    }
}

/// What a change makes another, by name.
#[derive(Default)]
struct Differences {
    before: Map<String, Value>,
    after: Map<String, Value>,
}

impl Differences {
    fn tell(&mut self, name: &str, before: Value, after: Value) {
        if before != after {
            self.before.insert(name.to_owned(), before);
            self.after.insert(name.to_owned(), after);
        }
    }

    /// Puts a value in the place of another, if one is given.
    fn put<T: Clone + serde::Serialize>(&mut self, name: &str, place: &mut T, given: &Option<T>) {
        if let Some(given) = given {
            self.tell(name, json!(place), json!(given));
            place.clone_from(given);
        }
    }
}

fn apply(change: &CredentialChange, document: &mut CredentialDocument, keyring: &Keyring) -> Differences {
    let mut differences = Differences::default();
    differences.put("name", &mut document.name, &change.name);
    differences.put("permissions", &mut document.permissions, &change.permissions);
    differences.put("expires_at", &mut document.expires_at, &change.expires_at);
    differences.put("allow", &mut document.allow, &change.allow);
    differences.put("deny", &mut document.deny, &change.deny);
    if let Some(settings) = &change.settings {
        let (before, after) = masked::differences(&document.settings, settings);
        // Two secrets that are masked alike are told all the same.
        if !after.is_empty() {
            differences.before.insert("settings".to_owned(), before.into());
            differences.after.insert("settings".to_owned(), after.into());
        }
        document.settings.clone_from(settings);
    }
    if let Some(NewPassword { password, keep_present_as }) = &change.signature_password {
        differences.tell("signature_password", json!("the old one"), json!("a new one"));
        let present = std::mem::replace(&mut document.signature_password, keyring.seal(password));
        if let (Some(setting), Value::Object(settings)) = (keep_present_as, &mut document.settings) {
            settings.insert((*setting).to_owned(), present.into());
        }
    }
    if change.end == End::ForGood {
        differences.put("revoked", &mut document.revoked, &Some(true));
    }
    differences
}

fn check_name(name: &str) -> Result<(), CredentialRefusal> {
    let good = name.chars().count() <= NAME_LENGTH_MAX && !name.contains(char::is_control);
    if good { Ok(()) } else { Err(CredentialRefusal::Name) }
}

/// A merchant's credential as it stands in its row. One that was taken back for good stays as it is.
fn own(
    stored: &Configuration,
    merchant: MerchantId,
    id: CredentialId,
) -> Result<CredentialDocument, CredentialRefusal> {
    let document: Option<CredentialDocument> = stored.document(ConfigKind::Credential, id.number());
    match document.filter(|document| document.merchant == merchant) {
        None => Err(CredentialRefusal::NotFound),
        Some(document) if document.revoked => Err(CredentialRefusal::Revoked),
        Some(document) => Ok(document),
    }
}

fn told(action: &'static str, merchant: MerchantId, id: CredentialId, before: Value, after: Value) -> Note {
    Note { action, object: id.to_string(), merchant: Some(merchant), before, after }
}
