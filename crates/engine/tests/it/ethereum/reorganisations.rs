//! Chains that are replaced: what was confirmed is taken back in the book, what comes back is booked anew, what cannot come back is lost.

use florin_engine::FollowError;
use florin_kernel::Coin;
use florin_kernel::coin::AlertKind;
use florin_kernel::ports::chain::ChainError;
use florin_providers::coins::ethereum::anvil::{ACCOUNTS, Value256};
use serde_json::json;

use super::world::{DEPTH, PAYER, World};

const PRICE: u128 = 16_083_340_000_000_000;

#[tokio::test]
async fn what_a_reorganisation_takes_it_takes_back_and_what_comes_again_is_booked_once_more() {
    let Some(world) = World::start().await else { return };
    let id = world.begin(Coin::Eth).await;
    let txid = world.pay(id, PRICE).await;
    let raw = world.node.raw(&txid).await;
    world.mine(DEPTH).await;
    assert!(world.line(id).await.starts_with("confirmed;"));
    assert_eq!(world.booked("available").await, 1_608_334);
    world.node.reorganise(DEPTH).await;
    world.follow().await.expect("the chain answers");
    assert_eq!(world.line(id).await, format!("processing after Reorganisation; missing {PRICE}"));
    assert_eq!(world.payment(id).await.alert.map(|alert| alert.kind), Some(AlertKind::Reorganisation));
    assert_eq!((world.booked("available").await, world.booked("deposits").await), (0, 0));
    // It is in the pool once more, which is no credit either.
    assert_eq!(world.node.send_raw(&raw).await, txid);
    world.follow().await.expect("the chain answers");
    assert_eq!(world.line(id).await, format!("processing after Reorganisation; pool {PRICE}"));
    let world = world.restart().await;
    world.mine(DEPTH).await;
    assert_eq!(world.line(id).await, format!("confirmed; block {PRICE}"));
    assert_eq!(world.booked("available").await, 1_608_334);
    world.verify().await;
}

#[tokio::test]
async fn depths_with_and_without_the_transaction_leave_what_the_chain_says() {
    let Some(world) = World::start().await else { return };
    let id = world.begin(Coin::Eth).await;
    let txid = world.pay(id, PRICE).await;
    let raw = world.node.raw(&txid).await;
    world.mine(1).await;
    // Above the transaction nothing changes for it, whatever is replaced.
    for depth in 1..DEPTH {
        world.mine(1).await;
        world.node.reorganise(depth).await;
        world.follow().await.expect("the chain answers");
        assert!(world.line(id).await.ends_with(&format!("block {PRICE}")), "{depth}");
    }
    assert!(world.line(id).await.starts_with("confirmed;"));
    for depth in [DEPTH, 5, 12] {
        world.mine(depth - DEPTH).await;
        // The node takes it into the first of the new blocks.
        let _: serde_json::Value = world.node.call("anvil_reorg", json!([depth, [[raw, 0]]])).await;
        world.follow().await.expect("the chain answers");
        assert_eq!(world.line(id).await, format!("confirmed; block {PRICE}"), "{depth} deep, with it");
        assert_eq!(world.booked("available").await, 1_608_334);
    }
    let alert = world.payment(id).await.alert;
    assert_eq!(alert, None, "a transaction that is in the new blocks as well was never away");
    world.verify().await;
}

#[tokio::test]
async fn another_transaction_in_its_place_means_that_the_coins_never_were() {
    let Some(world) = World::start().await else { return };
    let id = world.begin(Coin::Eth).await;
    let kept = world.begin(Coin::Eth).await;
    let (to, too) = (world.address(id).await, world.address(kept).await);
    world.node.pay(ACCOUNTS[2], &to, PRICE).await;
    world.mine(DEPTH).await;
    assert!(world.line(id).await.starts_with("confirmed;"));
    world.node.reorganise(DEPTH).await;
    // Florin sees nothing of the reorganisation before its sender's number is used otherwise.
    world.node.pay(ACCOUNTS[2], &too, PRICE).await;
    world.mine(1).await;
    assert_eq!(world.line(id).await, format!("processing after Reorganisation; missing {PRICE}"));
    // What was confirmed is asked after once it is not any more.
    world.follow().await.expect("the chain answers");
    assert_eq!(world.line(id).await, format!("waiting; conflicted {PRICE}"));
    assert_eq!(world.line(kept).await, format!("processing; block {PRICE}"));
    assert_eq!(world.payment(id).await.alert.map(|alert| alert.kind), Some(AlertKind::DoubleSpend));
    world.mine(DEPTH).await;
    assert_eq!(world.booked("available").await, 1_608_334, "one of both");
    // Nobody pays it otherwise in time: it is given up for that.
    world.pass(960).await;
    assert_eq!(world.line(id).await, format!("cancelled: double spend; conflicted {PRICE}"));
    world.verify().await;
}

#[tokio::test]
async fn a_token_transfer_that_fails_when_it_is_mined_again_is_no_payment_any_more() {
    let Some(world) = World::start().await else { return };
    let mint = [Value256::Address(PAYER), Value256::Number(50_000_000)];
    world.usdt.call(&world.node, PAYER, "mint(address,uint256)", &mint, 0).await;
    world.mine(1).await;
    let (id, other) = (world.begin(Coin::Usdt).await, world.begin(Coin::Usdt).await);
    let to = world.address(id).await;
    let values = [Value256::Address(&to), Value256::Number(50_000_000)];
    let txid = world.usdt.call(&world.node, PAYER, "transfer(address,uint256)", &values, 0).await;
    let raw = world.node.raw(&txid).await;
    world.mine(DEPTH).await;
    assert!(world.line(id).await.starts_with("confirmed;"));
    // The block with the payment and the one that brought the tokens are replaced: now it cannot pay.
    world.node.reorganise(DEPTH + 1).await;
    let filler = world.node.pay(PAYER, PAYER, 0).await;
    assert_ne!(world.node.send_raw(&raw).await, filler);
    world.mine(1).await;
    world.follow().await.expect("the chain answers");
    assert_eq!(world.line(id).await, "waiting; conflicted 50000000");
    assert_eq!(world.line(other).await, "waiting;");
    assert_eq!(world.booked("available").await, 0);
    world.verify().await;
}

#[tokio::test]
async fn a_chain_that_falls_back_says_nothing_and_one_that_is_another_altogether_stops_everything() {
    let Some(world) = World::start().await else { return };
    let id = world.begin(Coin::Eth).await;
    let snapshot: String = world.node.call("evm_snapshot", json!([])).await;
    world.pay(id, PRICE).await;
    world.mine(DEPTH).await;
    assert!(world.line(id).await.starts_with("confirmed;"));
    let _: bool = world.node.call("evm_revert", json!([snapshot])).await;
    let Err(FollowError::Chain(ChainError::NotInSync(why))) = world.follow().await else { panic!("it is believed") };
    assert!(why.starts_with("it fell back to"), "{why}");
    assert!(world.line(id).await.starts_with("confirmed;"), "less of the same chain says nothing against it");
    // Another block in place of one that was told does.
    let _: serde_json::Value = world.node.call("evm_increaseTime", json!([100])).await;
    world.mine(1).await;
    assert_eq!(world.line(id).await, format!("processing after Reorganisation; missing {PRICE}"));
    world.verify().await;
}
