//! Following the blocks: back to where the chain parted from the one known, and forward from there.

use std::collections::HashMap;

use ::bitcoin::{Block, BlockHash, Network, OutPoint, Txid};
use florin_kernel::coin::Units;
use florin_kernel::ports::chain::{self, ChainError, Cursor, Outpoint, Place, Sighting};
use florin_kernel::{Coin, Timestamp};

use super::memo::{Conflict, Memo};
use super::node::Node;
use super::own::{self, Own};

/// Blocks taken in by one step at most.
const BLOCKS_MAX: u64 = 144;
/// A step ends before the next block once it saw so many outputs; while it goes over blocks anew it does not.
const SIGHTINGS_MAX: usize = 10_000;

/// Where a step is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The block.
    pub hash: BlockHash,
    /// Its height.
    pub height: u64,
}

/// A step on its way.
pub struct Walk<'a> {
    node: &'a Node,
    own: &'a Own,
    network: Network,
    history: u32,
    /// What is remembered, up to the tip.
    pub memo: Memo,
    /// The newest block taken in.
    pub tip: chain::Block,
    /// The lowest height whose block is another one.
    pub replaced_from: Option<u64>,
    /// Outputs seen in blocks.
    pub sightings: Vec<Sighting>,
    /// The tip of before: up to there blocks are gone over anew in one step.
    old_height: u64,
    spent: HashMap<OutPoint, Vec<Txid>>,
}

/// How far a walk came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Its target.
    Target,
    /// Not yet; the rest is for the next step.
    Half,
}

impl<'a> Walk<'a> {
    /// From a cursor; without one from where the node stands.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn begin(
        (node, own): (&'a Node, &'a Own),
        (network, history): (Network, u32),
        from: Option<&Cursor>,
        target: Target,
    ) -> Result<Walk<'a>, ChainError> {
        let (memo, tip) = match from {
            Some(cursor) => (Memo::read(cursor)?, cursor.tip.clone()),
            None => {
                let first = target.height.saturating_sub(u64::from(history));
                let hashes = node.block_hashes(first..=target.height).await?;
                if hashes.last() != Some(&target.hash) {
                    return Err(moved());
                }
                (Memo::begin(first, hashes), node.header(target.hash).await?)
            }
        };
        let (old_height, spent) = (memo.tip_height(), memo.spent());
        Ok(Walk {
            node,
            own,
            network,
            history,
            memo,
            tip,
            replaced_from: None,
            sightings: Vec::new(),
            old_height,
            spent,
        })
    }

    /// Goes to a target, as far as one step goes.
    ///
    /// # Errors
    /// [`ChainError`]; [`ChainError::TooDeep`] when the chains parted before what is remembered.
    pub async fn go(&mut self, target: Target) -> Result<Reached, ChainError> {
        if self.memo.hash_at(target.height) == Some(target.hash) && self.memo.tip_height() == target.height {
            return Ok(Reached::Target);
        }
        let common = self.ancestor(target).await?;
        if common < self.memo.tip_height() {
            let from = common + 1;
            self.replaced_from = Some(self.replaced_from.map_or(from, |before| before.min(from)));
            self.memo.rewind(common);
            let hash = self.memo.hash_at(common).ok_or(ChainError::TooDeep { from })?;
            self.tip = self.node.header(hash).await?;
        }
        let begun = self.memo.tip_height();
        while self.memo.tip_height() < target.height {
            let height = self.memo.tip_height() + 1;
            let full = height > begun + BLOCKS_MAX || self.sightings.len() >= SIGHTINGS_MAX;
            if full && height > self.old_height + 1 {
                return Ok(Reached::Half);
            }
            let hash = self.node.block_hash(height).await?.ok_or_else(moved)?;
            let block = self.node.block(hash).await?;
            if Some(block.header.prev_blockhash) != self.memo.hash_at(height - 1) {
                return Err(moved());
            }
            self.take(&block, hash, height)?;
        }
        match self.memo.hash_at(target.height) == Some(target.hash) {
            true => Ok(Reached::Target),
            false => Err(moved()),
        }
    }

    /// The highest block that both chains have.
    async fn ancestor(&self, target: Target) -> Result<u64, ChainError> {
        let mut height = self.memo.tip_height().min(target.height);
        loop {
            let known = self.memo.hash_at(height).ok_or(ChainError::TooDeep { from: self.memo.first() })?;
            if self.node.block_hash(height).await? == Some(known) {
                return Ok(height);
            }
            height = height.checked_sub(1).ok_or(ChainError::TooDeep { from: 0 })?;
        }
    }

    fn take(&mut self, block: &Block, hash: BlockHash, height: u64) -> Result<(), ChainError> {
        let time = Timestamp::from_second(i64::from(block.header.time));
        let time = time.map_err(|_| ChainError::Unavailable("a block's time cannot be read".to_owned()))?;
        let place = chain::Block { height, hash: hash.to_string(), time };
        for transaction in &block.txdata {
            // Newly mined coins cannot be spent for a hundred blocks, so they pay nobody.
            if transaction.is_coinbase() {
                continue;
            }
            let id = transaction.compute_txid();
            for input in &transaction.input {
                for other in self.spent.get(&input.previous_output).into_iter().flatten() {
                    if *other != id {
                        self.memo.conflicts(other, Conflict { by: id, height });
                    }
                }
            }
            for (output, index) in transaction.output.iter().zip(0_u32..) {
                let Some(address) = own::address(&output.script_pubkey, self.network) else { continue };
                self.sightings.push(Sighting {
                    address,
                    coin: Coin::Btc,
                    outpoint: Outpoint { txid: id.to_string(), index },
                    units: Units::new(u128::from(output.value.to_sat())),
                    place: Place::Block(place.clone()),
                    frailty: None,
                    seen_at: time,
                });
            }
            if self.own.paid_by(transaction).next().is_some() {
                self.memo.track(id, transaction);
            }
        }
        self.memo.push(hash, self.history);
        self.tip = place;
        Ok(())
    }

    /// What was seen in blocks that are still part of the chain.
    pub fn mined(&self) -> Vec<Sighting> {
        let stands = |sighting: &&Sighting| match &sighting.place {
            Place::Block(block) => self.memo.hash_at(block.height).is_some_and(|hash| hash.to_string() == block.hash),
            Place::Mempool | Place::Missing | Place::Replaced { .. } | Place::Conflicted { .. } => true,
        };
        self.sightings.iter().filter(stands).cloned().collect()
    }
}

/// The node took another branch while it was read; it is asked again.
fn moved() -> ChainError {
    ChainError::Unavailable("the chain changed while it was read".to_owned())
}
