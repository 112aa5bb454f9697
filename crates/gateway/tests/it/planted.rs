//! Card numbers planted everywhere and looked for everywhere: 200 that nobody else has go through every flow and every error path
//! of every dialect, and none of them may be found in database files (of SQLite or, with `FLORIN_TEST_DATABASE=postgres`, of the
//! server), the log of commits, log lines, webhooks, pages or backups,
//! plain or encoded.
//!
//! A dialect adds its flows in a function of its own beside [`cashier::plant`], and its name to [`plant_all`].

use std::cell::RefCell;
use std::path::Path;

use florin_engine::Owner;
use florin_engine::vault::{NewRegistration, OnFile};
use florin_gateway::commands::backup;
use florin_gateway::demo;
use florin_kernel::card::{Card, Expiry, Pan};
use florin_kernel::payment::{Dialect, Mode};
use florin_store::Answer;
use florin_store::conformance::database::Database;

use crate::process::{self, secrets, serve_logging};
use crate::world::{Receiver, World};

mod cashier;
mod numbers;
mod postgres;
mod search;
mod shop;
mod transaction_services;
mod v3;

use numbers::Numbers;
use search::Search;
use shop::Shop;

/// Every dialect's flows, each with card numbers that are given to nobody else.
async fn plant_all(shop: &mut Shop) {
    cashier::plant(shop).await;
    v3::plant(shop).await;
    transaction_services::plant(shop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn none_of_200_card_numbers_is_found_anywhere() {
    for format in ["text", "json"] {
        let (home, receiver) = (tempfile::tempdir().expect("a folder"), Receiver::start().await);
        let (data, log) = (home.path().join("data"), home.path().join(format));
        std::fs::create_dir(&data).expect("a folder");
        let database = Database::chosen().await;
        let mut flags = vec!["--demo", "--log-format", format, "--log-level", "trace", "--simulator-silence-ms", "50"];
        flags.extend(database.iter().flat_map(|database| ["--database", database.url()]));
        let florin = serve_logging(&data, &flags, &log).await;
        let mut shop = Shop::new(secrets(&data), receiver.url());
        for _round in 0..2 {
            plant_all(&mut shop).await;
        }
        assert!(shop.numbers.given().len() >= 200);
        shop.settle().await;
        let webhooks = receiver.received();
        assert!(webhooks.len() > 50, "webhooks arrived: {}", webhooks.len());
        // PostgreSQL has backups of its own, of the same files.
        if database.is_none() {
            let copy = home.path().join("copy.db");
            let backed_up = process::command(&data).arg("backup").arg(&copy).output().await.expect("it runs");
            assert!(backed_up.status.success());
        }

        let search = Search::of(shop.numbers.given());
        let found = RefCell::new(Vec::new());
        let nothing = |place: &str, bytes: &[u8]| found.borrow_mut().extend(search.told(place, bytes));
        for (place, answer) in &shop.answers {
            nothing(place, answer);
        }
        for webhook in &webhooks {
            nothing("a webhook", format!("{:?}{}", webhook.headers, webhook.body).as_bytes());
        }
        // Killed, so that the log of commits stays as it is; and then once more as an orderly end leaves it.
        florin.end("KILL").await;
        match &database {
            Some(database) => postgres::look_at(database, &nothing).await,
            None => assert!(
                std::fs::metadata(data.join("florin.db-wal")).is_ok_and(|wal| wal.len() > 0),
                "there is a WAL to look at"
            ),
        }
        assert!(std::fs::metadata(&log).is_ok_and(|log| log.len() > 10_000), "there are log lines to look at");
        let florin = serve_logging(&data, &flags, &home.path().join("again")).await;
        for_each_file(home.path(), &nothing);
        florin.end("TERM").await;
        for_each_file(home.path(), &nothing);
        if let Some(database) = &database {
            postgres::look_at(database, &nothing).await;
        }
        let found = found.into_inner();
        assert!(found.is_empty(), "the server that logs as {format}: {found:#?}");
    }
}

/// The vault, which no dialect's flow has reached so far: stored, kept with a payment, wrapped anew, deleted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_vaults_files_hold_no_card_number() {
    let mut world = World::start().await;
    let owner = Owner { merchant: demo::MERCHANT, mode: Mode::Dev };
    let mut numbers = Numbers::default();
    for round in 0..20 {
        let digits = numbers.next();
        let pan = Pan::parse(&digits).expect("a card number");
        // Payers do that.
        let holder = if round % 2 == 0 { "Jane Jones".to_owned() } else { digits };
        let card = Card { holder, pan, cvc: None, expiry: Expiry { month: 5, year: 2034 }, cryptogram: None };
        let render = std::sync::Arc::new(|stored: &florin_engine::vault::StoredCard| Answer {
            status: 200,
            body: format!("{:?}", stored.registration),
        });
        let (customer, claims) = (Some("anna".to_owned()), Vec::new());
        let new = NewRegistration {
            owner,
            dialect: Dialect::V3,
            customer,
            card,
            claims,
            digest: [0; 16],
            render,
            announce: None,
        };
        let reply = world.engine().register(new).await.expect("stored");
        let id = florin_kernel::RegistrationId::from_number(reply.payment.number());
        if round % 3 == 0 {
            world.engine().delete_registration(owner, Dialect::V3, id, None).await.expect("deleted");
        } else {
            world.engine().open_card(owner, Dialect::V3, id).await.expect("it opens");
        }
    }
    assert_eq!(OnFile::default(), OnFile::Not, "a card is forgotten unless somebody says otherwise");
    let search = Search::of(numbers.given());
    let nothing = |place: &str, bytes: &[u8]| assert_eq!(search.told(place, bytes), None);
    if world.database().is_none() {
        backup::run(world.config(), &world.data().join("copy.db")).await.expect("a backup");
    }
    for_each_file(world.data(), &nothing);
    world.stop().await;
    for_each_file(world.data(), &nothing);
    if let Some(database) = world.database() {
        postgres::look_at(database, &nothing).await;
    }
}

/// The search finds what it looks for: a number in every encoding, at every place, and a plant in a real database.
#[tokio::test]
async fn a_planted_number_is_found() {
    let mut numbers = Numbers::apart();
    let planted: Vec<String> = (0..200).map(|_| numbers.next()).collect();
    let search = Search::of(&planted);
    assert_eq!(search.first_in(b"nothing but 4555550000000000 and 455555******0004"), None, "only whole numbers count");
    for number in [&planted[0], &planted[199]] {
        let encodings = search::encodings(number);
        for (encoding, bytes) in &encodings {
            for offset in 0..4 {
                let hay = [&vec![b'x'; offset][..], bytes, b"tail"].concat();
                assert_eq!(search.first_in(&hay), Some((number.as_str(), *encoding)), "{encoding} at {offset}");
            }
        }
        for offset in 0..6 {
            use base64::Engine as _;
            let json = format!("{}{{\"pan\":\"{number}\"}}", " ".repeat(offset));
            let text = base64::engine::general_purpose::STANDARD.encode(json);
            assert!(search.first_in(text.as_bytes()).is_some(), "within base64, {offset} bytes further");
        }
    }

    let world = World::start().await;
    let answer =
        world.pay_by_card("plant", "4111111111111111", "10.00", serde_json::json!({"user_id": planted[7]})).await;
    assert_eq!(
        answer["transaction_status"], "successful",
        "a merchant's own name for a payer is kept as it is: {answer}"
    );
    let found = RefCell::new(Vec::new());
    let look = |place: &str, bytes: &[u8]| found.borrow_mut().extend(search.first_in(bytes).map(|_| place.to_owned()));
    match world.database() {
        None => for_each_file(world.data(), &look),
        Some(database) => postgres::look_at(database, &look).await,
    }
    let found = found.into_inner();
    assert!(!found.is_empty(), "what is in a database file is found there");
    if world.database().is_some() {
        for place in ["pg_wal", "/base/", "a row of"] {
            assert!(found.iter().any(|found| found.contains(place)), "{place} in {found:?}");
        }
    }
}

fn for_each_file(folder: &Path, look: &impl Fn(&str, &[u8])) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => for_each_file(&path, look),
            false => look(&path.display().to_string(), &std::fs::read(&path).expect("a file")),
        }
    }
}
