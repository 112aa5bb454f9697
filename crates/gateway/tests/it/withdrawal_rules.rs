//! Rules that look at what a payer did before: the closed loop and the daily total that approves itself, one after another and
//! many at once, on one server and on two that share a database.

use std::sync::Arc;

use florin_engine::directory::ClosedLoop;
use florin_engine::setup;
use florin_kernel::routing::{Method, Rule, RuleOperation};
use florin_store::conformance::database::Database;
use serde_json::{Value, json};

use crate::cashier_calls::post;
use crate::cashier_keys::put;
use crate::withdrawals::{CARD, IBAN, WALLET, approve, confirmed, fill_in, find, open, payouts, request, rules};
use crate::world::World;

const VISA: &str = "4111111111111111";

async fn keep_the_loop(world: &World) {
    let since = world.engine().now(florin_kernel::ports::Lane::Live);
    rules(world, |rules| rules.closed_loop = ClosedLoop::ByMethod { since }).await;
}

/// A card deposit of the payer whose withdrawals [`request`] makes.
async fn pay_in(world: &World, reference: &str, amount: &str) {
    world.pay_by_card(reference, VISA, amount, json!({"user_id": "128"})).await;
    assert_eq!(world.status(reference).await, "successful");
}

/// The ways of paying out that a page offers.
async fn offered(world: &World, token: &str) -> Vec<&'static str> {
    let page = world.open(&world.url(&format!("/cashier/{token}"))).await.text().await.expect("a page");
    ["210", "211", "212"].into_iter().filter(|id| page.contains(&format!("value=\"{id}\""))).collect()
}

/// Lets payouts to banks approve themselves up to 20.00, and 100.00 a day for one payer.
async fn approve_a_hundred_a_day(world: &World) {
    let catalogue = world.engine().directory().catalogue().clone();
    let is_automatic = |rule: &&Rule| {
        rule.operation == RuleOperation::Withdrawal
            && rule.method == Method::BankTransfer
            && rule.auto_approve_up_to.is_some()
    };
    let mut rule = catalogue.rules().iter().find(is_automatic).expect("the demo's rule").clone();
    rule.auto_approve_up_to = Some("20".into());
    rule.auto_approve_daily_per_user = Some("100".into());
    put(world, setup::rule_row(&rule)).await;
}

/// Opens withdrawals of 10.00 and confirms all at the same time, in turns on the servers given; how many were taken.
async fn sixty_four_at_once(worlds: &[Arc<World>], fields: &'static str, more: Value) -> usize {
    let mut tokens = Vec::new();
    for number in 0..64 {
        tokens.push(open(&worlds[0], &format!("w-{number}"), "10.00", more.clone()).await);
    }
    let confirm = |(number, token): (usize, String)| {
        let world = worlds[number % worlds.len()].clone();
        tokio::spawn(async move { fill_in(&world, &token, fields).await.0 })
    };
    let under_way: Vec<_> = tokens.into_iter().enumerate().map(confirm).collect();
    let mut taken = 0;
    for confirmed in under_way {
        let status = confirmed.await.expect("an answer");
        assert!(matches!(status, 303 | 422), "{status}");
        taken += usize::from(status == 303);
    }
    taken
}

#[tokio::test]
async fn what_came_by_card_goes_back_to_a_card_first() {
    let world = World::start().await;
    // What was before the loop is neither held against the payer nor owed.
    pay_in(&world, "before", "70.00").await;
    confirmed(&world, "early", "60.00", CARD, json!({})).await;
    let free = open(&world, "chosen", "10.00", json!({})).await;
    assert_eq!(offered(&world, &free).await, ["210", "211", "212"]);
    keep_the_loop(&world).await;
    let free = open(&world, "free", "10.00", json!({})).await;
    assert_eq!(offered(&world, &free).await, ["211", "212"], "no card ever brought anything");
    pay_in(&world, "deposit", "50.00").await;
    assert_eq!(offered(&world, &free).await, ["210"]);
    let (status, page) = fill_in(&world, &free, IBAN).await;
    assert_eq!(status, 422, "{page}");
    assert_eq!(fill_in(&world, &free, CARD).await.0, 303);

    let large = post(&world, "/v1/withdrawals/hosted", request("large", "40.01", json!({}))).await;
    let bounds = r#"{"code":9003,"message":"Amount is outside the allowed limits","errors":[{"field":"request.amount","message":"must be between 0.01 and 40.00 EUR"}]}"#;
    assert_eq!(large.body, bounds);
    // Another payer's past is another's.
    let other = open(&world, "other", "40.01", json!({"user_id": "129"})).await;
    assert_eq!(offered(&world, &other).await, ["211", "212"]);
    confirmed(&world, "rest", "40.00", CARD, json!({})).await;
    confirmed(&world, "won", "500.00", WALLET, json!({})).await;
    for reference in ["free", "rest", "won"] {
        assert_eq!(approve(&world, reference).await.status, 200);
        world.status_becomes(reference, "successful").await;
    }
    world.assert_book_agrees().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_do_not_outrun_the_loop() {
    let world = Arc::new(World::start().await);
    keep_the_loop(&world).await;
    pay_in(&world, "deposit", "100.00").await;
    assert_eq!(sixty_four_at_once(std::slice::from_ref(&world), CARD, json!({})).await, 10);
    world.assert_book_agrees().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_do_not_outrun_the_day() {
    let world = Arc::new(World::start().await);
    approve_a_hundred_a_day(&world).await;
    let tagged = json!({"customer": {"tags": ["auto-payout"]}});
    // All are confirmed; ten approve themselves, the others wait for somebody.
    assert_eq!(sixty_four_at_once(std::slice::from_ref(&world), IBAN, tagged.clone()).await, 64);
    let approved = async || {
        let mut approved = 0;
        for number in 0..64 {
            let withdrawal = find(&world, &format!("w-{number}")).await;
            approved += usize::from(withdrawal.payout.is_some());
        }
        approved
    };
    assert_eq!(approved().await, 10);
    confirmed(&world, "one-more", "0.01", IBAN, tagged.clone()).await;
    assert_eq!(find(&world, "one-more").await.word().text(), "awaiting_approval");
    let other = json!({"user_id": "129", "customer": {"tags": ["auto-payout"]}});
    confirmed(&world, "other", "10.00", IBAN, other).await;
    world.status_becomes("other", "successful").await;
    world.advance(std::time::Duration::from_secs(24 * 3_600)).await;
    confirmed(&world, "next-day", "10.00", IBAN, tagged).await;
    world.status_becomes("next-day", "successful").await;
    assert_eq!((approved().await, payouts(&world).await), (10, 12));
    world.assert_book_agrees().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_do_not_outrun_either() {
    let Some(database) = Database::fresh().await else { return };
    let first = World::on(Some(Arc::new(database)), |_| ()).await;
    keep_the_loop(&first).await;
    pay_in(&first, "deposit", "100.00").await;
    let second = Arc::new(first.beside().await);
    let worlds = [Arc::new(first), second];
    assert_eq!(sixty_four_at_once(&worlds, CARD, json!({})).await, 10);
    worlds[1].assert_book_agrees().await;
}
