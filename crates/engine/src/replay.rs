//! The same request again: the same answer, byte for byte; or a clear no when its reference was used for something else.

use std::sync::Arc;
use std::time::Duration;

use florin_kernel::payment::{Dialect, Mode, Payment};
use florin_kernel::ports::Lane;
use florin_kernel::{Aggregate, MerchantId, PaymentId, RegistrationId, Timestamp};
use florin_store::{Answer, Changeset, Claim, PaymentWrite, StoreError, Stored, Verdict};
use jiff::SignedDuration;

use crate::Engine;
use crate::inflight::Answering;
use crate::owner::Owner;

/// What a request takes for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimKind {
    /// The dialect's own reference.
    Reference,
    /// The `Idempotency-Key` header.
    IdempotencyKey,
}

/// A reference or key of a request; merchant, mode and dialect are those of its payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Which.
    pub kind: ClaimKind,
    /// The merchant's text.
    pub text: String,
}

/// Makes the answer to the request that made a payment or withdrawal, from it.
pub type Render<A = Payment> = Arc<dyn Fn(&A) -> Answer + Send + Sync>;

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

/// Answers are kept this long (product document, "Requests").
const ANSWERS_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
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

    /// The payment a merchant's reference was used for.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    pub async fn find_reference(
        &self,
        merchant: MerchantId,
        mode: Mode,
        dialect: Dialect,
        text: &str,
    ) -> Result<Option<PaymentId>, StoreError> {
        let key = self.claim_key(merchant, mode, dialect, ClaimKind::Reference, text);
        Ok(self.store.claim(key).await?.map(|claim| claim.payment))
    }

    /// What a request's reference or key was used for before. A replay goes before every refusal that has to look at more
    /// than the request itself, so callers ask this when such a check refuses.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    pub async fn earlier<A: Aggregate>(
        &self,
        new: &A,
        claims: &[ClaimRequest],
        digest: [u8; 16],
        render: &Render<A>,
    ) -> Result<Option<Earlier>, StoreError> {
        for claim in claims {
            let key = self.claim_key(new.merchant(), new.mode(), new.dialect(), claim.kind, &claim.text);
            if let Some(found) = self.store.claim(key).await? {
                return self.replay(found, claim.kind, digest, render).await.map(Some);
            }
        }
        Ok(None)
    }

    /// Whether an `Idempotency-Key` came with other content before. For commands that are idempotent by what they are about, so
    /// that a repeat needs no stored answer.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    pub async fn is_key_taken(
        &self,
        owner: Owner,
        dialect: Dialect,
        key: &str,
        digest: [u8; 16],
    ) -> Result<bool, StoreError> {
        let key = self.claim_key(owner.merchant, owner.mode, dialect, ClaimKind::IdempotencyKey, key);
        Ok(self.store.claim(key).await?.is_some_and(|claim| claim.digest != digest))
    }

    /// Takes an `Idempotency-Key` for a command that was obeyed: a refused one does not use it up.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot take it.
    pub async fn take_key(
        &self,
        owner: Owner,
        dialect: Dialect,
        key: &str,
        digest: [u8; 16],
        id: PaymentId,
    ) -> Result<(), StoreError> {
        let key = self.claim_key(owner.merchant, owner.mode, dialect, ClaimKind::IdempotencyKey, key);
        let at = self.now(Lane::of(owner.merchant, owner.mode));
        let claim = Claim { key, digest, payment: id, at, expires: true };
        // Whoever took it meanwhile has it.
        self.store.commit(Changeset { claims: vec![claim], ..Changeset::default() }).await.map(drop)
    }

    pub(crate) fn claims(
        &self,
        new: &impl Aggregate,
        claims: &[ClaimRequest],
        digest: [u8; 16],
        at: Timestamp,
    ) -> Vec<Claim> {
        let owner = Owner { merchant: new.merchant(), mode: new.mode() };
        self.claims_of(owner, new.dialect(), new.id(), claims, digest, at)
    }

    pub(crate) fn claims_of(
        &self,
        owner: Owner,
        dialect: Dialect,
        id: PaymentId,
        claims: &[ClaimRequest],
        digest: [u8; 16],
        at: Timestamp,
    ) -> Vec<Claim> {
        let claim = |claim: &ClaimRequest| Claim {
            key: self.claim_key(owner.merchant, owner.mode, dialect, claim.kind, &claim.text),
            digest,
            payment: id,
            at,
            expires: claim.kind == ClaimKind::IdempotencyKey,
        };
        claims.iter().map(claim).collect()
    }

    fn claim_key(&self, merchant: MerchantId, mode: Mode, dialect: Dialect, kind: ClaimKind, text: &str) -> [u8; 16] {
        let space = [mode as u8, dialect as u8, kind as u8];
        self.keyring.digest(&[b"claim", &merchant.number().to_be_bytes(), &space, text.as_bytes()])
    }

    pub(crate) async fn replay<A: Aggregate>(
        &self,
        claim: Claim,
        kind: ClaimKind,
        digest: [u8; 16],
        render: &Render<A>,
    ) -> Result<Earlier, StoreError> {
        if claim.digest != digest {
            return Ok(Earlier::Taken(kind));
        }
        loop {
            let done = self.inflight.done(claim.payment);
            let stored = self.load::<A>(claim.payment).await?;
            let stored =
                stored.ok_or_else(|| StoreError::Corrupt(format!("{} is claimed but missing", claim.payment)))?;
            let age =
                self.now(Lane::of(stored.transaction.merchant(), stored.transaction.mode())).duration_since(claim.at);
            if age > ANSWERS_KEPT {
                return Ok(Earlier::Taken(kind));
            }
            if let Some(answer) = stored.answer {
                let payment = claim.payment;
                return Ok(Earlier::Replay(Reply { answer, replayed: true, payment, provider_time: Duration::ZERO }));
            }
            match done {
                Some(mut done) => _ = done.changed().await,
                None if self.store.is_exclusive() || age > DEAD_AFTER => {
                    self.answer_for_the_dead(&stored, render).await?
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
        for claim in claims {
            let key = self.claim_key(owner.merchant, owner.mode, dialect, claim.kind, &claim.text);
            if let Some(found) = self.store.claim(key).await? {
                return self.replay_registration(found, claim.kind, digest).await.map(Some);
            }
        }
        Ok(None)
    }

    /// A card is stored with its answer, so nobody ever waits for that.
    pub(crate) async fn replay_registration(
        &self,
        claim: Claim,
        kind: ClaimKind,
        digest: [u8; 16],
    ) -> Result<Earlier, StoreError> {
        if claim.digest != digest {
            return Ok(Earlier::Taken(kind));
        }
        let stored = self.store.registration(RegistrationId::from_number(claim.payment.number())).await?;
        let Some(stored) = stored else {
            return Err(StoreError::Corrupt(format!("{} is claimed but missing", claim.payment)));
        };
        let now = self.now(Lane::of(stored.registration.merchant, stored.registration.mode));
        match stored.answer.filter(|_| now.duration_since(claim.at) <= ANSWERS_KEPT) {
            Some(answer) => {
                let payment = claim.payment;
                Ok(Earlier::Replay(Reply { answer, replayed: true, payment, provider_time: Duration::ZERO }))
            }
            None => Ok(Earlier::Taken(kind)),
        }
    }

    /// The answer to a request whose last commit failed. The payment is on disk and its provider may have acted, so the truth
    /// is "pending"; but the commit may have been one after all (a connection lost after it), and then what it stored is
    /// what every repeat is told. So it is read, or "pending" is stored, before anything is said; where the store stays away
    /// for longer than a merchant waits, as soon as it is back. Repeats wait until then.
    pub(crate) async fn answer_after_trouble(
        self: &Arc<Self>,
        pending: &Payment,
        render: &Render,
        answering: Answering,
    ) -> Answer {
        for _ in 0..TROUBLE_LOOKS {
            if let Some(answer) = self.stored_or_pending(pending.id, render).await {
                return answer;
            }
            tokio::time::sleep(POLL).await;
        }
        let (engine, id, render_later) = (self.clone(), pending.id, render.clone());
        self.tasks.spawn(async move {
            let stored = async {
                while engine.stored_or_pending(id, &render_later).await.is_none() {
                    tokio::time::sleep(POLL).await;
                }
            };
            engine.stopping.run_until_cancelled(stored).await;
            drop(answering);
        });
        render(&pending.as_first_sent())
    }

    /// What is stored as the answer, "pending" if nothing was; `None` while the store is away.
    async fn stored_or_pending(&self, id: PaymentId, render: &Render) -> Option<Answer> {
        loop {
            let stored = self.load::<Payment>(id).await.ok()??;
            if stored.answer.is_some() {
                return stored.answer;
            }
            self.answer_for_the_dead(&stored, render).await.ok()?;
        }
    }

    /// The process died before it answered: the merchant is told "pending", now and in every repeat.
    async fn answer_for_the_dead<A: Aggregate>(
        &self,
        stored: &Stored<A>,
        render: &Render<A>,
    ) -> Result<(), StoreError> {
        let answer = render(&stored.transaction.as_first_sent());
        let write = PaymentWrite::update(&stored.transaction, stored.version).answered(Some(answer));
        match self.store.commit(Changeset { payments: vec![write], ..Changeset::default() }).await? {
            // On a conflict somebody else moved the payment on; the caller looks again.
            Verdict::Committed | Verdict::Conflict => Ok(()),
            Verdict::Duplicate(_) | Verdict::BelowFloor { .. } => {
                unreachable!("nothing is claimed and no floor is set")
            }
        }
    }
}
