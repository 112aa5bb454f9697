//! Transaction services: tokens of members and partners, and what they act for.

use florin_engine::setup::{NewCredential, credential_row};
use florin_gateway::demo;
use florin_gateway::dialects::transaction_services::auth;
use florin_kernel::CredentialId;
use florin_kernel::payment::{Dialect, Mode};
use florin_kernel::secret::Secret;
use serde_json::json;

use crate::ts::{S, digest, form, like, send};
use crate::world::World;

async fn login(world: &World, path: &str, fields: &[(&str, &str)]) -> crate::ts::Answer {
    send(world.post(path).body(form(fields.iter().copied()))).await
}

#[tokio::test]
async fn members_and_partners_log_in() {
    let world = World::start().await;
    let (partner, partner_name, partner_key) = world.demo().partner();
    let (member, name, key) = world.demo().member();
    let path = format!("{S}/authToken");
    let by_name =
        [("authentication.partnerId", partner), ("merchant.username", name), ("authentication.sKey", key.expose())];
    let answer = login(&world, &path, &by_name).await;
    assert_eq!(
        like(&answer),
        r#"{"partnerId":"195","memberId":"11344","result":{"code":"200","description":"Token generated successfully"},"timestamp":"9999-99-99 99:99:99","LoginName":"testdoc","AuthToken":"…"}"#
    );
    let by_id = [("authentication.memberId", member), ("authentication.sKey", key.expose())];
    assert_eq!(login(&world, "/merchantServices/api/v1/authtoken", &by_id).await.code(), "200");
    let both = [by_id[0], by_id[1], ("merchant.username", name)];
    assert_eq!(login(&world, &path, &both).await.code(), "200");
    let as_partner = [
        ("authentication.partnerId", partner),
        ("partner.userName", partner_name),
        ("authentication.sKey", partner_key.expose()),
    ];
    let answer = login(&world, &format!("{S}/partnerAuthToken"), &as_partner).await;
    assert!(answer.body.get("memberId").is_none() && answer.code() == "200", "{}", answer.text);

    let refused = |code: &'static str| format!("401 {code} failed");
    let wrong = [("authentication.partnerId", partner), ("merchant.username", name), ("authentication.sKey", "wrong")];
    assert_eq!(login(&world, &path, &wrong).await.line(), refused("20004"));
    let nobody =
        [("authentication.partnerId", partner), ("merchant.username", "nobody"), ("authentication.sKey", key.expose())];
    assert_eq!(login(&world, &path, &nobody).await.line(), refused("20004"));
    let stranger =
        [("authentication.partnerId", "1"), ("merchant.username", name), ("authentication.sKey", key.expose())];
    assert_eq!(login(&world, &path, &stranger).await.line(), refused("20004"));
    let missing = login(&world, &path, &by_name[..2]).await;
    assert_eq!(
        (missing.line().as_str(), missing.faults()),
        ("400 20007 failed", vec!["authentication.sKey missing".to_owned()])
    );
}

#[tokio::test]
async fn keys_cannot_be_tried_out() {
    let world = World::start().await;
    let (partner, _, _) = world.demo().partner();
    let (_, name, key) = world.demo().member();
    let path = format!("{S}/authToken");
    let wrong = [("authentication.partnerId", partner), ("merchant.username", name), ("authentication.sKey", "wrong")];
    for _ in 0..10 {
        assert_eq!(login(&world, &path, &wrong).await.code(), "20004");
    }
    let response = world.post(&path).body(form(wrong)).send().await.expect("an answer");
    assert_eq!(response.status(), 429);
    assert!(response.headers().contains_key("retry-after"));
    let right = [wrong[0], wrong[1], ("authentication.sKey", key.expose())];
    assert_eq!(login(&world, &path, &right).await.line(), "429 20014 failed");
}

#[tokio::test]
async fn a_token_is_exchanged() {
    let world = World::start().await;
    let (partner, _, _) = world.demo().partner();
    let token = world.ts_token().await;
    for path in [
        format!("{S}/regenerateToken"),
        "/merchantServices/api/v1/regenerateToken".to_owned(),
        "/fraudServices/REST/v1/regenerateToken".to_owned(),
    ] {
        let fields = [("authentication.partnerId", partner), ("authToken", token.as_str())];
        let again = login(&world, &path, &fields).await;
        assert_eq!(again.code(), "200", "{}", again.text);
        assert_ne!(again.at("/AuthToken"), token);
    }
    let path = format!("{S}/regenerateToken");
    let by_header = world.post(&path).header("AuthToken", &token).body(form([("authentication.partnerId", partner)]));
    assert_eq!(send(by_header).await.code(), "200");
    assert_eq!(login(&world, &path, &[("authentication.partnerId", partner)]).await.line(), "401 20001 failed");
    let spoilt = [("authentication.partnerId", partner), ("authToken", &token[..token.len() - 3])];
    assert_eq!(login(&world, &path, &spoilt).await.line(), "401 20002 failed");
}

/// Another member of the partner, one of another partner, and a changed key.
#[tokio::test]
async fn a_token_acts_for_its_own_members_only() {
    let world = World::start().await;
    let keyring = world.engine().keyring();
    let member = |number: i64, member_id: &str, partner_id: &str, key: &str| NewCredential {
        id: CredentialId::from_number(number),
        merchant: demo::MERCHANT,
        mode: Mode::Dev,
        dialect: Dialect::TransactionServices,
        key: Secret::new(auth::member_key(member_id)),
        label: Default::default(),
        other_keys: vec![Secret::new(auth::login_key(partner_id, "someone"))],
        permissions: vec![florin_engine::directory::Permission::Read],
        expires_at: None,
        revoked: false,
        allow: Vec::new(),
        deny: Vec::new(),
        settings: json!({"member_id": member_id, "partner_id": partner_id, "username": "someone", "http_errors": "strict"}),
        signature_password: Secret::new(key.to_owned()),
    };
    let rows = [member(21, "777", "195", "seven"), member(22, "888", "196", "eight")];
    let rows = rows.iter().map(|credential| credential_row(credential, keyring)).collect();
    world.engine().store().put_config(rows).await.expect("written");
    world.engine().reload_directory().await.expect("read");
    let (partner, partner_name, partner_key) = world.demo().partner();
    let as_partner = [
        ("authentication.partnerId", partner),
        ("partner.userName", partner_name),
        ("authentication.sKey", partner_key.expose()),
    ];
    let partner_token = login(&world, &format!("{S}/partnerAuthToken"), &as_partner).await.at("/AuthToken").to_owned();
    let list = async |token: &str, member: &str, sum: &str| {
        let fields = [("authentication.memberId", member), ("authentication.checksum", sum)];
        let request = world.post(&format!("{S}/getTransactionList")).header("AuthToken", token);
        send(request.body(form(fields))).await.line()
    };
    let (own, _, key) = world.demo().member();
    assert_eq!(list(&partner_token, own, &digest(&[own, key.expose()])).await, "200 10026");
    assert_eq!(list(&partner_token, "777", &digest(&["777", "seven"])).await, "404 10026");
    assert_eq!(list(&partner_token, "777", &digest(&["777", partner_key.expose()])).await, "403 20006 failed");
    assert_eq!(list(&partner_token, "888", &digest(&["888", "eight"])).await, "200 20005 failed");
    let token = world.ts_token().await;
    assert_eq!(list(&token, "777", &digest(&["777", "seven"])).await, "200 20005 failed");
    assert_eq!(list(&token, "", "").await, "200 20005 failed");

    let someone = [("authentication.memberId", "777"), ("authentication.sKey", "seven")];
    let seven = login(&world, &format!("{S}/authToken"), &someone).await.at("/AuthToken").to_owned();
    assert_eq!(list(&seven, "777", &digest(&["777", "seven"])).await, "404 10026");
    // With a new key the old one verifies for a while, and the tokens of before are over.
    let mut rotated = member(21, "777", "195", "newer");
    rotated.settings["previous_key"] = json!(keyring.seal(&Secret::new("seven".to_owned())));
    world.engine().store().put_config(vec![credential_row(&rotated, keyring)]).await.expect("written");
    world.engine().reload_directory().await.expect("read");
    assert_eq!(list(&seven, "777", &digest(&["777", "newer"])).await, "401 20002 failed");
    let renewed = login(&world, &format!("{S}/authToken"), &someone).await.at("/AuthToken").to_owned();
    for key in ["newer", "seven"] {
        assert_eq!(list(&renewed, "777", &digest(&["777", key])).await, "404 10026", "{key}");
    }
}
