//! What an operator can set: `florin.toml`, then the environment (`FLORIN_*`), then flags; the later wins.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use florin_store::OpenError;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::database::Place;
use crate::dialects::v3::mounts::MountSettings;
use crate::mail::settings::MailSettings;

pub mod crypto;
#[cfg(test)]
mod tests;

use crypto::CryptoSettings;

/// The settings in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Where the database, the master key and `demo.json` are.
    pub data: PathBuf,
    /// The URL of a PostgreSQL database; the SQLite file in the data folder when absent.
    pub database: Option<DatabaseUrl>,
    /// What absolute links begin with; `http://ADDR` when absent.
    pub public_url: Option<Url>,
    /// Whether the demo merchant is set up and may send webhooks to this machine.
    pub demo: bool,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which log lines are written.
    pub log_level: LogLevel,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Private ranges that webhooks may be sent to.
    pub outgoing_allow: Vec<IpNet>,
    /// Largest request body.
    pub body_max_bytes: usize,
    /// Connections served at a time; more are answered 503.
    pub connections_max: usize,
    /// Commits that may wait; more are answered 503.
    pub queue_max: usize,
    /// How long the simulator's silent answers take until they count as unknown.
    pub simulator_silence_ms: u64,
    /// A file with the master key, instead of `DIR/master.key`.
    pub master_key_file: Option<PathBuf>,
    /// A file with the key of the card vault, instead of `DIR/vault.key`.
    pub vault_key_file: Option<PathBuf>,
    /// A command that prints the key of the card vault, instead of a file.
    pub vault_key_command: Option<String>,
    /// Where the v3 dialect answers.
    pub v3: MountSettings,
    /// Which mail server carries live e-mails, and in whose name.
    pub mail: MailSettings,
    /// Through which nodes chains are reached, and where prices come from.
    pub crypto: CryptoSettings,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data: PathBuf::from("florin-data"),
            database: None,
            public_url: None,
            demo: false,
            log_format: LogFormat::Text,
            log_level: LogLevel::Info,
            trusted_proxies: Vec::new(),
            outgoing_allow: Vec::new(),
            body_max_bytes: 64 * 1024,
            connections_max: 10_000,
            queue_max: 4_096,
            simulator_silence_ms: 2_000,
            master_key_file: None,
            vault_key_file: None,
            vault_key_command: None,
            v3: MountSettings::default(),
            mail: MailSettings::default(),
            crypto: CryptoSettings::default(),
        }
    }
}

/// A database URL, which may hold a password: it is printed nowhere.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The URL itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for DatabaseUrl {
    fn from(text: &str) -> DatabaseUrl {
        DatabaseUrl(text.to_owned())
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DatabaseUrl(…)")
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Which log lines are written: this level and those above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// Where the data is: the flags that every command takes.
#[derive(Args, Clone, Debug, Default, Serialize)]
pub struct DataFlags {
    /// Read settings from this file; without the flag, florin.toml of the working directory if there is one
    #[arg(long, env = "FLORIN_CONFIG", value_name = "FILE", global = true)]
    #[serde(skip)]
    pub config: Option<PathBuf>,

    /// Keep the database, the master key and demo.json in this folder [default: ./florin-data]
    #[arg(long, env = "FLORIN_DATA", value_name = "DIR", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,

    /// Use this PostgreSQL database, postgres://…, instead of the SQLite file in the data folder
    #[arg(long, env = "FLORIN_DATABASE", value_name = "URL", global = true, hide_env_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseUrl>,

    /// Read the master key from this file instead of DIR/master.key
    #[arg(long, env = "FLORIN_MASTER_KEY_FILE", value_name = "FILE", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub master_key_file: Option<PathBuf>,

    /// Read the card vault's key from this file instead of DIR/vault.key
    #[arg(long, env = "FLORIN_VAULT_KEY_FILE", value_name = "FILE", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vault_key_file: Option<PathBuf>,

    /// Take the card vault's key from what this command prints
    #[arg(long, env = "FLORIN_VAULT_KEY_COMMAND", value_name = "COMMAND", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vault_key_command: Option<String>,

    /// How log lines on standard error look [default: text]
    #[arg(long, env = "FLORIN_LOG_FORMAT", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_format: Option<LogFormat>,

    /// Which log lines are written: this level and those above it [default: info]
    #[arg(long, env = "FLORIN_LOG_LEVEL", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_level: Option<LogLevel>,
}

/// The flags of `florin serve`.
#[derive(Args, Clone, Debug, Default, Serialize)]
pub struct ServeFlags {
    /// Listen on this address; port 0 picks a free one [default: 127.0.0.1:8080]
    #[arg(long, env = "FLORIN_LISTEN", value_name = "ADDR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,

    /// What links to this server begin with [default: http://ADDR]
    #[arg(long, env = "FLORIN_PUBLIC_URL", value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<Url>,

    /// Set up a demo merchant with test credentials, and print commands to try
    #[arg(
        long, env = "FLORIN_DEMO", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true",
        require_equals = true, value_parser = clap::builder::BoolishValueParser::new()
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub demo: Option<bool>,

    /// Believe X-Forwarded-For of proxies in these ranges
    #[arg(long, env = "FLORIN_TRUSTED_PROXIES", value_name = "CIDR,…", value_delimiter = ',', help_heading = "More")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted_proxies: Option<Vec<IpNet>>,

    /// Send webhooks also to these private ranges
    #[arg(long, env = "FLORIN_OUTGOING_ALLOW", value_name = "CIDR,…", value_delimiter = ',', help_heading = "More")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outgoing_allow: Option<Vec<IpNet>>,

    /// Largest request body [default: 65536]
    #[arg(long, env = "FLORIN_BODY_MAX_BYTES", value_name = "BYTES", help_heading = "More")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_max_bytes: Option<usize>,

    /// Connections served at a time; more are answered 503 [default: 10000]
    #[arg(long, env = "FLORIN_CONNECTIONS_MAX", value_name = "N", help_heading = "More")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections_max: Option<usize>,

    /// Commits that may wait; more are answered 503 [default: 4096]
    #[arg(long, env = "FLORIN_QUEUE_MAX", value_name = "N", help_heading = "More")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_max: Option<usize>,

    /// How long the simulator's silent answers take until they count as unknown [default: 2000]
    #[arg(long, env = "FLORIN_SIMULATOR_SILENCE_MS", value_name = "MS", help_heading = "More")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub simulator_silence_ms: Option<u64>,
}

/// Why the settings cannot be used, as a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file named by `--config` is not there.
    #[error("the configuration file {0} does not exist")]
    NoFile(PathBuf),
    /// A key or value that is not understood.
    #[error("{0}")]
    Invalid(String),
    /// A URL of something else than a PostgreSQL database. It is not repeated, since it may hold a password.
    #[error("--database: only postgres:// URLs are understood; for SQLite choose a folder with --data instead")]
    Database,
    /// A URL that cannot be used.
    #[error("--database: {0}")]
    DatabaseUrl(OpenError),
    /// Two places for one key.
    #[error("--vault-key-file and --vault-key-command: the vault's key comes from one of them")]
    VaultKey,
    /// A public URL that links cannot begin with.
    #[error("--public-url {0}: must be an http or https URL with a host, without query and fragment")]
    PublicUrl(Url),
    /// A mount that is no path, or another part's.
    #[error("{0}")]
    Mounts(String),
    /// A mail server or address that cannot be used.
    #[error("{0}")]
    Mail(String),
    /// A network, a source of rates or a path that cannot be used.
    #[error("{0}")]
    Crypto(String),
}

const FILE: &str = "florin.toml";

impl Config {
    /// Merges the file and the flags (which clap has merged with the environment).
    ///
    /// # Errors
    /// [`ConfigError`] names the key or flag that is wrong.
    pub fn resolve(data: &DataFlags, serve: &ServeFlags) -> Result<Config, ConfigError> {
        let mut figment = Figment::from(Serialized::defaults(Config::default()));
        if let Some(file) = file(data.config.as_deref())? {
            figment = figment.merge(Toml::file_exact(file));
        }
        let merged = figment.merge(Serialized::globals(data)).merge(Serialized::globals(serve));
        let config: Config = merged.extract().map_err(|errors| ConfigError::Invalid(sentence(errors)))?;
        config.check()
    }

    fn check(self) -> Result<Config, ConfigError> {
        if let Some(database) = &self.database {
            let ours = ["postgres://", "postgresql://"].iter().any(|scheme| database.expose().starts_with(scheme));
            if !ours {
                return Err(ConfigError::Database);
            }
        }
        Place::of(&self).map_err(ConfigError::DatabaseUrl)?;
        if self.vault_key_file.is_some() && self.vault_key_command.is_some() {
            return Err(ConfigError::VaultKey);
        }
        if let Some(url) = &self.public_url {
            let web = matches!(url.scheme(), "http" | "https") && url.host().is_some();
            if !web || url.query().is_some() || url.fragment().is_some() {
                return Err(ConfigError::PublicUrl(url.clone()));
            }
        }
        self.v3.mounts().map_err(ConfigError::Mounts)?;
        self.mail.server().map_err(ConfigError::Mail)?;
        self.crypto.check().map_err(ConfigError::Crypto)?;
        Ok(self)
    }

    /// What links begin with, when listening on an address; no slash at the end.
    pub fn links_begin_with(&self, listening: SocketAddr) -> String {
        match &self.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("http://{listening}"),
        }
    }

    /// The simulator's silence.
    pub fn simulator_silence(&self) -> Duration {
        Duration::from_millis(self.simulator_silence_ms)
    }

    /// Ranges that webhooks may be sent to beside public addresses.
    pub fn outgoing_ranges(&self) -> Vec<IpNet> {
        let loopback = ["127.0.0.0/8", "::1/128"].map(|range| range.parse().expect("a CIDR range"));
        let demo = loopback.into_iter().filter(|_| self.demo);
        self.outgoing_allow.iter().copied().chain(demo).collect()
    }
}

fn file(named: Option<&Path>) -> Result<Option<PathBuf>, ConfigError> {
    match named {
        Some(path) if path.is_file() => Ok(Some(path.to_owned())),
        Some(path) => Err(ConfigError::NoFile(path.to_owned())),
        None => Ok(Some(PathBuf::from(FILE)).filter(|path| path.is_file())),
    }
}

/// All that is wrong, a clause each, with where it stands.
fn sentence(errors: figment::Error) -> String {
    let clause = |error: figment::Error| match &error.metadata {
        Some(metadata) => match metadata.source.as_ref().and_then(|source| source.file_path()) {
            Some(path) => format!("{}: {error}", path.display()),
            None => error.to_string(),
        },
        None => error.to_string(),
    };
    errors.into_iter().map(clause).collect::<Vec<_>>().join("; ")
}
