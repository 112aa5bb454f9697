//! What a tester may do to a simulated chain (crypto contract, section 14).

use std::collections::BTreeMap;
use std::sync::Arc;

use async_recursion::async_recursion as boxed;
use florin_kernel::coin::Units;
use florin_kernel::fx::Rate;
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::{Frailty, Place, Screening};
use florin_kernel::{Asset, Coin};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::ledger::{Fault, Invoice, Ledger, Transaction};
use super::{SimulatedChain, digest};
use crate::coins::rates::StaticRates;

/// Blocks that may be mined or replaced at once.
const BLOCKS_MAX: u64 = 200;
const DEPTH_MAX: u64 = 144;

/// Both simulated chains and the table of rates, for whoever tests with them.
#[derive(Clone)]
pub struct Sandbox {
    /// The simulated bitcoin.
    pub bitcoin: Arc<SimulatedChain>,
    /// The simulated ethereum.
    pub ethereum: Arc<SimulatedChain>,
    /// The table of rates.
    pub rates: Arc<StaticRates>,
}

/// Why something cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SandboxError {
    /// No such operation.
    #[error("no such operation")]
    Unknown,
    /// A field does not fit.
    #[error("{field}: {why}")]
    Field {
        /// Which.
        field: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The chain cannot be read or written.
    #[error("the simulated chain is not available: {0}")]
    Unavailable(String),
}

fn field<T>(field: &'static str, why: &'static str) -> Result<T, SandboxError> {
    Err(SandboxError::Field { field, why })
}

type Fields = BTreeMap<String, String>;

impl Sandbox {
    /// The networks that were touched by an operation need not be known: both are followed again.
    pub fn networks(&self) -> [String; 2] {
        [self.bitcoin.network.name.clone(), self.ethereum.network.name.clone()]
    }

    /// Does one operation to the chains of a lane; what is worth telling.
    ///
    /// # Errors
    /// [`SandboxError`]; nothing has happened then.
    #[boxed]
    pub async fn run(&self, lane: Lane, operation: &str, fields: &Fields) -> Result<Value, SandboxError> {
        match operation {
            "send" => self.send(lane, fields).await,
            "mine" => self.mine(lane, fields).await,
            "reorg" => self.reorganise(lane, fields).await,
            "double_spend" => self.double_spend(lane, fields).await,
            "drop" => self.to_transaction(lane, fields, |ledger, txid| ledger.drop_transaction(txid)).await,
            "bump" => self.bump(lane, fields).await,
            "node" => self.misbehave(lane, fields).await,
            "rate" => self.rate(lane, fields),
            "kyt" => {
                let screening = screening(fields.get("verdict").map(String::as_str))?;
                self.to_transaction(lane, fields, move |ledger, txid| ledger.judge(txid, screening)).await
            }
            "state" => self.state(lane).await,
            _ => Err(SandboxError::Unknown),
        }
    }

    fn chain(&self, fields: &Fields) -> Result<&SimulatedChain, SandboxError> {
        Ok(match coin(fields)? {
            Coin::Btc => &self.bitcoin,
            Coin::Eth | Coin::Usdt | Coin::Usdc => &self.ethereum,
        })
    }

    /// The chain and what is expected at an address.
    async fn expected(&self, lane: Lane, address: &str) -> Result<Option<(&SimulatedChain, Invoice)>, SandboxError> {
        for chain in [self.bitcoin.as_ref(), self.ethereum.as_ref()] {
            let found = chain.with(lane, |ledger, _| {
                let found = ledger.invoices.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(address));
                found.map(|(_, invoice)| invoice.clone())
            });
            if let Some(invoice) = found.await.map_err(SandboxError::Unavailable)? {
                return Ok(Some((chain, invoice)));
            }
        }
        Ok(None)
    }

    async fn send(&self, lane: Lane, fields: &Fields) -> Result<Value, SandboxError> {
        let Some(address) = fields.get("address") else { return field("address", "is missing") };
        let Some((chain, invoice)) = self.expected(lane, address).await? else {
            return field("address", "is not one of a payment here");
        };
        let Invoice { coin, units: asked, .. } = invoice;
        let amount = match fields.get("amount") {
            Some(text) => match Units::parse(text, coin).filter(|units| !units.is_zero()) {
                Some(units) => Some(units),
                None => return field("amount", "is not an amount of the coin"),
            },
            None => None,
        };
        let mode = fields.get("mode").map_or("exact", String::as_str).to_owned();
        if !["exact", "under", "over", "rest"].contains(&mode.as_str()) {
            return field("mode", "is none of exact, under, over, rest");
        }
        let replaceable = match fields.get("replaceable").map(String::as_str) {
            Some("true" | "1") => true,
            Some("false" | "0") | None => false,
            Some(_) => return field("replaceable", "is neither true nor false"),
        };
        let slow = match fields.get("fee").map(String::as_str) {
            Some("slow") => true,
            Some("fast") | None => false,
            Some(_) => return field("fee", "is neither fast nor slow"),
        };
        let screening = screening(fields.get("kyt").map(String::as_str).or(Some("pass")))?;
        let frailty = match (replaceable, slow) {
            (true, _) => Some(Frailty::Replaceable),
            (false, true) => Some(Frailty::LowFee),
            (false, false) => None,
        };
        let sent = chain.with(lane, |ledger, now| {
            let there = |tx: &&Transaction| {
                let known = tx.address.eq_ignore_ascii_case(address) && tx.coin == coin;
                known && matches!(tx.place, Place::Mempool | Place::Block(_))
            };
            let received: Units = ledger.transactions.iter().filter(there).map(|tx| tx.units).sum();
            let units = amount.unwrap_or_else(|| match mode.as_str() {
                "under" => Units::new(asked.number() / 2),
                "over" => asked.plus(Units::new(asked.number().div_ceil(10))),
                "rest" => asked.less(received),
                _ => asked,
            });
            let txid = digest(&["send", address, &ledger.revision.to_string(), &now.as_millisecond().to_string()]);
            if !units.is_zero() {
                ledger.announce(Transaction {
                    txid: txid.clone(),
                    address: address.to_ascii_lowercase(),
                    coin,
                    units,
                    seen_at: now,
                    place: Place::Mempool,
                    frailty,
                    screening,
                    // A miner prefers others for a while.
                    minable_at: now + SignedDuration::from_secs(if slow { 60 } else { 0 }),
                    revision: 0,
                });
            }
            (txid, units)
        });
        let (txid, units) = sent.await.map_err(SandboxError::Unavailable)?;
        if units.is_zero() {
            return field("mode", "nothing is left to be paid");
        }
        Ok(json!({ "txid": txid, "amount": units.decimal(coin), "currency": coin.code() }))
    }

    async fn mine(&self, lane: Lane, fields: &Fields) -> Result<Value, SandboxError> {
        let chain = self.chain(fields)?;
        let blocks = number(fields, "blocks", 1, BLOCKS_MAX)?;
        let mined = chain.with(lane, |ledger, now| {
            ledger.mine(now, blocks);
            ledger.tip(now)
        });
        let tip = mined.await.map_err(SandboxError::Unavailable)?;
        Ok(json!({ "height": tip.height, "hash": tip.hash }))
    }

    async fn reorganise(&self, lane: Lane, fields: &Fields) -> Result<Value, SandboxError> {
        let chain = self.chain(fields)?;
        let depth = number(fields, "depth", 1, DEPTH_MAX)?;
        let dropped: Vec<String> = fields
            .get("drop")
            .map(|text| text.split(',').map(str::trim).map(str::to_owned).collect())
            .unwrap_or_default();
        let done = chain.with(lane, |ledger, now| {
            ledger.reorganise(now, depth, &dropped);
            ledger.tip(now)
        });
        let tip = done.await.map_err(SandboxError::Unavailable)?;
        Ok(json!({ "height": tip.height, "hash": tip.hash }))
    }

    /// Does something to a transaction on whichever chain knows it.
    async fn to_transaction(
        &self,
        lane: Lane,
        fields: &Fields,
        change: impl Fn(&mut Ledger, &str) -> bool + Send + Sync,
    ) -> Result<Value, SandboxError> {
        let Some(txid) = fields.get("txid") else { return field("txid", "is missing") };
        for chain in [&self.bitcoin, &self.ethereum] {
            let done = chain.with(lane, |ledger, _| change(ledger, txid)).await.map_err(SandboxError::Unavailable)?;
            if done {
                return Ok(json!({ "txid": txid }));
            }
        }
        field("txid", "is not a transaction of which this can be done")
    }

    async fn double_spend(&self, lane: Lane, fields: &Fields) -> Result<Value, SandboxError> {
        let mined = match fields.get("mined").map(String::as_str) {
            Some("true" | "1") => true,
            Some("false" | "0") | None => false,
            Some(_) => return field("mined", "is neither true nor false"),
        };
        self.to_transaction(lane, fields, move |ledger, txid| ledger.double_spend(txid, mined)).await
    }

    async fn bump(&self, lane: Lane, fields: &Fields) -> Result<Value, SandboxError> {
        let Some(txid) = fields.get("txid") else { return field("txid", "is missing") };
        for chain in [&self.bitcoin, &self.ethereum] {
            let bumped = chain.with(lane, |ledger, now| ledger.bump(txid, now)).await;
            if let Some(new) = bumped.map_err(SandboxError::Unavailable)? {
                return Ok(json!({ "txid": new }));
            }
        }
        field("txid", "is not a transaction in the mempool")
    }

    async fn misbehave(&self, lane: Lane, fields: &Fields) -> Result<Value, SandboxError> {
        let chain = self.chain(fields)?;
        let fault = match fields.get("fault").map(String::as_str) {
            Some("down") => Some(Fault::Down),
            Some("lag") => Some(Fault::Lag),
            Some("html") => Some(Fault::Html),
            Some("slow") => Some(Fault::Slow),
            Some("none") => None,
            Some(_) | None => return field("fault", "is none of down, lag, html, slow, none"),
        };
        let seconds = number(fields, "seconds", 60, 86_400)?;
        let seconds = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(60));
        let set = chain.with(lane, |ledger, now| ledger.fault = fault.map(|fault| (fault, now + seconds)));
        set.await.map_err(SandboxError::Unavailable)?;
        Ok(json!({}))
    }

    fn rate(&self, lane: Lane, fields: &Fields) -> Result<Value, SandboxError> {
        let coin = coin(fields)?;
        let Some(fiat) = fields.get("invoice_currency").and_then(|code| Asset::currency(code)) else {
            return field("invoice_currency", "is not a currency");
        };
        match (fields.get("mid").map(|text| Rate::parse(text)), fields.get("stale").map(String::as_str)) {
            (Some(Some(mid)), _) => self.rates.set(lane, coin, fiat, mid),
            (None, Some("true" | "1")) => self.rates.stale(lane, coin, fiat),
            (Some(None), _) | (None, _) => return field("mid", "is not a rate"),
        }
        Ok(json!({}))
    }

    async fn state(&self, lane: Lane) -> Result<Value, SandboxError> {
        let mut chains = Vec::new();
        for chain in [&self.bitcoin, &self.ethereum] {
            let told = chain.with(lane, |ledger, now| {
                let tip = ledger.tip(now);
                let transactions: Vec<Value> = ledger.transactions.iter().map(|tx| told(tx, tip.height)).collect();
                json!({
                    "network": chain.network.name,
                    "height": tip.height,
                    "hash": tip.hash,
                    "mempool": ledger.transactions.iter().filter(|tx| tx.place == Place::Mempool).count(),
                    "transactions": transactions,
                })
            });
            chains.push(told.await.map_err(SandboxError::Unavailable)?);
        }
        let now = self.bitcoin.clock.now(lane);
        Ok(json!({ "time": now.to_string(), "chains": chains }))
    }
}

fn told(tx: &Transaction, height: u64) -> Value {
    let (place, confirmations) = match &tx.place {
        Place::Mempool => ("mempool", 0),
        Place::Block(block) => ("block", (height + 1).saturating_sub(block.height)),
        Place::Missing => ("missing", 0),
        Place::Replaced { .. } => ("replaced", 0),
        Place::Conflicted { .. } => ("conflicted", 0),
    };
    json!({
        "txid": tx.txid,
        "address": tx.address,
        "currency": tx.coin.code(),
        "amount": tx.units.decimal(tx.coin),
        "place": place,
        "confirmations": confirmations,
    })
}

fn coin(fields: &Fields) -> Result<Coin, SandboxError> {
    let code = fields.get("currency").map(|code| code.to_ascii_uppercase());
    match code.as_deref().and_then(Coin::from_code) {
        Some(coin) => Ok(coin),
        None => field("currency", "is not a coin"),
    }
}

fn number(fields: &Fields, name: &'static str, absent: u64, most: u64) -> Result<u64, SandboxError> {
    match fields.get(name).map(|text| text.parse::<u64>()) {
        None => Ok(absent),
        Some(Ok(value)) if (1..=most).contains(&value) => Ok(value),
        Some(Ok(_) | Err(_)) => field(name, "is out of its range"),
    }
}

fn screening(text: Option<&str>) -> Result<Screening, SandboxError> {
    match text {
        Some("pass") => Ok(Screening::Pass),
        Some("pending") => Ok(Screening::Pending),
        Some("review") => Ok(Screening::Review),
        Some("reject") => Ok(Screening::Reject),
        Some(_) | None => field("verdict", "is none of pass, pending, review, reject"),
    }
}
