//! Development tools of Florin; nothing of this ships in the binary.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bench;
mod crash;
mod postgres;
mod process;
mod sim;
mod tidy;

/// What went wrong, for the person at the terminal.
type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// Development tools of Florin.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    tool: Tool,
}

#[derive(Subcommand)]
enum Tool {
    /// Checks the rules of the source that the compiler cannot hold.
    Tidy,
    /// Plays seeded histories in a world that goes wrong, and checks what must be true of each.
    Sim(sim::Options),
    /// Kills processes and databases under load, cuts connections and fills disks, and counts what is lost: nothing.
    Crash(crash::Options),
    /// Measures payments a second, latency, memory and start-up, and prints a Markdown table.
    Bench(bench::Options),
}

fn main() -> ExitCode {
    match Arguments::parse().tool {
        Tool::Tidy => tidy::main(&repository_root()),
        Tool::Sim(options) => sim::main(&options),
        Tool::Crash(options) => crash::main(&repository_root(), &options),
        Tool::Bench(options) => bench::main(&repository_root(), options),
    }
}

/// The folder of the workspace, wherever the command was typed.
fn repository_root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().expect("xtask lies in the workspace's folder").to_owned()
}

/// Where Cargo puts what it builds.
fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}
