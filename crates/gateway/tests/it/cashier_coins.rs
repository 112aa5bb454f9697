//! Coins on the cashier's page: chosen once and for all, paid at an address, told to the merchant as any other way to pay.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::cashier_calls::get;
use crate::cashier_hosted::{CARD, GOOD, NO_FUNDS, Payer, links, location, open};
use crate::world::{Receiver, World};

/// A server whose merchant offers these coins on its page.
async fn offering(coins: &[&str]) -> World {
    let world = World::start().await;
    set(&world, json!({ "cashier_coins": coins })).await;
    world
}

async fn set(world: &World, settings: Value) {
    let credential = florin_gateway::demo::CRYPTO.number();
    let request = world.post(&format!("/admin/v1/credentials/{credential}/settings"));
    let request = request.bearer_auth(world.demo().admin_token().expose()).json(&settings);
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.expect("text"));
}

async fn sandbox(world: &World, operation: &str, fields: &[(&str, &str)]) {
    let answer = world.crypto(&format!("/sandbox/api/{operation}"), fields).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.expect("text"));
}

/// The address on the page of a payment.
async fn address(world: &World, page: &str) -> String {
    let text = world.open(page).await.text().await.expect("text");
    let mut copied = text.split("data-copy=\"").skip(1).map(|rest| rest.split('"').next().expect("a value").to_owned());
    copied.nth(1).unwrap_or_else(|| panic!("no address in {text}"))
}

async fn pays(world: &World, page: &str, mode: &str) {
    let address = address(world, page).await;
    sandbox(world, "send", &[("address", &address), ("mode", mode)]).await;
}

async fn mines(world: &World) {
    sandbox(world, "mine", &[("currency", "BTC"), ("blocks", "1")]).await;
}

#[tokio::test]
async fn a_session_is_paid_with_coins() {
    let (world, receiver) = (offering(&["BTC", "ETH"]).await, Receiver::start().await);
    let mut settings = links();
    settings["webhook_url"] = receiver.url().into();
    let payer = Payer::new(&world, "coins-1", "48.25", json!({ "settings": settings })).await;
    let page = payer.page().await.body;
    assert!(
        page.contains("value=\"coin:BTC\"") && page.contains("value=\"coin:ETH\"") && page.contains("value=\"210\"")
    );

    let nonce = payer.nonce().await;
    let chosen = location(&payer.send(&nonce, "provider_id=coin:BTC").await);
    assert!(chosen.contains("/pay/"), "{chosen}");
    let shown = world.open(&chosen).await.text().await.expect("text");
    assert!(shown.contains("0.00079744 BTC") && shown.contains("48.25 EUR"), "{shown}");
    assert_eq!(world.status("coins-1").await, "pending");
    let told = receiver.wait_for(1).await;
    assert_eq!(told[0].field("status"), "pending");
    let id = told[0].field("transaction_id");

    pays(&world, &chosen, "exact").await;
    mines(&world).await;
    assert_eq!(world.status("coins-1").await, "successful");
    let told = receiver.wait_for(2).await;
    let expected = [
        ("status", "successful"),
        ("amount", "48.25"),
        ("currency", "EUR"),
        ("tracking_id", "coins-1"),
        ("transaction_id", &id),
    ];
    for (name, value) in expected {
        assert_eq!(told[1].field(name), value, "{name} of {}", told[1].body);
    }
    let shown = world.open(&chosen).await.text().await.expect("text");
    assert!(
        shown.contains("https://shop.example/ok?transaction_id=") && shown.contains("status=successful"),
        "{shown}"
    );
    let polled = payer.polled().await;
    assert_eq!((&polled["transaction_status"], &polled["return_url"]), (&json!("successful"), &json!(chosen)));
    let list = get(&world, "/v1/transactions").await.json();
    assert_eq!(list.as_array().map(Vec::len), Some(1), "one transaction: {list}");
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn however_often_a_coin_is_chosen_there_is_one_payment() {
    let world = offering(&["BTC", "ETH"]).await;
    let payer = Payer::new(&world, "coins-2", "48.25", json!({})).await;
    let nonce = payer.nonce().await;
    let forms = ["provider_id=coin:BTC", "provider_id=coin:ETH", "provider_id=coin:BTC", "provider_id=coin:ETH"];
    let [a, b, c, d] = forms.map(|form| payer.send(&nonce, form));
    let [e, f, g, h] = forms.map(|form| payer.send(&nonce, form));
    let answers: [Response; 8] = tokio::join!(a, b, c, d, e, f, g, h).into();
    let mut places: Vec<String> = answers.iter().map(location).collect();
    places.sort();
    places.dedup();
    assert_eq!(places.len(), 1, "{places:?}");
    // A card beside it is not taken, with the old page or without.
    let card = payer.send(&nonce, &format!("{CARD}{GOOD}")).await;
    assert_eq!(location(&card), places[0]);
    let page = payer.page().await;
    assert_eq!((page.status, page.header("location")), (303, places[0].as_str()));
    let cancelled = payer.cancel(&nonce).await;
    assert_eq!(location(&cancelled), places[0]);
    assert_eq!(world.charges().await.len(), 0);
    let coins = world.crypto("/v2/GetTransactions/", &[]).send().await.expect("an answer");
    assert_eq!(coins.json::<Value>().await.expect("JSON"), json!([]), "not one of this API");
    pays(&world, &places[0], "exact").await;
    sandbox(&world, "mine", &[("currency", "BTC"), ("blocks", "1")]).await;
    sandbox(&world, "mine", &[("currency", "ETH"), ("blocks", "12")]).await;
    assert_eq!(world.status("coins-2").await, "successful");
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn a_card_and_a_coin_at_once_never_both() {
    let world = offering(&["BTC"]).await;
    for turn in 0..8 {
        let reference = format!("coins-race-{turn}");
        let payer = Payer::new(&world, &reference, "10.00", json!({})).await;
        let nonce = payer.nonce().await;
        let before = world.charges().await.len();
        let form = format!("{CARD}{GOOD}");
        let (coin, card) = tokio::join!(payer.send(&nonce, "provider_id=coin:BTC"), payer.send(&nonce, &form));
        let charged = world.charges().await.len() - before;
        let coins = [&coin, &card].iter().any(|answer| location(answer).contains("/pay/"));
        assert!(charged + usize::from(coins) == 1, "{charged} charges, coins: {coins}");
    }
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn coins_that_do_not_come_end_it() {
    let (world, receiver) = (offering(&["BTC"]).await, Receiver::start().await);
    let mut settings = links();
    settings["webhook_url"] = receiver.url().into();
    let payer = Payer::new(&world, "coins-3", "48.25", json!({ "settings": settings })).await;
    let page = location(&payer.pay("provider_id=coin:BTC").await);
    receiver.wait_for(1).await;
    let address = address(&world, &page).await;
    world.advance(Duration::from_secs(1_000)).await;
    world.status_becomes("coins-3", "rejected").await;
    let told = receiver.wait_for(2).await;
    assert_eq!(
        (told[1].field("status"), told[1].field("rejected_reason")),
        ("rejected".into(), "Expired".into()),
        "{}",
        told[1].body
    );
    let shown = world.open(&page).await.text().await.expect("text");
    assert!(shown.contains("https://shop.example/no?transaction_id="), "{shown}");
    // What comes later is nobody's until the merchant has decided.
    sandbox(&world, "send", &[("address", &address), ("mode", "exact")]).await;
    mines(&world).await;
    assert_eq!(world.status("coins-3").await, "rejected");
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn coins_are_offered_where_nothing_was_tried_and_nothing_excludes_them() {
    let world = offering(&["BTC"]).await;
    let offers = async |reference: &str, more: Value| {
        let payer = Payer::new(&world, reference, "48.25", more).await;
        payer.page().await.body.contains("coin:BTC")
    };
    assert!(offers("offer-1", json!({})).await);
    assert!(offers("offer-2", json!({"settings": {"methods": ["crypto"]}})).await, "and nothing else");
    assert!(!offers("offer-3", json!({"settings": {"methods": ["card"]}})).await);
    assert!(!offers("offer-4", json!({"settings": {"providers": [210]}})).await);
    let payer = Payer::new(&world, "offer-5", "48.25", json!({})).await;
    let nonce = payer.nonce().await;
    payer.send(&nonce, &format!("{CARD}{NO_FUNDS}")).await;
    let page = payer.page().await.body;
    assert!(page.contains("value=\"210\"") && !page.contains("coin:BTC"), "the card may still be heard of");
    let forced = payer.pay("provider_id=coin:BTC").await;
    assert_eq!(forced.status(), StatusCode::UNPROCESSABLE_ENTITY);

    // Too little for the coin: said on the page, and another way can be chosen.
    let payer = Payer::new(&world, "offer-6", "0.10", json!({})).await;
    let refused = payer.pay("provider_id=coin:BTC").await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(world.status("offer-6").await, "pending");

    set(&world, json!({"cashier_coins": []})).await;
    assert!(!offers("offer-7", json!({})).await);
    let only = open(&world, "offer-8", "48.25", json!({"settings": {"methods": ["crypto"]}})).await;
    assert_eq!(only.code(), 9005);
}

#[tokio::test]
async fn a_payment_in_coins_survives_a_restart() {
    let mut world = offering(&["BTC"]).await;
    let payer = Payer::new(&world, "coins-4", "48.25", json!({})).await;
    let page = location(&payer.pay("provider_id=coin:BTC").await);
    let (path, address) = (page.rsplit("/pay/").next().expect("a token").to_owned(), address(&world, &page).await);
    world.restart().await;
    let shown = world.get(&format!("/pay/{path}")).send().await.expect("an answer");
    assert_eq!(shown.status(), StatusCode::OK);
    sandbox(&world, "send", &[("address", &address), ("mode", "exact")]).await;
    mines(&world).await;
    assert_eq!(world.status("coins-4").await, "successful");
    world.assert_book_agrees().await;
}
