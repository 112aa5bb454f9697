//! Hours and days: tallies are kept by both, so that thirty days are thirty rows and not seven hundred.

use florin_kernel::Timestamp;

pub(crate) const HOUR_MS: i64 = 3_600_000;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// How long a tally is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Span {
    Hour,
    /// Of UTC.
    Day,
}

impl Span {
    pub(crate) const ALL: [Span; 2] = [Span::Hour, Span::Day];

    /// As rows write it.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Span::Hour => "hour",
            Span::Day => "day",
        }
    }

    /// When the span that holds a moment begins, milliseconds since the Unix epoch.
    pub fn start_ms(self, at_ms: i64) -> i64 {
        let length = match self {
            Span::Hour => HOUR_MS,
            Span::Day => DAY_MS,
        };
        at_ms - at_ms.rem_euclid(length)
    }
}

/// A run of spans of one length: those that begin from one moment on and before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) span: Span,
    pub(crate) from_ms: i64,
    pub(crate) until_ms: i64,
}

/// A time in whole hours as few spans: hours up to midnight, days, hours after it.
pub(crate) fn stretches(from: Timestamp, until: Timestamp) -> Vec<Stretch> {
    let (from, until) = (Span::Hour.start_ms(from.as_millisecond()), Span::Hour.start_ms(until.as_millisecond()));
    let first_day = Span::Day.start_ms(from.saturating_add(DAY_MS - 1)).min(until);
    let last_day = Span::Day.start_ms(until).max(first_day);
    let stretch = |span, from_ms, until_ms| Stretch { span, from_ms, until_ms };
    let all = [
        stretch(Span::Hour, from, first_day),
        stretch(Span::Day, first_day, last_day),
        stretch(Span::Hour, last_day, until),
    ];
    all.into_iter().filter(|stretch| stretch.from_ms < stretch.until_ms).collect()
}
