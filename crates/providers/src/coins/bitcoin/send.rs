//! Sending signed transactions, and finding them again. What is not known stays unknown: a node without an index of transactions cannot
//! tell one that is nowhere from one that was mined and spent.

use ::bitcoin::consensus::encode::deserialize_hex;
use ::bitcoin::{Transaction, Txid};
use florin_kernel::payment::Doubt;
use florin_kernel::ports::chain::{Broadcast, ChainError, Place, SignedTransaction};
use serde_json::{Value, json};

use super::node::{NOT_FOUND, Node, parsed, text};
use crate::coins::json_rpc::{JsonRpc, RpcError};

/// The node cannot read it.
const UNREADABLE: i64 = -22;
/// What it spends is not there.
const NOTHING_TO_SPEND: i64 = -25;
/// The node's rules are against it.
const AGAINST_THE_RULES: i64 = -26;
/// It is in a block already.
const IN_A_BLOCK: i64 = -27;
/// Outputs of a refund that are looked at where nothing else tells: the payer's and the change.
const OUTPUTS_MAX: u32 = 2;

/// Rules that may be for it another day; what the node says begins so or holds it.
const PASSING: [&str; 8] = [
    "mempool min fee not met",
    "min relay fee not met",
    "mempool full",
    "too-long-mempool-chain",
    "too many unconfirmed",
    "non-final",
    "insufficient fee",
    "replacement-adds-unconfirmed",
];

/// What is known of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is there.
    At(Place),
    /// It is in neither mempool nor chain, as somebody who would know says.
    Nowhere,
    /// It is not in the mempool, and nobody knows of blocks.
    NotKnown,
}

impl Found {
    /// As the port tells it.
    pub fn place(self) -> Option<Place> {
        match self {
            Found::At(place) => Some(place),
            Found::Nowhere | Found::NotKnown => None,
        }
    }
}

/// Sends a signed transaction.
pub async fn broadcast(node: &Node, wallet: Option<&JsonRpc>, signed: &SignedTransaction) -> Broadcast {
    let read: Option<Transaction> = deserialize_hex(&signed.raw).ok();
    let Some(transaction) = read.filter(|read| read.compute_txid().to_string() == signed.txid) else {
        return Broadcast::Refused("its bytes are not those of its id".to_owned());
    };
    let error = match node.rpc.call("sendrawtransaction", json!([signed.raw])).await {
        Ok(told) if told.as_str() == Some(&signed.txid) => return Broadcast::Sent,
        Ok(_) => return Broadcast::Unknown(Doubt::Garbled),
        Err(error) => error,
    };
    match (error.code(), &error) {
        (Some(IN_A_BLOCK), _) => Broadcast::Sent,
        (Some(UNREADABLE), _) => Broadcast::Refused(error.to_string()),
        (Some(NOTHING_TO_SPEND | AGAINST_THE_RULES), RpcError::Refused { message, .. }) => {
            match look(node, wallet, &transaction).await {
                Ok(Found::At(Place::Mempool | Place::Block(_))) => Broadcast::Sent,
                Ok(Found::At(Place::Conflicted { .. }) | Found::Nowhere) if !is_passing(message) => {
                    Broadcast::Refused(error.to_string())
                }
                Ok(_) | Err(_) => Broadcast::Unknown(Doubt::Lost),
            }
        }
        _ => Broadcast::Unknown(error.doubt()),
    }
}

/// Where a transaction is of which the bytes are known: a wallet that owns what it spends would know if it had ever been sent.
async fn look(node: &Node, wallet: Option<&JsonRpc>, transaction: &Transaction) -> Result<Found, ChainError> {
    let found = find(node, wallet, transaction.compute_txid()).await?;
    let (Found::NotKnown, Some(wallet)) = (&found, wallet) else { return Ok(found) };
    for input in &transaction.input {
        if wallet.call("gettransaction", json!([input.previous_output.txid])).await.is_err() {
            return Ok(found);
        }
    }
    Ok(Found::Nowhere)
}

fn is_passing(message: &str) -> bool {
    PASSING.iter().any(|passing| message.contains(passing))
}

/// Where a transaction is.
///
/// # Errors
/// [`ChainError`] when the node does not tell.
pub async fn find(node: &Node, wallet: Option<&JsonRpc>, id: Txid) -> Result<Found, ChainError> {
    if node.mempool_entries(&[id]).await?.iter().any(Option::is_some) {
        return Ok(Found::At(Place::Mempool));
    }
    if let Some(wallet) = wallet
        && let Some(found) = in_wallet(node, wallet, id).await?
    {
        return Ok(found);
    }
    if let Some(found) = by_index(node, id).await? {
        return Ok(found);
    }
    if let Some(block) = by_outputs(node, id).await? {
        return Ok(Found::At(Place::Block(block)));
    }
    Ok(Found::NotKnown)
}

/// By the wallet that paid it, which knows its own for ever.
async fn in_wallet(node: &Node, wallet: &JsonRpc, id: Txid) -> Result<Option<Found>, ChainError> {
    let told = match wallet.call("gettransaction", json!([id])).await {
        Ok(told) => told,
        Err(error) if error.code() == Some(NOT_FOUND) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let confirmations = told.get("confirmations").and_then(Value::as_i64).unwrap_or(0);
    let first = |name: &str| told.get(name).and_then(|ids| ids.get(0)).and_then(Value::as_str).map(str::to_owned);
    let place = match confirmations {
        1.. => Place::Block(node.header(parsed(&told, "blockhash")?).await?),
        0 => match first("mempoolconflicts") {
            Some(by) => Place::Replaced { by },
            None => return Ok(Some(Found::Nowhere)),
        },
        _ => Place::Conflicted { by: first("walletconflicts") },
    };
    Ok(Some(Found::At(place)))
}

/// By the node's index of transactions, where it has one.
async fn by_index(node: &Node, id: Txid) -> Result<Option<Found>, ChainError> {
    match node.rpc.call("getrawtransaction", json!([id, true])).await {
        Ok(told) => match told.get("blockhash") {
            Some(_) => {
                let hash = parsed(&told, "blockhash")?;
                let stands = told.get("confirmations").and_then(Value::as_i64).unwrap_or(0) > 0;
                let block = node.header(hash).await?;
                Ok(stands.then_some(Found::At(Place::Block(block))))
            }
            None => Ok(Some(Found::At(Place::Mempool))),
        },
        Err(error) if error.code() == Some(NOT_FOUND) => {
            let index = node.rpc.call("getindexinfo", json!(["txindex"])).await;
            let whole = index.ok().and_then(|index| index["txindex"]["synced"].as_bool()).unwrap_or(false);
            Ok(whole.then_some(Found::Nowhere))
        }
        Err(error) => Err(error.into()),
    }
}

/// By what nobody spent of it yet.
async fn by_outputs(node: &Node, id: Txid) -> Result<Option<florin_kernel::ports::chain::Block>, ChainError> {
    for index in 0..OUTPUTS_MAX {
        let told = node.rpc.call("gettxout", json!([id, index, false])).await?;
        let Some(confirmations) = told.get("confirmations").and_then(Value::as_u64) else { continue };
        let best =
            node.header(text(&told, "bestblock")?.parse().map_err(|_| super::node::garbled("gettxout"))?).await?;
        let height = (best.height + 1).saturating_sub(confirmations);
        if let Some(hash) = node.block_hash(height).await? {
            return node.header(hash).await.map(Some);
        }
    }
    Ok(None)
}
