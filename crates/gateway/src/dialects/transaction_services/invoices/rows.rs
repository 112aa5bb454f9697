//! The list of invoices, newest first, by pages (contract, section 8.16). Pay links are none.

use florin_engine::directory::Permission;
use florin_engine::invoices::InvoiceQuery;
use florin_kernel::Timestamp;
use serde::Serialize;
use serde::ser::SerializeMap;

use super::view::{self, Row, WORDS};
use crate::dialects::transaction_services::codes::ResultBody;
use crate::dialects::transaction_services::errors::{Problem, Rule};
use crate::dialects::transaction_services::fields::{Complaint, Reader, one_of};
use crate::dialects::transaction_services::list::{Moment, RECORDS_MAX, count, moment};
use crate::dialects::transaction_services::settings::HttpErrors;
use crate::dialects::transaction_services::state::{Asked, TsState};
use crate::dialects::transaction_services::wire::{self, Told};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListBody<'a> {
    member_id: &'a str,
    #[serde(serialize_with = "by_place")]
    invoice_list: Vec<Row>,
    totalrecords: String,
    result: ResultBody,
}

/// `{"0":{…},"1":{…}}`
fn by_place<S: serde::Serializer>(rows: &[Row], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(rows.len()))?;
    for (place, row) in rows.iter().enumerate() {
        map.serialize_entry(&place.to_string(), row)?;
    }
    map.end()
}

/// `getInvoice`.
///
/// # Errors
/// [`Problem`].
pub async fn list(state: &TsState, asked: Asked) -> Result<Told, Problem> {
    let Asked { caller, fields, .. } = asked;
    let query = read(Reader::new(&fields))?;
    caller.may(&[Permission::Read])?;
    let (invoices, total) = state.engine.invoices(caller.owner(), query).await?;
    let mut rows = Vec::new();
    for invoice in &invoices {
        rows.push(view::row(state, &caller, invoice).await?);
    }
    let code = if total == 0 { "10026" } else { "00026" };
    let body = ListBody {
        member_id: &caller.settings.member_id,
        invoice_list: rows,
        totalrecords: total.to_string(),
        result: ResultBody::of(code),
    };
    let strictly_missing = total == 0 && caller.settings.http_errors == HttpErrors::Strict;
    Ok(Told { status: if strictly_missing { 404 } else { 200 }, ..Told::of(wire::text(&body)) })
}

fn read(mut reader: Reader<'_>) -> Result<InvoiceQuery, Problem> {
    let from = reader.read_any(&["pagination.fromdate", "fromdate"], moment);
    let to = reader.read_any(&["pagination.todate", "todate"], moment);
    let word = reader.read("invoiceStatus", one_of(WORDS));
    let page = reader.read_any(&["pagination.pageno", "pageno"], count).unwrap_or(1);
    let records = reader.read_any(&["pagination.records", "records"], count).unwrap_or(10).min(RECORDS_MAX);
    let from = from.map_or(Timestamp::UNIX_EPOCH, Moment::begin);
    let until = to.map_or(Timestamp::MAX, Moment::end);
    if from > until {
        reader.fault("todate", Complaint::new(Rule::Range, "must not be before fromdate"));
    }
    reader.finish()?;
    let limit = u32::try_from(records).unwrap_or_default();
    let skip = u32::try_from((page - 1).saturating_mul(records)).unwrap_or(u32::MAX);
    Ok(InvoiceQuery { word, from, until, skip, limit })
}
