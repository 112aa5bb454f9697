//! The operator's ledger: whether the book balances, the accounts of everybody, and the audit that computes every balance again.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::StoreError;
use florin_engine::office::{LedgerReport, Scope, TrialBalance, Verification};
use florin_kernel::Timestamp;

use super::accounts::{AccountLine, lines};
use crate::portal::amounts::{count, sum};
use crate::portal::answer::{page as answer, see_other};
use crate::portal::refused;
use crate::portal::shell::{Link, Shell};
use crate::portal::show::{Badge, Moment};
use crate::portal::visit::{Visit, mode_word};

/// Where the screen is.
const LEDGER: &str = "/portal/operator/ledger";
/// Accounts on a page.
const PAGE: usize = 100;
/// Faults shown; the log and `florin ledger verify` have all.
const FAULTS_MAX: usize = 50;

#[derive(Template)]
#[template(path = "portal/operator_ledger.html")]
struct OperatorLedgerPage {
    shell: Shell,
    modes: Vec<Link>,
    /// The mode looked at, as addresses have it.
    mode: &'static str,
    assets: Vec<AssetLine>,
    audit: Audit,
    accounts: Vec<AccountLine>,
    /// The way to the next accounts; empty where there are none.
    next: String,
}

/// One asset of the trial balance.
struct AssetLine {
    asset: &'static str,
    debit: String,
    credit: String,
    badge: Badge,
}

/// The last audit of this process.
struct Audit {
    badge: Badge,
    text: String,
    /// When it was begun; none: there was none.
    begun: Option<Moment>,
    faults: Vec<String>,
    is_under_way: bool,
}

/// `GET /portal/operator/ledger?mode=&after=`.
pub(in crate::portal) async fn of_operator(visit: Visit) -> Response {
    match made(&visit).await {
        Ok(page) => answer(StatusCode::OK, &page),
        Err(error) => refused::without_answer(&error),
    }
}

/// `POST /portal/operator/ledger/verify`: begins an audit, unless one is under way.
pub(in crate::portal) async fn verify(visit: Visit) -> Response {
    visit.engine().office_verify();
    see_other(&format!("{LEDGER}?mode={}", mode_word(visit.mode_asked())))
}

async fn made(visit: &Visit) -> Result<OperatorLedgerPage, StoreError> {
    let (engine, scope) = (visit.engine(), Scope { mode: visit.mode_asked(), merchant: None });
    let mode = mode_word(scope.mode);
    let balances = engine.office_accounts(scope).await?;
    let assets = engine.office_trial_balance(scope.mode).await?;
    let after = visit.query.text("after");
    let key = |account: &str, asset: &str| format!("{account}|{asset}");
    let mut rest: Vec<_> =
        balances.into_iter().filter(|known| key(&known.account, &known.asset).as_str() > after).collect();
    rest.sort_by_key(|known| key(&known.account, &known.asset));
    let more = rest.len() > PAGE;
    rest.truncate(PAGE);
    let last = rest.last().filter(|_| more).map(|last| key(&last.account, &last.asset));
    let next = last.map(|last| {
        let after: String = url::form_urlencoded::byte_serialize(last.as_bytes()).collect();
        format!("{LEDGER}?mode={mode}&after={after}")
    });
    Ok(OperatorLedgerPage {
        shell: visit.shell("Ledger"),
        modes: visit.modes_at(LEDGER),
        mode,
        assets: assets.iter().map(asset_line).collect(),
        audit: Audit::of(engine.office_verification(), engine.wall()),
        accounts: lines(&rest, &engine.directory(), &format!("{LEDGER}/statement?mode={mode}")),
        next: next.unwrap_or_default(),
    })
}

fn asset_line(trial: &TrialBalance) -> AssetLine {
    AssetLine {
        asset: trial.asset.code(),
        debit: sum(trial.debit_minor, trial.asset),
        credit: sum(trial.credit_minor, trial.asset),
        badge: match trial.balances() {
            true => Badge { meaning: "good", word: "Balances" },
            false => Badge { meaning: "bad", word: "Does not balance" },
        },
    }
}

impl Audit {
    fn of(last: Option<Verification>, now: Timestamp) -> Audit {
        let Some(Verification { begun_at, looked_at, report }) = last else {
            return Audit {
                badge: Badge { meaning: "plain", word: "Not yet" },
                text: "The book was not audited since this process started.".to_owned(),
                begun: None,
                faults: Vec::new(),
                is_under_way: false,
            };
        };
        let (badge, text, faults) = match report {
            None => (
                Badge { meaning: "waiting", word: "Under way" },
                format!("{} rows looked at so far.", count(looked_at)),
                Vec::new(),
            ),
            Some(Err(error)) => (
                Badge { meaning: "attention", word: "Broken off" },
                format!("The database did not answer: {error}"),
                Vec::new(),
            ),
            Some(Ok(report)) => found(report),
        };
        let is_under_way = badge.word == "Under way";
        Audit { badge, text, begun: Some(Moment::at(begun_at, now)), faults, is_under_way }
    }
}

fn found(report: LedgerReport) -> (Badge, String, Vec<String>) {
    let LedgerReport { transfers, payments, mut faults } = report;
    let looked = format!("{} transfers of {} payments were computed again", count(transfers), count(payments));
    let many = faults.len();
    faults.truncate(FAULTS_MAX);
    match many {
        0 => (Badge { meaning: "good", word: "Agrees" }, format!("{looked}; everything agrees."), faults),
        many => {
            let text = format!("{looked}; faults: {}.", count(many as u64));
            (Badge { meaning: "bad", word: "Does not agree" }, text, faults)
        }
    }
}
