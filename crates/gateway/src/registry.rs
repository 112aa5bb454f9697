//! How the binary brings in the providers, without this library knowing any.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use florin_engine::clock::Clocks;
use florin_engine::{CoinPorts, Engine};
use florin_kernel::ports::Provider;
use florin_kernel::public_id::Codec;
use florin_kernel::secret::Secret;
use florin_store::Store;
use tokio_util::sync::CancellationToken;

use crate::config::crypto::CryptoSettings;
use crate::database::Place;
use crate::dialects::crypto::SimulatedChains;
use crate::pages::sim::SimulatedPages;

/// What providers stand on.
pub struct Ground {
    /// The folder for files of their own.
    pub data: PathBuf,
    /// Where the installation's database is; what simulated providers remember is shared like it.
    pub database: Place,
    /// Where simulated chains are kept; nobody: there are none.
    pub store: Option<Arc<dyn Store>>,
    /// The key that simulated addresses are made with.
    pub address_key: Vec<u8>,
    /// Through which nodes chains are reached, and where prices come from.
    pub crypto: CryptoSettings,
    /// The clocks, shared with the engine.
    pub clocks: Arc<Clocks>,
    /// Reads the references that providers are given.
    pub codec: Codec,
    /// The key for callbacks that never leave the process.
    pub callback_key: Secret,
    /// How long the simulator's silent answers take until they count as unknown.
    pub simulator_silence: Duration,
}

/// The providers of this build.
pub struct Providers {
    /// Drivers by their names.
    pub drivers: Vec<Arc<dyn Provider>>,
    /// Who is asked about coins.
    pub coins: CoinPorts,
    /// Who simulates chains.
    pub chains: Arc<dyn SimulatedChains>,
    /// Who simulates the payer pages of test mode.
    pub simulated: Arc<dyn SimulatedPages>,
    /// Their own work, begun once there is an engine to call back; it ends when the token is cancelled.
    pub background: Background,
}

/// Work that runs beside the engine.
pub type Background =
    Box<dyn FnOnce(Arc<Engine>, CancellationToken) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// Makes the providers; what it cannot do it says in a sentence.
pub type Registry<'a> = &'a (dyn Fn(Ground) -> Result<Providers, String> + Sync);
