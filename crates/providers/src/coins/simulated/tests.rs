//! A simulated chain behaves as the port says: told once, told again after a lost commit, reorganised, silent.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use florin_kernel::coin::Units;
use florin_kernel::ports::chain::{
    AddressStyle, Broadcast, Chain, ChainError, Cursor, Expected, Place, RefundOrder, Screening, Sighting, Signature,
    Signer, Watched,
};
use florin_kernel::ports::{Clock, Lane};
use florin_kernel::{Asset, Coin, MerchantId, Money, Timestamp};
use jiff::SignedDuration;

use super::ledger::{Ledger, Transaction};
use super::sandbox::{Sandbox, SandboxError};
use super::{Shelf, SimulatedChain};
use crate::coins::rates::StaticRates;
use crate::conformance::chains::{self, Fixture, Mempool};

const LANE: Lane = Lane::Dev(MerchantId::from_number(1));

#[derive(Default)]
struct Memory(Mutex<HashMap<(String, Lane), (i64, String)>>);

#[async_trait]
impl Shelf for Memory {
    async fn load(&self, name: &str, lane: Lane) -> Result<Option<(i64, String)>, String> {
        Ok(self.0.lock().expect("free").get(&(name.to_owned(), lane)).cloned())
    }

    async fn save(&self, name: &str, lane: Lane, version: Option<i64>, document: String) -> Result<bool, String> {
        let mut rows = self.0.lock().expect("free");
        let known = rows.get(&(name.to_owned(), lane)).map(|(version, _)| *version);
        if known != version {
            return Ok(false);
        }
        rows.insert((name.to_owned(), lane), (version.unwrap_or(0) + 1, document));
        Ok(true)
    }
}

struct Hand(Mutex<Timestamp>);

impl Clock for Hand {
    fn now(&self, _lane: Lane) -> Timestamp {
        *self.0.lock().expect("free")
    }
}

struct World {
    sandbox: Sandbox,
    clock: Arc<Hand>,
}

impl World {
    fn new() -> World {
        let (shelf, clock) = (Arc::<Memory>::default(), Arc::new(Hand(Mutex::new(Timestamp::UNIX_EPOCH))));
        let bitcoin = Arc::new(SimulatedChain::bitcoin(shelf.clone(), clock.clone(), b"key".to_vec()));
        let ethereum = Arc::new(SimulatedChain::ethereum(shelf, clock.clone(), b"key".to_vec()));
        World { sandbox: Sandbox { bitcoin, ethereum, rates: Arc::<StaticRates>::default() }, clock }
    }

    fn passes(&self, seconds: i64) {
        *self.clock.0.lock().expect("free") += SignedDuration::from_secs(seconds);
    }

    async fn expects(&self, invoice: &str) -> String {
        let chain = &self.sandbox.bitcoin;
        let address = chain.address(LANE, "account", 0, AddressStyle::Native).expect("an address");
        let eur = Asset::currency("EUR").expect("a currency");
        let expected = Expected {
            address: address.clone(),
            coin: Coin::Btc,
            units: Units::new(79_744),
            invoice: Money::parse(invoice, eur).expect("an amount"),
            until: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(930),
        };
        chain.expect(LANE, &expected).await;
        address
    }

    async fn follows(&self, cursor: &mut Option<Cursor>) -> (Vec<Sighting>, Option<u64>) {
        let step = self.sandbox.bitcoin.follow(LANE, cursor.as_ref(), &Watched::default()).await.expect("it tells");
        *cursor = Some(step.cursor);
        (step.sightings, step.replaced_from)
    }

    async fn does(&self, operation: &str, fields: &[(&str, &str)]) -> Result<serde_json::Value, SandboxError> {
        let fields: BTreeMap<String, String> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.sandbox.run(LANE, operation, &fields).await
    }

    async fn sends(&self, fields: &[(&str, &str)]) -> String {
        self.does("send", fields).await.expect("it is sent")["txid"].as_str().expect("an id").to_owned()
    }
}

/// A simulated chain for the suite that all chains pass.
struct Simulation {
    world: World,
    coin: Coin,
}

#[async_trait]
impl Fixture for Simulation {
    fn chain(&self) -> &dyn Chain {
        match self.coin {
            Coin::Btc => self.world.sandbox.bitcoin.as_ref(),
            Coin::Eth | Coin::Usdt | Coin::Usdc => self.world.sandbox.ethereum.as_ref(),
        }
    }

    fn lane(&self) -> Lane {
        LANE
    }

    fn account_key(&self) -> String {
        "account".to_owned()
    }

    fn coin(&self) -> Coin {
        self.coin
    }

    fn mempool(&self) -> Mempool {
        Mempool::Told
    }

    async fn pay(&self, address: &str, units: Units) -> String {
        let expected = Expected {
            address: address.to_owned(),
            coin: self.coin,
            units,
            invoice: Money::parse("48.25", Asset::currency("EUR").expect("a currency")).expect("an amount"),
            until: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24),
        };
        self.chain().expect(LANE, &expected).await;
        self.world.sends(&[("address", address), ("mode", "exact")]).await
    }

    async fn mine(&self, blocks: u32) {
        let fields = [("currency", self.coin.code()), ("blocks", &blocks.to_string())];
        self.world.does("mine", &fields).await.expect("mined");
    }

    async fn replace(&self, depth: u32) {
        let fields = [("currency", self.coin.code()), ("depth", &depth.to_string())];
        self.world.does("reorg", &fields).await.expect("reorganised");
    }

    async fn bring_back(&self, _txid: &str) {
        self.mine(1).await;
    }

    async fn silence(&self) {
        self.world.does("node", &[("currency", self.coin.code()), ("fault", "down")]).await.expect("silent");
    }

    async fn speak(&self) {
        self.world.does("node", &[("currency", self.coin.code()), ("fault", "none")]).await.expect("it speaks");
    }
}

#[tokio::test]
async fn simulated_chains_keep_every_rule_of_a_chain() {
    for coin in [Coin::Btc, Coin::Eth, Coin::Usdt] {
        chains::all(&Simulation { world: World::new(), coin }).await;
    }
}

fn places(sightings: &[Sighting]) -> Vec<&'static str> {
    let place = |sighting: &Sighting| match sighting.place {
        Place::Mempool => "mempool",
        Place::Block(_) => "block",
        Place::Missing => "missing",
        Place::Replaced { .. } => "replaced",
        Place::Conflicted { .. } => "conflicted",
    };
    sightings.iter().map(place).collect()
}

#[tokio::test]
async fn addresses_are_each_their_own_and_the_same_again() {
    let world = World::new();
    for chain in [&world.sandbox.bitcoin, &world.sandbox.ethereum] {
        let mut seen = std::collections::HashSet::new();
        for index in 0..200 {
            for style in [AddressStyle::Native, AddressStyle::Token] {
                let address = chain.address(LANE, "account", index, style).expect("an address");
                assert_eq!(chain.address(LANE, "account", index, style), Ok(address.clone()));
                assert_eq!(chain.read_address(&address), Some(address.clone()));
                assert!(seen.insert(address));
            }
        }
    }
    let contract = "0xdac17f958d2ee523a2206206994597c13d831ec7";
    assert_eq!(world.sandbox.ethereum.read_address(contract), None, "a token's contract is nobody's address");
}

#[tokio::test]
async fn a_payment_is_told_in_the_mempool_and_in_its_block_and_again_from_an_older_cursor() {
    let world = World::new();
    let address = world.expects("48.25").await;
    let mut cursor = None;
    world.follows(&mut cursor).await;
    world.sends(&[("address", &address)]).await;
    let before = cursor.clone();
    let (seen, replaced) = world.follows(&mut cursor).await;
    assert_eq!((places(&seen), replaced, seen[0].units), (vec!["mempool"], None, Units::new(79_744)));
    assert_eq!(world.follows(&mut cursor).await.0, [], "nothing new");
    world.passes(10);
    assert_eq!(places(&world.follows(&mut cursor).await.0), ["block"]);
    let mut lost = before;
    assert_eq!(places(&world.follows(&mut lost).await.0), ["block"], "a step that was lost is told again");
    world.passes(30 * 24 * 3600);
    let (later, _) = world.follows(&mut cursor).await;
    assert_eq!(later, [], "a month of empty blocks");
}

#[tokio::test]
async fn a_reorganisation_tells_from_where_and_where_everything_is_now() {
    let world = World::new();
    let address = world.expects("48.25").await;
    let mut cursor = None;
    let txid = world.sends(&[("address", &address)]).await;
    world.does("mine", &[("currency", "BTC"), ("blocks", "2")]).await.expect("mined");
    world.follows(&mut cursor).await;
    let before = cursor.clone().expect("followed").tip;
    world.does("reorg", &[("currency", "BTC"), ("depth", "2")]).await.expect("reorganised");
    let (seen, replaced) = world.follows(&mut cursor).await;
    assert_eq!((places(&seen), replaced), (vec!["mempool"], Some(before.height - 1)));
    assert_eq!(cursor.as_ref().map(|cursor| cursor.tip.height), Some(before.height + 1), "one longer");
    world.does("mine", &[("currency", "BTC")]).await.expect("mined");
    assert_eq!(places(&world.follows(&mut cursor).await.0), ["block"]);
    world.does("reorg", &[("currency", "BTC"), ("depth", "3"), ("drop", "all")]).await.expect("reorganised");
    assert_eq!(places(&world.follows(&mut cursor).await.0), ["missing"]);
    world.does("double_spend", &[("txid", &txid), ("mined", "true")]).await.expect("spent");
    assert_eq!(places(&world.follows(&mut cursor).await.0), ["conflicted"]);
}

#[tokio::test]
async fn amounts_make_simulated_payers_do_what_the_contract_says() {
    for (invoice, seconds, expected) in [
        ("9000.00", 3, vec!["block"]),
        ("9051.00", 3, vec!["mempool"]),
        ("9103.00", 0, vec!["mempool"]),
        ("9105.00", 20, vec!["mempool"]),
        ("9105.00", 40, vec!["block"]),
        ("9106.00", 40, vec!["conflicted"]),
        ("9107.00", 3, vec!["block"]),
        ("9107.00", 70, vec!["conflicted"]),
        ("48.25", 100, vec![]),
        ("9000.50", 100, vec![]),
    ] {
        let world = World::new();
        world.expects(invoice).await;
        world.passes(seconds);
        let seen = world.follows(&mut None).await.0;
        assert_eq!(places(&seen), expected, "{invoice} after {seconds} s");
    }
}

fn euro(amount: &str) -> Money {
    Money::parse(amount, Asset::currency("EUR").expect("a currency")).expect("an amount")
}

#[tokio::test]
async fn a_refund_is_signed_alike_and_sent_once_and_a_silent_node_leaves_it_unknown() {
    let world = World::new();
    let chain = &world.sandbox.bitcoin;
    let order = RefundOrder {
        operation: "op".into(),
        merchant: MerchantId::from_number(1),
        lane: LANE,
        network: "simulated-bitcoin".into(),
        coin: Coin::Btc,
        to: "btc-0123456789abcdef0123456789abcdef".into(),
        units: Units::new(5_256),
        invoice: euro("48.25"),
    };
    let Signature::Signed(signed) = chain.sign(&order).await else { panic!("it signs") };
    assert_eq!(chain.sign(&order).await, Signature::Signed(signed.clone()));
    world.does("node", &[("currency", "BTC"), ("fault", "down"), ("seconds", "60")]).await.expect("set");
    assert!(matches!(chain.broadcast(LANE, &signed).await, Broadcast::Unknown(_)));
    let silent = chain.follow(LANE, None, &Watched::default()).await;
    assert!(matches!(silent, Err(ChainError::Unavailable(_))));
    world.passes(61);
    assert_eq!(chain.transaction(LANE, &signed.txid).await, Ok(None));
    assert_eq!(chain.broadcast(LANE, &signed).await, Broadcast::Sent);
    assert_eq!(chain.broadcast(LANE, &signed).await, Broadcast::Sent, "the same bytes again");
    assert_eq!(world.follows(&mut None).await.0.len(), 1);
    world.passes(10);
    assert!(matches!(chain.transaction(LANE, &signed.txid).await, Ok(Some(Place::Block(_)))));
}

#[tokio::test]
async fn the_refund_of_a_payment_that_loses_answers_is_sent_without_one() {
    let world = World::new();
    let chain = &world.sandbox.bitcoin;
    let order = RefundOrder {
        operation: "op".into(),
        merchant: MerchantId::from_number(1),
        lane: LANE,
        network: "simulated-bitcoin".into(),
        coin: Coin::Btc,
        to: "btc-0123456789abcdef0123456789abcdef".into(),
        units: Units::new(5_256),
        invoice: euro("9101.00"),
    };
    let Signature::Signed(signed) = chain.sign(&order).await else { panic!("it signs") };
    assert!(
        matches!(chain.broadcast(LANE, &signed).await, Broadcast::Unknown(_)),
        "it was taken, and nothing was said"
    );
    assert_eq!(chain.transaction(LANE, &signed.txid).await, Ok(Some(Place::Mempool)));
    assert_eq!(chain.broadcast(LANE, &signed).await, Broadcast::Sent, "the node has it already");
    assert_eq!(world.follows(&mut None).await.0.len(), 1);
}

#[tokio::test]
async fn a_tester_pays_less_more_and_the_rest_and_is_told_what_does_not_fit() {
    let world = World::new();
    let address = world.expects("48.25").await;
    let amount = async |mode| {
        world.does("send", &[("address", &address), ("mode", mode)]).await.map(|told| told["amount"].clone())
    };
    assert_eq!(amount("under").await, Ok("0.00039872".into()));
    assert_eq!(amount("rest").await, Ok("0.00039872".into()));
    assert_eq!(amount("over").await, Ok("0.00087719".into()));
    let refused = |field, why| Err(SandboxError::Field { field, why });
    assert_eq!(amount("rest").await, refused("mode", "nothing is left to be paid"));
    assert_eq!(amount("half").await, refused("mode", "is none of exact, under, over, rest"));
    assert_eq!(world.does("mine", &[("currency", "DOGE")]).await, refused("currency", "is not a coin"));
    assert_eq!(
        world.does("mine", &[("currency", "BTC"), ("blocks", "201")]).await,
        refused("blocks", "is out of its range")
    );
    assert_eq!(world.does("fly", &[]).await, Err(SandboxError::Unknown));
    let nowhere = world.does("send", &[("address", "elsewhere")]).await;
    assert_eq!(nowhere, refused("address", "is not one of a payment here"));
}

/// What is deep enough goes once there is much, the oldest first; what may still change stays.
#[test]
fn a_chain_forgets_what_is_over() {
    let now = Timestamp::UNIX_EPOCH;
    let mut ledger = Ledger::new("simulated-bitcoin", 10, now);
    let sent = |number: usize| Transaction {
        txid: number.to_string(),
        address: "an address".into(),
        coin: Coin::Btc,
        units: Units::new(1),
        seen_at: now,
        place: Place::Mempool,
        frailty: None,
        screening: Screening::Pass,
        minable_at: now,
        revision: 0,
    };
    (0..1_500).for_each(|number| ledger.announce(sent(number)));
    ledger.mine(now, 100);
    (1_500..2_500).for_each(|number| ledger.announce(sent(number)));
    ledger.mine(now, 1);
    (2_500..2_600).for_each(|number| ledger.announce(sent(number)));
    ledger.forget(now);
    let first = |ledger: &Ledger| ledger.transactions.first().map(|tx| tx.txid.clone());
    assert_eq!((ledger.transactions.len(), first(&ledger).as_deref()), (2_000, Some("600")));
    ledger.forget(now);
    assert_eq!(ledger.transactions.len(), 2_000, "no more than needed");
    (2_600..4_600).for_each(|number| ledger.announce(sent(number)));
    ledger.forget(now);
    assert_eq!(
        (ledger.transactions.len(), first(&ledger).as_deref()),
        (3_100, Some("1500")),
        "the others may still change"
    );
}
