//! What every chain's adapter must keep, whatever is behind it: run [`all`] over a [`Fixture`] in the adapter's tests.
//!
//! A rule that an adapter breaks panics with the rule's name; this is for tests only.

use std::collections::BTreeMap;

use async_trait::async_trait;
use florin_kernel::Coin;
use florin_kernel::coin::Units;
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::{
    AddressStyle, Broadcast, Chain, ChainError, Cursor, Known, Outpoint, Place, Sighting, SignedTransaction, Step,
    Watched,
};

/// A chain with hands that make it do what a rule is about.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// The adapter.
    fn chain(&self) -> &dyn Chain;
    /// A lane that it serves.
    fn lane(&self) -> Lane;
    /// An account key of it.
    fn account_key(&self) -> String;
    /// The coin that is paid with.
    fn coin(&self) -> Coin;
    /// What the adapter tells of transactions that are in no block.
    fn mempool(&self) -> Mempool;
    /// Sends coins to an address; the transaction's id.
    async fn pay(&self, address: &str, units: Units) -> String;
    /// Makes blocks, the first of which holds what was sent.
    async fn mine(&self, blocks: u32);
    /// Replaces the newest blocks by more others that hold nothing; what the old ones held is lost or waits again.
    async fn replace(&self, depth: u32);
    /// What was lost in a replacement is in a block again.
    async fn bring_back(&self, txid: &str);
    /// The node answers no more.
    async fn silence(&self);
    /// It does again.
    async fn speak(&self);
}

/// What an adapter tells of transactions that are in no block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mempool {
    /// They are told.
    Told,
    /// Nothing.
    Silent,
}

/// Follows a chain as the engine does: with its cursor, what is waited for, and what is known.
#[derive(Clone, Default)]
pub struct Follower {
    /// How far.
    pub cursor: Option<Cursor>,
    /// Addresses that wait.
    pub addresses: Vec<String>,
    /// Outputs to them, as they were told last.
    pub known: BTreeMap<Outpoint, Sighting>,
}

impl Follower {
    /// A step, taken in.
    ///
    /// # Errors
    /// What the chain says.
    pub async fn follows(&mut self, chain: &dyn Chain, lane: Lane) -> Result<Step, ChainError> {
        let step = chain.follow(lane, self.cursor.as_ref(), &self.watched()).await?;
        self.take(&step);
        Ok(step)
    }

    fn watched(&self) -> Watched {
        let outputs = self.known.values().map(|sighting| Known {
            address: sighting.address.clone(),
            coin: sighting.coin,
            outpoint: sighting.outpoint.clone(),
            units: sighting.units,
            seen_at: sighting.seen_at,
            place: sighting.place.clone(),
        });
        Watched { addresses: self.addresses.clone(), outputs: outputs.collect() }
    }

    fn take(&mut self, step: &Step) {
        self.cursor = Some(step.cursor.clone());
        if let Some(from) = step.replaced_from {
            let told = |outpoint: &Outpoint| step.sightings.iter().any(|sighting| sighting.outpoint == *outpoint);
            for (outpoint, Sighting { place, .. }) in &mut self.known {
                if matches!(place, Place::Block(block) if block.height >= from) && !told(outpoint) {
                    *place = Place::Missing;
                }
            }
        }
        let ours = |sighting: &&Sighting| self.addresses.contains(&sighting.address);
        for sighting in step.sightings.iter().filter(ours) {
            self.known.insert(sighting.outpoint.clone(), sighting.clone());
        }
    }

    /// The units and places of what a transaction paid to addresses that wait.
    pub fn of(&self, txid: &str) -> Vec<(Units, Place)> {
        let known = self.known.iter().filter(|(outpoint, _)| outpoint.txid == txid);
        known.map(|(_, sighting)| (sighting.units, sighting.place.clone())).collect()
    }
}

/// Runs every rule.
pub async fn all(fixture: &dyn Fixture) {
    addresses_are_each_their_own(fixture);
    addresses_are_read_back(fixture);
    it_begins_where_the_chain_stands(fixture).await;
    coins_are_told_exactly_and_again_after_a_lost_commit(fixture).await;
    a_reorganisation_is_told(fixture).await;
    silence_is_an_error_and_no_news(fixture).await;
    nonsense_is_not_sent(fixture).await;
}

fn address(fixture: &dyn Fixture, index: u32) -> String {
    let address = fixture.chain().address(fixture.lane(), &fixture.account_key(), index, AddressStyle::Native);
    address.expect("an address")
}

async fn follower(fixture: &dyn Fixture, index: u32) -> Follower {
    let mut follower = Follower { addresses: vec![address(fixture, index)], ..Follower::default() };
    follower.follows(fixture.chain(), fixture.lane()).await.expect("it tells where it stands");
    follower
}

fn addresses_are_each_their_own(fixture: &dyn Fixture) {
    let mut seen = std::collections::BTreeSet::new();
    for index in 0..100 {
        let one = address(fixture, index);
        assert_eq!(one, address(fixture, index), "the same index, another address");
        assert!(seen.insert(one), "two indexes, one address");
    }
}

fn addresses_are_read_back(fixture: &dyn Fixture) {
    let chain = fixture.chain();
    let one = address(fixture, 0);
    assert_eq!(chain.read_address(&one), Some(one.clone()), "an own address is not read");
    let mut broken = one.clone();
    let last = broken.pop().expect("a character");
    broken.push(if last == 'q' { 'p' } else { 'q' });
    for nonsense in ["", "x", &broken, "bitcoin:", &format!("{one} ")] {
        assert_eq!(chain.read_address(nonsense), None, "{nonsense} is read");
    }
}

async fn it_begins_where_the_chain_stands(fixture: &dyn Fixture) {
    let (chain, lane) = (fixture.chain(), fixture.lane());
    let first = chain.follow(lane, None, &Watched::default()).await.expect("it tells where it stands");
    assert_eq!((first.replaced_from, first.sightings.len()), (None, 0), "something is told before the beginning");
    let again = chain.follow(lane, Some(&first.cursor), &Watched::default()).await.expect("it tells");
    assert_eq!(again.cursor, first.cursor, "the cursor moves though nothing happened");
    assert!(again.synced_at >= first.synced_at, "time runs backwards");
}

async fn coins_are_told_exactly_and_again_after_a_lost_commit(fixture: &dyn Fixture) {
    let (chain, lane) = (fixture.chain(), fixture.lane());
    let mut follower = follower(fixture, 1).await;
    let units = Units::new(79_745 * fixture.coin().step().number());
    let txid = fixture.pay(&follower.addresses[0], units).await;
    follower.follows(chain, lane).await.expect("it tells");
    match fixture.mempool() {
        Mempool::Told => {
            assert_eq!(follower.of(&txid), [(units, Place::Mempool)], "what is in the mempool is told otherwise");
            let place = chain.transaction(lane, &txid).await.expect("it tells");
            assert_eq!(place, Some(Place::Mempool), "and found otherwise");
        }
        Mempool::Silent => assert_eq!(follower.of(&txid), [], "something is told that is in no block"),
    }
    let before = follower.clone();
    fixture.mine(1).await;
    for mut follower in [before.clone(), before] {
        let step = follower.follows(chain, lane).await.expect("it tells");
        let told = follower.of(&txid);
        let [(told, Place::Block(block))] = told.as_slice() else { panic!("mined coins are told as {told:?}") };
        assert_eq!(*told, units, "so many coins were not sent");
        assert!(block.height <= step.cursor.tip.height, "a block beyond the tip");
    }
    let mut follower = Follower { addresses: follower.addresses.clone(), ..Follower::default() };
    follower.follows(chain, lane).await.expect("it tells");
    fixture.mine(3).await;
    let before = follower.cursor.clone().map(|cursor| cursor.tip.height);
    let step = follower.follows(chain, lane).await.expect("it tells");
    assert!(before.is_some_and(|before| step.cursor.tip.height >= before + 3), "blocks are left out");
}

async fn a_reorganisation_is_told(fixture: &dyn Fixture) {
    let (chain, lane) = (fixture.chain(), fixture.lane());
    let mut follower = follower(fixture, 2).await;
    let units = Units::new(50_000 * fixture.coin().step().number());
    let txid = fixture.pay(&follower.addresses[0], units).await;
    fixture.mine(2).await;
    follower.follows(chain, lane).await.expect("it tells");
    let told = follower.of(&txid);
    let [(_, Place::Block(block))] = told.as_slice() else { panic!("mined coins are told as {told:?}") };
    let block = block.clone();
    fixture.replace(2).await;
    let step = follower.follows(chain, lane).await.expect("it tells");
    assert!(step.replaced_from.is_some_and(|from| from <= block.height), "a replaced block is not told");
    let told = follower.of(&txid);
    assert!(
        matches!(told.as_slice(), [(_, Place::Mempool | Place::Missing)]),
        "coins of a replaced block are told as {told:?}"
    );
    fixture.bring_back(&txid).await;
    follower.follows(chain, lane).await.expect("it tells");
    let told = follower.of(&txid);
    let [(told, Place::Block(other))] = told.as_slice() else { panic!("coins that are back are told as {told:?}") };
    assert_eq!((*told, other.hash == block.hash), (units, false), "back in another block");
}

async fn silence_is_an_error_and_no_news(fixture: &dyn Fixture) {
    let (chain, lane) = (fixture.chain(), fixture.lane());
    let mut follower = follower(fixture, 3).await;
    fixture.silence().await;
    let silent = follower.follows(chain, lane).await;
    assert!(
        matches!(silent, Err(ChainError::Unavailable(_) | ChainError::NotInSync(_))),
        "a silent node tells {silent:?}"
    );
    let unknown = "00".repeat(32);
    assert!(chain.transaction(lane, &unknown).await.is_err(), "a silent node knows where a transaction is");
    fixture.speak().await;
    let units = Units::new(60_000 * fixture.coin().step().number());
    let txid = fixture.pay(&follower.addresses[0], units).await;
    fixture.mine(1).await;
    follower.follows(chain, lane).await.expect("it tells again");
    let told = follower.of(&txid);
    assert!(matches!(told.as_slice(), [(_, Place::Block(_))]), "after a silence coins are told as {told:?}");
    assert_eq!(chain.transaction(lane, &unknown).await, Ok(None), "what is nowhere is found");
}

async fn nonsense_is_not_sent(fixture: &dyn Fixture) {
    let signed = SignedTransaction { txid: "00".repeat(32), raw: "00".to_owned(), fee: Units::ZERO };
    let sent = fixture.chain().broadcast(fixture.lane(), &signed).await;
    assert_ne!(sent, Broadcast::Sent, "nonsense is sent");
}
