//! Payments made with coins: begun with an address of their own, moved by what their chains tell, and by their merchants. The chain is
//! followed in [`follow`], refunds are paid in [`perform`].

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_recursion::async_recursion as boxed;
use florin_kernel::coin::{self, CoinPayment, Command, Derivation};
use florin_kernel::payment::Dialect;
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::{AddressStyle, Chain, Expected, KeyError, NoRate, Rates, Screener, Signer};
use florin_kernel::{Asset, Coin, PaymentId};
use florin_store::{Answer, Changeset, PaymentQuery, PaymentWrite, StoreError, Stored, Verdict, WatchQuery, Watched};

use crate::claims::{Before, ClaimKind, ClaimRequest, Claimant};
use crate::outgoing::Answered;
use crate::owner::Owner;
use crate::replay::{ANSWERS_KEPT, Earlier, Render, Rendering, Reply};
use crate::start::DRAWS_MAX;
use crate::submit::Changes;
use crate::{Boxed, Engine};

pub mod follow;
mod orders;
mod perform;
mod session;
mod watch;

pub use follow::{FollowError, Followed};
pub use orders::{CoinObeyed, CoinRequest};
pub use session::{SessionInCoins, is_untried};

/// Who is asked about coins. Without a chain there are none to pay with.
#[derive(Clone, Default)]
pub struct CoinPorts {
    /// Chains: nodes, and the simulated ones.
    pub chains: Vec<Arc<dyn Chain>>,
    /// Who signs refunds.
    pub signers: Vec<Arc<dyn Signer>>,
    /// Who screens outputs; nobody: they are not screened.
    pub screener: Option<Arc<dyn Screener>>,
    /// Where prices come from.
    pub rates: Option<Arc<dyn Rates>>,
}

/// What the engine remembers of chains while it runs; all of it can be found again.
#[derive(Default)]
pub(crate) struct Chains {
    pub(crate) ports: CoinPorts,
    /// The next free index by network and account.
    next: Mutex<HashMap<(String, String), u32>>,
    /// How far each chain was followed, and the lock of whoever follows it.
    pub(crate) followed: Mutex<HashMap<(String, Lane), Arc<follow::Place>>>,
    /// Payments that are being woken.
    pub(crate) waking: Mutex<HashSet<PaymentId>>,
}

impl Chains {
    pub(crate) fn new(ports: CoinPorts) -> Chains {
        Chains { ports, ..Chains::default() }
    }
}

/// A coin payment to begin. Its id, address and derivation are made here.
pub struct NewCoinPayment {
    /// Everything else about it.
    pub payment: Box<CoinPayment>,
    /// The watch-only account key that addresses are derived from.
    pub account_key: String,
    /// How addresses look.
    pub style: AddressStyle,
    /// Its references and idempotency key.
    pub claims: Vec<ClaimRequest>,
    /// Of the request's normalised content.
    pub digest: [u8; 16],
    /// Makes the answer.
    pub render: Render<CoinPayment>,
}

/// Why a request about coins was not obeyed. Nothing is written then.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CoinError {
    /// No such payment of this owner.
    #[error("no such coin payment")]
    NotFound,
    /// The kernel refuses.
    #[error(transparent)]
    Refused(#[from] coin::Refusal),
    /// The reference or key was used for another request.
    #[error("the {0:?} was used for another request")]
    Taken(ClaimKind),
    /// No chain carries the coin here.
    #[error("the coin is not offered")]
    NotOffered,
    /// The account key gives no address.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// There is no price.
    #[error(transparent)]
    NoRate(#[from] NoRate),
    /// The store cannot take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The process is stopping.
    #[error("the process is stopping")]
    Draining,
}

impl Engine {
    /// The chain that carries a coin in a lane.
    pub fn chain_of(&self, coin: Coin, lane: Lane) -> Option<&Arc<dyn Chain>> {
        let carries = |chain: &&Arc<dyn Chain>| chain.serves(lane) && chain.network().carries(coin).is_some();
        self.chains.ports.chains.iter().find(carries)
    }

    /// A chain by its network's name.
    pub fn chain(&self, network: &str, lane: Lane) -> Option<&Arc<dyn Chain>> {
        self.chains.ports.chains.iter().find(|chain| chain.network().name == network && chain.serves(lane))
    }

    /// The price of one coin, without spread.
    ///
    /// # Errors
    /// [`NoRate`] when there is none that may be gone by.
    #[boxed]
    pub async fn mid_rate(&self, lane: Lane, coin: Coin, fiat: Asset) -> Result<florin_kernel::fx::Rate, NoRate> {
        let rates = self.chains.ports.rates.as_ref().ok_or_else(|| NoRate("no source of rates".to_owned()))?;
        rates.mid(lane, coin, fiat, self.now(lane)).await.map(|mid| mid.rate)
    }

    /// Begins a payment with an address that nobody had before. A copy of an earlier request gets that one's answer.
    ///
    /// # Errors
    /// [`CoinError`]; nothing is written then.
    pub fn begin_coin_payment(self: &Arc<Self>, mut new: NewCoinPayment) -> Boxed<'_, Result<Reply, CoinError>> {
        Box::pin(async move {
            if self.is_draining() {
                return Err(CoinError::Draining);
            }
            let lane = Lane::of(new.payment.merchant, new.payment.mode);
            let chain = self.chain(&new.payment.network, lane).ok_or(CoinError::NotOffered)?.clone();
            let account = self.account_name(&new.account_key);
            let mut taking = self.taking(Claimant::of(&*new.payment), &new.claims, new.digest);
            if let Some(before) = taking.look().await? {
                return self.replay_coins(before, &new.render).await;
            }
            for _ in 0..DRAWS_MAX {
                let index = self.next_index(&new.payment.network, &account).await?;
                new.payment.address = chain.address(lane, &new.account_key, index, new.style)?;
                new.payment.derived = Derivation { account: account.clone(), index };
                let answer = (new.render)(&new.payment);
                let changeset = Changeset {
                    claims: taking.rows(new.payment.id, 0, self.now(lane)),
                    payments: vec![PaymentWrite::insert(&*new.payment).answered(Some(answer.clone()))],
                    ..Changeset::default()
                };
                match self.write(changeset).await? {
                    Verdict::Committed => {
                        chain.expect(lane, &expected(&new.payment)).await;
                        let payment = new.payment.id;
                        return Ok(Reply { answer, replayed: false, payment, provider_time: Duration::ZERO });
                    }
                    // The id, the address or the index is another one's: other processes draw as well.
                    Verdict::Conflict => {
                        self.forget_index(&new.payment.network, &account);
                        new.payment.id = self.new_payment_id();
                    }
                    Verdict::Duplicate(claim) => {
                        let Some(before) = taking.refused(claim).await? else { continue };
                        return self.replay_coins(before, &new.render).await;
                    }
                    Verdict::BelowFloor { .. } => unreachable!("coins set no floor"),
                }
            }
            Err(StoreError::Unavailable("no free address was drawn".into()).into())
        })
    }

    async fn replay_coins(&self, before: Before, render: &Render<CoinPayment>) -> Result<Reply, CoinError> {
        match self.replay(before, Rendering::First(render)).await? {
            Earlier::Replay(reply) => Ok(reply),
            Earlier::Taken(kind) => Err(CoinError::Taken(kind)),
        }
    }

    /// The answer that an earlier request with one of these claims was given, or that one was used for another request.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn earlier_coins(
        &self,
        owner: Owner,
        claims: &[ClaimRequest],
        digest: [u8; 16],
    ) -> Result<Option<Result<Answer, ClaimKind>>, StoreError> {
        match self.taking(Claimant { owner, dialect: Dialect::Crypto }, claims, digest).look().await? {
            None => Ok(None),
            Some(Before::Taken(kind)) => Ok(Some(Err(kind))),
            Some(Before::Same(claim, kind)) => {
                let age = self.now(Lane::of(owner.merchant, owner.mode)).duration_since(claim.at);
                let stored = self.load::<CoinPayment>(claim.payment).await?.filter(|_| age <= ANSWERS_KEPT);
                Ok(Some(stored.and_then(|stored| stored.answer).ok_or(kind)))
            }
        }
    }

    /// Whether an address is one of a payment's: nothing is ever refunded to ourselves.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn is_own_address(&self, network: &str, lane: Lane, address: &str) -> Result<bool, StoreError> {
        let which = Watched::At(vec![address.to_owned()]);
        let query = WatchQuery { network: network.to_owned(), lane, which, limit: 1 };
        Ok(!self.store.watched(query).await?.is_empty())
    }

    /// The coin payment with an address, whosever it is.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn coins_at(&self, network: &str, lane: Lane, address: &str) -> Result<Option<CoinPayment>, StoreError> {
        let which = Watched::At(vec![address.to_owned()]);
        let query = WatchQuery { network: network.to_owned(), lane, which, limit: 1 };
        let Some(row) = self.store.watched(query).await?.into_iter().next() else { return Ok(None) };
        Ok(self.load::<CoinPayment>(row.payment).await?.map(|stored| stored.transaction))
    }

    /// A coin payment by its number, whosever it is: for pages whose token proves enough.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn coins(&self, id: PaymentId) -> Result<Option<CoinPayment>, StoreError> {
        Ok(self.load::<CoinPayment>(id).await?.map(|stored| stored.transaction))
    }

    /// The chains that serve a lane.
    pub fn chains(&self, lane: Lane) -> impl Iterator<Item = &Arc<dyn Chain>> {
        self.chains.ports.chains.iter().filter(move |chain| chain.serves(lane))
    }

    /// Calls a merchant's URL once, signed as events are, and tells what came back.
    #[boxed]
    pub async fn ping(&self, owner: Owner, url: &str, body: String, own: Vec<(&'static str, String)>) -> Answered {
        let directory = self.directory();
        let mut headers = own;
        if let Some(merchant) = directory.merchant(owner.merchant) {
            let (id, timestamp_s) = (self.webhook_id(self.ids.event()), self.clocks.wall().as_second());
            let secrets = merchant.webhook_secrets(owner.mode);
            headers.push(("webhook-signature", crate::webhooks::standard_signature(&id, timestamp_s, &body, secrets)));
            headers.push(("webhook-timestamp", timestamp_s.to_string()));
            headers.push(("webhook-id", id));
        }
        self.courier.send(url, &crate::Form::default(), headers, body).await
    }

    /// What an account key is called in rows.
    fn account_name(&self, account_key: &str) -> String {
        let digest = self.keyring.digest(&[b"account key", account_key.as_bytes()]);
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// An index that this process gives nobody else. One whose payment is not begun stays unused.
    async fn next_index(&self, network: &str, account: &str) -> Result<u32, StoreError> {
        let key = (network.to_owned(), account.to_owned());
        let known = self.chains.next.lock().expect("no holder of the lock panics").contains_key(&key);
        let free = if known { 0 } else { self.store.next_address(network, account).await? };
        let mut next = self.chains.next.lock().expect("no holder of the lock panics");
        let next = next.entry(key).or_insert(free);
        let index = *next;
        *next += 1;
        Ok(index)
    }

    fn forget_index(&self, network: &str, account: &str) {
        let mut next = self.chains.next.lock().expect("no holder of the lock panics");
        next.remove(&(network.to_owned(), account.to_owned()));
    }

    /// A coin payment of this owner.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn find_coins(&self, owner: Owner, id: PaymentId) -> Result<Option<CoinPayment>, StoreError> {
        let stored = self.load::<CoinPayment>(id).await?;
        let transaction = |payment: &CoinPayment| Owner { merchant: payment.merchant, mode: payment.mode } == owner;
        Ok(stored.map(|stored| stored.transaction).filter(transaction))
    }

    /// A coin payment of this owner by a reference that its dialect took.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn find_coins_by(
        &self,
        owner: Owner,
        reference: &ClaimRequest,
    ) -> Result<Option<CoinPayment>, StoreError> {
        match self.referenced(owner, Dialect::Crypto, reference, 1).await?.first() {
            Some(found) => self.find_coins(owner, found.payment).await,
            None => Ok(None),
        }
    }

    /// Coin payments of an owner, newest first, that `wanted` wants: as many as asked for, after leaving some out.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn list_coins(
        &self,
        owner: Owner,
        (offset, limit): (usize, usize),
        wanted: &(dyn Fn(&CoinPayment) -> bool + Sync),
    ) -> Result<Vec<CoinPayment>, StoreError> {
        const PAGE: u32 = 1_000;
        let now = self.now(Lane::of(owner.merchant, owner.mode));
        let (mut found, mut until) = (Vec::new(), florin_kernel::Timestamp::MAX);
        let mut window = jiff::SignedDuration::from_hours(24);
        // Windows of growing length back in time, since rows are read by time of creation.
        loop {
            let from = now.checked_sub(window).unwrap_or(florin_kernel::Timestamp::UNIX_EPOCH);
            let from = from.max(florin_kernel::Timestamp::UNIX_EPOCH);
            let (mut page_after, mut inside) = (None, Vec::new());
            loop {
                let (merchant, mode) = (owner.merchant, owner.mode);
                let query = PaymentQuery { merchant, mode, from, until, after: page_after, limit: PAGE };
                let page = self.store.transactions(query).await?;
                page_after = page.last().map(|last| last.transaction.id());
                let whole = page.len() < PAGE as usize;
                inside.extend(page.into_iter().filter_map(|stored| stored.transaction.coin()).filter(wanted));
                if whole {
                    break;
                }
            }
            inside.sort_by_key(|payment: &CoinPayment| {
                (std::cmp::Reverse(payment.created_at.as_second()), payment.public_id.clone())
            });
            found.extend(inside);
            if found.len() >= offset.saturating_add(limit) || from <= florin_kernel::Timestamp::UNIX_EPOCH {
                break;
            }
            (until, window) = (from, window.saturating_mul(8));
        }
        Ok(found.into_iter().skip(offset).take(limit).collect())
    }

    /// Decides and commits until no version conflict stands in the way; `None` where there is no such coin payment.
    pub(crate) async fn commit_coins(
        &self,
        id: PaymentId,
        command: &Command,
    ) -> Result<Option<Changes<CoinPayment>>, CoinError> {
        loop {
            let Some(Stored { transaction, version, .. }) = self.load::<CoinPayment>(id).await? else {
                return Ok(None);
            };
            let now = self.now(Lane::of(transaction.merchant, transaction.mode));
            let decision = coin::decide(&transaction, command.clone(), now)?;
            if decision.payment == transaction && decision.effects.is_empty() {
                let transaction = Box::new(transaction);
                return Ok(Some(Changes { transaction, version, effects: Vec::new(), announced: false, answer: None }));
            }
            let (changeset, changes) =
                self.changeset(&transaction, Some(version), decision.payment, decision.effects, now);
            match self.write(changeset).await? {
                Verdict::Committed => return Ok(Some(changes)),
                Verdict::Conflict => {}
                Verdict::Duplicate(_) | Verdict::BelowFloor { .. } => {
                    unreachable!("nothing is claimed, no floor is set")
                }
            }
        }
    }
}

/// What a simulated payer has to know.
fn expected(payment: &CoinPayment) -> Expected {
    Expected {
        address: payment.address.clone(),
        coin: payment.price.coin,
        units: payment.price.amount(),
        invoice: payment.price.invoice,
        until: payment.expires_at(),
    }
}
