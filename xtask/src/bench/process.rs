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
        // The shell's own `kill`: the program of that name is not on every machine.
        Command::new("sh").args(["-c", &format!("kill {signal} {}", self.0.id())]).status()?;
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

/// The highest resident memory of a process so far, in KiB.
pub fn resident_max_kib(process: u32) -> Fallible<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no memory figures in /proc")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
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
