//! What the engine needs of a chain, of who signs refunds, of rates and of screening. A chain's adapter tells what is so; what that
//! means for a payment is decided by [`crate::coin`].
//!
//! An adapter keeps no state that matters: where it stands is the [`Cursor`], which the engine commits together with what followed
//! from the step. So a step whose commit failed, or that a killed process never finished, is simply told again.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Lane;
use crate::coin::Units;
use crate::fx::Rate;
use crate::payment::Doubt;
use crate::{Asset, Coin, MerchantId, Money};

/// A chain with its coins, as the operator configured it or as it is simulated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its name in configuration and rows: `bitcoin`, `ethereum`, `bitcoin-regtest`.
    pub name: String,
    /// What kind of chain.
    pub family: Family,
    /// The coins it carries.
    pub coins: Vec<CoinOnNetwork>,
    /// Whether it is a test chain: its coins are worth nothing (`notices` then carries `test_network`).
    pub is_test: bool,
    /// How many blocks back a reorganisation may reach before the network is halted (BTC 288, EVM 1024).
    pub history: u32,
}

/// Kinds of chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Unspent outputs; the mempool is looked at.
    Bitcoin,
    /// Accounts and tokens; nothing is taken from the pending pool.
    Ethereum {
        /// EIP-155.
        chain_id: u64,
    },
}

/// A coin that a network carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoinOnNetwork {
    /// Which.
    pub coin: Coin,
    /// The token's contract, EIP-55; nothing for the chain's own coin.
    pub contract: Option<String>,
}

impl Network {
    /// How it carries a coin.
    pub fn carries(&self, coin: Coin) -> Option<&CoinOnNetwork> {
        self.coins.iter().find(|on| on.coin == coin)
    }

    /// The coin that fees are paid in.
    pub const fn fee_coin(&self) -> Coin {
        match self.family {
            Family::Bitcoin => Coin::Btc,
            Family::Ethereum { .. } => Coin::Eth,
        }
    }
}

/// A block by height and hash.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Block {
    /// Its height.
    pub height: u64,
    /// Its hash, as its chain prints it.
    pub hash: String,
    /// The time of its header.
    pub time: Timestamp,
}

/// How far a chain was followed. Committed with what followed from it; opaque to everybody but its adapter, except for the tip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The newest block taken in.
    pub tip: Block,
    /// The height up to which the chain itself calls its blocks final, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_height: Option<u64>,
    /// What the adapter needs to go on, such as recent hashes: text that it alone reads.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub memo: String,
}

/// One output to an address of ours: an output of a transaction, a native transfer or a token's log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Outpoint {
    /// The transaction.
    pub txid: String,
    /// The output's number. Of an account chain: 0 for what the transaction itself brings, from 1 the log's place in its transaction,
    /// from 2^31 the place of a call inside it. So they do not collide, and are the same when the transaction is mined again.
    pub index: u32,
}

/// Where an output is, as its chain says now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// In the mempool of every configured node.
    Mempool,
    /// In a block of the best chain.
    Block(Block),
    /// Neither, and nothing conflicts: it was evicted, or a block that held it was replaced.
    Missing,
    /// Not in a block, and a conflicting transaction is in the mempool.
    Replaced {
        /// The conflicting one.
        by: String,
    },
    /// A conflicting transaction is in a block: the coins do not exist.
    Conflicted {
        /// The conflicting one, where the chain tells.
        by: Option<String>,
    },
}

/// What makes an unconfirmed output unfit for acceptance without confirmations (crypto contract, section 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frailty {
    /// It or an unconfirmed ancestor signals replaceability, it has unconfirmed ancestors from outside, or the node replaces
    /// anything.
    Replaceable,
    /// It pays less than the fee that was quoted.
    LowFee,
}

/// An output to an address of ours as seen in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The address, as the adapter derived it.
    pub address: String,
    /// Which coin: an address of an account chain takes several.
    pub coin: Coin,
    /// Which output.
    pub outpoint: Outpoint,
    /// How much.
    pub units: Units,
    /// Where it is.
    pub place: Place,
    /// Why it does not serve without confirmations, if so; while unconfirmed.
    pub frailty: Option<Frailty>,
    /// When it was seen first in the mempool; the block's time where it never was.
    pub seen_at: Timestamp,
}

/// What a chain did since a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where it stands now.
    pub cursor: Cursor,
    /// The moment of the lane's clock up to which everything is told: nothing older is still to come. Payments expire by this, and by
    /// nothing else.
    pub synced_at: Timestamp,
    /// The lowest height whose block is another one than before, after a reorganisation. Every output that was in such a block is
    /// among the sightings.
    pub replaced_from: Option<u64>,
    /// Outputs to addresses of ours that are new or elsewhere than before. Repeats do no harm. Outputs to addresses that are not
    /// ours may be among them.
    pub sightings: Vec<Sighting>,
}

/// An output that the engine knows and that is not final, so that an adapter can ask its node after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The address it pays.
    pub address: String,
    /// Which coin.
    pub coin: Coin,
    /// Which output.
    pub outpoint: Outpoint,
    /// How much.
    pub units: Units,
    /// When it was seen first.
    pub seen_at: Timestamp,
    /// Where it was.
    pub place: Place,
}

/// What of ours is open on a chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// Addresses of payments that still wait for coins. Older ones are watched as well, by what blocks tell.
    pub addresses: Vec<String>,
    /// Outputs that are not final.
    pub outputs: Vec<Known>,
}

/// Why a chain tells nothing. Nothing changes then: no credit, no expiry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The node does not answer, or answers what cannot be read.
    #[error("the node does not answer: {0}")]
    Unavailable(String),
    /// It answers, and is not to be believed: initial download, an old tip, another chain, headers that do not link, a second node
    /// that says otherwise.
    #[error("the node is not in sync: {0}")]
    NotInSync(String),
    /// Blocks further back than its history were replaced: the network is halted until an operator decides.
    #[error("a reorganisation from height {from} goes deeper than what is remembered")]
    TooDeep {
        /// The lowest height replaced.
        from: u64,
    },
}

/// What sending costs now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// Base units of the fee coin for one unit of size (virtual byte, gas) to be in one of the next two blocks.
    pub fast: Units,
}

/// Why a key or an address is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a public account key: a private key, words, or damaged.
    #[error("it is not a public account key")]
    NotPublic,
    /// Of another network.
    #[error("it belongs to another network")]
    OtherNetwork,
    /// No address can be derived at this index.
    #[error("there is no address at this index")]
    NoSuchIndex,
}

/// How an address looks, where a chain offers a choice: simulated ones do (crypto contract, section 14).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressStyle {
    /// As the chain's own wallets write it.
    #[default]
    Native,
    /// A token that no wallet takes for an address: `btc-` and 32 hexadecimal digits.
    Token,
}

/// What is expected at a new address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The address.
    pub address: String,
    /// Which coin.
    pub coin: Coin,
    /// How much.
    pub units: Units,
    /// What the merchant asked for, by which simulated payers go (crypto contract, section 14).
    pub invoice: Money,
    /// When the payer's time is over, grace included.
    pub until: Timestamp,
}

/// A transaction that pays a refund, signed. Stored before it is sent, so that every repeat sends the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedTransaction {
    /// Its id.
    pub txid: String,
    /// Its bytes, hexadecimal.
    pub raw: String,
    /// The fee it pays to the network, in base units of the network's fee coin.
    pub fee: Units,
}

impl SignedTransaction {
    /// [`SignedTransaction::fee`], for sums.
    pub fn fee_units(&self) -> Units {
        self.fee
    }
}

/// What became of sending a signed transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broadcast {
    /// The node has it, now or already.
    Sent,
    /// The node refuses it, and it is known nowhere: it can never be mined as it is.
    Refused(String),
    /// No clear answer: it may be on its way. It is looked up, and sent again as it is.
    Unknown(Doubt),
}

/// A chain's adapter: a node, or the simulator.
#[async_trait]
pub trait Chain: Send + Sync {
    /// What it is.
    fn network(&self) -> &Network;

    /// Whether it serves a lane: the simulator serves test mode, nodes serve live mode.
    fn serves(&self, lane: Lane) -> bool;

    /// The address at an external index (`0/index`) of a watch-only account key. Pure: the same key and index give the same address,
    /// and two indexes never the same one.
    ///
    /// # Errors
    /// [`KeyError`] when the key is not one of this network.
    fn address(&self, lane: Lane, account_key: &str, index: u32, style: AddressStyle) -> Result<String, KeyError>;

    /// An address that somebody wrote, in the form in which it is compared; `None` where it is none of this network (checksum,
    /// chain) or is a token's contract.
    fn read_address(&self, text: &str) -> Option<String>;

    /// What happened since a cursor, at most a few hundred blocks at a time; without a cursor only where the chain stands.
    ///
    /// # Errors
    /// [`ChainError`]; nothing is taken in then.
    async fn follow(&self, lane: Lane, from: Option<&Cursor>, watched: &Watched) -> Result<Step, ChainError>;

    /// What sending costs now.
    ///
    /// # Errors
    /// [`ChainError`] when the node does not tell.
    async fn fees(&self, lane: Lane) -> Result<Fees, ChainError>;

    /// Tells what is expected at a new address, so that a simulated chain can play the payer. Nodes need not know.
    async fn expect(&self, lane: Lane, expected: &Expected) {
        let (_, _) = (lane, expected);
    }

    /// Sends a signed transaction. It cannot fail: a network error *is* [`Broadcast::Unknown`].
    async fn broadcast(&self, lane: Lane, signed: &SignedTransaction) -> Broadcast;

    /// Where a transaction is; `None` when the node knows it neither in a block nor in its mempool.
    ///
    /// # Errors
    /// [`ChainError`] when the node does not tell; then nothing is known.
    async fn transaction(&self, lane: Lane, txid: &str) -> Result<Option<Place>, ChainError>;
}

/// A refund to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundOrder {
    /// Our id of it. The same id gets the same signed transaction, however often it is asked for.
    pub operation: String,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Test or live, and whose clock.
    pub lane: Lane,
    /// The network's name.
    pub network: String,
    /// Which coin.
    pub coin: Coin,
    /// Where to, as [`Chain::read_address`] made it.
    pub to: String,
    /// How much arrives there.
    pub units: Units,
    /// What its payment asked for: what the simulator's triggers look at.
    pub invoice: Money,
}

/// What a signer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
    /// Signed; the signer checked or made outputs, change and fee.
    Signed(SignedTransaction),
    /// An explicit no (not enough coins, a policy): nothing was signed.
    Refused(String),
    /// No clear answer; nothing was sent by us, so asking again with the same id does no harm.
    Unknown(Doubt),
}

/// Who holds the keys that refunds are paid with: a node's wallet, an external signer, or the simulator.
#[async_trait]
pub trait Signer: Send + Sync {
    /// Whether it signs for a network in a lane.
    fn signs(&self, network: &str, lane: Lane) -> bool;

    /// Builds and signs a refund. It cannot fail: a network error *is* [`Signature::Unknown`].
    async fn sign(&self, order: &RefundOrder) -> Signature;
}

/// What screening says about an output (know your transaction).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Screening {
    /// Nothing is known yet; no answer is this too, so that it fails closed where it is required.
    Pending,
    /// Good.
    Pass,
    /// A person decides.
    Review,
    /// Not to be taken.
    Reject,
}

/// An output to be screened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScreeningRequest {
    /// Whose clock it runs by.
    pub lane: Lane,
    /// The network's name.
    pub network: String,
    /// The coin.
    pub coin: Coin,
    /// Which output.
    pub outpoint: Outpoint,
    /// The address it pays.
    pub address: String,
    /// How much.
    pub units: Units,
}

/// Who screens outputs.
#[async_trait]
pub trait Screener: Send + Sync {
    /// What is known of an output. It cannot fail: no answer is [`Screening::Pending`].
    async fn check(&self, request: &ScreeningRequest) -> Screening;
}

/// A price of one coin, without spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mid {
    /// Fiat for one coin.
    pub rate: Rate,
}

/// There is no price that may be gone by: too few sources, too old, or too far from each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no fresh rate: {0}")]
pub struct NoRate(pub String);

/// Where prices come from.
#[async_trait]
pub trait Rates: Send + Sync {
    /// The price of one coin in a currency, now.
    ///
    /// # Errors
    /// [`NoRate`] says why there is none.
    async fn mid(&self, lane: Lane, coin: Coin, fiat: Asset, now: Timestamp) -> Result<Mid, NoRate>;
}
