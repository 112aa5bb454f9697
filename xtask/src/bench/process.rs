//! Child processes that end with the run, and what the kernel counts about them.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Fallible;

/// A child that is killed when this is dropped.
pub struct Guarded(pub Child);

impl Guarded {
    /// Asks it to end and waits; kills it after `patience`.
    pub fn stop(&mut self, signal: &str, patience: Duration) -> Fallible<()> {
        Command::new("kill").args([signal, &self.0.id().to_string()]).status()?;
        let end = Instant::now() + patience;
        while self.0.try_wait()?.is_none() {
            if Instant::now() > end {
                self.0.kill()?;
                self.0.wait()?;
                return Err("a process did not end when asked to".into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A command that the kernel kills when this process dies, however it dies, run as `user` if one is given.
pub fn dying_with_us(program: &Path, user: Option<&str>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if let Some(user) = user {
        command.args(["--reuid", user, "--regid", user, "--clear-groups"]);
    }
    command.arg("--").arg(program).stdin(Stdio::null());
    command
}

/// Resident memory of a process in KiB: now, and at its highest.
pub fn resident_kib(process: u32) -> Fallible<(u64, u64)> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse().ok())
    };
    field("VmRSS:").zip(field("VmHWM:")).ok_or_else(|| "no memory figures in /proc".into())
}

/// Processor time a process has used, in user and kernel mode.
pub fn processor_time(process: u32) -> Fallible<Duration> {
    /// Linux reports in hundredths of a second on every architecture we build for.
    const TICK: Duration = Duration::from_millis(10);
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // Fields count from behind the name, which may hold blanks: 14 and 15 of proc_pid_stat(5).
    let (_, rest) = stat.rsplit_once(')').ok_or("no processor times in /proc")?;
    let ticks = rest.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum::<u32>();
    Ok(TICK * ticks)
}
