//! What the back office asks of a PostgreSQL database. Its questions go to the pool; what it adds up is added in statements of
//! their own.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use florin_kernel::{CredentialId, EventId, PaymentId, Transaction};
use tokio_postgres::types::ToSql;
use tokio_postgres::{IsolationLevel, Row};

use super::connection::Purpose;
use super::payments::kind;
use super::rows::{get, time};
use super::{PostgresStore, outbox, verify};
use crate::office::{
    AttemptRow, BookRow, Browse, Browsed, Cohort, Counting, DatabaseFacts, EventBrowse, EventsBrowsed, NodeRow, Office,
    OpenWords, Order, OutcomeRow, Standing, Statement, StatementQuery, SuspenseQuery, Tally, TallyQuery,
};
use crate::words::{document_text, mode_text, state_text};
use crate::{DeliveryRow, EventRow, LedgerReport, Store, StoreError, query};

mod browse;
mod events;
mod outcomes;
mod statement;
mod tallies;

const DATABASE: &str = "SELECT (SELECT version FROM schema_version), pg_database_size(current_database())";

const BEAT: &str = "INSERT INTO nodes (node, version, started_at, seen_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (node) DO UPDATE SET seen_at = excluded.seen_at";
const FORGET: &str = "DELETE FROM nodes WHERE seen_at < $1";
const NODES: &str = "SELECT node, version, started_at, seen_at FROM nodes ORDER BY seen_at DESC, node";

fn read_node(row: &Row) -> Result<NodeRow, StoreError> {
    let (started_at, seen_at) = (time(row, 2)?, time(row, 3)?);
    Ok(NodeRow { node: get(row, 0)?, version: get(row, 1)?, started_at, seen_at })
}

/// Of a row of id, kind and document.
fn read_transaction(row: &Row) -> Result<Transaction, StoreError> {
    query::read(kind(row, 1)?, get(row, 0)?, get(row, 2)?)
}

#[async_trait]
impl Office for PostgresStore {
    async fn browse(&self, query: Browse) -> Result<Browsed, StoreError> {
        let merchants: Vec<i64> = query.merchants.iter().map(|merchant| merchant.number()).collect();
        let kinds: Vec<&str> = query.kinds.iter().map(|kind| document_text(*kind)).collect();
        let (mode, scan_max) = (mode_text(query.mode), i64::from(query.scan_max));
        let (sql, (at, id), bound) = browse::question(&query);
        let parameters: &[&(dyn ToSql + Sync)] =
            &[&merchants, &mode, &at, &id, &bound, &scan_max, &query.words, &kinds, &query.texts];
        browse::page(&self.query(sql, parameters).await?, &query)
    }

    async fn standing(&self, query: Standing) -> Result<Vec<Transaction>, StoreError> {
        let after = query.after.map_or(i64::MIN, PaymentId::number);
        let parameters: &[&(dyn ToSql + Sync)] =
            &[&query.word, &mode_text(query.mode), &after, &i64::from(query.limit)];
        self.query(browse::STANDING, parameters).await?.iter().map(read_transaction).collect()
    }

    async fn open_words(&self, scan_max: u32) -> Result<OpenWords, StoreError> {
        browse::read_words(&self.query(browse::OPEN, &[&i64::from(scan_max)]).await?, scan_max)
    }

    async fn browse_events(&self, query: EventBrowse) -> Result<EventsBrowsed, StoreError> {
        let credentials: Vec<i64> = query.credentials.iter().map(|credential| credential.number()).collect();
        let (from, before, scan_max) = (query.from.number(), query.before.number(), i64::from(query.scan_max));
        let state = query.state.map(state_text);
        let parameters: &[&(dyn ToSql + Sync)] = &[&from, &before, &scan_max, &credentials, &state, &query.endpoint];
        let sql = events::question(&query);
        events::page(&self.query(sql, parameters).await?, &query)
    }

    async fn event(&self, id: EventId) -> Result<Option<(EventRow, Vec<DeliveryRow>)>, StoreError> {
        let rows = self.query(events::ONE, &[&id.number()]).await?;
        let Some(event) = rows.first().map(outbox::read).transpose()? else { return Ok(None) };
        let made = self.query(outbox::DELIVERIES, &[&vec![id.number()]]).await?;
        let attempts = made.iter().map(|row| outbox::read_delivery(row).map(|(_, attempt)| attempt));
        Ok(Some((event, attempts.collect::<Result<_, _>>()?)))
    }

    async fn attempts(&self, limit: u32) -> Result<Vec<AttemptRow>, StoreError> {
        self.query(events::ATTEMPTS, &[&i64::from(limit)]).await?.iter().map(events::read_attempt).collect()
    }

    async fn given_up(&self, from: EventId) -> Result<Vec<(CredentialId, u64)>, StoreError> {
        self.query(events::GIVEN_UP_COUNT, &[&from.number()]).await?.iter().map(events::read_count).collect()
    }

    async fn tally(&self, limit: u32) -> Result<u64, StoreError> {
        tallies::tally(&mut self.session().await?, limit).await
    }

    async fn tallied(&self, query: TallyQuery) -> Result<Vec<Tally>, StoreError> {
        tallies::tallied(&mut self.pool.get().await?, query).await
    }

    async fn uncounted(&self, until: PaymentId, left_after: PaymentId, limit: u32) -> Result<Counting, StoreError> {
        let through = self.query(outcomes::THROUGH, &[]).await?;
        let through: i64 = through.first().map_or(Ok(0), |row| get(row, 0))?;
        let limit = i64::from(limit);
        let newer = self.query(outcomes::NEWER, &[&through, &until.number(), &limit]).await?;
        let left = self.query(outcomes::LEFT, &[&left_after.number(), &limit]).await?;
        let read = |rows: &[Row]| rows.iter().map(read_transaction).collect::<Result<Vec<_>, _>>();
        Ok(Counting { through: PaymentId::from_number(through), newer: read(&newer)?, left: read(&left)? })
    }

    async fn count_outcomes(&self, cohort: Cohort) -> Result<bool, StoreError> {
        outcomes::count(&mut self.session().await?, &cohort).await
    }

    async fn outcomes(&self, query: TallyQuery) -> Result<(Vec<OutcomeRow>, PaymentId), StoreError> {
        outcomes::outcomes(&mut self.pool.get().await?, query).await
    }

    async fn statement(&self, query: StatementQuery) -> Result<Statement, StoreError> {
        let mut session = self.pool.get().await?;
        let snapshot = session.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
        let snapshot = snapshot.start().await?;
        let page = statement::page(&snapshot, &query).await?;
        snapshot.commit().await?;
        Ok(page)
    }

    async fn suspense(&self, query: SuspenseQuery) -> Result<Vec<BookRow>, StoreError> {
        let (book, before) = (mode_text(query.book), query.before.unwrap_or(i64::MAX));
        let rows = self.query(statement::SUSPENSE, &[&book, &before, &i64::from(query.limit)]).await?;
        rows.iter().map(statement::read).collect()
    }

    async fn beat(&self, node: NodeRow) -> Result<(), StoreError> {
        let (started, seen) = (node.started_at.as_millisecond(), node.seen_at.as_millisecond());
        let session = self.session().await?;
        session.execute(BEAT, &[&node.node, &node.version, &started, &seen]).await?;
        session.execute(FORGET, &[&node.forgotten_before_ms()]).await?;
        Ok(())
    }

    async fn nodes(&self) -> Result<Vec<NodeRow>, StoreError> {
        self.query(NODES, &[]).await?.iter().map(read_node).collect()
    }

    async fn verify(&self, looked_at: Arc<AtomicU64>) -> Result<LedgerReport, StoreError> {
        // On a session of its own: it may take minutes, and those of the pool are for requests.
        verify::verify(&mut self.server.connect(Purpose::Read).await?, looked_at).await
    }

    async fn database(&self) -> Result<DatabaseFacts, StoreError> {
        let rows = self.query(DATABASE, &[]).await?;
        let (schema, bytes) =
            rows.first().map_or(Ok((0, 0)), |row| Ok::<_, StoreError>((get(row, 0)?, get(row, 1)?)))?;
        Ok(DatabaseFacts { version: self.version(), schema, bytes: i64::unsigned_abs(bytes) })
    }
}

/// Whether the newest come first.
fn is_down(order: Order) -> bool {
    match order {
        Order::NewestFirst => true,
        Order::OldestFirst => false,
    }
}
