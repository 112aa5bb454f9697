//! How a member's invoices are made where their requests do not say so (contract, section 8.16).

use florin_engine::Answer;
use florin_engine::directory::Permission;
use florin_engine::invoices::{InvoiceError, InvoiceSettings};
use florin_kernel::card::without_numbers;
use florin_kernel::invoice::{HOURS_MAX, REMINDERS_MAX};
use serde::Serialize;

use super::request::within;
use crate::dialects::transaction_services::auth::Caller;
use crate::dialects::transaction_services::codes::ResultBody;
use crate::dialects::transaction_services::content::content;
use crate::dialects::transaction_services::errors::Problem;
use crate::dialects::transaction_services::fields::{Fields, Reader, text};
use crate::dialects::transaction_services::references;
use crate::dialects::transaction_services::state::{Asked, TsState};
use crate::dialects::transaction_services::urls;
use crate::dialects::transaction_services::wire::{self, Told, timestamp};

/// What is set.
const NAMES: [&str; 6] =
    ["expirationPeriod", "remindAfter", "maxReminders", "merchantRedirectUrl", "notificationUrl", "raiseby"];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    member_id: &'a str,
    result: ResultBody,
    invoice_config: Config<'a>,
    timestamp: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    expiration_period: String,
    remind_after: String,
    max_reminders: String,
    merchant_redirect_url: &'a str,
    notification_url: &'a str,
    raiseby: &'a str,
}

/// `getinvoiceconfigdetails`: reads, and sets where any of the fields is present.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn shown(state: &TsState, asked: Asked) -> Result<Told, Problem> {
    if NAMES.iter().any(|name| asked.fields.get(name).is_some()) {
        return set_by(state, asked, "getinvoiceconfigdetails").await;
    }
    references::read_once(state, asked, ("getinvoiceconfigdetails", ""), async |asked| {
        asked.caller.may(&[Permission::Read])?;
        let owner = asked.caller.owner();
        let settings = state.engine.directory().invoice_settings(owner.merchant, owner.mode);
        Ok(Told::of(text_of(state, &asked.caller, &settings, "00023")))
    })
    .await
}

/// `setInvoiceConfig`: what is not sent stays as it is.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn set(state: &TsState, asked: Asked) -> Result<Told, Problem> {
    set_by(state, asked, "setInvoiceConfig").await
}

async fn set_by(state: &TsState, asked: Asked, call: &str) -> Result<Told, Problem> {
    let Asked { caller, fields, idempotency_key } = asked;
    let owner = caller.owner();
    let known = state.engine.directory().invoice_settings(owner.merchant, owner.mode);
    let settings = read(&fields, &caller, known)?;
    caller.may(&[Permission::Deposits])?;
    let content = content(call, "", &fields);
    let request = references::repeatable(&state.engine, &caller, idempotency_key.as_deref(), &content);
    if let Some(told) = references::earlier(&state.engine, &request).await? {
        return Ok(told);
    }
    // The same values once more are no harm, so the key is taken once they stand.
    match state.engine.set_invoice_settings(owner, &settings).await {
        Ok(()) => {
            let body = text_of(state, &caller, &settings, "00020");
            Ok(state.engine.answer_once(&request, Answer { status: 200, body }).await?.into())
        }
        Err(InvoiceError::Store(error)) => Err(error.into()),
        Err(reason) => Err(Problem::Invoice("10020", reason.to_string().into())),
    }
}

fn read(fields: &Fields, caller: &Caller, known: InvoiceSettings) -> Result<InvoiceSettings, Problem> {
    let mut reader = Reader::new(fields);
    let hours = reader.read("expirationPeriod", within(1, HOURS_MAX));
    let remind_after_hours = reader.read("remindAfter", within(0, HOURS_MAX));
    let reminders_max = reader.read("maxReminders", within(0, REMINDERS_MAX.into()));
    let success = reader.read("merchantRedirectUrl", urls::web_url);
    let webhook = reader.read("notificationUrl", urls::notification_url(caller.mode()));
    let raised_by = reader.read("raiseby", text(100));
    reader.finish()?;
    Ok(InvoiceSettings {
        hours: hours.unwrap_or(known.hours),
        remind_after_hours: remind_after_hours.unwrap_or(known.remind_after_hours),
        reminders_max: reminders_max.and_then(|count| u8::try_from(count).ok()).unwrap_or(known.reminders_max),
        success: success.unwrap_or(known.success),
        webhook: webhook.unwrap_or(known.webhook),
        raised_by: raised_by.map_or(known.raised_by, |text| without_numbers(&text)),
    })
}

fn text_of(state: &TsState, caller: &Caller, settings: &InvoiceSettings, code: &'static str) -> String {
    wire::text(&Body {
        member_id: &caller.settings.member_id,
        result: ResultBody::of(code),
        invoice_config: Config {
            expiration_period: settings.hours.to_string(),
            remind_after: settings.remind_after_hours.to_string(),
            max_reminders: settings.reminders_max.to_string(),
            merchant_redirect_url: &settings.success,
            notification_url: &settings.webhook,
            raiseby: &settings.raised_by,
        },
        timestamp: timestamp(state.engine.now(caller.lane)),
    })
}
