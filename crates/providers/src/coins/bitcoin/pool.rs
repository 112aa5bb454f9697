//! A node's mempool as far as it matters here. It is read from the node and kept only so that each transaction is fetched once.

use std::collections::{HashMap, HashSet};

use ::bitcoin::{OutPoint, ScriptBuf, Transaction, Txid, WPubkeyHash, Witness};
use florin_kernel::Timestamp;
use florin_kernel::ports::chain::ChainError;
use jiff::SignedDuration;

use super::node::Node;
use super::own::{Own, program};

/// Reading the mempool may take this share of the time: a node with hundreds of thousands of transactions is asked less often.
const PAUSE_FACTOR: i32 = 5;
/// But payers wait no longer than this to be seen.
const PAUSE_MAX: SignedDuration = SignedDuration::from_secs(5);
/// A mempool that is read as quickly as this is read whenever it is asked for.
const QUICK: SignedDuration = SignedDuration::from_millis(500);

/// Unconfirmed transactions, by what they spend and whom they pay.
#[derive(Default)]
pub struct Pool {
    transactions: HashMap<Txid, Transaction>,
    spenders: HashMap<OutPoint, Txid>,
    payers: HashMap<WPubkeyHash, Vec<Txid>>,
    /// When it was read, as far as it is known to be whole.
    read_at: Option<Timestamp>,
    /// Not before then is it read again without need.
    rests_until: Option<Timestamp>,
}

/// Whether the mempool must be read now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Blocks came: what was unconfirmed may be in them.
    Now,
    /// Nothing else happened.
    WhenRested,
}

impl Pool {
    /// Reads the mempool, and tells the moment up to which it is known.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn refresh(
        &mut self,
        node: &Node,
        need: Need,
        clock: &(dyn Fn() -> Timestamp + Sync),
    ) -> Result<Timestamp, ChainError> {
        let began = clock();
        if let (Some(read_at), Some(rests_until), Need::WhenRested) = (self.read_at, self.rests_until, need)
            && began < rests_until
            && began >= read_at
        {
            return Ok(read_at);
        }
        let there: HashSet<Txid> = node.mempool().await?.into_iter().collect();
        let gone: Vec<Txid> = self.transactions.keys().filter(|id| !there.contains(*id)).copied().collect();
        for id in gone {
            self.remove(&id);
        }
        let new: Vec<Txid> = there.into_iter().filter(|id| !self.transactions.contains_key(id)).collect();
        for transaction in node.unconfirmed(&new).await? {
            self.insert(transaction);
        }
        let took = clock().duration_since(began).max(SignedDuration::ZERO);
        let rest = if took < QUICK { SignedDuration::ZERO } else { took.saturating_mul(PAUSE_FACTOR).min(PAUSE_MAX) };
        self.rests_until = began.checked_add(rest).ok();
        self.read_at = Some(began);
        Ok(began)
    }

    fn insert(&mut self, transaction: Transaction) {
        let id = transaction.compute_txid();
        let transaction = slim(transaction);
        for input in &transaction.input {
            self.spenders.insert(input.previous_output, id);
        }
        for program in transaction.output.iter().filter_map(|output| program(&output.script_pubkey)) {
            self.payers.entry(program).or_default().push(id);
        }
        self.transactions.insert(id, transaction);
    }

    fn remove(&mut self, id: &Txid) {
        let Some(transaction) = self.transactions.remove(id) else { return };
        for input in &transaction.input {
            // Its replacement may spend the same.
            if self.spenders.get(&input.previous_output) == Some(id) {
                self.spenders.remove(&input.previous_output);
            }
        }
        for program in transaction.output.iter().filter_map(|output| program(&output.script_pubkey)) {
            if let Some(payers) = self.payers.get_mut(&program) {
                payers.retain(|payer| payer != id);
                if payers.is_empty() {
                    self.payers.remove(&program);
                }
            }
        }
    }

    /// A transaction that is in it.
    pub fn get(&self, id: &Txid) -> Option<&Transaction> {
        self.transactions.get(id)
    }

    /// The transaction in it that spends an output.
    pub fn spender(&self, of: &OutPoint) -> Option<Txid> {
        self.spenders.get(of).copied()
    }

    /// The transactions in it that pay addresses asked about, and those asked about themselves.
    pub fn concerned(&self, own: &Own) -> Vec<Txid> {
        let paying = own.programs().filter_map(|program| self.payers.get(program)).flatten();
        let known = own.outputs.keys().filter(|id| self.transactions.contains_key(*id));
        let mut ids: Vec<Txid> = paying.chain(known).copied().collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

/// Without what nobody asks about: a mempool may hold hundreds of megabytes of signatures.
fn slim(mut transaction: Transaction) -> Transaction {
    for input in &mut transaction.input {
        input.script_sig = ScriptBuf::new();
        input.witness = Witness::new();
    }
    for output in &mut transaction.output {
        if program(&output.script_pubkey).is_none() {
            output.script_pubkey = ScriptBuf::new();
        }
    }
    transaction
}
