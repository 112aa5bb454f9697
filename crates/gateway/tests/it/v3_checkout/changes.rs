//! Changing and closing a checkout under an `Idempotency-Key`.

use reqwest::Method;
use tokio::task::JoinSet;

use super::{GOOD, order};
use crate::v3::{Answer, send};
use crate::world::World;

impl World {
    /// A change under a key.
    async fn change(&self, id: &str, key: &str, form: &str) -> Answer {
        let (entity, _) = self.demo().v3();
        let body = format!("entityId={entity}&{form}");
        send(self.v3_raw(Method::POST, &format!("/v3/checkouts/{id}"), body).header("idempotency-key", key)).await
    }

    /// The end of a checkout, under a key.
    async fn close(&self, id: &str, key: Option<&str>) -> Answer {
        let (entity, _) = self.demo().v3();
        let request = self.v3_raw(Method::DELETE, &format!("/v3/checkouts/{id}?entityId={entity}"), String::new());
        send(key.into_iter().fold(request, |request, key| request.header("idempotency-key", key))).await
    }
}

#[tokio::test]
async fn a_change_is_made_once_for_a_key() {
    let world = World::start().await;
    let made = world.checkout(&order()).await;
    let first = world.change(made.id(), "k-1", "amount=50.00&merchantInvoiceId=first").await;
    assert_eq!((first.line().as_str(), first.replayed), ("200 000.200.101", false));
    let second = world.change(made.id(), "k-2", "amount=60.00&merchantInvoiceId=second").await;
    assert_eq!(second.line(), "200 000.200.101");
    // The first one again changes nothing back.
    let again = world.change(made.id(), "k-1", "merchantInvoiceId=first&amount=50.00").await;
    assert_eq!((again.text, again.replayed), (first.text.clone(), true));
    let taken = world.change(made.id(), "k-1", "amount=51.00").await;
    assert_eq!((taken.line().as_str(), taken.names()), ("400 200.300.404", vec!["Idempotency-Key"]));
    // A refusal uses no key up.
    assert_eq!(world.change(made.id(), "k-3", "amount=0.00").await.line(), "400 100.550.300");
    assert_eq!(world.change(made.id(), "k-3", "amount=61.00").await.line(), "200 000.200.101");
    world.post_card(made.id(), GOOD).await;
    assert_eq!(world.outcome(made.id()).await.body["amount"], "61.00");
    // Also once there is nothing to change any more.
    assert_eq!(world.change(made.id(), "k-1", "amount=50.00&merchantInvoiceId=first").await.text, first.text);
    assert_eq!(world.change(made.id(), "k-4", "amount=50.00").await.line(), "404 200.300.404");
    // Keys are one space, whatever they come with.
    let other = world.checkout(&order()).await;
    assert_eq!(world.change(other.id(), "k-2", "amount=60.00").await.names(), ["Idempotency-Key"]);
}

#[tokio::test]
async fn copies_of_a_change_at_once_are_one() {
    let world = std::sync::Arc::new(World::start().await);
    let made = world.checkout(&order()).await;
    let mut copies = JoinSet::new();
    for copy in 0..16 {
        let (world, id) = (world.clone(), made.id().to_owned());
        copies.spawn(async move {
            // Others change it, too.
            match copy % 2 {
                0 => world.change(&id, "same", "amount=50.00").await,
                _ => world.change(&id, &format!("own-{copy}"), &format!("amount={copy}.00")).await,
            }
        });
    }
    let answers = copies.join_all().await;
    assert!(answers.iter().all(|answer| answer.line() == "200 000.200.101"));
    assert_eq!(answers.iter().filter(|answer| answer.replayed).count(), 7);
}

#[tokio::test]
async fn a_checkout_is_closed_once_for_a_key() {
    let world = World::start().await;
    let made = world.checkout(&order()).await;
    let closed = world.close(made.id(), Some("end-1")).await;
    assert_eq!((closed.line().as_str(), closed.replayed), ("200 000.200.102", false));
    let again = world.close(made.id(), Some("end-1")).await;
    assert_eq!((again.text, again.replayed), (closed.text, true));
    assert_eq!(world.close(made.id(), None).await.line(), "404 200.300.404");
    assert_eq!(world.close(made.id(), Some("end-2")).await.line(), "404 200.300.404");
    let open = world.checkout(&order()).await;
    let taken = world.close(open.id(), Some("end-1")).await;
    assert_eq!((taken.line().as_str(), taken.names()), ("400 200.300.404", vec!["Idempotency-Key"]));
    assert_eq!(world.close(open.id(), None).await.line(), "200 000.200.102");
}
