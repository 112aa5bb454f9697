//! News of stored cards, and of payments that were made in a checkout.

use reqwest::Method;
use serde_json::{Value, json};

use super::{CARD, open, set};
use crate::v3::{card, payment, send};
use crate::world::{Received, Receiver, World};

const SHOP: &str = "shopperResultUrl=https://shop.example/return";

async fn encrypted(world: &World, receiver: &Receiver) {
    set(world, json!({"notification_url": receiver.url(), "notification_form": "encrypted"})).await;
}

/// Type, action and code, as tables write them.
fn line(notice: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    format!("{} {} {}", text(&notice["type"]), text(&notice["action"]), text(&notice["payload"]["result"]["code"]))
}

async fn opened(world: &World, receiver: &Receiver, count: usize) -> Vec<Value> {
    receiver.wait_for(count).await.iter().map(|event| open(world, event)).collect()
}

async fn post_card(world: &World, id: &str, number: &str) {
    let request = world.post(&format!("/v3/checkouts/{id}/payment"));
    let form = card(number);
    request.header("content-type", "application/x-www-form-urlencoded").body(form).send().await.expect("an answer");
}

#[tokio::test]
async fn what_becomes_of_a_stored_card_is_told() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    encrypted(&world, &receiver).await;
    let stored = world.v3("/v3/registrations", &card(CARD)).await;
    let (entity, _) = world.demo().v3();
    let path = format!("/v3/registrations/{}", stored.id());
    assert_eq!(world.v3(&format!("{path}/extendlife"), "").await.line(), "200 000.000.000");
    let delete = || world.v3_raw(Method::DELETE, &format!("{path}?entityId={entity}"), String::new());
    assert_eq!(send(delete()).await.line(), "200 000.000.000");
    assert_eq!(send(delete()).await.line(), "400 100.150.202");
    let notices = opened(&world, &receiver, 3).await;
    let lines: Vec<String> = notices.iter().map(line).collect();
    let expected = ["CREATED", "UPDATED", "DELETED"].map(|action| format!("REGISTRATION {action} 000.000.000"));
    assert_eq!(lines, expected);
    for notice in &notices {
        let payload = &notice["payload"];
        assert_eq!((&payload["id"], &payload["card"]["last4Digits"]), (&json!(stored.id()), &json!("0000")));
        assert_eq!(payload["authentication"], json!({"entityId": entity}));
        assert_eq!((&payload["source"], &payload["paymentMethod"]), (&json!("OPP"), &json!("CC")));
        assert_eq!((payload.get("amount"), payload.get("presentationAmount")), (None, None));
    }
}

#[tokio::test]
async fn a_card_is_told_of_once_it_can_be_charged() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    encrypted(&world, &receiver).await;
    let form = |number: &str| format!("{}&createRegistration=true", payment("DB", "92.00", number));
    let paid = world.v3("/v3/payments", &form(CARD)).await;
    let notices = opened(&world, &receiver, 2).await;
    let lines: Vec<String> = notices.iter().map(line).collect();
    assert_eq!(lines, ["PAYMENT - 000.000.000", "REGISTRATION CREATED 000.000.000"]);
    assert_eq!(notices[1]["payload"]["id"], paid.body["registrationId"]);
    // A refund later, a charge of it, a decline: no news of a card.
    world.v3(&format!("/v3/payments/{}", paid.id()), "paymentType=RF&amount=1.00&currency=EUR").await;
    let token = paid.body["registrationId"].as_str().expect("a token");
    let charge = "paymentType=DB&amount=5.00&currency=EUR";
    world.v3(&format!("/v3/registrations/{token}/payments"), charge).await;
    world.v3("/v3/payments", &form("4000000000009995")).await;
    let mut lines: Vec<String> = opened(&world, &receiver, 5).await[2..].iter().map(line).collect();
    // Of three payments: in any order.
    lines.sort();
    assert_eq!(lines, ["PAYMENT - 000.000.000", "PAYMENT - 000.000.000", "PAYMENT - 800.100.51"]);
}

#[tokio::test]
async fn a_checkout_that_stores_a_card_is_no_payment() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    encrypted(&world, &receiver).await;
    let made = world.v3("/v3/checkouts", &format!("createRegistration=true&{SHOP}")).await;
    post_card(&world, made.id(), CARD).await;
    let read = world.v3_get(&format!("/v3/checkouts/{}/registration", made.id())).await;
    receiver.wait_for(1).await;
    let paid = world.v3("/v3/checkouts", &format!("paymentType=DB&amount=1.00&currency=EUR&{SHOP}")).await;
    post_card(&world, paid.id(), CARD).await;
    let notices = opened(&world, &receiver, 2).await;
    let lines: Vec<String> = notices.iter().map(line).collect();
    assert_eq!(lines, ["REGISTRATION CREATED 000.000.000", "PAYMENT - 000.000.000"]);
    assert_eq!(notices[0]["payload"]["id"], read.id());
    assert_eq!(
        (&notices[0]["payload"]["source"], &notices[1]["payload"]["source"]),
        (&json!("OPPUI"), &json!("OPPUI"))
    );
    // Other forms tell of payments only.
    set(&world, json!({"notification_url": receiver.url()})).await;
    world.v3("/v3/registrations", &card(CARD)).await;
    let made = world.v3("/v3/checkouts", &format!("createRegistration=true&{SHOP}")).await;
    post_card(&world, made.id(), CARD).await;
    world.v3("/v3/payments", &payment("DB", "92.00", CARD)).await;
    let told: Vec<Received> = receiver.wait_for(3).await.split_off(2);
    assert!(told.len() == 1 && told[0].body.contains("\"amount\":\"92.00\""), "{told:?}");
}

#[tokio::test]
async fn a_payment_of_a_checkout_is_read_at_the_checkout() {
    let world = World::start().await;
    let check = async |mount: &str, version: &str| {
        let receiver = Receiver::start().await;
        set(&world, json!({"notification_form": "get"})).await;
        let form = format!("paymentType=PA&amount=92.00&currency=EUR&{SHOP}&notificationUrl={}", receiver.url());
        let made = world.v3(&format!("{mount}/checkouts"), &form).await;
        let id = made.id();
        post_card(&world, id, CARD).await;
        let read = world.v3_get(&format!("{mount}/checkouts/{id}/payment")).await;
        let order = "paymentType=CP&amount=50.00&currency=EUR";
        // A checkout's id means its payment.
        let captured = world.v3(&format!("{mount}/payments/{id}"), order).await;
        let refunded = world.v3(&format!("{mount}/payments/{}", captured.id()), &order.replace("CP", "RF")).await;
        let held = world.v3(&format!("{mount}/checkouts"), &form).await;
        post_card(&world, held.id(), CARD).await;
        let reversed = world.v3(&format!("{mount}/payments/{}", held.id()), "paymentType=RV").await;
        assert_eq!(
            (read.body["paymentType"].as_str(), reversed.body["paymentType"].as_str()),
            (Some("PA"), Some("RV"))
        );
        let at_checkout = |id: &str| format!("/hook?id={id}&resourcePath=%2F{version}%2Fcheckouts%2F{id}%2Fpayment");
        let at_payment = |id: &str| format!("/hook?id={id}&resourcePath=%2F{version}%2Fpayments%2F{id}");
        let mut expected = vec![
            at_checkout(id),
            at_payment(captured.id()),
            at_payment(refunded.id()),
            at_checkout(held.id()),
            at_payment(reversed.id()),
        ];
        let mut targets: Vec<String> = receiver.wait_for(5).await.into_iter().map(|event| event.target).collect();
        targets.sort();
        expected.sort();
        assert_eq!(targets, expected);
    };
    check("/v3", "v3").await;
    check("/oppwa/v1", "v1").await;
}
