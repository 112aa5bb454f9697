//! What many histories came to.

use std::fmt;
use std::time::Duration;

use super::stage::Corners;
use super::weather::{Strikes, TROUBLES};
use super::world::History;

/// Counts over histories, and what was wrong.
#[derive(Default)]
pub struct Report {
    pub histories: u64,
    pub payments: u64,
    pub coin_payments: u64,
    pub movements: u64,
    pub strikes: Strikes,
    pub corners: Corners,
    /// Seeds whose history broke an oracle, with the sentences and the end of the trace.
    pub broken: Vec<Broken>,
    pub took: Duration,
}

/// A history in which something was wrong.
pub struct Broken {
    pub seed: u64,
    pub faults: Vec<String>,
    pub tail: Vec<String>,
}

/// Lines of the trace that are shown.
const TAIL: usize = 40;
/// Broken histories that are shown.
const BROKEN_SHOWN: usize = 5;
/// A line of progress comes after so many histories.
const PROGRESS_EVERY: u64 = 5_000;

impl Report {
    /// Counts a history.
    pub fn add(&mut self, history: &History) {
        self.histories += 1;
        self.payments += history.payments;
        self.coin_payments += history.coin_payments;
        self.movements += history.movements;
        for (sum, strikes) in self.strikes.0.iter_mut().zip(history.strikes.0) {
            *sum += strikes;
        }
        for (corner, count) in &history.corners {
            *self.corners.entry(corner).or_default() += count;
        }
        if !history.faults.is_empty() {
            let tail = history.lines.iter().skip(history.lines.len().saturating_sub(TAIL)).cloned().collect();
            self.broken.push(Broken { seed: history.seed, faults: history.faults.clone(), tail });
        }
    }

    /// Whether every oracle held in every history.
    pub fn is_good(&self) -> bool {
        self.broken.is_empty()
    }

    fn per_second(&self) -> f64 {
        self.histories as f64 / self.took.as_secs_f64().max(0.001)
    }
}

/// Says now and then how far it is.
pub fn progress(report: &Report) {
    if report.histories.is_multiple_of(PROGRESS_EVERY) {
        let (histories, speed, broken) = (report.histories, report.per_second(), report.broken.len());
        eprintln!("{histories} histories, {speed:.0} a second, {broken} broken");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for broken in self.broken.iter().take(BROKEN_SHOWN) {
            writeln!(f, "Seed {} is broken; `cargo xtask sim --seed {}` tells it in full.", broken.seed, broken.seed)?;
            broken.faults.iter().try_for_each(|fault| writeln!(f, "  {fault}"))?;
            writeln!(f, "  The end of its trace:")?;
            broken.tail.iter().try_for_each(|line| writeln!(f, "    {line}"))?;
        }
        let struck = TROUBLES.iter().zip(self.strikes.0).map(|(trouble, count)| format!("{trouble:?} {count}"));
        writeln!(f, "Troubles: {}.", struck.collect::<Vec<_>>().join(", "))?;
        let corners = self.corners.iter().map(|(corner, count)| format!("{corner} {count}"));
        writeln!(f, "Corners: {}.", corners.collect::<Vec<_>>().join(", "))?;
        let corner = |name| self.corners.get(name).copied().unwrap_or(0);
        writeln!(
            f,
            "Coins: {} payments, {} confirmed, {} reorganisations with something of ours, {} payments reversed, {} refunds.",
            self.coin_payments,
            corner("coins: confirmed"),
            corner("reorganisation with something of ours"),
            corner("coins: confirmed no longer"),
            corner("coins: refund")
        )?;
        write!(
            f,
            "{} histories in {:.1} s ({:.0} a second): {} payments, {} operations approved, {} broken.",
            self.histories,
            self.took.as_secs_f64(),
            self.per_second(),
            self.payments,
            self.movements,
            self.broken.len()
        )
    }
}
