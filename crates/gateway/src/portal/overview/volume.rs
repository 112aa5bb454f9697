//! What was captured over time, a chart a currency, with the table behind it.

use std::collections::BTreeMap;

use florin_engine::office::{Figure, Figures, Overview, Period, Side};
use florin_kernel::{Asset, Timestamp};

use crate::portal::amounts::{amount, change, compact, count};
use crate::portal::chart::{Column, Columns};

/// So many currencies have a chart; all are in the table.
const CHARTS_MAX: usize = 3;

/// A currency's chart.
pub(super) struct Volume {
    pub(super) currency: &'static str,
    pub(super) total: String,
    pub(super) note: String,
    /// `by day (UTC)`.
    pub(super) step: &'static str,
    pub(super) chart: Columns,
    pub(super) lines: Vec<Line>,
}

/// A line of the table behind a chart.
pub(super) struct Line {
    pub(super) when: String,
    pub(super) captured: String,
    pub(super) count: String,
    pub(super) refunded: String,
}

/// The charts of the currencies with the most captures.
pub(super) fn of(overview: &Overview, period: Period) -> Vec<Volume> {
    let captures = |side: &Side| side.now.of(Figure::Captured).count;
    let mut sides: Vec<&Side> = overview.by_currency.iter().filter(|side| captures(side) > 0).collect();
    sides.sort_by_key(|side| std::cmp::Reverse(captures(side)));
    sides.truncate(CHARTS_MAX);
    sides.into_iter().map(|side| volume(overview, period, side)).collect()
}

fn volume(overview: &Overview, period: Period, side: &Side) -> Volume {
    let asset = side.asset;
    let steps = steps(overview, period, asset);
    let (now, before) = (side.now.of(Figure::Captured), side.before.of(Figure::Captured));
    let (step, each) = match period {
        Period::Day => ("by hour (UTC)", "hour"),
        Period::Week | Period::Month => ("by day (UTC)", "day"),
    };
    let named = steps.len() <= 8;
    let column = |(at, figures): &(Timestamp, Figures)| {
        let sum = figures.of(Figure::Captured);
        Column {
            name: short(*at, period, if named { Names::Weekdays } else { Names::Days }),
            label: compact(sum.minor, asset),
            told: format!("{}: {} in {}", long(*at, period), amount(sum.minor, asset), captures(sum.count)),
            value: sum.minor,
        }
    };
    let columns: Vec<Column> = steps.iter().map(column).collect();
    let total = amount(now.minor, asset);
    let highest = steps.iter().max_by_key(|(_, figures)| figures.of(Figure::Captured).minor);
    let highest = highest.map(|(at, figures)| {
        format!(
            "The highest {each} is {} with {}.",
            long(*at, period),
            amount(figures.of(Figure::Captured).minor, asset)
        )
    });
    let description = format!("{total} in all. {} The table below has all figures.", highest.unwrap_or_default());
    let title = format!("Captured {step}, in {}", asset.code());
    Volume {
        currency: asset.code(),
        note: match before.minor {
            0 => captures(now.count),
            minor => format!("{}; before {}, {}", captures(now.count), amount(minor, asset), change(now.minor, minor)),
        },
        total,
        step,
        chart: Columns::new(format!("volume-{}", asset.code().to_lowercase()), title, description, &columns),
        lines: steps.iter().rev().map(|(at, figures)| line(long(*at, period), figures, asset)).collect(),
    }
}

fn line(when: String, figures: &Figures, asset: Asset) -> Line {
    let (captured, refunded) = (figures.of(Figure::Captured), figures.of(Figure::Refunded));
    Line {
        when,
        captured: amount(captured.minor, asset),
        count: count(captured.count),
        refunded: amount(refunded.minor, asset),
    }
}

/// Every step of the time, those without anything, too.
fn steps(overview: &Overview, period: Period, asset: Asset) -> Vec<(Timestamp, Figures)> {
    let known: BTreeMap<Timestamp, &Figures> =
        overview.by_step.iter().filter(|(_, of, _)| *of == asset).map(|(at, _, figures)| (*at, figures)).collect();
    let step_ms = period.step().as_millis() as i64;
    let first_ms = overview.from.as_millisecond().div_euclid(step_ms) * step_ms;
    let starts = (0..).map_while(|place| Timestamp::from_millisecond(first_ms + place * step_ms).ok());
    let starts = starts.take_while(|at| *at < overview.until);
    starts.map(|at| (at, known.get(&at).map(|figures| (*figures).clone()).unwrap_or_default())).collect()
}

/// How days are named below their columns.
#[derive(Clone, Copy)]
enum Names {
    Weekdays,
    Days,
}

fn short(at: Timestamp, period: Period, names: Names) -> String {
    let format = match (period, names) {
        (Period::Day, _) => "%H:%M",
        (Period::Week | Period::Month, Names::Weekdays) => "%a",
        (Period::Week | Period::Month, Names::Days) => "%-d %b",
    };
    at.strftime(format).to_string()
}

fn long(at: Timestamp, period: Period) -> String {
    match period {
        Period::Day => at.strftime("%-d %b, %H:%M").to_string(),
        Period::Week | Period::Month => at.strftime("%a %-d %b %Y").to_string(),
    }
}

fn captures(count_of: u64) -> String {
    match count_of {
        1 => "1 capture".to_owned(),
        many => format!("{} captures", count(many)),
    }
}
