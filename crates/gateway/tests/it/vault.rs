//! The vault's key in a running installation: changed beside the load, lost, mistaken.

use std::sync::Arc;

use florin_engine::Owner;
use florin_engine::vault::keys::VaultKeys;
use florin_engine::vault::{NewRegistration, StoredCard};
use florin_gateway::commands::{serve, vault};
use florin_gateway::config::Config;
use florin_gateway::demo;
use florin_kernel::RegistrationId;
use florin_kernel::card::{Card, Expiry, Pan};
use florin_kernel::payment::{Dialect, Mode};
use florin_store::{Answer, KeyUse};

use crate::simulated;
use crate::world::{SOON, World};

const OWNER: Owner = Owner { merchant: demo::MERCHANT, mode: Mode::Dev };

async fn store_card(world: &World) -> RegistrationId {
    let pan = Pan::parse("4111111111111111").expect("a card number");
    let new = NewRegistration {
        owner: OWNER,
        dialect: Dialect::V3,
        customer: None,
        card: Card {
            holder: "Jane Jones".into(),
            pan,
            cvc: None,
            expiry: Expiry { month: 5, year: 2034 },
            cryptogram: None,
        },
        claims: Vec::new(),
        digest: [0; 16],
        render: Arc::new(|_: &StoredCard| Answer { status: 200, body: String::new() }),
        announce: None,
    };
    let reply = world.engine().register(new).await.expect("stored");
    RegistrationId::from_number(reply.payment.number())
}

async fn assert_opens(world: &World, id: RegistrationId) {
    let opened = world.engine().open_card(OWNER, Dialect::V3, id).await.expect("it opens");
    assert_eq!(opened.card.pan.expose(), "4111111111111111");
}

async fn becomes(world: &World, expected: &[KeyUse]) {
    let reached = async {
        while world.engine().store().key_use().await.expect("it answers") != expected {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(SOON, reached).await.expect("the workers wrap them");
}

async fn refused(config: &Config) -> String {
    serve::start(config, &simulated::registry).await.err().expect("refused")
}

/// What the operator does, in the order of the manual; nothing is restarted until the old version goes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_key_is_changed_beside_the_load() {
    let mut world = World::start().await;
    let config = world.config().clone();
    let file = config.data.join("vault.key");
    let mut cards = Vec::new();
    for _ in 0..120 {
        cards.push(store_card(&world).await);
    }
    if config.database.is_some() {
        let refused = vault::rotate(&config).await.expect_err("another server could miss the new version");
        assert!(refused.contains("run florin vault prepare, copy the file to every server"), "{refused}");
    }
    vault::prepare(&config).await.expect("prepared");
    assert!(vault::prepare(&config).await.expect_err("once").contains("version 2 is prepared already"));
    vault::rotate(&config).await.expect("in force");
    becomes(&world, &[KeyUse { version: 2, cards: 120 }]).await;
    cards.push(store_card(&world).await);
    becomes(&world, &[KeyUse { version: 2, cards: 121 }]).await;
    vault::status(&config).await.expect("told");

    // The old version goes.
    let text = std::fs::read_to_string(&file).expect("the key");
    let keys = VaultKeys::parse(&text).expect("ours");
    assert_eq!(keys.versions().collect::<Vec<_>>(), [2, 1]);
    std::fs::write(&file, text.lines().next().expect("the new version")).expect("written");
    world.restart().await;
    for id in cards {
        assert_opens(&world, id).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_or_missing_key_does_not_start() {
    let mut world = World::start().await;
    let config = world.config().clone();
    let file = config.data.join("vault.key");
    let id = store_card(&world).await;
    world.stop().await;
    let right = std::fs::read_to_string(&file).expect("the key");
    let another = VaultKeys::generate().to_text().expose().to_owned();
    for (text, part) in [
        (Some(another.clone()), "version 1 of the vault key is another key than this database was used with"),
        (Some(another.replacen("1:", "2:", 1)), "has no version 1, under which 1 stored cards are sealed"),
        (Some("1:abc".to_owned()), "vault.key key 1 is not VERSION:64 hexadecimal digits"),
        (None, "has a vault key, and none was found: put its vault.key"),
    ] {
        match text {
            Some(text) => std::fs::write(&file, text).expect("written"),
            None => std::fs::remove_file(&file).expect("removed"),
        }
        let said = refused(&config).await;
        assert!(said.contains(part), "{said}");
    }
    std::fs::write(&file, right).expect("written");
    world.restart().await;
    assert_opens(&world, id).await;
}
