//! What happened, a line each, and a number that tells whether two histories are the same.

use std::fmt::Arguments;
use std::sync::Mutex;

use tokio::time::Instant;

/// The lines of one history.
pub struct Trace {
    began: Instant,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    hash: u64,
    lines: Vec<String>,
}

/// FNV-1a, continued from `hash`: the same on every machine and in every build.
pub fn fold(hash: u64, bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(hash ^ 0xcbf2_9ce4_8422_2325, step)
}

impl Trace {
    /// A trace that begins now.
    pub fn begin() -> Trace {
        Trace { began: Instant::now(), told: Mutex::default() }
    }

    /// Adds a line.
    pub fn say(&self, line: Arguments<'_>) {
        let at_ms = self.began.elapsed().as_millis();
        let line = format!("{:>7}.{:03} {line}", at_ms / 1_000, at_ms % 1_000);
        let mut told = self.told.lock().expect("no holder of the lock panics");
        told.hash = fold(told.hash, line.as_bytes());
        told.lines.push(line);
    }

    /// The number of the history so far.
    pub fn hash(&self) -> u64 {
        self.told.lock().expect("no holder of the lock panics").hash
    }

    /// The lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.told.lock().expect("no holder of the lock panics").lines.clone()
    }
}
