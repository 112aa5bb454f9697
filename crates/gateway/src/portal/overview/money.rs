//! Money of the overview as lines of tables: what was captured, given back, taken back, paid out, and what it cost.

use florin_engine::directory::Directory;
use florin_engine::office::{Figure, Figures, Overview};
use florin_kernel::Asset;
use florin_kernel::routing::ProviderId;

use crate::portal::amounts::{amount, change, count};
use crate::portal::chart::permille;

/// The columns, in order.
pub(in crate::portal) const FIGURES: [(Figure, &str); 5] = [
    (Figure::Captured, "captured"),
    (Figure::Refunded, "refunded"),
    (Figure::ChargedBack, "charged_back"),
    (Figure::PaidOut, "paid_out"),
    (Figure::Fees, "fees"),
];

/// A line: of a currency, or of a provider in a currency.
pub(super) struct MoneyLine {
    pub(super) name: String,
    pub(super) currency: &'static str,
    pub(super) cells: Vec<Cell>,
    /// How many of a hundred payments were approved; empty: none was decided.
    pub(super) rate: String,
}

/// A figure, and how it compares.
pub(super) struct Cell {
    pub(super) amount: String,
    /// How many transfers, in words; empty where there was none.
    pub(super) count: String,
    /// The amount of the time before, and how it changed; empty where there was none.
    pub(super) before: String,
    pub(super) change: String,
}

/// By currency, as the book orders them.
pub(super) fn by_currency(overview: &Overview) -> Vec<MoneyLine> {
    let rate = |asset: Asset| {
        let found = overview.rates_by_currency.iter().find(|(of, ..)| *of == asset);
        found.and_then(|(_, now, _)| now.approved_permille()).map(permille).unwrap_or_default()
    };
    let line = |side: &florin_engine::office::Side| MoneyLine {
        name: side.asset.code().to_owned(),
        currency: side.asset.code(),
        cells: cells(side.asset, &side.now, &side.before),
        rate: rate(side.asset),
    };
    overview.by_currency.iter().map(line).collect()
}

/// By provider and currency.
pub(super) fn by_provider(overview: &Overview, directory: &Directory) -> Vec<MoneyLine> {
    let line = |side: &florin_engine::office::Side| MoneyLine {
        name: provider_name(directory, side.provider, "No provider"),
        currency: side.asset.code(),
        cells: cells(side.asset, &side.now, &side.before),
        rate: String::new(),
    };
    let mut lines: Vec<MoneyLine> = overview.by_provider.iter().map(line).collect();
    lines.sort_by(|a, b| (&a.name, a.currency).cmp(&(&b.name, b.currency)));
    lines
}

/// What people call a provider; `none` where there is none.
pub(in crate::portal) fn provider_name(directory: &Directory, id: Option<ProviderId>, none: &str) -> String {
    let Some(id) = id else { return none.to_owned() };
    let known = directory.catalogue().providers.iter().find(|account| account.id == id);
    known.map_or_else(|| format!("Provider {id}"), |account| account.name.clone())
}

fn cells(asset: Asset, now: &Figures, before: &Figures) -> Vec<Cell> {
    let cell = |(figure, _): &(Figure, &str)| {
        let (now, before) = (now.of(*figure), before.of(*figure));
        Cell {
            amount: amount(now.minor, asset),
            count: match now.count {
                0 => String::new(),
                1 => "1 transfer".to_owned(),
                many => format!("{} transfers", count(many)),
            },
            before: match before.minor {
                0 => String::new(),
                minor => format!("before {}", amount(minor, asset)),
            },
            change: change(now.minor, before.minor),
        }
    };
    FIGURES.iter().map(cell).collect()
}
