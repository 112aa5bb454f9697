//! The merchant: what it sends, and what it remembers of the answers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::node::Address;
use super::site::Demo;
use crate::Fallible;

/// What the provider is to do with a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Takes it at once.
    Approved,
    /// Refuses it.
    Declined,
    /// Takes it 30 s later.
    Later,
    /// Takes it and calls back three times.
    CalledBack,
    /// Takes it and answers what cannot be read.
    Garbled,
}

impl Kind {
    /// Half are simple; the rest take turns.
    pub fn of(number: u64) -> Kind {
        match number % 8 {
            0 => Kind::Declined,
            2 => Kind::Later,
            4 => Kind::CalledBack,
            6 => Kind::Garbled,
            _ => Kind::Approved,
        }
    }

    /// Card number and amount that make the simulator do it.
    fn trigger(self) -> (&'static str, &'static str) {
        const GOOD: &str = "4111111111111111";
        match self {
            Kind::Approved => (GOOD, "10.05"),
            Kind::Declined => ("4000000000000341", "10.05"),
            Kind::Later => (GOOD, "9105.00"),
            Kind::CalledBack => (GOOD, "9102.00"),
            Kind::Garbled => (GOOD, "9104.00"),
        }
    }
}

/// A payment that the merchant has sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub kind: Kind,
    /// The answer's bytes, if one came.
    pub answer: Option<String>,
}

/// All of them by reference.
pub type Known = BTreeMap<String, Sent>;

/// What a request came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Done or declined or pending: the merchant may rely on it.
    Answer(String),
    /// 503: nothing done.
    NotNow,
    /// Another status, which must not be.
    Odd(String),
    /// No connection, or one that broke.
    Nothing,
}

/// A merchant's client: its connections and credentials.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    demo: Demo,
}

/// Longer than a repeat waits for an answer of a dead process by an advanced clock.
const PATIENCE: Duration = Duration::from_secs(30);

impl Client {
    /// A client with connections of its own.
    ///
    /// # Errors
    /// There is no TLS to be had, which is not used.
    pub fn new(demo: &Demo) -> Fallible<Client> {
        let http = florin_providers::http::client().no_proxy().timeout(PATIENCE).build()?;
        Ok(Client { http, demo: demo.clone() })
    }

    /// Sends a payment, or sends it again: the same bytes under the same reference.
    pub async fn pay(&self, node: &Address, reference: &str, kind: Kind) -> Heard {
        let (card, amount) = kind.trigger();
        let body = json!({
            "request": {
                "routing_id": 210, "user_id": "U1", "tracking_id": reference, "ip": "127.34.125.54",
                "amount": amount, "currency": "EUR"
            },
            "card_details": {
                "holder_name": "John Doe", "card_number": card, "cvc": "444", "exp_month": "05", "exp_year": "2025"
            }
        });
        let request = self.http.post(node.url("/v1/payments/s2s")).header("x-api-key", &self.demo.api_key);
        let request = request.header("content-type", "application/json").body(body.to_string());
        let Ok(answer) = request.send().await else { return Heard::Nothing };
        let status = answer.status();
        match answer.text().await {
            Ok(text) if status.is_success() => Heard::Answer(text),
            Ok(_) if status == reqwest::StatusCode::SERVICE_UNAVAILABLE => Heard::NotNow,
            Ok(text) => Heard::Odd(format!("{status} {text}")),
            Err(_) => Heard::Nothing,
        }
    }

    /// Lets a minute pass on the merchant's clock; tells whether the node took it.
    pub async fn advance_a_minute(&self, node: &Address) -> bool {
        let request = self.http.post(node.url("/admin/v1/clock")).bearer_auth(&self.demo.admin_token);
        let request = request.header("content-type", "application/json").body(json!({"advance_s": 61}).to_string());
        request.send().await.is_ok_and(|answer| answer.status().is_success())
    }

    /// Whether a node says that it can write.
    pub async fn is_ready(&self, node: &Address) -> bool {
        let asked = self.http.get(node.url("/readyz")).send().await;
        asked.is_ok_and(|answer| answer.status().is_success())
    }
}
