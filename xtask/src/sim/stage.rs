//! What all actors of a history share: its clock, its weather, its trace, the gateway of the moment, and what was found wrong.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use florin_engine::clock::Wall;
use florin_kernel::Timestamp;
use florin_kernel::payment::{Operation, Payment, Seq, State};
use florin_kernel::public_id::Reference;
use tokio::time::Instant;

use super::coins::seen::Coins;
use super::life::Gateway;
use super::trace::Trace;
use super::weather::Weather;
use super::withdrawals::Withdrawals;
use super::witness::Witness;

/// The stage of one history.
pub struct Stage {
    pub seed: u64,
    pub trace: Trace,
    pub weather: Weather,
    pub witness: Witness,
    pub withdrawals: Withdrawals,
    pub coins: Coins,
    began: Instant,
    faults: Mutex<Vec<String>>,
    corners: Mutex<Corners>,
    gateway: Mutex<Option<Gateway>>,
}

/// How often histories came by places that must not stay in the dark.
pub type Corners = BTreeMap<&'static str, u64>;

/// When every history begins, in milliseconds of the Unix epoch: the year 2027.
const EPOCH_MS: i64 = 1_800_000_000_000;

/// Adds a line to the trace of a stage.
macro_rules! say {
    ($stage:expr, $($line:tt)+) => { $stage.trace.say(format_args!($($line)+)) };
}
pub(crate) use say;

impl Stage {
    /// The stage of a seed, inside the history's runtime.
    pub fn of(seed: u64) -> Arc<Stage> {
        Arc::new(Stage {
            seed,
            trace: Trace::begin(),
            weather: Weather::of(seed),
            witness: Witness::default(),
            withdrawals: Withdrawals::default(),
            coins: Coins::default(),
            began: Instant::now(),
            faults: Mutex::default(),
            corners: Mutex::default(),
            gateway: Mutex::default(),
        })
    }

    /// The simulated time of day.
    pub fn wall(&self) -> Wall {
        let began = self.began;
        Arc::new(move || {
            let passed_ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
            Timestamp::from_millisecond(EPOCH_MS.saturating_add(passed_ms)).expect("a few years after the epoch")
        })
    }

    /// Something is wrong.
    pub fn fault(&self, sentence: String) {
        say!(self, "FAULT {sentence}");
        self.faults.lock().expect("no holder of the lock panics").push(sentence);
    }

    /// What was found wrong so far.
    pub fn faults(&self) -> Vec<String> {
        self.faults.lock().expect("no holder of the lock panics").clone()
    }

    /// The history came by a place that must not stay in the dark.
    pub fn met(&self, corner: &'static str) {
        *self.corners.lock().expect("no holder of the lock panics").entry(corner).or_default() += 1;
    }

    /// Where the history came by.
    pub fn corners(&self) -> Corners {
        self.corners.lock().expect("no holder of the lock panics").clone()
    }

    /// The latest version of an operation, a payment's or a withdrawal's.
    pub fn operation(&self, reference: Reference) -> Option<Operation> {
        let seq = Seq::new(reference.sequence);
        match self.witness.latest(reference.payment) {
            Some(payment) => payment.operation(seq).cloned(),
            None => self.withdrawals.latest(reference.payment)?.operation(seq).cloned(),
        }
    }

    /// The gateway that can be reached now.
    pub fn gateway(&self) -> Option<Gateway> {
        self.gateway.lock().expect("no holder of the lock panics").clone().filter(|gateway| !gateway.life.is_dead())
    }

    /// Another life of the gateway begins, or none.
    pub fn set_gateway(&self, gateway: Option<Gateway>) {
        *self.gateway.lock().expect("no holder of the lock panics") = gateway;
    }
}

/// A payment in one line: the answers and the webhooks of the simulated dialect.
pub fn describe(payment: &Payment) -> String {
    let via = payment.last_attempt().map_or("nobody", |attempt| attempt.route.code.as_str());
    let funds = match &payment.state {
        State::Funded(funds) => format!(
            " held {} captured {} refunded {} charged back {}",
            funds.held.minor(),
            funds.captured.minor(),
            funds.refunded.minor(),
            funds.charged_back.minor()
        ),
        State::Created
        | State::PendingPayer { .. }
        | State::Pending { .. }
        | State::Unknown { .. }
        | State::Ended(_) => String::new(),
    };
    format!("{} {} {} via {via}{funds}", payment.id, payment.asked, payment.word().text())
}
