//! A session whose payer chooses coins: from then on it is a payment made with coins, under the same id and reference. One row, one
//! version: whatever else would have been tried for it finds that it is no session any more, so it is never paid twice.

use std::sync::Arc;

use florin_kernel::coin::{CoinPayment, Derivation};
use florin_kernel::payment::{Effect, Payment, State};
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::AddressStyle;
use florin_kernel::{PaymentId, Transaction};
use florin_store::{PaymentWrite, StoreError, Verdict};

use super::{CoinError, expected};
use crate::owner::Owner;
use crate::start::DRAWS_MAX;
use crate::{Boxed, Engine};

/// How a session is to be paid with coins.
pub struct SessionInCoins {
    /// Makes the payment of the session as it stands. Address and derivation are made here.
    pub payment: Box<dyn Fn(&Payment) -> CoinPayment + Send + Sync>,
    /// The network it will be on.
    pub network: String,
    /// The watch-only account key that addresses are derived from.
    pub account_key: String,
    /// How addresses look.
    pub style: AddressStyle,
}

impl Engine {
    /// Turns an owner's session into a payment made with coins. The same again, and another coin afterwards, give the payment that it
    /// became first. `None`: it is no session any more, or something was tried for it already, which could still bring money.
    ///
    /// # Errors
    /// [`CoinError`]; nothing is written then.
    pub fn pay_session_in_coins(
        self: &Arc<Self>,
        owner: Owner,
        id: PaymentId,
        wanted: SessionInCoins,
    ) -> Boxed<'_, Result<Option<Box<CoinPayment>>, CoinError>> {
        Box::pin(async move {
            if self.is_draining() {
                return Err(CoinError::Draining);
            }
            let engine = self.clone();
            // In a task of its own: a payer that hangs up does not stop it.
            let task = self.tasks.spawn(async move { engine.turn_into_coins(owner, id, &wanted).await });
            task.await.map_err(|panic| StoreError::Unavailable(panic.to_string()))?
        })
    }

    async fn turn_into_coins(
        self: &Arc<Self>,
        owner: Owner,
        id: PaymentId,
        wanted: &SessionInCoins,
    ) -> Result<Option<Box<CoinPayment>>, CoinError> {
        let lane = Lane::of(owner.merchant, owner.mode);
        let chain = self.chain(&wanted.network, lane).ok_or(CoinError::NotOffered)?.clone();
        let account = self.account_name(&wanted.account_key);
        for _ in 0..DRAWS_MAX {
            let stored = self.store.transaction(id).await?.filter(|stored| owner.owns(&stored.transaction));
            let stored = stored.ok_or(CoinError::NotFound)?;
            let session = match stored.transaction {
                Transaction::Coin(coins) => return Ok(Some(coins)),
                Transaction::Payment(session) if is_untried(&session) => session,
                Transaction::Payment(_) | Transaction::Withdrawal(_) => return Ok(None),
            };
            let now = self.now(lane);
            if session.wake_at().is_some_and(|until| until <= now) {
                return Ok(None);
            }
            let index = self.next_index(&wanted.network, &account).await?;
            let mut coins = (wanted.payment)(&session);
            coins.address = chain.address(lane, &wanted.account_key, index, wanted.style)?;
            coins.derived = Derivation { account: account.clone(), index };
            // That its payer is awaited now is told as of any other means.
            let told = Effect::Notify { from: coins.word(), to: coins.word() };
            let (mut changeset, changes) = self.changeset(&coins.clone(), Some(stored.version), coins, vec![told], now);
            changeset.payments = vec![PaymentWrite::becoming(&*changes.transaction, stored.version)];
            match self.write(changeset).await? {
                Verdict::Committed => {
                    chain.expect(lane, &expected(&changes.transaction)).await;
                    let coins = changes.transaction.clone();
                    self.tasks.spawn(self.clone().perform_coins(changes));
                    return Ok(Some(coins));
                }
                // The session moved on, or the address is another one's.
                Verdict::Conflict => self.forget_index(&wanted.network, &account),
                Verdict::Duplicate(_) | Verdict::BelowFloor { .. } => {
                    unreachable!("nothing is claimed, no floor is set")
                }
            }
        }
        Err(StoreError::Unavailable("no free address was drawn".into()).into())
    }
}

/// Whether nothing was tried for a session. What was tried, even if it was declined, may be heard of late.
pub fn is_untried(session: &Payment) -> bool {
    session.state == State::Created && session.details.hosted.is_some() && session.operations.is_empty()
}
