//! Charts, drawn as SVG without a script. This file is the geometry, whole numbers only; `columns.svg` and `bars.svg` are the drawing. Bars
//! begin at zero, values stand beside them instead of in a legend, across is measured in percent so that text is as large on a phone as on
//! a desk, and whoever does not see it is told by title and description. The table behind a chart is its page's.

use askama::Template;

#[cfg(test)]
mod tests;

/// Height of the room for bars, and of the line for values above it, in pixels.
const PLOT: i128 = 120;
const HEAD: i128 = 20;
/// Up to so many columns, each has its value and name beside it.
const FEW: usize = 8;
/// Two labels that are fewer columns apart would touch on a phone.
const APART: usize = 6;
/// Hundredths of a percent in the whole width.
const WIDTH: u64 = 10_000;
/// Letters of a name that fit beside a bar's value on a phone.
const NAME_MAX: usize = 18;
/// Height of a bar with its line of text, in pixels.
const ROW: u64 = 48;

/// One column to be drawn: a time and its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Column {
    /// Its name below it, a few letters.
    pub(super) name: String,
    /// Its value above it, a few letters.
    pub(super) label: String,
    /// Both in full, on hovering.
    pub(super) told: String,
    /// How high: any unit, the same for all.
    pub(super) value: i64,
}

/// Columns over time.
#[derive(Template)]
#[template(path = "portal/columns.svg")]
pub(super) struct Columns {
    id: String,
    title: String,
    description: String,
    height: i128,
    baseline: i128,
    columns: Vec<Drawn>,
}

/// A column as it is drawn: across in percent, down in pixels.
#[derive(Debug, PartialEq, Eq)]
struct Drawn {
    left: String,
    width: String,
    top: i128,
    height: i128,
    told: String,
    label: Option<Text>,
    name: Option<Text>,
}

/// A text in a chart.
#[derive(Debug, PartialEq, Eq)]
struct Text {
    text: String,
    x: String,
    y: i128,
    anchor: &'static str,
}

impl Columns {
    /// Draws columns. `id` is one of a kind on its page; `title` names measure and unit; `description` says what is to be seen.
    pub(super) fn new(id: impl Into<String>, title: String, description: String, columns: &[Column]) -> Columns {
        let values = || columns.iter().map(|column| i128::from(column.value));
        let lowest = values().min().unwrap_or(0).min(0);
        // Where everything is zero the line is at the foot.
        let highest = values().max().unwrap_or(0).max(lowest + 1).max(0);
        let span = highest - lowest;
        let down = |value: i128| HEAD + (highest - value) * PLOT / span;
        let spoken = spoken(columns);
        let drawn = |(at, column): (usize, &Column)| {
            let (value, slot) = (i128::from(column.value), Slot::of(at, columns.len()));
            let top = down(value.max(0));
            Drawn {
                left: percent(slot.left + slot.width / 8),
                width: percent(slot.width - slot.width / 4),
                top,
                height: down(value.min(0)) - top,
                told: column.told.clone(),
                label: spoken.labels.contains(&at).then(|| slot.text(&column.label, top - 6)),
                name: spoken.names.contains(&at).then(|| slot.text(&column.name, HEAD + PLOT + 18)),
            }
        };
        let drawn = columns.iter().enumerate().map(drawn).collect();
        Columns { id: id.into(), title, description, height: HEAD + PLOT + 24, baseline: down(0), columns: drawn }
    }
}

/// The place of one of several columns, in hundredths of a percent.
struct Slot {
    left: u64,
    width: u64,
    anchor: &'static str,
}

impl Slot {
    fn of(at: usize, count: usize) -> Slot {
        let edge = |at: usize| WIDTH * at as u64 / count as u64;
        // At the edges a text that is wider than its column goes inwards.
        let anchor = match () {
            () if count <= FEW => "middle",
            () if at < APART / 2 => "start",
            () if at + APART / 2 >= count => "end",
            () => "middle",
        };
        Slot { left: edge(at), width: edge(at + 1) - edge(at), anchor }
    }

    fn text(&self, text: &str, y: i128) -> Text {
        let x = match self.anchor {
            "start" => self.left,
            "end" => self.left + self.width,
            _ => self.left + self.width / 2,
        };
        Text { text: text.to_owned(), x: percent(x), y, anchor: self.anchor }
    }
}

/// Which columns have their value and name beside them.
struct Spoken {
    labels: Vec<usize>,
    names: Vec<usize>,
}

/// Of few columns all that are not zero; of many the highest and the last, and the first, middle and last name.
fn spoken(columns: &[Column]) -> Spoken {
    let count = columns.len();
    let is_something = |at: &usize| columns.get(*at).is_some_and(|column| column.value != 0);
    if count <= FEW {
        return Spoken { labels: (0..count).filter(is_something).collect(), names: (0..count).collect() };
    }
    let highest = (0..count).rev().max_by_key(|at| columns[*at].value);
    let mut labels: Vec<usize> = highest.into_iter().filter(is_something).collect();
    let last = count - 1;
    if is_something(&last) && labels.iter().all(|label| label + APART <= last) {
        labels.push(last);
    }
    Spoken { labels, names: vec![0, count / 2, last] }
}

/// One bar to be drawn: a name with its share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    /// What it is about.
    pub(super) name: String,
    /// Thousandths of the whole, now.
    pub(super) now: u64,
    /// The same in the time before, if there was anything.
    pub(super) before: Option<u64>,
}

/// Bars beside names, each as long as its share of the whole.
#[derive(Template)]
#[template(path = "portal/bars.svg")]
pub(super) struct Bars {
    id: String,
    title: String,
    description: String,
    height: u64,
    bars: Vec<Laid>,
}

/// A bar as it is drawn.
struct Laid {
    text_y: u64,
    now_y: u64,
    before_y: u64,
    name: String,
    told: String,
    now: String,
    now_width: String,
    before: String,
    before_width: String,
}

impl Bars {
    /// Draws bars of a whole; `id`, `title` and `description` as in [`Columns::new`].
    pub(super) fn new(id: impl Into<String>, title: String, description: String, bars: &[Bar]) -> Bars {
        let width = |share: u64| percent(share.min(1_000) * WIDTH / 1_000);
        let laid = |(at, bar): (u64, &Bar)| {
            let (now, before) = (permille(bar.now), bar.before.map(permille).unwrap_or_default());
            let told = match bar.before {
                Some(_) => format!("{}: {now}, before {before}", bar.name),
                None => format!("{}: {now}", bar.name),
            };
            Laid {
                text_y: at * ROW + 15,
                now_y: at * ROW + 22,
                before_y: at * ROW + 34,
                name: shortened(&bar.name),
                told,
                now,
                now_width: width(bar.now),
                before,
                before_width: width(bar.before.unwrap_or(0)),
            }
        };
        let height = (bars.len() as u64 * ROW).saturating_sub(8);
        let bars = (0..).zip(bars).map(laid).collect();
        Bars { id: id.into(), title, description, height, bars }
    }
}

fn shortened(name: &str) -> String {
    match name.chars().count() {
        0..=NAME_MAX => name.to_owned(),
        _ => format!("{}\u{2026}", name.chars().take(NAME_MAX - 1).collect::<String>()),
    }
}

/// `97.1 %` of thousandths.
pub(super) fn permille(share: u64) -> String {
    format!("{}.{} %", share / 10, share % 10)
}

/// `12.34%` of hundredths of a percent, as SVG measures.
fn percent(hundredths: u64) -> String {
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}
