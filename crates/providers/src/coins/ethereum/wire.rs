//! The node's words for blocks, transactions, receipts and logs (Ethereum JSON-RPC), as far as they matter here.

use serde::Deserialize;

use super::words::{Address, Bytes, Hash, Quantity, Wide};

/// A block without its transactions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    pub number: Quantity,
    pub hash: Hash,
    pub parent_hash: Hash,
    pub timestamp: Quantity,
    #[serde(default)]
    pub base_fee_per_gas: Option<Wide>,
}

/// A block with its transactions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FullBlock {
    pub number: Quantity,
    pub hash: Hash,
    pub parent_hash: Hash,
    pub timestamp: Quantity,
    pub transactions: Vec<Transaction>,
}

/// A transaction, in a block or not.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transaction {
    pub hash: Hash,
    pub from: Address,
    pub nonce: Quantity,
    /// Nobody: it makes a contract.
    #[serde(default)]
    pub to: Option<Address>,
    pub value: Wide,
    #[serde(default)]
    pub input: Bytes,
    #[serde(default)]
    pub block_hash: Option<Hash>,
    #[serde(default)]
    pub block_number: Option<Quantity>,
}

/// What became of a transaction in its block.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    pub transaction_hash: Hash,
    pub block_hash: Hash,
    pub block_number: Quantity,
    /// 1: it did what it says; 0: it was undone, and only its fee was paid.
    #[serde(default)]
    pub status: Option<Quantity>,
    pub logs: Vec<Log>,
}

/// What a contract tells.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Log {
    pub address: Address,
    pub topics: Vec<Hash>,
    pub data: Bytes,
    #[serde(default)]
    pub removed: bool,
}

impl Receipt {
    /// Whether the transaction did what it says.
    pub fn succeeded(&self) -> bool {
        self.status == Some(Quantity(1))
    }
}
