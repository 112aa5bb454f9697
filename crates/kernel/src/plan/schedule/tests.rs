//! Periods on the calendar, as a table.

use super::*;

#[test]
fn counts_from_the_first() {
    let check = |unit, every, first: &str, expected: &[&str]| {
        let schedule = Schedule { unit, every, first_at: format!("{first}T09:30:00Z").parse().unwrap() };
        let due: Vec<String> = (0..expected.len()).map(|period| schedule.due(period as u32).to_string()).collect();
        let expected: Vec<String> = expected.iter().map(|day| format!("{day}T09:30:00Z")).collect();
        assert_eq!(due, expected);
    };
    check(Unit::Day, 1, "2026-02-27", &["2026-02-27", "2026-02-28", "2026-03-01"]);
    check(Unit::Day, 30, "2026-01-01", &["2026-01-01", "2026-01-31", "2026-03-02"]);
    check(Unit::Week, 2, "2026-12-24", &["2026-12-24", "2027-01-07", "2027-01-21"]);
    check(Unit::Month, 1, "2027-12-31", &["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"]);
    check(Unit::Month, 1, "2026-01-29", &["2026-01-29", "2026-02-28", "2026-03-29"]);
    check(Unit::Month, 12, "2028-02-29", &["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]);
}

#[test]
fn summer_time_does_not_shift_it() {
    let schedule = Schedule { unit: Unit::Month, every: 1, first_at: "2026-03-01T00:30:00Z".parse().unwrap() };
    assert_eq!(schedule.due(3).to_string(), "2026-06-01T00:30:00Z");
}

#[test]
fn beyond_all_calendars_is_never() {
    let schedule = Schedule { unit: Unit::Month, every: 366, first_at: "2026-03-01T00:00:00Z".parse().unwrap() };
    assert_eq!(schedule.due(u32::MAX), Timestamp::MAX);
}
