//! Transaction services: the same request again, and other requests under a used reference or key.

use crate::ts::{Answer, card_payment, send, with};
use crate::world::World;

const CARD: &str = "4000000000000051";

#[tokio::test]
async fn the_same_again_gets_the_same_bytes() {
    let mut world = World::start().await;
    let fields = card_payment("SAME", "50.00", CARD);
    let first = world.ts_pay(&fields).await;
    assert!(!first.replayed);
    // Neither the security code nor how the amount is spelt is part of what is asked.
    for more in [vec![], vec![("card.cvv", "746")], vec![("amount", "50")], vec![("customer.ip", "127.0.0.1")]] {
        let again = world.ts_pay(&with(&fields, &more)).await;
        assert!(again.replayed && again.text == first.text, "{more:?}: {}", again.text);
    }
    let other = world.ts_pay(&with(&fields, &[("amount", "51.00")])).await;
    assert_eq!(other.line(), "200 20010 N failed");
    // Before the terminal is looked for.
    let gone = world.ts_pay(&with(&fields, &[("authentication.terminalId", "1")])).await;
    assert_eq!(gone.code(), "20010");
    world.restart().await;
    let again = world.ts_pay(&fields).await;
    assert!(again.replayed && again.text == first.text);
    assert_eq!(world.payments().await.len(), 1);
}

#[tokio::test]
async fn a_decline_is_told_again_and_uses_the_reference_up() {
    let world = World::start().await;
    let fields = card_payment("NO", "50.00", "4000000000009995");
    let first = world.ts_pay(&fields).await;
    let again = world.ts_pay(&fields).await;
    assert!(again.replayed && again.text == first.text);
    assert_eq!(world.ts_pay(&card_payment("NO", "50.00", CARD)).await.code(), "20010");
}

#[tokio::test]
async fn a_key_makes_a_call_repeatable() {
    let world = World::start().await;
    let keyed = async |reference: &str, key: &str| -> Answer {
        send(world.ts_payment(&card_payment(reference, "50.00", CARD)).await.header("Idempotency-Key", key)).await
    };
    let first = keyed("K1", "key-1").await;
    let again = keyed("K1", "\"key-1\"").await;
    assert!(again.replayed && again.text == first.text);
    assert_eq!(keyed("K2", "key-1").await.line(), "200 20011 N failed");
    assert_eq!(keyed("K2", "key-2").await.line(), "200 00001 Y capturesuccess");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_at_once_make_one_payment() {
    let world = World::start().await;
    let fields = card_payment("ONCE", "9101.00", CARD);
    let mut requests = Vec::new();
    for _ in 0..20 {
        requests.push(tokio::spawn(send(world.ts_payment(&fields).await)));
    }
    let mut texts = Vec::new();
    for request in requests {
        texts.push(request.await.expect("an answer").text);
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert_eq!(world.charges().await.len(), 1);
}

/// Numbers are claimed: one that somebody has is not given twice.
#[tokio::test]
async fn numbers_are_unlike_and_last() {
    let mut world = World::start().await;
    let mut ids = Vec::new();
    for count in 0..20 {
        let reference = format!("U{count}");
        ids.push(world.ts_pay(&card_payment(&reference, "50.00", CARD)).await.id().to_owned());
    }
    let mut unlike = ids.clone();
    unlike.sort_unstable();
    unlike.dedup();
    assert_eq!(unlike.len(), 20);
    world.restart().await;
    for (count, id) in ids.iter().enumerate() {
        assert_eq!(world.ts_inquire(id).await.at("/merchantTransactionId"), format!("U{count}"));
    }
}
