//! Refunds out of a node's wallet. The wallet chooses the coins; it signs itself, or somebody outside does. What was signed is checked here
//! before anybody stores it; nothing is sent from here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use ::bitcoin::consensus::encode::deserialize_hex;
use ::bitcoin::{Address, OutPoint, Psbt, Script, Transaction};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use florin_kernel::Coin;
use florin_kernel::coin::Units;
use florin_kernel::payment::Doubt;
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::{RefundOrder, Signature, SignedTransaction, Signer};
use serde_json::{Value, json};

use super::{BitcoinNode, BitcoinSettings, keys};
use crate::coins::external_signer::{ExternalSigner, Request};
use crate::coins::json_rpc::{JsonRpc, RpcError};

/// Codes of a wallet that cannot pay: not enough coins, or an amount that it will not send.
const CANNOT_PAY: [i64; 2] = [-6, -8];
/// The code for everything that went wrong in a wallet; its words tell more.
const WALLET_ERROR: i64 = -4;
/// It is there, and not loaded.
const NOT_LOADED: i64 = -18;
/// Signed transactions that are remembered; their orders were stored long before.
const SIGNED_MAX: usize = 1_000;

/// A node's wallet as the signer of a network's refunds.
pub struct NodeWallet {
    node: Arc<BitcoinNode>,
    rpc: JsonRpc,
    name: String,
    keys: Keys,
    fee_max: Units,
    /// What was signed in this process: the same refund gets the same transaction.
    signed: Mutex<HashMap<String, SignedTransaction>>,
    turn: tokio::sync::Mutex<()>,
}

/// Who has the keys of a wallet's coins.
pub enum Keys {
    /// The wallet itself.
    Wallet,
    /// Somebody outside; the wallet only watches.
    External(ExternalSigner),
}

/// A wallet of a node.
pub(super) fn rpc(node: &JsonRpc, name: &str) -> JsonRpc {
    node.at(&format!("/wallet/{name}"))
}

/// Why nothing is signed.
enum Trouble {
    /// It surely never will be.
    No(String),
    /// It may be later.
    Doubt(Doubt),
}

const GARBLED: Trouble = Trouble::Doubt(Doubt::Garbled);

impl NodeWallet {
    /// The wallet that a network's settings name; nobody where they name none.
    pub fn of(node: &Arc<BitcoinNode>, settings: &BitcoinSettings, keys: Keys) -> Option<NodeWallet> {
        Some(NodeWallet {
            rpc: node.wallet.clone()?,
            node: node.clone(),
            name: settings.wallet.clone()?,
            keys,
            fee_max: settings.refund_fee_max,
            signed: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        })
    }

    async fn pay(&self, order: &RefundOrder) -> Result<SignedTransaction, Trouble> {
        let to = keys::read(&order.to, self.node.chain).ok_or_else(|| no("the address is none of this network"))?;
        let fee = self.node.fast_fee().await.map_err(|_| Trouble::Doubt(Doubt::Lost))?;
        // Inputs are locked, so that no other refund takes the same.
        let options = json!({"lockUnspents": true, "fee_rate": fee.number().to_string(), "replaceable": false});
        let outputs = json!([{ to.to_string(): order.units.decimal(Coin::Btc) }]);
        let funded = self.ask("walletcreatefundedpsbt", json!([[], outputs, 0, options])).await?;
        let unsigned = funded.get("psbt").and_then(Value::as_str).ok_or(GARBLED)?;
        let chosen = read(unsigned).ok_or(GARBLED)?.unsigned_tx;
        let signed = self.signed(order, &to, unsigned).await;
        let spent: Vec<OutPoint> = match &signed {
            Ok((transaction, _)) => transaction.input.iter().map(|input| input.previous_output).collect(),
            Err(_) => Vec::new(),
        };
        // A signer outside may have signed another one for this refund before.
        let free = chosen.input.iter().map(|input| input.previous_output).filter(|chosen| !spent.contains(chosen));
        self.unlock(free.collect()).await;
        signed.map(|(_, signed)| signed)
    }

    async fn signed(
        &self,
        order: &RefundOrder,
        to: &Address,
        unsigned: &str,
    ) -> Result<(Transaction, SignedTransaction), Trouble> {
        let signed = match &self.keys {
            Keys::Wallet => self.ask("walletprocesspsbt", json!([unsigned, true, "ALL"])).await?["psbt"].take(),
            Keys::External(signer) => {
                let request = Request {
                    operation_id: &order.operation,
                    network: &order.network,
                    unsigned: unsigned.into(),
                    outputs: vec![(to.to_string(), order.units)],
                    fee_limit: self.fee_max,
                };
                signer.sign(&request).await.map_err(|refusal| match refusal {
                    Signature::Refused(why) => Trouble::No(why),
                    Signature::Unknown(doubt) => Trouble::Doubt(doubt),
                    Signature::Signed(_) => GARBLED,
                })?
            }
        };
        let signed = signed.as_str().ok_or(GARBLED)?;
        let raw = match read(signed) {
            Some(_) => {
                let mut last = self.ask("finalizepsbt", json!([signed])).await?;
                last["hex"].take().as_str().ok_or_else(|| no("not all signatures are there"))?.to_owned()
            }
            None => signed.to_owned(),
        };
        let transaction: Transaction = deserialize_hex(&raw).map_err(|_| GARBLED)?;
        let fee = self.check(order, &to.script_pubkey(), &transaction).await?;
        let signed = SignedTransaction { txid: transaction.compute_txid().to_string(), raw, fee };
        Ok((transaction, signed))
    }

    /// It pays the refund, and nothing else leaves the wallet but a fee within its limit; tells the fee.
    async fn check(&self, order: &RefundOrder, to: &Script, transaction: &Transaction) -> Result<Units, Trouble> {
        let mut spent = Units::ZERO;
        for input in &transaction.input {
            spent = spent.plus(self.worth(&input.previous_output).await?);
        }
        let refund = |output: &&::bitcoin::TxOut| {
            *output.script_pubkey == *to && u128::from(output.value.to_sat()) == order.units.number()
        };
        let refund = transaction.output.iter().position(|output| refund(&output));
        let refund = refund.ok_or_else(|| no("it does not pay what was asked for"))?;
        for (place, output) in transaction.output.iter().enumerate() {
            if place != refund && !self.is_own(&output.script_pubkey).await? {
                return Err(no("it pays somebody else"));
            }
        }
        let paid: u128 = transaction.output.iter().map(|output| u128::from(output.value.to_sat())).sum();
        let fee = spent.number().checked_sub(paid).map(Units::new).ok_or(GARBLED)?;
        match fee > self.fee_max {
            true => Err(no("the network's fee is above the limit")),
            false => Ok(fee),
        }
    }

    /// What an output of the wallet's is worth.
    async fn worth(&self, of: &OutPoint) -> Result<Units, Trouble> {
        let told = self.ask("gettransaction", json!([of.txid])).await?;
        let raw = told.get("hex").and_then(Value::as_str).ok_or(GARBLED)?;
        let before: Transaction = deserialize_hex(raw).map_err(|_| GARBLED)?;
        let output = before.output.get(of.vout as usize).filter(|_| before.compute_txid() == of.txid);
        output.map(|output| Units::new(output.value.to_sat().into())).ok_or(GARBLED)
    }

    async fn is_own(&self, script: &Script) -> Result<bool, Trouble> {
        let Ok(address) = Address::from_script(script, self.node.chain) else { return Ok(false) };
        let told = self.ask("getaddressinfo", json!([address.to_string()])).await?;
        Ok(told.get("ismine").and_then(Value::as_bool) == Some(true))
    }

    /// Gives back what was set aside for a transaction that is not to be.
    async fn unlock(&self, outputs: Vec<OutPoint>) {
        if outputs.is_empty() {
            return;
        }
        let outputs: Vec<Value> = outputs.iter().map(|of| json!({"txid": of.txid, "vout": of.vout})).collect();
        if let Err(error) = self.rpc.call("lockunspent", json!([true, outputs])).await {
            tracing::warn!(%error, "coins of the refund wallet stay locked until its node starts again");
        }
    }

    /// Asks the wallet; one that is not loaded is loaded first.
    async fn ask(&self, method: &str, params: Value) -> Result<Value, Trouble> {
        let mut answer = self.rpc.call(method, params.clone()).await;
        if answer.as_ref().is_err_and(|error| error.code() == Some(NOT_LOADED)) {
            let loaded = self.node.node.rpc.call("loadwallet", json!([self.name])).await;
            if let Err(error) = loaded {
                tracing::error!(wallet = self.name, %error, "the refund wallet cannot be loaded");
            }
            answer = self.rpc.call(method, params).await;
        }
        answer.map_err(|error| trouble(method, &error))
    }
}

fn trouble(method: &str, error: &RpcError) -> Trouble {
    tracing::warn!(method, %error, "the refund wallet does not sign");
    match error {
        RpcError::Refused { code, message } if CANNOT_PAY.contains(code) => Trouble::No(message.clone()),
        RpcError::Refused { code: WALLET_ERROR, message } if message.contains("nsufficient funds") => {
            Trouble::No(message.clone())
        }
        other => Trouble::Doubt(other.doubt()),
    }
}

fn no(why: &str) -> Trouble {
    Trouble::No(why.to_owned())
}

/// A transaction with what is known of its signing, as nodes write it (BIP 174).
fn read(text: &str) -> Option<Psbt> {
    Psbt::deserialize(&STANDARD.decode(text).ok()?).ok()
}

#[async_trait]
impl Signer for NodeWallet {
    fn signs(&self, network: &str, lane: Lane) -> bool {
        let ours = network == self.node.network.name;
        match lane {
            Lane::Live => ours,
            Lane::Dev(_) => false,
        }
    }

    async fn sign(&self, order: &RefundOrder) -> Signature {
        // One after the other: a copy of an order waits for what the first one signs.
        let _turn = self.turn.lock().await;
        let known = self.signed.lock().expect("no holder of the lock panics").get(&order.operation).cloned();
        if let Some(known) = known {
            return Signature::Signed(known);
        }
        match self.pay(order).await {
            Ok(signed) => {
                let mut all = self.signed.lock().expect("no holder of the lock panics");
                if all.len() >= SIGNED_MAX {
                    all.clear();
                }
                all.insert(order.operation.clone(), signed.clone());
                Signature::Signed(signed)
            }
            Err(Trouble::No(why)) => Signature::Refused(why),
            Err(Trouble::Doubt(doubt)) => Signature::Unknown(doubt),
        }
    }
}
