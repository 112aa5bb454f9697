//! Transaction services: notifications.

use std::time::Duration;

use florin_engine::directory::Permission;
use florin_engine::setup::{NewCredential, credential_row};
use florin_gateway::demo;
use florin_gateway::dialects::transaction_services::auth;
use florin_kernel::payment::{Dialect, Mode};
use florin_kernel::secret::Secret;
use serde_json::{Value, json};

use crate::ts::{card_payment, digest, with};
use crate::world::{Mode as Mood, Receiver, World};

const CARD: &str = "4000000000000051";

/// The demo's member with other settings.
pub async fn set(world: &World, more: Value) {
    set_and_allow(world, more, &[]).await;
}

/// As [`set`], with more permissions.
pub async fn set_and_allow(world: &World, more: Value, permissions: &[Permission]) {
    let (partner, _, _) = world.demo().partner();
    let (member, name, key) = world.demo().member();
    let mut settings = json!({
        "member_id": member, "partner_id": partner, "username": name,
        "terminals": [{"terminal_id": "19671", "descriptor": "FLORIN*SHOP"}]
    });
    settings.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let credential = NewCredential {
        id: demo::MEMBER,
        merchant: demo::MERCHANT,
        mode: Mode::Dev,
        dialect: Dialect::TransactionServices,
        key: Secret::new(auth::member_key(member)),
        label: Default::default(),
        other_keys: vec![Secret::new(auth::login_key(partner, name))],
        permissions: [&[Permission::Deposits, Permission::S2sCards, Permission::Read], permissions].concat(),
        expires_at: None,
        revoked: false,
        allow: Vec::new(),
        deny: Vec::new(),
        settings,
        signature_password: key,
    };
    let row = credential_row(&credential, world.engine().keyring());
    world.engine().store().put_config(vec![row]).await.expect("written");
    world.engine().reload_directory().await.expect("read");
}

#[tokio::test]
async fn a_payment_is_notified_as_the_contract_prints_it() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let url = receiver.url();
    let person = [
        ("customer.givenName", "Jon"),
        ("customer.surname", "Doe"),
        ("customer.email", "jon.doe@example.com"),
        ("createRegistration", "true"),
        ("notificationUrl", url.as_str()),
    ];
    let paid = world.ts_pay(&with(&card_payment("ORDER-1001", "50.00", CARD), &person)).await;
    assert!(receiver.received().is_empty(), "the answer goes first");
    let received = receiver.wait_for(1).await;
    let told = &received[0];
    assert_eq!(told.header("content-type"), "application/json; charset=utf-8");
    assert!(told.header("webhook-id").starts_with("msg_") && told.header("webhook-signature").starts_with("v1,"));
    let (_, _, key) = world.demo().member();
    let sum = digest(&[paid.id(), "ORDER-1001", "50.00", "Y", key.expose()]);
    let expected = format!(
        concat!(
            r#"{{"paymentId":"{id}","status":"capturesuccess","transactionStatus":"Y","paymentBrand":"VISA","paymentMode":"CC","firstName":"Jon","lastName":"Doe","amount":"50.00","currency":"USD","descriptor":"FLORIN*SHOP","#,
            r#""merchantTransactionId":"ORDER-1001","remark":"Approved","tmpl_amount":"50.00","tmpl_currency":"USD","checksum":"{sum}","result":{{"code":"00001","description":"Transaction succeeded"}},"#,
            r#""customer":{{"email":"jon.doe@example.com","id":""}},"card":{{"bin":"400000","last4Digits":"0051","lastFourDigits":"0051","expiryMonth":"07","expiryYear":"2030"}},"timestamp":"{at}","#,
            r#""eci":"07","bankReferenceId":"{bank}","terminalId":"19671","registrationId":"{card}"}}"#
        ),
        id = paid.id(),
        sum = sum,
        at = told.field("timestamp"),
        bank = paid.at("/bankReferenceId"),
        card = paid.at("/registrationId"),
    );
    assert_eq!(told.body, expected);
}

#[tokio::test]
async fn final_states_and_what_comes_later_are_told() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let url = receiver.url();
    let to = [("notificationUrl", url.as_str())];
    world.ts_pay(&with(&card_payment("N1", "50.00", "4000000000009995"), &to)).await;
    let told = receiver.wait_for(1).await;
    assert_eq!((told[0].field("status"), told[0].field("transactionStatus")), ("capturefailed".into(), "N".into()));
    let struck = world.ts_pay(&with(&card_payment("N2", "9107.00", CARD), &to)).await;
    world.advance(Duration::from_secs(61)).await;
    let told = receiver.wait_for(3).await;
    assert_eq!(told[1].field("status"), "capturesuccess");
    assert_eq!(
        (told[2].field("status"), told[2].field("transactionStatus")),
        ("chargeback".into(), "chargeback".into())
    );
    let (_, _, key) = world.demo().member();
    assert_eq!(told[2].field("checksum"), digest(&[struck.id(), "N2", "9107.00", "chargeback", key.expose()]));
    // The payer has done it and the provider still works: no answer has told that.
    let begun = world.ts_pay(&with(&card_payment("N3", "50.00", "4000000000000002"), &to)).await;
    world.submit(begun.at("/redirect/url"), "action=pending").await;
    let told = receiver.wait_for(4).await;
    assert_eq!((told[3].field("status"), told[3].field("transactionStatus")), ("authstarted".into(), "P".into()));
    world.advance(Duration::from_secs(30)).await;
    assert_eq!(receiver.wait_for(5).await[4].field("status"), "capturesuccess");
}

#[tokio::test]
async fn settings_change_the_words() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    set(
        &world,
        json!({
            "default_notification_url": receiver.url(), "callback_checksum_status": "long", "late_event_status": "short",
            "debit_decline_status": "authfailed", "decline_code": "generic", "notify_intermediate": false
        }),
    )
    .await;
    let (_, _, key) = world.demo().member();
    let paid = world.ts_pay(&card_payment("S1", "9107.00", CARD)).await;
    let told = receiver.wait_for(1).await;
    assert_eq!(told[0].field("checksum"), digest(&[paid.id(), "S1", "9107.00", "capturesuccess", key.expose()]));
    world.advance(Duration::from_secs(61)).await;
    let told = receiver.wait_for(2).await;
    assert_eq!((told[1].field("status"), told[1].field("transactionStatus")), ("chargeback".into(), "N".into()));
    let declined = world.ts_pay(&card_payment("S2", "50.00", "4000000000009995")).await;
    assert_eq!(declined.line(), "200 10001 N authfailed");
    assert_eq!(declined.at("/result/bankCode"), "51");
    receiver.wait_for(3).await;
    let begun = world.ts_pay(&card_payment("S3", "50.00", "4000000000000002")).await;
    world.submit(begun.at("/redirect/url"), "action=pending").await;
    world.advance(Duration::from_secs(30)).await;
    let told = receiver.wait_for(4).await;
    assert_eq!(told[3].field("status"), "capturesuccess", "the open state was not told");
}

#[tokio::test]
async fn a_failed_notification_is_repeated_ten_times() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    receiver.behave(Mood::Fails);
    let url = receiver.url();
    world.ts_pay(&with(&card_payment("R1", "50.00", CARD), &[("notificationUrl", url.as_str())])).await;
    receiver.wait_for(1).await;
    let pauses_s = [15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600];
    for (count, pause_s) in pauses_s.into_iter().enumerate() {
        world.advance(Duration::from_secs(pause_s)).await;
        let received = receiver.wait_for(count + 2).await;
        assert!(received.iter().all(|told| told.body == received[0].body), "the same bytes each time");
    }
    world.advance(Duration::from_secs(48 * 3600)).await;
    world.ts_pay(&with(&card_payment("R2", "50.00", CARD), &[("notificationUrl", url.as_str())])).await;
    let received = receiver.wait_for(11).await;
    assert_eq!(received[10].field("merchantTransactionId"), "R2", "the first has been given up");
}

/// An open state that nobody took does not stand in the way of how it ended.
#[tokio::test]
async fn an_open_state_makes_room_for_what_comes_after_it() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    receiver.behave(Mood::Fails);
    let url = receiver.url();
    let to = [("notificationUrl", url.as_str())];
    let begun = world.ts_pay(&with(&card_payment("P1", "50.00", "4000000000000002"), &to)).await;
    world.submit(begun.at("/redirect/url"), "action=pending").await;
    receiver.wait_for(1).await;
    world.advance(Duration::from_secs(15)).await;
    receiver.wait_for(2).await;
    // Its next attempt is a minute away; what it is about ends before that.
    receiver.behave(Mood::Ok);
    world.advance(Duration::from_secs(16)).await;
    let told = receiver.wait_for(3).await;
    let words: Vec<String> = told.iter().map(|told| told.field("status")).collect();
    assert_eq!(words, ["authstarted", "authstarted", "capturesuccess"]);
}
