//! The command line: one module per command.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, DataFlags, ServeFlags};
use crate::registry::Registry;
use crate::telemetry;

pub mod backup;
pub mod doctor;
pub mod ledger;
pub mod migrate;
pub mod serve;

/// A self-hosted payment gateway
#[derive(Parser)]
#[command(name = "florin", version, about, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    data: DataFlags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the gateway
    Serve(ServeFlags),
    /// Bring the database up to date, and stop
    Migrate,
    /// Look at the book
    #[command(subcommand)]
    Ledger(Ledger),
    /// Copy the embedded database into a new file; works beside a running server
    Backup {
        /// The file to make
        file: PathBuf,
    },
    /// Check configuration, database, keys, clock and providers
    Doctor(ServeFlags),
}

#[derive(Subcommand)]
enum Ledger {
    /// Replay every transfer and compare with the payments; works beside a running server
    Verify,
}

/// Runs what the command line asks for. Exit status: 0 fine, 1 not, 2 the command line itself is wrong.
pub fn run(registry: Registry<'_>) -> ExitCode {
    let cli = Cli::parse();
    let flags = match &cli.command {
        Command::Serve(flags) | Command::Doctor(flags) => flags.clone(),
        Command::Migrate | Command::Ledger(Ledger::Verify) | Command::Backup { .. } => ServeFlags::default(),
    };
    let config = match Config::resolve(&cli.data, &flags) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("florin: {error}");
            return ExitCode::from(2);
        }
    };
    telemetry::log(&config);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("florin: no threads to run on: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ran = runtime.block_on(async {
        match &cli.command {
            Command::Serve(_) => serve::run(&config, registry).await,
            Command::Migrate => migrate::run(&config).await,
            Command::Ledger(Ledger::Verify) => ledger::verify(&config).await,
            Command::Backup { file } => backup::run(&config, file).await,
            Command::Doctor(_) => doctor::run(&config, registry).await,
        }
    });
    match ran {
        Ok(code) => code,
        Err(sentence) => {
            eprintln!("florin: {sentence}");
            ExitCode::FAILURE
        }
    }
}
