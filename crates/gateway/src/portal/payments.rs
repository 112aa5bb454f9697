//! A merchant's payments and withdrawals: looked for, filtered, exported.

use std::sync::Arc;

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use florin_engine::Engine;
use florin_engine::office::{
    AmountOrder, AmountPlace, ByAmountError, Cursor, Direction, Export, Order, SORTED_MAX, Scope, Summary,
};
use florin_kernel::payment::Mode;
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;
use florin_kernel::{Kind, MerchantId, Timestamp};
use tokio::sync::mpsc;

use super::answer::{page as answer, see_other};
use super::filters::{KINDS, METHODS, Wanted, kind_word};
use super::refused;
use super::shell::Shell;
use super::show::{Badge, Id, Moment};
use super::visit::{AtMerchant, merchant_path};
use super::words::{self, WORDS};
use crate::chunks::{self, Chunk};
use crate::pages::text;

/// Lines of a page.
const PAGE: u32 = 50;
/// What a list by amount says that cannot be made.
pub(super) const TOO_MANY: &str = "More than 5,000 transactions fit, which are too many to be put in order by amount. Choose fewer days, or more filters.";

#[derive(Template)]
#[template(path = "portal/payments.html")]
struct PaymentsPage {
    shell: Shell,
    list: String,
    export: String,
    /// What was looked for; empty: the list is filtered instead.
    search: String,
    filters: Filters,
    is_filtered: bool,
    rows: Vec<Row>,
    sorted: Sorted,
    by_amount: Sorted,
    newer: String,
    older: String,
    /// What the ways to the pages before and after are called.
    labels: [&'static str; 2],
    /// Why there may be more than the lines shown; empty where there is not.
    note: &'static str,
    /// Whether more fit than can be put in order.
    is_too_many: bool,
}

/// The line of filters.
struct Filters {
    statuses: Vec<Choice>,
    kinds: Vec<Choice>,
    days: Vec<Field>,
    methods: Vec<Choice>,
    providers: Vec<Choice>,
    others: Vec<Field>,
    /// Whether what stands behind “More” matters now.
    is_wide: bool,
    /// In which order, so that it stays when the filters change.
    sort: String,
}

struct Choice {
    word: String,
    name: String,
    is_chosen: bool,
}

struct Field {
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    value: String,
    fault: String,
}

/// The head of the column that the list goes by.
struct Sorted {
    order: &'static str,
    other: String,
    hint: &'static str,
}

/// A transaction as a line of a list.
pub(super) struct Row {
    pub(super) url: String,
    pub(super) id: Id,
    pub(super) made: Moment,
    pub(super) state: Badge,
    pub(super) kind: &'static str,
    pub(super) amount: String,
    pub(super) means: String,
    pub(super) reference: String,
    pub(super) payer: String,
}

impl Row {
    /// As it is read at `now`; the link is one of its merchant's.
    pub(super) fn of(engine: &Engine, mode: Mode, row: &Summary, now: Timestamp) -> Row {
        let printed = engine.codec().base36(Reference { payment: row.id, sequence: 0 });
        let means = match (&row.card, row.method) {
            (Some(card), _) => text::card(card),
            (None, Some(method)) => words::method(method).to_owned(),
            (None, None) => String::new(),
        };
        Row {
            url: payment_path(row.merchant, mode, &printed),
            id: Id::of(printed),
            made: Moment::at(row.created_at, now),
            state: Badge::of_word(row.word),
            kind: kind_name(row.kind),
            amount: text::amount(row.asked),
            means,
            reference: row.reference.clone(),
            payer: if row.email.is_empty() { row.payer.clone() } else { row.email.clone() },
        }
    }
}

/// Where a transaction's page is.
pub(super) fn payment_path(merchant: MerchantId, mode: Mode, printed: &str) -> String {
    merchant_path(merchant.number(), mode, &format!("/payments/{printed}"))
}

/// What a transaction is.
pub(super) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Payment => "Payment",
        Kind::Verification => "Verification",
        Kind::Withdrawal => "Withdrawal",
        Kind::Coin => "Coin payment",
    }
}

/// Whose transactions somebody sees at a merchant.
pub(super) fn scope_of(at: &AtMerchant) -> Scope {
    Scope { mode: at.mode, merchant: Some(at.merchant.id) }
}

/// Now, by the merchant's clock.
pub(super) fn now_of(at: &AtMerchant) -> Timestamp {
    at.engine().now(Lane::of(at.merchant.id, at.mode))
}

/// `GET …/payments`.
pub(super) async fn page(at: AtMerchant) -> Response {
    let wanted = Wanted::read(&at.query);
    match at.query.text("q") {
        "" => listed(&at, &wanted).await,
        search => found(&at, &wanted, search).await,
    }
}

async fn listed(at: &AtMerchant, wanted: &Wanted) -> Response {
    let mut page = empty_page(at, wanted);
    if !wanted.faults.is_empty() {
        return answer(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    if let Some(order) = wanted.amounts {
        return by_amount(at, wanted, order, page).await;
    }
    let found = at.engine().office_transactions(scope_of(at), &wanted.ask(PAGE)).await;
    let Ok(found) = found else { return refused::unavailable() };
    let (onward, back) = (
        wanted.page(&page.list, found.onward.map(Cursor::to_text), Direction::Onward),
        wanted.page(&page.list, found.back.map(Cursor::to_text), Direction::Back),
    );
    (page.newer, page.older) = match wanted.order {
        Order::NewestFirst => (back, onward),
        Order::OldestFirst => (onward, back),
    };
    if wanted.direction == Direction::Onward && found.rows.len() < PAGE as usize && found.onward.is_some() {
        page.note = "There are many; only a part of them was looked through. Go on to look further.";
    }
    page.rows = rows(at, &found.rows);
    answer(StatusCode::OK, &page)
}

/// The list by amount, as far as so many can be put in order.
async fn by_amount(at: &AtMerchant, wanted: &Wanted, order: AmountOrder, mut page: PaymentsPage) -> Response {
    let place = (wanted.amount_from, wanted.direction);
    match at.engine().office_by_amount(scope_of(at), &wanted.filter, order, place, PAGE).await {
        Ok(found) => {
            page.labels = ["Back", "On"];
            page.newer = wanted.page(&page.list, found.back.map(AmountPlace::to_text), Direction::Back);
            page.older = wanted.page(&page.list, found.onward.map(AmountPlace::to_text), Direction::Onward);
            page.rows = rows(at, &found.rows);
            answer(StatusCode::OK, &page)
        }
        Err(ByAmountError::TooMany) => {
            page.note = TOO_MANY;
            page.is_too_many = true;
            answer(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(ByAmountError::Store(_)) => refused::unavailable(),
    }
}

/// What a text means; the one transaction that it names is opened at once.
async fn found(at: &AtMerchant, wanted: &Wanted, search: &str) -> Response {
    let found = at.engine().office_search(scope_of(at), search).await;
    let Ok(found) = found else { return refused::unavailable() };
    let mut rows = rows(at, &found.rows);
    if let [row] = rows.as_slice()
        && !found.more
    {
        return see_other(&row.url);
    }
    let note = match found.more {
        true => "Only the newest transactions were looked through. Filters look through all of them.",
        false => "",
    };
    let page = empty_page(at, wanted);
    rows.truncate(PAGE as usize);
    answer(StatusCode::OK, &PaymentsPage { search: search.to_owned(), rows, note, ..page })
}

fn rows(at: &AtMerchant, found: &[Summary]) -> Vec<Row> {
    let now = now_of(at);
    found.iter().map(|row| Row::of(at.engine(), at.mode, row, now)).collect()
}

/// `GET …/payments.csv`: what the list shows with the same fields, all of it.
pub(super) async fn export(at: AtMerchant) -> Response {
    let wanted = Wanted::read(&at.query);
    if !wanted.faults.is_empty() {
        return see_other(&wanted.link(&at.path_to("payments"), &[]));
    }
    match csv(at.engine().clone(), scope_of(&at), wanted.clone()).await {
        Ok(file) => file,
        // The list says why.
        Err(ByAmountError::TooMany) => see_other(&wanted.link(&at.path_to("payments"), &[])),
        Err(ByAmountError::Store(_)) => refused::unavailable(),
    }
}

/// A scope's transactions as a file that is made while it is sent; by amount, which are few, at once.
///
/// # Errors
/// [`ByAmountError`].
pub(super) async fn csv(engine: Arc<Engine>, scope: Scope, wanted: Wanted) -> Result<Response, ByAmountError> {
    let day = engine.wall().strftime("%Y-%m-%d");
    let name = format!("attachment; filename=\"payments-{}-{day}.csv\"", scope.mode);
    let name = HeaderValue::try_from(name).unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present")),
        (header::CONTENT_DISPOSITION, name),
    ];
    if let Some(order) = wanted.amounts {
        let whole = (None, Direction::Onward);
        let found = engine.office_by_amount(scope, &wanted.filter, order, whole, SORTED_MAX).await?;
        return Ok((headers, engine.office_csv(scope.mode, &found.rows)).into_response());
    }
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(send(Export::of(engine, scope, wanted.filter, wanted.order), sender));
    Ok((headers, chunks::body(receiver)).into_response())
}

/// A piece at a time, until the reader has all or hangs up.
async fn send(mut export: Export, sender: mpsc::Sender<Chunk>) {
    loop {
        let piece = match export.next_piece().await {
            Ok(Some(piece)) => Ok(piece.into()),
            Ok(None) => return,
            Err(error) => {
                tracing::error!(%error, "an export was cut off");
                Err(axum::Error::new(error))
            }
        };
        let is_last = piece.is_err();
        if sender.send(piece).await.is_err() || is_last {
            return;
        }
    }
}

fn empty_page(at: &AtMerchant, wanted: &Wanted) -> PaymentsPage {
    let list = at.path_to("payments");
    let (order, other, hint) = match (wanted.amounts, wanted.order) {
        (Some(_), _) => ("none", "", "Show the newest first"),
        (None, Order::NewestFirst) => ("descending", "oldest", "Newest first; show the oldest first"),
        (None, Order::OldestFirst) => ("ascending", "", "Oldest first; show the newest first"),
    };
    let by_amount = match wanted.amounts {
        None => ("none", "largest", "Show the largest amounts of a currency first"),
        Some(AmountOrder::LargestFirst) => ("descending", "smallest", "Largest first; show the smallest first"),
        Some(AmountOrder::SmallestFirst) => ("ascending", "largest", "Smallest first; show the largest first"),
    };
    let sorted = |(order, other, hint)| Sorted { order, other: wanted.link(&list, &[("sort", other)]), hint };
    PaymentsPage {
        shell: at.shell("Payments"),
        export: wanted.link(&at.path_to("payments.csv"), &[]),
        search: String::new(),
        filters: Filters::of(at, wanted),
        is_filtered: wanted.is_filtered(),
        rows: Vec::new(),
        sorted: sorted((order, other, hint)),
        by_amount: sorted(by_amount),
        newer: String::new(),
        older: String::new(),
        labels: ["Newer", "Older"],
        note: "",
        is_too_many: false,
        list,
    }
}

impl Filters {
    fn of(at: &AtMerchant, wanted: &Wanted) -> Filters {
        let chosen = |field: &str, word: String, name: String| {
            let is_chosen = wanted.given.iter().any(|(found, given)| *found == field && *given == word);
            Choice { is_chosen, word, name }
        };
        let field = |name, label, kind| Field {
            name,
            label,
            kind,
            value: wanted.given(name).to_owned(),
            fault: wanted.fault(name).to_owned(),
        };
        let directory = at.engine().directory();
        let providers = directory.catalogue().providers.iter();
        let own = providers.filter(|account| account.merchant.is_none_or(|owner| owner == at.merchant.id));
        let status = |word: &&str| chosen("status", (*word).to_owned(), words::sentence(word));
        let behind = ["method", "provider", "currency", "min", "max", "reference", "payer", "email", "last4"];
        Filters {
            statuses: WORDS.iter().map(status).collect(),
            kinds: KINDS.map(|kind| chosen("kind", kind_word(kind).to_owned(), format!("{}s", kind_name(kind)))).into(),
            days: vec![field("from", "From", "date"), field("until", "Until", "date")],
            methods: METHODS
                .map(|method| chosen("method", words::method_word(method).to_owned(), words::method(method).to_owned()))
                .into(),
            providers: own.map(|account| chosen("provider", account.id.to_string(), account.name.clone())).collect(),
            others: vec![
                field("currency", "Currency", "text"),
                field("min", "Amount from", "text"),
                field("max", "Amount to", "text"),
                field("reference", "Reference", "text"),
                field("payer", "Payer\u{2019}s id", "text"),
                field("email", "Payer\u{2019}s e-mail", "text"),
                field("last4", "Card ends in", "text"),
            ],
            is_wide: behind.iter().any(|name| !wanted.given(name).is_empty() || !wanted.fault(name).is_empty()),
            sort: wanted.given("sort").to_owned(),
        }
    }
}
