//! Payments with the chain's own coins: exact, in parts, too much, late, from inside contracts; and across restarts of either side.

use florin_kernel::Coin;
use florin_kernel::coin::Units;
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::AddressStyle;
use florin_providers::coins::ethereum::anvil::{ACCOUNTS, Value256};
use serde_json::json;

use super::world::{DEPTH, NETWORK, PAYER, World};

/// What 48.25 EUR are at 3000 EUR a coin, in wei: 0.01608334.
const PRICE: u128 = 16_083_340_000_000_000;

#[tokio::test]
async fn addresses_are_those_of_the_nodes_own_wallet() {
    const JUNK: &str = "xpub6Ce9NcJvTk36xtLSrJLZqE7wtgA5deCeYs7rSQtreh4cj6ByPtrg9sD7V2FNFLPnf8heNP3FGkeV9qwfzvZNSd54JoNXVsXFYSYwHsnJxqP";
    let Some(world) = World::start().await else { return };
    let accounts: Vec<String> = world.node.call("eth_accounts", json!([])).await;
    assert_eq!(accounts.len(), 10);
    let chain = world.engine.chain(NETWORK, Lane::Live).expect("the chain");
    for (index, account) in (0..).zip(&accounts) {
        let derived = chain.address(Lane::Live, JUNK, index, AddressStyle::Native).expect("an address");
        assert_eq!(derived.to_ascii_lowercase(), account.to_ascii_lowercase());
        assert_eq!(chain.read_address(account), Some(derived), "with its checksum, however it was written");
    }
    for nobody in ["0x0000000000000000000000000000000000000000", &world.usdt.address, "florin"] {
        assert_eq!(chain.read_address(nobody), None);
    }
}

#[tokio::test]
async fn the_exact_amount_is_confirmed_once_it_lies_deep_enough() {
    let Some(world) = World::start().await else { return };
    let id = world.begin(Coin::Eth).await;
    assert_eq!(world.payment(id).await.price.amount(), Units::new(PRICE));
    assert_eq!(world.address(id).await, "0x9858EfFD232B4033E47d90003D41EC34EcaEda94");
    world.pay(id, PRICE).await;
    world.follow().await.expect("the chain answers");
    assert_eq!(world.line(id).await, "waiting;", "the pool credits nothing");
    for depth in 1..DEPTH {
        world.mine(1).await;
        assert_eq!(world.line(id).await, format!("processing; block {PRICE}"));
        let payment = world.payment(id).await;
        assert_eq!(payment.confirmations(payment.tip.as_ref()), depth);
        assert_eq!(world.booked("deposits").await, 0);
    }
    world.mine(1).await;
    assert_eq!(world.line(id).await, format!("confirmed; block {PRICE}"));
    assert_eq!(world.booked("available").await, 1_608_334, "in the book's eight decimals");
    world.mine(70).await;
    assert_eq!(world.line(id).await, format!("confirmed; block {PRICE}"), "and stays so");
    world.verify().await;
}

#[tokio::test]
async fn what_was_paid_in_parts_is_paid_and_every_payment_has_its_own_address() {
    let Some(world) = World::start().await else { return };
    let (id, other) = (world.begin(Coin::Eth).await, world.begin(Coin::Eth).await);
    world.pay(id, 1).await;
    world.pay(id, PRICE / 2).await;
    world.mine(1).await;
    assert_eq!(world.line(id).await, format!("underpaid; block 1 block {}", PRICE / 2));
    assert_eq!(world.line(other).await, "waiting;");
    world.pay(id, PRICE - PRICE / 2 - 2).await;
    world.mine(1).await;
    assert!(world.line(id).await.starts_with("underpaid;"), "one wei is missing");
    world.pay(id, 1).await;
    world.mine(DEPTH).await;
    assert!(world.line(id).await.starts_with("confirmed;"));
    assert_eq!(world.payment(id).await.received(), Units::new(PRICE));
    assert_eq!(world.line(other).await, "waiting;");
    world.verify().await;
}

#[tokio::test]
async fn several_transfers_in_one_transaction_count_each_once_also_from_inside_a_contract() {
    let Some(world) = World::start().await else { return };
    let exchange = world.node.deploy("Exchange").await;
    let (id, other) = (world.begin(Coin::Eth).await, world.begin(Coin::Eth).await);
    let (ours, others) = (world.address(id).await, world.address(other).await);
    let half = PRICE / 2;
    let to = [ours.as_str(), &ours, &others];
    let values = [Value256::Addresses(&to), Value256::Number(half)];
    exchange.call(&world.node, PAYER, "pay(address[],uint256)", &values, 3 * half).await;
    world.mine(1).await;
    assert_eq!(world.line(id).await, format!("processing; block {half} block {half}"));
    assert_eq!(world.line(other).await, format!("underpaid; block {half}"));
    // Beside a plain transfer in the same block, and one that is undone inside a transaction that succeeds.
    let values = [Value256::Address(&others), Value256::Number(half)];
    exchange.call(&world.node, PAYER, "payAndForget(address,uint256)", &values, half).await;
    world.pay(other, half).await;
    world.mine(DEPTH).await;
    assert_eq!(world.line(other).await, format!("confirmed; block {half} block {half}"));
    assert_eq!(world.node.balance(&others).await, PRICE, "as the chain has it");
    assert!(world.line(id).await.starts_with("confirmed;"));
    world.verify().await;
}

#[tokio::test]
async fn coins_that_come_too_late_are_owed_back() {
    let Some(world) = World::start().await else { return };
    let (id, short) = (world.begin(Coin::Eth).await, world.begin(Coin::Eth).await);
    world.pass(500).await;
    world.pay(short, PRICE / 2).await;
    world.mine(1).await;
    world.pass(460).await;
    assert_eq!(world.line(id).await, "cancelled: timeout;");
    assert_eq!(world.line(short).await, format!("underpaid; block {}", PRICE / 2), "its time was prolonged once");
    world.pass(500).await;
    assert_eq!(world.line(short).await, format!("cancelled: underpaid; block {}", PRICE / 2));
    world.pay(id, PRICE).await;
    world.mine(DEPTH).await;
    let late = world.payment(id).await;
    assert_eq!(super::world::line(&late), format!("cancelled: timeout; block {PRICE}"));
    assert_eq!((late.opened(), late.refundable()), (Units::new(PRICE), Units::new(PRICE)));
    assert_eq!(world.payment(short).await.opened(), Units::new(PRICE / 2));
    assert_eq!(world.booked("available").await, 0);
    world.verify().await;
}

#[tokio::test]
async fn a_node_that_is_restarted_and_an_engine_that_is_are_followed_on() {
    let Some(mut world) = World::start().await else { return };
    let id = world.begin(Coin::Eth).await;
    world.pay(id, PRICE).await;
    world.mine(1).await;
    assert!(world.line(id).await.starts_with("processing;"));
    world.node = world.node.restart().await;
    world.follow().await.expect("the same chain");
    world = world.restart().await;
    world.mine(DEPTH - 1).await;
    assert!(world.line(id).await.starts_with("confirmed;"));
    // What comes while nobody looks is found afterwards, however many blocks later.
    let away = world.begin(Coin::Eth).await;
    world.pay(away, PRICE).await;
    world.node.mine(130).await;
    world = world.restart().await;
    for _ in 0..3 {
        world.follow().await.expect("the chain answers");
    }
    assert_eq!(world.line(away).await, format!("confirmed; block {PRICE}"));
    assert_eq!(world.payment(away).await.tip.map(|tip| tip.height), Some(2 + DEPTH + 50), "fifty blocks a step");
    world.verify().await;
}

#[tokio::test]
async fn a_transaction_that_took_anothers_place_in_the_pool_is_the_one_that_counts() {
    let Some(world) = World::start().await else { return };
    let id = world.begin(Coin::Eth).await;
    let to = world.address(id).await;
    let paid = |value: &str, fee: &str| {
        json!({ "from": ACCOUNTS[2], "to": to, "value": value, "nonce": "0x0",
        "maxFeePerGas": fee, "maxPriorityFeePerGas": fee, "gas": "0x5208" })
    };
    world.node.send(paid("0x5", "0xb2d05e00")).await;
    let counted = world.node.send(paid("0x6", "0x1b2d05e00")).await;
    world.mine(1).await;
    assert_eq!(world.line(id).await, "underpaid; block 6");
    assert_eq!(world.payment(id).await.deposits[0].outpoint.txid, counted);
    world.verify().await;
}
