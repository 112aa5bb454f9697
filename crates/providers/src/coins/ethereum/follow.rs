//! Following the chain: back to where it is still as it was told, then block by block to where it stands now; and where the outputs are
//! that a reorganisation took away.

use std::collections::{BTreeMap, HashSet};

use florin_kernel::Timestamp;
use florin_kernel::ports::chain::{Block, ChainError, Cursor, Known, Outpoint, Place, Sighting, Step, Watched};
use jiff::SignedDuration;
use serde_json::json;

use super::memo::{Memo, Origin, heights};
use super::node::{Head, block};
use super::rpc::Call;
use super::transfers::{Transfer, transfers};
use super::wire::Transaction;
use super::words::{Hash, Quantity};
use super::{EthereumChain, unavailable};

/// Blocks that one step takes in at most while catching up.
const STEP_MAX: u64 = 50;
/// Remembered blocks that are compared in one request.
const COMPARED: usize = 20;
/// Blocks reach the node so long after the time of their header: until then an older one may still come.
const UNDERWAY: SignedDuration = SignedDuration::from_secs(15);

/// Blocks that were read in one step.
#[derive(Default)]
pub(super) struct Read {
    /// Each with what moved in it.
    pub blocks: Vec<(Block, Vec<Transfer>)>,
}

impl EthereumChain {
    pub(super) async fn step(
        &self,
        now: Timestamp,
        from: Option<&Cursor>,
        watched: &Watched,
    ) -> Result<Step, ChainError> {
        let head = self.head(now).await?;
        let Some(cursor) = from else { return self.begin(&head, now).await };
        let mut memo = Memo::of(cursor).map_err(ChainError::NotInSync)?;
        let fork = self.fork(&memo, cursor.tip.height, &head).await?;
        let parent = memo.blocks[&fork];
        memo.cut(fork);
        // Whatever was in a replaced block is told in one step with the replacement.
        let end = head.header.number.0.min((fork + STEP_MAX).max(cursor.tip.height));
        let mut read = self.read(fork + 1..=end, parent, &head).await?;
        self.add_internal(&mut read, (fork, parent), watched).await?;
        let tip = read.blocks.last().map_or_else(|| cursor.tip.clone(), |(block, _)| block.clone());
        for (block, _) in &read.blocks {
            memo.blocks.extend(Hash::read(&block.hash).map(|hash| (block.height, hash)));
        }
        self.remember_origins(&mut memo, &read, watched, head.final_height).await?;
        let mut sightings: Vec<Sighting> =
            read.blocks.iter().flat_map(|(block, found)| sightings(block, found)).collect();
        let replaced_from = (fork < cursor.tip.height).then_some(fork + 1);
        let elsewhere = self.lost(&memo, &sightings, watched, replaced_from, tip.height).await?;
        sightings.extend(elsewhere);
        let lost: HashSet<&str> = unmined(watched).map(|known| known.outpoint.txid.as_str()).collect();
        let history = self.network.history.into();
        memo.prune(tip.height, history, head.final_height, |txid| lost.contains(txid));
        let synced_at = match tip.height == head.header.number.0 {
            true => tip.time.max(now - UNDERWAY).min(now.max(tip.time)),
            false => tip.time,
        };
        let final_height = head.final_height.map(|height| height.min(tip.height));
        Ok(Step { cursor: Cursor { tip, final_height, memo: memo.text() }, synced_at, replaced_from, sightings })
    }

    /// Where the chain stands, with what is needed to notice from the first step on that it is replaced.
    async fn begin(&self, head: &Head, now: Timestamp) -> Result<Step, ChainError> {
        let Head { header, final_height } = head;
        let tip = block(header.number, header.hash, header.timestamp)?;
        let wanted = heights(tip.height, self.network.history.into());
        let hashes = self.hashes(&wanted).await?;
        let known = wanted.into_iter().zip(hashes).filter_map(|(height, hash)| hash.map(|hash| (height, hash)));
        let mut memo = Memo { blocks: known.collect(), origins: BTreeMap::new() };
        if memo.blocks.insert(tip.height, header.hash) != Some(header.hash) {
            return Err(ChainError::Unavailable("the chain moved while it was read".to_owned()));
        }
        let cursor = Cursor { tip, final_height: *final_height, memo: memo.text() };
        Ok(Step { cursor, synced_at: now - UNDERWAY, replaced_from: None, sightings: Vec::new() })
    }

    /// The highest remembered block that is still in the chain.
    async fn fork(&self, memo: &Memo, tip: u64, head: &Head) -> Result<u64, ChainError> {
        let header = &head.header;
        let is_known = |height: u64, hash: Hash| memo.blocks.get(&height) == Some(&hash);
        if is_known(tip, header.hash) && header.number.0 == tip {
            return Ok(tip);
        }
        if header.number.0 == tip + 1 && is_known(tip, header.parent_hash) {
            return Ok(tip);
        }
        let below: Vec<u64> = memo.blocks.keys().rev().copied().filter(|height| *height <= header.number.0).collect();
        for part in below.chunks(COMPARED) {
            for (height, hash) in part.iter().zip(self.hashes(part).await?) {
                if !hash.is_some_and(|hash| is_known(*height, hash)) {
                    continue;
                }
                // The newest that can be compared is as it was told: there is only less of it.
                let shorter = header.number.0 < tip && below.first() == Some(height);
                return match shorter {
                    true => Err(ChainError::NotInSync(format!("it fell back to {}, {tip} was told", header.number.0))),
                    false => Ok(*height),
                };
            }
        }
        Err(ChainError::TooDeep { from: memo.blocks.keys().next().copied().unwrap_or(tip) })
    }

    async fn read(
        &self,
        heights: std::ops::RangeInclusive<u64>,
        parent: Hash,
        head: &Head,
    ) -> Result<Read, ChainError> {
        let mut read = Read::default();
        for (full, receipts) in self.blocks(heights, parent).await? {
            let found = transfers(&full, &receipts, &self.tokens).map_err(ChainError::Unavailable)?;
            if full.number == head.header.number && full.hash != head.header.hash {
                return Err(ChainError::Unavailable("the chain moved while it was read".to_owned()));
            }
            read.blocks.push((block(full.number, full.hash, full.timestamp)?, found));
        }
        Ok(read)
    }

    /// Notes who sent what pays us, so that it is known later what takes its place.
    async fn remember_origins(
        &self,
        memo: &mut Memo,
        read: &Read,
        watched: &Watched,
        final_height: Option<u64>,
    ) -> Result<(), ChainError> {
        let ours: HashSet<&str> = addresses(watched).collect();
        for (block, transfer) in read.blocks.iter().flat_map(|(block, found)| found.iter().map(move |one| (block, one)))
        {
            if ours.contains(transfer.to.to_string().as_str()) {
                let Transfer { sender: from, nonce, .. } = *transfer;
                memo.origins.insert(transfer.outpoint.txid.clone(), Origin { from, nonce, height: block.height });
            }
        }
        // Late payments are found by what blocks tell, and are ours only since the engine says so.
        let unknown = watched.outputs.iter().filter(|known| !memo.origins.contains_key(&known.outpoint.txid));
        let unsettled = unknown.filter(|known| match &known.place {
            Place::Block(block) => final_height.is_none_or(|height| block.height > height),
            Place::Mempool | Place::Missing | Place::Replaced { .. } => true,
            Place::Conflicted { .. } => false,
        });
        let txids: Vec<&str> = unsettled.map(|known| known.outpoint.txid.as_str()).collect();
        for transaction in self.transactions(&txids).await?.into_iter().flatten() {
            let height = transaction.block_number.map_or(0, |number| number.0);
            let origin = Origin { from: transaction.from, nonce: transaction.nonce.0, height };
            memo.origins.insert(transaction.hash.to_string(), origin);
        }
        Ok(())
    }

    async fn transactions(&self, txids: &[&str]) -> Result<Vec<Option<Transaction>>, ChainError> {
        let calls: Vec<Call> = txids.iter().map(|txid| ("eth_getTransactionByHash", json!([txid]))).collect();
        self.rpc.all(&calls).await.map_err(unavailable)
    }

    /// Known outputs that are in no block that was read, and should be or were: where they are now.
    async fn lost(
        &self,
        memo: &Memo,
        told: &[Sighting],
        watched: &Watched,
        replaced_from: Option<u64>,
        tip: u64,
    ) -> Result<Vec<Sighting>, ChainError> {
        let told: HashSet<&Outpoint> = told.iter().map(|sighting| &sighting.outpoint).collect();
        let replaced = |known: &&Known| match &known.place {
            Place::Block(block) => replaced_from.is_some_and(|from| block.height >= from),
            Place::Mempool | Place::Missing | Place::Replaced { .. } | Place::Conflicted { .. } => false,
        };
        let asked = watched.outputs.iter().filter(replaced).chain(unmined(watched));
        let asked: Vec<&Known> = asked.filter(|known| !told.contains(&known.outpoint)).collect();
        let txids: Vec<&str> = asked.iter().map(|known| known.outpoint.txid.as_str()).collect();
        let mut sightings = Vec::new();
        for (known, transaction) in asked.into_iter().zip(self.transactions(&txids).await?) {
            let place = match transaction.map(|transaction| transaction.block_number) {
                // Told when the step comes there.
                Some(Some(Quantity(height))) if height > tip => Place::Mempool,
                // It was mined again, and did not do the same again.
                Some(Some(_)) => Place::Conflicted { by: None },
                Some(None) => Place::Mempool,
                None if self.is_superseded(memo, &known.outpoint.txid).await? => Place::Conflicted { by: None },
                None => Place::Missing,
            };
            if place != known.place {
                sightings.push(Sighting {
                    address: known.address.clone(),
                    coin: known.coin,
                    outpoint: known.outpoint.clone(),
                    units: known.units,
                    place,
                    frailty: None,
                    seen_at: known.seen_at,
                });
            }
        }
        Ok(sightings)
    }

    /// Whether a transaction that is nowhere cannot come back, as things stand: its sender's number is used by another one.
    async fn is_superseded(&self, memo: &Memo, txid: &str) -> Result<bool, ChainError> {
        let Some(Origin { from, nonce, .. }) = memo.origins.get(txid) else { return Ok(false) };
        let count = self.rpc.call("eth_getTransactionCount", json!([from, "latest"])).await;
        let Quantity(count) = count.map_err(unavailable)?;
        Ok(count > *nonce)
    }
}

/// Known outputs that were in no block.
fn unmined(watched: &Watched) -> impl Iterator<Item = &Known> {
    watched.outputs.iter().filter(|known| match &known.place {
        Place::Mempool | Place::Missing | Place::Replaced { .. } => true,
        Place::Block(_) | Place::Conflicted { .. } => false,
    })
}

/// Addresses at which something is waited for or not final.
pub(super) fn addresses(watched: &Watched) -> impl Iterator<Item = &str> {
    let known = watched.outputs.iter().map(|known| known.address.as_str());
    watched.addresses.iter().map(String::as_str).chain(known)
}

fn sightings<'a>(block: &'a Block, found: &'a [Transfer]) -> impl Iterator<Item = Sighting> + 'a {
    found.iter().map(|transfer| Sighting {
        address: transfer.to.to_string(),
        coin: transfer.coin,
        outpoint: transfer.outpoint.clone(),
        units: transfer.units,
        place: Place::Block(block.clone()),
        frailty: None,
        seen_at: block.time,
    })
}
