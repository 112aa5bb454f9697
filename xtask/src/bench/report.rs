//! The table that a run prints, and its place in docs/performance.md.

use std::path::Path;
use std::time::Duration;

use super::{office, postgres, server, start, store};
use crate::Fallible;

const BEGIN: &str = "<!-- bench: begin -->";
const END: &str = "<!-- bench: end -->";
/// The closed loop whose rate is compared with everything else.
const MAIN_CONNECTIONS: usize = 64;

const CLOSED_HEAD: [&str; 8] = [
    "connections",
    "payments/s",
    "p50 ms",
    "p90 ms",
    "p99 ms",
    "max ms",
    "processor µs a payment, server + generator",
    "highest resident MiB so far",
];

/// The rows of a run.
pub struct Report {
    machine: String,
    closed: Vec<[String; 8]>,
    rows: Vec<[String; 3]>,
    http_per_s: Option<f64>,
}

impl Report {
    /// An empty table for a machine.
    pub fn new(machine: String) -> Report {
        Report { machine, closed: Vec::new(), rows: Vec::new(), http_per_s: None }
    }

    /// Adds what was measured over HTTP.
    pub fn http(&mut self, measured: server::Measured) {
        for closed in measured.closed {
            let per_s = rate(closed.payments as u64, closed.time);
            let mib = closed.resident_kib.div_ceil(1024);
            let [p50, p90, p99, max] = milliseconds(closed.latency.percentiles(&[50.0, 90.0, 99.0, 100.0]));
            if closed.connections == MAIN_CONNECTIONS {
                let at = format!("at {MAIN_CONNECTIONS} connections");
                self.row(&format!("payments/s over HTTP {at}"), thousands(per_s), "15,000; aim 20,000");
                self.row(&format!("latency p99 {at}"), format!("{p99} ms"), "15 ms; 25 ms at worst");
                self.row(&format!("highest resident memory {at}"), format!("{mib} MiB"), "256 MiB");
                self.http_per_s = Some(per_s);
            }
            self.closed.push([
                closed.connections.to_string(),
                thousands(per_s),
                p50,
                p90,
                p99,
                max,
                format!("{} + {}", closed.server_time.as_micros(), closed.generator_time.as_micros()),
                mib.to_string(),
            ]);
        }
        let [before, after] = measured.v3;
        let v3 = rate((before.payments + after.payments) as u64, before.time + after.time);
        let mut latency = before.latency;
        latency.merge(after.latency);
        let [p99] = milliseconds(latency.percentiles(&[99.0]));
        let name = format!("payments/s over HTTP in the v3 dialect at {MAIN_CONNECTIONS} connections (p99 {p99} ms)");
        self.row(&name, thousands(v3), "");
        let beside = rate(measured.beside.payments as u64, measured.beside.time);
        self.row("v3 dialect / cashier dialect on as large a file", format!("{:.2}", v3 / beside), "0.8");
        let at = format!("at {} payments/s", thousands(measured.open_rate.into()));
        let [p50, p90, p99, max] = milliseconds(measured.open.latency.percentiles(&[50.0, 90.0, 99.0, 100.0]));
        self.row(&format!("latency p50 / p90 / p99 / max {at}"), format!("{p50} / {p90} / {p99} / {max} ms"), "");
        let [p50, p99] = milliseconds(measured.open.gateway.percentiles(&[50.0, 99.0]));
        self.row(&format!("time in the gateway p50 / p99 {at}"), format!("{p50} / {p99} ms"), "p50 1 ms");
    }

    /// Adds the store alone.
    pub fn store(&mut self, measured: store::Measured) {
        let per_s = rate(measured.payments, measured.time);
        self.row("payments/s of the store alone, 256 submitters", thousands(per_s), "");
        if let Some(http) = self.http_per_s {
            self.row("HTTP / store alone", format!("{:.2}", http / per_s), "");
        }
    }

    /// Adds PostgreSQL: the ordinary way, and ours over HTTP.
    pub fn postgres(&mut self, measured: postgres::Measured) {
        for run in &measured.runs {
            let name = format!("payments/s the ordinary way on {}, {} clients", measured.version, run.clients);
            self.row(&name, thousands(run.payments_per_s), "");
        }
        let Some(best) = measured.best().map(|run| run.payments_per_s) else { return };
        if let Some(http) = self.http_per_s {
            self.row("HTTP on SQLite / the ordinary way at its best", format!("{:.1}", http / best), "4");
        }
        let mut ours_best: f64 = 0.0;
        for closed in measured.http {
            let per_s = rate(closed.payments as u64, closed.time);
            let [p99] = milliseconds(closed.latency.percentiles(&[99.0]));
            let name = format!("payments/s over HTTP on PostgreSQL, {} connections (p99 {p99} ms)", closed.connections);
            self.row(&name, thousands(per_s), "");
            ours_best = ours_best.max(per_s);
        }
        self.row("HTTP on PostgreSQL / the ordinary way, both at their best", format!("{:.1}", ours_best / best), "2");
    }

    /// Adds the start with a full file.
    pub fn start(&mut self, measured: start::Measured) {
        let mib = measured.bytes / 1_048_576;
        let name = format!("start with {} payments ({mib} MiB)", thousands(measured.payments as f64));
        let [ready, healthy] = milliseconds(vec![measured.ready_after, measured.healthy_after]);
        self.row(&name, format!("ready line {ready} ms, /healthz {healthy} ms"), "1,000 ms");
    }

    /// Adds the back office on a full book.
    pub fn office(&mut self, measured: office::Measured) {
        let payments = thousands(measured.payments as f64);
        for (question, latencies) in measured.questions {
            let [p50, max] = milliseconds(latencies.percentiles(&[50.0, 100.0]));
            let name = format!("back office with {payments} payments: {question} (p50 / max)");
            self.row(&name, format!("{p50} / {max} ms"), "50 ms");
        }
        let rate = rate(measured.payments, measured.counted_in);
        self.row("payments/s that the back office's figures are counted at", thousands(rate), "");
    }

    /// The tables in Markdown, with the machine above them.
    pub fn table(&self) -> String {
        let mut text = format!("Machine: {}.\n\n", self.machine);
        text += &line(&["measure", "value", "target"]);
        text += &line(&["---", "--:", "--:"]);
        text.extend(self.rows.iter().map(|row| line(row)));
        if !self.closed.is_empty() {
            text.push_str("\nPayments over HTTP in a closed loop:\n\n");
            text += &line(&CLOSED_HEAD);
            text += &line(&CLOSED_HEAD.map(|_| "--:"));
            text.extend(self.closed.iter().map(|row| line(row)));
        }
        text
    }

    /// Puts the table between the marks of a document.
    ///
    /// # Errors
    /// The document has no marks.
    pub fn write(&self, path: &Path) -> Fallible<()> {
        let document = std::fs::read_to_string(path)?;
        std::fs::write(path, replaced(&document, &self.table()).ok_or("the document has no marks for the table")?)?;
        Ok(())
    }

    fn row(&mut self, measure: &str, value: String, target: &str) {
        self.rows.push([measure.to_owned(), value, target.to_owned()]);
    }
}

fn line<T: AsRef<str>>(cells: &[T]) -> String {
    let cells: Vec<&str> = cells.iter().map(AsRef::as_ref).collect();
    format!("| {} |\n", cells.join(" | "))
}

fn replaced(document: &str, table: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{table}\n{END}{after}"))
}

fn rate(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

fn milliseconds<const N: usize>(times: Vec<Duration>) -> [String; N] {
    let text: Vec<String> = times.iter().map(|time| format!("{:.2}", time.as_secs_f64() * 1000.0)).collect();
    text.try_into().expect("as many percentiles as were asked for")
}

fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{replaced, thousands};

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(7.0, "7"), (999.6, "1,000"), (20_123.4, "20,123"), (1_000_000.0, "1,000,000")] {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn the_table_is_replaced_between_its_marks() {
        let document = "a\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nz\n";
        let found = replaced(document, "new\n").expect("marks");
        assert_eq!(found, "a\n<!-- bench: begin -->\n\nnew\n\n<!-- bench: end -->\nz\n");
        assert_eq!(replaced("a", "new"), None);
    }
}
