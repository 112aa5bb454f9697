//! A merchant's overview: what needs somebody first, then how payments are doing, beside the time before. Money is read from the book and
//! nothing else, so it is the same here as in accounts and statements.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::StoreError;
use florin_engine::office::{Overview, Period};
use florin_kernel::Timestamp;

use super::answer::page as answer;
use super::refused;
use super::shell::{Link, Shell};
use super::show::Moment;
use super::visit::AtMerchant;

mod money;
mod needs;
mod rates;
mod volume;

pub(super) use money::FIGURES;
use money::MoneyLine;
use needs::Need;
use rates::{RateLine, Tile};
use volume::Volume;

#[derive(Template)]
#[template(path = "portal/overview.html")]
struct OverviewPage {
    shell: Shell,
    merchant: String,
    periods: Vec<Link>,
    /// What the time is compared with: `the 7 days before`.
    before: &'static str,
    needs: Vec<Need>,
    tiles: Vec<Tile>,
    volumes: Vec<Volume>,
    by_currency: Vec<MoneyLine>,
    by_provider: Vec<MoneyLine>,
    rates: Option<rates::ByProvider>,
    rate_lines: Vec<RateLine>,
    /// Payments made until then are in the rates; none: nothing was counted yet.
    counted: Option<Moment>,
    /// Whether nothing was ever paid in either time.
    is_empty: bool,
    developer: String,
}

/// The times to choose from: word in addresses, label, what it is compared with.
pub(super) const PERIODS: [(Period, &str, &str, &str); 3] = [
    (Period::Day, "day", "24 hours", "the 24 hours before"),
    (Period::Week, "week", "7 days", "the 7 days before"),
    (Period::Month, "month", "30 days", "the 30 days before"),
];

/// A time by its word.
pub(super) fn parse_period(word: &str) -> Option<Period> {
    PERIODS.iter().find(|(_, known, ..)| *known == word).map(|(period, ..)| *period)
}

/// `GET /portal/m/{merchant}/{mode}?period=`.
pub(super) async fn page(at: AtMerchant) -> Response {
    let period = parse_period(at.query.text("period")).unwrap_or(Period::Week);
    match made(&at, period).await {
        Ok(page) => answer(StatusCode::OK, &page),
        Err(error) => refused::without_answer(&error),
    }
}

async fn made(at: &AtMerchant, period: Period) -> Result<OverviewPage, StoreError> {
    let overview = at.engine().office_overview(at.scope(), period).await?;
    let needs = needs::of(at, &overview).await?;
    let directory = at.engine().directory();
    let (_, _, _, before) = PERIODS.iter().find(|(known, ..)| *known == period).copied().unwrap_or(PERIODS[1]);
    let rate_lines = rates::lines(&overview, &directory);
    Ok(OverviewPage {
        shell: at.shell("Overview"),
        merchant: at.merchant.name.clone(),
        periods: periods(at, period),
        before,
        needs,
        tiles: rates::tiles(&overview, before),
        volumes: volume::of(&overview, period),
        by_currency: money::by_currency(&overview),
        by_provider: money::by_provider(&overview, &directory),
        rates: rates::by_provider(&rate_lines, before),
        is_empty: is_empty(&overview),
        rate_lines,
        counted: counted(overview.counted_until, at.engine().wall()),
        developer: at.way("developer"),
    })
}

/// Until when outcomes are counted. Before the first one there is no such time, and what stands there is no date to show.
pub(super) fn counted(until: Timestamp, now: Timestamp) -> Option<Moment> {
    (until > Timestamp::UNIX_EPOCH).then(|| Moment::at(until, now))
}

fn periods(at: &AtMerchant, period: Period) -> Vec<Link> {
    let base = at.path_to("");
    let link = |(known, word, label, _): &(Period, &str, &str, &str)| Link {
        label: (*label).to_owned(),
        url: format!("{base}?period={word}"),
        is_here: *known == period,
    };
    PERIODS.iter().map(link).collect()
}

fn is_empty(overview: &Overview) -> bool {
    let (now, before) = overview.rates;
    let ended = [now, before].map(|rates| rates.approved + rates.declined + rates.failed + rates.abandoned);
    overview.by_currency.is_empty() && overview.open.is_empty() && ended == [0, 0]
}
