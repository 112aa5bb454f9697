//! How a payment is paid: the brand, card, account or token of a form (contract, sections 5 and 10.1).

use florin_kernel::card::{Card, Cvc, Expiry, Pan, PanError, without_numbers};
use florin_kernel::payment::Mode;
use jiff::civil::Date;

use super::bank::BankAccount;
use super::brand;
use super::document::Document;
use super::errors::Problem;
use super::fields::{Reader, digits, matching, text};
use super::request::{Account, Kind, Reading};

/// The texts of how it is paid, each of the right form.
pub struct MeansDraft<'f> {
    /// The brand's name in capitals.
    pub brand: Option<String>,
    /// Where a payout goes.
    pub bank: Option<BankAccount>,
    /// The card.
    pub card: Option<CardDraft<'f>>,
    /// A stored card's id.
    pub token: Option<String>,
    /// The code of a stored card.
    pub cvc: Option<Cvc>,
}

/// A card's texts.
pub struct CardDraft<'f> {
    number: &'f str,
    holder: String,
    expiry: Option<Expiry>,
    cvc: Option<Cvc>,
}

/// Brand, card and token of a form; a token in the path goes before one in a field.
pub fn means<'f>(reader: &mut Reader<'f>, kind: Option<Kind>, path_token: Option<&str>) -> MeansDraft<'f> {
    let brand = reader.read("paymentBrand", matching("^[a-zA-Z0-9_]{1,32}$", is_word));
    let sent_token = reader.read(
        "card.token",
        matching("^[a-zA-Z0-9]{1,64}$", |value| {
            (1..=64).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }),
    );
    let token = path_token.map(ToOwned::to_owned).or(sent_token);
    let (card, cvc) = match token {
        None => (card(reader), None),
        // Where both are sent, the token wins; only the security code is not stored with it.
        Some(_) => (None, cvc(reader)),
    };
    let bank = match kind {
        Some(Kind::Payout) => BankAccount::read(reader),
        Some(Kind::Debit | Kind::Preauthorisation | Kind::Verification | Kind::NotOffered) | None => None,
    };
    MeansDraft { brand: brand.map(|brand| brand.to_ascii_uppercase()), bank, card, token, cvc }
}

/// Brand and card of a form that names nothing else.
pub fn card_means<'f>(reader: &mut Reader<'f>) -> MeansDraft<'f> {
    let brand = reader.read("paymentBrand", matching("^[a-zA-Z0-9_]{1,32}$", is_word));
    let card = card(reader);
    MeansDraft { brand: brand.map(|brand| brand.to_ascii_uppercase()), bank: None, card, token: None, cvc: None }
}

/// Whether a text is made of letters, digits and lines below.
fn is_word(value: &str) -> bool {
    (1..=32).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn card<'f>(reader: &mut Reader<'f>) -> Option<CardDraft<'f>> {
    let number = reader.form.get("card.number");
    let plain = |value: &str| value.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'-'));
    if number.is_some_and(|number| !plain(number)) {
        reader.fault("card.number", "must match ^[0-9]{12,19}$");
    }
    let holder = reader.read("card.holder", text(1, 128)).unwrap_or_default();
    let cvc = cvc(reader);
    let month = |value: &str| matches!(value.parse(), Ok(1..=12_u8)) && digits(value, 2..=2);
    let year = |value: &str| digits(value, 4..=4) && (value.starts_with("19") || value.starts_with("20"));
    let (month, year) = (matching("^(0[1-9]|1[0-2])$", month), matching("^(19|20)[0-9]{2}$", year));
    let (month, year) = match number {
        Some(_) => (reader.require("card.expiryMonth", month), reader.require("card.expiryYear", year)),
        None => (reader.read("card.expiryMonth", month), reader.read("card.expiryYear", year)),
    };
    let expiry = month.zip(year).and_then(|(month, year)| Some((month.parse().ok()?, year.parse().ok()?)));
    let expiry = expiry.map(|(month, year)| Expiry { month, year });
    number.map(|number| CardDraft { number, holder, expiry, cvc })
}

fn cvc(reader: &mut Reader<'_>) -> Option<Cvc> {
    reader.read("card.cvv", |value| {
        let cvc = Cvc::parse(value, florin_kernel::card::Brand::Other);
        cvc.ok_or("must match ^[0-9]{3,4}$".into())
    })
}

/// How it is paid; the name on the card and the brand's name are noted in the document.
pub fn account(
    draft: MeansDraft<'_>,
    reading: Reading<'_>,
    reader: &Reader<'_>,
    document: &mut Document,
) -> Result<Account, Problem> {
    let kind = draft.brand.as_deref().map(|name| (name, brand::kind(name)));
    if let Some(token) = draft.token {
        return Ok(Account::Token(token));
    }
    let Some(card) = draft.card else {
        if let Some(bank) = draft.bank {
            document.brand = draft.brand.unwrap_or_default();
            return Ok(Account::Bank(bank));
        }
        return match kind {
            Some((name, Some(brand::Kind::Redirect(method)))) => {
                document.brand = name.to_owned();
                Ok(Account::Redirect(method))
            }
            Some((_, Some(brand::Kind::Card(_)))) | None => Err(Problem::NoAccount),
            Some((_, None)) => Err(Problem::NoProviderForBrand),
        };
    };
    let pan = Pan::parse(card.number).map_err(|error| {
        let message = match error {
            PanError::NotDigits | PanError::Length => "must have 12 to 19 digits",
            PanError::Luhn => "must be a valid card number",
        };
        Problem::CardNumber(reader.error("card.number", message))
    })?;
    let name = match kind {
        None => brand::name(pan.brand()),
        Some((name, Some(brand::Kind::Card(ranges)))) if ranges.contains(&pan.brand()) => name,
        Some((_, Some(brand::Kind::Card(_)))) => {
            return Err(Problem::BrandDiffers(reader.error("paymentBrand", "must be the brand of card.number")));
        }
        Some((_, Some(brand::Kind::Redirect(_)) | None)) => {
            return Err(Problem::BrandUnknown(reader.error("paymentBrand", "must be a card brand")));
        }
    };
    let expiry = card.expiry.ok_or(Problem::Fault)?;
    if reading.mode == Mode::Live && is_past(expiry, reading.today) {
        return Err(Problem::CardExpired(reader.error("card.expiryYear", "must not be in the past")));
    }
    // What the number says need not be kept twice.
    document.brand = Some(name).filter(|name| *name != brand::name(pan.brand())).unwrap_or_default().to_owned();
    // Payers type their number there, too.
    document.holder = without_numbers(&card.holder);
    Ok(Account::Card(Card { holder: card.holder, pan, cvc: card.cvc, expiry, cryptogram: None }))
}

/// Whether a card's time is over.
pub fn is_past(expiry: Expiry, today: Date) -> bool {
    let this_month = (i32::from(today.year()), i32::from(today.month()));
    (i32::from(expiry.year), i32::from(expiry.month)) < this_month
}
