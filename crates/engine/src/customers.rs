//! Customers: signed up once by an e-mail address, found by their number. Address and number are claims that lead to the record, so two
//! requests at once make one customer.

use std::sync::Arc;

use async_recursion::async_recursion as boxed;
use florin_kernel::customer::{Customer, Person};
use florin_kernel::payment::Dialect;
use florin_kernel::ports::Lane;
use florin_kernel::{CustomerId, PaymentId};
use florin_store::{Answer, Changeset, Claim, RecordWrite, StoreError, Verdict};

use crate::Engine;
use crate::claims::{ClaimRequest, Claimant};
use crate::kept::Repeatable;
use crate::owner::Owner;
use crate::replay::Reply;
use crate::start::{DRAWS_MAX, StartError};

/// Who is to be signed up.
pub struct SignUp {
    /// Whose it will be, where it is made, and what makes two requests the same one.
    pub request: Repeatable,
    /// Within what its address stands for one customer, in the dialect's own words.
    pub scope: String,
    /// Who it is; the address is not empty.
    pub person: Person,
    /// Makes the answer.
    pub render: RenderCustomer,
}

/// Makes the answer to the request that signed a customer up.
pub type RenderCustomer = Arc<dyn Fn(&Customer) -> Answer + Send + Sync>;

impl Engine {
    /// Signs a customer up, or takes over what has changed about the one with this address. A copy gets the first one's answer.
    ///
    /// # Errors
    /// [`StartError`]; nothing is written then.
    #[boxed]
    pub async fn sign_up(&self, new: SignUp) -> Result<Reply, StartError> {
        if self.is_draining() {
            return Err(StartError::Draining);
        }
        let SignUp { request, scope, person, render } = new;
        let (owner, dialect) = (request.owner, request.dialect);
        let (claimant, now) = (Claimant { owner, dialect }, self.now(Lane::of(owner.merchant, owner.mode)));
        let address = ClaimRequest::reference(person.email.to_lowercase()).within(format!("{scope} address"));
        let mut turn = 0;
        for _ in 0..DRAWS_MAX {
            if let Some(earlier) = self.earlier_kept(&request).await? {
                return earlier.into();
            }
            if let Some(claim) = self.claimed(claimant, &address, 0).await? {
                let id = CustomerId::from_number(claim.payment.number());
                let missing = || StoreError::Corrupt(format!("{id} is claimed but missing"));
                let (known, version) = self.load_record::<Customer>(id.record()).await?.ok_or_else(missing)?;
                let after = Customer { person: person.clone().over(known.person.clone()), ..known.clone() };
                if after == known {
                    return self.answer_once(&request, render(&known)).await;
                }
                let changeset =
                    Changeset { records: vec![RecordWrite::update(&after, version)], ..Changeset::default() };
                let (reply, changeset) = self.kept(&request, render(&after), changeset);
                match self.write(changeset).await? {
                    Verdict::Committed => return Ok(reply),
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
            let (claims, records) = (own.to_vec(), vec![RecordWrite::insert(&customer)]);
            let changeset = Changeset { claims, records, ..Changeset::default() };
            let (reply, changeset) = self.kept(&request, render(&customer), changeset);
            match self.write(changeset).await? {
                Verdict::Committed => return Ok(reply),
                Verdict::Conflict | Verdict::Duplicate(_) | Verdict::BelowFloor { .. } => turn += 1,
            }
        }
        Err(StartError::Store(StoreError::Unavailable("no free number was drawn".into())))
    }

    /// The customer that a number is printed for.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
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
