//! Payouts that a merchant orders itself, without a page for the payer: idempotent as payments, answered when the provider has.

use std::sync::Arc;

use florin_kernel::card::CardSummary;
use florin_kernel::payment::Effect;
use florin_kernel::ports::{Lane, Payee};
use florin_kernel::public_id::Reference;
use florin_kernel::routing::{Candidate, NoRoute};
use florin_kernel::withdrawal::{Command, Withdrawal, decide};
use florin_store::{StoreError, Verdict};

use crate::calls::Calls;
use crate::claims::{ClaimRequest, Claimant};
use crate::replay::{Render, Rendering, Reply, Reporting};
use crate::start::{DRAWS_MAX, StartError};
use crate::{Boxed, Engine};

/// A payout to make.
pub struct NewPayout {
    /// Created, nothing held; its funding and its merchant's order.
    pub withdrawal: Box<Withdrawal>,
    /// Its reference and idempotency key.
    pub claims: Vec<ClaimRequest>,
    /// Of the request's normalised content.
    pub digest: [u8; 16],
    /// Who pays, by the rules: see [`Engine::payout_route`]. The first account takes it; a payout does not cascade.
    pub candidate: Candidate,
    /// Where the money goes.
    pub payee: Payee,
    /// What may be shown of a card it goes to.
    pub card: Option<CardSummary>,
    /// Whether somebody has to approve it, beside the merchant's rule of four eyes.
    pub approval: Approval,
    /// Makes the answer.
    pub render: Render<Withdrawal>,
}

/// Whether somebody has to approve a payout that the merchant has ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// Nobody: it is sent at once.
    NotNeeded,
    /// One approver.
    Needed,
}

impl Engine {
    /// Makes a payout: holds its money where the merchant's balance pays, and asks the provider unless somebody has to approve
    /// first. A copy of an earlier request gets that one's answer. An unknown payout is asked after and never sent again.
    ///
    /// # Errors
    /// [`StartError`]; nothing is written then.
    pub fn pay_out(self: &Arc<Self>, mut new: NewPayout) -> Boxed<'_, Result<Reply, StartError>> {
        Box::pin(async move {
            if self.is_draining() {
                return Err(StartError::Draining);
            }
            let now = self.now(Lane::of(new.withdrawal.merchant, new.withdrawal.mode));
            let account = new.candidate.accounts.first().ok_or(StartError::NoRoute(NoRoute::Unavailable))?;
            let approvers = match new.approval {
                Approval::NotNeeded => 0,
                Approval::Needed => 1,
            };
            let mut taking = self.taking(Claimant::of(&*new.withdrawal), &new.claims, new.digest);
            for _ in 0..DRAWS_MAX {
                let mut confirmation =
                    self.confirmation_of(&new.withdrawal, &new.candidate, account, &new.payee, approvers);
                confirmation.destination.card.clone_from(&new.card);
                let decision = decide(&new.withdrawal, Command::Confirm(confirmation), now)?;
                let answering = self.inflight.enter(Reference { payment: new.withdrawal.id, sequence: 0 });
                let sent = decision.effects.iter().any(|effect| matches!(effect, Effect::Call(_)));
                let (after, effects) = (decision.withdrawal, decision.effects);
                let (mut changeset, mut changes) = self.changeset(&*new.withdrawal, None, after, effects, now);
                changeset.claims = taking.rows(new.withdrawal.id, 0, now);
                if !sent {
                    let answer = (new.render)(&changes.transaction);
                    Reporting::first(&new.render).store(answer.clone(), &changes.transaction, now, &mut changeset);
                    changes.answer = Some(answer);
                }
                match self.write(changeset).await? {
                    Verdict::Committed => return self.carry_on(changes, Calls::default(), new.render, answering).await,
                    Verdict::Conflict => new.withdrawal.id = self.new_payment_id(),
                    Verdict::Duplicate(claim) => {
                        drop(answering);
                        let Some(before) = taking.refused(claim).await? else { continue };
                        return self.replay(before, Rendering::First(&new.render)).await?.into();
                    }
                    Verdict::BelowFloor { .. } => return Err(StartError::BalanceInsufficient),
                }
            }
            Err(StartError::Store(StoreError::Unavailable("no free id was drawn".into())))
        })
    }
}
