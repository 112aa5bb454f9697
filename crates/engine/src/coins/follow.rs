//! Following a chain: one step, one commit. What the chain did, what that means for each payment, what stands in the book and how far
//! the chain was followed are on disk together, or none of it is.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_recursion::async_recursion as boxed;
use florin_kernel::coin::{self, ChainNews, CoinPayment, LateFacts, Order, State};
use florin_kernel::payment::Dialect;
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::{self, Block, Chain, ChainError, Cursor, Known, Step};
use florin_kernel::{Asset, PaymentId, Timestamp};
use florin_store::{ChainWrite, Changeset, StoreError, Stored, Verdict, WatchQuery, Watched};

use crate::claims::{ClaimRequest, Reuse};
use crate::owner::Owner;
use crate::submit::Changes;
use crate::{Boxed, Engine};

/// Payments taken into one step at most; further ones are told at the next.
const PAYMENTS_MAX: u32 = 5_000;

/// Where the following of a chain stands in this process.
#[derive(Default)]
pub(crate) struct Place {
    /// Held by whoever follows.
    turn: tokio::sync::Mutex<()>,
    last: Mutex<Option<Followed>>,
    /// What was said of a chain that does not tell, so that it is said once.
    said: Mutex<Option<String>>,
}

/// How far a chain was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// The newest block.
    pub tip: Block,
    /// The height up to which the chain calls its blocks final.
    pub final_height: Option<u64>,
    /// Everything before then is taken in.
    pub synced_at: Timestamp,
}

/// Why a chain could not be followed. Nothing is taken in then.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FollowError {
    /// No such chain here.
    #[error("there is no such chain")]
    NoChain,
    /// The chain does not tell.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The store cannot take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// How far a chain was followed in this process; nothing where it was not yet, or where it does not answer now.
    pub fn followed(&self, network: &str, lane: Lane) -> Option<Followed> {
        let place = self.place(network, lane);
        let last = place.last.lock().expect("no holder of the lock panics");
        last.clone()
    }

    /// Whether the trouble with a chain is another than was said before; nothing: there is none.
    pub(crate) fn is_new_trouble(&self, network: &str, lane: Lane, trouble: Option<String>) -> bool {
        let place = self.place(network, lane);
        let mut said = place.said.lock().expect("no holder of the lock panics");
        let is_new = *said != trouble;
        *said = trouble;
        is_new
    }

    fn place(&self, network: &str, lane: Lane) -> Arc<Place> {
        let mut places = self.chains.followed.lock().expect("no holder of the lock panics");
        places.entry((network.to_owned(), lane)).or_default().clone()
    }

    /// Takes in what a chain did, up to now; acts on what follows from it in tasks of its own.
    ///
    /// # Errors
    /// [`FollowError`]; nothing is taken in then.
    pub fn follow_chain<'a>(
        self: &'a Arc<Self>,
        network: &'a str,
        lane: Lane,
    ) -> Boxed<'a, Result<Followed, FollowError>> {
        Box::pin(async move {
            let chain = self.chain(network, lane).ok_or(FollowError::NoChain)?.clone();
            let place = self.place(network, lane);
            let _turn = place.turn.lock().await;
            let taken = self.take_steps(chain.as_ref(), network, lane).await;
            *place.last.lock().expect("no holder of the lock panics") = taken.as_ref().ok().cloned();
            taken
        })
    }

    async fn take_steps(
        self: &Arc<Self>,
        chain: &dyn Chain,
        network: &str,
        lane: Lane,
    ) -> Result<Followed, FollowError> {
        loop {
            let row = self.store.chain(network, lane).await?;
            let cursor: Option<Cursor> = match &row {
                Some(row) => Some(
                    serde_json::from_str(&row.document)
                        .map_err(|error| StoreError::Corrupt(format!("how far {network} was followed: {error}")))?,
                ),
                None => None,
            };
            let watched = self.what_is_open(network, lane).await?;
            let step = chain.follow(lane, cursor.as_ref(), &watched).await?;
            let followed = Followed {
                tip: step.cursor.tip.clone(),
                final_height: step.cursor.final_height,
                synced_at: step.synced_at,
            };
            let (mut changeset, changes) = self.take_step(network, lane, &step).await?;
            if cursor.as_ref() != Some(&step.cursor) {
                changeset.chains.push(ChainWrite {
                    name: network.to_owned(),
                    lane,
                    expected_version: row.map(|row| row.version),
                    document: serde_json::to_string(&step.cursor)
                        .map_err(|error| StoreError::Corrupt(format!("how far {network} was followed: {error}")))?,
                });
            }
            if changeset.payments.is_empty() && changeset.chains.is_empty() {
                return Ok(followed);
            }
            match self.write(changeset).await? {
                Verdict::Committed => {
                    for changes in changes {
                        self.tasks.spawn(self.clone().perform_coins(changes));
                    }
                    return Ok(followed);
                }
                // A merchant, or another process, was quicker: what the chain told is decided again.
                Verdict::Conflict => {}
                Verdict::Duplicate(_) | Verdict::BelowFloor { .. } => {
                    unreachable!("nothing is claimed, no floor is set")
                }
            }
        }
    }

    /// What the chain's adapter may ask its node about.
    async fn what_is_open(&self, network: &str, lane: Lane) -> Result<chain::Watched, StoreError> {
        let query = |which| WatchQuery { network: network.to_owned(), lane, which, limit: PAYMENTS_MAX };
        let waiting = self.store.watched(query(Watched::AwaitingCoins)).await?;
        let mut outputs = Vec::new();
        for row in self.store.watched(query(Watched::DueAt(u64::MAX))).await? {
            let Some(stored) = self.load::<CoinPayment>(row.payment).await? else { continue };
            let payment = stored.transaction;
            let known = payment.deposits.iter().filter(|deposit| !deposit.dropped).map(|deposit| Known {
                address: payment.address.clone(),
                coin: payment.price.coin,
                outpoint: deposit.outpoint.clone(),
                units: deposit.units,
                seen_at: deposit.seen_at,
                place: deposit.place.clone(),
            });
            outputs.extend(known);
        }
        Ok(chain::Watched { addresses: waiting.into_iter().map(|row| row.address).collect(), outputs })
    }

    /// What a step means for every payment concerned, as one changeset.
    async fn take_step(
        &self,
        network: &str,
        lane: Lane,
        step: &Step,
    ) -> Result<(Changeset, Vec<Changes<CoinPayment>>), StoreError> {
        let query = |which| WatchQuery { network: network.to_owned(), lane, which, limit: PAYMENTS_MAX };
        let addresses: BTreeSet<String> = step.sightings.iter().map(|sighting| sighting.address.clone()).collect();
        let mut concerned: BTreeSet<PaymentId> = BTreeSet::new();
        let mut questions = vec![Watched::DueAt(step.cursor.tip.height)];
        questions.extend(step.replaced_from.map(Watched::InBlocksFrom));
        if !addresses.is_empty() {
            questions.push(Watched::At(addresses.into_iter().collect()));
        }
        for which in questions {
            concerned.extend(self.store.watched(query(which)).await?.into_iter().map(|row| row.payment));
        }
        let (mut changeset, mut all) = (Changeset::default(), Vec::new());
        for id in concerned {
            let Some(Stored { transaction, version, .. }) = self.load::<CoinPayment>(id).await? else { continue };
            let news = self.news(&transaction, step).await?;
            let now = self.now(lane);
            let Ok(decision) = coin::decide(&transaction, coin::Command::Chain(news), now) else { continue };
            if decision.payment == transaction && decision.effects.is_empty() {
                continue;
            }
            let (one, changes) = self.changeset(&transaction, Some(version), decision.payment, decision.effects, now);
            changeset.payments.extend(one.payments);
            changeset.entries.extend(one.entries);
            changeset.events.extend(one.events);
            all.push(changes);
        }
        Ok((changeset, all))
    }

    /// A step, as far as one payment is concerned.
    async fn news(&self, payment: &CoinPayment, step: &Step) -> Result<ChainNews, StoreError> {
        let ours = step.sightings.iter().filter(|sighting| sighting.address == payment.address);
        let sightings: Vec<_> = ours.cloned().collect();
        let late = matches!(payment.state, State::Cancelled(_)) && !sightings.is_empty();
        Ok(ChainNews {
            tip: step.cursor.tip.clone(),
            final_height: step.cursor.final_height,
            synced_at: step.synced_at,
            replaced_from: step.replaced_from,
            sightings,
            screened: self.chains.ports.screener.is_some(),
            late: if late { self.late_facts(payment).await? } else { NOTHING_LATE },
        })
    }

    /// What was told of a chain before, for a payment whose time has come.
    pub(crate) fn old_news(&self, followed: &Followed) -> ChainNews {
        ChainNews {
            tip: followed.tip.clone(),
            final_height: followed.final_height,
            synced_at: followed.synced_at,
            replaced_from: None,
            sightings: Vec::new(),
            screened: false,
            late: NOTHING_LATE,
        }
    }

    /// The current rate as this payment's was made, and whether its order was paid otherwise.
    async fn late_facts(&self, payment: &CoinPayment) -> Result<LateFacts, StoreError> {
        let rate = self.offered_rate(payment).await;
        let Some(order) = &payment.order else { return Ok(LateFacts { rate, order: Order::Open }) };
        let owner = Owner { merchant: payment.merchant, mode: payment.mode };
        let reference = order_claim(order);
        let mut settled = false;
        for other in self.referenced(owner, Dialect::Crypto, &reference, ORDERS_MAX).await? {
            if other.payment != payment.id
                && let Some(other) = self.find_coins(owner, other.payment).await?
            {
                settled |= other.acceptance.is_some();
            }
        }
        Ok(LateFacts { rate, order: if settled { Order::Settled } else { Order::Open } })
    }

    /// The current rate with the spread that a payment's price was made with; nothing where there is none.
    #[boxed]
    pub async fn offered_rate(&self, payment: &CoinPayment) -> Option<florin_kernel::fx::Rate> {
        let lane = Lane::of(payment.merchant, payment.mode);
        let fiat: Asset = payment.price.invoice.asset();
        let mid = self.mid_rate(lane, payment.price.coin, fiat).await.ok()?;
        payment.price.offered(mid)
    }
}

/// Payments of one order that are looked at.
const ORDERS_MAX: usize = 100;

const NOTHING_LATE: LateFacts = LateFacts { rate: None, order: Order::Settled };

/// The claim by which payments of one order are found.
pub fn order_claim(order: &str) -> ClaimRequest {
    ClaimRequest::reference(order).within("order").reused(Reuse::Always)
}
