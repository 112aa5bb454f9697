//! What requests take: references and idempotency keys, and under which conditions somebody else may have them again.
//!
//! A reference that may be used again has a claim for each use, numbered from 0. Two requests at once cannot both have the next
//! one, and all that was ever made under the reference is found use by use.

use async_recursion::async_recursion as boxed;
use florin_kernel::payment::{Dialect, Seq};
use florin_kernel::public_id::Reference;
use florin_kernel::{Aggregate, PaymentId, Timestamp};
use florin_store::{Claim, StoreError};

use crate::Engine;
use crate::owner::Owner;

/// What a request takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimKind {
    /// The dialect's own reference.
    Reference,
    /// The `Idempotency-Key` header.
    IdempotencyKey,
    /// A decimal number that a transaction is printed as; see [`Engine::number_for`].
    Number,
    /// The number of the operation that an order was promised to become; see [`crate::OperationRequest::promised`].
    Operation,
}

/// Who may use a reference again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// Nobody.
    Never,
    /// A request with other content, once everything begun under it has ended without money.
    AfterFailure,
    /// Any request, once everything begun under it has ended without money.
    Reopened,
    /// Anybody at any time: it only leads back to what was made under it.
    Always,
}

/// A reference or key of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Which.
    pub kind: ClaimKind,
    /// Within what the text stands for one thing, in the dialect's own words; empty: within merchant, mode and dialect.
    pub scope: String,
    /// The merchant's text.
    pub text: String,
    /// Who may use it again.
    pub reuse: Reuse,
}

impl ClaimRequest {
    /// A reference for good.
    pub fn reference(text: impl Into<String>) -> ClaimRequest {
        ClaimRequest { kind: ClaimKind::Reference, scope: String::new(), text: text.into(), reuse: Reuse::Never }
    }

    /// An `Idempotency-Key`.
    pub fn idempotency_key(text: impl Into<String>) -> ClaimRequest {
        ClaimRequest { kind: ClaimKind::IdempotencyKey, ..ClaimRequest::reference(text) }
    }

    /// A decimal number to be printed as.
    pub fn number(text: impl Into<String>) -> ClaimRequest {
        ClaimRequest { kind: ClaimKind::Number, ..ClaimRequest::reference(text) }
    }

    /// Within a scope.
    pub fn within(self, scope: impl Into<String>) -> ClaimRequest {
        ClaimRequest { scope: scope.into(), ..self }
    }

    /// With another rule of use.
    pub fn reused(self, reuse: Reuse) -> ClaimRequest {
        ClaimRequest { reuse, ..self }
    }
}

/// The sequence of a claim whose request began no operation: a cancellation, an approval. A payment is cancelled once.
pub(crate) const WITHOUT_OPERATION: u16 = 1023;
/// Changes of a session begin no operation either, and there may be many: each has the version that it makes, counted from here.
pub(crate) const AMENDMENTS: u16 = 1024;

/// What a request's reference or key was used for before.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Before {
    /// The same request.
    Same(Claim, ClaimKind),
    /// Another request.
    Taken(ClaimKind),
}

/// Whose claims a request makes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claimant {
    pub(crate) owner: Owner,
    pub(crate) dialect: Dialect,
}

impl Claimant {
    /// Who makes a payment or withdrawal.
    pub(crate) fn of(new: &impl Aggregate) -> Claimant {
        Claimant { owner: Owner { merchant: new.merchant(), mode: new.mode() }, dialect: new.dialect() }
    }
}

/// A request on its way to taking what it asks for.
pub(crate) struct Taking<'e> {
    engine: &'e Engine,
    claimant: Claimant,
    requests: &'e [ClaimRequest],
    digest: [u8; 16],
    /// The use of each that is free as far as is known; at 0 nobody has looked yet.
    uses: Vec<u32>,
}

impl Taking<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// The rows that take everything for a payment.
    pub(crate) fn rows(&self, payment: PaymentId, sequence: u16, at: Timestamp) -> Vec<Claim> {
        let row = |(request, used): (&ClaimRequest, &u32)| Claim {
            key: self.engine.claim_key(self.claimant, request, *used),
            digest: self.digest,
            payment,
            sequence,
            at,
            expires: request.kind == ClaimKind::IdempotencyKey,
        };
        self.requests.iter().zip(&self.uses).map(row).collect()
    }

    /// Looks at everything: the first that was used and may not be used again.
    pub(crate) async fn look(&mut self) -> Result<Option<Before>, StoreError> {
        for place in 0..self.requests.len() {
            if let Some(before) = self.look_at(place).await? {
                return Ok(Some(before));
            }
        }
        Ok(None)
    }

    /// Somebody has taken one of the [`Taking::rows`]: what that means; `None` when the next use may be tried.
    pub(crate) async fn refused(&mut self, duplicate: Claim) -> Result<Option<Before>, StoreError> {
        let keys = self.rows(duplicate.payment, 0, duplicate.at);
        let place = keys.iter().position(|claim| claim.key == duplicate.key).unwrap_or(0);
        self.look_at(place).await
    }

    async fn look_at(&mut self, place: usize) -> Result<Option<Before>, StoreError> {
        let request = &self.requests[place];
        if request.reuse == Reuse::Always {
            self.uses[place] = self.engine.uses(self.claimant, request).await?;
            return Ok(None);
        }
        let mut used = 0;
        let mut taken = false;
        while let Some(claim) = self.engine.claimed(self.claimant, request, used).await? {
            let over = match request.reuse {
                Reuse::Never => false,
                Reuse::AfterFailure | Reuse::Reopened | Reuse::Always => self.engine.is_over(&claim).await?,
            };
            // A number belongs to one transaction and says nothing about what was asked.
            let same = claim.digest == self.digest && request.kind != ClaimKind::Number;
            if same && !(over && request.reuse == Reuse::Reopened) {
                return Ok(Some(Before::Same(claim, request.kind)));
            }
            taken |= !over;
            used += 1;
            if request.reuse == Reuse::Never {
                break;
            }
        }
        self.uses[place] = used;
        Ok(taken.then_some(Before::Taken(request.kind)))
    }
}

impl Engine {
    pub(crate) fn taking<'e>(
        &'e self,
        claimant: Claimant,
        requests: &'e [ClaimRequest],
        digest: [u8; 16],
    ) -> Taking<'e> {
        Taking { engine: self, claimant, requests, digest, uses: vec![0; requests.len()] }
    }

    /// What was made under a merchant's reference, the newest first, at most `limit`: payments, and operations by their sequence.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn referenced(
        &self,
        owner: Owner,
        dialect: Dialect,
        request: &ClaimRequest,
        limit: usize,
    ) -> Result<Vec<Reference>, StoreError> {
        let claimant = Claimant { owner, dialect };
        let mut found = Vec::new();
        for used in (0..self.uses(claimant, request).await?).rev().take(limit) {
            let claim = self.claimed(claimant, request, used).await?;
            found.extend(claim.map(|claim| Reference { payment: claim.payment, sequence: claim.sequence }));
        }
        Ok(found)
    }

    pub(crate) fn claim_key(&self, claimant: Claimant, request: &ClaimRequest, used: u32) -> [u8; 16] {
        let Claimant { owner, dialect } = claimant;
        let space = [owner.mode as u8, dialect as u8, request.kind as u8];
        let (merchant, used) = (owner.merchant.number().to_be_bytes(), used.to_be_bytes());
        let parts: [&[u8]; 6] = [b"claim", &merchant, &space, request.scope.as_bytes(), request.text.as_bytes(), &used];
        self.keyring.digest(&parts)
    }

    pub(crate) async fn claimed(
        &self,
        claimant: Claimant,
        request: &ClaimRequest,
        used: u32,
    ) -> Result<Option<Claim>, StoreError> {
        self.store.claim(self.claim_key(claimant, request, used)).await
    }

    /// How often a reference was used: found by doubling, then by halving, since shops that reuse a reference may do so for years.
    async fn uses(&self, claimant: Claimant, request: &ClaimRequest) -> Result<u32, StoreError> {
        let (mut present, mut absent) = (0, 1);
        while self.claimed(claimant, request, absent - 1).await?.is_some() {
            (present, absent) = (absent, absent * 2);
        }
        absent -= 1;
        while present < absent {
            let middle = present + (absent - present) / 2;
            match self.claimed(claimant, request, middle).await? {
                Some(_) => present = middle + 1,
                None => absent = middle,
            }
        }
        Ok(present)
    }

    /// Whether what was begun under a claim has ended without money.
    async fn is_over(&self, claim: &Claim) -> Result<bool, StoreError> {
        let operation = (1..=Seq::MAX).contains(&claim.sequence).then(|| Seq::new(claim.sequence));
        let stored = self.store.transaction(claim.payment).await?;
        Ok(stored.is_some_and(|stored| stored.transaction.ended_without_money(operation)))
    }
}
