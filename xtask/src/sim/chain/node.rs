//! The way from one life of the gateway to the chains: a node that is away, slow or behind, a signer that forgets what it signed, and
//! a source of rates.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use florin_engine::clock::Clocks;
use florin_kernel::fx::Rate;
use florin_kernel::payment::{Doubt, Seq};
use florin_kernel::ports::chain::{
    AddressStyle, Broadcast, Chain, ChainError, CoinOnNetwork, Cursor, Family, Fees, KeyError, Mid, Network, NoRate,
    Place, Rates, RefundOrder, Sighting, Signature, SignedTransaction, Signer, Step, Watched,
};
use florin_kernel::ports::{Clock, Lane};
use florin_kernel::{Asset, Coin, Timestamp};
use tokio::time::Instant;

use super::super::life::Life;
use super::super::stage::say;
use super::super::weather::Trouble;
use super::{Chains, NETWORK, REFUND_FEE, output, read_memo, write_memo};
use florin_kernel::coin::Units;

/// How long the gateway's client waits for a node.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A node as a life of the gateway reaches it.
pub struct Node {
    life: Arc<Life>,
    clocks: Arc<Clocks>,
    chains: Arc<Chains>,
    network: Network,
}

impl Node {
    /// The way of a life.
    pub fn new(life: Arc<Life>, clocks: Arc<Clocks>, chains: Arc<Chains>) -> Node {
        let network = Network {
            name: NETWORK.to_owned(),
            family: Family::Bitcoin,
            coins: vec![CoinOnNetwork { coin: Coin::Btc, contract: None }],
            is_test: true,
            history: 288,
        };
        Node { life, clocks, chains, network }
    }

    /// Whether trouble strikes; refunds are few, so each call of theirs is given several chances.
    fn strikes(&self, trouble: Trouble, chances: u32) -> bool {
        (0..chances).any(|_| self.chains.stage.weather.strikes(&self.chains.network, trouble))
    }

    fn lane(&self, lane: Lane) -> Timestamp {
        let now = self.clocks.now(lane);
        self.chains.state().ahead.insert(lane.number(), now.duration_since(self.clocks.wall()));
        now
    }

    /// Whether the node is away; every now and then it goes.
    fn is_away(&self) -> bool {
        let chains = &self.chains;
        if chains.stage.weather.is_calm() {
            return false;
        }
        if chains.state().down_until.is_none_or(|until| until <= Instant::now()) {
            if !chains.network.percent(10) || !self.strikes(Trouble::ChainAway, 1) {
                return false;
            }
            let lasts = chains.network.seconds(1..=25);
            say!(chains.stage, "node: away for {lasts:?}");
            chains.state().down_until = Some(Instant::now() + lasts);
        }
        true
    }

    async fn reach(&self) -> Result<(), ChainError> {
        self.life.go_on().await;
        if self.is_away() {
            return Err(ChainError::Unavailable("simulated".to_owned()));
        }
        if self.strikes(Trouble::ChainSlow, 1) {
            tokio::time::sleep(self.chains.network.ms(10..=4_000)).await;
            self.life.go_on().await;
        }
        Ok(())
    }

    /// What the node tells: sometimes as it was a while ago, sometimes what it told before once more.
    fn tell(&self, lane: Lane, from: Option<&Cursor>) -> Option<Step> {
        let now = self.lane(lane);
        let (since, mut known) = from.map_or((None, Vec::new()), |cursor| {
            let (moment, known) = read_memo(&cursor.memo);
            (Some(moment), known)
        });
        let behind = self.strikes(Trouble::ChainBehind, 1).then(|| self.chains.network.between(1..=3) as usize);
        let repeats = self.strikes(Trouble::ChainRepeats, 1);
        self.chains.with(lane.number(), |ledger, _| {
            let newest = ledger.newest();
            let since = since.unwrap_or(newest);
            let until = newest.saturating_sub(behind.unwrap_or(0)).max(since);
            let told = ledger.tell(since, until, &known);
            let mut outputs = told.outputs;
            if repeats {
                let again = known.iter().filter(|which| !outputs.iter().any(|(told, _)| told == *which));
                let again = again.filter_map(|which| Some((*which, ledger.place_at(until, *which)?)));
                outputs.extend(again.collect::<Vec<_>>());
            }
            let sightings = outputs.iter().filter_map(|(which, place)| {
                let to = ledger.transactions()[*which].to.clone();
                let seen = output(ledger, *which, place.clone())?;
                Some(Sighting {
                    address: to,
                    coin: Coin::Btc,
                    outpoint: seen.outpoint,
                    units: seen.units,
                    place: seen.place,
                    frailty: seen.frailty,
                    seen_at: seen.seen_at,
                })
            });
            let sightings: Vec<Sighting> = sightings.collect();
            known.extend(outputs.iter().map(|(which, _)| *which));
            known.sort_unstable();
            known.dedup();
            let cursor = Cursor { tip: told.tip, final_height: None, memo: write_memo(told.moment, &known) };
            let synced_at = told.until.map_or(now, |until| until.min(now));
            Step { cursor, synced_at, replaced_from: told.replaced_from, sightings }
        })
    }

    /// Only what is on disk is signed, or sent; and of a refund only what was stored for it.
    fn check_committed(&self, operation: &str, signed: Option<&SignedTransaction>, order: &RefundOrder) {
        let chains = &self.chains;
        let stored = chains.codec.read_base36(operation).and_then(|reference| {
            let payment = chains.stage.coins.latest(reference.payment)?;
            payment.refund(Seq::new(reference.sequence)).cloned()
        });
        let fits = stored.is_some_and(|refund| {
            let same = (&refund.to, refund.units) == (&order.to, order.units);
            same && signed.is_none_or(|signed| refund.transaction.as_ref() == Some(signed))
        });
        if !fits {
            let done = if signed.is_some() { "sent" } else { "signed" };
            chains.stage.fault(format!("the refund {operation} was {done}, which is not what is on disk"));
        }
    }

    /// A signed transaction reaches the node.
    fn arrive(chains: &Chains, lane: Lane, txid: &str) -> Broadcast {
        let Some(order) = chains.state().signed.get(txid).cloned() else {
            return Broadcast::Refused("nobody signed it".to_owned());
        };
        if chains.state().refused.contains(txid) {
            return Broadcast::Refused("refused before".to_owned());
        }
        let paid = (txid.to_owned(), order.to, order.units);
        match chains.with(lane.number(), |ledger, now| ledger.take_refund(now, paid, order.operation)) {
            Some(true) => {
                say!(chains.stage, "node: has {txid}");
                Broadcast::Sent
            }
            Some(false) | None => Broadcast::Refused("its coins were spent otherwise".to_owned()),
        }
    }
}

#[async_trait]
impl Chain for Node {
    fn network(&self) -> &Network {
        &self.network
    }

    fn serves(&self, lane: Lane) -> bool {
        self.chains.state().ledgers.contains_key(&lane.number())
    }

    fn address(&self, lane: Lane, account_key: &str, index: u32, _style: AddressStyle) -> Result<String, KeyError> {
        Ok(format!("address-{}-{account_key}-{index}", lane.number()))
    }

    fn read_address(&self, text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    async fn follow(&self, lane: Lane, from: Option<&Cursor>, _watched: &Watched) -> Result<Step, ChainError> {
        self.reach().await?;
        let step = self.tell(lane, from).ok_or_else(|| ChainError::Unavailable("no such lane".to_owned()))?;
        if !step.sightings.is_empty() || step.replaced_from.is_some() {
            self.life.step().await;
        }
        if self.strikes(Trouble::ChainAnswerLost, 1) {
            return Err(ChainError::Unavailable("simulated, no answer".to_owned()));
        }
        Ok(step)
    }

    async fn fees(&self, _lane: Lane) -> Result<Fees, ChainError> {
        Ok(Fees { fast: Units::new(9) })
    }

    async fn broadcast(&self, lane: Lane, signed: &SignedTransaction) -> Broadcast {
        self.life.step().await;
        let chains = self.chains.clone();
        let order = chains.state().signed.get(&signed.txid).cloned();
        match order {
            Some(order) => self.check_committed(&order.operation, Some(signed), &order),
            None => chains.stage.fault(format!("{} was sent, which nobody signed", signed.txid)),
        }
        if self.strikes(Trouble::SendLost, 6) {
            say!(chains.stage, "node: {} is lost", signed.txid);
            tokio::time::sleep(chains.network.seconds(0..=9)).await;
            self.life.step().await;
            return Broadcast::Unknown(Doubt::Lost);
        }
        let known = self.chains.with(lane.number(), |ledger, _| ledger.find(&signed.txid).is_some());
        if known == Some(false) && self.strikes(Trouble::SendRefused, 6) {
            say!(chains.stage, "node: refuses {}", signed.txid);
            chains.state().refused.insert(signed.txid.clone());
        }
        let late = self.strikes(Trouble::SendDelayed, 6).then(|| chains.network.seconds(1..=60));
        // It goes its way, whether or not who sent it waits or lives.
        let txid = signed.txid.clone();
        let arrival = tokio::spawn(async move {
            tokio::time::sleep(late.unwrap_or(Duration::from_millis(20))).await;
            Node::arrive(&chains, lane, &txid)
        });
        let told = match tokio::time::timeout(TIMEOUT, arrival).await {
            Ok(Ok(told)) => told,
            Ok(Err(_)) => Broadcast::Unknown(Doubt::Lost),
            Err(_) => Broadcast::Unknown(Doubt::TimedOut),
        };
        self.life.step().await;
        match self.strikes(Trouble::SendAnswerLost, 6) {
            true => Broadcast::Unknown(Doubt::Lost),
            false => told,
        }
    }

    async fn transaction(&self, lane: Lane, txid: &str) -> Result<Option<Place>, ChainError> {
        self.life.step().await;
        self.reach().await?;
        self.lane(lane);
        let place = self.chains.with(lane.number(), |ledger, _| ledger.place(ledger.find(txid)?)).flatten();
        // What was true when it was asked may have changed when it is heard.
        if self.strikes(Trouble::ChainSlow, 1) {
            tokio::time::sleep(self.chains.network.seconds(1..=20)).await;
        }
        self.life.step().await;
        if self.strikes(Trouble::ChainAnswerLost, 1) {
            return Err(ChainError::Unavailable("simulated, no answer".to_owned()));
        }
        Ok(place.filter(|place| *place != Place::Missing))
    }
}

#[async_trait]
impl Signer for Node {
    fn signs(&self, network: &str, lane: Lane) -> bool {
        network == NETWORK && self.serves(lane)
    }

    /// Each time another transaction is signed, as by a signer that forgets: only what is stored may be sent.
    async fn sign(&self, order: &RefundOrder) -> Signature {
        self.life.step().await;
        let chains = &self.chains;
        self.check_committed(&order.operation, None, order);
        tokio::time::sleep(chains.network.ms(5..=900)).await;
        if self.strikes(Trouble::SignerRefuses, 4) {
            return Signature::Refused("the wallet has too little".to_owned());
        }
        let number = chains.state().signed.len();
        let txid = format!("refund{number}-{}", order.operation);
        chains.state().signed.insert(txid.clone(), order.clone());
        say!(chains.stage, "signer: {txid} pays {} to {}", order.units.number(), order.to);
        self.life.step().await;
        match self.strikes(Trouble::SignerLost, 6) {
            true => Signature::Unknown(Doubt::Lost),
            false => Signature::Signed(SignedTransaction { raw: txid.clone(), txid, fee: REFUND_FEE }),
        }
    }
}

#[async_trait]
impl Rates for Node {
    async fn mid(&self, _lane: Lane, _coin: Coin, _fiat: Asset, _now: Timestamp) -> Result<Mid, NoRate> {
        if self.strikes(Trouble::RatesAway, 1) {
            return Err(NoRate("simulated".to_owned()));
        }
        let price = self.chains.network.pick(&["61234.5678", "61234.5678", "58000", "64000"]);
        Ok(Mid { rate: Rate::parse(price).expect("a decimal") })
    }
}
