//! The one door: load, decide, commit, and only then act. A version conflict loads and decides again, which is free
//! because deciding is pure.

use std::sync::Arc;

use florin_kernel::coin::CoinPayment;
use florin_kernel::payment::{Command, Effect, Payment, Refusal};
use florin_kernel::ports::Lane;
use florin_kernel::sabotage::{Defect, is_planted};
use florin_kernel::withdrawal::{self, Destination, Withdrawal};
use florin_kernel::{Aggregate, Asking, PaymentId, Timestamp};
use florin_store::{
    Answer, Changeset, EntryWrite, EventWrite, Floor, PaymentWrite, RegistrationWrite, StoreError, Stored, Verdict,
};

use crate::announce::{Announcement, Announcer};
use crate::calls::Calls;
use crate::claims::ClaimKind;
use crate::directory::ClosedLoop;
use crate::owner::Owner;
use crate::replay::Reporting;
use crate::{Boxed, Engine};

/// Why a command was not obeyed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SubmitError {
    /// No such payment or withdrawal.
    #[error("no such transaction")]
    NotFound,
    /// The kernel refuses what was said about a payment; nothing is written.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The kernel refuses what was said about a withdrawal; nothing is written.
    #[error(transparent)]
    WithdrawalRefused(#[from] withdrawal::Refusal),
    /// The reference or key was used for another request; nothing is written.
    #[error("the {0:?} was used for another request")]
    Taken(ClaimKind),
    /// The merchant's balance does not cover it; nothing is written.
    #[error("the balance is not sufficient")]
    BalanceInsufficient,
    /// The store cannot take it; nothing is written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The process is stopping.
    #[error("the process is stopping")]
    Draining,
}

/// What merchants are told of.
pub(crate) trait Announced: Aggregate {
    /// The counter of its changes.
    const CHANGES: &'static str;

    /// What its dialect says about a change, in order.
    fn announcements(announcer: &dyn Announcer, before: &Self, after: &Self, engine: &Engine) -> Vec<Announcement>;
}

/// What the engine can take through its one door and ask providers about: payments and withdrawals.
pub(crate) trait Submitted: Announced + Asking + Aggregate<Refusal: Into<SubmitError>> {
    /// Where its money goes, if it goes out.
    fn destination(&self) -> Option<&Destination>;

    /// The payment, if it is one.
    fn as_payment(&self) -> Option<&Payment>;
}

impl Announced for Payment {
    const CHANGES: &'static str = "florin_payment_changes_total";

    fn announcements(announcer: &dyn Announcer, before: &Self, after: &Self, engine: &Engine) -> Vec<Announcement> {
        announcer.announce(before, after, engine)
    }
}

impl Submitted for Payment {
    fn destination(&self) -> Option<&Destination> {
        None
    }

    fn as_payment(&self) -> Option<&Payment> {
        Some(self)
    }
}

impl Announced for Withdrawal {
    const CHANGES: &'static str = "florin_withdrawal_changes_total";

    fn announcements(announcer: &dyn Announcer, before: &Self, after: &Self, engine: &Engine) -> Vec<Announcement> {
        announcer.announce_withdrawal(before, after, engine)
    }
}

impl Submitted for Withdrawal {
    fn destination(&self) -> Option<&Destination> {
        self.plan.as_ref().map(|plan| &plan.destination)
    }

    fn as_payment(&self) -> Option<&Payment> {
        None
    }
}

impl Announced for CoinPayment {
    const CHANGES: &'static str = "florin_coin_payment_changes_total";

    fn announcements(announcer: &dyn Announcer, before: &Self, after: &Self, engine: &Engine) -> Vec<Announcement> {
        announcer.announce_coins(before, after, engine)
    }
}

/// What a commit left to do.
pub(crate) struct Changes<A: Aggregate> {
    /// In a box, since it is carried through many futures.
    pub transaction: Box<A>,
    pub version: i64,
    pub effects: Vec<Effect<A::Word>>,
    /// Whether an event went to the outbox.
    pub announced: bool,
    /// The answer to the request, where the commit stored one.
    pub answer: Option<Answer>,
}

impl Engine {
    /// Obeys an owner's command for its payment and everything that follows from it: a capture, a refund, a cancellation.
    ///
    /// # Errors
    /// [`SubmitError`] when the command itself was not obeyed.
    pub fn submit(
        self: &Arc<Self>,
        owner: Owner,
        id: PaymentId,
        command: Command,
    ) -> Boxed<'_, Result<Payment, SubmitError>> {
        Box::pin(async move {
            if self.is_draining() {
                return Err(SubmitError::Draining);
            }
            self.find(owner, id).await?.ok_or(SubmitError::NotFound)?;
            self.submit_always::<Payment>(id, command).await
        })
    }

    /// As [`Engine::submit`], also while the process is stopping: answers are taken to the end.
    pub(crate) async fn submit_always<A: Submitted>(
        self: &Arc<Self>,
        id: PaymentId,
        command: A::Command,
    ) -> Result<A, SubmitError> {
        let engine = self.clone();
        let task = self.tasks.spawn(async move {
            let changes = engine.commit::<A>(id, command).await?;
            engine.perform(changes, Calls::default(), None).await.map(|performed| *performed.transaction)
        });
        task.await.map_err(|panic| SubmitError::Store(StoreError::Unavailable(panic.to_string())))?
    }

    /// Loads, decides and commits until no version conflict stands in the way.
    pub(crate) async fn commit<A: Submitted>(
        &self,
        id: PaymentId,
        command: A::Command,
    ) -> Result<Changes<A>, SubmitError> {
        loop {
            let stored = self.load::<A>(id).await?.ok_or(SubmitError::NotFound)?;
            let transaction = Box::new(stored.transaction);
            if let Some(changes) = self.commit_once(transaction, stored.version, &command, None, Vec::new()).await? {
                return Ok(changes);
            }
        }
    }

    /// A payment or withdrawal as stored; nothing where the id is of the other kind.
    pub(crate) async fn load<A: Aggregate>(&self, id: PaymentId) -> Result<Option<Stored<A>>, StoreError> {
        Ok(self.store.transaction(id).await?.and_then(Stored::of))
    }

    /// Decides on a version and commits; `None` on a conflict. Without a change and an answer nothing is written. With
    /// `reporting`, the answer to the request is stored in the same commit, as is what becomes of the card of an attempt.
    pub(crate) async fn commit_once<A: Submitted>(
        &self,
        transaction: Box<A>,
        version: i64,
        command: &A::Command,
        reporting: Option<&Reporting<A>>,
        registrations: Vec<RegistrationWrite>,
    ) -> Result<Option<Changes<A>>, SubmitError> {
        let lane = Lane::of(transaction.merchant(), transaction.mode());
        let lane = if is_planted(Defect::WallClockInTimer) && *command == A::wake() { Lane::Live } else { lane };
        let now = self.now(lane);
        let (after, effects) = transaction.decide(command.clone(), now).map_err(Into::into)?;
        // The answer to the request is known once no further call follows.
        let more = effects.iter().any(|effect| matches!(effect, Effect::Call(_)));
        let reporting = reporting.filter(|_| !more);
        if after == *transaction && effects.is_empty() && reporting.is_none() {
            return Ok(Some(Changes { transaction, version, effects: Vec::new(), announced: false, answer: None }));
        }
        let (mut changeset, mut changes) = self.changeset(&*transaction, Some(version), after, effects, now);
        changeset.records = self.ordered_end(&*transaction, &*changes.transaction, now).await?;
        changeset.registrations = registrations;
        if let Some(reporting) = reporting {
            let after = &*changes.transaction;
            let answer = (reporting.render)(after);
            reporting.store(answer.clone(), after, now, &mut changeset);
            changes.answer = Some(answer);
        }
        match self.write(changeset).await? {
            Verdict::Committed => Ok(Some(changes)),
            Verdict::Conflict => Ok(None),
            Verdict::BelowFloor { .. } => Err(SubmitError::BalanceInsufficient),
            Verdict::Duplicate(_) => unreachable!("nothing is claimed"),
        }
    }

    /// Commits a changeset whole.
    pub(crate) async fn write(&self, changeset: Changeset) -> Result<Verdict, StoreError> {
        #[cfg(feature = "sabotage")]
        return self.write_badly(changeset).await;
        #[cfg(not(feature = "sabotage"))]
        self.store.commit(changeset).await
    }

    /// A decision as one changeset: the payment or withdrawal, its ledger entries with their floors, and its event.
    pub(crate) fn changeset<A: Announced>(
        &self,
        before: &A,
        version: Option<i64>,
        mut after: A,
        effects: Vec<Effect<A::Word>>,
        now: Timestamp,
    ) -> (Changeset, Changes<A>) {
        let mut changeset = Changeset::default();
        for effect in &effects {
            match effect {
                Effect::Post(entry) => {
                    changeset.entries.push(EntryWrite { payment: after.id(), at: now, entry: entry.clone() });
                }
                Effect::Floor { account, minimum } => {
                    changeset.floors.push(Floor { book: after.mode(), account: *account, minimum: *minimum });
                }
                Effect::Call(_) | Effect::LookUp(_) | Effect::Notify { .. } => {}
            }
        }
        changeset.events = self.events(before, &mut after, now);
        changeset.payments.push(match version {
            None => self.insertion(&after),
            Some(version) => PaymentWrite::update(&after, version),
        });
        let version = version.unwrap_or(0) + 1;
        let announced = !changeset.events.is_empty();
        (changeset, Changes { transaction: Box::new(after), version, effects, announced, answer: None })
    }

    /// A new payment or withdrawal, found by its payer where a rule of the merchant looks back at it.
    pub(crate) fn insertion(&self, new: &impl Aggregate) -> PaymentWrite {
        let directory = self.directory.load();
        let rules = directory.merchant(new.merchant()).map(|merchant| &merchant.withdrawals);
        let write = PaymentWrite::insert(new);
        match rules.map(|rules| rules.closed_loop) {
            Some(ClosedLoop::ByMethod { .. }) => write.found_by_payer(new),
            Some(ClosedLoop::Off) | None => write,
        }
    }

    /// The events a change causes, in its dialect's bytes.
    fn events<A: Announced>(&self, before: &A, after: &mut A, now: Timestamp) -> Vec<EventWrite> {
        let Some(announcer) = self.announcers.get(&after.dialect()) else { return Vec::new() };
        let mut events = Vec::new();
        for announcement in A::announcements(announcer.as_ref(), before, after, self) {
            if let Some(status) = &announcement.status {
                after.announce(status.clone());
            }
            events.push(self.event(announcement, after.id(), Lane::of(after.merchant(), after.mode()), now));
        }
        events
    }

    /// An event about a payment, or about what else has a number like one.
    pub(crate) fn event(
        &self,
        announcement: Announcement,
        payment: PaymentId,
        lane: Lane,
        now: Timestamp,
    ) -> EventWrite {
        let Announcement { status: _, url, form, body, credential, delay } = announcement;
        let endpoint = url::Url::parse(&url)
            .ok()
            .and_then(|url| Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?)));
        EventWrite {
            id: self.ids.event(),
            payment,
            lane,
            credential,
            endpoint: endpoint.unwrap_or_default(),
            url,
            form,
            body,
            due_at: now + delay,
        }
    }
}
