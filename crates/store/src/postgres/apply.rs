//! One batch of changesets, applied in one transaction as a few array statements that go out together. Knows nothing of
//! queues and lost connections.

use std::collections::HashSet;

use florin_kernel::EventId;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Statement};

use super::answers::AnswerStatements;
use super::audit::AuditStatements;
use super::chains::{ChainKey, ChainStatements};
use super::claims::{ClaimStatements, Key};
use super::clocks;
use super::config::ConfigStatements;
use super::ledger::{LedgerStatements, Postings, Seal};
use super::outbox::OutboxStatements;
use super::payments::PaymentStatements;
use super::records::RecordStatements;
use super::registrations::RegistrationStatements;
use super::rows::{all, cause};
use crate::{Changeset, Floor, RegistrationWrite};

/// A row for the transaction itself; a writer's earlier ones go now and then.
const BATCH: &str = "INSERT INTO batches (writer, number, at, lost)
    VALUES ($1, $2, (extract(epoch FROM clock_timestamp()) * 1000)::bigint, false)";
const FORGET: &str = "DELETE FROM batches WHERE writer = $1 AND number < $2";
const FORGET_EVERY: i64 = 256;
// Waits while a transaction that has the row is not over.
const LOSE: &str = "INSERT INTO batches (writer, number, at, lost)
    VALUES ($1, $2, (extract(epoch FROM clock_timestamp()) * 1000)::bigint, true) ON CONFLICT DO NOTHING";
const IS_LOST: &str = "SELECT lost FROM batches WHERE writer = $1 AND number = $2";

/// A session of a writer with its prepared statements, a set per noun.
pub(super) struct Session {
    pub(super) client: Client,
    pub(super) claims: ClaimStatements,
    payments: PaymentStatements,
    records: RecordStatements,
    answers: AnswerStatements,
    registrations: RegistrationStatements,
    ledger: LedgerStatements,
    outbox: OutboxStatements,
    chains: ChainStatements,
    config: ConfigStatements,
    audit: AuditStatements,
    batch: Statement,
    forget: Statement,
    ensure_lanes: Statement,
}

/// Which transaction of which writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BatchId {
    pub(super) writer: i64,
    pub(super) number: i64,
}

/// What the transaction holds before its commit.
pub(super) struct Applied {
    /// By the changeset's place in the batch. If there is any, the transaction must be rolled back.
    pub(super) refused: Vec<(usize, Refused)>,
    /// The seal made, if there was anything to seal.
    pub(super) seal: Option<Seal>,
    /// Lanes whose rows exist once it is committed.
    pub(super) lanes: Vec<i64>,
}

/// Why a changeset cannot be applied.
#[derive(Clone, Debug)]
pub(super) enum Refused {
    /// This key is taken.
    Claim(Key),
    /// A version is another, an id is taken, an event is not there.
    Conflict,
    /// A floor would be broken.
    Below(Floor),
}

/// What the statements found, by noun.
struct Found {
    claimed: HashSet<Key>,
    updated: HashSet<i64>,
    inserted: HashSet<i64>,
    recorded: HashSet<i64>,
    registered: HashSet<i64>,
    announced: HashSet<i64>,
    audited: HashSet<i64>,
    attempted: HashSet<i64>,
    watched: HashSet<i64>,
    followed: HashSet<ChainKey>,
    broken: Option<Floor>,
}

impl Session {
    pub(super) async fn prepare(client: Client) -> Result<Session, Error> {
        let (claims, payments, records, answers, registrations, ledger, outbox, chains) = tokio::try_join!(
            ClaimStatements::prepare(&client),
            PaymentStatements::prepare(&client),
            RecordStatements::prepare(&client),
            AnswerStatements::prepare(&client),
            RegistrationStatements::prepare(&client),
            LedgerStatements::prepare(&client),
            OutboxStatements::prepare(&client),
            ChainStatements::prepare(&client)
        )?;
        let (config, audit, batch, forget, ensure_lanes) = tokio::try_join!(
            ConfigStatements::prepare(&client),
            AuditStatements::prepare(&client),
            client.prepare(BATCH),
            client.prepare(FORGET),
            client.prepare(clocks::ENSURE)
        )?;
        Ok(Session {
            client,
            claims,
            payments,
            records,
            answers,
            registrations,
            ledger,
            outbox,
            chains,
            config,
            audit,
            batch,
            forget,
            ensure_lanes,
        })
    }

    /// Begins a transaction and writes a batch in it. No two changesets of the batch touch the same key, payment, record,
    /// stored card or event; one with floors is alone.
    pub(super) async fn apply(
        &self,
        id: BatchId,
        batch: &[&Changeset],
        last_seal: &Seal,
        known_lanes: &HashSet<i64>,
    ) -> Result<Applied, Error> {
        let client = &self.client;
        let postings = Postings::of(batch.iter().flat_map(|changeset| &changeset.entries));
        let seal = postings.seal_after(last_seal);
        let lanes = new_lanes(batch, known_lanes);
        let floors: Vec<Floor> = batch.iter().flat_map(|changeset| &changeset.floors).cloned().collect();
        let claims = batch.iter().flat_map(|changeset| &changeset.claims).collect();
        let writes = || batch.iter().flat_map(|changeset| &changeset.payments);
        let (updates, inserts) = writes().partition(|write| write.expected_version.is_some());
        let records = batch.iter().flat_map(|changeset| &changeset.records).collect();
        let answers = batch.iter().flat_map(|changeset| &changeset.answers).collect();
        let registrations = batch.iter().flat_map(|changeset| &changeset.registrations).collect();
        let events = batch.iter().flat_map(|changeset| &changeset.events).collect();
        let deliveries = batch.iter().flat_map(|changeset| &changeset.deliveries).collect();
        let chains = batch.iter().flat_map(|changeset| &changeset.chains).collect();
        let config = batch.iter().flat_map(|changeset| &changeset.config).collect();
        let audit = batch.iter().flat_map(|changeset| &changeset.audit).collect();
        // `join` begins its futures in this order, and each sends its first statement at once; so the statements reach the
        // server in this order, in one round trip. What comes after a failed one fails as well.
        let (
            begun,
            noted,
            locked,
            claimed,
            updated,
            inserted,
            watched,
            followed,
            recorded,
            audited,
            configured,
            answered,
            registered,
            ensured,
            posted,
            announced,
            attempted,
            broken,
        ) = tokio::join!(
            client.batch_execute("BEGIN"),
            self.note(id),
            self.ledger.lock(client, &floors),
            self.claims.take(client, claims),
            self.payments.update(client, updates),
            self.payments.insert(client, inserts),
            self.chains.watch(client, writes().collect()),
            self.chains.follow(client, chains),
            self.records.write(client, records),
            self.audit.write(client, audit),
            self.config.write(client, config),
            self.answers.keep(client, answers),
            self.registrations.write(client, registrations),
            self.ensure(&lanes),
            self.ledger.post(client, &postings, seal.as_ref()),
            self.outbox.announce(client, events),
            self.outbox.deliver(client, deliveries),
            self.ledger.broken(client, &floors)
        );
        let written = all([begun, noted, locked, configured, answered, ensured, posted]);
        let ids = all([updated, inserted, recorded, audited, registered, announced, attempted, watched]);
        let (_, mut ids, claimed, followed, broken) = match (written, ids, claimed, followed, broken) {
            (Ok(written), Ok(ids), Ok(claimed), Ok(followed), Ok(broken)) => {
                (written, ids.into_iter(), claimed, followed, broken)
            }
            (written, ids, claimed, followed, broken) => {
                let errors = [written.err(), ids.err(), claimed.err(), followed.err(), broken.err()];
                return Err(cause(errors.into_iter().flatten()).expect("one of them failed"));
            }
        };
        let mut next = || ids.next().unwrap_or_default();
        let (updated, inserted, recorded, audited) = (next(), next(), next(), next());
        let (registered, announced, attempted, watched) = (next(), next(), next(), next());
        let found = Found {
            claimed,
            updated,
            inserted,
            recorded,
            audited,
            registered,
            announced,
            attempted,
            watched,
            followed,
            broken,
        };
        let places = batch.iter().enumerate();
        let refused = places.filter_map(|(place, changeset)| Some((place, found.refuses(changeset)?))).collect();
        Ok(Applied { refused, seal, lanes })
    }

    async fn note(&self, id: BatchId) -> Result<(), Error> {
        let row: &[&(dyn ToSql + Sync)] = &[&id.writer, &id.number];
        let noted = self.client.execute(&self.batch, row);
        if id.number % FORGET_EVERY != 0 {
            return noted.await.map(drop);
        }
        let (noted, forgotten) = tokio::join!(noted, self.client.execute(&self.forget, row));
        all([noted, forgotten]).map(drop)
    }

    async fn ensure(&self, lanes: &Vec<i64>) -> Result<(), Error> {
        if lanes.is_empty() {
            return Ok(());
        }
        self.client.execute(&self.ensure_lanes, &[lanes]).await.map(drop)
    }

    /// Whether a transaction whose COMMIT was not answered is committed. After this it is or never will be.
    pub(super) async fn is_committed(&self, id: BatchId) -> Result<bool, Error> {
        self.client.execute(LOSE, &[&id.writer, &id.number]).await?;
        let row = self.client.query_one(IS_LOST, &[&id.writer, &id.number]).await?;
        row.try_get::<_, bool>(0).map(|lost| !lost)
    }
}

impl Found {
    /// Why a changeset is refused, in the order in which its parts are checked.
    fn refuses(&self, changeset: &Changeset) -> Option<Refused> {
        if let Some(claim) = changeset.claims.iter().find(|claim| !self.claimed.contains(&claim.key)) {
            return Some(Refused::Claim(claim.key));
        }
        let is_written = |write: &crate::PaymentWrite| match write.expected_version {
            Some(_) => self.updated.contains(&write.id.number()),
            None => self.inserted.contains(&write.id.number()),
        };
        let is_recorded = |write: &crate::RecordWrite| self.recorded.contains(&write.record().number());
        let is_registered = |write: &RegistrationWrite| self.registered.contains(&write.registration().number());
        let written = changeset.payments.iter().all(is_written)
            && changeset.records.iter().all(is_recorded)
            && changeset.registrations.iter().all(is_registered)
            && changeset.audit.iter().all(|row| self.audited.contains(&row.number));
        if !written {
            return Some(Refused::Conflict);
        }
        let is_watched =
            |write: &crate::PaymentWrite| write.watch.is_none() || self.watched.contains(&write.id.number());
        let is_followed =
            |write: &crate::ChainWrite| self.followed.contains(&(write.name.clone(), write.lane.number()));
        if !changeset.payments.iter().all(is_watched) || !changeset.chains.iter().all(is_followed) {
            return Some(Refused::Conflict);
        }
        if let Some(floor) = self.broken.as_ref().filter(|_| !changeset.floors.is_empty()) {
            return Some(Refused::Below(floor.clone()));
        }
        let is_there = |found: &HashSet<i64>, event: EventId| found.contains(&event.number());
        let announced = changeset.events.iter().all(|event| is_there(&self.announced, event.id));
        let attempted = changeset.deliveries.iter().all(|delivery| is_there(&self.attempted, delivery.event));
        (!announced || !attempted).then_some(Refused::Conflict)
    }
}

/// Lanes of a batch whose rows may not exist yet, in order.
fn new_lanes(batch: &[&Changeset], known: &HashSet<i64>) -> Vec<i64> {
    let of_payments = batch.iter().flat_map(|changeset| &changeset.payments);
    let of_payments = of_payments.filter(|write| write.expected_version.is_none()).map(|write| write.lane);
    let registered = batch.iter().flat_map(|changeset| &changeset.registrations).filter_map(|write| match write {
        RegistrationWrite::Insert(insert) => Some(insert.lane),
        RegistrationWrite::Retain { .. } | RegistrationWrite::Erase { .. } | RegistrationWrite::Rewrap { .. } => None,
    });
    let of_records = batch.iter().flat_map(|changeset| &changeset.records).map(|write| write.lane);
    let of_events = batch.iter().flat_map(|changeset| &changeset.events).map(|event| event.lane.number());
    let of_chains = batch.iter().flat_map(|changeset| &changeset.chains).map(|write| write.lane.number());
    let mut lanes: Vec<i64> = of_payments
        .chain(of_records)
        .chain(registered)
        .chain(of_events)
        .chain(of_chains)
        .filter(|lane| !known.contains(lane))
        .collect();
    lanes.sort_unstable();
    lanes.dedup();
    lanes
}
