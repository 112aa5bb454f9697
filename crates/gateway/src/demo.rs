//! `--demo`: a merchant with test credentials, the providers and rules of the cashier contract's section 16, and commands to
//! try. Made once; at later starts the secrets are read back from `DIR/demo.json`, since the database keeps hashes only. Where
//! several processes share the database, all have the first one's secrets, which it keeps sealed.

use std::path::{Path, PathBuf};

use florin_engine::clock::Clocks;
use florin_engine::directory::{Directory, Label, Permission, WithdrawalRules, key_hash};
use florin_engine::keys::{Keyring, MasterKey};
use florin_engine::people::{Door, People, PeopleError};
use florin_engine::setup::{self, NewCredential, NewMerchant};
use florin_engine::webhooks;
use florin_kernel::payment::{Dialect, Mode};
use florin_kernel::secret::Secret;
use florin_kernel::user::Email;
use florin_kernel::{CredentialId, MerchantId};
use florin_store::{ConfigKind, ConfigRow, Store, StoreError};

use crate::dialects::connect::{Login, Part, hint};
use crate::dialects::crypto;
use crate::dialects::transaction_services::auth as member;
use crate::dialects::v3::auth;

mod file;
mod instructions;
mod providers;

use file::DemoFile;

/// The demo merchant's number.
pub const MERCHANT: MerchantId = MerchantId::from_number(1);
/// The number of its credential in the cashier dialect.
pub const CASHIER: CredentialId = CredentialId::from_number(1);
/// The number of its credential in the v3 dialect.
pub const V3: CredentialId = CredentialId::from_number(2);
/// The number of its credential in the crypto dialect.
pub const CRYPTO: CredentialId = CredentialId::from_number(5);
/// The number of its credential as a member in the transaction services dialect.
pub const MEMBER: CredentialId = CredentialId::from_number(3);
/// The number of the member's partner.
pub const PARTNER: CredentialId = CredentialId::from_number(4);
const SLUG: &str = "demo";
const FILE: &str = "demo.json";

/// What the demo consists of, as it stands in `demo.json`.
#[derive(Clone, Debug)]
pub struct Demo(DemoFile);

/// Why the demo could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The file cannot be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operator's login.
    #[error("the operator's login: {0}")]
    Operator(PeopleError),
}

/// Sets the demo up where it is not yet, and writes `demo.json`.
///
/// # Errors
/// [`DemoError`].
pub async fn prepare(store: &dyn Store, key: &MasterKey, data: &Path, base_url: &str) -> Result<Demo, DemoError> {
    let path = data.join(FILE);
    let known = file::read(&path).map_err(|error| DemoError::File(path.clone(), error))?;
    let known = known.unwrap_or_else(|| DemoFile::new(base_url, SLUG, webhooks::new_secret().expose()));
    let known = if store.is_exclusive() { known } else { agree(store, key, known).await? };
    let demo = DemoFile { base_url: base_url.to_owned(), portal: known.portal.clone().at(base_url), ..known };
    // Before the rows: secrets that only a crashed process knew would be lost for good.
    file::write(&path, &demo).map_err(|error| DemoError::File(path, error))?;
    let rows = missing(store, key, &demo).await?;
    if !rows.is_empty() {
        store.put_config(rows).await?;
    }
    make_operator(store, key, &demo).await?;
    Ok(Demo(demo))
}

/// The demo of a database that several processes share: the first one's, kept there sealed for the others.
async fn agree(store: &dyn Store, key: &MasterKey, ours: DemoFile) -> Result<DemoFile, StoreError> {
    let keyring = Keyring::new(key);
    let unreadable = |error: &dyn std::fmt::Display| StoreError::Corrupt(format!("the demo's row: {error}"));
    let text = serde_json::to_string(&ours).map_err(|error| unreadable(&error))?;
    let document = serde_json::json!({ "sealed": keyring.seal(&Secret::new(text)) }).to_string();
    store.add_config(vec![ConfigRow { kind: ConfigKind::Demo, id: 0, document }]).await?;
    let rows = store.config(ConfigKind::Demo).await?;
    let row = rows.first().ok_or_else(|| unreadable(&"it is gone"))?;
    let document: serde_json::Value = serde_json::from_str(&row.document).map_err(|error| unreadable(&error))?;
    let sealed = document["sealed"].as_str().unwrap_or_default();
    let text = keyring.open(sealed).map_err(|error| unreadable(&error))?;
    serde_json::from_str(text.expose()).map_err(|error| unreadable(&error))
}

/// The rows that are not there, or do not fit the secrets of the file. Others stay as the operator left them.
async fn missing(store: &dyn Store, key: &MasterKey, demo: &DemoFile) -> Result<Vec<ConfigRow>, StoreError> {
    let keyring = Keyring::new(key);
    let directory = Directory::load(store, &keyring).await?;
    let mut rows = Vec::new();
    let token = Secret::new(demo.admin.token.clone());
    let installation = setup::installation_row(key.fingerprint(), Some(&token), &keyring);
    if !store.config(ConfigKind::Installation).await?.contains(&installation) {
        rows.push(installation);
    }
    let secrets = directory.merchant(MERCHANT).map(|merchant| merchant.webhook_secrets(Mode::Dev));
    if !secrets.is_some_and(|secrets| secrets.iter().any(|secret| secret.expose() == demo.webhook_secret)) {
        rows.push(setup::merchant_row(&merchant(demo), &keyring));
    }
    let hash = key_hash(&keyring, Dialect::Cashier, &demo.cashier.api_key);
    if directory.credential_by_hash(&hash).is_none() {
        rows.push(setup::credential_row(&cashier(demo), &keyring));
    }
    let hash = key_hash(&keyring, Dialect::V3, &demo.v3.access_token);
    if directory.credential_by_hash(&hash).is_none() {
        rows.push(setup::credential_row(&v3(demo), &keyring));
    }
    let hash = key_hash(&keyring, Dialect::Crypto, &crypto_key(demo));
    if directory.credential_by_hash(&hash).is_none() {
        rows.push(setup::credential_row(&crypto(demo), &keyring));
    }
    for credential in [partner(demo), transaction_services(demo)] {
        let hash = key_hash(&keyring, credential.dialect, credential.key.expose());
        let known = directory.credential_by_hash(&hash);
        let same = |password: &Secret| password.expose() == credential.signature_password.expose();
        if !known.is_some_and(|known| same(&known.signature_password)) {
            rows.push(setup::credential_row(&credential, &keyring));
        }
    }
    for row in providers::rows() {
        if !store.config(row.kind).await?.iter().any(|known| known.id == row.id) {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// The operator's login, with the password of the file.
async fn make_operator(store: &dyn Store, key: &MasterKey, demo: &DemoFile) -> Result<(), DemoError> {
    let (keyring, door) = (Keyring::new(key), Door::default());
    let people = People::new(store, &keyring, &door, Clocks::default().wall());
    let email = Email::parse(&demo.portal.email).ok_or(DemoError::Operator(PeopleError::Invalid("email")))?;
    let password = Secret::new(demo.portal.password.clone());
    people.ensure_operator(&email, "Demo operator", &password).await.map_err(DemoError::Operator)
}

fn merchant(demo: &DemoFile) -> NewMerchant {
    NewMerchant {
        id: MERCHANT,
        slug: SLUG.to_owned(),
        name: "Demo Shop".to_owned(),
        limits: Vec::new(),
        blocked_payers: Vec::new(),
        withdrawals: WithdrawalRules::default(),
        schemes: Vec::new(),
        brand: Default::default(),
        webhook_secrets_dev: vec![Secret::new(demo.webhook_secret.clone())],
        webhook_secrets_live: vec![webhooks::new_secret()],
    }
}

fn cashier(demo: &DemoFile) -> NewCredential {
    NewCredential {
        id: CASHIER,
        dialect: Dialect::Cashier,
        key: Secret::new(demo.cashier.api_key.clone()),
        label: label(&demo.cashier.api_key, &[Part::new("api_key", "", demo.cashier.api_key.clone())]),
        // The demo's shop is whatever runs on the developer's machine.
        settings: serde_json::json!({ "origins": ["http://localhost:*"] }),
        signature_password: Secret::new(demo.cashier.signature_password.clone()),
        ..credential()
    }
}

fn v3(demo: &DemoFile) -> NewCredential {
    let DemoFile { v3, .. } = demo;
    let legacy = auth::legacy_key(&v3.legacy_user_id, &v3.legacy_password, &v3.entity_id);
    NewCredential {
        id: V3,
        dialect: Dialect::V3,
        key: Secret::new(v3.access_token.clone()),
        label: label(
            &v3.access_token,
            &[
                Part::new("entity_id", "", v3.entity_id.clone()),
                Part::new("access_token", "", v3.access_token.clone()),
                Part::new("legacy_user_id", "", v3.legacy_user_id.clone()),
                Part::new("legacy_password", "", v3.legacy_password.clone()),
            ],
        ),
        other_keys: vec![Secret::new(legacy)],
        settings: serde_json::json!({ "entity_ids": [v3.entity_id] }),
        signature_password: Secret::new(v3.notification_key.clone()),
        ..credential()
    }
}

fn crypto_key(demo: &DemoFile) -> String {
    crypto::credential_key(&demo.crypto.user, &demo.crypto.api_key)
}

fn crypto(demo: &DemoFile) -> NewCredential {
    NewCredential {
        id: CRYPTO,
        dialect: Dialect::Crypto,
        key: Secret::new(crypto_key(demo)),
        label: label(
            &demo.crypto.api_key,
            &[Part::new("user", "", demo.crypto.user.clone()), Part::new("api_key", "", demo.crypto.api_key.clone())],
        ),
        settings: serde_json::json!({}),
        signature_password: Secret::new(String::new()),
        ..credential()
    }
}

/// The demo's terminal takes everything, by the rules.
fn transaction_services(demo: &DemoFile) -> NewCredential {
    let DemoFile { transaction_services: ts, .. } = demo;
    NewCredential {
        id: MEMBER,
        dialect: Dialect::TransactionServices,
        key: Secret::new(member::member_key(&ts.member_id)),
        label: Label { hint: String::new(), ..label("", &[]) },
        other_keys: vec![Secret::new(member::login_key(&ts.partner_id, &ts.username))],
        settings: serde_json::json!({
            "member_id": ts.member_id, "partner_id": ts.partner_id, "username": ts.username,
            // So that a developer can try payouts to a payment's card.
            "keep_cards": true,
            "terminals": [{
                "terminal_id": ts.terminal_id, "descriptor": "FLORIN*SHOP", "default": true, "default_currency": "USD",
                "wallets": ["PAYPAL", "SKRILL", "NETELLER"], "banks": ["SOFORT", "GIROPAY", "IDEAL", "TRUSTLY"]
            }]
        }),
        signature_password: Secret::new(ts.secret_key.clone()),
        ..credential()
    }
}

fn partner(demo: &DemoFile) -> NewCredential {
    let DemoFile { transaction_services: ts, .. } = demo;
    NewCredential {
        id: PARTNER,
        dialect: Dialect::TransactionServices,
        key: Secret::new(member::partner_key(&ts.partner_id)),
        label: Label { name: "Demo partner".to_owned(), hint: String::new(), ..label("", &[]) },
        settings: serde_json::json!({"partner": {
            "partner_id": ts.partner_id, "partner_name": ts.partner_name, "username": ts.partner_username
        }}),
        signature_password: Secret::new(ts.partner_key.clone()),
        ..credential()
    }
}

/// What people know a credential by; its login is kept for the developer's page.
fn label(key: &str, login: &[Part]) -> Label {
    Label { name: "Demo shop".to_owned(), hint: hint(key), test_login: Some(Login::kept(login)) }
}

/// What the credentials of all dialects share: they may do everything.
fn credential() -> NewCredential {
    NewCredential {
        id: CASHIER,
        merchant: MERCHANT,
        mode: Mode::Dev,
        dialect: Dialect::Cashier,
        key: Secret::new(String::new()),
        label: Label::default(),
        other_keys: Vec::new(),
        permissions: vec![
            Permission::Deposits,
            Permission::S2sCards,
            Permission::Withdrawals,
            Permission::Approve,
            Permission::Read,
        ],
        expires_at: None,
        revoked: false,
        allow: Vec::new(),
        deny: Vec::new(),
        settings: serde_json::Value::Null,
        signature_password: Secret::new(String::new()),
    }
}

impl Demo {
    /// The secret that webhooks are signed with.
    pub fn webhook_secret(&self) -> Secret {
        Secret::new(self.0.webhook_secret.clone())
    }

    /// The password of the cashier's own webhook signature.
    pub fn signature_password(&self) -> Secret {
        Secret::new(self.0.cashier.signature_password.clone())
    }

    /// The key of the cashier dialect.
    pub fn api_key(&self) -> Secret {
        Secret::new(self.0.cashier.api_key.clone())
    }

    /// The entity and the token of the v3 dialect.
    pub fn v3(&self) -> (&str, Secret) {
        (&self.0.v3.entity_id, Secret::new(self.0.v3.access_token.clone()))
    }

    /// The key of the v3 dialect's encrypted notifications.
    pub fn v3_notification_key(&self) -> Secret {
        Secret::new(self.0.v3.notification_key.clone())
    }

    /// User and key of the crypto dialect.
    pub fn crypto(&self) -> (&str, Secret) {
        (&self.0.crypto.user, Secret::new(self.0.crypto.api_key.clone()))
    }

    /// User and password of the v3 dialect's older login.
    pub fn v3_legacy(&self) -> (&str, Secret) {
        (&self.0.v3.legacy_user_id, Secret::new(self.0.v3.legacy_password.clone()))
    }

    /// Member, name and key of the transaction services dialect.
    pub fn member(&self) -> (&str, &str, Secret) {
        let ts = &self.0.transaction_services;
        (&ts.member_id, &ts.username, Secret::new(ts.secret_key.clone()))
    }

    /// Partner, name and key of the transaction services dialect.
    pub fn partner(&self) -> (&str, &str, Secret) {
        let ts = &self.0.transaction_services;
        (&ts.partner_id, &ts.partner_username, Secret::new(ts.partner_key.clone()))
    }

    /// Address and password of the operator's login.
    pub fn operator(&self) -> (&str, Secret) {
        (&self.0.portal.email, Secret::new(self.0.portal.password.clone()))
    }

    /// The operator's token.
    pub fn admin_token(&self) -> Secret {
        Secret::new(self.0.admin.token.clone())
    }

    /// Commands to try, for the terminal.
    pub fn instructions(&self, data: &Path) -> String {
        instructions::text(&self.0, data)
    }
}
