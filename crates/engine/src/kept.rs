//! Requests that may come again and make no payment: what they change, their claims and their answer are one commit, so an answer is
//! there as soon as its claim is, and nobody ever waits for one. It is kept under a number of its own.

use std::time::Duration;

use async_recursion::async_recursion as boxed;
use florin_kernel::payment::Dialect;
use florin_kernel::ports::Lane;
use florin_kernel::{PaymentId, Timestamp};
use florin_store::{Answer, AnswerWrite, Changeset, StoreError, Verdict};

use crate::Engine;
use crate::claims::{Before, ClaimRequest, Claimant};
use crate::owner::Owner;
use crate::replay::{ANSWERS_KEPT, Earlier, Reply};
use crate::start::StartError;

/// What makes two requests the same one.
pub struct Repeatable {
    /// Whose it is.
    pub owner: Owner,
    /// Where it is made.
    pub dialect: Dialect,
    /// Its idempotency key. Without one it is a new request each time.
    pub claims: Vec<ClaimRequest>,
    /// Of its normalised content.
    pub digest: [u8; 16],
}

impl Engine {
    /// What a request used its key for before. A replay goes before every refusal that has to look at more than the request itself.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn earlier_kept(&self, request: &Repeatable) -> Result<Option<Earlier>, StoreError> {
        let Repeatable { owner, dialect, ref claims, digest } = *request;
        let now = self.now(Lane::of(owner.merchant, owner.mode));
        match self.taking(Claimant { owner, dialect }, claims, digest).look().await? {
            Some(before) => self.replay_kept(before, now).await.map(Some),
            None => Ok(None),
        }
    }

    /// Answers a request that changes nothing, or whose change may be made twice; a copy gets the first one's answer.
    ///
    /// # Errors
    /// [`StartError::Taken`], or that the store cannot take it.
    #[boxed]
    pub async fn answer_once(&self, request: &Repeatable, answer: Answer) -> Result<Reply, StartError> {
        loop {
            if let Some(earlier) = self.earlier_kept(request).await? {
                return earlier.into();
            }
            let (reply, changeset) = self.kept(request, answer.clone(), Changeset::default());
            if request.claims.is_empty() {
                return Ok(reply);
            }
            match self.write(changeset).await? {
                Verdict::Committed => return Ok(reply),
                Verdict::Duplicate(_) => {}
                Verdict::Conflict | Verdict::BelowFloor { .. } => {
                    unreachable!("a claim and its answer change nothing else")
                }
            }
        }
    }

    /// A request's answer, and the changeset with it and what the request takes.
    pub(crate) fn kept(&self, request: &Repeatable, answer: Answer, mut changeset: Changeset) -> (Reply, Changeset) {
        let Repeatable { owner, dialect, ref claims, digest } = *request;
        let at = self.now(Lane::of(owner.merchant, owner.mode));
        let payment = PaymentId::from_number(self.ids.record().number());
        if !claims.is_empty() {
            // A key is used once: there is no use to look for.
            changeset.claims.extend(self.taking(Claimant { owner, dialect }, claims, digest).rows(payment, 0, at));
            changeset.answers.push(AnswerWrite { payment, sequence: 0, at, answer: answer.clone() });
        }
        (Reply { answer, replayed: false, payment, provider_time: Duration::ZERO }, changeset)
    }

    /// The answer that was committed with a claim.
    pub(crate) async fn replay_kept(&self, before: Before, now: Timestamp) -> Result<Earlier, StoreError> {
        let (claim, kind) = match before {
            Before::Same(claim, kind) => (claim, kind),
            Before::Taken(kind) => return Ok(Earlier::Taken(kind)),
        };
        let payment = claim.payment;
        let stored = self.store.answer(payment, claim.sequence).await?;
        Ok(match stored.filter(|_| now.duration_since(claim.at) <= ANSWERS_KEPT) {
            Some(answer) => Earlier::Replay(Reply { answer, replayed: true, payment, provider_time: Duration::ZERO }),
            None => Earlier::Taken(kind),
        })
    }
}
