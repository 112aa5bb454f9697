//! The fault amounts of test mode, and crashes between any two hops: the end is right, and both books agree.

use florin_kernel::PaymentId;
use florin_kernel::payment::{Attempt, CaptureMode, Circumstances, Command, Means, OperationKind, Route, decide};
use florin_kernel::ports::{Call, Lane, Provider};
use florin_kernel::public_id::Reference;
use florin_kernel::routing::Method;
use florin_store::{Changeset, PaymentWrite, Verdict};

use crate::world::{VISA, World, eur};

#[tokio::test]
async fn every_fault_amount_ends_right() {
    let world = World::start().await;
    for (amount, at_once, after_35_s, after_100_s, charged) in [
        ("9000.00", "captured", "captured", "captured", 1),
        ("9051.00", "declined", "declined", "declined", 0),
        ("9101.00", "unknown", "captured", "captured", 1),
        ("9102.00", "captured", "captured", "captured", 1),
        ("9103.00", "captured", "captured", "captured", 1),
        ("9104.00", "unknown", "captured", "captured", 1),
        ("9105.00", "pending", "captured", "captured", 1),
        ("9106.00", "pending", "declined", "declined", 0),
        ("9107.00", "captured", "captured", "charged_back", 1),
    ] {
        let before = world.moved(OperationKind::Sale).await.len();
        let id = world.pay(amount, CaptureMode::Now, VISA).await.expect("taken");
        assert_eq!(world.word(id).await, at_once, "{amount} at once");
        world.pass(35).await;
        assert_eq!(world.word(id).await, after_35_s, "{amount} after 35 s");
        world.pass(65).await;
        assert_eq!(world.word(id).await, after_100_s, "{amount} after 100 s");
        assert_eq!(world.moved(OperationKind::Sale).await.len() - before, charged, "{amount}");
        world.pass(86_400).await;
        assert_eq!(world.word(id).await, after_100_s, "{amount} a day later");
    }
    let sums: i64 = [9000, 9101, 9102, 9103, 9104, 9105].iter().map(|euros| euros * 100).sum();
    assert_eq!(world.balance("merchant:1:available").await, sums);
    world.verify().await;
}

#[tokio::test]
async fn captures_voids_and_refunds_go_by_their_own_amount() {
    let world = World::start().await;
    let sale = world.pay("10000.00", CaptureMode::Now, VISA).await.expect("paid");
    world.submit(sale, Command::refund(eur("9101.00"))).await.expect("asked");
    assert_eq!(world.word(sale).await, "captured", "an unknown refund leaves the word");
    world.pass(60).await;
    assert_eq!(world.word(sale).await, "partially_refunded");

    let hold = world.pay("9104.00", CaptureMode::Later, VISA).await.expect("asked");
    world.pass(60).await;
    assert_eq!(world.word(hold).await, "authorised");
    world.submit(hold, Command::Capture(eur("9051.00"))).await.expect("asked");
    assert_eq!(world.word(hold).await, "authorised", "a declined capture leaves the word");
    world.submit(hold, Command::Void).await.expect("asked");
    world.pass(60).await;
    assert_eq!(world.word(hold).await, "voided");
    assert_eq!(world.moved(OperationKind::Refund).await.len(), 1);
    world.verify().await;
}

/// What is on disk when the process dies after its first commit.
async fn left_pending(world: &World, amount: &str) -> PaymentId {
    let payment = world.new_payment(eur(amount), CaptureMode::Now);
    let new = world.request(payment, VISA);
    let account = &new.candidate.accounts[0];
    let (code, name) = (account.code.clone(), account.name.clone());
    let route = Route { provider: account.id, code, name, conversion: None, trail: None };
    let means = Means::of(Method::Card);
    let attempt = Attempt { route, means, circumstances: Circumstances::default(), amount: None };
    let decision = decide(&new.payment, Command::Attempt(attempt), new.payment.created_at).expect("begun");
    let write = PaymentWrite::insert(&decision.payment);
    let verdict = world.engine.store().commit(Changeset { payments: vec![write], ..Changeset::default() }).await;
    assert_eq!(verdict.expect("committed"), Verdict::Committed);
    new.payment.id
}

#[tokio::test]
async fn a_crash_before_the_call_fails_the_payment_and_charges_nothing() {
    let world = World::start().await;
    let id = left_pending(&world, "10.00").await;
    let world = world.crash().await;
    world.pass(31).await;
    assert_eq!(world.word(id).await, "unknown", "30 s prove nothing yet");
    world.pass(40).await;
    assert_eq!(world.word(id).await, "failed");
    assert!(world.moved(OperationKind::Sale).await.is_empty());
    world.verify().await;
}

#[tokio::test]
async fn a_crash_after_the_call_is_found_charged_once() {
    let world = World::start().await;
    let id = left_pending(&world, "10.00").await;
    let template = world.request(world.new_payment(eur("10.00"), CaptureMode::Now), VISA);
    let call = Call {
        reference: world.engine.codec().base36(Reference { payment: id, sequence: 1 }),
        on: None,
        kind: OperationKind::Sale,
        amount: eur("10.00"),
        asked: eur("10.00"),
        account: template.candidate.accounts[0].clone(),
        lane: Lane::of(template.payment.merchant, template.payment.mode),
        card: template.card,
        voucher: None,
        payee: None,
        circumstances: Circumstances::default(),
        payout_takes: jiff::SignedDuration::ZERO,
        step_minutes: None,
    };
    world.simulator.execute(&call).await;
    let world = world.crash().await;
    world.pass(31).await;
    assert_eq!(world.word(id).await, "captured");
    world.pass(86_400).await;
    assert_eq!(world.moved(OperationKind::Sale).await.len(), 1);
    assert_eq!(world.balance("merchant:1:available").await, 1_000);
    world.verify().await;
}
