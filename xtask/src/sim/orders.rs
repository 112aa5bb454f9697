//! Invoices with payers who try at once, and plans on stored cards that the gateway charges by itself.

use std::sync::Arc;

use florin_engine::invoices::{InvoiceOrder, NewInvoice, invoice_reference};
use florin_engine::plans::{NewPlan, PlanError};
use florin_engine::vault::{CardRefusal, NewRegistration, OnFile};
use florin_engine::{ClaimRequest, Engine, Needs, NewPayment, Owner, StartError};
use florin_kernel::card::{Card, Expiry, Pan};
use florin_kernel::invoice::Origin;
use florin_kernel::payment::{CaptureMode, Circumstances, Details, Dialect, Payment, Retry, State, Times};
use florin_kernel::plan::{Command, Schedule, Unit};
use florin_kernel::ports::Lane;
use florin_kernel::record::OrderedBy;
use florin_kernel::routing::{CardFacts, Choice, Facts, Method, ProviderId, RuleOperation};
use florin_kernel::{InvoiceId, Money, PlanId, RegistrationId};
use florin_store::Answer;

use super::chance::Chance;
use super::life::Gateway;
use super::stage::{Stage, describe, say};
use super::world::credential_of;

/// What a merchant asks of a customer, once or again and again.
#[derive(Clone)]
pub struct Ask {
    pub owner: Owner,
    pub reference: String,
    pub amount: Money,
    pub route: ProviderId,
    pub kind: Kind,
}

/// How.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// By an invoice that so many people want to pay.
    Invoice { payers: u64 },
    /// By a plan of so many days.
    Plan { charges: u32 },
}

/// One merchant's ask, and everybody around it.
pub struct Asker {
    stage: Arc<Stage>,
    chance: Chance,
    ask: Ask,
}

const PATIENCE: u32 = 12;

impl Asker {
    pub fn new(stage: Arc<Stage>, ask: Ask) -> Asker {
        let chance = Chance::of(stage.seed, &ask.reference);
        Asker { stage, chance, ask }
    }

    /// The ask's whole story, up to where it is calm.
    pub async fn live(self: Arc<Self>) {
        tokio::time::sleep(self.chance.seconds(0..=60)).await;
        match self.ask.kind {
            Kind::Invoice { payers } => {
                let Some(id) = self.insist(|gateway| self.clone().invoice(gateway)).await else { return };
                let paying: Vec<_> = (0..payers).map(|_| tokio::spawn(self.clone().pay(id))).collect();
                for paid in paying {
                    _ = paid.await;
                }
            }
            Kind::Plan { charges } => {
                let Some(card) = self.insist(|gateway| self.clone().card(gateway)).await else { return };
                let Some(id) = self.insist(|gateway| self.clone().plan(gateway, card, charges)).await else { return };
                if self.chance.percent(20) {
                    tokio::time::sleep(self.chance.seconds(0..=60)).await;
                    self.pause_and_resume(id).await;
                }
            }
        }
    }

    /// Asks until there is an answer, or patience ends: an answer that was lost is asked for again.
    async fn insist<T, F>(&self, ask: impl Fn(Gateway) -> F) -> Option<T>
    where
        F: Future<Output = Option<T>>,
    {
        for _ in 0..PATIENCE {
            if let Some(gateway) = self.stage.gateway()
                && let Some(told) = ask(gateway).await
            {
                return Some(told);
            }
            tokio::time::sleep(self.chance.seconds(1..=15)).await;
        }
        None
    }

    async fn invoice(self: Arc<Self>, gateway: Gateway) -> Option<InvoiceId> {
        let Ask { owner, reference, amount, .. } = &self.ask;
        let order = InvoiceOrder {
            owner: *owner,
            dialect: Dialect::Cashier,
            origin: Origin::Invoice,
            asked: *amount,
            description: String::new(),
            raised_by: String::new(),
            hours: Some(1),
            details: Details { reference: reference.clone(), ..Details::default() },
        };
        let new = NewInvoice {
            invoice: gateway.engine.draft_invoice(order),
            claims: vec![invoice_reference(Origin::Invoice, reference)],
            digest: [0; 16],
            render: Arc::new(|invoice, _| Answer { status: 200, body: invoice.id.to_string() }),
        };
        match gateway.hear(gateway.engine.make_invoice(new)).await? {
            Ok(reply) => Some(InvoiceId::from_number(reply.payment.number())),
            Err(StartError::Store(_) | StartError::Draining) => None,
            Err(refusal) => {
                self.stage.fault(format!("{reference} was refused: {refusal}"));
                None
            }
        }
    }

    /// A payer who tries until it is paid, or somebody else is at it for long.
    async fn pay(self: Arc<Self>, id: InvoiceId) {
        for _ in 0..self.chance.between(1..=4) {
            tokio::time::sleep(self.chance.seconds(0..=20)).await;
            let Some(gateway) = self.stage.gateway() else { continue };
            let Some(new) = self.a_try(&gateway.engine, id) else { return };
            match gateway.hear(gateway.engine.start(new)).await {
                Some(Ok(reply)) => say!(self.stage, "payer: {} is told {}", self.ask.reference, reply.answer.body),
                Some(Err(refusal)) => {
                    say!(self.stage, "payer: {} is refused: {refusal}", self.ask.reference);
                    if matches!(refusal, StartError::Order(_)) {
                        self.stage.met("invoice: a try refused");
                    }
                }
                None => {}
            }
        }
    }

    fn a_try(&self, engine: &Engine, id: InvoiceId) -> Option<NewPayment> {
        let Ask { owner, reference, amount, route, .. } = &self.ask;
        let payment = Payment {
            id: engine.new_payment_id(),
            merchant: owner.merchant,
            mode: owner.mode,
            dialect: Dialect::Cashier,
            created_at: engine.now(Lane::of(owner.merchant, owner.mode)),
            asked: *amount,
            capture: CaptureMode::Now,
            retry: Retry::Never,
            times: Times::default(),
            state: State::Created,
            operations: Vec::new(),
            chargebacks: Vec::new(),
            announced: None,
            details: Details {
                credential: Some(credential_of(*owner)),
                reference: reference.clone(),
                ordered_by: Some(OrderedBy::Invoice(id)),
                ..Details::default()
            },
        };
        let facts = Facts {
            payment: payment.id,
            attempt: 0,
            merchant: owner.merchant,
            mode: owner.mode,
            operation: RuleOperation::Deposit,
            method: Method::Card,
            card: CardFacts::Unseen,
            amount: *amount,
            country: "",
            kyc_status: "",
            tags: &[],
        };
        let candidate = engine.route(&facts, Choice::Named(*route), Needs::Page).ok()?;
        Some(NewPayment {
            payment: Box::new(payment),
            claims: Vec::new(),
            digest: [0; 16],
            candidate,
            method: Method::Card,
            brand: String::new(),
            circumstances: Circumstances::default(),
            card: None,
            on_file: OnFile::Not,
            render: Arc::new(|payment: &Payment| Answer { status: 200, body: describe(payment) }),
        })
    }

    async fn card(self: Arc<Self>, gateway: Gateway) -> Option<RegistrationId> {
        let pan = Pan::parse("4111111111111111").expect("a card number");
        let expiry = Expiry { month: 5, year: 2034 };
        let new = NewRegistration {
            owner: self.ask.owner,
            dialect: Dialect::Cashier,
            customer: None,
            card: Card { holder: "Jane Jones".to_owned(), pan, cvc: None, expiry, cryptogram: None },
            claims: vec![ClaimRequest::reference(&self.ask.reference)],
            digest: [0; 16],
            announce: None,
            render: Arc::new(|_| Answer { status: 200, body: String::new() }),
        };
        match gateway.hear(gateway.engine.register(new)).await? {
            Ok(reply) => Some(RegistrationId::from_number(reply.payment.number())),
            Err(_) => None,
        }
    }

    async fn plan(self: Arc<Self>, gateway: Gateway, card: RegistrationId, charges: u32) -> Option<PlanId> {
        let Ask { owner, reference, amount, .. } = &self.ask;
        let first_at = gateway.engine.now(Lane::of(owner.merchant, owner.mode)) + self.chance.seconds(5..=40);
        let new = NewPlan {
            owner: *owner,
            registration: card,
            asked: *amount,
            schedule: Schedule { unit: Unit::Day, every: 1, first_at },
            charges_max: Some(charges),
            reference: String::new(),
            webhook: None,
            key: Some((reference.clone(), [0; 16])),
        };
        match gateway.hear(gateway.engine.make_plan(new)).await? {
            Ok(plan) => {
                say!(self.stage, "merchant: {reference} is {}", plan.id);
                Some(plan.id)
            }
            Err(PlanError::Store(_) | PlanError::InThePast | PlanError::Card(CardRefusal::Store(_))) => None,
            Err(refusal) => {
                self.stage.fault(format!("{reference} was refused: {refusal}"));
                None
            }
        }
    }

    async fn pause_and_resume(&self, id: PlanId) {
        for command in [Command::Pause, Command::Resume] {
            for _ in 0..PATIENCE {
                let Some(gateway) = self.stage.gateway() else { continue };
                let owner = self.ask.owner;
                match gateway.hear(gateway.engine.change_plan(owner, id, command.clone())).await {
                    Some(Ok(plan)) => {
                        say!(self.stage, "merchant: {id} is {}", plan.word().text());
                        break;
                    }
                    Some(Err(_)) | None => tokio::time::sleep(self.chance.seconds(1..=15)).await,
                }
            }
        }
    }
}
