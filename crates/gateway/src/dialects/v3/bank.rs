//! A bank account that a payout goes to (contract, section 10.3).

use florin_kernel::ports::Payee;
use florin_kernel::secret::Secret;

use super::fields::{Message, Reader, text};
use crate::dialects::iban::iban;

/// An account, in memory only until it is sealed.
#[derive(Debug)]
pub struct BankAccount {
    holder: String,
    iban: Secret,
}

impl BankAccount {
    /// Takes `bankAccount.*` out of a form.
    pub fn read(reader: &mut Reader<'_>) -> Option<BankAccount> {
        let iban =
            reader.read("bankAccount.iban", |value| iban(value).ok_or_else(|| Message::from("must be a valid IBAN")));
        let bic = |value: &str| match matches!(value.len(), 8 | 11) && value.bytes().all(|b| b.is_ascii_alphanumeric())
        {
            true => Ok(()),
            false => Err(Message::from("must match ^[A-Z0-9]{8}([A-Z0-9]{3})?$")),
        };
        reader.read("bankAccount.bic", bic);
        let holder = reader.read("bankAccount.holder", text(1, 128)).unwrap_or_default();
        iban.map(|iban| BankAccount { holder, iban: Secret::new(iban) })
    }

    /// Who gets the payout.
    pub fn payee(&self) -> Payee {
        Payee { holder: self.holder.clone(), number: self.iban.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::iban;

    #[test]
    fn check_digits_are_checked() {
        let check = |text: &str, expected: bool| assert_eq!(iban(text).is_some(), expected, "{text}");
        check("DE89 3704 0044 0532 0130 00", true);
        check("gb82west12345698765432", true);
        check("DE89370400440532013001", false);
        check("DE8937040044", false);
        check("8989370400440532013000", false);
        check("DE89-3704-0044-0532-0130-00", false);
        check("", false);
    }
}
