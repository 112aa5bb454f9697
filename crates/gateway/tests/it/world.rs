//! The stage of every test: a real server in this process on a real database, the simulator behind it, a webhook receiver that can
//! misbehave, and a clock that can be advanced. `World::start().await`, and the test reads as a story.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use florin_engine::Engine;
use florin_gateway::commands::serve;
use florin_gateway::config::Config;
use florin_gateway::demo::Demo;
use florin_gateway::server::Server;
use florin_kernel::payment::Payment;
use florin_providers::simulator::{Movement, Simulator};
use florin_store::conformance::database::Database;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::simulated;

mod receiver;

pub use receiver::{Mode, Received, Receiver};

/// How long anything that surely happens may take on a busy machine.
pub const SOON: Duration = Duration::from_secs(10);

/// A server on its data folder, and on the database that `FLORIN_TEST_DATABASE` chooses.
pub struct World {
    config: Config,
    folder: TempDir,
    database: Option<Arc<Database>>,
    server: Option<Server>,
    simulator: Arc<Simulator>,
    demo: Demo,
    client: Client,
}

impl World {
    /// A new installation with the demo merchant; the simulator is silent for a moment only.
    pub async fn start() -> World {
        World::with(|_| ()).await
    }

    /// As [`World::start`], with other settings.
    pub async fn with(change: impl FnOnce(&mut Config)) -> World {
        World::on(Database::chosen().await.map(Arc::new), change).await
    }

    /// Another process' part on this world's PostgreSQL database, with a data folder of its own.
    pub async fn beside(&self) -> World {
        let database = self.database.clone().expect("SQLite has one process");
        let keys = |config: &mut Config| {
            config.master_key_file = Some(self.data().join("master.key"));
            config.vault_key_file = Some(self.data().join("vault.key"));
        };
        World::on(Some(database), keys).await
    }

    /// On a database; in a file of the data folder without one.
    pub async fn on(database: Option<Arc<Database>>, change: impl FnOnce(&mut Config)) -> World {
        let folder = tempfile::tempdir().expect("a folder for the data");
        let mut config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            data: folder.path().to_owned(),
            database: database.as_ref().map(|database| database.url().into()),
            demo: true,
            // A server that other tests use too may need longer than a file.
            simulator_silence_ms: if database.is_some() { 500 } else { 300 },
            ..Config::default()
        };
        change(&mut config);
        let (server, simulator, demo) = start(&config).await;
        // Pages lead back to shops that do not exist, so nothing is followed.
        let client =
            florin_providers::http::client().redirect(reqwest::redirect::Policy::none()).no_proxy().timeout(SOON);
        let client = client.build().expect("a client");
        World { config, folder, database, server: Some(server), simulator, demo, client }
    }

    /// Stops as SIGTERM does.
    pub async fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    /// Stops, and starts again over the same data folder, at another port.
    pub async fn restart(&mut self) {
        self.stop().await;
        let (server, simulator, demo) = start(&self.config).await;
        (self.server, self.simulator, self.demo) = (Some(server), simulator, demo);
    }

    /// The running server; panics between [`World::stop`] and a restart.
    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("the server runs")
    }

    /// Its engine.
    pub fn engine(&self) -> &Arc<Engine> {
        self.server().engine()
    }

    /// The settings it was started with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The database on a server, where the data is not in files of its folder.
    pub fn database(&self) -> Option<&Database> {
        self.database.as_deref()
    }

    /// The data folder.
    pub fn data(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The demo's credentials.
    pub fn demo(&self) -> &Demo {
        &self.demo
    }

    /// An absolute URL on this server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server().address())
    }

    /// A GET, not yet sent.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    /// A POST, not yet sent.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(self.url(path))
    }

    /// Any request, not yet sent.
    pub fn request(&self, method: reqwest::Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    /// A call of the cashier API with the demo's key, not yet sent.
    pub fn cashier(&self, path: &str, body: &Value) -> RequestBuilder {
        self.post(path).header("x-api-key", self.demo.api_key().expose()).json(body)
    }

    /// A call with the crypto dialect's login, its fields as a form, not yet sent.
    pub fn crypto(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let (user, key) = self.demo.crypto();
        let form: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.post(path).basic_auth(user, Some(key.expose()));
        request.header("content-type", "application/x-www-form-urlencoded").body(form)
    }

    /// A card payment, server to server; `reference` is its `tracking_id`, `more` goes into `request`.
    pub async fn pay_by_card(&self, reference: &str, number: &str, amount: &str, more: Value) -> Value {
        let request = self.card_payment(reference, number, amount, more);
        request.send().await.expect("an answer").json().await.expect("JSON")
    }

    /// As [`World::pay_by_card`], not yet sent.
    pub fn card_payment(&self, reference: &str, number: &str, amount: &str, more: Value) -> RequestBuilder {
        let mut request = json!({
            "routing_id": 210, "user_id": "U123", "tracking_id": reference, "ip": "127.34.125.54",
            "amount": amount, "currency": "EUR"
        });
        merge(&mut request, more);
        let card = json!({
            "holder_name": "John Doe", "card_number": number, "cvc": "4444", "exp_month": "05", "exp_year": "2025"
        });
        self.cashier("/v1/payments/s2s", &json!({"request": request, "card_details": card}))
    }

    /// A payment on a provider's own page.
    pub async fn pay_at_page(&self, reference: &str, provider_id: i64, amount: &str, more: Value) -> Value {
        let mut request = json!({
            "provider_id": provider_id, "user_id": "U123", "tracking_id": reference, "amount": amount, "currency": "EUR"
        });
        merge(&mut request, more);
        let request = self.cashier("/v1/payments/direct", &json!({"request": request}));
        request.send().await.expect("an answer").json().await.expect("JSON")
    }

    /// `transaction_status` by `tracking_id`.
    pub async fn status(&self, reference: &str) -> String {
        let path = format!("/v1/transactions/{reference}");
        let request = self.get(&path).header("x-api-key", self.demo.api_key().expose());
        let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
        answer["transaction_status"].as_str().unwrap_or_else(|| panic!("no status in {answer}")).to_owned()
    }

    /// Waits until a status is reached; panics with the last one when it is not reached soon.
    pub async fn status_becomes(&self, reference: &str, expected: &str) {
        let reached = async {
            while self.status(reference).await != expected {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(SOON, reached).await.is_err() {
            panic!("{reference} is {} and not {expected}", self.status(reference).await);
        }
    }

    /// Posts a payer's form to a URL that an answer gave.
    pub async fn submit(&self, url: &str, form: &str) -> Response {
        let request = self.client.post(url).header("content-type", "application/x-www-form-urlencoded");
        request.body(form.to_owned()).send().await.expect("an answer")
    }

    /// Opens a URL that an answer gave.
    pub async fn open(&self, url: &str) -> Response {
        self.client.get(url).send().await.expect("an answer")
    }

    /// Lets time pass on the merchant's clock.
    pub async fn advance(&self, by: Duration) {
        let answer = self.advance_s(by.as_secs(), self.demo.admin_token().expose()).await;
        assert_eq!(answer.status(), StatusCode::OK);
    }

    /// Asks for the clock to be advanced.
    pub async fn advance_s(&self, seconds: u64, token: &str) -> Response {
        let request = self.post("/admin/v1/clock").bearer_auth(token).json(&json!({"advance_s": seconds}));
        request.send().await.expect("an answer")
    }

    /// What the simulated acquirer really moved.
    pub async fn charges(&self) -> Vec<Movement> {
        let clock = TestClock(self.engine().clone());
        self.simulator.book().charges(&clock).await.expect("the simulator's book")
    }

    /// Every payment of the merchant, oldest first.
    pub async fn payments(&self) -> Vec<Payment> {
        let query = florin_engine::PaymentQuery {
            merchant: florin_gateway::demo::MERCHANT,
            mode: florin_kernel::payment::Mode::Dev,
            from: florin_kernel::Timestamp::UNIX_EPOCH,
            until: florin_kernel::Timestamp::MAX,
            after: None,
            limit: 1000,
        };
        let stored = self.engine().store().transactions(query).await.expect("payments");
        stored.into_iter().filter_map(|stored| stored.transaction.payment()).collect()
    }

    /// The book agrees with itself and with the payments.
    pub async fn assert_book_agrees(&self) {
        let report = self.engine().store().verify_ledger().await.expect("a report");
        assert_eq!(report.faults, Vec::<String>::new());
    }
}

/// The engine's clocks as the simulator's book reads them.
struct TestClock(Arc<Engine>);

impl florin_kernel::ports::Clock for TestClock {
    fn now(&self, lane: florin_kernel::ports::Lane) -> florin_kernel::Timestamp {
        self.0.now(lane)
    }
}

async fn start(config: &Config) -> (Server, Arc<Simulator>, Demo) {
    let made = OnceLock::new();
    let registry = |ground| {
        let chains = simulated::chains(&ground);
        let (crypto, clocks, shelf) = (ground.crypto.clone(), ground.clocks.clone(), simulated::shelf(&ground));
        let simulator = simulated::simulator(ground)?;
        let providers = crate::nodes::join(simulated::providers(&simulator, chains), &crypto, &clocks, shelf)?;
        let _ = made.set(simulator);
        Ok(providers)
    };
    let (server, demo) = serve::start(config, &registry).await.expect("the server starts");
    let simulator = made.get().cloned().expect("the registry was asked");
    (server, simulator, demo.expect("the demo is set up"))
}

/// Lays `more` over `whole`, field by field.
fn merge(whole: &mut Value, more: Value) {
    let (Some(whole), Value::Object(more)) = (whole.as_object_mut(), more) else { return };
    whole.extend(more);
}
