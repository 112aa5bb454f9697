//! An acquirer that keeps its own idempotent ledger and does what it is asked, whatever the gateway's bounds are, behind a
//! network that drops, delays, duplicates and garbles. What it says never contradicts its ledger, but may come late, twice,
//! out of order or not at all.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use florin_kernel::Money;
use florin_kernel::payment::{Approval, Doubt, OperationKind, Outcome, Report};
use florin_kernel::ports::{Call, CallbackError, Lane, Notice, Provider, RawCallback};
use florin_kernel::public_id::Codec;
use florin_kernel::routing::{Capabilities, ProviderAccount, ProviderId};

use super::chance::Chance;
use super::life::Life;
use super::stage::{Stage, say};
use super::weather::Trouble;

mod bank;
mod callbacks;

/// What the acquirer has in its books under one of our references.
#[derive(Clone)]
pub struct Record {
    pub kind: OperationKind,
    pub amount: Money,
    pub on: Option<String>,
    pub account: ProviderId,
    pub lane: Lane,
    /// What it says when asked.
    pub standing: Outcome,
    /// Taken back by the payer's bank, or sent back by that of the one paid.
    pub charged_back: Option<Money>,
}

impl Record {
    /// Whether it was done.
    pub fn is_approved(&self) -> bool {
        matches!(self.standing, Outcome::Approved(_))
    }

    /// Whether its end is known.
    fn is_final(&self) -> bool {
        match self.standing {
            Outcome::Approved(_) | Outcome::Declined(_) | Outcome::Cancelled => true,
            Outcome::Pending | Outcome::NeedsPayer(_) | Outcome::NotSent | Outcome::NotFound | Outcome::Unknown(_) => {
                false
            }
        }
    }
}

/// The acquirer. One per history; it outlives every life of the gateway.
pub struct Acquirer {
    stage: Arc<Stage>,
    codec: Codec,
    bank: Chance,
    network: Chance,
    book: Mutex<BTreeMap<String, Record>>,
}

impl Acquirer {
    /// An acquirer with empty books.
    pub fn new(stage: Arc<Stage>, codec: Codec) -> Acquirer {
        let (bank, network) = (Chance::of(stage.seed, "bank"), Chance::of(stage.seed, "network"));
        Acquirer { stage, codec, bank, network, book: Mutex::default() }
    }

    /// A copy of the books, by our references.
    pub fn book(&self) -> BTreeMap<String, Record> {
        self.book.lock().expect("no holder of the lock panics").clone()
    }

    /// What the books say under a reference.
    pub fn record(&self, reference: &str) -> Option<Record> {
        self.book.lock().expect("no holder of the lock panics").get(reference).cloned()
    }

    fn strikes(&self, trouble: Trouble) -> bool {
        self.stage.weather.strikes(&self.network, trouble)
    }

    /// A request on its way to the acquirer and the answer on its way back.
    async fn request(self: Arc<Self>, call: Call) -> Outcome {
        if self.strikes(Trouble::RequestRefused) {
            say!(self.stage, "network: no connection for {}", call.reference);
            return Outcome::NotSent;
        }
        tokio::time::sleep(self.network.ms(5..=300)).await;
        if self.strikes(Trouble::RequestLost) {
            say!(self.stage, "network: lost the request {}", call.reference);
            tokio::time::sleep(self.network.seconds(1..=40)).await;
            return Outcome::Unknown(Doubt::Lost);
        }
        if self.strikes(Trouble::RequestDelayed) {
            // Less than a minute after the operation began, a slow commit before it included.
            let long = if self.network.percent(50) { 1..=56 } else { 40..=56 };
            tokio::time::sleep(self.network.seconds(long)).await;
        }
        if self.strikes(Trouble::RequestTwice) {
            let (again, call) = (self.clone(), call.clone());
            let later = self.network.seconds(0..=5);
            tokio::spawn(async move {
                tokio::time::sleep(later).await;
                again.arrive(&call);
            });
        }
        let outcome = self.arrive(&call);
        self.answer(&call, outcome).await
    }

    /// The way back.
    async fn answer(&self, call: &Call, outcome: Outcome) -> Outcome {
        if self.strikes(Trouble::AnswerLost) {
            say!(self.stage, "network: lost the answer to {}", call.reference);
            tokio::time::sleep(self.network.seconds(0..=40)).await;
            return Outcome::Unknown(Doubt::Lost);
        }
        if self.strikes(Trouble::AnswerGarbled) {
            say!(self.stage, "network: garbled the answer to {}", call.reference);
            return Outcome::Unknown(Doubt::Garbled);
        }
        if self.strikes(Trouble::AnswerLate) {
            tokio::time::sleep(self.network.seconds(5..=40)).await;
        }
        outcome
    }

    /// A request arrives: the first of its reference is decided, others are told the same.
    fn arrive(self: &Arc<Self>, call: &Call) -> Outcome {
        if let Some(record) = self.record(&call.reference) {
            let same = record.kind == call.kind && record.amount == call.amount && record.account == call.account.id;
            if !same || record.on != call.on {
                self.stage.fault(format!("{} was used for another operation", call.reference));
            }
            return record.standing;
        }
        self.check_committed(call);
        let standing = self.decide(call);
        say!(self.stage, "acquirer: {} {:?} {} is {standing:?}", call.reference, call.kind, call.amount);
        let record = Record {
            kind: call.kind,
            amount: call.amount,
            on: call.on.clone(),
            account: call.account.id,
            lane: call.lane,
            standing: standing.clone(),
            charged_back: None,
        };
        self.book.lock().expect("no holder of the lock panics").insert(call.reference.clone(), record);
        self.follow(&call.reference);
        standing
    }

    /// The operation is on disk before its call.
    fn check_committed(&self, call: &Call) {
        let reference = self.codec.read_base36(&call.reference);
        let committed = reference.and_then(|reference| {
            let operation = self.stage.operation(reference)?;
            Some((operation.kind, operation.moved, operation.route.provider))
        });
        if committed != Some((call.kind, call.amount, call.account.id)) {
            self.stage.fault(format!("{} was sent before it was committed", call.reference));
        }
    }

    /// An operation ends, or goes on; whoever asks from now on is told so.
    fn settle(&self, reference: &str, standing: Outcome) {
        let mut book = self.book.lock().expect("no holder of the lock panics");
        if let Some(record) = book.get_mut(reference).filter(|record| !record.is_final()) {
            say!(self.stage, "acquirer: {reference} is now {standing:?}");
            record.standing = standing;
        }
    }

    fn approval(&self, reference: &str) -> Outcome {
        Outcome::Approved(Approval { provider_id: format!("a-{reference}"), ..Approval::default() })
    }
}

/// The way from one life of the gateway to the acquirer.
pub struct Line {
    pub life: Arc<Life>,
    pub acquirer: Arc<Acquirer>,
}

#[async_trait]
impl Provider for Line {
    fn name(&self) -> &'static str {
        "acquirer"
    }

    fn capabilities(&self, _account: &ProviderAccount) -> Capabilities {
        let operations = vec![
            OperationKind::Sale,
            OperationKind::Authorise,
            OperationKind::Capture,
            OperationKind::Void,
            OperationKind::Refund,
            OperationKind::Payout,
        ];
        Capabilities { operations, takes_cards: true, takes_vouchers: false, has_page: true }
    }

    async fn execute(&self, call: &Call) -> Report {
        self.life.step().await;
        // The request goes its way, whether or not who sent it waits or lives.
        let request = tokio::spawn(self.acquirer.clone().request(call.clone()));
        let outcome = request.await.unwrap_or(Outcome::Unknown(Doubt::Lost));
        self.life.step().await;
        outcome.into()
    }

    async fn look_up(&self, call: &Call) -> Report {
        self.life.step().await;
        let acquirer = &self.acquirer;
        tokio::time::sleep(acquirer.network.ms(5..=300)).await;
        if acquirer.strikes(Trouble::LookUpLost) {
            tokio::time::sleep(acquirer.network.seconds(0..=30)).await;
            return Outcome::Unknown(Doubt::Lost).into();
        }
        let standing = acquirer.record(&call.reference).map_or(Outcome::NotFound, |record| record.standing);
        if acquirer.strikes(Trouble::LookUpSlow) {
            tokio::time::sleep(acquirer.network.seconds(1..=19)).await;
        }
        say!(acquirer.stage, "acquirer: asked after {}: {standing:?}", call.reference);
        self.life.step().await;
        standing.into()
    }

    fn parse_callback(&self, raw: &RawCallback) -> Result<Vec<Notice>, CallbackError> {
        callbacks::read(raw).map(|notice| vec![notice])
    }
}
