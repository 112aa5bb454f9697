//! What an attempt still allows, by the simulator's own book: a second line of defence behind the asker's. Pure.
//!
//! A family is an attempt at its root with everything that ever acted on it.

use florin_kernel::Timestamp;
use florin_kernel::payment::OperationKind;

use super::entry::{Entry, Standing};

/// A family's sums in minor units. What is undecided counts against the asker.
#[derive(Default)]
struct Tally {
    held: i64,
    /// Captured or released out of the hold.
    released: i64,
    /// Taken, or paid out: what may be given back.
    taken: i64,
    /// Refunded, charged back or returned.
    given_back: i64,
}

impl Tally {
    fn of(family: &[Entry], now: Timestamp) -> Tally {
        let mut tally = Tally::default();
        for entry in family {
            let minor = entry.amount.minor();
            let (done, maybe_done) = match entry.standing.at(now) {
                Standing::Approved => (minor, minor),
                Standing::NeedsPayer | Standing::Pending { .. } => (0, minor),
                Standing::Declined(_) | Standing::Cancelled => (0, 0),
            };
            tally.given_back += entry.charged_back_minor;
            match entry.kind {
                OperationKind::Sale | OperationKind::Payout => tally.taken += done,
                OperationKind::Authorise => tally.held += done,
                OperationKind::Verify => {}
                OperationKind::Capture => {
                    tally.released += maybe_done;
                    tally.taken += done;
                }
                OperationKind::Void => tally.released += maybe_done,
                OperationKind::Refund => tally.given_back += maybe_done,
            }
        }
        tally
    }
}

impl Entry {
    /// Whether this operation is allowed on `original`, which belongs to `family`.
    pub(super) fn fits(&self, original: &Entry, family: &[Entry], now: Timestamp) -> bool {
        let known = original.account == self.account && original.lane == self.lane;
        if !known || original.standing.at(now) != Standing::Approved || original.amount.asset() != self.amount.asset() {
            return false;
        }
        let Tally { held, released, taken, given_back } = Tally::of(family, now);
        let left = match (self.kind, original.kind) {
            (OperationKind::Capture | OperationKind::Void, OperationKind::Authorise) => held - released,
            (OperationKind::Refund, OperationKind::Sale | OperationKind::Authorise | OperationKind::Capture) => {
                taken - given_back
            }
            (OperationKind::Capture | OperationKind::Void | OperationKind::Refund, _)
            | (OperationKind::Sale | OperationKind::Authorise | OperationKind::Verify | OperationKind::Payout, _) => {
                return false;
            }
        };
        self.amount.minor() <= left
    }

    /// How much of this entry a chargeback can still take from its family, in minor units.
    pub(super) fn strikeable_minor(&self, family: &[Entry], now: Timestamp) -> i64 {
        let Tally { taken, given_back, .. } = Tally::of(family, now);
        self.amount.minor().min(taken - given_back).max(0)
    }
}
