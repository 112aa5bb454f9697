//! Where the money goes: what the page offers, and reading what the payer filled in, every problem at its field.

use florin_kernel::card::Pan;
use florin_kernel::ports::Payee;
use florin_kernel::routing::{Method, ProviderAccount, ProviderId};
use florin_kernel::secret::Secret;

use super::super::card::Submitted;

#[cfg(test)]
mod tests;

/// One way to be paid out: a form of its own.
pub(super) struct Offer {
    pub(super) provider: i64,
    pub(super) heading: &'static str,
    pub(super) inputs: Vec<Input>,
    method: Method,
}

/// A field of a form. Numbers never come back in a page.
pub(super) struct Input {
    pub(super) name: &'static str,
    pub(super) id: String,
    pub(super) label: &'static str,
    pub(super) value: String,
    pub(super) inputmode: &'static str,
    pub(super) autocomplete: &'static str,
    pub(super) problem: Option<String>,
}

/// What was filled in and may be shown again, and what is wrong with it.
#[derive(Debug, Default)]
pub(super) struct Fields {
    provider: Option<i64>,
    holder: String,
    problems: Vec<(&'static str, String)>,
}

const NAME_MAX: usize = 100;
const WALLET_MAX: usize = 64;

impl Offer {
    /// What an account needs to know; nothing for methods that cannot be paid out to.
    pub(super) fn of(account: &ProviderAccount, fields: &Fields) -> Option<Offer> {
        let (heading, parts): (_, &[Part]) = match account.method {
            Method::Card => ("To a card", &[CARD_HOLDER, CARD_NUMBER]),
            Method::BankTransfer => ("To a bank account", &[ACCOUNT_HOLDER, IBAN]),
            Method::EWallet => ("To a wallet", &[WALLET]),
            Method::Voucher | Method::Crypto => return None,
        };
        let provider = account.id.number();
        let own = fields.provider == Some(provider);
        let input = |part: &Part| Input {
            name: part.name,
            id: format!("{}-{provider}", part.name),
            label: part.label,
            value: if own && part.may_come_back { fields.holder.clone() } else { String::new() },
            inputmode: part.inputmode,
            autocomplete: part.autocomplete,
            problem: fields.problems.iter().find(|(name, _)| own && *name == part.name).map(|(_, text)| text.clone()),
        };
        Some(Offer { provider, heading, inputs: parts.iter().map(input).collect(), method: account.method })
    }
}

struct Part {
    name: &'static str,
    label: &'static str,
    inputmode: &'static str,
    autocomplete: &'static str,
    may_come_back: bool,
}

const CARD_HOLDER: Part = Part {
    name: "holder_name",
    label: "Name on the card",
    inputmode: "text",
    autocomplete: "cc-name",
    may_come_back: true,
};
const CARD_NUMBER: Part = Part {
    name: "card_number",
    label: "Card number",
    inputmode: "numeric",
    autocomplete: "cc-number",
    may_come_back: false,
};
const ACCOUNT_HOLDER: Part = Part {
    name: "account_holder",
    label: "Account holder",
    inputmode: "text",
    autocomplete: "name",
    may_come_back: true,
};
const IBAN: Part = Part { name: "iban", label: "IBAN", inputmode: "text", autocomplete: "off", may_come_back: false };
const WALLET: Part =
    Part { name: "wallet_id", label: "Wallet", inputmode: "text", autocomplete: "off", may_come_back: false };

/// Reads a form for one of the offers.
///
/// # Errors
/// What to show again, with everything that is wrong at once.
pub(super) fn read(offers: &[Offer], form: &Submitted) -> Result<(ProviderId, Payee), Fields> {
    let provider = form.field("provider_id").parse().ok();
    let Some(offer) = offers.iter().find(|offer| Some(offer.provider) == provider) else {
        return Err(Fields::default());
    };
    let mut problems = Vec::new();
    let (holder, number) = match offer.method {
        Method::Card => (name(form, "holder_name", &mut problems), note(card(form), "card_number", &mut problems)),
        Method::BankTransfer => {
            (name(form, "account_holder", &mut problems), note(iban(form.field("iban")), "iban", &mut problems))
        }
        Method::EWallet => (String::new(), note(wallet(form), "wallet_id", &mut problems)),
        Method::Voucher | Method::Crypto => return Err(Fields::default()),
    };
    match (number, problems.is_empty()) {
        (Some(number), true) => Ok((ProviderId::new(offer.provider), Payee { holder, number: Secret::new(number) })),
        (_, _) => Err(Fields { provider, holder, problems }),
    }
}

fn note(
    read: Result<String, &'static str>,
    name: &'static str,
    problems: &mut Vec<(&'static str, String)>,
) -> Option<String> {
    read.map_err(|problem| problems.push((name, problem.to_owned()))).ok()
}

fn name(form: &Submitted, field: &'static str, problems: &mut Vec<(&'static str, String)>) -> String {
    let name: String = form.field(field).chars().take(NAME_MAX).collect();
    if name.chars().count() < 2 || name.chars().any(char::is_control) {
        problems.push((field, "Enter the name, 2 to 100 characters.".to_owned()));
    }
    name
}

fn card(form: &Submitted) -> Result<String, &'static str> {
    let pan = Pan::parse(form.field("card_number")).map_err(|_| "Enter the 12 to 19 digits of a card.")?;
    Ok(pan.expose().to_owned())
}

fn wallet(form: &Submitted) -> Result<String, &'static str> {
    let id = form.field("wallet_id");
    let plain = !id.is_empty() && id.len() <= WALLET_MAX && id.bytes().all(|byte| byte.is_ascii_graphic());
    plain.then(|| id.to_owned()).ok_or("Enter the wallet's id, at most 64 characters without blanks.")
}

/// An IBAN without its blanks, in capitals, if its check digits are right (ISO 13616: modulo 97).
fn iban(text: &str) -> Result<String, &'static str> {
    const PROBLEM: &str = "Check the IBAN: it begins with two letters and two digits, and its check digits must fit.";
    let iban: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
    let bytes = iban.as_bytes();
    let formed = (15..=34).contains(&bytes.len())
        && bytes.iter().all(u8::is_ascii_alphanumeric)
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..4].iter().all(u8::is_ascii_digit);
    if !formed {
        return Err(PROBLEM);
    }
    let turned = bytes[4..].iter().chain(&bytes[..4]);
    let rest = turned.fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        letter => (rest * 100 + u32::from(letter - b'A') + 10) % 97,
    });
    (rest == 1).then_some(iban).ok_or(PROBLEM)
}
