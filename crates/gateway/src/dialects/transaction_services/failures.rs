//! Failed logins, counted by login and address, so that keys cannot be tried out (contract, section 8.1). In this process's memory.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use florin_kernel::Timestamp;

/// So many failures a minute are answered as such.
const FAILURES_MAX: u32 = 10;
/// So many logins are remembered at a time; then what is over is forgotten, and if nothing is, everything.
const REMEMBERED_MAX: usize = 10_000;

/// The failed logins of the present minute.
#[derive(Debug, Default)]
pub struct Failures(Mutex<HashMap<(String, IpAddr), Minute>>);

#[derive(Clone, Copy, Debug)]
struct Minute {
    begun_s: i64,
    failures: u32,
}

impl Minute {
    fn is_over(self, now: Timestamp) -> bool {
        now.as_second() >= self.begun_s + 60
    }
}

impl Failures {
    /// Whether somebody has failed too often.
    pub fn are_too_many(&self, login: &str, address: IpAddr, now: Timestamp) -> bool {
        let known = self.0.lock().expect("no holder of the lock panics");
        let minute = known.get(&key(login, address)).filter(|minute| !minute.is_over(now));
        minute.is_some_and(|minute| minute.failures >= FAILURES_MAX)
    }

    /// Counts a failure.
    pub fn count(&self, login: &str, address: IpAddr, now: Timestamp) {
        let mut known = self.0.lock().expect("no holder of the lock panics");
        if known.len() >= REMEMBERED_MAX {
            known.retain(|_, minute| !minute.is_over(now));
            if known.len() >= REMEMBERED_MAX {
                known.clear();
            }
        }
        let fresh = Minute { begun_s: now.as_second(), failures: 0 };
        let minute = known.entry(key(login, address)).or_insert(fresh);
        if minute.is_over(now) {
            *minute = fresh;
        }
        minute.failures += 1;
    }
}

/// What is longer than any login is cut, so that memory has a bound.
fn key(login: &str, address: IpAddr) -> (String, IpAddr) {
    (login.chars().take(128).collect(), address)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use florin_kernel::Timestamp;

    use super::Failures;

    #[test]
    fn ten_failures_a_minute_are_answered() {
        let at = |second| Timestamp::from_second(second).expect("a time");
        let (here, there): (IpAddr, IpAddr) = ([127, 0, 0, 1].into(), [127, 0, 0, 2].into());
        let failures = Failures::default();
        for _ in 0..10 {
            assert!(!failures.are_too_many("a", here, at(0)));
            failures.count("a", here, at(0));
        }
        assert!(failures.are_too_many("a", here, at(59)));
        assert!(!failures.are_too_many("a", there, at(59)) && !failures.are_too_many("b", here, at(59)));
        assert!(!failures.are_too_many("a", here, at(60)));
        failures.count("a", here, at(60));
        assert!(!failures.are_too_many("a", here, at(60)), "a new minute begins with one");
    }
}
