//! Keys of the cashier: expiry by the merchant's clock, revocation, addresses, modes, and the settings a credential carries.

use std::time::Duration;

use florin_engine::directory::Permission;
use florin_engine::setup::{self, NewCredential, NewMerchant};
use florin_gateway::demo;
use florin_kernel::CredentialId;
use florin_kernel::payment::{Dialect, Mode};
use florin_kernel::ports::Lane;
use florin_kernel::secret::Secret;
use florin_store::ConfigRow;
use jiff::SignedDuration;
use reqwest::RequestBuilder;
use serde_json::json;

use crate::cashier_calls::{Answer, S2S, post};
use crate::world::{Receiver, World};

/// Writes a row of configuration, and makes it count.
pub async fn put(world: &World, row: ConfigRow) {
    world.engine().store().put_config(vec![row]).await.expect("a row");
    world.engine().reload_directory().await.expect("a directory");
}

/// The demo's merchant, to be changed.
pub fn demo_merchant(world: &World) -> NewMerchant {
    let directory = world.engine().directory();
    let merchant = directory.merchant(demo::MERCHANT).expect("the demo's merchant").as_ref().clone();
    NewMerchant {
        id: merchant.id,
        slug: merchant.slug,
        name: merchant.name,
        limits: merchant.limits,
        blocked_payers: merchant.blocked_payers,
        withdrawals: merchant.withdrawals,
        schemes: merchant.schemes,
        brand: Default::default(),
        webhook_secrets_dev: merchant.webhook_secrets_dev,
        webhook_secrets_live: merchant.webhook_secrets_live,
    }
}

/// A further DEV credential of the demo's merchant, with all permissions but for what `change` does; returns its key.
pub async fn credential(world: &World, number: i64, change: impl FnOnce(&mut NewCredential)) -> String {
    let key = format!("fl_dev_{number:040}");
    let mut credential = NewCredential {
        id: CredentialId::from_number(number),
        merchant: demo::MERCHANT,
        mode: Mode::Dev,
        dialect: Dialect::Cashier,
        key: Secret::new(key.clone()),
        label: Default::default(),
        other_keys: Vec::new(),
        permissions: vec![Permission::Deposits, Permission::S2sCards, Permission::Read],
        expires_at: None,
        revoked: false,
        allow: Vec::new(),
        deny: Vec::new(),
        settings: json!({}),
        signature_password: Secret::new("spg_test_demo".into()),
    };
    change(&mut credential);
    put(world, setup::credential_row(&credential, world.engine().keyring())).await;
    key
}

/// Sends a request with a key.
pub async fn call(request: RequestBuilder, key: &str) -> Answer {
    Answer::of(request.header("x-api-key", key).send().await.expect("an answer")).await
}

#[tokio::test]
async fn missing_and_unknown_keys() {
    let world = World::start().await;
    let bare = Answer::of(world.post("/v1/payments/s2s").body(S2S).send().await.expect("an answer")).await;
    assert_eq!((bare.status, bare.body.as_str()), (400, r#"{"code":1026,"message":"API Key is missing"}"#));
    assert_eq!(call(world.get("/v1/transactions"), "").await.code(), 1026);
    assert_eq!(call(world.get("/v1/transactions"), "fl_dev_unknown").await.code(), 1027);
    let twice = world.get("/v1/transactions").header("x-api-key", world.demo().api_key().expose());
    assert_eq!(call(twice, world.demo().api_key().expose()).await.code(), 1027);
    let revoked = credential(&world, 7, |credential| credential.revoked = true).await;
    assert_eq!(call(world.get("/v1/transactions"), &revoked).await.code(), 1027);
    let elsewhere = world.get(&format!("/v1/transactions?api_key={}", world.demo().api_key().expose()));
    let elsewhere = elsewhere.header("authorization", world.demo().api_key().expose());
    assert_eq!(Answer::of(elsewhere.send().await.expect("an answer")).await.code(), 1026);
}

#[tokio::test]
async fn keys_expire_by_the_merchants_clock() {
    let world = World::start().await;
    let now = world.engine().now(Lane::Dev(demo::MERCHANT));
    let key =
        credential(&world, 7, |credential| credential.expires_at = Some(now + SignedDuration::from_hours(1))).await;
    assert_eq!(call(world.get("/v1/transactions"), &key).await.status, 200);
    world.advance(Duration::from_secs(3601)).await;
    let expired = call(world.post("/v1/payments/s2s").body("nonsense"), &key).await;
    assert_eq!(expired.body, r#"{"code":1028,"message":"API Key has expired"}"#);
}

#[tokio::test]
async fn addresses() {
    let world = World::with(|config| config.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a range")]).await;
    let range = |text: &str| vec![text.parse().expect("a range")];
    let allowed = credential(&world, 7, |credential| credential.allow = range("203.0.113.0/24")).await;
    let denied = credential(&world, 8, |credential| {
        credential.allow = range("0.0.0.0/0");
        credential.deny = range("203.0.113.7/32");
    })
    .await;
    for (key, forwarded, code) in [
        (&allowed, "203.0.113.7", 0),
        (&allowed, "203.0.113.7, 198.51.100.1", 1295),
        (&allowed, "198.51.100.1", 1295),
        (&allowed, "", 1295),
        (&denied, "203.0.113.7", 1295),
        (&denied, "::ffff:203.0.113.7", 1295),
        (&denied, "203.0.113.8", 0),
    ] {
        let answer = call(world.get("/v1/transactions").header("x-forwarded-for", forwarded), key).await;
        let code_of = if answer.status == 200 { 0 } else { answer.code() };
        assert_eq!(code_of, code, "{forwarded}: {}", answer.body);
    }
}

#[tokio::test]
async fn live_and_dev_do_not_see_each_other() {
    let world = World::start().await;
    let live = credential(&world, 7, |credential| credential.mode = Mode::Live).await;
    let id = post(&world, "/v1/payments/s2s", S2S).await.header("x-transaction-id").to_owned();
    for id in [id.as_str(), "0d1b7c2e-5f0e-4c5b-9b0a-3a2f6d5c1e77"] {
        assert_eq!(call(world.get(&format!("/v1/transactions/{id}")), &live).await.code(), 1039);
    }
    assert_eq!(call(world.get("/v1/transactions"), &live).await.body, "[]");
    assert_eq!(call(world.post("/v1/payments/s2s").body(S2S), &live).await.code(), 9006);
    let without_mode = S2S.replace("\"mode\":\"test\",", "");
    let past = call(world.post("/v1/payments/s2s").body(without_mode.clone()), &live).await;
    assert_eq!((past.code(), past.fields()), (9001, vec!["card_details.exp_year".to_owned()]));
    // No simulated provider has credentials for live mode.
    let in_time = without_mode.replace("\"2025\"", "\"2099\"");
    assert_eq!(call(world.post("/v1/payments/s2s").body(in_time), &live).await.code(), 1016);
}

#[tokio::test]
async fn settings_of_a_credential() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let key = credential(&world, 7, |credential| {
        credential.settings =
            json!({"edition": "flat", "s2s_error": "object", "webhook_url": receiver.url(), "dob_format": "mdy"});
    })
    .await;
    let body = S2S
        .replace("4111111111111111", "4000000000009995")
        .replace("\"user_id\"", "\"customer\":{\"dob\":\"03/31/2000\"},\"user_id\"");
    let answer = call(world.post("/v1/payments/s2s").body(body), &key).await;
    assert_eq!(
        answer.body,
        r#"{"url":"","transaction_status":"rejected","error":{"code":"51","message":"Insufficient funds"}}"#
    );
    let id = answer.header("x-transaction-id");
    let received = receiver.wait_for(1).await;
    let expected = format!(
        r#"{{"transaction_id":"{id}","user_id":"U123","tracking_id":"0d1b7c2e-5f0e-4c5b-9b0a-3a2f6d5c1e77","status":"rejected","currency":"EUR","amount":"10.05","transaction_type":"deposit"}}"#
    );
    assert_eq!(received[0].body, expected);
    let list = call(world.get("/v1/transactions"), &key).await.json();
    assert_eq!(
        (list[0]["transaction_id"].as_str(), list[0]["payment_provider"].as_str()),
        (Some(id), Some("simulator"))
    );
}
