//! Webhooks: what was to be told to merchants, how their receivers answer, and telling it again.

use std::collections::BTreeMap;

use async_recursion::async_recursion as boxed;
use florin_kernel::ports::Lane;
use florin_kernel::{CredentialId, EventId, MerchantId, PaymentId, Timestamp};
use florin_store::office::EventBrowse;
use florin_store::{Changeset, Delivery, DeliveryResult, DeliveryRow, EventRow, EventState, StoreError};
use serde_json::{Value, json};

use super::Scope;
use super::ordered::named;
use crate::Engine;
use crate::audit::{Note, Told, Who};

/// So many rows are looked at for one page.
const SCAN_MAX: u32 = 20_000;
/// So many of the newest attempts tell of the receivers' health.
const HEALTH_OF: u32 = 5_000;
/// So many events are sent again by one order, and so many pages are looked through for them.
const REPLAYED_MAX: u32 = 1_000;
const PAGES_MAX: usize = 10;
const REPLAYED_AT_ONCE: usize = 100;
/// How the note of an order to send an event again begins; it is kept among the attempts, so that its timeline tells who gave it.
pub(super) const ORDERED: &str = "to be sent again: ordered by ";

/// Which events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Where they stand.
    pub state: Option<EventState>,
    /// To this `host:port`.
    pub endpoint: Option<String>,
    /// Written at or after, by the wall clock.
    pub from: Option<Timestamp>,
    /// Written before, by the wall clock.
    pub until: Option<Timestamp>,
}

/// A page of events, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// Events.
    pub rows: Vec<EventRow>,
    /// Where to go on; nothing: here they end.
    pub onward: Option<EventId>,
}

/// How a receiver answers, by its newest attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointHealth {
    /// `host:port`.
    pub endpoint: String,
    /// Attempts.
    pub attempts: u64,
    /// Of them taken: answered with 2xx.
    pub taken: u64,
    /// The middle of their latencies, in milliseconds.
    pub latency_ms_p50: u32,
    /// The latency that 95 of 100 do not exceed, in milliseconds.
    pub latency_ms_p95: u32,
    /// The newest attempt.
    pub last_at: Timestamp,
    /// The newest that was not taken: when, its status if there was an answer, and what it said.
    pub last_failure: Option<(Timestamp, Option<u16>, String)>,
}

impl EndpointHealth {
    /// How many thousandths were taken.
    pub fn taken_permille(&self) -> u64 {
        (self.taken * 1_000).checked_div(self.attempts).unwrap_or(0)
    }
}

/// Who orders events to be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayOrder {
    /// Which; those that wait for their next attempt are left alone.
    pub filter: EventFilter,
    /// Who.
    pub who: Who,
}

/// What an order to send events again comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayable {
    /// So many events, the newest that fit.
    pub count: u64,
    /// Whether others may fit as well: one order sends a thousand events at most, and looks through a bounded number of them.
    pub more: bool,
    /// The newest of them: once they are ordered it is another.
    pub newest: Option<EventId>,
}

/// Events to be sent again, the newest first.
struct Chosen {
    events: Vec<EventRow>,
    more: bool,
}

impl Chosen {
    fn told(&self) -> Replayable {
        let newest = self.events.iter().map(|event| event.id).max();
        Replayable { count: self.events.len() as u64, more: self.more, newest }
    }
}

impl Engine {
    /// A page of a scope's events, the newest first, before one.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn office_events(
        &self,
        scope: Scope,
        filter: &EventFilter,
        before: Option<EventId>,
        limit: u32,
    ) -> Result<EventPage, StoreError> {
        let before = before.unwrap_or_else(|| end(filter)).min(end(filter));
        let browsed = self
            .store
            .office()
            .browse_events(EventBrowse {
                credentials: self.credentials_of(scope),
                state: filter.state,
                endpoint: filter.endpoint.clone(),
                from: filter.from.map_or(EventId::from_number(i64::MIN), |from| EventId::at(from.as_millisecond(), 0)),
                before,
                scan_max: SCAN_MAX,
                limit,
            })
            .await?;
        Ok(EventPage { rows: browsed.found, onward: browsed.reached.filter(|_| browsed.more) })
    }

    /// An event of a scope with its attempts.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn office_event(
        &self,
        scope: Scope,
        id: EventId,
    ) -> Result<Option<(EventRow, Vec<DeliveryRow>)>, StoreError> {
        let found = self.store.office().event(id).await?;
        let own = self.credentials_of(scope);
        Ok(found.filter(|(event, _)| own.binary_search(&event.credential).is_ok()))
    }

    /// How a scope's receivers answer, the least healthy first, by the newest attempts of the whole installation.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn office_endpoints(&self, scope: Scope) -> Result<Vec<EndpointHealth>, StoreError> {
        let own = self.credentials_of(scope);
        let mut attempts: BTreeMap<String, Vec<DeliveryRow>> = BTreeMap::new();
        for attempt in self.store.office().attempts(HEALTH_OF).await? {
            let ordered = attempt.delivery.note.starts_with(ORDERED);
            if own.binary_search(&attempt.credential).is_ok() && !ordered {
                attempts.entry(attempt.endpoint).or_default().push(attempt.delivery);
            }
        }
        let mut found: Vec<EndpointHealth> =
            attempts.into_iter().filter_map(|(endpoint, made)| health(endpoint, &made)).collect();
        found.sort_by_key(EndpointHealth::taken_permille);
        Ok(found)
    }

    /// How many events an order would send again, so many at most as one order does.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn office_replayable(&self, scope: Scope, filter: &EventFilter) -> Result<Replayable, StoreError> {
        Ok(self.replayable(scope, filter).await?.told())
    }

    /// Sends events of a scope again, the oldest first; how many. Each keeps its id and its bytes, and stands in its payment's order.
    /// The audit log tells of them in the commits that order them.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer or write; some may have been ordered then, and may be ordered again.
    #[boxed]
    pub async fn office_replay(&self, scope: Scope, order: &ReplayOrder) -> Result<Replayable, StoreError> {
        let mut chosen = self.replayable(scope, &order.filter).await?;
        chosen.events.reverse();
        for some in chosen.events.chunks(REPLAYED_AT_ONCE) {
            let note = Note {
                action: "webhooks.replay_ordered",
                object: "webhooks".to_owned(),
                merchant: scope.merchant,
                before: Value::Null,
                after: told(&order.filter, some.len()),
            };
            self.send_again(some, &order.who, note).await?;
        }
        Ok(chosen.told())
    }

    /// Sends one event of a scope again; false where there is none, or it waits for its next attempt anyway.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer or write.
    #[boxed]
    pub async fn office_replay_one(&self, scope: Scope, id: EventId, who: &Who) -> Result<bool, StoreError> {
        match self.office_event(scope, id).await? {
            Some((event, _)) if event.state != EventState::Due => {
                let note = Note {
                    action: "webhook.replay_ordered",
                    object: self.webhook_id(id),
                    merchant: self.directory().credential(event.credential).map(|credential| credential.merchant),
                    before: json!({"state": word(event.state), "attempts": event.attempts}),
                    after: json!({"state": word(EventState::Due)}),
                };
                self.send_again(&[event], who, note).await?;
                Ok(true)
            }
            Some(_) | None => Ok(false),
        }
    }

    async fn replayable(&self, scope: Scope, filter: &EventFilter) -> Result<Chosen, StoreError> {
        let (mut events, mut before) = (Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let left = REPLAYED_MAX - events.len() as u32;
            let EventPage { rows, onward } = self.office_events(scope, filter, before, left).await?;
            events.extend(rows.into_iter().filter(|event| event.state != EventState::Due));
            if onward.is_none() {
                return Ok(Chosen { events, more: false });
            }
            if events.len() == REPLAYED_MAX as usize {
                break;
            }
            before = onward;
        }
        Ok(Chosen { events, more: true })
    }

    async fn send_again(&self, events: &[EventRow], who: &Who, note: Note) -> Result<(), StoreError> {
        let ordered = |event: &EventRow| {
            let lane = lane_of(event.lane);
            let at = self.now(lane);
            let result = DeliveryResult::Retry { at, hurried_after: None };
            let note = format!("{ORDERED}{}", named(who));
            Delivery { event: event.id, at, latency_ms: 0, status: None, note, result }
        };
        let deliveries = events.iter().map(ordered).collect();
        match self.write_told(who, note, Changeset { deliveries, ..Changeset::default() }).await? {
            Told::Yes => {
                self.tell_of_events(true);
                Ok(())
            }
            Told::Overtaken => Err(StoreError::Unavailable("an event is gone".to_owned())),
        }
    }

    /// The payment that an event is about, if there is one.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    pub async fn office_event_payment(&self, scope: Scope, id: EventId) -> Result<Option<PaymentId>, StoreError> {
        Ok(self.office_event(scope, id).await?.map(|(event, _)| event.payment))
    }

    /// Sends the receiver of a scope's credential the message for trying it; its printed id.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot take it.
    #[boxed]
    pub async fn office_try(
        &self,
        scope: Scope,
        credential: CredentialId,
        who: &Who,
    ) -> Result<Option<String>, StoreError> {
        match self.credentials_of(scope).binary_search(&credential) {
            Ok(_) => self.try_receiver(credential, who).await,
            Err(_) => Ok(None),
        }
    }
}

/// A state, as the audit log tells it.
fn word(state: EventState) -> &'static str {
    match state {
        EventState::Due => "due",
        EventState::Delivered => "delivered",
        EventState::GivenUp => "given_up",
    }
}

/// What the audit log tells of an order to send many again.
fn told(filter: &EventFilter, count: usize) -> Value {
    let EventFilter { state, endpoint, from, until } = filter;
    let fields = [
        ("state", state.map(|state| word(state).to_owned())),
        ("endpoint", endpoint.clone()),
        ("from", from.map(|from| from.to_string())),
        ("until", until.map(|until| until.to_string())),
    ];
    let said = fields.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::from(text?))));
    Value::Object([("events".to_owned(), json!(count))].into_iter().chain(said).collect())
}

fn end(filter: &EventFilter) -> EventId {
    filter.until.map_or(EventId::from_number(i64::MAX), |until| EventId::at(until.as_millisecond(), 0))
}

fn lane_of(number: i64) -> Lane {
    if number == Lane::Live.number() { Lane::Live } else { Lane::Dev(MerchantId::from_number(number)) }
}

/// Of attempts, the newest first.
pub(super) fn health(endpoint: String, attempts: &[DeliveryRow]) -> Option<EndpointHealth> {
    let is_taken = |attempt: &&DeliveryRow| matches!(attempt.status, Some(200..=299));
    let mut latencies: Vec<u32> = attempts.iter().map(|attempt| attempt.latency_ms).collect();
    latencies.sort_unstable();
    let failure = attempts.iter().find(|attempt| !is_taken(attempt));
    // The smallest that so many of a hundred do not exceed.
    let percentile = |of_hundred: usize| latencies[(latencies.len() * of_hundred).div_ceil(100).max(1) - 1];
    let newest = attempts.first()?;
    Some(EndpointHealth {
        endpoint,
        attempts: attempts.len() as u64,
        taken: attempts.iter().filter(is_taken).count() as u64,
        latency_ms_p50: percentile(50),
        latency_ms_p95: percentile(95),
        last_at: newest.at,
        last_failure: failure.map(|failure| (failure.at, failure.status, failure.note.clone())),
    })
}
