//! What the kernel must not touch, and the few files that may read a clock.

use super::Fault;
use super::source::{Named, Source};

/// Time, chance and the world outside come into the kernel as parameters.
pub fn kernel(source: &Source) -> Vec<Fault> {
    const REFUSED: [&str; 18] = [
        "tokio",
        "std::fs",
        "std::net",
        "std::env",
        "std::io",
        "std::process",
        "std::thread",
        "std::time::SystemTime",
        "std::time::Instant",
        "SystemTime",
        "Instant",
        "Timestamp::now",
        "Zoned::now",
        "jiff::Timestamp::now",
        "jiff::Zoned::now",
        "rand",
        "getrandom",
        "tracing",
    ];
    // Addresses are values; opening one is not.
    const VALUES: [&str; 3] = ["std::net::IpAddr", "std::net::Ipv4Addr", "std::net::Ipv6Addr"];
    if !source.path.starts_with("crates/kernel/src/") {
        return Vec::new();
    }
    let refused =
        |name: &Named| REFUSED.iter().any(|module| name.is_in(module)) && !VALUES.iter().any(|value| name.is_in(value));
    let fault = |name: Named| {
        let text =
            format!("the kernel names `{}`; pass what is needed as a parameter, and act in the engine", name.path);
        source.fault(name.line, text)
    };
    source.names().into_iter().filter(refused).map(fault).collect()
}

/// The time of day is read in few places; everything else is told the time, so that test clocks hold everywhere.
pub fn clock(source: &Source) -> Vec<Fault> {
    const READERS: [&str; 4] = [
        "crates/engine/src/clock.rs",
        // Its task is to look at the system's clock.
        "crates/gateway/src/commands/doctor.rs",
        // The demo shop stands for a merchant's server, which has a clock of its own.
        "crates/gateway/src/pages/inbox.rs",
        "xtask/",
    ];
    const NOW: [&str; 4] = ["SystemTime::now", "Timestamp::now", "Zoned::now", "SystemTime::UNIX_EPOCH"];
    if source.is_test() || READERS.iter().any(|reader| source.path.starts_with(reader)) {
        return Vec::new();
    }
    let refused = |name: &Named| NOW.iter().any(|now| name.ends_with(now));
    let fault = |name: Named| {
        let text = format!("`{}` outside the files that read the clock; take the time as a parameter", name.path);
        source.fault(name.line, text)
    };
    source.names().into_iter().filter(refused).map(fault).collect()
}
