//! `cargo xtask crash`: kills the real binary and the real database under load, cuts connections inside COMMIT, fills the disk,
//! and after each round compares what the merchant was told with both books.
//!
//! Everything listens on loopback, writes below one scratch folder, and ends with the run.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use clap::{Args, ValueEnum};

use crate::Fallible;
use crate::bench::machine;
use crate::postgres::{Cluster, Programs, free_port};

mod books;
mod commit;
mod disk;
mod failover;
mod forwarder;
mod load;
mod merchant;
mod node;
mod process;
mod server;
mod settle;
mod site;
mod tally;

use site::Site;
use tally::Outcome;

/// What to break and how often.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Faults in each scenario.
    #[arg(long, default_value_t = 2)]
    rounds: u32,
    /// Answers that the merchant has had in a round before something breaks.
    #[arg(long, default_value_t = 150)]
    payments: u64,
    /// One scenario; may be given several times.
    #[arg(long)]
    only: Vec<Scenario>,
    /// The binary to break; without, it is built with optimisation.
    #[arg(long)]
    florin: Option<PathBuf>,
    /// A folder for the data; must be open to the user that runs PostgreSQL.
    #[arg(long, default_value = "/var/tmp")]
    scratch: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// SIGKILL of the process, on SQLite.
    ProcessSqlite,
    /// SIGKILL of one of two processes, on PostgreSQL.
    ProcessPostgres,
    /// SIGKILL of PostgreSQL and all its processes.
    Server,
    /// A connection cut inside COMMIT.
    Commit,
    /// SIGKILL of the primary, promotion of its standby.
    Failover,
    /// The disk is full, and has space again, on SQLite.
    DiskSqlite,
    /// The same on PostgreSQL.
    DiskPostgres,
}

const ALL: [Scenario; 7] = [
    Scenario::ProcessSqlite,
    Scenario::ProcessPostgres,
    Scenario::Server,
    Scenario::Commit,
    Scenario::Failover,
    Scenario::DiskSqlite,
    Scenario::DiskPostgres,
];

impl Scenario {
    fn title(self) -> &'static str {
        match self {
            Scenario::ProcessSqlite => "SIGKILL of the process, SQLite",
            Scenario::ProcessPostgres => "SIGKILL of one of two processes, PostgreSQL",
            Scenario::Server => "SIGKILL of PostgreSQL, two processes",
            Scenario::Commit => "connections cut inside COMMIT, two processes",
            Scenario::Failover => "primary killed, standby promoted, two processes",
            Scenario::DiskSqlite => "disk full and back, SQLite",
            Scenario::DiskPostgres => "disk full and back, PostgreSQL",
        }
    }
}

/// What every scenario is given.
struct Ground<'g> {
    options: &'g Options,
    programs: &'g Programs,
    binary: &'g Path,
    /// A folder of its own.
    folder: PathBuf,
}

/// PostgreSQL's settings: its default durability, small files.
const SETTINGS: [&str; 3] = ["max_connections=200", "shared_buffers=64MB", "max_wal_size=256MB"];

impl<'g> Ground<'g> {
    /// A cluster that runs.
    fn cluster(&self, settings: &[&str]) -> Fallible<Cluster<'g>> {
        let mut cluster = Cluster::make(self.programs, &self.folder.join("postgres"), free_port()?, settings)?;
        cluster.start()?;
        Ok(cluster)
    }

    /// Two processes on a database.
    fn two_on(&self, url: &str) -> Fallible<Site> {
        Site::start(self.binary, &self.folder, Some(url), 2)
    }

    /// One process on a file in a folder.
    fn one_in(&self, folder: &Path) -> Fallible<Site> {
        Site::start(self.binary, folder, None, 1)
    }
}

/// Runs the scenarios and prints a table.
pub fn main(root: &Path, options: &Options) -> ExitCode {
    match run(root, options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("crash: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all was well.
fn run(root: &Path, options: &Options) -> Fallible<bool> {
    let binary = match &options.florin {
        Some(path) => path.canonicalize()?,
        None => build(root)?,
    };
    let programs = Programs::find()?;
    let scratch = tempfile::Builder::new().prefix("florin-crash-").tempdir_in(&options.scratch)?;
    std::fs::set_permissions(scratch.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711))?;
    println!("Machine: {}; {}.\n", machine::describe(scratch.path())?, programs.version()?);
    println!("{}", tally::HEAD);
    // Processes die with the thread that started them, so all are started here; clients run on the others.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut all_well = true;
    for (number, scenario) in ALL.into_iter().enumerate() {
        if !options.only.is_empty() && !options.only.contains(&scenario) {
            continue;
        }
        let folder = scratch.path().join(number.to_string());
        std::fs::create_dir(&folder)?;
        std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o711))?;
        let ground = Ground { options, programs: &programs, binary: &binary, folder };
        let begun = Instant::now();
        match runtime.block_on(play(scenario, &ground)) {
            Ok(Outcome::Played(tally)) => {
                println!("{}", tally.line(scenario.title(), begun.elapsed()));
                all_well &= tally.is_well();
            }
            Ok(Outcome::Skipped(reason)) => println!("| {} | skipped: {reason} |", scenario.title()),
            Err(error) => return Err(format!("{}: {error}", scenario.title()).into()),
        }
    }
    Ok(all_well)
}

async fn play(scenario: Scenario, ground: &Ground<'_>) -> Fallible<Outcome> {
    match scenario {
        Scenario::ProcessSqlite => process::on_sqlite(ground).await.map(Outcome::Played),
        Scenario::ProcessPostgres => process::on_postgres(ground).await.map(Outcome::Played),
        Scenario::Server => server::killed(ground).await.map(Outcome::Played),
        Scenario::Commit => commit::cut(ground).await.map(Outcome::Played),
        Scenario::Failover => failover::promoted(ground).await.map(Outcome::Played),
        Scenario::DiskSqlite => disk::full_under_sqlite(ground).await,
        Scenario::DiskPostgres => disk::full_under_postgres(ground).await,
    }
}

/// The binary as its users get it.
fn build(root: &Path) -> Fallible<PathBuf> {
    eprintln!("crash: building florin-gateway");
    let status =
        Command::new("cargo").args(["build", "--release", "-p", "florin-gateway"]).current_dir(root).status()?;
    if !status.success() {
        return Err("cargo build --release -p florin-gateway failed".into());
    }
    Ok(crate::target(root).join("release/florin"))
}
