//! Chance from a seed. Every actor has a stream of its own, so that one more draw in one does not change the others.

use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::time::Duration;

/// One actor's stream.
pub struct Chance(Mutex<fastrand::Rng>);

impl Chance {
    /// The stream of an actor in the history of a seed.
    pub fn of(seed: u64, actor: &str) -> Chance {
        Chance(Mutex::new(fastrand::Rng::with_seed(super::trace::fold(seed ^ 0x9e37_79b9_7f4a_7c15, actor.as_bytes()))))
    }

    /// A number of a range.
    pub fn between(&self, range: RangeInclusive<u64>) -> u64 {
        self.0.lock().expect("no holder of the lock panics").u64(range)
    }

    /// True so many times in a thousand.
    pub fn permille(&self, share: u64) -> bool {
        self.between(0..=999) < share
    }

    /// True so many times in a hundred.
    pub fn percent(&self, share: u64) -> bool {
        self.between(0..=99) < share
    }

    /// One of several.
    pub fn pick<T: Copy>(&self, from: &[T]) -> T {
        from[self.between(0..=from.len() as u64 - 1) as usize]
    }

    /// A time within bounds in milliseconds.
    pub fn ms(&self, range: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.between(range))
    }

    /// A time within bounds in seconds, to the millisecond.
    pub fn seconds(&self, range: RangeInclusive<u64>) -> Duration {
        self.ms(range.start() * 1_000..=range.end() * 1_000)
    }
}
