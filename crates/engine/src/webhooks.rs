//! Delivering the outbox: at least once, in order per payment, one slow receiver never in the way of another.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_recursion::async_recursion as boxed;
use florin_kernel::ports::Lane;
use florin_kernel::public_id::Reference;
use florin_kernel::{CredentialId, EventId};
use florin_kernel::{MerchantId, PaymentId};
use florin_store::{Changeset, Delivery, DeliveryResult, EventRow, EventState, StoreError};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::Engine;
use crate::announce::{Announcer, Newer, Schedule};
use crate::audit::{Note, Told, Who};
use crate::masked::masked_url;
use crate::resting::caught;
use crate::workers::report;

mod sign;

pub use sign::{new_secret, standard_signature};

const TICK: Duration = Duration::from_millis(500);
/// How long an event is left alone whose delivery panicked.
const REST: Duration = Duration::from_secs(60);
/// Events taken up at a time.
const BATCH: u32 = 256;
/// The note of an event that was not sent because there is a newer one.
const SUPERSEDED: &str = "a newer event goes in its place";
/// Deliveries under way at a time to one `host:port`.
const PER_ENDPOINT_MAX: usize = 8;

/// What is being delivered right now.
#[derive(Default)]
struct Busy {
    events: BTreeMap<EventId, String>,
}

impl Busy {
    fn count(&self, endpoint: &str) -> usize {
        self.events.values().filter(|busy| *busy == endpoint).count()
    }

    fn full_endpoints(&self) -> Vec<String> {
        let mut counts: HashMap<&String, usize> = HashMap::new();
        for endpoint in self.events.values() {
            *counts.entry(endpoint).or_default() += 1;
        }
        let full = counts.into_iter().filter(|(_, count)| *count >= PER_ENDPOINT_MAX);
        full.map(|(endpoint, _)| endpoint.clone()).collect()
    }
}

impl Engine {
    pub(crate) async fn deliver_events(self: Arc<Self>) {
        let busy: Arc<Mutex<Busy>> = Arc::default();
        while self.idle(&self.events_due, TICK).await {
            if let Err(error) = self.deliver_due(&busy).await {
                report(&error);
            }
        }
    }

    async fn deliver_due(self: &Arc<Self>, busy: &Arc<Mutex<Busy>>) -> Result<(), StoreError> {
        let (full, in_flight) = {
            let busy = busy.lock().expect("no holder of the lock panics");
            (busy.full_endpoints(), busy.events.keys().copied().collect::<Vec<_>>())
        };
        for event in self.store.due_events(self.clocks.wall(), BATCH, &full, &in_flight).await? {
            {
                let mut busy = busy.lock().expect("no holder of the lock panics");
                if busy.count(&event.endpoint) >= PER_ENDPOINT_MAX {
                    continue;
                }
                busy.events.insert(event.id, event.endpoint.clone());
            }
            let (engine, busy) = (self.clone(), busy.clone());
            self.tasks.spawn(async move {
                let id = event.id;
                match caught(engine.deliver(event)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => report(&error),
                    Err(panic) => {
                        metrics::counter!("florin_panics_total", "where" => "webhooks").increment(1);
                        tracing::error!(event = %id, panic, "delivering a webhook panicked; it is tried again");
                        // It is due still, and taken up again at once when it is not busy any more.
                        _ = engine.stopping.run_until_cancelled(tokio::time::sleep(REST)).await;
                    }
                }
                busy.lock().expect("no holder of the lock panics").events.remove(&id);
                engine.events_due.notify_one();
            });
        }
        Ok(())
    }

    /// One attempt, and what follows from it.
    async fn deliver(&self, event: EventRow) -> Result<(), StoreError> {
        let lane = if event.lane == 0 { Lane::Live } else { Lane::Dev(MerchantId::from_number(event.lane)) };
        let (at, begun) = (self.now(lane), Instant::now());
        let directory = self.directory();
        let Some((credential, announcer)) = directory
            .credential(event.credential)
            .and_then(|credential| Some((credential, self.announcers.get(&credential.dialect)?)))
        else {
            tracing::error!(event = %event.id, credential = %event.credential, "the credential of an event is gone; it is not sent");
            return self
                .record(&event, at, begun, None, "the credential is gone".into(), DeliveryResult::GivenUp)
                .await;
        };
        let passing = announcer.is_passing(&event.body);
        if passing && self.has_newer(&event).await? {
            return self.record(&event, at, begun, None, SUPERSEDED.into(), DeliveryResult::GivenUp).await;
        }
        let mut headers = announcer.sign(&event.body, credential);
        if let Some(merchant) = directory.merchant(credential.merchant) {
            let (id, timestamp_s) = (self.webhook_id(event.id), self.clocks.wall().as_second());
            let secrets = merchant.webhook_secrets(credential.mode);
            headers.push(("webhook-signature", standard_signature(&id, timestamp_s, &event.body, secrets)));
            headers.extend(announcer.sign_with_secrets(&event.body, secrets));
            headers.push(("webhook-timestamp", timestamp_s.to_string()));
            headers.push(("webhook-id", id));
        }
        let answered = self.courier.send(&event.url, &event.form, headers, event.body.clone()).await;
        let first_at = if event.attempts == 0 { at } else { event.first_at };
        let result = match answered.status {
            Some(200..=299) => DeliveryResult::Delivered,
            Some(_) | None => schedule(announcer.as_ref(), passing).after(event.attempts + 1, first_at, at),
        };
        self.record(&event, at, begun, answered.status, answered.note, result).await
    }

    async fn record(
        &self,
        event: &EventRow,
        at: florin_kernel::Timestamp,
        begun: Instant,
        status: Option<u16>,
        note: String,
        result: DeliveryResult,
    ) -> Result<(), StoreError> {
        let word = match result {
            DeliveryResult::Delivered => "delivered",
            DeliveryResult::Retry { .. } => "retry",
            DeliveryResult::GivenUp => "given_up",
        };
        metrics::counter!("florin_webhook_attempts_total", "result" => word).increment(1);
        if result == DeliveryResult::GivenUp && note != SUPERSEDED {
            tracing::warn!(event = %event.id, payment = %event.payment, url = %event.url, "a webhook's schedule is used up; it is undelivered");
        }
        let latency_ms = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
        let delivery = Delivery { event: event.id, at, latency_ms, status, note, result };
        self.store.commit(Changeset { deliveries: vec![delivery], ..Changeset::default() }).await.map(drop)
    }

    /// Whether something newer about the same payment waits behind an event.
    async fn has_newer(&self, event: &EventRow) -> Result<bool, StoreError> {
        let events = self.store.events(event.payment).await?;
        Ok(events.iter().any(|(other, _)| other.id > event.id && other.state == EventState::Due))
    }

    /// Sends a credential's receiver the message that its dialect has for trying it; the event's printed id. It goes out, and is
    /// repeated, as any other event does; the audit log tells who ordered it. Nothing where there is no such message, no such credential or no URL.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot take it.
    #[boxed]
    pub async fn try_receiver(&self, credential: CredentialId, who: &Who) -> Result<Option<String>, StoreError> {
        let directory = self.directory();
        let Some(credential) = directory.credential(credential) else { return Ok(None) };
        let announcer = self.announcers.get(&credential.dialect);
        let Some(announcement) = announcer.and_then(|announcer| announcer.trial(credential, self)) else {
            return Ok(None);
        };
        let lane = Lane::of(credential.merchant, credential.mode);
        // About no payment, so it stands behind nobody's events.
        let event = self.event(announcement, self.new_payment_id(), lane, self.now(lane));
        let id = self.webhook_id(event.id);
        let note = Note {
            action: "webhook.trial_ordered",
            object: credential.id.to_string(),
            merchant: Some(credential.merchant),
            before: Value::Null,
            after: json!({"webhook_id": id, "url": masked_url(&event.url)}),
        };
        match self.write_told(who, note, Changeset { events: vec![event], ..Changeset::default() }).await? {
            Told::Yes => {
                self.events_due.notify_one();
                Ok(Some(id))
            }
            Told::Overtaken => Err(StoreError::Overloaded),
        }
    }

    /// An event's printed id, the same for all attempts and replays.
    pub fn webhook_id(&self, event: EventId) -> String {
        let reference = Reference { payment: PaymentId::from_number(event.number()), sequence: EVENT_SPACE };
        format!("msg_{}", self.codec.base36(reference))
    }
}

/// A passing event makes room as soon as there is a newer one.
fn schedule(announcer: &dyn Announcer, passing: bool) -> Schedule {
    let schedule = announcer.schedule();
    if passing { Schedule { newer: Newer::Hurries, ..schedule } } else { schedule }
}

/// Events share the number space of payments; the highest sequence keeps their printed ids apart.
pub(crate) const EVENT_SPACE: u16 = 1023;
