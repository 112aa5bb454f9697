//! Ways to pay and brands by this dialect's names (contract, section 7).

use florin_kernel::card::Brand;
use florin_kernel::routing::Method;
use serde::{Deserialize, Serialize};

/// How it is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Mode {
    /// `CC`: a card.
    Cc,
    /// `EW`: a wallet.
    Ew,
    /// `NB`: a bank.
    Nb,
}

/// The names of ways to pay; `DC` is an alias.
pub const MODES: &[(&str, Mode)] = &[("CC", Mode::Cc), ("EW", Mode::Ew), ("NB", Mode::Nb), ("DC", Mode::Cc)];

/// Names of card brands and what they stand for; the first name of a brand is the one we write.
pub const CARDS: &[(&str, Brand)] = &[
    ("VISA", Brand::Visa),
    ("MC", Brand::Mastercard),
    ("MASTER", Brand::Mastercard),
    ("MASTERCARD", Brand::Mastercard),
    ("MAESTRO", Brand::Maestro),
    ("AMEX", Brand::Amex),
    ("JCB", Brand::Jcb),
    ("CUP", Brand::Unionpay),
    ("UNIONPAY", Brand::Unionpay),
    ("DINERS", Brand::Diners),
    ("DISC", Brand::Discover),
];

/// Wallets that every terminal for wallets takes.
const WALLETS: [&str; 2] = ["APPLEPAY", "GOOGLEPAY"];
/// Bank methods that every terminal for banks takes.
const BANKS: [&str; 3] = ["Bank Transfer", "SEPA", "ACH"];

impl Mode {
    /// As the wire writes it.
    pub fn text(self) -> &'static str {
        match self {
            Mode::Cc => "CC",
            Mode::Ew => "EW",
            Mode::Nb => "NB",
        }
    }

    /// What the core calls it.
    pub fn method(self) -> Method {
        match self {
            Mode::Cc => Method::Card,
            Mode::Ew => Method::EWallet,
            Mode::Nb => Method::BankTransfer,
        }
    }

    /// What this dialect calls a method; a voucher and coins have no word of their own.
    pub fn word(method: Method) -> &'static str {
        match method {
            Method::Card => "CC",
            Method::EWallet => "EW",
            Method::BankTransfer => "NB",
            Method::Voucher => "VOUCHER",
            Method::Crypto => "CRYPTO",
        }
    }

    /// A wallet or bank method as we write it, where a terminal that lists `more` takes it.
    pub fn brand(self, sent: &str, more: &[String]) -> Option<String> {
        let always = match self {
            Mode::Cc => return None,
            Mode::Ew => &WALLETS[..],
            Mode::Nb => &BANKS[..],
        };
        let known = always.iter().copied().chain(more.iter().map(String::as_str));
        known.into_iter().find(|known| known.eq_ignore_ascii_case(sent)).map(ToOwned::to_owned)
    }
}

/// The card brand of a name.
pub fn card(name: &str) -> Option<Brand> {
    CARDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, brand)| *brand)
}

/// The name of the brand that a number tells; nothing for a number of no range we know.
pub fn name(brand: Brand) -> Option<&'static str> {
    CARDS.iter().find(|(_, known)| *known == brand).map(|(name, _)| *name)
}
