//! A session: a payment made before anything is tried, and the attempts that its payer makes on our page.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_recursion::async_recursion as boxed;
use florin_kernel::card::Card;
use florin_kernel::payment::{Amendment, Attempt, Circumstances, Command, Means, Payment, Refusal};
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;
use florin_kernel::routing::{Candidate, Method};
use florin_kernel::secret::Secret;
use florin_kernel::{Aggregate, Money, PaymentId};
use florin_store::{AnswerWrite, Changeset, StoreError, Verdict};

use crate::calls::Calls;
use crate::claims::{AMENDMENTS, ClaimRequest, Claimant};
use crate::owner::Owner;
use crate::replay::{Earlier, Render, Rendering, Reply};
use crate::start::{DRAWS_MAX, StartError, route_to};
use crate::submit::SubmitError;
use crate::vault::OnFile;
use crate::{Boxed, Engine};

/// A payment to make, with nothing tried yet.
pub struct NewSession {
    /// Created, nothing tried.
    pub payment: Box<Payment>,
    /// Its reference and idempotency key.
    pub claims: Vec<ClaimRequest>,
    /// Of the request's normalised content.
    pub digest: [u8; 16],
    /// Makes the answer.
    pub render: Render,
}

/// A merchant's request to make its session into another.
pub struct SessionChange {
    /// Its idempotency key.
    pub claims: Vec<ClaimRequest>,
    /// Of the request's normalised content.
    pub digest: [u8; 16],
    /// Makes the answer.
    pub render: Render,
}

/// Whether a session's result was read before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstRead {
    /// Not before now.
    Now,
    /// Before.
    Before,
}

/// What the payer of a session tries next.
pub struct NextAttempt {
    /// How many operations the payment had when the payer's page was drawn. With another number the payer has tried already,
    /// and nothing is done: one page makes one attempt at most.
    pub after: usize,
    /// Who is asked, in order.
    pub candidate: Candidate,
    /// How the payer pays.
    pub method: Method,
    /// What the payer chose to pay, where the session leaves it open.
    pub amount: Option<Money>,
    /// The card, where the payer gave it to us.
    pub card: Option<Card>,
    /// What becomes of the card.
    pub on_file: OnFile,
    /// The voucher's code, where the payer gave it to us.
    pub voucher: Option<Secret>,
    /// What the merchant calls the bank or wallet, where its dialect names it; else empty.
    pub brand: String,
    /// How it is made.
    pub circumstances: Circumstances,
    /// Where the payer's browser came from.
    pub address: Option<IpAddr>,
}

impl Engine {
    /// Makes a payment that waits for its payer's choice. The answer is stored in the same commit, so a copy of the request
    /// gets it whatever happens next.
    ///
    /// # Errors
    /// [`StartError`]; nothing is written then.
    pub fn open(self: &Arc<Self>, mut new: NewSession) -> Boxed<'_, Result<Reply, StartError>> {
        Box::pin(async move {
            if self.is_draining() {
                return Err(StartError::Draining);
            }
            let now = self.now(Lane::of(new.payment.merchant, new.payment.mode));
            crate::orders::bind(&mut new.payment);
            let mut taking = self.taking(Claimant::of(&*new.payment), &new.claims, new.digest);
            for _ in 0..DRAWS_MAX {
                let answer = (new.render)(&new.payment);
                let claims = taking.rows(new.payment.id, 0, now);
                let payments = vec![self.insertion(&*new.payment).answered(Some(answer.clone()))];
                let records = match self.ordered_begin(&new.payment, now).await? {
                    Ok(records) => records,
                    Err(refusal) => match taking.look().await? {
                        Some(before) => return self.replay(before, Rendering::First(&new.render)).await?.into(),
                        None => return Err(refusal.into()),
                    },
                };
                match self.write(Changeset { claims, payments, records, ..Changeset::default() }).await? {
                    Verdict::Committed => {
                        let payment = new.payment.id;
                        return Ok(Reply { answer, replayed: false, payment, provider_time: Duration::ZERO });
                    }
                    Verdict::Conflict => new.payment.id = self.new_payment_id(),
                    Verdict::Duplicate(claim) => {
                        let Some(before) = taking.refused(claim).await? else { continue };
                        return self.replay(before, Rendering::First(&new.render)).await?.into();
                    }
                    Verdict::BelowFloor { .. } => unreachable!("a session sets no floor"),
                }
            }
            Err(StartError::Store(StoreError::Unavailable("no free payment id was drawn".into())))
        })
    }

    /// Makes the payer's next attempt and asks its provider; the payment as it stands then. A copy of the same form waits for
    /// the first and changes nothing.
    ///
    /// # Errors
    /// [`SubmitError`] when the attempt was not made; once it is made there is no error, since its outcome follows in any case.
    pub fn attempt(
        self: &Arc<Self>,
        owner: Owner,
        id: PaymentId,
        next: NextAttempt,
    ) -> Boxed<'_, Result<Payment, SubmitError>> {
        Box::pin(async move {
            if self.is_draining() {
                return Err(SubmitError::Draining);
            }
            let engine = self.clone();
            // In a task of its own: a browser that goes away does not stop it.
            let task = self.tasks.spawn(async move { engine.make_attempt(owner, id, next).await });
            task.await.map_err(|panic| SubmitError::Store(StoreError::Unavailable(panic.to_string())))?
        })
    }

    /// Makes a session into another, as its merchant says or as its payer told; the session as it is then. `amended` is asked
    /// again when somebody else changed it meanwhile.
    ///
    /// # Errors
    /// [`SubmitError`], or what `amended` says against it; nothing is written then.
    pub async fn amend<E: From<SubmitError> + Send>(
        &self,
        owner: Owner,
        id: PaymentId,
        amended: impl Fn(&Payment) -> Result<Amendment, E> + Sync,
    ) -> Result<Payment, E> {
        let mut refusal = None;
        let mut amended = |session: &Payment| amended(session).map_err(|said| refusal = Some(said)).ok();
        let amended = self.amend_by(owner, id, &mut amended).await?;
        amended.ok_or_else(|| refusal.expect("whoever says no says why"))
    }

    /// As [`Engine::amend`], which is one for each caller; this is there once. `None` where `amended` says no.
    #[boxed]
    async fn amend_by(
        &self,
        owner: Owner,
        id: PaymentId,
        amended: &mut (dyn FnMut(&Payment) -> Option<Amendment> + Send),
    ) -> Result<Option<Payment>, SubmitError> {
        if self.is_draining() {
            return Err(SubmitError::Draining);
        }
        loop {
            let stored = self.load::<Payment>(id).await?.ok_or(SubmitError::NotFound)?;
            if Owner::of(&stored.transaction) != owner {
                return Err(SubmitError::NotFound);
            }
            let Some(amendment) = amended(&stored.transaction) else { return Ok(None) };
            let (payment, command) = (Box::new(stored.transaction), Command::Amend(amendment));
            if let Some(changes) = self.commit_once(payment, stored.version, &command, None, Vec::new()).await? {
                return Ok(Some(*changes.transaction));
            }
        }
    }

    /// As [`Engine::amend`], for a request that may come again: a copy of an earlier one gets that one's answer, also where it would
    /// be refused by now.
    ///
    /// # Errors
    /// [`SubmitError`], or what `amended` says against it; nothing is written then.
    pub async fn amend_once<E: From<SubmitError> + Send>(
        &self,
        owner: Owner,
        id: PaymentId,
        change: SessionChange,
        amended: impl Fn(&Payment) -> Result<Amendment, E> + Sync,
    ) -> Result<Reply, E> {
        let mut refusal = None;
        let mut amended = |session: &Payment| amended(session).map_err(|said| refusal = Some(said)).ok();
        let reply = self.amend_once_by(owner, id, change, &mut amended).await?;
        reply.ok_or_else(|| refusal.expect("whoever says no says why"))
    }

    /// As [`Engine::amend_by`] is to [`Engine::amend`].
    #[boxed]
    async fn amend_once_by(
        &self,
        owner: Owner,
        id: PaymentId,
        change: SessionChange,
        amended: &mut (dyn FnMut(&Payment) -> Option<Amendment> + Send),
    ) -> Result<Option<Reply>, SubmitError> {
        if self.is_draining() {
            return Err(SubmitError::Draining);
        }
        let SessionChange { claims, digest, render } = change;
        let found = self.find(owner, id).await?.ok_or(SubmitError::NotFound)?;
        let mut taking = self.taking(Claimant::of(&found), &claims, digest);
        loop {
            let stored = self.load::<Payment>(id).await?.ok_or(SubmitError::NotFound)?;
            // After the session was read: what a copy does from here on is a conflict of versions.
            if let Some(before) = taking.look().await? {
                return match self.replay(before, Rendering::First(&render)).await? {
                    Earlier::Replay(reply) => Ok(Some(reply)),
                    Earlier::Taken(kind) => Err(SubmitError::Taken(kind)),
                };
            }
            let before = stored.transaction;
            let now = self.now(Lane::of(before.merchant, before.mode));
            let Some(amendment) = amended(&before) else { return Ok(None) };
            let (after, effects) = before.decide(Command::Amend(amendment), now)?;
            let (mut changeset, changes) = self.changeset(&before, Some(stored.version), after, effects, now);
            let answer = render(&changes.transaction);
            if !claims.is_empty() {
                // After so many changes nobody could be told of the next one twice.
                let version = u16::try_from(changes.version).ok();
                let sequence = version.and_then(|version| AMENDMENTS.checked_add(version));
                let sequence = sequence.ok_or(SubmitError::Refused(Refusal::SessionOver))?;
                changeset.claims = taking.rows(id, sequence, now);
                changeset.answers.push(AnswerWrite { payment: id, sequence, at: now, answer: answer.clone() });
            }
            match self.write(changeset).await? {
                Verdict::Committed => {
                    return Ok(Some(Reply { answer, replayed: false, payment: id, provider_time: Duration::ZERO }));
                }
                Verdict::Conflict | Verdict::Duplicate(_) => {}
                Verdict::BelowFloor { .. } => unreachable!("a session sets no floor"),
            }
        }
    }

    /// Whether what became of a session is read for the first time: whoever asks takes that for good.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn first_read(&self, payment: &Payment) -> Result<FirstRead, StoreError> {
        let reading = [ClaimRequest::reference(payment.id.to_string()).within("read")];
        let taking = self.taking(Claimant::of(payment), &reading, [0; 16]);
        let claims = taking.rows(payment.id, 0, self.now(Lane::of(payment.merchant, payment.mode)));
        match self.write(Changeset { claims, ..Changeset::default() }).await? {
            Verdict::Committed => Ok(FirstRead::Now),
            Verdict::Duplicate(_) => Ok(FirstRead::Before),
            Verdict::Conflict | Verdict::BelowFloor { .. } => unreachable!("a claim alone changes nothing else"),
        }
    }

    async fn make_attempt(
        self: &Arc<Self>,
        owner: Owner,
        id: PaymentId,
        next: NextAttempt,
    ) -> Result<Payment, SubmitError> {
        let (first, rest) = next.candidate.accounts.split_first().ok_or(Refusal::SessionOver)?;
        let now = self.now(Lane::of(owner.merchant, owner.mode));
        let circumstances = next.circumstances;
        let (changes, means, answering) = loop {
            let stored = self.load::<Payment>(id).await?.ok_or(SubmitError::NotFound)?;
            if Owner::of(&stored.transaction) != owner {
                return Err(SubmitError::NotFound);
            }
            if stored.transaction.operations.len() != next.after {
                return self.after_first_copy(stored.transaction).await;
            }
            let payment = Box::new(stored.transaction);
            let filed = self.file(&payment, next.card.as_ref(), &next.on_file, now);
            let card = next.card.as_ref().map(Card::summary);
            let (brand, address, registration) = (next.brand.clone(), next.address, filed.registration);
            let means = Means { method: next.method, card, brand, address, registration };
            let attempt = Attempt {
                route: route_to(first, &next.candidate.trail),
                means: means.clone(),
                circumstances: circumstances.clone(),
                amount: next.amount,
            };
            let command = Command::Attempt(attempt);
            if let Some(changes) = self.commit_once(payment, stored.version, &command, None, filed.writes).await? {
                break (changes, means, self.inflight.enter(first_request(id)));
            }
        };
        let fallbacks = if next.candidate.cascade { rest.to_vec() } else { Vec::new() };
        let (means, trail) = (Some(means), next.candidate.trail);
        let calls = Calls { card: next.card, voucher: next.voucher, fallbacks, means, circumstances, trail };
        let begun = changes.transaction.clone();
        let performed = self.perform(changes, calls, None).await;
        drop(answering);
        match performed {
            Ok(performed) => Ok(*performed.transaction),
            Err(error) => {
                tracing::error!(payment = %id, %error, "an answer could not be stored; a look-up finishes the payment");
                Ok(*begun)
            }
        }
    }

    /// Where a payment stands once whatever was tried `after` so many operations is through.
    ///
    /// # Errors
    /// [`SubmitError`] when the payment does not exist or the store cannot answer.
    #[boxed]
    pub async fn settled(&self, id: PaymentId, after: usize) -> Result<Payment, SubmitError> {
        let stored = self.load::<Payment>(id).await?.ok_or(SubmitError::NotFound)?;
        match stored.transaction.operations.len() > after {
            true => self.after_first_copy(stored.transaction).await,
            false => Ok(stored.transaction),
        }
    }

    /// Another copy of the form was first: where the payment stands once that one is through.
    async fn after_first_copy(&self, payment: Payment) -> Result<Payment, SubmitError> {
        let Some(mut done) = self.inflight.done(first_request(payment.id)) else { return Ok(payment) };
        // It ends when the sender is dropped, which is an error by name only.
        let _ = done.changed().await;
        let stored = self.load::<Payment>(payment.id).await?.ok_or(SubmitError::NotFound)?;
        Ok(stored.transaction)
    }
}

/// Attempts are answered under the payment itself: there is one at a time.
fn first_request(payment: PaymentId) -> Reference {
    Reference { payment, sequence: 0 }
}
