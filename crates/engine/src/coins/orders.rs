//! What is ordered about a coin payment, by its merchant's programs and by people: accepted, given up, paid back, let through.

use std::sync::Arc;

use florin_kernel::PaymentId;
use florin_kernel::coin::{self, CoinPayment, Command};
use florin_kernel::payment::{Dialect, Effect, Seq};
use florin_kernel::ports::Lane;
use florin_store::{Changeset, StoreError, Stored, Verdict};

use super::CoinError;
use crate::claims::{Before, ClaimRequest, Claimant, WITHOUT_OPERATION};
use crate::office::Ordered;
use crate::owner::Owner;
use crate::submit::Changes;
use crate::{Boxed, Engine};

/// A request about a coin payment. Its answer follows from the payment, so that none is stored.
pub struct CoinRequest {
    /// What is ordered.
    pub command: Command,
    /// Its idempotency key.
    pub claims: Vec<ClaimRequest>,
    /// Of the request's normalised content.
    pub digest: [u8; 16],
}

/// A command that was obeyed, now or by an earlier copy of the request.
#[derive(Clone, Debug, PartialEq)]
pub struct CoinObeyed {
    /// The payment as it is on disk.
    pub payment: Box<CoinPayment>,
    /// The refund begun, if one was.
    pub refund: Option<Seq>,
    /// Whether an earlier copy was obeyed.
    pub replayed: bool,
}

impl Engine {
    /// Obeys an owner's request about its coin payment. When this returns, the command is on disk; what follows runs on. A copy of
    /// an earlier request changes nothing.
    ///
    /// # Errors
    /// [`CoinError`]; nothing is written then.
    pub fn order_coins(
        self: &Arc<Self>,
        owner: Owner,
        id: PaymentId,
        request: CoinRequest,
    ) -> Boxed<'_, Result<CoinObeyed, CoinError>> {
        Box::pin(self.ordered_coins(owner, id, request, None))
    }

    /// As [`Engine::order_coins`], ordered by a person: the audit log tells of it in the same commit.
    ///
    /// # Errors
    /// As [`Engine::order_coins`].
    pub fn order_coins_by(
        self: &Arc<Self>,
        by: Ordered,
        owner: Owner,
        id: PaymentId,
        request: CoinRequest,
    ) -> Boxed<'_, Result<CoinObeyed, CoinError>> {
        Box::pin(self.ordered_coins(owner, id, request, Some(by)))
    }

    async fn ordered_coins(
        self: &Arc<Self>,
        owner: Owner,
        id: PaymentId,
        request: CoinRequest,
        by: Option<Ordered>,
    ) -> Result<CoinObeyed, CoinError> {
        if self.is_draining() {
            return Err(CoinError::Draining);
        }
        let engine = self.clone();
        // In a task of its own: a merchant that hangs up does not stop it.
        let task = self.tasks.spawn(async move {
            let (obeyed, changes) = engine.obey_coins(owner, id, request, by).await?;
            if let Some(changes) = changes {
                engine.tasks.spawn(engine.clone().perform_coins(changes));
            }
            Ok(obeyed)
        });
        task.await.map_err(|panic| StoreError::Unavailable(panic.to_string()))?
    }

    async fn obey_coins(
        self: &Arc<Self>,
        owner: Owner,
        id: PaymentId,
        request: CoinRequest,
        by: Option<Ordered>,
    ) -> Result<(CoinObeyed, Option<Changes<CoinPayment>>), CoinError> {
        let CoinRequest { command, claims, digest } = request;
        let mut taking = self.taking(Claimant { owner, dialect: Dialect::Crypto }, &claims, digest);
        if let Some(before) = taking.look().await? {
            return self.obeyed_before(owner, before).await;
        }
        loop {
            let stored = self.load::<CoinPayment>(id).await?.filter(|stored| owner.owns_coins(&stored.transaction));
            let Stored { transaction, version, .. } = stored.ok_or(CoinError::NotFound)?;
            let now = self.now(Lane::of(owner.merchant, owner.mode));
            let decision = match coin::decide(&transaction, command.clone(), now) {
                Ok(decision) => decision,
                // A copy may have done meanwhile what is refused now.
                Err(refusal) => match taking.look().await? {
                    Some(before) => return self.obeyed_before(owner, before).await,
                    None => return Err(refusal.into()),
                },
            };
            let (after, effects) = (decision.payment, decision.effects);
            let refund = effects.iter().find_map(|effect| match effect {
                Effect::Call(seq) => Some(*seq),
                Effect::LookUp(_) | Effect::Post(_) | Effect::Floor { .. } | Effect::Notify { .. } => None,
            });
            let unchanged = after == transaction && effects.is_empty();
            let (mut changeset, changes) = self.changeset(&transaction, Some(version), after, effects, now);
            if unchanged {
                changeset = Changeset::default();
            }
            if let Some(by) = by.as_ref().filter(|_| !unchanged) {
                let note = by.note(self, &transaction, &*changes.transaction);
                changeset.audit = self.audit_rows(&by.who, &[note]).await?;
            }
            changeset.claims = taking.rows(id, refund.map_or(WITHOUT_OPERATION, Seq::number), now);
            match self.write(changeset).await? {
                Verdict::Committed => {
                    let payment = changes.transaction.clone();
                    let obeyed = CoinObeyed { payment, refund, replayed: false };
                    return Ok((obeyed, (!unchanged).then_some(changes)));
                }
                Verdict::Conflict => {}
                Verdict::Duplicate(claim) => {
                    if let Some(before) = taking.refused(claim).await? {
                        return self.obeyed_before(owner, before).await;
                    }
                }
                Verdict::BelowFloor { .. } => unreachable!("coins set no floor"),
            }
        }
    }

    async fn obeyed_before(
        &self,
        owner: Owner,
        before: Before,
    ) -> Result<(CoinObeyed, Option<Changes<CoinPayment>>), CoinError> {
        match before {
            Before::Taken(kind) => Err(CoinError::Taken(kind)),
            Before::Same(claim, _) => {
                let payment = self.find_coins(owner, claim.payment).await?.ok_or(CoinError::NotFound)?;
                let refund = (1..=Seq::MAX).contains(&claim.sequence).then(|| Seq::new(claim.sequence));
                Ok((CoinObeyed { payment: Box::new(payment), refund, replayed: true }, None))
            }
        }
    }
}

impl Owner {
    fn owns_coins(self, payment: &CoinPayment) -> bool {
        self == Owner { merchant: payment.merchant, mode: payment.mode }
    }
}
