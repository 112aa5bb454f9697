//! What panicked when its time had come. That is a fault of ours, and it must not stop the workers or stand in the way of everything
//! else that is due: whatever panicked rests, longer each time, and is tried again.

use std::any::Any;
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use florin_kernel::Timestamp;
use jiff::SignedDuration;

/// How long something rests after its first panic; twice as long after each further one.
const REST_FIRST: SignedDuration = SignedDuration::from_secs(10);
const REST_LAST: SignedDuration = SignedDuration::from_hours(1);

/// Who rests, by number. It is lost with the process: a new one may well know better.
#[derive(Default)]
pub(crate) struct Resting {
    known: Mutex<HashMap<i64, Rest>>,
}

struct Rest {
    panics: u32,
    until: Timestamp,
}

impl Resting {
    /// How many have panicked and were not done since: as many rows may be due that nobody is to take up.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.known().len()).unwrap_or(u32::MAX)
    }

    /// Whether it is to be left alone now.
    pub(crate) fn is_resting(&self, number: i64, now: Timestamp) -> bool {
        self.known().get(&number).is_some_and(|rest| now < rest.until)
    }

    /// Notes that it panicked; until when it rests.
    pub(crate) fn panicked(&self, number: i64, now: Timestamp) -> Timestamp {
        let mut known = self.known();
        let rest = known.entry(number).or_insert(Rest { panics: 0, until: now });
        let doubled = REST_FIRST.checked_mul(1 << rest.panics.min(10)).unwrap_or(REST_LAST);
        rest.panics = rest.panics.saturating_add(1);
        rest.until = now + doubled.min(REST_LAST);
        rest.until
    }

    /// Notes that it was done.
    pub(crate) fn done(&self, number: i64) {
        self.known().remove(&number);
    }

    /// Nothing that is done under the lock leaves the map half changed.
    fn known(&self) -> MutexGuard<'_, HashMap<i64, Rest>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a future comes to, or what it said when it panicked. A commit is whole or not at all and everything else is in rows, so what
/// is left behind is a payment as it was.
pub(crate) async fn caught<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(panic) => Poll::Ready(Err(said(panic.as_ref()))),
    })
    .await
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without words".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Resting, caught};
    use florin_kernel::Timestamp;

    #[test]
    fn whoever_panics_rests_twice_as_long_each_time_and_an_hour_at_most() {
        let now = Timestamp::from_second(1_800_000_000).expect("a time");
        let resting = Resting::default();
        let mut rests = Vec::new();
        for _ in 0..11 {
            rests.push(resting.panicked(7, now).duration_since(now).as_secs());
        }
        assert_eq!(rests, [10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600]);
        let after = |seconds| now + jiff::SignedDuration::from_secs(seconds);
        assert!(resting.is_resting(7, after(3_599)) && !resting.is_resting(7, after(3_600)));
        assert!(!resting.is_resting(8, now) && resting.count() == 1);
        resting.done(7);
        assert!(!resting.is_resting(7, now) && resting.count() == 0);
    }

    #[tokio::test]
    async fn a_panic_is_what_a_future_comes_to() {
        assert_eq!(caught(async { 7 }).await, Ok(7));
        let late = async {
            tokio::task::yield_now().await;
            panic!("not {}", "now")
        };
        assert_eq!(caught::<_>(late).await.map(|never: ()| never), Err("not now".to_owned()));
    }
}
