//! An invoice as answers show it (contract, section 8.16).

use florin_engine::mail::MailStatus;
use florin_engine::{Engine, Owner};
use florin_kernel::invoice::{Invoice, State, Word};
use florin_kernel::ports::Lane;
use florin_kernel::{Timestamp, Transaction};
use serde::Serialize;

use crate::dialects::transaction_services::amounts;
use crate::dialects::transaction_services::auth::Caller;
use crate::dialects::transaction_services::codes::ResultBody;
use crate::dialects::transaction_services::document::Document;
use crate::dialects::transaction_services::errors::Problem;
use crate::dialects::transaction_services::standing::{Wording, of_payment};
use crate::dialects::transaction_services::state::TsState;
use crate::dialects::transaction_services::wire::{self, timestamp};

/// The answer about one invoice.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    member_id: &'a str,
    result: ResultBody,
    invoice_details: Row,
    timestamp: String,
}

/// One invoice.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    invoice_id: String,
    system_invoice_id: String,
    merchant_invoice_id: String,
    order_id: String,
    amount: String,
    currency: &'static str,
    expiration_period: String,
    created_date: String,
    expiry_date: String,
    transaction_url: String,
    invoice_status: &'static str,
    transaction_status: &'static str,
    trackingid: String,
    raiseby: String,
    order_description: String,
    customer_details: Customer,
    mail_status: &'static str,
    reminders_sent: String,
    cancel_reason: String,
    dtstamp: String,
}

#[derive(Serialize)]
struct Customer {
    customername: String,
    customeraddress: String,
    customermobileno: String,
    customeremail: String,
}

/// The payment that paid an invoice, as far as answers tell of it.
#[derive(Default)]
pub struct Paid {
    number: String,
    status: &'static str,
}

/// The words for where an invoice stands.
pub const WORDS: &[(&str, Word)] =
    &[("generated", Word::Open), ("processed", Word::Paid), ("cancelled", Word::Cancelled), ("expired", Word::Expired)];

/// An answer about an invoice as it stands.
///
/// # Errors
/// [`Problem`] when the store cannot answer.
pub async fn told(state: &TsState, caller: &Caller, invoice: &Invoice, code: &'static str) -> Result<String, Problem> {
    let row = row(state, caller, invoice).await?;
    Ok(body(&state.engine, &caller.settings.member_id, invoice, row, code))
}

/// The answer to the call that made or changed one, which nobody has paid.
pub fn unpaid(engine: &Engine, member_id: &str, invoice: &Invoice, mail: MailStatus, code: &'static str) -> String {
    let row = row_of(engine, invoice, mail, Paid::default());
    body(engine, member_id, invoice, row, code)
}

fn body(engine: &Engine, member_id: &str, invoice: &Invoice, row: Row, code: &'static str) -> String {
    let now = engine.now(Lane::of(invoice.merchant, invoice.mode));
    wire::text(&Body { member_id, result: ResultBody::of(code), invoice_details: row, timestamp: timestamp(now) })
}

/// An invoice with what became of its payment and its last e-mail.
///
/// # Errors
/// [`Problem`] when the store cannot answer.
pub async fn row(state: &TsState, caller: &Caller, invoice: &Invoice) -> Result<Row, Problem> {
    let mail = state.engine.mail_status(invoice.mail).await?;
    let paid = match &invoice.state {
        State::Paid { payment, .. } => paid(state, caller, *payment).await?,
        State::Open { .. } | State::Cancelled { .. } | State::Expired { .. } => Paid::default(),
    };
    Ok(row_of(&state.engine, invoice, mail, paid))
}

async fn paid(state: &TsState, caller: &Caller, id: florin_kernel::PaymentId) -> Result<Paid, Problem> {
    let owner: Owner = caller.owner();
    let Some(Transaction::Payment(payment)) = state.engine.find_transaction(owner, id).await? else {
        return Ok(Paid::default());
    };
    let number = Document::of(&payment.details).map(|document| document.number).unwrap_or_default();
    Ok(Paid { number, status: of_payment(&payment, Wording::of(&caller.settings)).long })
}

fn row_of(engine: &Engine, invoice: &Invoice, mail: MailStatus, paid: Paid) -> Row {
    let now = engine.now(Lane::of(invoice.merchant, invoice.mode));
    let word = invoice.word_at(now);
    let directory = engine.directory();
    let merchant = directory.merchant(invoice.merchant).map(|merchant| merchant.name.clone()).unwrap_or_default();
    let payer = &invoice.details.payer;
    let document = Document::of(&invoice.details).unwrap_or_else(|| Document::numbered(""));
    let joined =
        |parts: &[&str], by: &str| parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(by);
    let number = engine.invoice_number(invoice.id);
    let reference = invoice.details.reference.clone();
    Row {
        invoice_id: number.clone(),
        system_invoice_id: number,
        merchant_invoice_id: reference.clone(),
        order_id: reference,
        amount: amounts::printed(invoice.asked),
        currency: invoice.asked.asset().code(),
        expiration_period: invoice.issue.hours.to_string(),
        created_date: moment(invoice.created_at),
        expiry_date: moment(invoice.issue.expires_at()),
        transaction_url: super::url(engine, invoice),
        invoice_status: WORDS.iter().find(|(_, known)| *known == word).map_or("generated", |(text, _)| text),
        transaction_status: paid.status,
        trackingid: paid.number,
        raiseby: if invoice.raised_by.is_empty() { merchant } else { invoice.raised_by.clone() },
        order_description: invoice.description.clone(),
        customer_details: Customer {
            customername: joined(&[&payer.first_name, &payer.last_name], " "),
            customeraddress: joined(&[&payer.address, &payer.city, &payer.zip_code, &document.country], ", "),
            customermobileno: document.phone,
            customeremail: payer.email.clone(),
        },
        mail_status: mail.text(),
        reminders_sent: invoice.reminders.sent.to_string(),
        cancel_reason: match &invoice.state {
            State::Cancelled { reason, .. } => reason.clone(),
            State::Open { .. } | State::Paid { .. } | State::Expired { .. } => String::new(),
        },
        dtstamp: invoice.created_at.as_second().to_string(),
    }
}

/// `2026-01-15 10:40:00.0`
fn moment(at: Timestamp) -> String {
    format!("{}.0", timestamp(at))
}
