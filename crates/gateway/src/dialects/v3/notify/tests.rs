use florin_engine::announce::Announcer;
use florin_kernel::Timestamp;
use florin_store::DeliveryResult;
use jiff::SignedDuration;

use super::V3Announcer;

/// The schedule of the contract, section 12, in minutes after the first attempt.
#[test]
fn a_receiver_that_never_answers_is_tried_for_thirty_days() {
    let (schedule, first_at) = (V3Announcer.schedule(), Timestamp::UNIX_EPOCH);
    let mut minutes = vec![0];
    let mut at = first_at;
    while let DeliveryResult::Retry { at: next, hurried_after } =
        schedule.after(u32::try_from(minutes.len()).expect("few"), first_at, at)
    {
        assert_eq!(hurried_after, Some(at), "a newer event hurries it");
        minutes.push(next.duration_since(first_at).as_mins());
        at = next;
    }
    assert_eq!(minutes[..8], [0, 1, 3, 7, 15, 30, 60, 120]);
    assert_eq!(minutes[8..], (1..=29).map(|day| 120 + day * 24 * 60).collect::<Vec<_>>());
    assert!(at <= first_at + SignedDuration::from_hours(30 * 24));
}
