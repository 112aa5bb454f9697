//! Transaction services: what is made here reads right through the other dialects.

use std::time::Duration;

use serde_json::Value;

use crate::ts::{Answer, card_payment, digest, send, with};
use crate::world::World;

const CARD: &str = "4000000000000051";
const CHALLENGE: &str = "4000000000000002";

/// A transaction as the cashier shows it.
async fn at_the_cashier(world: &World, id: &str) -> Value {
    let request = world.get(&format!("/v1/transactions/{id}")).header("x-api-key", world.demo().api_key().expose());
    request.send().await.expect("an answer").json().await.expect("JSON")
}

async fn order(world: &World, kind: &str, id: &str, amount: &str) -> Answer {
    let sum = world.ts_sum(&[id, amount]);
    send(world.ts_request(&format!("/payments/{id}"), &[("paymentType", kind), ("amount", amount)], &sum).await).await
}

/// Here, at the cashier and in v3: the word, the status, the result code.
async fn check(world: &World, id: &str, here: &str, cashier: &str, code: &str) {
    assert_eq!(world.ts_inquire(id).await.at("/status"), here);
    let shown = at_the_cashier(world, id).await;
    assert_eq!(shown["transaction_status"], cashier, "{here}: {shown}");
    assert_eq!(world.v3_code(id).await, code, "{here}");
}

#[tokio::test]
async fn payments_and_payouts_made_here_read_right_elsewhere() {
    let world = World::start().await;
    let made = async |reference: &str, more: &[(&str, &str)]| {
        let answer = world.ts_pay(&with(&card_payment(reference, "50.00", CARD), more)).await;
        answer.id().to_owned()
    };
    let paid = made("E1", &[]).await;
    check(&world, &paid, "capturesuccess", "successful", "000.000.000").await;
    let declined = made("E2", &[("card.number", "4000000000009995")]).await;
    check(&world, &declined, "capturefailed", "rejected", "800.100.51").await;
    let awaited = made("E3", &[("card.number", CHALLENGE)]).await;
    check(&world, &awaited, "3D Authstarted", "pending", "000.200.000").await;
    let held = made("E4", &[("paymentType", "PA")]).await;
    assert_eq!(world.ts_inquire(&held).await.at("/status"), "authsuccessful");
    assert_eq!(world.v3_code(&held).await, "000.000.000");
    let captured = order(&world, "CP", &held, "30.00").await;
    assert_eq!(captured.code(), "00004", "{}", captured.text);
    check(&world, &held, "capturesuccess", "successful", "000.000.000").await;
    assert_eq!(order(&world, "RF", &paid, "20.00").await.code(), "00005");
    check(&world, &paid, "reversed", "successful", "000.000.000").await;
    let pending = made("E5", &[("amount", "9105.00")]).await;
    check(&world, &pending, "authstarted", "pending", "000.200.300").await;
    world.advance(Duration::from_secs(30)).await;
    world.ts_becomes(&pending, "capturesuccess").await;
    check(&world, &pending, "capturesuccess", "successful", "000.000.000").await;
    // What v3 does with it is seen here, and told in this dialect's words.
    let refund = world.v3(&format!("/v3/payments/{held}"), "paymentType=RF&amount=10.00&currency=USD").await;
    assert_eq!(refund.code(), "000.000.000", "{}", refund.text);
    let seen = world.ts_inquire(&held).await;
    assert_eq!((seen.at("/status"), seen.at("/refundamount")), ("reversed", "10.00"));

    let (member, _, key) = world.demo().member();
    let fields = [
        ("merchantTransactionId", "E6"),
        ("amount", "25.00"),
        ("currency", "USD"),
        ("cardNumber", CARD),
        ("cardExpMonth", "7"),
        ("cardExpYear", "2030"),
        ("cardHolderName", "Jon Doe"),
    ];
    let sum = digest(&[member, "E6", "25.00", key.expose()]);
    let payout = send(world.ts_request("/payout", &fields, &sum).await).await;
    world.advance(Duration::from_secs(2)).await;
    world.ts_becomes(payout.id(), "payoutsuccessful").await;
    check(&world, payout.id(), "payoutsuccessful", "successful", "000.000.000").await;
    world.assert_book_agrees().await;
}
