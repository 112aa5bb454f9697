//! Time: the wall clock, and each merchant's test clock some way ahead of it. New ids, which carry the time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, RwLock};

use florin_kernel::ports::{Clock, Lane};
use florin_kernel::{EventId, Id, PaymentId, RecordId, RegistrationId, Timestamp};
use jiff::SignedDuration;

/// Tells the time of day.
pub type Wall = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The system's time in whole milliseconds: rows and answers show no more, and fewer digits are quicker to write.
fn system_time() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// The clocks of this process.
pub struct Clocks {
    wall: Wall,
    offsets_ms: RwLock<HashMap<Lane, i64>>,
}

impl Default for Clocks {
    fn default() -> Clocks {
        Clocks::on(Arc::new(system_time))
    }
}

impl Clocks {
    /// Clocks on a wall clock other than the system's: a simulated one.
    pub fn on(wall: Wall) -> Clocks {
        Clocks { wall, offsets_ms: RwLock::default() }
    }

    /// The wall clock.
    pub fn wall(&self) -> Timestamp {
        (self.wall)()
    }

    /// As [`Clocks::set`], never back: what was read may be older than what was set meanwhile.
    pub(crate) fn set_at_least(&self, lane: Lane, offset_ms: i64) {
        let mut offsets = self.offsets_ms.write().expect("no holder of the lock panics");
        let known = offsets.entry(lane).or_default();
        *known = offset_ms.max(*known);
    }

    /// Sets how far a lane's clock is ahead, in milliseconds.
    pub(crate) fn set(&self, lane: Lane, offset_ms: i64) {
        self.offsets_ms.write().expect("no holder of the lock panics").insert(lane, offset_ms);
    }
}

impl Clock for Clocks {
    fn now(&self, lane: Lane) -> Timestamp {
        let offset_ms = match lane {
            Lane::Live => 0,
            Lane::Dev(_) => {
                let offsets = self.offsets_ms.read().expect("no holder of the lock panics");
                offsets.get(&lane).copied().unwrap_or(0)
            }
        };
        let now = self.wall();
        now.checked_add(SignedDuration::from_millis(offset_ms)).unwrap_or(now)
    }
}

/// Makes ids that grow with time and never repeat within this process.
pub struct Ids {
    clocks: Arc<Clocks>,
    node: i64,
    last: AtomicI64,
}

/// A number for [`Ids::new`] that two processes rarely share.
pub fn random_node() -> u16 {
    let mut node = [0; 2];
    getrandom::fill(&mut node).expect("the system's random source answers");
    u16::from_be_bytes(node)
}

impl Ids {
    /// A maker with this process's part in its ids (the low 11 bits of `node`), so that two processes rarely meet; the
    /// store refuses an id that is taken.
    pub fn new(clocks: Arc<Clocks>, node: u16) -> Ids {
        Ids { clocks, node: i64::from(node & 0x7ff) << 10, last: AtomicI64::new(0) }
    }

    /// A new payment's id.
    pub fn payment(&self) -> PaymentId {
        Id::from_number(self.next())
    }

    /// A new stored card's id.
    pub fn registration(&self) -> RegistrationId {
        Id::from_number(self.next())
    }

    /// A new record's id.
    pub fn record(&self) -> RecordId {
        Id::from_number(self.next())
    }

    /// A new event's id.
    pub fn event(&self) -> EventId {
        Id::from_number(self.next())
    }

    fn next(&self) -> i64 {
        let base = PaymentId::at(self.clocks.wall().as_millisecond(), 0).number() | self.node;
        let step = |last: i64| Some(base.max(last + 1));
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step).unwrap_or(base);
        base.max(last + 1)
    }
}
