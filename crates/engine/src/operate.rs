//! Requests about what is there already, as idempotent as those that make it: what they take, the change they order and their
//! answer are in the same commits.

use std::sync::Arc;
use std::time::Duration;

use florin_kernel::PaymentId;
use florin_kernel::payment::{Command, Dialect, Effect, Payment, Seq};
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;
use florin_kernel::withdrawal::{self, Withdrawal};
use florin_store::{Answer, Changeset, StoreError, Stored, Verdict};
use tokio::sync::oneshot;

use crate::calls::Calls;
use crate::claims::{Before, ClaimKind, ClaimRequest, Claimant, Taking, WITHOUT_OPERATION};
use crate::inflight::Answering;
use crate::office::Ordered;
use crate::owner::Owner;
use crate::replay::{Earlier, Render, RenderLater, RenderOperation, Rendering, Reply, Reporting};
use crate::submit::{Changes, SubmitError, Submitted};
use crate::{Boxed, Engine};

/// A request about a payment: a capture, a refund, a reversal, a cancellation.
pub struct OperationRequest {
    /// Where it was made; it need not be where the payment was.
    pub dialect: Dialect,
    /// What is ordered.
    pub command: Command,
    /// Its reference and idempotency key; a reference of an operation is mostly one within its payment.
    pub claims: Vec<ClaimRequest>,
    /// Of the request's normalised content.
    pub digest: [u8; 16],
    /// What its dialect keeps with the operation for later answers: JSON text that it alone reads, or nothing.
    pub echo: String,
    /// The number of the operation that it is to become, where somebody agreed to it as that one: if the payment has had another
    /// operation since, [`SubmitError::Taken`] with [`ClaimKind::Operation`], and nothing is done.
    pub promised: Option<Seq>,
    /// Makes the answer.
    pub render: RenderOperation,
}

/// A request about a withdrawal whose answer follows from the command alone, so that a repeat needs no stored one.
pub struct WithdrawalRequest {
    /// Where it was made.
    pub dialect: Dialect,
    /// What is ordered.
    pub command: withdrawal::Command,
    /// Its idempotency key.
    pub claims: Vec<ClaimRequest>,
    /// Of the request's normalised content.
    pub digest: [u8; 16],
}

impl WithdrawalRequest {
    /// A command that comes with no key.
    pub fn plain(dialect: Dialect, command: withdrawal::Command) -> WithdrawalRequest {
        WithdrawalRequest { dialect, command, claims: Vec::new(), digest: [0; 16] }
    }
}

/// A command that was obeyed.
#[derive(Clone, Debug, PartialEq)]
pub enum Obeyed {
    /// By this request; the withdrawal as it is on disk then.
    Now(Box<Withdrawal>),
    /// By an earlier copy of it.
    Before,
}

/// What a request wants of what is there.
pub(crate) struct Wanted<'r, A: Submitted> {
    /// The command.
    pub(crate) command: &'r A::Command,
    /// What its dialect keeps with the operation.
    pub(crate) echo: &'r str,
    /// The number that the operation is to have.
    pub(crate) promised: Option<Seq>,
    /// The person who orders it, where it was no program of the merchant's.
    pub(crate) by: Option<&'r Ordered>,
}

/// What came of trying to commit a request.
pub(crate) enum Claimed<A: Submitted> {
    /// It is on disk.
    Committed {
        changes: Changes<A>,
        /// Which request it is, as in [`florin_store::Claim::sequence`].
        sequence: u16,
        answering: Answering,
    },
    /// What it wanted to take was taken before.
    Before(Before),
}

impl Engine {
    /// Obeys an owner's request about its payment, asks the provider and makes the answer. A copy of an earlier request gets that
    /// one's answer, also where the command would be refused by now; a refused command takes nothing.
    ///
    /// # Errors
    /// [`SubmitError`]; nothing is written then.
    pub fn operate(
        self: &Arc<Self>,
        owner: Owner,
        id: PaymentId,
        request: OperationRequest,
    ) -> Boxed<'_, Result<Reply, SubmitError>> {
        Box::pin(self.make_operation(owner, id, request, None))
    }

    /// As [`Engine::operate`], ordered by a person: the audit log tells of it in the same commit.
    ///
    /// # Errors
    /// As [`Engine::operate`].
    pub fn operate_by(
        self: &Arc<Self>,
        by: Ordered,
        owner: Owner,
        id: PaymentId,
        request: OperationRequest,
    ) -> Boxed<'_, Result<Reply, SubmitError>> {
        Box::pin(self.make_operation(owner, id, request, Some(by)))
    }

    async fn make_operation(
        self: &Arc<Self>,
        owner: Owner,
        id: PaymentId,
        request: OperationRequest,
        by: Option<Ordered>,
    ) -> Result<Reply, SubmitError> {
        if self.is_draining() {
            return Err(SubmitError::Draining);
        }
        let engine = self.clone();
        // In a task of its own: a merchant that hangs up does not stop it.
        let task = self.tasks.spawn(async move { engine.made_operation(owner, id, request, by).await });
        task.await.map_err(|panic| SubmitError::Store(StoreError::Unavailable(panic.to_string())))?
    }

    async fn made_operation(
        self: &Arc<Self>,
        owner: Owner,
        id: PaymentId,
        request: OperationRequest,
        by: Option<Ordered>,
    ) -> Result<Reply, SubmitError> {
        let OperationRequest { dialect, command, claims, digest, echo, promised, render } = request;
        let mut taking = self.taking(Claimant { owner, dialect }, &claims, digest);
        let later = |sequence| -> Render {
            let render = render.clone();
            Arc::new(move |payment: &Payment| render(payment, operation(sequence)))
        };
        let wanted = Wanted { command: &command, echo: &echo, promised, by: by.as_ref() };
        let claimed = self.commit_claiming(owner, id, wanted, &mut taking, Some(&later)).await?;
        let (changes, sequence, answering) = match claimed {
            Claimed::Committed { changes, sequence, answering } => (changes, sequence, answering),
            Claimed::Before(before) => {
                return match self.replay(before, Rendering::Later(&later)).await? {
                    Earlier::Replay(reply) => Ok(reply),
                    Earlier::Taken(kind) => Err(SubmitError::Taken(kind)),
                };
            }
        };
        let reporting = Reporting { sequence, render: later(sequence) };
        let pending = changes.transaction.clone();
        let reported = (!claims.is_empty()).then_some(&reporting);
        let performed = self.perform(changes, Calls::default(), reported).await;
        let (answer, provider_time) = match performed {
            // Somebody else may have stored an answer for it, having taken this process for dead; then that one is told.
            Ok(performed) => {
                drop(answering);
                let told = if reported.is_some() { self.told(id, sequence).await } else { None };
                let told = told.or(performed.answer);
                let told = told.unwrap_or_else(|| (reporting.render)(&performed.transaction));
                (told, performed.provider_time)
            }
            Err(error) => {
                tracing::error!(payment = %id, %error, "an answer could not be stored; a look-up finishes the operation");
                match claims.is_empty() {
                    true => ((reporting.render)(&reporting.as_sent(&pending)), Duration::ZERO),
                    false => (self.answer_after_trouble(&*pending, reporting, answering).await, Duration::ZERO),
                }
            }
        };
        Ok(Reply { answer, replayed: false, payment: id, provider_time })
    }

    async fn told(&self, id: PaymentId, sequence: u16) -> Option<Answer> {
        self.store.answer(id, sequence).await.ok().flatten()
    }

    /// Obeys an owner's command for its withdrawal. When this returns, the command is on disk; what follows runs on.
    ///
    /// # Errors
    /// [`SubmitError`]; nothing is written then.
    pub fn submit_withdrawal(
        self: &Arc<Self>,
        owner: Owner,
        id: PaymentId,
        request: WithdrawalRequest,
    ) -> Boxed<'_, Result<Obeyed, SubmitError>> {
        Box::pin(self.decide_withdrawal(owner, id, request, None))
    }

    /// As [`Engine::submit_withdrawal`], ordered by a person: the audit log tells of it in the same commit.
    ///
    /// # Errors
    /// As [`Engine::submit_withdrawal`].
    pub fn submit_withdrawal_by(
        self: &Arc<Self>,
        by: Ordered,
        owner: Owner,
        id: PaymentId,
        request: WithdrawalRequest,
    ) -> Boxed<'_, Result<Obeyed, SubmitError>> {
        Box::pin(self.decide_withdrawal(owner, id, request, Some(by)))
    }

    async fn decide_withdrawal(
        self: &Arc<Self>,
        owner: Owner,
        id: PaymentId,
        request: WithdrawalRequest,
        by: Option<Ordered>,
    ) -> Result<Obeyed, SubmitError> {
        if self.is_draining() {
            return Err(SubmitError::Draining);
        }
        let (engine, (tell, told)) = (self.clone(), oneshot::channel());
        self.tasks.spawn(async move {
            let WithdrawalRequest { dialect, command, claims, digest } = request;
            let mut taking = engine.taking(Claimant { owner, dialect }, &claims, digest);
            let wanted = Wanted { command: &command, echo: "", promised: None, by: by.as_ref() };
            let claimed = engine.commit_claiming::<Withdrawal>(owner, id, wanted, &mut taking, None).await;
            match claimed {
                Err(error) => drop(tell.send(Err(error))),
                Ok(Claimed::Before(Before::Taken(kind))) => drop(tell.send(Err(SubmitError::Taken(kind)))),
                Ok(Claimed::Before(Before::Same(..))) => drop(tell.send(Ok(Obeyed::Before))),
                Ok(Claimed::Committed { changes, sequence: _, answering }) => {
                    // Whoever is told may advance the test clock at once, long before the call has reached the provider.
                    let calls = changes.effects.iter().any(|effect| begins(effect).is_some());
                    let _calling = calls.then(|| engine.inflight.enter(Reference { payment: id, sequence: 0 }));
                    drop((answering, tell.send(Ok(Obeyed::Now(changes.transaction.clone())))));
                    engine.pay_on(id, changes).await;
                }
            }
        });
        told.await.map_err(|panic| StoreError::Unavailable(panic.to_string()))?
    }

    /// Loads, decides and commits until no version conflict stands in the way, with the claims of the request in the same commit;
    /// and with its answer, where there is one to keep and no call follows. A copy of an earlier request is known before anything
    /// is decided.
    pub(crate) async fn commit_claiming<A: Submitted>(
        self: &Arc<Self>,
        owner: Owner,
        id: PaymentId,
        wanted: Wanted<'_, A>,
        taking: &mut Taking<'_>,
        later: Option<RenderLater<'_, A>>,
    ) -> Result<Claimed<A>, SubmitError> {
        let Wanted { command, echo, promised, by } = wanted;
        if let Some(before) = taking.look().await? {
            return Ok(Claimed::Before(before));
        }
        loop {
            let found = self.store.transaction(id).await?.filter(|stored| owner.owns(&stored.transaction));
            let Stored { transaction, version, .. } = found.and_then(Stored::of::<A>).ok_or(SubmitError::NotFound)?;
            if !keeps(promised, &transaction) {
                return overtaken(taking).await;
            }
            let now = self.now(Lane::of(owner.merchant, owner.mode));
            let (mut after, effects) = match transaction.decide(command.clone(), now) {
                Ok(decided) => decided,
                // A copy may have done meanwhile what is refused now.
                Err(refusal) => match taking.look().await? {
                    Some(before) => return Ok(Claimed::Before(before)),
                    None => return Err(refusal.into()),
                },
            };
            let begun = effects.iter().find_map(begins);
            if let Some(seq) = begun {
                after.keep(seq, echo);
            }
            let sequence = begun.filter(|_| later.is_some()).map_or(WITHOUT_OPERATION, Seq::number);
            let answering = self.inflight.enter(Reference { payment: id, sequence });
            let unchanged = after == transaction && effects.is_empty();
            let (mut changeset, changes) = self.changeset(&transaction, Some(version), after, effects, now);
            changeset.records = self.ordered_end(&transaction, &*changes.transaction, now).await?;
            if unchanged {
                changeset = Changeset::default();
            }
            if let Some(by) = by.filter(|_| !unchanged) {
                changeset.audit =
                    self.audit_rows(&by.who, &[by.note(self, &transaction, &*changes.transaction)]).await?;
            }
            changeset.claims = taking.rows(id, sequence, now);
            if let (Some(later), None, false) = (later, begun, taking.is_empty()) {
                let reporting = Reporting { sequence, render: later(sequence) };
                let after = &*changes.transaction;
                reporting.store((reporting.render)(after), after, now, &mut changeset);
            }
            match self.write(changeset).await? {
                Verdict::Committed => return Ok(Claimed::Committed { changes, sequence, answering }),
                Verdict::Conflict => {}
                Verdict::Duplicate(claim) => {
                    if let Some(before) = taking.refused(claim).await? {
                        return Ok(Claimed::Before(before));
                    }
                }
                Verdict::BelowFloor { .. } => return Err(SubmitError::BalanceInsufficient),
            }
        }
    }
}

/// Another operation has the number that was promised; a copy of the order may be what took it.
async fn overtaken<A: Submitted>(taking: &mut Taking<'_>) -> Result<Claimed<A>, SubmitError> {
    match taking.look().await? {
        Some(before) => Ok(Claimed::Before(before)),
        None => Err(SubmitError::Taken(ClaimKind::Operation)),
    }
}

/// Whether an order about this version of a payment becomes the operation that was promised. The commit names the version, so this
/// holds when it is on disk.
fn keeps(promised: Option<Seq>, transaction: &impl Submitted) -> bool {
    let next = transaction.as_payment().map(|payment| payment.operations.len() + 1);
    promised.is_none_or(|promised| next == Some(usize::from(promised.number())))
}

/// The operation that an effect begins.
fn begins<W>(effect: &Effect<W>) -> Option<Seq> {
    match effect {
        Effect::Call(seq) => Some(*seq),
        Effect::LookUp(_) | Effect::Post(_) | Effect::Floor { .. } | Effect::Notify { .. } => None,
    }
}

/// The operation that a request began.
pub(crate) fn operation(sequence: u16) -> Option<Seq> {
    (sequence != WITHOUT_OPERATION).then(|| Seq::new(sequence))
}
