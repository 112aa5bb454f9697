//! What nobody asks for: chains are followed, and payments whose time has come are woken.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use florin_kernel::PaymentId;
use florin_kernel::coin::{CoinPayment, Command};
use florin_kernel::ports::Lane;

use tokio::task::JoinHandle;

use super::CoinError;
use super::follow::FollowError;
use crate::Engine;
use crate::resting::caught;
use crate::workers::report;

/// How often a chain is asked.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);

impl Engine {
    /// Follows every chain on which something is waited for, and live ones always: addresses are watched for ever.
    pub(crate) async fn follow_chains(self: Arc<Self>) {
        if self.chains.ports.chains.is_empty() {
            return;
        }
        // A node that takes its time holds up nobody else's.
        let mut under_way: HashMap<(String, Lane), JoinHandle<()>> = HashMap::new();
        while self.idle(&tokio::sync::Notify::new(), FOLLOW_EVERY).await {
            let mut lanes = match self.store.watched_lanes().await {
                Ok(lanes) => lanes,
                Err(error) => {
                    report(&error);
                    continue;
                }
            };
            let live = self.chains.ports.chains.iter().filter(|chain| chain.serves(Lane::Live));
            lanes.extend(live.map(|chain| (chain.network().name.clone(), Lane::Live)));
            lanes.sort_by(|(left, lane), (right, other)| (left, lane.number()).cmp(&(right, other.number())));
            lanes.dedup();
            for (network, lane) in lanes {
                let place = (network, lane);
                if under_way.get(&place).is_some_and(|task| !task.is_finished()) {
                    continue;
                }
                if let Some(task) = under_way.remove(&place)
                    && let Err(panic) = task.await
                {
                    tracing::error!(%panic, "following a chain panicked");
                }
                let (engine, network) = (self.clone(), place.0.clone());
                let task = self.tasks.spawn(async move { engine.follow_or_say(&network, lane).await });
                under_way.insert(place, task);
            }
        }
    }

    async fn follow_or_say(self: &Arc<Self>, network: &str, lane: Lane) {
        match self.follow_chain(network, lane).await {
            Ok(_) => {
                if self.is_new_trouble(network, lane, None) {
                    tracing::info!(network, "a chain is followed again");
                }
            }
            Err(FollowError::NoChain) => {}
            Err(FollowError::Store(error)) => report(&error),
            Err(FollowError::Chain(error)) => {
                metrics::counter!("florin_chain_errors_total", "network" => network.to_owned()).increment(1);
                if self.is_new_trouble(network, lane, Some(error.to_string())) {
                    tracing::warn!(network, %error, "a chain is not followed; nothing is credited and nothing expires");
                }
            }
        }
    }

    /// Wakes a coin payment whose time has come; what depends on its chain is decided by what the chain tells first.
    pub(crate) async fn wake_coins(self: Arc<Self>, id: PaymentId) {
        if !self.chains.waking.lock().expect("no holder of the lock panics").insert(id) {
            return;
        }
        match caught(self.wake_coin_payment(id)).await {
            Ok(Ok(())) => self.resting_payments.done(id.number()),
            Ok(Err(error)) => {
                tracing::error!(payment = %id, %error, "a coin payment could not be woken; it is tried again");
            }
            Err(panic) => self.rest(id, &panic),
        }
        self.chains.waking.lock().expect("no holder of the lock panics").remove(&id);
    }

    async fn wake_coin_payment(self: &Arc<Self>, id: PaymentId) -> Result<(), CoinError> {
        let Some(stored) = self.load::<CoinPayment>(id).await? else { return Ok(()) };
        let payment = stored.transaction;
        let lane = Lane::of(payment.merchant, payment.mode);
        let known = self.followed(&payment.network, lane);
        let known = known.filter(|known| payment.wake_at().is_some_and(|at| known.synced_at >= at));
        let followed = match known {
            Some(known) => Some(known),
            None => self.follow_chain(&payment.network, lane).await.ok(),
        };
        if let Some(followed) = followed {
            let news = Command::Chain(self.old_news(&followed));
            if let Some(changes) = self.commit_coins(id, &news).await? {
                self.clone().perform_coins(changes).await;
            }
        }
        if let Some(changes) = self.commit_coins(id, &Command::Wake).await? {
            self.clone().perform_coins(changes).await;
        }
        Ok(())
    }
}
