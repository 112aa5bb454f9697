//! A chain that keeps its own truth: its blocks, its mempool, which transactions spend the same coin. It finds blocks, forgets
//! transactions, lets coins be spent twice and is reorganised; the gateway hears of it by a node that is away, slow, behind, repeats
//! itself, and loses what is sent and what it answers. What the node says was true at some moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use florin_kernel::Timestamp;
use florin_kernel::coin::Units;
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::{Block, Cursor, Frailty, Outpoint, Place, RefundOrder};
use florin_kernel::public_id::Codec;
use jiff::SignedDuration;
use tokio::time::Instant;

use super::chance::Chance;
use super::stage::{Stage, say};
use super::weather::Trouble;
use ledger::{Fate, Ledger, Transaction};

mod ledger;
mod node;

pub use ledger::Standing;
pub use node::Node;

/// The network's name.
pub const NETWORK: &str = "chain";
/// What a refund costs, in satoshi.
pub const REFUND_FEE: Units = Units::new(282);

/// The chains of a history, one for each lane. They outlive every life of the gateway.
pub struct Chains {
    stage: Arc<Stage>,
    codec: Codec,
    truth: Chance,
    network: Chance,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ledgers: BTreeMap<i64, Ledger>,
    /// How far a lane's clock is ahead, as a node was told last.
    ahead: BTreeMap<i64, SignedDuration>,
    /// What was signed, by transaction id.
    signed: BTreeMap<String, RefundOrder>,
    /// Transactions that the node has refused: they are never taken.
    refused: BTreeSet<String>,
    down_until: Option<Instant>,
    at_rest: bool,
}

/// An output at an address of ours.
pub struct Output {
    pub outpoint: Outpoint,
    pub units: Units,
    pub place: Place,
    pub frailty: Option<Frailty>,
    pub seen_at: Timestamp,
}

/// A refund's transaction.
pub struct Paid {
    pub txid: String,
    pub operation: String,
    pub units: Units,
    /// The block that holds it.
    pub block: Option<Block>,
}

/// How often a block is found, in seconds.
const BLOCK_EVERY_S: std::ops::RangeInclusive<u64> = 3..=20;
/// How deep a reorganisation goes.
const DEPTHS: [u64; 6] = [1, 1, 1, 2, 3, 4];

impl Chains {
    /// The chains of these lanes.
    pub fn new(stage: Arc<Stage>, codec: Codec, lanes: &[Lane]) -> Chains {
        let (truth, network) = (Chance::of(stage.seed, "chain"), Chance::of(stage.seed, "node"));
        let now = stage.wall()();
        let ledgers = lanes.iter().map(|lane| (lane.number(), Ledger::new(now))).collect();
        let state = Mutex::new(State { ledgers, ..State::default() });
        Chains { stage, codec, truth, network, state }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no holder of the lock panics")
    }

    fn with<T>(&self, lane: i64, change: impl FnOnce(&mut Ledger, Timestamp) -> T) -> Option<T> {
        let mut state = self.state();
        let ahead = state.ahead.get(&lane).copied().unwrap_or(SignedDuration::ZERO);
        let now = self.stage.wall()() + ahead;
        state.ledgers.get_mut(&lane).map(|ledger| change(ledger, now))
    }

    /// The time of a lane.
    pub fn now(&self, lane: Lane) -> Timestamp {
        self.with(lane.number(), |_, now| now).unwrap_or_else(|| self.stage.wall()())
    }

    /// Finds blocks until it is left at rest.
    pub async fn live(self: Arc<Self>) {
        let mut was_calm = false;
        loop {
            tokio::time::sleep(self.truth.seconds(BLOCK_EVERY_S)).await;
            let calm = self.stage.weather.is_calm();
            let lanes: Vec<i64> = self.state().ledgers.keys().copied().collect();
            if self.state().at_rest {
                return;
            }
            for lane in lanes {
                match calm {
                    true if !was_calm => self.clear_up(lane),
                    true => {}
                    false => self.trouble(lane),
                }
                self.find_block(lane);
            }
            was_calm = calm;
        }
    }

    /// No block comes any more: what is told now is all there is.
    pub fn rest(&self) {
        self.state().at_rest = true;
    }

    fn strikes(&self, trouble: Trouble) -> bool {
        self.stage.weather.strikes(&self.truth, trouble)
    }

    fn find_block(&self, lane: i64) {
        let calm = self.stage.weather.is_calm();
        let takes = |tx: &Transaction| match tx.standing {
            Standing::Mempool | Standing::Unheard => calm || self.truth.percent(65),
            // A miner still has what was replaced in the mempools.
            Standing::Out => !calm && self.truth.percent(10),
            Standing::Mined(_) => false,
        };
        self.with(lane, |ledger, now| {
            if ledger.find_block(now, &takes) > 0 {
                say!(self.stage, "chain {lane}: block {}", ledger.tip().hash);
            }
        });
    }

    /// What goes wrong before a block.
    fn trouble(&self, lane: i64) {
        if (0..3).any(|_| self.strikes(Trouble::Reorganisation)) {
            self.reorganise(lane);
        }
        let count = self.with(lane, |ledger, _| ledger.transactions().len()).unwrap_or(0);
        for which in 0..count {
            let (place, is_refund) = self
                .with(lane, |ledger, _| (ledger.place(which), ledger.transactions()[which].refund.is_some()))
                .unwrap_or((None, false));
            match place {
                Some(Place::Mempool) if self.strikes(Trouble::DoubleSpend) => self.with(lane, |ledger, now| {
                    say!(self.stage, "chain {lane}: {} is spent twice", ledger.transactions()[which].txid);
                    match is_refund {
                        true => ledger.spend_otherwise(now, which),
                        false => ledger.double_spend(now, which),
                    }
                }),
                Some(Place::Mempool) if (0..3).any(|_| self.strikes(Trouble::Eviction)) => {
                    self.with(lane, |ledger, now| {
                        say!(self.stage, "chain {lane}: {} is forgotten", ledger.transactions()[which].txid);
                        ledger.evict(now, which);
                    })
                }
                // The wallets of payers send again what is missing; refunds are for us to send.
                Some(Place::Missing) if !is_refund && self.truth.percent(20) => {
                    self.with(lane, |ledger, now| ledger.send_again(now, which))
                }
                Some(
                    Place::Mempool
                    | Place::Block(_)
                    | Place::Missing
                    | Place::Replaced { .. }
                    | Place::Conflicted { .. },
                )
                | None => None,
            };
        }
    }

    fn reorganise(&self, lane: i64) {
        let depth = self.truth.pick(&DEPTHS);
        let fate = |_: &Transaction| {
            let fate = match self.truth.between(0..=19) {
                0..=8 => Fate::InAgain,
                9..=15 => Fate::Waits,
                16..=17 => Fate::Lost,
                _ => Fate::SpentOtherwise,
            };
            (fate, self.truth.between(0..=DEPTHS.len() as u64))
        };
        self.with(lane, |ledger, now| {
            if ledger.reorganise(now, depth, &fate) > 0 {
                self.stage.met("reorganisation with something of ours");
            }
            say!(self.stage, "chain {lane}: reorganised {depth} deep, to {}", ledger.tip().hash);
        });
    }

    /// When it is calm, some of what is missing is sent again; the rest never comes back.
    fn clear_up(&self, lane: i64) {
        let count = self.with(lane, |ledger, _| ledger.transactions().len()).unwrap_or(0);
        for which in 0..count {
            if self.truth.percent(35) {
                self.with(lane, |ledger, now| {
                    if ledger.transactions()[which].refund.is_none() {
                        ledger.send_again(now, which);
                    }
                });
            }
        }
    }

    /// A payer sends coins; the place of the transaction.
    pub fn pay(&self, lane: Lane, to: &str, units: Units, frailty: Option<Frailty>, standing: Standing) -> usize {
        let paid = self.with(lane.number(), |ledger, now| {
            let txid = format!("tx{}-{}", lane.number(), ledger.transactions().len());
            say!(self.stage, "payer: {txid} brings {} to {to}", units.number());
            ledger.pay(now, (txid, to.to_owned(), units), frailty, standing, None)
        });
        paid.expect("a chain for every lane that has orders")
    }

    /// A payer raises the fee of a transaction, which replaces it.
    pub fn bump(&self, lane: Lane, which: usize) {
        self.with(lane.number(), |ledger, now| {
            let old = ledger.transactions()[which].clone();
            if old.standing == Standing::Mempool {
                let txid = format!("bump{}-{}", lane.number(), ledger.transactions().len());
                say!(self.stage, "payer: {txid} replaces {}", old.txid);
                self.stage.met("replaced by fee");
                let frailty = Some(Frailty::Replaceable);
                ledger.pay(now, (txid, old.to, old.units), frailty, Standing::Mempool, Some(which));
            }
        });
    }

    /// Every output that an address ever had, where it is now.
    pub fn outputs(&self, lane: Lane, address: &str) -> Vec<Output> {
        self.with(lane.number(), |ledger, _| {
            let ours = (0..ledger.transactions().len()).filter(|which| ledger.transactions()[*which].to == address);
            ours.filter_map(|which| output(ledger, which, ledger.place(which)?)).collect()
        })
        .unwrap_or_default()
    }

    /// What came to an address before a moment, and was there ever since.
    pub fn steady(&self, lane: Lane, address: &str, before: Timestamp) -> Units {
        self.with(lane.number(), |ledger, _| {
            let meant = |which: &usize| {
                let transaction = &ledger.transactions()[*which];
                transaction.to == address && transaction.seen_at < before && ledger.is_steady(*which)
            };
            let ours = (0..ledger.transactions().len()).filter(meant);
            ours.map(|which| ledger.transactions()[which].units).sum()
        })
        .unwrap_or_default()
    }

    /// Whether the node refuses a transaction for good.
    pub fn is_refused(&self, txid: &str) -> bool {
        self.state().refused.contains(txid)
    }

    /// The outputs at an address that were told of up to a cursor, where they were said to be; the newest block then.
    pub fn told(&self, lane: Lane, address: &str, cursor: &Cursor) -> (Block, Vec<Output>) {
        let (moment, known) = read_memo(&cursor.memo);
        self.with(lane.number(), |ledger, _| {
            let ours = known.iter().filter(|which| ledger.transactions()[**which].to == address);
            let outputs = ours.filter_map(|which| output(ledger, *which, ledger.place_at(moment, *which)?));
            (ledger.tip_at(moment).clone(), outputs.collect())
        })
        .expect("a chain for every lane that has orders")
    }

    /// Whether a cursor is at the end.
    pub fn is_told(&self, lane: Lane, cursor: &Cursor) -> bool {
        self.with(lane.number(), |ledger, _| ledger.newest() == read_memo(&cursor.memo).0).unwrap_or(true)
    }

    /// Every transaction that pays a refund.
    pub fn refunds(&self, lane: Lane) -> Vec<Paid> {
        self.with(lane.number(), |ledger, _| {
            let paid = ledger.transactions().iter().filter_map(|tx| {
                let block = match &tx.standing {
                    Standing::Mined(block) => Some(block.clone()),
                    Standing::Unheard | Standing::Mempool | Standing::Out => None,
                };
                Some(Paid { txid: tx.txid.clone(), operation: tx.refund.clone()?, units: tx.units, block })
            });
            paid.collect()
        })
        .unwrap_or_default()
    }
}

fn output(ledger: &Ledger, which: usize, place: Place) -> Option<Output> {
    let Transaction { units, frailty, seen_at, .. } = ledger.transactions()[which].clone();
    // What makes it unfit is told while it is unconfirmed.
    let frailty = frailty.filter(|_| !matches!(place, Place::Block(_)));
    Some(Output { outpoint: ledger.outpoint(which), units, place, frailty, seen_at })
}

/// The moment that was told last, and the transactions that were ever told of.
fn read_memo(memo: &str) -> (usize, Vec<usize>) {
    let (moment, known) = memo.split_once(':').unwrap_or((memo, ""));
    (moment.parse().unwrap_or(0), known.split(',').filter_map(|which| which.parse().ok()).collect())
}

fn write_memo(moment: usize, known: &[usize]) -> String {
    let known: Vec<String> = known.iter().map(usize::to_string).collect();
    format!("{moment}:{}", known.join(","))
}
