//! What is asked of a node, in types. A node is believed no more than it can show: blocks must hash to what was asked for, link, carry
//! their work, and hold the transactions that their header names.

use std::sync::atomic::{AtomicBool, Ordering};

use ::bitcoin::consensus::encode::deserialize_hex;
use ::bitcoin::constants::genesis_block;
use ::bitcoin::hashes::Hash;
use ::bitcoin::{BlockHash, Network, Transaction, Txid};
use florin_kernel::coin::Units;
use florin_kernel::ports::chain::{self, ChainError};
use florin_kernel::{Coin, Timestamp};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::coins::json_rpc::{JsonRpc, RpcError};

#[cfg(test)]
mod tests;

/// The node knows no such transaction, block or address.
pub const NOT_FOUND: i64 = -5;
/// A height beyond its chain.
const OUT_OF_RANGE: i64 = -8;
/// Transactions that are asked for in one message.
const BATCH: usize = 200;
/// A node that knows so many headers more than blocks is still catching up.
const BEHIND_MAX: u64 = 3;

/// A node, and what it has to be like.
pub struct Node {
    /// How it is called.
    pub rpc: JsonRpc,
    network: Network,
    /// The oldest that its newest block may be.
    tip_age_max: SignedDuration,
    is_known: AtomicBool,
}

/// Where a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its newest block.
    pub best: BlockHash,
    /// And its height.
    pub height: u64,
    /// Whether its mempool lets any transaction be replaced.
    pub replaces_anything: bool,
    /// Whether its mempool is whole again after a start.
    pub mempool_is_loaded: bool,
}

impl Node {
    /// A node that is called so.
    pub fn new(rpc: JsonRpc, network: Network, tip_age_max: SignedDuration) -> Node {
        Node { rpc, network, tip_age_max, is_known: AtomicBool::new(false) }
    }

    /// Where it stands, if it is to be believed.
    ///
    /// # Errors
    /// [`ChainError::NotInSync`] for another chain, a node that is catching up and an old tip.
    pub async fn status(&self, now: Timestamp) -> Result<Status, ChainError> {
        let asked = self.rpc.batch(&[("getblockchaininfo", json!([])), ("getmempoolinfo", json!([]))]).await;
        let mut answers = asked.inspect_err(|_| self.forget())?.into_iter();
        let (Some(chain), Some(mempool)) = (answers.next(), answers.next()) else { return Err(garbled("a batch")) };
        let (chain, mempool) = (chain.inspect_err(|_| self.forget())?, mempool?);
        let name = text(&chain, "chain")?;
        if name != chain_name(self.network) {
            self.forget();
            return Err(ChainError::NotInSync(format!("it follows {name}, not {}", chain_name(self.network))));
        }
        self.check_genesis().await?;
        let (blocks, headers) = (number(&chain, "blocks")?, number(&chain, "headers")?);
        let best: BlockHash = parsed(&chain, "bestblockhash")?;
        if self.network != Network::Regtest {
            let downloads = chain.get("initialblockdownload").and_then(Value::as_bool).unwrap_or(true);
            if downloads || headers > blocks + BEHIND_MAX {
                return Err(ChainError::NotInSync(format!("it has {blocks} of {headers} blocks")));
            }
            let time = match chain.get("time").and_then(Value::as_i64) {
                Some(time) => time,
                None => self.header(best).await?.time.as_second(),
            };
            if now.as_second() - time > self.tip_age_max.as_secs() {
                return Err(ChainError::NotInSync(format!("its newest block {blocks} is too old")));
            }
        }
        Ok(Status {
            best,
            height: blocks,
            replaces_anything: mempool.get("fullrbf").and_then(Value::as_bool).unwrap_or(true),
            mempool_is_loaded: mempool.get("loaded").and_then(Value::as_bool).unwrap_or(true),
        })
    }

    /// A chain that calls itself right and begins otherwise is another one.
    async fn check_genesis(&self) -> Result<(), ChainError> {
        if self.is_known.load(Ordering::Relaxed) {
            return Ok(());
        }
        let first = self.block_hash(0).await?;
        let expected = genesis_block(self.network).block_hash();
        // A signet may be anybody's own.
        if first != Some(expected) && self.network != Network::Signet {
            return Err(ChainError::NotInSync("its first block is another chain's".to_owned()));
        }
        self.is_known.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// After a silence it may be another node that answers.
    fn forget(&self) {
        self.is_known.store(false, Ordering::Relaxed);
    }

    /// Its newest block.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn best(&self) -> Result<BlockHash, ChainError> {
        let best = self.rpc.call("getbestblockhash", json!([])).await?;
        best.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| garbled("getbestblockhash"))
    }

    /// The block of its best chain at a height; `None` beyond its end.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn block_hash(&self, height: u64) -> Result<Option<BlockHash>, ChainError> {
        match self.rpc.call("getblockhash", json!([height])).await {
            Ok(hash) => read_hash(&hash).map(Some),
            Err(error) if error.code() == Some(OUT_OF_RANGE) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The blocks of its best chain from one height to another.
    ///
    /// # Errors
    /// [`ChainError`], also when it has not all of them.
    pub async fn block_hashes(&self, heights: std::ops::RangeInclusive<u64>) -> Result<Vec<BlockHash>, ChainError> {
        let calls: Vec<_> = heights.map(|height| ("getblockhash", json!([height]))).collect();
        self.rpc.batch(&calls).await?.into_iter().map(|hash| read_hash(&hash?)).collect()
    }

    /// A whole block, checked.
    ///
    /// # Errors
    /// [`ChainError::Unavailable`] when it is not what was asked for.
    pub async fn block(&self, hash: BlockHash) -> Result<::bitcoin::Block, ChainError> {
        let raw = self.rpc.call("getblock", json!([hash, 0])).await?;
        let raw = raw.as_str().ok_or_else(|| garbled("getblock"))?;
        let block: ::bitcoin::Block = deserialize_hex(raw).map_err(|_| garbled("getblock"))?;
        let worked = block.header.validate_pow(block.header.target()).is_ok();
        match block.block_hash() == hash && worked && block.check_merkle_root() {
            true => Ok(block),
            false => Err(garbled("getblock")),
        }
    }

    /// A block that is known by its hash.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn header(&self, hash: BlockHash) -> Result<chain::Block, ChainError> {
        let header = self.rpc.call("getblockheader", json!([hash])).await?;
        let time = header.get("time").and_then(Value::as_i64);
        let time = time.and_then(|time| Timestamp::from_second(time).ok()).ok_or_else(|| garbled("getblockheader"))?;
        Ok(chain::Block { height: number(&header, "height")?, hash: hash.to_string(), time })
    }

    /// The ids of its mempool.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn mempool(&self) -> Result<Vec<Txid>, ChainError> {
        let ids = self.rpc.call("getrawmempool", json!([])).await?;
        let ids = ids.as_array().ok_or_else(|| garbled("getrawmempool"))?;
        let read = |id: &Value| id.as_str().and_then(|id| id.parse().ok()).ok_or_else(|| garbled("getrawmempool"));
        ids.iter().map(read).collect()
    }

    /// Transactions of its mempool; those that left it meanwhile are not among them.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn unconfirmed(&self, ids: &[Txid]) -> Result<Vec<Transaction>, ChainError> {
        let mut transactions = Vec::with_capacity(ids.len());
        for ids in ids.chunks(BATCH) {
            let calls: Vec<_> = ids.iter().map(|id| ("getrawtransaction", json!([id]))).collect();
            for (id, answer) in ids.iter().zip(self.rpc.batch(&calls).await?) {
                match answer {
                    Ok(raw) => transactions.push(read_transaction(&raw, *id)?),
                    Err(error) if error.code() == Some(NOT_FOUND) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(transactions)
    }

    /// A transaction of a block.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn in_block(&self, id: Txid, block: &str) -> Result<Option<Transaction>, ChainError> {
        match self.rpc.call("getrawtransaction", json!([id, false, block])).await {
            Ok(raw) => read_transaction(&raw, id).map(Some),
            Err(error) if error.code() == Some(NOT_FOUND) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What its mempool knows of a transaction.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn mempool_entries(&self, ids: &[Txid]) -> Result<Vec<Option<Entry>>, ChainError> {
        let calls: Vec<_> = ids.iter().map(|id| ("getmempoolentry", json!([id]))).collect();
        let answers = self.rpc.batch(&calls).await?.into_iter();
        answers
            .map(|answer| match answer {
                Ok(entry) => Entry::read(&entry).map(Some),
                Err(error) if error.code() == Some(NOT_FOUND) => Ok(None),
                Err(error) => Err(error.into()),
            })
            .collect()
    }

    /// What a virtual byte costs to be in one of the next two blocks, whole satoshi rounded up; never less than what it relays.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn fast_fee(&self) -> Result<Units, ChainError> {
        let calls = [("estimatesmartfee", json!([2])), ("getmempoolinfo", json!([]))];
        let mut answers = self.rpc.batch(&calls).await?.into_iter();
        let (Some(estimate), Some(mempool)) = (answers.next(), answers.next()) else { return Err(garbled("a batch")) };
        let (estimate, mempool) = (estimate?, mempool?);
        // A node that has seen too little estimates nothing.
        let estimate = estimate.get("feerate").map_or(Ok(Units::ZERO), coins)?;
        let floors = [coins(&mempool["mempoolminfee"])?, coins(&mempool["minrelaytxfee"])?];
        let per_thousand = floors.into_iter().fold(estimate, Units::max);
        Ok(Units::new(per_thousand.number().div_ceil(1_000).max(1)))
    }
}

/// What a mempool knows of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Since when it is there.
    pub since: Timestamp,
    /// The fee it pays.
    pub fee: Units,
    /// Its virtual size.
    pub size: u64,
    /// Whether it spends something that is not in a block yet.
    pub has_ancestors: bool,
}

impl Entry {
    fn read(entry: &Value) -> Result<Entry, ChainError> {
        let time = entry.get("time").and_then(Value::as_i64).and_then(|time| Timestamp::from_second(time).ok());
        Ok(Entry {
            since: time.ok_or_else(|| garbled("getmempoolentry"))?,
            fee: coins(&entry["fees"]["base"])?,
            size: number(entry, "vsize")?,
            has_ancestors: number(entry, "ancestorcount")? > 1,
        })
    }
}

/// What a network is called by its nodes.
pub const fn chain_name(network: Network) -> &'static str {
    match network {
        Network::Bitcoin => "main",
        Network::Testnet => "test",
        Network::Testnet4 => "testnet4",
        Network::Signet => "signet",
        Network::Regtest => "regtest",
    }
}

/// A transaction that must be the one asked for.
pub fn read_transaction(raw: &Value, id: Txid) -> Result<Transaction, ChainError> {
    let raw = raw.as_str().ok_or_else(|| garbled("getrawtransaction"))?;
    let transaction: Transaction = deserialize_hex(raw).map_err(|_| garbled("getrawtransaction"))?;
    match transaction.compute_txid() == id {
        true => Ok(transaction),
        false => Err(garbled("getrawtransaction")),
    }
}

fn read_hash(hash: &Value) -> Result<BlockHash, ChainError> {
    let hash: BlockHash = hash.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| garbled("getblockhash"))?;
    match hash == BlockHash::all_zeros() {
        true => Err(garbled("getblockhash")),
        false => Ok(hash),
    }
}

/// An amount in coins, as the node writes it: digits, never a float.
pub fn coins(value: &Value) -> Result<Units, ChainError> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => String::new(),
    };
    Units::parse(&text, Coin::Btc).ok_or_else(|| garbled("an amount"))
}

pub fn number(value: &Value, name: &'static str) -> Result<u64, ChainError> {
    value.get(name).and_then(Value::as_u64).ok_or_else(|| garbled(name))
}

pub fn text<'a>(value: &'a Value, name: &'static str) -> Result<&'a str, ChainError> {
    value.get(name).and_then(Value::as_str).ok_or_else(|| garbled(name))
}

pub fn parsed<T: std::str::FromStr>(value: &Value, name: &'static str) -> Result<T, ChainError> {
    text(value, name)?.parse().map_err(|_| garbled(name))
}

pub fn garbled(what: &str) -> ChainError {
    RpcError::Garbled(what.to_owned()).into()
}
