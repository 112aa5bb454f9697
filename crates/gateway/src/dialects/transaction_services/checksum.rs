//! Checksums: MD5 over values joined with bars, the member's key among them (contract, section 5).
//!
//! A formula is a table: the strings that may have been hashed, the documented one first. Comparing evaluates all of them for all keys
//! and takes a time that says nothing about which one was right.

use florin_kernel::secret::Secret;
use florin_kernel::{Asset, Money};
use md5::{Digest, Md5};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::amounts;

#[cfg(test)]
mod tests;

/// One value of a hashed string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The member's id.
    Member,
    /// The member's key.
    Key,
    /// The partner's id.
    Partner,
    /// The partner's key.
    PartnerKey,
    /// `amount`, in any spelling of the same value.
    Amount(&'static str),
    /// A field, empty where it was not sent.
    Field(&'static str),
    /// A field, or the id in the path where it was not sent.
    FieldOrPath(&'static str),
    /// The id in the path.
    Path,
    /// A field with a URL, as it was sent or percent-decoded once.
    Url(&'static str),
}

/// The strings that may have been hashed.
pub type Formula = &'static [&'static [Part]];

use Part::{Amount, Field, FieldOrPath, Key, Member, Partner, PartnerKey, Path, Url};

const AMOUNT: Part = Amount("amount");
const REFERENCE: Part = Field("merchantTransactionId");
const RETURN: Part = Url("merchantRedirectUrl");

/// Payments, the first of a recurring series among them.
pub const PAYMENT: Formula = &[&[Member, Key, REFERENCE, AMOUNT]];
/// Captures and refunds.
pub const CAPTURE: Formula = &[&[Member, Key, FieldOrPath("paymentId"), AMOUNT], &[Member, Key, Path, AMOUNT]];
/// Reversals.
pub const REVERSAL: Formula = &[
    &[Member, Key, FieldOrPath("paymentId")],
    &[Member, Key, Path],
    &[Member, Key, FieldOrPath("paymentId"), AMOUNT],
    &[Member, Key, Path, AMOUNT],
];
/// Inquiries, by either id.
pub const INQUIRY: Formula = &[
    &[Member, Key, FieldOrPath("paymentId")],
    &[Member, Key, FieldOrPath("paymentId"), AMOUNT],
    &[Member, Key, FieldOrPath("merchantTransactionId")],
    &[Member, Key, FieldOrPath("merchantTransactionId"), AMOUNT],
    &[Member, Key, Path],
];
/// A payment repeated by its id.
pub const REPEAT: Formula = &[
    &[Member, Key, FieldOrPath("paymentId"), AMOUNT],
    &[Member, Key, Path, AMOUNT],
    &[Member, Key, REFERENCE, AMOUNT],
];
/// Stored cards and accounts.
pub const REGISTRATION: Formula = &[
    &[Member, Key, Field("card.number")],
    &[Member, Key, Field("bankAccount.iban")],
    &[Member, Key, Field("bankAccount.bic")],
    &[Member, Key, Field("bankAccount.accountNumber")],
    &[Member, Key],
];
/// Payments with a stored card.
pub const TOKEN_PAYMENT: Formula = &[&[Member, Key, Path, AMOUNT], &[Member, Key, REFERENCE, AMOUNT]];
/// Deleting a stored card.
pub const DELETION: Formula = &[&[Member, Key, Path]];
/// The list of transactions.
pub const LIST: Formula = &[&[Member, Key]];
/// The list of stored cards.
pub const CARDS: Formula = &[&[Member, Key], &[Partner, PartnerKey]];
/// A customer.
pub const SIGN_UP: Formula = &[
    &[Member, Key, Field("customer.givenName"), Field("customer.surname"), Field("customer.email")],
    &[Partner, PartnerKey, Field("customer.givenName"), Field("customer.surname"), Field("customer.email")],
    &[Member, Key],
];
/// A payout.
pub const PAYOUT: Formula = &[&[Member, REFERENCE, AMOUNT, Key]];
/// The payer's form that opens a checkout.
pub const CHECKOUT: Formula = &[&[Member, Field("totype"), AMOUNT, REFERENCE, RETURN, Key]];
/// A new invoice.
pub const INVOICE: Formula = &[&[Member, Key, Field("merchantInvoiceId"), AMOUNT, RETURN]];
/// An invoice's new link.
pub const INVOICE_AGAIN: Formula = &[&[Field("invoiceId"), Member, Key, RETURN]];
/// Asking about an invoice, cancelling it, reminding of it.
pub const INVOICE_ORDER: Formula = &[&[Member, Key, Field("merchantInvoiceId")], &[Member, Key, Field("invoiceId")]];
/// The list of invoices, and how they are made.
pub const INVOICE_LIST: Formula = &[&[Member, Key], &[Member, Key, RETURN]];
/// A pay link.
pub const LINK: Formula = &[&[Member, Field("merchant.orderID"), Amount("merchant.amount"), Key]];
/// What we sign: notifications and the payer's way back.
pub const OURS: Formula = &[&[Field("paymentId"), REFERENCE, Field("amount"), Field("transactionStatus"), Key]];

/// What a formula's values are taken from.
pub struct Values<'v> {
    /// The member's id.
    pub member: &'v str,
    /// The member's keys, newest first.
    pub keys: &'v [Secret],
    /// The partner's id and keys, where the caller is one.
    pub partner: Option<(&'v str, &'v [Secret])>,
    /// The id in the path.
    pub path: &'v str,
    /// Reads a field; `None` where it was not sent.
    pub field: &'v dyn Fn(&str) -> Option<&'v str>,
}

impl Values<'_> {
    /// Whether a checksum that was sent is one of a formula's.
    pub fn verify(&self, formula: Formula, given: &str) -> bool {
        let given = given.trim().to_ascii_lowercase();
        let mut right = Choice::from(0);
        for string in formula {
            let keys =
                if string.contains(&PartnerKey) { self.partner.map_or(&[][..], |(_, keys)| keys) } else { self.keys };
            for key in keys {
                for hashed in self.strings(string, key) {
                    right |= hex(&Md5::digest(hashed.as_bytes())).as_bytes().ct_eq(given.as_bytes());
                }
            }
        }
        right.into()
    }

    /// Every text that a string may have been, for the spellings of its values.
    fn strings(&self, parts: &[Part], key: &Secret) -> Vec<Zeroizing<String>> {
        let mut texts = vec![Zeroizing::new(String::with_capacity(160))];
        for (place, part) in parts.iter().enumerate() {
            let spellings = self.spellings(*part, key);
            let bar = if place == 0 { "" } else { "|" };
            texts = texts
                .iter()
                .flat_map(|text| {
                    spellings
                        .iter()
                        .map(move |spelling| Zeroizing::new(format!("{}{bar}{}", text.as_str(), spelling.as_str())))
                })
                .collect();
        }
        texts
    }

    fn spellings(&self, part: Part, key: &Secret) -> Vec<Zeroizing<String>> {
        let field = |name: &str| (self.field)(name).unwrap_or_default();
        let one = |text: &str| vec![Zeroizing::new(text.to_owned())];
        match part {
            Member => one(self.member),
            Key | PartnerKey => one(key.expose()),
            Partner => one(self.partner.map_or("", |(id, _)| id)),
            Field(name) => one(field(name)),
            FieldOrPath(name) => one((self.field)(name).unwrap_or(self.path)),
            Path => one(self.path),
            Amount(name) => {
                let currency = name.strip_suffix("amount").map(|group| format!("{group}currency")).unwrap_or_default();
                amount_spellings(field(name), Asset::currency(field(&currency)))
            }
            Url(name) => {
                let sent = field(name);
                let mut urls = one(sent);
                let decoded = super::urls::decoded_once(sent);
                if decoded != sent {
                    urls.push(Zeroizing::new(decoded));
                }
                urls
            }
        }
    }
}

/// An amount as it was sent, with two decimals, and with its currency's.
fn amount_spellings(sent: &str, currency: Option<Asset>) -> Vec<Zeroizing<String>> {
    let mut spellings = vec![Zeroizing::new(sent.to_owned())];
    let mut also = |text: Option<String>| {
        if let Some(text) = text
            && !spellings.iter().any(|known| **known == text)
        {
            spellings.push(Zeroizing::new(text));
        }
    };
    also(amounts::with_decimals(sent, 2));
    also(currency.and_then(|currency| amounts::with_decimals(sent, currency.scale())));
    spellings
}

/// The checksum of what we send: notifications and the payer's way back.
pub fn ours(key: &str, payment_id: &str, reference: &str, amount: Money, status: &str) -> String {
    let amount = amounts::printed(amount);
    let text = Zeroizing::new([payment_id, reference, &amount, status, key].join("|"));
    hex(&Md5::digest(text.as_bytes()))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
