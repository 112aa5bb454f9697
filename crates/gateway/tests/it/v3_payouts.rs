//! Payouts that a merchant orders in the v3 dialect: to a card or bank account, at once or after approval, by whose money.

use serde_json::json;

use crate::v3::{card, payment};
use crate::world::World;

fn payout(amount: &str, to: &str) -> String {
    format!("paymentType=CD&amount={amount}&currency=EUR&{to}")
}

#[tokio::test]
async fn a_payout_is_sent_at_once() {
    let world = World::start().await;
    let to_card = payout("50.00", &card("4000000000003220"));
    let paid = world.v3("/v3/payments", &format!("{to_card}&merchantTransactionId=out-1")).await;
    assert_eq!(paid.line(), "200 000.000.000");
    let body = &paid.body;
    assert_eq!(
        (&body["paymentType"], &body["amount"], &body["paymentBrand"]),
        (&json!("CD"), &json!("50.00"), &json!("VISA"))
    );
    assert_eq!((&body["card"]["last4Digits"], &body["card"]["holder"]), (&json!("3220"), &json!("Jane Jones")));
    assert!(body["redirect"].is_null());
    assert_eq!((&body["risk"], body["summary"].is_null()), (&json!({"score": "100"}), true));
    let again = world.v3("/v3/payments", &format!("{to_card}&merchantTransactionId=out-1")).await;
    assert_eq!((&again.text, again.replayed), (&paid.text, true));
    let read = world.v3_get(&format!("/v3/payments/{}", paid.id())).await;
    assert_eq!((read.code(), &read.body["summary"]["state"]), ("000.000.000", &json!("paid")));
    let found = world.v3_get("/v3/query?merchantTransactionId=out-1").await;
    assert_eq!(found.body["payments"][0]["id"], paid.id());
    let bank = "bankAccount.holder=Jane Jones&bankAccount.iban=DE89370400440532013000";
    let to_bank = world.v3("/v3/payments", &payout("20.00", bank)).await;
    assert_eq!((to_bank.line().as_str(), to_bank.body["card"].is_null()), ("200 000.000.000", true));
    // What is known of a payout here is a withdrawal there.
    assert_eq!(world.status(paid.id()).await, "successful");
    for (kind, code) in [("CP", "700.400.510"), ("RF", "700.400.520"), ("RV", "700.400.530")] {
        let refused = world
            .v3(&format!("/v3/payments/{}", paid.id()), &format!("paymentType={kind}&amount=1.00&currency=EUR"))
            .await;
        assert_eq!(refused.line(), format!("400 {code}"));
    }
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn payouts_are_refused_and_declined() {
    let world = World::start().await;
    let check = async |form: String, expected: &str| {
        assert_eq!(world.v3("/v3/payments", &form).await.line(), expected, "{form}");
    };
    check(payout("10.00", &card("4000000000000341")), "400 800.100.05").await;
    check(payout("9051.00", &card("4111111111111111")), "400 800.100.51").await;
    check(payout("9101.00", &card("4111111111111111")), "200 000.200.300").await;
    check(payout("10.00", ""), "400 100.100.100").await;
    check(payout("10.00", "paymentBrand=PAYPAL&shopperResultUrl=https://shop.example/r"), "400 100.100.100").await;
    check(payout("0.00", &card("4111111111111111")), "400 100.550.300").await;
    let iban = world.v3("/v3/payments", &payout("10.00", "bankAccount.iban=DE00370400440532013000")).await;
    assert_eq!(iban.names(), ["bankAccount.iban"]);
    // Another merchant's withdrawal is no payment to capture either.
    let paid = world.v3("/v3/payments", &payment("DB", "10.00", "4111111111111111")).await;
    assert_eq!(paid.line(), "200 000.000.000");
    world.assert_book_agrees().await;
}
