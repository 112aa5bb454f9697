//! How tests speak the transaction services dialect: signed forms out, JSON in, and answers compared with the contract's samples.

use md5::{Digest, Md5};
use reqwest::header::CONTENT_TYPE;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;

use crate::world::{SOON, World};

/// Below the payments' prefix.
pub const S: &str = "/transactionServices/REST/v1";

/// An answer: status, body and its exact text.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: StatusCode,
    pub content_type: String,
    pub body: Value,
    pub text: String,
    pub replayed: bool,
}

impl Answer {
    /// A member at a path: `/result/code`.
    pub fn at(&self, path: &str) -> &str {
        self.body.pointer(path).and_then(Value::as_str).unwrap_or_default()
    }

    /// `result.code`
    pub fn code(&self) -> &str {
        self.at("/result/code")
    }

    /// `paymentId`
    pub fn id(&self) -> &str {
        self.at("/paymentId")
    }

    /// HTTP status, code, letter and word, as tables write them: `200 00001 Y capturesuccess`.
    pub fn line(&self) -> String {
        let (letter, word) = (self.at("/transactionStatus"), self.at("/status"));
        [self.status.as_str(), self.code(), letter, word]
            .iter()
            .filter(|part| !part.is_empty())
            .copied()
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The names of `errors` with their rules: `amount format`.
    pub fn faults(&self) -> Vec<String> {
        let text = |fault: &Value, name: &str| fault[name].as_str().unwrap_or_default().to_owned();
        let errors = self.body["errors"].as_array();
        errors
            .into_iter()
            .flatten()
            .map(|fault| format!("{} {}", text(fault, "parameter"), text(fault, "rule")))
            .collect()
    }
}

/// The MD5 of values joined with bars.
pub fn digest(parts: &[&str]) -> String {
    Md5::digest(parts.join("|")).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Fields as a form.
pub fn form<'f>(fields: impl IntoIterator<Item = (&'f str, &'f str)>) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// Sends a request, and reads the answer.
pub async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.expect("a body");
    assert!(headers.contains_key("x-request-id") && headers.contains_key("server-timing"));
    let content_type = headers[CONTENT_TYPE].to_str().expect("text").to_owned();
    let replayed = headers.get("idempotency-replayed").is_some_and(|value| value == "true");
    Answer { status, content_type, body: serde_json::from_str(&text).unwrap_or_default(), text, replayed }
}

/// A form to sign: the fields of a card payment with the contract's sample card.
pub fn card_payment<'f>(reference: &'f str, amount: &'f str, number: &'f str) -> Vec<(&'f str, &'f str)> {
    vec![
        ("merchantTransactionId", reference),
        ("amount", amount),
        ("currency", "USD"),
        ("paymentType", "DB"),
        ("paymentMode", "CC"),
        ("paymentBrand", "VISA"),
        ("card.number", number),
        ("card.expiryMonth", "07"),
        ("card.expiryYear", "2030"),
        ("card.cvv", "745"),
    ]
}

/// Lays fields over others: the same name is replaced, an empty value takes it away.
pub fn with<'f>(fields: &[(&'f str, &'f str)], more: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
    let kept = fields.iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    kept.chain(more.iter().filter(|(_, value)| !value.is_empty())).copied().collect()
}

impl World {
    /// Logs the demo's member in.
    pub async fn ts_token(&self) -> String {
        let (partner, _, _) = self.demo().partner();
        let (_, name, key) = self.demo().member();
        let fields =
            [("authentication.partnerId", partner), ("merchant.username", name), ("authentication.sKey", key.expose())];
        let answer = send(self.post(&format!("{S}/authToken")).body(form(fields))).await;
        let token = answer.at("/AuthToken").to_owned();
        assert!(!token.is_empty(), "{}", answer.text);
        token
    }

    /// The checksum of values that follow member and key.
    pub fn ts_sum(&self, parts: &[&str]) -> String {
        let (member, _, key) = self.demo().member();
        digest(&[&[member, key.expose()], parts].concat())
    }

    /// A call with a token and a checksum, not yet sent.
    pub async fn ts_request(&self, path: &str, fields: &[(&str, &str)], sum: &str) -> RequestBuilder {
        let (member, _, _) = self.demo().member();
        let login = [("authentication.memberId", member), ("authentication.checksum", sum)];
        let body = form(login.iter().chain(fields).copied());
        let request = self.post(&format!("{S}{path}")).header("AuthToken", self.ts_token().await);
        request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
    }

    /// A payment, signed.
    pub async fn ts_pay(&self, fields: &[(&str, &str)]) -> Answer {
        send(self.ts_payment(fields).await).await
    }

    /// As [`World::ts_pay`], not yet sent.
    pub async fn ts_payment(&self, fields: &[(&str, &str)]) -> RequestBuilder {
        let sent = |name: &str| fields.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| *value);
        let sum = self.ts_sum(&[sent("merchantTransactionId"), sent("amount")]);
        self.ts_request("/payments", fields, &sum).await
    }

    /// `POST payments/{id}` with `paymentType=IN`.
    pub async fn ts_inquire(&self, id: &str) -> Answer {
        let sum = self.ts_sum(&[id]);
        send(self.ts_request(&format!("/payments/{id}"), &[("paymentType", "IN")], &sum).await).await
    }

    /// Waits until an inquiry gives a word; panics with the last one when it does not soon.
    pub async fn ts_becomes(&self, id: &str, expected: &str) -> Answer {
        let reached = async {
            loop {
                let answer = self.ts_inquire(id).await;
                if answer.at("/status") == expected {
                    return answer;
                }
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        match tokio::time::timeout(SOON, reached).await {
            Ok(answer) => answer,
            Err(_) => panic!("{id} is {} and not {expected}", self.ts_inquire(id).await.text),
        }
    }
}

/// An answer as compact JSON with what differs from day to day replaced by its form: ids and times by nines, tokens by `…`.
pub fn like(answer: &Answer) -> String {
    fn visit(name: &str, value: &mut Value) {
        match value {
            Value::Object(members) => members.iter_mut().for_each(|(name, value)| visit(name, value)),
            Value::Array(items) => items.iter_mut().for_each(|item| visit(name, item)),
            Value::String(text) => *text = form_of(name, text),
            Value::Null | Value::Bool(_) | Value::Number(_) => panic!("{name} is no text"),
        }
    }
    let mut body = answer.body.clone();
    visit("", &mut body);
    body.to_string()
}

fn form_of(name: &str, text: &str) -> String {
    let nines = |text: &str| text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect::<String>();
    match name {
        "paymentId" | "systemPaymentId" | "timestamp" | "date" | "transactionDate" => nines(text),
        "bankReferenceId" | "registrationId" | "AuthToken" if !text.is_empty() => "…".to_owned(),
        "url" => text.split_once("id=").map_or(text.to_owned(), |_| "…/transaction/PGRRedirect?id=…".to_owned()),
        "value" if text.contains("/3DReturn/") => "…/transaction/3DReturn/…".to_owned(),
        "value" => nines(text),
        _ => text.to_owned(),
    }
}
