//! Merchants' clients: they repeat what was not answered, send copies at once and other content under a used reference, hang
//! up, race captures, voids and refunds, and try to touch what is not theirs. Each remembers what it was told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use florin_engine::{Owner, Reply, StartError, SubmitError};
use florin_kernel::payment::{
    Attempt, CaptureMode, Circumstances, Command, Operation, OperationKind, Payment, Portion, State,
};
use florin_kernel::routing::ProviderId;
use florin_kernel::{Money, PaymentId};
use florin_store::Answer;

use super::chance::Chance;
use super::stage::{Stage, describe, say};
use super::weather::Trouble;

mod request;

/// What a merchant wants paid, under a reference of its own.
#[derive(Clone)]
pub struct Order {
    pub owner: Owner,
    pub reference: String,
    pub idempotency_key: Option<String>,
    pub amount: Money,
    pub capture: CaptureMode,
    pub retry: Tries,
    pub route: ProviderId,
    pub has_webhook: bool,
}

/// How often the payer may try.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tries {
    Once,
    Twice,
}

/// One merchant's client for one order.
pub struct Client {
    stage: Arc<Stage>,
    chance: Chance,
    order: Order,
    /// By content: what was answered, and for which payment.
    told: Mutex<BTreeMap<i64, (Answer, PaymentId)>>,
    /// Contents that were ever sent.
    sent: Mutex<Vec<i64>>,
}

/// What came of a request.
enum Heard {
    Told(PaymentId),
    /// Refused for good.
    Refused,
    /// No answer, or one that says to come again.
    Nothing,
}

impl Client {
    /// A client with an order.
    pub fn new(stage: Arc<Stage>, order: Order) -> Client {
        let chance = Chance::of(stage.seed, &order.reference);
        Client { stage, chance, order, told: Mutex::default(), sent: Mutex::default() }
    }

    /// The order's whole story, up to where it is calm.
    pub async fn live(self: Arc<Self>, stranger: Owner) {
        tokio::time::sleep(self.chance.seconds(0..=90)).await;
        let copies = if self.chance.percent(30) { self.chance.between(2..=4) } else { 1 };
        let mut asking = Vec::new();
        for copy in 0..copies {
            let other = copy > 0 && self.chance.percent(25);
            let amount = if other { self.other_amount() } else { self.order.amount };
            asking.push(tokio::spawn(self.clone().insist(amount)));
        }
        let mut found = None;
        for asked in asking {
            found = asked.await.ok().flatten().or(found);
        }
        if self.chance.percent(15) {
            self.ask(self.other_amount()).await;
        }
        let Some(id) = found else { return };
        self.trespass(stranger, id).await;
        for _ in 0..self.chance.between(0..=8) {
            tokio::time::sleep(self.chance.seconds(0..=30)).await;
            self.go_on(id).await;
        }
    }

    /// When all is calm, the order is repeated once more: it is answered now, and as it was before.
    pub async fn repeat(self: Arc<Self>) {
        for amount in [self.order.amount, self.other_amount()] {
            let was_sent = self.sent.lock().expect("no holder of the lock panics").contains(&amount.minor());
            if amount != self.order.amount && !was_sent {
                continue;
            }
            if matches!(self.ask(amount).await, Heard::Nothing) {
                self.stage.fault(format!("{} was not answered although all was calm", self.order.reference));
            }
        }
    }

    /// The payments this client was told of.
    pub fn payments(&self) -> Vec<PaymentId> {
        self.told.lock().expect("no holder of the lock panics").values().map(|(_, id)| *id).collect()
    }

    /// The order.
    pub fn order(&self) -> &Order {
        &self.order
    }

    fn other_amount(&self) -> Money {
        Money::new(self.order.amount.minor() + 1, self.order.amount.asset())
    }

    /// Asks until there is an answer, or patience ends.
    async fn insist(self: Arc<Self>, amount: Money) -> Option<PaymentId> {
        for _ in 0..8 {
            match self.ask(amount).await {
                Heard::Told(id) => return Some(id),
                Heard::Refused => return None,
                Heard::Nothing => tokio::time::sleep(self.chance.seconds(1..=15)).await,
            }
        }
        None
    }

    async fn ask(&self, amount: Money) -> Heard {
        let Some(gateway) = self.stage.gateway() else { return Heard::Nothing };
        let hangs_up = self.stage.weather.strikes(&self.chance, Trouble::MerchantHangsUp);
        let patience = if hangs_up { self.chance.ms(0..=20_000) } else { Duration::from_secs(600) };
        self.sent.lock().expect("no holder of the lock panics").push(amount.minor());
        let Some(new) = self.request(&gateway.engine, amount) else { return Heard::Refused };
        say!(self.stage, "merchant: asks {} {amount}", self.order.reference);
        match tokio::time::timeout(patience, gateway.hear(gateway.engine.start(new))).await {
            Err(_) => Heard::Nothing,
            Ok(None) => Heard::Nothing,
            Ok(Some(answer)) => self.hear(amount, answer),
        }
    }

    fn hear(&self, amount: Money, answer: Result<Reply, StartError>) -> Heard {
        let reference = &self.order.reference;
        match answer {
            Ok(reply) => {
                say!(self.stage, "merchant: {reference} {amount} is told {:?} {}", reply.replayed, reply.answer.body);
                if reply.replayed {
                    self.stage.met("answer given again");
                }
                self.remember(amount, &reply);
                Heard::Told(reply.payment)
            }
            Err(StartError::Taken(kind)) => {
                say!(self.stage, "merchant: {reference} {amount} is told that its {kind:?} is taken");
                self.stage.met("reference refused");
                let sent = self.sent.lock().expect("no holder of the lock panics").clone();
                let told = self.told.lock().expect("no holder of the lock panics").contains_key(&amount.minor());
                if told || sent.iter().all(|other| *other == amount.minor()) {
                    self.stage.fault(format!("{reference} was refused as used by another, which it was not"));
                }
                Heard::Refused
            }
            Err(
                refusal @ (StartError::Refused(_)
                | StartError::PayoutRefused(_)
                | StartError::NoRoute(_)
                | StartError::Order(_)
                | StartError::BalanceInsufficient),
            ) => {
                say!(self.stage, "merchant: {reference} is refused: {refusal}");
                Heard::Refused
            }
            Err(error @ (StartError::Store(_) | StartError::Draining)) => {
                say!(self.stage, "merchant: {reference} is told {error}");
                Heard::Nothing
            }
        }
    }

    /// What was told once is told again, is true, and is told of one content only.
    fn remember(&self, amount: Money, reply: &Reply) {
        let reference = &self.order.reference;
        if !self.stage.witness.has_seen(reply.payment, &reply.answer.body) {
            self.stage.fault(format!("{reference} was told what never was on disk: {}", reply.answer.body));
        }
        let mut told = self.told.lock().expect("no holder of the lock panics");
        let first = told.entry(amount.minor()).or_insert_with(|| (reply.answer.clone(), reply.payment)).clone();
        let contents = told.len();
        drop(told);
        if first != (reply.answer.clone(), reply.payment) {
            let (first, now) = (first.0.body, &reply.answer.body);
            self.stage.fault(format!("{reference} was told \"{first}\" first and then \"{now}\""));
        }
        if contents > 1 {
            self.stage.fault(format!("{reference} was accepted with two contents"));
        }
    }

    /// Another merchant, or the same in the other mode, finds nothing and moves nothing.
    async fn trespass(&self, stranger: Owner, id: PaymentId) {
        let Some(gateway) = self.stage.gateway() else { return };
        let touched = async {
            let seen = matches!(gateway.engine.find(stranger, id).await, Ok(Some(_)));
            let refund = Command::refund(Money::new(1, self.order.amount.asset()));
            seen || !matches!(
                gateway.engine.submit(stranger, id, refund).await,
                Err(SubmitError::NotFound | SubmitError::Store(_) | SubmitError::Draining)
            )
        };
        if gateway.hear(touched).await == Some(true) {
            self.stage.fault(format!("{id} could be touched by another merchant"));
        }
    }

    /// Looks at the payment and does something with its money, one thing or two at once.
    async fn go_on(self: &Arc<Self>, id: PaymentId) {
        let Some(gateway) = self.stage.gateway() else { return };
        let Some(Ok(Some(payment))) = gateway.hear(gateway.engine.find(self.order.owner, id)).await else { return };
        let commands: Vec<Command> = (0..self.chance.between(1..=2)).filter_map(|_| self.wish(&payment)).collect();
        let mut under_way = Vec::new();
        for command in commands {
            under_way.push(tokio::spawn(self.clone().order_done(id, command)));
        }
        for done in under_way {
            _ = done.await;
        }
    }

    async fn order_done(self: Arc<Self>, id: PaymentId, command: Command) {
        let Some(gateway) = self.stage.gateway() else { return };
        say!(self.stage, "merchant: wants {command:?} of {id}");
        match gateway.hear(gateway.engine.submit(self.order.owner, id, command)).await {
            Some(Ok(payment)) => {
                let told = describe(&payment);
                say!(self.stage, "merchant: is told {told}");
                if !self.stage.witness.has_seen(id, &told) {
                    self.stage.fault(format!("{id}: a command was answered with what never was on disk: {told}"));
                }
            }
            Some(Err(error)) => say!(self.stage, "merchant: is told {error}"),
            None => say!(self.stage, "merchant: hears nothing"),
        }
    }

    /// What the merchant wants of a payment as it stands: often right, sometimes too much.
    fn wish(&self, payment: &Payment) -> Option<Command> {
        let part = |whole: Money| {
            let most = (whole.minor() + whole.minor() / 4).max(1) as u64;
            Money::new(self.chance.between(1..=most) as i64, whole.asset())
        };
        match &payment.state {
            State::Created => match (payment.last_attempt(), self.chance.percent(70)) {
                (Some(attempt), true) => {
                    let (route, means) = (attempt.route.clone(), attempt.means.clone());
                    Some(Command::Attempt(Attempt {
                        route,
                        means: means?,
                        circumstances: Circumstances::default(),
                        amount: None,
                    }))
                }
                _ => Some(Command::Cancel),
            },
            State::Funded(funds) if !funds.held.is_zero() && self.chance.percent(75) => {
                match self.chance.between(0..=9) {
                    0..=1 => Some(Command::Void),
                    2 => Some(Command::Reverse),
                    3..=4 => Some(Command::Capture(funds.held)),
                    5 => Some(Command::CaptureFinal(part(funds.held))),
                    _ => Some(Command::Capture(part(funds.held))),
                }
            }
            State::Funded(funds) => match self.chance.between(0..=9) {
                0..=2 => Some(Command::refund(part(payment.asked))),
                3 => Some(Command::refund(funds.captured)),
                4..=5 => {
                    let takes = |op: &&Operation| matches!(op.kind, OperationKind::Sale | OperationKind::Capture);
                    let on = payment.operations.iter().rev().find(takes).map(|taking| taking.seq);
                    let exactly = Portion::Exactly(part(payment.asked));
                    Some(Command::Refund { amount: self.chance.pick(&[Portion::AllLeft, exactly]), on })
                }
                _ => None,
            },
            State::PendingPayer { .. } | State::Pending { .. } | State::Unknown { .. } => {
                self.chance.percent(20).then_some(Command::Cancel)
            }
            State::Ended(_) => self.chance.percent(20).then_some(Command::refund(payment.asked)),
        }
    }
}
