//! What may go wrong in a session: declines, leaving, coming back twice, the time being over. The payment's state is right each time.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use crate::cashier_calls::get;
use crate::cashier_hosted::{CARD, CHALLENGED, GOOD, NO_FUNDS, Payer, links, location};
use crate::world::{Receiver, World};

const SESSION_S: u64 = 30 * 60;

async fn reason(world: &World, reference: &str) -> String {
    let status = get(world, &format!("/v1/transactions/{reference}")).await.json();
    status["rejected_reason"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_declined_payment_can_be_tried_again_with_another_method() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let mut settings = links();
    settings["webhook_url"] = json!(receiver.url());
    let payer = Payer::new(&world, "again", "10.05", json!({"settings": settings})).await;
    assert_eq!(location(&payer.pay(&format!("{CARD}{NO_FUNDS}")).await), world.url(&payer.path));
    let page = payer.page().await.body;
    assert!(page.contains("There is not enough money available"), "{page}");
    assert_eq!(world.status("again").await, "pending");
    assert!(receiver.received().is_empty());
    // At the bank: declined, then cancelled; each ends that attempt only.
    for (action, said) in [("decline", "Your bank declined"), ("cancel", "You cancelled on the provider")] {
        let bank = location(&payer.pay("provider_id=211").await);
        assert_eq!(location(&world.submit(&bank, &format!("action={action}")).await), world.url(&payer.path));
        assert!(payer.page().await.body.contains(said), "{action}");
        assert_eq!(world.status("again").await, "pending");
    }
    assert!(location(&payer.pay(&format!("{CARD}{GOOD}")).await).starts_with("https://shop.example/ok"));
    let told: Vec<String> = receiver.wait_for(2).await.iter().map(|hook| hook.field("status")).collect();
    assert_eq!(told, ["pending", "successful"]);
    assert_eq!(world.charges().await.len(), 1);
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn the_last_permitted_attempt_ends_it() {
    let world = World::start().await;
    let payer = Payer::new(&world, "five", "10.05", json!({"settings": links()})).await;
    for _ in 0..4 {
        assert_eq!(location(&payer.pay(&format!("{CARD}{NO_FUNDS}")).await), world.url(&payer.path));
    }
    let back = location(&payer.pay(&format!("{CARD}4000000000000069")).await);
    assert!(back.starts_with("https://shop.example/no"), "{back}");
    assert_eq!(
        (world.status("five").await.as_str(), reason(&world, "five").await.as_str()),
        ("rejected", "Expired card")
    );
    assert_eq!(payer.page().await.status, 200);
    assert_eq!(payer.polled().await["return_url"], back);
}

#[tokio::test]
async fn cancelling() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let mut settings = links();
    settings["webhook_url"] = json!(receiver.url());
    let payer = Payer::new(&world, "cancel", "10.05", json!({ "settings": settings })).await;
    let nonce = payer.nonce().await;
    // A made-up nonce cancels nothing.
    assert_eq!(payer.cancel("x").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    // While an attempt is open nothing can be cancelled: the payer is sent to where it is open.
    let bank = location(&payer.send(&nonce, "provider_id=211").await);
    assert_eq!(location(&payer.cancel(&nonce).await), bank);
    assert_eq!(world.status("cancel").await, "pending");
    location(&world.submit(&bank, "action=cancel").await);
    let nonce = payer.nonce().await;
    let back = location(&payer.cancel(&nonce).await);
    assert!(back.starts_with("https://shop.example/no?") && back.ends_with("status=rejected"), "{back}");
    assert_eq!(location(&payer.cancel(&nonce).await), back);
    assert_eq!(reason(&world, "cancel").await, "Cancelled by customer");
    // Whoever has the old page open pays nothing with it.
    assert_eq!(location(&payer.send(&nonce, &format!("{CARD}{GOOD}")).await), back);
    let hooks = receiver.wait_for(2).await;
    assert_eq!(hooks[1].field("rejected_reason"), "Cancelled by customer");
    assert!(world.charges().await.is_empty());
}

#[tokio::test]
async fn one_page_makes_one_attempt() {
    let world = std::sync::Arc::new(World::start().await);
    let payer = Payer::new(&world, "once", "10.05", json!({"settings": links()})).await;
    let nonce = payer.nonce().await;
    let (path, form) = (format!("{}/pay", payer.path), format!("nonce={nonce}&{CARD}{GOOD}"));
    let copies: Vec<_> = (0..20)
        .map(|_| {
            let (world, url, form) = (world.clone(), world.url(&path), form.clone());
            tokio::spawn(async move { location(&world.submit(&url, &form).await) })
        })
        .collect();
    for copy in copies {
        assert!(copy.await.expect("a copy").starts_with("https://shop.example/"));
    }
    assert_eq!((world.status("once").await.as_str(), world.charges().await.len()), ("successful", 1));

    // After a decline the old page's form does not try the card again, a fresh page's does.
    let payer = Payer::new(&world, "twice", "10.05", json!({})).await;
    let nonce = payer.nonce().await;
    for _ in 0..3 {
        assert_eq!(location(&payer.send(&nonce, &format!("{CARD}{NO_FUNDS}")).await), world.url(&payer.path));
    }
    let payments = world.payments().await;
    let twice = payments.iter().find(|payment| payment.details.reference == "twice").expect("the payment");
    assert_eq!(twice.operations.len(), 1);
}

#[tokio::test]
async fn an_abandoned_token_expires_and_is_announced() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let mut settings = links();
    settings["webhook_url"] = json!(receiver.url());
    let payer = Payer::new(&world, "left", "10.05", json!({ "settings": settings })).await;
    let nonce = payer.nonce().await;
    world.advance(Duration::from_secs(SESSION_S - 60)).await;
    assert_eq!(payer.page().await.status, 200);
    assert!(payer.polled().await["expires_in"].as_i64().is_some_and(|left| (1..=60).contains(&left)));
    world.advance(Duration::from_secs(61)).await;
    assert_eq!(payer.page().await.status, 410);
    let late = payer.send(&nonce, &format!("{CARD}{GOOD}")).await;
    assert!(matches!(late.status(), StatusCode::GONE | StatusCode::SEE_OTHER), "{}", late.status());
    world.status_becomes("left", "rejected").await;
    assert_eq!(reason(&world, "left").await, "Expired");
    let hooks = receiver.wait_for(1).await;
    assert_eq!((hooks[0].field("status"), hooks[0].field("rejected_reason")), ("rejected".into(), "Expired".into()));
    assert!(world.charges().await.is_empty());
    // The token is answered the same to a repeat of its request.
    assert_eq!(payer.page().await.status, 410);
}

#[tokio::test]
async fn an_open_attempt_outlives_the_session() {
    let world = World::start().await;
    let payer = Payer::new(&world, "open", "10.05", json!({"settings": links()})).await;
    world.advance(Duration::from_secs(SESSION_S - 60)).await;
    let bank = location(&payer.pay("provider_id=211").await);
    world.advance(Duration::from_secs(120)).await;
    assert_eq!((payer.page().await.status, world.status("open").await.as_str()), (200, "pending"));
    assert!(location(&world.submit(&bank, "action=approve").await).starts_with("https://shop.example/ok"));
    assert_eq!(world.status("open").await, "successful");

    // Declined after the session's time: there is no further try.
    let payer = Payer::new(&world, "no", "10.05", json!({"settings": links()})).await;
    world.advance(Duration::from_secs(SESSION_S - 60)).await;
    let bank = location(&payer.pay("provider_id=211").await);
    world.advance(Duration::from_secs(120)).await;
    location(&world.submit(&bank, "action=decline").await);
    assert_eq!(payer.page().await.status, 410);
    world.status_becomes("no", "rejected").await;
    assert_eq!(reason(&world, "no").await, "Expired");
}

/// 3-D Secure with every outcome.
#[tokio::test]
async fn three_d_secure() {
    let world = World::start().await;
    let shop = "https://shop.example/";
    // Frictionless, attempted and not enrolled look alike to the payer: no step, the bank decides.
    for (reference, card) in
        [("frictionless", "4200000000000091"), ("attempted", "4200000000000059"), ("not-enrolled", "4111111111111111")]
    {
        let payer = Payer::new(&world, reference, "10.05", json!({"settings": links()})).await;
        assert!(location(&payer.pay(&format!("{CARD}{card}")).await).starts_with(&format!("{shop}ok")), "{reference}");
        assert_eq!(world.status(reference).await, "successful", "{reference}");
    }
    // An error and a refusal without a challenge end the attempt; the session goes on.
    for (reference, card) in [("error", "4012001037461114"), ("not-authenticated", "4200000000000034")] {
        let payer = Payer::new(&world, reference, "10.05", json!({"settings": links()})).await;
        assert_eq!(location(&payer.pay(&format!("{CARD}{card}")).await), world.url(&payer.path), "{reference}");
        assert!(payer.page().await.body.contains("could not confirm that it is you"), "{reference}");
        assert_eq!(world.status(reference).await, "pending", "{reference}");
    }
    for (action, said, status) in [
        ("approve", "", "successful"),
        ("decline", "could not confirm that it is you", "pending"),
        ("cancel", "You cancelled on the provider", "pending"),
    ] {
        let payer = Payer::new(&world, action, "10.05", json!({"settings": links()})).await;
        let challenge = location(&payer.pay(&format!("{CARD}{CHALLENGED}")).await);
        let back = location(&world.submit(&challenge, &format!("action={action}")).await);
        assert_eq!(world.status(action).await, status, "{action}");
        assert!(back.starts_with(if status == "successful" { shop } else { "http://127.0.0.1" }), "{back}");
        // Coming back again, by whatever button, changes nothing.
        let before = (world.status(action).await, world.charges().await.len());
        for again in ["approve", "decline", "cancel", "pending"] {
            assert_eq!(location(&world.submit(&challenge, &format!("action={again}")).await), back, "{action} {again}");
        }
        assert_eq!(world.open(&challenge).await.status(), StatusCode::OK);
        assert_eq!((world.status(action).await, world.charges().await.len()), before, "{action}");
        if status == "pending" {
            assert!(payer.page().await.body.contains(said), "{action}");
        }
    }
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn a_challenge_that_is_left_or_answered_late() {
    let world = World::start().await;
    // Late, but in time: half a minute after the payer's yes.
    let payer = Payer::new(&world, "late", "10.05", json!({"settings": links()})).await;
    let challenge = location(&payer.pay(&format!("{CARD}{CHALLENGED}")).await);
    assert!(location(&world.submit(&challenge, "action=pending").await).starts_with("https://shop.example/wait"));
    assert!(payer.page().await.body.contains("not decided yet"));
    world.advance(Duration::from_secs(31)).await;
    world.status_becomes("late", "successful").await;

    // Abandoned: after its 15 minutes the session has 15 left, and the payer may choose again.
    let payer = Payer::new(&world, "abandoned", "10.05", json!({"settings": links()})).await;
    let challenge = location(&payer.pay(&format!("{CARD}{CHALLENGED}")).await);
    world.advance(Duration::from_secs(16 * 60)).await;
    // A yes after the expiry moves nothing.
    assert_eq!(world.submit(&challenge, "action=approve").await.status(), StatusCode::GONE);
    let charged = world.charges().await.len();
    let again = async {
        while !payer.page().await.body.contains("The time on the provider") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::world::SOON, again).await.expect("the challenge is given up");
    assert_eq!((world.status("abandoned").await.as_str(), world.charges().await.len()), ("pending", charged));
    assert!(location(&payer.pay(&format!("{CARD}{GOOD}")).await).starts_with("https://shop.example/ok"));
    assert_eq!(world.submit(&challenge, "action=approve").await.status(), StatusCode::GONE);
    assert_eq!(world.charges().await.len(), charged + 1);
    world.assert_book_agrees().await;
}

/// While the outcome is unknown nothing else may be tried, and it is found out.
#[tokio::test]
async fn an_unknown_attempt_is_waited_for() {
    let world = World::start().await;
    let payer = Payer::new(&world, "unknown", "9101.00", json!({"settings": links()})).await;
    let back = location(&payer.pay(&format!("{CARD}{GOOD}")).await);
    assert!(back.starts_with("https://shop.example/wait"), "{back}");
    let page = payer.page().await.body;
    assert!(page.contains("not decided yet") && !page.contains("name=\"card_number\""), "{page}");
    world.advance(Duration::from_secs(60)).await;
    world.status_becomes("unknown", "successful").await;
    assert_eq!(world.charges().await.len(), 1);
}

#[tokio::test]
async fn a_session_survives_a_restart() {
    let mut world = World::start().await;
    let path = Payer::new(&world, "restart", "10.05", json!({})).await.path;
    world.restart().await;
    let payer = Payer::at(&world, path);
    location(&payer.pay(&format!("{CARD}{GOOD}")).await);
    assert_eq!(world.status("restart").await, "successful");
}
