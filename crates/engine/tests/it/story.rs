//! Captures, voids, refunds and time, told as stories.

use florin_engine::SubmitError;
use florin_kernel::Money;
use florin_kernel::payment::{
    Authenticate, CaptureMode, Circumstances, Command, OperationKind, Presence, Refusal, SimulatedFlow,
};

use crate::world::{CHALLENGE, OWNER, VISA, World, eur};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_refunds_of_60_on_100_exactly_one_succeeds() {
    let world = World::start().await;
    for _ in 0..20 {
        let id = world.pay("100.00", CaptureMode::Now, VISA).await.expect("paid");
        let before = world.moved(OperationKind::Refund).await.len();
        let refund = || world.submit(id, Command::refund(eur("60.00")));
        let (one, other) = tokio::join!(refund(), refund());
        let refusal = match (&one, &other) {
            (Ok(_), Err(refused)) | (Err(refused), Ok(_)) => refused,
            both => panic!("exactly one succeeds: {both:?}"),
        };
        let (asked, left) = (eur("60.00"), eur("40.00"));
        let expected = Refusal::RefundExceedsCapture { asked, left };
        assert!(matches!(refusal, SubmitError::Refused(refusal) if *refusal == expected), "{refusal:?}");
        assert_eq!(world.word(id).await, "partially_refunded");
        assert_eq!(world.moved(OperationKind::Refund).await.len(), before + 1);
    }
    assert_eq!(world.balance("merchant:1:available").await, 20 * 4_000);
    world.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_captures_never_exceed_the_authorisation() {
    let world = World::start().await;
    let id = world.pay("100.00", CaptureMode::Later, VISA).await.expect("authorised");
    let captures = (0..64).map(|_| {
        let engine = world.engine.clone();
        tokio::spawn(async move { engine.submit(OWNER, id, Command::Capture(eur("15.00"))).await.is_ok() })
    });
    let mut captured = 0;
    for capture in captures.collect::<Vec<_>>() {
        captured += i64::from(capture.await.expect("no panic"));
    }
    assert_eq!((captured, world.word(id).await), (6, "partially_captured"));
    assert_eq!(world.moved(OperationKind::Capture).await.len(), 6);
    assert_eq!(world.balance("merchant:1:available").await, 9_000);
    world.verify().await;
}

#[tokio::test]
async fn a_hold_is_captured_in_parts_and_the_rest_released() {
    let world = World::start().await;
    let id = world.pay("10.00", CaptureMode::Later, VISA).await.expect("authorised");
    assert_eq!(world.word(id).await, "authorised");
    for (command, word) in [
        (Command::Capture(eur("4.00")), "partially_captured"),
        (Command::Capture(eur("3.00")), "partially_captured"),
        (Command::Void, "captured"),
        (Command::refund(eur("2.00")), "partially_refunded"),
        (Command::refund(eur("5.00")), "refunded"),
    ] {
        world.submit(id, command).await.expect("done");
        assert_eq!(world.word(id).await, word);
    }
    assert_eq!(world.balance("merchant:1:available").await, 0);
    world.verify().await;
}

#[tokio::test]
async fn a_hold_runs_out_after_seven_days() {
    let world = World::start().await;
    let id = world.pay("10.00", CaptureMode::Later, VISA).await.expect("authorised");
    world.pass(7 * 86_400 - 60).await;
    assert_eq!(world.word(id).await, "authorised");
    world.pass(61).await;
    assert_eq!(world.word(id).await, "authorisation_expired");
    world.verify().await;
}

#[tokio::test]
async fn an_unanswered_challenge_expires_after_fifteen_minutes() {
    let world = World::start().await;
    let id = world.pay("10.00", CaptureMode::Now, CHALLENGE).await.expect("begun");
    assert_eq!(world.word(id).await, "pending_payer");
    world.pass(14 * 60).await;
    assert_eq!(world.word(id).await, "pending_payer");
    world.pass(61).await;
    assert_eq!(world.word(id).await, "expired");
    assert!(world.moved(OperationKind::Sale).await.is_empty());
}

#[tokio::test]
async fn a_decline_goes_on_to_the_next_provider_where_the_route_says_so() {
    let world = World::start().await;
    let cascading = |card| {
        let mut new = world.request(world.new_payment(eur("10.00"), CaptureMode::Now), card);
        new.candidate.cascade = true;
        new
    };
    let reply = world.start_payment(cascading("4000000000000341")).await.expect("05 cascades");
    assert_eq!(reply.answer.body, "captured");
    assert_eq!(world.payment(reply.payment).await.operations.len(), 2);
    let reply = world.start_payment(cascading("4000000000009995")).await.expect("51 does not");
    assert_eq!(reply.answer.body, "declined");
    assert_eq!(world.moved(OperationKind::Sale).await.len(), 1);
    world.verify().await;
}

#[tokio::test]
async fn circumstances_reach_the_provider_and_stay_with_the_attempt() {
    let world = World::start().await;
    let alone = Presence::Merchant { network_id: "481234567890123".into() };
    for (card, circumstances, expected) in [
        (VISA, Circumstances::default(), "captured"),
        (CHALLENGE, Circumstances::default(), "pending_payer"),
        (CHALLENGE, Circumstances { presence: alone, ..Circumstances::default() }, "captured"),
        (VISA, Circumstances { authenticate: Authenticate::Always, ..Circumstances::default() }, "pending_payer"),
        (CHALLENGE, Circumstances { authenticate: Authenticate::Never, ..Circumstances::default() }, "captured"),
        (
            VISA,
            Circumstances { simulated: Some(SimulatedFlow::Challenge), ..Circumstances::default() },
            "pending_payer",
        ),
    ] {
        let mut new = world.request(world.new_payment(eur("10.00"), CaptureMode::Now), card);
        new.circumstances = circumstances.clone();
        let id = world.start_payment(new).await.expect("taken").payment;
        let payment = world.payment(id).await;
        assert_eq!(payment.word().text(), expected, "{circumstances:?}");
        let stored = payment.operations[0].circumstances.as_deref().cloned().unwrap_or_default();
        assert_eq!(stored, circumstances);
        let (code, captured) = (&payment.operations[0].auth_code, expected == "captured");
        assert_eq!(code.len(), if captured { 6 } else { 0 }, "{circumstances:?}");
    }
}

#[tokio::test]
async fn a_verification_moves_nothing() {
    let world = World::start().await;
    let nothing = Money::zero(eur("1.00").asset());
    let new = world.request(world.new_payment(nothing, CaptureMode::Never), VISA);
    let id = world.start_payment(new).await.expect("taken").payment;
    assert_eq!(world.word(id).await, "authorised");
    world.pass(30 * 86_400).await;
    assert_eq!(world.word(id).await, "authorised");
    assert_eq!(world.balance("merchant:1:available").await, 0);
    let refused = world.submit(id, Command::Void).await.err();
    assert!(matches!(refused, Some(SubmitError::Refused(Refusal::NotFunded))), "{refused:?}");
    world.verify().await;
}
