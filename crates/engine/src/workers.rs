//! What nobody asks for: waking payments, and records, whose time has come. Everything here can be stopped at any point and goes on
//! after a restart, because what is to be done is in rows.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_recursion::async_recursion as boxed;
use florin_kernel::payment::Payment;
use florin_kernel::withdrawal::Withdrawal;
use florin_kernel::{Aggregate, PaymentId};
use florin_store::{DueOf, StoreError};
use jiff::SignedDuration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use crate::calls::Calls;
use crate::resting::caught;
use crate::submit::{Changes, SubmitError, Submitted};
use crate::{Boxed, Engine};

/// How long a due payment waits at most for a worker to look.
const TICK: Duration = Duration::from_millis(200);
/// Payments woken at a time.
const BATCH: u32 = 128;
/// Look-ups under way at a time.
const LOOK_UPS_MAX: usize = 64;
/// How long a change by another process stays unnoticed at most.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);
const PURGE_EVERY: Duration = Duration::from_secs(60);
const PURGE_BATCH: u32 = 5_000;
/// Answers and delivery records are kept this long (product document, "Requests", "Webhooks and callbacks").
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

impl Engine {
    /// Runs the workers until [`Engine::shutdown`].
    #[boxed]
    pub async fn run(self: Arc<Self>) {
        let payments = self.worker("payments", self.clone().wake_payments());
        let events = self.worker("webhooks", self.clone().deliver_events());
        let purge = self.worker("purge", self.clone().purge());
        let changes = self.worker("changes", self.clone().follow_changes());
        let vault = self.worker("vault", self.clone().tend_vault());
        let chains = self.worker("chains", self.clone().follow_chains());
        let records = self.worker("records", self.clone().wake_records());
        let mail = self.worker("mail", self.clone().carry_mail());
        let office = self.worker("office", self.clone().count_for_the_office());
        let alive = self.worker("alive", self.clone().say_alive());
        for worker in [payments, events, purge, changes, vault, records, mail, chains, office, alive] {
            if let Err(error) = worker.await {
                tracing::error!(%error, "a worker was broken off");
            }
        }
    }

    /// A worker in a task of its own, which says at once when a fault of ours ends it.
    fn worker(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        self.tasks.spawn(async move {
            if let Err(panic) = caught(work).await {
                metrics::counter!("florin_panics_total", "where" => name).increment(1);
                tracing::error!(worker = name, panic, "a worker stopped; restart the process");
            }
        })
    }

    /// Wakes every payment and record that is due and waits for what follows; again until none is; and deletes the cards that are kept no
    /// longer. Workers do the same bit by bit.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot tell what is due.
    pub fn settle(self: &Arc<Self>) -> Boxed<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.expire_registrations().await?;
            loop {
                let mut woken = self.wake_due(&Arc::new(Semaphore::new(LOOK_UPS_MAX))).await?;
                for of in [DueOf::Others, DueOf::Mail] {
                    woken.extend(self.wake_due_records(of).await?);
                }
                if woken.is_empty() {
                    return Ok(());
                }
                for task in woken {
                    if let Err(panic) = task.await {
                        tracing::error!(%panic, "waking a payment panicked");
                    }
                }
            }
        })
    }

    async fn wake_payments(self: Arc<Self>) {
        let look_ups = Arc::new(Semaphore::new(LOOK_UPS_MAX));
        while self.idle(&self.payments_due, TICK).await {
            while !self.is_draining() {
                match self.wake_due(&look_ups).await {
                    Ok(woken) if woken.len() >= BATCH as usize => {}
                    Ok(_) => break,
                    Err(error) => {
                        report(&error);
                        break;
                    }
                }
            }
        }
    }

    /// Commits that due payments woke, which moves their next time on, and leaves what follows to tasks.
    async fn wake_due(self: &Arc<Self>, look_ups: &Arc<Semaphore>) -> Result<Vec<JoinHandle<()>>, StoreError> {
        let (mut tasks, now) = (Vec::new(), self.clocks.wall());
        // Those that rest take nobody's place.
        let due = self.store.due_payments(now, BATCH.saturating_add(self.resting_payments.count())).await?;
        for id in due.into_iter().filter(|id| !self.resting_payments.is_resting(id.number(), now)) {
            let permit = look_ups.clone().acquire_owned().await.expect("the semaphore is never closed");
            match caught(self.wake(id, permit)).await {
                Ok(Ok(task)) => tasks.push(task),
                Ok(Err(error)) => {
                    tracing::error!(payment = %id, %error, "a transaction could not be woken; it is tried again");
                }
                Err(panic) => self.rest(id, &panic),
            }
        }
        Ok(tasks)
    }

    /// A transaction whose waking panicked is left alone for a while.
    pub(crate) fn rest(&self, id: PaymentId, panic: &str) {
        let until = self.resting_payments.panicked(id.number(), self.clocks.wall());
        metrics::counter!("florin_panics_total", "where" => "payments").increment(1);
        tracing::error!(payment = %id, panic, %until, "waking a transaction panicked; it is tried again then");
    }

    /// Commits that it woke. The id does not say whether it is a payment's; most are.
    async fn wake(
        self: &Arc<Self>,
        id: PaymentId,
        permit: OwnedSemaphorePermit,
    ) -> Result<JoinHandle<()>, SubmitError> {
        match self.commit::<Payment>(id, Payment::wake()).await {
            Ok(changes) => Ok(self.tasks.spawn(self.clone().follow_up(id, changes, permit))),
            Err(SubmitError::NotFound) => match self.commit::<Withdrawal>(id, Withdrawal::wake()).await {
                Ok(changes) => Ok(self.tasks.spawn(self.clone().follow_up(id, changes, permit))),
                Err(SubmitError::NotFound) => {
                    let coins = self.clone().wake_coins(id);
                    Ok(self.tasks.spawn(async move {
                        let _permit = permit;
                        coins.await;
                    }))
                }
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    async fn follow_up<A: Submitted>(
        self: Arc<Self>,
        id: PaymentId,
        changes: Changes<A>,
        _permit: OwnedSemaphorePermit,
    ) {
        match caught(self.perform(changes, Calls::default(), None)).await {
            Ok(Ok(_)) => self.resting_payments.done(id.number()),
            Ok(Err(error)) => {
                tracing::warn!(payment = %id, %error, "a look-up's answer could not be stored; it is asked again later");
            }
            Err(panic) => self.rest(id, &panic),
        }
    }

    async fn purge(self: Arc<Self>) {
        while self.idle(&tokio::sync::Notify::new(), PURGE_EVERY).await {
            let before = self.clocks.wall() - KEPT;
            if let Err(error) = self.store.purge(before, PURGE_BATCH).await {
                report(&error);
            }
        }
    }

    /// Notices what other processes changed of the configuration and the test clocks.
    async fn follow_changes(self: Arc<Self>) {
        if self.store.is_exclusive() {
            return;
        }
        let mut known = None;
        while self.idle(&tokio::sync::Notify::new(), FOLLOW_EVERY).await {
            match self.follow(known).await {
                Ok(revision) => known = Some(revision),
                Err(error) => report(&error),
            }
        }
    }

    /// Reads the configuration and the clocks again if their revision is another one; returns the revision.
    async fn follow(&self, known: Option<i64>) -> Result<i64, StoreError> {
        // Read first, so that what changes meanwhile is noticed the next time.
        let revision = self.store.revision().await?;
        if known != Some(revision) {
            self.reload_directory().await?;
            for (lane, offset_ms) in self.store.clocks().await? {
                self.clocks.set_at_least(lane, offset_ms);
            }
            self.payments_due.notify_one();
            self.events_due.notify_one();
            self.records_due.notify_waiters();
        }
        Ok(revision)
    }

    /// Waits for a call or a tick; false when the process is stopping.
    pub(crate) async fn idle(&self, called: &tokio::sync::Notify, tick: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.stopping.cancelled() => false,
            () = called.notified() => true,
            () = tokio::time::sleep(tick) => true,
        }
    }
}

pub(crate) fn report(error: &StoreError) {
    metrics::counter!("florin_store_errors_total").increment(1);
    tracing::error!(%error, "the store does not answer; workers try again");
}
