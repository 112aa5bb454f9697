//! What is said of a provider account, by a form or by JSON: read and done. Screens and the admin API share it.

use std::collections::BTreeMap;

use florin_engine::audit::ConfigureError;
use florin_engine::routing::{AccountRefusal, AccountTerms, Driver, NewAccount, Told};
use florin_kernel::fx::Rate;
use florin_kernel::payment::Mode;
use florin_kernel::routing::{Method, ProviderAccount, ProviderId};
use florin_kernel::{Asset, MerchantId};
use serde_json::{Map, Value};

use crate::dialects::connect::Unfit;
use crate::portal::rules::order::{countries, currencies, one, words};
use crate::portal::visit::{Fields, parse_mode};

/// What begins the name of a field that tells the driver something, and of the box that takes a secret away.
pub(in crate::portal) const SETTING: &str = "setting.";
pub(in crate::portal) const CLEAR: &str = "clear.";

/// Why nothing is made or changed.
#[derive(Debug)]
pub(in crate::portal) enum Refused {
    /// A field is not as it must be.
    Unfit(Unfit),
    /// It is not there.
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

impl From<ConfigureError<AccountRefusal>> for Refused {
    fn from(error: ConfigureError<AccountRefusal>) -> Refused {
        match error {
            ConfigureError::Unavailable(reason) => Refused::Unavailable(reason),
            ConfigureError::Refused(AccountRefusal::NotFound) => Refused::NotFound,
            ConfigureError::Refused(refusal @ AccountRefusal::NumberTaken) => Refused::Conflict(refusal.to_string()),
            ConfigureError::Refused(AccountRefusal::Unfit { field, message }) => {
                Refused::Unfit(Unfit::new(field, message))
            }
        }
    }
}

/// Reads an account that is to be made.
///
/// # Errors
/// [`Unfit`] names the field.
pub(in crate::portal) fn new(fields: &Fields, driver: &Driver) -> Result<NewAccount, Unfit> {
    let number = |name: &'static str| match fields.text(name) {
        "" => Ok(None),
        text => text.parse::<i64>().map(Some).map_err(|_| Unfit::new(name, "must be a whole number")),
    };
    Ok(NewAccount {
        id: number("number")?.map(ProviderId::new),
        driver: driver.name.to_owned(),
        method: one::<Method>("method", fields.text("method"), "card, bank_transfer, e_wallet, voucher or crypto")?,
        merchant: number("merchant_id")?.map(MerchantId::from_number),
        terms: terms(fields, None, driver)?,
    })
}

/// Reads what an account is to be; what is not said stays.
///
/// # Errors
/// [`Unfit`] names the field.
pub(in crate::portal) fn terms(
    fields: &Fields,
    known: Option<&ProviderAccount>,
    driver: &Driver,
) -> Result<AccountTerms, Unfit> {
    let text = |name: &str, known: Option<&String>| match (fields.has(name), known) {
        (false, Some(known)) => known.clone(),
        (true, _) | (false, None) => fields.text(name).to_owned(),
    };
    Ok(AccountTerms {
        code: text("code", known.map(|known| &known.code)),
        name: text("name", known.map(|known| &known.name)),
        modes: kept(fields, "modes", known.map(|known| &known.modes), modes)?,
        currencies: kept(fields, "currencies", known.map(|known| &known.currencies), currencies)?,
        countries: kept(fields, "countries", known.map(|known| &known.countries), countries)?,
        amounts: kept(fields, "amount_max", known.map(|known| &known.amounts), amounts)?,
        conversion: kept(fields, "conversion_rate", known.map(|known| &known.conversion), conversion)?,
        settings: settings(fields, driver),
    })
}

/// What a field says, or what is known where it says nothing.
fn kept<T: Clone>(
    fields: &Fields,
    name: &str,
    known: Option<&T>,
    read: impl Fn(&Fields) -> Result<T, Unfit>,
) -> Result<T, Unfit> {
    match (fields.has(name), known) {
        (false, Some(known)) => Ok(known.clone()),
        (true, _) | (false, None) => read(fields),
    }
}

fn modes(fields: &Fields) -> Result<Vec<Mode>, Unfit> {
    let read = |word: String| parse_mode(&word).ok_or_else(|| Unfit::new("modes", "must be of dev and live"));
    let mut modes: Vec<Mode> = words(fields, "modes").into_iter().map(read).collect::<Result<_, _>>()?;
    modes.dedup();
    Ok(modes)
}

fn amounts(fields: &Fields) -> Result<Option<(String, String)>, Unfit> {
    match (fields.text("amount_min"), fields.text("amount_max")) {
        ("", "") => Ok(None),
        ("", most) => Ok(Some(("0".to_owned(), most.to_owned()))),
        (_, "") => Err(Unfit::new("amount_max", "must be there where there is a smallest amount")),
        (least, most) => Ok(Some((least.to_owned(), most.to_owned()))),
    }
}

fn conversion(fields: &Fields) -> Result<Option<(Asset, Rate)>, Unfit> {
    let (code, rate) = (fields.text("conversion_currency").to_ascii_uppercase(), fields.text("conversion_rate"));
    if code.is_empty() && rate.is_empty() {
        return Ok(None);
    }
    let asset =
        Asset::from_code(&code).ok_or_else(|| Unfit::new("conversion_currency", "must be a currency's code"))?;
    let rate = Rate::parse(rate)
        .ok_or_else(|| Unfit::new("conversion_rate", "must be a decimal above zero with at most 9 decimals"))?;
    Ok(Some((asset, rate)))
}

/// What the driver is told. An empty text tells it nothing any more; of a secret, which no form shows, it leaves it as it is.
fn settings(fields: &Fields, driver: &Driver) -> BTreeMap<String, Told> {
    use florin_kernel::ports::Secrecy;
    let mut settings = BTreeMap::new();
    for name in fields.names().filter_map(|name| name.strip_prefix(SETTING)) {
        let known = driver.settings.iter().find(|setting| setting.name == name);
        let is_sealed = known.is_some_and(|setting| setting.secrecy == Secrecy::Sealed);
        let text = fields.secret(&format!("{SETTING}{name}"));
        match (text.expose().trim().is_empty(), is_sealed) {
            (false, _) => _ = settings.insert(name.to_owned(), Told::This(text)),
            (true, false) => _ = settings.insert(name.to_owned(), Told::Nothing),
            (true, true) => {}
        }
    }
    for name in fields.names().filter_map(|name| name.strip_prefix(CLEAR)) {
        settings.insert(name.to_owned(), Told::Nothing);
    }
    settings
}

/// The fields of a JSON body: its `settings` are an object of texts, in which `null` takes one away.
///
/// # Errors
/// [`Unfit`].
pub(in crate::portal) fn of_json(body: &Map<String, Value>) -> Result<Fields, Unfit> {
    let mut flat = body.clone();
    match flat.remove("settings") {
        None | Some(Value::Null) => {}
        Some(Value::Object(settings)) => {
            for (name, value) in settings {
                let (field, value) = match value {
                    Value::Null => (format!("{CLEAR}{name}"), Value::from("on")),
                    Value::String(_) => (format!("{SETTING}{name}"), value),
                    Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                        return Err(Unfit::new(name, "must be a text or null"));
                    }
                };
                flat.insert(field, value);
            }
        }
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            return Err(Unfit::new("settings", "must be an object"));
        }
    }
    Ok(Fields::of_json(&flat))
}

#[cfg(test)]
mod tests {
    use super::{Told, new, of_json, terms};
    use crate::portal::visit::Fields;
    use florin_engine::routing::Driver;
    use florin_kernel::payment::Mode;
    use florin_kernel::ports::{AccountSetting, Secrecy};
    use serde_json::json;

    const DRIVER: Driver = Driver {
        name: "acme",
        modes: &[Mode::Dev, Mode::Live],
        settings: &[
            AccountSetting { name: "site", label: "Site", hint: "", secrecy: Secrecy::Open },
            AccountSetting { name: "api_key", label: "API key", hint: "", secrecy: Secrecy::Sealed },
        ],
    };

    fn said(fields: &Fields) -> String {
        match terms(fields, None, &DRIVER) {
            Ok(terms) => {
                let told = terms.settings.iter().map(|(name, told)| match told {
                    Told::This(text) => format!("{name}={}", text.expose()),
                    Told::Nothing => format!("{name}-"),
                });
                told.collect::<Vec<_>>().join(" ")
            }
            Err(unfit) => format!("{} !", unfit.field),
        }
    }

    #[test]
    fn fields_are_read_or_refused_by_name() {
        for (text, expected) in [
            ("modes=&modes=dev&currencies=eur&countries=de&amount_min=1&amount_max=20", ""),
            ("setting.site=shop+7&setting.api_key=", "site=shop 7"),
            ("setting.site=&setting.api_key=+s3cret", "api_key= s3cret site-"),
            ("setting.api_key=&clear.api_key=on", "api_key-"),
            ("modes=test", "modes !"),
            ("currencies=euro", "currencies !"),
            ("amount_min=1&amount_max=", "amount_max !"),
            ("conversion_currency=GBP&conversion_rate=", "conversion_rate !"),
            ("conversion_currency=&conversion_rate=0.8", "conversion_currency !"),
        ] {
            assert_eq!(said(&Fields::read(text.as_bytes())), expected, "{text}");
        }
        let body = json!({"modes": ["live"], "settings": {"site": "7", "api_key": null}});
        let fields = of_json(body.as_object().expect("an object")).expect("fields");
        assert_eq!(said(&fields), "api_key- site=7");
        assert!(of_json(json!({"settings": {"site": 7}}).as_object().expect("an object")).is_err());
        let wrong = new(&Fields::read(b"method=cash"), &DRIVER).map(drop);
        assert_eq!(wrong.map_err(|unfit| unfit.field), Err("method".to_owned()));
    }
}
