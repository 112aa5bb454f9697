//! A bank account that a payout goes to (contract, section 10.3).

use florin_kernel::ports::Payee;
use florin_kernel::secret::Secret;

use super::fields::{Message, Reader, text};

/// An account, in memory only until it is sealed.
#[derive(Debug)]
pub struct BankAccount {
    holder: String,
    iban: Secret,
}

impl BankAccount {
    /// Takes `bankAccount.*` out of a form.
    pub fn read(reader: &mut Reader<'_>) -> Option<BankAccount> {
        let iban = reader.read("bankAccount.iban", iban);
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

/// An IBAN whose check digits are right (ISO 13616), without blanks and in capitals.
fn iban(value: &str) -> Result<String, Message> {
    let iban: String = value.chars().filter(|c| *c != ' ').map(|c| c.to_ascii_uppercase()).collect();
    let form = (15..=34).contains(&iban.len()) && iban.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let starts = form && iban.as_bytes()[..2].iter().all(u8::is_ascii_uppercase);
    // The country and check digits go to the end, letters count from 10 on; the whole leaves 1 when divided by 97.
    let turned = iban.bytes().skip(4).chain(iban.bytes().take(4));
    let rest = turned.fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        letter => (rest * 100 + u32::from(letter.wrapping_sub(b'A')) + 10) % 97,
    });
    if starts && rest == 1 { Ok(iban) } else { Err("must be a valid IBAN".into()) }
}

#[cfg(test)]
mod tests {
    use super::iban;

    #[test]
    fn check_digits_are_checked() {
        let check = |text: &str, expected: bool| assert_eq!(iban(text).is_ok(), expected, "{text}");
        check("DE89 3704 0044 0532 0130 00", true);
        check("gb82west12345698765432", true);
        check("DE89370400440532013001", false);
        check("DE8937040044", false);
        check("8989370400440532013000", false);
        check("DE89-3704-0044-0532-0130-00", false);
        check("", false);
    }
}
