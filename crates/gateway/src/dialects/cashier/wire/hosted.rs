//! What only the hosted calls say: theme, whose amount it is, and what is offered (contract, section 4).

use florin_kernel::payment::AmountChoice;
use florin_kernel::routing::{Method, ProviderId};

use super::super::fields::{Form, Section};
use super::super::json::Json;
use super::super::rules::{self, Message};
use super::HostedPage;

const METHODS: &str = "must be card, bank_transfer, e_wallet, voucher or crypto";

pub(super) fn read(form: &mut Form, request: &Section<'_>) -> HostedPage {
    let amount = form.read(request, "amount_restricted", amount_choice).unwrap_or_default();
    let theme = form.read(request, "theme", theme).unwrap_or_default();
    let settings = form.section(request, "settings", "request.settings");
    let methods = list(form, &settings, "methods", method);
    let providers = list(form, &settings, "providers", rules::provider_id);
    HostedPage { amount, theme, methods, providers }
}

/// A withdrawal's amount is fixed, and its rules say what is offered: only the look is the request's.
pub(super) fn read_withdrawal(form: &mut Form, request: &Section<'_>) -> HostedPage {
    let theme = form.read(request, "theme", theme).unwrap_or_default();
    HostedPage { amount: AmountChoice::Fixed, theme, methods: Vec::new(), providers: Vec::new() }
}

/// Absent means restricted: the safe reading for merchants who credit what they asked for.
fn amount_choice(value: &Json<'_>) -> Result<AmountChoice, Message> {
    match value {
        Json::Bool(true) => Ok(AmountChoice::Fixed),
        Json::Bool(false) => Ok(AmountChoice::Open),
        Json::Null | Json::Number(_) | Json::Text(_) | Json::Array(_) | Json::Object(_) => {
            Err("must be true or false".into())
        }
    }
}

/// A name that is no theme counts as none, because a colour must not cost a payment.
fn theme(value: &Json<'_>) -> Result<String, Message> {
    let name = rules::trimmed(value)?.to_ascii_lowercase();
    Ok(if matches!(name.as_str(), "dark" | "light" | "auto") { name } else { String::new() })
}

fn method(value: &Json<'_>) -> Result<Method, Message> {
    match rules::trimmed(value)? {
        "card" => Ok(Method::Card),
        "bank_transfer" => Ok(Method::BankTransfer),
        "e_wallet" => Ok(Method::EWallet),
        "voucher" => Ok(Method::Voucher),
        "crypto" => Ok(Method::Crypto),
        _ => Err(METHODS.into()),
    }
}

/// A list without repeats; each faulty entry is named by its place.
fn list<T: PartialEq>(
    form: &mut Form,
    settings: &Section<'_>,
    name: &'static str,
    rule: impl Fn(&Json<'_>) -> Result<T, Message>,
) -> Vec<T> {
    let entries = match settings.get(name) {
        None => return Vec::new(),
        Some(Json::Array(entries)) => entries,
        Some(_) => {
            form.fault(settings, name, "must be an array".into());
            return Vec::new();
        }
    };
    let mut read = Vec::new();
    for (place, entry) in entries.iter().enumerate() {
        match rule(entry) {
            Ok(entry) if read.contains(&entry) => {}
            Ok(entry) => read.push(entry),
            Err(message) => form.fault(settings, &format!("{name}.{place}"), message),
        }
    }
    read
}

impl HostedPage {
    /// The places of providers that are not among `known`.
    pub fn strangers(&self, known: impl Fn(ProviderId) -> bool) -> impl Iterator<Item = usize> {
        self.providers.iter().enumerate().filter(move |(_, id)| !known(**id)).map(|(place, _)| place)
    }
}
