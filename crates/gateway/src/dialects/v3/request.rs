//! A request for an initial payment, read into kernel types once (contract, sections 5 and 10.1). First the form of all fields,
//! with everything that is wrong said at once; then what they mean, where the first fault has a code of its own.

use std::sync::Arc;

use florin_kernel::card::{Card, Cvc, Expiry, Pan, PanError, without_numbers};
use florin_kernel::payment::{Circumstances, Mode, Payer, Presence};
use florin_kernel::routing::Method;
use florin_kernel::{Asset, Money};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::bank::BankAccount;
use super::checkout::Checkout;
use super::codes::{Set, TestMode};
use super::echo::{Echo, is_date};
use super::errors::{FieldError, Problem};
use super::fields::{Reader, digits, matching, one_of, text, web_url};
use super::form::Form;
use super::instruction::Instruction;
use super::mounts::Profile;
use super::secure::Secure;
use super::settings::{Decimals, Settings};
use super::{amounts, brand};

/// What an initial payment is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `DB`
    Debit,
    /// `PA`
    Preauthorisation,
    /// `CV`
    Verification,
    /// `CD`
    Payout,
    /// Known to the older platform, not offered here.
    NotOffered,
}

const KINDS: [(&str, Kind); 8] = [
    ("DB", Kind::Debit),
    ("PA", Kind::Preauthorisation),
    ("CV", Kind::Verification),
    ("CD", Kind::Payout),
    ("RB", Kind::NotOffered),
    ("RC", Kind::NotOffered),
    ("RG", Kind::NotOffered),
    ("CB", Kind::NotOffered),
];

const TEST_MODES: &[(&str, TestMode)] = &[
    ("EXTERNAL", TestMode::External),
    ("INTERNAL", TestMode::Internal),
    ("CONNECTOR_TEST", TestMode::External),
    ("INTEGRATOR_TEST", TestMode::Internal),
];

/// What the rules need to know besides the form.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// The credential's mode.
    pub mode: Mode,
    /// Which clients the mount is for.
    pub profile: Profile,
    /// The credential's settings.
    pub settings: &'a Settings,
    /// The entity.
    pub entity: &'a str,
    /// The UTC day by the merchant's clock.
    pub today: Date,
}

/// How the payer pays.
#[derive(Debug)]
pub enum Account {
    /// By a card that came with the request.
    Card(Card),
    /// By a registration.
    Token(String),
    /// On a bank's or wallet's page.
    Redirect(Method),
    /// To a bank account; payouts only.
    Bank(BankAccount),
}

/// An initial payment as it was asked for.
#[derive(Debug)]
pub struct Initial {
    /// What it is to do.
    pub kind: Kind,
    /// How much.
    pub amount: Money,
    /// How it is paid.
    pub account: Account,
    /// The merchant's reference.
    pub reference: Option<String>,
    /// Where the payer's browser goes back to.
    pub return_url: Option<String>,
    /// Where notifications go; empty: nowhere.
    pub webhook: String,
    /// What stands on the statement.
    pub descriptor: String,
    /// Who pays.
    pub payer: Payer,
    /// How it is made.
    pub circumstances: Circumstances,
    /// What is kept for answers.
    pub document: Arc<Document>,
}

/// What this dialect keeps with a payment for its answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The entity that it was made for.
    pub entity: String,
    /// Which clients the mount was for.
    pub profile: Profile,
    /// In whose words notifications are.
    pub set: Set,
    /// Which success test mode answers with.
    #[serde(default)]
    pub test_mode: TestMode,
    /// The brand's name.
    #[serde(default)]
    pub brand: String,
    /// The name on the card.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub holder: String,
    /// The merchant's invoice.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub invoice: String,
    /// A note of the merchant's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub memo: String,
    /// The kind of business.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// Whether no amount was sent, which a verification needs not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub amount_left_out: bool,
    /// The checkout that it is paid in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkout: Option<Box<Checkout>>,
    /// What was sent along.
    #[serde(default)]
    pub echo: Echo,
}

/// The texts of an initial payment, each of the right form.
pub(super) struct Draft<'f> {
    pub(super) amount: Option<&'f str>,
    currency: Option<&'f str>,
    pub(super) kind: Option<Kind>,
}

/// The texts of how it is paid, each of the right form.
pub(super) struct MeansDraft<'f> {
    brand: Option<String>,
    bank: Option<BankAccount>,
    card: Option<CardDraft<'f>>,
    token: Option<String>,
}

struct CardDraft<'f> {
    number: &'f str,
    holder: String,
    expiry: Option<Expiry>,
    cvc: Option<Cvc>,
}

/// Reads the form of a call that makes a payment.
///
/// # Errors
/// [`Problem::Fields`] with everything of bad form, else the first fault of meaning.
pub fn read(form: &Form, faults: Vec<FieldError>, reading: Reading<'_>) -> Result<Box<Initial>, Problem> {
    let mut reader = Reader::new(form, faults);
    common(&mut reader, reading);
    let draft = draft(&mut reader);
    let means = means(&mut reader, draft.kind);
    let return_url = reader.read("shopperResultUrl", web_url);
    let webhook = reader.read("notificationUrl", web_url);
    let reference = reader.read("merchantTransactionId", text(1, 255));
    let descriptor = reader.read("descriptor", text(1, 127)).unwrap_or_default();
    let mut document = document(&mut reader, reading);
    let instruction = Instruction::read(&mut reader);
    let secure = Secure::read(&mut reader, reading.mode);
    if let Some(instruction) = &instruction {
        check_initial(instruction, &mut reader);
        document.echo.standing_instruction = serde_json::to_value(instruction).ok();
        document.echo.recurring_type = form.get("recurringType").map(ToOwned::to_owned);
    }
    reader.finish()?;
    let reader = Reader::new(form, Vec::new());
    let kind = draft.kind.ok_or(Problem::Fault)?;
    if kind == Kind::NotOffered {
        return Err(Problem::TypeNotOffered);
    }
    let amount = amount(&draft, kind, reading.settings.strict_decimals, &reader)?;
    document.amount_left_out = draft.amount.is_none();
    let mut account = account(means, reading, &reader, &mut document)?;
    if matches!(kind, Kind::Verification | Kind::Payout) && matches!(account, Account::Redirect(_)) {
        return Err(Problem::NoAccount);
    }
    let cryptogram = secure.cryptogram.clone();
    let circumstances = circumstances(instruction.as_ref(), secure, reading);
    if let Account::Card(card) = &mut account {
        card.cryptogram = cryptogram;
        // Without the payer there is no security code.
        card.cvc = card.cvc.take().filter(|_| circumstances.presence == Presence::Payer);
    }
    Ok(Box::new(Initial {
        kind,
        amount,
        account,
        reference,
        return_url,
        webhook: webhook.unwrap_or_else(|| reading.settings.notification_url.clone()),
        descriptor,
        payer: payer(form),
        circumstances,
        document: Arc::new(document),
    }))
}

/// What is kept for answers, but for the account.
pub(super) fn document(reader: &mut Reader<'_>, reading: Reading<'_>) -> Document {
    let mut some = |name: &str, longest| reader.read(name, text(1, longest)).unwrap_or_default();
    let (invoice, memo, category) =
        (some("merchantInvoiceId", 255), some("merchantMemo", 255), some("transactionCategory", 32));
    let test_mode = reader.read("testMode", one_of(TEST_MODES)).unwrap_or_default();
    Document {
        entity: reading.entity.to_owned(),
        profile: reading.profile,
        set: reading.settings.set(reading.profile),
        test_mode,
        brand: String::new(),
        holder: String::new(),
        invoice,
        memo,
        category,
        amount_left_out: false,
        checkout: None,
        echo: Echo::read(reader),
    }
}

/// How the payment is made.
pub(super) fn circumstances(instruction: Option<&Instruction>, secure: Secure, reading: Reading<'_>) -> Circumstances {
    let by_merchant = instruction.filter(|instruction| instruction.is_by_merchant());
    let presence = by_merchant.map_or(Presence::Payer, |instruction| Presence::Merchant {
        network_id: instruction.initial_transaction_id.clone().unwrap_or_default(),
    });
    let simulated = secure.simulated;
    Circumstances { authenticate: secure.authenticate(reading.settings.three_d_secure), presence, simulated }
}

/// The merchant may charge alone with a token or the network's id of the payment in which the payer agreed.
fn check_initial(instruction: &Instruction, reader: &mut Reader<'_>) {
    let known = instruction.initial_transaction_id.is_some() || reader.form.get("card.token").is_some();
    if instruction.is_by_merchant() && !known {
        reader.missing("standingInstruction.initialTransactionId");
    }
}

/// Fields that any call may have.
pub fn common(reader: &mut Reader<'_>, reading: Reading<'_>) {
    reader.read("entityType", one_of(&[("MERCHANT", ()), ("POS", ()), ("PARTICIPATOR", ())]));
    let sub_merchants = &reading.settings.sub_merchants;
    let known =
        |id: &str| sub_merchants.is_empty() || id == reading.entity || sub_merchants.iter().any(|one| one == id);
    reader.read("merchant.id", |id| if known(id) { Ok(()) } else { Err("must be one of your sub-merchants".into()) });
}

pub(super) fn draft<'f>(reader: &mut Reader<'f>) -> Draft<'f> {
    let named = |word: &str| KINDS.iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind);
    let sent_currency = reader.form.get("currency");
    let amount_rule = |value: &'f str| amounts::text(value, sent_currency);
    let (amount, currency) = match reader.form.get("paymentType").and_then(named) {
        Some(Kind::Verification) => {
            (reader.read("amount", amount_rule), reader.read("currency", amounts::currency_text))
        }
        Some(Kind::Debit | Kind::Preauthorisation | Kind::Payout | Kind::NotOffered) | None => {
            (reader.require("amount", amount_rule), reader.require("currency", amounts::currency_text))
        }
    };
    let kind = reader.require("paymentType", |word| named(word).ok_or("must be one of DB, PA, CV, CD".into()));
    Draft { amount, currency, kind }
}

/// Brand, card and token of a form.
pub(super) fn means<'f>(reader: &mut Reader<'f>, kind: Option<Kind>) -> MeansDraft<'f> {
    let word = |value: &str| {
        (1..=32).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let brand = reader.read("paymentBrand", matching("^[a-zA-Z0-9_]{1,32}$", word));
    let token = reader.read(
        "card.token",
        matching("^[a-zA-Z0-9]{1,64}$", |value| {
            (1..=64).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }),
    );
    let card = match token {
        None => card(reader),
        // Where both are sent, the token wins.
        Some(_) => None,
    };
    let bank = match kind {
        Some(Kind::Payout) => BankAccount::read(reader),
        Some(Kind::Debit | Kind::Preauthorisation | Kind::Verification | Kind::NotOffered) | None => None,
    };
    MeansDraft { brand: brand.map(|brand| brand.to_ascii_uppercase()), bank, card, token }
}

fn card<'f>(reader: &mut Reader<'f>) -> Option<CardDraft<'f>> {
    let number = reader.form.get("card.number");
    let plain = |value: &str| value.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'-'));
    if number.is_some_and(|number| !plain(number)) {
        reader.fault("card.number", "must match ^[0-9]{12,19}$");
    }
    let holder = reader.read("card.holder", text(1, 128)).unwrap_or_default();
    let cvc = reader.read("card.cvv", |value| {
        let cvc = Cvc::parse(value, florin_kernel::card::Brand::Other);
        cvc.ok_or("must match ^[0-9]{3,4}$".into())
    });
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

pub(super) fn amount(draft: &Draft<'_>, kind: Kind, decimals: Decimals, reader: &Reader<'_>) -> Result<Money, Problem> {
    let sent = |name: &str| reader.error(name, "");
    let currency = draft.currency.map(|code| amounts::currency(code, &sent("currency"))).transpose()?;
    // A verification needs neither, and moves nothing.
    let currency = currency.unwrap_or_else(|| Asset::currency("EUR").expect("a currency of ISO 4217"));
    let Some(text) = draft.amount else { return Ok(Money::zero(currency)) };
    let amount = amounts::amount(text, currency, decimals, &sent("amount"))?;
    match (amount.is_zero(), kind) {
        (false, _) | (true, Kind::Verification) => Ok(amount),
        (true, Kind::Debit | Kind::Preauthorisation | Kind::Payout | Kind::NotOffered) => {
            Err(Problem::AmountTooLow(reader.error("amount", "must be greater than zero")))
        }
    }
}

/// How it is paid; the name on the card and the brand's name are noted in the document.
pub(super) fn account(
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
    document.brand = name.to_owned();
    // Payers type their number there, too.
    document.holder = without_numbers(&card.holder);
    Ok(Account::Card(Card { holder: card.holder, pan, cvc: card.cvc, expiry, cryptogram: None }))
}

fn is_past(expiry: Expiry, today: Date) -> bool {
    let this_month = (i32::from(today.year()), i32::from(today.month()));
    (i32::from(expiry.year), i32::from(expiry.month)) < this_month
}

/// The payer in the core's terms, for lists and rules; what has another form there is left out.
pub(super) fn payer(form: &Form) -> Payer {
    let some = |name: &str| form.get(name).unwrap_or_default().to_owned();
    let phone: String = some("customer.phone").chars().filter(char::is_ascii_digit).take(15).collect();
    Payer {
        user_id: some("customer.merchantCustomerId"),
        first_name: some("customer.givenName"),
        last_name: some("customer.surname"),
        email: some("customer.email"),
        address: some("billing.street1"),
        city: some("billing.city"),
        zip_code: some("billing.postcode"),
        country: some("billing.country"),
        dob: Some(some("customer.birthDate")).filter(|date| is_date(date)).unwrap_or_default(),
        phone,
        ip: form.get("customer.ip").and_then(|ip| ip.parse().ok()),
        ..Payer::default()
    }
}

/// What makes two requests the same one (section 9): method, path below the mount and all fields in the order of their names,
/// the card number without its blanks and no security code. The older platform's login is no part of what is asked.
pub fn content(method: &str, path: &str, form: &Form) -> Vec<u8> {
    const LEFT_OUT: [&str; 3] = ["card.cvv", "authentication.userId", "authentication.password"];
    let mut content = Vec::with_capacity(512);
    let mut part = |text: &str| {
        content.extend_from_slice(&(text.len() as u32).to_be_bytes());
        content.extend_from_slice(text.as_bytes());
    };
    part(method);
    part(path);
    for field in form.sorted() {
        let name = field.name.text();
        if LEFT_OUT.contains(&name) {
            continue;
        }
        part(name);
        match name {
            "card.number" => part(&field.value.replace([' ', '-'], "")),
            _ => part(&field.value),
        }
    }
    content
}
