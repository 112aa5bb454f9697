//! Provider accounts as the operator makes and changes them. Number, driver, method and owner stay for good, since payments remember them.
//! What a driver is told and nobody may read is sealed in the row; the audit log tells that it is another, and nothing of it.

use std::collections::{BTreeMap, BTreeSet};

use async_recursion::async_recursion as boxed;
use florin_kernel::fx::Rate;
use florin_kernel::payment::Mode;
use florin_kernel::ports::{AccountSetting, Provider, Secrecy};
use florin_kernel::routing::{AccountSecrets, Capabilities, Method, ProviderAccount, ProviderId};
use florin_kernel::secret::Secret;
use florin_kernel::{Asset, MerchantId};
use serde_json::{Map, Value, json};

use crate::Engine;
use crate::audit::{Configuration, ConfigureError, Configured, Note, Who};
use crate::{masked, setup};

const NAME_LENGTH_MAX: usize = 60;
const CODE_LENGTH_MAX: usize = 40;
const SETTING_LENGTH_MAX: usize = 4_096;
/// Numbers are written into requests.
const NUMBER_MAX: i64 = 999_999_999;

/// What of an account may be another at any time.
#[derive(Clone, Debug)]
pub struct AccountTerms {
    /// Its code, as webhooks name it.
    pub code: String,
    /// Its display name.
    pub name: String,
    /// Modes it has stored credentials for.
    pub modes: Vec<Mode>,
    /// Request currencies it takes; empty: any.
    pub currencies: Vec<Asset>,
    /// Payer countries it takes; empty: any.
    pub countries: Vec<String>,
    /// Smallest and largest amount in major units, as decimals.
    pub amounts: Option<(String, String)>,
    /// The currency it moves and the rate, where it is not the request's.
    pub conversion: Option<(Asset, Rate)>,
    /// What its driver is told, by name; what is not named stays.
    pub settings: BTreeMap<String, Told>,
}

/// What a driver is told in a setting.
#[derive(Clone, Debug)]
pub enum Told {
    /// This text.
    This(Secret),
    /// Nothing any more.
    Nothing,
}

/// An account to make.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its number; nothing: the next one.
    pub id: Option<ProviderId>,
    /// The driver that speaks to it.
    pub driver: String,
    /// Which method it takes.
    pub method: Method,
    /// Whose it is; nothing: every merchant's.
    pub merchant: Option<MerchantId>,
    /// The rest.
    pub terms: AccountTerms,
}

/// Why an account is not made or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountRefusal {
    /// There is none of that number.
    #[error("there is no such provider")]
    NotFound,
    /// Another account, or a route, has that number.
    #[error("another provider or route has that number")]
    NumberTaken,
    /// A field is not as it must be.
    #[error("{field} {message}")]
    Unfit {
        /// The field, or the name of a setting.
        field: String,
        /// What it must be.
        message: String,
    },
}

fn unfit(field: &str, message: impl Into<String>) -> AccountRefusal {
    AccountRefusal::Unfit { field: field.to_owned(), message: message.into() }
}

/// A driver of this build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Driver {
    /// Its name, as accounts write it.
    pub name: &'static str,
    /// In which modes an account of it may be made.
    pub modes: &'static [Mode],
    /// What it may be told about an account.
    pub settings: &'static [AccountSetting],
}

impl Driver {
    fn of(provider: &dyn Provider) -> Driver {
        Driver { name: provider.name(), modes: provider.modes(), settings: provider.account_settings() }
    }

    fn setting(&self, name: &str) -> Option<&'static AccountSetting> {
        self.settings.iter().find(|setting| setting.name == name)
    }
}

impl Engine {
    /// The drivers of this build, by name.
    pub fn drivers(&self) -> Vec<Driver> {
        let mut drivers: Vec<Driver> = self.providers.values().map(|provider| Driver::of(provider.as_ref())).collect();
        drivers.sort_by_key(|driver| driver.name);
        drivers
    }

    /// A driver of this build.
    pub fn driver(&self, name: &str) -> Option<Driver> {
        self.providers.get(name).map(|provider| Driver::of(provider.as_ref()))
    }

    /// What an account's driver can do for it; nothing where this build has no such driver.
    pub fn capabilities(&self, account: &ProviderAccount) -> Option<Capabilities> {
        self.providers.get(account.driver.as_str()).map(|provider| provider.capabilities(account))
    }

    /// Makes a provider account; its number.
    ///
    /// # Errors
    /// [`AccountRefusal`], or that the store cannot take it.
    #[boxed]
    pub async fn make_account(
        &self,
        who: &Who,
        new: &NewAccount,
    ) -> Result<ProviderId, ConfigureError<AccountRefusal>> {
        let driver = self.driver(&new.driver).ok_or_else(|| {
            let names: Vec<&str> = self.drivers().iter().map(|driver| driver.name).collect();
            ConfigureError::Refused(unfit("driver", format!("must be one of this build: {}", names.join(", "))))
        })?;
        check(&new.terms, &driver, None).map_err(ConfigureError::Refused)?;
        self.configure(who, |stored| {
            let id = number(stored, new.id)?;
            if new.merchant.is_some_and(|merchant| stored.directory.merchant(merchant).is_none()) {
                return Err(unfit("merchant_id", "names no merchant"));
            }
            let blank = ProviderAccount {
                id,
                code: String::new(),
                name: String::new(),
                driver: new.driver.clone(),
                method: new.method,
                merchant: new.merchant,
                modes: Vec::new(),
                disabled: false,
                currencies: Vec::new(),
                countries: Vec::new(),
                amounts: None,
                conversion: None,
                settings: BTreeMap::new(),
                secrets: AccountSecrets::default(),
            };
            let account = with(&blank, &new.terms, &driver);
            let note = Note {
                action: "provider.made",
                object: format!("{id} {}", account.name),
                merchant: account.merchant,
                before: Value::Null,
                after: Value::Object(differences(None, &account).1),
            };
            let row = setup::sealed_provider_row(&account, &self.keyring);
            Ok(Configured { rows: vec![row], notes: vec![note], value: id })
        })
        .await
    }

    /// Gives a provider account other terms. What stays is not told.
    ///
    /// # Errors
    /// [`AccountRefusal`], or that the store cannot take it.
    #[boxed]
    pub async fn change_account(
        &self,
        who: &Who,
        id: ProviderId,
        terms: &AccountTerms,
    ) -> Result<(), ConfigureError<AccountRefusal>> {
        self.configure(who, |stored| {
            let known = stored.directory.catalogue().providers.iter().find(|account| account.id == id);
            let known = known.ok_or(AccountRefusal::NotFound)?;
            // Of a driver that this build does not have, what it is told stays as it is.
            let driver = self.driver(&known.driver).unwrap_or(Driver {
                name: "",
                modes: &[Mode::Dev, Mode::Live],
                settings: &[],
            });
            check(terms, &driver, Some(known))?;
            let account = with(known, terms, &driver);
            if account == **known {
                return Ok(Configured { rows: Vec::new(), notes: Vec::new(), value: () });
            }
            let (before, after) = differences(Some(known), &account);
            let note = Note {
                action: "provider.changed",
                object: format!("{id} {}", account.name),
                merchant: account.merchant,
                before: Value::Object(before),
                after: Value::Object(after),
            };
            let row = setup::sealed_provider_row(&account, &self.keyring);
            Ok(Configured { rows: vec![row], notes: vec![note], value: () })
        })
        .await
    }
}

/// A number that is free: the one wanted, or the one after all that are taken. Accounts and routes share them.
fn number(stored: &Configuration, wanted: Option<ProviderId>) -> Result<ProviderId, AccountRefusal> {
    let catalogue = stored.directory.catalogue();
    let accounts = catalogue.providers.iter().map(|account| account.id);
    let taken: BTreeSet<ProviderId> = accounts.chain(catalogue.routes.iter().map(|route| route.id)).collect();
    let next = taken.last().map_or(1, |last| last.number() + 1);
    let id = wanted.unwrap_or(ProviderId::new(next));
    match (taken.contains(&id), (1..=NUMBER_MAX).contains(&id.number())) {
        (true, _) => Err(AccountRefusal::NumberTaken),
        (false, false) => Err(unfit("number", format!("must be from 1 to {NUMBER_MAX}"))),
        (false, true) => Ok(id),
    }
}

/// Whether an account may have such terms. What it has already is not held against it.
fn check(terms: &AccountTerms, driver: &Driver, known: Option<&ProviderAccount>) -> Result<(), AccountRefusal> {
    let AccountTerms { code, name, modes, currencies: _, countries: _, amounts, conversion: _, settings } = terms;
    if name.is_empty() || name.chars().count() > NAME_LENGTH_MAX || name.contains(char::is_control) {
        return Err(unfit("name", format!("must be 1 to {NAME_LENGTH_MAX} characters")));
    }
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let is_known = known.is_some_and(|known| known.code == *code);
    if !is_known && (code.is_empty() || code.len() > CODE_LENGTH_MAX || !code.bytes().all(plain)) {
        return Err(unfit("code", "must be 1 to 40 lower-case letters, digits and underscores"));
    }
    let known_modes = known.map(|known| known.modes.as_slice()).unwrap_or_default();
    if let Some(mode) = modes.iter().find(|mode| !driver.modes.contains(mode) && !known_modes.contains(mode)) {
        let word = match mode {
            Mode::Dev => "test",
            Mode::Live => "live",
        };
        return Err(unfit("modes", format!("must be what its driver takes part in, which is not {word}")));
    }
    if let Some((min, max)) = amounts {
        let (least, most) = (decimal(min), decimal(max));
        if least.is_none() || most.is_none() || least > most {
            return Err(unfit("amounts", "must be two plain decimals, the smaller first"));
        }
    }
    for (name, told) in settings {
        driver.setting(name).ok_or_else(|| unfit(name, "is no setting of this driver"))?;
        let Told::This(text) = told else { continue };
        if text.expose().len() > SETTING_LENGTH_MAX || text.expose().contains('\0') {
            return Err(unfit(name, format!("must be {SETTING_LENGTH_MAX} bytes at most")));
        }
    }
    Ok(())
}

/// A plain decimal in a form that compares as its value does: how many digits are before the point, they, and those behind it.
fn decimal(text: &str) -> Option<(usize, String, String)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_decimal = !whole.is_empty() && is_plain(whole) && is_plain(fraction) && text.len() <= 30;
    let whole = whole.trim_start_matches('0');
    is_decimal.then(|| (whole.len(), whole.to_owned(), fraction.trim_end_matches('0').to_owned()))
}

/// An account by other terms.
fn with(known: &ProviderAccount, terms: &AccountTerms, driver: &Driver) -> ProviderAccount {
    let AccountTerms { code, name, modes, currencies, countries, amounts, conversion, settings } = terms.clone();
    let mut account =
        ProviderAccount { code, name, modes, currencies, countries, amounts, conversion, ..known.clone() };
    for (name, told) in settings {
        let sealed = driver.setting(&name).is_some_and(|setting| setting.secrecy == Secrecy::Sealed);
        match (told, sealed) {
            (Told::This(text), true) => {
                account.settings.remove(&name);
                account.secrets.put(name, text);
            }
            (Told::This(text), false) => {
                account.settings.insert(name, text.expose().to_owned());
            }
            (Told::Nothing, _) => {
                account.settings.remove(&name);
                account.secrets.remove(&name);
            }
        }
    }
    account
}

/// What is another, as the audit log tells it.
fn differences(before: Option<&ProviderAccount>, after: &ProviderAccount) -> (Map<String, Value>, Map<String, Value>) {
    let view = |account: &ProviderAccount| {
        let mut view = json!(account);
        // One by one, so that only those are told that are others.
        view["settings"] = Value::Null;
        for (name, text) in &account.settings {
            view[format!("settings.{name}")] = text.as_str().into();
        }
        for (name, secret) in account.secrets.iter() {
            view[format!("settings.{name}")] = json!({ "secret": secret.expose() });
        }
        view
    };
    masked::differences(&before.map_or(Value::Null, view), &view(after))
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn decimals_compare_by_their_value() {
        for (less, more) in [("0", "0.01"), ("2", "10"), ("9.99", "10"), ("1.05", "1.1"), ("007", "8"), ("1", "1.0001")]
        {
            assert!(decimal(less) < decimal(more) && decimal(less).is_some(), "{less} {more}");
        }
        assert_eq!(decimal("010.50"), decimal("10.5"));
        for wrong in ["", ".5", "-1", "1,5", "1e3", "one", "1.2.3"] {
            assert_eq!(decimal(wrong), None, "{wrong}");
        }
    }
}
