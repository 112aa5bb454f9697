//! The one door: load, decide, commit, and only then act. A version conflict loads and decides again, which is free
//! because deciding is pure.

use std::sync::Arc;

use florin_kernel::payment::{Command, Decision, Effect, Payment, Refusal, decide};
use florin_kernel::ports::Lane;
use florin_kernel::sabotage::{Defect, is_planted};
use florin_kernel::{PaymentId, Timestamp};
use florin_store::{Changeset, EntryWrite, EventWrite, PaymentWrite, StoreError, Verdict};

use crate::Engine;
use crate::calls::Calls;
use crate::owner::Owner;
use crate::replay::Render;

/// Why a command was not obeyed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SubmitError {
    /// No such payment.
    #[error("no such payment")]
    NotFound,
    /// The kernel refuses; nothing is written.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store cannot take it; nothing is written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The process is stopping.
    #[error("the process is stopping")]
    Draining,
}

/// What a commit left to do.
pub(crate) struct Changes {
    /// In a box, since it is carried through many futures.
    pub payment: Box<Payment>,
    pub version: i64,
    pub effects: Vec<Effect>,
    /// Whether an event went to the outbox.
    pub announced: bool,
}

impl Engine {
    /// Obeys an owner's command for its payment and everything that follows from it: a capture, a refund, a cancellation.
    ///
    /// # Errors
    /// [`SubmitError`] when the command itself was not obeyed.
    pub async fn submit(
        self: &Arc<Self>,
        owner: Owner,
        id: PaymentId,
        command: Command,
    ) -> Result<Payment, SubmitError> {
        if self.is_draining() {
            return Err(SubmitError::Draining);
        }
        self.find(owner, id).await?.ok_or(SubmitError::NotFound)?;
        self.submit_always(id, command).await
    }

    /// As [`Engine::submit`], also while the process is stopping: answers are taken to the end.
    pub(crate) async fn submit_always(
        self: &Arc<Self>,
        id: PaymentId,
        command: Command,
    ) -> Result<Payment, SubmitError> {
        let engine = self.clone();
        let task = self.tasks.spawn(async move {
            let changes = engine.commit(id, command).await?;
            engine.perform(changes, Calls::default(), None).await.map(|(payment, _)| *payment)
        });
        task.await.map_err(|panic| SubmitError::Store(StoreError::Unavailable(panic.to_string())))?
    }

    /// Loads, decides and commits until no version conflict stands in the way.
    pub(crate) async fn commit(&self, id: PaymentId, command: Command) -> Result<Changes, SubmitError> {
        loop {
            let stored = self.store.payment(id).await?.ok_or(SubmitError::NotFound)?;
            if let Some(changes) = self.commit_once(Box::new(stored.payment), stored.version, &command, None).await? {
                return Ok(changes);
            }
        }
    }

    /// Decides on a version and commits; `None` on a conflict. Without a change and an answer nothing is written. With
    /// `render`, the answer to the request is stored in the same commit.
    pub(crate) async fn commit_once(
        &self,
        payment: Box<Payment>,
        version: i64,
        command: &Command,
        render: Option<&Render>,
    ) -> Result<Option<Changes>, SubmitError> {
        let lane = Lane::of(payment.merchant, payment.mode);
        let lane = if is_planted(Defect::WallClockInTimer) && *command == Command::Wake { Lane::Live } else { lane };
        let now = self.now(lane);
        let decision = decide(&payment, command.clone(), now)?;
        // The answer to the request is known once no further call follows.
        let more = decision.effects.iter().any(|effect| matches!(effect, Effect::Call(_)));
        let answer = render.filter(|_| !more).map(|render| render(&decision.payment));
        if decision.payment == *payment && decision.effects.is_empty() && answer.is_none() {
            return Ok(Some(Changes { payment, version, effects: Vec::new(), announced: false }));
        }
        let (mut changeset, changes) = self.changeset(&payment, Some(version), decision, now);
        changeset.payments = changeset.payments.into_iter().map(|write| write.answered(answer.clone())).collect();
        match self.write(changeset).await? {
            Verdict::Committed => Ok(Some(changes)),
            Verdict::Conflict => Ok(None),
            Verdict::Duplicate(_) | Verdict::BelowFloor { .. } => {
                unreachable!("nothing is claimed and no floor is set")
            }
        }
    }

    /// Commits a changeset whole.
    pub(crate) async fn write(&self, changeset: Changeset) -> Result<Verdict, StoreError> {
        #[cfg(feature = "sabotage")]
        return self.write_badly(changeset).await;
        #[cfg(not(feature = "sabotage"))]
        self.store.commit(changeset).await
    }

    /// A decision as one changeset: the payment, its ledger entries and its event.
    pub(crate) fn changeset(
        &self,
        before: &Payment,
        version: Option<i64>,
        decision: Decision,
        now: Timestamp,
    ) -> (Changeset, Changes) {
        let mut payment = decision.payment;
        let mut changeset = Changeset::default();
        for effect in &decision.effects {
            if let Effect::Post(entry) = effect {
                changeset.entries.push(EntryWrite { payment: payment.id, at: now, entry: entry.clone() });
            }
        }
        if let Some(event) = self.event(before, &mut payment, now) {
            changeset.events.push(event);
        }
        changeset.payments.push(match version {
            None => PaymentWrite::insert(&payment),
            Some(version) => PaymentWrite::update(&payment, version),
        });
        let version = version.unwrap_or(0) + 1;
        let announced = !changeset.events.is_empty();
        (changeset, Changes { payment: Box::new(payment), version, effects: decision.effects, announced })
    }

    /// The event a change causes, in its dialect's bytes.
    fn event(&self, before: &Payment, after: &mut Payment, now: Timestamp) -> Option<EventWrite> {
        let directory = self.directory.load();
        let announcement = self.announcers.get(&after.dialect)?.announce(before, after, &directory)?;
        after.announced = Some(announcement.status);
        let endpoint = url::Url::parse(&announcement.url)
            .ok()
            .and_then(|url| Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?)));
        Some(EventWrite {
            id: self.ids.event(),
            payment: after.id,
            lane: Lane::of(after.merchant, after.mode),
            credential: announcement.credential,
            endpoint: endpoint.unwrap_or_default(),
            url: announcement.url,
            body: announcement.body,
            due_at: now,
        })
    }
}
