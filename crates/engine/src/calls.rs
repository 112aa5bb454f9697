//! Asking providers, never inside a transaction, and taking their answers in by the same door.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use florin_kernel::card::Card;
use florin_kernel::payment::{
    Attempt, Circumstances, Doubt, Effect, Means, Mode, Operation, OperationKind, Outcome, Payment, Refusal, Report,
    Seq, may_cascade,
};
use florin_kernel::ports::{Call, Lane, Payee, Provider};
use florin_kernel::public_id::Reference;
use florin_kernel::routing::{ProviderAccount, Trail};
use florin_kernel::secret::Secret;
use florin_kernel::withdrawal::Withdrawal;

use crate::{Boxed, Engine};
use florin_store::{Answer, StoreError};
use jiff::SignedDuration;
use tokio::time::Instant;

use crate::replay::Reporting;
use crate::start::route_to;
use crate::submit::{Changes, SubmitError, Submitted};

/// What calls need that no row holds.
#[derive(Default)]
pub(crate) struct Calls {
    /// In memory only, until the provider answered.
    pub card: Option<Card>,
    /// A voucher's code; in memory only, as the card.
    pub voucher: Option<Secret>,
    /// Where to go on after a decline that permits it, in order.
    pub fallbacks: Vec<Arc<ProviderAccount>>,
    /// The payer's means, for further attempts.
    pub means: Option<Means>,
    /// How further attempts are made.
    pub circumstances: Circumstances,
    /// How their providers were chosen.
    pub trail: Trail,
}

/// What came of acting on a commit.
pub(crate) struct Performed<A> {
    /// It as it is on disk then.
    pub transaction: Box<A>,
    /// How long providers took.
    pub provider_time: Duration,
    /// The answer to the request, if one of the commits stored it.
    pub answer: Option<Answer>,
}

/// How long an answer waits for a place in a full commit queue.
const QUEUE_FULL_PAUSE: Duration = Duration::from_millis(5);

/// How a provider is asked.
#[derive(Clone, Copy)]
enum Question {
    Execute,
    LookUp,
}

impl Engine {
    /// Acts on the effects of a commit until none is left. With `reporting`, the commit after the last call stores the answer
    /// to the request.
    pub(crate) async fn perform<A: Submitted>(
        self: &Arc<Self>,
        changes: Changes<A>,
        mut calls: Calls,
        reporting: Option<&Reporting<A>>,
    ) -> Result<Performed<A>, SubmitError> {
        let mut provider_time = Duration::ZERO;
        let Changes { mut transaction, mut version, effects, announced, mut answer } = changes;
        self.tell_of_events(announced);
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            let (seq, asking) = match effect {
                Effect::Call(seq) => (seq, Question::Execute),
                Effect::LookUp(seq) => (seq, Question::LookUp),
                Effect::Notify { from: _, to } => {
                    metrics::counter!(A::CHANGES, "word" => A::text_of(to)).increment(1);
                    continue;
                }
                Effect::Post(_) | Effect::Floor { .. } => continue,
            };
            let begun = Instant::now();
            let report = self.ask(&*transaction, seq, &calls, asking).await;
            provider_time += begun.elapsed();
            let fallback = self.fallback(&mut calls, &report.outcome);
            let command = A::answered(seq, report, fallback);
            let next = self.take_answer(transaction, version, command, reporting).await?;
            self.tell_of_events(next.announced);
            (transaction, version) = (next.transaction, next.version);
            effects.extend(next.effects);
            answer = next.answer.or(answer);
        }
        Ok(Performed { transaction, provider_time, answer })
    }

    /// Commits an answer on the version at hand, or on a newer one if somebody was quicker.
    async fn take_answer<A: Submitted>(
        &self,
        transaction: Box<A>,
        version: i64,
        command: A::Command,
        reporting: Option<&Reporting<A>>,
    ) -> Result<Changes<A>, SubmitError> {
        let (id, mut current) = (transaction.id(), Some((transaction, version)));
        loop {
            let (transaction, version) = match current.take() {
                Some(current) => current,
                None => {
                    let stored = self.load::<A>(id).await?.ok_or(SubmitError::NotFound)?;
                    (Box::new(stored.transaction), stored.version)
                }
            };
            match self.commit_once(transaction, version, &command, reporting, Vec::new()).await {
                Ok(Some(changes)) => return Ok(changes),
                Ok(None) => {}
                // An answer is not turned away at the door like a new request: the provider has acted already.
                Err(SubmitError::Store(StoreError::Overloaded)) => tokio::time::sleep(QUEUE_FULL_PAUSE).await,
                Err(error) => return Err(error),
            }
        }
    }

    fn fallback(&self, calls: &mut Calls, outcome: &Outcome) -> Option<Attempt> {
        if !may_cascade(outcome) || calls.fallbacks.is_empty() {
            return None;
        }
        let account = calls.fallbacks.remove(0);
        let (means, circumstances) = (calls.means.clone()?, calls.circumstances.clone());
        Some(Attempt { route: route_to(&account, &calls.trail), means, circumstances, amount: None })
    }

    /// Asks the provider of an operation. Every trouble on the way is an outcome, never an error.
    async fn ask<A: Submitted>(&self, of: &A, seq: Seq, calls: &Calls, asking: Question) -> Report {
        let nothing_clear = || Report::from(Outcome::Unknown(Doubt::Lost));
        let Some(operation) = of.operation(seq) else { return nothing_clear() };
        let Some((provider, call)) = self.call(of, operation, calls, asking) else {
            tracing::error!(payment = %of.id(), provider = %operation.route.provider,
                "the provider account of an open operation is gone: restore it, or resolve the operation by hand");
            return nothing_clear();
        };
        let nobody = call.kind == OperationKind::Payout && call.payee.is_none();
        if nobody && matches!(asking, Question::Execute) {
            tracing::error!(payment = %of.id(), "where a payout goes cannot be opened with this master key; it is not sent");
            return Outcome::NotSent.into();
        }
        if call.kind == OperationKind::Payout
            && matches!(asking, Question::LookUp)
            && self.inflight.is_at(Reference { payment: of.id(), sequence: 0 })
        {
            // Its call is still under way here; that the provider does not know it yet says nothing.
            return nothing_clear();
        }
        let (begun, asked_at) = (Instant::now(), self.now(call.lane));
        let asked = async {
            match asking {
                Question::Execute => provider.execute(&call).await,
                Question::LookUp => provider.look_up(&call).await,
            }
        };
        let report = match tokio::time::timeout(provider.timeout(), asked).await {
            // A look-up that was not sent says nothing about the operation.
            Ok(said) if said.outcome == Outcome::NotSent && matches!(asking, Question::LookUp) => nothing_clear(),
            // What was not known when it was asked for may have arrived while the answer was under way.
            Ok(said) if said.outcome == Outcome::NotFound && !operation.is_surely_lost(asked_at) => nothing_clear(),
            Ok(said) => said,
            Err(_timed_out) => Outcome::Unknown(Doubt::TimedOut).into(),
        };
        metrics::histogram!("florin_provider_call_seconds", "provider" => provider.name()).record(begun.elapsed());
        if matches!(report.outcome, Outcome::Unknown(_)) {
            metrics::counter!("florin_provider_unknown_total", "provider" => provider.name()).increment(1);
            tracing::warn!(payment = %of.id(), reference = %call.reference, provider = provider.name(),
                "no clear answer; the provider will be asked again by reference");
        }
        report
    }

    fn call<A: Submitted>(
        &self,
        of: &A,
        operation: &Operation,
        calls: &Calls,
        asking: Question,
    ) -> Option<(Arc<dyn Provider>, Call)> {
        let directory = self.directory.load();
        let accounts = &directory.catalogue().providers;
        let account = accounts.iter().find(|account| account.id == operation.route.provider)?.clone();
        let provider = self.providers.get(account.driver.as_str())?.clone();
        let call = Call {
            reference: self.printed(of, operation.seq),
            on: operation.on.map(|on| self.printed(of, on)),
            kind: operation.kind,
            amount: operation.moved,
            asked: operation.amount,
            account,
            lane: Lane::of(of.merchant(), of.mode()),
            card: calls.card.clone().filter(|_| operation.kind.is_attempt()),
            voucher: calls.voucher.clone().filter(|_| operation.kind.is_attempt()),
            payee: match asking {
                Question::Execute => self.payee(of),
                Question::LookUp => None,
            },
            circumstances: circumstances(operation, of.mode()),
            payout_takes: self.payout_takes(of),
            step_minutes: of.step_minutes(),
        };
        Some((provider, call))
    }

    /// What a dialect's test mode says of payouts.
    fn payout_takes(&self, of: &impl Submitted) -> SignedDuration {
        let announcer = self.announcers.get(&of.dialect()).filter(|_| of.mode() == Mode::Dev);
        announcer.map_or(SignedDuration::ZERO, |announcer| announcer.payouts_take())
    }

    /// Who gets a payout, opened for its call alone.
    fn payee(&self, of: &impl Submitted) -> Option<Payee> {
        let sealed = &of.destination()?.sealed;
        crate::withdrawals::open_payee(&self.keyring, sealed)
    }

    /// An operation's reference as providers see it.
    fn printed(&self, of: &impl Submitted, seq: Seq) -> String {
        self.codec.base36(Reference { payment: of.id(), sequence: seq.number() })
    }

    /// The payer is back from a provider's page, or the merchant asks about what is unknown: ask what became of it.
    ///
    /// # Errors
    /// [`SubmitError`] when the payment does not exist or the store cannot answer.
    pub fn payer_returned(self: &Arc<Self>, reference: Reference) -> Boxed<'_, Result<Payment, SubmitError>> {
        Box::pin(self.asked_after(reference))
    }

    /// The merchant asks about a payout that is unknown: ask what became of it.
    ///
    /// # Errors
    /// [`SubmitError`] when the withdrawal does not exist or the store cannot answer.
    pub fn payout_asked_after(self: &Arc<Self>, reference: Reference) -> Boxed<'_, Result<Withdrawal, SubmitError>> {
        Box::pin(self.asked_after(reference))
    }

    async fn asked_after<A: Submitted>(self: &Arc<Self>, reference: Reference) -> Result<A, SubmitError> {
        let stored = self.load::<A>(reference.payment).await?.ok_or(SubmitError::NotFound)?;
        let seq = Seq::new(reference.sequence);
        let operation = stored.transaction.operation(seq).ok_or(SubmitError::Refused(Refusal::NoSuchOperation))?;
        if !operation.is_open() {
            return Ok(stored.transaction);
        }
        let report = self.ask(&stored.transaction, seq, &Calls::default(), Question::LookUp).await;
        self.submit_always(reference.payment, A::answered(seq, report, None)).await
    }

    pub(crate) fn tell_of_events(&self, announced: bool) {
        if announced {
            self.events_due.notify_one();
        }
    }
}

/// How an operation is made. What concerns simulated issuers is for test mode.
fn circumstances(operation: &Operation, mode: Mode) -> Circumstances {
    let stored = operation.circumstances.as_deref().cloned().unwrap_or_default();
    Circumstances { simulated: stored.simulated.filter(|_| mode == Mode::Dev), ..stored }
}
