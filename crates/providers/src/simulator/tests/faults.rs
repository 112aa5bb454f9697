//! The amounts that break something between the bank's word and our hearing it.

use super::*;

#[tokio::test]
async fn silence_charges_once_and_is_found() {
    let world = World::new();
    let call = sale("a", "9101.00 EUR");
    world.execute_and_lose(&call).await;
    assert_eq!(word(&world.look_up(&call).await), "approved");
    assert_eq!(word(&world.execute(&call).await), "approved", "asked again, it is answered from the book");
    assert_eq!(world.charges().await, ["a sale 9101.00 EUR"]);
    world.later(60).await;
    assert!(world.news().is_empty());
}

#[tokio::test]
async fn garbage_is_unknown_and_found() {
    let world = World::new();
    let call = sale("a", "9104.00 EUR");
    assert_eq!(world.execute(&call).await, Outcome::Unknown(Doubt::Garbled));
    assert_eq!(word(&world.look_up(&call).await), "approved");
    assert_eq!(world.charges().await, ["a sale 9104.00 EUR"]);
}

#[tokio::test]
async fn an_answer_is_followed_by_three_callbacks() {
    let world = World::new();
    assert_eq!(word(&world.execute(&sale("a", "9102.00 EUR")).await), "approved");
    assert!(world.news().is_empty(), "not before the answer");
    world.later(0).await;
    assert_eq!(world.news(), ["a approved"; 3]);
    world.later(60).await;
    assert!(world.news().is_empty(), "three, no more");
}

#[tokio::test]
async fn a_callback_comes_before_the_answer() {
    let world = World::new();
    assert_eq!(word(&world.execute(&sale("a", "9103.00 EUR")).await), "approved");
    assert_eq!(world.news(), ["a approved"]);
    world.later(60).await;
    assert!(world.news().is_empty());
}

#[tokio::test]
async fn pending_ends_after_30_seconds() {
    for (amount, expected, charges) in
        [("9105.00 EUR", "approved", vec!["a sale 9105.00 EUR"]), ("9106.00 EUR", "declined 05", vec![])]
    {
        let world = World::new();
        let call = sale("a", amount);
        assert_eq!(world.execute(&call).await, Outcome::Pending);
        world.later(29).await;
        assert_eq!(world.look_up(&call).await, Outcome::Pending);
        assert!(world.news().is_empty() && world.charges().await.is_empty(), "nothing moves before");
        world.later(1).await;
        assert_eq!(word(&world.look_up(&call).await), expected);
        assert_eq!(word(&world.execute(&call).await), expected);
        assert_eq!(world.news(), [format!("a {expected}")]);
        assert_eq!(world.charges().await, charges);
    }
}

#[tokio::test]
async fn what_was_captured_is_charged_back_after_60_seconds() {
    use OperationKind::{Authorise, Capture, Refund};
    let world = World::new();
    assert_eq!(word(&world.execute(&call(Authorise, "auth", "9107.00 EUR")).await), "approved");
    world.later(60).await;
    assert!(world.news().is_empty(), "a hold is not charged back");
    assert_eq!(word(&world.execute(&on("auth", call(Capture, "cap", "9107.00 EUR"))).await), "approved");
    world.later(59).await;
    assert!(world.news().is_empty());
    world.later(1).await;
    assert_eq!(world.news(), ["cap charged back 9107.00 EUR"]);
    assert_eq!(
        world.charges().await,
        ["auth authorise 9107.00 EUR", "cap capture 9107.00 EUR, charged back 9107.00 EUR"]
    );
    assert_eq!(word(&world.execute(&on("auth", call(Refund, "late", "1.00 EUR"))).await), "declined 12");
}

#[tokio::test]
async fn a_chargeback_takes_what_was_not_refunded() {
    let world = World::new();
    for (reference, refunded, news) in
        [("part", "9000.00 EUR", vec!["part charged back 107.00 EUR"]), ("all", "9107.00 EUR", vec![])]
    {
        world.execute(&sale(reference, "9107.00 EUR")).await;
        let refund = on(reference, call(OperationKind::Refund, &format!("refund-{reference}"), refunded));
        assert_eq!(word(&world.execute(&refund).await), "approved");
        world.later(60).await;
        assert_eq!(world.news(), news);
    }
}

#[tokio::test]
async fn a_callback_that_was_not_taken_comes_again() {
    let world = World::new();
    world.mailbox.shut.store(true, Ordering::SeqCst);
    world.execute(&sale("chargeback", "9107.00 EUR")).await;
    world.execute(&sale("early", "9103.00 EUR")).await;
    world.later(60).await;
    world.mailbox.shut.store(false, Ordering::SeqCst);
    world.later(1).await;
    assert_eq!(world.news(), ["chargeback charged back 9107.00 EUR", "early approved"]);
    world.later(3600).await;
    assert!(world.news().is_empty());
}

#[tokio::test]
async fn run_ticks_until_shutdown() {
    let world = World::new();
    world.execute(&sale("a", "9102.00 EUR")).await;
    let mailbox = world.mailbox.clone();
    let three_taken = async move {
        while mailbox.taken.lock().expect("no test panics here").len() < 3 {
            tokio::task::yield_now().await;
        }
    };
    world.simulator.clone().run(three_taken).await;
    assert_eq!(world.news(), ["a approved"; 3]);
}
