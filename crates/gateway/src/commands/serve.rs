//! `florin serve`: everything in one process.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use florin_engine::Engine;
use florin_engine::clock::{Clocks, random_node};
use florin_engine::keys::{Keyring, MasterKey};
use florin_engine::outgoing::{Guard, Outgoing};
use florin_kernel::payment::Dialect;
use florin_kernel::secret::Secret;
use florin_store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::database::Place;
use crate::demo::{self, Demo};
use crate::dialects::{cashier, crypto, transaction_services, v3};
use crate::pages::inbox::Inbox;
use crate::pages::sim::Simulation;
use crate::registry::{Ground, Registry};
use crate::server::{Parts, Server};
use crate::vault_key::{self, Source};
use crate::{master_key, portal, telemetry};

/// Starts, prints the ready line, and stops at SIGTERM or SIGINT.
///
/// # Errors
/// A sentence for the operator.
pub async fn run(config: &Config, registry: Registry<'_>) -> Result<ExitCode, String> {
    let signals = Signals::listen().map_err(|error| format!("signals cannot be listened for: {error}"))?;
    let (server, demo) = start(config, registry).await?;
    warn_if_open(server.address(), config);
    say(&format!("florin ready on http://{}", server.address()));
    if let Some(demo) = demo {
        say(&demo.instructions(&config.data));
    }
    tracing::info!(address = %server.address(), version = env!("CARGO_PKG_VERSION"), "ready");
    let signal = signals.wait().await;
    tracing::info!(signal, "stopping: requests under way are finished");
    server.stop().await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Prints a line. That nobody reads it any more, or that the disk it goes to is full, stops no server; `println!` would.
fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    if let Err(error) = writeln!(output, "{line}").and_then(|()| output.flush()) {
        tracing::warn!(%error, "standard output cannot be written");
    }
}

/// Starts a server on its data folder. In a new folder this makes the database, the master key and the vault's.
///
/// # Errors
/// A sentence for the operator.
pub async fn start(config: &Config, registry: Registry<'_>) -> Result<(Server, Option<Demo>), String> {
    let figures = telemetry::count();
    make_folder(config)?;
    let listener = TcpListener::bind(config.listen).await;
    let listener = listener.map_err(|error| format!("cannot listen on {}: {error}", config.listen))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let public_url = config.links_begin_with(address);
    let database = Place::of(config).map_err(|error| error.to_string())?;
    let found = master_key::find_or_make(config, &database, std::env::var(master_key::VARIABLE).ok());
    let found = found.map_err(|error| error.to_string())?;
    let store = database.open(config.queue_max).await.map_err(|error| error.to_string())?;
    let key = master_key::settle(store.as_ref(), found, config, &database).await.map_err(|error| error.to_string())?;
    let source = Source::of(config, std::env::var(vault_key::VARIABLE).ok());
    let vault = vault_key::settle(store.as_ref(), source, &database).await.map_err(|error| error.to_string())?;
    let demo = prepare_demo(config, store.as_ref(), &key, &public_url).await?;

    let clocks = Arc::new(Clocks::default());
    let providers = registry(Ground {
        data: config.data.clone(),
        database,
        store: Some(store.clone()),
        address_key: address_key(&key),
        crypto: config.crypto.clone(),
        clocks: clocks.clone(),
        codec: key.codec(),
        callback_key: callback_key(&key),
        simulator_silence: config.simulator_silence(),
    })?;
    let guard = Guard::new(config.outgoing_ranges());
    let announcing = Arc::new(std::sync::OnceLock::new());
    let engine = Engine::new(florin_engine::Parts {
        store,
        master_key: key,
        vault,
        clocks,
        providers: providers.drivers,
        coins: providers.coins,
        announcers: vec![
            (Dialect::Cashier, Arc::new(cashier::CashierAnnouncer)),
            (Dialect::V3, Arc::new(v3::V3Announcer)),
            (Dialect::Crypto, Arc::new(crypto::CryptoAnnouncer(announcing.clone()))),
            (Dialect::TransactionServices, Arc::new(transaction_services::TsAnnouncer)),
        ],
        correspondents: vec![(Dialect::TransactionServices, Arc::new(transaction_services::InvoiceLetters))],
        mailers: crate::mail::mailers(config)?,
        courier: Arc::new(Outgoing::new(guard.clone())),
        guard,
        node: random_node(),
        public_url,
    });
    let engine = engine.await.map_err(|error| error.to_string())?;
    _ = announcing.set(engine.clone());
    let simulation = Simulation { engine: engine.clone(), pages: providers.simulated };
    let stop = CancellationToken::new();
    let server = Server::start(
        listener,
        Parts {
            background: tokio::spawn((providers.background)(engine.clone(), stop.clone())),
            stop,
            inbox: demo.as_ref().map(|demo| Inbox::new(demo.webhook_secret(), demo.signature_password())),
            figures,
            dialects: cashier::router(cashier::CashierState::new(engine.clone(), config.trusted_proxies.clone()))
                .merge(v3::router(&simulation, &config.trusted_proxies, &config.v3)?)
                .merge(crypto::router(
                    crypto::CryptoState::new(engine.clone(), providers.chains, config.trusted_proxies.clone()),
                    &config.crypto.extra_prefixes,
                ))
                .merge(transaction_services::router(&simulation, &config.trusted_proxies)),
            portal: portal::router(engine.clone(), config.trusted_proxies.clone()),
            simulation,
            engine,
            body_max_bytes: config.body_max_bytes,
            connections_max: config.connections_max,
        },
    );
    server.map(|server| (server, demo)).map_err(|error| error.to_string())
}

/// Writes what the demo needs, if it is asked for.
async fn prepare_demo(
    config: &Config,
    store: &dyn Store,
    key: &MasterKey,
    public_url: &str,
) -> Result<Option<Demo>, String> {
    if !config.demo {
        return Ok(None);
    }
    let demo = demo::prepare(store, key, &config.data, public_url).await;
    demo.map(Some).map_err(|error| format!("the demo cannot be set up: {error}"))
}

/// Callbacks of simulated providers stay in the process, yet are signed like any other.
fn callback_key(key: &MasterKey) -> Secret {
    let digest = Keyring::new(key).digest(&[b"simulator callbacks"]);
    Secret::new(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Addresses of simulated chains are this installation's own.
fn address_key(key: &MasterKey) -> Vec<u8> {
    Keyring::new(key).digest(&[b"simulated addresses"]).to_vec()
}

pub(super) fn make_folder(config: &Config) -> Result<(), String> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&config.data).map_err(|error| format!("the data folder {}: {error}", config.data.display()))
}

fn warn_if_open(address: SocketAddr, config: &Config) {
    let encrypted = config.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
    if !address.ip().is_loopback() && !encrypted {
        tracing::warn!(
            %address,
            "listening beyond this machine without TLS: API keys and card numbers would travel in the clear. Put a proxy that ends TLS in front and set --public-url https://…"
        );
    }
}

/// The signals that stop the server.
#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn wait(mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// The signal that stops the server.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> std::io::Result<Signals> {
        Ok(Signals)
    }

    async fn wait(self) -> &'static str {
        let _ = tokio::signal::ctrl_c().await;
        "Ctrl-C"
    }
}
