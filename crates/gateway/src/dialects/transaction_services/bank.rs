//! A bank account that a payout goes to (contract, sections 7 and 8.13).

use florin_kernel::payment::Mode;
use florin_kernel::ports::Payee;
use florin_kernel::secret::Secret;

use super::errors::Rule;
use super::fields::{Complaint, Reader, text};
use super::request::{country, free_text};
use crate::dialects::iban::iban;

/// The test mode's account: its check digits are wrong, and it is taken all the same (section 11).
const TEST_IBAN: &str = "DE09100100101234567893";

/// An account, in memory only until it is sealed.
#[derive(Debug)]
pub struct BankAccount {
    holder: String,
    number: Secret,
    /// `SEPA`, `ACH` or `Bank Transfer`.
    pub brand: &'static str,
}

impl BankAccount {
    /// Whether a request names one.
    pub fn is_named(reader: &Reader<'_>) -> bool {
        reader.fields.first(&["bankAccount.iban", "bankAccount.accountNumber"]).is_some()
    }

    /// Takes `bankAccount.*`.
    pub fn read(reader: &mut Reader<'_>, mode: Mode) -> Option<BankAccount> {
        let form = |longest: usize, what: &'static str| {
            move |value: &str| {
                let fits = (1..=longest).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric());
                fits.then(|| value.to_owned()).ok_or_else(|| Complaint::new(Rule::Format, what))
            }
        };
        let iban = reader.read("bankAccount.iban", |value| match iban(value) {
            Some(iban) => Ok(iban),
            None if mode == Mode::Dev && value.replace(' ', "").eq_ignore_ascii_case(TEST_IBAN) => {
                Ok(TEST_IBAN.to_owned())
            }
            None => Err(Complaint::new(Rule::Value, "must be a valid IBAN")),
        });
        let account = reader.read("bankAccount.accountNumber", form(34, "must have at most 34 letters and digits"));
        let routing = reader.read("bankAccount.routingNumber", form(15, "must have at most 15 letters and digits"));
        reader.read("bankAccount.bic", |value| match (value.len(), form(11, "")(value).is_ok()) {
            (8 | 11, true) => Ok(()),
            (_, _) => Err(Complaint::new(Rule::Format, "must have 8 or 11 letters and digits")),
        });
        reader.read("bankAccount.bankName", text(100));
        reader.read("bankAccount.country", country);
        let holder = reader.read("bankAccount.holder", free_text(100)).unwrap_or_default();
        let brand = match (&iban, routing) {
            (Some(_), _) => "SEPA",
            (None, Some(_)) => "ACH",
            (None, None) => "Bank Transfer",
        };
        iban.or(account).map(|number| BankAccount { holder, number: Secret::new(number), brand })
    }

    /// Who gets the payout.
    pub fn payee(&self) -> Payee {
        Payee { holder: self.holder.clone(), number: self.number.clone() }
    }
}
