//! How tests speak the v3 dialect: forms out, JSON in, and answers compared with the contract's samples.

use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

use crate::world::World;

/// An answer: status, body and its exact text.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
    pub text: String,
    pub replayed: bool,
}

impl Answer {
    /// `result.code`
    pub fn code(&self) -> &str {
        self.body["result"]["code"].as_str().unwrap_or_else(|| panic!("no code in {}", self.text))
    }

    /// `id`
    pub fn id(&self) -> &str {
        self.body["id"].as_str().unwrap_or_else(|| panic!("no id in {}", self.text))
    }

    /// HTTP status and code, as tables write them: `400 200.300.404`.
    pub fn line(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.code())
    }

    /// The names of `parameterErrors`.
    pub fn names(&self) -> Vec<&str> {
        let errors = self.body["result"]["parameterErrors"].as_array();
        errors.into_iter().flatten().filter_map(|error| error["name"].as_str()).collect()
    }
}

/// The fields of a card payment, without entity, amount and type.
pub fn card(number: &str) -> String {
    format!("card.number={number}&card.holder=Jane Jones&card.expiryMonth=05&card.expiryYear=2034&card.cvv=123")
}

/// A whole card payment; the demo's shop is where the payer goes back to.
pub fn payment(kind: &str, amount: &str, number: &str) -> String {
    let card = card(number);
    format!(
        "paymentType={kind}&amount={amount}&currency=EUR&{card}&shopperResultUrl=https://shop.example/return?order=7"
    )
}

/// Sends a request, and reads the answer.
pub async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.expect("a body");
    assert_eq!(headers[CONTENT_TYPE], "application/json;charset=UTF-8", "{text}");
    assert_eq!(headers["cache-control"], "no-store");
    assert!(headers.contains_key("x-request-id") && headers.contains_key("server-timing"));
    let replayed = headers.get("idempotency-replayed").is_some_and(|value| value == "true");
    let body = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    Answer { status, body, text, replayed }
}

impl World {
    /// A call at a path below any mount, logged in, with a body as it stands.
    pub fn v3_raw(&self, method: Method, path: &str, body: String) -> RequestBuilder {
        let (_, token) = self.demo().v3();
        let request = self.request(method, path).bearer_auth(token.expose());
        request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
    }

    /// `POST {path}` for the demo's entity.
    pub async fn v3(&self, path: &str, form: &str) -> Answer {
        let (entity, _) = self.demo().v3();
        send(self.v3_raw(Method::POST, path, format!("entityId={entity}&{form}"))).await
    }

    /// `GET {path}` for the demo's entity.
    pub async fn v3_get(&self, path: &str) -> Answer {
        let (entity, _) = self.demo().v3();
        let joint = if path.contains('?') { '&' } else { '?' };
        send(self.v3_raw(Method::GET, &format!("{path}{joint}entityId={entity}"), String::new())).await
    }

    /// The code of an inquiry.
    pub async fn v3_code(&self, id: &str) -> String {
        self.v3_get(&format!("/v3/payments/{id}")).await.code().to_owned()
    }

    /// Waits until an inquiry gives a code; panics with the last one when it does not soon.
    pub async fn v3_becomes(&self, id: &str, expected: &str) {
        let reached = async {
            while self.v3_code(id).await != expected {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(crate::world::SOON, reached).await.is_err() {
            panic!("{id} is {} and not {expected}", self.v3_code(id).await);
        }
    }
}

/// Compares an answer with a sample of the contract: the same keys in the same order, the same values but for those that differ
/// from day to day, which must have their form.
pub fn assert_like(sample: &str, answer: &Answer) {
    let sample: Value = serde_json::from_str(sample).expect("the sample is JSON");
    compare("", &sample, &answer.body, &answer.text);
}

fn compare(path: &str, sample: &Value, found: &Value, whole: &str) {
    match (sample, found) {
        (Value::Object(sample), Value::Object(found)) => {
            let keys = |object: &serde_json::Map<String, Value>| object.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(sample), keys(found), "{path} in {whole}");
            for (key, value) in sample {
                compare(&format!("{path}.{key}"), value, &found[key], whole);
            }
        }
        (Value::Array(sample), Value::Array(found)) => {
            assert_eq!(sample.len(), found.len(), "{path} in {whole}");
            for (place, (sample, found)) in sample.iter().zip(found).enumerate() {
                compare(&format!("{path}[{place}]"), sample, found, whole);
            }
        }
        (Value::String(sample), Value::String(found)) => {
            let form = form_of(path.rsplit(['.', ']']).next().unwrap_or_default());
            match form {
                Some(form) => assert_eq!(form(sample), form(found), "{path}: {sample} and {found}"),
                None => assert_eq!(sample, found, "{path} in {whole}"),
            }
        }
        (sample, found) => assert_eq!(sample, found, "{path} in {whole}"),
    }
}

/// What is left of a value that differs from day to day: its letters and digits, each as one.
fn form_of(key: &str) -> Option<fn(&str) -> String> {
    fn hex(text: &str) -> String {
        let hexadecimal = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        // Words of the value that are no numbers are kept; runs of hexadecimal digits lose what they say and keep their length.
        let word = |word: &str| match word.len() >= 8 && word.chars().all(hexadecimal) {
            true => "h".repeat(word.len()),
            false => word.to_owned(),
        };
        text.split('_').map(word).collect::<Vec<_>>().join("_")
    }
    fn shape(text: &str) -> String {
        text.chars().map(|c| if c.is_ascii_digit() || ('a'..='f').contains(&c) { '9' } else { c }).collect()
    }
    fn present(_: &str) -> String {
        String::new()
    }
    match key {
        "id" | "referencedId" | "ndc" => Some(hex),
        "buildNumber" | "timestamp" => Some(shape),
        "ConnectorTxID1" | "AuthCode" | "CardholderInitiatedTransactionID" => Some(present),
        _ => None,
    }
}
