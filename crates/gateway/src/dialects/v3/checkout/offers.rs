//! The ways to pay that a checkout offers: by card, and the brands that lead to a bank or wallet.

use florin_engine::vault::StoredCard;
use florin_engine::{Engine, Needs};
use florin_kernel::payment::{CaptureMode, Payment};
use florin_kernel::routing::{CardFacts, Method};

use super::super::errors::Problem;
use super::super::{brand, way};

/// One way to pay.
#[derive(Clone, Debug)]
pub(super) enum Offer {
    /// By a card that the merchant has stored, with its id.
    Stored(String, Box<StoredCard>),
    /// By a card that the payer types, of the brands that the shop names, in its order; none named: of any.
    Card(Vec<String>),
    /// On the page of a bank or wallet, by the brand's name here.
    Page(Method, &'static str),
}

impl Offer {
    /// How.
    pub(super) fn method(&self) -> Method {
        match self {
            Offer::Stored(..) | Offer::Card(_) => Method::Card,
            Offer::Page(method, _) => *method,
        }
    }
}

/// Brands that lead to a page, in the order of display.
const REDIRECTS: [&str; 6] = ["PAYPAL", "IDEAL", "SOFORTUEBERWEISUNG", "GIROPAY", "EPS", "TRUSTLY"];

/// Every way to pay that a provider takes, of the brands that the shop names; of all where it names none.
pub(super) fn offers(engine: &Engine, payment: &Payment, named: &[String]) -> Vec<Offer> {
    let is_card = |name: &&String| matches!(brand::kind(name), Some(brand::Kind::Card(_)));
    let cards: Vec<String> = named.iter().filter(is_card).cloned().collect();
    let by_card = (named.is_empty() || !cards.is_empty()) && check(engine, payment, Method::Card).is_ok();
    let card = by_card.then_some(Offer::Card(cards));
    let wanted = |name: &&str| named.is_empty() || named.iter().any(|one| one == name);
    let redirects = REDIRECTS.into_iter().filter(wanted).filter_map(|name| {
        let Some(brand::Kind::Redirect(method)) = brand::kind(name) else { return None };
        check(engine, payment, method).ok().map(|()| Offer::Page(method, name))
    });
    card.into_iter().chain(redirects).collect()
}

/// Whether anybody takes a payment in any way.
///
/// # Errors
/// [`Problem`] that says what finds nobody.
pub(super) fn check_any(engine: &Engine, payment: &Payment) -> Result<(), Problem> {
    match check(engine, payment, Method::Card) {
        Err(problem) if offers(engine, payment, &[]).is_empty() => Err(problem),
        Err(_) | Ok(()) => Ok(()),
    }
}

/// What a provider must be able to do for a payment by a method.
pub(super) fn needs(payment: &Payment, method: Method) -> Needs {
    match (method, payment.capture) {
        (Method::Card, CaptureMode::Never) => Needs::Verification,
        (Method::Card, CaptureMode::Now | CaptureMode::Later) => Needs::TakesCards,
        (Method::BankTransfer | Method::EWallet | Method::Voucher | Method::Crypto, _) => Needs::Page,
    }
}

/// Whether anybody takes a payment by a method.
///
/// # Errors
/// As [`check_any`].
pub(super) fn check(engine: &Engine, payment: &Payment, method: Method) -> Result<(), Problem> {
    // Only a card can be verified.
    if payment.capture == CaptureMode::Never && method != Method::Card {
        return Err(Problem::NoProviderForBrand);
    }
    let card = match method {
        Method::Card => CardFacts::Awaited,
        Method::BankTransfer | Method::EWallet | Method::Voucher | Method::Crypto => CardFacts::Unseen,
    };
    way::route(engine, payment, (method, needs(payment, method)), card).map(drop)
}
