//! `florin doctor`: looks at everything an installation rests on; a line each, and what to do where attention is needed.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use florin_engine::clock::Clocks;
use florin_engine::directory::Directory;
use florin_engine::keys::{Keyring, MasterKey};
use florin_engine::vault::known;
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::Watched;
use florin_kernel::secret::Secret;
use florin_kernel::{Asset, Timestamp};
use florin_store::OpenError;

use crate::config::Config;
use crate::database::Place;
use crate::mail::smtp::Smtp;
use crate::registry::{Ground, Registry};
use crate::vault_key::Source;
use crate::{mail, master_key, vault_key};

/// No clock that is right shows a time before this release was made.
const EARLIEST: &str = "2026-01-01T00:00:00Z";
/// Less free space than this needs attention.
const FREE_MIN_KIB: u64 = 1024 * 1024;

/// What was found.
enum Finding {
    Ok(String),
    Attention { what: String, mend: String },
}

impl Finding {
    fn attention(what: impl Into<String>, mend: impl Into<String>) -> Finding {
        Finding::Attention { what: what.into(), mend: mend.into() }
    }
}

/// Looks at everything; exit status 1 when something needs attention. It changes nothing.
///
/// # Errors
/// When the settings name no database; everything else is a finding.
pub async fn run(config: &Config, registry: Registry<'_>) -> Result<ExitCode, String> {
    // The settings were refused already if this cannot be read.
    let place = Place::of(config).map_err(|error| error.to_string())?;
    let findings = [
        ("configuration", configuration(config)),
        ("data folder", folder(config)),
        ("disk space", disk(&config.data)),
        ("clock", clock(&place)),
        ("database", database(&place, config.queue_max).await),
        ("master key", key(config, &place).await),
        ("vault key", vault(config, &place).await),
        ("providers", providers(config, &place, registry).await),
        ("mail", mail(config).await),
        ("networks", networks(config, registry).await),
    ];
    let mut attention = 0;
    for (name, finding) in &findings {
        match finding {
            Finding::Ok(text) => println!("ok         {name:<14} {text}"),
            Finding::Attention { what, mend } => {
                attention += 1;
                println!("attention  {name:<14} {what}\n                          -> {mend}");
            }
        }
    }
    Ok(if attention == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn configuration(config: &Config) -> Finding {
    let encrypted = config.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
    match (config.listen.ip().is_loopback(), encrypted, config.demo) {
        (false, false, _) => Finding::attention(
            format!("listens on {} without TLS", config.listen),
            "put a proxy that ends TLS in front, listen on loopback, and set public_url to its https address",
        ),
        (false, true, true) => Finding::attention(
            format!("the demo is reachable from outside at {}", config.listen),
            "use --demo on this machine only: its webhooks may call this machine's own addresses",
        ),
        (true, _, _) | (false, true, false) => Finding::Ok(format!(
            "listens on {}, links begin with {}",
            config.listen,
            config.links_begin_with(config.listen)
        )),
    }
}

fn folder(config: &Config) -> Finding {
    let path = config.data.display();
    let Ok(metadata) = std::fs::metadata(&config.data) else {
        return Finding::attention(format!("{path} does not exist"), "florin serve makes it; or correct --data");
    };
    if others_may_read(&metadata) {
        return Finding::attention(format!("{path} can be read by other users"), format!("chmod 700 {path}"));
    }
    Finding::Ok(path.to_string())
}

#[cfg(unix)]
fn others_may_read(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0
}

#[cfg(not(unix))]
fn others_may_read(_: &std::fs::Metadata) -> bool {
    false
}

/// Asked of the system's own `df`: the standard library has no call for it.
fn disk(data: &Path) -> Finding {
    let output = std::process::Command::new("df").arg("-Pk").arg(data).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let free = text.lines().nth(1).and_then(|line| line.split_whitespace().nth(3));
    let free: Option<u64> = free.and_then(|free| free.parse().ok());
    match free {
        Some(free_kib) if free_kib < FREE_MIN_KIB => Finding::attention(
            format!("{} MiB free", free_kib / 1024),
            "make room: without space payments are refused with 503, nothing is lost",
        ),
        Some(free_kib) => Finding::Ok(format!("{} GiB free", free_kib / 1024 / 1024)),
        None => Finding::Ok("not known on this system".to_owned()),
    }
}

fn clock(place: &Place) -> Finding {
    let now = Timestamp::now();
    let mend = "set the system's clock, best by NTP: expiry, webhooks and signatures go by it";
    if EARLIEST.parse::<Timestamp>().is_ok_and(|earliest| now < earliest) {
        return Finding::attention(format!("shows {now}, before this release was made"), mend);
    }
    let written = match place {
        Place::File(file) => std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok(),
        Place::Server(_) => None,
    };
    let ahead = written.and_then(|written| written.duration_since(SystemTime::now()).ok());
    match ahead {
        Some(ahead) if ahead > Duration::from_secs(60) => {
            Finding::attention(format!("shows {now}, yet the database was written {} s later", ahead.as_secs()), mend)
        }
        Some(_) | None => Finding::Ok(format!("{now:.0}")),
    }
}

async fn database(place: &Place, queue_max: usize) -> Finding {
    if place.is_missing() {
        return Finding::attention(format!("{place} does not exist"), "florin serve makes it");
    }
    let version = match place.open_read_only().await {
        Ok(store) => {
            let version = store.version();
            store.close().await;
            version
        }
        Err(error) => return unusable(&error),
    };
    match place.open(queue_max).await {
        Ok(store) => {
            let written = store.ping().await;
            store.close().await;
            match written {
                Ok(()) => Finding::Ok(format!("{place} is up to date and writes; {version}")),
                Err(error) => Finding::attention(error.to_string(), "check free space and permissions"),
            }
        }
        Err(OpenError::InUse(_)) => Finding::Ok(format!("{place} is up to date; a server uses it; {version}")),
        Err(error) => unusable(&error),
    }
}

fn unusable(error: &OpenError) -> Finding {
    let mend = match error {
        OpenError::Older { .. } => "florin migrate, or start the server once",
        OpenError::Newer { .. } => "start the newer release; an older one cannot read it",
        OpenError::Unreleased { .. } => "move it away; the next start makes a new one",
        OpenError::OldLibrary(_) => "use a build with a newer SQLite",
        OpenError::Server(_) | OpenError::Url(_) => "check the URL, the server, its users and its certificate",
        OpenError::Setting { .. } => "without that setting acknowledged payments can be lost; change it",
        OpenError::InUse(_) | OpenError::Io(..) | OpenError::Database(_) => {
            "check the file and its folder; restore from a backup if it is damaged"
        }
    };
    Finding::attention(error.to_string(), mend)
}

async fn key(config: &Config, place: &Place) -> Finding {
    let found = match master_key::find(config, std::env::var(master_key::VARIABLE).ok()) {
        Ok(Some(found)) => found,
        Ok(None) => {
            return Finding::attention(
                "there is none",
                "florin serve makes one for a new data folder; else put the old one back",
            );
        }
        Err(error) => return Finding::attention(error.to_string(), "put the right key in place"),
    };
    let known = match place.open_read_only().await {
        Ok(store) => {
            let known = master_key::check(store.as_ref(), &found, place).await;
            store.close().await;
            known
        }
        Err(_) => return Finding::Ok(format!("fingerprint {}; no database to compare with", found.fingerprint())),
    };
    match known {
        Ok(_) => Finding::Ok(format!(
            "fingerprint {}, the database's own; keep a copy apart from its backups",
            found.fingerprint()
        )),
        Err(error) => Finding::attention(error.to_string(), "give the key this database was made with"),
    }
}

async fn vault(config: &Config, place: &Place) -> Finding {
    let source = Source::of(config, std::env::var(vault_key::VARIABLE).ok());
    let keys = match source.find() {
        Ok(Some(keys)) => keys,
        Ok(None) => {
            return Finding::attention(
                "there is none",
                "florin serve makes one for a new database; else put the old one back",
            );
        }
        Err(error) => return Finding::attention(error.to_string(), "put the right key in place"),
    };
    if let Some(file) = source.file()
        && std::fs::metadata(file).is_ok_and(|metadata| others_may_read(&metadata))
    {
        return Finding::attention(format!("{source} can be read by other users"), format!("chmod 600 {source}"));
    }
    let versions: Vec<String> = keys.versions().map(|version| version.to_string()).collect();
    let versions = format!("{source}, version {}", versions.join(", "));
    let used = match place.open_read_only().await {
        Ok(store) => {
            let used = known::check(store.as_ref(), &keys).await;
            store.close().await;
            used
        }
        Err(_) => return Finding::Ok(format!("{versions}; no database to compare with")),
    };
    match used {
        Ok(used) => {
            let cards: u64 = used.iter().map(|used| used.cards).sum();
            let older: u64 = used.iter().filter(|used| used.version < keys.sealing()).map(|used| used.cards).sum();
            Finding::Ok(format!("{versions}, the database's own; {cards} stored cards, {older} under an older version"))
        }
        Err(error) => Finding::attention(error.to_string(), "put the right key in place"),
    }
}

/// Whether the mail server answers, takes our encryption and our password; nothing is sent.
async fn mail(config: &Config) -> Finding {
    let outbox = mail::outbox_folder(config);
    let server = match config.mail.server() {
        Ok(Some(server)) => server,
        Ok(None) => {
            return Finding::Ok(format!(
                "no server set: live e-mails are disabled, those of test mode go to {}",
                outbox.display()
            ));
        }
        Err(error) => return Finding::attention(error, "correct [mail] in the configuration"),
    };
    let checked = match Smtp::new(&server) {
        Ok(smtp) => smtp.check().await,
        Err(error) => Err(error),
    };
    match checked {
        Ok(()) => Finding::Ok(format!(
            "{} answers ({}), e-mails come from {}; those of test mode go to {}",
            server.place,
            server.encryption,
            server.sender.from.email,
            outbox.display()
        )),
        Err(error) => Finding::attention(
            format!("{} ({}): {error}", server.place, server.encryption),
            "check mail.url, the server and its certificate; e-mails wait and are tried again for 15 hours",
        ),
    }
}

/// Whether every configured account has its driver in this build, and every stored secret opens.
async fn providers(config: &Config, place: &Place, registry: Registry<'_>) -> Finding {
    let (Ok(Some(key)), Ok(store)) =
        (master_key::find(config, std::env::var(master_key::VARIABLE).ok()), place.open_read_only().await)
    else {
        return Finding::Ok("none configured yet".to_owned());
    };
    let directory = Directory::load(store.as_ref(), &Keyring::new(&key)).await;
    store.close().await;
    let directory = match directory {
        Ok(directory) => directory,
        Err(error) => {
            return Finding::attention(error.to_string(), "give the master key that this database was made with");
        }
    };
    let drivers: Vec<&str> = match registry(ground(config, place, &key)) {
        Ok(providers) => providers.drivers.iter().map(|driver| driver.name()).collect(),
        Err(error) => return Finding::attention(error, "check the data folder"),
    };
    let accounts = &directory.catalogue().providers;
    let missing = accounts.iter().find(|account| !drivers.contains(&account.driver.as_str()));
    match missing {
        Some(account) => Finding::attention(
            format!("account {} ({}) needs the driver {}", account.id, account.name, account.driver),
            "use a build that has it, or take the account out of service",
        ),
        None if accounts.is_empty() => Finding::Ok("none configured yet".to_owned()),
        None => Finding::Ok(format!("{} accounts; all simulated on this machine, nothing to reach", accounts.len())),
    }
}

/// What providers stand on where nothing is changed.
fn ground(config: &Config, place: &Place, key: &MasterKey) -> Ground {
    Ground {
        store: None,
        address_key: Vec::new(),
        crypto: config.crypto.clone(),
        data: config.data.clone(),
        database: place.clone(),
        clocks: std::sync::Arc::new(Clocks::default()),
        codec: key.codec(),
        callback_key: Secret::new(String::new()),
        simulator_silence: config.simulator_silence(),
    }
}

async fn networks(config: &Config, registry: Registry<'_>) -> Finding {
    match networks_of(config, registry).await {
        Ok(told) => Finding::Ok(told),
        Err(told) => Finding::attention(
            told,
            "check crypto.networks and crypto.rates; until then nothing is credited there and nothing expires",
        ),
    }
}

/// Whether every node answers, follows the right chain and is in sync, and whether there are prices. Nothing is changed there.
///
/// # Errors
/// What needs attention.
pub async fn networks_of(config: &Config, registry: Registry<'_>) -> Result<String, String> {
    if config.crypto.networks.is_empty() {
        return Ok("none set: coins are simulated, in test mode only".to_owned());
    }
    let place = Place::of(config).map_err(|error| error.to_string())?;
    let Ok(Some(key)) = master_key::find(config, std::env::var(master_key::VARIABLE).ok()) else {
        return Err("not looked at without a master key; florin serve makes one".to_owned());
    };
    let coins = registry(ground(config, &place, &key))?.coins;
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for chain in coins.chains.iter().filter(|chain| chain.serves(Lane::Live)) {
        let name = &chain.network().name;
        let told = chain.follow(Lane::Live, None, &Watched::default()).await;
        match (told, chain.fees(Lane::Live).await) {
            (Ok(step), Ok(_)) => good.push(format!("{name} at block {}", step.cursor.tip.height)),
            (Err(error), _) | (_, Err(error)) => bad.push(format!("{name}: {error}")),
        }
        for carried in &chain.network().coins {
            let Some(rates) = &coins.rates else { continue };
            let euro = Asset::currency("EUR").expect("the euro is a currency");
            if let Err(error) = rates.mid(Lane::Live, carried.coin, euro, Timestamp::now()).await {
                bad.push(format!("{} in EUR: {error}", carried.coin.code()));
            }
        }
    }
    match bad.is_empty() {
        true => Ok(good.join(", ")),
        false => Err(bad.join("; ")),
    }
}
