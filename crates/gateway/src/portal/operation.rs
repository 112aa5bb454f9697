//! How the installation is doing: its version, its database, the processes at work on it, and what waits for them.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::office::{NodeRow, Operation};
use florin_kernel::Timestamp;
use jiff::SignedDuration;

use super::amounts::count;
use super::answer::page as answer;
use super::overview::counted;
use super::refused;
use super::shell::Shell;
use super::show::{Badge, Moment};
use super::visit::Visit;

/// A process that has not said for so long that it lives is silent; it says so every ten seconds.
const SILENT_AFTER: SignedDuration = SignedDuration::from_secs(30);
/// A webhook that is later than this makes somebody look, and so do more payments than workers take up in a moment.
const LATE_MS: i64 = 60_000;
const DUE_MANY: u64 = 1_000;

#[derive(Template)]
#[template(path = "portal/operation.html")]
struct OperationPage {
    shell: Shell,
    version: &'static str,
    database: String,
    schema: i64,
    size: String,
    sharing: &'static str,
    address: String,
    jobs: Vec<Job>,
    nodes: Vec<Node>,
}

/// Something that workers do.
struct Job {
    name: &'static str,
    what: &'static str,
    waiting: String,
    badge: Badge,
}

/// A process at work on the database.
struct Node {
    name: String,
    version: String,
    started: Moment,
    seen: Moment,
    badge: Badge,
}

/// `GET /portal/operator/operation`.
pub(super) async fn page(visit: Visit) -> Response {
    match visit.engine().office_operation().await {
        Ok(operation) => answer(StatusCode::OK, &made(&visit, operation)),
        Err(error) => refused::without_answer(&error),
    }
}

fn made(visit: &Visit, operation: Operation) -> OperationPage {
    let now = visit.engine().wall();
    OperationPage {
        shell: visit.shell("Operation"),
        version: operation.version,
        schema: operation.database.schema,
        size: size(operation.database.bytes),
        sharing: match operation.shared {
            true => "any number of processes may share it",
            false => "this process alone uses it",
        },
        address: visit.engine().public_url().to_owned(),
        jobs: jobs(&operation, now),
        nodes: nodes(&operation, now),
        database: operation.database.version,
    }
}

fn jobs(operation: &Operation, now: Timestamp) -> Vec<Job> {
    let backlog = operation.backlog;
    // How old the newest counted one is tells nothing bad: perhaps nobody has paid since.
    let newest = counted(operation.counted_until, now).map(|newest| newest.relative);
    let overdue = match backlog.oldest_event_ms {
        0 => String::new(),
        ms => format!(", the oldest due for {}", duration(SignedDuration::from_millis(ms))),
    };
    vec![
        Job {
            name: "Commits",
            what: "changes on their way to disk, in this process",
            waiting: format!("{} waiting", count(backlog.commits)),
            badge: on_time(),
        },
        Job {
            name: "Payments",
            what: "expiries, look-ups and retries whose time has come",
            waiting: format!("{} due", count(backlog.payments)),
            badge: if backlog.payments > DUE_MANY { late() } else { on_time() },
        },
        Job {
            name: "Webhooks",
            what: "messages to merchants that are neither delivered nor given up",
            waiting: format!("{} to send{overdue}", count(backlog.events)),
            badge: if backlog.oldest_event_ms > LATE_MS { late() } else { on_time() },
        },
        Job {
            name: "Figures",
            what: "outcomes of payments counted for the overview",
            waiting: newest
                .map_or_else(|| "none counted yet".to_owned(), |made| format!("the newest counted was made {made}")),
            badge: Badge { meaning: "plain", word: "About a minute behind" },
        },
    ]
}

fn on_time() -> Badge {
    Badge { meaning: "good", word: "On time" }
}

fn late() -> Badge {
    Badge { meaning: "attention", word: "Late" }
}

/// The first node is the one that answers.
fn nodes(operation: &Operation, now: Timestamp) -> Vec<Node> {
    let node = |(at, row): (usize, &NodeRow)| Node {
        name: format!("{:08x}", row.node as u64 >> 32),
        version: row.version.clone(),
        started: Moment::at(row.started_at, now),
        seen: Moment::at(row.seen_at, now),
        badge: match (at, operation.draining) {
            (0, true) => Badge { meaning: "attention", word: "Stopping" },
            (0, false) => Badge { meaning: "good", word: "Answers now" },
            (_, _) if now.duration_since(row.seen_at) > SILENT_AFTER => Badge { meaning: "attention", word: "Silent" },
            (_, _) => Badge { meaning: "good", word: "At work" },
        },
    };
    operation.nodes.iter().enumerate().map(node).collect()
}

/// `12.3 MB`.
fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match UNITS.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, word)) => {
            let tenths = bytes / (unit / 10);
            format!("{}.{} {word}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} bytes"),
    }
}

/// `12 seconds`, `3 minutes`, `2 days`.
fn duration(time: SignedDuration) -> String {
    let (many, unit) = match time.as_secs() {
        ..60 => (time.as_secs().max(0), "second"),
        seconds @ 60..3_600 => (seconds / 60, "minute"),
        seconds @ 3_600..86_400 => (seconds / 3_600, "hour"),
        seconds @ 86_400.. => (seconds / 86_400, "day"),
    };
    format!("{} {unit}{}", count(many), if many == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::{NodeRow, Operation, SignedDuration, Timestamp, duration, nodes, size};
    use florin_engine::Backlog;
    use florin_engine::office::DatabaseFacts;

    #[test]
    fn sizes_and_times_are_read_easily() {
        for (bytes, shown) in [
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (12_345_678, "12.3 MB"),
            (9_990_000_000, "9.9 GB"),
            (1_500_000_000_000, "1.5 TB"),
        ] {
            assert_eq!(size(bytes), shown);
        }
        for (seconds, shown) in [
            (-5, "0 seconds"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (7_199, "1 hour"),
            (200_000, "2 days"),
        ] {
            assert_eq!(duration(SignedDuration::from_secs(seconds)), shown);
        }
    }

    #[test]
    fn silent_processes_are_told() {
        let now = Timestamp::from_second(1_800_000_000).expect("a time");
        let row = |node: i64, ago: i64| NodeRow {
            node: node << 32,
            version: "1.0.0".to_owned(),
            started_at: now,
            seen_at: now - SignedDuration::from_secs(ago),
        };
        let told = |draining| {
            let operation = Operation {
                backlog: Backlog::default(),
                counted_until: now,
                database: DatabaseFacts { version: String::new(), schema: 1, bytes: 0 },
                shared: true,
                version: "1.0.0",
                nodes: vec![row(1, 0), row(2, 12), row(3, 31)],
                draining,
            };
            let nodes = nodes(&operation, now);
            nodes.iter().map(|node| (node.name.clone(), node.badge.word)).collect::<Vec<_>>()
        };
        let expected = |first: &'static str| {
            [("00000001", first), ("00000002", "At work"), ("00000003", "Silent")]
                .map(|(name, word)| (name.to_owned(), word))
                .to_vec()
        };
        assert_eq!(told(false), expected("Answers now"));
        assert_eq!(told(true), expected("Stopping"));
    }
}
