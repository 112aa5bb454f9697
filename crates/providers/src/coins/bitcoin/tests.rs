//! The adapter before a real node on a local chain of the test's own. Skipped where `FLORIN_TEST_BITCOIND` names no program;
//! `scripts/with-bitcoin` installs one.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use florin_kernel::coin::Units;
use florin_kernel::ports::chain::{AddressStyle, Chain, ChainError, Frailty, Place, Step, Watched};
use florin_kernel::ports::{Clock, Lane};
use florin_kernel::{Coin, Timestamp};
use jiff::SignedDuration;
use serde_json::json;

use super::{BitcoinChain, BitcoinNode, BitcoinSettings, Endpoint, FullReplacement};
use crate::coins::json_rpc::tests::Fake;
use crate::conformance::chains::{self, Fixture, Follower, Mempool};
use crate::conformance::regtest::{Regtest, Replaceable};

mod refunds;
mod stories;

/// The account key of the contract's vectors.
const KEY: &str =
    "tpubDC8msFGeGuwnKG9Upg7DM2b4DaRqg3CUZa5g8v2SRQ6K4NSkxUgd7HsL2XVWbVm39yBA4LAxysQAm397zwQSQoQgewGiYZqrA9DsP4zbQ1M";

struct Wall;

impl Clock for Wall {
    fn now(&self, _lane: Lane) -> Timestamp {
        Timestamp::now()
    }
}

fn endpoint(node: &Regtest) -> Endpoint {
    Endpoint { url: node.url(), auth_file: Some(node.auth_file()), timeout: Duration::from_secs(30) }
}

fn settings(node: &Regtest) -> BitcoinSettings {
    BitcoinSettings {
        name: "bitcoin".to_owned(),
        chain: BitcoinChain::Regtest,
        node: endpoint(node),
        second: None,
        wallet: None,
        refund_fee_max: Units::new(50_000),
        full_replacement: FullReplacement::Accepted,
        tip_age_max: SignedDuration::from_mins(90),
    }
}

fn adapter(settings: &BitcoinSettings) -> BitcoinNode {
    BitcoinNode::new(settings, Arc::new(Wall)).expect("a client")
}

/// A node, the adapter before it, and who follows.
struct World {
    node: Regtest,
    chain: BitcoinNode,
    follower: Follower,
}

impl World {
    async fn start(arguments: &[&str]) -> Option<World> {
        let node = Regtest::with(arguments).await?;
        let chain = adapter(&settings(&node));
        let mut world = World { node, chain, follower: Follower::default() };
        for index in 0..5 {
            let address = world.chain.address(Lane::Live, KEY, index, AddressStyle::Native).expect("an address");
            world.follower.addresses.push(address);
        }
        world.follows().await;
        Some(world)
    }

    async fn follows(&mut self) -> Step {
        self.follower.follows(&self.chain, Lane::Live).await.expect("it tells")
    }

    async fn pays(&self, index: usize, satoshi: u128, replaceable: Replaceable) -> String {
        self.node.pay(&self.follower.addresses[index], Units::new(satoshi), 5, replaceable).await
    }

    /// Where the one output of a transaction is.
    fn place(&self, txid: &str) -> Place {
        match self.follower.of(txid).as_slice() {
            [(_, place)] => place.clone(),
            other => panic!("{txid} is told as {other:?}"),
        }
    }
}

struct Node {
    node: tokio::sync::Mutex<Regtest>,
    chain: BitcoinNode,
}

#[async_trait]
impl Fixture for Node {
    fn chain(&self) -> &dyn Chain {
        &self.chain
    }

    fn lane(&self) -> Lane {
        Lane::Live
    }

    fn account_key(&self) -> String {
        KEY.to_owned()
    }

    fn coin(&self) -> Coin {
        Coin::Btc
    }

    fn mempool(&self) -> Mempool {
        Mempool::Told
    }

    async fn pay(&self, address: &str, units: Units) -> String {
        self.node.lock().await.pay(address, units, 5, Replaceable::No).await
    }

    async fn mine(&self, blocks: u32) {
        self.node.lock().await.mine(blocks).await;
    }

    async fn replace(&self, depth: u32) {
        let node = self.node.lock().await;
        let tip = node.call("getblockcount", json!([])).await.as_u64().expect("a height");
        let first = node.call("getblockhash", json!([tip + 1 - u64::from(depth)])).await;
        node.invalidate(first.as_str().expect("a hash")).await;
        for _ in 0..=depth {
            node.mine_only(&[]).await;
        }
    }

    async fn bring_back(&self, _txid: &str) {
        self.mine(1).await;
    }

    async fn silence(&self) {
        self.node.lock().await.stop().await;
    }

    async fn speak(&self) {
        self.node.lock().await.start_again().await;
    }
}

#[tokio::test]
async fn a_bitcoin_node_keeps_every_rule_of_a_chain() {
    let Some(node) = Regtest::start().await else { return };
    let chain = adapter(&settings(&node));
    chains::all(&Node { node: tokio::sync::Mutex::new(node), chain }).await;
}

#[tokio::test]
async fn addresses_are_those_that_the_node_derives() {
    let Some(node) = Regtest::start().await else { return };
    let told = node.call("getdescriptorinfo", json!([format!("wpkh({KEY}/0/*)")])).await;
    let derived = node.call("deriveaddresses", json!([told["descriptor"], [0, 500]])).await;
    let chain = adapter(&settings(&node));
    for (index, expected) in (0_u32..).zip(derived.as_array().expect("addresses")) {
        let address = chain.address(Lane::Live, KEY, index, AddressStyle::Native).expect("an address");
        assert_eq!(json!(address), *expected, "{index}");
    }
}

#[tokio::test]
async fn a_node_of_another_chain_is_not_believed() {
    let Some(node) = Regtest::start().await else { return };
    for chain in [BitcoinChain::Main, BitcoinChain::Test, BitcoinChain::Signet] {
        let other = adapter(&BitcoinSettings { chain, ..settings(&node) });
        let told = other.follow(Lane::Live, None, &Watched::default()).await;
        assert!(matches!(told, Err(ChainError::NotInSync(_))), "{told:?}");
    }
    let without_login = Endpoint { auth_file: None, ..endpoint(&node) };
    let stranger = adapter(&BitcoinSettings { node: without_login, ..settings(&node) });
    let told = stranger.follow(Lane::Live, None, &Watched::default()).await;
    assert!(matches!(told, Err(ChainError::Unavailable(_))), "{told:?}");
}

#[tokio::test]
async fn a_node_that_babbles_tells_nothing() {
    let fake = Fake::new(|_| Some(("502 Bad Gateway", "<html>".to_owned())));
    let endpoint = Endpoint { url: fake.url().to_owned(), auth_file: None, timeout: Duration::from_secs(5) };
    let chain = adapter(&BitcoinSettings {
        name: "bitcoin".to_owned(),
        chain: BitcoinChain::Regtest,
        node: endpoint,
        second: None,
        wallet: None,
        refund_fee_max: Units::ZERO,
        full_replacement: FullReplacement::Refused,
        tip_age_max: SignedDuration::from_mins(90),
    });
    let told = chain.follow(Lane::Live, None, &Watched::default()).await;
    assert!(matches!(told, Err(ChainError::Unavailable(_))), "{told:?}");
    assert!(chain.fees(Lane::Live).await.is_err());
}

#[tokio::test]
async fn a_second_node_must_name_the_same_blocks() {
    let (Some(node), Some(other)) = (Regtest::start().await, Regtest::start().await) else { return };
    let twice = adapter(&BitcoinSettings { second: Some(endpoint(&node)), ..settings(&node) });
    assert!(twice.follow(Lane::Live, None, &Watched::default()).await.is_ok());
    let against = adapter(&BitcoinSettings { second: Some(endpoint(&other)), ..settings(&node) });
    let told = against.follow(Lane::Live, None, &Watched::default()).await;
    assert!(matches!(told, Err(ChainError::NotInSync(_))), "{told:?}");
}

#[tokio::test]
async fn what_serves_without_confirmations_and_what_does_not() {
    let Some(mut world) = World::start(&[]).await else { return };
    let good = world.pays(0, 50_000, Replaceable::No).await;
    let replaceable = world.pays(1, 50_000, Replaceable::Yes).await;
    world.node.mine(1).await;
    let told = world.follows().await;
    assert!(told.sightings.iter().all(|sighting| sighting.frailty.is_none()), "what is mined is not frail");
    let frailty = |step: &Step, txid: &str| {
        let found = step.sightings.iter().find(|sighting| sighting.outpoint.txid == *txid);
        found.unwrap_or_else(|| panic!("{txid} is not told")).frailty
    };
    assert_ne!(good, replaceable);
    let good = world.pays(0, 40_000, Replaceable::No).await;
    let step = world.follows().await;
    assert_eq!(frailty(&step, &good), None);
    // Its change is spent unconfirmed by a second one.
    world.node.call("invalidateblock", json!([world.node.mine(1).await])).await;
    let replaceable = world.pays(1, 40_000, Replaceable::Yes).await;
    let step = world.follows().await;
    assert_eq!(frailty(&step, &replaceable), Some(Frailty::Replaceable));
    let careful = adapter(&BitcoinSettings { full_replacement: FullReplacement::Refused, ..settings(&world.node) });
    let step = world.follower.clone().follows(&careful, Lane::Live).await.expect("it tells");
    assert_eq!(frailty(&step, &good), Some(Frailty::Replaceable), "the node replaces anything");
}

#[tokio::test]
async fn a_fee_below_the_quoted_one_does_not_serve() {
    let Some(mut world) = World::start(&["-minrelaytxfee=0.00005000"]).await else { return };
    assert_eq!(world.chain.fees(Lane::Live).await.map(|fees| fees.fast), Ok(Units::new(5)));
    let enough = world.pays(0, 50_000, Replaceable::No).await;
    let step = world.follows().await;
    let told = step.sightings.iter().find(|sighting| sighting.outpoint.txid == enough).expect("told");
    assert_eq!(told.frailty, None);
    // The quote was higher than what this one pays.
    world.chain.fast.store(6, std::sync::atomic::Ordering::Relaxed);
    let step = world.follows().await;
    let told = step.sightings.iter().find(|sighting| sighting.outpoint.txid == enough).expect("told");
    assert_eq!(told.frailty, Some(Frailty::LowFee));
}
