//! Transactions that do not go on by themselves, of all merchants, and money in suspense: what the operator looks at every day.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::StoreError;
use florin_engine::directory::Directory;
use florin_engine::office::{AllStuck, Scope, Stuck, Suspended, Why};
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;
use florin_kernel::{MerchantId, PaymentId};

use super::amounts::amount_of;
use super::answer::page as answer;
use super::ledger::payment_url;
use super::refused;
use super::shell::{Link, Shell};
use super::show::{Badge, Id, Moment};
use super::visit::Visit;
use crate::pages::text;

/// Where the screen is.
const STUCK: &str = "/portal/operator/stuck";
/// So many of each reason are shown.
const SHOWN_MAX: u32 = 100;

#[derive(Template)]
#[template(path = "portal/stuck.html")]
struct StuckPage {
    shell: Shell,
    modes: Vec<Link>,
    stuck: Vec<StuckLine>,
    /// Whether there may be more of a reason than are shown.
    has_more: bool,
    suspended: Vec<SuspendedLine>,
    suspense_more: bool,
}

struct StuckLine {
    id: Id,
    url: String,
    merchant: String,
    amount: String,
    provider: String,
    badge: Badge,
    made: Moment,
    /// When it goes on; none: never by itself.
    wakes: Option<Moment>,
}

struct SuspendedLine {
    id: Id,
    url: String,
    merchant: String,
    amount: String,
    at: Moment,
}

/// `GET /portal/operator/stuck?mode=`.
pub(super) async fn page(visit: Visit) -> Response {
    match made(&visit).await {
        Ok(page) => answer(StatusCode::OK, &page),
        Err(error) => refused::without_answer(&error),
    }
}

async fn made(visit: &Visit) -> Result<StuckPage, StoreError> {
    let scope = Scope { mode: visit.mode_asked(), merchant: None };
    let engine = visit.engine();
    let AllStuck { rows: stuck, more: has_more } = engine.office_stuck(scope, SHOWN_MAX).await?;
    let (suspended, suspense_more) = engine.office_suspense(scope).await?;
    let directory = engine.directory();
    let mut lines = Vec::new();
    for left in suspended.iter().take(SHOWN_MAX as usize) {
        let whose = engine.office_transaction(scope, left.payment).await?.map(|transaction| transaction.merchant());
        lines.push(SuspendedLine::of(visit, scope, &directory, left, whose));
    }
    Ok(StuckPage {
        shell: visit.shell("Stuck payments"),
        modes: visit.modes_at(STUCK),
        stuck: stuck.iter().map(|stuck| StuckLine::of(visit, scope, &directory, stuck)).collect(),
        has_more,
        suspense_more: suspense_more || suspended.len() > SHOWN_MAX as usize,
        suspended: lines,
    })
}

fn printed(visit: &Visit, payment: PaymentId) -> String {
    visit.engine().codec().base36(Reference { payment, sequence: 0 })
}

fn name(directory: &Directory, merchant: MerchantId) -> String {
    directory.merchant(merchant).map_or_else(|| merchant.to_string(), |known| known.name.clone())
}

impl StuckLine {
    fn of(visit: &Visit, scope: Scope, directory: &Directory, stuck: &Stuck) -> StuckLine {
        let Stuck { row, why, wake_at } = stuck;
        let id = printed(visit, row.id);
        // A test payment's times are of its merchant's clock.
        let now = visit.engine().now(Lane::of(row.merchant, scope.mode));
        StuckLine {
            url: payment_url(visit, scope.mode, Some(row.merchant), &id),
            id: Id::of(id),
            merchant: name(directory, row.merchant),
            amount: text::amount(row.asked),
            provider: row.provider_name.clone(),
            badge: badge(*why),
            made: Moment::at(row.created_at, now),
            wakes: wake_at.map(|at| Moment::at(at, now)),
        }
    }
}

/// Why one is stuck, in a word.
pub(super) fn badge(why: Why) -> Badge {
    match why {
        Why::Unknown => Badge { meaning: "attention", word: "Unknown" },
        Why::Review => Badge { meaning: "attention", word: "Review" },
        Why::Overdue => Badge { meaning: "bad", word: "Not taken up" },
    }
}

impl SuspendedLine {
    fn of(
        visit: &Visit,
        scope: Scope,
        directory: &Directory,
        left: &Suspended,
        whose: Option<MerchantId>,
    ) -> SuspendedLine {
        let id = printed(visit, left.payment);
        let now = whose.map_or_else(|| visit.engine().wall(), |whose| visit.engine().now(Lane::of(whose, scope.mode)));
        SuspendedLine {
            url: payment_url(visit, scope.mode, whose, &id),
            id: Id::of(id),
            merchant: whose.map(|whose| name(directory, whose)).unwrap_or_default(),
            amount: amount_of(left.minor, &left.asset),
            at: Moment::at(left.at, now),
        }
    }
}
