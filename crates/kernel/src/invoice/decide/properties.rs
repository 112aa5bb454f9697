//! Whatever is said in whatever order: an invoice is paid once at most, by the try that was open, and nothing comes after it.

use proptest::prelude::*;

use super::tests::{eur, hours, invoice};
use super::*;
use crate::payment::Decline;
use crate::record::Record;

fn result() -> impl Strategy<Value = TryResult> {
    prop_oneof![
        Just(TryResult::Paid),
        Just(TryResult::Declined(Decline::Response("51".into()))),
        Just(TryResult::Failed),
        Just(TryResult::GivenUp),
    ]
}

/// Numbers are few, so that commands meet.
fn command() -> impl Strategy<Value = Command> {
    let payment = || (1_i64..5).prop_map(PaymentId::from_number);
    prop_oneof![
        3 => payment().prop_map(|payment| Command::Begin { payment, asked: eur(50_00) }),
        1 => payment().prop_map(|payment| Command::Begin { payment, asked: eur(1) }),
        4 => (payment(), result()).prop_map(|(payment, result)| Command::Tried { payment, result }),
        1 => prop::option::of(0_u16..60).prop_map(|hours| Command::Reissue { hours, success: None }),
        1 => Just(Command::Cancel { reason: "no".into() }),
        1 => Just(Command::Remind),
        2 => Just(Command::Wake),
    ]
}

fn trying(invoice: &Invoice) -> Option<PaymentId> {
    match invoice.state {
        State::Open { trying } => trying,
        State::Paid { .. } | State::Cancelled { .. } | State::Expired { .. } => None,
    }
}

proptest! {
    #[test]
    fn is_paid_once_at_most(said in prop::collection::vec((0_i64..30, command()), 0..40), is_link in any::<bool>()) {
        let origin = if is_link { Origin::Link } else { Origin::Invoice };
        let mut invoice = Invoice { origin, ..invoice() };
        let (mut at, mut paid_letters) = (0, 0);
        for (later, command) in said {
            at += later;
            let (before, now) = (invoice.clone(), hours(at));
            let Ok(Decision { invoice: after, letters }) = decide(&before, command.clone(), now) else { continue };
            paid_letters += letters.iter().filter(|letter| **letter == Letter::Paid).count();
            if before.word() == Word::Paid {
                prop_assert_eq!(&after, &before, "what is paid stays as it is");
            }
            if let Some(begun) = trying(&after).filter(|begun| trying(&before) != Some(*begun)) {
                prop_assert_eq!(&before.state, &State::Open { trying: None }, "no other try was open");
                prop_assert!(now < before.issue.expires_at(), "in time");
                prop_assert_eq!(after.last_try, Some(begun));
            }
            prop_assert!(trying(&before).is_none() || after.word() != Word::Cancelled, "cancelled under a try");
            prop_assert!(!is_link || letters.is_empty(), "nobody writes about a link");
            prop_assert!(after.reminders.unasked <= after.reminders.max);
            // What is due is done by waking, so that no worker turns in a circle.
            if command == Command::Wake {
                prop_assert!(after.wake_at().is_none_or(|wake_at| wake_at > now), "{:?} at {now}", after.wake_at());
            }
            invoice = after;
        }
        prop_assert!(paid_letters <= 1);
    }
}
