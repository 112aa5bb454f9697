//! Writing configuration: rows for the store from what an operator says. Secrets are sealed, keys kept as hashes.

use florin_kernel::payment::{Dialect, Mode};
use florin_kernel::routing::{ProviderAccount, RouteSet, Rule};
use florin_kernel::secret::Secret;
use florin_kernel::{CredentialId, MerchantId, Timestamp};
use florin_store::{ConfigKind, ConfigRow};
use ipnet::IpNet;

use crate::directory::{
    Brand, CredentialDocument, Installation, Label, Limit, MerchantDocument, Permission, ProviderDocument,
    WithdrawalRules, hash_to_hex, key_hash,
};
use crate::invoices::InvoiceSettings;
use crate::keys::Keyring;

/// A merchant to write.
#[derive(Clone, Debug)]
pub struct NewMerchant {
    /// Its number.
    pub id: MerchantId,
    /// Lower-case letters and digits.
    pub slug: String,
    /// Its name, as payers read it.
    pub name: String,
    /// Bounds on a single payment.
    pub limits: Vec<Limit>,
    /// Payer addresses it does not take payments from.
    pub blocked_payers: Vec<IpNet>,
    /// What it allows withdrawals.
    pub withdrawals: WithdrawalRules,
    /// Custom URL schemes.
    pub schemes: Vec<String>,
    /// How its payers' pages look.
    pub brand: Brand,
    /// Test webhook secrets (`whsec_…`), newest first.
    pub webhook_secrets_dev: Vec<Secret>,
    /// Live webhook secrets, newest first.
    pub webhook_secrets_live: Vec<Secret>,
}

/// A credential to write.
#[derive(Clone, Debug)]
pub struct NewCredential {
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
    /// The key itself; only its keyed hash is written.
    pub key: Secret,
    /// Other keys that name it, where a dialect has another login beside; they are kept like the first.
    pub other_keys: Vec<Secret>,
    /// What it may do.
    pub permissions: Vec<Permission>,
    /// From then on it is refused.
    pub expires_at: Option<Timestamp>,
    /// Taken back for good.
    pub revoked: bool,
    /// Callers admitted; empty: all.
    pub allow: Vec<IpNet>,
    /// Callers refused.
    pub deny: Vec<IpNet>,
    /// What the dialect alone reads.
    pub settings: serde_json::Value,
    /// The password of the dialect's own webhook signature.
    pub signature_password: Secret,
}

/// A merchant's row.
pub fn merchant_row(merchant: &NewMerchant, keyring: &Keyring) -> ConfigRow {
    let seal = |secrets: &[Secret]| secrets.iter().map(|secret| keyring.seal(secret)).collect();
    let document = MerchantDocument {
        slug: merchant.slug.clone(),
        name: merchant.name.clone(),
        limits: merchant.limits.clone(),
        blocked_payers: merchant.blocked_payers.clone(),
        withdrawals: merchant.withdrawals.clone(),
        schemes: merchant.schemes.clone(),
        brand: merchant.brand.clone(),
        webhook_secrets_dev: seal(&merchant.webhook_secrets_dev),
        webhook_secrets_live: seal(&merchant.webhook_secrets_live),
    };
    row(ConfigKind::Merchant, merchant.id.number(), &document)
}

/// A credential's row.
pub fn credential_row(credential: &NewCredential, keyring: &Keyring) -> ConfigRow {
    let hash = |key: &Secret| hash_to_hex(&key_hash(keyring, credential.dialect, key.expose()));
    let test_login = match (credential.mode, &credential.label.test_login) {
        (Mode::Dev, Some(login)) => keyring.seal(login),
        (Mode::Dev, None) | (Mode::Live, _) => String::new(),
    };
    let document = CredentialDocument {
        merchant: credential.merchant,
        mode: credential.mode,
        dialect: credential.dialect,
        name: credential.label.name.clone(),
        hint: credential.label.hint.clone(),
        test_login,
        key_hash: hash(&credential.key),
        other_key_hashes: credential.other_keys.iter().map(hash).collect(),
        permissions: credential.permissions.clone(),
        expires_at: credential.expires_at,
        revoked: credential.revoked,
        allow: credential.allow.clone(),
        deny: credential.deny.clone(),
        settings: credential.settings.clone(),
        signature_password: keyring.seal(&credential.signature_password),
    };
    row(ConfigKind::Credential, credential.id.number(), &document)
}

/// The installation's row. The admin token is kept as a keyed hash.
pub fn installation_row(fingerprint: String, admin_token: Option<&Secret>, keyring: &Keyring) -> ConfigRow {
    let admin_token_hash =
        admin_token.map(|token| hash_to_hex(&admin_hash(keyring, token.expose()))).unwrap_or_default();
    row(ConfigKind::Installation, 0, &Installation { master_key_fingerprint: fingerprint, admin_token_hash })
}

/// The row of a provider account without secrets.
pub fn provider_row(account: &ProviderAccount) -> ConfigRow {
    row(ConfigKind::Provider, account.id.number(), account)
}

/// The row of a provider account, its secrets sealed.
pub fn sealed_provider_row(account: &ProviderAccount, keyring: &Keyring) -> ConfigRow {
    let sealed = account.secrets.iter().map(|(name, secret)| (name.to_owned(), keyring.seal(secret))).collect();
    row(ConfigKind::Provider, account.id.number(), &ProviderDocument { account: account.clone(), sealed })
}

/// A route's row.
pub fn route_row(route: &RouteSet) -> ConfigRow {
    row(ConfigKind::Route, route.id.number(), route)
}

/// A rule's row.
pub fn rule_row(rule: &Rule) -> ConfigRow {
    row(ConfigKind::Rule, rule.id, rule)
}

/// The row of a merchant's settings for its invoices of a mode.
pub(crate) fn invoice_settings_row(merchant: MerchantId, mode: Mode, settings: &InvoiceSettings) -> ConfigRow {
    let kind = match mode {
        Mode::Dev => ConfigKind::InvoicesDev,
        Mode::Live => ConfigKind::InvoicesLive,
    };
    row(kind, merchant.number(), settings)
}

pub(crate) fn admin_hash(keyring: &Keyring, token: &str) -> [u8; 32] {
    keyring.credential_hash(&[b"admin", token.as_bytes()])
}

pub(crate) fn row(kind: ConfigKind, id: i64, document: &impl serde::Serialize) -> ConfigRow {
    let document = serde_json::to_string(document).expect("configuration has string keys and plain values only");
    ConfigRow { kind, id, document }
}
