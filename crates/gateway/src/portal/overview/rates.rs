//! How many payments were approved: figures at the top, and by provider as a chart with its table.

use std::collections::BTreeMap;

use florin_engine::directory::Directory;
use florin_engine::office::{Overview, Rates};

use super::money::provider_name;
use crate::portal::amounts::{change, count};
use crate::portal::chart::{Bar, Bars, permille};

/// A figure with its name.
pub(super) struct Tile {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) note: String,
}

/// What became of payments at one provider.
pub(super) struct RateLine {
    pub(super) name: String,
    pub(super) now: Rates,
    pub(super) rate: String,
    pub(super) before: String,
    bar: Option<Bar>,
}

/// Approval rates by provider.
pub(super) struct ByProvider {
    pub(super) chart: Bars,
}

/// The figures at the top; `before` is what the time is compared with.
pub(super) fn tiles(overview: &Overview, before: &str) -> Vec<Tile> {
    let (now, then) = overview.rates;
    let rate = |rates: Rates| rates.approved_permille().map(permille);
    let compared = |now: u64, then: u64| match then {
        0 => format!("none in {before}"),
        then => format!("{} in {before}, {}", count(then), change(as_figure(now), as_figure(then))),
    };
    let open: u64 = overview.open.iter().map(|(_, count)| count).sum();
    let words = overview.open.iter().map(|(word, many)| format!("{} {}", count(*many), word.replace('_', " ")));
    let words: Vec<String> = words.collect();
    let more = if overview.open_more { "more than " } else { "" };
    vec![
        Tile {
            name: "Approval rate",
            value: rate(now).unwrap_or_else(|| "\u{2013}".to_owned()),
            note: match (rate(now), rate(then)) {
                (None, _) => "no payment was decided".to_owned(),
                (Some(_), None) => format!("none was decided in {before}"),
                (Some(_), Some(then)) => format!("{then} in {before}"),
            },
        },
        Tile { name: "Approved", value: count(now.approved), note: compared(now.approved, then.approved) },
        Tile { name: "Declined", value: count(now.declined), note: compared(now.declined, then.declined) },
        Tile {
            name: "Failed or abandoned",
            value: count(now.failed + now.abandoned),
            note: format!("{} failed, {} abandoned by payers", count(now.failed), count(now.abandoned)),
        },
        Tile {
            name: "Open now",
            value: format!("{more}{}", count(open)),
            note: if words.is_empty() { "nothing is under way".to_owned() } else { words.join(", ") },
        },
    ]
}

/// By provider, the one with most decisions first. Accounts that people call alike are one line.
pub(super) fn lines(overview: &Overview, directory: &Directory) -> Vec<RateLine> {
    let mut by_name: BTreeMap<String, (Rates, Rates)> = BTreeMap::new();
    for (provider, now, before) in &overview.rates_by_provider {
        let name = provider_name(directory, *provider, "No provider was asked");
        let sums = by_name.entry(name).or_default();
        *sums = (together(sums.0, *now), together(sums.1, *before));
    }
    let mut lines: Vec<RateLine> = by_name.into_iter().map(|(name, (now, before))| line(name, now, before)).collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.now.approved + line.now.declined));
    lines
}

fn line(name: String, now: Rates, before: Rates) -> RateLine {
    let rate = |rates: Rates| rates.approved_permille().map_or_else(|| "\u{2013}".to_owned(), permille);
    let bar = |share| Bar { name: name.clone(), now: share, before: before.approved_permille() };
    RateLine { bar: now.approved_permille().map(bar), now, rate: rate(now), before: rate(before), name }
}

fn together(a: Rates, b: Rates) -> Rates {
    Rates {
        approved: a.approved + b.approved,
        declined: a.declined + b.declined,
        failed: a.failed + b.failed,
        abandoned: a.abandoned + b.abandoned,
    }
}

/// The chart of the lines; nothing where no provider decided anything.
pub(super) fn by_provider(lines: &[RateLine], before: &str) -> Option<ByProvider> {
    let bars: Vec<Bar> = lines.iter().filter_map(|line| line.bar.clone()).collect();
    let told = |bar: &Bar| format!("{} {}", bar.name, permille(bar.now));
    let description = bars.iter().map(told).collect::<Vec<_>>().join(", ");
    let description = format!("{description}. Thin bars: {before}. The table below has all figures.");
    let title = "Approved of a hundred payments that a provider decided".to_owned();
    (!bars.is_empty()).then(|| ByProvider { chart: Bars::new("approval", title, description, &bars) })
}

fn as_figure(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
