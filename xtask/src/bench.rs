//! `cargo xtask bench`: measures the release binary over HTTP, the store alone, and PostgreSQL used in the ordinary way,
//! all in one run on one machine, and prints a Markdown table.
//!
//! Everything listens on loopback or a local socket, writes below one scratch folder, and ends with the run.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::{Args, ValueEnum};

mod closed_loop;
mod http;
mod latency;
pub(crate) mod machine;
mod office;
mod open_loop;
mod payments;
mod postgres;
mod report;
mod server;
mod start;
mod store;
#[cfg(test)]
mod tests;

use crate::Fallible;
use report::Report;

/// What to measure and for how long.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Seconds of the longest measurement; the others take half of it.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Measure one part only.
    #[arg(long)]
    only: Option<Part>,
    /// The PostgreSQL server to measure on: a URL whose user may make databases, or `postgres` for one made for the run.
    #[arg(long, default_value = OWN_SERVER)]
    database: String,
    /// Write the table into docs/performance.md.
    #[arg(long, conflicts_with = "only")]
    write: bool,
    /// Payments in the files whose start and whose back office are measured.
    #[arg(long, default_value_t = 1_000_000)]
    fill: u64,
    /// A folder on the disk to measure; must be open to the user that runs PostgreSQL.
    #[arg(long, default_value = "/var/tmp")]
    scratch: PathBuf,
}

const OWN_SERVER: &str = "postgres";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Payments over HTTP, closed and open loop.
    Http,
    /// The store alone.
    Store,
    /// PostgreSQL: the ordinary way, and ours over HTTP.
    Postgres,
    /// From start to ready with a full file.
    Start,
    /// The back office on a full book.
    Office,
}

/// Set for the optimised copy of this tool, which does the measuring.
const OPTIMISED: &str = "FLORIN_BENCH_OPTIMISED";

/// Builds what is measured and what measures with optimisation, then runs the latter.
pub fn main(root: &Path, options: Options) -> ExitCode {
    let done = if std::env::var_os(OPTIMISED).is_some() { measure(root, &options) } else { hand_over(root) };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn hand_over(root: &Path) -> Fallible<ExitCode> {
    // Two commands, so that the gateway is built with exactly the features that its users get.
    for package in ["florin-gateway", "xtask"] {
        eprintln!("bench: building {package}");
        let status = Command::new("cargo").args(["build", "--release", "-p", package]).current_dir(root).status()?;
        if !status.success() {
            return Err(format!("cargo build --release -p {package} failed").into());
        }
    }
    let tool = crate::target(root).join("release/xtask");
    let status = Command::new(tool).args(std::env::args_os().skip(1)).env(OPTIMISED, "1").status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn measure(root: &Path, options: &Options) -> Fallible<ExitCode> {
    let scratch = tempfile::Builder::new().prefix("florin-bench-").tempdir_in(&options.scratch)?;
    let binary = crate::target(root).join("release/florin");
    let wants = |part| options.only.is_none_or(|only| only == part);
    let half = options.seconds.div_ceil(2);
    let mut report = Report::new(machine::describe(scratch.path())?);
    if wants(Part::Http) {
        report.http(server::measure(&binary, &scratch.path().join("http"), options.seconds)?);
    }
    if wants(Part::Store) {
        eprintln!("bench: the store alone, {half} s");
        report.store(store::ceiling(&scratch.path().join("store"), half)?);
    }
    if wants(Part::Postgres) {
        let place = match options.database.as_str() {
            OWN_SERVER => postgres::Place::Own,
            url => postgres::Place::There(url),
        };
        let (scripts, folder) = (root.join("bench"), scratch.path().join("postgres"));
        report.postgres(postgres::measure(place, &scripts, &binary, &folder, half)?);
    }
    if wants(Part::Start) {
        report.start(start::measure(&binary, &scratch.path().join("start"), options.fill)?);
    }
    if wants(Part::Office) {
        report.office(office::measure(&scratch.path().join("office"), options.fill)?);
    }
    println!("{}", report.table());
    if options.write {
        report.write(&root.join("docs/performance.md"))?;
    }
    Ok(ExitCode::SUCCESS)
}
