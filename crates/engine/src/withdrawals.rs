//! Withdrawals: made with a session for the payer, confirmed on its page, approved by merchants and their people. What
//! follows goes through the same door as payments ([`crate::submit`]).

use std::sync::Arc;
use std::time::Duration;

use async_recursion::async_recursion as boxed;
use florin_kernel::PaymentId;
use florin_kernel::ledger::Account;
use florin_kernel::payment::Effect;
use florin_kernel::ports::{Lane, Payee};
use florin_kernel::public_id::Reference;
use florin_kernel::routing::{Candidate, CardFacts, Choice, Facts, Method, NoRoute, ProviderId, RuleOperation};
use florin_kernel::secret::Secret;
use florin_kernel::withdrawal::{Command, Overdraft, Withdrawal};
use florin_store::{Changeset, PaymentWrite, StoreError, Verdict};
use tokio::sync::oneshot;

use crate::calls::Calls;
use crate::claims::{ClaimRequest, Claimant};
use crate::keys::Keyring;
use crate::replay::{Render, Rendering, Reply};
use crate::start::{DRAWS_MAX, StartError};
use crate::submit::{Changes, SubmitError};
use crate::{Boxed, Engine, Needs};

/// A withdrawal to open.
pub struct NewWithdrawal {
    /// Created, the payer has not confirmed.
    pub withdrawal: Box<Withdrawal>,
    /// Its reference and idempotency key.
    pub claims: Vec<ClaimRequest>,
    /// Of the request's normalised content.
    pub digest: [u8; 16],
    /// Makes the answer.
    pub render: Render<Withdrawal>,
}

/// What the payer chose.
#[derive(Clone, Debug)]
pub struct PayoutChoice {
    /// One of the accounts that [`Engine::payout_offers`] names.
    pub provider: ProviderId,
    /// Where the money goes.
    pub payee: Payee,
}

mod confirm;

/// Methods that can be paid out to, in the order they are offered.
const METHODS: [Method; 3] = [Method::Card, Method::BankTransfer, Method::EWallet];

impl Engine {
    /// Opens a withdrawal for its payer, with its answer in the same commit. A copy of an earlier request gets that one's.
    ///
    /// # Errors
    /// [`StartError`]; nothing is written then.
    #[boxed]
    pub async fn open_withdrawal(&self, mut new: NewWithdrawal) -> Result<Reply, StartError> {
        if self.is_draining() {
            return Err(StartError::Draining);
        }
        let now = self.now(Lane::of(new.withdrawal.merchant, new.withdrawal.mode));
        let mut taking = self.taking(Claimant::of(&*new.withdrawal), &new.claims, new.digest);
        for _ in 0..DRAWS_MAX {
            let answer = (new.render)(&new.withdrawal);
            let claims = taking.rows(new.withdrawal.id, 0, now);
            // Few, and the daily total looks back at all of them.
            let write = PaymentWrite::insert(&*new.withdrawal).found_by_payer(&*new.withdrawal);
            let write = write.answered(Some(answer.clone()));
            match self.write(Changeset { claims, payments: vec![write], ..Changeset::default() }).await? {
                Verdict::Committed => {
                    let payment = new.withdrawal.id;
                    return Ok(Reply { answer, replayed: false, payment, provider_time: Duration::ZERO });
                }
                Verdict::Conflict => new.withdrawal.id = self.new_payment_id(),
                Verdict::Duplicate(claim) => {
                    let Some(before) = taking.refused(claim).await? else { continue };
                    return self.replay(before, Rendering::First(&new.render)).await?.into();
                }
                Verdict::BelowFloor { .. } => unreachable!("nothing is held before the payer confirms"),
            }
        }
        Err(StartError::Store(StoreError::Unavailable("no free id was drawn".into())))
    }

    /// Who can pay a withdrawal out, by method; the rules decide as they stand now. The card is not known yet: rules that ask
    /// about it are asked again when the payer confirms.
    ///
    /// # Errors
    /// [`NoRoute`] of the method that comes nearest, when there is nobody.
    fn payout_routes(&self, withdrawal: &Withdrawal) -> Result<Vec<Candidate>, NoRoute> {
        let (mut candidates, mut refusal) = (Vec::new(), NoRoute::NoRule);
        for method in METHODS {
            let card = if method == Method::Card { CardFacts::Awaited } else { CardFacts::Unseen };
            match self.payout_route(withdrawal, method, card) {
                Ok(candidate) => candidates.push(candidate),
                Err(bounds @ NoRoute::Amount { .. }) => refusal = bounds,
                Err(NoRoute::NoRule | NoRoute::NotFound | NoRoute::Unavailable) => {}
            }
        }
        if candidates.is_empty() { Err(refusal) } else { Ok(candidates) }
    }

    /// Who pays a withdrawal out by one method, as the rules stand now.
    ///
    /// # Errors
    /// [`NoRoute`] says why nobody can.
    pub fn payout_route(
        &self,
        withdrawal: &Withdrawal,
        method: Method,
        card: CardFacts<'_>,
    ) -> Result<Candidate, NoRoute> {
        self.route(&facts(withdrawal, method, card), Choice::Rules, Needs::Payout)
    }

    /// Whether the balance covers a withdrawal as it stands now. Only the hold itself, made when the payer confirms, is sure.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn balance_covers(&self, withdrawal: &Withdrawal) -> Result<bool, StoreError> {
        let (book, asset) = (withdrawal.mode.to_string(), withdrawal.asked.asset());
        let rules = self.directory().merchant(withdrawal.merchant).map(|merchant| merchant.withdrawals.clone());
        let Overdraft::UpTo(overdraft) = rules.unwrap_or_default().overdraft(withdrawal.mode, asset) else {
            return Ok(true);
        };
        let account = Account::MerchantAvailable(withdrawal.merchant).to_string();
        let balances = self.store.balances().await?;
        let own = balances
            .iter()
            .find(|balance| balance.book == book && balance.account == account && balance.asset == asset.code());
        let posted = own.map_or(0, |balance| balance.posted_minor);
        Ok(i128::from(posted) + i128::from(overdraft.minor()) >= i128::from(withdrawal.asked.minor()))
    }

    /// The payer gives up.
    ///
    /// # Errors
    /// [`SubmitError`]; nothing is written then.
    pub fn cancel_withdrawal(self: &Arc<Self>, id: PaymentId) -> Boxed<'_, Result<Withdrawal, SubmitError>> {
        Box::pin(self.submit_always(id, Command::Cancel))
    }

    /// Commits and tells at once, and acts on what follows in the same task: whoever hangs up stops neither.
    async fn carry_out(
        self: &Arc<Self>,
        id: PaymentId,
        commit: impl Future<Output = Result<Changes<Withdrawal>, SubmitError>> + Send + 'static,
    ) -> Result<Withdrawal, SubmitError> {
        let (engine, (tell, told)) = (self.clone(), oneshot::channel());
        self.tasks.spawn(async move {
            let changes = match commit.await {
                Ok(changes) => changes,
                Err(error) => return drop(tell.send(Err(error))),
            };
            // Whoever is told may advance the test clock at once, long before the call has reached the provider.
            let calls = changes.effects.iter().any(|effect| matches!(effect, Effect::Call(_)));
            let _calling = calls.then(|| engine.inflight.enter(Reference { payment: id, sequence: 0 }));
            drop(tell.send(Ok((*changes.transaction).clone())));
            engine.pay_on(id, changes).await;
        });
        told.await.map_err(|panic| StoreError::Unavailable(panic.to_string()))?
    }

    /// What follows from a command that was told already.
    pub(crate) async fn pay_on(self: &Arc<Self>, id: PaymentId, changes: Changes<Withdrawal>) {
        if let Err(error) = self.perform(changes, Calls::default(), None).await {
            tracing::error!(withdrawal = %id, %error, "an answer could not be stored; a look-up finishes the payout");
        }
    }
}

/// What is known of a withdrawal, for the rules.
fn facts<'a>(withdrawal: &'a Withdrawal, method: Method, card: CardFacts<'a>) -> Facts<'a> {
    let payer = &withdrawal.details.payer;
    Facts {
        payment: withdrawal.id,
        attempt: 0,
        merchant: withdrawal.merchant,
        mode: withdrawal.mode,
        operation: RuleOperation::Withdrawal,
        method,
        card,
        amount: withdrawal.asked,
        country: &payer.country,
        kyc_status: &payer.kyc_status,
        tags: &payer.tags,
    }
}

fn seal_payee(keyring: &Keyring, payee: &Payee) -> String {
    let text = serde_json::json!([payee.holder, payee.number.expose()]).to_string();
    keyring.seal(&Secret::new(text))
}

/// Opens what [`seal_payee`] made.
pub(crate) fn open_payee(keyring: &Keyring, sealed: &str) -> Option<Payee> {
    let text = keyring.open(sealed).ok()?;
    let (holder, number): (String, String) = serde_json::from_str(text.expose()).ok()?;
    Some(Payee { holder, number: Secret::new(number) })
}
