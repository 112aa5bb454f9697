//! One chain as it truly is, and as it was at every moment before. Pure: whoever keeps it says what time it is and what happens.
//!
//! Transactions that spend the same coin are rivals: one of them at most is in a block or in the mempool, and where the others are
//! follows from that.

use florin_kernel::Timestamp;
use florin_kernel::coin::Units;
use florin_kernel::ports::chain::{Block, Frailty, Outpoint, Place};

/// One chain.
pub struct Ledger {
    /// The best chain, from [`FIRST_HEIGHT`] on.
    blocks: Vec<Block>,
    /// How often it was reorganised.
    branches: u64,
    transactions: Vec<Transaction>,
    moments: Vec<Moment>,
}

/// A transaction with the one output that matters.
#[derive(Clone)]
pub struct Transaction {
    pub txid: String,
    pub to: String,
    pub units: Units,
    /// The coin that it spends: the place of the first transaction that spent it.
    coin: usize,
    pub seen_at: Timestamp,
    pub frailty: Option<Frailty>,
    /// The refund that it pays, by our reference.
    pub refund: Option<String>,
    pub standing: Standing,
}

/// Where a transaction is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// With a miner, and in no mempool.
    Unheard,
    Mempool,
    Mined(Block),
    /// Nowhere; whether anything stands against it follows from its rivals.
    Out,
}

/// The chain at a moment.
struct Moment {
    at: Timestamp,
    tip: Block,
    /// The lowest height whose block is another one than the moment before.
    replaced_from: Option<u64>,
    /// By the places of transactions; later ones were not there yet.
    places: Vec<Option<Place>>,
}

/// What becomes of a transaction whose block is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is in the mempool again.
    Waits,
    /// It is in a block of the new branch.
    InAgain,
    /// The mempools have forgotten it.
    Lost,
    /// A rival is in a block of the new branch.
    SpentOtherwise,
}

/// What somebody who follows the chain is told.
pub struct Told {
    pub moment: usize,
    pub tip: Block,
    /// The moment up to which everything is told; nothing: up to now.
    pub until: Option<Timestamp>,
    pub replaced_from: Option<u64>,
    /// Outputs, by the places of their transactions.
    pub outputs: Vec<(usize, Place)>,
}

/// How high the chain is when a history begins.
const FIRST_HEIGHT: u64 = 100;
/// Where rivals go that pay nobody of ours.
const ELSEWHERE: &str = "elsewhere";

impl Ledger {
    /// A chain that begins.
    pub fn new(at: Timestamp) -> Ledger {
        let mut ledger = Ledger { blocks: Vec::new(), branches: 0, transactions: Vec::new(), moments: Vec::new() };
        ledger.push_block(at);
        ledger.record(at, None);
        ledger
    }

    /// The newest block.
    pub fn tip(&self) -> &Block {
        self.blocks.last().expect("a chain has a first block")
    }

    /// Every transaction.
    pub fn transactions(&self) -> &[Transaction] {
        &self.transactions
    }

    /// Where a transaction is now; nowhere: nobody but a miner knows of it.
    pub fn place(&self, at: usize) -> Option<Place> {
        let transaction = &self.transactions[at];
        match &transaction.standing {
            Standing::Unheard => None,
            Standing::Mempool => Some(Place::Mempool),
            Standing::Mined(block) => Some(Place::Block(block.clone())),
            Standing::Out => Some(match self.winner(transaction.coin) {
                Some(Transaction { txid, standing: Standing::Mined(_), .. }) => {
                    Place::Conflicted { by: Some(txid.clone()) }
                }
                Some(Transaction { txid, .. }) => Place::Replaced { by: txid.clone() },
                None => Place::Missing,
            }),
        }
    }

    /// The transaction with an id.
    pub fn find(&self, txid: &str) -> Option<usize> {
        self.transactions.iter().position(|transaction| transaction.txid == txid)
    }

    /// The output of a transaction.
    pub fn outpoint(&self, at: usize) -> Outpoint {
        Outpoint { txid: self.transactions[at].txid.clone(), index: 0 }
    }

    /// Whichever of those that spend a coin is in a block or in the mempool.
    fn winner(&self, coin: usize) -> Option<&Transaction> {
        let there = |tx: &&Transaction| matches!(tx.standing, Standing::Mempool | Standing::Mined(_));
        self.transactions.iter().filter(|transaction| transaction.coin == coin).find(there)
    }

    /// Whether it spends a coin of ours that a refund was to spend.
    fn spends_of_a_refund(&self, at: usize) -> bool {
        let Transaction { coin, txid, .. } = &self.transactions[at];
        self.transactions.iter().any(|other| other.coin == *coin && other.txid != *txid && other.refund.is_some())
    }

    fn push_block(&mut self, at: Timestamp) -> Block {
        let height = self.blocks.last().map_or(FIRST_HEIGHT, |tip| tip.height + 1);
        let block = Block { height, hash: format!("b{height}-{}", self.branches), time: at };
        self.blocks.push(block.clone());
        block
    }

    fn record(&mut self, at: Timestamp, replaced_from: Option<u64>) {
        let places = (0..self.transactions.len()).map(|at| self.place(at)).collect();
        self.moments.push(Moment { at, tip: self.tip().clone(), replaced_from, places });
    }

    /// A transaction is made; `coin`: the one whose coin it spends as well.
    pub fn pay(
        &mut self,
        at: Timestamp,
        (txid, to, units): (String, String, Units),
        frailty: Option<Frailty>,
        standing: Standing,
        rival_of: Option<usize>,
    ) -> usize {
        let place = self.transactions.len();
        let coin = rival_of.map_or(place, |rival| self.transactions[rival].coin);
        if let (Some(_), Standing::Mempool | Standing::Mined(_)) = (rival_of, &standing) {
            self.push_out(coin);
        }
        let seen_at = at;
        self.transactions.push(Transaction { txid, to, units, coin, seen_at, frailty, refund: None, standing });
        self.record(at, None);
        place
    }

    /// A refund's transaction reaches the node; false where it can never be mined.
    pub fn take_refund(
        &mut self,
        at: Timestamp,
        (txid, to, units): (String, String, Units),
        operation: String,
    ) -> bool {
        let Some(known) = self.find(&txid) else {
            let place = self.pay(at, (txid, to, units), None, Standing::Mempool, None);
            self.transactions[place].refund = Some(operation);
            return true;
        };
        if self.place(known) == Some(Place::Missing) {
            self.send_again(at, known);
        }
        !matches!(self.place(known), Some(Place::Conflicted { .. } | Place::Replaced { .. }))
    }

    /// A rival that pays nobody of ours is in the mempool.
    pub fn double_spend(&mut self, at: Timestamp, of: usize) {
        if self.transactions[of].standing == Standing::Mempool {
            let txid = format!("rival{}", self.transactions.len());
            self.pay(at, (txid, ELSEWHERE.to_owned(), Units::ZERO), None, Standing::Mempool, Some(of));
        }
    }

    /// A rival that pays nobody of ours is in a block of its own.
    pub fn spend_otherwise(&mut self, at: Timestamp, of: usize) {
        if matches!(self.transactions[of].standing, Standing::Mempool | Standing::Out) {
            let block = self.push_block(at);
            let txid = format!("rival{}", self.transactions.len());
            self.pay(at, (txid, ELSEWHERE.to_owned(), Units::ZERO), None, Standing::Mined(block), Some(of));
        }
    }

    /// The mempools forget a transaction.
    pub fn evict(&mut self, at: Timestamp, which: usize) {
        if self.transactions[which].standing == Standing::Mempool {
            self.transactions[which].standing = Standing::Out;
            self.record(at, None);
        }
    }

    /// Who made a transaction that is missing sends it again.
    pub fn send_again(&mut self, at: Timestamp, which: usize) {
        if self.place(which) == Some(Place::Missing) {
            self.transactions[which].standing = Standing::Mempool;
            self.record(at, None);
        }
    }

    fn push_out(&mut self, coin: usize) {
        for transaction in self.transactions.iter_mut().filter(|transaction| transaction.coin == coin) {
            transaction.standing = Standing::Out;
        }
    }

    fn put_into(&mut self, which: usize, block: &Block) {
        self.push_out(self.transactions[which].coin);
        let transaction = &mut self.transactions[which];
        transaction.standing = Standing::Mined(block.clone());
    }

    /// A block is found, with those of the transactions that the miner takes: of rivals the first one. It may still have one that
    /// was replaced in the mempools. How many it took.
    pub fn find_block(&mut self, at: Timestamp, takes: &dyn Fn(&Transaction) -> bool) -> usize {
        let (block, mut taken) = (self.push_block(at), 0);
        for which in 0..self.transactions.len() {
            let free = match self.place(which) {
                None | Some(Place::Mempool | Place::Replaced { .. }) => true,
                Some(Place::Missing | Place::Conflicted { .. } | Place::Block(_)) => false,
            };
            if free && takes(&self.transactions[which]) {
                if self.transactions[which].standing == Standing::Unheard {
                    self.transactions[which].seen_at = at;
                }
                self.put_into(which, &block);
                taken += 1;
            }
        }
        self.record(at, None);
        taken
    }

    /// The newest blocks are replaced by one more; how many transactions that concerned.
    pub fn reorganise(&mut self, at: Timestamp, depth: u64, fate: &dyn Fn(&Transaction) -> (Fate, u64)) -> usize {
        let from = self.tip().height.saturating_sub(depth.saturating_sub(1)).max(FIRST_HEIGHT + 1);
        let replaced = self.tip().height + 1 - from;
        self.blocks.retain(|block| block.height < from);
        self.branches += 1;
        let branch: Vec<Block> = (0..=replaced).map(|_| self.push_block(at)).collect();
        let mut concerned = 0;
        for which in 0..self.transactions.len() {
            let Standing::Mined(block) = &self.transactions[which].standing else { continue };
            if block.height < from {
                continue;
            }
            concerned += 1;
            let (fate, block) = fate(&self.transactions[which]);
            let block = &branch[(block % branch.len() as u64) as usize];
            // What conflicts with a refund stays: a node calls such a refund impossible.
            let fate = if self.spends_of_a_refund(which) { Fate::InAgain } else { fate };
            match fate {
                Fate::Waits => self.transactions[which].standing = Standing::Mempool,
                Fate::InAgain => self.put_into(which, block),
                Fate::Lost => self.transactions[which].standing = Standing::Out,
                Fate::SpentOtherwise => {
                    let txid = format!("rival{}", self.transactions.len());
                    let rival = Transaction {
                        txid,
                        to: ELSEWHERE.to_owned(),
                        units: Units::ZERO,
                        refund: None,
                        standing: Standing::Mined(block.clone()),
                        ..self.transactions[which].clone()
                    };
                    self.transactions[which].standing = Standing::Out;
                    self.transactions.push(rival);
                }
            }
        }
        self.record(at, Some(from));
        concerned
    }

    /// The newest moment.
    pub fn newest(&self) -> usize {
        self.moments.len() - 1
    }

    /// The newest block of a moment.
    pub fn tip_at(&self, moment: usize) -> &Block {
        &self.moments[moment].tip
    }

    /// Where a transaction was at a moment.
    pub fn place_at(&self, moment: usize, which: usize) -> Option<Place> {
        self.moments[moment].places.get(which).cloned().flatten()
    }

    /// Whether a transaction was in the mempool or in a block at every moment since it was heard of.
    pub fn is_steady(&self, which: usize) -> bool {
        let places = self.moments.iter().filter_map(|moment| moment.places.get(which)?.as_ref());
        places.into_iter().all(|place| matches!(place, Place::Mempool | Place::Block(_)))
    }

    /// What has happened between two moments to what was told before, and what is new.
    pub fn tell(&self, since: usize, now: usize, known: &[usize]) -> Told {
        let height = self.moments[since].tip.height;
        let replaced = self.moments[since + 1..=now].iter().filter_map(|moment| moment.replaced_from);
        let replaced_from = replaced.min().filter(|from| *from <= height);
        let outputs = (0..self.moments[now].places.len()).filter_map(|which| {
            let (before, place) = (self.place_at(since, which), self.place_at(now, which)?);
            let detached = match (&before, replaced_from) {
                (Some(Place::Block(block)), Some(from)) => block.height >= from,
                (_, _) => false,
            };
            let there = matches!(place, Place::Mempool | Place::Block(_));
            let told = match known.contains(&which) {
                true => before.as_ref() != Some(&place) || detached,
                // Of one that came and went unseen nobody tells.
                false => there,
            };
            told.then_some((which, place))
        });
        Told {
            moment: now,
            tip: self.moments[now].tip.clone(),
            until: self.moments.get(now + 1).map(|next| next.at),
            replaced_from,
            outputs: outputs.collect(),
        }
    }
}
