//! Customers: signed up once by an e-mail address, found by their number. Address and number are claims that lead to the record, so two
//! requests at once make one customer.

use florin_kernel::customer::{Customer, Person};
use florin_kernel::payment::Dialect;
use florin_kernel::ports::Lane;
use florin_kernel::{CustomerId, PaymentId};
use florin_store::{Changeset, Claim, RecordWrite, StoreError, Verdict};

use crate::Engine;
use crate::claims::{Before, ClaimRequest, Claimant};
use crate::owner::Owner;
use crate::start::{DRAWS_MAX, StartError};

/// Who is to be signed up.
pub struct SignUp {
    /// Whose it will be.
    pub owner: Owner,
    /// Where it is made.
    pub dialect: Dialect,
    /// Within what its address stands for one customer, in the dialect's own words.
    pub scope: String,
    /// Who it is; the address is not empty.
    pub person: Person,
    /// The idempotency key.
    pub claims: Vec<ClaimRequest>,
    /// Of the request's normalised content.
    pub digest: [u8; 16],
}

impl Engine {
    /// Signs a customer up, or takes over what has changed about the one with this address.
    ///
    /// # Errors
    /// [`StartError`]; nothing is written then.
    pub async fn sign_up(&self, new: SignUp) -> Result<Customer, StartError> {
        if self.is_draining() {
            return Err(StartError::Draining);
        }
        let SignUp { owner, dialect, scope, person, claims, digest } = new;
        let (claimant, now) = (Claimant { owner, dialect }, self.now(Lane::of(owner.merchant, owner.mode)));
        let address = ClaimRequest::reference(person.email.to_lowercase()).within(format!("{scope} address"));
        let mut turn = 0;
        for _ in 0..DRAWS_MAX {
            let mut taking = self.taking(claimant, &claims, digest);
            let is_copy = match taking.look().await? {
                Some(Before::Taken(kind)) => return Err(StartError::Taken(kind)),
                Some(Before::Same(..)) => true,
                None => false,
            };
            let keys = |id: PaymentId| if is_copy { Vec::new() } else { taking.rows(id, 0, now) };
            if let Some(claim) = self.claimed(claimant, &address, 0).await? {
                let id = CustomerId::from_number(claim.payment.number());
                let missing = || StoreError::Corrupt(format!("{id} is claimed but missing"));
                let (known, version) = self.load_record::<Customer>(id.record()).await?.ok_or_else(missing)?;
                // A copy may come late: what was told after it holds.
                let person = if is_copy { known.person.clone() } else { person.clone().over(known.person.clone()) };
                let after = Customer { person, ..known.clone() };
                let claims = keys(claim.payment);
                if after == known && claims.is_empty() {
                    return Ok(known);
                }
                let records = vec![RecordWrite::update(&after, version)];
                match self.write(Changeset { claims, records, ..Changeset::default() }).await? {
                    Verdict::Committed => return Ok(after),
                    Verdict::Conflict | Verdict::Duplicate(_) | Verdict::BelowFloor { .. } => continue,
                }
            }
            let id = PaymentId::from_number(self.ids.record().number());
            let number = self.number_for(id, turn);
            let numbered = number_request(&scope, &number);
            let customer = Customer {
                id: CustomerId::from_number(id.number()),
                merchant: owner.merchant,
                mode: owner.mode,
                dialect,
                created_at: now,
                number,
                person: person.clone(),
            };
            let own = [&address, &numbered].map(|request| Claim {
                key: self.claim_key(claimant, request, 0),
                digest: [0; 16],
                payment: id,
                sequence: 0,
                at: now,
                expires: false,
            });
            let claims = own.into_iter().chain(keys(id)).collect();
            let records = vec![RecordWrite::insert(&customer)];
            match self.write(Changeset { claims, records, ..Changeset::default() }).await? {
                Verdict::Committed => return Ok(customer),
                Verdict::Conflict | Verdict::Duplicate(_) | Verdict::BelowFloor { .. } => turn += 1,
            }
        }
        Err(StartError::Store(StoreError::Unavailable("no free number was drawn".into())))
    }

    /// The customer that a number is printed for.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    pub async fn customer(
        &self,
        owner: Owner,
        dialect: Dialect,
        scope: &str,
        number: &str,
    ) -> Result<Option<Customer>, StoreError> {
        let claim = self.claimed(Claimant { owner, dialect }, &number_request(scope, number), 0).await?;
        let Some(claim) = claim else { return Ok(None) };
        let id = CustomerId::from_number(claim.payment.number());
        Ok(self.find_record::<Customer>(owner, id.record()).await?.map(|(customer, _)| customer))
    }
}

/// Customers' numbers are a space of their own beside the transactions'.
fn number_request(scope: &str, number: &str) -> ClaimRequest {
    ClaimRequest::number(number).within(format!("{scope} customer"))
}
