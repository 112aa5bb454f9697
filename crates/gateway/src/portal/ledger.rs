//! The book as people read it: accounts with their balances, and one account transfer by transfer, with its running balance.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use florin_engine::StoreError;
use florin_engine::office::{Account, AccountBalance, Scope, StatementExport, StatementLine};
use florin_kernel::payment::Mode;
use florin_kernel::public_id::Reference;
use florin_kernel::{MerchantId, Timestamp};
use tokio::sync::mpsc;

use super::amounts::amount_of;
use super::answer::{page as answer, see_other};
use super::refused;
use super::routes::ROUTES;
use super::shell::{Link, Shell};
use super::show::{Id, Moment};
use super::visit::{AtMerchant, Visit, merchant_path, mode_word};
use crate::chunks::{self, Chunk};

mod accounts;
mod audit;

use accounts::{AccountLine, described};
pub(super) use audit::{of_operator, verify};

/// Lines of a page of a statement.
const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "portal/ledger.html")]
struct LedgerPage {
    shell: Shell,
    accounts: Vec<AccountLine>,
}

#[derive(Template)]
#[template(path = "portal/statement.html")]
struct StatementPage {
    shell: Shell,
    /// What the account holds, in words.
    title: String,
    account: String,
    asset: String,
    /// Where the accounts are.
    back: String,
    lines: Vec<Line>,
    export: String,
    /// The way to older transfers; empty where there are none.
    older: String,
    /// The way to the newest ones; empty on the first page.
    newest: String,
    now: String,
}

/// A transfer as its account sees it.
struct Line {
    at: Moment,
    event: String,
    payment: Id,
    /// Where the payment is; empty: there is no such screen for her.
    url: String,
    other: String,
    moved: String,
    is_pending: bool,
    posted: String,
    pending: String,
}

/// `GET /portal/m/{merchant}/{mode}/ledger`.
pub(super) async fn page(at: AtMerchant) -> Response {
    match at.engine().office_accounts(at.scope()).await {
        Ok(balances) => {
            let accounts = accounts::lines(&balances, &at.engine().directory(), &at.path_to("ledger/statement"));
            answer(StatusCode::OK, &LedgerPage { shell: at.shell("Ledger"), accounts })
        }
        Err(error) => refused::without_answer(&error),
    }
}

/// `GET …/ledger/statement?account=&asset=&beyond=`.
pub(super) async fn statement(at: AtMerchant) -> Response {
    let asked = Asked { scope: at.scope(), list: at.path_to("ledger") };
    shown(&at, at.shell("Statement"), asked).await
}

/// `GET /portal/operator/ledger/statement?mode=&account=&asset=&beyond=`.
pub(super) async fn statement_of_operator(visit: Visit) -> Response {
    shown(&visit, visit.shell("Statement"), Asked::by_operator(&visit)).await
}

/// `GET …/ledger/statement.csv?account=&asset=`.
pub(super) async fn export(at: AtMerchant) -> Response {
    exported(&at, Asked { scope: at.scope(), list: at.path_to("ledger") }).await
}

/// `GET /portal/operator/ledger/statement.csv?mode=&account=&asset=`.
pub(super) async fn export_of_operator(visit: Visit) -> Response {
    exported(&visit, Asked::by_operator(&visit)).await
}

impl Visit {
    /// The mode that the query names; live if it names none.
    pub(super) fn mode_asked(&self) -> Mode {
        super::visit::parse_mode(self.query.text("mode")).unwrap_or(Mode::Live)
    }

    /// The ways to the same screen in the other mode.
    pub(super) fn modes_at(&self, path: &str) -> Vec<Link> {
        let here = self.mode_asked();
        let link = |(mode, label): (Mode, &str)| Link {
            label: label.to_owned(),
            url: format!("{path}?mode={}", mode_word(mode)),
            is_here: mode == here,
        };
        [(Mode::Live, "Live"), (Mode::Dev, "Test")].map(link).into()
    }
}

/// Whose statement, and where the list of accounts is.
struct Asked {
    scope: Scope,
    list: String,
}

impl Asked {
    fn by_operator(visit: &Visit) -> Asked {
        let mode = visit.mode_asked();
        Asked {
            scope: Scope { mode, merchant: None },
            list: format!("/portal/operator/ledger?mode={}", mode_word(mode)),
        }
    }
}

fn account(visit: &Visit) -> Account {
    Account { name: visit.query.text("account").to_owned(), asset: visit.query.text("asset").to_owned() }
}

async fn shown(visit: &Visit, shell: Shell, asked: Asked) -> Response {
    let account = account(visit);
    if account.name.is_empty() {
        return see_other(&asked.list);
    }
    match statement_page(visit, shell, asked, account).await {
        Ok(Some(page)) => answer(StatusCode::OK, &page),
        Ok(None) => refused::not_found(visit),
        Err(error) => refused::without_answer(&error),
    }
}

async fn statement_page(
    visit: &Visit,
    shell: Shell,
    asked: Asked,
    account: Account,
) -> Result<Option<StatementPage>, StoreError> {
    let (engine, scope) = (visit.engine(), asked.scope);
    let known = engine.office_accounts(scope).await?;
    let Some(balance) = known.into_iter().find(|known| is(known, &account)) else { return Ok(None) };
    let beyond = engine.read_mark(scope, &account, visit.query.text("beyond"));
    let Some(page) = engine.office_statement_page(scope, &account, beyond, PAGE).await? else { return Ok(None) };
    let path = &visit.path;
    let query = |more: &[(&str, &str)]| {
        let mut pairs = vec![("account", account.name.as_str()), ("asset", &account.asset)];
        if scope.merchant.is_none() {
            pairs.push(("mode", mode_word(scope.mode)));
        }
        pairs.extend(more);
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    };
    let mark = engine.print_mark(scope, &account, page.reached);
    let lines = page.lines.iter().map(|line| Line::of(line, visit, scope, &account));
    Ok(Some(StatementPage {
        shell,
        title: described(&account.name, &engine.directory()).what,
        back: asked.list,
        lines: lines.collect(),
        export: format!("{path}.csv?{}", query(&[])),
        older: if page.more { format!("{path}?{}", query(&[("beyond", &mark)])) } else { String::new() },
        newest: if beyond.is_some() { format!("{path}?{}", query(&[])) } else { String::new() },
        now: amount_of(balance.posted_minor, &account.asset),
        account: account.name,
        asset: account.asset,
    }))
}

fn is(known: &AccountBalance, account: &Account) -> bool {
    known.account == account.name && known.asset == account.asset
}

impl Line {
    fn of(line: &StatementLine, visit: &Visit, scope: Scope, account: &Account) -> Line {
        let (row, asset) = (&line.row.row, &line.row.row.asset);
        let payment = visit.engine().codec().base36(Reference { payment: line.row.payment, sequence: 0 });
        let other = if row.debit == account.name { &row.credit } else { &row.debit };
        // Of a transfer between a merchant and a provider, or two accounts of one merchant, it is the merchant's payment.
        let merchant = scope.merchant.or_else(|| owned(&row.debit).or_else(|| owned(&row.credit)).map(|(id, _)| id));
        Line {
            at: Moment::at(row.at, reading_time(visit, scope)),
            event: row.event.replace('_', " "),
            url: payment_url(visit, scope.mode, merchant, &payment),
            payment: Id::of(payment),
            other: described(other, &visit.engine().directory()).what,
            moved: amount_of(line.moved_minor, asset),
            is_pending: row.layer == "pending",
            posted: amount_of(line.posted_minor, asset),
            pending: amount_of(line.pending_minor, asset),
        }
    }
}

/// Now, by the clock that a scope's entries are stamped with.
fn reading_time(visit: &Visit, scope: Scope) -> Timestamp {
    match scope.merchant {
        Some(merchant) => visit.engine().now(florin_kernel::ports::Lane::of(merchant, scope.mode)),
        None => visit.engine().wall(),
    }
}

/// Whose an account is and what it is there, where it is a merchant's.
fn owned(account: &str) -> Option<(MerchantId, &str)> {
    let (number, name) = account.strip_prefix("merchant:")?.split_once(':')?;
    Some((MerchantId::from_number(number.parse().ok()?), name))
}

/// Where a payment is shown; empty: whose it is cannot be told, or there is no such screen.
pub(super) fn payment_url(visit: &Visit, mode: Mode, merchant: Option<MerchantId>, printed: &str) -> String {
    let is_shown = ROUTES.iter().any(|route| route.path == "/portal/m/{merchant}/{mode}/payments/{payment}");
    match (merchant, is_shown) {
        (Some(merchant), true) if visit.visitor.user.sees(merchant) => {
            merchant_path(merchant.number(), mode, &format!("/payments/{printed}"))
        }
        (Some(_) | None, _) => String::new(),
    }
}

async fn exported(visit: &Visit, asked: Asked) -> Response {
    let (scope, account) = (asked.scope, account(visit));
    if account.name.is_empty() {
        return see_other(&asked.list);
    }
    let known = match visit.engine().office_accounts(scope).await {
        Ok(known) => known,
        Err(error) => return refused::without_answer(&error),
    };
    if !known.iter().any(|known| is(known, &account)) {
        return refused::not_found(visit);
    }
    let name = format!("{}-{}-{}.csv", account.name.replace(':', "-"), account.asset, mode_word(scope.mode));
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(send(StatementExport::of(visit.engine().clone(), scope, account), sender));
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, disposition.unwrap_or_else(|_| HeaderValue::from_static("attachment"))),
    ];
    (headers, chunks::body(receiver)).into_response()
}

/// Sends an export a piece at a time until the reader hangs up.
async fn send(mut export: StatementExport, sender: mpsc::Sender<Chunk>) {
    loop {
        let piece: Chunk = match export.next_piece().await {
            Ok(Some(piece)) => Ok(piece.into()),
            Ok(None) => return,
            Err(error) => {
                tracing::error!(%error, "a statement was cut off");
                Err(axum::Error::new(error))
            }
        };
        let is_cut = piece.is_err();
        if sender.send(piece).await.is_err() || is_cut {
            return;
        }
    }
}
