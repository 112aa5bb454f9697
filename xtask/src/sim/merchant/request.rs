//! An order as the engine takes it: what a dialect would make of the merchant's bytes.

use std::sync::Arc;

use florin_engine::vault::OnFile;
use florin_engine::{ClaimRequest, Engine, Needs, NewPayment};
use florin_kernel::Money;
use florin_kernel::payment::{AmountChoice, Circumstances, Details, Dialect, Links, Payment, Retry, State, Times};
use florin_kernel::ports::Lane;
use florin_kernel::routing::{CardFacts, Choice, Facts, Method, RuleOperation};
use florin_store::Answer;
use jiff::SignedDuration;

use super::super::stage::describe;
use super::super::world::{WEBHOOK, credential_of};
use super::{Client, Tries};

impl Client {
    /// The request for an amount; `None` when nobody takes it.
    pub(super) fn request(&self, engine: &Engine, amount: Money) -> Option<NewPayment> {
        let order = &self.order;
        let (merchant, mode) = (order.owner.merchant, order.owner.mode);
        let now = engine.now(Lane::of(merchant, mode));
        let payment = Payment {
            id: engine.new_payment_id(),
            merchant,
            mode,
            dialect: Dialect::Cashier,
            created_at: now,
            asked: amount,
            capture: order.capture,
            retry: match order.retry {
                Tries::Once => Retry::Never,
                Tries::Twice => Retry::Session {
                    attempts_max: 2,
                    until: now + SignedDuration::from_mins(30),
                    amount: AmountChoice::Fixed,
                },
            },
            times: Times::default(),
            state: State::Created,
            operations: Vec::new(),
            chargebacks: Vec::new(),
            announced: None,
            details: self.details(),
        };
        let facts = Facts {
            payment: payment.id,
            attempt: 0,
            merchant,
            mode,
            operation: RuleOperation::Deposit,
            method: Method::Card,
            card: CardFacts::Unseen,
            amount,
            country: "",
            kyc_status: "",
            tags: &[],
        };
        let candidate = engine.route(&facts, Choice::Named(order.route), Needs::Page).ok()?;
        let digest = engine.digest(&[order.reference.as_bytes(), &amount.minor().to_be_bytes()]);
        let render = Arc::new(|payment: &Payment| Answer { status: 200, body: describe(payment) });
        let (claims, method) = (self.claims(), Method::Card);
        Some(NewPayment {
            payment: Box::new(payment),
            claims,
            digest,
            candidate,
            method,
            brand: String::new(),
            circumstances: Circumstances::default(),
            card: None,
            on_file: OnFile::Not,
            render,
        })
    }

    fn claims(&self) -> Vec<ClaimRequest> {
        let key = self.order.idempotency_key.clone();
        let mut claims = vec![ClaimRequest::reference(&self.order.reference)];
        claims.extend(key.map(ClaimRequest::idempotency_key));
        claims
    }

    fn details(&self) -> Details {
        let webhook = if self.order.has_webhook { WEBHOOK.to_owned() } else { String::new() };
        Details {
            credential: Some(credential_of(self.order.owner)),
            reference: self.order.reference.clone(),
            links: Links { webhook, ..Links::default() },
            ..Details::default()
        }
    }
}
