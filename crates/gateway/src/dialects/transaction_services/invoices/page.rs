//! The addresses of the pages where invoices and pay links are paid. Whoever has the link may pay; a wrong number and a wrong secret get
//! the same page.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use florin_engine::StoreError;
use florin_kernel::invoice::{Invoice, Origin};
use florin_kernel::payment::Dialect;

use super::visit::Visit;
use crate::dialects::request::read_body;
use crate::dialects::transaction_services::fields::form;
use crate::dialects::transaction_services::state::TsState;
use crate::pages::card::Submitted;
use crate::pages::notice;

/// The error of a visit is a page, too.
pub type Visited<T> = Result<T, Box<Response>>;

/// `GET /transaction/PayInvoice`.
pub async fn show_invoice(State(state): State<TsState>, request: Request) -> Response {
    show(&state, Origin::Invoice, request).await
}

/// `POST /transaction/PayInvoice`.
pub async fn pay_invoice(State(state): State<TsState>, request: Request) -> Response {
    pay(&state, Origin::Invoice, request).await
}

/// `GET /transaction/PayInvoice/status`.
pub async fn ask_invoice(State(state): State<TsState>, request: Request) -> Response {
    ask(&state, Origin::Invoice, request).await
}

/// `GET /transaction/PayByLink`.
pub async fn show_link(State(state): State<TsState>, request: Request) -> Response {
    show(&state, Origin::Link, request).await
}

/// `POST /transaction/PayByLink`.
pub async fn pay_link(State(state): State<TsState>, request: Request) -> Response {
    pay(&state, Origin::Link, request).await
}

/// `GET /transaction/PayByLink/status`.
pub async fn ask_link(State(state): State<TsState>, request: Request) -> Response {
    ask(&state, Origin::Link, request).await
}

async fn show(state: &TsState, origin: Origin, request: Request) -> Response {
    page_of(async { read(state, origin, request).await?.0.show().await }.await)
}

async fn pay(state: &TsState, origin: Origin, request: Request) -> Response {
    page_of(
        async {
            let (visit, form) = read(state, origin, request).await?;
            visit.pay(&form).await
        }
        .await,
    )
}

async fn ask(state: &TsState, origin: Origin, request: Request) -> Response {
    page_of(async { Ok(read(state, origin, request).await?.0.poll().await?.into_response()) }.await)
}

fn page_of(visited: Visited<Response>) -> Response {
    visited.unwrap_or_else(|page| *page)
}

/// The page that says that nothing was done, and why is the operator's to know.
pub fn unavailable(error: &StoreError) -> Box<Response> {
    tracing::warn!(%error, "a payer's page waits");
    Box::new(notice::unavailable())
}

async fn read(state: &TsState, origin: Origin, request: Request) -> Visited<(Visit, Submitted)> {
    let (parts, body) = request.into_parts();
    let found = behind(state, origin, parts.uri.query().unwrap_or_default()).await;
    let invoice = found.map_err(|error| unavailable(&error))?.ok_or_else(|| Box::new(notice::not_found()))?;
    let bytes = read_body(&parts, body).await.unwrap_or_default();
    let address = state.address(&parts);
    let visit =
        Visit::new(&state.engine, invoice, parts.headers, address).ok_or_else(|| Box::new(notice::not_found()))?;
    Ok((visit, Submitted::read(&bytes)))
}

/// What a link leads to.
async fn behind(state: &TsState, origin: Origin, query: &str) -> Result<Option<Invoice>, StoreError> {
    let fields = form::read(query.as_bytes()).unwrap_or_default();
    let field = |name: &str| fields.get(name).unwrap_or_default();
    let (engine, dialect) = (&state.engine, Dialect::TransactionServices);
    match origin {
        Origin::Invoice => match engine.invoice_numbered(field("inv")).await? {
            Some(id) => engine.invoice_behind(dialect, id, field("ct")).await,
            None => Ok(None),
        },
        Origin::Link => engine.pay_link_behind(dialect, field("orderId"), field("authToken")).await,
    }
}
