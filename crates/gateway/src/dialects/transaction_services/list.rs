//! The list of transactions, newest first (contract, section 8.14): those of every dialect, counted as a whole and shown by pages.

use florin_engine::directory::Permission;
use florin_engine::{NewestQuery, PaymentQuery};
use florin_kernel::payment::Payment;
use florin_kernel::withdrawal::Withdrawal;
use florin_kernel::{Aggregate, Money, PaymentId, Timestamp, Transaction};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, ToSpan};
use serde::Serialize;

use super::amounts;
use super::auth::Caller;
use super::codes::ResultBody;
use super::document::Document;
use super::errors::{Problem, Rule};
use super::fields::{Complaint, Reader, digits, text};
use super::settings::HttpErrors;
use super::standing::{Standing, Wording, of_payment, of_withdrawal};
use super::state::{Asked, TsState};
use super::view::{bank_reference, remark};
use super::wire::{self, Told, timestamp};

/// Rows read at a time.
const PAGE: u32 = 1000;
const DAYS_MAX: i64 = 366;
const DAYS_DEFAULT: i32 = 30;
/// Most on a page.
pub const RECORDS_MAX: usize = 100;

/// Which transactions are asked for.
struct Wanted {
    from: Timestamp,
    until: Timestamp,
    status: Option<String>,
    page: usize,
    records: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListBody<'a> {
    member_id: &'a str,
    result: ResultBody,
    totalrecords: String,
    transaction: Vec<Row>,
    timestamp: String,
}

/// One transaction of a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    amount: String,
    currency: &'static str,
    system_payment_id: String,
    merchant_transaction_id: String,
    transaction_status: &'static str,
    status: &'static str,
    short_status: &'static str,
    captureamount: String,
    refundamount: String,
    chargebackamount: String,
    payoutamount: String,
    date: String,
    transaction_date: String,
    remark: String,
    customer: Customer,
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<Card>,
    transaction_receipt_img: &'static str,
    bank_reference_id: String,
    terminalid: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Customer {
    given_name: String,
    surname: String,
    phone: String,
    email: String,
    telnocc: String,
    country: String,
    city: String,
    street: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Card {
    bin: String,
    #[serde(rename = "last4Digits")]
    last4: String,
    expiry_month: String,
    expiry_year: String,
}

/// A page of the list.
///
/// # Errors
/// [`Problem::Fields`].
pub async fn list(state: &TsState, asked: Asked) -> Result<Told, Problem> {
    let Asked { caller, fields, .. } = asked;
    let now = state.engine.now(caller.lane);
    let wanted = read(Reader::new(&fields), now)?;
    caller.may(&[Permission::Read])?;
    let (total, shown) = match &wanted.status {
        None => page(state, &caller, &wanted).await?,
        Some(status) => page_of_status(state, &caller, &wanted, status).await?,
    };
    let mut rows = Vec::new();
    for transaction in &shown {
        let document = state.document(&caller, transaction).await?;
        rows.push(row(transaction, &document, Wording::of(&caller.settings)));
    }
    let result = if total == 0 { ResultBody::of("10026") } else { ResultBody::of("00026") };
    let body = ListBody {
        member_id: &caller.settings.member_id,
        result,
        totalrecords: total.to_string(),
        transaction: rows,
        timestamp: timestamp(now),
    };
    let strictly_missing = total == 0 && caller.settings.http_errors == HttpErrors::Strict;
    Ok(Told { status: if strictly_missing { 404 } else { 200 }, ..Told::of(wire::text(&body)) })
}

fn read(mut reader: Reader<'_>, now: Timestamp) -> Result<Wanted, Problem> {
    let from = reader.read_any(&["pagination.fromdate", "fromdate"], moment);
    let to = reader.read_any(&["pagination.todate", "todate"], moment);
    let status = reader.read("status", text(32));
    let page = reader.read_any(&["pagination.pageno", "pageno"], count).unwrap_or(1);
    let records = reader.read_any(&["pagination.records", "records"], count).unwrap_or(10).min(RECORDS_MAX);
    let today = Moment::day(Offset::UTC.to_datetime(now).date());
    let to = to.unwrap_or(today);
    let from = from.unwrap_or_else(|| Moment::day(to.date().saturating_sub(DAYS_DEFAULT.days())));
    let (from, until) = (from.begin(), to.end());
    let span = until.duration_since(from);
    if from > until || span > SignedDuration::from_hours(24 * DAYS_MAX) {
        let name = reader.fields.first(&["pagination.todate", "todate"]).map_or("pagination.todate", |(name, _)| name);
        reader.fault(name, Complaint::new(Rule::Range, "must be 0 to 366 days after fromdate"));
    }
    reader.finish()?;
    Ok(Wanted { from, until, status, page, records })
}

/// A page's number or size.
pub fn count(value: &str) -> Result<usize, Complaint> {
    match value.parse::<usize>() {
        Ok(count) if count > 0 && digits(value, 1..=9) => Ok(count),
        Ok(_) | Err(_) => Err(Complaint::new(Rule::Range, "must be a whole number above 0")),
    }
}

/// A day, or a second of it.
#[derive(Clone, Copy)]
pub enum Moment {
    /// All of a day.
    Day(Date),
    /// A second.
    Second(DateTime),
}

impl Moment {
    fn day(day: Date) -> Moment {
        Moment::Day(day)
    }

    fn date(self) -> Date {
        match self {
            Moment::Day(day) => day,
            Moment::Second(second) => second.date(),
        }
    }

    /// Its first moment.
    pub fn begin(self) -> Timestamp {
        let begin = match self {
            Moment::Day(day) => day.to_datetime(Time::midnight()),
            Moment::Second(second) => second,
        };
        Offset::UTC.to_timestamp(begin).unwrap_or(Timestamp::MAX)
    }

    /// The first moment after it.
    pub fn end(self) -> Timestamp {
        let length = match self {
            Moment::Day(_) => SignedDuration::from_hours(24),
            Moment::Second(_) => SignedDuration::from_secs(1),
        };
        self.begin().saturating_add(length).unwrap_or(Timestamp::MAX)
    }
}

/// `dd/mm/yyyy`, `dd-mm-yyyy` or `yyyy-mm-dd`, with or without ` HH:MM:SS`.
pub fn moment(value: &str) -> Result<Moment, Complaint> {
    let read = || {
        let (day, time) = value.split_once(' ').map_or((value, None), |(day, time)| (day, Some(time.trim())));
        let parts: Vec<&str> = day.split(['/', '-']).collect();
        let [first, second, third] = parts[..] else { return None };
        let (year, day) = if first.len() == 4 { (first, third) } else { (third, first) };
        if !digits(year, 4..=4) || !digits(second, 1..=2) || !digits(day, 1..=2) {
            return None;
        }
        let date = Date::new(year.parse().ok()?, second.parse().ok()?, day.parse().ok()?).ok()?;
        match time {
            None => Some(Moment::Day(date)),
            Some(time) => Some(Moment::Second(date.to_datetime(time.parse::<Time>().ok()?))),
        }
    };
    read().ok_or_else(|| Complaint::new(Rule::Format, "must be a date of the form dd/mm/yyyy or yyyy-mm-dd"))
}

/// How many there are, and those of the page.
async fn page(state: &TsState, caller: &Caller, wanted: &Wanted) -> Result<(u64, Vec<Transaction>), Problem> {
    let owner = caller.owner();
    let skip = (wanted.page - 1).saturating_mul(wanted.records);
    let query = NewestQuery {
        merchant: owner.merchant,
        mode: owner.mode,
        from: wanted.from,
        until: wanted.until,
        skip: u32::try_from(skip).unwrap_or(u32::MAX),
        limit: wanted.records as u32,
    };
    let total = state.engine.store().count_transactions(query).await?;
    let stored = state.engine.store().newest_transactions(query).await?;
    Ok((total, stored.into_iter().map(|stored| stored.transaction).collect()))
}

/// The same of those with a status. It is a word of this dialect's, so all are read to find them; only ids are kept, so that a year of
/// transactions fits.
async fn page_of_status(
    state: &TsState,
    caller: &Caller,
    wanted: &Wanted,
    status: &str,
) -> Result<(u64, Vec<Transaction>), Problem> {
    let ids = matching(state, caller, wanted, status).await?;
    let mut shown = Vec::new();
    for id in ids.iter().rev().skip((wanted.page - 1).saturating_mul(wanted.records)).take(wanted.records) {
        shown.extend(state.engine.find_transaction(caller.owner(), *id).await?);
    }
    Ok((ids.len() as u64, shown))
}

/// The ids of all with a status, oldest first.
async fn matching(state: &TsState, caller: &Caller, wanted: &Wanted, status: &str) -> Result<Vec<PaymentId>, Problem> {
    let owner = caller.owner();
    let mut query = PaymentQuery {
        merchant: owner.merchant,
        mode: owner.mode,
        from: wanted.from,
        until: wanted.until,
        after: None,
        limit: PAGE,
    };
    let wording = Wording::of(&caller.settings);
    let mut ids = Vec::new();
    loop {
        let page = state.engine.store().transactions(query).await?;
        let fits = |transaction: &&Transaction| standing(transaction, wording).long.eq_ignore_ascii_case(status);
        ids.extend(page.iter().map(|stored| &stored.transaction).filter(fits).map(Transaction::id));
        match page.last() {
            Some(last) if page.len() == PAGE as usize => query.after = Some(last.transaction.id()),
            Some(_) | None => return Ok(ids),
        }
    }
}

fn standing(transaction: &Transaction, wording: Wording) -> Standing {
    match transaction {
        Transaction::Payment(payment) => of_payment(payment, wording),
        Transaction::Withdrawal(withdrawal) => of_withdrawal(withdrawal, wording.decline_code),
        Transaction::Coin(coin) => of_payment(&coin.as_payment(), wording),
    }
}

fn row(transaction: &Transaction, document: &Document, wording: Wording) -> Row {
    match transaction {
        Transaction::Payment(payment) => payment_row(payment, document, wording),
        Transaction::Withdrawal(withdrawal) => payout_row(withdrawal, document, wording),
        Transaction::Coin(coin) => payment_row(&coin.as_payment(), document, wording),
    }
}

fn payment_row(payment: &Payment, document: &Document, wording: Wording) -> Row {
    let (totals, standing) = (payment.totals(), of_payment(payment, wording));
    let attempt = payment.funding().or(payment.last_attempt());
    let card = attempt.and_then(|attempt| attempt.means.as_ref()?.card.as_ref());
    Row {
        captureamount: amounts::printed(totals.captured),
        refundamount: amounts::printed(totals.refunded),
        chargebackamount: amounts::printed(totals.charged_back),
        remark: remark(payment, &standing.result),
        card: card.map(listed_card),
        bank_reference_id: attempt.map(bank_reference).unwrap_or_default(),
        ..common_row(payment, payment.asked, document, &standing)
    }
}

fn payout_row(withdrawal: &Withdrawal, document: &Document, wording: Wording) -> Row {
    let standing = of_withdrawal(withdrawal, wording.decline_code);
    let card = withdrawal.plan.as_ref().and_then(|plan| plan.destination.card.as_ref());
    Row {
        payoutamount: amounts::printed(withdrawal.asked),
        remark: standing.result.description.to_string(),
        card: card.map(listed_card),
        bank_reference_id: withdrawal.payout.as_ref().map(bank_reference).unwrap_or_default(),
        ..common_row(withdrawal, withdrawal.asked, document, &standing)
    }
}

fn common_row(of: &impl Aggregate, asked: Money, document: &Document, standing: &Standing) -> Row {
    let (details, none) = (of.details(), amounts::printed(Money::zero(asked.asset())));
    let payer = &details.payer;
    let country = if document.country.is_empty() { &payer.country } else { &document.country };
    let phone = if document.phone.is_empty() { &payer.phone } else { &document.phone };
    Row {
        amount: amounts::printed(asked),
        currency: asked.asset().code(),
        system_payment_id: document.number.clone(),
        merchant_transaction_id: details.reference.clone(),
        transaction_status: standing.long,
        status: standing.long,
        short_status: standing.short,
        captureamount: none.clone(),
        refundamount: none.clone(),
        chargebackamount: none.clone(),
        payoutamount: none,
        date: of.created_at().strftime("%Y-%m-%d").to_string(),
        transaction_date: timestamp(of.created_at()),
        remark: String::new(),
        customer: Customer {
            given_name: payer.first_name.clone(),
            surname: payer.last_name.clone(),
            phone: phone.clone(),
            email: payer.email.clone(),
            telnocc: document.calling_code.clone(),
            country: country.clone(),
            city: payer.city.clone(),
            street: payer.address.clone(),
        },
        card: None,
        transaction_receipt_img: "",
        bank_reference_id: String::new(),
        terminalid: document.terminal.clone(),
    }
}

fn listed_card(card: &florin_kernel::card::CardSummary) -> Card {
    Card {
        bin: card.bin.clone(),
        last4: card.last4.clone(),
        expiry_month: format!("{:02}", card.expiry.month),
        expiry_year: card.expiry.year.to_string(),
    }
}
