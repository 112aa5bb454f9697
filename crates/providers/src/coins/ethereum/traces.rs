//! Coins that contracts pay from inside a transaction, as exchanges do: neither a transaction's value nor a log tells of them. The
//! balances of open addresses show that there was something; the node's trace of the block shows what (`callTracer`).

use std::collections::{BTreeSet, HashMap};

use florin_kernel::Coin;
use florin_kernel::coin::Units;
use florin_kernel::ports::chain::{ChainError, Outpoint, Watched};
use serde::Deserialize;
use serde_json::{Value, json};

use super::follow::{Read, addresses};
use super::rpc::{Call, convert, is_unknown_method};
use super::transfers::Transfer;
use super::words::{Address, Hash, Wide};
use super::{EthereumChain, Traces, unavailable};
use crate::coins::json_rpc::RpcError;

#[cfg(test)]
mod tests;

/// The outpoints of such transfers count from here: transactions have fewer logs.
const INTERNAL: u32 = 1 << 31;

/// One call and what it called.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Frame {
    #[serde(rename = "type")]
    kind: String,
    from: Address,
    #[serde(default)]
    to: Option<Address>,
    #[serde(default)]
    value: Option<Wide>,
    /// It was undone, with everything below.
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    calls: Vec<Frame>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Traced {
    tx_hash: Hash,
    result: Frame,
}

/// A call inside a transaction that moved coins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moved {
    /// Its place among the calls of its transaction that had coins with them, from 0.
    place: u32,
    to: Address,
    value: Wide,
}

impl Frame {
    /// What was moved below, in order of the calls. What was undone keeps its places, so that they are always the same.
    fn moved(&self) -> Vec<Moved> {
        let (mut moved, mut place) = (Vec::new(), 0);
        if self.error.is_none() {
            for call in &self.calls {
                call.collect(&mut moved, &mut place);
            }
        }
        moved
    }

    fn collect(&self, moved: &mut Vec<Moved>, place: &mut u32) {
        let before = moved.len();
        let value = self.value.filter(|value| *value != Wide::default());
        if let (Some(to), Some(value), "CALL" | "SELFDESTRUCT") = (self.to, value, self.kind.as_str()) {
            if to != self.from {
                moved.push(Moved { place: *place, to, value });
            }
            *place += 1;
        }
        for call in &self.calls {
            call.collect(moved, place);
        }
        if self.error.is_some() {
            moved.truncate(before);
        }
    }
}

impl EthereumChain {
    /// Adds what contracts paid to open addresses in blocks that were read after a block (height and hash).
    pub(super) async fn add_internal(
        &self,
        read: &mut Read,
        base: (u64, Hash),
        watched: &Watched,
    ) -> Result<(), ChainError> {
        let Some((last, _)) = read.blocks.last() else { return Ok(()) };
        let last = Hash::read(&last.hash);
        let open: BTreeSet<Address> = addresses(watched).filter_map(Address::read).collect();
        let open: Vec<Address> = open.into_iter().collect();
        let Some(last) = last.filter(|_| !open.is_empty()) else { return Ok(()) };
        let balances = |at: Hash| {
            let call = |address: &Address| ("eth_getBalance", json!([address, { "blockHash": at }]));
            open.iter().map(call).collect::<Vec<Call>>()
        };
        let (before, after) = (balances(base.1), balances(last));
        let after = self.rpc.batch(&after).await.map_err(unavailable)?;
        let before = self.rpc.batch(&before).await.map_err(unavailable)?;
        let mut unexplained = BTreeSet::new();
        let told = native(read);
        for ((address, before), after) in open.iter().zip(before).zip(after) {
            // Nodes forget the state of old blocks: without it there is nothing to compare, and a trace could not be made either.
            let Some(after) = balance(after)? else { continue };
            let grown = after.saturating_sub(balance(before)?.unwrap_or(0));
            if grown > told.get(address).copied().unwrap_or(0) {
                unexplained.insert(*address);
            }
        }
        match self.settings.traces {
            _ if unexplained.is_empty() => Ok(()),
            Traces::Asked => self.trace(read, &unexplained).await,
            Traces::Off => {
                tracing::warn!(addresses = ?unexplained, "more coins than transfers tell of: a contract paid, which is not credited");
                Ok(())
            }
        }
    }

    async fn trace(&self, read: &mut Read, wanted: &BTreeSet<Address>) -> Result<(), ChainError> {
        for (block, found) in &mut read.blocks {
            let params = json!([block.hash, { "tracer": "callTracer" }]);
            let traced: Vec<Value> = match self.rpc.call("debug_traceBlockByHash", params).await {
                Ok(traced) => traced,
                Err(error) if is_unknown_method(&error) => {
                    tracing::warn!(addresses = ?wanted, "a contract paid, and the node does not trace: it is not credited");
                    return Ok(());
                }
                Err(error) => return Err(unavailable(error)),
            };
            for one in traced {
                let Traced { tx_hash, result } = serde_json::from_value(one)
                    .map_err(|error| ChainError::Unavailable(format!("a trace cannot be read: {error}")))?;
                let moved: Vec<Moved> = result.moved().into_iter().filter(|moved| wanted.contains(&moved.to)).collect();
                if moved.is_empty() {
                    continue;
                }
                let params = json!([tx_hash]);
                let transaction: super::wire::Transaction =
                    self.rpc.call("eth_getTransactionByHash", params).await.map_err(unavailable)?;
                found.extend(moved.iter().filter_map(|moved| {
                    let units =
                        moved.value.number().map(Units::new).filter(|units| units.money(Coin::Eth).is_some())?;
                    Some(Transfer {
                        to: moved.to,
                        coin: Coin::Eth,
                        outpoint: Outpoint { txid: tx_hash.to_string(), index: INTERNAL | moved.place },
                        units,
                        sender: transaction.from,
                        nonce: transaction.nonce.0,
                    })
                }));
            }
        }
        Ok(())
    }
}

/// A balance in wei; nothing where the node refuses to tell.
fn balance(told: Result<Value, RpcError>) -> Result<Option<u128>, ChainError> {
    match told {
        Ok(value) => {
            let wide: Wide = convert("eth_getBalance", value).map_err(unavailable)?;
            Ok(Some(wide.number().unwrap_or(u128::MAX)))
        }
        Err(RpcError::Refused { .. }) => Ok(None),
        Err(error) => Err(unavailable(error)),
    }
}

/// Native coins that the transactions themselves brought, by address.
fn native(read: &Read) -> HashMap<Address, u128> {
    let mut sums = HashMap::new();
    for transfer in read.blocks.iter().flat_map(|(_, found)| found).filter(|transfer| transfer.coin == Coin::Eth) {
        let sum: &mut u128 = sums.entry(transfer.to).or_default();
        *sum = sum.saturating_add(transfer.units.number());
    }
    sums
}
