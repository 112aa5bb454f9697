//! The same request again: the same answer, byte for byte; or a clear no when its reference was used for something else.

use std::sync::Arc;
use std::time::Duration;

use async_recursion::async_recursion as boxed;
use florin_kernel::payment::{Dialect, Payment, Seq};
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;
use florin_kernel::withdrawal::Withdrawal;
use florin_kernel::{Aggregate, PaymentId, RegistrationId};
use florin_store::{Answer, AnswerWrite, Changeset, Claim, PaymentWrite, StoreError, Stored, Verdict};
use jiff::SignedDuration;

use crate::Engine;
use crate::claims::{AMENDMENTS, Before, ClaimKind, ClaimRequest, Claimant, WITHOUT_OPERATION};
use crate::inflight::Answering;
use crate::operate::operation;
use crate::owner::Owner;

/// Makes the answer to the request that made a payment or withdrawal, from it.
pub type Render<A = Payment> = Arc<dyn Fn(&A) -> Answer + Send + Sync>;

/// Makes the answer to a request about a payment that was there already, from it and the operation begun, if one was.
pub type RenderOperation = Arc<dyn Fn(&Payment, Option<Seq>) -> Answer + Send + Sync>;

/// An answer for the merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Status and body.
    pub answer: Answer,
    /// Whether an earlier request was answered with it before.
    pub replayed: bool,
    /// The payment; of a card stored without one, the stored card's number.
    pub payment: PaymentId,
    /// Time spent waiting for providers.
    pub provider_time: Duration,
}

/// What a reference or key was used for before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// The same request: here is its answer.
    Replay(Reply),
    /// Another request.
    Taken(ClaimKind),
}

/// Makes the answer to one request, to be stored in the commit after which no call of its follows.
pub(crate) struct Reporting<A> {
    /// Which request, as in [`Claim::sequence`].
    pub(crate) sequence: u16,
    pub(crate) render: Render<A>,
}

impl<A: Aggregate> Reporting<A> {
    /// Of the request that made it.
    pub(crate) fn first(render: &Render<A>) -> Reporting<A> {
        Reporting { sequence: 0, render: render.clone() }
    }

    /// It as it stood when the request had been taken and nothing was heard since.
    pub(crate) fn as_sent(&self, transaction: &A) -> A {
        match self.sequence {
            0 => transaction.as_first_sent(),
            WITHOUT_OPERATION | AMENDMENTS.. => transaction.clone(),
            sequence => transaction.as_sent(Seq::new(sequence)),
        }
    }

    /// Puts an answer into the changeset that writes the payment.
    pub(crate) fn store(&self, answer: Answer, after: &A, now: jiff::Timestamp, changeset: &mut Changeset) {
        if self.sequence > 0 {
            let (payment, sequence) = (after.id(), self.sequence);
            return changeset.answers.push(AnswerWrite { payment, sequence, at: now, answer });
        }
        // The one payment that the request made.
        let write = changeset.payments.pop().map(|write| write.answered(Some(answer)));
        changeset.payments.extend(write);
    }
}

/// How an answer that was never given is made, by its request.
pub(crate) enum Rendering<'r, A> {
    /// To the request that made it.
    First(&'r Render<A>),
    /// To one about it.
    Later(RenderLater<'r, A>),
}

/// Makes what renders the answer to a request about something, by the request's sequence.
pub(crate) type RenderLater<'r, A> = &'r (dyn Fn(u16) -> Render<A> + Send + Sync);

impl<A: Aggregate> Rendering<'_, A> {
    fn of(&self, claim: &Claim) -> Reporting<A> {
        let render = match self {
            Rendering::First(render) => Arc::clone(render),
            Rendering::Later(render) => render(claim.sequence),
        };
        Reporting { sequence: claim.sequence, render }
    }
}

/// Answers are kept this long (product document, "Requests").
pub(crate) const ANSWERS_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A request of another process that has no answer after this long has died with its process.
const DEAD_AFTER: SignedDuration = SignedDuration::from_secs(60);
/// How often another process's answer is looked for.
const POLL: Duration = Duration::from_millis(100);
/// How often a store that failed is looked at again before a merchant is answered without it: for ten seconds.
const TROUBLE_LOOKS: u32 = 100;

impl Engine {
    /// A keyed digest of a request's normalised content.
    pub fn digest(&self, parts: &[&[u8]]) -> [u8; 16] {
        self.keyring.digest(parts)
    }

    /// What a request's reference or key was used for before. A replay goes before every refusal that has to look at more
    /// than the request itself, so callers ask this when such a check refuses. Of a request about what is there already, `new` is
    /// that.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn earlier(
        &self,
        new: &Payment,
        claims: &[ClaimRequest],
        digest: [u8; 16],
        render: &Render,
    ) -> Result<Option<Earlier>, StoreError> {
        self.earlier_of(new, claims, digest, render).await
    }

    /// As [`Engine::earlier`], of a request for a withdrawal.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn earlier_withdrawal(
        &self,
        new: &Withdrawal,
        claims: &[ClaimRequest],
        digest: [u8; 16],
        render: &Render<Withdrawal>,
    ) -> Result<Option<Earlier>, StoreError> {
        self.earlier_of(new, claims, digest, render).await
    }

    async fn earlier_of<A: Aggregate>(
        &self,
        new: &A,
        claims: &[ClaimRequest],
        digest: [u8; 16],
        render: &Render<A>,
    ) -> Result<Option<Earlier>, StoreError> {
        match self.taking(Claimant::of(new), claims, digest).look().await? {
            Some(before) => self.replay(before, Rendering::First(render)).await.map(Some),
            None => Ok(None),
        }
    }

    /// As [`Engine::earlier`], of a request about a payment that was there already.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn earlier_operation(
        &self,
        owner: Owner,
        dialect: Dialect,
        claims: &[ClaimRequest],
        digest: [u8; 16],
        render: RenderOperation,
    ) -> Result<Option<Earlier>, StoreError> {
        let later = |sequence| -> Render {
            let render = render.clone();
            Arc::new(move |payment: &Payment| render(payment, operation(sequence)))
        };
        match self.taking(Claimant { owner, dialect }, claims, digest).look().await? {
            Some(before) => self.replay(before, Rendering::Later(&later)).await.map(Some),
            None => Ok(None),
        }
    }

    /// The answer that was given before, once it is given.
    pub(crate) async fn replay<A: Aggregate>(
        &self,
        before: Before,
        rendering: Rendering<'_, A>,
    ) -> Result<Earlier, StoreError> {
        let (claim, kind) = match before {
            Before::Same(claim, kind) => (claim, kind),
            Before::Taken(kind) => return Ok(Earlier::Taken(kind)),
        };
        let payment = claim.payment;
        loop {
            let done = self.inflight.done(Reference { payment, sequence: claim.sequence });
            let Some(stored) = self.load::<A>(payment).await? else {
                // What made no payment has an answer all the same: a refusal its own, a card the one it was stored with.
                let kept = match self.store.answer(payment, claim.sequence).await? {
                    Some(answer) => Some(answer),
                    None => self.answer_of_card(&claim).await?,
                };
                return match kept {
                    Some(answer) => {
                        Ok(Earlier::Replay(Reply { answer, replayed: true, payment, provider_time: Duration::ZERO }))
                    }
                    None if kind == ClaimKind::IdempotencyKey => Ok(Earlier::Taken(kind)),
                    None => Err(StoreError::Corrupt(format!("{payment} is claimed but missing"))),
                };
            };
            let age =
                self.now(Lane::of(stored.transaction.merchant(), stored.transaction.mode())).duration_since(claim.at);
            if age > ANSWERS_KEPT {
                return Ok(Earlier::Taken(kind));
            }
            if let Some(answer) = self.stored_answer(&stored, claim.sequence).await? {
                return Ok(Earlier::Replay(Reply { answer, replayed: true, payment, provider_time: Duration::ZERO }));
            }
            match done {
                Some(mut done) => _ = done.changed().await,
                None if self.store.is_exclusive() || age > DEAD_AFTER => {
                    self.answer_for_the_dead(&stored, &rendering.of(&claim)).await?
                }
                None => tokio::time::sleep(POLL).await,
            }
        }
    }

    /// What a request to store a card used its reference or key for before, as [`Engine::earlier`].
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    pub async fn earlier_registration(
        &self,
        owner: Owner,
        dialect: Dialect,
        claims: &[ClaimRequest],
        digest: [u8; 16],
    ) -> Result<Option<Earlier>, StoreError> {
        match self.taking(Claimant { owner, dialect }, claims, digest).look().await? {
            Some(before) => self.replay_registration(before).await.map(Some),
            None => Ok(None),
        }
    }

    /// A card is stored with its answer, so nobody ever waits for that.
    pub(crate) async fn replay_registration(&self, before: Before) -> Result<Earlier, StoreError> {
        let (claim, kind) = match before {
            Before::Same(claim, kind) => (claim, kind),
            Before::Taken(kind) => return Ok(Earlier::Taken(kind)),
        };
        let payment = claim.payment;
        let kept = match self.answer_of_card(&claim).await? {
            Some(answer) => Some(answer),
            // A key may have been used where the card's bank was asked, which is a payment, or where the card was stored already.
            None => match self.store.transaction(payment).await? {
                Some(stored) => stored.answer,
                None => self.store.answer(payment, claim.sequence).await?,
            },
        };
        Ok(match kept {
            Some(answer) => Earlier::Replay(Reply { answer, replayed: true, payment, provider_time: Duration::ZERO }),
            None => Earlier::Taken(kind),
        })
    }

    /// The answer that a card was stored with, as long as answers are kept.
    async fn answer_of_card(&self, claim: &Claim) -> Result<Option<Answer>, StoreError> {
        let id = RegistrationId::from_number(claim.payment.number());
        let Some(stored) = self.store.registration(id).await? else { return Ok(None) };
        let now = self.now(Lane::of(stored.registration.merchant, stored.registration.mode));
        Ok(stored.answer.filter(|_| now.duration_since(claim.at) <= ANSWERS_KEPT))
    }

    /// The answer to a request, as it is stored.
    async fn stored_answer<A>(&self, stored: &Stored<A>, sequence: u16) -> Result<Option<Answer>, StoreError>
    where
        A: Aggregate,
    {
        match sequence {
            0 => Ok(stored.answer.clone()),
            sequence => self.store.answer(stored.transaction.id(), sequence).await,
        }
    }

    /// The answer to a request whose last commit failed. The payment is on disk and its provider may have acted, so the truth
    /// is "pending"; but the commit may have been one after all (a connection lost after it), and then what it stored is
    /// what every repeat is told. So it is read, or "pending" is stored, before anything is said; where the store stays away
    /// for longer than a merchant waits, as soon as it is back. Repeats wait until then.
    pub(crate) async fn answer_after_trouble<A: Aggregate>(
        self: &Arc<Self>,
        pending: &A,
        reporting: Reporting<A>,
        answering: Answering,
    ) -> Answer {
        let id = pending.id();
        for _ in 0..TROUBLE_LOOKS {
            if let Some(answer) = self.stored_or_pending(id, &reporting).await {
                return answer;
            }
            tokio::time::sleep(POLL).await;
        }
        let answer = (reporting.render)(&reporting.as_sent(pending));
        let engine = self.clone();
        self.tasks.spawn(async move {
            let stored = async {
                while engine.stored_or_pending(id, &reporting).await.is_none() {
                    tokio::time::sleep(POLL).await;
                }
            };
            engine.stopping.run_until_cancelled(stored).await;
            drop(answering);
        });
        answer
    }

    /// What is stored as the answer, "pending" if nothing was; `None` while the store is away.
    async fn stored_or_pending<A: Aggregate>(&self, id: PaymentId, reporting: &Reporting<A>) -> Option<Answer> {
        loop {
            let stored = self.load::<A>(id).await.ok()??;
            if let Some(answer) = self.stored_answer(&stored, reporting.sequence).await.ok()? {
                return Some(answer);
            }
            self.answer_for_the_dead(&stored, reporting).await.ok()?;
        }
    }

    /// The process died before it answered: the merchant is told "pending", now and in every repeat.
    async fn answer_for_the_dead<A: Aggregate>(
        &self,
        stored: &Stored<A>,
        reporting: &Reporting<A>,
    ) -> Result<(), StoreError> {
        let transaction = &stored.transaction;
        let answer = (reporting.render)(&reporting.as_sent(transaction));
        let now = self.now(Lane::of(transaction.merchant(), transaction.mode()));
        let payments = vec![PaymentWrite::update(transaction, stored.version)];
        let mut changeset = Changeset { payments, ..Changeset::default() };
        reporting.store(answer, transaction, now, &mut changeset);
        match self.store.commit(changeset).await? {
            // On a conflict somebody else moved the payment on; the caller looks again.
            Verdict::Committed | Verdict::Conflict => Ok(()),
            Verdict::Duplicate(_) | Verdict::BelowFloor { .. } => {
                unreachable!("nothing is claimed and no floor is set")
            }
        }
    }
}
