//! Invoices and pay links: made, found, listed, changed, and opened by whoever has their link. What a try does to them is in
//! `orders`.

use std::sync::Arc;
use std::time::Duration;

use async_recursion::async_recursion as boxed;
use florin_kernel::invoice::{
    Command, Decision, HOURS_MAX, Invoice, Issue, Letter, Origin, REMINDERS_MAX, Refusal, Reminders, State, Word,
    decide,
};
use florin_kernel::mail::Message;
use florin_kernel::payment::{Details, Dialect};
use florin_kernel::ports::Lane;
use florin_kernel::{InvoiceId, Money, PaymentId, RecordKind, Timestamp};
use florin_store::{Answer, AnswerWrite, Changeset, RecordQuery, RecordWrite, StoreError, Verdict};
use serde::{Deserialize, Serialize};

use crate::Engine;
use crate::claims::{ClaimKind, ClaimRequest, Claimant};
use crate::kept::Repeatable;
use crate::mail::MailStatus;
use crate::owner::Owner;
use crate::replay::{Earlier, Reply};
use crate::setup::invoice_settings_row;
use crate::start::{DRAWS_MAX, StartError};

mod links;

/// A dialect's letters: it makes their words and links, inside the commit that causes them.
pub trait Correspondent: Send + Sync {
    /// What is written to the customer; nothing where there is no address. `invoice` is as it will be; of the engine it reads
    /// configuration and keys.
    fn message(&self, invoice: &Invoice, letter: Letter, engine: &Engine) -> Option<Message>;
}

/// How a merchant's invoices are made where their requests do not say so (transaction services contract, section 8.16).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceSettings {
    /// How long they can be paid, in hours.
    pub hours: u16,
    /// Hours to a reminder that goes out by itself; 0: never.
    pub remind_after_hours: u16,
    /// How many go out.
    pub reminders_max: u8,
    /// Where the payer's browser goes.
    pub success: String,
    /// Where events are posted.
    pub webhook: String,
    /// Who asks, in the letter's words; empty: the merchant's name.
    pub raised_by: String,
}

impl Default for InvoiceSettings {
    fn default() -> InvoiceSettings {
        let (success, webhook, raised_by) = Default::default();
        InvoiceSettings { hours: 48, remind_after_hours: 0, reminders_max: 0, success, webhook, raised_by }
    }
}

impl InvoiceSettings {
    /// Whether every number is within its bounds.
    pub fn are_sound(&self) -> bool {
        (1..=HOURS_MAX).contains(&self.hours)
            && self.remind_after_hours <= HOURS_MAX
            && self.reminders_max <= REMINDERS_MAX
    }
}

/// What a merchant asks for.
#[derive(Clone, Debug)]
pub struct InvoiceOrder {
    /// Whose it will be.
    pub owner: Owner,
    /// Where it is made.
    pub dialect: Dialect,
    /// Who brings the link to the customer.
    pub origin: Origin,
    /// How much.
    pub asked: Money,
    /// What for, in a line.
    pub description: String,
    /// Who asks; empty: as the settings say.
    pub raised_by: String,
    /// How long it can be paid, in hours; `None`: as the settings say.
    pub hours: Option<u16>,
    /// The merchant's own number as the reference, the customer as the payer, links, echo. Links that are empty are those of the
    /// settings.
    pub details: Details,
}

/// An invoice to make.
pub struct NewInvoice {
    /// As [`Engine::draft_invoice`] made it.
    pub invoice: Box<Invoice>,
    /// Its reference, see [`invoice_reference`], and idempotency key.
    pub claims: Vec<ClaimRequest>,
    /// Of the request's normalised content.
    pub digest: [u8; 16],
    /// Makes the answer.
    pub render: RenderInvoice,
}

/// Makes the answer to the request that made an invoice.
pub type RenderInvoice = Arc<dyn Fn(&Invoice, MailStatus) -> Answer + Send + Sync>;

/// Which invoices of an owner: the newest first.
#[derive(Clone, Debug)]
pub struct InvoiceQuery {
    /// Only where they stand so.
    pub word: Option<Word>,
    /// Made at or after.
    pub from: Timestamp,
    /// Made before.
    pub until: Timestamp,
    /// How many to leave out before the first.
    pub skip: u32,
    /// At most.
    pub limit: u32,
}

/// An invoice as a command makes it, not written yet.
struct Changing {
    invoice: Invoice,
    mail: MailStatus,
    records: Vec<RecordWrite>,
}

/// Why an invoice was not changed. Nothing is written then.
#[derive(Clone, Debug, thiserror::Error)]
pub enum InvoiceError {
    /// There is none, or it is another's.
    #[error("no such invoice")]
    NotFound,
    /// It does not fit where the invoice stands.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is nobody to carry the e-mail that this is all about.
    #[error("no mail transport is configured")]
    NoMailer,
    /// The settings are out of their bounds.
    #[error("a setting is out of its bounds")]
    BadSettings,
    /// The idempotency key was used for another request.
    #[error("the key was used for another request")]
    Taken(ClaimKind),
    /// The store cannot take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The merchant's own number of an invoice or link as it takes one: in a space of its own, so that the tries to pay it may have
/// the same reference among the payments.
pub fn invoice_reference(origin: Origin, text: &str) -> ClaimRequest {
    ClaimRequest::reference(text).within(match origin {
        Origin::Invoice => "invoice",
        Origin::Link => "pay_link",
    })
}

/// Makes the answer to a command for an invoice: from the invoice as it is then and how its e-mail stands, or from why nothing was
/// changed.
pub type RenderChange<'r> = dyn Fn(Result<(&Invoice, MailStatus), &InvoiceError>) -> Answer + Sync + 'r;

impl Engine {
    /// A new invoice as a merchant asks for it, by the merchant's settings; not made yet.
    pub fn draft_invoice(&self, order: InvoiceOrder) -> Box<Invoice> {
        let InvoiceOrder { owner, dialect, origin, asked, description, raised_by, hours, mut details } = order;
        let Owner { merchant, mode } = owner;
        let settings = self.directory().invoice_settings(merchant, mode);
        let now = self.now(Lane::of(merchant, mode));
        let unless_empty = |text: String, other: String| if text.is_empty() { other } else { text };
        details.links.success = unless_empty(details.links.success, settings.success);
        details.links.webhook = unless_empty(details.links.webhook, settings.webhook);
        let reminders =
            Reminders { after_hours: settings.remind_after_hours, max: settings.reminders_max, ..Reminders::default() };
        Box::new(Invoice {
            id: self.new_invoice_id(),
            merchant,
            mode,
            dialect,
            created_at: now,
            origin,
            asked,
            description,
            raised_by: unless_empty(raised_by, settings.raised_by),
            state: State::Open { trying: None },
            issue: Issue::first(now, hours.unwrap_or(settings.hours).clamp(1, HOURS_MAX)),
            reminders,
            last_try: None,
            tries: 0,
            mail: None,
            details,
        })
    }

    fn new_invoice_id(&self) -> InvoiceId {
        InvoiceId::from_number(self.ids.record().number())
    }

    /// Makes an invoice and writes to its customer. A copy of an earlier request gets that one's answer.
    ///
    /// # Errors
    /// [`StartError`]; nothing is written then.
    #[boxed]
    pub async fn make_invoice(&self, mut new: NewInvoice) -> Result<Reply, StartError> {
        if self.is_draining() {
            return Err(StartError::Draining);
        }
        let owner = Owner { merchant: new.invoice.merchant, mode: new.invoice.mode };
        let now = self.now(Lane::of(owner.merchant, owner.mode));
        let claimant = Claimant { owner, dialect: new.invoice.dialect };
        let mut taking = self.taking(claimant, &new.claims, new.digest);
        for _ in 0..DRAWS_MAX {
            let letters = match new.invoice.origin {
                Origin::Invoice => vec![Letter::Issued],
                Origin::Link => Vec::new(),
            };
            let payment = PaymentId::from_number(new.invoice.id.number());
            let (invoice, records) = self.decided(Decision { invoice: (*new.invoice).clone(), letters }, None, now);
            let status = if invoice.mail.is_some() { MailStatus::Queued } else { MailStatus::Disabled };
            let answer = (new.render)(&invoice, status);
            let answers = vec![AnswerWrite { payment, sequence: 0, at: now, answer: answer.clone() }];
            let number = self.invoice_claim(new.invoice.id, now);
            let mut claims = taking.rows(payment, 0, now);
            claims.push(number);
            match self.write(Changeset { claims, records, answers, ..Changeset::default() }).await? {
                Verdict::Committed => {
                    self.records_due.notify_waiters();
                    return Ok(Reply { answer, replayed: false, payment, provider_time: Duration::ZERO });
                }
                Verdict::Conflict => new.invoice.id = self.new_invoice_id(),
                Verdict::Duplicate(claim) if claim.key == number.key => new.invoice.id = self.new_invoice_id(),
                Verdict::Duplicate(claim) => {
                    let Some(before) = taking.refused(claim).await? else { continue };
                    return self.replay_kept(before, now).await?.into();
                }
                Verdict::BelowFloor { .. } => unreachable!("an invoice sets no floor"),
            }
        }
        Err(StartError::Store(StoreError::Unavailable("no free id was drawn".into())))
    }

    /// An invoice or link of this owner, made in this dialect.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn invoice(&self, owner: Owner, dialect: Dialect, id: InvoiceId) -> Result<Option<Invoice>, StoreError> {
        let found = self.find_record::<Invoice>(owner, id.record()).await?;
        Ok(found.map(|(invoice, _)| invoice).filter(|invoice| invoice.dialect == dialect))
    }

    /// The same by the merchant's own number of it.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn invoice_referenced(
        &self,
        owner: Owner,
        dialect: Dialect,
        origin: Origin,
        text: &str,
    ) -> Result<Option<Invoice>, StoreError> {
        let found = self.referenced(owner, dialect, &invoice_reference(origin, text), 1).await?;
        let Some(newest) = found.first() else { return Ok(None) };
        self.invoice(owner, dialect, InvoiceId::from_number(newest.payment.number())).await
    }

    /// A page of an owner's invoices, pay links aside, with how many there are on all pages. A state is as it was noted: an
    /// invoice whose time was over this moment is noted as such within a second.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn invoices(&self, owner: Owner, query: InvoiceQuery) -> Result<(Vec<Invoice>, u64), StoreError> {
        let InvoiceQuery { word, from, until, skip, limit } = query;
        let all = RecordQuery::all(owner.merchant, owner.mode, RecordKind::Invoice);
        let query = RecordQuery { word: word.map(Word::text), from, until, skip, limit, ..all };
        let total = self.store.count_records(query.clone()).await?;
        let mut page = Vec::new();
        for stored in self.store.records(query).await? {
            page.extend(stored.read::<Invoice>()?);
        }
        Ok((page, total))
    }

    /// Obeys a merchant's command for its invoice; the invoice as it is then.
    ///
    /// # Errors
    /// [`InvoiceError`]; nothing is written then.
    #[boxed]
    pub async fn change_invoice(
        &self,
        owner: Owner,
        dialect: Dialect,
        id: InvoiceId,
        command: Command,
    ) -> Result<Invoice, InvoiceError> {
        loop {
            let change = self.changing(owner, dialect, id, &command).await?;
            if change.records.is_empty() || self.write_records(change.records).await? {
                return Ok(change.invoice);
            }
        }
    }

    /// As [`Engine::change_invoice`], for a request that may come again: a copy gets the first one's answer, that it was refused, too.
    /// `render` makes it.
    ///
    /// # Errors
    /// [`InvoiceError`]; nothing is written then.
    #[boxed]
    pub async fn change_invoice_once(
        &self,
        request: &Repeatable,
        id: InvoiceId,
        command: Command,
        render: &RenderChange<'_>,
    ) -> Result<Reply, InvoiceError> {
        loop {
            match self.earlier_kept(request).await? {
                Some(Earlier::Replay(reply)) => return Ok(reply),
                Some(Earlier::Taken(kind)) => return Err(InvoiceError::Taken(kind)),
                None => {}
            }
            // What a copy does from here on is a duplicate.
            let (answer, records) = match self.changing(request.owner, request.dialect, id, &command).await {
                Ok(change) => (render(Ok((&change.invoice, change.mail))), change.records),
                Err(refusal @ (InvoiceError::Refused(_) | InvoiceError::NoMailer)) => {
                    (render(Err(&refusal)), Vec::new())
                }
                Err(error) => return Err(error),
            };
            let (reply, changeset) = self.kept(request, answer, Changeset { records, ..Changeset::default() });
            if changeset.records.is_empty() && changeset.claims.is_empty() {
                return Ok(reply);
            }
            match self.write(changeset).await? {
                Verdict::Committed => {
                    self.records_due.notify_waiters();
                    return Ok(reply);
                }
                Verdict::Conflict | Verdict::Duplicate(_) => {}
                Verdict::BelowFloor { .. } => unreachable!("an invoice sets no floor"),
            }
        }
    }

    /// What a command makes of an invoice as it stands; without rows where it changes nothing.
    async fn changing(
        &self,
        owner: Owner,
        dialect: Dialect,
        id: InvoiceId,
        command: &Command,
    ) -> Result<Changing, InvoiceError> {
        let found = self.find_record::<Invoice>(owner, id.record()).await?;
        let found = found.filter(|(invoice, _)| invoice.dialect == dialect);
        let (before, version) = found.ok_or(InvoiceError::NotFound)?;
        let now = self.now_of(&before);
        let decision = decide(&before, command.clone(), now)?;
        if *command == Command::Remind && !self.can_mail(owner.mode) {
            return Err(InvoiceError::NoMailer);
        }
        let (invoice, records) = match decision.invoice == before {
            true => (before.clone(), Vec::new()),
            false => self.decided(decision, Some(version), now),
        };
        let mail = match invoice.mail {
            // It is written by this change.
            Some(_) if invoice.mail != before.mail => MailStatus::Queued,
            known => self.mail_status(known).await?,
        };
        Ok(Changing { invoice, mail, records })
    }

    /// Sets how a merchant's invoices are made from now on.
    ///
    /// # Errors
    /// [`InvoiceError::BadSettings`], or that the store cannot take them.
    #[boxed]
    pub async fn set_invoice_settings(&self, owner: Owner, settings: &InvoiceSettings) -> Result<(), InvoiceError> {
        if !settings.are_sound() {
            return Err(InvoiceError::BadSettings);
        }
        self.store.put_config(vec![invoice_settings_row(owner.merchant, owner.mode, settings)]).await?;
        Ok(self.reload_directory().await?)
    }

    /// Does what is due about an invoice: its end, or a reminder.
    pub(crate) async fn wake_invoice(&self, id: InvoiceId) -> Result<(), StoreError> {
        let Some((invoice, version)) = self.load_record::<Invoice>(id.record()).await? else { return Ok(()) };
        let now = self.now_of(&invoice);
        let decision = decide(&invoice, Command::Wake, now).map_err(|refusal| {
            // Waking is never refused.
            StoreError::Corrupt(format!("{id}: {refusal}"))
        })?;
        if decision.invoice != invoice {
            // If somebody else was quicker, what is left is due again.
            self.write_records(self.decided(decision, Some(version), now).1).await?;
        }
        Ok(())
    }

    /// The rows of a decision.
    pub(crate) fn invoice_writes(&self, decision: Decision, version: Option<i64>, now: Timestamp) -> Vec<RecordWrite> {
        self.decided(decision, version, now).1
    }

    /// A decision as rows: the invoice and its letters; the invoice knows the last of them.
    fn decided(&self, decision: Decision, version: Option<i64>, now: Timestamp) -> (Invoice, Vec<RecordWrite>) {
        let Decision { mut invoice, letters } = decision;
        let mut writes = Vec::new();
        for letter in letters {
            let correspondent = self.correspondents.get(&invoice.dialect).filter(|_| self.can_mail(invoice.mode));
            let message = correspondent.and_then(|correspondent| correspondent.message(&invoice, letter, self));
            invoice.mail = message.map(|message| {
                let (id, write) = self.queued((invoice.merchant, invoice.mode), invoice.id, message, now);
                writes.push(write);
                id
            });
        }
        writes.insert(
            0,
            match version {
                Some(version) => RecordWrite::update(&invoice, version),
                None => RecordWrite::insert(&invoice),
            },
        );
        (invoice, writes)
    }
}
