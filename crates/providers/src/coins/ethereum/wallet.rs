//! The wallet that refunds are paid from. A refund gets a number and a fee once, these are kept, and whoever holds the key signs just
//! that: the node's own wallet, or an external signer over HTTP (crypto contract, section 11). What was signed is read back and compared
//! before it is believed.

use std::sync::Arc;

use async_trait::async_trait;
use florin_kernel::Coin;
use florin_kernel::coin::Units;
use florin_kernel::payment::Doubt;
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::{RefundOrder, Signature, SignedTransaction, Signer};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::EthereumChain;
use super::node::gas_price;
use super::nonces::{Nonces, Used};
use super::rpc::Rpc;
use super::send::{count, settled_height};
use super::transaction::{Signed, Unsigned, token_transfer};
use super::transfers::Tokens;
use super::words::{Address, Bytes, Quantity, Wide, hex, quantity, unhex};
use crate::coins::external_signer::{ExternalSigner, Request};
use crate::coins::json_rpc::RpcError;
use crate::coins::simulated::Shelf;

mod node_wallet;

/// More gas than any token's transfer takes: what would take more is no payment.
const GAS_MAX: u64 = 500_000;

/// Who holds the key.
pub enum KeyHolder {
    /// The node's own wallet (`eth_signTransaction`).
    Node,
    /// A signer of the operator's.
    External(ExternalSigner),
}

/// A wallet on one chain.
pub struct EthereumWallet {
    network: String,
    chain_id: u64,
    account: Address,
    tokens: Tokens,
    holder: KeyHolder,
    rpc: Arc<Rpc>,
    shelf: Arc<dyn Shelf>,
    nonces: Arc<Nonces>,
    /// One refund after the other gets its number and its signature, so that one without a signature leaves no gap before others.
    turn: tokio::sync::Mutex<()>,
}

/// A refund as it is kept: what is to be signed, and what was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    unsigned: Unsigned,
    /// Where the coins arrive, and how many: of a token these stand in the call's bytes.
    to: String,
    units: Units,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signed: Option<SignedTransaction>,
    /// The clear no, which stays one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

/// What whoever holds the key says.
enum Reply {
    /// Bytes, not yet believed.
    Raw(Vec<u8>),
    Refused(String),
    Unknown(Doubt),
}

/// Why a refund is not signed now.
enum Trouble {
    /// It never will be as it is.
    Refused(String),
    Unknown(Doubt),
}

impl From<RpcError> for Trouble {
    fn from(error: RpcError) -> Trouble {
        tracing::warn!(%error, "the node does not help with a refund");
        Trouble::Unknown(error.doubt())
    }
}

/// What cannot be kept is not signed.
fn not_kept(error: String) -> Trouble {
    tracing::error!(error, "a refund could not be kept");
    Trouble::Unknown(Doubt::Lost)
}

impl EthereumChain {
    /// The wallet of an account on this chain, for whoever signs; the chain tells it what becomes of its transactions.
    ///
    /// # Errors
    /// A sentence, when the account is no address.
    pub fn open_wallet(
        &mut self,
        account: &str,
        holder: KeyHolder,
        shelf: Arc<dyn Shelf>,
    ) -> Result<EthereumWallet, String> {
        let account = Address::read(account).ok_or_else(|| format!("{account} is not an address"))?;
        let nonces = Arc::new(Nonces::new(shelf.clone(), &self.network.name, &account.to_string()));
        self.nonces = Some(nonces.clone());
        Ok(EthereumWallet {
            network: self.network.name.clone(),
            chain_id: self.settings.chain_id,
            account,
            tokens: self.tokens.clone(),
            holder,
            rpc: self.rpc.clone(),
            shelf,
            nonces,
            turn: tokio::sync::Mutex::default(),
        })
    }
}

#[async_trait]
impl Signer for EthereumWallet {
    fn signs(&self, network: &str, lane: Lane) -> bool {
        match lane {
            Lane::Live => network == self.network,
            Lane::Dev(_) => false,
        }
    }

    async fn sign(&self, order: &RefundOrder) -> Signature {
        let _turn = self.turn.lock().await;
        match self.sign_in_turn(order).await {
            Ok(signed) => Signature::Signed(signed),
            Err(Trouble::Refused(why)) => Signature::Refused(why),
            Err(Trouble::Unknown(doubt)) => Signature::Unknown(doubt),
        }
    }
}

impl EthereumWallet {
    fn document(&self, operation: &str) -> String {
        format!("{}/refund/{operation}", self.network)
    }

    async fn sign_in_turn(&self, order: &RefundOrder) -> Result<SignedTransaction, Trouble> {
        let name = self.document(&order.operation);
        let stored = self.shelf.load(&name, order.lane).await.map_err(not_kept)?;
        let (version, kept) = match stored {
            Some((version, text)) => {
                let kept: Kept = serde_json::from_str(&text).map_err(|error| not_kept(error.to_string()))?;
                (Some(version), Some(kept))
            }
            None => (None, None),
        };
        let same = |kept: &Kept| kept.to == order.to && kept.units == order.units;
        let (version, kept) = match kept {
            // The same id for something else is never signed.
            Some(kept) if !same(&kept) => return Err(Trouble::Refused("another refund has this id".to_owned())),
            Some(Kept { signed: Some(signed), .. }) => return Ok(signed),
            Some(Kept { refused: Some(why), .. }) => return Err(Trouble::Refused(why)),
            Some(kept) => (version, kept),
            None => {
                let unsigned = self.build(order).await?;
                let kept = Kept { unsigned, to: order.to.clone(), units: order.units, signed: None, refused: None };
                (self.keep(&name, order.lane, version, &kept).await?, kept)
            }
        };
        let signed = match self.ask(order, &kept.unsigned).await {
            Reply::Raw(raw) => self.read_back(&raw, &kept.unsigned)?,
            Reply::Unknown(doubt) => return Err(Trouble::Unknown(doubt)),
            Reply::Refused(why) => {
                self.keep(&name, order.lane, version, &Kept { refused: Some(why.clone()), ..kept }).await?;
                self.nonces.not_signed(order.lane, &order.operation).await.map_err(not_kept)?;
                return Err(Trouble::Refused(why));
            }
        };
        let with_signature = Kept { signed: Some(signed.clone()), ..kept };
        self.keep(&name, order.lane, version, &with_signature).await?;
        let nonce = with_signature.unsigned.nonce;
        self.nonces.signed(order.lane, nonce, &signed.txid).await.map_err(not_kept)?;
        Ok(signed)
    }

    /// Writes a refund down; the version it has then. Where another process was quicker, that one's counts.
    async fn keep(&self, name: &str, lane: Lane, version: Option<i64>, kept: &Kept) -> Result<Option<i64>, Trouble> {
        let text = serde_json::to_string(kept).map_err(|error| not_kept(error.to_string()))?;
        match self.shelf.save(name, lane, version, text).await.map_err(not_kept)? {
            true => {
                let stored = self.shelf.load(name, lane).await.map_err(not_kept)?;
                Ok(stored.map(|(version, _)| version))
            }
            false => Err(Trouble::Unknown(Doubt::Lost)),
        }
    }

    /// A refund's transaction, with its number and the fee of now. What the wallet surely cannot pay is refused before it gets a number.
    async fn build(&self, order: &RefundOrder) -> Result<Unsigned, Trouble> {
        let recipient = Address::read(&order.to).ok_or_else(|| Trouble::Refused("it goes to no address".to_owned()))?;
        let units = order.units.number();
        let contract = self.tokens.iter().find(|(_, coin)| **coin == order.coin).map(|(contract, _)| *contract);
        let (to, value, data) = match (order.coin, contract) {
            (Coin::Eth, _) => (recipient, units, Vec::new()),
            (Coin::Usdt | Coin::Usdc, Some(contract)) => (contract, 0, token_transfer(recipient, units)),
            (Coin::Usdt | Coin::Usdc, None) | (Coin::Btc, _) => {
                return Err(Trouble::Refused(format!("{} is not on this chain", order.coin.code())));
            }
        };
        let data = Bytes(data);
        let price = gas_price(&self.rpc).await?;
        if let Some(contract) = contract {
            self.has_tokens(contract, units).await?;
        }
        let gas = self.gas(to, value, &data).await?;
        let (max_fee, max_priority_fee) = (price.patient(), price.tip);
        let mut unsigned =
            Unsigned { chain_id: self.chain_id, nonce: 0, max_priority_fee, max_fee, gas, to, value, data };
        let balance: Wide = self.rpc.call("eth_getBalance", json!([self.account, "latest"])).await?;
        if balance.number().is_some_and(|balance| balance < value.saturating_add(unsigned.fee_max())) {
            return Err(Trouble::Refused("the wallet has not enough coins for it and its fee".to_owned()));
        }
        let settled = quantity(settled_height(&self.rpc).await?.into());
        let used = Used {
            next: count(&self.rpc, self.account, "pending").await?,
            // A node that forgot that state: nothing is forgotten here.
            settled: count(&self.rpc, self.account, &settled).await.unwrap_or(0),
        };
        unsigned.nonce = self.nonces.reserve(order.lane, &order.operation, used).await.map_err(not_kept)?;
        Ok(unsigned)
    }

    async fn has_tokens(&self, contract: Address, units: u128) -> Result<(), Trouble> {
        // The call `balanceOf(address)` (ERC-20).
        let mut data = vec![0x70, 0xa0, 0x82, 0x31];
        data.extend([0; 12]);
        data.extend(self.account.0);
        let call = json!([{ "to": contract, "data": hex(&data) }, "latest"]);
        let told: Bytes = self.rpc.call("eth_call", call).await?;
        let balance = <[u8; 32]>::try_from(told.0).map_err(|_| Trouble::Unknown(Doubt::Garbled))?;
        match Wide(balance) < Wide::of(units) {
            true => Err(Trouble::Refused("the wallet has not enough tokens for it".to_owned())),
            false => Ok(()),
        }
    }

    /// What it takes, and a quarter more for a token, whose books may have changed until it is mined.
    async fn gas(&self, to: Address, value: u128, data: &Bytes) -> Result<u64, Trouble> {
        let call = json!([{ "from": self.account, "to": to, "value": quantity(value), "data": data }]);
        let Quantity(estimate) = match self.rpc.call("eth_estimateGas", call).await {
            Ok(estimate) => estimate,
            Err(RpcError::Refused { message, .. }) => {
                return Err(Trouble::Refused(format!("it would fail: {message}")));
            }
            Err(error) => return Err(error.into()),
        };
        let gas = if data.0.is_empty() { estimate } else { estimate.saturating_add(estimate / 4) };
        match gas <= GAS_MAX {
            true => Ok(gas),
            false => Err(Trouble::Refused(format!("it would take {gas} gas"))),
        }
    }

    async fn ask(&self, order: &RefundOrder, unsigned: &Unsigned) -> Reply {
        match &self.holder {
            KeyHolder::Node => node_wallet::sign(&self.rpc, self.fields(unsigned)).await,
            KeyHolder::External(signer) => {
                let request = Request {
                    operation_id: &order.operation,
                    network: &self.network,
                    unsigned: self.fields(unsigned),
                    outputs: vec![(order.to.clone(), order.units)],
                    fee_limit: Units::new(unsigned.fee_max()),
                };
                match signer.sign(&request).await {
                    Ok(signed) => signed.as_str().and_then(unhex).map_or(Reply::Unknown(Doubt::Garbled), Reply::Raw),
                    Err(Signature::Refused(why)) => Reply::Refused(why),
                    Err(Signature::Unknown(doubt)) => Reply::Unknown(doubt),
                    // It tells what it signed; this is for its caller to say.
                    Err(Signature::Signed(_)) => Reply::Unknown(Doubt::Garbled),
                }
            }
        }
    }

    /// The transaction in the words of JSON-RPC.
    fn fields(&self, unsigned: &Unsigned) -> Value {
        json!({
            "type": "0x2",
            "chainId": quantity(unsigned.chain_id.into()),
            "from": self.account,
            "nonce": quantity(unsigned.nonce.into()),
            "maxPriorityFeePerGas": quantity(unsigned.max_priority_fee),
            "maxFeePerGas": quantity(unsigned.max_fee),
            "gas": quantity(unsigned.gas.into()),
            "to": unsigned.to,
            "value": quantity(unsigned.value),
            "data": unsigned.data,
        })
    }

    /// What was signed, where it is what was asked for and this wallet's key signed it.
    fn read_back(&self, raw: &[u8], unsigned: &Unsigned) -> Result<SignedTransaction, Trouble> {
        let signed = Signed::read(raw).filter(|signed| signed.unsigned == *unsigned && signed.from == self.account);
        let Some(signed) = signed else {
            tracing::error!(account = %self.account, "what was signed is not what was asked for; it is not sent");
            return Err(Trouble::Unknown(Doubt::Garbled));
        };
        let fee = Units::new(unsigned.fee_max());
        Ok(SignedTransaction { txid: signed.txid.to_string(), raw: hex(raw), fee })
    }
}
