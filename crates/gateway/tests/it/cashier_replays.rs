//! The same request again: one charge and the same bytes, whatever happens in between; another request is told apart.

use std::collections::HashSet;
use std::sync::Arc;

use crate::cashier_calls::{Answer, S2S, get, post};
use crate::world::World;

async fn with_key(world: &World, key: &str, body: String) -> Answer {
    let request = world.post("/v1/payments/s2s").header("x-api-key", world.demo().api_key().expose());
    Answer::of(request.header("idempotency-key", key).body(body).send().await.expect("an answer")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_copies_make_one_charge() {
    let world = Arc::new(World::start().await);
    for (name, body) in [
        ("paid", S2S.to_owned()),
        ("challenge", S2S.replace("4111111111111111", "4000000000003220").replace("0d1b", "0d1c")),
        ("declined", S2S.replace("4111111111111111", "4000000000000341").replace("0d1b", "0d1d")),
        ("unknown", S2S.replace("10.05", "9101.00").replace("0d1b", "0d1e")),
    ] {
        let copies: Vec<_> = (0..100)
            .map(|_| {
                let (world, body) = (world.clone(), body.clone());
                tokio::spawn(async move { post(&world, "/v1/payments/s2s", body).await })
            })
            .collect();
        let mut answers = Vec::new();
        for copy in copies {
            answers.push(copy.await.expect("a copy"));
        }
        let distinct: HashSet<(u16, &str, &str)> = answers
            .iter()
            .map(|answer| (answer.status, answer.body.as_str(), answer.header("x-transaction-id")))
            .collect();
        assert_eq!(distinct.len(), 1, "{name}: {distinct:?}");
        let first = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_empty()).count();
        assert_eq!(first, 1, "{name}");
    }
    assert_eq!(world.payments().await.len(), 4);
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn other_content_is_told_apart() {
    let world = World::start().await;
    let first = post(&world, "/v1/payments/s2s", S2S).await;
    for same in [S2S.replace("10.05", "\"10.050\""), S2S.replace("\"444\"", "\"999\""), S2S.replace("EUR", "eur")] {
        let again = post(&world, "/v1/payments/s2s", same).await;
        assert_eq!((again.body.as_str(), again.header("idempotency-replayed")), (first.body.as_str(), "true"));
    }
    let message = r#"{"code":9002,"message":"Tracking ID has already been used for a different request"}"#;
    for other in [
        S2S.replace("10.05", "10.06"),
        S2S.replace("4111111111111111", "4242424242424242"),
        S2S.replace("U123", "u123"),
    ] {
        let answer = post(&world, "/v1/payments/s2s", other).await;
        assert_eq!((answer.status, answer.body.as_str()), (400, message));
    }
    // One reference is one transaction over all operations.
    let direct = S2S.replace("routing_id", "provider_id");
    assert_eq!(post(&world, "/v1/payments/direct", direct).await.body, message);
    // Case counts.
    assert_eq!(post(&world, "/v1/payments/s2s", S2S.replace("0d1b7c2e", "0D1B7C2E")).await.status, 200);
    assert_eq!(world.charges().await.len(), 2);
}

#[tokio::test]
async fn idempotency_keys() {
    let world = World::start().await;
    let first = with_key(&world, "\"k-1\"", S2S.to_owned()).await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (200, ""));
    let again = with_key(&world, "k-1", S2S.to_owned()).await;
    assert_eq!((again.body.as_str(), again.header("idempotency-replayed")), (first.body.as_str(), "true"));
    let other = with_key(&world, "k-1", S2S.replace("0d1b", "0d1c")).await;
    assert_eq!(
        other.body,
        r#"{"code":9009,"message":"Idempotency-Key has already been used for a different request"}"#
    );
    let faulty = with_key(&world, "a b", S2S.replace("10.05", "0").replace("0d1b", "0d1d")).await;
    assert_eq!(faulty.fields(), ["request.amount", "Idempotency-Key"]);
    assert_eq!(world.charges().await.len(), 1);
}

#[tokio::test]
async fn a_restart_changes_nothing() {
    let mut world = World::start().await;
    let declined = S2S.replace("4111111111111111", "4000000000000341").replace("0d1b", "0d1c");
    let (paid, no) =
        (post(&world, "/v1/payments/s2s", S2S).await, post(&world, "/v1/payments/s2s", declined.clone()).await);
    world.restart().await;
    let again = [post(&world, "/v1/payments/s2s", S2S).await, post(&world, "/v1/payments/s2s", declined).await];
    for (first, again) in [paid, no].iter().zip(&again) {
        assert_eq!((first.status, &first.body), (again.status, &again.body));
        assert_eq!(first.header("x-transaction-id"), again.header("x-transaction-id"));
        assert_eq!(again.header("idempotency-replayed"), "true");
    }
    let id = again[0].header("x-transaction-id");
    assert_eq!(get(&world, &format!("/v1/transactions/{id}")).await.body, r#"{"transaction_status":"successful"}"#);
    assert_eq!(world.charges().await.len(), 1);
}
