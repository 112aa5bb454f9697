//! Refunds on their way: sent as they were signed, and looked for until they are final. A failure counts only where it cannot be undone:
//! what a block says about a refund can be replaced as long as the block is not final.

use florin_kernel::payment::Doubt;
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::{Broadcast, ChainError, Place, SignedTransaction};
use serde_json::json;

use super::EthereumChain;
use super::node::block;
use super::rpc::Rpc;
use super::transaction::{Signed, read_token_transfer};
use super::transfers::of_transaction;
use super::wire::{FullBlock, Header, Receipt, Transaction};
use super::words::{Address, Hash, Quantity, quantity, unhex};
use crate::coins::json_rpc::RpcError;

/// Where a chain does not tell what is final, this deep is taken for it.
const SETTLED_DEPTH: u64 = 64;
/// What nodes say of a transaction that no node will ever take as it is. Their other words may mean that it is not its time yet.
const NEVER: [&str; 6] =
    ["insufficient funds", "intrinsic gas", "gas limit", "chain id", "invalid sender", "invalid signature"];

/// The height up to which nothing changes any more.
///
/// # Errors
/// [`RpcError`] when the node does not tell.
pub async fn settled_height(rpc: &Rpc) -> Result<u64, RpcError> {
    match rpc.call::<Option<Header>>("eth_getBlockByNumber", json!(["finalized", false])).await {
        Ok(Some(header)) => Ok(header.number.0),
        Ok(None) | Err(RpcError::Refused { .. }) => {
            let Quantity(height) = rpc.call("eth_blockNumber", json!([])).await?;
            Ok(height.saturating_sub(SETTLED_DEPTH))
        }
        Err(error) => Err(error),
    }
}

/// How many transactions an account has sent, up to a block.
///
/// # Errors
/// [`RpcError`] when the node does not tell.
pub async fn count(rpc: &Rpc, account: Address, at: &str) -> Result<u64, RpcError> {
    rpc.call::<Quantity>("eth_getTransactionCount", json!([account, at])).await.map(|count| count.0)
}

impl EthereumChain {
    pub(super) async fn send(&self, lane: Lane, signed: &SignedTransaction) -> Broadcast {
        let read = unhex(&signed.raw).and_then(|raw| Signed::read(&raw));
        let of_this_chain = |read: &Signed| read.unsigned.chain_id == self.settings.chain_id;
        let Some(read) = read.filter(|read| of_this_chain(read) && read.txid.to_string() == signed.txid) else {
            return Broadcast::Refused("its bytes are not a transaction of this chain".to_owned());
        };
        let (txid, nonce) = (&signed.txid, read.unsigned.nonce);
        self.refunds.lock().expect("no holder of the lock panics").insert(txid.clone(), (read.from, nonce));
        let broadcast = match self.rpc.call::<Hash>("eth_sendRawTransaction", json!([signed.raw])).await {
            Ok(hash) if hash == read.txid => Broadcast::Sent,
            Ok(_) => Broadcast::Unknown(Doubt::Garbled),
            Err(RpcError::Refused { message, .. }) => self.refused(&read, &message).await,
            Err(error) => Broadcast::Unknown(error.doubt()),
        };
        if let Some(nonces) = &self.nonces {
            let kept = match &broadcast {
                Broadcast::Sent | Broadcast::Unknown(_) => nonces.sent(lane, nonce, txid).await,
                Broadcast::Refused(_) => nonces.not_sent(lane, nonce, txid).await,
            };
            if let Err(error) = kept {
                tracing::error!(txid, error, "what became of a refund's number could not be kept");
            }
        }
        broadcast
    }

    /// What a node's no means: that it has it already, that it may be mined later, or that it never can be.
    async fn refused(&self, read: &Signed, message: &str) -> Broadcast {
        match self.look_up(&read.txid.to_string()).await {
            Ok(Some(Place::Block(_) | Place::Mempool)) => return Broadcast::Sent,
            Ok(None) => {}
            // It is looked up again, and then ends by what is found.
            Ok(Some(Place::Conflicted { .. } | Place::Missing | Place::Replaced { .. })) | Err(_) => {
                return Broadcast::Unknown(Doubt::Lost);
            }
        }
        let unused = count(&self.rpc, read.from, "latest").await.is_ok_and(|count| count <= read.unsigned.nonce);
        let words = message.to_ascii_lowercase();
        match unused && NEVER.iter().any(|never| words.contains(never)) {
            true => Broadcast::Refused(message.to_owned()),
            false => Broadcast::Unknown(Doubt::Garbled),
        }
    }

    /// Where a refund is.
    pub(super) async fn look_up(&self, txid: &str) -> Result<Option<Place>, RpcError> {
        // Whoever asks may leave out what hashes begin with.
        let with_prefix = if txid.starts_with("0x") { txid.to_owned() } else { format!("0x{txid}") };
        let found: Option<Transaction> = self.rpc.call("eth_getTransactionByHash", json!([with_prefix])).await?;
        let Some(transaction) = found else { return self.superseded(txid).await };
        if transaction.block_hash.is_none() {
            return Ok(Some(Place::Mempool));
        }
        let receipt: Option<Receipt> = self.rpc.call("eth_getTransactionReceipt", json!([txid])).await?;
        let Some(receipt) = receipt else { return Ok(Some(Place::Mempool)) };
        let header: Option<Header> = self.rpc.call("eth_getBlockByHash", json!([receipt.block_hash, false])).await?;
        let Some(header) = header.filter(|header| header.number == receipt.block_number) else {
            return Ok(Some(Place::Mempool));
        };
        let garbled = |error: ChainError| RpcError::Garbled(error.to_string());
        if self.paid(&transaction, &receipt) {
            let block = block(header.number, header.hash, header.timestamp).map_err(garbled)?;
            return Ok(Some(Place::Block(block)));
        }
        // It was undone: final once its block is. A replaced block may hold it once more, with another end.
        Ok(Some(match header.number.0 <= settled_height(&self.rpc).await? {
            true => Place::Conflicted { by: None },
            false => Place::Mempool,
        }))
    }

    /// Whether a mined refund did what it was to do: a token's transfer may fail without being undone, and then tells nothing.
    fn paid(&self, transaction: &Transaction, receipt: &Receipt) -> bool {
        let token = transaction.to.and_then(|to| self.tokens.get(&to).copied());
        match (token, read_token_transfer(&transaction.input.0)) {
            (Some(coin), Some((to, _))) => {
                let moved = of_transaction(transaction, receipt, &self.tokens);
                moved.iter().any(|transfer| transfer.coin == coin && transfer.to == to)
            }
            (Some(_), None) | (None, _) => receipt.succeeded(),
        }
    }

    /// A refund that is nowhere: proven impossible where a final block holds another transaction of its sender with its number. A node
    /// that forgot an old transaction proves nothing.
    async fn superseded(&self, txid: &str) -> Result<Option<Place>, RpcError> {
        let sent = self.refunds.lock().expect("no holder of the lock panics").get(txid).copied();
        let Some((from, nonce)) = sent else { return Ok(None) };
        let settled = settled_height(&self.rpc).await?;
        match self.user_of(from, nonce, settled).await {
            Ok(Some(user)) if user.to_string() != txid => Ok(Some(Place::Conflicted { by: Some(user.to_string()) })),
            // Its state is forgotten: nothing is proven.
            Ok(_) | Err(RpcError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The transaction that used an account's number, up to a height: searched backwards, then between.
    async fn user_of(&self, from: Address, nonce: u64, settled: u64) -> Result<Option<Hash>, RpcError> {
        let used = async |height: u64| {
            let count = count(&self.rpc, from, &quantity(height.into())).await?;
            Ok::<bool, RpcError>(count > nonce)
        };
        if !used(settled).await? {
            return Ok(None);
        }
        let (mut before, mut after, mut span) = (settled, settled, 1);
        while before == after {
            before = after.saturating_sub(span);
            if before == after || used(before).await? {
                if before == 0 {
                    return Ok(None);
                }
                (after, span) = (before, span * 2);
            }
        }
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            if used(middle).await? { after = middle } else { before = middle }
        }
        let params = json!([quantity(after.into()), true]);
        let block: Option<FullBlock> = self.rpc.call("eth_getBlockByNumber", params).await?;
        let mut transactions = block.into_iter().flat_map(|block| block.transactions);
        let user = transactions.find(|transaction| transaction.from == from && transaction.nonce.0 == nonce);
        Ok(user.map(|transaction| transaction.hash))
    }
}
