//! The same request again, at once and after a restart.

use florin_engine::{ClaimKind, ClaimRequest, StartError};
use florin_kernel::payment::{CaptureMode, OperationKind};

use crate::world::{VISA, World, eur};

fn claim(kind: ClaimKind, text: &str) -> ClaimRequest {
    ClaimRequest { kind, ..ClaimRequest::reference(text) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_copies_make_one_charge_and_one_answer() {
    let world = World::start().await;
    for kind in [ClaimKind::Reference, ClaimKind::IdempotencyKey] {
        for amount in ["10.00", "9101.00", "9051.00"] {
            let charged_before = world.moved(OperationKind::Sale).await.len();
            let copies = (0..100).map(|_| {
                let mut new = world.request(world.new_payment(eur(amount), CaptureMode::Now), VISA);
                new.claims = vec![claim(kind, amount)];
                let engine = world.engine.clone();
                tokio::spawn(async move { engine.start(new).await.expect("answered") })
            });
            let mut replies = Vec::new();
            for copy in copies.collect::<Vec<_>>() {
                replies.push(copy.await.expect("no panic"));
            }
            assert_eq!(replies.iter().filter(|reply| !reply.replayed).count(), 1, "{amount}: one is the first");
            assert!(
                replies.iter().all(|reply| reply.answer == replies[0].answer && reply.payment == replies[0].payment)
            );
            let charged = world.moved(OperationKind::Sale).await.len() - charged_before;
            assert_eq!(charged, usize::from(amount != "9051.00"), "{amount}");
        }
    }
    world.verify().await;
}

#[tokio::test]
async fn another_content_is_refused_also_after_a_restart() {
    let world = World::start().await;
    let request = |world: &World, digest: u8, claims: Vec<ClaimRequest>| {
        let mut new = world.request(world.new_payment(eur("10.00"), CaptureMode::Now), VISA);
        (new.claims, new.digest) = (claims, [digest; 16]);
        new
    };
    let both = || vec![claim(ClaimKind::Reference, "r1"), claim(ClaimKind::IdempotencyKey, "k1")];
    let first = world.start_payment(request(&world, 1, both())).await.expect("paid");
    let world = world.crash().await;
    let again = world.start_payment(request(&world, 1, both())).await.expect("replayed");
    assert_eq!((again.replayed, &again.answer), (true, &first.answer));
    for (claims, kind) in [
        (both(), ClaimKind::Reference),
        (vec![claim(ClaimKind::Reference, "r2"), claim(ClaimKind::IdempotencyKey, "k1")], ClaimKind::IdempotencyKey),
        (vec![claim(ClaimKind::Reference, "r1")], ClaimKind::Reference),
    ] {
        let refused = world.start_payment(request(&world, 2, claims)).await;
        assert!(matches!(refused, Err(StartError::Taken(taken)) if taken == kind), "{refused:?}");
    }
    world.start_payment(request(&world, 3, vec![claim(ClaimKind::Reference, "r2")])).await.expect("r2 was not used up");
    assert_eq!(world.moved(OperationKind::Sale).await.len(), 2);
    // Answers are kept 30 days; the reference stays taken for good, the key is free again.
    world.pass(31 * 86_400).await;
    let refused = world.start_payment(request(&world, 1, vec![claim(ClaimKind::Reference, "r1")])).await;
    assert!(matches!(refused, Err(StartError::Taken(ClaimKind::Reference))), "{refused:?}");
}
