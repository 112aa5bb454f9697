//! Asking providers, never inside a transaction, and taking their answers in by the same door.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use florin_kernel::card::Card;
use florin_kernel::payment::{Attempt, Command, Effect, Means, Operation, Outcome, Payment, Refusal, Seq, may_cascade};
use florin_kernel::ports::{Call, Lane, Provider};
use florin_kernel::public_id::Reference;
use florin_kernel::routing::ProviderAccount;
use florin_kernel::secret::Secret;

use crate::Engine;
use florin_store::StoreError;
use tokio::time::Instant;

use crate::replay::Render;
use crate::start::route_to;
use crate::submit::{Changes, SubmitError};

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
}

/// How long an answer waits for a place in a full commit queue.
const QUEUE_FULL_PAUSE: Duration = Duration::from_millis(5);

/// How a provider is asked.
#[derive(Clone, Copy)]
enum Asking {
    Execute,
    LookUp,
}

impl Engine {
    /// Acts on the effects of a commit until none is left. With `render`, the commit after the last call stores the answer
    /// to the request. Tells how long providers took.
    pub(crate) async fn perform(
        self: &Arc<Self>,
        changes: Changes,
        mut calls: Calls,
        render: Option<&Render>,
    ) -> Result<(Box<Payment>, Duration), SubmitError> {
        let mut provider_time = Duration::ZERO;
        let Changes { mut payment, mut version, effects, announced } = changes;
        self.tell_of_events(announced);
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            let (seq, asking) = match effect {
                Effect::Call(seq) => (seq, Asking::Execute),
                Effect::LookUp(seq) => (seq, Asking::LookUp),
                Effect::Notify { from: _, to } => {
                    metrics::counter!("florin_payment_changes_total", "word" => to.text()).increment(1);
                    continue;
                }
                Effect::Post(_) => continue,
            };
            let begun = Instant::now();
            let outcome = self.ask(&payment, seq, &calls, asking).await;
            provider_time += begun.elapsed();
            let fallback = self.fallback(&mut calls, &outcome);
            let command = Command::Answered { seq, outcome, fallback };
            let next = self.take_answer(payment, version, command, render).await?;
            self.tell_of_events(next.announced);
            (payment, version) = (next.payment, next.version);
            effects.extend(next.effects);
        }
        Ok((payment, provider_time))
    }

    /// Commits an answer on the version at hand, or on a newer one if somebody was quicker.
    async fn take_answer(
        &self,
        payment: Box<Payment>,
        version: i64,
        command: Command,
        render: Option<&Render>,
    ) -> Result<Changes, SubmitError> {
        let (id, mut current) = (payment.id, Some((payment, version)));
        loop {
            let (payment, version) = match current.take() {
                Some(current) => current,
                None => {
                    let stored = self.store.payment(id).await?.ok_or(SubmitError::NotFound)?;
                    (Box::new(stored.payment), stored.version)
                }
            };
            match self.commit_once(payment, version, &command, render).await {
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
        Some(Attempt { route: route_to(&account), means: calls.means.clone()?, amount: None })
    }

    /// Asks the provider of an operation. Every trouble on the way is an outcome, never an error.
    async fn ask(&self, payment: &Payment, seq: Seq, calls: &Calls, asking: Asking) -> Outcome {
        let Some(operation) = payment.operation(seq) else { return Outcome::Unknown };
        let Some((provider, call)) = self.call(payment, operation, calls) else {
            tracing::error!(payment = %payment.id, provider = %operation.route.provider,
                "the provider account of an open operation is gone: restore it, or resolve the operation by hand");
            return Outcome::Unknown;
        };
        let (begun, asked_at) = (Instant::now(), self.now(call.lane));
        let asked = async {
            match asking {
                Asking::Execute => provider.execute(&call).await,
                Asking::LookUp => provider.look_up(&call).await,
            }
        };
        let outcome = match tokio::time::timeout(provider.timeout(), asked).await {
            // A look-up that was not sent says nothing about the operation.
            Ok(Outcome::NotSent) if matches!(asking, Asking::LookUp) => Outcome::Unknown,
            // What was not known when it was asked for may have arrived while the answer was under way.
            Ok(Outcome::NotFound) if !operation.is_surely_lost(asked_at) => Outcome::Unknown,
            Ok(outcome) => outcome,
            Err(_timed_out) => Outcome::Unknown,
        };
        metrics::histogram!("florin_provider_call_seconds", "provider" => provider.name()).record(begun.elapsed());
        if outcome == Outcome::Unknown {
            metrics::counter!("florin_provider_unknown_total", "provider" => provider.name()).increment(1);
            tracing::warn!(payment = %payment.id, reference = %call.reference, provider = provider.name(),
                "no clear answer; the provider will be asked again by reference");
        }
        outcome
    }

    fn call(&self, payment: &Payment, operation: &Operation, calls: &Calls) -> Option<(Arc<dyn Provider>, Call)> {
        let directory = self.directory.load();
        let accounts = &directory.catalogue().providers;
        let account = accounts.iter().find(|account| account.id == operation.route.provider)?.clone();
        let provider = self.providers.get(account.driver.as_str())?.clone();
        let call = Call {
            reference: self.printed(payment, operation.seq),
            on: operation.on.map(|on| self.printed(payment, on)),
            kind: operation.kind,
            amount: operation.moved,
            asked: operation.amount,
            account,
            lane: Lane::of(payment.merchant, payment.mode),
            card: calls.card.clone().filter(|_| operation.kind.is_attempt()),
            voucher: calls.voucher.clone().filter(|_| operation.kind.is_attempt()),
        };
        Some((provider, call))
    }

    /// An operation's reference as providers see it.
    fn printed(&self, payment: &Payment, seq: Seq) -> String {
        self.codec.base36(Reference { payment: payment.id, sequence: seq.number() })
    }

    /// The payer is back from a provider's page: ask what became of it.
    ///
    /// # Errors
    /// [`SubmitError`] when the payment does not exist or the store cannot answer.
    pub async fn payer_returned(self: &Arc<Self>, reference: Reference) -> Result<Payment, SubmitError> {
        let stored = self.store.payment(reference.payment).await?.ok_or(SubmitError::NotFound)?;
        let seq = Seq::new(reference.sequence);
        let operation = stored.payment.operation(seq).ok_or(SubmitError::Refused(Refusal::NoSuchOperation))?;
        if !operation.is_open() {
            return Ok(stored.payment);
        }
        let outcome = self.ask(&stored.payment, seq, &Calls::default(), Asking::LookUp).await;
        self.submit_always(reference.payment, Command::Answered { seq, outcome, fallback: None }).await
    }

    fn tell_of_events(&self, announced: bool) {
        if announced {
            self.events_due.notify_one();
        }
    }
}
