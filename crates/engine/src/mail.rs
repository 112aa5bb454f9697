//! E-mails: written into a row by the commit that causes them, carried by a worker, tried again by a schedule. No call of a
//! merchant ever waits for one or fails because of one.

use std::sync::Arc;

use async_recursion::async_recursion as boxed;
use async_trait::async_trait;
use florin_kernel::mail::{Attempted, Mail, Message, State, Word};
use florin_kernel::payment::Mode;
use florin_kernel::{InvoiceId, MailId, MerchantId, Timestamp};
use florin_store::{RecordWrite, StoreError};
use tokio::task::JoinHandle;

use crate::Engine;

/// Carries e-mails to where they are taken up.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Brings one to a mail server, or to its folder. It never fails and takes less than a minute: every trouble is an outcome.
    /// `reference` is the same for every attempt, so that a receiver can tell copies.
    async fn carry(&self, reference: &str, message: &Message, written_at: Timestamp) -> Attempted;
}

/// Who carries the e-mails of which mode; nobody: they are disabled.
#[derive(Clone, Default)]
pub struct Mailers {
    /// Of test mode: never anybody who lets it leave the machine.
    pub dev: Option<Arc<dyn Mailer>>,
    /// Of live mode.
    pub live: Option<Arc<dyn Mailer>>,
}

impl Mailers {
    fn of(&self, mode: Mode) -> Option<&Arc<dyn Mailer>> {
        match mode {
            Mode::Dev => self.dev.as_ref(),
            Mode::Live => self.live.as_ref(),
        }
    }
}

/// What a contract tells of an invoice's last e-mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailStatus {
    /// It waits for its first or next attempt.
    Queued,
    /// A mail server has it.
    Sent,
    /// It was given up.
    Failed,
    /// There is nobody to carry it.
    Disabled,
}

impl MailStatus {
    /// The word as contracts write it.
    pub fn text(self) -> &'static str {
        match self {
            MailStatus::Queued => "queued",
            MailStatus::Sent => "sent",
            MailStatus::Failed => "failed",
            MailStatus::Disabled => "disabled",
        }
    }
}

/// E-mails on their way at a time.
pub(crate) const CARRIED_MAX: usize = 8;

impl Engine {
    /// Whether e-mails of a mode go anywhere.
    pub fn can_mail(&self, mode: Mode) -> bool {
        self.mailers.of(mode).is_some()
    }

    /// What became of an e-mail; `None` stands for one that was never written.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn mail_status(&self, mail: Option<MailId>) -> Result<MailStatus, StoreError> {
        let Some(id) = mail else { return Ok(MailStatus::Disabled) };
        let loaded = self.load_record::<Mail>(id.record()).await?;
        Ok(loaded.map_or(MailStatus::Failed, |(mail, _)| match mail.word() {
            Word::Queued => MailStatus::Queued,
            Word::Sent => MailStatus::Sent,
            Word::Failed => MailStatus::Failed,
        }))
    }

    /// A new e-mail's row, to be committed with its cause.
    pub(crate) fn queued(
        &self,
        (merchant, mode): (MerchantId, Mode),
        invoice: InvoiceId,
        message: Message,
        now: Timestamp,
    ) -> (MailId, RecordWrite) {
        let id = MailId::from_number(self.ids.record().number());
        let state = State::Queued { due_at: now };
        let (attempts, trouble) = (0, String::new());
        let mail = Mail { id, merchant, mode, created_at: now, invoice, message, attempts, state, trouble };
        (id, RecordWrite::insert(&mail))
    }

    /// Begins an attempt that is due, if nobody else does, and carries it in a task.
    pub(crate) async fn wake_mail(self: &Arc<Self>, id: MailId) -> Result<Option<JoinHandle<()>>, StoreError> {
        let Some((mail, version)) = self.load_record::<Mail>(id.record()).await? else { return Ok(None) };
        let Some(mailer) = self.mailers.of(mail.mode).cloned() else {
            // It was queued under another configuration.
            let trouble = Attempted::Never("no mail transport is configured".to_owned());
            let given_up = mail.end(trouble, self.now_of(&mail));
            self.write_records(vec![RecordWrite::update(&given_up, version)]).await?;
            return Ok(None);
        };
        // So many at a time: a mail server is not to be flooded, and nothing else waits behind e-mails.
        let permit = self.carrying.clone().acquire_owned().await.expect("the semaphore is never closed");
        let Some(taken) = mail.take(self.now_of(&mail)) else { return Ok(None) };
        if !self.write_records(vec![RecordWrite::update(&taken, version)]).await? || taken.word() == Word::Failed {
            return Ok(None);
        }
        let engine = self.clone();
        Ok(Some(self.tasks.spawn(async move {
            let _permit = permit;
            let attempted = mailer.carry(&engine.mail_reference(id), &taken.message, taken.created_at).await;
            if let Err(error) = engine.note_attempt(id, attempted).await {
                tracing::error!(mail = %id, %error, "what came of an e-mail could not be noted; it may be sent again");
            }
        })))
    }

    /// The name of an e-mail that all attempts share, without anything that leads to its row.
    fn mail_reference(&self, id: MailId) -> String {
        self.keyring.digest(&[b"mail", &id.number().to_be_bytes()]).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    async fn note_attempt(&self, id: MailId, attempted: Attempted) -> Result<(), StoreError> {
        let result = match &attempted {
            Attempted::Sent => "sent",
            Attempted::NotNow(trouble) => {
                tracing::warn!(mail = %id, trouble, "an e-mail could not be sent; it is tried again by its schedule");
                "not_now"
            }
            Attempted::Never(trouble) => {
                tracing::warn!(mail = %id, trouble, "an e-mail was refused for good");
                "refused"
            }
        };
        metrics::counter!("florin_mail_attempts_total", "result" => result).increment(1);
        loop {
            let Some((mail, version)) = self.load_record::<Mail>(id.record()).await? else { return Ok(()) };
            let ended = mail.end(attempted.clone(), self.now_of(&mail));
            if ended == mail || self.write_records(vec![RecordWrite::update(&ended, version)]).await? {
                return Ok(());
            }
        }
    }
}
