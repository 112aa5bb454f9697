//! One invoice: read, given a new link, called off, reminded of (contract, section 8.16).

use florin_engine::directory::Permission;
use florin_engine::invoices::InvoiceError;
use florin_kernel::invoice::{Command, HOURS_MAX, Invoice, Origin};
use florin_kernel::payment::Dialect;

use super::request::within;
use super::view;
use crate::dialects::transaction_services::auth::Caller;
use crate::dialects::transaction_services::errors::{Problem, Rule};
use crate::dialects::transaction_services::fields::{Complaint, Reader, number, text};
use crate::dialects::transaction_services::state::{Asked, TsState};
use crate::dialects::transaction_services::urls;
use crate::dialects::transaction_services::wire::Told;

/// How an invoice is named.
struct Named {
    number: Option<String>,
    reference: Option<String>,
}

impl Named {
    /// Either id; without one a fault is noted.
    fn read(reader: &mut Reader<'_>) -> Named {
        let number = reader.read("invoiceId", number(20));
        let reference = reader.read("merchantInvoiceId", text(100));
        if reader.fields.first(&["invoiceId", "merchantInvoiceId"]).is_none() {
            reader.fault("merchantInvoiceId", Complaint::new(Rule::Missing, "is missing"));
        }
        Named { number, reference }
    }

    /// The member's invoice of these ids; where both were sent, of both.
    async fn find(&self, state: &TsState, caller: &Caller) -> Result<Invoice, Problem> {
        let (engine, owner, dialect) = (&state.engine, caller.owner(), Dialect::TransactionServices);
        let found = match (&self.number, &self.reference) {
            (Some(number), _) => match engine.invoice_numbered(number).await? {
                Some(id) => engine.invoice(owner, dialect, id).await?,
                None => None,
            },
            (None, Some(reference)) => engine.invoice_referenced(owner, dialect, Origin::Invoice, reference).await?,
            (None, None) => None,
        };
        let same = |invoice: &Invoice| self.reference.as_ref().is_none_or(|sent| *sent == invoice.details.reference);
        found.filter(|invoice| invoice.origin == Origin::Invoice && same(invoice)).ok_or(Problem::NotFound)
    }
}

/// `inquiry`.
///
/// # Errors
/// [`Problem`].
pub async fn inquire(state: &TsState, asked: Asked) -> Result<Told, Problem> {
    let Asked { caller, fields, .. } = asked;
    let mut reader = Reader::new(&fields);
    let named = Named::read(&mut reader);
    reader.finish()?;
    caller.may(&[Permission::Read])?;
    let invoice = named.find(state, &caller).await?;
    Ok(Told::of(view::told(state, &caller, &invoice, "00026").await?))
}

/// `regenerate`.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn regenerate(state: &TsState, asked: Asked) -> Result<Told, Problem> {
    let Asked { caller, fields, .. } = asked;
    let mut reader = Reader::new(&fields);
    let number = reader.require("invoiceId", number(20));
    let success = reader.require("merchantRedirectUrl", urls::web_url);
    let hours = reader.read("expirationPeriod", within(1, HOURS_MAX));
    reader.finish()?;
    let named = Named { number, reference: None };
    change(state, &caller, &named, Command::Reissue { hours, success }, ["00014", "10014"]).await
}

/// `cancel`.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn cancel(state: &TsState, asked: Asked) -> Result<Told, Problem> {
    let Asked { caller, fields, .. } = asked;
    let mut reader = Reader::new(&fields);
    let named = Named::read(&mut reader);
    let reason = reader.require("cancelReason", text(50));
    reader.finish()?;
    let reason = florin_kernel::card::without_numbers(&reason.unwrap_or_default());
    change(state, &caller, &named, Command::Cancel { reason }, ["00012", "10012"]).await
}

/// `remind`.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn remind(state: &TsState, asked: Asked) -> Result<Told, Problem> {
    let Asked { caller, fields, .. } = asked;
    let mut reader = Reader::new(&fields);
    let named = Named::read(&mut reader);
    reader.finish()?;
    change(state, &caller, &named, Command::Remind, ["00013", "10013"]).await
}

/// Obeys a command; the codes are those of done and not done.
async fn change(
    state: &TsState,
    caller: &Caller,
    named: &Named,
    command: Command,
    [done, refused]: [&'static str; 2],
) -> Result<Told, Problem> {
    caller.may(&[Permission::Deposits])?;
    let invoice = named.find(state, caller).await?;
    let changed = state.engine.change_invoice(caller.owner(), Dialect::TransactionServices, invoice.id, command).await;
    match changed {
        Ok(invoice) => Ok(Told::of(view::told(state, caller, &invoice, done).await?)),
        Err(InvoiceError::NotFound) => Err(Problem::NotFound),
        Err(InvoiceError::Store(error)) => Err(error.into()),
        Err(reason @ (InvoiceError::Refused(_) | InvoiceError::NoMailer | InvoiceError::BadSettings)) => {
            Err(Problem::Invoice(refused, reason.to_string().into()))
        }
    }
}
