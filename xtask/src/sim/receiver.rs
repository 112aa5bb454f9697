//! The merchants' webhook receiver and the network before it: away, slow, failing, or losing its answer after it has taken
//! the event.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use florin_engine::Form;
use florin_engine::outgoing::{Answered, Courier};
use florin_engine::webhooks::standard_signature;
use florin_kernel::secret::Secret;
use tokio::time::Instant;

use super::chance::Chance;
use super::life::Life;
use super::stage::{Stage, say};
use super::weather::Trouble;

/// How long the product's client waits.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Takes events and remembers them all.
pub struct Receiver {
    stage: Arc<Stage>,
    chance: Chance,
    secret: Secret,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    /// Places in the order of first arrival, by `webhook-id`, with the body.
    events: BTreeMap<String, (usize, String)>,
    down_until: Option<Instant>,
}

impl Receiver {
    /// A receiver that checks signatures with a secret.
    pub fn new(stage: Arc<Stage>, secret: Secret) -> Receiver {
        let chance = Chance::of(stage.seed, "receiver");
        Receiver { stage, chance, secret, taken: Mutex::default() }
    }

    /// When an event first arrived, counted over all events, and its bytes.
    pub fn first_arrival(&self, webhook_id: &str) -> Option<(usize, String)> {
        self.taken.lock().expect("no holder of the lock panics").events.get(webhook_id).cloned()
    }

    async fn answer(&self, headers: &[(&'static str, String)], body: &str) -> Answered {
        let nothing = |note: &str| Answered { status: None, note: note.to_owned() };
        let strikes = |trouble| self.stage.weather.strikes(&self.chance, trouble);
        if self.is_down() {
            return nothing("refused");
        }
        if strikes(Trouble::ReceiverSlow) {
            tokio::time::sleep(self.chance.seconds(1..=14)).await;
        }
        if strikes(Trouble::ReceiverError) {
            return Answered { status: Some(500), note: String::new() };
        }
        self.take(headers, body);
        if strikes(Trouble::ReceiverAnswerLost) {
            return nothing("reset");
        }
        Answered { status: Some(204), note: String::new() }
    }

    fn is_down(&self) -> bool {
        let mut taken = self.taken.lock().expect("no holder of the lock panics");
        if self.stage.weather.is_calm() {
            return false;
        }
        if taken.down_until.is_none_or(|until| until <= Instant::now()) {
            if !self.chance.percent(20) || !self.stage.weather.strikes(&self.chance, Trouble::ReceiverDown) {
                return false;
            }
            taken.down_until = Some(Instant::now() + self.chance.seconds(5..=120));
        }
        true
    }

    fn take(&self, headers: &[(&'static str, String)], body: &str) {
        let header = |name| headers.iter().find(|(header, _)| *header == name).map_or("", |(_, value)| value.as_str());
        let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
        let expected = standard_signature(id, timestamp.parse().unwrap_or(0), body, std::slice::from_ref(&self.secret));
        if header("webhook-signature") != expected {
            self.stage.fault(format!("a webhook came without a right signature: {body}"));
        }
        say!(self.stage, "receiver: took {id} {body}");
        let mut taken = self.taken.lock().expect("no holder of the lock panics");
        let place = taken.events.len();
        let (_, first) = taken.events.entry(id.to_owned()).or_insert_with(|| (place, body.to_owned()));
        let same = first == body;
        drop(taken);
        if !same {
            self.stage.fault(format!("webhook {id} came again with other bytes: {body}"));
        }
    }
}

/// The way from one life of the gateway to the receiver.
pub struct Post {
    pub life: Arc<Life>,
    pub receiver: Arc<Receiver>,
}

#[async_trait]
impl Courier for Post {
    async fn send(&self, _url: &str, _form: &Form, headers: Vec<(&'static str, String)>, body: String) -> Answered {
        self.life.step().await;
        // What was sent arrives, whether or not the sender lives to hear of it.
        let receiver = self.receiver.clone();
        let arrival = tokio::spawn(async move { receiver.answer(&headers, &body).await });
        let answered = match tokio::time::timeout(TIMEOUT, arrival).await {
            Ok(Ok(answered)) => answered,
            Ok(Err(_)) | Err(_) => Answered { status: None, note: "no answer within 10 s".to_owned() },
        };
        self.life.step().await;
        answered
    }
}
