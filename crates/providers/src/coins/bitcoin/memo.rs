//! What is remembered from step to step. It travels in the cursor, which the engine commits; nothing else is kept.

use std::collections::{BTreeMap, HashMap, VecDeque};

use ::bitcoin::{BlockHash, OutPoint, Transaction, Txid};
use florin_kernel::ports::chain::{ChainError, Cursor};
use serde::{Deserialize, Serialize};

use super::own::program;

#[cfg(test)]
mod tests;

/// Recent blocks, and the transactions that pay us and are not final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memo {
    /// The height of the oldest of [`Memo::hashes`].
    first: u64,
    /// Hashes of recent blocks, oldest first; the last is the tip's.
    hashes: VecDeque<BlockHash>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tracked: BTreeMap<Txid, Tracked>,
}

/// A transaction that pays us: by its inputs a conflicting one is known, though the node has forgotten this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracked {
    /// What it spends.
    pub inputs: Vec<OutPoint>,
    /// What it pays to addresses that may be ours, in satoshi by output.
    pub paid: BTreeMap<u32, u64>,
    /// A block holds another one that spends the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflict: Option<Conflict>,
}

/// A conflicting transaction in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// Which.
    pub by: Txid,
    /// The block's height.
    pub height: u64,
}

impl Memo {
    /// Where following begins: recent blocks up to a tip.
    pub fn begin(first: u64, hashes: Vec<BlockHash>) -> Memo {
        Memo { first, hashes: hashes.into(), tracked: BTreeMap::new() }
    }

    /// As a cursor holds it.
    ///
    /// # Errors
    /// [`ChainError::Unavailable`] when it cannot be read, which is an operator's matter: guessing could credit twice.
    pub fn read(cursor: &Cursor) -> Result<Memo, ChainError> {
        let memo: Memo = serde_json::from_str(&cursor.memo)
            .map_err(|error| ChainError::Unavailable(format!("how far it was followed cannot be read: {error}")))?;
        match memo.hash_at(cursor.tip.height).is_some_and(|hash| hash.to_string() == cursor.tip.hash) {
            true => Ok(memo),
            false => Err(ChainError::Unavailable("how far it was followed contradicts itself".to_owned())),
        }
    }

    /// As a cursor will hold it.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("hashes and numbers are JSON")
    }

    /// The height of the oldest block remembered.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// The newest block's height.
    pub fn tip_height(&self) -> u64 {
        self.first + (self.hashes.len() as u64).saturating_sub(1)
    }

    /// A recent block.
    pub fn hash_at(&self, height: u64) -> Option<BlockHash> {
        let place = height.checked_sub(self.first).and_then(|place| usize::try_from(place).ok())?;
        self.hashes.get(place).copied()
    }

    /// Whether a block is one of the chain followed; very old ones are taken to be.
    pub fn holds(&self, height: u64, hash: &str) -> bool {
        height < self.first || self.hash_at(height).is_some_and(|known| known.to_string() == hash)
    }

    /// Forgets blocks above a height, and what they held.
    pub fn rewind(&mut self, height: u64) {
        let left = height.saturating_sub(self.first) + 1;
        self.hashes.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        for tracked in self.tracked.values_mut() {
            tracked.conflict = tracked.conflict.filter(|conflict| conflict.height <= height);
        }
    }

    /// Takes a next block in; the oldest are forgotten beyond so many.
    pub fn push(&mut self, hash: BlockHash, keep: u32) {
        self.hashes.push_back(hash);
        while self.hashes.len() > keep as usize + 1 {
            self.hashes.pop_front();
            self.first += 1;
        }
    }

    /// A transaction that pays us.
    pub fn tracked(&self, id: &Txid) -> Option<&Tracked> {
        self.tracked.get(id)
    }

    /// Remembers a transaction that pays us.
    pub fn track(&mut self, id: Txid, transaction: &Transaction) {
        let outputs = transaction.output.iter().zip(0_u32..);
        let ours = outputs.filter(|(output, _)| program(&output.script_pubkey).is_some());
        self.tracked.entry(id).or_insert_with(|| Tracked {
            inputs: transaction.input.iter().map(|input| input.previous_output).collect(),
            paid: ours.map(|(output, index)| (index, output.value.to_sat())).collect(),
            conflict: None,
        });
    }

    /// Forgets transactions that nobody asks about any more.
    pub fn keep_tracking(&mut self, wanted: impl Fn(&Txid) -> bool) {
        self.tracked.retain(|id, _| wanted(id));
    }

    /// Who of the tracked spends what.
    pub fn spent(&self) -> HashMap<OutPoint, Vec<Txid>> {
        let mut spent: HashMap<OutPoint, Vec<Txid>> = HashMap::new();
        for (id, tracked) in &self.tracked {
            for input in &tracked.inputs {
                spent.entry(*input).or_default().push(*id);
            }
        }
        spent
    }

    /// Another transaction that spends what a tracked one spends is in a block.
    pub fn conflicts(&mut self, id: &Txid, conflict: Conflict) {
        if let Some(tracked) = self.tracked.get_mut(id) {
            tracked.conflict = Some(conflict);
        }
    }
}
