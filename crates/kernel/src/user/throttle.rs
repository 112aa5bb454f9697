//! How often signing in may be tried. Guessing becomes slow, and yet nobody can lock another out for good:
//!
//! - From one network five attempts may fail; then each further one has to wait, 30 seconds first, twice as long each time, an hour at
//!   most. A network is an IPv4 /24 or an IPv6 /48.
//! - From all networks together from which the user never signed in, twenty attempts an hour are taken. So a crowd of machines guesses
//!   twenty times an hour, while the user goes on from where she works, which the crowd's attempts do not touch.
//!
//! An attempt counts as failed from its beginning until it has succeeded, so that many at once do not all see the same past.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Failed attempts from a network before the first wait.
const FREE: u32 = 5;
const WAIT_FIRST: SignedDuration = SignedDuration::from_secs(30);
const WAIT_MAX: SignedDuration = SignedDuration::from_hours(1);
/// Attempts from all unknown networks together in a window.
const STRANGE_MAX: u32 = 20;
const WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// Networks remembered; more than unknown ones can be seen in a window.
const NETWORKS_MAX: usize = 32;
const KNOWN_MAX: usize = 8;

/// Machines that count as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address.
    pub fn of(address: IpAddr) -> Network {
        Network(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & !0xff)),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 80 << 80)),
        })
    }
}

/// Not now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Then.
    pub until: Timestamp,
}

/// What is known of attempts to sign in as one user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Throttle {
    seen: Vec<Seen>,
    strange: Option<Window>,
}

/// A network from which it was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    network: Network,
    failures: u32,
    last_at: Timestamp,
    /// Whether an attempt from it ever succeeded.
    known: bool,
}

/// Attempts from unknown networks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Window {
    since: Timestamp,
    attempts: u32,
}

impl Throttle {
    /// An attempt begins; it has failed unless [`Throttle::succeed`] follows.
    ///
    /// # Errors
    /// [`Wait`]; the attempt must not be made, and nothing is counted.
    pub fn begin(&mut self, network: Network, now: Timestamp) -> Result<(), Wait> {
        let seen = self.seen.iter().find(|seen| seen.network == network);
        if let Some(until) = seen.and_then(Seen::closed_until).filter(|until| now < *until) {
            return Err(Wait { until });
        }
        if !seen.is_some_and(|seen| seen.known) {
            self.count_stranger(now)?;
        }
        let place = self.place(network, now);
        place.failures = place.failures.saturating_add(1);
        place.last_at = now;
        self.forget_oldest();
        Ok(())
    }

    /// The attempt that began last from a network was right.
    pub fn succeed(&mut self, network: Network, now: Timestamp) {
        let was_known = self.seen.iter().any(|seen| seen.network == network && seen.known);
        if let Some(window) = self.strange.as_mut().filter(|_| !was_known) {
            window.attempts = window.attempts.saturating_sub(1);
        }
        let place = self.place(network, now);
        (place.failures, place.known, place.last_at) = (0, true, now);
        self.forget_oldest();
    }

    fn count_stranger(&mut self, now: Timestamp) -> Result<(), Wait> {
        let window = self.strange.get_or_insert(Window { since: now, attempts: 0 });
        let ends = window.since.saturating_add(WINDOW).unwrap_or(Timestamp::MAX);
        if now >= ends {
            *window = Window { since: now, attempts: 0 };
        } else if window.attempts >= STRANGE_MAX {
            return Err(Wait { until: ends });
        }
        window.attempts += 1;
        Ok(())
    }

    fn place(&mut self, network: Network, now: Timestamp) -> &mut Seen {
        let at = self.seen.iter().position(|seen| seen.network == network).unwrap_or_else(|| {
            self.seen.push(Seen { network, failures: 0, last_at: now, known: false });
            self.seen.len() - 1
        });
        &mut self.seen[at]
    }

    /// Keeps the known networks used last, and the unknown ones tried last.
    fn forget_oldest(&mut self) {
        self.seen.sort_by_key(|seen| (seen.known, seen.last_at));
        let known = self.seen.iter().filter(|seen| seen.known).count();
        let unknown = self.seen.len() - known;
        self.seen.drain(unknown..unknown + known.saturating_sub(KNOWN_MAX));
        self.seen.drain(..unknown.saturating_sub(NETWORKS_MAX));
    }
}

impl Seen {
    /// Until when nothing more is taken from it.
    fn closed_until(&self) -> Option<Timestamp> {
        let doublings = self.failures.checked_sub(FREE)?;
        let wait = WAIT_FIRST.checked_mul(1 << doublings.min(16)).unwrap_or(WAIT_MAX).min(WAIT_MAX);
        Some(self.last_at.saturating_add(wait).unwrap_or(Timestamp::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::{KNOWN_MAX, NETWORKS_MAX, Network, Throttle};
    use jiff::Timestamp;

    #[test]
    fn what_is_remembered_is_bounded() {
        let network = |number: u8| Network::of([198, 51, number, 9].into());
        let at = |hour: i64| Timestamp::from_second(hour * 3_600).expect("a time");
        let mut throttle = Throttle::default();
        for number in 0..120 {
            throttle.begin(network(number), at(number.into())).expect("one an hour");
            if number % 2 == 0 {
                throttle.succeed(network(number), at(number.into()));
            }
        }
        assert_eq!(throttle.seen.len(), NETWORKS_MAX + KNOWN_MAX);
        assert_eq!(throttle.seen.iter().filter(|seen| seen.known).count(), KNOWN_MAX);
        assert!(throttle.seen.iter().any(|seen| seen.network == network(118) && seen.known), "the newest are kept");
        assert!(throttle.seen.iter().any(|seen| seen.network == network(119)));
    }
}
