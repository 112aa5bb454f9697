//! Notifications of the v3 dialect: which transactions are told, in which form, and how a receiver that was away gets them.

use std::time::Duration;

use aes_gcm::aead::{Aead, KeyInit, Nonce};
use aes_gcm::{Aes256Gcm, Key};
use florin_engine::setup::{self, NewCredential};
use florin_gateway::demo;
use serde_json::{Value, json};

use crate::cashier_keys::put;
use crate::v3::{Answer, card, payment};
use crate::webhooks::delivered;
use crate::world::{Mode, Received, Receiver, World};

mod cards;
mod trial;

const CARD: &str = "4200000000000000";
const CHALLENGE: &str = "4000000000003220";

/// Gives the demo's credential settings beside its entity.
async fn set(world: &World, mut settings: Value) {
    let (entity, token) = world.demo().v3();
    settings["entity_ids"] = json!([entity]);
    let known = world.engine().directory().credential(demo::V3).expect("the demo's credential").as_ref().clone();
    let changed = NewCredential {
        id: known.id,
        merchant: known.merchant,
        mode: known.mode,
        dialect: known.dialect,
        key: token,
        label: Default::default(),
        other_keys: Vec::new(),
        permissions: known.permissions,
        expires_at: None,
        revoked: false,
        allow: Vec::new(),
        deny: Vec::new(),
        settings,
        signature_password: known.signature_password,
    };
    put(world, setup::credential_row(&changed, world.engine().keyring())).await;
}

/// A payment of 92.00 whose notifications go to a receiver.
async fn pay(world: &World, mount: &str, kind: &str, number: &str, receiver: &Receiver) -> Answer {
    pay_amount(world, mount, kind, "92.00", number, receiver).await
}

async fn pay_amount(world: &World, mount: &str, kind: &str, amount: &str, number: &str, receiver: &Receiver) -> Answer {
    let form = format!("{}&notificationUrl={}", payment(kind, amount, number), receiver.url());
    world.v3(&format!("{mount}/payments"), &form).await
}

async fn order(world: &World, id: &str, kind: &str, amount: &str) -> Answer {
    world.v3(&format!("/v3/payments/{id}"), &format!("paymentType={kind}&amount={amount}&currency=EUR")).await
}

/// Type and code, as tables write them: `CP 000.000.000`.
fn told(received: &[Received]) -> Vec<String> {
    let line = |event: &Received| {
        let body: Value = serde_json::from_str(&event.body).expect("JSON");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        format!("{} {}", text(&body["paymentType"]), text(&body["result"]["code"]))
    };
    received.iter().map(line).collect()
}

/// The Standard Webhooks headers are those of the body as it came, an empty one for a GET.
fn assert_signed(world: &World, event: &Received) {
    let (id, timestamp) = (event.header("webhook-id"), event.header("webhook-timestamp"));
    let timestamp_s = timestamp.parse().expect("seconds");
    let secrets = [world.demo().webhook_secret()];
    let expected = florin_engine::webhooks::standard_signature(id, timestamp_s, &event.body, &secrets);
    assert_eq!(event.header("webhook-signature"), expected);
}

#[tokio::test]
async fn a_transaction_is_told_as_an_inquiry_reads_then() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let held = pay_amount(&world, "/v3", "PA", "50000.00", CARD, &receiver).await;
    let mut expected = Vec::new();
    let mut read = async |id: &str| expected.push(world.v3_get(&format!("/v3/payments/{id}")).await.text);
    read(held.id()).await;
    for (kind, amount) in [("CP", "50.00"), ("RF", "10.00"), ("CP", "9051.00"), ("CP", "42.00")] {
        read(order(&world, held.id(), kind, amount).await.id()).await;
    }
    let received = receiver.wait_for(5).await;
    let lines = ["PA 000.000.000", "CP 000.000.000", "RF 000.000.000", "CP 800.100.51", "CP 000.000.000"];
    assert_eq!(told(&received), lines);
    assert_eq!(received.iter().map(|event| event.body.clone()).collect::<Vec<_>>(), expected);
    for event in &received {
        assert_signed(&world, event);
        assert_eq!((event.method.as_str(), event.target.as_str()), ("POST", "/hook"));
        assert_eq!(event.header("content-type"), "application/json;charset=UTF-8");
    }
}

#[tokio::test]
async fn final_results_are_told_and_later_changes() {
    let world = World::start().await;
    let check = async |kind: &str, amount: &str, number: &str, wait_s: u64, expected: &[&str]| {
        let receiver = Receiver::start().await;
        pay_amount(&world, "/v3", kind, amount, number, &receiver).await;
        world.advance(Duration::from_secs(wait_s)).await;
        assert_eq!(told(&receiver.wait_for(expected.len()).await), expected, "{kind} {amount} {number}");
    };
    check("DB", "92.00", CARD, 1, &["DB 000.000.000"]).await;
    check("DB", "92.00", "4000000000009995", 1, &["DB 800.100.51"]).await;
    check("CV", "0.00", CARD, 1, &["CV 000.000.000"]).await;
    check("CD", "20.00", CARD, 1, &["CD 000.000.000"]).await;
    check("CD", "9051.00", CARD, 1, &["CD 800.100.51"]).await;
    check("DB", "9101.00", CARD, 120, &["DB 000.000.000"]).await;
    check("DB", "9107.00", CARD, 61, &["DB 000.000.000", "CB 000.000.000"]).await;
    // A payer who never comes back.
    check("DB", "92.00", CHALLENGE, 16 * 60, &["DB 100.396.103"]).await;

    let receiver = Receiver::start().await;
    let held = pay(&world, "/v3", "PA", CARD, &receiver).await;
    world.v3(&format!("/v3/payments/{}", held.id()), "paymentType=RV").await;
    assert_eq!(told(&receiver.wait_for(2).await), ["PA 000.000.000", "RV 000.000.000"]);
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn open_ones_are_told_on_request() {
    let world = World::start().await;
    set(&world, json!({"notify_pending": true})).await;
    let receiver = Receiver::start().await;
    let waiting = pay(&world, "/gateway/v3", "DB", CHALLENGE, &receiver).await;
    let first = receiver.wait_for(1).await.remove(0);
    let body: Value = serde_json::from_str(&first.body).expect("JSON");
    assert_eq!(body["redirect"], waiting.body["redirect"], "where it was made is where the payer goes");
    world.submit(waiting.body["redirect"]["url"].as_str().expect("a URL"), "action=approve").await;
    assert_eq!(told(&receiver.wait_for(2).await), ["DB 000.200.000", "DB 000.000.000"]);

    let receiver = Receiver::start().await;
    for amount in ["9101.00", "9104.00"] {
        pay_amount(&world, "/v3", "DB", amount, CARD, &receiver).await;
    }
    receiver.wait_for(2).await;
    world.advance(Duration::from_secs(120)).await;
    let mut lines = told(&receiver.wait_for(4).await);
    lines.sort();
    assert_eq!(lines, ["DB 000.000.000", "DB 000.000.000", "DB 000.200.300", "DB 000.200.300"]);

    let receiver = Receiver::start().await;
    let held = pay_amount(&world, "/v3", "PA", "50000.00", CARD, &receiver).await;
    order(&world, held.id(), "CP", "9101.00").await;
    receiver.wait_for(2).await;
    world.advance(Duration::from_secs(120)).await;
    let received = receiver.wait_for(3).await;
    assert_eq!(told(&received), ["PA 000.000.000", "CP 000.200.300", "CP 000.000.000"]);
}

#[tokio::test]
async fn the_older_platform_is_called_with_an_id() {
    let world = World::start().await;
    let (named, own) = (Receiver::start().await, Receiver::start().await);
    set(&world, json!({"notification_url": format!("{}?shop=7", own.url())})).await;
    let held = pay(&world, "/oppwa/v1", "PA", CARD, &named).await;
    assert_eq!(held.code(), "000.100.110");
    let captured = order(&world, held.id(), "CP", "50.00").await;
    let received = named.wait_for(2).await;
    for (event, id) in received.iter().zip([held.id(), captured.id()]) {
        assert_eq!((event.method.as_str(), event.body.as_str()), ("GET", ""));
        assert_eq!(event.target, format!("/hook?id={id}&resourcePath=%2Fv1%2Fpayments%2F{id}"));
        assert_signed(&world, event);
        assert_eq!(world.v3_get(&format!("/oppwa/v1/payments/{id}")).await.id(), id);
    }
    // To the credential's own URL the same is posted, in the words of the mount.
    let paid = world.v3("/oppwa/v1/payments", &payment("DB", "92.00", CARD)).await;
    let event = own.wait_for(1).await.remove(0);
    assert_eq!((event.method.as_str(), event.target.as_str()), ("POST", "/hook?shop=7"));
    assert_eq!(event.body, world.v3_get(&format!("/oppwa/v1/payments/{}", paid.id())).await.text);
    // A setting counts for every mount.
    set(&world, json!({"notification_url": format!("{}?shop=7", own.url()), "notification_form": "get"})).await;
    let paid = world.v3("/v3/payments", &payment("DB", "92.00", CARD)).await;
    let event = own.wait_for(2).await.remove(1);
    let id = paid.id();
    assert_eq!(event.target, format!("/hook?shop=7&id={id}&resourcePath=%2Fv3%2Fpayments%2F{id}"));
}

#[tokio::test]
async fn secrets_are_sealed() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let check = async |wrapper: &str, content_type: &str, count: usize| {
        let url = receiver.url();
        set(
            &world,
            json!({"notification_url": url, "notification_form": "encrypted", "notification_wrapper": wrapper}),
        )
        .await;
        let paid = world.v3("/v3/payments", &payment("DB", "92.00", CARD)).await;
        let event = receiver.wait_for(count).await.remove(count - 1);
        assert_signed(&world, &event);
        assert_eq!(event.header("content-type"), content_type);
        let notice = open(&world, &event);
        let read = world.v3_get(&format!("/v3/payments/{}", paid.id())).await;
        let (whole, answer) = (notice.to_string(), read.text.trim_end_matches('}'));
        assert!(whole.starts_with(&format!("{{\"type\":\"PAYMENT\",\"payload\":{answer}")), "{whole}\n{answer}");
        let payload = &notice["payload"];
        let more = ["presentationAmount", "presentationCurrency", "authentication", "source", "paymentMethod"];
        let more: Vec<&Value> = more.iter().map(|key| &payload[*key]).collect();
        assert_eq!(
            more,
            [&json!("92.00"), &json!("EUR"), &json!({"entityId": "EB000001"}), &json!("OPP"), &json!("CC")]
        );
        assert_eq!(payload["shortId"].as_str().map(str::len), Some(14));
    };
    check("none", "text/plain", 1).await;
    check("json", "application/json;charset=UTF-8", 2).await;
    let received = receiver.received();
    let vector = |place: usize| received[place].header("x-initialization-vector").to_owned();
    assert_ne!(vector(0), vector(1));
}

/// Opens a sealed notification as a merchant does.
fn open(world: &World, event: &Received) -> Value {
    let body = match event.body.strip_prefix("{\"encryptedBody\":\"") {
        Some(wrapped) => wrapped.strip_suffix("\"}").expect("a wrapper"),
        None => &event.body,
    };
    let key = world.demo().v3_notification_key();
    let key: [u8; 32] = bytes(key.expose()).try_into().expect("32 bytes");
    let vector = event.header("x-initialization-vector");
    let nonce: [u8; 12] = bytes(vector).try_into().expect("12 bytes");
    let tag = event.header("x-authentication-tag");
    assert!([body, vector, tag].iter().all(|text| text.to_uppercase() == **text), "upper case");
    let sealed = [bytes(body), bytes(tag)].concat();
    let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(key));
    let plain = cipher.decrypt(&Nonce::<Aes256Gcm>::from(nonce), sealed.as_slice()).expect("the key opens it");
    serde_json::from_slice(&plain).expect("JSON")
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal")).collect()
}

#[tokio::test]
async fn a_newer_event_hurries_the_oldest() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    receiver.behave(Mode::Fails);
    let held = pay(&world, "/v3", "PA", CARD, &receiver).await;
    for (attempts, minutes) in [(1, 1), (2, 2), (3, 4)] {
        delivered(&world, attempts).await;
        world.advance(Duration::from_secs(minutes * 60)).await;
        receiver.wait_for(attempts + 1).await;
    }
    delivered(&world, 4).await;
    receiver.behave(Mode::Ok);
    // No time passes: eight minutes are left to wait.
    order(&world, held.id(), "CP", "50.00").await;
    let received = receiver.wait_for(6).await;
    assert_eq!(told(&received[4..]), ["PA 000.000.000", "CP 000.000.000"]);
    assert!(received[..5].iter().all(|event| event.body == received[0].body), "the same bytes");
}

#[tokio::test]
async fn nobody_is_told_without_a_url() {
    let world = World::start().await;
    world.v3("/v3/payments", &payment("DB", "92.00", CARD)).await;
    world.v3("/v3/payments", &format!("paymentType=CD&amount=20.00&currency=EUR&{}", card(CARD))).await;
    for payment in world.payments().await {
        assert_eq!(world.engine().store().events(payment.id).await.expect("events").len(), 0);
    }
}
