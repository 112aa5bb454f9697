//! Decimal numbers as printed ids, for a dialect whose wire has no room for computed ones (decision 12). A number is a claim, made in
//! the commit of the transaction that is printed as it; one of another dialect gets its number when it is first shown.

use async_recursion::async_recursion as boxed;
use florin_kernel::payment::{Dialect, Mode};
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;
use florin_kernel::{InvoiceId, MerchantId, PaymentId, Timestamp};
use florin_store::{Changeset, Claim, StoreError, Verdict};

use crate::Engine;
use crate::claims::{ClaimRequest, Claimant};
use crate::owner::Owner;

/// The smallest number, and how many there are: ten digits, the first not 0.
const FIRST: u64 = 1_000_000_000;
const COUNT: u128 = 9_000_000_000;
/// So many turns without a free number mean that something is wrong, not that numbers are scarce.
const TURNS_MAX: u32 = 64;

impl Engine {
    /// The number that a transaction is to be printed as: ten digits that tell neither order nor count. Another one for every turn,
    /// for where the one before is taken.
    pub fn number_for(&self, id: PaymentId, turn: u32) -> String {
        let drawn = self.digest(&[b"number", &id.number().to_be_bytes(), &turn.to_be_bytes()]);
        let drawn = u64::try_from(u128::from_be_bytes(drawn) % COUNT).unwrap_or_default();
        (FIRST + drawn).to_string()
    }

    /// The number of an owner's transaction that was made without one; from now on it is that one's for good.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer or write.
    #[boxed]
    pub async fn number_of(&self, owner: Owner, id: PaymentId) -> Result<String, StoreError> {
        for turn in 0..TURNS_MAX {
            let text = self.number_for(id, turn);
            let request = ClaimRequest::number(text.as_str());
            match self.claimed(claimant(owner), &request, 0).await? {
                Some(claim) if claim.payment == id => return Ok(text),
                Some(_) => continue,
                None => {}
            }
            let at = self.now(Lane::of(owner.merchant, owner.mode));
            let key = self.claim_key(claimant(owner), &request, 0);
            let claim = Claim { key, digest: [0; 16], payment: id, sequence: 0, at, expires: false };
            match self.write(Changeset { claims: vec![claim], ..Changeset::default() }).await? {
                Verdict::Committed => return Ok(text),
                Verdict::Duplicate(claim) if claim.payment == id => return Ok(text),
                Verdict::Duplicate(_) => {}
                Verdict::Conflict | Verdict::BelowFloor { .. } => {
                    unreachable!("a claim alone changes nothing else")
                }
            }
        }
        Err(StoreError::Unavailable("no free number was drawn".into()))
    }

    /// The number that an invoice is printed as, in its link too: unique in the whole installation, since whoever opens a link
    /// says nothing of its owner.
    pub fn invoice_number(&self, id: InvoiceId) -> String {
        self.number_for(PaymentId::from_number(id.number()), 0)
    }

    /// The claim that leads from an invoice's number to it; taken already, the invoice needs another id.
    pub(crate) fn invoice_claim(&self, id: InvoiceId, at: Timestamp) -> Claim {
        let payment = PaymentId::from_number(id.number());
        let key = self.claim_key(everybody(), &invoice_request(self.invoice_number(id)), 0);
        Claim { key, digest: [0; 16], payment, sequence: 0, at, expires: false }
    }

    /// The invoice that a number is printed for, whoever's.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn invoice_numbered(&self, text: &str) -> Result<Option<InvoiceId>, StoreError> {
        if !is_number(text) {
            return Ok(None);
        }
        let claim = self.claimed(everybody(), &invoice_request(text.to_owned()), 0).await?;
        Ok(claim.map(|claim| InvoiceId::from_number(claim.payment.number())))
    }

    /// The transaction that an owner's number is printed for.
    pub(crate) async fn numbered(&self, owner: Owner, text: &str) -> Result<Option<Reference>, StoreError> {
        if !is_number(text) {
            return Ok(None);
        }
        let claim = self.claimed(claimant(owner), &ClaimRequest::number(text), 0).await?;
        Ok(claim.map(|claim| Reference { payment: claim.payment, sequence: 0 }))
    }
}

/// Numbers are an owner's own, whichever dialect made what they stand for.
fn claimant(owner: Owner) -> Claimant {
    Claimant { owner, dialect: Dialect::TransactionServices }
}

fn is_number(text: &str) -> bool {
    text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0')
}

/// Invoices' numbers are nobody's own: no merchant has the number 0.
fn everybody() -> Claimant {
    let owner = Owner { merchant: MerchantId::from_number(0), mode: Mode::Live };
    Claimant { owner, dialect: Dialect::TransactionServices }
}

fn invoice_request(number: String) -> ClaimRequest {
    ClaimRequest::number(number).within("invoice")
}
