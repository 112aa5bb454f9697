//! One process of the gateway: started, killed, started again, at another port each time.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::Fallible;
use crate::process::{Guarded, dying_with_us, signal};

/// A node's `http://…` as those who ask it see it; the last one while it is down.
#[derive(Clone, Debug, Default)]
pub struct Address(Arc<Mutex<String>>);

impl Address {
    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn set(&self, base: &str) {
        base.clone_into(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// A process and what it is started with.
pub struct Node {
    binary: PathBuf,
    data: PathBuf,
    flags: Vec<String>,
    address: Address,
    process: Option<Guarded>,
}

const STOP_MAX: Duration = Duration::from_secs(30);
/// How often a start is tried while the database is away.
const START_MAX: Duration = Duration::from_secs(60);

impl Node {
    /// A node with its data in a folder; it does not run yet. `flags` are those that every command takes.
    pub fn new(binary: &Path, data: &Path, flags: Vec<String>) -> Node {
        let (binary, data) = (binary.to_owned(), data.to_owned());
        Node { binary, data, flags, address: Address::default(), process: None }
    }

    /// Where it listens.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Starts it and waits until it is ready; again and again, as a supervisor does, while its database is away.
    ///
    /// # Errors
    /// It does not get ready within a minute.
    pub fn start(&mut self) -> Fallible<()> {
        let end = Instant::now() + START_MAX;
        while !self.try_start()? {
            if Instant::now() > end {
                return Err(format!("florin does not start:\n{}", self.last_words()).into());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    fn try_start(&mut self) -> Fallible<bool> {
        let log = std::fs::File::options().create(true).append(true).open(self.log())?;
        let mut command = self.command(dying_with_us(&self.binary, None));
        command.args(["serve", "--demo", "--listen", "127.0.0.1:0", "--log-level", "info"]);
        let mut process = Guarded(command.stdout(Stdio::piped()).stderr(log).spawn()?);
        let output = process.0.stdout.take().ok_or("the node has no output")?;
        let mut lines = BufReader::new(output).lines();
        let line = lines.next().transpose()?.unwrap_or_default();
        let Some(base) = line.strip_prefix("florin ready on ") else { return Ok(false) };
        self.address.set(base);
        // What it prints later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        self.process = Some(process);
        Ok(true)
    }

    /// SIGKILL.
    ///
    /// # Errors
    /// It cannot be sent.
    pub fn kill(&mut self) -> Fallible<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        signal("-KILL", &[process.0.id()])?;
        process.0.wait()?;
        Ok(())
    }

    /// Ends it as an operator does.
    ///
    /// # Errors
    /// It does not end, or not with success.
    pub fn stop(&mut self) -> Fallible<()> {
        self.process.take().map_or(Ok(()), |mut process| process.stop("-TERM", STOP_MAX))
    }

    /// What a command of the binary says about the same data, and whether it succeeded.
    ///
    /// # Errors
    /// It cannot be run.
    pub fn say(&self, arguments: &[&str]) -> Fallible<(bool, String)> {
        let said = self.command(Command::new(&self.binary)).args(arguments).output()?;
        let text = String::from_utf8_lossy(&said.stdout) + String::from_utf8_lossy(&said.stderr);
        Ok((said.status.success(), text.into_owned()))
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    fn command(&self, mut command: Command) -> Command {
        // What the caller's environment says of other installations is no matter here.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("FLORIN_")) {
            command.env_remove(name);
        }
        command.arg("--data").arg(&self.data).args(&self.flags).current_dir(&self.data);
        command
    }

    /// Beside the data folder, which may be full.
    fn log(&self) -> PathBuf {
        self.data.with_extension("log")
    }
}
