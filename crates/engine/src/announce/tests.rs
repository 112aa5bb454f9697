use florin_kernel::Timestamp;
use florin_store::DeliveryResult;
use jiff::SignedDuration;

use super::{Newer, Schedule, Until};

const PAUSES: [SignedDuration; 3] =
    [SignedDuration::from_mins(1), SignedDuration::from_mins(2), SignedDuration::from_hours(24)];

fn at(minutes: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
}

/// The minutes at which a receiver that always fails is called.
fn attempts(schedule: Schedule) -> Vec<i64> {
    let (mut begun, mut number) = (vec![0], 1);
    while let DeliveryResult::Retry { at: next, .. } = schedule.after(number, at(0), at(begun[begun.len() - 1])) {
        begun.push(next.as_second() / 60);
        number += 1;
    }
    begun
}

#[test]
fn pauses_grow_and_the_last_one_repeats() {
    let check = |until, expected: &[i64]| {
        assert_eq!(attempts(Schedule { pauses: &PAUSES, until, newer: Newer::Waits }), expected, "{until:?}");
    };
    check(Until::Attempts(1), &[0]);
    check(Until::Attempts(5), &[0, 1, 3, 1443, 2883]);
    check(Until::Age(SignedDuration::from_mins(2)), &[0, 1]);
    check(Until::Age(SignedDuration::from_mins(1443)), &[0, 1, 3, 1443]);
    assert_eq!(attempts(Schedule { pauses: &[], until: Until::Attempts(9), newer: Newer::Waits }), [0]);
}

#[test]
fn what_is_written_after_an_attempt_hurries_the_next() {
    let schedule = Schedule { pauses: &PAUSES, until: Until::Attempts(9), newer: Newer::Hurries };
    let expected = DeliveryResult::Retry { at: at(7), hurried_after: Some(at(5)) };
    assert_eq!(schedule.after(2, at(0), at(5)), expected);
}
