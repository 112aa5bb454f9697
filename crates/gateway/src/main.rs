//! The binary `florin`. This file and its modules [`simulated`] and [`nodes`] alone name the providers.

use std::process::ExitCode;

mod nodes;
mod simulated;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    florin_gateway::commands::run(&simulated::registry)
}
