//! Ethereum and chains like it, followed and paid through a node's JSON-RPC (crypto contract, sections 9 to 11): native coins by the
//! transactions of every block, tokens by their logs, each block by its hash and linked to the one before. The adapter keeps no state
//! that matters: what it needs to go on stands in the cursor.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use florin_kernel::Coin;
use florin_kernel::coin::Units;
use florin_kernel::ports::chain::{
    AddressStyle, Broadcast, Chain, ChainError, CoinOnNetwork, Cursor, Family, Fees, KeyError, Network, Place,
    SignedTransaction, Step, Watched,
};
use florin_kernel::ports::{Clock, Lane};
use jiff::SignedDuration;

use crate::coins::json_rpc::RpcError;

mod account_key;
#[cfg(any(test, feature = "conformance"))]
pub mod anvil;
mod follow;
mod memo;
mod node;
mod nonces;
mod rpc;
mod send;
mod traces;
mod transaction;
mod transfers;
pub mod wallet;
mod wire;
mod words;

use account_key::KeysOf;
use nonces::Nonces;
use rpc::{Node, Rpc};
use transfers::Tokens;
use words::Address;

/// Chain ids of development nodes, which make blocks when they like: their tips may be old.
const DEVELOPMENT: [u64; 2] = [1_337, 31_337];
/// Chain ids of public test chains: Sepolia, Holesky, Hoodi.
const TEST: [u64; 3] = [11_155_111, 17_000, 560_048];
/// How many blocks back a reorganisation may reach (crypto contract, section 10).
const HISTORY: u32 = 1024;
/// How old a tip may be (crypto contract, section 11).
const TIP_AGE_MAX: SignedDuration = SignedDuration::from_secs(60);

/// Whether the node is asked what contracts did inside transactions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Traces {
    /// `debug_traceBlockByHash` with its `callTracer`, where an open address has more than its transfers explain.
    #[default]
    Asked,
    /// The node has no such call, or it is too dear: what contracts pay from inside is not credited, but told in the log.
    Off,
}

/// A chain, as the operator configured it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its network's name.
    pub name: String,
    /// EIP-155. The node must tell the same.
    pub chain_id: u64,
    /// The node's URL.
    pub url: String,
    /// A file with `user:password`, where the node asks for a login; read for every call.
    pub auth_file: Option<PathBuf>,
    /// A second node, which must name the same blocks: its URL, and its login.
    pub second: Option<(String, Option<PathBuf>)>,
    /// Tokens with their contracts.
    pub tokens: Vec<(Coin, String)>,
    /// How old a tip may be; nothing: the contract's age, and any on development chains.
    pub tip_age_max: Option<SignedDuration>,
    /// How long a node's answer may take.
    pub timeout: Duration,
    /// Whether the node is asked what contracts did.
    pub traces: Traces,
}

impl Settings {
    /// A chain with the contract's settings and without tokens.
    pub fn new(name: &str, chain_id: u64, url: &str) -> Settings {
        Settings {
            name: name.to_owned(),
            chain_id,
            url: url.to_owned(),
            auth_file: None,
            second: None,
            tokens: Vec::new(),
            tip_age_max: None,
            timeout: Duration::from_secs(10),
            traces: Traces::Asked,
        }
    }

    fn node(&self, url: &str, auth_file: Option<&PathBuf>) -> Node {
        Node { url: url.to_owned(), auth_file: auth_file.cloned(), timeout: self.timeout }
    }

    fn tip_age_max(&self) -> Option<SignedDuration> {
        let any = DEVELOPMENT.contains(&self.chain_id).then_some(None);
        self.tip_age_max.map(Some).or(any).unwrap_or(Some(TIP_AGE_MAX))
    }
}

/// A chain behind a node.
pub struct EthereumChain {
    settings: Settings,
    network: Network,
    rpc: Arc<Rpc>,
    second: Option<Rpc>,
    tokens: Tokens,
    clock: Arc<dyn Clock>,
    /// Whether the tokens' contracts were looked at since the node last failed.
    checked: AtomicBool,
    /// Who sent the refunds that were sent lately: so that one whose number was used otherwise is given up.
    refunds: Mutex<HashMap<String, (Address, u64)>>,
    /// Numbers of the wallet that pays refunds, where there is one.
    nonces: Option<Arc<Nonces>>,
}

impl EthereumChain {
    /// A chain as it is configured. The node is not asked yet.
    ///
    /// # Errors
    /// A sentence, when the settings make no sense.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<EthereumChain, String> {
        let mut tokens = Tokens::new();
        let mut coins = vec![CoinOnNetwork { coin: Coin::Eth, contract: None }];
        for (coin, contract) in &settings.tokens {
            let address = Address::read(contract).ok_or_else(|| format!("{contract} is not an address"))?;
            let is_token = matches!(coin, Coin::Usdt | Coin::Usdc) && !coins.iter().any(|on| on.coin == *coin);
            if !is_token || tokens.insert(address, *coin).is_some() {
                return Err(format!("{} at {contract} is no token of its own", coin.code()));
            }
            coins.push(CoinOnNetwork { coin: *coin, contract: Some(address.to_string()) });
        }
        let network = Network {
            name: settings.name.clone(),
            family: Family::Ethereum { chain_id: settings.chain_id },
            coins,
            is_test: DEVELOPMENT.contains(&settings.chain_id) || TEST.contains(&settings.chain_id),
            history: HISTORY,
        };
        let rpc = Arc::new(Rpc::new(&settings.node(&settings.url, settings.auth_file.as_ref()))?);
        let second = settings.second.as_ref().map(|(url, login)| Rpc::new(&settings.node(url, login.as_ref())));
        let second = second.transpose()?;
        let (checked, refunds) = (AtomicBool::new(false), Mutex::default());
        Ok(EthereumChain { settings, network, rpc, second, tokens, clock, checked, refunds, nonces: None })
    }
}

/// A node that gives no result tells nothing.
fn unavailable(error: RpcError) -> ChainError {
    ChainError::Unavailable(error.to_string())
}

#[async_trait]
impl Chain for EthereumChain {
    fn network(&self) -> &Network {
        &self.network
    }

    fn serves(&self, lane: Lane) -> bool {
        match lane {
            Lane::Live => true,
            Lane::Dev(_) => false,
        }
    }

    fn address(&self, _lane: Lane, account_key: &str, index: u32, _style: AddressStyle) -> Result<String, KeyError> {
        let of = if self.network.is_test { KeysOf::TestChain } else { KeysOf::MainChain };
        account_key::address(account_key, index, of).map(|address| address.to_string())
    }

    fn read_address(&self, text: &str) -> Option<String> {
        let address = Address::read(text)?;
        // What goes to nobody is gone.
        let good = address != Address([0; 20]) && !self.tokens.contains_key(&address);
        good.then(|| address.to_string())
    }

    async fn follow(&self, lane: Lane, from: Option<&Cursor>, watched: &Watched) -> Result<Step, ChainError> {
        let step = self.step(self.clock.now(lane), from, watched).await;
        if step.is_err() {
            self.checked.store(false, Ordering::Relaxed);
        }
        step
    }

    async fn fees(&self, _lane: Lane) -> Result<Fees, ChainError> {
        let price = node::gas_price(&self.rpc).await.map_err(unavailable)?;
        Ok(Fees { fast: Units::new(price.soon()) })
    }

    async fn broadcast(&self, lane: Lane, signed: &SignedTransaction) -> Broadcast {
        self.send(lane, signed).await
    }

    async fn transaction(&self, _lane: Lane, txid: &str) -> Result<Option<Place>, ChainError> {
        self.look_up(txid).await.map_err(unavailable)
    }
}
