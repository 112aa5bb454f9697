//! The same request again in the v3 dialect: by reference, by key, a hundred at once, and after a restart.

use std::collections::HashSet;

use reqwest::Method;
use tokio::task::JoinSet;

use crate::v3::{Answer, payment, send};
use crate::world::World;

async fn with_key(world: &World, form: &str, key: &str) -> Answer {
    let (entity, _) = world.demo().v3();
    let request = world.v3_raw(Method::POST, "/v3/payments", format!("entityId={entity}&{form}"));
    send(request.header("idempotency-key", key)).await
}

#[tokio::test]
async fn the_same_request_has_the_same_answer() {
    let mut world = World::start().await;
    let form = format!("{}&merchantTransactionId=order-1", payment("DB", "92.00", "4111111111111111"));
    let first = world.v3("/v3/payments", &form).await;
    assert!(!first.replayed);
    // In another order, spelt otherwise, at another mount, with another security code: the same request.
    let again = form
        .split('&')
        .rev()
        .collect::<Vec<_>>()
        .join("&")
        .replace("card.holder=Jane Jones", "card[holder]=Jane+Jones");
    for (path, form) in [
        ("/v3/payments", form.clone()),
        ("/v3//payments/", again),
        ("/gateway/v3/payments", form.replace("card.cvv=123", "card.cvv=999")),
        ("/v3/payments", form.replace("4111111111111111", "4111 1111-1111 1111")),
    ] {
        let copy = world.v3(path, &form).await;
        assert_eq!(
            (copy.text.as_str(), copy.status, copy.replayed),
            (first.text.as_str(), first.status, true),
            "{path} {form}"
        );
    }
    world.restart().await;
    assert_eq!(world.v3("/v3/payments", &form).await.text, first.text);
    let other = world.v3("/v3/payments", &form.replace("92.00", "93.00")).await;
    assert_eq!(other.line(), "400 800.130.100");
    assert_eq!(world.payments().await.len(), 1);
    assert_eq!(world.charges().await.len(), 1);
}

#[tokio::test]
async fn a_key_is_as_good_as_a_reference() {
    let world = World::start().await;
    let form = payment("DB", "92.00", "4000000000009995");
    let first = with_key(&world, &form, "key-1").await;
    let copy = with_key(&world, &form, "\"key-1\"").await;
    assert_eq!((&copy.text, copy.line().as_str(), copy.replayed), (&first.text, "400 800.100.51", true));
    let other = with_key(&world, &form.replace("92.00", "93.00"), "key-1").await;
    assert_eq!((other.line().as_str(), other.names()), ("400 200.300.404", vec!["Idempotency-Key"]));
    assert_eq!(with_key(&world, &form, "two words").await.names(), ["Idempotency-Key"]);
    // A refusal uses no key up; without one, every request is a payment.
    assert_eq!(with_key(&world, "amount=1", "key-2").await.line(), "400 200.300.404");
    assert_eq!(with_key(&world, &payment("DB", "1.00", "4111111111111111"), "key-2").await.line(), "200 000.000.000");
    for _ in 0..2 {
        assert!(!world.v3("/v3/payments", &payment("DB", "1.00", "4111111111111111")).await.replayed);
    }
    assert_eq!(world.payments().await.len(), 4);
}

#[tokio::test]
async fn a_hundred_copies_are_one_charge() {
    let world = World::start().await;
    let (entity, _) = world.demo().v3();
    let form =
        format!("entityId={entity}&{}&merchantTransactionId=order-100", payment("DB", "92.00", "4111111111111111"));
    let mut copies = JoinSet::new();
    for _ in 0..100 {
        copies.spawn(send(world.v3_raw(Method::POST, "/v3/payments", form.clone())));
    }
    let answers = copies.join_all().await;
    let texts: HashSet<&str> = answers.iter().map(|answer| answer.text.as_str()).collect();
    assert_eq!((texts.len(), answers.iter().filter(|answer| !answer.replayed).count()), (1, 1));
    assert!(answers.iter().all(|answer| answer.line() == "200 000.000.000"));
    assert_eq!((world.payments().await.len(), world.charges().await.len()), (1, 1));
    world.assert_book_agrees().await;
}
