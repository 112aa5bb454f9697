//! Records: read, decided and written by version; and woken when their time has come. What is to be done stands in rows, so it
//! goes on after a crash, and several processes share it: whoever commits first has done it.

use std::sync::Arc;
use std::time::Duration;

use florin_kernel::ports::Lane;
use florin_kernel::{InvoiceId, MailId, PlanId, Record, RecordId, RecordKind};
use florin_store::{Changeset, DueOf, RecordWrite, StoreError, Verdict};
use tokio::task::JoinHandle;

use crate::Engine;
use crate::owner::Owner;
use crate::resting::caught;
use crate::workers::report;

/// How long a due record waits at most for a worker to look.
const TICK: Duration = Duration::from_millis(500);
/// Records woken at a time.
const BATCH: u32 = 64;

impl Engine {
    /// A record with its version; nothing where the id is of another kind.
    pub(crate) async fn load_record<R: Record>(&self, id: RecordId) -> Result<Option<(R, i64)>, StoreError> {
        let Some(stored) = self.store.record(id).await? else { return Ok(None) };
        Ok(stored.read::<R>()?.map(|record| (record, stored.version)))
    }

    /// A record of this owner; another's, and one of the other mode, is one that does not exist.
    pub(crate) async fn find_record<R: Record>(
        &self,
        owner: Owner,
        id: RecordId,
    ) -> Result<Option<(R, i64)>, StoreError> {
        let loaded = self.load_record::<R>(id).await?;
        Ok(loaded.filter(|(record, _)| (record.merchant(), record.mode()) == (owner.merchant, owner.mode)))
    }

    /// Commits records and nothing else; false where somebody was quicker.
    pub(crate) async fn write_records(&self, records: Vec<RecordWrite>) -> Result<bool, StoreError> {
        let count = records.len();
        match self.write(Changeset { records, ..Changeset::default() }).await? {
            Verdict::Committed => {
                if count > 1 {
                    // An e-mail may be among them.
                    self.records_due.notify_waiters();
                }
                Ok(true)
            }
            Verdict::Conflict => Ok(false),
            Verdict::Duplicate(_) | Verdict::BelowFloor { .. } => {
                unreachable!("nothing is claimed and no floor is set")
            }
        }
    }

    pub(crate) async fn wake_records(self: Arc<Self>) {
        self.wake_due_of(DueOf::Others).await;
    }

    pub(crate) async fn carry_mail(self: Arc<Self>) {
        self.wake_due_of(DueOf::Mail).await;
    }

    async fn wake_due_of(self: &Arc<Self>, of: DueOf) {
        while self.idle(&self.records_due, TICK).await {
            while !self.is_draining() {
                match self.wake_due_records(of).await {
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

    /// Wakes the records that are due; each moves its next time on before anything else happens. What follows is left to tasks.
    pub(crate) async fn wake_due_records(self: &Arc<Self>, of: DueOf) -> Result<Vec<JoinHandle<()>>, StoreError> {
        let (mut tasks, now) = (Vec::new(), self.clocks.wall());
        // Those that rest take nobody's place.
        let due = self.store.due_records(now, of, BATCH.saturating_add(self.resting_records.count())).await?;
        for (kind, id) in due.into_iter().filter(|(_, id)| !self.resting_records.is_resting(id.number(), now)) {
            match caught(self.wake_record(kind, id)).await {
                Ok(Ok(Some(task))) => tasks.push(task),
                Ok(Ok(None)) => {
                    self.resting_records.done(id.number());
                    // What follows is nothing, which is done at once.
                    tasks.push(self.tasks.spawn(std::future::ready(())));
                }
                Ok(Err(error)) => {
                    tracing::error!(record = %id, %error, "a record could not be woken; it is tried again");
                }
                Err(panic) => self.rest_record(id, &panic),
            }
        }
        Ok(tasks)
    }

    /// A record whose waking panicked is left alone for a while.
    pub(crate) fn rest_record(&self, id: RecordId, panic: &str) {
        let until = self.resting_records.panicked(id.number(), self.clocks.wall());
        metrics::counter!("florin_panics_total", "where" => "records").increment(1);
        tracing::error!(record = %id, panic, %until, "waking a record panicked; it is tried again then");
    }

    /// Wakes a record; a task where something follows that takes time.
    async fn wake_record(
        self: &Arc<Self>,
        kind: RecordKind,
        id: RecordId,
    ) -> Result<Option<JoinHandle<()>>, StoreError> {
        match kind {
            RecordKind::Invoice | RecordKind::PayLink => {
                self.wake_invoice(InvoiceId::from_number(id.number())).await.map(|()| None)
            }
            RecordKind::Mail => self.wake_mail(MailId::from_number(id.number())).await,
            // Nothing is ever due about one.
            RecordKind::Customer | RecordKind::User => Ok(None),
            RecordKind::Plan => Ok(self.wake_plan(PlanId::from_number(id.number()))),
        }
    }

    /// The clock of a record.
    pub(crate) fn now_of(&self, record: &impl Record) -> florin_kernel::Timestamp {
        self.now(Lane::of(record.merchant(), record.mode()))
    }
}
