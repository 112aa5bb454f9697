//! The signer is told apart: a yes, a no, and everything else.

use std::sync::Arc;

use florin_kernel::Timestamp;
use florin_kernel::coin::Units;
use florin_kernel::payment::Doubt;
use florin_kernel::ports::chain::Signature;
use florin_kernel::ports::{Clock, Lane};
use florin_kernel::secret::Secret;
use serde_json::{Value, json};

use super::{ExternalSigner, Request};
use crate::coins::json_rpc::tests::Fake;

struct Noon;

impl Clock for Noon {
    fn now(&self, _lane: Lane) -> Timestamp {
        Timestamp::from_second(1_705_314_600).expect("a time")
    }
}

fn signer(url: &str, secret: &str) -> Result<ExternalSigner, String> {
    ExternalSigner::new(url, &Secret::new(secret.to_owned()), Arc::new(Noon))
}

const SECRET: &str = "whsec_ZmxvcmluLWRlbW8td2ViaG9vay1rZXkh";

#[tokio::test]
async fn only_a_success_with_something_signed_is_a_yes_and_only_422_is_a_no() {
    let cases: [(&'static str, &'static str, Result<Value, Signature>); 6] = [
        ("200 OK", r#"{"signed":"00"}"#, Ok(json!("00"))),
        ("200 OK", r#"{"sign":"00"}"#, Err(Signature::Unknown(Doubt::Garbled))),
        ("200 OK", "<html>", Err(Signature::Unknown(Doubt::Garbled))),
        ("422 Unprocessable Content", r#"{"error":"too much"}"#, Err(Signature::Refused("too much".into()))),
        ("404 Not Found", "", Err(Signature::Unknown(Doubt::Garbled))),
        ("503 Service Unavailable", "", Err(Signature::Unknown(Doubt::Garbled))),
    ];
    for (status, body, expected) in cases {
        let fake = Fake::new(move |message| {
            let outputs = json!([{"address": "bcrt1q", "amount_units": "5256"}]);
            let told = (&message["operation_id"], &message["kind"], &message["outputs"], &message["fee_limit_units"]);
            assert_eq!(told, (&json!("op"), &json!("refund"), &outputs, &json!("50000")));
            Some((status, body.to_owned()))
        });
        let request = Request {
            operation_id: "op",
            network: "bitcoin",
            unsigned: json!("cHNidP8="),
            outputs: vec![("bcrt1q".to_owned(), Units::new(5_256))],
            fee_limit: Units::new(50_000),
        };
        let told = signer(fake.url(), SECRET).expect("a signer").sign(&request).await;
        assert_eq!(told, expected, "{status} {body}");
    }
}

#[test]
fn requests_are_signed_as_webhooks_are() {
    // The vector of the contract, section 13.
    let body = r#"{"event":"payment.confirmed","payment_id":"123e4567-e89b-12d3-a456-426614174000","pos_id":"POS1","status":"confirmed","amount":"0.00079744","currency":"BTC","timestamp":"2024-01-15T10:30:00Z","user":null,"address":"bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk","reference_no":"12-23-456"}"#;
    let signer = signer("http://127.0.0.1:1", SECRET).expect("a signer");
    let signature = signer.signature("msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", 1_705_314_600, body);
    assert_eq!(signature, "v1,zcMKIuO/yxbgc6061HMbSIwQ0dvi/IvR+agZvh5dJhQ=");
}

#[test]
fn a_secret_that_is_none_is_refused_and_not_repeated() {
    for secret in ["", "ZmxvcmluLWRlbW8td2ViaG9vay1rZXkh", "whsec_", "whsec_c2hvcnQ=", "whsec_!"] {
        let told = signer("http://127.0.0.1:1", secret).err().expect("refused");
        assert!(secret.is_empty() || secret == "whsec_" || !told.contains(secret), "{told}");
    }
}
