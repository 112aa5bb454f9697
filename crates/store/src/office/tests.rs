use florin_kernel::Timestamp;

use super::spans::{DAY_MS, HOUR_MS, Span, stretches};

/// A time is cut at midnights; every hour is in it once.
#[test]
fn a_time_is_hours_days_and_hours() {
    let at = |days: i64, hours: i64| Timestamp::from_millisecond(days * DAY_MS + hours * HOUR_MS).expect("a time");
    let told = |from, until| {
        let told: Vec<String> = stretches(from, until)
            .iter()
            .map(|stretch| {
                let count = match stretch.span {
                    Span::Hour => (stretch.until_ms - stretch.from_ms) / HOUR_MS,
                    Span::Day => (stretch.until_ms - stretch.from_ms) / DAY_MS,
                };
                format!("{count} {} from {}", stretch.span.text(), stretch.from_ms / HOUR_MS)
            })
            .collect();
        told.join(", ")
    };
    for (from, until, expected) in [
        (at(1, 0), at(3, 0), "2 day from 24"),
        (at(1, 22), at(3, 2), "2 hour from 46, 1 day from 48, 2 hour from 72"),
        (at(1, 3), at(1, 7), "4 hour from 27"),
        (at(1, 23), at(2, 1), "1 hour from 47, 1 hour from 48"),
        (at(1, 3), at(1, 3), ""),
        (at(-1, 22), at(0, 1), "2 hour from -2, 1 hour from 0"),
        (at(4, 0), at(1, 0), ""),
    ] {
        assert_eq!(told(from, until), expected, "{from} to {until}");
    }
}
