//! What a node is asked, and whether it is to be believed: the right chain, in sync, of the present, its tokens what they should be, a
//! second node of the same opinion.

use std::sync::atomic::Ordering;

use florin_kernel::Timestamp;
use florin_kernel::ports::chain::{Block, ChainError};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::rpc::{Call, Rpc, convert, is_unknown_method};
use super::wire::{FullBlock, Header, Receipt};
use super::words::{Bytes, Hash, Quantity, Wide, quantity};
use super::{EthereumChain, unavailable};
use crate::coins::json_rpc::RpcError;

/// Blocks that are asked for in one request: a few megabytes.
const BLOCKS_MAX: usize = 10;
/// Clocks of block makers may be so far ahead.
const AHEAD_MAX: SignedDuration = SignedDuration::from_secs(60);
/// The call `decimals()` of a token.
const DECIMALS: &str = "0x313ce567";

/// Where a node stands.
pub struct Head {
    /// Its newest block.
    pub header: Header,
    /// The height up to which it calls blocks final, where it does.
    pub final_height: Option<u64>,
}

/// What gas costs, in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GasPrice {
    /// What every transaction of the newest block pays at least; it is burned.
    pub base: u128,
    /// What its maker wants on top.
    pub tip: u128,
}

impl GasPrice {
    /// Enough for one of the next two blocks: the base fee grows by an eighth a block at most (EIP-1559).
    pub fn soon(self) -> u128 {
        (self.base.saturating_mul(81) / 64).saturating_add(self.tip)
    }

    /// Enough for a long while: what is not needed is not paid.
    pub fn patient(self) -> u128 {
        self.base.saturating_mul(2).saturating_add(self.tip)
    }
}

/// What gas costs now.
///
/// # Errors
/// [`RpcError`] when the node does not tell.
pub async fn gas_price(rpc: &Rpc) -> Result<GasPrice, RpcError> {
    let number = |wide: Wide| wide.number().ok_or_else(|| RpcError::Garbled("a price that no gas has".to_owned()));
    let header: Header = rpc.call("eth_getBlockByNumber", json!(["latest", false])).await?;
    let Some(base) = header.base_fee_per_gas else {
        // A chain without EIP-1559.
        let price = number(rpc.call("eth_gasPrice", json!([])).await?)?;
        return Ok(GasPrice { base: 0, tip: price });
    };
    let tip = number(rpc.call("eth_maxPriorityFeePerGas", json!([])).await?)?;
    Ok(GasPrice { base: number(base)?, tip })
}

/// A header as the port's block.
pub fn block(number: Quantity, hash: Hash, timestamp: Quantity) -> Result<Block, ChainError> {
    let second = i64::try_from(timestamp.0).ok().and_then(|second| Timestamp::from_second(second).ok());
    let time = second.ok_or_else(|| ChainError::NotInSync(format!("block {hash} has no time that can be")))?;
    Ok(Block { height: number.0, hash: hash.to_string(), time })
}

fn by_number(height: u64, transactions: bool) -> Call {
    ("eth_getBlockByNumber", json!([quantity(height.into()), transactions]))
}

impl EthereumChain {
    /// Where the node stands, where it is to be believed.
    pub(super) async fn head(&self, now: Timestamp) -> Result<Head, ChainError> {
        let calls = [
            ("eth_chainId", json!([])),
            ("eth_syncing", json!([])),
            ("eth_getBlockByNumber", json!(["latest", false])),
            ("eth_getBlockByNumber", json!(["finalized", false])),
        ];
        let mut outcomes = self.rpc.batch(&calls).await.map_err(unavailable)?.into_iter();
        let mut next = || outcomes.next().unwrap_or(Ok(Value::Null));
        let (chain, syncing, latest, finalised) = (next(), next(), next(), next());
        self.is_right_chain(chain)?;
        if syncing.map_err(unavailable)? != Value::Bool(false) {
            return Err(ChainError::NotInSync("it is still downloading the chain".to_owned()));
        }
        let latest = latest.and_then(|value| convert("eth_getBlockByNumber", value)).map_err(unavailable)?;
        let header = self.agreed_with_second(latest).await?;
        self.is_of_the_present(&header, now)?;
        if !self.checked.load(Ordering::Relaxed) {
            self.check_tokens().await?;
            self.checked.store(true, Ordering::Relaxed);
        }
        // Chains without finality answer with an error, or with nothing.
        let finalised: Option<Header> = finalised.ok().and_then(|value| serde_json::from_value(value).ok());
        let final_height = finalised.map(|finalised| finalised.number.0.min(header.number.0));
        Ok(Head { header, final_height })
    }

    fn is_right_chain(&self, told: Result<Value, RpcError>) -> Result<(), ChainError> {
        let Quantity(told) = told.and_then(|value| convert("eth_chainId", value)).map_err(unavailable)?;
        match told == self.settings.chain_id {
            true => Ok(()),
            false => {
                let expected = self.settings.chain_id;
                Err(ChainError::NotInSync(format!("it is on chain {told}, not on {expected}")))
            }
        }
    }

    fn is_of_the_present(&self, header: &Header, now: Timestamp) -> Result<(), ChainError> {
        let Some(age_max) = self.settings.tip_age_max() else { return Ok(()) };
        let age = now.duration_since(block(header.number, header.hash, header.timestamp)?.time);
        match () {
            () if age > age_max => Err(ChainError::NotInSync(format!("its newest block is {} s old", age.as_secs()))),
            () if age < -AHEAD_MAX => Err(ChainError::NotInSync("its newest block is of the future".to_owned())),
            () => Ok(()),
        }
    }

    /// The newest block that a second node names too.
    async fn agreed_with_second(&self, first: Header) -> Result<Header, ChainError> {
        let Some(second) = &self.second else { return Ok(first) };
        self.is_right_chain(second.call("eth_chainId", json!([])).await)?;
        let Quantity(height) = second.call("eth_blockNumber", json!([])).await.map_err(unavailable)?;
        let both = height.min(first.number.0);
        let of_first = match both == first.number.0 {
            true => first,
            false => self.header(&self.rpc, both).await?,
        };
        let of_second = self.header(second, both).await?;
        match of_first.hash == of_second.hash {
            true => Ok(of_first),
            false => Err(ChainError::NotInSync(format!("the second node names another block {both}"))),
        }
    }

    async fn header(&self, rpc: &Rpc, height: u64) -> Result<Header, ChainError> {
        let (method, params) = by_number(height, false);
        let header: Option<Header> = rpc.call(method, params).await.map_err(unavailable)?;
        header.ok_or_else(|| ChainError::Unavailable(format!("it has no block {height}")))
    }

    /// The node's hashes at heights, where it has blocks.
    pub(super) async fn hashes(&self, heights: &[u64]) -> Result<Vec<Option<Hash>>, ChainError> {
        let calls: Vec<Call> = heights.iter().map(|height| by_number(*height, false)).collect();
        let headers: Vec<Option<Header>> = self.rpc.all(&calls).await.map_err(unavailable)?;
        for (header, height) in headers.iter().zip(heights) {
            if header.as_ref().is_some_and(|header| header.number.0 != *height) {
                return Err(ChainError::Unavailable(format!("it gives another block than {height}")));
            }
        }
        Ok(headers.into_iter().map(|header| header.map(|header| header.hash)).collect())
    }

    /// A token with other decimals than everybody expects would be counted wrongly by powers of ten.
    async fn check_tokens(&self) -> Result<(), ChainError> {
        for (contract, coin) in &self.tokens {
            let call = json!([{ "to": contract, "data": DECIMALS }, "latest"]);
            let told: Bytes = self.rpc.call("eth_call", call).await.map_err(unavailable)?;
            let decimals = <[u8; 32]>::try_from(told.0).ok().and_then(|word| Wide(word).number());
            if decimals != Some(u128::from(coin.decimals())) {
                let expected = coin.decimals();
                let code = coin.code();
                return Err(ChainError::NotInSync(format!(
                    "{contract} is not {code}: a token with {expected} decimals is expected, it tells {decimals:?}"
                )));
            }
        }
        Ok(())
    }

    /// Blocks from a height to another, linked to each other and to a parent, with their receipts.
    pub(super) async fn blocks(
        &self,
        heights: std::ops::RangeInclusive<u64>,
        parent: Hash,
    ) -> Result<Vec<(FullBlock, Vec<Receipt>)>, ChainError> {
        let heights: Vec<u64> = heights.collect();
        let (mut read, mut parent) = (Vec::new(), parent);
        for part in heights.chunks(BLOCKS_MAX) {
            let calls: Vec<Call> = part.iter().map(|height| by_number(*height, true)).collect();
            let blocks: Vec<Option<FullBlock>> = self.rpc.all(&calls).await.map_err(unavailable)?;
            let mut linked = Vec::new();
            for (block, height) in blocks.into_iter().zip(part) {
                let block = block.filter(|block| block.number.0 == *height && block.parent_hash == parent);
                let block = block.ok_or_else(|| ChainError::Unavailable(format!("block {height} does not link")))?;
                parent = block.hash;
                linked.push(block);
            }
            let receipts = self.receipts(&linked).await?;
            read.extend(linked.into_iter().zip(receipts));
        }
        Ok(read)
    }

    async fn receipts(&self, blocks: &[FullBlock]) -> Result<Vec<Vec<Receipt>>, ChainError> {
        let full = blocks.iter().filter(|block| !block.transactions.is_empty());
        let calls: Vec<Call> = full.map(|block| ("eth_getBlockReceipts", json!([block.hash]))).collect();
        let mut answers = match self.rpc.all::<Option<Vec<Receipt>>>(&calls).await {
            Ok(answers) => answers.into_iter(),
            Err(error) if is_unknown_method(&error) => return self.receipts_one_by_one(blocks).await,
            Err(error) => return Err(unavailable(error)),
        };
        let mut receipts = Vec::new();
        for block in blocks {
            let of_block = if block.transactions.is_empty() { Some(Vec::new()) } else { answers.next().flatten() };
            receipts.push(of_block.ok_or_else(|| ChainError::Unavailable("a block has no receipts".to_owned()))?);
        }
        Ok(receipts)
    }

    /// Of nodes that do not give a block's receipts together.
    async fn receipts_one_by_one(&self, blocks: &[FullBlock]) -> Result<Vec<Vec<Receipt>>, ChainError> {
        let mut receipts = Vec::new();
        for block in blocks {
            let hashes = block.transactions.iter().map(|transaction| transaction.hash);
            let calls: Vec<Call> = hashes.map(|hash| ("eth_getTransactionReceipt", json!([hash]))).collect();
            receipts.push(self.rpc.all(&calls).await.map_err(unavailable)?);
        }
        Ok(receipts)
    }
}
