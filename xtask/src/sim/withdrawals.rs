//! Withdrawals: payers who confirm, merchants who approve and reject at once, and what everybody has seen of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use florin_engine::{
    ClaimRequest, NewWithdrawal, Obeyed, Owner, PayoutChoice, StartError, SubmitError, WithdrawalRequest,
};
use florin_kernel::payment::{Details, Dialect};
use florin_kernel::ports::{Lane, Payee};
use florin_kernel::routing::ProviderId;
use florin_kernel::secret::Secret;
use florin_kernel::withdrawal::{Approver, Command, Funding, State, Withdrawal, Word};
use florin_kernel::{Money, PaymentId};
use florin_store::Answer;
use jiff::SignedDuration;

use super::chance::Chance;
use super::stage::{Stage, say};

/// What a payer wants out.
#[derive(Clone)]
pub struct Wish {
    pub owner: Owner,
    pub reference: String,
    pub amount: Money,
    pub provider: ProviderId,
}

/// One payer with a wish, and the people who decide about it.
pub struct Payer {
    stage: Arc<Stage>,
    chance: Chance,
    wish: Wish,
}

impl Payer {
    /// A payer with a wish.
    pub fn new(stage: Arc<Stage>, wish: Wish) -> Payer {
        let chance = Chance::of(stage.seed, &wish.reference);
        Payer { stage, chance, wish }
    }

    /// From the token to the approvals; who is not answered tries again.
    pub async fn live(self: Arc<Self>) {
        tokio::time::sleep(self.chance.seconds(20..=120)).await;
        let Some(id) = self.open().await else { return };
        if self.chance.percent(10) {
            return self.decide(id, Command::Reject { by: Approver::Api, reason: String::new() }).await;
        }
        let copies = self.chance.between(1..=3);
        let confirming: Vec<_> = (0..copies).map(|_| tokio::spawn(self.clone().confirm(id))).collect();
        for confirmed in confirming {
            _ = confirmed.await;
        }
        tokio::time::sleep(self.chance.seconds(0..=20)).await;
        let mut deciding = Vec::new();
        for _ in 0..self.chance.between(0..=4) {
            deciding.push(tokio::spawn(self.clone().say_something(id)));
        }
        for decided in deciding {
            _ = decided.await;
        }
    }

    async fn open(&self) -> Option<PaymentId> {
        for _ in 0..8 {
            if let Some(gateway) = self.stage.gateway() {
                let new = self.request(&gateway.engine);
                match gateway.hear(gateway.engine.open_withdrawal(new)).await {
                    Some(Ok(reply)) => return Some(reply.payment),
                    Some(Err(StartError::Store(_) | StartError::Draining)) | None => {}
                    Some(Err(
                        refused @ (StartError::Taken(_)
                        | StartError::Refused(_)
                        | StartError::PayoutRefused(_)
                        | StartError::NoRoute(_)
                        | StartError::Order(_)
                        | StartError::BalanceInsufficient),
                    )) => {
                        self.stage.fault(format!("{} was refused: {refused}", self.wish.reference));
                        return None;
                    }
                }
            }
            tokio::time::sleep(self.chance.seconds(1..=15)).await;
        }
        None
    }

    fn request(&self, engine: &florin_engine::Engine) -> NewWithdrawal {
        let Wish { owner, reference, amount, .. } = &self.wish;
        let now = engine.now(Lane::of(owner.merchant, owner.mode));
        let withdrawal = Withdrawal {
            id: engine.new_payment_id(),
            merchant: owner.merchant,
            mode: owner.mode,
            dialect: Dialect::Cashier,
            created_at: now,
            asked: *amount,
            funding: Funding::Balance,
            state: State::Created { until: now + SignedDuration::from_mins(30) },
            plan: None,
            approvals: Vec::new(),
            payout: None,
            returns: Vec::new(),
            announced: None,
            details: Details { reference: reference.clone(), ..Details::default() },
        };
        NewWithdrawal {
            withdrawal: Box::new(withdrawal),
            claims: vec![ClaimRequest::reference(reference)],
            digest: engine.digest(&[reference.as_bytes()]),
            render: Arc::new(|_| Answer { status: 200, body: "{}".to_owned() }),
        }
    }

    async fn confirm(self: Arc<Self>, id: PaymentId) {
        for _ in 0..6 {
            if let Some(gateway) = self.stage.gateway() {
                let payee = Payee { holder: "Jane Roe".to_owned(), number: Secret::new("4111111111111111".to_owned()) };
                let choice = PayoutChoice { provider: self.wish.provider, payee };
                match gateway.hear(gateway.engine.confirm_withdrawal(id, choice)).await {
                    Some(Err(SubmitError::Store(_) | SubmitError::Draining)) | None => {}
                    Some(Err(SubmitError::BalanceInsufficient)) => return self.stage.met("withdrawal not covered"),
                    Some(Err(error)) => return say!(self.stage, "payer: {id} is told {error}"),
                    Some(Ok(confirmed)) => {
                        return say!(self.stage, "payer: {id} is {}", confirmed.word().text());
                    }
                }
            }
            tokio::time::sleep(self.chance.seconds(1..=20)).await;
        }
    }

    /// One of those who decide says something, often twice.
    async fn say_something(self: Arc<Self>, id: PaymentId) {
        let by = self.chance.pick(&[Approver::Api, Approver::Api, Approver::User(1), Approver::User(2)]);
        let command = match self.chance.percent(80) {
            true => Command::Approve(by),
            false => Command::Reject { by, reason: "no".to_owned() },
        };
        for _ in 0..self.chance.between(1..=2) {
            self.decide(id, command.clone()).await;
        }
    }

    async fn decide(&self, id: PaymentId, command: Command) {
        let Some(gateway) = self.stage.gateway() else { return };
        match gateway
            .hear(gateway.engine.submit_withdrawal(
                self.wish.owner,
                id,
                WithdrawalRequest::plain(Dialect::Cashier, command.clone()),
            ))
            .await
        {
            Some(Ok(Obeyed::Now(withdrawal))) => {
                say!(self.stage, "approver: {command:?} of {id}: {}", withdrawal.word().text());
                if !self.stage.withdrawals.has_seen(&withdrawal) {
                    self.stage.fault(format!("{id}: an approval was answered with what never was on disk"));
                }
            }
            Some(Ok(Obeyed::Before)) => {
                self.stage.fault(format!("{id}: an approval without a key was taken for a copy"))
            }
            Some(Err(error)) => say!(self.stage, "approver: {command:?} of {id}: {error}"),
            None => say!(self.stage, "approver: hears nothing of {id}"),
        }
    }
}

/// Every version of every withdrawal that was ever committed.
#[derive(Default)]
pub struct Withdrawals(Mutex<BTreeMap<PaymentId, Vec<Withdrawal>>>);

impl Withdrawals {
    /// Another version is on disk; tells what must not be.
    pub fn see(&self, withdrawal: Withdrawal) -> Vec<String> {
        let mut seen = self.0.lock().expect("no holder of the lock panics");
        let versions = seen.entry(withdrawal.id).or_default();
        let faults = versions.last().map(|before| forward(before, &withdrawal)).unwrap_or_default();
        versions.push(withdrawal);
        faults
    }

    /// Whether this version was ever on disk.
    pub fn has_seen(&self, withdrawal: &Withdrawal) -> bool {
        let seen = self.0.lock().expect("no holder of the lock panics");
        seen.get(&withdrawal.id).is_some_and(|versions| versions.contains(withdrawal))
    }

    /// The latest version of one.
    pub fn latest(&self, id: PaymentId) -> Option<Withdrawal> {
        self.0.lock().expect("no holder of the lock panics").get(&id)?.last().cloned()
    }

    /// The latest version of every one.
    pub fn all(&self) -> Vec<Withdrawal> {
        let seen = self.0.lock().expect("no holder of the lock panics");
        seen.values().filter_map(|versions| versions.last().cloned()).collect()
    }
}

/// Whether nothing went back: what was asked and planned, the one payout, and an end.
fn forward(before: &Withdrawal, after: &Withdrawal) -> Vec<String> {
    let id = before.id;
    let mut faults = Vec::new();
    let asked = |withdrawal: &Withdrawal| (withdrawal.merchant, withdrawal.mode, withdrawal.asked);
    if asked(before) != asked(after) {
        faults.push(format!("{id} became another's or of another amount"));
    }
    let payout = |withdrawal: &Withdrawal| {
        withdrawal.payout.as_ref().map(|payout| (payout.moved, payout.route.clone(), payout.started_at))
    };
    if before.payout.is_some() && payout(before) != payout(after) {
        faults.push(format!("{id} has another payout than before"));
    }
    let ended = matches!(before.state, State::Ended(_));
    let paid = matches!(before.state, State::Paid | State::Returned { .. });
    if (ended && before.state != after.state) || (paid && !matches!(after.word(), Word::Paid | Word::Returned)) {
        faults.push(format!("{id} was {} and is {}", before.word().text(), after.word().text()));
    }
    faults
}
