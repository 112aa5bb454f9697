//! Every code of the cashier's error table over HTTP, and that a refusal leaves nothing behind.

use florin_engine::directory::{Limit, Permission};
use florin_engine::setup;
use florin_kernel::routing::{Method, ProviderAccount, Rule, RuleOperation};
use florin_kernel::{Asset, Money};
use serde_json::{Value, json};

use crate::cashier_calls::{Answer, S2S, get, post};
use crate::cashier_keys::{call, credential, demo_merchant, put};
use crate::world::World;

/// The S2S sample with other fields; null takes one away.
fn s2s(changes: &[(&str, Value)]) -> String {
    let mut body: Value = serde_json::from_str(S2S).expect("the sample");
    for (path, value) in changes {
        let mut place = &mut body;
        for name in path.split('.') {
            place = &mut place[name];
        }
        *place = value.clone();
    }
    body.to_string()
}

#[tokio::test]
async fn bad_requests_write_nothing() {
    let world = World::start().await;
    let check = async |body: String, code: i64, fields: &[&str]| {
        let answer = post(&world, "/v1/payments/s2s", body.clone()).await;
        assert_eq!((answer.status, answer.code()), (400, code), "{body}\n{}", answer.body);
        assert_eq!(answer.fields(), fields, "{body}");
    };
    check("{".into(), 9001, &["body"]).await;
    check(S2S.replace("\"amount\":10.05", "\"amount\":1,\"amount\":2"), 9001, &["body"]).await;
    check(format!("{S2S}{S2S}"), 9001, &["body"]).await;
    check(s2s(&[("request.mode", json!("live")), ("request.tracking_id", Value::Null)]), 9006, &[]).await;
    check(s2s(&[("request.tracking_id", json!("")), ("request.amount", json!(-1))]), 1089, &[]).await;
    check(
        s2s(&[
            ("request.amount", json!("1e309")),
            ("request.customer.dob", json!("31/02/2000")),
            ("card_details.cvc", json!("1")),
        ]),
        9001,
        &["request.amount", "request.customer.dob", "card_details.cvc"],
    )
    .await;
    check(s2s(&[("request.settings.webhook_url", json!("ftp://x"))]), 9001, &["request.settings.webhook_url"]).await;
    check(s2s(&[("request.routing_id", json!(999))]), 1016, &[]).await;
    check(s2s(&[("request.routing_id", json!(211))]), 9004, &["request.routing_id"]).await;
    check(s2s(&[("request.routing_id", json!(216)), ("request.currency", json!("USD"))]), 9004, &["request.currency"])
        .await;
    check(s2s(&[("request.amount", json!("1000000.01"))]), 9003, &["request.amount"]).await;
    check(s2s(&[("request.customer.max_deposit_limit", json!(10))]), 9003, &["request.amount"]).await;
    check(s2s(&[("request.customer.max_deposit_limit", json!(0))]), 9003, &["request.amount"]).await;
    let webhook = |url: &str| s2s(&[("request.settings.webhook_url", json!(url))]);
    check(webhook("http://10.0.0.1/hook"), 1229, &[]).await;
    check(webhook("http://169.254.169.254/latest"), 1229, &[]).await;
    check(webhook("http://[::ffff:10.0.0.1]/hook"), 1229, &[]).await;
    assert!(world.payments().await.is_empty() && world.charges().await.is_empty());
    // The reference was not used up by any of these.
    assert_eq!(post(&world, "/v1/payments/s2s", S2S).await.status, 200);
}

#[tokio::test]
async fn sizes_paths_and_methods() {
    let world = World::start().await;
    let large = S2S.replace("John Doe", &"x".repeat(70_000));
    let answer = post(&world, "/v1/payments/s2s", large).await;
    assert_eq!((answer.status, answer.body.as_str()), (413, r#"{"code":9022,"message":"Request body is too large"}"#));
    let just_fits = format!("{S2S}{}", " ".repeat(65_536 - S2S.len()));
    assert_eq!(post(&world, "/v1/payments/s2s", just_fits).await.status, 200);
    for path in [
        "/v1",
        "/v1/",
        "/v1/payments",
        "/v1/nothing",
        "/v1/payments/nothing",
        "/v1/withdrawals/nothing",
        "/v1/transactions/a/b",
    ] {
        let answer = get(&world, path).await;
        assert_eq!((answer.status, answer.body.as_str()), (404, r#"{"code":9020,"message":"Not found"}"#), "{path}");
    }
    for (method, path, allow) in [
        (reqwest::Method::GET, "/v1/payments/s2s", "POST"),
        (reqwest::Method::PUT, "/v1/payments/direct", "POST"),
        (reqwest::Method::POST, "/v1/transactions", "GET, HEAD"),
        (reqwest::Method::DELETE, "/v1/transactions/x", "GET, HEAD"),
    ] {
        let answer = Answer::of(world.request(method, path).send().await.expect("an answer")).await;
        assert_eq!((answer.status, answer.body.as_str()), (405, r#"{"code":9021,"message":"Method not allowed"}"#));
        assert_eq!(answer.header("allow"), allow);
    }
}

#[tokio::test]
async fn statuses_of_nothing() {
    let world = World::start().await;
    for path in ["/v1/transactions/", "/v1/transactions?id="] {
        assert_eq!(get(&world, path).await.body, r#"{"code":1021,"message":"Transaction ID is missing"}"#, "{path}");
    }
    for id in [
        "g7xp8kudinz3tyi",
        "unknown",
        "%FF",
        "%00",
        "0123456789abcdef0123456789abcdef",
        "..%2F..",
        "'%20OR%201=1",
        &"x".repeat(5000),
    ] {
        let answer = get(&world, &format!("/v1/transactions/{id}")).await;
        assert_eq!(answer.body, r#"{"code":1039,"message":"Transaction ID does not exist"}"#, "{id}");
    }
}

#[tokio::test]
async fn our_ids_are_no_references() {
    let world = World::start().await;
    let id = post(&world, "/v1/payments/s2s", S2S).await.header("x-transaction-id").to_owned();
    let answer =
        post(&world, "/v1/payments/s2s", s2s(&[("request.tracking_id", json!(id)), ("request.amount", json!(0))]))
            .await;
    assert_eq!((answer.code(), answer.fields()), (9001, vec!["request.amount".into(), "request.tracking_id".into()]));
}

/// What the merchant's own settings refuse, and that a repeat of an earlier request goes before them.
#[tokio::test]
async fn the_merchants_own_bounds() {
    let world = World::start().await;
    assert_eq!(post(&world, "/v1/payments/s2s", S2S).await.status, 200);
    let eur = Asset::currency("EUR").expect("a currency");
    let mut merchant = demo_merchant(&world);
    merchant.limits = vec![Limit { min: Money::new(2000, eur), max: Money::new(3000, eur) }];
    merchant.blocked_payers = vec!["127.34.0.0/16".parse().expect("a range")];
    let row = setup::merchant_row(&merchant, world.engine().keyring());
    put(&world, row).await;

    let other = [("request.tracking_id", json!("other"))];
    let blocked = post(&world, "/v1/payments/s2s", s2s(&other)).await;
    assert_eq!(
        blocked.body,
        r#"{"code":1295,"message":"Your IP is blocked","errors":[{"field":"request.ip","message":"is blocked"}]}"#
    );
    let too_little = s2s(&[other[0].clone(), ("request.ip", json!("203.0.113.7"))]);
    let too_little = post(&world, "/v1/payments/s2s", too_little).await;
    assert_eq!(
        (too_little.code(), too_little.json()["errors"][0]["message"].as_str()),
        (9003, Some("must be between 20.00 and 30.00 EUR"))
    );
    let again = post(&world, "/v1/payments/s2s", S2S).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (200, "true"));
    let changed = post(&world, "/v1/payments/s2s", s2s(&[("request.amount", json!(11))])).await;
    assert_eq!(changed.code(), 9002);
}

#[tokio::test]
async fn permissions() {
    let world = World::start().await;
    let reader = credential(&world, 7, |credential| credential.permissions = vec![Permission::Read]).await;
    let payer = credential(&world, 8, |credential| credential.permissions = vec![Permission::Deposits]).await;
    for (key, path, code) in [
        (&reader, "/v1/payments/s2s", 9008),
        (&reader, "/v1/payments/direct", 9008),
        (&payer, "/v1/payments/s2s", 9008),
        (&payer, "/v1/payments/direct", 9001),
    ] {
        let answer = call(world.post(path).body("nonsense"), key).await;
        assert_eq!(answer.code(), code, "{path}");
    }
    assert_eq!(call(world.get("/v1/transactions"), &payer).await.code(), 9008);
    assert_eq!(call(world.get("/v1/transactions"), &reader).await.body, "[]");
}

/// Stopping: nothing new is begun, and the merchant may come back.
#[tokio::test]
async fn draining() {
    let world = World::start().await;
    let (engine, first) = (world.engine().clone(), post(&world, "/v1/payments/s2s", S2S).await);
    assert_eq!(first.status, 200);
    engine.shutdown().await;
    let refused = post(&world, "/v1/payments/s2s", s2s(&[("request.tracking_id", json!("late"))])).await;
    assert_eq!((refused.status, refused.code(), refused.header("retry-after")), (503, 1025, "1"));
    assert_eq!(world.payments().await.len(), 1);
}

#[tokio::test]
async fn rules_and_routes() {
    let world = World::start().await;
    let by_rules = s2s(&[("request.routing_id", Value::Null), ("request.tracking_id", json!("rules"))]);
    let catalogue = world.engine().directory().catalogue().clone();
    let is_card = |rule: &&Rule| rule.method == Method::Card && rule.operation == RuleOperation::Deposit;
    let mut rule = catalogue.rules().iter().find(is_card).expect("the demo's rule").clone();
    rule.conditions.kyc_status = vec!["passed".into()];
    put(&world, setup::rule_row(&rule)).await;
    let refused = post(&world, "/v1/payments/s2s", by_rules.clone()).await;
    assert_eq!(refused.body, r#"{"code":9005,"message":"No provider rule matches this request"}"#);
    // Bounds are told even where no rule matches.
    let limited = by_rules.replace("\"user_id\"", "\"customer\":{\"max_deposit_limit\":1},\"user_id\"");
    assert_eq!(post(&world, "/v1/payments/s2s", limited).await.code(), 9003);
    rule.conditions.kyc_status = vec!["none".into()];
    put(&world, setup::rule_row(&rule)).await;
    assert_eq!(post(&world, "/v1/payments/s2s", by_rules).await.status, 200);

    // A decline that permits it goes on inside a route, and only there.
    let declined = json!("4000000000000341");
    let with = |reference: &str, id: i64| {
        s2s(&[
            ("request.tracking_id", json!(reference)),
            ("request.routing_id", json!(id)),
            ("card_details.card_number", declined.clone()),
        ])
    };
    let cascaded = post(&world, "/v1/payments/s2s", with("cascaded", 310)).await;
    assert_eq!(cascaded.body, r#"{"url":"","transaction_status":"successful"}"#);
    let alone = post(&world, "/v1/payments/s2s", with("alone", 210)).await;
    assert_eq!(alone.body, r#"{"url":"","transaction_status":"rejected","error":"Do not honour"}"#);

    let found = catalogue.providers.iter().find(|account| account.id.number() == 210);
    let mut account: ProviderAccount = found.expect("the demo's account").as_ref().clone();
    account.disabled = true;
    put(&world, setup::provider_row(&account)).await;
    for path in ["/v1/payments/s2s", "/v1/payments/direct"] {
        assert_eq!(post(&world, path, with("disabled", 210)).await.code(), 1016, "{path}");
    }
    world.assert_book_agrees().await;
}
