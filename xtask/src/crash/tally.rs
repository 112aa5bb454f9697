//! The numbers of a scenario, and the table they stand in.

use std::time::Duration;

/// The table's head.
pub const HEAD: &str = "\
| scenario | rounds | acknowledged | sent again | lost | doubled | stuck | disagreeing | seconds |
| --- | --: | --: | --: | --: | --: | --: | --: | --: |";

/// How a scenario ended.
pub enum Outcome {
    /// It was played.
    Played(Tally),
    /// This machine cannot play it, with the reason.
    Skipped(String),
}

/// What was counted.
#[derive(Debug, Default)]
pub struct Tally {
    /// Kills, failovers, cuts.
    pub rounds: u32,
    /// Payments whose answer the merchant had at first.
    pub acknowledged: usize,
    /// Payments that had to be sent again.
    pub sent_again: usize,
    /// Acknowledged, and not there, or told something else later.
    pub lost: Vec<String>,
    /// Charged more than once, or two payments of one reference.
    pub doubled: Vec<String>,
    /// Not at an end after all timers.
    pub stuck: Vec<String>,
    /// The provider's book says something else than ours, or ours than itself.
    pub disagreeing: Vec<String>,
}

impl Tally {
    /// Whether nothing is lost, doubled, stuck or in disagreement, and something was tried.
    pub fn is_well(&self) -> bool {
        self.acknowledged > 0 && self.wrong().next().is_none()
    }

    /// Everything that is wrong, in sentences.
    pub fn wrong(&self) -> impl Iterator<Item = &String> {
        self.lost.iter().chain(&self.doubled).chain(&self.stuck).chain(&self.disagreeing)
    }

    /// The row of a scenario.
    pub fn line(&self, title: &str, took: Duration) -> String {
        let cells = [
            self.acknowledged,
            self.sent_again,
            self.lost.len(),
            self.doubled.len(),
            self.stuck.len(),
            self.disagreeing.len(),
        ];
        let cells = cells.map(|cell| cell.to_string()).join(" | ");
        let mut line = format!("| {title} | {} | {cells} | {:.0} |", self.rounds, took.as_secs_f64());
        for sentence in self.wrong().take(20) {
            line += &format!("\n  {sentence}");
        }
        line
    }
}
