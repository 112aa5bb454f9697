//! A payment as it was asked for, read into kernel types once (contract, sections 7 and 8.2), with everything that is wrong said at once.

use florin_kernel::card::{Card, Cvc, Expiry, Pan, PanError, without_numbers};
use florin_kernel::payment::{Authenticate, Mode as DevOrLive, Payer, Presence};
use florin_kernel::{Asset, Money, RegistrationId};
use jiff::civil::Date;

use super::amounts;
use super::brands::{self, MODES, Mode};
use super::document::{Document, Recurring, ReturnMethod};
use super::errors::{Problem, Rule};
use super::fields::{Complaint, Fields, Reader, digits, number, one_of, text};
use super::settings::{Settings, Switch};
use super::urls;

/// What a payment is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `DB`
    Debit,
    /// `PA`
    Preauthorisation,
}

/// The names of kinds.
pub const KINDS: &[(&str, Kind)] = &[("DB", Kind::Debit), ("PA", Kind::Preauthorisation)];
const RETURNS: &[(&str, ReturnMethod)] = &[("POST", ReturnMethod::Post), ("GET", ReturnMethod::Get)];
/// The names of a switch.
pub const YES_OR_NO: &[(&str, Keep)] = &[("true", Keep::Yes), ("false", Keep::No)];
/// The names of what is wanted of 3-D Secure.
pub const AUTHENTICATIONS: &[(&str, Wish)] = &[("3D", Wish::Rule), ("only3D", Wish::Always), ("direct", Wish::Never)];
const SERIES: &[(&str, Place)] = &[("INITIAL", Place::Initial), ("REPEATED", Place::Repeated)];

/// Whether the card is to be stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// It is forgotten.
    #[default]
    No,
    /// It becomes a registration.
    Yes,
}

/// What is wanted of 3-D Secure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// What the terminal's rule says.
    Rule,
    /// No approval without it.
    Always,
    /// None.
    Never,
}

impl Wish {
    /// What is asked of the provider.
    pub fn asked(self) -> Authenticate {
        match self {
            Wish::Rule => Authenticate::Auto,
            Wish::Always => Authenticate::Always,
            Wish::Never => Authenticate::Never,
        }
    }
}

/// A payment's place in a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Initial,
    Repeated,
}

/// What the rules need to know besides the fields.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// The credential's mode.
    pub mode: DevOrLive,
    /// The member's settings.
    pub settings: &'a Settings,
    /// The UTC day by the merchant's clock.
    pub today: Date,
}

/// How the payer pays.
#[derive(Debug)]
pub enum Account {
    /// By a card that came with the request.
    Card(Card),
    /// By a stored card.
    Stored(Card, RegistrationId),
    /// On a page of the wallet's or bank's.
    Page,
}

/// A payment as it was asked for.
#[derive(Debug)]
pub struct Purchase {
    /// What it is to do.
    pub kind: Kind,
    /// How much.
    pub amount: Money,
    /// How it is paid.
    pub mode: Mode,
    /// The brand's name as it was sent, of a card as its number says.
    pub brand: String,
    /// Card or page.
    pub account: Account,
    /// The merchant's reference; none: ours, made of the number.
    pub reference: Option<String>,
    /// The terminal that was named.
    pub terminal_id: Option<String>,
    /// Where the payer's browser goes back to; empty: to our receipt.
    pub return_url: String,
    /// Where notifications go; empty: nowhere.
    pub webhook: String,
    /// Who pays.
    pub payer: Payer,
    /// What is wanted of 3-D Secure.
    pub authenticate: Authenticate,
    /// Whether the payer takes part.
    pub presence: Presence,
    /// Whether the card is to be stored.
    pub keep: Keep,
    /// In how many parts it is to be paid.
    pub installments: u8,
    /// What is kept for answers; number, terminal and brand are to come.
    pub document: Document,
}

/// Reads the fields of a call that makes a payment.
///
/// # Errors
/// [`Problem::Fields`] with everything that is wrong.
pub fn read(fields: &Fields, reading: Reading<'_>) -> Result<Box<Purchase>, Problem> {
    let mut reader = Reader::new(fields);
    let amount = money(&mut reader);
    let kind = reader.require("paymentType", one_of(KINDS));
    let reference = reader.require("merchantTransactionId", text(100));
    let terminal_id = reader.read("authentication.terminalId", number(6));
    let means = means(&mut reader, reading);
    let mut document = document(&mut reader);
    let payer = payer(&mut reader, &mut document);
    let return_url = reader.read("merchantRedirectUrl", urls::web_url);
    let return_url = return_url.unwrap_or_else(|| reading.settings.default_redirect_url.clone());
    let webhook = reader.read("notificationUrl", urls::notification_url(reading.mode));
    let authenticate = reader.read("attemptThreeD", one_of(AUTHENTICATIONS)).unwrap_or(Wish::Rule).asked();
    let keep = reader.read("createRegistration", one_of(YES_OR_NO)).unwrap_or_default();
    let installments = reader.read("installment", number(2)).and_then(|count| count.parse().ok()).unwrap_or(1);
    let place = reader.read("recurringType", one_of(SERIES));
    if place == Some(Place::Repeated) {
        reader.fault("recurringType", Complaint::new(Rule::Value, "needs the paymentId of the first payment"));
    }
    let on_page = means.as_ref().is_some_and(|means| means.mode != Mode::Cc);
    if on_page && return_url.is_empty() && fields.get("merchantRedirectUrl").is_none() {
        reader.missing("merchantRedirectUrl");
    }
    reader.finish()?;
    let Means { mode, brand, account } = means.ok_or(Problem::Fault)?;
    if let Account::Card(card) = &account {
        // Payers type their number there, too.
        document.holder = without_numbers(&card.holder);
    }
    document.mode = Some(mode);
    document.recurring = place.map(|_| Recurring::Initial);
    document.registered = keep == Keep::Yes;
    Ok(Box::new(Purchase {
        kind: kind.ok_or(Problem::Fault)?,
        amount: amount.ok_or(Problem::Fault)?,
        mode,
        brand,
        account,
        reference: Some(reference.ok_or(Problem::Fault)?),
        terminal_id,
        return_url,
        webhook: webhook.unwrap_or_default(),
        payer,
        authenticate,
        presence: Presence::Payer,
        keep,
        installments,
        document,
    }))
}

/// Amount and currency, which make sense together only.
pub fn money(reader: &mut Reader<'_>) -> Option<Money> {
    let currency = reader.require("currency", amounts::currency);
    match currency {
        Some(currency) => reader.require("amount", |value| amounts::amount(value, currency)),
        None => {
            reader.require("amount", amounts::text);
            None
        }
    }
}

/// How it is paid.
struct Means {
    mode: Mode,
    brand: String,
    account: Account,
}

fn means(reader: &mut Reader<'_>, reading: Reading<'_>) -> Option<Means> {
    let has_number = reader.fields.get("card.number").is_some();
    let sent_mode = reader.read("paymentMode", one_of(MODES));
    let mode = match (sent_mode, reader.fields.get("paymentMode").is_some()) {
        (Some(mode), _) => mode,
        (None, true) => return None,
        (None, false) if has_number => Mode::Cc,
        (None, false) => {
            reader.missing("paymentMode");
            if reader.fields.get("paymentBrand").is_none() {
                reader.missing("paymentBrand");
            }
            return None;
        }
    };
    let brand = reader.read("paymentBrand", text(32));
    match mode {
        Mode::Cc => {
            let card = card(reader, reading)?;
            let brand = card_brand(reader, &card.pan, brand, reading.settings.strict_brand);
            Some(Means { mode, brand, account: Account::Card(card) })
        }
        Mode::Ew | Mode::Nb => {
            if brand.is_none() && reader.fields.get("paymentBrand").is_none() {
                reader.missing("paymentBrand");
            }
            Some(Means { mode, brand: brand?, account: Account::Page })
        }
    }
}

/// The brand that the number tells; one that was sent and is another is a fault where the member wants that.
pub fn card_brand(reader: &mut Reader<'_>, pan: &Pan, sent: Option<String>, strict: Switch) -> String {
    let told = brands::name(pan.brand());
    if let (Some(told), Some(sent), Switch::On) = (told, &sent, strict)
        && brands::card(sent).and_then(brands::name) != Some(told)
    {
        reader.fault("paymentBrand", Complaint::new(Rule::Value, "is not the brand of card.number"));
    }
    told.map(ToOwned::to_owned).or(sent.map(|sent| sent.to_ascii_uppercase())).unwrap_or_else(|| "CARD".to_owned())
}

/// The card of a request.
pub fn card(reader: &mut Reader<'_>, reading: Reading<'_>) -> Option<Card> {
    let pan = reader.require("card.number", pan);
    let month = |value: &str| value.parse().ok().filter(|month| (1..=12_u8).contains(month) && value.len() <= 2);
    let month = reader.require("card.expiryMonth", |value| {
        month(value).ok_or_else(|| Complaint::new(Rule::Range, "must be a month from 1 to 12"))
    });
    let year = reader.require("card.expiryYear", |value| match (digits(value, 2..=2), digits(value, 4..=4)) {
        (true, _) => Ok(2000 + value.parse::<u16>().unwrap_or_default()),
        (_, true) => Ok(value.parse().unwrap_or_default()),
        (false, false) => Err(Complaint::new(Rule::Format, "must have 2 or 4 digits")),
    });
    let cvc_optional = reading.settings.terminals.iter().any(|terminal| terminal.cvv_optional);
    let cvc = reader.read("card.cvv", |value| {
        // Three digits for every brand: the contract's samples have no other.
        let cvc = Cvc::parse(value, florin_kernel::card::Brand::Other);
        cvc.ok_or_else(|| Complaint::new(Rule::Format, "must have 3 or 4 digits"))
    });
    if reader.fields.get("card.cvv").is_none() && !cvc_optional {
        reader.missing("card.cvv");
    }
    let holder = reader.read("card.holder", text(100)).unwrap_or_default();
    let expiry = Expiry { month: month?, year: year? };
    if reading.mode == DevOrLive::Live && is_past(expiry, reading.today) {
        reader.fault("card.expiryYear", Complaint::new(Rule::Range, "is in the past"));
    }
    Some(Card { holder, pan: pan?, cvc, expiry, cryptogram: None })
}

/// A card's number.
pub fn pan(value: &str) -> Result<Pan, Complaint> {
    Pan::parse(value).map_err(|error| match error {
        PanError::NotDigits => Complaint::new(Rule::Format, "must have 12 to 19 digits"),
        PanError::Length => Complaint::new(Rule::Length, "must have 12 to 19 digits"),
        PanError::Luhn => Complaint::new(Rule::Luhn, "check digit is wrong"),
    })
}

fn is_past(expiry: Expiry, today: Date) -> bool {
    let this_month = (i32::from(today.year()), i32::from(today.month()));
    (i32::from(expiry.year), i32::from(expiry.month)) < this_month
}

/// What is kept for answers and means nothing here.
pub fn document(reader: &mut Reader<'_>) -> Document {
    let order = reader.read_any(&["orderDescriptor", "orderDescription"], free_text(255)).unwrap_or_default();
    let tmpl_amount = reader.read("tmpl_amount", amounts::text).unwrap_or_default().to_owned();
    let tmpl_currency = reader.read("tmpl_currency", amounts::currency).map_or("", Asset::code).to_owned();
    let return_method = reader.read("redirectMethod", one_of(RETURNS)).unwrap_or_default();
    let customer = reader.read("customer.customerId", number(10)).unwrap_or_default();
    Document { order, tmpl_amount, tmpl_currency, return_method, customer, ..Document::numbered("") }
}

/// Who pays, in the core's terms; what has another form there is kept as it was sent.
pub fn payer(reader: &mut Reader<'_>, document: &mut Document) -> Payer {
    let phone = |value: &str| {
        let plain = |c: char| c.is_ascii_digit() || "+-. ()".contains(c);
        match value.chars().all(plain) {
            true => free_text(25)(value),
            false => Err(Complaint::new(Rule::Format, "must be a phone number")),
        }
    };
    document.phone = reader.read("customer.phone", phone).unwrap_or_default();
    document.calling_code = reader.read("customer.telnocc", text(5)).unwrap_or_default();
    document.country = reader.read("shipping.country", country).unwrap_or_default();
    let born = reader.read("customer.birthDate", |value| {
        let date = digits(value, 8..=8).then(|| format!("{}-{}-{}", &value[..4], &value[4..6], &value[6..]));
        let date = date.filter(|date| date.parse::<Date>().is_ok());
        date.ok_or_else(|| Complaint::new(Rule::Format, "must be a date of the form YYYYMMDD"))
    });
    let ip = reader.read("customer.ip", |value| {
        value.parse().map_err(|_| Complaint::new(Rule::Format, "must be an IPv4 or IPv6 address"))
    });
    let mut some = |name: &'static str, longest| reader.read(name, free_text(longest)).unwrap_or_default();
    Payer {
        user_id: document.customer.clone(),
        first_name: some("customer.givenName", 50),
        last_name: some("customer.surname", 50),
        email: some("customer.email", 100),
        address: reader.read_any(&["shipping.street1", "shipping.street"], free_text(100)).unwrap_or_default(),
        city: reader.read("shipping.city", free_text(60)).unwrap_or_default(),
        zip_code: reader.read("shipping.postcode", free_text(16)).unwrap_or_default(),
        country: Some(document.country.clone()).filter(|country| country.len() == 2).unwrap_or_default(),
        dob: born.unwrap_or_default(),
        phone: document.phone.chars().filter(char::is_ascii_digit).take(15).collect(),
        ip,
        ..Payer::default()
    }
}

/// A text that is kept and that people type, without the card numbers in it.
fn free_text(longest: usize) -> impl Fn(&str) -> Result<String, Complaint> {
    move |value| text(longest)(value).map(|value| without_numbers(&value))
}

/// A country's code of two or three letters, in capitals; `UK` is Great Britain.
fn country(value: &str) -> Result<String, Complaint> {
    let letters = (2..=3).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphabetic());
    match letters {
        true if value.eq_ignore_ascii_case("UK") => Ok("GB".to_owned()),
        true => Ok(value.to_ascii_uppercase()),
        false => Err(Complaint::new(Rule::Format, "must be a country's code of 2 or 3 letters")),
    }
}
