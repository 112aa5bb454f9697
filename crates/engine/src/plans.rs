//! Recurring plans: made, found, listed, changed, and charged when a period is due. What the end of a charge does to its plan is
//! in `orders`.
//!
//! A period is charged once: the payment takes the period's reference in its own commit, in which the plan says that it waits for
//! this payment and no other. Both hold in every process and after every restart.

use std::sync::Arc;

use async_recursion::async_recursion as boxed;
use florin_kernel::payment::{
    CaptureMode, Circumstances, Details, Dialect, Links, Payment, Presence, Retry, State, Times,
};
use florin_kernel::plan::{self, Command, Plan, Schedule, Word};
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;
use florin_kernel::record::OrderedBy;
use florin_kernel::routing::{CardFacts, Choice, Facts, Method, RuleOperation};
use florin_kernel::{Money, PaymentId, PlanId, RecordKind, RegistrationId, Timestamp};
use florin_store::{Answer, Changeset, RecordQuery, RecordWrite, StoreError, Verdict};
use jiff::SignedDuration;
use tokio::task::JoinHandle;

use crate::claims::{Before, ClaimKind, ClaimRequest, Claimant, Reuse};
use crate::owner::Owner;
use crate::replay::Render;
use crate::resting::caught;
use crate::start::{DRAWS_MAX, NewPayment, StartError};
use crate::vault::{CardRefusal, Chargeable, OnFile};
use crate::{Engine, Needs};

/// A plan to make.
#[derive(Clone, Debug)]
pub struct NewPlan {
    /// Whose it will be.
    pub owner: Owner,
    /// The stored card, of this owner.
    pub registration: RegistrationId,
    /// How much a period.
    pub asked: Money,
    /// When.
    pub schedule: Schedule,
    /// Charges in all; `None`: until it is cancelled.
    pub charges_max: Option<u32>,
    /// What the charges are called in lists and webhooks; empty: by the plan's id.
    pub reference: String,
    /// Where their events are posted; `None`: where those of the card's first payment were.
    pub webhook: Option<String>,
    /// An `Idempotency-Key`, with a digest of the request's content.
    pub key: Option<(String, [u8; 16])>,
}

/// Why a plan was not made or changed. Nothing is written then.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PlanError {
    /// There is none, or it is another's.
    #[error("no such plan")]
    NotFound,
    /// The stored card cannot be charged.
    #[error(transparent)]
    Card(#[from] CardRefusal),
    /// It does not fit where the plan stands.
    #[error(transparent)]
    Refused(#[from] plan::Refusal),
    /// The first charge would be in the past.
    #[error("the first charge is in the past")]
    InThePast,
    /// The key was used for another request.
    #[error("the {0:?} was used for another request")]
    Taken(ClaimKind),
    /// No credential of the merchant speaks for the card's dialect.
    #[error("the merchant has no credential in the stored card's dialect")]
    NoCredential,
    /// The store cannot take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who says "now" means a moment ago, by the time the request is here.
const NOW: SignedDuration = SignedDuration::from_secs(60);
/// The space of the references of periods, apart from all that merchants write.
const PERIODS: &str = "plan";

impl Engine {
    /// Makes a plan on a stored card of the owner; its first charge begins when it is due. A copy of an earlier request with the
    /// same key gets that one's plan, as it is now.
    ///
    /// # Errors
    /// [`PlanError`]; nothing is written then.
    #[boxed]
    pub async fn make_plan(&self, new: NewPlan) -> Result<Plan, PlanError> {
        let owner = new.owner;
        let stored = self.store.registration(new.registration).await?.map(|stored| stored.registration);
        let dialect = stored.map(|registration| registration.dialect).ok_or(CardRefusal::NotFound)?;
        let now = self.now(Lane::of(owner.merchant, owner.mode));
        let (claims, digest) = match &new.key {
            Some((text, digest)) => (vec![ClaimRequest::idempotency_key(text).within(PERIODS)], *digest),
            None => (Vec::new(), [0; 16]),
        };
        let mut taking = self.taking(Claimant { owner, dialect }, &claims, digest);
        if let Some(before) = taking.look().await? {
            return self.plan_made_before(owner, before).await;
        }
        let opened = self.open_card(owner, dialect, new.registration).await?;
        if new.schedule.first_at < now - NOW {
            return Err(PlanError::InThePast);
        }
        let mut plan = self.new_plan(&new, dialect, &opened, now).await?;
        for _ in 0..DRAWS_MAX {
            let records = vec![RecordWrite::insert(&plan)];
            let claims = taking.rows(PaymentId::from_number(plan.id.number()), 0, now);
            match self.write(Changeset { claims, records, ..Changeset::default() }).await? {
                Verdict::Committed => {
                    self.records_due.notify_waiters();
                    return Ok(plan);
                }
                Verdict::Conflict => plan.id = PlanId::from_number(self.ids.record().number()),
                Verdict::Duplicate(claim) => {
                    let Some(before) = taking.refused(claim).await? else { continue };
                    return self.plan_made_before(owner, before).await;
                }
                Verdict::BelowFloor { .. } => unreachable!("a plan sets no floor"),
            }
        }
        Err(PlanError::Store(StoreError::Unavailable("no free id was drawn".into())))
    }

    async fn plan_made_before(&self, owner: Owner, before: Before) -> Result<Plan, PlanError> {
        match before {
            Before::Same(claim, _) => {
                let made = self.plan(owner, PlanId::from_number(claim.payment.number())).await?;
                made.ok_or_else(|| StoreError::Corrupt(format!("{} is claimed but missing", claim.payment)).into())
            }
            Before::Taken(kind) => Err(PlanError::Taken(kind)),
        }
    }

    async fn new_plan(
        &self,
        new: &NewPlan,
        dialect: Dialect,
        opened: &Chargeable,
        now: Timestamp,
    ) -> Result<Plan, PlanError> {
        let first = match opened.stored.registration.first_payment {
            Some(first) => self.find(new.owner, first).await?,
            None => None,
        };
        // What the payer agreed to is told again with every charge; where the browser went is over.
        let mut details = first.map(|first| first.details).unwrap_or_default();
        let webhook = new.webhook.clone().unwrap_or(details.links.webhook);
        details.links = Links { webhook, ..Links::default() };
        (details.hosted, details.ordered_by) = (None, None);
        details.reference.clone_from(&new.reference);
        let directory = self.directory();
        let credential = details.credential.or_else(|| directory.credential_of(new.owner, dialect));
        details.credential = Some(credential.ok_or(PlanError::NoCredential)?);
        Ok(Plan {
            id: PlanId::from_number(self.ids.record().number()),
            merchant: new.owner.merchant,
            mode: new.owner.mode,
            dialect,
            created_at: now,
            registration: new.registration,
            asked: new.asked,
            schedule: new.schedule,
            charges_max: new.charges_max,
            state: plan::State::Active,
            period: 0,
            due_at: new.schedule.due(0),
            declines: 0,
            tries: 0,
            charging: None,
            charged: 0,
            skipped: 0,
            last_payment: None,
            trouble: String::new(),
            details,
        })
    }

    /// A plan of this owner.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn plan(&self, owner: Owner, id: PlanId) -> Result<Option<Plan>, StoreError> {
        Ok(self.find_record::<Plan>(owner, id.record()).await?.map(|(plan, _)| plan))
    }

    /// A page of an owner's plans, the newest first, with how many there are on all pages.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn plans(
        &self,
        owner: Owner,
        word: Option<Word>,
        skip: u32,
        limit: u32,
    ) -> Result<(Vec<Plan>, u64), StoreError> {
        let all = RecordQuery::all(owner.merchant, owner.mode, RecordKind::Plan);
        let query = RecordQuery { word: word.map(Word::text), skip, limit, ..all };
        let total = self.store.count_records(query.clone()).await?;
        let mut page = Vec::new();
        for stored in self.store.records(query).await? {
            page.extend(stored.read::<Plan>()?);
        }
        Ok((page, total))
    }

    /// Pauses, resumes or cancels an owner's plan; the plan as it is then.
    ///
    /// # Errors
    /// [`PlanError`]; nothing is written then.
    #[boxed]
    pub async fn change_plan(&self, owner: Owner, id: PlanId, command: Command) -> Result<Plan, PlanError> {
        loop {
            let (plan, version) = self.find_record::<Plan>(owner, id.record()).await?.ok_or(PlanError::NotFound)?;
            let after = plan::decide(&plan, command.clone(), self.now_of(&plan))?;
            if after == plan || self.write_records(vec![RecordWrite::update(&after, version)]).await? {
                return Ok(after);
            }
        }
    }

    /// Charges the period that is due, in a task; nothing while this process is at it already.
    pub(crate) fn wake_plan(self: &Arc<Self>, id: PlanId) -> Option<JoinHandle<()>> {
        let work = Reference { payment: PaymentId::from_number(id.number()), sequence: 0 };
        if self.inflight.is_at(work) {
            return None;
        }
        let (engine, busy) = (self.clone(), self.inflight.enter(work));
        Some(self.tasks.spawn(async move {
            match caught(engine.charge_plan(id)).await {
                Ok(Ok(())) => engine.resting_records.done(id.number()),
                Ok(Err(error)) => tracing::error!(plan = %id, %error, "a plan could not be charged; it is tried again"),
                Err(panic) => engine.rest_record(id.record(), &panic),
            }
            drop(busy);
        }))
    }

    async fn charge_plan(self: &Arc<Self>, id: PlanId) -> Result<(), StoreError> {
        let Some((plan, version)) = self.load_record::<Plan>(id.record()).await? else { return Ok(()) };
        let now = self.now_of(&plan);
        if florin_kernel::Record::wake_at(&plan).is_none_or(|due_at| due_at > now) {
            return Ok(());
        }
        let owner = Owner { merchant: plan.merchant, mode: plan.mode };
        let opened = match self.open_card(owner, plan.dialect, plan.registration).await {
            Ok(opened) => opened,
            Err(CardRefusal::Store(error)) => return Err(error),
            Err(refusal @ CardRefusal::Pending) => return self.postpone(&plan, version, refusal.to_string()).await,
            Err(CardRefusal::NotFound | CardRefusal::Declined | CardRefusal::Deleted) => {
                return self.decide_plan(&plan, version, Command::CardGone).await;
            }
        };
        let new = match self.charge(&plan, opened, now) {
            Ok(new) => new,
            Err(trouble) => return self.postpone(&plan, version, trouble).await,
        };
        match self.start(new).await {
            Ok(reply) if !reply.replayed => Ok(()),
            // Not by anything we do; but what is claimed is not charged again.
            Ok(_) | Err(StartError::Taken(_)) => {
                self.postpone(&plan, version, "an earlier charge of the period is not over".to_owned()).await
            }
            // Somebody else charges it, or it was paused this moment.
            Err(StartError::Order(_) | StartError::Draining) => Ok(()),
            Err(StartError::Store(error)) => Err(error),
            Err(
                refusal @ (StartError::Refused(_)
                | StartError::PayoutRefused(_)
                | StartError::NoRoute(_)
                | StartError::BalanceInsufficient),
            ) => self.postpone(&plan, version, refusal.to_string()).await,
        }
    }

    /// The payment of the period that is due; why nobody takes it.
    fn charge(&self, plan: &Plan, opened: Chargeable, now: Timestamp) -> Result<NewPayment, String> {
        let reference = plan.period_reference();
        let claim = ClaimRequest::reference(&reference).within(PERIODS).reused(Reuse::Reopened);
        let name = if plan.details.reference.is_empty() { reference } else { plan.details.reference.clone() };
        let details = Details { reference: name, ordered_by: Some(OrderedBy::Plan(plan.id)), ..plan.details.clone() };
        let payment = Box::new(Payment {
            id: self.new_payment_id(),
            merchant: plan.merchant,
            mode: plan.mode,
            dialect: plan.dialect,
            created_at: now,
            asked: plan.asked,
            capture: CaptureMode::Now,
            retry: Retry::Never,
            times: Times::default(),
            state: State::Created,
            operations: Vec::new(),
            chargebacks: Vec::new(),
            announced: None,
            details,
        });
        let payer = &payment.details.payer;
        let facts = Facts {
            payment: payment.id,
            attempt: 0,
            merchant: plan.merchant,
            mode: plan.mode,
            operation: RuleOperation::Deposit,
            method: Method::Card,
            amount: plan.asked,
            country: &payer.country,
            kyc_status: &payer.kyc_status,
            tags: &payer.tags,
            card: CardFacts::of(&opened.card.pan),
        };
        let candidate = self.route(&facts, Choice::Rules, Needs::TakesCards).map_err(|none| none.to_string())?;
        let network_id = opened.stored.initial.map(|first| first.network_id).unwrap_or_default();
        let render: Render = Arc::new(|payment| Answer { status: 200, body: payment.word().text().to_owned() });
        Ok(NewPayment {
            payment,
            digest: self.digest(&[PERIODS.as_bytes(), claim.text.as_bytes()]),
            claims: vec![claim],
            candidate,
            method: Method::Card,
            brand: String::new(),
            circumstances: Circumstances { presence: Presence::Merchant { network_id }, ..Circumstances::default() },
            card: Some(opened.card),
            on_file: OnFile::Charged(plan.registration),
            render,
        })
    }

    async fn postpone(&self, plan: &Plan, version: i64, trouble: String) -> Result<(), StoreError> {
        tracing::warn!(plan = %plan.id, trouble, "a plan's charge could not begin; it is tried again in an hour");
        self.decide_plan(plan, version, Command::Postpone { trouble }).await
    }

    /// Writes what a worker found; if somebody was quicker, what is left is due again.
    async fn decide_plan(&self, plan: &Plan, version: i64, command: Command) -> Result<(), StoreError> {
        if let Ok(after) = plan::decide(plan, command, self.now_of(plan)) {
            self.write_records(vec![RecordWrite::update(&after, version)]).await?;
        }
        Ok(())
    }
}
