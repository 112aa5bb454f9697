//! Brands by this dialect's names: cards, and those that send the payer to a bank or wallet (contract, sections 5 and 14.34).

use florin_kernel::card::Brand;
use florin_kernel::routing::Method;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A card, of one of these ranges.
    Card(&'static [Brand]),
    /// A page of a bank or wallet.
    Redirect(Method),
}

/// A brand's name, in capitals.
pub fn kind(name: &str) -> Option<Kind> {
    use Brand::{Amex, Diners, Discover, Jcb, Maestro, Mastercard, Other, Unionpay, Visa};
    Some(match name {
        "VISA" | "VISADEBIT" | "VISAELECTRON" | "VPAY" => Kind::Card(&[Visa]),
        // Cards of two brands carry one number: any of the two names is right.
        "MASTER" | "MASTERDEBIT" => Kind::Card(&[Mastercard, Maestro]),
        "MAESTRO" => Kind::Card(&[Maestro, Mastercard, Other]),
        "AMEX" => Kind::Card(&[Amex]),
        "JCB" => Kind::Card(&[Jcb]),
        "DINERS" => Kind::Card(&[Diners, Discover]),
        "DISCOVER" => Kind::Card(&[Discover, Diners, Unionpay]),
        "UNIONPAY" => Kind::Card(&[Unionpay, Discover, Maestro]),
        "MADA" => Kind::Card(&[Visa, Mastercard, Maestro, Other]),
        "SOFORTUEBERWEISUNG" | "GIROPAY" | "IDEAL" | "EPS" | "TRUSTLY" => Kind::Redirect(Method::BankTransfer),
        "PAYPAL" => Kind::Redirect(Method::EWallet),
        _ => return None,
    })
}

/// Whether a name is that of a card brand.
pub fn is_card(name: &str) -> bool {
    matches!(kind(name), Some(Kind::Card(_)))
}

/// Whether a card of a range may be called by a name.
pub fn is_of(name: &str, range: Brand) -> bool {
    matches!(kind(name), Some(Kind::Card(ranges)) if ranges.contains(&range))
}

/// A brand's name as its payers know it.
pub fn title(name: &str) -> Option<&'static str> {
    Some(match name {
        "VISA" | "VISADEBIT" => "Visa",
        "VISAELECTRON" => "Visa Electron",
        "VPAY" => "V PAY",
        "MASTER" | "MASTERDEBIT" => "Mastercard",
        "MAESTRO" => "Maestro",
        "AMEX" => "American Express",
        "JCB" => "JCB",
        "DINERS" => "Diners Club",
        "DISCOVER" => "Discover",
        "UNIONPAY" => "UnionPay",
        "MADA" => "mada",
        "SOFORTUEBERWEISUNG" => "Sofort",
        "GIROPAY" => "giropay",
        "IDEAL" => "iDEAL",
        "EPS" => "EPS",
        "TRUSTLY" => "Trustly",
        "PAYPAL" => "PayPal",
        _ => return None,
    })
}

/// The name of the brand that a number tells.
pub fn name(brand: Brand) -> &'static str {
    match brand {
        Brand::Visa => "VISA",
        Brand::Mastercard => "MASTER",
        Brand::Amex => "AMEX",
        Brand::Maestro => "MAESTRO",
        Brand::Discover => "DISCOVER",
        Brand::Diners => "DINERS",
        Brand::Jcb => "JCB",
        Brand::Unionpay => "UNIONPAY",
        Brand::Other => "CARD",
    }
}
