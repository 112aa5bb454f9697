//! How a merchant's program is connected in a dialect: what a credential is made of, what may be set of it, and requests to paste. Each
//! dialect fills this in; the portal and the admin API know dialects by it alone.

use florin_engine::directory::{Credential, Permission};
use florin_kernel::payment::{Dialect, Mode};
use florin_kernel::secret::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub mod setting;
#[cfg(test)]
mod tests;

use setting::Setting;

/// What may be said to make a credential. All of it may be left out: then it is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name in forms and in the admin API.
    pub name: &'static str,
    /// As people read it.
    pub label: &'static str,
    /// What it is, and what happens without it.
    pub hint: &'static str,
}

/// A credential that somebody wants.
pub struct Order<'o> {
    /// Test or live.
    pub mode: Mode,
    /// The merchant's slug.
    pub slug: &'o str,
    /// What is said, by a [`Field`]'s name; an empty text is nothing.
    pub said: &'o (dyn Fn(&str) -> String + Sync),
}

impl Order<'_> {
    /// What is said in a field, without the spaces around it.
    pub fn text(&self, name: &str) -> Option<String> {
        let text = (self.said)(name).trim().to_owned();
        (!text.is_empty()).then_some(text)
    }
}

/// What is wrong with an order or a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// The field or setting.
    pub field: String,
    /// What it must be, behind the field's name: `must be …`.
    pub message: String,
}

impl Unfit {
    /// Says it.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Unfit {
        Unfit { field: field.into(), message: message.into() }
    }
}

/// A part of a login, as the merchant's program needs it.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its name, as in `demo.json`.
    pub name: &'static str,
    /// As people read it.
    pub label: &'static str,
    /// The text.
    pub value: Secret,
}

impl Part {
    /// Names a text.
    pub fn new(name: &'static str, label: &'static str, value: impl Into<String>) -> Part {
        Part { name, label, value: Secret::new(value.into()) }
    }
}

/// What of a new credential is its dialect's matter.
#[derive(Debug)]
pub struct Made {
    /// What it is found by.
    pub key: Secret,
    /// Others, where there is another login beside.
    pub other_keys: Vec<Secret>,
    /// The dialect's settings.
    pub settings: Value,
    /// The password of the dialect's own signature; empty where it has none.
    pub signature_password: Secret,
    /// As much of the key as tells keys apart.
    pub hint: String,
    /// What the merchant's program needs beside the signature password.
    pub login: Vec<Part>,
}

/// The password that a dialect signs with.
#[derive(Clone, Copy, Debug)]
pub struct Password {
    /// Its name, as in `demo.json`.
    pub name: &'static str,
    /// As people read it.
    pub label: &'static str,
    /// The setting in which the one before stays accepted, if the dialect takes two for a while.
    pub keeps_present_as: Option<&'static str>,
}

/// A login that is known: a test credential's parts by name.
#[derive(Clone, Debug, Default)]
pub struct Login(Map<String, Value>);

impl Login {
    /// What is kept of a test credential; nothing of one that was made elsewhere.
    pub fn of(credential: &Credential) -> Option<Login> {
        let kept = credential.label.test_login.as_ref()?;
        serde_json::from_str(kept.expose()).ok().map(Login)
    }

    /// As it is kept.
    pub fn kept(parts: &[Part]) -> Secret {
        let pairs = parts.iter().map(|part| (part.name.to_owned(), part.value.expose().into()));
        Secret::new(Value::Object(pairs.collect()).to_string())
    }

    /// A part; empty where there is none.
    pub fn part(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// A request to paste into a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// What it does.
    pub title: &'static str,
    /// The command.
    pub command: String,
}

/// A dialect, as the portal knows it.
pub trait Connection: Sync {
    /// Which.
    fn dialect(&self) -> Dialect;

    /// As people call it.
    fn name(&self) -> &'static str;

    /// Its word in the addresses of its reference, and in the admin API.
    fn word(&self) -> &'static str;

    /// What a credential of it may be permitted.
    fn permissions(&self) -> &'static [Permission];

    /// What may be said to make one.
    fn fields(&self) -> &'static [Field];

    /// Makes the dialect's part of one.
    ///
    /// # Errors
    /// [`Unfit`] names the field.
    fn make(&self, order: &Order<'_>) -> Result<Made, Unfit>;

    /// The password that it signs with; nothing: it has none of its own.
    fn password(&self) -> Option<Password>;

    /// A new one.
    fn new_password(&self, mode: Mode, slug: &str) -> Secret;

    /// Names by which merchants know a credential, such as its entity; empty: none but its hint.
    fn known_as(&self, credential: &Credential) -> String;

    /// What may be set, one by one.
    fn setting_table(&self) -> &'static [Setting];

    /// What is set, with the defaults where nothing is; `null`: there is nothing to set.
    fn settings(&self, credential: &Credential) -> Value;

    /// What is to be set, checked; whatever else the row needs stays as it is.
    ///
    /// # Errors
    /// [`Unfit`] names the setting.
    fn read_settings(&self, credential: &Credential, given: &Value) -> Result<Value, Unfit>;

    /// Whether it has a message for trying a receiver.
    fn trial(&self) -> Trial;

    /// Requests to paste, with a test credential's own login.
    fn samples(&self, base_url: &str, credential: &Credential, login: &Login) -> Vec<Sample>;
}

/// Whether a dialect has a message for trying a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// It has one, sent to the URL of this setting.
    ToSetting(&'static str),
    /// It has none.
    None,
}

/// Reads settings as a dialect's type, refusing names that it does not have.
///
/// # Errors
/// [`Unfit`] names the setting, as far as it can be told.
pub fn read<T: DeserializeOwned + Serialize>(given: &Value) -> Result<(T, Map<String, Value>), Unfit> {
    let Value::Object(given) = given else { return Err(Unfit::new("settings", "must be a JSON object")) };
    for (name, value) in given {
        // One at a time, so that the fault has a name.
        let alone = Value::Object(Map::from_iter([(name.clone(), value.clone())]));
        let read: T =
            serde_json::from_value(alone).map_err(|error| Unfit::new(name, format!("cannot be used: {error}")))?;
        let written = serde_json::to_value(read).unwrap_or_default();
        let says_nothing = value.is_null() || value.as_array().is_some_and(Vec::is_empty) || value == "";
        if written.get(name).is_none() && !says_nothing {
            return Err(Unfit::new(name, "is no setting of this API"));
        }
    }
    let read: T = serde_json::from_value(Value::Object(given.clone()))
        .map_err(|error| Unfit::new("settings", format!("cannot be used: {error}")))?;
    match serde_json::to_value(&read) {
        Ok(Value::Object(written)) => Ok((read, written)),
        Ok(_) | Err(_) => Err(Unfit::new("settings", "must be a JSON object")),
    }
}

/// Whether a setting is an address that may be called, or empty.
///
/// # Errors
/// [`Unfit`].
pub fn check_url(name: &str, text: &str) -> Result<(), Unfit> {
    let is_web = |url: url::Url| matches!(url.scheme(), "https" | "http") && url.has_host();
    match text.is_empty() || url::Url::parse(text).is_ok_and(is_web) {
        true => Ok(()),
        false => Err(Unfit::new(name, "must be an address that begins with https:// or http://, or empty")),
    }
}

/// 40 random letters and digits: 238 bits.
pub fn letters() -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut text = String::with_capacity(40);
    while text.len() < 40 {
        let mut bytes = [0; 64];
        getrandom::fill(&mut bytes).expect("the system's random source answers");
        // Bytes above the last whole run of 62 would make some letters likelier.
        let fair = bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(ALPHABET[usize::from(byte % 62)]));
        text.extend(fair.take(40 - text.len()));
    }
    text
}

/// Random bytes in lower-case hexadecimal.
pub fn hex<const COUNT: usize>() -> String {
    let mut bytes = [0; COUNT];
    getrandom::fill(&mut bytes).expect("the system's random source answers");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A random decimal number of so many digits that does not begin with zero.
pub fn digits(count: u32) -> String {
    let low = 10_u64.pow(count.saturating_sub(1));
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system's random source answers");
    (low + u64::from_be_bytes(bytes) % (low * 9)).to_string()
}

/// A new key of a mode: `fl_dev_…`.
pub fn new_key(mode: Mode) -> String {
    match mode {
        Mode::Dev => format!("fl_dev_{}", letters()),
        Mode::Live => format!("fl_live_{}", letters()),
    }
}

/// How a key begins and ends: of 40 random letters so much is left that nobody guesses them.
pub fn hint(key: &str) -> String {
    let tail: String = key.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
    let head = ["fl_dev_", "fl_live_"].into_iter().find(|head| key.starts_with(head)).unwrap_or_default();
    format!("{head}\u{2026}{tail}")
}
