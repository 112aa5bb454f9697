//! The table of codes: `table.csv`, which is the contract's, read once.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Whose number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Origin {
    /// Payments v3.
    V3,
    /// The older platform.
    Oppwa,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) code: &'static str,
    pub(super) description: &'static str,
    pub(super) group: &'static str,
    pub(super) origin: Origin,
}

const TEXT: &str = include_str!("table.csv");

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| TEXT.lines().skip(1).filter_map(row).collect());
static BY_CODE: LazyLock<HashMap<(&str, Origin), &str>> =
    LazyLock::new(|| rows().iter().map(|row| ((row.code, row.origin), row.description)).collect());

/// All lines.
pub(super) fn rows() -> &'static [Row] {
    &ROWS
}

/// What a code says where it comes from.
pub(super) fn description(code: &str, origin: Origin) -> Option<&'static str> {
    BY_CODE.get(&(code, origin)).copied()
}

/// `code,description,group,origin`; a description with a comma stands in quotes. No description has a quote in it.
fn row(line: &'static str) -> Option<Row> {
    let (code, rest) = line.split_once(',')?;
    let (description, rest) = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once("\",")?,
        None => rest.split_once(',')?,
    };
    let (group, origin) = rest.split_once(',')?;
    let origin = match origin.trim_end() {
        "v3" => Origin::V3,
        "oppwa" => Origin::Oppwa,
        _ => return None,
    };
    Some(Row { code, description, group, origin })
}
