//! The fault amounts as a merchant sees them: never "rejected" while the provider holds money, and no provider's words.

use std::time::Duration;

use florin_kernel::payment::OperationKind;
use serde_json::json;

use crate::world::{Receiver, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_amount_ends_right_for_the_merchant() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    for (amount, at_once, in_the_end, events) in [
        ("9101.00", "pending", "successful", &["pending", "successful"][..]),
        ("9102.00", "successful", "successful", &["successful"]),
        ("9103.00", "successful", "successful", &["successful"]),
        ("9104.00", "pending", "successful", &["pending", "successful"]),
        ("9105.00", "pending", "successful", &["pending", "successful"]),
        ("9106.00", "pending", "rejected", &["pending", "rejected"]),
        ("9107.00", "successful", "successful", &["successful"]),
    ] {
        let before = receiver.received().len();
        let more = json!({"settings": {"webhook_url": receiver.url()}});
        let answer = world.pay_by_card(amount, "4111111111111111", amount, more).await;
        assert_eq!(answer, json!({"url": "", "transaction_status": at_once}), "{amount}");
        world.advance(Duration::from_secs(61)).await;
        world.status_becomes(amount, in_the_end).await;
        world.advance(Duration::from_secs(3600)).await;
        let received = receiver.wait_for(before + events.len()).await;
        let told: Vec<String> = received[before..].iter().map(|event| event.field("status")).collect();
        assert_eq!(told, events, "{amount}");
        let charged: Vec<_> = world.charges().await;
        let charged = charged.iter().filter(|movement| movement.kind == OperationKind::Sale);
        let charged = charged.filter(|movement| movement.amount.decimal() == amount).count();
        assert_eq!(charged, usize::from(in_the_end == "successful"), "{amount}: charged at the simulator");
    }
    let reason = world.get("/v1/transactions/9106.00").header("x-api-key", world.demo().api_key().expose());
    let body = reason.send().await.expect("an answer").text().await.expect("text");
    assert_eq!(body, r#"{"transaction_status":"rejected","rejected_reason":"Do not honour"}"#);
    for event in receiver.received() {
        for word in ["<html", "Bad Gateway", "502 ", "acquirer", "timeout"] {
            assert!(!event.body.contains(word), "a provider's words: {}", event.body);
        }
    }
    world.assert_book_agrees().await;
}
