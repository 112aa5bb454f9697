//! The list of transactions (contract, section 12). It is complete unless the caller asks for pages, and may be long: rows are
//! fetched a page at a time and sent as they come.

use std::sync::Arc;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LINK};
use axum::response::{IntoResponse, Response};
use florin_engine::{PaymentQuery, Stored};
use florin_kernel::{PaymentId, Timestamp};
use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{SignedDuration, ToSpan};
use tokio::sync::mpsc;

use super::auth::Caller;
use super::errors::{FieldError, Problem};
use super::query::Query;
use super::routes::CONTENT_TYPE_JSON;
use super::settings::Settings;
use super::state::CashierState;
use super::{rows, rules};
use crate::chunks::{self, Chunk};

/// Rows fetched at a time.
const PAGE: u32 = 1000;
const DAYS_MAX: i32 = 7;

/// Which transactions, as the caller asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// First day, UTC.
    pub from: Date,
    /// Last day, included.
    pub to: Date,
    /// Rows of a page, where pages are asked for.
    pub limit: Option<u32>,
    /// The last row of the page before, as its id was sent.
    pub after: Option<String>,
}

/// Reads the query.
///
/// # Errors
/// 9001 with every faulty parameter.
pub fn read(query: &Query, today: Date) -> Result<Wanted, Problem> {
    let mut errors = Vec::new();
    let mut day = |name: &'static str| {
        let text = query.get(name)?;
        let day = read_day(text);
        if day.is_none() {
            errors.push(FieldError::new(name, "must be a date in the form DD-MM-YYYY"));
        }
        day
    };
    let (from, to) = (day("from"), day("to"));
    let limit = query.get("limit").map(|text| text.parse().ok().filter(|limit| (1..=PAGE).contains(limit)));
    if limit == Some(None) {
        errors.push(FieldError::new("limit", "must be a whole number from 1 to 1000"));
    }
    let after = query.get("after").map(str::to_owned);
    if !errors.is_empty() {
        return Err(Problem::Validation(errors));
    }
    let (from, to) = match (from, to) {
        (None, None) => (today, today),
        (Some(from), None) => (from, from.saturating_add(DAYS_MAX.days()).min(today)),
        (None, Some(to)) => (to, to),
        (Some(from), Some(to)) => check_range(from, to)?,
    };
    Ok(Wanted { from, to, limit: limit.flatten(), after })
}

fn check_range(from: Date, to: Date) -> Result<(Date, Date), Problem> {
    let fault = match from.duration_until(to).as_hours() / 24 {
        ..0 => "from must not be after to",
        0..=7 => return Ok((from, to)),
        8.. => "from and to must be at most 7 days apart",
    };
    Err(Problem::Validation(vec![FieldError::new("from", fault), FieldError::new("to", fault)]))
}

/// `DD-MM-YYYY`, `YYYY-MM-DD`, or a date-time of RFC 3339, of which the UTC day counts.
fn read_day(text: &str) -> Option<Date> {
    if text.len() > 10 {
        // An unescaped plus sign of an offset arrives as a space.
        let instant: Timestamp = text.trim().replace(' ', "+").parse().ok()?;
        return Some(utc_day(instant));
    }
    rules::iso_date(text).or_else(|| {
        let (day, rest) = text.split_once('-')?;
        let (month, year) = rest.split_once('-')?;
        rules::date(year, month, day)
    })
}

/// The UTC day of an instant.
pub fn utc_day(instant: Timestamp) -> Date {
    Offset::UTC.to_datetime(instant).date()
}

fn midnight(day: Date) -> Timestamp {
    Offset::UTC.to_timestamp(day.to_datetime(jiff::civil::Time::midnight())).unwrap_or(Timestamp::MAX)
}

/// The answer.
///
/// # Errors
/// [`Problem`] while nothing has been sent; later trouble cuts the connection, so that nobody takes a part for the whole.
pub async fn answer(state: CashierState, caller: Caller, wanted: Wanted) -> Result<Response, Problem> {
    let after = match &wanted.after {
        Some(text) => Some(find_after(&state, &caller, text).await?),
        None => None,
    };
    let mut query = PaymentQuery {
        merchant: caller.credential.merchant,
        mode: caller.credential.mode,
        from: midnight(wanted.from),
        until: midnight(wanted.to).saturating_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX),
        after,
        limit: wanted.limit.map_or(PAGE, |limit| limit + 1),
    };
    let mut page = state.engine().store().transactions(query).await?;
    let mut next = None;
    if let Some(limit) = wanted.limit
        && page.len() > limit as usize
    {
        page.truncate(limit as usize);
        next = page.last().map(|last| next_link(&state, &wanted, last));
    }
    let whole = wanted.limit.is_some() || page.len() < PAGE as usize;
    let mut first = vec![b'['];
    write_page(&mut first, &page, &state, &caller.settings);
    let body = if whole {
        first.push(b']');
        Body::from(first)
    } else {
        query.after = page.last().map(|last| last.transaction.id());
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(send_rest(state, caller.settings, query, first, sender));
        chunks::body(receiver)
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE_JSON)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let mut response = (headers, body).into_response();
    if let Some(next) = next.and_then(|next| HeaderValue::from_str(&next).ok()) {
        response.headers_mut().insert(LINK, next);
    }
    Ok(response)
}

async fn find_after(state: &CashierState, caller: &Caller, text: &str) -> Result<PaymentId, Problem> {
    let found = state.find(caller, text).await?;
    found.map(|found| found.id()).ok_or_else(|| Problem::field("after", "must be the id of one of your transactions"))
}

fn next_link(state: &CashierState, wanted: &Wanted, last: &Stored) -> String {
    let day = |day: Date| day.strftime("%d-%m-%Y");
    let (url, id) = (state.engine().public_url(), state.print(last.transaction.id()));
    let limit = wanted.limit.unwrap_or(PAGE);
    let (from, to) = (day(wanted.from), day(wanted.to));
    format!("<{url}/v1/transactions?from={from}&to={to}&limit={limit}&after={id}>; rel=\"next\"")
}

fn write_page(out: &mut Vec<u8>, page: &[Stored], state: &CashierState, settings: &Settings) {
    for stored in page {
        if out.last() != Some(&b'[') {
            out.push(b',');
        }
        rows::write(out, &stored.transaction, settings, state.engine().codec());
    }
}

/// Sends the first page and then fetches and sends the others, one at a time, until the reader hangs up.
async fn send_rest(
    state: CashierState,
    settings: Arc<Settings>,
    mut query: PaymentQuery,
    first: Vec<u8>,
    sender: mpsc::Sender<Chunk>,
) {
    let mut chunk = first;
    loop {
        if sender.send(Ok(chunk.into())).await.is_err() {
            return;
        }
        let page = match state.engine().store().transactions(query).await {
            Ok(page) => page,
            Err(error) => {
                tracing::error!(%error, "a list was cut off");
                _ = sender.send(Err(axum::Error::new(error))).await;
                return;
            }
        };
        chunk = Vec::new();
        for stored in &page {
            chunk.push(b',');
            rows::write(&mut chunk, &stored.transaction, &settings, state.engine().codec());
        }
        match page.last() {
            Some(last) if page.len() == PAGE as usize => query.after = Some(last.transaction.id()),
            Some(_) | None => break,
        }
    }
    chunk.push(b']');
    _ = sender.send(Ok(chunk.into())).await;
}
