//! Payments with tokens: of six decimals, returning nothing, several at once, and what only looks like a payment.

use florin_engine::clock::Clocks;
use florin_kernel::Coin;
use florin_kernel::coin::Units;
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::{Chain, ChainError, Watched};
use florin_providers::coins::ethereum::anvil::{CHAIN_ID, Contract, Value256};
use florin_providers::coins::ethereum::{EthereumChain, Settings, Traces};
use std::sync::Arc;

use super::world::{DEPTH, NETWORK, PAYER, World};

/// What 48.25 EUR are at 0.965 EUR a token: 50.000000.
const PRICE: u128 = 50_000_000;

async fn send(world: &World, token: &Contract, to: &str, units: u128) -> String {
    let values = [Value256::Address(to), Value256::Number(units)];
    token.call(&world.node, PAYER, "transfer(address,uint256)", &values, 0).await
}

/// The payer gets tokens.
async fn mint(world: &World, token: &Contract, units: u128) {
    let values = [Value256::Address(PAYER), Value256::Number(units)];
    token.call(&world.node, PAYER, "mint(address,uint256)", &values, 0).await;
}

#[tokio::test]
async fn both_kinds_of_tokens_are_counted_in_units_of_their_own() {
    let Some(world) = World::start().await else { return };
    for (coin, token) in [(Coin::Usdt, &world.usdt), (Coin::Usdc, &world.usdc)] {
        mint(&world, token, 10 * PRICE).await;
        let id = world.begin(coin).await;
        let to = world.address(id).await;
        assert_eq!(world.payment(id).await.price.amount(), Units::new(PRICE));
        send(&world, token, &to, 20_000_001).await;
        world.mine(1).await;
        assert_eq!(world.line(id).await, "underpaid; block 20000001");
        send(&world, token, &to, PRICE - 20_000_001).await;
        world.mine(DEPTH).await;
        assert!(world.line(id).await.starts_with("confirmed;"));
        assert_eq!(token.balance(&world.node, &to).await, PRICE, "as the chain has it");
    }
    assert_eq!(world.booked("available").await, 2 * 50_000_000, "in the book's six decimals");
    world.verify().await;
}

#[tokio::test]
async fn a_payment_takes_its_own_coin_alone_and_several_transfers_of_a_transaction_each_once() {
    let Some(world) = World::start().await else { return };
    let exchange = world.node.deploy("Exchange").await;
    let (id, other) = (world.begin(Coin::Usdt).await, world.begin(Coin::Usdt).await);
    let (ours, others) = (world.address(id).await, world.address(other).await);
    for token in [&world.usdt, &world.usdc] {
        let values = [Value256::Address(&exchange.address), Value256::Number(10 * PRICE)];
        token.call(&world.node, PAYER, "mint(address,uint256)", &values, 0).await;
        let to = [ours.as_str(), &others, &ours];
        let values = [Value256::Address(&token.address), Value256::Addresses(&to), Value256::Number(PRICE / 2)];
        exchange.call(&world.node, PAYER, "payTokens(address,address[],uint256)", &values, 0).await;
    }
    world.pay(id, 1_000_000_000).await;
    world.mine(DEPTH).await;
    assert_eq!(world.line(id).await, format!("confirmed; block {0} block {0}", PRICE / 2));
    assert_eq!(world.line(other).await, format!("underpaid; block {}", PRICE / 2));
    world.verify().await;
}

#[tokio::test]
async fn what_only_looks_like_a_payment_is_none() {
    let Some(mut world) = World::start().await else { return };
    // The operator configured a token that says whatever it likes.
    let liar = world.node.deploy("Liar").await;
    world.usdc = liar.clone();
    let world = world.restart().await;
    let (id, foreign) = (world.begin(Coin::Usdc).await, world.begin(Coin::Usdt).await);
    let (to, elsewhere) = (world.address(id).await, world.address(foreign).await);
    let tell = async |signature: &str, to: &str, value| {
        liar.call(&world.node, PAYER, signature, &[Value256::Address(to), value], 0).await
    };
    tell("tellAndRevert(address,uint256)", &to, Value256::Number(PRICE)).await;
    tell("approve(address,uint256)", &to, Value256::Number(PRICE)).await;
    tell("transfer(address,uint256)", &to, Value256::Number(PRICE)).await;
    tell("tell(address,uint256)", &to, Value256::Number(0)).await;
    tell("tell(address,uint256)", &to, Value256::Largest).await;
    tell("tell(address,uint256)", &to, Value256::Number(u128::MAX)).await;
    // A log of another contract about a payment in tokens of this one.
    tell("tell(address,uint256)", &elsewhere, Value256::Number(PRICE)).await;
    // Coins that a payment in tokens does not ask for.
    world.pay(foreign, 5).await;
    world.mine(DEPTH).await;
    assert_eq!(world.line(id).await, "waiting;");
    assert_eq!(world.line(foreign).await, "waiting;");
    tell("tell(address,uint256)", &to, Value256::Number(PRICE)).await;
    world.mine(1).await;
    assert_eq!(world.line(id).await, format!("processing; block {PRICE}"), "but a log of the right form is believed");
    world.verify().await;
}

#[tokio::test]
async fn a_contract_that_is_not_the_token_it_should_be_stops_the_network() {
    let Some(world) = World::start().await else { return };
    let wrong = world.node.deploy("Eighteen").await;
    for (address, decimals) in [(wrong.address, "Some(18)"), (PAYER.to_owned(), "None")] {
        let mut settings = Settings::new(NETWORK, CHAIN_ID, &world.node.url());
        settings.tokens = vec![(Coin::Usdt, address)];
        let chain = EthereumChain::new(settings, Arc::new(Clocks::default())).expect("a chain");
        let Err(ChainError::NotInSync(why)) = chain.follow(Lane::Live, None, &Watched::default()).await else {
            panic!("it is followed")
        };
        assert!(why.ends_with(&format!("a token with 6 decimals is expected, it tells {decimals}")), "{why}");
    }
    for tokens in [
        vec![(Coin::Usdt, "0x12".to_owned())],
        vec![(Coin::Btc, PAYER.to_owned())],
        vec![(Coin::Usdt, PAYER.to_owned()), (Coin::Usdc, PAYER.to_owned())],
        vec![(Coin::Usdt, PAYER.to_owned()), (Coin::Usdt, world.usdc.address.clone())],
    ] {
        let settings = Settings { tokens, traces: Traces::Off, ..Settings::new(NETWORK, CHAIN_ID, &world.node.url()) };
        assert!(EthereumChain::new(settings, Arc::new(Clocks::default())).is_err());
    }
}
