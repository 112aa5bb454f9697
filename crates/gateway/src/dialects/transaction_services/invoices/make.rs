//! Making invoices and pay links (contract, sections 8.16 and 8.17). A copy of an earlier request gets that one's answer.

use std::sync::Arc;

use florin_engine::directory::Permission;
use florin_engine::invoices::{InvoiceOrder, NewInvoice, RenderInvoice, invoice_reference};
use florin_engine::{Answer, ClaimRequest, Repeatable, StartError};
use florin_kernel::invoice::{Invoice, Origin};
use florin_kernel::payment::{Details, Dialect, Links};
use serde::Serialize;

use super::request::{self, Order};
use super::{url, view, visit};
use crate::dialects::transaction_services::auth::Caller;
use crate::dialects::transaction_services::checkout::{self, offers};
use crate::dialects::transaction_services::codes::description;
use crate::dialects::transaction_services::content::content;
use crate::dialects::transaction_services::document::Document;
use crate::dialects::transaction_services::envelope::Topic;
use crate::dialects::transaction_services::errors::Problem;
use crate::dialects::transaction_services::fields::Fields;
use crate::dialects::transaction_services::references::{self, Refused};
use crate::dialects::transaction_services::state::{Asked, TsState};
use crate::dialects::transaction_services::way::within_limits;
use crate::dialects::transaction_services::wire::{self, Told};

/// `generate`.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn generate(state: &TsState, asked: Asked) -> Result<Told, Problem> {
    let Asked { caller, fields, idempotency_key } = asked;
    let owner = caller.owner();
    let set = state.engine.directory().invoice_settings(owner.merchant, owner.mode);
    let has_return = !set.success.is_empty() || !caller.settings.default_redirect_url.is_empty();
    let order = request::invoice(&fields, &caller, has_return)?;
    let render: RenderInvoice = {
        let (engine, member_id) = (state.engine.clone(), caller.settings.member_id.clone());
        Arc::new(move |invoice, mail| Answer {
            status: 200,
            body: view::unpaid(&engine, &member_id, invoice, mail, "00011"),
        })
    };
    make(state, &caller, (&fields, "generate", idempotency_key), order, render).await
}

#[derive(Serialize)]
struct LinkBody {
    result: LinkResult,
}

#[derive(Serialize)]
struct LinkResult {
    code: &'static str,
    description: &'static str,
    url: String,
}

/// `generatePayByLink`.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn pay_link(state: &TsState, asked: Asked) -> Result<Told, Problem> {
    let Asked { caller, fields, idempotency_key } = asked;
    let order = request::link(&fields, &caller)?;
    let engine = state.engine.clone();
    let render: RenderInvoice = Arc::new(move |link, _| {
        let result = LinkResult { code: "00026", description: description("00026"), url: url(&engine, link) };
        Answer { status: 200, body: wire::text(&LinkBody { result }) }
    });
    make(state, &caller, (&fields, "generatePayByLink", idempotency_key), order, render).await
}

async fn make(
    state: &TsState,
    caller: &Caller,
    (fields, call, key): (&Fields, &str, Option<String>),
    order: Order,
    render: RenderInvoice,
) -> Result<Told, Problem> {
    caller.may(&[Permission::Deposits])?;
    let engine = &state.engine;
    let digest = engine.digest(&[&content(call, "", fields)]);
    let reference = invoice_reference(order.origin, &order.reference);
    let key = key.map(|text| references::key_claim(caller, &text));
    let claims: Vec<ClaimRequest> = key.into_iter().chain([reference]).collect();
    let invoice = match draft(state, caller, order) {
        Ok(invoice) => invoice,
        // A copy of an earlier request is told its answer, whatever has changed since.
        Err(problem) => {
            let (owner, dialect) = (caller.owner(), Dialect::TransactionServices);
            let request = Repeatable { owner, dialect, claims, digest };
            if let Some(told) = references::earlier(engine, &request).await? {
                return Ok(told);
            }
            let call = Refused { caller, fields, topic: Topic::Invoice, claims: &request.claims, digest };
            return call.tell(engine, problem).await;
        }
    };
    let origin = invoice.origin;
    let made = engine.make_invoice(NewInvoice { invoice, claims, digest, render }).await;
    made.map(Told::from).map_err(|error| match (error, origin) {
        (StartError::Refused(refusal), Origin::Invoice) => Problem::Invoice("10011", refusal.to_string().into()),
        (error, Origin::Invoice | Origin::Link) => error.into(),
    })
}

/// The invoice as it would be made, if somebody takes its payments.
fn draft(state: &TsState, caller: &Caller, order: Order) -> Result<Box<Invoice>, Problem> {
    within_limits(caller, order.amount).map_err(|problem| match (problem, order.origin) {
        (Problem::NotPermitted(reason), Origin::Invoice) => Problem::Invoice("10011", reason),
        (problem, Origin::Invoice | Origin::Link) => problem,
    })?;
    let currency = Some(order.amount.asset());
    let terminal = checkout::terminal(caller, order.terminal_id.as_deref(), currency).ok_or(Problem::NoTerminal)?;
    let document = Document { terminal: terminal.terminal_id.clone(), ..order.document };
    let details = Details {
        credential: Some(caller.credential.id),
        reference: order.reference,
        payer: order.payer,
        links: Links { success: order.return_url, webhook: order.webhook, ..Links::default() },
        descriptor: terminal.descriptor.clone(),
        echo: document.text(),
        ..Details::default()
    };
    let mut invoice = state.engine.draft_invoice(InvoiceOrder {
        owner: caller.owner(),
        dialect: Dialect::TransactionServices,
        origin: order.origin,
        asked: order.amount,
        description: order.description,
        raised_by: order.raised_by,
        hours: order.hours,
        details,
    });
    if invoice.details.links.success.is_empty() {
        invoice.details.links.success.clone_from(&caller.settings.default_redirect_url);
    }
    let payment = visit::draft(&state.engine, &invoice);
    match offers::offers(&state.engine, &payment, &document, terminal).is_empty() {
        true => Err(Problem::NoTerminal),
        false => Ok(invoice),
    }
}
