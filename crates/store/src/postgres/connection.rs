//! Reaching the server: the URL, sessions with the settings that durability and speed rest on, the pool. Knows no table.

use std::time::Duration;

use async_recursion::async_recursion as boxed;
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::config::{Host, TargetSessionAttrs};
use tokio_postgres::{Client, Config, Error};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::rows::{get, open_error};
use super::tls::{Protection, roots_file};
use crate::OpenError;

/// The oldest server accepted, as `server_version_num` writes it.
const SERVER_MIN: i32 = 140_000;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a reader waits for a connection of the pool.
const WAIT_TIMEOUT: Duration = Duration::from_secs(5);
/// A server that is silent this long on the network is given up.
const SILENCE: Duration = Duration::from_secs(15);

/// Every table that is read by key has an index for it. Without statistics, which come a minute after the first rows, the
/// planner would read young tables whole, and keep such plans.
const SESSION: &str = "SET enable_seqscan = off; SET jit = off; SET TimeZone = 'UTC'; SET lock_timeout = '10s';
    SET idle_in_transaction_session_timeout = '60s'";
/// Rows are found in the order of the arrays, so that writers lock them in the same order.
const WRITER_SESSION: &str = "SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_bitmapscan = off;
    SET plan_cache_mode = force_generic_plan";
const READ_ONLY_SESSION: &str = "SET default_transaction_read_only = on";

/// What connections are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// One writer's.
    Write,
    /// Queries and rare writes.
    Serve,
    /// Queries beside a server; nothing is written.
    Read,
}

/// How a database is reached.
#[derive(Clone)]
pub struct Server {
    config: Config,
    tls: MakeRustlsConnect,
}

impl Server {
    /// Reads a `postgres://` URL.
    ///
    /// # Errors
    /// [`OpenError::Url`]; its sentence holds no password.
    pub fn parse(url: &str) -> Result<Server, OpenError> {
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let mut rest = url::form_urlencoded::Serializer::new(String::new());
        let (mut protection, mut roots) = (None, None);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "sslmode" => {
                    let unknown = || OpenError::Url("has an sslmode that is none of PostgreSQL's".to_owned());
                    protection = Some(Protection::parse(&value).ok_or_else(unknown)?);
                }
                "sslrootcert" => roots = roots_file(&value),
                _ => drop(rest.append_pair(&name, &value)),
            }
        }
        // The client library takes a space for a plus sign only in this form.
        let rest = rest.finish().replace('+', "%20");
        let address = if rest.is_empty() { address.to_owned() } else { format!("{address}?{rest}") };
        let mut config: Config = address.parse().map_err(|_: Error| {
            OpenError::Url("cannot be read; it looks like postgres://user:password@host:5432/name?sslmode=…".to_owned())
        })?;
        if config.get_hosts().is_empty() {
            return Err(OpenError::Url("names no host".to_owned()));
        }
        let protection = protection.unwrap_or_else(|| usual(&config));
        config.ssl_mode(protection.ssl_mode());
        settle(&mut config);
        Ok(Server { config, tls: protection.connector(roots.as_deref())? })
    }

    /// Where the database is, without user and password.
    pub fn place(&self) -> String {
        let ports = self.config.get_ports();
        let port = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(5432);
        let place = |(at, host): (usize, &Host)| match host {
            Host::Tcp(host) => format!("{host}:{}", port(at)),
            #[cfg(unix)]
            Host::Unix(folder) => format!("{}:{}", folder.display(), port(at)),
        };
        let hosts: Vec<String> = self.config.get_hosts().iter().enumerate().map(place).collect();
        let name = self.config.get_dbname().or(self.config.get_user()).unwrap_or("postgres");
        format!("{}/{name}", hosts.join(","))
    }

    /// A session for somebody else's tables.
    ///
    /// # Errors
    /// [`OpenError::Server`] when there is none to be had.
    #[boxed]
    pub async fn session(&self) -> Result<Client, OpenError> {
        self.connect(Purpose::Serve).await.map_err(open_error)
    }

    /// A session of its own.
    pub(super) async fn connect(&self, purpose: Purpose) -> Result<Client, Error> {
        let (client, connection) = self.config.connect(self.tls.clone()).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = super::rows::sentence(&error), "a database connection ended");
            }
        });
        prepare(&client, purpose).await?;
        Ok(client)
    }

    /// Sessions that are shared.
    ///
    /// # Errors
    /// [`OpenError`] when there is no runtime to wait with.
    pub(super) fn pool(&self, purpose: Purpose, connections_max: usize) -> Result<Pool, OpenError> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(self.config.clone(), self.tls.clone(), recycling);
        let hook = Hook::async_fn(move |client, _| {
            Box::pin(async move { prepare(client, purpose).await.map_err(HookError::Backend) })
        });
        let pool = Pool::builder(manager)
            .max_size(connections_max.max(1))
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT_TIMEOUT))
            .create_timeout(Some(CONNECT_TIMEOUT * 2))
            .post_create(hook)
            .build();
        pool.map_err(|error| OpenError::Server(error.to_string()))
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Server").field(&self.place()).finish()
    }
}

/// Without `sslmode`: nothing goes over a network that is not encrypted and verified.
fn usual(config: &Config) -> Protection {
    let is_here = |host: &Host| match host {
        Host::Tcp(host) => host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    if config.get_hosts().iter().all(is_here) { Protection::Prefer } else { Protection::VerifyFull }
}

/// What the URL leaves open.
fn settle(config: &mut Config) {
    if config.get_application_name().is_none() {
        config.application_name("florin");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE);
    }
    config.keepalives_idle(SILENCE).keepalives_interval(SILENCE / 3).keepalives_retries(3);
    // Of several hosts the one that can write, unless the operator looks at a standby.
    if config.get_target_session_attrs() == TargetSessionAttrs::Any {
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    }
}

async fn prepare(client: &Client, purpose: Purpose) -> Result<(), Error> {
    let more = match purpose {
        Purpose::Write => WRITER_SESSION,
        Purpose::Serve => return client.batch_execute(SESSION).await,
        Purpose::Read => READ_ONLY_SESSION,
    };
    client.batch_execute(&format!("{SESSION}; {more}")).await
}

/// Refuses a server that is too old or does not keep what it acknowledged; tells its version.
pub(super) async fn check(client: &Client) -> Result<String, OpenError> {
    let settings = "SELECT current_setting('server_version_num')::integer, current_setting('server_version'),
        current_setting('fsync'), current_setting('synchronous_commit')";
    let row = client.query_one(settings, &[]).await.map_err(open_error)?;
    let unreadable = |error: crate::StoreError| OpenError::Server(error.to_string());
    let version: String = get(&row, 1).map_err(unreadable)?;
    if get::<i32>(&row, 0).map_err(unreadable)? < SERVER_MIN {
        return Err(OpenError::Server(format!("PostgreSQL {version} is too old; 14 or newer is needed")));
    }
    for (column, name) in [(2, "fsync"), (3, "synchronous_commit")] {
        if get::<String>(&row, column).map_err(unreadable)? == "off" {
            return Err(OpenError::Setting { name, wanted: "on".to_owned(), found: "off".to_owned() });
        }
    }
    Ok(version)
}
