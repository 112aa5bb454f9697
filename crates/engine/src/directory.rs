//! Who may do what, and who takes payments: the configuration rows of the store, read into one snapshot.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_recursion::async_recursion as boxed;
use florin_kernel::payment::{Dialect, Mode};
use florin_kernel::routing::{Catalogue, ProviderAccount};
use florin_kernel::secret::Secret;
use florin_kernel::withdrawal::Overdraft;
use florin_kernel::{Asset, CredentialId, MerchantId, Money, Timestamp};
use florin_store::{ConfigKind, Store, StoreError};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::invoices::InvoiceSettings;
use crate::keys::Keyring;
use crate::owner::Owner;

mod read_once;

use read_once::ReadOnce;

/// What a credential may do (product document, "Permissions").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Payments with their captures, voids and refunds.
    Deposits,
    /// Card numbers in a request.
    S2sCards,
    /// Withdrawals and payouts.
    Withdrawals,
    /// Approve and reject.
    Approve,
    /// Status and lists.
    Read,
}

/// A merchant.
#[derive(Clone, Debug)]
pub struct Merchant {
    /// Its number.
    pub id: MerchantId,
    /// Lower-case letters and digits; part of its signature passwords.
    pub slug: String,
    /// Its name, as payers read it.
    pub name: String,
    /// Bounds on a single payment, per currency.
    pub limits: Vec<Limit>,
    /// Payer addresses it does not take payments from.
    pub blocked_payers: Vec<IpNet>,
    /// What it allows withdrawals.
    pub withdrawals: WithdrawalRules,
    /// Custom URL schemes its apps are reached by.
    pub schemes: Vec<String>,
    /// How its payers' pages look.
    pub brand: Brand,
    /// Secrets of its test webhooks, newest first; two while they are rotated.
    pub webhook_secrets_dev: Vec<Secret>,
    /// Secrets of its live webhooks, newest first.
    pub webhook_secrets_live: Vec<Secret>,
}

impl Merchant {
    /// The webhook secrets of a mode, newest first.
    pub fn webhook_secrets(&self, mode: Mode) -> &[Secret] {
        match mode {
            Mode::Dev => &self.webhook_secrets_dev,
            Mode::Live => &self.webhook_secrets_live,
        }
    }
}

/// How a merchant's payers' pages look, beside its name. What cannot be used is left out when a page is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Brand {
    /// The colour of buttons and links, `#rrggbb`; empty: ours.
    pub accent: String,
    /// The logo as a `data:image/…;base64,…` URL; empty: the name alone.
    pub logo: String,
}

/// What a merchant allows withdrawals (cashier contract, section 9).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WithdrawalRules {
    /// Bounds on a single withdrawal, per currency.
    pub limits: Vec<Limit>,
    /// Amounts, one a currency, from which two different approvers are needed.
    pub four_eyes_from: Vec<Money>,
    /// Days, 1 to 90, after which one that nobody approved is given up; none: never.
    pub approval_days: Option<u16>,
    /// Who may approve and reject.
    pub approval: ApprovalBy,
    /// Whether what a payer paid in goes back first the way it came.
    pub closed_loop: ClosedLoop,
    /// How far test withdrawals may take the balance below zero.
    pub overdraft_dev: OverdraftDev,
    /// The same for live ones: amounts, one a currency; none is nothing.
    pub overdraft_live: Vec<Money>,
}

/// Who may approve and reject withdrawals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalBy {
    /// The merchant's keys and its people.
    #[default]
    Anybody,
    /// Its people alone, in the portal.
    PortalOnly,
}

/// Whether what a payer paid in goes back first the way it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedLoop {
    /// The payer chooses.
    #[default]
    Off,
    /// To a method that brought more than went back through it; a card takes no more than cards brought.
    ByMethod {
        /// What was made before then does not count: when the rule was switched on. Only from then on are deposits found by
        /// their payer.
        since: Timestamp,
    },
}

/// How far below zero withdrawals may take a test balance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverdraftDev {
    /// As far as they like.
    #[default]
    Unlimited,
    /// Amounts, one a currency; none is nothing.
    UpTo(Vec<Money>),
}

impl WithdrawalRules {
    /// How far below zero a balance may go.
    pub fn overdraft(&self, mode: Mode, asset: Asset) -> Overdraft {
        let of_asset = |amounts: &[Money]| {
            let amount = amounts.iter().find(|amount| amount.asset() == asset);
            Overdraft::UpTo(amount.copied().unwrap_or(Money::zero(asset)))
        };
        match (mode, &self.overdraft_dev) {
            (Mode::Live, _) => of_asset(&self.overdraft_live),
            (Mode::Dev, OverdraftDev::Unlimited) => Overdraft::Unlimited,
            (Mode::Dev, OverdraftDev::UpTo(amounts)) => of_asset(amounts),
        }
    }

    /// Whether an amount needs two approvers.
    pub fn needs_four_eyes(&self, amount: Money) -> bool {
        self.four_eyes_from.iter().any(|from| from.asset() == amount.asset() && !from.exceeds(amount))
    }
}

/// Inclusive bounds on an amount.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// Smallest.
    pub min: Money,
    /// Largest; of the same asset.
    pub max: Money,
}

impl Limit {
    /// The asset it is about.
    pub fn asset(&self) -> Asset {
        self.max.asset()
    }
}

/// What people know a credential by.
#[derive(Clone, Debug, Default)]
pub struct Label {
    /// What they call it; empty: nothing.
    pub name: String,
    /// As much of its key as tells keys apart, and nothing that helps to guess it.
    pub hint: String,
    /// What a test program signs in with: a JSON object in its dialect's words, for the developer's page. Nothing is kept of a live one.
    pub test_login: Option<Secret>,
}

/// A credential of a merchant in one dialect.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Its number.
    pub id: CredentialId,
    /// Whose.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// For which API.
    pub dialect: Dialect,
    /// What people know it by.
    pub label: Label,
    /// What it may do.
    pub permissions: Vec<Permission>,
    /// From then on it is refused.
    pub expires_at: Option<Timestamp>,
    /// Taken back for good.
    pub revoked: bool,
    /// Callers admitted; empty: all.
    pub allow: Vec<IpNet>,
    /// Callers refused, whatever is allowed.
    pub deny: Vec<IpNet>,
    /// What the dialect alone reads.
    pub settings: serde_json::Value,
    read_settings: ReadOnce,
    /// The password of the dialect's own webhook signature.
    pub signature_password: Secret,
}

impl Credential {
    /// What `read` makes of the settings; asked once for the one type that the credential's dialect reads them as. A changed row is
    /// a new credential of the next snapshot, so nothing outlives a change.
    pub fn read_settings<T: Any + Send + Sync>(&self, read: impl Fn(&serde_json::Value) -> T) -> Arc<T> {
        self.read_settings.get(|| read(&self.settings))
    }
}

/// What belongs to the whole installation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Installation {
    /// Of the master key the database was made with.
    pub master_key_fingerprint: String,
    /// Keyed hash of the admin token, hexadecimal; empty: there is none.
    pub admin_token_hash: String,
}

/// A snapshot of the configuration.
#[derive(Default)]
pub struct Directory {
    installation: Installation,
    merchants: HashMap<MerchantId, Arc<Merchant>>,
    credentials: HashMap<CredentialId, Arc<Credential>>,
    by_key: HashMap<[u8; 32], Arc<Credential>>,
    catalogue: Catalogue,
    invoices: HashMap<(MerchantId, Mode), InvoiceSettings>,
}

impl Directory {
    /// Reads the configuration.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read, or was sealed under another master key.
    #[boxed]
    pub async fn load(store: &dyn Store, keyring: &Keyring) -> Result<Directory, StoreError> {
        let mut directory = Directory::default();
        for row in store.config(ConfigKind::Installation).await? {
            directory.installation = read(&row.document)?;
        }
        for row in store.config(ConfigKind::Merchant).await? {
            let merchant = read::<MerchantDocument>(&row.document)?.open(MerchantId::from_number(row.id), keyring)?;
            directory.merchants.insert(merchant.id, Arc::new(merchant));
        }
        for row in store.config(ConfigKind::Credential).await? {
            let document = read::<CredentialDocument>(&row.document)?;
            let mut hashes = vec![hash_from_hex(&document.key_hash)?];
            for hash in &document.other_key_hashes {
                hashes.push(hash_from_hex(hash)?);
            }
            let credential = Arc::new(document.open(CredentialId::from_number(row.id), keyring)?);
            directory.credentials.insert(credential.id, credential.clone());
            directory.by_key.extend(hashes.into_iter().map(|hash| (hash, credential.clone())));
        }
        for (kind, mode) in [(ConfigKind::InvoicesDev, Mode::Dev), (ConfigKind::InvoicesLive, Mode::Live)] {
            for row in store.config(kind).await? {
                directory.invoices.insert((MerchantId::from_number(row.id), mode), read(&row.document)?);
            }
        }
        directory.catalogue = Catalogue::new(
            read_accounts(store, keyring).await?,
            read_all(store, ConfigKind::Route).await?,
            read_all(store, ConfigKind::Rule).await?,
        );
        Ok(directory)
    }

    /// The credential a key belongs to, revoked and expired ones included. `hash` is [`key_hash`] of the key: looking up by a
    /// keyed hash takes a time that says nothing about the key.
    pub fn credential_by_hash(&self, hash: &[u8; 32]) -> Option<&Arc<Credential>> {
        self.by_key.get(hash)
    }

    /// A credential by its number.
    pub fn credential(&self, id: CredentialId) -> Option<&Arc<Credential>> {
        self.credentials.get(&id)
    }

    /// All credentials, revoked and expired ones included.
    pub fn credentials(&self) -> impl Iterator<Item = &Arc<Credential>> {
        self.credentials.values()
    }

    /// How many credentials a merchant has in a mode, revoked and expired ones included: none is ever removed.
    pub fn count_credentials(&self, merchant: MerchantId, mode: Mode) -> usize {
        self.credentials.values().filter(|known| (known.merchant, known.mode) == (merchant, mode)).count()
    }

    /// The first credential by which an owner takes payments in a dialect, if it has one.
    pub fn credential_of(&self, owner: Owner, dialect: Dialect) -> Option<CredentialId> {
        let takes = |credential: &&Arc<Credential>| {
            (credential.merchant, credential.mode, credential.dialect) == (owner.merchant, owner.mode, dialect)
                && credential.permissions.contains(&Permission::Deposits)
                && !credential.revoked
        };
        self.credentials.values().filter(takes).map(|credential| credential.id).min()
    }

    /// A merchant by its number.
    pub fn merchant(&self, id: MerchantId) -> Option<&Arc<Merchant>> {
        self.merchants.get(&id)
    }

    /// All merchants.
    pub fn merchants(&self) -> impl Iterator<Item = &Arc<Merchant>> {
        self.merchants.values()
    }

    /// Providers, routes and rules.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// How a merchant's invoices of a mode are made where their requests do not say so.
    pub fn invoice_settings(&self, merchant: MerchantId, mode: Mode) -> InvoiceSettings {
        self.invoices.get(&(merchant, mode)).cloned().unwrap_or_default()
    }

    /// What belongs to the whole installation.
    pub fn installation(&self) -> &Installation {
        &self.installation
    }
}

/// What is kept of a credential's key.
pub fn key_hash(keyring: &Keyring, dialect: Dialect, key: &str) -> [u8; 32] {
    keyring.credential_hash(&[format!("{dialect:?}").as_bytes(), key.as_bytes()])
}

/// A merchant's row.
#[derive(Serialize, Deserialize)]
pub(crate) struct MerchantDocument {
    pub slug: String,
    pub name: String,
    #[serde(default)]
    pub limits: Vec<Limit>,
    #[serde(default)]
    pub blocked_payers: Vec<IpNet>,
    #[serde(default)]
    pub withdrawals: WithdrawalRules,
    #[serde(default)]
    pub schemes: Vec<String>,
    #[serde(default)]
    pub brand: Brand,
    pub webhook_secrets_dev: Vec<String>,
    pub webhook_secrets_live: Vec<String>,
}

impl MerchantDocument {
    fn open(self, id: MerchantId, keyring: &Keyring) -> Result<Merchant, StoreError> {
        let open = |sealed: &[String]| -> Result<Vec<Secret>, StoreError> {
            sealed.iter().map(|text| keyring.open(text).map_err(corrupt)).collect()
        };
        Ok(Merchant {
            id,
            webhook_secrets_dev: open(&self.webhook_secrets_dev)?,
            webhook_secrets_live: open(&self.webhook_secrets_live)?,
            slug: self.slug,
            name: self.name,
            limits: self.limits,
            blocked_payers: self.blocked_payers,
            withdrawals: self.withdrawals,
            schemes: self.schemes,
            brand: self.brand,
        })
    }
}

/// A credential's row.
#[derive(Serialize, Deserialize)]
pub(crate) struct CredentialDocument {
    pub merchant: MerchantId,
    pub mode: Mode,
    pub dialect: Dialect,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hint: String,
    /// Sealed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub test_login: String,
    pub key_hash: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_key_hashes: Vec<String>,
    pub permissions: Vec<Permission>,
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    #[serde(default)]
    pub revoked: bool,
    #[serde(default)]
    pub allow: Vec<IpNet>,
    #[serde(default)]
    pub deny: Vec<IpNet>,
    #[serde(default)]
    pub settings: serde_json::Value,
    pub signature_password: String,
}

impl CredentialDocument {
    fn open(self, id: CredentialId, keyring: &Keyring) -> Result<Credential, StoreError> {
        let test_login = match self.test_login.as_str() {
            "" => None,
            sealed => Some(keyring.open(sealed).map_err(corrupt)?),
        };
        Ok(Credential {
            id,
            merchant: self.merchant,
            mode: self.mode,
            dialect: self.dialect,
            label: Label { name: self.name, hint: self.hint, test_login },
            permissions: self.permissions,
            expires_at: self.expires_at,
            revoked: self.revoked,
            allow: self.allow,
            deny: self.deny,
            settings: self.settings,
            read_settings: ReadOnce::default(),
            signature_password: keyring.open(&self.signature_password).map_err(corrupt)?,
        })
    }
}

/// A provider account's row.
#[derive(Serialize, Deserialize)]
pub(crate) struct ProviderDocument {
    #[serde(flatten)]
    pub account: ProviderAccount,
    /// What nobody may read, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sealed: BTreeMap<String, String>,
}

impl ProviderDocument {
    fn open(self, keyring: &Keyring) -> Result<ProviderAccount, StoreError> {
        let mut account = self.account;
        for (name, sealed) in self.sealed {
            account.secrets.put(name, keyring.open(&sealed).map_err(corrupt)?);
        }
        Ok(account)
    }
}

async fn read_accounts(store: &dyn Store, keyring: &Keyring) -> Result<Vec<Arc<ProviderAccount>>, StoreError> {
    let documents = read_all::<ProviderDocument>(store, ConfigKind::Provider).await?;
    documents.into_iter().map(|document| document.open(keyring).map(Arc::new)).collect()
}

pub(crate) fn hash_to_hex(hash: &[u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hash_from_hex(text: &str) -> Result<[u8; 32], StoreError> {
    let pair = |place: usize| text.get(place..place + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = (0..64).step_by(2).map(pair).collect();
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| StoreError::Corrupt("a credential's key hash".into()))
}

async fn read_all<T: serde::de::DeserializeOwned>(store: &dyn Store, kind: ConfigKind) -> Result<Vec<T>, StoreError> {
    store.config(kind).await?.iter().map(|row| read(&row.document)).collect()
}

fn read<T: serde::de::DeserializeOwned>(document: &str) -> Result<T, StoreError> {
    serde_json::from_str(document).map_err(corrupt)
}

fn corrupt(error: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(error.to_string())
}
