//! A store in memory, for the simulation: a database's behaviour without its speed limit and without its durability.
//!
//! Never in the product build. It passes the drivers' conformance suite, keeps payments as documents like they do, and
//! scans its rows where they have an index, because a simulated history is small.
//!
//! This file is long because the port asks many questions; each is answered in a few lines here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use florin_kernel::payment::Mode;
use florin_kernel::ports::Lane;
use florin_kernel::{EventId, MerchantId, PaymentId, RecordId, RecordKind, RegistrationId, Timestamp};

use crate::{
    Answer, AnswerWrite, AuditQuery, AuditRow, Backlog, Balance, ChainRow, Changeset, Claim, ConfigKind, ConfigRow,
    Delivery, DeliveryRow, DueOf, EntryRow, EntryWrite, EventRow, EventState, EventWrite, Floor, KeyUse, LedgerReport,
    NewestQuery, PayerQuery, PaymentQuery, PaymentWrite, RecordQuery, RegistrationQuery, Store, StoreError, Stored,
    StoredRecord, StoredRegistration, Verdict, WatchQuery, WatchRow, words,
};

mod audit;
mod chains;
mod ledger;
mod office;
mod payments;
mod records;
mod registrations;
#[cfg(test)]
mod tests;

/// A store that forgets everything when it is dropped.
#[derive(Default)]
pub struct MemoryStore {
    rows: Mutex<Rows>,
}

#[derive(Default)]
struct Rows {
    closed: bool,
    payments: BTreeMap<i64, PaymentRow>,
    /// Lane, time to wake and id of every payment.
    payments_due: BTreeSet<(i64, Option<i64>, i64)>,
    records: BTreeMap<i64, records::Row>,
    /// Lane, time to wake and id of every record.
    records_due: BTreeSet<(i64, Option<i64>, i64)>,
    registrations: BTreeMap<i64, registrations::Row>,
    chains: BTreeMap<(String, i64), ChainRow>,
    claims: BTreeMap<[u8; 16], Claim>,
    answers: BTreeMap<(PaymentId, u16), AnswerWrite>,
    entries: Vec<(PaymentId, Mode, EntryRow)>,
    events: BTreeMap<i64, OutboxRow>,
    config: BTreeMap<(i64, i64), ConfigRow>,
    audit: BTreeMap<i64, AuditRow>,
    outcomes: office::Outcomes,
    nodes: BTreeMap<i64, crate::office::NodeRow>,
    /// Offsets of the clocks of lanes, in milliseconds.
    clocks: BTreeMap<i64, i64>,
}

struct PaymentRow {
    version: i64,
    write: PaymentWrite,
}

struct OutboxRow {
    event: EventRow,
    next_at: i64,
    hurried_after: Option<i64>,
    deliveries: Vec<DeliveryRow>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> MemoryStore {
        MemoryStore::default()
    }

    fn rows(&self) -> Result<MutexGuard<'_, Rows>, StoreError> {
        let rows = self.rows.lock().expect("no holder of the lock panics");
        if rows.closed { Err(StoreError::Unavailable("it is closed".to_owned())) } else { Ok(rows) }
    }
}

impl Rows {
    /// What stands against a changeset, in the order in which drivers look.
    fn refused(&self, changeset: &Changeset) -> Option<Verdict> {
        let mut taken = BTreeMap::new();
        for claim in &changeset.claims {
            if let Some(first) = self.claims.get(&claim.key).or(taken.get(&claim.key)) {
                return Some(Verdict::Duplicate(*first));
            }
            taken.insert(claim.key, *claim);
        }
        let version = |write: &PaymentWrite| self.payments.get(&write.id.number()).map(|row| row.version);
        if changeset.payments.iter().any(|write| version(write) != write.expected_version) {
            return Some(Verdict::Conflict);
        }
        if changeset.records.iter().any(|write| self.refuses_record(write)) {
            return Some(Verdict::Conflict);
        }
        if changeset.registrations.iter().any(|write| self.refuses_registration(write)) {
            return Some(Verdict::Conflict);
        }
        if changeset.payments.iter().any(|write| self.refuses_watch(write))
            || changeset.chains.iter().any(|write| self.refuses_chain(write))
        {
            return Some(Verdict::Conflict);
        }
        if changeset.audit.iter().any(|row| self.audit.contains_key(&row.number)) {
            return Some(Verdict::Conflict);
        }
        for Floor { book, account, minimum } in &changeset.floors {
            let moved = changeset.entries.iter().filter(|write| write.entry.book == *book);
            let moved: i64 = moved.map(|write| ledger::posted(&write.entry, *account, minimum.asset())).sum();
            if self.posted(*book, *account, minimum.asset()) + moved < minimum.minor() {
                return Some(Verdict::BelowFloor { account: *account, asset: minimum.asset() });
            }
        }
        let announced = |delivery: &Delivery| {
            self.events.contains_key(&delivery.event.number())
                || changeset.events.iter().any(|event| event.id == delivery.event)
        };
        (!changeset.deliveries.iter().all(announced)).then_some(Verdict::Conflict)
    }

    fn apply(&mut self, changeset: Changeset) {
        for claim in changeset.claims {
            self.claims.insert(claim.key, claim);
        }
        for mut write in changeset.payments {
            self.clocks.entry(write.lane).or_default();
            let before = self.payments.get(&write.id.number());
            write.answer = write.answer.or_else(|| before.and_then(|row| row.write.answer.clone()));
            write.payer = before.map_or(write.payer, |row| row.write.payer);
            let version = before.map_or(1, |row| row.version + 1);
            let id = write.id.number();
            if let Some(before) = before {
                self.payments_due.remove(&(before.write.lane, before.write.wake_at, id));
            }
            self.payments_due.insert((write.lane, write.wake_at, id));
            self.payments.insert(id, PaymentRow { version, write });
        }
        for write in changeset.records {
            self.write_record(write);
        }
        for write in changeset.answers {
            self.answers.entry((write.payment, write.sequence)).or_insert(write);
        }
        for write in changeset.registrations {
            self.write_registration(write);
        }
        for write in changeset.chains {
            self.write_chain(write);
        }
        self.record(changeset.config, changeset.audit);
        for EntryWrite { payment, at, entry } in &changeset.entries {
            self.entries.extend(ledger::lines(entry, *at).map(|line| (*payment, entry.book, line)));
        }
        for event in changeset.events {
            self.announce(event);
        }
        for delivery in changeset.deliveries {
            self.deliver(delivery);
        }
    }

    fn announce(&mut self, write: EventWrite) {
        self.clocks.entry(write.lane.number()).or_default();
        let event = EventRow {
            id: write.id,
            payment: write.payment,
            lane: write.lane.number(),
            credential: write.credential,
            url: write.url,
            endpoint: write.endpoint,
            form: write.form,
            body: write.body,
            attempts: 0,
            state: EventState::Due,
            first_at: write.due_at,
        };
        let row =
            OutboxRow { event, next_at: write.due_at.as_millisecond(), hurried_after: None, deliveries: Vec::new() };
        self.events.insert(write.id.number(), row);
    }

    fn deliver(&mut self, delivery: Delivery) {
        let Some(row) = self.events.get_mut(&delivery.event.number()) else { return };
        if row.event.attempts == 0 {
            row.event.first_at = delivery.at;
        }
        row.event.attempts += 1;
        let (state, next_at, hurried_after) = words::after(delivery.result);
        (row.event.state, row.hurried_after) = (state, hurried_after);
        row.next_at = next_at.unwrap_or(row.next_at);
        let Delivery { at, latency_ms, status, note, .. } = delivery;
        row.deliveries.push(DeliveryRow { at, latency_ms, status, note });
    }

    /// How late something of a lane is, by the lane's clock; not yet due: nothing.
    fn overdue_since(&self, lane: i64, due_at: i64, wall: Timestamp) -> Option<i64> {
        let by_the_wall = due_at.saturating_sub(*self.clocks.get(&lane)?);
        (by_the_wall <= wall.as_millisecond()).then_some(by_the_wall)
    }

    /// The ids of what is due by its lane's clock, the longest overdue first.
    fn due(&self, waiting: &BTreeSet<(i64, Option<i64>, i64)>, wall: Timestamp, limit: u32) -> Vec<i64> {
        let mut due = Vec::new();
        for (lane, offset_ms) in &self.clocks {
            let now_ms = wall.as_millisecond().saturating_add(*offset_ms);
            let overdue = waiting.range((*lane, Some(i64::MIN), i64::MIN)..=(*lane, Some(now_ms), i64::MAX));
            for (_, wake_at, id) in overdue.take(limit as usize) {
                due.push((wake_at.unwrap_or(i64::MIN).saturating_sub(*offset_ms), *id));
            }
        }
        due.sort_unstable();
        due.truncate(limit as usize);
        due.into_iter().map(|(_, id)| id).collect()
    }

    /// The first undelivered event of its payment, where that is this one, or this one hurries it.
    fn first(&self, waiting: &OutboxRow) -> Option<&OutboxRow> {
        let undelivered =
            |row: &&OutboxRow| row.event.payment == waiting.event.payment && row.event.state == EventState::Due;
        let first = self.events.values().find(undelivered)?;
        // What was never tried is due since it was written.
        let hurried = first.hurried_after.is_some_and(|after| after < waiting.next_at);
        (first.event.id == waiting.event.id || hurried).then_some(first)
    }
}

impl PaymentRow {
    fn read(&self) -> Result<Stored, StoreError> {
        let transaction = crate::query::read(self.write.kind, self.write.id.number(), &self.write.document)?;
        Ok(Stored { transaction, version: self.version, answer: self.write.answer.clone() })
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, changeset: Changeset) -> Result<Verdict, StoreError> {
        let mut rows = self.rows()?;
        if let Some(verdict) = rows.refused(&changeset) {
            return Ok(verdict);
        }
        rows.apply(changeset);
        Ok(Verdict::Committed)
    }

    fn version(&self) -> String {
        "memory".to_owned()
    }

    fn is_exclusive(&self) -> bool {
        true
    }

    async fn transaction(&self, id: PaymentId) -> Result<Option<Stored>, StoreError> {
        self.rows()?.payments.get(&id.number()).map(PaymentRow::read).transpose()
    }

    async fn answer(&self, payment: PaymentId, sequence: u16) -> Result<Option<Answer>, StoreError> {
        Ok(self.rows()?.answers.get(&(payment, sequence)).map(|write| write.answer.clone()))
    }

    async fn claim(&self, key: [u8; 16]) -> Result<Option<Claim>, StoreError> {
        Ok(self.rows()?.claims.get(&key).copied())
    }

    async fn transactions(&self, query: PaymentQuery) -> Result<Vec<Stored>, StoreError> {
        self.rows()?.listed_after(&query).into_iter().map(PaymentRow::read).collect()
    }

    async fn newest_transactions(&self, query: NewestQuery) -> Result<Vec<Stored>, StoreError> {
        self.rows()?.newest(&query).into_iter().map(PaymentRow::read).collect()
    }

    async fn count_transactions(&self, query: NewestQuery) -> Result<u64, StoreError> {
        Ok(self.rows()?.matching(&query).len() as u64)
    }

    async fn of_payer(&self, query: PayerQuery) -> Result<Vec<Stored>, StoreError> {
        self.rows()?.of_payer(&query).into_iter().map(PaymentRow::read).collect()
    }

    async fn due_payments(&self, wall: Timestamp, limit: u32) -> Result<Vec<PaymentId>, StoreError> {
        let rows = self.rows()?;
        let due = rows.due(&rows.payments_due, wall, limit);
        Ok(due.into_iter().map(PaymentId::from_number).collect())
    }

    async fn record(&self, id: RecordId) -> Result<Option<StoredRecord>, StoreError> {
        Ok(self.rows()?.records.get(&id.number()).map(records::Row::read))
    }

    async fn records(&self, query: RecordQuery) -> Result<Vec<StoredRecord>, StoreError> {
        let rows = self.rows()?;
        let found = rows.list_records(&query).into_iter().skip(query.skip as usize);
        Ok(found.take(query.limit as usize).map(records::Row::read).collect())
    }

    async fn count_records(&self, query: RecordQuery) -> Result<u64, StoreError> {
        Ok(self.rows()?.list_records(&query).len() as u64)
    }

    async fn due_records(
        &self,
        wall: Timestamp,
        of: DueOf,
        limit: u32,
    ) -> Result<Vec<(RecordKind, RecordId)>, StoreError> {
        Ok(self.rows()?.due_records(wall, of, limit))
    }

    async fn registration(&self, id: RegistrationId) -> Result<Option<StoredRegistration>, StoreError> {
        self.rows()?.registrations.get(&id.number()).map(registrations::Row::read).transpose()
    }

    async fn registrations(&self, query: RegistrationQuery) -> Result<Vec<StoredRegistration>, StoreError> {
        self.rows()?.list_registrations(&query)
    }

    async fn due_registrations(
        &self,
        wall: Timestamp,
        limit: u32,
    ) -> Result<Vec<(RegistrationId, Timestamp)>, StoreError> {
        self.rows()?.due_registrations(wall, limit)
    }

    async fn registrations_under(
        &self,
        version: u32,
        after: Option<RegistrationId>,
        limit: u32,
    ) -> Result<Vec<StoredRegistration>, StoreError> {
        self.rows()?.registrations_under(version, after, limit)
    }

    async fn chain(&self, name: &str, lane: Lane) -> Result<Option<ChainRow>, StoreError> {
        Ok(self.rows()?.chains.get(&(name.to_owned(), lane.number())).cloned())
    }

    async fn watched(&self, query: WatchQuery) -> Result<Vec<WatchRow>, StoreError> {
        Ok(self.rows()?.watched(&query))
    }

    async fn watched_lanes(&self) -> Result<Vec<(String, Lane)>, StoreError> {
        Ok(self.rows()?.watched_lanes())
    }

    async fn next_address(&self, network: &str, account: &str) -> Result<u32, StoreError> {
        Ok(self.rows()?.next_address(network, account))
    }

    async fn key_use(&self) -> Result<Vec<KeyUse>, StoreError> {
        Ok(self.rows()?.key_use())
    }

    async fn due_events(
        &self,
        wall: Timestamp,
        limit: u32,
        busy_endpoints: &[String],
        in_flight: &[EventId],
    ) -> Result<Vec<EventRow>, StoreError> {
        let rows = self.rows()?;
        let left_out = |event: &EventRow| in_flight.contains(&event.id) || busy_endpoints.contains(&event.endpoint);
        let mut found = BTreeMap::new();
        for row in rows.events.values().filter(|row| row.event.state == EventState::Due && !left_out(&row.event)) {
            let Some(since) = rows.overdue_since(row.event.lane, row.next_at, wall) else { continue };
            let Some(first) = rows.first(row).filter(|first| !left_out(&first.event)) else { continue };
            let earliest = found.entry(first.event.id).or_insert((since, &first.event));
            earliest.0 = earliest.0.min(since);
        }
        let mut due: Vec<(i64, &EventRow)> = found.into_values().collect();
        due.sort_unstable_by_key(|(since, event)| (*since, event.id));
        due.truncate(limit as usize);
        Ok(due.into_iter().map(|(_, event)| event.clone()).collect())
    }

    async fn backlog(&self, wall: Timestamp) -> Result<Backlog, StoreError> {
        let rows = self.rows()?;
        let since = |lane, due_at| rows.overdue_since(lane, due_at, wall);
        let waiting = rows.events.values().filter(|row| row.event.state == EventState::Due);
        let oldest = waiting.clone().filter_map(|row| since(row.event.lane, row.next_at)).min();
        let overdue = |row: &&PaymentRow| row.write.wake_at.is_some_and(|at| since(row.write.lane, at).is_some());
        Ok(Backlog {
            commits: 0,
            events: waiting.count() as u64,
            oldest_event_ms: oldest.map_or(0, |oldest| wall.as_millisecond() - oldest),
            payments: rows.payments.values().filter(overdue).count() as u64,
        })
    }

    async fn events(&self, payment: PaymentId) -> Result<Vec<(EventRow, Vec<DeliveryRow>)>, StoreError> {
        let rows = self.rows()?;
        let of_payment = rows.events.values().filter(|row| row.event.payment == payment);
        Ok(of_payment.map(|row| (row.event.clone(), row.deliveries.clone())).collect())
    }

    async fn entries(&self, payment: PaymentId) -> Result<Vec<EntryRow>, StoreError> {
        let rows = self.rows()?;
        Ok(rows.entries.iter().filter(|(of, ..)| *of == payment).map(|(.., line)| line.clone()).collect())
    }

    async fn balances(&self) -> Result<Vec<Balance>, StoreError> {
        Ok(self.rows()?.balances())
    }

    async fn verify_ledger(&self) -> Result<LedgerReport, StoreError> {
        self.rows()?.verify()
    }

    async fn audit(&self, query: AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        Ok(self.rows()?.list_audit(query))
    }

    async fn config(&self, kind: ConfigKind) -> Result<Vec<ConfigRow>, StoreError> {
        let rows = self.rows()?;
        Ok(rows.config.range((kind as i64, i64::MIN)..=(kind as i64, i64::MAX)).map(|(_, row)| row.clone()).collect())
    }

    async fn put_config(&self, config: Vec<ConfigRow>) -> Result<(), StoreError> {
        let mut rows = self.rows()?;
        rows.config.extend(config.into_iter().map(|row| ((row.kind as i64, row.id), row)));
        Ok(())
    }

    async fn add_config(&self, config: Vec<ConfigRow>) -> Result<(), StoreError> {
        let mut rows = self.rows()?;
        for row in config {
            rows.config.entry((row.kind as i64, row.id)).or_insert(row);
        }
        Ok(())
    }

    async fn revision(&self) -> Result<i64, StoreError> {
        self.rows().map(|_| 0)
    }

    async fn clocks(&self) -> Result<Vec<(Lane, i64)>, StoreError> {
        let live = Lane::Live.number();
        let rows = self.rows()?;
        let advanced = rows.clocks.iter().filter(|(lane, offset_ms)| **lane != live && **offset_ms != 0);
        Ok(advanced.map(|(lane, offset_ms)| (Lane::Dev(MerchantId::from_number(*lane)), *offset_ms)).collect())
    }

    async fn advance_clock(&self, merchant: MerchantId, by_ms: i64) -> Result<i64, StoreError> {
        let mut rows = self.rows()?;
        let offset_ms = rows.clocks.entry(Lane::Dev(merchant).number()).or_default();
        *offset_ms = offset_ms.saturating_add(by_ms);
        Ok(*offset_ms)
    }

    async fn purge(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let mut rows = self.rows()?;
        let before_ms = before.as_millisecond();
        let mut left = limit as usize;
        let answered = |row: &&mut PaymentRow| row.write.answer.is_some() && row.write.created_at < before_ms;
        for row in rows.payments.values_mut().filter(answered).take(left) {
            row.write.answer = None;
            left -= 1;
        }
        let old = rows.answers.iter().filter(|(_, write)| write.at < before);
        for key in old.map(|(key, _)| *key).take(left).collect::<Vec<_>>() {
            rows.answers.remove(&key);
            left -= 1;
        }
        left -= rows.purge_registrations(before_ms, left);
        let expired = rows.claims.values().filter(|claim| claim.expires && claim.at < before);
        for key in expired.map(|claim| claim.key).take(left).collect::<Vec<_>>() {
            rows.claims.remove(&key);
            left -= 1;
        }
        for row in rows.events.values_mut() {
            let old = row.deliveries.iter().take_while(|delivery| delivery.at < before).count().min(left);
            row.deliveries.drain(..old);
            left -= old;
        }
        Ok(u64::from(limit) - left as u64)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.rows().map(drop)
    }

    fn office(&self) -> &dyn crate::office::Office {
        self
    }

    async fn close(&self) {
        self.rows.lock().expect("no holder of the lock panics").closed = true;
    }
}
