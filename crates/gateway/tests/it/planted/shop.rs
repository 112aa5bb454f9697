//! A shop that plants card numbers: asks a server over HTTP, and keeps everything that came back.

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use super::Numbers;
use crate::process::finish_pending;

/// The shop.
pub struct Shop {
    /// Card numbers to plant.
    pub numbers: Numbers,
    /// What was answered to what, head and body.
    pub answers: Vec<(String, Vec<u8>)>,
    /// The demo's credentials.
    pub demo: Value,
    /// Where webhooks go.
    pub hook: String,
    client: Client,
    references: Vec<String>,
}

/// An answer.
pub struct Answered {
    pub status: u16,
    /// What the header names; empty without it.
    pub transaction: String,
    pub body: String,
}

impl Answered {
    /// A text of the JSON body; empty if it is not there.
    pub fn field(&self, name: &str) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body[name].as_str().unwrap_or_default().to_owned()
    }
}

impl Shop {
    pub fn new(demo: Value, hook: String) -> Shop {
        // A server that refuses a large body closes the connection, so none is used twice.
        let client =
            florin_providers::http::client().pool_max_idle_per_host(0).redirect(reqwest::redirect::Policy::none());
        let client = client.no_proxy().build().expect("a client");
        let (numbers, answers, references) = (Numbers::default(), Vec::new(), Vec::new());
        Shop { numbers, answers, demo, hook, client, references }
    }

    /// A reference that was not used yet.
    pub fn reference(&mut self) -> String {
        self.references.push(format!("planted-{}", self.references.len()));
        self.references.last().expect("it was just put there").clone()
    }

    /// A text of the demo's credentials.
    pub fn secret(&self, pointer: &str) -> String {
        self.demo.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer}")).to_owned()
    }

    /// A request to a path, or to a URL that an answer gave.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with('/') { format!("{}{path}", self.secret("/base_url")) } else { path.to_owned() };
        self.client.request(method, url)
    }

    /// Sends it, and keeps what came back. That nothing comes back is kept, too.
    pub async fn send(&mut self, what: &str, request: RequestBuilder) -> Answered {
        let answer = request.send().await.unwrap_or_else(|error| panic!("{what}: {error}"));
        let (status, head) = (answer.status().as_u16(), format!("{:?}", answer.headers()));
        let transaction = answer.headers().get("x-transaction-id").and_then(|id| id.to_str().ok());
        let transaction = transaction.unwrap_or_default().to_owned();
        let body = answer.text().await.unwrap_or_else(|error| panic!("{what}: {error}"));
        self.answers.push((format!("the answer to {what}"), format!("{head}\n{body}").into_bytes()));
        Answered { status, transaction, body }
    }

    /// Lets time pass until nothing is pending, so that every webhook is written.
    pub async fn settle(&mut self) {
        let known = async |shop: &Shop, reference: &str| {
            let request = shop.request(Method::GET, &format!("/v1/transactions/{reference}"));
            let request = request.header("x-api-key", shop.secret("/cashier/api_key"));
            request.send().await.expect("an answer").status() == 200
        };
        let mut open = Vec::new();
        for reference in &self.references {
            if known(self, reference).await {
                open.push(reference.clone());
            }
        }
        // Sessions and pages end with the payer's time.
        let clock = self.request(Method::POST, "/admin/v1/clock").bearer_auth(self.secret("/admin/token"));
        let moved = clock.json(&serde_json::json!({"advance_s": 7_200})).send().await.expect("an answer");
        assert_eq!(moved.status(), 200);
        finish_pending(&self.client, &self.demo, open.iter()).await;
    }
}
