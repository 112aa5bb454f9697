//! Payments with coins: merchants who begin them, accept, cancel and refund, in copies at once; and payers who send too little, too
//! much, too late, twice, or take back what they sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use florin_engine::{ClaimRequest, CoinError, CoinRequest, Engine, NewCoinPayment, Owner, Reply, order_claim};
use florin_kernel::coin::{CoinPayment, Command, Derivation, Price, Repeat, State, Terms, Units};
use florin_kernel::fx::Rate;
use florin_kernel::payment::{Details, Dialect, Links};
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::{AddressStyle, Block};
use florin_kernel::{Coin, Money, PaymentId};
use florin_store::Answer;
use jiff::SignedDuration;

use super::chain::{Chains, NETWORK};
use super::chance::Chance;
use super::stage::{Stage, say};
use super::world::{WEBHOOK, credential_of};
use payer::Payer;
use seen::describe;

mod payer;
pub mod seen;

/// What a merchant wants paid in coins, under a reference of its own.
#[derive(Clone)]
pub struct CoinOrder {
    pub owner: Owner,
    pub reference: String,
    pub idempotency_key: Option<String>,
    /// What further payments of the same order are known by.
    pub order: Option<String>,
    pub invoice: Money,
    pub network_fee: Units,
    pub pay_within_s: i64,
    pub terms: Terms,
    pub has_webhook: bool,
}

/// A till with one order, and who pays it.
pub struct Till {
    stage: Arc<Stage>,
    chance: Chance,
    chains: Arc<Chains>,
    order: CoinOrder,
    told: Mutex<BTreeMap<PaymentId, Answer>>,
}

/// The price of one coin when an order begins.
const MID: &str = "61234.5678";
/// What merchants take off it, in hundredths of a percent.
const SPREAD_BPS: u32 = 100;

impl Till {
    /// A till with an order.
    pub fn new(stage: Arc<Stage>, chains: Arc<Chains>, order: CoinOrder) -> Till {
        let chance = Chance::of(stage.seed, &order.reference);
        Till { stage, chance, chains, order, told: Mutex::default() }
    }

    /// From the address to the last refund, up to where it is calm.
    pub async fn live(self: Arc<Self>, stranger: Owner) {
        tokio::time::sleep(self.chance.seconds(0..=80)).await;
        let copies = if self.chance.percent(30) { self.chance.between(2..=3) } else { 1 };
        let asking: Vec<_> = (0..copies).map(|_| tokio::spawn(self.clone().insist())).collect();
        let mut found = None;
        for asked in asking {
            found = asked.await.ok().flatten().or(found);
        }
        let Some(payment) = found.and_then(|id| self.stage.coins.latest(id)) else { return };
        self.trespass(stranger, &payment).await;
        let payer = Payer::new(self.stage.clone(), self.chains.clone(), self.lane(), &payment, &self.order.reference);
        let paying = tokio::spawn(payer.live());
        for _ in 0..self.chance.between(1..=9) {
            tokio::time::sleep(self.chance.seconds(0..=40)).await;
            self.go_on(payment.id).await;
        }
        _ = paying.await;
    }

    /// When all is calm, the request is repeated once more: it is answered now, and as it was before.
    pub async fn repeat(self: Arc<Self>) {
        if self.clone().insist().await.is_none() {
            self.stage.fault(format!("{} was not answered although all was calm", self.order.reference));
        }
    }

    /// The payments this till was told of.
    pub fn payments(&self) -> Vec<PaymentId> {
        self.told.lock().expect("no holder of the lock panics").keys().copied().collect()
    }

    /// The order.
    pub fn order(&self) -> &CoinOrder {
        &self.order
    }

    fn lane(&self) -> Lane {
        Lane::of(self.order.owner.merchant, self.order.owner.mode)
    }

    /// Asks until there is an answer, or patience ends.
    async fn insist(self: Arc<Self>) -> Option<PaymentId> {
        for _ in 0..8 {
            if let Some(gateway) = self.stage.gateway() {
                match gateway.hear(self.begin(&gateway.engine)).await {
                    Some(Ok(reply)) => return Some(self.hear(reply)),
                    Some(Err(CoinError::Store(_) | CoinError::Draining)) | None => {}
                    // The node does not answer.
                    Some(Err(CoinError::NoRate(_))) => {}
                    Some(Err(
                        refused @ (CoinError::NotFound
                        | CoinError::Refused(_)
                        | CoinError::Taken(_)
                        | CoinError::NotOffered
                        | CoinError::Key(_)),
                    )) => self.stage.fault(format!("{} was refused: {refused}", self.order.reference)),
                }
            }
            tokio::time::sleep(self.chance.seconds(1..=15)).await;
        }
        None
    }

    /// As the dialect begins: where nobody sees what comes, nobody may begin to pay.
    async fn begin(&self, engine: &Arc<Engine>) -> Result<Reply, CoinError> {
        if engine.followed(NETWORK, self.lane()).is_none() {
            let unseen = |_| florin_kernel::ports::chain::NoRate("the chain is not followed".to_owned());
            engine.follow_chain(NETWORK, self.lane()).await.map_err(unseen)?;
        }
        engine.begin_coin_payment(self.request(engine)).await
    }

    fn request(&self, engine: &Engine) -> NewCoinPayment {
        let CoinOrder { owner, reference, idempotency_key, order, invoice, network_fee, .. } = &self.order;
        let now = engine.now(self.lane());
        let mid = Rate::parse(MID).expect("a decimal");
        let webhook = if self.order.has_webhook { WEBHOOK.to_owned() } else { String::new() };
        let payment = CoinPayment {
            id: engine.new_payment_id(),
            merchant: owner.merchant,
            mode: owner.mode,
            dialect: Dialect::Crypto,
            created_at: now,
            public_id: reference.clone(),
            order: order.clone(),
            price: Price::quote(*invoice, Coin::Btc, mid, SPREAD_BPS, *network_fee, 0).expect("it can be counted"),
            network: NETWORK.to_owned(),
            address: String::new(),
            derived: Derivation { account: String::new(), index: 0 },
            terms: self.order.terms.clone(),
            deadline: now + SignedDuration::from_secs(self.order.pay_within_s),
            topped_up: false,
            deadline_over: false,
            state: State::Waiting,
            acceptance: None,
            deposits: Vec::new(),
            refunds: Vec::new(),
            alert: None,
            tip: None,
            final_height: None,
            confirmed_at: None,
            recheck_at: None,
            announced: None,
            details: Details {
                credential: Some(credential_of(*owner)),
                reference: reference.clone(),
                links: Links { webhook, ..Links::default() },
                ..Details::default()
            },
        };
        let mut claims = vec![ClaimRequest::reference(reference)];
        claims.extend(idempotency_key.clone().map(ClaimRequest::idempotency_key));
        claims.extend(order.as_deref().map(order_claim));
        NewCoinPayment {
            payment: Box::new(payment),
            account_key: format!("key{}", owner.merchant.number()),
            style: AddressStyle::Native,
            claims,
            digest: engine.digest(&[reference.as_bytes(), &invoice.minor().to_be_bytes()]),
            render: Arc::new(|payment: &CoinPayment| Answer { status: 200, body: describe(payment) }),
        }
    }

    /// What was told once is told again, and is true.
    fn hear(&self, reply: Reply) -> PaymentId {
        let (reference, id, body) = (&self.order.reference, reply.payment, &reply.answer.body);
        say!(self.stage, "till: {reference} is told {:?} {body}", reply.replayed);
        if reply.replayed {
            self.stage.met("coins: answer given again");
        }
        if !self.stage.coins.has_seen(id, body) {
            self.stage.fault(format!("{reference} was told what never was on disk: {body}"));
        }
        let mut told = self.told.lock().expect("no holder of the lock panics");
        let first = told.entry(id).or_insert_with(|| reply.answer.clone()).clone();
        drop(told);
        if first != reply.answer {
            self.stage.fault(format!("{reference} was told \"{}\" first and then \"{body}\"", first.body));
        }
        id
    }

    /// Another merchant, or the same in the other mode, finds nothing and moves nothing.
    async fn trespass(&self, stranger: Owner, payment: &CoinPayment) {
        let Some(gateway) = self.stage.gateway() else { return };
        let cancel = Command::Cancel { reason: "stranger".to_owned(), comment: String::new() };
        let request = CoinRequest { command: cancel, claims: Vec::new(), digest: [0; 16] };
        let touched = async {
            let seen = matches!(gateway.engine.find_coins(stranger, payment.id).await, Ok(Some(_)));
            seen || !matches!(
                gateway.engine.order_coins(stranger, payment.id, request).await,
                Err(CoinError::NotFound | CoinError::Store(_) | CoinError::Draining)
            )
        };
        if gateway.hear(touched).await == Some(true) {
            self.stage.fault(format!("{} could be touched by another merchant", payment.id));
        }
    }

    /// Looks at the payment as a poll does, and does something with it, once or in copies.
    async fn go_on(self: &Arc<Self>, id: PaymentId) {
        let Some(gateway) = self.stage.gateway() else { return };
        let followed = gateway.hear(gateway.engine.follow_chain(NETWORK, self.lane())).await;
        let Some(Ok(followed)) = followed else { return };
        let Some(Ok(Some(payment))) = gateway.hear(gateway.engine.find_coins(self.order.owner, id)).await else {
            return;
        };
        let rate = gateway.hear(gateway.engine.offered_rate(&payment)).await.flatten();
        let Some(command) = self.wish(&payment, followed.tip, rate) else { return };
        let key = self.chance.percent(50).then(|| format!("{}-{}", self.order.reference, self.chance.between(0..=2)));
        let copies = self.chance.pick(&[1, 1, 2, 3]);
        let under_way: Vec<_> =
            (0..copies).map(|_| tokio::spawn(self.clone().say_it(id, command.clone(), key.clone()))).collect();
        for done in under_way {
            _ = done.await;
        }
    }

    async fn say_it(self: Arc<Self>, id: PaymentId, command: Command, key: Option<String>) {
        let Some(gateway) = self.stage.gateway() else { return };
        let digest = gateway.engine.digest(&[format!("{command:?}").as_bytes()]);
        let claims: Vec<_> = key.into_iter().map(ClaimRequest::idempotency_key).collect();
        // A till that has not heard asks again, as it was; a key makes sure that it is done once.
        for _ in 0..self.chance.between(1..=2) {
            let request = CoinRequest { command: command.clone(), claims: claims.clone(), digest };
            match gateway.hear(gateway.engine.order_coins(self.order.owner, id, request)).await {
                Some(Ok(obeyed)) => {
                    let told = describe(&obeyed.payment);
                    say!(self.stage, "till: {command:?}: {told}");
                    if !self.stage.coins.has_seen(id, &told) {
                        self.stage.fault(format!("{id}: an order was answered with what never was on disk: {told}"));
                    }
                    return;
                }
                Some(Err(error)) => say!(self.stage, "till: {command:?} of {id}: {error}"),
                None => return say!(self.stage, "till: hears nothing of {id}"),
            }
            tokio::time::sleep(Duration::from_millis(self.chance.between(1..=3_000))).await;
        }
    }

    /// What the merchant wants of a payment as it stands: often right, sometimes too much.
    fn wish(&self, payment: &CoinPayment, tip: Block, rate: Option<Rate>) -> Option<Command> {
        let accept = |units| Command::Accept { units, invoice: None, rate };
        let refund = |units| {
            let to = format!("payer of {}", self.order.reference);
            let repeat = if self.chance.percent(30) { Repeat::Another } else { Repeat::Same };
            Command::Refund { to, units, repeat, tip: Some(tip) }
        };
        let opened = payment.opened();
        match &payment.state {
            State::Waiting | State::Processing { .. } => self
                .chance
                .percent(8)
                .then(|| Command::Cancel { reason: "merchant".to_owned(), comment: String::new() }),
            State::Underpaid => {
                let named = self.chance.percent(50).then(|| payment.received());
                self.chance.percent(40).then(|| accept(named))
            }
            State::Confirmed | State::ZeroConfirmed | State::Cancelled(_) if !opened.is_zero() => {
                match self.chance.between(0..=9) {
                    0..=1 => Some(accept(None)),
                    2..=7 => Some(refund(opened)),
                    8 => Some(refund(Units::new(opened.number() / 2))),
                    _ => None,
                }
            }
            State::Confirmed | State::ZeroConfirmed => {
                let most = payment.amount().number() as u64;
                match self.chance.between(0..=9) {
                    0..=3 => Some(refund(Units::new(u128::from(self.chance.between(1_000..=most.max(1_001)))))),
                    4..=5 => Some(refund(payment.refundable())),
                    _ => None,
                }
            }
            State::Blocked | State::Cancelled(_) => None,
        }
    }
}
