//! Webhooks through receivers that misbehave: every event arrives in the end, in order, and nobody waits for another.

use std::time::Duration;

use serde_json::json;

use crate::world::{Mode, Receiver, SOON, World};

const CHALLENGE: &str = "4000000000003220";
const VISA: &str = "4111111111111111";

fn hook(receiver: &Receiver) -> serde_json::Value {
    json!({"settings": {"webhook_url": receiver.url()}})
}

fn statuses(received: &[crate::world::Received], reference: &str) -> Vec<String> {
    let ours = received.iter().filter(|event| event.field("tracking_id") == reference);
    ours.map(|event| event.field("status")).collect()
}

#[tokio::test]
async fn an_event_carries_both_signatures() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    world.pay_by_card("signed", VISA, "10.05", hook(&receiver)).await;
    let event = receiver.wait_for(1).await.remove(0);
    let id = event.header("webhook-id").to_owned();
    assert!(id.starts_with("msg_") && id.len() == 19, "{id}");
    let timestamp_s: i64 = event.header("webhook-timestamp").parse().expect("seconds");
    let secrets = [world.demo().webhook_secret()];
    let expected = florin_engine::webhooks::standard_signature(&id, timestamp_s, &event.body, &secrets);
    assert_eq!(event.header("webhook-signature"), expected);
    assert_eq!(event.header("user-agent"), "Florin-Webhook/1");
    assert_eq!(event.header("content-type"), "application/json");
    assert_eq!(event.header("x-signature").len(), 40);
    assert_eq!(event.field("status"), "successful");
    assert_eq!(event.field("amount"), "10.05");
}

#[tokio::test]
async fn a_receiver_that_is_down_gets_everything_later_in_order() {
    let world = World::start().await;
    let mut receiver = Receiver::start().await;
    receiver.close().await;
    for reference in ["one", "two"] {
        let answer = world.pay_by_card(reference, CHALLENGE, "10.00", hook(&receiver)).await;
        let url = answer["url"].as_str().expect("a challenge").to_owned();
        world.submit(&url, "action=approve").await;
    }
    receiver.open().await;
    // Both attempts of the first events failed; the second events wait behind them.
    world.advance(Duration::from_secs(300)).await;
    let received = receiver.wait_for(4).await;
    for reference in ["one", "two"] {
        assert_eq!(statuses(&received, reference), ["pending", "successful"], "{reference}");
    }
}

#[tokio::test]
async fn failing_and_redirecting_receivers_are_tried_again_with_the_same_bytes() {
    for mode in [Mode::Fails, Mode::Redirects] {
        let world = World::start().await;
        let receiver = Receiver::start().await;
        receiver.behave(mode);
        world.pay_by_card("again", VISA, "10.00", hook(&receiver)).await;
        receiver.wait_for(1).await;
        for attempts in 2..=3 {
            retry_until(&world, &receiver, attempts).await;
        }
        receiver.behave(Mode::Ok);
        retry_until(&world, &receiver, 4).await;
        let received = receiver.received();
        let first = (&received[0].body, received[0].header("webhook-id"), received[0].header("x-signature"));
        for event in &received {
            assert_eq!((&event.body, event.header("webhook-id"), event.header("x-signature")), first, "{mode:?}");
        }
        delivered(&world, 4).await;
        world.advance(Duration::from_secs(86_400)).await;
        world.pay_by_card("last", VISA, "10.00", hook(&receiver)).await;
        assert_eq!(receiver.wait_for(5).await[4].field("tracking_id"), "last", "delivered is delivered");
    }
}

#[tokio::test]
async fn fifteen_attempts_and_no_more() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    receiver.behave(Mode::Fails);
    world.pay_by_card("never", VISA, "10.00", hook(&receiver)).await;
    receiver.wait_for(1).await;
    for attempts in 2..=15 {
        retry_until(&world, &receiver, attempts).await;
    }
    delivered(&world, 15).await;
    world.advance(Duration::from_secs(86_400)).await;
    receiver.behave(Mode::Ok);
    world.pay_by_card("other", VISA, "10.00", hook(&receiver)).await;
    assert_eq!(receiver.wait_for(16).await[15].field("tracking_id"), "other");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_receiver_delays_nobody_else() {
    let world = World::start().await;
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    slow.behave(Mode::Slow(SOON * 3));
    for number in 0..40 {
        world.pay_by_card(&format!("slow-{number}"), VISA, "10.00", hook(&slow)).await;
    }
    slow.wait_for(8).await;
    for number in 0..10 {
        world.pay_by_card(&format!("quick-{number}"), VISA, "10.00", hook(&quick)).await;
    }
    // All of them within the time that a single answer of the slow one would take.
    quick.wait_for(10).await;
}

#[tokio::test]
async fn undelivered_events_survive_a_restart() {
    let mut world = World::start().await;
    let mut receiver = Receiver::start().await;
    receiver.close().await;
    world.pay_by_card("kept", VISA, "10.00", hook(&receiver)).await;
    world.stop().await;
    receiver.open().await;
    world.restart().await;
    world.advance(Duration::from_secs(300)).await;
    assert_eq!(receiver.wait_for(1).await[0].field("tracking_id"), "kept");
}

#[tokio::test]
async fn an_unpermitted_address_is_never_posted_to() {
    let world = World::start().await;
    let inward = json!({"settings": {"webhook_url": "http://10.0.0.1/hook"}});
    let refused = world.pay_by_card("private", VISA, "10.00", inward).await;
    assert_eq!(refused["code"], 1229, "{refused}");
    assert_eq!(refused["message"], "Your Webhook URL is not available at this time");
}

/// Advances past the next attempt until it has arrived: the one before may still be on its way to disk.
async fn retry_until(world: &World, receiver: &Receiver, attempts: usize) {
    delivered(world, attempts - 1).await;
    world.advance(Duration::from_secs(300)).await;
    receiver.wait_for(attempts).await;
}

/// Waits until so many attempts of all events together are on disk.
pub async fn delivered(world: &World, attempts: usize) {
    let on_disk = async {
        loop {
            let mut made = 0;
            for payment in world.payments().await {
                let events = world.engine().store().events(payment.id).await.expect("events");
                made += events.iter().map(|(_, attempts)| attempts.len()).sum::<usize>();
            }
            if made >= attempts {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, on_disk).await.expect("attempts are recorded");
}
