//! What is said of a credential, by a form or by JSON: read, checked, and done. Screens and the admin API share it.

use std::net::IpAddr;

use florin_engine::Engine;
use florin_engine::audit::{ConfigureError, Who};
use florin_engine::credentials::{CredentialChange, CredentialRefusal, End, NewPassword};
use florin_engine::directory::{Credential, Label, Merchant, Permission};
use florin_engine::setup::NewCredential;
use florin_kernel::payment::Mode;
use florin_kernel::{CredentialId, Timestamp};
use ipnet::IpNet;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::dialects::connect::{Connection, Login, Order, Part, Unfit};
use crate::dialects::{CONNECTIONS, connection};
use crate::portal::visit::Fields;

/// Callers named at most, admitted and refused each.
const RANGES_MAX: usize = 100;

/// Why nothing is made or changed.
#[derive(Debug)]
pub(in crate::portal) enum Refused {
    /// A field is not as it must be.
    Unfit(Unfit),
    /// It is not there, or not theirs.
    NotFound,
    /// What is there does not allow it.
    Conflict(String),
    /// The database does not answer.
    Unavailable(String),
}

impl From<Unfit> for Refused {
    fn from(unfit: Unfit) -> Refused {
        Refused::Unfit(unfit)
    }
}

impl From<ConfigureError<CredentialRefusal>> for Refused {
    fn from(error: ConfigureError<CredentialRefusal>) -> Refused {
        match error {
            ConfigureError::Unavailable(reason) => Refused::Unavailable(reason),
            ConfigureError::Refused(CredentialRefusal::NotFound) => Refused::NotFound,
            ConfigureError::Refused(CredentialRefusal::Name) => {
                Refused::Unfit(Unfit::new("name", "must be 60 characters at most, on one line"))
            }
            ConfigureError::Refused(
                refusal @ (CredentialRefusal::KeyTaken | CredentialRefusal::Revoked | CredentialRefusal::Overtaken),
            ) => Refused::Conflict(refusal.to_string()),
        }
    }
}

/// A credential just made, with what is shown this once.
pub(in crate::portal) struct NewlyMade {
    pub(in crate::portal) id: CredentialId,
    pub(in crate::portal) parts: Vec<Part>,
}

/// The dialect that a form or JSON names.
pub(in crate::portal) fn dialect(fields: &Fields) -> Result<&'static dyn Connection, Unfit> {
    let named = fields.text("api");
    let known = CONNECTIONS.into_iter().find(|known| known.word() == named);
    known.ok_or_else(|| Unfit::new("api", "must be cashier, v3, transaction_services or crypto"))
}

/// Makes a credential.
pub(in crate::portal) async fn make(
    engine: &Engine,
    who: &Who,
    merchant: &Merchant,
    mode: Mode,
    fields: &Fields,
) -> Result<NewlyMade, Refused> {
    let (new, parts) = draw(merchant, mode, fields)?;
    let known = fields.has("known").then(|| fields.text("known").parse()).transpose();
    let known = known.map_err(|_| Unfit::new("known", "must be the number of credentials that are there"))?;
    let id = engine.make_credential(who, &new, known).await?;
    Ok(NewlyMade { id, parts })
}

/// What a new credential is, and what is shown of it once.
fn draw(merchant: &Merchant, mode: Mode, fields: &Fields) -> Result<(NewCredential, Vec<Part>), Refused> {
    let dialect = dialect(fields)?;
    let said = change(fields, dialect)?;
    let order = Order { mode, slug: &merchant.slug, said: &|name: &str| fields.text(name).to_owned() };
    let made = dialect.make(&order)?;
    let mut parts = made.login;
    let label = Label { name: said.name.unwrap_or_default(), hint: made.hint, test_login: Some(Login::kept(&parts)) };
    if let Some(password) = dialect.password() {
        parts.push(Part { name: password.name, label: password.label, value: made.signature_password.clone() });
    }
    let new = NewCredential {
        // The engine draws the number.
        id: CredentialId::from_number(0),
        merchant: merchant.id,
        mode,
        dialect: dialect.dialect(),
        label,
        key: made.key,
        other_keys: made.other_keys,
        permissions: said.permissions.unwrap_or_else(|| usual(dialect, mode)),
        expires_at: said.expires_at.flatten(),
        revoked: false,
        allow: said.allow.unwrap_or_default(),
        deny: said.deny.unwrap_or_default(),
        settings: made.settings,
        signature_password: made.signature_password,
    };
    Ok((new, parts))
}

/// What a new credential may do where nothing is said (product document, "Permissions").
pub(in crate::portal) fn usual(dialect: &dyn Connection, mode: Mode) -> Vec<Permission> {
    let offered = dialect.permissions().iter().copied();
    match mode {
        Mode::Dev => offered.collect(),
        Mode::Live => offered.filter(|known| matches!(known, Permission::Deposits | Permission::Read)).collect(),
    }
}

/// Changes what a form or JSON names.
pub(in crate::portal) async fn alter(
    engine: &Engine,
    who: &Who,
    credential: &Credential,
    fields: &Fields,
) -> Result<(), Refused> {
    let change = change(fields, connection(credential.dialect))?;
    Ok(engine.change_credential(who, credential.merchant, credential.id, &change).await?)
}

/// Sets what the dialect alone reads.
pub(in crate::portal) async fn set(
    engine: &Engine,
    who: &Who,
    credential: &Credential,
    given: &Value,
) -> Result<(), Refused> {
    let dialect = connection(credential.dialect);
    let mut settings = dialect.read_settings(credential, given)?;
    keep(dialect, credential, &mut settings);
    let change = CredentialChange { settings: Some(settings), ..CredentialChange::default() };
    Ok(engine.change_credential(who, credential.merchant, credential.id, &change).await?)
}

/// What the row has that this build's dialect does not know stays in it: another version may. What it does not have and stays as it is
/// by default is not written into it either.
fn keep(dialect: &dyn Connection, credential: &Credential, settings: &mut Value) {
    let known = dialect.settings(credential);
    let is_known =
        |name: &str| known.get(name).is_some() || dialect.setting_table().iter().any(|setting| setting.name == name);
    let none = serde_json::Map::new();
    let stored = credential.settings.as_object().unwrap_or(&none);
    if let Value::Object(settings) = settings {
        settings.retain(|name, value| stored.contains_key(name) || known.get(name) != Some(value));
        for (name, value) in stored.iter().filter(|(name, _)| !is_known(name)) {
            settings.entry(name.as_str()).or_insert_with(|| value.clone());
        }
    }
}

/// Makes a new password of the dialect's own signature; it is shown this once.
pub(in crate::portal) async fn renew(
    engine: &Engine,
    who: &Who,
    merchant: &Merchant,
    credential: &Credential,
) -> Result<Part, Refused> {
    let dialect = connection(credential.dialect);
    let Some(kind) = dialect.password() else {
        return Err(Refused::Conflict(format!("{} has no password of its own", dialect.name())));
    };
    let password = dialect.new_password(credential.mode, &merchant.slug);
    let new = NewPassword { password: password.clone(), keep_present_as: kind.keeps_present_as };
    let change = CredentialChange { signature_password: Some(new), ..CredentialChange::default() };
    engine.change_credential(who, merchant.id, credential.id, &change).await?;
    Ok(Part { name: kind.name, label: kind.label, value: password })
}

/// Names a credential's present password without telling it.
pub(in crate::portal) fn present(engine: &Engine, credential: &Credential) -> String {
    let id = credential.id.number().to_be_bytes();
    let digest = engine.digest(&[b"portal password", &id, credential.signature_password.expose().as_bytes()]);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Takes a credential back for good.
pub(in crate::portal) async fn end(engine: &Engine, who: &Who, credential: &Credential) -> Result<(), Refused> {
    let change = CredentialChange { end: End::ForGood, ..CredentialChange::default() };
    Ok(engine.change_credential(who, credential.merchant, credential.id, &change).await?)
}

fn change(fields: &Fields, dialect: &dyn Connection) -> Result<CredentialChange, Unfit> {
    let has = |name: &str| fields.has(name);
    Ok(CredentialChange {
        name: has("name").then(|| fields.text("name").to_owned()),
        permissions: has("permissions").then(|| permissions(fields, dialect)).transpose()?,
        expires_at: has("expires_at").then(|| moment(fields.text("expires_at"))).transpose()?,
        allow: has("allow").then(|| ranges(fields, "allow")).transpose()?,
        deny: has("deny").then(|| ranges(fields, "deny")).transpose()?,
        ..CredentialChange::default()
    })
}

fn permissions(fields: &Fields, dialect: &dyn Connection) -> Result<Vec<Permission>, Unfit> {
    let offered = dialect.permissions();
    let mut named = Vec::new();
    for word in fields.all("permissions").map(str::trim).filter(|word| !word.is_empty()) {
        let known = offered.iter().find(|known| permission_word(**known) == word);
        let known = known.ok_or_else(|| {
            let words: Vec<&str> = offered.iter().map(|known| permission_word(*known)).collect();
            Unfit::new("permissions", format!("must be of {}", words.join(", ")))
        })?;
        if !named.contains(known) {
            named.push(*known);
        }
    }
    Ok(named)
}

/// A permission's word in forms, rows and the admin API.
pub(in crate::portal) fn permission_word(permission: Permission) -> &'static str {
    match permission {
        Permission::Deposits => "deposits",
        Permission::S2sCards => "s2s_cards",
        Permission::Withdrawals => "withdrawals",
        Permission::Approve => "approve",
        Permission::Read => "read",
    }
}

/// `2026-12-31T23:59:59Z`, or as forms have it, `2026-12-31T23:59`, by UTC; empty: never.
fn moment(text: &str) -> Result<Option<Timestamp>, Unfit> {
    if text.is_empty() {
        return Ok(None);
    }
    let civil = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let read = text.parse::<Timestamp>().ok().or_else(civil);
    read.map(Some).ok_or_else(|| Unfit::new("expires_at", "must be a time such as 2026-12-31T23:59:59Z, or empty"))
}

/// Addresses and ranges, with anything between them that is no part of one.
fn ranges(fields: &Fields, name: &'static str) -> Result<Vec<IpNet>, Unfit> {
    let mut ranges = Vec::new();
    let texts = fields.all(name).flat_map(|text| text.split([' ', ',', ';', '\r', '\n', '\t']));
    for text in texts.filter(|text| !text.is_empty()) {
        let alone = || text.parse::<IpAddr>().ok().map(IpNet::from);
        let range = text.parse::<IpNet>().ok().or_else(alone).ok_or_else(|| {
            Unfit::new(name, format!("must be addresses or ranges such as 192.0.2.0/24; {text:?} is none"))
        })?;
        ranges.push(range.trunc());
    }
    match ranges.len() {
        0..=RANGES_MAX => Ok(ranges),
        _ => Err(Unfit::new(name, format!("must be {RANGES_MAX} ranges at most"))),
    }
}

#[cfg(test)]
mod tests {
    use super::{dialect, moment, permissions, ranges};
    use crate::dialects::connection;
    use crate::portal::visit::Fields;
    use florin_kernel::payment::Dialect;

    #[test]
    fn callers_are_read_however_they_are_written() {
        for (text, expected) in [
            ("allow=", Ok("")),
            ("allow=192.0.2.7", Ok("192.0.2.7/32")),
            ("allow=192.0.2.7/24,+2001:db8::/32", Ok("192.0.2.0/24 2001:db8::/32")),
            ("allow=192.0.2.7%0D%0A10.0.0.0/8&allow=::1", Ok("192.0.2.7/32 10.0.0.0/8 ::1/128")),
            ("allow=shop.example", Err("allow")),
            ("allow=192.0.2.0/33", Err("allow")),
        ] {
            let read = ranges(&Fields::read(text.as_bytes()), "allow");
            let read = read.map(|ranges| ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
            assert_eq!(read.map_err(|unfit| unfit.field), expected.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn times_are_read_by_utc() {
        for (text, expected) in [
            ("", Some(None)),
            ("2026-12-31T23:59", Some(Some("2026-12-31T23:59:00Z"))),
            ("2026-12-31T23:59:01+01:00", Some(Some("2026-12-31T22:59:01Z"))),
            ("tomorrow", None),
        ] {
            let read = moment(text).ok().map(|at| at.map(|at| at.to_string()));
            assert_eq!(read, expected.map(|at| at.map(str::to_owned)), "{text}");
        }
    }

    #[test]
    fn permissions_are_those_of_the_dialect() {
        let of = |text: &str, api| {
            let read = permissions(&Fields::read(text.as_bytes()), connection(api));
            read.map(|read| read.len()).map_err(|unfit| unfit.field)
        };
        assert_eq!(of("permissions=&permissions=read&permissions=read", Dialect::Cashier), Ok(1));
        assert_eq!(of("permissions=approve", Dialect::V3), Err("permissions".to_owned()));
        assert_eq!(of("permissions=read", Dialect::Crypto), Err("permissions".to_owned()));
        assert!(dialect(&Fields::read(b"api=v3")).is_ok() && dialect(&Fields::read(b"api=v4")).is_err());
    }
}
