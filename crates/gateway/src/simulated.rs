//! The simulator as this build's provider: its book beside the database, its callbacks to the engine's door, its pages in the
//! gateway's terms.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use florin_engine::{CallbackRefusal, CoinPorts, Engine};
use florin_gateway::database::Place;
use florin_gateway::dialects::crypto::{SandboxFault, SimulatedChains};
use florin_gateway::pages::sim as pages;
use florin_gateway::registry::{Ground, Providers};
use florin_kernel::ports::chain::{Chain, Signer};
use florin_kernel::ports::{Lane, Provider, RawCallback};
use florin_kernel::public_id::Codec;
use florin_providers::coins::rates::StaticRates;
use florin_providers::coins::simulated::sandbox::{Sandbox, SandboxError};
use florin_providers::coins::simulated::{Shelf, SimulatedChain, SimulatedScreening};
use florin_providers::simulator::{self, Book, BookError, CallbackSink, Simulator, SimulatorSettings, Taken};
use florin_store::{ChainWrite, Changeset, Store, Verdict};

/// The providers of this build.
///
/// # Errors
/// A sentence when the simulator's book cannot be opened, or a node's client cannot be made.
pub fn registry(ground: Ground) -> Result<Providers, String> {
    let chains = chains(&ground);
    let (crypto, clocks, shelf) = (ground.crypto.clone(), ground.clocks.clone(), shelf(&ground));
    let simulator = simulator(ground)?;
    crate::nodes::join(providers(&simulator, chains), &crypto, &clocks, shelf)
}

/// Where simulated chains and wallets of real ones keep their documents.
pub fn shelf(ground: &Ground) -> Option<Arc<dyn Shelf>> {
    Some(Arc::new(Documents(ground.store.clone()?)))
}

/// The simulated chains on their ground, with the demo's rates.
pub fn chains(ground: &Ground) -> Option<Sandbox> {
    let shelf = shelf(ground)?;
    let (clock, key) = (ground.clocks.clone(), &ground.address_key);
    Some(Sandbox {
        bitcoin: Arc::new(SimulatedChain::bitcoin(shelf.clone(), clock.clone(), key.clone())),
        ethereum: Arc::new(SimulatedChain::ethereum(shelf, clock, key.clone())),
        rates: Arc::new(StaticRates::default()),
    })
}

fn ports(sandbox: Option<&Sandbox>) -> CoinPorts {
    let Some(sandbox) = sandbox else { return CoinPorts::default() };
    let both = [sandbox.bitcoin.clone(), sandbox.ethereum.clone()];
    CoinPorts {
        chains: both.iter().map(|chain| chain.clone() as Arc<dyn Chain>).collect(),
        signers: both.iter().map(|chain| chain.clone() as Arc<dyn Signer>).collect(),
        screener: Some(Arc::new(SimulatedScreening(both.to_vec()))),
        rates: Some(sandbox.rates.clone()),
    }
}

/// Simulated chains as documents of the store.
struct Documents(Arc<dyn Store>);

#[async_trait]
impl Shelf for Documents {
    async fn load(&self, name: &str, lane: Lane) -> Result<Option<(i64, String)>, String> {
        let row = self.0.chain(name, lane).await.map_err(|error| error.to_string())?;
        Ok(row.map(|row| (row.version, row.document)))
    }

    async fn save(&self, name: &str, lane: Lane, version: Option<i64>, document: String) -> Result<bool, String> {
        let write = ChainWrite { name: name.to_owned(), lane, expected_version: version, document };
        let changeset = Changeset { chains: vec![write], ..Changeset::default() };
        let verdict = self.0.commit(changeset).await.map_err(|error| error.to_string())?;
        Ok(verdict == Verdict::Committed)
    }
}

/// The simulated chains in the gateway's terms.
struct Chains(Option<Sandbox>);

#[async_trait]
impl SimulatedChains for Chains {
    async fn run(
        &self,
        lane: Lane,
        operation: &str,
        fields: &BTreeMap<String, String>,
    ) -> Result<serde_json::Value, SandboxFault> {
        let Some(sandbox) = &self.0 else { return Err(SandboxFault::Unknown) };
        sandbox.run(lane, operation, fields).await.map_err(|error| match error {
            SandboxError::Unknown => SandboxFault::Unknown,
            SandboxError::Field { field, why } => SandboxFault::Field(field, why),
            SandboxError::Unavailable(error) => SandboxFault::Unavailable(error),
        })
    }

    fn networks(&self) -> Vec<String> {
        self.0.iter().flat_map(Sandbox::networks).collect()
    }
}

/// The simulator on its ground.
///
/// # Errors
/// A sentence when its book cannot be opened.
pub fn simulator(ground: Ground) -> Result<Arc<Simulator>, String> {
    let book = book(&ground.data, ground.database, ground.codec)?;
    let settings =
        SimulatorSettings { silence: ground.simulator_silence, ..SimulatorSettings::new(ground.callback_key) };
    Ok(Arc::new(Simulator::new(book, ground.clocks, settings)))
}

/// The simulator's book: a file beside the SQLite file, or tables beside the server's.
///
/// # Errors
/// A sentence when it cannot be opened.
pub fn book(data: &Path, database: Place, codec: Codec) -> Result<Book, String> {
    match database {
        Place::File(_) => {
            // Numbers of payments grow with time.
            let order = move |text: &str| codec.read_base36(text).map_or(0, |reference| reference.payment.number());
            Book::open(&data.join("simulator.db"), Box::new(order)).map_err(|error| error.to_string())
        }
        Place::Server(server) => Ok(Book::shared(Box::new(move || {
            let server = server.clone();
            Box::pin(async move { server.session().await.map_err(|error| error.to_string()) })
        }))),
    }
}

/// A simulator as the only provider, with simulated chains.
pub fn providers(simulator: &Arc<Simulator>, chains: Option<Sandbox>) -> Providers {
    let background = simulator.clone();
    Providers {
        coins: ports(chains.as_ref()),
        chains: Arc::new(Chains(chains)),
        drivers: vec![simulator.clone() as Arc<dyn Provider>],
        simulated: Arc::new(Pages(simulator.clone())),
        background: Box::new(move |engine, stop| {
            background.connect(Arc::new(Door(engine)));
            Box::pin(background.run(stop.cancelled_owned()))
        }),
    }
}

/// The engine's door for callbacks, without a network in between.
struct Door(Arc<Engine>);

#[async_trait]
impl CallbackSink for Door {
    async fn take(&self, callback: RawCallback) -> Taken {
        match self.0.callback("simulator", &callback).await {
            Ok(()) => Taken::Yes,
            Err(CallbackRefusal::TryAgain) => Taken::NotNow,
            Err(refusal @ (CallbackRefusal::NoSuchProvider | CallbackRefusal::NotBelieved(_))) => {
                tracing::error!(%refusal, "the simulator's callback was refused");
                Taken::Yes
            }
        }
    }
}

/// The simulator's pages in the gateway's terms.
struct Pages(Arc<Simulator>);

#[async_trait]
impl pages::SimulatedPages for Pages {
    async fn page(&self, reference: &str) -> Result<Option<pages::SimulatedPage>, pages::Unavailable> {
        let page = self.0.page(reference).await.map_err(unavailable)?;
        Ok(page.map(|page| pages::SimulatedPage {
            kind: kind(page.kind),
            path: page.path,
            amount: page.amount,
            state: match page.state {
                simulator::PageState::Open => pages::PageState::Open,
                simulator::PageState::Answered => pages::PageState::Answered,
                simulator::PageState::Expired => pages::PageState::Expired,
            },
            provider: page.account_name,
            until: page.until,
        }))
    }

    async fn act(
        &self,
        reference: &str,
        door: pages::Door,
        form: pages::Form,
    ) -> Result<pages::Acted, pages::Unavailable> {
        let door = match door {
            pages::Door::Challenge => simulator::Door::Challenge,
            pages::Door::Pay => simulator::Door::Pay,
        };
        let form =
            simulator::Form { action: form.action.map(action), card: form.card, voucher_code: form.voucher_code };
        Ok(match self.0.act(reference, door, &form).await.map_err(unavailable)? {
            simulator::Acted::Done => pages::Acted::Done,
            simulator::Acted::Next(path) => pages::Acted::Next(path),
            simulator::Acted::Redraw(errors) => {
                let blamed = errors.into_iter().map(|error| (error.field, error.problem.to_owned()));
                pages::Acted::Redraw(blamed.collect())
            }
            simulator::Acted::Expired => pages::Acted::Expired,
            simulator::Acted::NotFound => pages::Acted::NotFound,
        })
    }
}

fn kind(kind: simulator::PageKind) -> pages::PageKind {
    match kind {
        simulator::PageKind::Challenge => pages::PageKind::Challenge,
        simulator::PageKind::Bank => pages::PageKind::Bank,
        simulator::PageKind::Wallet => pages::PageKind::Wallet,
        simulator::PageKind::Card => pages::PageKind::Card,
        simulator::PageKind::Voucher => pages::PageKind::Voucher,
    }
}

fn action(action: pages::Action) -> simulator::Action {
    match action {
        pages::Action::Approve => simulator::Action::Approve,
        pages::Action::Decline => simulator::Action::Decline,
        pages::Action::Cancel => simulator::Action::Cancel,
        pages::Action::Pending => simulator::Action::Pending,
    }
}

fn unavailable(error: BookError) -> pages::Unavailable {
    pages::Unavailable(error.to_string())
}
