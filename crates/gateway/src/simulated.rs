//! The simulator as this build's provider: its book beside the database, its callbacks to the engine's door, its pages in the
//! gateway's terms.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use florin_engine::{CallbackRefusal, Engine};
use florin_gateway::database::Place;
use florin_gateway::pages::sim as pages;
use florin_gateway::registry::{Ground, Providers};
use florin_kernel::ports::{Provider, RawCallback};
use florin_kernel::public_id::Codec;
use florin_providers::simulator::{self, Book, BookError, CallbackSink, Simulator, SimulatorSettings, Taken};

/// The providers of this build.
///
/// # Errors
/// A sentence when the simulator's book cannot be opened.
pub fn registry(ground: Ground) -> Result<Providers, String> {
    simulator(ground).map(|simulator| providers(&simulator))
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

/// A simulator as the only provider.
pub fn providers(simulator: &Arc<Simulator>) -> Providers {
    let background = simulator.clone();
    Providers {
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
