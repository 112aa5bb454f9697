//! The ordinary way, measured beside ours: PostgreSQL with its default durability, per-row statements, two transactions a
//! payment, driven by pgbench with the script kept in `bench/`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Fallible;
use super::process::{Guarded, dying_with_us};

/// What was measured: the best over several numbers of clients.
pub struct Measured {
    pub version: String,
    pub runs: Vec<Run>,
}

/// One run of pgbench.
pub struct Run {
    pub clients: u32,
    pub payments_per_s: f64,
}

impl Measured {
    /// The fastest run.
    pub fn best(&self) -> Option<&Run> {
        self.runs.iter().max_by(|a, b| a.payments_per_s.total_cmp(&b.payments_per_s))
    }
}

const ROLE: &str = "florin";
const SUPERUSER: &str = "0";

/// Runs `ordinary.sql` against a fresh cluster.
///
/// # Errors
/// PostgreSQL is missing and cannot be installed, or does not start.
pub fn measure(scripts: &Path, folder: &Path, seconds: u64) -> Fallible<Measured> {
    let programs = programs()?;
    let user = server_user()?;
    std::fs::create_dir_all(folder)?;
    if let Some((_, user_id, group_id)) = &user {
        std::os::unix::fs::chown(folder, Some(*user_id), Some(*group_id))?;
        // The scratch folder above is made for its owner only; the server must pass through it.
        let above = folder.parent().ok_or("the scratch folder has no parent")?;
        std::fs::set_permissions(above, std::os::unix::fs::PermissionsExt::from_mode(0o711))?;
    }
    let user = user.as_ref().map(|(name, _, _)| name.as_str());
    let cluster = folder.join("cluster");
    let initdb = dying_with_us(&programs.join("initdb"), user)
        .args(["--auth=trust", "--encoding=UTF8", "--no-locale", "-U", ROLE, "-D"])
        .arg(&cluster)
        .current_dir(folder)
        .stdout(Stdio::null())
        .status()?;
    if !initdb.success() {
        return Err("initdb failed".into());
    }
    let mut server = start(&programs, user, &cluster, folder)?;
    run_script(&programs, folder, &scripts.join("schema.sql"))?;
    let half = seconds.div_ceil(2);
    let mut runs = Vec::new();
    for (clients, seconds) in [(8, half), (16, half), (32, half), (64, seconds)] {
        eprintln!("bench: PostgreSQL the ordinary way, {clients} clients, {seconds} s");
        let script = scripts.join("ordinary.sql");
        // A short run first, so that caches and connections are warm.
        pgbench(&programs, folder, &script, clients, 2)?;
        runs.push(Run { clients, payments_per_s: pgbench(&programs, folder, &script, clients, seconds)? });
    }
    let version = output(Command::new(programs.join("postgres")).arg("--version"))?;
    // SIGINT is PostgreSQL's fast shutdown.
    server.stop("-INT", Duration::from_secs(60))?;
    Ok(Measured { version: version.trim().replace("postgres (PostgreSQL)", "PostgreSQL"), runs })
}

/// The server's durability settings stay PostgreSQL's own defaults; buffers and log are larger than them, in its favour.
fn start(programs: &Path, user: Option<&str>, cluster: &Path, sockets: &Path) -> Fallible<Guarded> {
    let settings = ["listen_addresses=", "max_connections=200", "shared_buffers=1GB", "max_wal_size=8GB"];
    let mut command = dying_with_us(&programs.join("postgres"), user);
    command.arg("-D").arg(cluster).arg("-k").arg(sockets).current_dir(sockets);
    for setting in settings {
        command.args(["-c", setting]);
    }
    let log = std::fs::File::create(sockets.join("log"))?;
    let server = Guarded(command.stdout(Stdio::null()).stderr(log).spawn()?);
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let ready = Command::new(programs.join("pg_isready")).arg("-q").arg("-h").arg(sockets).status()?;
        if ready.success() {
            return Ok(server);
        }
        if Instant::now() > end {
            let log = std::fs::read_to_string(sockets.join("log")).unwrap_or_default();
            return Err(format!("PostgreSQL did not start:\n{log}").into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn run_script(programs: &Path, sockets: &Path, script: &Path) -> Fallible<()> {
    let mut command = Command::new(programs.join("psql"));
    command
        .args(["-q", "-v", "ON_ERROR_STOP=1", "-U", ROLE, "-d", "postgres", "-h"])
        .arg(sockets)
        .arg("-f")
        .arg(script);
    if command.status()?.success() { Ok(()) } else { Err(format!("{} failed", script.display()).into()) }
}

fn pgbench(programs: &Path, sockets: &Path, script: &Path, clients: u32, seconds: u64) -> Fallible<f64> {
    let mut command = Command::new(programs.join("pgbench"));
    command.args(["-n", "-M", "prepared", "-j", "2", "-U", ROLE, "-h"]).arg(sockets);
    command.args(["-c", &clients.to_string(), "-T", &seconds.to_string(), "-f"]).arg(script).arg("postgres");
    let text = output(command.stderr(Stdio::inherit()))?;
    let line = text.lines().find_map(|line| line.strip_prefix("tps = ")).ok_or("pgbench told no rate")?;
    if text.lines().any(|line| line.starts_with("number of failed transactions") && !line.contains(" 0 ")) {
        return Err(format!("pgbench had failures:\n{text}").into());
    }
    Ok(line.split_whitespace().next().unwrap_or("0").parse()?)
}

/// The folder of PostgreSQL's programs: the newest of Debian's, else what `pg_config` names, else installed now.
fn programs() -> Fallible<PathBuf> {
    if let Some(found) = installed() {
        return Ok(found);
    }
    eprintln!("bench: installing Debian's postgresql");
    let status = Command::new("apt-get").args(["install", "-y", "postgresql"]).stdout(Stdio::null()).status();
    match (status, installed()) {
        (Ok(status), Some(found)) if status.success() => Ok(found),
        _ => Err("PostgreSQL is missing; install Debian's package postgresql, or use --only http".into()),
    }
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

/// PostgreSQL refuses to run as root; then it runs as `postgres`, else as `nobody`: name, user and group number.
fn server_user() -> Fallible<Option<(String, u32, u32)>> {
    if output(Command::new("id").arg("-u"))?.trim() != SUPERUSER {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd")?;
    let find = |name: &str| {
        let fields: Vec<&str> = users.lines().find(|line| line.split(':').next() == Some(name))?.split(':').collect();
        Some((name.to_owned(), fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
    };
    let user = find("postgres").or_else(|| find("nobody")).ok_or("there is no user postgres or nobody to run as")?;
    Ok(Some(user))
}

fn output(command: &mut Command) -> Fallible<String> {
    let output = command.output()?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr)).into())
    }
}
