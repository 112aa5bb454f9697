//! Transaction services: what an `Idempotency-Key` keeps beside successes: refusals by state, limit or provider, and what reading calls told.

use std::time::Duration;

use florin_engine::directory::Limit;
use florin_engine::setup::{NewMerchant, merchant_row};
use florin_kernel::{Asset, Money};
use reqwest::RequestBuilder;
use serde_json::json;

use crate::cashier_keys::{demo_merchant, put};
use crate::ts::{Answer, card_payment, digest, send, with};
use crate::ts_notices::set;
use crate::world::World;

const CARD: &str = "4000000000000051";

/// An order about a payment under a key, not yet sent.
async fn ordering(world: &World, kind: &str, id: &str, amount: &str, key: &str) -> RequestBuilder {
    let sum = world.ts_sum(&[id, amount]);
    let fields = [("paymentType", kind), ("amount", amount)];
    world.ts_request(&format!("/payments/{id}"), &fields, &sum).await.header("Idempotency-Key", key)
}

async fn order(world: &World, kind: &str, id: &str, amount: &str, key: &str) -> Answer {
    send(ordering(world, kind, id, amount, key).await).await
}

async fn held(world: &World, reference: &str, amount: &str) -> String {
    let answer = world.ts_pay(&with(&card_payment(reference, amount, CARD), &[("paymentType", "PA")])).await;
    assert_eq!(answer.line(), "200 00001 Y authsuccessful", "{}", answer.text);
    answer.id().to_owned()
}

/// That an answer is the earlier one, to the byte.
fn is_copy(answer: &Answer, first: &Answer) {
    assert_eq!((answer.replayed, answer.status, &answer.text), (true, first.status, &first.text));
}

/// Bounds on the demo's payments in dollars.
async fn limit(world: &World, min: &str, max: &str) {
    let usd = |text: &str| Money::parse(text, Asset::currency("USD").expect("a currency")).expect("an amount");
    let limits = vec![Limit { min: usd(min), max: usd(max) }];
    put(world, merchant_row(&NewMerchant { limits, ..demo_merchant(world) }, world.engine().keyring())).await;
}

#[tokio::test]
async fn an_order_that_was_refused_is_refused_again() {
    let mut world = World::start().await;
    let id = held(&world, "K1", "50.00").await;
    let early = order(&world, "RF", &id, "20.00", "refund").await;
    assert_eq!(early.line(), "200 10006 N authsuccessful", "{}", early.text);
    let large = order(&world, "CP", &id, "50.01", "capture").await;
    assert_eq!(large.line(), "200 10005 N authsuccessful", "{}", large.text);
    assert_eq!(order(&world, "CP", &id, "50.00", "capture").await.line(), "200 20011 N failed");
    assert_eq!(order(&world, "CP", &id, "50.00", "capture-2").await.line(), "200 00004 Y capturesuccess");
    // It would be refunded by now.
    is_copy(&order(&world, "RF", &id, "20.00", "refund").await, &early);
    assert_eq!(order(&world, "RF", &id, "20.00", "refund-2").await.line(), "200 00005 Y reversed");
    // What another capture stands against is kept, too, and so is what the provider refuses.
    let second = order(&world, "CP", &id, "30.00", "capture-3").await;
    assert_eq!(second.line(), "200 10005 N reversed", "{}", second.text);
    let other = held(&world, "K2", "9500.00").await;
    let refused = order(&world, "CP", &other, "9051.00", "capture-4").await;
    assert!(refused.at("/result/description").ends_with("Insufficient funds"), "{}", refused.text);
    is_copy(&order(&world, "CP", &other, "9051.00", "capture-4").await, &refused);
    assert!(!order(&world, "CP", &other, "9051.00", "capture-5").await.replayed, "a new try");
    world.advance(Duration::from_secs(60)).await;
    world.restart().await;
    is_copy(&order(&world, "CP", &id, "50.01", "capture").await, &large);
    is_copy(&order(&world, "CP", &id, "30.00", "capture-3").await, &second);
    is_copy(&order(&world, "RF", &id, "20.00", "refund").await, &early);
    assert_eq!(world.ts_inquire(&id).await.at("/refundamount"), "20.00");
    world.assert_book_agrees().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_at_once_are_refused_once() {
    let world = World::start().await;
    let id = held(&world, "K3", "50.00").await;
    for (kind, amount, expected) in
        [("RF", "20.00", "200 10006 N authsuccessful"), ("CP", "50.00", "200 00004 Y capturesuccess")]
    {
        let mut requests = Vec::new();
        for _ in 0..16 {
            requests.push(tokio::spawn(send(ordering(&world, kind, &id, amount, kind).await)));
        }
        let mut answers = Vec::new();
        for request in requests {
            answers.push(request.await.expect("an answer"));
        }
        assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1, "{kind}");
        assert_eq!(answers[0].line(), expected, "{}", answers[0].text);
        assert!(answers.iter().all(|answer| answer.text == answers[0].text), "{kind}");
    }
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn what_a_limit_or_rule_refuses_is_refused_again() {
    let world = World::start().await;
    limit(&world, "10.00", "40.00").await;
    let fields = card_payment("K4", "50.00", CARD);
    let paying = async || send(world.ts_payment(&fields).await.header("Idempotency-Key", "pay")).await;
    let refused = paying().await;
    assert_eq!(refused.line(), "200 10002 N failed", "{}", refused.text);
    assert_eq!((refused.at("/merchantTransactionId"), refused.at("/amount")), ("K4", "50.00"));
    let (member, _, secret) = world.demo().member();
    let invoice = [
        ("merchantInvoiceId", "K5"),
        ("amount", "50.00"),
        ("currency", "USD"),
        ("merchantRedirectUrl", "https://shop.example/return"),
        ("customer.email", "jon.doe@example.com"),
        ("orderDescription", "Two tickets"),
    ];
    let invoicing = async |fields: &[(&str, &str)], sum: &str, path: &str, key: &str| {
        let login = [("authentication.memberId", member), ("authentication.checksum", sum)];
        let body = crate::ts::form(login.iter().chain(fields).copied());
        let request = world.post(path).header("AuthToken", world.ts_token().await).header("Idempotency-Key", key);
        send(request.header("content-type", "application/x-www-form-urlencoded").body(body)).await
    };
    let generating = async || {
        let sum = world.ts_sum(&["K5", "50.00", "https://shop.example/return"]);
        invoicing(&invoice, &sum, "/invoiceServices/REST/v1/generate", "invoice").await
    };
    let linking = async || {
        let fields = [("merchant.orderID", "K6"), ("merchant.amount", "50.00"), ("merchant.currency", "USD")];
        let sum = digest(&[member, "K6", "50.00", secret.expose()]);
        invoicing(&fields, &sum, "/merchantServices/api/v1/generatePayByLink", "link").await
    };
    let (unmade, unlinked) = (generating().await, linking().await);
    assert_eq!((unmade.line().as_str(), unlinked.line().as_str()), ("200 10011 failed", "200 10002 failed"));
    limit(&world, "0.01", "1000.00").await;
    is_copy(&paying().await, &refused);
    is_copy(&generating().await, &unmade);
    is_copy(&linking().await, &unlinked);
    // References were not used up, and nothing is kept without a key.
    assert_eq!(world.ts_pay(&fields).await.line(), "200 00001 Y capturesuccess");
    is_copy(&paying().await, &refused);
    // A series that is none.
    let plain = world.ts_inquire("K4").await.id().to_owned();
    let again = [("paymentType", "DB"), ("recurringType", "REPEATED"), ("amount", "5.00")];
    let repeating = async |key: &str| {
        let sum = world.ts_sum(&[&plain, "5.00"]);
        let request = world.ts_request(&format!("/payments/{plain}"), &again, &sum).await;
        send(request.header("Idempotency-Key", key)).await
    };
    let refused = repeating("series").await;
    assert_eq!(refused.line(), "200 10002 N failed", "{}", refused.text);
    is_copy(&repeating("series").await, &refused);
    assert_eq!(repeating("pay").await.code(), "20011");
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn bad_input_and_what_is_not_there_use_no_key_up() {
    let world = World::start().await;
    assert_eq!(order(&world, "CP", "1234567890", "50.00", "once").await.code(), "10026");
    let id = held(&world, "K7", "50.00").await;
    assert_eq!(order(&world, "CP", &id, "0.00", "once").await.code(), "20007");
    assert_eq!(order(&world, "CP", &id, "50.00", "once").await.line(), "200 00004 Y capturesuccess");
}

#[tokio::test]
async fn a_reading_call_with_a_key_is_answered_once() {
    let world = World::start().await;
    let id = held(&world, "K8", "50.00").await;
    let reading = async |path: &str, fields: &[(&str, &str)], sum: &[&str], key: &str| {
        send(world.ts_request(path, fields, &world.ts_sum(sum)).await.header("Idempotency-Key", key)).await
    };
    let inquiry = format!("/payments/{id}");
    let asked = async |key: &str| reading(&inquiry, &[("paymentType", "IN")], &[&id], key).await;
    let listed = async |key: &str| reading("/getTransactionList", &[], &[], key).await;
    let carded = async |key: &str| reading("/getCardsAndAccounts", &[], &[], key).await;
    let (first, list, cards) = (asked("in").await, listed("list").await, carded("cards").await);
    assert_eq!((first.at("/status"), list.at("/totalrecords"), cards.code()), ("authsuccessful", "1", "10026"));
    assert_eq!(order(&world, "CP", &id, "50.00", "cp").await.code(), "00004");
    world.ts_pay(&with(&card_payment("K9", "5.00", CARD), &[("createRegistration", "true")])).await;
    is_copy(&asked("in").await, &first);
    is_copy(&listed("list").await, &list);
    is_copy(&carded("cards").await, &cards);
    assert_eq!(
        (asked("in-2").await.at("/status"), listed("list-2").await.at("/totalrecords")),
        ("capturesuccess", "2")
    );
    assert_eq!(asked("list").await.line(), "200 20011 failed");
    // What is not there may be there soon.
    let late = async || reading("/inquiry", &[("merchantTransactionId", "K10")], &["K10"], "late").await;
    assert_eq!(late().await.line(), "200 10026 notfound");
    world.ts_pay(&card_payment("K10", "5.00", CARD)).await;
    assert_eq!(late().await.line(), "200 00026 Y capturesuccess");
}

fn stored(holder: &str) -> [(&'static str, &str); 5] {
    [
        ("card.number", CARD),
        ("card.expiryMonth", "07"),
        ("card.expiryYear", "2030"),
        ("card.cvv", "745"),
        ("card.holder", holder),
    ]
}

/// With and without asking the card's bank, one card is stored once, and one key is of one call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_at_once_store_one_card() {
    for route in [json!(null), json!(211)] {
        let world = World::start().await;
        set(&world, json!({"terminals": [{"terminal_id": "19671", "route": route}]})).await;
        let sum = world.ts_sum(&[CARD]);
        let holders: Vec<String> = (0..12).map(|number| format!("Jon Doe {}", ["A", "B", "C"][number % 3])).collect();
        let mut requests = Vec::new();
        for holder in &holders {
            let request = world.ts_request("/registrations", &stored(holder), &sum).await;
            requests.push(tokio::spawn(send(request)));
        }
        let mut ids = Vec::new();
        for request in requests {
            let answer = request.await.expect("an answer");
            assert_eq!(answer.code(), "00003", "{}", answer.text);
            ids.push(answer.at("/registrationId").to_owned());
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 1, "{route}");
        // Once it is deleted it may be stored anew.
        let (path, id_sum) = (format!("/registrations/{}", ids[0]), world.ts_sum(&[&ids[0]]));
        let delete = world.ts_request(&path, &[("paymentType", "DL")], &id_sum).await;
        assert_eq!(send(delete).await.code(), "00008");
        let keyed = async |holder: &str| {
            let request = world.ts_request("/registrations", &stored(holder), &sum).await;
            send(request.header("Idempotency-Key", "r")).await
        };
        let anew = keyed("Jon Doe").await;
        assert_eq!(anew.code(), "00003", "{}", anew.text);
        assert_ne!(anew.at("/registrationId"), ids[0]);
        is_copy(&keyed("Jon Doe").await, &anew);
        assert_eq!(keyed("Jane Doe").await.code(), "20011");
        let paying = world.ts_payment(&card_payment("K11", "5.00", CARD)).await.header("Idempotency-Key", "r");
        assert_eq!(send(paying).await.code(), "20011", "{route}: one key is of one call");
        world.assert_book_agrees().await;
    }
}
