//! A simulated chain as data: blocks that come with time, transactions, what is planned. Pure: whoever keeps it says what time it is.

use florin_kernel::coin::Units;
use florin_kernel::ports::chain::{Block, Frailty, Place, Screening};
use florin_kernel::{Coin, Timestamp};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::digest;

/// One chain of one merchant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Its network's name, part of its hashes.
    network: String,
    /// Seconds from block to block.
    block_s: i64,
    /// The newest block written down; later ones, which are empty, follow from the time.
    height: u64,
    height_at: Timestamp,
    /// Where the chain was replaced, in order: from this height on hashes are others.
    forks: Vec<u64>,
    /// Grows with every change that a follower is to be told of.
    pub(super) revision: u64,
    /// Forks with the revision in which they came.
    pub(super) forked: Vec<(u64, u64)>,
    pub(super) transactions: Vec<Transaction>,
    pub(super) plans: Vec<Plan>,
    /// What is expected at addresses.
    pub(super) invoices: Vec<(String, Invoice)>,
    /// How the node misbehaves, and until when.
    pub(super) fault: Option<(Fault, Timestamp)>,
}

/// A simulated transaction with the one output that matters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    pub txid: String,
    pub address: String,
    pub coin: Coin,
    pub units: Units,
    pub seen_at: Timestamp,
    pub place: Place,
    pub frailty: Option<Frailty>,
    pub screening: Screening,
    /// No miner takes it before then.
    pub minable_at: Timestamp,
    pub revision: u64,
}

/// What is expected at an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    pub coin: Coin,
    pub units: Units,
    pub until: Timestamp,
}

/// Something that is going to happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub at: Timestamp,
    pub step: PlanStep,
}

/// What is going to happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanStep {
    /// A payer pays; the coins are in no block for so many seconds.
    Pay { txid: String, address: String, coin: Coin, units: Units, held_s: i64 },
    /// Blocks are found at once.
    Mine(u64),
    /// The same is told once more.
    Repeat { txid: String },
    /// A conflicting transaction is mined; the block that held the first one is replaced.
    DoubleSpend { txid: String },
    /// The node misbehaves.
    Fail { fault: Fault, seconds: i64 },
}

/// How a node misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It does not answer.
    Down,
    /// It is behind the chain.
    Lag,
    /// It answers with HTML.
    Html,
    /// It answers too late.
    Slow,
}

/// Where a chain begins, so that the contract's deepest reorganisation fits.
const FIRST_HEIGHT: u64 = 1_000;

/// So many transactions and invoices are kept; beyond that the oldest go that nothing can change any more, so that a chain of thousands
/// of payments stays quick.
const KEPT: usize = 2_000;
/// Blocks after which no story of ours takes a transaction back.
const FINAL_DEPTH: u64 = 100;

impl Ledger {
    /// A chain that begins now.
    pub fn new(network: &str, block_s: i64, now: Timestamp) -> Ledger {
        Ledger {
            network: network.to_owned(),
            block_s,
            height: FIRST_HEIGHT,
            height_at: now,
            forks: Vec::new(),
            revision: 0,
            forked: Vec::new(),
            transactions: Vec::new(),
            plans: Vec::new(),
            invoices: Vec::new(),
            fault: None,
        }
    }

    /// Lets time pass up to a moment: blocks come, plans are carried out.
    pub fn advance(&mut self, now: Timestamp) {
        loop {
            let plan = self.plans.iter().map(|plan| plan.at).min().filter(|at| *at <= now);
            let minable = |tx: &Transaction| match tx.place {
                Place::Mempool => Some(tx.minable_at),
                Place::Block(_) | Place::Missing | Place::Replaced { .. } | Place::Conflicted { .. } => None,
            };
            let first_minable = self.transactions.iter().filter_map(minable).min();
            // The first block that finds something to take, or the next plan, whichever is earlier.
            let block = first_minable.map(|at| self.block_after(at)).filter(|at| *at <= now);
            match (plan, block) {
                (None, None) => return,
                (Some(plan), Some(block)) if block <= plan => self.find_block(block),
                (None, Some(block)) => self.find_block(block),
                (Some(plan), _) => self.carry_out(plan),
            }
        }
    }

    /// When the first block at or after a moment comes that is not there yet.
    fn block_after(&self, at: Timestamp) -> Timestamp {
        let passed = at.duration_since(self.height_at).as_millis();
        let every = i128::from(self.block_s) * 1_000;
        let blocks = (passed + every - 1).div_euclid(every).max(1);
        self.height_at + SignedDuration::from_secs(self.block_s * i64::try_from(blocks).unwrap_or(1))
    }

    /// Writes the blocks up to a moment down; the last one takes what can be mined.
    fn find_block(&mut self, at: Timestamp) {
        self.settle_time(at);
        self.take_into(at);
    }

    fn settle_time(&mut self, now: Timestamp) {
        let blocks = now.duration_since(self.height_at).as_secs().max(0) / self.block_s;
        self.height += u64::try_from(blocks).unwrap_or(0);
        self.height_at += SignedDuration::from_secs(blocks * self.block_s);
    }

    fn take_into(&mut self, at: Timestamp) {
        let block = self.block(self.height, at);
        self.revision += 1;
        let revision = self.revision;
        for tx in &mut self.transactions {
            if tx.place == Place::Mempool && tx.minable_at <= at {
                (tx.place, tx.revision) = (Place::Block(block.clone()), revision);
            }
        }
    }

    fn carry_out(&mut self, due: Timestamp) {
        let Some(at) = self.plans.iter().position(|plan| plan.at == due) else { return };
        match self.plans.remove(at).step {
            PlanStep::Pay { txid, address, coin, units, held_s } => {
                let minable_at = due + SignedDuration::from_secs(held_s);
                let screening = Screening::Pass;
                self.announce(Transaction {
                    txid,
                    address,
                    coin,
                    units,
                    seen_at: due,
                    place: Place::Mempool,
                    frailty: None,
                    screening,
                    minable_at,
                    revision: 0,
                });
            }
            PlanStep::Mine(blocks) => self.mine(due, blocks),
            PlanStep::Repeat { txid } => self.touch(&txid),
            PlanStep::DoubleSpend { txid } => {
                let height = self.transaction(&txid).and_then(|tx| match &tx.place {
                    Place::Block(block) => Some(block.height),
                    Place::Mempool | Place::Missing | Place::Replaced { .. } | Place::Conflicted { .. } => None,
                });
                if let Some(height) = height {
                    let depth = self.tip(due).height + 1 - height;
                    self.reorganise(due, depth, std::slice::from_ref(&txid));
                }
                self.double_spend(&txid, true);
            }
            PlanStep::Fail { fault, seconds } => self.fault = Some((fault, due + SignedDuration::from_secs(seconds))),
        }
    }

    /// The newest block at a moment.
    pub fn tip(&self, now: Timestamp) -> Block {
        let blocks = now.duration_since(self.height_at).as_secs().max(0) / self.block_s;
        let at = self.height_at + SignedDuration::from_secs(blocks * self.block_s);
        self.block(self.height + u64::try_from(blocks).unwrap_or(0), at)
    }

    fn block(&self, height: u64, time: Timestamp) -> Block {
        let fork = self.forks.iter().filter(|from| **from <= height).count();
        Block { height, hash: digest(&[&self.network, &height.to_string(), &fork.to_string()]), time }
    }

    /// Takes a transaction into the mempool; one that is known stays as it is.
    pub fn announce(&mut self, transaction: Transaction) {
        if self.transaction(&transaction.txid).is_none() {
            self.revision += 1;
            self.transactions.push(Transaction { revision: self.revision, ..transaction });
        }
    }

    /// Forgets the oldest of what is over.
    pub fn forget(&mut self, now: Timestamp) {
        let excess = self.invoices.len().saturating_sub(KEPT);
        self.invoices.drain(..excess);
        let height = self.tip(now).height;
        let is_over = |tx: &Transaction| match &tx.place {
            Place::Block(block) => height >= block.height + FINAL_DEPTH,
            Place::Conflicted { .. } => true,
            Place::Mempool | Place::Missing | Place::Replaced { .. } => false,
        };
        let mut excess = self.transactions.len().saturating_sub(KEPT);
        self.transactions.retain(|tx| {
            let goes = excess > 0 && is_over(tx);
            excess -= usize::from(goes);
            !goes
        });
    }

    /// A transaction by its id.
    pub fn transaction(&self, txid: &str) -> Option<&Transaction> {
        self.transactions.iter().find(|tx| tx.txid == txid)
    }

    fn change(&mut self, txid: &str, change: impl FnOnce(&mut Transaction)) -> bool {
        self.revision += 1;
        let revision = self.revision;
        let Some(tx) = self.transactions.iter_mut().find(|tx| tx.txid == txid) else { return false };
        change(tx);
        tx.revision = revision;
        true
    }

    /// Tells of a transaction again.
    pub fn touch(&mut self, txid: &str) {
        self.change(txid, |_| {});
    }

    /// Finds blocks at once: the first takes the mempool, the others are empty.
    pub fn mine(&mut self, now: Timestamp, blocks: u64) {
        self.settle_time(now);
        for found in 0..blocks {
            (self.height, self.height_at) = (self.height + 1, now);
            if found == 0 {
                for tx in &mut self.transactions {
                    tx.minable_at = tx.minable_at.min(now);
                }
                self.take_into(now);
            }
        }
    }

    /// Replaces the last blocks by one more. What was in them is dropped where named, else it is in the mempool again.
    pub fn reorganise(&mut self, now: Timestamp, depth: u64, dropped: &[String]) {
        self.settle_time(now);
        let from = self.height.saturating_sub(depth) + 1;
        self.forks.push(from);
        self.revision += 1;
        let revision = self.revision;
        self.forked.push((revision, from));
        (self.height, self.height_at) = (self.height + 1, now);
        for tx in &mut self.transactions {
            if matches!(&tx.place, Place::Block(block) if block.height >= from) {
                let gone = dropped.iter().any(|txid| txid == "all" || *txid == tx.txid);
                (tx.place, tx.revision) = (if gone { Place::Missing } else { Place::Mempool }, revision);
                // The new blocks are empty: it waits for one that is found later.
                tx.minable_at = now + SignedDuration::from_secs(1);
            }
        }
    }

    /// A conflicting transaction, in the mempool or mined; false where there is nothing that it could conflict with.
    pub fn double_spend(&mut self, txid: &str, mined: bool) -> bool {
        let by = digest(&["conflict", txid]);
        let fits = self.transaction(txid).is_some_and(|tx| !matches!(tx.place, Place::Block(_)));
        fits && self.change(txid, |tx| {
            tx.place = if mined { Place::Conflicted { by: Some(by) } } else { Place::Replaced { by } };
        })
    }

    /// The mempool forgets a transaction.
    pub fn drop_transaction(&mut self, txid: &str) -> bool {
        let fits = self.transaction(txid).is_some_and(|tx| tx.place == Place::Mempool);
        fits && self.change(txid, |tx| tx.place = Place::Missing)
    }

    /// A payer replaces a transaction by one with a higher fee and the same output; its id.
    pub fn bump(&mut self, txid: &str, now: Timestamp) -> Option<String> {
        let old = self.transaction(txid).filter(|tx| tx.place == Place::Mempool)?.clone();
        let new = digest(&["bump", txid]);
        self.change(txid, |tx| tx.place = Place::Conflicted { by: Some(new.clone()) });
        let frailty = Some(Frailty::Replaceable);
        self.announce(Transaction { txid: new.clone(), seen_at: now, minable_at: now, frailty, ..old });
        Some(new)
    }

    /// Screening's verdict about a transaction.
    pub fn judge(&mut self, txid: &str, screening: Screening) -> bool {
        self.change(txid, |tx| tx.screening = screening)
    }

    /// How the node misbehaves at a moment.
    pub fn fault_at(&self, now: Timestamp) -> Option<Fault> {
        self.fault.filter(|(_, until)| now < *until).map(|(fault, _)| fault)
    }
}
