//! PostgreSQL clusters of our own: made, started, killed, copied and promoted. Everything they listen to is loopback or a
//! socket in their folder. Knows nothing of Florin.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Fallible;
use crate::process::{Guarded, children, dying_with_us, is_gone, signal};

/// The superuser of our clusters.
pub const ROLE: &str = "florin";
const ROOT: &str = "0";
/// How long a server may take to start, recovery included.
const START_MAX: Duration = Duration::from_secs(60);

/// The programs of a PostgreSQL and the user they can run as.
pub struct Programs {
    folder: PathBuf,
    user: Option<User>,
}

struct User {
    name: String,
    id: u32,
    group: u32,
}

/// Where a server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// In the cluster's folder only.
    Socket,
    /// At this port of 127.0.0.1 too.
    Port(u16),
}

/// A cluster in a folder, running or not.
pub struct Cluster<'p> {
    programs: &'p Programs,
    folder: PathBuf,
    listen: Listen,
    settings: Vec<String>,
    process: Option<Guarded>,
}

impl Programs {
    /// The newest of Debian's, else what `pg_config` names, else installed now.
    ///
    /// # Errors
    /// There are none and they cannot be installed.
    pub fn find() -> Fallible<Programs> {
        let user = server_user()?;
        if let Some(folder) = installed() {
            return Ok(Programs { folder, user });
        }
        eprintln!("installing Debian's postgresql");
        let status = Command::new("apt-get").args(["install", "-y", "postgresql"]).stdout(Stdio::null()).status();
        match (status, installed()) {
            (Ok(status), Some(folder)) if status.success() => Ok(Programs { folder, user: server_user()? }),
            _ => Err("PostgreSQL is missing; install Debian's package postgresql".into()),
        }
    }

    /// What the server calls itself.
    pub fn version(&self) -> Fallible<String> {
        let version = output(self.client("postgres").arg("--version"))?;
        Ok(version.trim().replace("postgres (PostgreSQL)", "PostgreSQL"))
    }

    /// A program that speaks to a server.
    pub fn client(&self, name: &str) -> Command {
        Command::new(self.folder.join(name))
    }

    /// A program that works on a cluster's files, run as the user who owns them.
    fn keeper(&self, name: &str) -> Command {
        dying_with_us(&self.folder.join(name), self.user.as_ref().map(|user| user.name.as_str()))
    }

    /// Makes a folder that the server's user owns. The one above must let it pass.
    fn make_folder(&self, folder: &Path) -> Fallible<()> {
        std::fs::create_dir_all(folder)?;
        if let Some(user) = &self.user {
            std::os::unix::fs::chown(folder, Some(user.id), Some(user.group))?;
            let above = folder.parent().ok_or("the cluster's folder has no parent")?;
            std::fs::set_permissions(above, std::os::unix::fs::PermissionsExt::from_mode(0o711))?;
        }
        Ok(())
    }
}

impl<'p> Cluster<'p> {
    /// Makes a cluster in a new folder. It does not run yet. `settings` are the server's, as `name=value`; durability is
    /// PostgreSQL's default without.
    ///
    /// # Errors
    /// `initdb` fails.
    pub fn make(programs: &'p Programs, folder: &Path, listen: Listen, settings: &[&str]) -> Fallible<Cluster<'p>> {
        programs.make_folder(folder)?;
        let mut initdb = programs.keeper("initdb");
        initdb.args(["--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "-U", ROLE, "-D"]);
        run(initdb.arg(folder.join("data")).current_dir(folder))?;
        Ok(Cluster::at(programs, folder, listen, settings))
    }

    fn at(programs: &'p Programs, folder: &Path, listen: Listen, settings: &[&str]) -> Cluster<'p> {
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        Cluster { programs, folder: folder.to_owned(), listen, settings, process: None }
    }

    /// Copies a running cluster into a new folder, as its standby. It does not run yet.
    ///
    /// # Errors
    /// `pg_basebackup` fails.
    pub fn standby_of(primary: &Cluster<'p>, folder: &Path, listen: Listen) -> Fallible<Cluster<'p>> {
        primary.programs.make_folder(folder)?;
        let mut copy = primary.programs.keeper("pg_basebackup");
        copy.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync", "-U", ROLE, "-h"]).arg(&primary.folder);
        copy.args(["-p", &primary.port().to_string(), "-D"]);
        run(copy.arg(folder.join("data")).current_dir(folder))?;
        let settings: Vec<&str> = primary.settings.iter().map(String::as_str).collect();
        Ok(Cluster::at(primary.programs, folder, listen, &settings))
    }

    /// Starts the server and waits until it takes connections.
    ///
    /// # Errors
    /// It ends, or takes too long.
    pub fn start(&mut self) -> Fallible<()> {
        let log = std::fs::File::options().create(true).append(true).open(self.log())?;
        let mut command = self.programs.keeper("postgres");
        command.arg("-D").arg(self.folder.join("data")).arg("-k").arg(&self.folder);
        command.args(["-p", &self.port().to_string()]).current_dir(&self.folder);
        let address = if self.listen == Listen::Socket { "" } else { "127.0.0.1" };
        for setting in [format!("listen_addresses={address}")].iter().chain(&self.settings) {
            command.args(["-c", setting]);
        }
        let mut server = Guarded(command.stdout(Stdio::null()).stderr(log).spawn()?);
        let end = Instant::now() + START_MAX;
        loop {
            let mut asked = self.programs.client("pg_isready");
            asked.args(["-q", "-p", &self.port().to_string(), "-h"]).arg(&self.folder);
            if asked.status()?.success() {
                self.process = Some(server);
                return Ok(());
            }
            if Instant::now() > end || server.0.try_wait()?.is_some() {
                return Err(format!("PostgreSQL did not start:\n{}", self.last_words()).into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// SIGKILL for the server and every process of it at once, as when the machine loses its power, except that what is in
    /// the operating system's cache stays. Does nothing to one that is not running.
    ///
    /// # Errors
    /// Signals cannot be sent.
    pub fn kill(&mut self) -> Fallible<()> {
        let Some(server) = self.process.take() else { return Ok(()) };
        let id = server.0.id();
        // Stopped first, so that it makes no process while they are counted.
        signal("-STOP", &[id])?;
        let mut all = children(id)?;
        all.push(id);
        signal("-KILL", &all)?;
        drop(server);
        // A process that is still there holds the shared memory, and a new server would refuse to start.
        let end = Instant::now() + START_MAX;
        while !all.iter().all(|id| is_gone(*id)) {
            if Instant::now() > end {
                return Err("a process of PostgreSQL survived SIGKILL".into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Ends the server as an operator in a hurry does.
    ///
    /// # Errors
    /// It does not end within a minute.
    pub fn stop(&mut self) -> Fallible<()> {
        // SIGINT is PostgreSQL's fast shutdown.
        self.process.take().map_or(Ok(()), |mut server| server.stop("-INT", START_MAX))
    }

    /// Whether the server has not ended.
    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(|server| matches!(server.0.try_wait(), Ok(None)))
    }

    /// Makes a standby the primary, and waits for it.
    ///
    /// # Errors
    /// `pg_ctl promote` fails.
    pub fn promote(&self) -> Fallible<()> {
        let mut promote = self.programs.keeper("pg_ctl");
        run(promote.args(["promote", "-w", "-s", "-D"]).arg(self.folder.join("data")).current_dir(&self.folder))
    }

    /// Runs SQL in a database and tells the rows, unadorned.
    ///
    /// # Errors
    /// A statement fails.
    pub fn ask(&self, database: &str, sql: &str) -> Fallible<String> {
        Ok(output(self.psql(database).args(["-A", "-t", "-c", sql]))?.trim().to_owned())
    }

    /// `psql` on a database.
    pub fn psql(&self, database: &str) -> Command {
        let mut psql = self.reach("psql");
        psql.args(["-q", "-X", "-v", "ON_ERROR_STOP=1", "-d", database]);
        psql
    }

    /// A program that speaks to this server, told how to reach it.
    pub fn reach(&self, name: &str) -> Command {
        let mut program = self.programs.client(name);
        program.args(["-U", ROLE, "-p", &self.port().to_string(), "-h"]).arg(&self.folder);
        program
    }

    /// The URL of a database: at the port if there is one, else at the socket.
    pub fn url(&self, database: &str) -> String {
        match self.listen {
            Listen::Port(port) => format!("postgres://{ROLE}@127.0.0.1:{port}/{database}"),
            Listen::Socket => format!("postgres://{ROLE}@/{database}?host={}", self.folder.display()),
        }
    }

    /// Where it listens, or is told to by its socket's name.
    pub fn port(&self) -> u16 {
        match self.listen {
            Listen::Port(port) => port,
            Listen::Socket => 5432,
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

/// A port that is free now and that outgoing connections are not given, so that it stays free while a server is down.
///
/// # Errors
/// There is none.
pub fn free_port() -> Fallible<Listen> {
    for _ in 0..100 {
        let port = fastrand::u16(20_000..32_000);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(Listen::Port(port));
        }
    }
    Err("no port is free".into())
}

fn installed() -> Option<PathBuf> {
    let version = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let debian =
        std::fs::read_dir("/usr/lib/postgresql").ok().into_iter().flatten().flatten().map(|entry| entry.path());
    let newest = debian.filter(|path| path.join("bin/initdb").exists()).max_by_key(version);
    newest.map(|path| path.join("bin")).or_else(|| {
        let path = PathBuf::from(output(Command::new("pg_config").arg("--bindir")).ok()?.trim());
        path.join("initdb").exists().then_some(path)
    })
}

/// PostgreSQL refuses to run as root; then it runs as `postgres`, else as `nobody`.
fn server_user() -> Fallible<Option<User>> {
    if !is_root()? {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd")?;
    let find = |name: &str| {
        let fields: Vec<&str> = users.lines().find(|line| line.split(':').next() == Some(name))?.split(':').collect();
        Some(User { name: name.to_owned(), id: fields.get(2)?.parse().ok()?, group: fields.get(3)?.parse().ok()? })
    };
    let user = find("postgres").or_else(|| find("nobody")).ok_or("there is no user postgres or nobody to run as")?;
    Ok(Some(user))
}

/// Whether this process may do everything.
///
/// # Errors
/// `id` cannot be run.
pub fn is_root() -> Fallible<bool> {
    Ok(output(Command::new("id").arg("-u"))?.trim() == ROOT)
}

fn run(command: &mut Command) -> Fallible<()> {
    output(command).map(drop)
}

/// What a command prints.
///
/// # Errors
/// It fails; then what it said.
pub fn output(command: &mut Command) -> Fallible<String> {
    let output = command.output()?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr)).into())
    }
}
