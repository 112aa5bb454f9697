//! A new payment: hops 2 to 6 of a request.

use std::sync::Arc;
use std::time::Duration;

use florin_kernel::card::Card;
use florin_kernel::payment::{Attempt, Circumstances, Command, Means, Payment, Refusal, Route, decide};
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;
use florin_kernel::routing::{Candidate, Method, NoRoute, ProviderAccount, Trail};
use florin_kernel::withdrawal;
use florin_store::{StoreError, Verdict};

use crate::calls::Calls;
use crate::claims::{ClaimKind, ClaimRequest, Claimant};
use crate::inflight::Answering;
use crate::orders::OrderRefusal;
use crate::replay::{Earlier, Render, Rendering, Reply, Reporting};
use crate::submit::{Changes, Submitted};
use crate::vault::OnFile;
use crate::{Boxed, Engine};

/// A payment to start with its first attempt.
pub struct NewPayment {
    /// Created, nothing tried.
    pub payment: Box<Payment>,
    /// Its reference and idempotency key.
    pub claims: Vec<ClaimRequest>,
    /// Of the request's normalised content.
    pub digest: [u8; 16],
    /// Who is asked, in order.
    pub candidate: Candidate,
    /// How the payer pays.
    pub method: Method,
    /// What the merchant calls the bank or wallet, where its dialect names it; else empty.
    pub brand: String,
    /// How it is made.
    pub circumstances: Circumstances,
    /// The card, where the payer gave it to us.
    pub card: Option<Card>,
    /// What becomes of the card.
    pub on_file: OnFile,
    /// Makes the answer.
    pub render: Render,
}

/// Why a payment did not start. Nothing is written then.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StartError {
    /// The reference or key was used for another request.
    #[error("the {0:?} was used for another request")]
    Taken(ClaimKind),
    /// The kernel refuses.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The kernel refuses a payout.
    #[error(transparent)]
    PayoutRefused(#[from] withdrawal::Refusal),
    /// Nobody can pay a payout out.
    #[error(transparent)]
    NoRoute(#[from] NoRoute),
    /// The invoice or plan that it is a try of takes none now.
    #[error(transparent)]
    Order(#[from] OrderRefusal),
    /// The merchant's balance does not cover a payout.
    #[error("the balance is not sufficient")]
    BalanceInsufficient,
    /// The store cannot take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The process is stopping.
    #[error("the process is stopping")]
    Draining,
}

impl From<Earlier> for Result<Reply, StartError> {
    fn from(earlier: Earlier) -> Self {
        match earlier {
            Earlier::Replay(reply) => Ok(reply),
            Earlier::Taken(kind) => Err(StartError::Taken(kind)),
        }
    }
}

/// An id that is taken means that another process drew it in the same millisecond, or that another request
/// was quicker with the next use of a reference: try again.
pub(crate) const DRAWS_MAX: u32 = 100;

impl Engine {
    /// Starts a payment, asks its provider and makes the answer. A copy of an earlier request gets that one's answer.
    ///
    /// # Errors
    /// [`StartError`]; nothing is written then.
    pub fn start(self: &Arc<Self>, mut new: NewPayment) -> Boxed<'_, Result<Reply, StartError>> {
        Box::pin(async move {
            if self.is_draining() {
                return Err(StartError::Draining);
            }
            let now = self.now(Lane::of(new.payment.merchant, new.payment.mode));
            crate::orders::bind(&mut new.payment);
            let (first, rest) = new.candidate.accounts.split_first().ok_or(Refusal::SessionOver)?;
            let claims = std::mem::take(&mut new.claims);
            let mut taking = self.taking(Claimant::of(&*new.payment), &claims, new.digest);
            for _ in 0..DRAWS_MAX {
                let filed = self.file(&new.payment, new.card.as_ref(), &new.on_file, now);
                let card = new.card.as_ref().map(Card::summary);
                let (brand, registration) = (new.brand.clone(), filed.registration);
                let means = Means { method: new.method, card, brand, address: None, registration };
                let attempt = Attempt {
                    route: route_to(first, &new.candidate.trail),
                    means: means.clone(),
                    circumstances: new.circumstances.clone(),
                    amount: None,
                };
                let decision = decide(&new.payment, Command::Attempt(attempt), now)?;
                let answering = self.inflight.enter(Reference { payment: new.payment.id, sequence: 0 });
                let (after, effects) = (decision.payment, decision.effects);
                let (mut changeset, changes) = self.changeset(&*new.payment, None, after, effects, now);
                changeset.registrations = filed.writes;
                match self.ordered_begin(&new.payment, now).await? {
                    Ok(records) => changeset.records = records,
                    // A copy of this request may have begun what is refused now.
                    Err(refusal) => {
                        drop(answering);
                        let Some(before) = Box::pin(taking.look()).await? else { return Err(refusal.into()) };
                        return Box::pin(self.replay(before, Rendering::First(&new.render))).await?.into();
                    }
                }
                changeset.claims = taking.rows(new.payment.id, 0, now);
                match self.write(changeset).await? {
                    Verdict::Committed => {
                        let fallbacks = if new.candidate.cascade { rest.to_vec() } else { Vec::new() };
                        let (means, circumstances, trail) = (Some(means), new.circumstances, new.candidate.trail);
                        let calls = Calls { card: new.card, voucher: None, fallbacks, means, circumstances, trail };
                        return self.carry_on(changes, calls, new.render, answering).await;
                    }
                    Verdict::Conflict => new.payment.id = self.new_payment_id(),
                    Verdict::Duplicate(claim) => {
                        drop(answering);
                        let Some(before) = Box::pin(taking.refused(claim)).await? else { continue };
                        return Box::pin(self.replay(before, Rendering::First(&new.render))).await?.into();
                    }
                    Verdict::BelowFloor { .. } => unreachable!("a new payment sets no floor"),
                }
            }
            Err(StartError::Store(StoreError::Unavailable("no free payment id was drawn".into())))
        })
    }

    /// Hops 4 to 6, in a task of their own: a merchant that hangs up does not stop them.
    pub(crate) async fn carry_on<A: Submitted>(
        self: &Arc<Self>,
        changes: Changes<A>,
        calls: Calls,
        render: Render<A>,
        answering: Answering,
    ) -> Result<Reply, StartError> {
        let engine = self.clone();
        let task = self.tasks.spawn(async move {
            let pending = changes.transaction.clone();
            let reporting = Reporting::first(&render);
            let performed = engine.perform(changes, calls, Some(&reporting)).await;
            let payment = pending.id();
            let (answer, provider_time) = match performed {
                Ok(performed) => {
                    drop(answering);
                    let answer = performed.answer.unwrap_or_else(|| render(&performed.transaction));
                    (answer, performed.provider_time)
                }
                Err(error) => {
                    tracing::error!(%payment, %error, "an answer could not be stored; a look-up finishes the payment");
                    (engine.answer_after_trouble(&*pending, reporting, answering).await, Duration::ZERO)
                }
            };
            Reply { answer, replayed: false, payment, provider_time }
        });
        task.await.map_err(|panic| StartError::Store(StoreError::Unavailable(panic.to_string())))
    }
}

/// Where an attempt at an account goes, and how it was chosen.
pub(crate) fn route_to(account: &ProviderAccount, trail: &Trail) -> Route {
    Route {
        provider: account.id,
        code: account.code.clone(),
        name: account.name.clone(),
        conversion: account.conversion,
        trail: (*trail != Trail::default()).then(|| Box::new(trail.clone())),
    }
}
