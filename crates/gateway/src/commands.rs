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
pub mod user;
pub mod vault;

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
    /// The key that stored cards are sealed under
    #[command(subcommand)]
    Vault(Vault),
    /// People who use the portal; while florin serve runs on SQLite, use the portal or its API instead
    #[command(subcommand)]
    User(User),
    /// Check configuration, database, keys, clock and providers
    Doctor(ServeFlags),
}

#[derive(Subcommand)]
enum Ledger {
    /// Replay every transfer and compare with the payments; works beside a running server
    Verify,
}

#[derive(Subcommand)]
enum User {
    /// Add somebody, and print a one-time link to choose a password by
    Add(user::AddFlags),
    /// Print another one-time link for somebody, with which a lost password is replaced
    Link(user::LinkFlags),
}

#[derive(Subcommand)]
enum Vault {
    /// Tell its versions, how many stored cards each seals, and which may go
    Status,
    /// Add a version that seals nothing yet, for every server to learn first
    Prepare,
    /// Put the newest version in force, beside running servers
    Rotate,
}

/// Runs what the command line asks for. Exit status: 0 fine, 1 not, 2 the command line itself is wrong.
pub fn run(registry: Registry<'_>) -> ExitCode {
    let cli = Cli::parse();
    let flags = match &cli.command {
        Command::Serve(flags) | Command::Doctor(flags) => flags.clone(),
        Command::Migrate
        | Command::Ledger(Ledger::Verify)
        | Command::Backup { .. }
        | Command::Vault(_)
        | Command::User(_) => ServeFlags::default(),
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
            Command::Vault(Vault::Status) => vault::status(&config).await,
            Command::Vault(Vault::Prepare) => vault::prepare(&config).await,
            Command::Vault(Vault::Rotate) => vault::rotate(&config).await,
            Command::User(User::Add(flags)) => user::add(&config, flags).await,
            Command::User(User::Link(flags)) => user::link(&config, flags).await,
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
