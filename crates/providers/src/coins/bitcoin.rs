//! Bitcoin through a node that speaks Bitcoin Core's JSON-RPC: blocks and mempool are read from it, addresses are derived here from a
//! watch-only account key. The node needs no wallet for that, and no index; any node that keeps recent blocks will do.
//!
//! Every block is read whole and told with all outputs that an address of ours could have received: so an address is watched for ever,
//! without anything being imported anywhere. Newly mined coins (of a coinbase) are not seen.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::bitcoin::Network as BitcoinNetwork;
use ::bitcoin::key::Secp256k1;
use ::bitcoin::secp256k1::VerifyOnly;
use async_trait::async_trait;
use florin_kernel::coin::Units;
use florin_kernel::ports::chain::{
    AddressStyle, Broadcast, Chain, ChainError, CoinOnNetwork, Cursor, Family, Fees, KeyError, Network, Place,
    SignedTransaction, Step, Watched,
};
use florin_kernel::ports::{Clock, Lane};
use florin_kernel::{Coin, Timestamp};
use jiff::SignedDuration;

use super::json_rpc::JsonRpc;
use node::Node;
use pool::Pool;
use step::Stepper;

pub mod keys;
mod memo;
mod node;
mod own;
mod pool;
mod send;
mod step;
#[cfg(test)]
mod tests;
mod walk;
pub mod wallet;

/// Blocks that a reorganisation may reach back (crypto contract, section 10).
const HISTORY: u32 = 288;

/// How long an estimated fee is told again.
const FEES_KEPT: SignedDuration = SignedDuration::from_secs(10);

/// Which of bitcoin's chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BitcoinChain {
    /// Real money.
    Main,
    /// The third test chain.
    Test,
    /// The fourth.
    Testnet4,
    /// A signed test chain.
    Signet,
    /// A local one.
    Regtest,
}

impl BitcoinChain {
    const fn network(self) -> BitcoinNetwork {
        match self {
            BitcoinChain::Main => BitcoinNetwork::Bitcoin,
            BitcoinChain::Test => BitcoinNetwork::Testnet,
            BitcoinChain::Testnet4 => BitcoinNetwork::Testnet4,
            BitcoinChain::Signet => BitcoinNetwork::Signet,
            BitcoinChain::Regtest => BitcoinNetwork::Regtest,
        }
    }
}

/// Whether coins may be accepted without confirmations although the node's mempool lets any transaction be replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FullReplacement {
    /// They may not.
    #[default]
    Refused,
    /// The operator takes the risk.
    Accepted,
}

/// How a node is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its URL.
    pub url: String,
    /// A file with `user:password`, such as the node's cookie.
    pub auth_file: Option<PathBuf>,
    /// How long an answer may take.
    pub timeout: Duration,
}

/// A network of bitcoin's as the operator configured it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BitcoinSettings {
    /// Its name in configuration and rows.
    pub name: String,
    /// Which chain the node must follow.
    pub chain: BitcoinChain,
    /// The node.
    pub node: Endpoint,
    /// Another node, which must name the same blocks before anything is credited.
    pub second: Option<Endpoint>,
    /// The node's wallet that refunds are paid from; by it they are also found again.
    pub wallet: Option<String>,
    /// The most that a refund may pay to the network.
    pub refund_fee_max: Units,
    /// Whether a node's mempool with full replacement rules acceptance without confirmations out.
    pub full_replacement: FullReplacement,
    /// How old the node's newest block may be; not checked on a local chain.
    pub tip_age_max: SignedDuration,
}

/// A chain behind a node.
pub struct BitcoinNode {
    network: Network,
    chain: BitcoinNetwork,
    node: Node,
    second: Option<Node>,
    wallet: Option<JsonRpc>,
    full_replacement: FullReplacement,
    clock: Arc<dyn Clock>,
    secp: Secp256k1<VerifyOnly>,
    pool: tokio::sync::Mutex<Pool>,
    /// What a virtual byte costs, as it was told last.
    fast: AtomicU64,
    /// Until when that is told again without asking.
    fast_until: Mutex<Option<Timestamp>>,
}

impl BitcoinNode {
    /// A chain behind a node; nothing is asked of it yet.
    ///
    /// # Errors
    /// A sentence, when no client can be made.
    pub fn new(settings: &BitcoinSettings, clock: Arc<dyn Clock>) -> Result<BitcoinNode, String> {
        let chain = settings.chain.network();
        let reach = |to: &Endpoint| JsonRpc::new(&to.url, to.auth_file.as_deref(), to.timeout);
        let node = |to: &Endpoint| reach(to).map(|rpc| Node::new(rpc, chain, settings.tip_age_max));
        let wallet = settings.wallet.as_ref().map(|name| reach(&settings.node).map(|rpc| wallet::rpc(&rpc, name)));
        Ok(BitcoinNode {
            network: Network {
                name: settings.name.clone(),
                family: Family::Bitcoin,
                coins: vec![CoinOnNetwork { coin: Coin::Btc, contract: None }],
                is_test: settings.chain != BitcoinChain::Main,
                history: HISTORY,
            },
            chain,
            node: node(&settings.node)?,
            second: settings.second.as_ref().map(node).transpose()?,
            wallet: wallet.transpose()?,
            full_replacement: settings.full_replacement,
            clock,
            secp: Secp256k1::verification_only(),
            pool: tokio::sync::Mutex::default(),
            fast: AtomicU64::new(0),
            fast_until: Mutex::default(),
        })
    }

    fn now(&self) -> Timestamp {
        self.clock.now(Lane::Live)
    }

    async fn fast_fee(&self) -> Result<Units, ChainError> {
        let fast = self.node.fast_fee().await?;
        self.fast.store(u64::try_from(fast.number()).unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(fast)
    }

    /// What was told last, so that following does not ask for estimates.
    async fn told_fee(&self) -> Result<Units, ChainError> {
        match self.fast.load(Ordering::Relaxed) {
            0 => self.fast_fee().await,
            told => Ok(Units::new(told.into())),
        }
    }
}

#[async_trait]
impl Chain for BitcoinNode {
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
        keys::address(&self.secp, account_key, index, self.chain).map(|address| address.to_string())
    }

    fn read_address(&self, text: &str) -> Option<String> {
        keys::read(text, self.chain).map(|address| address.to_string())
    }

    async fn follow(&self, _lane: Lane, from: Option<&Cursor>, watched: &Watched) -> Result<Step, ChainError> {
        let mut pool = self.pool.lock().await;
        let clock = || self.now();
        let stepper = Stepper {
            node: &self.node,
            second: self.second.as_ref(),
            network: self.chain,
            history: HISTORY,
            full_replacement: self.full_replacement,
            fast: self.told_fee().await?,
            clock: &clock,
        };
        stepper.step(&mut pool, from, watched).await
    }

    async fn fees(&self, _lane: Lane) -> Result<Fees, ChainError> {
        let now = self.now();
        let until = *self.fast_until.lock().expect("no holder of the lock panics");
        if until.is_some_and(|until| now < until && until <= now + FEES_KEPT) {
            return Ok(Fees { fast: self.told_fee().await? });
        }
        // A node that is not to be believed is nobody to quote a price by.
        self.node.status(now).await?;
        let fast = self.fast_fee().await?;
        *self.fast_until.lock().expect("no holder of the lock panics") = Some(now + FEES_KEPT);
        Ok(Fees { fast })
    }

    async fn broadcast(&self, _lane: Lane, signed: &SignedTransaction) -> Broadcast {
        send::broadcast(&self.node, self.wallet.as_ref(), signed).await
    }

    async fn transaction(&self, _lane: Lane, txid: &str) -> Result<Option<Place>, ChainError> {
        let Ok(id) = ::bitcoin::Txid::from_str(txid) else { return Ok(None) };
        send::find(&self.node, self.wallet.as_ref(), id).await.map(send::Found::place)
    }
}
