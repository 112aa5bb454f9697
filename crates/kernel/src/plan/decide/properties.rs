//! Whatever is said in whatever order: no period is charged twice, and none is passed over but by a pause.

use proptest::prelude::*;

use super::tests::{day, eur, plan};
use super::*;
use crate::record::Record;

fn result() -> impl Strategy<Value = TryResult> {
    prop_oneof![
        4 => Just(TryResult::Paid),
        2 => Just(TryResult::Declined(Decline::Response("51".into()))),
        1 => Just(TryResult::Declined(Decline::Response("54".into()))),
        1 => Just(TryResult::Failed),
        1 => Just(TryResult::GivenUp),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    let payment = || (1_i64..6).prop_map(PaymentId::from_number);
    prop_oneof![
        6 => payment().prop_map(|payment| Command::Begin { payment, asked: eur(10_00) }),
        6 => (payment(), result()).prop_map(|(payment, result)| Command::Tried { payment, result }),
        1 => Just(Command::Postpone { trouble: "nobody".into() }),
        1 => Just(Command::Pause),
        2 => Just(Command::Resume),
        1 => prop_oneof![3 => Just(Command::Pause), 1 => Just(Command::Cancel), 1 => Just(Command::CardGone)],
    ]
}

proptest! {
    #[test]
    fn charges_no_period_twice(said in prop::collection::vec((0_i64..8, command()), 0..80), max in 1_u32..9) {
        let mut plan = Plan { charges_max: Some(max), ..plan() };
        let (mut at, mut charged) = (0, Vec::new());
        for (later, command) in said {
            at += later;
            let before = plan.clone();
            let Ok(after) = decide(&before, command, day(at)) else { continue };
            if after.charged > before.charged {
                charged.push(before.period);
                prop_assert!(day(at) >= before.schedule.due(before.period), "not before it is due");
            }
            prop_assert!(after.charging.is_none() || before.charging.is_none() || after.charging == before.charging);
            prop_assert_eq!(after.charged + after.skipped, after.period, "every period is charged or was skipped");
            prop_assert!(after.charged <= max);
            prop_assert!(after.charging.is_none() || after.wake_at().is_none(), "an open charge is waited for");
            plan = after;
        }
        let mut once = charged.clone();
        once.dedup();
        prop_assert_eq!(charged, once);
    }
}
