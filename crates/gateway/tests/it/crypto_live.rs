//! A shop with a live credential for coins, whose payments are on a real node.

use std::io::{Read, Write};
use std::time::Duration;

use florin_engine::directory::Permission;
use florin_engine::setup::{self, NewCredential};
use florin_gateway::{demo, dialects};
use florin_kernel::CredentialId;
use florin_kernel::payment::{Dialect, Mode};
use florin_kernel::ports::Lane;
use florin_kernel::secret::Secret;
use reqwest::StatusCode;
use serde_json::Value;

use crate::cashier_keys::put;
use crate::world::{SOON, World};

const USER: &str = "5d2f7c1e-5f0e-4c5b-9b0a-3a2f6d5c1e77";
const PASSWORD: &str = "a live key of a test";

/// A source of rates that always says the same.
pub fn rates() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/{{coin}}/{{fiat}}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // The question fits into one piece; the answer ends the connection.
            let _ = stream.read(&mut [0_u8; 4096]);
            let body = r#"{"data":{"amount":"61234.5678"}}"#;
            let length = body.len();
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
        }
    });
    url
}

/// The shop, and the server that it asks.
pub struct LiveShop {
    pub world: World,
    network: &'static str,
}

impl LiveShop {
    /// Gives the demo's merchant a live credential with these settings; payments are on a network of the server's configuration.
    pub async fn open(world: World, network: &'static str, settings: Value) -> LiveShop {
        let credential = NewCredential {
            id: CredentialId::from_number(77),
            merchant: demo::MERCHANT,
            mode: Mode::Live,
            dialect: Dialect::Crypto,
            label: Default::default(),
            key: Secret::new(dialects::crypto::credential_key(USER, PASSWORD)),
            other_keys: Vec::new(),
            permissions: vec![Permission::Deposits, Permission::Read],
            expires_at: None,
            revoked: false,
            allow: Vec::new(),
            deny: Vec::new(),
            settings,
            signature_password: Secret::new(String::new()),
        };
        put(&world, setup::credential_row(&credential, world.engine().keyring())).await;
        LiveShop { world, network }
    }

    /// Asks; the status and what is told.
    pub async fn call(&self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, Value) {
        let form: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.world.post(path).basic_auth(USER, Some(PASSWORD));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        let answer = request.send().await.expect("an answer");
        (answer.status(), answer.json().await.expect("JSON"))
    }

    /// What is told by a call that succeeds.
    pub async fn told(&self, action: &str, fields: &[(&str, &str)]) -> Value {
        let (status, body) = self.call(&format!("/v2/{action}/"), fields).await;
        assert_eq!(status, StatusCode::OK, "{action}: {body}");
        body
    }

    /// Waits until a field has a value: the chain is followed beside.
    pub async fn becomes(&self, payment: &Value, name: &str, expected: impl Into<Value>) -> Value {
        let expected = expected.into();
        let mut followed = None;
        let reached = async {
            loop {
                followed = Some(self.world.engine().follow_chain(self.network, Lane::Live).await);
                let checked = self.told("CheckPayment", &of(payment, &[])).await;
                if checked[name] == expected {
                    return checked;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        match tokio::time::timeout(SOON, reached).await {
            Ok(checked) => checked,
            Err(_) => {
                let checked = self.told("CheckPayment", &of(payment, &[])).await;
                panic!("{name} does not become {expected}, the chain followed to {followed:?}: {checked}")
            }
        }
    }
}

/// Names a payment as it was started, in a call about it.
pub fn of<'a>(payment: &'a Value, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let text = |name: &str| payment[name].as_str().expect("a text");
    let mut fields = vec![("pos_id", "POS1"), ("currency", text("currency")), ("payment_id", text("payment_id"))];
    fields.extend(more);
    fields
}
