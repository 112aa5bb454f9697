//! The adapter keeps the rules that every chain's adapter keeps.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use florin_engine::clock::Clocks;
use florin_kernel::Coin;
use florin_kernel::coin::Units;
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::Chain;
use florin_providers::coins::ethereum::anvil::{ACCOUNT_KEY, Anvil, CHAIN_ID};
use florin_providers::coins::ethereum::{EthereumChain, Settings};
use florin_providers::conformance::chains::{self, Fixture, Mempool};
use tempfile::TempDir;

use super::gate::{Fate, Gate};
use super::world::{NETWORK, PAYER};

struct Node {
    anvil: Anvil,
    gate: Gate,
    chain: EthereumChain,
    /// The bytes of what was sent, by id.
    sent: Mutex<HashMap<String, String>>,
    _folder: TempDir,
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
        ACCOUNT_KEY.to_owned()
    }

    fn coin(&self) -> Coin {
        Coin::Eth
    }

    fn mempool(&self) -> Mempool {
        Mempool::Silent
    }

    async fn pay(&self, address: &str, units: Units) -> String {
        let txid = self.anvil.pay(PAYER, address, units.number()).await;
        let raw = self.anvil.raw(&txid).await;
        self.sent.lock().expect("free").insert(txid.clone(), raw);
        txid
    }

    async fn mine(&self, blocks: u32) {
        self.anvil.mine(blocks.into()).await;
    }

    async fn replace(&self, depth: u32) {
        self.anvil.reorganise(depth.into()).await;
        self.anvil.mine(1).await;
    }

    async fn bring_back(&self, txid: &str) {
        let raw = self.sent.lock().expect("free")[txid].clone();
        self.anvil.send_raw(&raw).await;
        self.anvil.mine(1).await;
    }

    async fn silence(&self) {
        self.gate.rule(|_, _| Fate::Lost);
    }

    async fn speak(&self) {
        self.gate.open();
    }
}

#[tokio::test]
async fn it_keeps_what_every_chain_keeps() {
    let folder = TempDir::new().expect("a folder");
    let Some(anvil) = Anvil::start(folder.path()).await else { return };
    let gate = Gate::before(anvil.port()).await;
    let settings = Settings::new(NETWORK, CHAIN_ID, &gate.url());
    let chain = EthereumChain::new(settings, Arc::new(Clocks::default())).expect("a chain");
    chains::all(&Node { anvil, gate, chain, sent: Mutex::default(), _folder: folder }).await;
}
