//! The payer confirms a withdrawal: who pays it out and who has to approve, by the rules and by what the payer did before.
//!
//! Rules that look at earlier transactions must not be outrun by withdrawals confirmed at the same time. So a confirmation under
//! such a rule claims the payer's next turn, a key of payer and number of withdrawals confirmed so far, in its own commit: of
//! two that saw the same past one takes the turn, and the other looks again.

use std::sync::Arc;

use async_recursion::async_recursion as boxed;
use florin_kernel::card::Pan;
use florin_kernel::ports::{Lane, Payee};
use florin_kernel::routing::{AutoApproval, Candidate, CardFacts, Choice, Method, NoRoute, ProviderAccount};
use florin_kernel::withdrawal::{Command, Confirmation, Destination, History, Loop, Withdrawal};
use florin_kernel::{Aggregate, Money, PaymentId, Timestamp};
use florin_store::{Claim, PayerQuery, StoreError, Verdict};

use super::{PayoutChoice, facts, seal_payee};
use crate::claims::WITHOUT_OPERATION;
use crate::directory::{ClosedLoop, WithdrawalRules};
use crate::start::route_to;
use crate::submit::{Changes, SubmitError};
use crate::{Boxed, Engine, Needs};

/// Transactions read at a time.
const PAGE: u32 = 500;
/// Turns of a payer that others may take first before a confirmation is given up; so many are never sent at once in earnest.
const TURNS_MAX: u32 = 1_000;
/// Characters of a card or account number that people may read again.
const SHOWN: usize = 4;

impl Engine {
    /// What the payer of a withdrawal may choose from as things stand: who can pay it out, by method, and of those the ones
    /// that the merchant's closed loop leaves. The one place for pages and calls to ask.
    ///
    /// # Errors
    /// [`StoreError`] when the payer's past cannot be read; [`NoRoute`] of the method that comes nearest, when there is nobody.
    #[boxed]
    pub async fn payout_offers(&self, withdrawal: &Withdrawal) -> Result<Result<Vec<Candidate>, NoRoute>, StoreError> {
        let candidates = match self.payout_routes(withdrawal) {
            Ok(candidates) => candidates,
            Err(refusal) => return Ok(Err(refusal)),
        };
        match self.withdrawal_rules(withdrawal).closed_loop {
            ClosedLoop::Off => Ok(Ok(candidates)),
            ClosedLoop::ByMethod { .. } => {
                Ok(in_the_loop(candidates, &self.history(withdrawal).await?, withdrawal.asked))
            }
        }
    }

    /// The payer confirms: the money is held, and the payout begins where nobody has to approve it.
    ///
    /// # Errors
    /// [`SubmitError`]; nothing is written then.
    pub fn confirm_withdrawal(
        self: &Arc<Self>,
        id: PaymentId,
        choice: PayoutChoice,
    ) -> Boxed<'_, Result<Withdrawal, SubmitError>> {
        Box::pin(async move {
            if self.is_draining() {
                return Err(SubmitError::Draining);
            }
            let engine = self.clone();
            self.carry_out(id, async move { engine.confirm(id, &choice).await }).await
        })
    }

    async fn confirm(&self, id: PaymentId, choice: &PayoutChoice) -> Result<Changes<Withdrawal>, SubmitError> {
        for _ in 0..TURNS_MAX {
            let stored = self.load::<Withdrawal>(id).await?.ok_or(SubmitError::NotFound)?;
            let withdrawal = stored.transaction;
            let now = self.now(Lane::of(withdrawal.merchant, withdrawal.mode));
            let (confirmation, turn) = self.confirmation(&withdrawal, choice, now).await?;
            let (after, effects) = Aggregate::decide(&withdrawal, Command::Confirm(confirmation), now)?;
            let (mut changeset, changes) = self.changeset(&withdrawal, Some(stored.version), after, effects, now);
            changeset.claims.extend(turn);
            match self.write(changeset).await? {
                Verdict::Committed => return Ok(changes),
                Verdict::Conflict | Verdict::Duplicate(_) => {}
                Verdict::BelowFloor { .. } => return Err(SubmitError::BalanceInsufficient),
            }
        }
        Err(StoreError::Unavailable("other withdrawals of the payer went first each time".into()).into())
    }

    /// What the rules say about a choice, and the turn to take where they looked at the payer's past.
    async fn confirmation(
        &self,
        withdrawal: &Withdrawal,
        choice: &PayoutChoice,
        now: Timestamp,
    ) -> Result<(Confirmation, Option<Claim>), SubmitError> {
        let rules = self.withdrawal_rules(withdrawal);
        let offered = self.payout_routes(withdrawal).unwrap_or_default();
        let candidate = self.chosen(withdrawal, &offered, choice).ok_or(SubmitError::NotFound)?;
        // A payout does not cascade: the first account takes it.
        let account = candidate.accounts.first().ok_or(SubmitError::NotFound)?;
        let looks_back =
            rules.closed_loop != ClosedLoop::Off || candidate.auto_approval.is_some_and(|auto| auto.daily.is_some());
        let history = if looks_back { Some(self.history(withdrawal).await?) } else { None };
        if let (ClosedLoop::ByMethod { .. }, Some(history)) = (rules.closed_loop, &history) {
            let payable: Vec<Method> = offered.iter().filter_map(method).collect();
            match history.closed_loop(account.method, withdrawal.asked, &payable) {
                Loop::Open => {}
                Loop::UpTo(_) | Loop::Closed => return Err(SubmitError::NotFound),
            }
        }
        let itself = candidate.auto_approval.is_some_and(|auto| {
            approves_itself(auto, withdrawal, history.as_ref(), now) && !rules.needs_four_eyes(withdrawal.asked)
        });
        let turn = history.and_then(|history| self.turn(withdrawal, &history, now));
        let confirmation = self.confirmation_of(withdrawal, &candidate, account, &choice.payee, u8::from(!itself));
        Ok((confirmation, turn))
    }

    /// Who pays out what the payer chose: for a card, by the rules that may ask about it.
    fn chosen(&self, withdrawal: &Withdrawal, offered: &[Candidate], choice: &PayoutChoice) -> Option<Candidate> {
        let has = |candidate: &&Candidate| candidate.accounts.iter().any(|account| account.id == choice.provider);
        let candidate = offered.iter().find(has)?;
        if method(candidate)? != Method::Card {
            return Some(candidate.clone());
        }
        let pan = Pan::parse(choice.payee.number.expose()).ok()?;
        let facts = facts(withdrawal, Method::Card, CardFacts::of(&pan));
        self.route(&facts, Choice::Rules, Needs::Payout).ok()
    }

    /// With `approvers` at the least; two where the merchant's rules ask for four eyes.
    pub(crate) fn confirmation_of(
        &self,
        withdrawal: &Withdrawal,
        candidate: &Candidate,
        account: &ProviderAccount,
        payee: &Payee,
        approvers: u8,
    ) -> Confirmation {
        let (asked, rules) = (withdrawal.asked, self.withdrawal_rules(withdrawal));
        Confirmation {
            route: route_to(account, &candidate.trail),
            destination: Destination {
                method: account.method,
                shown: shown(payee.number.expose()),
                card: None,
                sealed: seal_payee(&self.keyring, payee),
            },
            required: if rules.needs_four_eyes(asked) { 2 } else { approvers },
            approval_days: rules.approval_days,
            overdraft: rules.overdraft(withdrawal.mode, asked.asset()),
        }
    }

    /// Everything the payer did before, in the withdrawal's currency. A payer whom the merchant gave no id has no past.
    async fn history(&self, withdrawal: &Withdrawal) -> Result<History, StoreError> {
        let since = match self.withdrawal_rules(withdrawal).closed_loop {
            ClosedLoop::ByMethod { since } => since,
            ClosedLoop::Off => Timestamp::MIN,
        };
        let mut history = History::new(withdrawal.asked.asset(), since);
        let user_id = &withdrawal.details.payer.user_id;
        let (merchant, mode) = (withdrawal.merchant, withdrawal.mode);
        let mut query = PayerQuery { merchant, mode, user_id: user_id.clone(), after: None, limit: PAGE };
        loop {
            let page = self.store.of_payer(query.clone()).await?;
            for stored in &page {
                let transaction = &stored.transaction;
                let is_own = transaction.merchant() == merchant
                    && transaction.mode() == mode
                    && transaction.details().payer.user_id == *user_id;
                if is_own {
                    history.add(transaction);
                }
            }
            match page.last() {
                Some(last) if page.len() >= PAGE as usize => query.after = Some(last.transaction.id()),
                Some(_) | None => return Ok(history),
            }
        }
    }

    /// The payer's next turn. It may be free again once it is purged: by then the payer's past is longer.
    fn turn(&self, withdrawal: &Withdrawal, history: &History, at: Timestamp) -> Option<Claim> {
        let user_id = &withdrawal.details.payer.user_id;
        let (merchant, confirmed) = (withdrawal.merchant.number().to_be_bytes(), history.confirmed().to_be_bytes());
        let parts: [&[u8]; 5] = [b"turn", &merchant, &[withdrawal.mode as u8], &confirmed, user_id.as_bytes()];
        let key = self.keyring.digest(&parts);
        let sequence = WITHOUT_OPERATION;
        let claim = Claim { key, digest: key, payment: withdrawal.id, sequence, at, expires: true };
        (!user_id.is_empty()).then_some(claim)
    }

    fn withdrawal_rules(&self, withdrawal: &Withdrawal) -> WithdrawalRules {
        self.directory().merchant(withdrawal.merchant).map(|merchant| merchant.withdrawals.clone()).unwrap_or_default()
    }
}

fn method(candidate: &Candidate) -> Option<Method> {
    candidate.accounts.first().map(|account| account.method)
}

/// What the closed loop leaves of what the rules leave.
fn in_the_loop(candidates: Vec<Candidate>, history: &History, amount: Money) -> Result<Vec<Candidate>, NoRoute> {
    let payable: Vec<Method> = candidates.iter().filter_map(method).collect();
    let (mut left, mut refusal) = (Vec::new(), NoRoute::NoRule);
    for candidate in candidates {
        match method(&candidate).map(|method| history.closed_loop(method, amount, &payable)) {
            Some(Loop::Open) => left.push(candidate),
            Some(Loop::UpTo(max)) => refusal = NoRoute::Amount { min: Money::new(1, amount.asset()), max },
            Some(Loop::Closed) | None => {}
        }
    }
    if left.is_empty() { Err(refusal) } else { Ok(left) }
}

/// Under a daily amount only a payer with an id, whose day can be told, is approved without anybody.
fn approves_itself(auto: AutoApproval, withdrawal: &Withdrawal, history: Option<&History>, now: Timestamp) -> bool {
    let asked = withdrawal.asked;
    let within_the_day = match (auto.daily, history) {
        (None, _) => true,
        (Some(daily), Some(history)) => {
            !withdrawal.details.payer.user_id.is_empty() && history.stays_within(daily, asked, now)
        }
        (Some(_), None) => false,
    };
    within_the_day && !asked.exceeds(auto.up_to)
}

/// The end of a number, for people who know it.
fn shown(number: &str) -> String {
    let characters: Vec<char> = number.chars().collect();
    let hidden = characters.len().saturating_sub(SHOWN);
    if characters.len() < 2 * SHOWN {
        "…".to_owned()
    } else {
        format!("…{}", characters[hidden..].iter().collect::<String>())
    }
}
