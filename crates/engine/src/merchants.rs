//! Merchants as operators and owners change them: made, renamed, branded, given rules for withdrawals. Each change is told in the audit
//! log in its own commit.

use async_recursion::async_recursion as boxed;
use florin_kernel::MerchantId;
use florin_kernel::payment::Mode;
use florin_store::ConfigKind;
use serde_json::{Value, json};

use crate::Engine;
use crate::audit::{ConfigureError, Configured, Note, Who};
use crate::directory::{Brand, MerchantDocument, WithdrawalRules};
use crate::setup::{self, NewMerchant};
use crate::webhooks;

const NAME_LENGTH_MAX: usize = 60;
const SLUG_LENGTH_MAX: usize = 20;

/// Why a merchant is not made or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MerchantRefusal {
    /// There is none of that number.
    #[error("there is no such merchant")]
    NotFound,
    /// The field cannot be used.
    #[error("{0} cannot be used")]
    Invalid(&'static str),
    /// Another merchant has the slug.
    #[error("another merchant has that slug")]
    SlugTaken,
}

/// What of a merchant is to be another.
#[derive(Clone, Debug, Default)]
pub struct MerchantChange {
    /// Its name, as payers read it.
    pub name: Option<String>,
    /// How its payers' pages look.
    pub brand: Option<Brand>,
    /// What it allows withdrawals.
    pub withdrawals: Option<WithdrawalRules>,
}

/// What becomes of a merchant's webhook secrets of a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// A new one signs, and the newest so far beside it.
    Begin,
    /// The newest alone signs.
    End,
}

impl Engine {
    /// Begins or ends the rotation of a merchant's webhook secrets.
    ///
    /// # Errors
    /// [`MerchantRefusal`], or that the store cannot take it.
    #[boxed]
    pub async fn rotate_webhook_secret(
        &self,
        who: &Who,
        id: MerchantId,
        mode: Mode,
        rotation: Rotation,
    ) -> Result<(), ConfigureError<MerchantRefusal>> {
        let fresh = webhooks::new_secret();
        self.configure(who, |stored| {
            let mut document: MerchantDocument =
                stored.document(ConfigKind::Merchant, id.number()).ok_or(MerchantRefusal::NotFound)?;
            let secrets = match mode {
                Mode::Dev => &mut document.webhook_secrets_dev,
                Mode::Live => &mut document.webhook_secrets_live,
            };
            let before = secrets.len();
            secrets.truncate(1);
            let action = match rotation {
                // Begun twice, as by a double click, it would drop the one that receivers know.
                Rotation::Begin if before > 1 => {
                    return Ok(Configured { rows: Vec::new(), notes: Vec::new(), value: () });
                }
                Rotation::Begin => {
                    secrets.insert(0, self.keyring.seal(&fresh));
                    "merchant.webhook_secret_made"
                }
                Rotation::End if before < 2 => {
                    return Ok(Configured { rows: Vec::new(), notes: Vec::new(), value: () });
                }
                Rotation::End => "merchant.webhook_secret_ended",
            };
            let after = json!({"mode": mode, "secrets": secrets.len()});
            let note = told(action, id, &document.name, json!({"mode": mode, "secrets": before}), after);
            let row = setup::row(ConfigKind::Merchant, id.number(), &document);
            Ok(Configured { rows: vec![row], notes: vec![note], value: () })
        })
        .await
    }

    /// Makes a merchant with webhook secrets of its own; returns its number.
    ///
    /// # Errors
    /// [`MerchantRefusal`], or that the store cannot take it.
    #[boxed]
    pub async fn make_merchant(
        &self,
        who: &Who,
        name: &str,
        slug: &str,
    ) -> Result<MerchantId, ConfigureError<MerchantRefusal>> {
        let (name, slug) = (name.trim(), slug.trim());
        check_name(name).map_err(ConfigureError::Refused)?;
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if slug.is_empty() || slug.len() > SLUG_LENGTH_MAX || !slug.bytes().all(plain) {
            return Err(ConfigureError::Refused(MerchantRefusal::Invalid("slug")));
        }
        let secrets = [Mode::Dev, Mode::Live].map(|_| webhooks::new_secret());
        self.configure(who, |stored| {
            let known = || stored.directory.merchants();
            if known().any(|merchant| merchant.slug == slug) {
                return Err(MerchantRefusal::SlugTaken);
            }
            let last = known().map(|merchant| merchant.id.number()).max().unwrap_or(0);
            let id = MerchantId::from_number(last + 1);
            let [dev, live] = secrets.clone();
            let merchant = NewMerchant {
                id,
                slug: slug.to_owned(),
                name: name.to_owned(),
                limits: Vec::new(),
                blocked_payers: Vec::new(),
                withdrawals: WithdrawalRules::default(),
                schemes: Vec::new(),
                brand: Brand::default(),
                webhook_secrets_dev: vec![dev],
                webhook_secrets_live: vec![live],
            };
            let after = json!({"name": name, "slug": slug});
            let note = told("merchant.made", id, name, Value::Null, after);
            Ok(Configured { rows: vec![setup::merchant_row(&merchant, &self.keyring)], notes: vec![note], value: id })
        })
        .await
    }

    /// Changes a merchant. What is not named stays; what stays is not told.
    ///
    /// # Errors
    /// [`MerchantRefusal`], or that the store cannot take it.
    #[boxed]
    pub async fn change_merchant(
        &self,
        who: &Who,
        id: MerchantId,
        change: &MerchantChange,
    ) -> Result<(), ConfigureError<MerchantRefusal>> {
        if let Some(name) = &change.name {
            check_name(name.trim()).map_err(ConfigureError::Refused)?;
        }
        self.configure(who, |stored| {
            let before: MerchantDocument =
                stored.document(ConfigKind::Merchant, id.number()).ok_or(MerchantRefusal::NotFound)?;
            let (mut old, mut new) = (serde_json::Map::new(), serde_json::Map::new());
            let mut tell = |name: &str, before: Value, after: Value| {
                if before != after {
                    old.insert(name.to_owned(), before);
                    new.insert(name.to_owned(), after);
                }
            };
            let name = change.name.as_ref().map_or(before.name.clone(), |name| name.trim().to_owned());
            let brand = change.brand.clone().unwrap_or(before.brand.clone());
            let withdrawals = change.withdrawals.clone().unwrap_or(before.withdrawals.clone());
            tell("name", json!(before.name), json!(name));
            tell("accent", json!(before.brand.accent), json!(brand.accent));
            // A logo is long; that it is another is enough.
            tell("logo", logo(&before.brand), logo(&brand));
            tell("withdrawals", json!(before.withdrawals), json!(withdrawals));
            if new.is_empty() {
                return Ok(Configured { rows: Vec::new(), notes: Vec::new(), value: () });
            }
            let note = told("merchant.changed", id, &name, Value::Object(old), Value::Object(new));
            let document = MerchantDocument { name, brand, withdrawals, ..before };
            let row = setup::row(ConfigKind::Merchant, id.number(), &document);
            Ok(Configured { rows: vec![row], notes: vec![note], value: () })
        })
        .await
    }
}

fn check_name(name: &str) -> Result<(), MerchantRefusal> {
    let good = !name.is_empty() && name.chars().count() <= NAME_LENGTH_MAX && !name.contains(char::is_control);
    if good { Ok(()) } else { Err(MerchantRefusal::Invalid("name")) }
}

fn told(action: &'static str, id: MerchantId, name: &str, before: Value, after: Value) -> Note {
    Note { action, object: name.to_owned(), merchant: Some(id), before, after }
}

fn logo(brand: &Brand) -> Value {
    match brand.logo.len() {
        0 => Value::Null,
        length => json!(format!("{length} bytes, {}", brand.logo.get(length.saturating_sub(8)..).unwrap_or_default())),
    }
}
