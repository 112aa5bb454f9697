//! The binary `florin`. This file and its module [`simulated`] alone name the providers.

use std::process::ExitCode;

mod simulated;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    florin_gateway::commands::run(&simulated::registry)
}
