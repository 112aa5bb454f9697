//! `cargo xtask sim`: seeded histories of the real kernel, engine and store in a world that goes wrong, and what must be
//! true of every one of them. One seed is one history, to the byte.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

mod acquirer;
mod chain;
mod chance;
mod coins;
#[cfg(any(test, feature = "sabotage"))]
mod controls;
mod life;
mod merchant;
mod office;
mod oracles;
mod orders;
mod receiver;
mod report;
mod stage;
mod store;
#[cfg(test)]
mod tests;
mod trace;
mod weather;
mod withdrawals;
mod witness;
mod world;

use report::Report;
use world::{History, StoreKind, play};

/// What to play.
#[derive(clap::Args)]
pub struct Options {
    /// How many histories, from seed 0 on, or from --seed on.
    #[arg(long)]
    seeds: Option<u64>,
    /// The first seed; alone: this one history, told in full.
    #[arg(long)]
    seed: Option<u64>,
    /// What remembers the payments.
    #[arg(long, value_enum, default_value = "memory")]
    store: StoreKind,
    /// Plants a defect by its name and tells how it is noticed; needs a build with the feature `sabotage`.
    #[arg(long, value_name = "DEFECT")]
    sabotage: Option<String>,
    /// Threads; as many as there are processors, if nothing is said.
    #[arg(long)]
    jobs: Option<usize>,
}

/// Plays histories and tells what was wrong with them; fails if anything was.
pub fn main(options: &Options) -> ExitCode {
    if let Some(name) = &options.sabotage {
        return sabotage(name);
    }
    let report = match (options.seed, options.seeds) {
        (Some(seed), None) => tell(seed, options.store),
        (first, seeds) => {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            let first = first.unwrap_or(0);
            run(first..first + seeds.unwrap_or(1_000), options.store, options.jobs.unwrap_or(cores), &report::progress)
        }
    };
    println!("{report}");
    if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plants a defect and runs the suite that must notice it.
#[cfg(feature = "sabotage")]
fn sabotage(name: &str) -> ExitCode {
    use florin_kernel::sabotage::{DEFECTS, plant};
    let Some(defect) = DEFECTS.into_iter().find(|defect| defect.name() == name) else {
        let names: Vec<&str> = DEFECTS.iter().map(|defect| defect.name()).collect();
        eprintln!("no defect is called {name}; there are {}", names.join(", "));
        return ExitCode::FAILURE;
    };
    plant(Some(defect));
    let suite = controls::Suite::against(defect);
    let noticed = suite.first_fault();
    plant(None);
    match noticed {
        Some(fault) => {
            println!("{name} is noticed by {suite:?}: {fault}");
            ExitCode::SUCCESS
        }
        None => {
            println!("{name} goes unnoticed by {suite:?}");
            ExitCode::FAILURE
        }
    }
}

/// This build has nothing to plant.
#[cfg(not(feature = "sabotage"))]
fn sabotage(name: &str) -> ExitCode {
    eprintln!("cargo run -p xtask --features sabotage -- sim --sabotage {name}");
    ExitCode::FAILURE
}

/// One history, told in full.
fn tell(seed: u64, store: StoreKind) -> Report {
    let begun = Instant::now();
    let history = play(seed, store);
    for line in &history.lines {
        println!("{line}");
    }
    println!("The history's number is {:016x}; the same seed gives the same.", history.hash);
    let mut report = Report::default();
    report.add(&history);
    report.took = begun.elapsed();
    report
}

/// Plays the histories of a range of seeds on so many threads.
fn run(seeds: std::ops::Range<u64>, store: StoreKind, jobs: usize, progress: &(dyn Fn(&Report) + Sync)) -> Report {
    let begun = Instant::now();
    let (next, report) = (AtomicU64::new(seeds.start), Mutex::new(Report::default()));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            let history: History = play(seed, store);
            let mut report = report.lock().expect("no holder of the lock panics");
            report.add(&history);
            report.took = begun.elapsed();
            progress(&report);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(work);
        }
    });
    report.into_inner().expect("no holder of the lock panics")
}
