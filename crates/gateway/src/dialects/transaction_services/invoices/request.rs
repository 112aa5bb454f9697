//! An invoice or pay link as it was asked for (contract, sections 8.16 and 8.17), with everything that is wrong said at once.

use florin_kernel::Money;
use florin_kernel::card::without_numbers;
use florin_kernel::invoice::{HOURS_MAX, Origin};
use florin_kernel::payment::Payer;

use crate::dialects::transaction_services::auth::Caller;
use crate::dialects::transaction_services::brands::{MODES, Mode};
use crate::dialects::transaction_services::checkout::Checkout;
use crate::dialects::transaction_services::document::Document;
use crate::dialects::transaction_services::errors::{Problem, Rule};
use crate::dialects::transaction_services::fields::{Complaint, Fields, Reader, number, one_of, text};
use crate::dialects::transaction_services::request;
use crate::dialects::transaction_services::settings::LinkExpiryUnit;
use crate::dialects::transaction_services::{amounts, urls};

/// Pay links live this long where nothing is said.
const LINK_HOURS: u16 = 24;

/// What a member asks for.
pub struct Order {
    /// Who brings the link to the customer.
    pub origin: Origin,
    /// The member's own number of it.
    pub reference: String,
    /// How much.
    pub amount: Money,
    /// What for.
    pub description: String,
    /// Who asks; empty: as is set.
    pub raised_by: String,
    /// How long it can be paid; `None`: as is set.
    pub hours: Option<u16>,
    /// Who pays.
    pub payer: Payer,
    /// What is kept for answers and the page.
    pub document: Document,
    /// The terminal that was named.
    pub terminal_id: Option<String>,
    /// Where the payer goes back to; empty: as is set.
    pub return_url: String,
    /// Where notifications go; empty: as is set.
    pub webhook: String,
}

/// Reads the fields of `generate`. `has_return` says whether the settings name where payers go back to.
///
/// # Errors
/// [`Problem::Fields`] with everything that is wrong.
pub fn invoice(fields: &Fields, caller: &Caller, has_return: bool) -> Result<Order, Problem> {
    let mut reader = Reader::new(fields);
    let reference = reader.require("merchantInvoiceId", text(100));
    let amount = request::money(&mut reader);
    let mut document = request::document(&mut reader);
    let payer = request::payer(&mut reader, &mut document);
    match reader.fields.get("customer.email") {
        None => reader.missing("customer.email"),
        Some(address) if !is_address(address) => {
            reader.fault("customer.email", Complaint::new(Rule::Format, "must be an e-mail address"));
        }
        Some(_) => {}
    }
    if reader.fields.first(&["orderDescription", "orderDescriptor"]).is_none() {
        reader.missing("orderDescription");
    }
    let return_url = reader.read("merchantRedirectUrl", urls::web_url);
    if !has_return && fields.get("merchantRedirectUrl").is_none() {
        reader.missing("merchantRedirectUrl");
    }
    let webhook = reader.read("notificationUrl", urls::notification_url(caller.mode()));
    let mode = reader.read("paymentMode", one_of(MODES));
    let brand = reader.read("paymentBrand", text(32)).unwrap_or_default();
    let hours = reader.read("expirationPeriod", within(1, HOURS_MAX));
    let raised_by = reader.read("raiseby", text(100)).unwrap_or_default();
    let terminal_id = reader.read("authentication.terminalId", number(6));
    reader.finish()?;
    document.checkout = Some(Box::new(Checkout {
        modes: mode.into_iter().collect(),
        brand: if mode.is_none_or(|mode| mode == Mode::Cc) { String::new() } else { brand },
        ..Checkout::default()
    }));
    Ok(Order {
        origin: Origin::Invoice,
        reference: reference.ok_or(Problem::Fault)?,
        amount: amount.ok_or(Problem::Fault)?,
        description: document.order.clone(),
        raised_by: without_numbers(&raised_by),
        hours,
        payer,
        document,
        terminal_id,
        return_url: return_url.unwrap_or_default(),
        webhook: webhook.unwrap_or_default(),
    })
}

/// Reads the fields of `generatePayByLink`.
///
/// # Errors
/// [`Problem::Fields`] with everything that is wrong.
pub fn link(fields: &Fields, caller: &Caller) -> Result<Order, Problem> {
    let mut reader = Reader::new(fields);
    let reference = reader.require("merchant.orderID", text(100));
    let currency = reader.require("merchant.currency", amounts::currency);
    let amount = match currency {
        Some(currency) => reader.require("merchant.amount", |value| amounts::amount(value, currency)),
        None => reader.require("merchant.amount", amounts::text).and(None),
    };
    let (unit, longest) = match caller.settings.link_expiry_unit {
        LinkExpiryUnit::Hours => (1, HOURS_MAX),
        LinkExpiryUnit::Days => (24, HOURS_MAX / 24),
    };
    let time = reader.read("authentication.expirationTime", within(1, longest));
    let plain = |longest| move |value: &str| text(longest)(value).map(|value| without_numbers(&value));
    let name = reader.read("merchant.contactName", plain(100)).unwrap_or_default();
    let email = reader.read("merchant.email", plain(100)).unwrap_or_default();
    let phone = reader.read("merchant.phone", plain(25)).unwrap_or_default();
    let description = reader.read("merchant.orderDescription", plain(255)).unwrap_or_default();
    let return_url = reader.read("merchant.merchantRedirectUrl", urls::web_url);
    let webhook = reader.read("merchant.notificationUrl", urls::notification_url(caller.mode()));
    let terminal_id = reader.read("authentication.terminalId", number(6));
    reader.finish()?;
    let (first_name, last_name) = name.rsplit_once(' ').unwrap_or((&name, ""));
    let payer = Payer {
        first_name: first_name.to_owned(),
        last_name: last_name.to_owned(),
        email,
        phone: phone.chars().filter(char::is_ascii_digit).take(15).collect(),
        ..Payer::default()
    };
    let document =
        Document { order: description.clone(), phone, checkout: Some(Box::default()), ..Document::numbered("") };
    Ok(Order {
        origin: Origin::Link,
        reference: reference.ok_or(Problem::Fault)?,
        amount: amount.ok_or(Problem::Fault)?,
        description,
        raised_by: String::new(),
        hours: Some(time.map_or(LINK_HOURS, |time| time * unit)),
        payer,
        document,
        terminal_id,
        return_url: return_url.unwrap_or_default(),
        webhook: webhook.unwrap_or_default(),
    })
}

/// A whole number within bounds.
pub fn within(least: u16, most: u16) -> impl Fn(&str) -> Result<u16, Complaint> {
    move |value| {
        let fits = value.parse::<u16>().ok().filter(|number| (least..=most).contains(number));
        fits.ok_or_else(|| Complaint::new(Rule::Range, format!("must be a whole number from {least} to {most}")))
    }
}

/// Whether letters may be sent there: one name, one host, nothing that ends a header or begins another address.
fn is_address(text: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>(),;:\\\"[]".contains(c);
    match text.split_once('@') {
        Some((name, host)) => !name.is_empty() && !host.is_empty() && !host.contains('@') && text.chars().all(plain),
        None => false,
    }
}
