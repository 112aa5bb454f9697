//! The cashier's list: complete however long, in pages when asked, in both editions.

use std::time::Duration;

use florin_engine::setup;
use florin_kernel::PaymentId;
use florin_store::{Changeset, PaymentWrite};
use serde_json::{Value, json};

use crate::cashier_calls::{S2S, get, post};
use crate::cashier_hosted::{CARD, GOOD, Payer};
use crate::cashier_keys::{call, credential, put};
use crate::world::{Receiver, World};

fn references(list: &Value) -> Vec<String> {
    let rows = list.as_array().expect("an array").iter();
    rows.map(|row| row["transaction"]["tracking_id"].as_str().expect("a reference").to_owned()).collect()
}

#[tokio::test]
async fn rows_of_both_editions() {
    let world = World::start().await;
    assert_eq!(get(&world, "/v1/transactions").await.body, "[]");
    let more = json!({"routing_id": 216, "user_id": 128, "customer": {
        "first_name": "John", "last_name": "Doe", "dob": "20/05/1985", "country_code": "US", "tags": ["Premium", "Trusted"]
    }});
    world.pay_by_card("converted", "4111111111111111", "10.05", more).await;
    let list = get(&world, "/v1/transactions").await;
    assert_eq!((list.status, list.header("cache-control")), (200, "no-store"));
    assert_eq!(list.header("content-type"), "application/json; charset=utf-8");
    let row = &list.json()[0];
    let (id, reference) = (row["transaction"]["id"].clone(), row["provider"]["provider_id"].clone());
    assert_eq!(reference.as_str().map(str::len), Some(15));
    let tail = concat!(
        r#""amount":{"value":8.61,"currency":"GBP"},"credited_amount":{"value":10.05,"currency":"EUR"},"fx":{"value":10.06,"currency":"EUR"}},"#,
        r#""customer":{"id":128,"first_name":"John","last_name":"Doe","dob":"1985-05-20","country":"US","tags":["Premium","Trusted"],"IP":"127.34.125.54"}}]"#
    );
    assert!(list.body.ends_with(tail), "{}", list.body);
    let flat = credential(&world, 7, |credential| credential.settings = json!({"edition": "flat"})).await;
    let list = call(world.get("/v1/transactions"), &flat).await;
    let head = format!(r#"[{{"transaction_id":{id},"gateway_transaction_id":{reference},"provider_transaction_id":""#);
    assert!(list.body.starts_with(&head), "{}", list.body);
    let tail = r#""customer_id":128,"amount":8.61,"currency":"GBP","user_amount":10.05,"user_currency":"EUR","fx_amount":0.01}]"#;
    assert!(list.body.ends_with(tail), "{}", list.body);
}

#[tokio::test]
async fn the_page_tells_the_address_that_the_merchant_did_not() {
    let world = World::start().await;
    for (reference, more, address) in
        [("unsaid", json!({}), "127.0.0.1"), ("said", json!({"ip": "127.34.125.54"}), "127.34.125.54")]
    {
        let payer = Payer::new(&world, reference, "10.05", more).await;
        payer.pay(&format!("{CARD}{GOOD}")).await;
        let row = get(&world, "/v1/transactions").await.json().as_array().expect("rows").last().expect("a row").clone();
        assert_eq!((&row["transaction"]["tracking_id"], &row["customer"]["IP"]), (&json!(reference), &json!(address)));
    }
}

#[tokio::test]
async fn a_large_amount_reads_the_same_everywhere() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let catalogue = world.engine().directory().catalogue().clone();
    let mut account = (*catalogue.providers[0]).clone();
    account.amounts = Some(("0.01".into(), "9999999".into()));
    put(&world, setup::provider_row(&account)).await;
    let settings = json!({"settings": {"webhook_url": receiver.url()}});
    let payer = Payer::new(&world, "large", "1234567.89", settings).await;
    assert!(payer.page().await.body.contains("1,234,567.89"));
    payer.pay(&format!("{CARD}{GOOD}")).await;
    assert_eq!(receiver.wait_for(1).await[0].field("amount"), "1234567.89");
    let list = get(&world, "/v1/transactions").await.body;
    assert_eq!(list.matches(r#"{"value":1234567.89,"currency":"EUR"}"#).count(), 3, "{list}");
    assert!(payer.page().await.body.contains("1,234,567.89"), "the receipt");
}

#[tokio::test]
async fn days_by_the_merchants_clock() {
    let world = World::start().await;
    post(&world, "/v1/payments/s2s", S2S).await;
    let date = get(&world, "/v1/transactions").await.json()[0]["transaction"]["date"].as_str().expect("a date")[..10]
        .to_owned();
    world.advance(Duration::from_secs(24 * 3600)).await;
    assert_eq!(get(&world, "/v1/transactions").await.body, "[]");
    for query in [format!("from={date}"), format!("to={date}"), format!("from={date}&to={date}")] {
        let list = get(&world, &format!("/v1/transactions?{query}")).await;
        assert_eq!(references(&list.json()).len(), 1, "{query}");
    }
    let faulty = get(&world, "/v1/transactions?from=31-06-2024&limit=0&to=x").await;
    assert_eq!((faulty.code(), faulty.fields()), (9001, vec!["from".into(), "to".into(), "limit".into()]));
    assert_eq!(get(&world, "/v1/transactions?after=nothing").await.fields(), ["after"]);
}

#[tokio::test]
async fn pages() {
    let world = World::start().await;
    for reference in ["a", "b", "c", "d", "e"] {
        world.pay_by_card(reference, "4111111111111111", "10.00", json!({})).await;
    }
    let (mut path, mut seen, mut pages) = ("/v1/transactions?limit=2".to_owned(), Vec::new(), 0);
    loop {
        let page = get(&world, &path).await;
        seen.extend(references(&page.json()));
        pages += 1;
        let link = page.header("link").to_owned();
        let Some((url, relation)) = link.split_once(">; ") else { break };
        assert_eq!(relation, "rel=\"next\"");
        path = url.strip_prefix(&format!("<{}", world.url(""))).expect("our URL").to_owned();
    }
    assert_eq!((seen.as_slice(), pages), (["a", "b", "c", "d", "e"].map(String::from).as_slice(), 3));
}

/// More rows than are fetched at a time: none is lost, none comes twice.
#[tokio::test]
async fn long_lists_are_complete() {
    const ROWS: usize = 3_000;
    let world = World::start().await;
    world.pay_by_card("first", "4111111111111111", "10.00", json!({})).await;
    let first = world.payments().await.remove(0);
    let mut writes = Vec::new();
    for place in 1..ROWS {
        let mut payment = first.clone();
        payment.id = PaymentId::from_number(first.id.number() + place as i64);
        payment.details.reference = format!("row-{place:04}");
        writes.push(PaymentWrite::insert(&payment));
    }
    world.engine().store().commit(Changeset { payments: writes, ..Changeset::default() }).await.expect("a commit");
    let found = references(&get(&world, "/v1/transactions").await.json());
    let expected: Vec<String> =
        std::iter::once("first".to_owned()).chain((1..ROWS).map(|place| format!("row-{place:04}"))).collect();
    assert_eq!(found.len(), ROWS);
    assert!(found == expected);
}
