//! Percentiles over everything measured; no histogram, no rounding.

use std::time::Duration;

/// Durations of one measurement.
#[derive(Clone, Debug, Default)]
pub struct Latencies {
    micros: Vec<u32>,
}

impl Latencies {
    /// Adds one.
    pub fn add(&mut self, latency: Duration) {
        self.micros.push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
    }

    /// Adds all of another measurement.
    pub fn merge(&mut self, other: Latencies) {
        self.micros.extend(other.micros);
    }

    /// How many were measured.
    pub fn count(&self) -> usize {
        self.micros.len()
    }

    /// The smallest latency that at least `percent` of all do not exceed, by the nearest rank.
    pub fn percentiles(mut self, percents: &[f64]) -> Vec<Duration> {
        self.micros.sort_unstable();
        let rank = |percent: f64| (percent / 100.0 * self.micros.len() as f64).ceil() as usize;
        let at = |percent| self.micros.get(rank(percent).saturating_sub(1)).copied().unwrap_or_default();
        percents.iter().map(|percent| Duration::from_micros(at(*percent).into())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Latencies;
    use std::time::Duration;

    #[test]
    fn percentiles_are_measured_values() {
        let mut latencies = Latencies::default();
        for ms in (1..=100).rev() {
            latencies.add(Duration::from_millis(ms));
        }
        let found = latencies.percentiles(&[50.0, 99.0, 100.0]);
        assert_eq!(found, [50, 99, 100].map(Duration::from_millis));
        assert_eq!(Latencies::default().percentiles(&[50.0]), [Duration::ZERO]);
    }
}
