//! Invoices and pay links: made, found, changed and listed by a member, paid by whoever has their link (contract, sections 8.16 and 8.17).
//! What becomes of one is the core's to decide; each try to pay one is a payment of its own.

use axum::Router;
use florin_engine::Engine;
use florin_engine::invoices::Correspondent;
use florin_kernel::InvoiceId;
use florin_kernel::invoice::{Invoice, Letter, Origin};
use florin_kernel::mail::Message;
use florin_kernel::payment::Details;
use florin_kernel::record::OrderedBy;

use super::calls::InvoiceCall;
use super::document::{Document, Issued};
use super::errors::Problem;
use super::references::read_once;
use super::state::{Asked, TsState};
use super::wire::Told;
use crate::erased::{get, get_post};

mod change;
mod make;
mod page;
mod request;
mod rows;
mod settings;
mod view;
mod visit;

pub use make::pay_link;

/// Answers a call.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn answer(state: &TsState, asked: Asked, call: InvoiceCall) -> Result<Told, Problem> {
    match call {
        InvoiceCall::Generate => make::generate(state, asked).await,
        InvoiceCall::Regenerate => change::regenerate(state, asked).await,
        InvoiceCall::Inquire => {
            read_once(state, asked, ("invoice inquiry", ""), |asked| change::inquire(state, asked)).await
        }
        InvoiceCall::List => read_once(state, asked, ("invoices", ""), |asked| rows::list(state, asked)).await,
        InvoiceCall::Cancel => change::cancel(state, asked).await,
        InvoiceCall::Remind => change::remind(state, asked).await,
        InvoiceCall::Settings => settings::shown(state, asked).await,
        InvoiceCall::SetSettings => settings::set(state, asked).await,
    }
}

/// The pages where they are paid.
pub fn pages() -> Router<TsState> {
    Router::new()
        .route("/transaction/PayInvoice", get_post(page::show_invoice, page::pay_invoice))
        .route("/transaction/PayInvoice/status", get(page::ask_invoice))
        .route("/transaction/PayByLink", get_post(page::show_link, page::pay_link))
        .route("/transaction/PayByLink/status", get(page::ask_link))
}

/// The letters about invoices.
pub struct InvoiceLetters;

impl Correspondent for InvoiceLetters {
    fn message(&self, invoice: &Invoice, letter: Letter, engine: &Engine) -> Option<Message> {
        crate::mail::letter::write(invoice, letter, &url(engine, invoice), engine)
    }
}

/// The link that pays it now.
fn url(engine: &Engine, invoice: &Invoice) -> String {
    format!("{}{}", engine.public_url(), path(engine, invoice))
}

/// Its path.
fn path(engine: &Engine, invoice: &Invoice) -> String {
    let issued = Issued { issue: invoice.issue.number, origin: invoice.origin };
    path_of(engine, invoice.id, issued, &invoice.details.reference, "")
}

fn path_of(engine: &Engine, id: InvoiceId, issued: Issued, reference: &str, below: &str) -> String {
    let (page, [first, second]) = match issued.origin {
        Origin::Invoice => {
            ("PayInvoice", [("inv", engine.invoice_number(id)), ("ct", engine.invoice_secret_of(id, issued.issue))])
        }
        Origin::Link => (
            "PayByLink",
            [("orderId", reference.to_owned()), ("authToken", engine.pay_link_secret_of(id, issued.issue))],
        ),
    };
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs([first, second]).finish();
    format!("/transaction/{page}{below}?{query}")
}

/// The page of the invoice or pay link that a payment tried to pay, by the link that its payer came by.
pub fn own_path(engine: &Engine, details: &Details) -> Option<String> {
    tried(engine, details, "")
}

/// Where that page's script asks how the try stands.
pub fn status_path(engine: &Engine, details: &Details) -> Option<String> {
    tried(engine, details, "/status")
}

fn tried(engine: &Engine, details: &Details, below: &str) -> Option<String> {
    let Some(OrderedBy::Invoice(id)) = details.ordered_by else { return None };
    let issued = Document::of(details)?.came_by?;
    Some(path_of(engine, id, issued, &details.reference, below))
}
