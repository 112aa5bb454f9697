//! Child processes that end with the run, and what the kernel counts about them.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Fallible;

/// A child that is killed when this is dropped.
pub struct Guarded(pub Child);

impl Guarded {
    /// Asks it to end and waits; kills it after `patience`.
    pub fn stop(&mut self, signal: &str, patience: Duration) -> Fallible<()> {
        self::signal(signal, &[self.0.id()])?;
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

/// Sends a signal, as `-KILL`, to processes. One that has ended meanwhile is no matter.
///
/// # Errors
/// There is no shell.
pub fn signal(signal: &str, processes: &[u32]) -> Fallible<()> {
    let processes: Vec<String> = processes.iter().map(u32::to_string).collect();
    // The shell's own `kill`: the program of that name is not on every machine.
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("kill {signal} {}", processes.join(" "))]).stderr(Stdio::null()).status()?;
    Ok(())
}

/// The processes that a process has made.
///
/// # Errors
/// There is no `/proc`.
pub fn children(process: u32) -> Fallible<Vec<u32>> {
    let parent = |id: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // Behind the name, which may hold blanks: the state, then the parent.
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse::<u32>().ok()
    };
    let all = std::fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Ok(all.filter(|id| parent(id) == Some(process)).collect())
}

/// Whether a process has ended, also if nobody has asked how.
pub fn is_gone(process: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{process}/stat")) else { return true };
    stat.rsplit_once(')').is_none_or(|(_, rest)| rest.trim_start().starts_with(['Z', 'X']))
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
