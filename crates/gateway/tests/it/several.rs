//! Several servers on one PostgreSQL database. Skipped where `FLORIN_TEST_POSTGRES` names no server.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use florin_engine::Owner;
use florin_gateway::commands::serve;
use florin_gateway::config::Config;
use florin_kernel::payment::Command;
use florin_kernel::{Asset, Money};
use florin_store::conformance::database::Database;
use serde_json::json;

use crate::cashier_calls::{Answer, S2S};
use crate::simulated;
use crate::world::{Receiver, SOON, World};

const CHALLENGE: &str = "4000000000003220";
const VISA: &str = "4111111111111111";

async fn two() -> Option<(Arc<World>, Arc<World>)> {
    let database = Arc::new(Database::fresh().await?);
    let first = World::on(Some(database), |_| ()).await;
    let second = first.beside().await;
    Some((Arc::new(first), Arc::new(second)))
}

fn eur(text: &str) -> Money {
    Money::parse(text, Asset::from_code("EUR").expect("a currency")).expect("an amount")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_sent_to_both_make_one_charge() {
    let Some((first, second)) = two().await else { return };
    for (name, body) in [
        ("paid", S2S.to_owned()),
        ("declined", S2S.replace(VISA, "4000000000000341").replace("0d1b", "0d1d")),
        ("unknown", S2S.replace("10.05", "9101.00").replace("0d1b", "0d1e")),
    ] {
        let copies: Vec<_> = (0..40)
            .map(|copy| {
                let (world, body) = (if copy % 2 == 0 { first.clone() } else { second.clone() }, body.clone());
                tokio::spawn(async move {
                    // One key is good on both.
                    let request = world.post("/v1/payments/s2s").header("x-api-key", world.demo().api_key().expose());
                    Answer::of(request.body(body).send().await.expect("an answer")).await
                })
            })
            .collect();
        let mut distinct = HashSet::new();
        for copy in copies {
            let answer = copy.await.expect("a copy");
            distinct.insert((answer.status, answer.body.clone(), answer.header("x-transaction-id").to_owned()));
        }
        assert_eq!(distinct.len(), 1, "{name}: {distinct:?}");
    }
    assert_eq!(first.payments().await.len(), 3);
    let charged = second.charges().await;
    assert_eq!(charged.len(), 2, "{charged:?}");
    second.assert_book_agrees().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_began_the_other_goes_on_with() {
    let Some((first, second)) = two().await else { return };
    first.pay_by_card("refunded", VISA, "10.05", json!({})).await;
    assert_eq!(second.status("refunded").await, "successful");
    let paid = second.payments().await.remove(0);
    let refunded =
        second.engine().submit(Owner::of(&paid), paid.id, Command::refund(eur("4.00"))).await.expect("a refund");
    assert_eq!(refunded.word().text(), "partially_refunded");
    let rest = first.engine().submit(Owner::of(&paid), paid.id, Command::refund(eur("6.06"))).await;
    assert!(rest.is_err(), "the other knows of the first refund");

    // The page of a payment made on the one is answered on the other.
    for (action, status) in [("approve", "successful"), ("cancel", "rejected")] {
        let answer = first.pay_by_card(action, CHALLENGE, "10.00", json!({})).await;
        let url = answer["url"].as_str().expect("a challenge").replace(&first.url(""), &second.url(""));
        assert!(second.submit(&url, &format!("action={action}")).await.status().is_redirection());
        first.status_becomes(action, status).await;
    }
    first.assert_book_agrees().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_passes_for_both_and_look_ups_find_what_the_other_asked() {
    let Some((first, second)) = two().await else { return };
    for number in 0..10 {
        first.pay_by_card(&format!("unknown-{number}"), VISA, "9101.00", json!({})).await;
    }
    second.advance(Duration::from_secs(60)).await;
    for number in 0..10 {
        second.status_becomes(&format!("unknown-{number}"), "successful").await;
    }
    assert_eq!(first.charges().await.len(), 10, "each is charged once");
    let lane = florin_kernel::ports::Lane::Dev(florin_gateway::demo::MERCHANT);
    let both = async {
        while (first.engine().now(lane) - second.engine().now(lane)).get_seconds().abs() > 5 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(SOON, both).await.expect("the first notices the advanced clock");
    first.assert_book_agrees().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_sent_once_and_in_order() {
    let Some((first, second)) = two().await else { return };
    let receiver = Receiver::start().await;
    let hook = json!({"settings": {"webhook_url": receiver.url()}});
    for number in 0..20 {
        let world = if number % 2 == 0 { &first } else { &second };
        let reference = format!("event-{number}");
        let answer = world.pay_by_card(&reference, CHALLENGE, "10.00", hook.clone()).await;
        let other = if number % 2 == 0 { &second } else { &first };
        let url = answer["url"].as_str().expect("a challenge").replace(&world.url(""), &other.url(""));
        other.submit(&url, "action=approve").await;
    }
    let received = receiver.wait_for(40).await;
    let ids: HashSet<&str> = received.iter().map(|event| event.header("webhook-id")).collect();
    assert_eq!((ids.len(), received.len()), (40, 40), "each once");
    for number in 0..20 {
        let reference = format!("event-{number}");
        let ours = received.iter().filter(|event| event.field("tracking_id") == reference);
        let statuses: Vec<String> = ours.map(|event| event.field("status")).collect();
        assert_eq!(statuses, ["pending", "successful"], "{reference}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_server_leaves_its_work_to_the_other() {
    let Some((first, second)) = two().await else { return };
    first.pay_by_card("left", VISA, "9101.00", json!({})).await;
    let mut first = Arc::into_inner(first).expect("nobody else has it");
    first.stop().await;
    second.advance(Duration::from_secs(60)).await;
    second.status_becomes("left", "successful").await;
    assert_eq!(second.charges().await.len(), 1);
    second.assert_book_agrees().await;
}

/// Of processes that start at once on an empty database without a key, one makes it; the others are told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_database_gets_one_key() {
    let Some(database) = Database::fresh().await else { return };
    let mut starts = Vec::new();
    for _ in 0..4 {
        let url = database.url().into();
        starts.push(tokio::spawn(async move {
            let folder = tempfile::tempdir().expect("a folder");
            let listen = ([127, 0, 0, 1], 0).into();
            let config = Config { listen, data: folder.path().to_owned(), database: Some(url), ..Config::default() };
            let started = serve::start(&config, &simulated::registry).await;
            let kept = folder.path().join("master.key").exists();
            match started {
                Ok((server, _)) => {
                    server.stop().await;
                    (true, kept, String::new())
                }
                Err(sentence) => (false, kept, sentence),
            }
        }));
    }
    let mut started = 0;
    for start in starts {
        let (is_started, kept, sentence) = start.await.expect("no panic");
        assert_eq!(is_started, kept, "a key that opens nothing is not kept");
        started += usize::from(is_started);
        let told = ["made with another master key", "has a master key, and none was found"];
        assert!(is_started || told.iter().any(|part| sentence.contains(part)), "{sentence}");
    }
    assert_eq!(started, 1);
}

#[tokio::test]
async fn the_demo_is_the_same_on_every_server() {
    let Some((first, second)) = two().await else { return };
    let read = |world: &World| {
        let text = std::fs::read_to_string(world.data().join("demo.json")).expect("demo.json");
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON")
    };
    let (ours, theirs) = (read(&first), read(&second));
    for part in ["admin", "cashier", "webhook_secret"] {
        assert_eq!(ours[part], theirs[part], "{part}");
    }
    assert_eq!(theirs["base_url"], second.url("").as_str());
    let refused = second.get("/v1/transactions").header("x-api-key", "fl_dev_other").send().await.expect("an answer");
    assert_ne!(refused.status(), 200);
}
