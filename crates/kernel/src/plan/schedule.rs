//! When the periods of a plan begin. Counted from the first, never from the one before, so that nothing drifts.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// When a plan charges: every so many days, weeks or months from a first moment on, by UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// The unit.
    pub unit: Unit,
    /// How many of them a period has; 1 and more.
    pub every: u16,
    /// When the first period is charged. The time of day is kept.
    pub first_at: Timestamp,
}

/// Units of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// 24 hours.
    Day,
    /// 7 days.
    Week,
    /// To the same day of another month; where that month has none, to its last day: 31 January, 28 February, 31 March.
    Month,
}

impl Schedule {
    /// The most units a period has.
    pub const EVERY_MAX: u16 = 366;

    /// When a period is charged, from 0. What lies beyond all calendars is never.
    pub fn due(&self, period: u32) -> Timestamp {
        let units = i64::from(self.every).saturating_mul(i64::from(period));
        let span = match self.unit {
            Unit::Day => Span::new().try_days(units),
            Unit::Week => Span::new().try_weeks(units),
            Unit::Month => Span::new().try_months(units),
        };
        let first = self.first_at.to_zoned(TimeZone::UTC);
        let due = span.and_then(|span| first.checked_add(span));
        due.map_or(Timestamp::MAX, |due| due.timestamp())
    }
}
