//! JSON bodies: nested, with dotted names, or a mix of both. Numbers keep their literal text.

use super::{Complaint, Fields};
use crate::dialects::json::{self, Json, JsonFault, Object, Repeats, Rules};
use crate::dialects::transaction_services::errors::{Problem, Rule};

const RULES: Rules = Rules { depth_max: 5, repeats: Repeats::Kept };

/// Groups of fields. Everything else that the contract knows, and everything below a group, is a scalar.
const GROUPS: [&str; 10] = [
    "authentication",
    "card",
    "customer",
    "shipping",
    "billing",
    "deviceDetails",
    "bankAccount",
    "merchant",
    "pagination",
    "partner",
];

/// Names outside of groups (contract, sections 7 and 8).
const SCALARS: [&str; 38] = [
    "amount",
    "currency",
    "tmpl_amount",
    "tmpl_currency",
    "merchantTransactionId",
    "orderDescriptor",
    "orderDescription",
    "paymentMode",
    "paymentBrand",
    "paymentType",
    "merchantRedirectUrl",
    "notificationUrl",
    "redirectMethod",
    "recurringType",
    "createRegistration",
    "attemptThreeD",
    "installment",
    "paymentId",
    "idType",
    "registrationId",
    "authToken",
    "fromdate",
    "todate",
    "status",
    "pageno",
    "records",
    "cardNumber",
    "cardExpMonth",
    "cardExpYear",
    "cardHolderName",
    "merchantInvoiceId",
    "invoiceId",
    "cancelReason",
    "expirationPeriod",
    "remindAfter",
    "maxReminders",
    "raiseby",
    "invoiceStatus",
];

/// Reads a body.
///
/// # Errors
/// [`Problem::Unreadable`] says why it is not the one object that is asked for.
pub fn read(body: &[u8]) -> Result<Fields, Problem> {
    let object = json::read_by(body, RULES).map_err(|fault| match fault {
        JsonFault::NotUtf8
        | JsonFault::Malformed
        | JsonFault::NotAnObject
        | JsonFault::RepeatedKey
        | JsonFault::TooDeep { .. } => Problem::Unreadable(fault.to_string().into()),
    })?;
    let mut fields = Fields::default();
    take(&mut fields, "", &object)?;
    Ok(fields)
}

fn take(fields: &mut Fields, above: &str, object: &Object<'_>) -> Result<(), Problem> {
    for (name, value) in object.members() {
        let name = if above.is_empty() { name.trim().to_owned() } else { format!("{above}.{}", name.trim()) };
        match value {
            Json::Null => {}
            Json::Bool(value) => fields.take(&name, if *value { "true" } else { "false" })?,
            Json::Number(value) => fields.take(&name, value)?,
            Json::Text(value) => fields.take(&name, value)?,
            Json::Array(_) | Json::Object(_) if is_scalar(&name) => {
                fields.note(&name, Complaint::new(Rule::Format, "must be a single value"));
            }
            Json::Object(inner) => take(fields, &name, inner)?,
            // Of a field that nobody knows.
            Json::Array(_) => {}
        }
    }
    Ok(())
}

fn is_scalar(name: &str) -> bool {
    match name.split_once('.') {
        Some((group, _)) => GROUPS.contains(&group),
        None => SCALARS.contains(&name),
    }
}
