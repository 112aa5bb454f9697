//! The ordinary way, measured beside ours: PostgreSQL with its default durability, per-row statements, two transactions a
//! payment, driven by pgbench with the script kept in `bench/`; and the release binary over HTTP on the same server.

use std::path::Path;
use std::process::{Command, Stdio};

use super::server::{self, Closed};
use crate::Fallible;
use crate::postgres::{Cluster, Listen, Programs, output};

/// What was measured.
pub struct Measured {
    pub version: String,
    /// The ordinary way, at several numbers of clients.
    pub runs: Vec<Run>,
    /// Ours over HTTP, at several numbers of connections.
    pub http: Vec<Closed>,
}

/// One run of pgbench.
pub struct Run {
    pub clients: u32,
    pub payments_per_s: f64,
}

impl Measured {
    /// The fastest run of the ordinary way.
    pub fn best(&self) -> Option<&Run> {
        self.runs.iter().max_by(|a, b| a.payments_per_s.total_cmp(&b.payments_per_s))
    }
}

/// Which server to measure on.
pub enum Place<'p> {
    /// A cluster made for the run.
    Own,
    /// One that is there: a URL of a user who may make databases.
    There(&'p str),
}

/// The server's durability settings stay PostgreSQL's own defaults; buffers and log are larger than them, in its favour.
const SETTINGS: [&str; 3] = ["max_connections=200", "shared_buffers=1GB", "max_wal_size=8GB"];

/// Runs `ordinary.sql` and the binary, each on a database of its own on one server.
///
/// # Errors
/// PostgreSQL is missing and cannot be installed, or does not start; or a payment is not successful.
pub fn measure(place: Place<'_>, scripts: &Path, binary: &Path, folder: &Path, seconds: u64) -> Fallible<Measured> {
    let programs = Programs::find()?;
    match place {
        Place::There(url) => {
            let version = output(programs.client("psql").args(["-A", "-t", "-c", "SHOW server_version"]).arg(url))?;
            std::fs::create_dir_all(folder)?;
            on(&programs, &|name| with_name(url, name), scripts, binary, folder, seconds).map(|(runs, http)| Measured {
                version: format!("PostgreSQL {}", version.trim()),
                runs,
                http,
            })
        }
        Place::Own => {
            let mut cluster = Cluster::make(&programs, folder, Listen::Socket, &SETTINGS)?;
            cluster.start()?;
            let url = |name: &str| cluster.url(name);
            let (runs, http) = on(&programs, &url, scripts, binary, folder, seconds)?;
            cluster.stop()?;
            Ok(Measured { version: programs.version()?, runs, http })
        }
    }
}

/// Both measurements; `url` names a database of the server.
fn on(
    programs: &Programs,
    url: &dyn Fn(&str) -> String,
    scripts: &Path,
    binary: &Path,
    folder: &Path,
    seconds: u64,
) -> Fallible<(Vec<Run>, Vec<Closed>)> {
    let names = ["ordinary", "http"].map(|way| format!("florin_bench_{way}_{}", std::process::id()));
    let administer = |sql: String| {
        let mut psql = programs.client("psql");
        output(psql.args(["-q", "-X", "-v", "ON_ERROR_STOP=1", "-c", &sql]).arg(url("postgres"))).map(drop)
    };
    for name in &names {
        administer(format!("CREATE DATABASE {name}"))?;
    }
    let runs = ordinary(programs, &url(&names[0]), scripts, seconds);
    let http = runs.and_then(|runs| Ok((runs, ours(&url(&names[1]), binary, folder, seconds)?)));
    for name in &names {
        administer(format!("DROP DATABASE {name} WITH (FORCE)"))?;
    }
    http
}

fn ordinary(programs: &Programs, url: &str, scripts: &Path, seconds: u64) -> Fallible<Vec<Run>> {
    let mut schema = programs.client("psql");
    output(schema.args(["-q", "-X", "-v", "ON_ERROR_STOP=1", "-f"]).arg(scripts.join("schema.sql")).arg(url))?;
    let half = seconds.div_ceil(2);
    let mut runs = Vec::new();
    for (clients, seconds) in [(8, half), (16, half), (32, half), (64, seconds)] {
        eprintln!("bench: PostgreSQL the ordinary way, {clients} clients, {seconds} s");
        let script = scripts.join("ordinary.sql");
        // A short run first, so that caches and connections are warm.
        pgbench(programs, url, &script, clients, 2)?;
        runs.push(Run { clients, payments_per_s: pgbench(programs, url, &script, clients, seconds)? });
    }
    Ok(runs)
}

fn ours(url: &str, binary: &Path, folder: &Path, seconds: u64) -> Fallible<Vec<Closed>> {
    let half = seconds.div_ceil(2);
    let runs = [(16, half), (64, seconds), (256, half)];
    server::closed_loops(binary, &folder.join("florin"), Some(url), &runs)
}

fn pgbench(programs: &Programs, url: &str, script: &Path, clients: u32, seconds: u64) -> Fallible<f64> {
    let mut command: Command = programs.client("pgbench");
    command.args(["-n", "-M", "prepared", "-j", "2"]);
    command.args(["-c", &clients.to_string(), "-T", &seconds.to_string(), "-f"]).arg(script).arg(url);
    let text = output(command.stderr(Stdio::inherit()))?;
    let line = text.lines().find_map(|line| line.strip_prefix("tps = ")).ok_or("pgbench told no rate")?;
    if text.lines().any(|line| line.starts_with("number of failed transactions") && !line.contains(" 0 ")) {
        return Err(format!("pgbench had failures:\n{text}").into());
    }
    Ok(line.split_whitespace().next().unwrap_or("0").parse()?)
}

/// A server's URL with another database's name.
fn with_name(url: &str, name: &str) -> String {
    let (address, query) = url.split_once('?').map_or((url, None), |(address, query)| (address, Some(query)));
    let begin = address.find("://").map_or(0, |at| at + 3);
    let end = address[begin..].find('/').map_or(address.len(), |at| begin + at);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}/{name}{query}", &address[..end])
}

#[cfg(test)]
mod tests {
    use super::with_name;

    #[test]
    fn a_url_names_another_database() {
        for (url, expected) in [
            ("postgres://florin@db:5432/florin", "postgres://florin@db:5432/bench"),
            ("postgres://florin@db", "postgres://florin@db/bench"),
            ("postgres://florin@/old?host=/run/pg", "postgres://florin@/bench?host=/run/pg"),
        ] {
            assert_eq!(with_name(url, "bench"), expected);
        }
    }
}
