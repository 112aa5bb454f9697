//! One step: blocks, mempool, and what became of outputs that are known.

use std::collections::BTreeSet;

use ::bitcoin::{Network, Txid};
use florin_kernel::coin::Units;
use florin_kernel::ports::chain::{ChainError, Cursor, Frailty, Known, Outpoint, Place, Sighting, Step, Watched};
use florin_kernel::{Coin, Timestamp};
use jiff::SignedDuration;

use super::FullReplacement;
use super::memo::Memo;
use super::node::{Entry, Node, Status};
use super::own::Own;
use super::pool::{Need, Pool};
use super::walk::{Reached, Target, Walk};

/// How often a step is begun again when blocks come while it is made.
const TRIES: usize = 5;
/// No block that comes later shows a time so far before its predecessor's.
const HEADERS_APART: SignedDuration = SignedDuration::from_hours(2);

/// What a step stands on.
pub struct Stepper<'a> {
    /// The node.
    pub node: &'a Node,
    /// Who must name the same blocks, if somebody must.
    pub second: Option<&'a Node>,
    /// Which chain.
    pub network: Network,
    /// How many blocks are remembered.
    pub history: u32,
    /// Whether coins that a node would let be replaced may count without confirmations.
    pub full_replacement: FullReplacement,
    /// What a virtual byte must pay.
    pub fast: Units,
    /// The time.
    pub clock: &'a (dyn Fn() -> Timestamp + Sync),
}

impl Stepper<'_> {
    /// What happened since a cursor.
    ///
    /// # Errors
    /// [`ChainError`]; nothing is to be taken in then.
    pub async fn step(&self, pool: &mut Pool, from: Option<&Cursor>, watched: &Watched) -> Result<Step, ChainError> {
        let own = Own::of(watched, self.network);
        let mut walk: Option<Walk<'_>> = None;
        for _ in 0..TRIES {
            let now = (self.clock)();
            let status = self.node.status(now).await?;
            let (target, whole) = self.target(&status).await?;
            let walk = match &mut walk {
                Some(walk) => walk,
                None => {
                    let begun = Walk::begin((self.node, &own), (self.network, self.history), from, target).await?;
                    walk.insert(begun)
                }
            };
            let before = walk.memo.hash_at(walk.memo.tip_height());
            let reached = walk.go(target).await?;
            if reached == Reached::Half || !whole {
                return Ok(halfway(walk));
            }
            let need = match before == Some(target.hash) && walk.sightings.is_empty() && walk.replaced_from.is_none() {
                true => Need::WhenRested,
                false => Need::Now,
            };
            let synced_at = match own.is_idle() {
                true => now,
                false if !status.mempool_is_loaded => {
                    return Err(ChainError::NotInSync("its mempool is not loaded yet".to_owned()));
                }
                false => pool.refresh(self.node, need, self.clock).await?.min(now),
            };
            self.track_known(walk, pool, &own).await?;
            let unconfirmed = self.unconfirmed(pool, &own, &status, synced_at).await?;
            // Only if no block came meanwhile is what left the mempool in none.
            if self.node.best().await? == target.hash {
                return Ok(self.finish(walk, pool, &own, unconfirmed, synced_at));
            }
        }
        Err(ChainError::NotInSync("blocks come faster than they are read".to_owned()))
    }

    /// Where to go: the node's newest block, or the newest that both nodes have. And whether that is all there is.
    async fn target(&self, status: &Status) -> Result<(Target, bool), ChainError> {
        let own = Target { hash: status.best, height: status.height };
        let Some(second) = self.second else { return Ok((own, true)) };
        let theirs = second.status((self.clock)()).await?;
        let height = own.height.min(theirs.height);
        let hash = match height == own.height {
            true => own.hash,
            false => self.node.block_hash(height).await?.unwrap_or(own.hash),
        };
        match second.block_hash(height).await? == Some(hash) {
            true => Ok((Target { hash, height }, height == own.height)),
            false => Err(ChainError::NotInSync(format!("the second node has another block at height {height}"))),
        }
    }

    /// Remembers what known transactions spend, while somebody can still tell.
    async fn track_known(&self, walk: &mut Walk<'_>, pool: &Pool, own: &Own) -> Result<(), ChainError> {
        for (id, outputs) in &own.outputs {
            if walk.memo.tracked(id).is_some() {
                continue;
            }
            if let Some(transaction) = pool.get(id) {
                walk.memo.track(*id, transaction);
            } else if let Some(block) = outputs.iter().find_map(block_of)
                && let Some(transaction) = self.node.in_block(*id, &block).await?
            {
                walk.memo.track(*id, &transaction);
            }
        }
        Ok(())
    }

    /// Outputs in the mempool that pay addresses asked about.
    async fn unconfirmed(
        &self,
        pool: &Pool,
        own: &Own,
        status: &Status,
        now: Timestamp,
    ) -> Result<Vec<(Txid, Sighting)>, ChainError> {
        let ids = pool.concerned(own);
        let mut sightings = Vec::new();
        for (id, entry) in ids.iter().zip(self.node.mempool_entries(&ids).await?) {
            // It left the mempool a moment ago; the next step tells where it went.
            let (Some(entry), Some(transaction)) = (entry, pool.get(id)) else { continue };
            let signals = transaction.input.iter().any(|input| input.sequence.is_rbf());
            let frailty = self.frailty(&entry, signals, status);
            for (index, address, satoshi) in own.paid_by(transaction) {
                let sighting = Sighting {
                    address: address.to_owned(),
                    coin: Coin::Btc,
                    outpoint: Outpoint { txid: id.to_string(), index },
                    units: Units::new(u128::from(satoshi)),
                    place: Place::Mempool,
                    frailty,
                    seen_at: entry.since.min(now),
                };
                sightings.push((*id, sighting));
            }
        }
        Ok(sightings)
    }

    /// Why an unconfirmed transaction does not serve without confirmations (crypto contract, section 10). Unconfirmed ancestors are
    /// taken to be others': deposits are never spent by us.
    fn frailty(&self, entry: &Entry, signals: bool, status: &Status) -> Option<Frailty> {
        let replaceable = status.replaces_anything && self.full_replacement == FullReplacement::Refused;
        if replaceable || signals || entry.has_ancestors {
            return Some(Frailty::Replaceable);
        }
        let asked = self.fast.number().saturating_mul(u128::from(entry.size));
        (entry.fee.number() < asked).then_some(Frailty::LowFee)
    }

    fn finish(
        &self,
        walk: &mut Walk<'_>,
        pool: &Pool,
        own: &Own,
        unconfirmed: Vec<(Txid, Sighting)>,
        synced_at: Timestamp,
    ) -> Step {
        let mut sightings = walk.mined();
        let mined: BTreeSet<Outpoint> = sightings.iter().map(|sighting| sighting.outpoint.clone()).collect();
        let mut paying = BTreeSet::new();
        for (id, sighting) in unconfirmed {
            if let Some(transaction) = pool.get(&id) {
                walk.memo.track(id, transaction);
            }
            paying.insert(id);
            if !mined.contains(&sighting.outpoint) {
                sightings.push(sighting);
            }
        }
        let told: BTreeSet<Outpoint> = sightings.iter().map(|sighting| sighting.outpoint.clone()).collect();
        for (id, outputs) in &own.outputs {
            let untold = outputs.iter().filter(|known| !told.contains(&known.outpoint));
            sightings.extend(untold.filter_map(|known| gone(id, known, &walk.memo, pool, synced_at)));
        }
        let seen: BTreeSet<Txid> = mined.iter().filter_map(|outpoint| outpoint.txid.parse().ok()).collect();
        walk.memo.keep_tracking(|id| own.outputs.contains_key(id) || paying.contains(id) || seen.contains(id));
        Step { cursor: cursor(walk), synced_at, replaced_from: walk.replaced_from, sightings }
    }
}

/// Where a known output is that is neither in the mempool nor in a block that was just read; nothing where it is as before, or where
/// nobody can tell.
fn gone(id: &Txid, known: &Known, memo: &Memo, pool: &Pool, now: Timestamp) -> Option<Sighting> {
    if let Place::Block(block) = &known.place
        && memo.holds(block.height, &block.hash)
    {
        return None;
    }
    let tracked = memo.tracked(id)?;
    let place = if pool.get(id).is_some() {
        // It was just about to be told where it went.
        return None;
    } else if let Some(conflict) = &tracked.conflict {
        Place::Conflicted { by: Some(conflict.by.to_string()) }
    } else if let Some(by) = tracked.inputs.iter().find_map(|input| pool.spender(input)) {
        Place::Replaced { by: by.to_string() }
    } else {
        Place::Missing
    };
    (place != known.place).then(|| Sighting {
        address: known.address.clone(),
        coin: Coin::Btc,
        outpoint: known.outpoint.clone(),
        units: Units::new(tracked.paid.get(&known.outpoint.index).copied().unwrap_or(0).into()),
        place,
        frailty: None,
        seen_at: now,
    })
}

fn block_of(known: &Known) -> Option<String> {
    match &known.place {
        Place::Block(block) => Some(block.hash.clone()),
        Place::Mempool | Place::Missing | Place::Replaced { .. } | Place::Conflicted { .. } => None,
    }
}

/// A step that did not reach the newest block: only what blocks up to there say is known, and only as far as their times tell.
fn halfway(walk: &Walk<'_>) -> Step {
    let synced_at = walk.tip.time.checked_sub(HEADERS_APART).unwrap_or(walk.tip.time);
    Step { cursor: cursor(walk), synced_at, replaced_from: walk.replaced_from, sightings: walk.mined() }
}

fn cursor(walk: &Walk<'_>) -> Cursor {
    Cursor { tip: walk.tip.clone(), final_height: None, memo: walk.memo.text() }
}
