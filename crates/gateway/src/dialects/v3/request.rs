//! A request for an initial payment, read into kernel types once (contract, sections 5 and 10.1). First the form of all fields,
//! with everything that is wrong said at once; then what they mean, where the first fault has a code of its own.

use std::sync::Arc;

use florin_kernel::card::{Card, Cvc};
use florin_kernel::payment::{Circumstances, Mode, Payer, Presence};
use florin_kernel::routing::Method;
use florin_kernel::{Asset, Money};
use jiff::civil::Date;

use super::bank::BankAccount;
use super::codes::TestMode;
use super::document::Document;
use super::echo::{Echo, is_date};
use super::errors::{FieldError, Problem};
use super::fields::{Reader, one_of, text, web_url};
use super::form::Form;
use super::instruction::Instruction;
use super::mounts::{Mount, Profile};
use super::secure::Secure;
use super::settings::{Decimals, Settings};
use super::{amounts, means};

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
    /// What stands before the mount's version.
    pub prefix: &'a str,
    /// The credential's settings.
    pub settings: &'a Settings,
    /// The entity.
    pub entity: &'a str,
    /// The UTC day by the merchant's clock.
    pub today: Date,
    /// The registration that the path names, where it names one.
    pub token: Option<&'a str>,
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
    /// Where notifications go; empty: to the credential's URL, if it has one.
    pub webhook: String,
    /// What stands on the statement.
    pub descriptor: String,
    /// Who pays.
    pub payer: Payer,
    /// How it is made.
    pub circumstances: Circumstances,
    /// The security code that came beside a token.
    pub cvc: Option<Cvc>,
    /// Whether the card is to be stored.
    pub keep: Keep,
    /// What is kept for answers.
    pub document: Arc<Document>,
}

/// Whether the card of a payment is to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It is forgotten.
    No,
    /// It becomes a registration.
    Yes,
}

/// A card to store without a payment.
#[derive(Debug)]
pub struct NewCard {
    /// The card.
    pub card: Card,
    /// The merchant's name for the payer.
    pub customer: Option<String>,
    /// The merchant's reference.
    pub reference: Option<String>,
    /// What is told back.
    pub document: Document,
}

/// The texts of an initial payment, each of the right form.
pub(super) struct Draft<'f> {
    pub(super) amount: Option<&'f str>,
    currency: Option<&'f str>,
    pub(super) kind: Option<Kind>,
}

/// Reads the form of a call that makes a payment.
///
/// # Errors
/// [`Problem::Fields`] with everything of bad form, else the first fault of meaning.
pub fn read(form: &Form, faults: Vec<FieldError>, reading: Reading<'_>) -> Result<Box<Initial>, Problem> {
    let mut reader = Reader::new(form, faults);
    common(&mut reader, reading);
    let draft = draft(&mut reader);
    let mut means = means::means(&mut reader, draft.kind, reading.token);
    let cvc = means.cvc.take();
    let return_url = reader.read("shopperResultUrl", web_url);
    let webhook = reader.read("notificationUrl", web_url);
    let reference = reader.read("merchantTransactionId", text(1, 255));
    let descriptor = reader.read("descriptor", text(1, 127)).unwrap_or_default();
    let mut document = document(&mut reader, reading);
    let instruction = Instruction::read(&mut reader);
    let secure = Secure::read(&mut reader, reading.mode);
    if let Some(instruction) = &instruction {
        check_initial(instruction, means.token.is_some(), &mut reader);
        Arc::make_mut(&mut document.echo).note_instruction(instruction, form);
    }
    let keep = keep(&mut reader, instruction.as_ref());
    reader.finish()?;
    let reader = Reader::new(form, Vec::new());
    let kind = draft.kind.ok_or(Problem::Fault)?;
    if kind == Kind::NotOffered {
        return Err(Problem::TypeNotOffered);
    }
    let amount = amount(&draft, kind, reading.settings.strict_decimals, &reader)?;
    document.amount_left_out = draft.amount.is_none();
    let mut account = means::account(means, reading, &reader, &mut document)?;
    if matches!(kind, Kind::Verification | Kind::Payout) && matches!(account, Account::Redirect(_)) {
        return Err(Problem::NoAccount);
    }
    document.stores_card = keep == Keep::Yes && kind != Kind::Payout && matches!(account, Account::Card(_));
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
        webhook: webhook.unwrap_or_default(),
        descriptor,
        payer: payer(form),
        cvc: cvc.filter(|_| circumstances.has_payer()),
        circumstances,
        keep,
        document: Arc::new(document),
    }))
}

/// Reads the form of a call that stores a card without a payment.
///
/// # Errors
/// As [`read`].
pub fn read_card(form: &Form, faults: Vec<FieldError>, reading: Reading<'_>) -> Result<NewCard, Problem> {
    let mut reader = Reader::new(form, faults);
    common(&mut reader, reading);
    let means = means::card_means(&mut reader);
    let reference = reader.read("merchantTransactionId", text(1, 255));
    let customer = reader.read("customer.merchantCustomerId", text(1, 255));
    let mut document = document(&mut reader, reading);
    if let Some(instruction) = Instruction::read(&mut reader) {
        Arc::make_mut(&mut document.echo).note_instruction(&instruction, form);
    }
    reader.finish()?;
    let reader = Reader::new(form, Vec::new());
    match means::account(means, reading, &reader, &mut document)? {
        Account::Card(card) => Ok(NewCard { card, customer, reference, document }),
        Account::Token(_) | Account::Redirect(_) | Account::Bank(_) => Err(Problem::NoAccount),
    }
}

/// The first payment of an agreement stores its card, unless the merchant says no.
pub(super) fn keep(reader: &mut Reader<'_>, instruction: Option<&Instruction>) -> Keep {
    let asked = reader.read("createRegistration", |value| match value {
        "true" | "1" => Ok(Keep::Yes),
        "false" | "0" => Ok(Keep::No),
        _ => Err("must be one of true, 1, false, 0".into()),
    });
    let implied = if instruction.is_some_and(Instruction::is_initial) { Keep::Yes } else { Keep::No };
    asked.unwrap_or(implied)
}

/// What is kept for answers, but for the account.
pub(super) fn document(reader: &mut Reader<'_>, reading: Reading<'_>) -> Document {
    let mut some = |name: &str, longest| reader.read(name, text(1, longest)).unwrap_or_default();
    let (invoice, memo, category) =
        (some("merchantInvoiceId", 255), some("merchantMemo", 255), some("transactionCategory", 32));
    let test_mode = reader.read("testMode", one_of(TEST_MODES)).unwrap_or_default();
    let mount = Mount { prefix: reading.prefix.to_owned(), profile: reading.profile };
    let blank = Document::blank(reading.entity, &mount, reading.settings.set(reading.profile));
    Document { test_mode, invoice, memo, category, echo: Arc::new(Echo::read(reader)), ..blank }
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
fn check_initial(instruction: &Instruction, has_token: bool, reader: &mut Reader<'_>) {
    let known = instruction.initial_transaction_id.is_some() || has_token;
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

/// The texts of a call that verifies a card without saying so.
pub(super) fn verification<'f>(reader: &mut Reader<'f>) -> Draft<'f> {
    let sent_currency = reader.form.get("currency");
    let amount = reader.read("amount", |value: &'f str| amounts::text(value, sent_currency));
    let currency = reader.read("currency", amounts::currency_text);
    Draft { amount, currency, kind: Some(Kind::Verification) }
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

pub(super) fn amount(draft: &Draft<'_>, kind: Kind, decimals: Decimals, reader: &Reader<'_>) -> Result<Money, Problem> {
    let sent = |name: &str| reader.error(name, "");
    let currency = draft.currency.map(|code| amounts::currency(code, || sent("currency"))).transpose()?;
    // A verification needs neither, and moves nothing.
    let currency = currency.unwrap_or_else(|| Asset::currency("EUR").expect("a currency of ISO 4217"));
    let Some(text) = draft.amount else { return Ok(Money::zero(currency)) };
    let amount = amounts::amount(text, currency, decimals, || sent("amount"))?;
    match (amount.is_zero(), kind) {
        (false, _) | (true, Kind::Verification) => Ok(amount),
        (true, Kind::Debit | Kind::Preauthorisation | Kind::Payout | Kind::NotOffered) => {
            Err(Problem::AmountTooLow(reader.error("amount", "must be greater than zero")))
        }
    }
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
