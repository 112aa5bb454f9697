//! Which machine this is: a figure without it says nothing.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use super::latency::Latencies;
use crate::Fallible;

/// One line about processor, memory, system and disk.
pub fn describe(scratch: &Path) -> Fallible<String> {
    let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let cores = std::thread::available_parallelism()?;
    let memory_kib: u64 = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split_whitespace().next().and_then(|number| number.parse().ok()))
        .unwrap_or(0);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let sync = fdatasync(scratch)?.percentiles(&[50.0, 99.0]);
    Ok(format!(
        "{cpu}, {cores} cores, {} GiB, Linux {}, fdatasync of 4 KiB {:.2} ms (p99 {:.2} ms)",
        (memory_kib + 524_288) / 1_048_576,
        kernel.trim(),
        sync[0].as_secs_f64() * 1000.0,
        sync[1].as_secs_f64() * 1000.0
    ))
}

/// How long the disk takes to make 4 KiB durable at the end of a file.
fn fdatasync(scratch: &Path) -> Fallible<Latencies> {
    let path = scratch.join("fdatasync");
    let mut file = File::create(&path)?;
    let mut latencies = Latencies::default();
    for _ in 0..500 {
        file.write_all(&[0x5a; 4096])?;
        let begin = Instant::now();
        file.sync_data()?;
        latencies.add(begin.elapsed());
    }
    fs::remove_file(path)?;
    Ok(latencies)
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}
