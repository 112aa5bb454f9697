//! One invoice: read, given a new link, called off, reminded of (contract, section 8.16).

use florin_engine::directory::Permission;
use florin_engine::invoices::InvoiceError;
use florin_engine::mail::MailStatus;
use florin_engine::{Answer, Repeatable};
use florin_kernel::invoice::{Command, HOURS_MAX, Invoice, Origin};
use florin_kernel::payment::Dialect;

use super::request::within;
use super::view;
use crate::dialects::transaction_services::auth::Caller;
use crate::dialects::transaction_services::content::content;
use crate::dialects::transaction_services::envelope::{Envelope, Topic};
use crate::dialects::transaction_services::errors::{Problem, Rule};
use crate::dialects::transaction_services::fields::{Complaint, Reader, number, text};
use crate::dialects::transaction_services::format::Format;
use crate::dialects::transaction_services::references;
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
    let mut reader = Reader::new(&asked.fields);
    let number = reader.require("invoiceId", number(20));
    let success = reader.require("merchantRedirectUrl", urls::web_url);
    let hours = reader.read("expirationPeriod", within(1, HOURS_MAX));
    reader.finish()?;
    let named = Named { number, reference: None };
    let request = repeatable(state, &asked, "regenerate");
    change(state, (&asked.caller, &named), request, Command::Reissue { hours, success }, ["00014", "10014"]).await
}

/// `cancel`.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn cancel(state: &TsState, asked: Asked) -> Result<Told, Problem> {
    let mut reader = Reader::new(&asked.fields);
    let named = Named::read(&mut reader);
    let reason = reader.require("cancelReason", text(50));
    reader.finish()?;
    let reason = florin_kernel::card::without_numbers(&reason.unwrap_or_default());
    let request = repeatable(state, &asked, "cancel");
    change(state, (&asked.caller, &named), request, Command::Cancel { reason }, ["00012", "10012"]).await
}

/// `remind`.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn remind(state: &TsState, asked: Asked) -> Result<Told, Problem> {
    let mut reader = Reader::new(&asked.fields);
    let named = Named::read(&mut reader);
    reader.finish()?;
    let request = repeatable(state, &asked, "remind");
    change(state, (&asked.caller, &named), request, Command::Remind, ["00013", "10013"]).await
}

/// Obeys a command; the codes are those of done and not done. A copy of an earlier call is told its answer.
async fn change(
    state: &TsState,
    (caller, named): (&Caller, &Named),
    request: Repeatable,
    command: Command,
    [done, refused]: [&'static str; 2],
) -> Result<Told, Problem> {
    caller.may(&[Permission::Deposits])?;
    let (engine, member_id) = (&state.engine, &caller.settings.member_id);
    if let Some(told) = references::earlier(engine, &request).await? {
        return Ok(told);
    }
    let invoice = named.find(state, caller).await?;
    let render = |changed: Result<(&Invoice, MailStatus), &InvoiceError>| match changed {
        Ok((invoice, mail)) => Answer { status: 200, body: view::unpaid(engine, member_id, invoice, mail, done) },
        Err(reason) => {
            let problem = Problem::Invoice(refused, reason.to_string().into());
            let envelope = Envelope::new(Format::Json, Topic::Invoice, engine.now(caller.lane));
            Answer { status: envelope.status(&problem), body: envelope.refusal(&problem) }
        }
    };
    match engine.change_invoice_once(&request, invoice.id, command, &render).await {
        Ok(reply) => Ok(reply.into()),
        Err(InvoiceError::NotFound) => Err(Problem::NotFound),
        Err(InvoiceError::Taken(kind)) => Err(kind.into()),
        Err(InvoiceError::Store(error)) => Err(error.into()),
        Err(reason @ (InvoiceError::Refused(_) | InvoiceError::NoMailer | InvoiceError::BadSettings)) => {
            Err(Problem::Invoice(refused, reason.to_string().into()))
        }
    }
}

/// What makes two of these calls the same one.
fn repeatable(state: &TsState, asked: &Asked, call: &str) -> Repeatable {
    let content = content(call, "", &asked.fields);
    references::repeatable(&state.engine, &asked.caller, asked.idempotency_key.as_deref(), &content)
}
