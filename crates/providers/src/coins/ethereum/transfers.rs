//! Coins that move in a block: native ones by the transactions' values, tokens by their contracts' Transfer logs (ERC-20). Pure.

use std::collections::HashMap;

use florin_kernel::Coin;
use florin_kernel::coin::Units;
use florin_kernel::ports::chain::Outpoint;

use super::wire::{FullBlock, Log, Receipt, Transaction};
use super::words::{Address, Hash, Wide};

#[cfg(test)]
mod tests;

/// Keccak-256 of `Transfer(address,address,uint256)`: the first topic of every such log.
const TRANSFER: Hash = Hash([
    0xdd, 0xf2, 0x52, 0xad, 0x1b, 0xe2, 0xc8, 0x9b, 0x69, 0xc2, 0xb0, 0x68, 0xfc, 0x37, 0x8d, 0xaa, 0x95, 0x2b, 0xa7,
    0xf1, 0x63, 0xc4, 0xa1, 0x16, 0x28, 0xf5, 0x5a, 0x4d, 0xf5, 0x23, 0xb3, 0xef,
]);

/// Coins that moved to an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Where to.
    pub to: Address,
    /// Which.
    pub coin: Coin,
    /// By which transaction; the index is the log's place in its transaction, from 1, since its place in the block changes when the
    /// transaction is mined again.
    pub outpoint: Outpoint,
    /// How many.
    pub units: Units,
    /// Who sent the transaction.
    pub sender: Address,
    /// The sender's number of it: another one with this number takes its place.
    pub nonce: u64,
}

/// The tokens that count, by their contracts.
pub type Tokens = HashMap<Address, Coin>;

/// Every transfer of a block, in order. What failed, what moves nothing, what moves to where it was, and what no coin's supply reaches is
/// none.
///
/// # Errors
/// A sentence, when the receipts are not those of the block.
pub fn transfers(block: &FullBlock, receipts: &[Receipt], tokens: &Tokens) -> Result<Vec<Transfer>, String> {
    if receipts.len() != block.transactions.len() {
        return Err(format!(
            "block {} has {} transactions and {} receipts",
            block.hash,
            block.transactions.len(),
            receipts.len()
        ));
    }
    let receipts: HashMap<Hash, &Receipt> =
        receipts.iter().map(|receipt| (receipt.transaction_hash, receipt)).collect();
    let mut found = Vec::new();
    for transaction in &block.transactions {
        let receipt = receipts.get(&transaction.hash).filter(|receipt| receipt.block_hash == block.hash);
        let receipt = receipt.ok_or_else(|| format!("a receipt of block {} is of another block", block.hash))?;
        found.extend(of_transaction(transaction, receipt, tokens));
    }
    Ok(found)
}

/// The transfers of one transaction.
pub fn of_transaction(transaction: &Transaction, receipt: &Receipt, tokens: &Tokens) -> Vec<Transfer> {
    if !receipt.succeeded() {
        return Vec::new();
    }
    let transfer = |to: Address, coin: Coin, index: u32, value: Wide| {
        let outpoint = Outpoint { txid: transaction.hash.to_string(), index };
        let units = countable(value, coin, &outpoint)?;
        Some(Transfer { to, coin, outpoint, units, sender: transaction.from, nonce: transaction.nonce.0 })
    };
    let native = transaction.to.filter(|to| *to != transaction.from);
    let native = native.and_then(|to| transfer(to, Coin::Eth, 0, transaction.value));
    let logs = receipt.logs.iter().enumerate().filter_map(|(place, log)| {
        let (coin, to, value) = token_transfer(log, tokens)?;
        transfer(to, coin, u32::try_from(place + 1).ok()?, value)
    });
    native.into_iter().chain(logs).collect()
}

/// A log as a transfer of a token that counts.
fn token_transfer(log: &Log, tokens: &Tokens) -> Option<(Coin, Address, Wide)> {
    let coin = *tokens.get(&log.address)?;
    let [TRANSFER, from, to] = log.topics[..] else { return None };
    let (from, to) = (address(from)?, address(to)?);
    let value: [u8; 32] = log.data.0.as_slice().try_into().ok()?;
    (from != to && !log.removed).then_some((coin, to, Wide(value)))
}

/// An address as it stands in a topic: behind twelve zeros.
fn address(topic: Hash) -> Option<Address> {
    let (zeros, address) = topic.0.split_at(12);
    let address: [u8; 20] = address.try_into().ok()?;
    zeros.iter().all(|byte| *byte == 0).then_some(Address(address))
}

/// A value as base units, where there is something and the book can hold it.
fn countable(value: Wide, coin: Coin, outpoint: &Outpoint) -> Option<Units> {
    let units = value.number().map(Units::new).filter(|units| units.money(coin).is_some());
    if units.is_none() {
        tracing::error!(
            txid = outpoint.txid,
            index = outpoint.index,
            coin = coin.code(),
            "a value that no supply reaches"
        );
    }
    units.filter(|units| !units.is_zero())
}
