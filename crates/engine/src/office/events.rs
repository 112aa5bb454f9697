//! Webhooks: what was to be told to merchants, how their receivers answer, and telling it again.

use std::collections::BTreeMap;

use florin_kernel::ports::Lane;
use florin_kernel::{CredentialId, EventId, MerchantId, PaymentId, Timestamp};
use florin_store::office::EventBrowse;
use florin_store::{Changeset, Delivery, DeliveryResult, DeliveryRow, EventRow, EventState, StoreError, Verdict};

use super::Scope;
use crate::Engine;

/// So many rows are looked at for one page.
const SCAN_MAX: u32 = 20_000;
/// So many of the newest attempts tell of the receivers' health.
const HEALTH_OF: u32 = 5_000;
/// So many events are sent again by one order.
const REPLAYED_MAX: u32 = 1_000;
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
    /// Who, as the audit log names them.
    pub by: String,
}

impl Engine {
    /// A page of a scope's events, the newest first, before one.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
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
    pub async fn office_replayable(&self, scope: Scope, filter: &EventFilter) -> Result<u64, StoreError> {
        Ok(self.replayable(scope, filter).await?.len() as u64)
    }

    /// Sends events of a scope again, the oldest first; how many. Each keeps its id and its bytes, and stands in its payment's order.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer or write; some may have been ordered then, and may be ordered again.
    pub async fn office_replay(&self, scope: Scope, order: &ReplayOrder) -> Result<u64, StoreError> {
        let mut events = self.replayable(scope, &order.filter).await?;
        events.reverse();
        for some in events.chunks(REPLAYED_AT_ONCE) {
            self.send_again(some, &order.by).await?;
        }
        Ok(events.len() as u64)
    }

    /// Sends one event of a scope again; false where there is none, or it waits for its next attempt anyway.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer or write.
    pub async fn office_replay_one(&self, scope: Scope, id: EventId, by: &str) -> Result<bool, StoreError> {
        match self.office_event(scope, id).await? {
            Some((event, _)) if event.state != EventState::Due => {
                self.send_again(&[event], by).await?;
                Ok(true)
            }
            Some(_) | None => Ok(false),
        }
    }

    async fn replayable(&self, scope: Scope, filter: &EventFilter) -> Result<Vec<EventRow>, StoreError> {
        let (mut events, mut before) = (Vec::new(), None);
        loop {
            let left = REPLAYED_MAX - events.len() as u32;
            let EventPage { rows, onward } = self.office_events(scope, filter, before, left).await?;
            events.extend(rows.into_iter().filter(|event| event.state != EventState::Due));
            if onward.is_none() || events.len() == REPLAYED_MAX as usize {
                return Ok(events);
            }
            before = onward;
        }
    }

    async fn send_again(&self, events: &[EventRow], by: &str) -> Result<(), StoreError> {
        let ordered = |event: &EventRow| {
            let lane = lane_of(event.lane);
            let at = self.now(lane);
            let result = DeliveryResult::Retry { at, hurried_after: None };
            Delivery { event: event.id, at, latency_ms: 0, status: None, note: format!("{ORDERED}{by}"), result }
        };
        let deliveries = events.iter().map(ordered).collect();
        match self.write(Changeset { deliveries, ..Changeset::default() }).await? {
            Verdict::Committed => {
                self.tell_of_events(true);
                Ok(())
            }
            Verdict::Conflict | Verdict::Duplicate(_) | Verdict::BelowFloor { .. } => {
                Err(StoreError::Unavailable("an event is gone".to_owned()))
            }
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
    pub async fn office_try(&self, scope: Scope, credential: CredentialId) -> Result<Option<String>, StoreError> {
        match self.credentials_of(scope).binary_search(&credential) {
            Ok(_) => self.try_receiver(credential).await,
            Err(_) => Ok(None),
        }
    }
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
