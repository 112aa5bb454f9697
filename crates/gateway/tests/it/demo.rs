//! `--demo`: what is written, and that it lasts.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::world::World;

fn read(world: &World) -> Value {
    let text = std::fs::read_to_string(world.data().join("demo.json")).expect("demo.json");
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test]
async fn the_file_has_what_tools_rely_on() {
    let world = World::start().await;
    let demo = read(&world);
    assert_eq!(demo["base_url"], world.url("").as_str());
    assert_eq!(
        demo["cashier"]["provider_ids"],
        json!({"card": 210, "bank_transfer": 211, "e_wallet": 212, "voucher": 213})
    );
    assert_eq!(demo["cashier"]["routing_id"], 310);
    let check = |value: &Value, prefix: &str| {
        let text = value.as_str().expect("text");
        let letters = text.strip_prefix(prefix).unwrap_or_else(|| panic!("{text} does not begin with {prefix}"));
        assert!(letters.len() == 40 && letters.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{text}");
    };
    check(&demo["cashier"]["api_key"], "fl_dev_");
    check(&demo["cashier"]["signature_password"], "spg_test_demo");
    check(&demo["admin"]["token"], "fl_admin_");
    check(&demo["v3"]["access_token"], "fl_dev_");
    assert_eq!(demo["v3"]["entity_id"], "EB000001");
    for (secret, length) in [("notification_key", 64), ("legacy_user_id", 32), ("legacy_password", 40)] {
        assert_eq!(demo["v3"][secret].as_str().map(str::len), Some(length), "{secret}");
    }
    check(&demo["crypto"]["api_key"], "fl_dev_");
    assert_eq!(demo["crypto"]["pos_id"], "POS1");
    assert_eq!(demo["crypto"]["user"].as_str().map(str::len), Some(36));
    assert_eq!(demo["portal"]["url"], world.url("/portal").as_str());
    assert_eq!(demo["portal"]["email"], "operator@example.com");
    assert_eq!(demo["portal"]["password"].as_str().map(str::len), Some(24));
    assert!(demo["webhook_secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")));
    let keys: Vec<&String> = demo.as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        ["base_url", "portal", "admin", "cashier", "v3", "crypto", "transaction_services", "webhook_secret"]
    );
    #[cfg(unix)]
    for file in ["demo.json", "master.key"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(world.data().join(file)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn a_second_start_keeps_secrets_and_payments() {
    let mut world = World::start().await;
    let first = read(&world);
    world.pay_by_card("kept", "4111111111111111", "10.05", json!({})).await;
    let (key, token) = (world.demo().api_key(), world.demo().admin_token());
    world.restart().await;
    let second = read(&world);
    assert_eq!(second["base_url"], world.url("").as_str());
    for part in ["admin", "cashier", "v3", "crypto", "transaction_services", "webhook_secret"] {
        assert_eq!(first[part], second[part], "{part}");
    }
    let answer = world.get("/v1/transactions/kept").header("x-api-key", key.expose()).send().await.expect("an answer");
    assert_eq!(answer.json::<Value>().await.expect("JSON")["transaction_status"], "successful");
    assert_eq!(world.advance_s(1, token.expose()).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_lost_file_means_new_secrets() {
    // A database that several processes share keeps them.
    let mut world = World::on(None, |_| ()).await;
    let first = read(&world);
    world.stop().await;
    std::fs::remove_file(world.data().join("demo.json")).expect("removed");
    world.restart().await;
    assert_ne!(first["cashier"]["api_key"], read(&world)["cashier"]["api_key"]);
    let old = first["cashier"]["api_key"].as_str().expect("text");
    let answer = world.get("/v1/transactions").header("x-api-key", old).send().await.expect("an answer");
    assert_eq!(answer.json::<Value>().await.expect("JSON")["code"], 1027);
    let asked = world.pay_by_card("new-key", "4111111111111111", "10.05", json!({})).await;
    assert_eq!(asked["transaction_status"], "successful");
}

/// The tables of the cashier contract, section 16.
#[tokio::test]
async fn the_providers_are_the_contracts() {
    let world = World::start().await;
    let mut count = 0;
    let mut check = async |provider: i64, number: &str, amount: &str, currency: &str, expected: Value| {
        count += 1;
        let more = json!({"routing_id": provider, "currency": currency});
        let answer = world.pay_by_card(&format!("provider-{count}"), number, amount, more).await;
        let said = if expected.is_u64() { &answer["code"] } else { &answer["transaction_status"] };
        assert_eq!(*said, expected, "{provider} {amount} {currency}: {answer}");
    };
    check(210, "4111111111111111", "10.05", "EUR", json!("successful")).await;
    check(210, "4000000000000341", "10.05", "EUR", json!("rejected")).await;
    check(310, "4000000000000341", "10.05", "EUR", json!("successful")).await;
    check(310, "4000000000009995", "10.05", "EUR", json!("rejected")).await;
    check(216, "4111111111111111", "10.05", "EUR", json!("successful")).await;
    check(216, "4111111111111111", "10.05", "USD", json!(9004)).await;
    check(210, "4111111111111111", "1000000.01", "EUR", json!(9003)).await;
    check(214, "4111111111111111", "10.05", "EUR", json!(1016)).await;
}
