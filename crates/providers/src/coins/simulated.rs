//! Simulated chains for test mode: one of bitcoin and one of ethereum with its tokens for every merchant, driven by its test clock and
//! kept as documents beside the payments (crypto contract, section 14). Nothing leaves the machine.

use std::sync::Arc;

use async_trait::async_trait;
use florin_kernel::coin::Units;
use florin_kernel::payment::Doubt;
use florin_kernel::ports::chain::{
    AddressStyle, Broadcast, Chain, ChainError, CoinOnNetwork, Cursor, Expected, Family, Fees, KeyError, Network,
    Place, RefundOrder, Screener, Screening, ScreeningRequest, Sighting, Signature, SignedTransaction, Signer, Step,
    Watched,
};
use florin_kernel::ports::{Clock, Lane};
use florin_kernel::{Coin, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

mod address;
mod ledger;
pub mod sandbox;
#[cfg(test)]
mod tests;
mod triggers;

use ledger::{Fault, Invoice, Ledger, Transaction};

/// Where simulated chains are kept, under a name in a lane. A document is replaced only at the version it was read at.
#[async_trait]
pub trait Shelf: Send + Sync {
    /// A document with its version.
    async fn load(&self, name: &str, lane: Lane) -> Result<Option<(i64, String)>, String>;
    /// Replaces it; false where somebody else was quicker.
    async fn save(&self, name: &str, lane: Lane, version: Option<i64>, document: String) -> Result<bool, String>;
}

/// A simulated chain for every merchant.
pub struct SimulatedChain {
    network: Network,
    block_s: i64,
    shelf: Arc<dyn Shelf>,
    clock: Arc<dyn Clock>,
    address_key: Vec<u8>,
}

/// The token contracts of the simulated ethereum; addresses of the main chain's, which payers know.
const USDT: &str = "0xdAC17F958D2ee523a2206206994597C13D831ec7";
const USDC: &str = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
/// The chain id of development chains.
const DEV_CHAIN_ID: u64 = 31_337;
/// What a refund costs, in base units of the fee coin.
const REFUND_FEE_BTC: u128 = 282;
const REFUND_FEE_ETH: u128 = 21_000_000_000_000;

impl SimulatedChain {
    /// The simulated bitcoin: a block every ten seconds.
    pub fn bitcoin(shelf: Arc<dyn Shelf>, clock: Arc<dyn Clock>, address_key: Vec<u8>) -> SimulatedChain {
        let coins = vec![CoinOnNetwork { coin: Coin::Btc, contract: None }];
        let network = Network {
            name: "simulated-bitcoin".to_owned(),
            family: Family::Bitcoin,
            coins,
            is_test: true,
            history: 288,
        };
        SimulatedChain { network, block_s: 10, shelf, clock, address_key }
    }

    /// The simulated ethereum with its tokens: a block every two seconds.
    pub fn ethereum(shelf: Arc<dyn Shelf>, clock: Arc<dyn Clock>, address_key: Vec<u8>) -> SimulatedChain {
        let token = |coin, contract: &str| CoinOnNetwork { coin, contract: Some(contract.to_owned()) };
        let coins =
            vec![CoinOnNetwork { coin: Coin::Eth, contract: None }, token(Coin::Usdt, USDT), token(Coin::Usdc, USDC)];
        let network = Network {
            name: "simulated-ethereum".to_owned(),
            family: Family::Ethereum { chain_id: DEV_CHAIN_ID },
            coins,
            is_test: true,
            history: 1024,
        };
        SimulatedChain { network, block_s: 2, shelf, clock, address_key }
    }

    fn document(&self) -> String {
        format!("{}/chain", self.network.name)
    }

    /// Changes the chain of a lane, after time has passed on it; what is written is what the change saw. Without a change nothing is.
    async fn with<T: Send>(
        &self,
        lane: Lane,
        change: impl Fn(&mut Ledger, Timestamp) -> T + Send + Sync,
    ) -> Result<T, String> {
        loop {
            let now = self.clock.now(lane);
            let stored = self.shelf.load(&self.document(), lane).await?;
            let (version, before) = match stored {
                Some((version, text)) => {
                    (Some(version), Some(serde_json::from_str::<Ledger>(&text).map_err(|error| error.to_string())?))
                }
                None => (None, None),
            };
            let mut ledger = before.clone().unwrap_or_else(|| Ledger::new(&self.network.name, self.block_s, now));
            ledger.advance(now);
            let told = change(&mut ledger, now);
            if before.as_ref() == Some(&ledger) {
                return Ok(told);
            }
            let text = serde_json::to_string(&ledger).map_err(|error| error.to_string())?;
            if self.shelf.save(&self.document(), lane, version, text).await? {
                return Ok(told);
            }
        }
    }

    fn trouble(fault: Option<Fault>) -> Result<(), ChainError> {
        match fault {
            None => Ok(()),
            Some(Fault::Down) => Err(ChainError::Unavailable("simulated: no connection".into())),
            Some(Fault::Html) => Err(ChainError::Unavailable("simulated: 502 with HTML".into())),
            Some(Fault::Slow) => Err(ChainError::Unavailable("simulated: no answer in time".into())),
            Some(Fault::Lag) => Err(ChainError::NotInSync("simulated: the tip is old".into())),
        }
    }
}

#[async_trait]
impl Chain for SimulatedChain {
    fn network(&self) -> &Network {
        &self.network
    }

    fn serves(&self, lane: Lane) -> bool {
        match lane {
            Lane::Live => false,
            Lane::Dev(_) => true,
        }
    }

    fn address(&self, lane: Lane, account_key: &str, index: u32, style: AddressStyle) -> Result<String, KeyError> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.address_key).map_err(|_| KeyError::NotPublic)?;
        mac.update(format!("{}/{}/{account_key}/{index}", self.network.name, lane.number()).as_bytes());
        let bytes = mac.finalize().into_bytes();
        Ok(match (style, self.network.family) {
            (AddressStyle::Token, Family::Bitcoin) => format!("btc-{}", hex(&bytes[..16])),
            (AddressStyle::Token, Family::Ethereum { .. }) => format!("eth-{}", hex(&bytes[..16])),
            (AddressStyle::Native, Family::Bitcoin) => address::regtest(&bytes[..20]),
            (AddressStyle::Native, Family::Ethereum { .. }) => format!("0x{}", hex(&bytes[..20])),
        })
    }

    fn read_address(&self, text: &str) -> Option<String> {
        let contract = |address: &str| {
            let contracts = self.network.coins.iter().filter_map(|coin| coin.contract.as_deref());
            contracts.into_iter().any(|contract| contract.eq_ignore_ascii_case(address))
        };
        let read = match self.network.family {
            Family::Bitcoin => address::read_bitcoin(text),
            Family::Ethereum { .. } => address::read_ethereum(text),
        };
        read.filter(|address| !contract(address))
    }

    async fn follow(&self, lane: Lane, from: Option<&Cursor>, _watched: &Watched) -> Result<Step, ChainError> {
        let told = from.map(|cursor| cursor.memo.parse::<u64>().unwrap_or(0));
        let step = self.with(lane, |ledger, now| {
            SimulatedChain::trouble(ledger.fault_at(now))?;
            let tip = ledger.tip(now);
            let changed = ledger.transactions.iter().filter(|tx| told.is_none_or(|told| tx.revision > told));
            let sightings = changed.map(sighting).collect();
            let forks = ledger.forked.iter().filter(|(revision, _)| told.is_some_and(|told| *revision > told));
            Ok(Step {
                // The finalised block trails the head by 64, as on development chains.
                cursor: Cursor {
                    final_height: match self.network.family {
                        Family::Bitcoin => None,
                        Family::Ethereum { .. } => Some(tip.height.saturating_sub(64)),
                    },
                    tip,
                    memo: ledger.revision.to_string(),
                },
                synced_at: now,
                replaced_from: forks.map(|(_, from)| *from).min(),
                sightings,
            })
        });
        step.await.map_err(ChainError::Unavailable)?
    }

    async fn fees(&self, _lane: Lane) -> Result<Fees, ChainError> {
        Ok(Fees {
            fast: match self.network.family {
                Family::Bitcoin => Units::new(9),
                Family::Ethereum { .. } => Units::new(2_000_000_000),
            },
        })
    }

    async fn expect(&self, lane: Lane, expected: &Expected) {
        let planned = self.with(lane, |ledger, now| {
            let Expected { address, coin, units, until, .. } = expected.clone();
            ledger.invoices.push((address, Invoice { coin, units, until }));
            triggers::plan(ledger, expected, now);
            ledger.advance(now);
            ledger.forget(now);
        });
        if let Err(error) = planned.await {
            tracing::warn!(error, "a simulated payer does not know of its payment");
        }
    }

    async fn broadcast(&self, lane: Lane, signed: &SignedTransaction) -> Broadcast {
        let Ok(order) = serde_json::from_str::<Paid>(&signed.raw) else {
            return Broadcast::Refused("it cannot be read".into());
        };
        let sent = self.with(lane, |ledger, now| {
            if ledger.fault_at(now).is_some() {
                return Broadcast::Unknown(Doubt::TimedOut);
            }
            let is_first = ledger.transaction(&signed.txid).is_none();
            ledger.announce(Transaction {
                txid: signed.txid.clone(),
                address: order.to.clone(),
                coin: order.coin,
                units: order.units,
                seen_at: now,
                place: Place::Mempool,
                frailty: None,
                screening: Screening::Pass,
                minable_at: now,
                revision: 0,
            });
            match is_first && order.is_answer_lost {
                true => Broadcast::Unknown(Doubt::TimedOut),
                false => Broadcast::Sent,
            }
        });
        sent.await.unwrap_or(Broadcast::Unknown(Doubt::Lost))
    }

    async fn transaction(&self, lane: Lane, txid: &str) -> Result<Option<Place>, ChainError> {
        let found = self.with(lane, |ledger, now| {
            SimulatedChain::trouble(ledger.fault_at(now))?;
            Ok(ledger.transaction(txid).map(|tx| tx.place.clone()).filter(|place| *place != Place::Missing))
        });
        found.await.map_err(ChainError::Unavailable)?
    }
}

/// What a simulated refund pays.
#[derive(serde::Serialize, serde::Deserialize)]
struct Paid {
    operation: String,
    to: String,
    coin: Coin,
    units: Units,
    /// Whether the node takes it and says nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_answer_lost: bool,
}

#[async_trait]
impl Signer for SimulatedChain {
    fn signs(&self, network: &str, lane: Lane) -> bool {
        network == self.network.name && self.serves(lane)
    }

    async fn sign(&self, order: &RefundOrder) -> Signature {
        let paid = Paid {
            operation: order.operation.clone(),
            to: order.to.clone(),
            coin: order.coin,
            units: order.units,
            is_answer_lost: triggers::loses_answers(order.invoice),
        };
        let Ok(raw) = serde_json::to_string(&paid) else { return Signature::Refused("it cannot be written".into()) };
        let fee = match self.network.family {
            Family::Bitcoin => Units::new(REFUND_FEE_BTC),
            Family::Ethereum { .. } => Units::new(REFUND_FEE_ETH),
        };
        Signature::Signed(SignedTransaction { txid: digest(&[&order.network, &raw]), raw, fee })
    }
}

#[async_trait]
impl Screener for SimulatedChain {
    async fn check(&self, request: &ScreeningRequest) -> Screening {
        let judged = self.with(request.lane, |ledger, _| {
            ledger.transaction(&request.outpoint.txid).map_or(Screening::Pending, |tx| tx.screening)
        });
        judged.await.unwrap_or(Screening::Pending)
    }
}

/// Screening of both simulated chains.
pub struct SimulatedScreening(pub Vec<Arc<SimulatedChain>>);

#[async_trait]
impl Screener for SimulatedScreening {
    async fn check(&self, request: &ScreeningRequest) -> Screening {
        match self.0.iter().find(|chain| chain.network.name == request.network) {
            Some(chain) => chain.check(request).await,
            // Nobody screens what is not simulated: nothing is known against it.
            None => Screening::Pass,
        }
    }
}

fn sighting(tx: &Transaction) -> Sighting {
    Sighting {
        address: tx.address.clone(),
        coin: tx.coin,
        outpoint: florin_kernel::ports::chain::Outpoint { txid: tx.txid.clone(), index: 0 },
        units: tx.units,
        place: tx.place.clone(),
        frailty: tx.frailty,
        seen_at: tx.seen_at,
    }
}

/// 64 hexadecimal digits that look like a hash of the chain's.
fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
