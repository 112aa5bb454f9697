//! What a credential's settings and permissions do in the v3 dialect.

use std::time::Duration;

use florin_engine::directory::Permission;
use florin_engine::setup::{self, NewCredential};
use florin_kernel::CredentialId;
use florin_kernel::payment::{Dialect, Mode};
use florin_kernel::secret::Secret;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::cashier_keys::put;
use crate::v3::{Answer, card, payment, send};
use crate::world::World;

const CARD: &str = "4111111111111111";

/// A merchant's program with settings of its own.
struct Shop<'w> {
    world: &'w World,
    entity: String,
    token: String,
}

impl Shop<'_> {
    async fn post(&self, path: &str, form: &str) -> Answer {
        let body = format!("entityId={}&{form}", self.entity);
        let request = self.world.request(Method::POST, path).bearer_auth(&self.token);
        send(request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)).await
    }

    async fn pay(&self, kind: &str, amount: &str, number: &str) -> Answer {
        self.post("/v3/payments", &payment(kind, amount, number)).await
    }

    async fn get(&self, path: &str) -> Answer {
        send(self.world.get(&format!("{path}?entityId={}", self.entity)).bearer_auth(&self.token)).await
    }
}

/// A shop of the demo's merchant; `number` keeps several apart.
async fn shop<'w>(world: &'w World, number: i64, settings: Value, permissions: &[Permission]) -> Shop<'w> {
    let (entity, token) = (format!("SHOP{number:04}"), format!("fl_dev_{number:040}"));
    let mut settings = settings;
    settings["entity_ids"] = json!([entity]);
    let credential = NewCredential {
        id: CredentialId::from_number(100 + number),
        merchant: florin_gateway::demo::MERCHANT,
        mode: Mode::Dev,
        dialect: Dialect::V3,
        key: Secret::new(token.clone()),
        label: Default::default(),
        other_keys: Vec::new(),
        permissions: permissions.to_vec(),
        expires_at: None,
        revoked: false,
        allow: Vec::new(),
        deny: Vec::new(),
        settings,
        signature_password: Secret::new("0".repeat(64)),
    };
    put(world, setup::credential_row(&credential, world.engine().keyring())).await;
    Shop { world, entity, token }
}

const ALL: &[Permission] =
    &[Permission::Deposits, Permission::S2sCards, Permission::Withdrawals, Permission::Approve, Permission::Read];

#[tokio::test]
async fn permissions_are_asked_for_by_what_is_done() {
    let world = World::start().await;
    let direct = payment("DB", "1.00", CARD);
    let redirect =
        "paymentType=DB&amount=1.00&currency=EUR&paymentBrand=IDEAL&shopperResultUrl=https://shop.example/r".to_owned();
    let payout = format!("paymentType=CD&amount=1.00&currency=EUR&{}", card(CARD));
    let paid = world.v3("/v3/payments", &direct).await.id().to_owned();
    let without = "403 800.900.301";
    for (number, missing, expected) in [
        (1, Permission::Deposits, [without, without, "200 000.000.000", without, "200 000.000.000"]),
        (2, Permission::S2sCards, [without, "200 000.200.000", without, "200 000.000.000", "200 000.000.000"]),
        (
            3,
            Permission::Withdrawals,
            ["200 000.000.000", "200 000.200.000", without, "200 000.000.000", "200 000.000.000"],
        ),
        (4, Permission::Read, ["200 000.000.000", "200 000.200.000", "200 000.000.000", "200 000.000.000", without]),
    ] {
        let rest: Vec<Permission> = ALL.iter().copied().filter(|permission| *permission != missing).collect();
        let shop = shop(&world, number, json!({}), &rest).await;
        let refund = format!("paymentType=RF&amount=0.01&currency=EUR&merchantTransactionId=refund-{number}");
        let found = [
            shop.post("/v3/payments", &direct).await.line(),
            shop.post("/v3/payments", &redirect).await.line(),
            shop.post("/v3/payments", &payout).await.line(),
            shop.post(&format!("/v3/payments/{paid}"), &refund).await.line(),
            shop.get(&format!("/v3/payments/{paid}")).await.line(),
        ];
        assert_eq!(found, expected, "{missing:?}");
    }
}

#[tokio::test]
async fn codes_times_and_statuses_are_as_set() {
    let world = World::start().await;
    let older =
        shop(&world, 1, json!({"result_codes": "oppwa", "timestamp_format": "oppwa", "decline_status": "never"}), ALL)
            .await;
    let paid = older.pay("DB", "92.00", CARD).await;
    assert_eq!(paid.line(), "200 000.100.110");
    assert!(paid.body["timestamp"].as_str().is_some_and(|time| time.ends_with("+0000")));
    assert_eq!(older.pay("DB", "9051.00", CARD).await.line(), "200 800.100.155");
    assert_eq!(older.post("/v3/payments", "").await.body["result"]["description"], "invalid or missing parameter");
    let always = shop(&world, 2, json!({"decline_status": "always", "pending_codes": "detailed"}), ALL).await;
    let declined = always.pay("DB", "9051.00", CARD).await;
    assert_eq!(always.get(&format!("/v3/payments/{}", declined.id())).await.line(), "400 800.100.51");
    for (amount, code) in [("9105.00", "000.100.000"), ("9101.00", "100.200.100"), ("9104.00", "100.200.200")] {
        let pending = always.pay("DB", amount, CARD).await;
        assert_eq!(pending.line(), format!("200 {code}"), "{amount}");
    }
    // The older mount has its own ways for everybody, but for what the credential says about declines.
    let there = always.post("/oppwa/v1/payments", &payment("DB", "9051.00", CARD)).await;
    assert_eq!(there.line(), "400 800.100.155");
}

#[tokio::test]
async fn references_may_be_used_again_where_set() {
    let world = World::start().await;
    let form = |amount: &str, number: &str| format!("{}&merchantTransactionId=order-1", payment("DB", amount, number));
    let retry = shop(&world, 1, json!({"merchant_transaction_id": "retry"}), ALL).await;
    let first = retry.post("/v3/payments", &form("1.00", "4000000000009995")).await;
    assert_eq!(retry.post("/v3/payments", &form("1.00", "4000000000009995")).await.text, first.text);
    let second = retry.post("/v3/payments", &form("1.00", CARD)).await;
    assert_eq!(second.line(), "200 000.000.000");
    assert_eq!(retry.post("/v3/payments", &form("2.00", CARD)).await.line(), "400 800.130.100");
    assert_eq!(retry.post("/v3/payments", &form("1.00", CARD)).await.text, second.text);
    let query = format!("/v3/query?merchantTransactionId=order-1&entityId={}", retry.entity);
    let found = send(world.get(&query).bearer_auth(&retry.token)).await;
    let ids: Vec<&str> =
        found.body["payments"].as_array().expect("a list").iter().filter_map(|one| one["id"].as_str()).collect();
    assert_eq!(ids, [second.id(), first.id()], "the newest first");
    let free = shop(&world, 2, json!({"merchant_transaction_id": "free"}), ALL).await;
    let (one, other) =
        (free.post("/v3/payments", &form("1.00", CARD)).await, free.post("/v3/payments", &form("1.00", CARD)).await);
    assert!(one.id() != other.id() && !other.replayed);
}

#[tokio::test]
async fn three_d_secure_and_the_way_back_are_as_set() {
    let world = World::start().await;
    let always = shop(&world, 1, json!({"three_d_secure": "always", "return_method": "POST"}), ALL).await;
    let asked = always.pay("DB", "1.00", CARD).await;
    assert_eq!(asked.line(), "200 000.200.000");
    let back = world.submit(asked.body["redirect"]["url"].as_str().expect("a URL"), "action=approve").await;
    assert_eq!(back.status(), 200);
    let page = back.text().await.expect("a page");
    let fields = [
        r#"method="post" action="https://shop.example/return?order=7""#.to_owned(),
        format!(r#"name="id" value="{}""#, asked.id()),
        format!(r#"name="resourcePath" value="/v3/payments/{}""#, asked.id()),
    ];
    assert!(fields.iter().all(|field| page.contains(field)), "{page}");
    let never = shop(&world, 2, json!({"three_d_secure": "never"}), ALL).await;
    assert_eq!(never.pay("DB", "1.00", "4000000000003220").await.line(), "200 000.000.000");
    assert_eq!(never.pay("DB", "1.00", "4200000000000083").await.line(), "400 300.100.100");
}

#[tokio::test]
async fn holds_and_steps_live_as_long_as_set() {
    let world = World::start().await;
    let short = shop(&world, 1, json!({"authorization_days": 1, "checkout_minutes": 2}), ALL).await;
    let (held, asked) = (short.pay("PA", "1.00", CARD).await, short.pay("DB", "1.00", "4000000000003220").await);
    world.advance(Duration::from_secs(121)).await;
    world.v3_becomes(asked.id(), "100.396.103").await;
    world.advance(Duration::from_secs(86_400)).await;
    let expired = async {
        while short.get(&format!("/v3/payments/{}", held.id())).await.body["summary"]["state"]
            != "authorisation_expired"
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(crate::world::SOON, expired).await.expect("the hold runs out");
}

#[tokio::test]
async fn a_reversal_may_give_back_what_was_taken() {
    let world = World::start().await;
    let shop = shop(&world, 1, json!({"reverse_debit": "refund"}), ALL).await;
    let paid = shop.pay("DB", "92.00", CARD).await;
    let path = format!("/v3/payments/{}", paid.id());
    assert_eq!(shop.post(&path, "paymentType=RF&amount=2.00&currency=EUR").await.line(), "200 000.000.000");
    let reversed = shop.post(&path, "paymentType=RV").await;
    assert_eq!((reversed.line().as_str(), &reversed.body["paymentType"]), ("200 000.000.000", &json!("RV")));
    assert_eq!(reversed.body["amount"], "90.00");
    let read = shop.get(&format!("/v3/payments/{}", reversed.id())).await;
    assert_eq!((&read.body["paymentType"], &read.body["summary"]["refunded"]), (&json!("RV"), &json!("92.00")));
    assert_eq!(shop.post(&path, "paymentType=RV").await.line(), "400 700.400.300");
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn payouts_wait_or_are_bounded_where_set() {
    let world = World::start().await;
    let form = format!("paymentType=CD&amount=50.00&currency=EUR&{}", card(CARD));
    let waits = shop(&world, 1, json!({"payout_approval": "on"}), ALL).await;
    let waiting = waits.post("/v3/payments", &form).await;
    assert_eq!(waiting.line(), "200 000.200.300");
    // The back office decides; here by the cashier's call, which knows the payout as a withdrawal.
    let id = waits.get(&format!("/v3/payments/{}", waiting.id())).await.id().to_owned();
    let rejected =
        world.cashier("/v1/withdrawals/reject", &json!({"transaction_id": id})).send().await.expect("an answer");
    assert_eq!(rejected.status(), 200);
    assert_eq!(world.v3_code(waiting.id()).await, "100.396.201");
    let own = shop(&world, 2, json!({"payout_funding": "balance"}), ALL).await;
    assert_eq!(own.post("/v3/payments", &form).await.line(), "200 000.000.000");
    world.assert_book_agrees().await;
}
