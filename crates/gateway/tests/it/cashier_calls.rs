//! The cashier's calls as a merchant's developer makes them: the contract's samples, answers, statuses and webhooks.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::world::{Receiver, World};

/// Section 8, as printed.
pub const S2S: &str = r#"{"request":{"mode":"test","routing_id":210,"user_id":"U123","tracking_id":"0d1b7c2e-5f0e-4c5b-9b0a-3a2f6d5c1e77","ip":"127.34.125.54","amount":10.05,"currency":"EUR"},
 "card_details":{"holder_name":"John Doe","card_number":"4111111111111111","cvc":"444","exp_month":"05","exp_year":"2025"}}"#;
/// Section 4, as printed, with the provider that a direct deposit needs.
const COMPLETE: &str = r#"{"request":{"mode":"test","theme":"dark","settings":{"success_url":"https://shop.example/ok","failure_url":"https://shop.example/no",
 "pending_url":"https://shop.example/wait","webhook_url":"https://shop.example/hook","locale":"en","methods":["card","bank_transfer"]},
 "user_id":"128","tracking_id":"fb832194-34e1-4e6c-8494-d88034cf3e47","ip":"127.34.125.54","amount":10.05,"currency":"EUR",
 "amount_restricted":true,"customer":{"max_deposit_limit":1000,"first_name":"John","last_name":"Doe","kyc_status":"passed",
 "email":"user@example.com","zip_code":"12345","address":"123 Main Street","city":"New York","dob":"05/03/2000","country_code":"GB",
 "phone":{"country":"GB","number":783433252,"prefix":44}},"provider_id":210}}"#;

/// An answer, whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub async fn of(response: Response) -> Answer {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: response.text().await.expect("a body") }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The code of an error; 0 for none.
    pub fn code(&self) -> i64 {
        self.json()["code"].as_i64().unwrap_or_default()
    }

    /// The fields an error names.
    pub fn fields(&self) -> Vec<String> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["field"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// Posts a body with the demo's key.
pub async fn post(world: &World, path: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = world.post(path).header("X-API-Key", world.demo().api_key().expose()).body(body);
    Answer::of(request.send().await.expect("an answer")).await
}

/// Gets a path with the demo's key.
pub async fn get(world: &World, path: &str) -> Answer {
    let request = world.get(path).header("x-api-key", world.demo().api_key().expose());
    Answer::of(request.send().await.expect("an answer")).await
}

#[tokio::test]
async fn the_contracts_samples_work_as_printed() {
    let world = World::start().await;
    let paid = post(&world, "/v1/payments/s2s", S2S).await;
    assert_eq!((paid.status, paid.body.as_str()), (200, r#"{"url":"","transaction_status":"successful"}"#));
    assert_eq!(paid.header("content-type"), "application/json; charset=utf-8");
    assert!(paid.header("server-timing").starts_with("gw;dur="));
    assert!(!paid.header("x-request-id").is_empty());
    let id = paid.header("x-transaction-id").to_owned();
    assert!(id.len() == 15 && id.as_bytes()[0].is_ascii_lowercase(), "{id}");

    let page = post(&world, "/v1/payments/direct", COMPLETE).await;
    let url = page.json()["url"].as_str().expect("a URL").to_owned();
    assert_eq!(page.body, format!(r#"{{"url":"{url}","transaction_status":"pending"}}"#));
    assert_eq!(world.open(&url).await.status(), 200);

    let successful = r#"{"transaction_status":"successful"}"#;
    for path in [
        format!("/v1/transactions/{id}"),
        format!("/v1/transactions?id={id}"),
        "/v1/transactions/0d1b7c2e-5f0e-4c5b-9b0a-3a2f6d5c1e77".to_owned(),
        "/v1/transactions?id=0d1b7c2e-5f0e-4c5b-9b0a-3a2f6d5c1e77".to_owned(),
    ] {
        let status = get(&world, &path).await;
        assert_eq!((status.status, status.body.as_str()), (200, successful), "{path}");
        assert_eq!(status.header("cache-control"), "no-store");
    }
    assert_eq!(world.status("fb832194-34e1-4e6c-8494-d88034cf3e47").await, "pending");
    world.assert_book_agrees().await;
}

/// Section 17, as seen on S2S.
#[tokio::test]
async fn cards_and_amounts() {
    let world = World::start().await;
    let rejected = |text: &str| json!({"url": "", "transaction_status": "rejected", "error": text});
    let successful = json!({"url": "", "transaction_status": "successful"});
    let pending = json!({"url": "", "transaction_status": "pending"});
    let good = "4111111111111111";
    for (place, (card, amount, expected)) in [
        ("4242424242424242", "10.00", &successful),
        ("378282246310005", "10.00", &successful),
        ("4000000000000341", "10.00", &rejected("Do not honour")),
        ("4000000000009995", "10.00", &rejected("Insufficient funds")),
        ("4000000000000069", "10.00", &rejected("Expired card")),
        ("4000000000000127", "10.00", &rejected("Wrong security code")),
        (good, "9000.00", &successful),
        (good, "9051.0", &rejected("Insufficient funds")),
        (good, "9019.00", &rejected("Declined (19)")),
        (good, "9101.00", &pending),
        (good, "9102.00", &successful),
        (good, "9103.00", &successful),
        (good, "9104.00", &pending),
        (good, "9105.00", &pending),
        (good, "9106.00", &pending),
    ]
    .into_iter()
    .enumerate()
    {
        let cvc = json!({});
        let answer = world.pay_by_card(&format!("table-{place}"), card, amount, cvc).await;
        assert_eq!(&answer, expected, "{card} {amount}");
    }
    let reason = get(&world, "/v1/transactions/table-3").await;
    assert_eq!(reason.body, r#"{"transaction_status":"rejected","rejected_reason":"Insufficient funds"}"#);
    world.advance(Duration::from_secs(120)).await;
    for (reference, status) in
        [("table-9", "successful"), ("table-12", "successful"), ("table-13", "successful"), ("table-14", "rejected")]
    {
        world.status_becomes(reference, status).await;
    }
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn a_challenge_is_answered_on_our_page() {
    let world = World::start().await;
    for (reference, action, status) in [("yes", "approve", "successful"), ("no", "decline", "rejected")] {
        let answer = world.pay_by_card(reference, "4000000000003220", "10.00", json!({})).await;
        let url = answer["url"].as_str().expect("a URL");
        let token = url.strip_prefix(&world.url("/3ds/")).unwrap_or_else(|| panic!("not our page: {url}"));
        assert!(token.len() == 50 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{token}");
        let back = world.submit(url, &format!("action={action}")).await;
        assert_eq!(back.status(), 303);
        assert_eq!(world.status(reference).await, status);
    }
    let no = get(&world, "/v1/transactions/no").await;
    assert_eq!(no.json()["rejected_reason"], "3-D Secure authentication failed");
}

#[tokio::test]
async fn direct_deposits_by_every_method_and_by_route() {
    let world = World::start().await;
    for (provider, action, status) in [
        (211, "approve", "successful"),
        (212, "decline", "rejected"),
        (211, "cancel", "rejected"),
        (213, "cancel", "rejected"),
        (310, "cancel", "rejected"),
    ] {
        let reference = format!("{provider}-{action}");
        let answer = world.pay_at_page(&reference, provider, "10.00", json!({})).await;
        assert_eq!(answer["transaction_status"], "pending", "{answer}");
        let url = answer["url"].as_str().expect("a URL");
        world.submit(url, &format!("action={action}")).await;
        world.status_becomes(&reference, status).await;
    }
}

/// Section 14: the bytes, the signatures' presence and the order.
#[tokio::test]
async fn webhooks() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let hook = json!({"settings": {"webhook_url": receiver.url()}});
    world.pay_by_card("declined", "4000000000009995", "10.05", hook.clone()).await;
    let id =
        get(&world, "/v1/transactions?from=").await.json()[0]["transaction"]["id"].as_str().expect("an id").to_owned();
    let received = receiver.wait_for(1).await;
    let expected = format!(
        r#"{{"transaction_id":"{id}","user_id":"U123","tracking_id":"declined","status":"rejected","currency":"EUR","amount":"10.05","transaction_type":"deposit","provider":"simulator","rejected_reason":"Insufficient funds"}}"#
    );
    assert_eq!(received[0].body, expected);
    let signature = received[0].header("x-signature");
    assert!(signature.len() == 40 && signature.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F')));
    assert!(received[0].header("webhook-signature").starts_with("v1,"));

    world.pay_by_card("later", "4111111111111111", "9105.00", hook).await;
    receiver.wait_for(2).await;
    world.advance(Duration::from_secs(60)).await;
    let received = receiver.wait_for(3).await;
    let later: Vec<String> =
        received.iter().filter(|hook| hook.field("tracking_id") == "later").map(|hook| hook.field("status")).collect();
    assert_eq!(later, ["pending", "successful"]);
}
